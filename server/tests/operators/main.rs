//! What operators do with the record: carry it out and in, back it up and restore it, search it, empty it of a person,
//! hold it, and hear of it by webhook.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::format_push_string,
    reason = "a test ends where it cannot go on"
)]

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use dialdeck_testkit::daemon::{Client, Daemon, Setup};
use dialdeck_testkit::people::number;
use dialdeck_testkit::postgres::Postgres;
use dialdeck_testkit::wait::{until, within};
use dialdeck_testkit::{lab, tools};
use reqwest::Method;
use serde_json::{Value, json};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;

const SETTINGS: &str = r#"{"maxConcurrentCalls": 5, "callIntervalMs": 0, "retryAttempts": 0}"#;

fn settings() -> Value {
    serde_json::from_str(SETTINGS).unwrap()
}

fn setup(home: &TempDir) -> Setup {
    Setup::new(env!("CARGO_BIN_EXE_dialdeckd"), home.path())
        .set("telephony.kind", "simulated")
        .set("telephony.simulated_speed", "20")
}

async fn house(setup: &Setup) -> (Daemon, Client) {
    setup.add_user("root", "admin").unwrap();
    let server = setup.start(&["serve"]).unwrap();
    let client = server.log_in("root").await.unwrap();
    (server, client)
}

async fn start(client: &Client, campaign: &str) {
    client.post("/api/v1/calls/automated/start", json!({ "campaignId": campaign })).await.unwrap();
}

async fn finished(client: &Client, campaign: &str) {
    within(Duration::from_mins(2), "the queue to be done", || async {
        let status = client.get(&format!("/api/v1/calls/queue/status/{campaign}")).await.ok()?;
        (status["status"]["status"] == "stopped").then_some(())
    })
    .await;
}

/// The text of an export.
async fn text(server: &Daemon, client: &Client, path: &str) -> String {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = http.get(format!("{}{path}", server.http)).bearer_auth(&client.token).send().await.unwrap();
    assert!(answer.status().is_success(), "{path}: {}", answer.status());
    answer.text().await.unwrap()
}

