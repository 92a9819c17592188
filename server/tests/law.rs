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
        client.post("/api/v1/calls/automated/start", json!({ "campaignId": campaign })).await.unwrap();
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
