//! Rules of law from a file: they hold calls, they are read again, and one with a mistake changes nothing.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends where it cannot go on"
)]

use dialdeck_testkit::daemon::{Client, Setup};
use dialdeck_testkit::people::number;
use dialdeck_testkit::wait::until;
use serde_json::{Value, json};

const ONCE: &str = "[[cap]]\nid = \"once\"\nwhere = [\"*\"]\ncalls = 1\nhours = 48\nsource = \"the house\"\n";

fn setup(home: &tempfile::TempDir, rules: &str) -> Setup {
    let file = home.path().join("rules.toml");
    std::fs::write(&file, rules).unwrap();
    Setup::new(env!("CARGO_BIN_EXE_dialdeckd"), home.path())
        .set("telephony.kind", "simulated")
        .set("telephony.simulated_speed", "20")
        .set("dialer.rules", &file.display().to_string())
}

async fn call(client: &Client, name: &str) -> String {
    let settings = json!({ "maxConcurrentCalls": 5, "callIntervalMs": 0, "retryAttempts": 0 });
    let campaign = client.campaign(name, settings, &[("Ada", 0)]).await.unwrap();
    client.post("/api/v1/calls/automated/start", json!({ "campaignId": campaign })).await.unwrap();
    campaign
}

async fn only_contact(client: &Client, campaign: &str) -> Value {
    client.contacts(campaign).await.unwrap().remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cap_holds_over_campaigns_and_says_why() {
    let home = tempfile::tempdir().unwrap();
    let setup = setup(&home, ONCE);
    setup.add_user("sue", "supervisor").unwrap();
    let server = setup.start(&["serve"]).unwrap();
    let client = server.log_in("sue").await.unwrap();

    let first = call(&client, "First").await;
    until("the first call to end", || async {
        client.calls(&first).await.ok()?.iter().any(|call| call["status"] == "completed").then_some(())
    })
    .await;
    let second = call(&client, "Second").await;
    let held = until("the second campaign to hold it", || async {
        let contact = client.contacts(&second).await.ok()?.pop()?;
        (contact["status"] == "held").then_some(contact)
    })
    .await;
    let reason = held["heldReason"].as_str().unwrap();
    assert!(reason.contains("called 1 times within 48 hours, 1 are allowed (once)"), "{reason}");
    assert!(reason.contains(", opens "), "{reason}");
    assert!(client.calls(&second).await.unwrap().is_empty());
    assert_eq!(only_contact(&client, &second).await["attempts"], 0);

    // "Why was this number (not) called?"
    let asked = format!("/api/v1/decisions?phone={}", number(0).replace('+', "%2B"));
    let answer = client.get(&asked).await.unwrap();
    let rules: Vec<&str> =
        answer["decisions"].as_array().unwrap().iter().map(|d| d["rule"].as_str().unwrap()).collect();
    assert_eq!(rules, ["cap", "allowed"], "newest first");
    assert_eq!(answer["decisions"][0]["facts"]["basis"], "once: the house");
    assert!(!answer["decisions"][1]["facts"]["places"].as_array().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_changes_nothing_and_a_change_is_taken_up() {
    let home = tempfile::tempdir().unwrap();
    let setup = setup(&home, ONCE);
    setup.add_user("sue", "supervisor").unwrap();
    let server = setup.start(&["serve"]).unwrap();
    let client = server.log_in("sue").await.unwrap();
    let file = home.path().join("rules.toml");
    let caps = || async {
        let rules = client.get("/api/v1/law/rules").await.unwrap();
        let caps = rules["caps"].as_array().unwrap().clone();
        caps.iter().map(|cap| cap["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert!(caps().await.contains(&"once".to_owned()) && caps().await.contains(&"us-fl-cap".to_owned()));

    std::fs::write(&file, format!("{ONCE}opens = \"08:00\"\n")).unwrap();
    until("the mistake to be said", || async {
        let log = server.log();
        (log.contains("rules.toml: line 7: cap has no opens") && log.contains("stay as they were"))
            .then_some(())
    })
    .await;
    assert!(caps().await.contains(&"once".to_owned()), "the old rules hold");

    std::fs::write(&file, ONCE.replace("\"once\"", "\"twice\"")).unwrap();
    until("the new rules", || async { caps().await.contains(&"twice".to_owned()).then_some(()) }).await;
    assert!(!caps().await.contains(&"once".to_owned()));
}

#[test]
fn nobody_starts_with_a_law_that_cannot_be_read() {
    let home = tempfile::tempdir().unwrap();
    let output =
        setup(&home, &ONCE.replace("calls = 1", "calls = \"one\"")).command(&["serve"]).output().unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("rules.toml") && said.contains("line 4"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_scrub_and_a_filter_hold_and_say_why() {
    let home = tempfile::tempdir().unwrap();
    let setup =
        setup(&home, "[[scrub]]\nid = \"house\"\nwhere = [\"*\"]\ndays = 30\nsource = \"the house\"\n");
    setup.add_user("sue", "supervisor").unwrap();
    let server = setup.start(&["serve"]).unwrap();
    let client = server.log_in("sue").await.unwrap();
    let scrub = |days| json!({ "id": "FTC-7", "at": chrono::Utc::now() - chrono::Duration::days(days) });
    let filters = json!([{ "field": "company", "equals": "Other" }]);
    for (name, extra, part) in [
        ("Stale", json!({ "scrub": scrub(40) }), "may be 30 days old; scrub the list anew (house)"),
        ("Filtered", json!({ "filters": filters, "scrub": scrub(1) }), "leave it out: company is not Other"),
    ] {
        let mut settings = json!({ "maxConcurrentCalls": 5, "callIntervalMs": 0, "retryAttempts": 0 });
        settings.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        let campaign = client.campaign(name, settings, &[("Ada", 0)]).await.unwrap();
        client.post("/api/v1/calls/automated/start", json!({ "campaignId": campaign })).await.unwrap();
        let held = until("it to be held", || async {
            let contact = client.contacts(&campaign).await.ok()?.pop()?;
            (contact["status"] == "held").then_some(contact)
        })
        .await;
        assert!(held["heldReason"].as_str().unwrap().contains(part), "{held}");
        assert!(client.calls(&campaign).await.unwrap().is_empty());
        // Put right, and started again: called, and the scrub stands with the attempt.
        let path = format!("/api/v1/campaigns/{campaign}");
        let right = json!({ "callSettings": { "filters": [], "scrub": scrub(2) } });
        let (status, said) = client.send(reqwest::Method::PATCH, &path, Some(right)).await.unwrap();
        assert_eq!(status, 200, "{said}");
        // Its queue ends by itself a moment after its last contact is held; until then it is running already.
        until("it to be started again", || async {
            let start = ("/api/v1/calls/automated/start", Some(json!({ "campaignId": campaign })));
            let (status, _) = client.send(reqwest::Method::POST, start.0, start.1).await.ok()?;
            (status == 200).then_some(())
        })
        .await;
        until("it to be called", || async {
            client.calls(&campaign).await.ok()?.iter().any(|call| call["status"] == "completed").then_some(())
        })
        .await;
        let decisions =
            client.get(&format!("/api/v1/decisions?phone={}", number(0).replace('+', "%2B"))).await.unwrap();
        let decided =
            decisions["decisions"].as_array().unwrap().iter().find(|d| d["rule"] == "allowed").unwrap();
        assert_eq!(decided["facts"]["scrub"], "FTC-7", "{decided}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_of_a_campaign_other_numbers_and_a_list_called_again() {
    let home = tempfile::tempdir().unwrap();
    let setup = setup(&home, "");
    setup.add_user("sue", "supervisor").unwrap();
    let server = setup.start(&["serve"]).unwrap();
    let client = server.log_in("sue").await.unwrap();
    let settings = json!({ "maxConcurrentCalls": 5, "callIntervalMs": 0, "retryAttempts": 0 });
    let campaign = client.campaign("Listed", settings, &[("Ada", 0), ("Busy", 21)]).await.unwrap();
    let (ada, busy) = (number(0), number(21));

    // Ada is on this campaign's list until a moment; another campaign might call her.
    let until_then = chrono::Utc::now() + chrono::Duration::days(3);
    let add = json!({ "phone": ada, "campaignId": campaign, "expiresAt": until_then });
    let (status, said) = client.send(reqwest::Method::POST, "/api/v1/do-not-call", Some(add)).await.unwrap();
    assert_eq!(status, 201, "{said}");
    let past = json!({ "phone": ada, "expiresAt": "2020-01-01T00:00:00Z" });
    let (status, said) = client.send(reqwest::Method::POST, "/api/v1/do-not-call", Some(past)).await.unwrap();
    assert_eq!((status, &said["field"]), (422, &json!("expiresAt")), "{said}");
    let own = client.get(&format!("/api/v1/do-not-call?campaign_id={campaign}")).await.unwrap();
    assert_eq!(own["entries"][0]["phone"], json!(ada));
    assert_eq!(client.get("/api/v1/do-not-call").await.unwrap()["entries"], json!([]));

    // Who is busy has another number, which is called at once, and is alive.
    let contacts = client.contacts(&campaign).await.unwrap();
    let id = contacts.iter().find(|contact| contact["phone"] == json!(busy)).unwrap()["id"].clone();
    let path = format!("/api/v1/contacts/{}", id.as_str().unwrap());
    let other = number(1);
    let (status, said) = client
        .send(reqwest::Method::PATCH, &path, Some(json!({ "alternatePhones": [other, busy] })))
        .await
        .unwrap();
    assert_eq!((status, &said["alternatePhones"]), (200, &json!([other])), "{said}");
    client.post("/api/v1/calls/automated/start", json!({ "campaignId": campaign })).await.unwrap();
    let calls = until("both numbers to be called", || async {
        let calls = client.calls(&campaign).await.ok()?;
        let over =
            calls.iter().filter(|call| call["status"] != "initiated" && call["status"] != "in_progress");
        (over.count() == 2).then_some(calls)
    })
    .await;
    let mut called: Vec<&str> = calls.iter().map(|call| call["phone"].as_str().unwrap()).collect();
    called.sort_unstable();
    assert_eq!(called, [other.as_str(), busy.as_str()], "and nobody called Ada");
    let contacts = client.contacts(&campaign).await.unwrap();
    let ada_row = contacts.iter().find(|contact| contact["phone"] == json!(ada)).unwrap();
    assert_eq!(ada_row["status"], "held", "{ada_row}");
    assert!(ada_row["heldReason"].as_str().unwrap().contains("do-not-call list, opens"), "{ada_row}");

    // The list is called again: whoever is held by a list is not.
    let reset = format!("/api/v1/campaigns/{campaign}/reset");
    let (status, said) =
        client.send(reqwest::Method::POST, &reset, Some(json!({ "statuses": ["pending"] }))).await.unwrap();
    assert_eq!(status, 422, "{said}");
    let statuses = json!({ "statuses": ["failed", "completed", "contacted", "retry"] });
    let (status, said) = client.send(reqwest::Method::POST, &reset, Some(statuses)).await.unwrap();
    assert_eq!((status, &said["contacts"]), (200, &json!(1)), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_artificial_voice_says_first_what_the_state_asks_for() {
    let home = tempfile::tempdir().unwrap();
    let rule =
        "[[disclosure]]\nid = \"everywhere\"\nwhere = [\"*\"]\ntext = \"An artificial voice of {caller}.\"\n";
    let setup = setup(&home, rule);
    setup.add_user("sue", "supervisor").unwrap();
    let server = setup.start(&["serve"]).unwrap();
    let client = server.log_in("sue").await.unwrap();
    let settings =
        json!({ "maxConcurrentCalls": 5, "callIntervalMs": 0, "retryAttempts": 0, "callerName": "Acme" });
    let campaign = client.campaign("Says so", settings, &[("Ada", 0)]).await.unwrap();
    client.post("/api/v1/calls/automated/start", json!({ "campaignId": campaign })).await.unwrap();
    let call = until("the call to end", || async {
        client.calls(&campaign).await.ok()?.into_iter().find(|call| call["status"] == "completed")
    })
    .await;
    let said = call["transcript"].as_str().unwrap();
    assert!(said.starts_with("AI: An artificial voice of Acme.\nAI: Hello"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_debt_that_is_not_named_is_not_called_about() {
    let home = tempfile::tempdir().unwrap();
    let rule = "[[quiet]]\nid = \"house-quiet\"\nwhere = [\"*\"]\nhours = 200\nsource = \"the house\"\n";
    let setup = setup(&home, rule);
    setup.add_user("sue", "supervisor").unwrap();
    let server = setup.start(&["serve"]).unwrap();
    let client = server.log_in("sue").await.unwrap();
    let settings =
        json!({ "maxConcurrentCalls": 5, "callIntervalMs": 0, "retryAttempts": 0, "debtField": "debt" });
    let campaign = client.campaign("Debts", settings, &[("Ada", 0)]).await.unwrap();
    client.post("/api/v1/calls/automated/start", json!({ "campaignId": campaign })).await.unwrap();
    let held = until("it to be held", || async {
        let contact = client.contacts(&campaign).await.ok()?.pop()?;
        (contact["status"] == "held").then_some(contact)
    })
    .await;
    assert!(held["heldReason"].as_str().unwrap().contains("debtField"), "{held}");
    let path = format!("/api/v1/contacts/{}", held["id"].as_str().unwrap());
    let named = json!({ "customFields": { "debt": "A-7" } });
    client.send(reqwest::Method::PATCH, &path, Some(named)).await.unwrap();
    client.post("/api/v1/calls/automated/start", json!({ "campaignId": campaign })).await.unwrap();
    until("it to be called", || async {
        client.calls(&campaign).await.ok()?.iter().any(|call| call["status"] == "completed").then_some(())
    })
    .await;
    // It was talked about: another campaign about the same debt rests for seven days.
    let settings = json!({ "maxConcurrentCalls": 5, "callIntervalMs": 0, "debtField": "debt" });
    let second = client.campaign("Debts again", settings, &[("Ada", 0)]).await.unwrap();
    let contact = only_contact(&client, &second).await;
    let path = format!("/api/v1/contacts/{}", contact["id"].as_str().unwrap());
    let named = json!({ "customFields": { "debt": "A-7" } });
    client.send(reqwest::Method::PATCH, &path, Some(named)).await.unwrap();
    client.post("/api/v1/calls/automated/start", json!({ "campaignId": second })).await.unwrap();
    let held = until("it to be held", || async {
        let contact = client.contacts(&second).await.ok()?.pop()?;
        (contact["status"] == "held").then_some(contact)
    })
    .await;
    assert!(held["heldReason"].as_str().unwrap().contains("house-quiet"), "{held}");
}