fn encoded(phone: &str) -> String {
    phone.replace('+', "%2B")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_out_comes_in_again_and_computes_nothing() {
    let home = tempfile::tempdir().unwrap();
    let (server, client) = house(&setup(&home)).await;
    let campaign = client.campaign("Out", settings(), &[("Ann", 0)]).await.unwrap();
    let evil = json!({ "phone": number(1), "firstName": "=cmd|' /C calc'!A0", "company": "@SUM(1)",
                       "consent": { "basis": "written", "at": "2026-01-02T00:00:00Z", "source": "form" } });
    client.post(&format!("/api/v1/campaigns/{campaign}/contacts"), evil).await.unwrap();
    let csv = text(&server, &client, &format!("/api/v1/campaigns/{campaign}/contacts/export")).await;
    let mut rows = csv::Reader::from_reader(csv.as_bytes());
    for cell in rows.records().flat_map(|row| row.unwrap().iter().map(str::to_owned).collect::<Vec<_>>()) {
        let number = cell.strip_prefix('+').is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()));
        assert!(number || !cell.starts_with(['=', '+', '-', '@']), "a spreadsheet would compute {cell:?}");
    }
    // What was carried out is taken in by another campaign.
    let body = json!({ "name": "In", "callSettings": settings() });
    let second = client.post("/api/v1/campaigns", body).await.unwrap()["id"].as_str().unwrap().to_owned();
    let (status, lines) = client.import(&second, "", csv).await.unwrap();
    assert_eq!((status, &lines.last().unwrap()["done"]["imported"]), (200, &json!(2)), "{lines:?}");
    let json_lines =
        text(&server, &client, &format!("/api/v1/campaigns/{campaign}/contacts/export?format=jsonl")).await;
    assert_eq!(json_lines.lines().filter(|l| serde_json::from_str::<Value>(l).is_ok()).count(), 2);

    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let send = async |path: &str, body: String| -> Value {
        let url = format!("{}{path}", server.http);
        let answer = http.post(url).bearer_auth(&client.token).body(body).send().await.unwrap();
        answer.json().await.unwrap()
    };
    let list = format!("phone\n{}\nnobody\n{{\"phone\": \"{}\"}}\n", number(7), number(8));
    let listed = send("/api/v1/do-not-call/import", list.clone()).await;
    assert_eq!(
        (&listed["imported"], &listed["rejected"], &listed["rejects"][0]["line"]),
        (&json!(2), &json!(1), &json!(3))
    );
    send("/api/v1/do-not-call/import", list).await;
    let out = text(&server, &client, "/api/v1/exports/do-not-call").await;
    assert_eq!(out.lines().count(), 3, "a header and two numbers, however often they came: {out}");
    let scripts = send("/api/v1/scripts/import", "{\"name\": \"Plain\"}\n{\"nam\": 1}\n".into()).await;
    assert_eq!((&scripts["imported"], &scripts["rejected"]), (&json!(1), &json!(1)));
    assert!(text(&server, &client, "/api/v1/exports/scripts").await.contains("\"Plain\""));
    let users =
        "{\"name\": \"tom\", \"role\": \"agent\", \"password\": \"correct horse\"}\n{\"name\": \"a b\"}\n";
    let users = send("/api/v1/users/import", users.into()).await;
    assert_eq!((&users["imported"], &users["rejected"]), (&json!(1), &json!(1)));
    let out = text(&server, &client, "/api/v1/exports/users").await;
    assert!(out.contains("\"tom\"") && !out.contains("argon2"), "{out}");
    assert!(server.log_in("tom").await.is_ok());
    assert!(text(&server, &client, "/api/v1/audit/export").await.lines().count() > 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_goes_on_where_it_was_cut_off() {
    let home = tempfile::tempdir().unwrap();
    let (mut server, client) = {
        let setup = setup(&home);
        house(&setup).await
    };
    let body = json!({ "name": "Long", "callSettings": settings() });
    let campaign = client.post("/api/v1/campaigns", body).await.unwrap()["id"].as_str().unwrap().to_owned();
    let mut csv = String::from("phone\n");
    for n in 0..60_000 {
        csv.push_str(&format!("+1312{:07}\n", 5_550_000 + n));
    }
    let path = format!("/api/v1/campaigns/{campaign}/contacts/import?consent_basis=none");
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut answer = http
        .post(format!("{}{path}", server.http))
        .bearer_auth(&client.token)
        .body(csv.clone())
        .send()
        .await
        .unwrap();
    let first = answer.chunk().await.unwrap().unwrap();
    let first: Value = serde_json::from_slice(first.split(|b| *b == b'\n').next().unwrap()).unwrap();
    let id = first["import"]["id"].as_str().unwrap().to_owned();
    let done = until("some of it to be done", || async {
        let imports = client.get("/api/v1/imports").await.ok()?;
        imports["imports"][0]["rowsDone"].as_i64().filter(|n| *n > 1000)
    })
    .await;
    assert!(done < 60_001, "it is killed in the middle");
    server.kill();
    let server = setup(&home).start(&["serve"]).unwrap();
    let client = server.log_in("root").await.unwrap();
    let known = client.get("/api/v1/imports").await.unwrap()["imports"][0].clone();
    assert_eq!(known["finishedAt"], Value::Null);
    let (status, lines) =
        client.import(&campaign, &format!("consent_basis=none&resume={id}"), csv).await.unwrap();
    assert_eq!((status, &lines[0]["import"]["resumedAfter"]), (200, &known["rowsDone"]), "{lines:?}");
    let after = client.get("/api/v1/imports").await.unwrap()["imports"][0].clone();
    assert_eq!((&after["imported"], &after["rowsDone"]), (&json!(60_000), &json!(60_001)), "{after}");
    assert_ne!(after["finishedAt"], Value::Null);
    let queue = client.get(&format!("/api/v1/calls/queue/status/{campaign}")).await.unwrap();
    assert_eq!(queue["status"]["totalContacts"], 60_000);
}

async fn restored_while_it_runs(from: Setup, to: Setup) {
    let home = tempfile::tempdir().unwrap();
    let (server, client) = house(&from).await;
    let people: Vec<(&str, u8)> = (0..40).map(|n| ("Person", n)).collect();
    let campaign = client.campaign("Kept", settings(), &people).await.unwrap();
    client
        .post("/api/v1/dispositions", json!({ "code": "SALE", "label": "Sold", "outcome": "interested" }))
        .await
        .unwrap();
    start(&client, &campaign).await;
    until("some calls to be over", || async {
        let calls = client.calls(&campaign).await.ok()?;
        (calls.iter().filter(|c| c["status"] == "completed").count() > 5).then_some(())
    })
    .await;
    let file = home.path().join("backup");
    let shown = file.display().to_string();
    lab::run(&mut from.command(&["backup", &shown])).unwrap();
    assert!(lab::run(&mut from.command(&["backup", &shown])).is_err(), "a backup is never written over");
    finished(&client, &campaign).await;
    drop(server);
    let said = lab::run(&mut to.command(&["restore", &shown])).unwrap();
    assert!(said.contains("intact"), "{said}");
    assert!(lab::run(&mut to.command(&["restore", &shown])).is_err(), "nothing is written over");
    // The calls that were in flight are settled, the rest is called, and nobody twice.
    let server = to.start(&["serve"]).unwrap();
    let client = server.log_in("root").await.unwrap();
    finished(&client, &campaign).await;
    let contacts = client.contacts(&campaign).await.unwrap();
    assert_eq!(contacts.len(), 40);
    let calls = client.calls(&campaign).await.unwrap();
    let mut numbers: Vec<&str> = calls.iter().map(|c| c["phone"].as_str().unwrap()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!((calls.len(), numbers.len()), (40, 40), "each was called once");
    assert!(calls.iter().all(|c| c["status"] == "completed" || c["status"] == "failed"));
    assert_eq!(client.get("/api/v1/audit/chain").await.unwrap()["intact"], true);
    assert_eq!(client.get("/api/v1/dispositions").await.unwrap()["entries"][0]["code"], "SALE");
    let found = client.get("/api/v1/calls?text=hello").await.unwrap();
    assert!(!found["calls"].as_array().unwrap().is_empty(), "what was said is found again");
    std::fs::write(&file, "garbage").unwrap();
    assert!(lab::run(&mut to.command(&["restore", &shown])).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_sqlite_taken_in_mid_campaign_restores() {
    let (home, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    restored_while_it_runs(setup(&home), setup(&other)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_postgres_taken_in_mid_campaign_restores() {
    let home = tempfile::tempdir().unwrap();
    let postgres = Postgres::start().unwrap();
    let (one, two) = (postgres.database().await.unwrap(), postgres.database().await.unwrap());
    restored_while_it_runs(setup(&home).env("DATABASE_URL", &one), setup(&home).env("DATABASE_URL", &two))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_shown_held_and_erased() {
    let home = tempfile::tempdir().unwrap();
    person(setup(&home)).await;
}

async fn person(setup: Setup) {
    let (server, client) = house(&setup).await;
    let campaign = client.campaign("Person", settings(), &[("Wilhelmina", 0), ("Bob", 7)]).await.unwrap();
    start(&client, &campaign).await;
    finished(&client, &campaign).await;
    let path = format!("/api/v1/persons/{}", encoded(&number(0)));
    let known = client.get(&path).await.unwrap();
    assert_eq!(
        (known["contacts"][0]["firstName"].as_str(), known["calls"].as_array().unwrap().len()),
        (Some("Wilhelmina"), 1)
    );
    assert_eq!(
        client.get("/api/v1/calls?text=wilhelmina").await.unwrap()["calls"].as_array().unwrap().len(),
        1
    );
    let hold = json!({ "phone": number(0), "reason": "a letter from their lawyer" });
    client.post("/api/v1/legal-holds", hold).await.unwrap();
    assert_eq!(client.send(Method::DELETE, &path, None).await.unwrap().0, 409, "held");
    let lift = format!("/api/v1/legal-holds/{}", encoded(&number(0)));
    assert_eq!(client.send(Method::DELETE, &lift, None).await.unwrap().0, 204);
    let (status, erased) = client.send(Method::DELETE, &path, None).await.unwrap();
    assert_eq!((status, &erased["contacts"], &erased["calls"]), (200, &json!(1), &json!(1)), "{erased}");
    let left = client.get(&path).await.unwrap();
    assert!(left["contacts"].as_array().unwrap().is_empty() && left["calls"].as_array().unwrap().is_empty());
    assert!(
        client.get("/api/v1/calls?text=wilhelmina").await.unwrap()["calls"].as_array().unwrap().is_empty()
    );
    let events = client.get("/api/v1/events?after=0&limit=1000").await.unwrap().to_string();
    assert!(!events.contains("Wilhelmina") && !events.contains(&number(0)));
    assert_eq!(client.calls(&campaign).await.unwrap().len(), 2, "the counts stay");
    // Bob had asked never to be called: erased, he still is not.
    let bob = format!("/api/v1/persons/{}", encoded(&number(7)));
    assert_eq!(client.send(Method::DELETE, &bob, None).await.unwrap().0, 200);
    let why = client.get(&format!("/api/v1/decisions?phone={}", encoded(&number(7)))).await.unwrap();
    assert_eq!(why["onDoNotCallList"], true);
    drop(server);
    // Retention: what is older than a day goes, what is held stays; here nothing is older.
    let purge = setup.clone().set("retention.calls_days", "1");
    let said = lab::run(&mut purge.command(&["purge", "--dry-run"])).unwrap();
    assert!(said.starts_with("would go: 0 events, the words of 0 calls, 0 calls"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_do_not_shift_and_small_nouns_are_kept() {
    let home = tempfile::tempdir().unwrap();
    pages(setup(&home)).await;
}

async fn pages(setup: Setup) {
    let (_server, client) = house(&setup).await;
    let people: Vec<(&str, u8)> = (0..30).map(|n| ("Person", n)).collect();
    let campaign = client.campaign("Pages", settings(), &people).await.unwrap();
    start(&client, &campaign).await;
    finished(&client, &campaign).await;
    let mut seen = Vec::new();
    let mut after = String::new();
    loop {
        let page = client.get(&format!("/api/v1/calls?limit=7&after={after}")).await.unwrap();
        seen.extend(page["calls"].as_array().unwrap().iter().map(|c| c["id"].as_str().unwrap().to_owned()));
        match page["next"].as_str() {
            Some(next) => next.clone_into(&mut after),
            None => break,
        }
        if seen.len() == 7 {
            // A call that comes in meanwhile shifts nothing.
            let more = client.campaign("More", settings(), &[("Late", 31)]).await.unwrap();
            start(&client, &more).await;
            finished(&client, &more).await;
        }
    }
    let mut unique = seen.clone();
    unique.sort();
    unique.dedup();
    assert_eq!((seen.len(), unique.len()), (30, 30));
    assert_eq!(client.send(Method::GET, "/api/v1/calls?after=rubbish", None).await.unwrap().0, 422);

    let entry =
        json!({ "title": "Price", "text": "Forty a month", "keywords": ["cost"], "campaignId": campaign });
    let kept = client.post("/api/v1/knowledge-base", entry.clone()).await.unwrap();
    let again = client.send(Method::POST, "/api/v1/knowledge-base", Some(entry.clone())).await.unwrap();
    assert_eq!(again.0, 409, "two of a name: {}", again.1);
    let path = format!("/api/v1/knowledge-base/{}", kept["id"].as_str().unwrap());
    let mut changed = entry;
    changed["text"] = json!("Fifty a month");
    assert_eq!(client.send(Method::PUT, &path, Some(changed)).await.unwrap().0, 200);
    assert_eq!(client.get(&path).await.unwrap()["text"], "Fifty a month");
    assert_eq!(client.send(Method::DELETE, &path, None).await.unwrap().0, 204);
    let contact = client.contacts(&campaign).await.unwrap()[0]["id"].clone();
    let due = json!({ "contactId": contact, "dueAt": "2026-12-01T15:00:00Z", "timezone": "America/Chicago" });
    let callback = client.post("/api/v1/callbacks", due).await.unwrap();
    let path = format!("/api/v1/callbacks/{}", callback["id"].as_str().unwrap());
    let moved = client.send(Method::PATCH, &path, Some(json!({ "status": "done" }))).await.unwrap().1;
    assert_eq!((&moved["status"], &moved["timezone"]), (&json!("done"), &json!("America/Chicago")));
    let pending = client.get("/api/v1/callbacks?status=pending").await.unwrap();
    assert!(pending["callbacks"].as_array().unwrap().is_empty());
    let bulk = json!({ "action": "reset", "ids": [contact, "00000000-0000-7000-8000-000000000000"] });
    let bulk = client.post("/api/v1/contacts/bulk", bulk).await.unwrap();
    assert!(bulk["results"][1]["result"].as_str().unwrap().starts_with("not_found"), "{bulk}");
    let hopper = client.get(&format!("/api/v1/campaigns/{campaign}/hopper")).await.unwrap();
    assert_eq!(hopper["contacts"].as_array().unwrap().len(), 1, "{hopper}");
    // Consent withdrawn holds the contact from the next look on.
    let phone = hopper["contacts"][0]["phone"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/consents?phone={}", encoded(&phone));
    assert_eq!(client.send(Method::DELETE, &path, None).await.unwrap().0, 204);
    let hopper = client.get(&format!("/api/v1/campaigns/{campaign}/hopper")).await.unwrap();
    assert_eq!(hopper["contacts"][0]["rule"], "consent", "{hopper}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_is_the_same_command() {
    let home = tempfile::tempdir().unwrap();
    keys(setup(&home)).await;
}

async fn keys(setup: Setup) {
    let (server, client) = house(&setup).await;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let send = async |key: &str, name: &str| {
        let request = http.post(format!("{}/api/v1/campaigns", server.http)).bearer_auth(&client.token);
        let answer =
            request.header("idempotency-key", key).json(&json!({ "name": name })).send().await.unwrap();
        let replayed = answer.headers().contains_key("idempotency-replayed");
        (answer.status().as_u16(), replayed, answer.text().await.unwrap())
    };
    let first = send("k1", "Once").await;
    let second = send("k1", "Once").await;
    assert_eq!((first.0, first.1), (201, false));
    assert_eq!((second.0, second.1, &second.2), (201, true, &first.2));
    assert_eq!(send("k1", "Other").await.0, 409, "a key is for one request");
    assert_eq!(send("k2", "").await.0, 422);
    assert_eq!(client.get("/api/v1/campaigns").await.unwrap()["campaigns"].as_array().unwrap().len(), 1);
    let both = tokio::join!(send("k3", "Race"), send("k3", "Race"));
    assert!([both.0.0, both.1.0].contains(&201));
    assert_eq!(
        client.get("/api/v1/campaigns").await.unwrap()["campaigns"].as_array().unwrap().len(),
        2,
        "{both:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_change_a_campaign_both_have_their_way() {
    let home = tempfile::tempdir().unwrap();
    changes(setup(&home)).await;
}

async fn changes(setup: Setup) {
    let (_server, client) = house(&setup).await;
    let campaign = client.campaign("Both", settings(), &[]).await.unwrap();
    let path = format!("/api/v1/campaigns/{campaign}");
    let wishes = [
        json!({ "description": "said by Sue" }),
        json!({ "type": "marketing" }),
        json!({ "callSettings": { "maxConcurrentCalls": 7 } }),
        json!({ "callSettings": { "retryAttempts": 2 } }),
    ];
    for round in 0..5 {
        let mut wishes = wishes.clone();
        wishes[0]["description"] = json!(format!("said by Sue {round}"));
        wishes[2]["callSettings"]["maxConcurrentCalls"] = json!(7 + round);
        let changing = wishes.iter().map(|wish| client.send(Method::PATCH, &path, Some(wish.clone())));
        for (status, answer) in futures_util::future::join_all(changing).await.into_iter().map(Result::unwrap)
        {
            assert_eq!(status, 200, "{answer}");
        }
        let now = client.get(&path).await.unwrap();
        let settings = &now["callSettings"];
        assert_eq!(
            (&now["description"], &now["type"], &settings["maxConcurrentCalls"], &settings["retryAttempts"]),
            (&wishes[0]["description"], &json!("marketing"), &json!(7 + round), &json!(2))
        );
    }
}

#[derive(Clone, Default)]
struct Received(Arc<Mutex<Vec<(String, String)>>>);

async fn take(State(received): State<Received>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let signature = headers["dialdeck-signature"].to_str().unwrap().to_owned();
    let mut all = received.0.lock().unwrap();
    all.push((signature, String::from_utf8(body.to_vec()).unwrap()));
    // The first try fails: it must come again.
    if all.len() == 1 { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK }
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_are_signed_tried_again_and_logged() {
    let home = tempfile::tempdir().unwrap();
    webhooks(setup(&home)).await;
}

async fn webhooks(setup: Setup) {
    let (_server, client) = house(&setup).await;
    let received = Received::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().route("/hook", post(take)).with_state(received.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let body =
        json!({ "name": "CRM", "url": format!("http://{address}/hook"), "events": ["campaign_changed"] });
    let made = client.post("/api/v1/webhooks", body).await.unwrap();
    let (id, secret) = (made["id"].as_str().unwrap(), made["secret"].as_str().unwrap());
    assert!(!client.get("/api/v1/webhooks").await.unwrap().to_string().contains(secret), "shown once only");
    client.post("/api/v1/campaigns", json!({ "name": "Heard of" })).await.unwrap();
    let log = within(Duration::from_secs(30), "the second try", || async {
        let log = client.get(&format!("/api/v1/webhooks/{id}/deliveries")).await.ok()?;
        (log["deliveries"][0]["status"] == "delivered").then_some(log)
    })
    .await;
    assert_eq!(
        (&log["deliveries"][0]["attempts"], &log["deliveries"][0]["response"]),
        (&json!(2), &json!(200))
    );
    let all = received.0.lock().unwrap().clone();
    let (signature, event) = all.last().unwrap();
    assert!(event.contains("Heard of"), "{event}");
    let seconds: i64 = signature.split(['=', ',']).nth(1).unwrap().parse().unwrap();
    assert_eq!(
        *signature,
        dialdeck_server::webhook::sign(secret, seconds, event),
        "signed by what was shown"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn scripts_of_existing_users_are_answered() {
    let home = tempfile::tempdir().unwrap();
    let speech = dialdeck_testkit::speech::Speech::find().unwrap();
    let setup = setup(&home)
        .set("voice.flite", &speech.program("flite"))
        .set("recognition.pocketsphinx", &speech.program("pocketsphinx_batch"))
        .set("recognition.model", &speech.model());
    let (server, client) = house(&setup).await;
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let turn = json!({ "callId": "their-own-1", "userInput": "" });
    let opening = client.post("/api/v1/conversation/process", turn).await.unwrap();
    assert_eq!(keys(&opening), ["confidence", "emotion", "endCall", "intent", "response", "success"]);
    assert!(opening["response"].as_str().unwrap().contains("automated"), "{opening}");
    let turn = json!({ "callId": "their-own-1", "userInput": "please never call me again" });
    let last = client.post("/api/v1/conversation/process", turn).await.unwrap();
    assert_eq!((&last["intent"], &last["endCall"]), (&json!("do_not_call"), &json!(true)), "{last}");
    let ended = client
        .post("/api/v1/asterisk/call-ended", json!({ "callId": "their-own-1", "duration": 12 }))
        .await
        .unwrap();
    assert_eq!(ended, json!({ "success": true }));
    let unknown = client
        .send(Method::POST, "/api/v1/asterisk/call-ended", Some(json!({ "callId": "nothing" })))
        .await
        .unwrap();
    assert_eq!((unknown.0, keys(&unknown.1)), (404, vec!["error".to_owned(), "success".to_owned()]));

    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let speak = http.post(format!("{}/api/v1/asterisk/tts/generate", server.http)).bearer_auth(&client.token);
    let spoken = speak.json(&json!({ "text": "yes please", "voice": "rms" })).send().await.unwrap();
    assert_eq!(spoken.headers()["content-type"], "audio/wav");
    let wav = spoken.bytes().await.unwrap().to_vec();
    let part = reqwest::multipart::Part::bytes(wav).file_name("a.wav");
    let form = reqwest::multipart::Form::new().part("audio", part);
    let send =
        http.post(format!("{}/api/v1/asterisk/speech/transcribe", server.http)).bearer_auth(&client.token);
    let heard: Value = send.multipart(form).send().await.unwrap().json().await.unwrap();
    assert_eq!(keys(&heard), ["confidence", "success", "text"]);
    assert_eq!(heard["text"], "yes please", "{heard}");
    let form = reqwest::multipart::Form::new().text("audio", "no sound");
    let send =
        http.post(format!("{}/api/v1/asterisk/speech/transcribe", server.http)).bearer_auth(&client.token);
    assert_eq!(send.multipart(form).send().await.unwrap().status(), 422);
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_is_verified_and_its_certificate_replaced() {
    let home = tempfile::tempdir().unwrap();
    let (certificate, key) = (home.path().join("cert.pem"), home.path().join("key.pem"));
    let (pem, secret, authority) = tools::certificate().unwrap();
    std::fs::write(&certificate, pem).unwrap();
    std::fs::write(&key, secret).unwrap();
    let setup = setup(&home)
        .set("server.tls_certificate", &certificate.display().to_string())
        .set("server.tls_key", &key.display().to_string());
    setup.add_user("root", "admin").unwrap();
    let server = setup.start(&["serve"]).unwrap();
    let address = server.http.replace("http://", "https://");
    let trusting = |authority: &str| {
        let root = reqwest::Certificate::from_pem(authority.as_bytes()).unwrap();
        reqwest::Client::builder().no_proxy().tls_certs_only([root]).build().unwrap()
    };
    let asked = trusting(&authority).get(format!("{address}/healthz")).send().await;
    assert!(asked.unwrap().status().is_success());
    let (other, other_key, other_authority) = tools::certificate().unwrap();
    let stranger = trusting(&other_authority).get(format!("{address}/healthz")).send().await;
    assert!(stranger.is_err(), "another authority's certificate is none");
    assert!(reqwest::get(format!("{}/healthz", server.http)).await.is_err(), "nothing is told in the clear");
    let http = address.trim_start_matches("https://").to_owned();
    lab::run(&mut setup.command(&["healthcheck", "--set", &format!("server.http={http}")])).unwrap();
    // A broken one is not taken up; the next good one is.
    std::fs::write(&certificate, "garbage").unwrap();
    within(Duration::from_secs(30), "the broken certificate to be refused", || async {
        server.log().contains("cannot be used; the old one stays").then_some(())
    })
    .await;
    assert!(trusting(&authority).get(format!("{address}/healthz")).send().await.is_ok());
    std::fs::write(&key, other_key).unwrap();
    std::fs::write(&certificate, other).unwrap();
    within(Duration::from_secs(30), "the new certificate", || async {
        trusting(&other_authority).get(format!("{address}/healthz")).send().await.ok()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_rules_and_dashboard_belong_together() {
    let home = tempfile::tempdir().unwrap();
    let (server, client) = house(&setup(&home)).await;
    let campaign = client.campaign("Figures", settings(), &[("Ann", 0), ("Bob", 2)]).await.unwrap();
    start(&client, &campaign).await;
    finished(&client, &campaign).await;
    let figures = reqwest::get(format!("{}/metrics", server.http)).await.unwrap().text().await.unwrap();
    for name in [
        "dialdeck_calls_in_flight",
        "dialdeck_calls{status=\"initiated\"}",
        "dialdeck_queues{state=\"stopped\"} 1",
        "dialdeck_calls_ended_total{outcome=\"interested\"} 1",
        "dialdeck_turn_seconds_bucket",
        "dialdeck_commit_seconds_bucket",
        "dialdeck_database_up 1",
        "dialdeck_part_up{part=\"telephony\"} 1",
    ] {
        assert!(figures.contains(name), "{name} is not in\n{figures}");
    }
    for private in ["Ann", &number(0), "Figures"] {
        assert!(!figures.contains(private), "{private} is nobody's figure");
    }
    let promtool = tools::promtool().unwrap();
    let mut check = Command::new(&promtool);
    check.args(["check", "metrics"]).stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    let mut child = check.stderr(std::process::Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(child.stdin.as_mut().unwrap(), figures.as_bytes()).unwrap();
    drop(child.stdin.take());
    let judged = child.wait_with_output().unwrap();
    assert!(judged.status.success(), "{}", String::from_utf8_lossy(&judged.stderr));
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../ops/monitoring");
    let rules = root.join("alerts.yml");
    lab::run(Command::new(&promtool).args(["check", "rules"]).arg(&rules)).unwrap();
    lab::run(Command::new(&promtool).args(["test", "rules"]).arg(root.join("alerts_test.yml"))).unwrap();
    // Only names that exist.
    let known: Vec<&str> = figures
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE "))
        .filter_map(|line| line.split(' ').next())
        .collect();
    for file in [rules, root.join("dashboard.json")] {
        let text = std::fs::read_to_string(&file).unwrap();
        serde_json::from_str::<Value>(&text).map_or_else(|_| assert!(file.ends_with("alerts.yml")), drop);
        for word in text
            .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .filter(|w| w.starts_with("dialdeck_"))
        {
            let base =
                ["_bucket", "_sum", "_count"].iter().find_map(|s| word.strip_suffix(s)).unwrap_or(word);
            // Counted only once something fails or a console comes: described in the code, not yet in the text.
            let later = [
                "dialdeck_commits_failed_total",
                "dialdeck_provider_errors_total",
                "dialdeck_event_lag_seconds",
                "dialdeck_consoles",
                "dialdeck_provider_seconds",
            ];
            assert!(
                known.contains(&base) || later.contains(&base),
                "{word} in {} does not exist",
                file.display()
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_finds_what_is_wrong() {
    let home = tempfile::tempdir().unwrap();
    let setup = setup(&home);
    let (server, _) = house(&setup).await;
    let http = server.http.trim_start_matches("http://").to_owned();
    let well =
        setup.command(&["doctor", "--json", "--set", &format!("server.http={http}")]).output().unwrap();
    let report: Value = serde_json::from_slice(&well.stdout).unwrap();
    assert!(well.status.success(), "{report}");
    let names: Vec<&str> =
        report["findings"].as_array().unwrap().iter().map(|f| f["name"].as_str().unwrap()).collect();
    for name in [
        "clock",
        "disk",
        "permissions",
        "database",
        "audit log",
        "queue",
        "http",
        "websocket",
        "fastagi",
        "audiosocket",
        "ari",
        "ami",
        "synthesiser",
        "recogniser",
        "dialogue",
    ] {
        assert!(names.contains(&name), "{name} is not among {names:?}");
    }
    drop(server);
    let ill = setup.command(&["doctor", "--set", &format!("server.http={http}")]).output().unwrap();
    let said = String::from_utf8_lossy(&ill.stdout);
    assert!(
        !ill.status.success() && said.contains("FAIL http") && said.contains("start dialdeckd serve"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_on_postgres() {
    let postgres = Postgres::start().unwrap();
    let home = tempfile::tempdir().unwrap();
    let on = async |name: &str| {
        let url = postgres.database().await.unwrap();
        let home = home.path().join(name);
        std::fs::create_dir(&home).unwrap();
        Setup::new(env!("CARGO_BIN_EXE_dialdeckd"), &home)
            .set("telephony.kind", "simulated")
            .set("telephony.simulated_speed", "20")
            .env("DATABASE_URL", &url)
    };
    person(on("person").await).await;
    pages(on("pages").await).await;
    keys(on("keys").await).await;
    changes(on("changes").await).await;
    webhooks(on("webhooks").await).await;
}
