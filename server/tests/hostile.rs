//! Text from strangers stays data: nothing that a lead, a caller or a program sends becomes an escape of a terminal, a
//! line of a log, a header, a formula, a dial string. Each test was seen to fail with `domain::plain::line` or the check it
//! names taken away.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends where it cannot go on"
)]

use dialdeck_testkit::daemon::{Client, Daemon, Setup};
use dialdeck_testkit::people::number;
use dialdeck_testkit::wait::within;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

/// Clears a screen, sets a title, turns text around, begins a line, ends a string.
const EVIL: &str = "Ann\u{1b}[2J\u{1b}]0;owned\u{7}\u{202e}eel\u{200b}\r\nINFO forged line=1\u{9b}31m\u{0}";

async fn house(home: &tempfile::TempDir) -> (Daemon, Client) {
    let setup = Setup::new(env!("CARGO_BIN_EXE_dialdeckd"), home.path())
        .set("telephony.kind", "simulated")
        .set("telephony.simulated_speed", "20")
        .set("log.level", "debug");
    setup.add_user("root", "admin").unwrap();
    let server = setup.start(&["serve"]).unwrap();
    let client = server.log_in("root").await.unwrap();
    (server, client)
}

/// Every text in a JSON value.
fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|v| texts(v, found)),
        Value::Object(fields) => fields.iter().for_each(|(name, v)| {
            found.push(name.clone());
            texts(v, found);
        }),
        _ => {}
    }
}

fn tricks(text: &str) -> bool {
    // A transcript has lines; nothing else does.
    text.chars().any(|c| {
        c.is_control() && c != '\n'
            || ('\u{200b}'..='\u{200f}').contains(&c)
            || ('\u{202a}'..='\u{202e}').contains(&c)
    })
}

fn plain(value: &Value, what: &str) {
    let mut found = Vec::new();
    texts(value, &mut found);
    for text in found {
        assert!(!tricks(&text), "{what}: {text:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_and_words_are_shown_and_not_obeyed() {
    let home = tempfile::tempdir().unwrap();
    let (server, client) = house(&home).await;
    let number_id = client
        .post("/api/v1/phone-numbers", json!({ "number": "+13125550199", "label": EVIL }))
        .await
        .unwrap();
    let body = json!({ "name": EVIL, "description": EVIL, "phoneNumberId": number_id["id"],
                       "callSettings": { "callIntervalMs": 0, "retryAttempts": 0 } });
    let campaign = client.post("/api/v1/campaigns", body).await.unwrap();
    plain(&campaign, "campaign");
    let campaign = campaign["id"].as_str().unwrap().to_owned();
    let contact = json!({ "phone": number(0), "firstName": EVIL, "lastName": "${SHELL(id)}", "company": "=1+1",
                          "email": EVIL, "customFields": { EVIL: EVIL },
                          "consent": { "basis": EVIL, "at": "2026-01-02T00:00:00Z", "source": EVIL } });
    client.post(&format!("/api/v1/campaigns/{campaign}/contacts"), contact).await.unwrap();
    let csv = format!(
        "first_name,phone,notes\n\"{}\",{},\"{}\"\n",
        EVIL.replace('"', ""),
        number(1),
        EVIL.replace('"', "")
    );
    client
        .import(&campaign, "consent_basis=written&consent_at=2026-01-02&consent_source=form", csv)
        .await
        .unwrap();
    client.post("/api/v1/knowledge-base", json!({ "title": EVIL, "text": EVIL })).await.unwrap();
    client.post("/api/v1/calls/automated/start", json!({ "campaignId": campaign })).await.unwrap();
    within(Duration::from_mins(1), "the calls to be over", || async {
        let status = client.get(&format!("/api/v1/calls/queue/status/{campaign}")).await.ok()?;
        (status["status"]["status"] == "stopped").then_some(())
    })
    .await;
    let call = client.calls(&campaign).await.unwrap()[0]["id"].clone();
    let said = json!({ "callId": call, "userInput": EVIL });
    plain(&client.post("/api/v1/conversation/process", said).await.unwrap(), "answer");
    for path in [
        "/api/v1/campaigns".to_owned(),
        format!("/api/v1/campaigns/{campaign}/contacts"),
        "/api/v1/calls".to_owned(),
        "/api/v1/events?after=0&limit=1000".to_owned(),
        "/api/v1/audit".to_owned(),
        "/api/v1/phone-numbers".to_owned(),
        "/api/v1/knowledge-base".to_owned(),
        "/api/v1/alerts".to_owned(),
        format!("/api/v1/persons/{}", number(0).replace('+', "%2B")),
    ] {
        plain(&client.get(&path).await.unwrap(), &path);
    }
    let log = server.log();
    assert!(log.lines().all(|line| !tricks(line) && !line.starts_with("INFO forged")), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_cannot_write_logs_or_headers() {
    let home = tempfile::tempdir().unwrap();
    let (server, client) = house(&home).await;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let wrong = json!({ "username": EVIL, "password": "x" });
    http.post(format!("{}/api/v1/auth/login", server.http)).json(&wrong).send().await.unwrap();
    for (method, path) in [
        (Method::GET, "/api/v1/calls/%1b%5b2J%0d%0aX-Evil:%201"),
        (Method::GET, "/api/v1/%1b%5b2J%0d%0aSet-Cookie:%20a=b"),
        (Method::GET, "/api/v1/calls?outcome=%1b%5b2J%0d%0a"),
        (Method::GET, "/api/v1/campaigns/%e2%80%ae/contacts/export"),
        (Method::GET, "/api/v1/persons/%1b%5b2J"),
        (Method::DELETE, "/api/v1/scripts/%00"),
    ] {
        let answer = http
            .request(method, format!("{}{path}", server.http))
            .bearer_auth(&client.token)
            .send()
            .await
            .unwrap();
        for (name, value) in answer.headers() {
            assert!(
                !["x-evil", "set-cookie"].contains(&name.as_str()) && !tricks(value.to_str().unwrap()),
                "{path}"
            );
        }
        let status = answer.status();
        assert!(status.is_client_error(), "{path}: {status}");
        plain(&answer.json().await.unwrap(), path);
    }
    let key = http.post(format!("{}/api/v1/campaigns", server.http)).bearer_auth(&client.token);
    let key =
        key.header("idempotency-key", "a\u{e9}\u{202e}").json(&json!({ "name": "K" })).send().await.unwrap();
    assert!(key.status().is_success());
    plain(&client.get("/api/v1/audit").await.unwrap(), "audit");
    assert!(server.log().lines().all(|line| !tricks(line)), "{}", server.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_but_a_number_is_dialled() {
    let home = tempfile::tempdir().unwrap();
    let (_server, client) = house(&home).await;
    let body = json!({ "name": "Dial" });
    let campaign = client.post("/api/v1/campaigns", body).await.unwrap()["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/campaigns/{campaign}/contacts");
    for phone in [
        "+13125550123&PJSIP/9",
        "+13125550123@evil",
        "Local/1@default",
        "${SHELL(id)}",
        "+1312555012,30,G(x)",
        "+13125550123\r\nAction: Originate",
        "PJSIP/1",
        "+1(312)555-0123|System(id)",
    ] {
        let (status, answer) =
            client.send(Method::POST, &path, Some(json!({ "phone": phone }))).await.unwrap();
        let kept = answer["phone"].as_str().unwrap_or_default();
        let digits = kept.strip_prefix('+').unwrap_or(kept);
        assert!(status == 422 || digits.bytes().all(|b| b.is_ascii_digit()), "{phone:?} became {kept:?}");
    }
    let agent = json!({ "name": "Eve", "kind": "human", "extension": "PJSIP/1&Local/2@x" });
    assert_eq!(client.send(Method::POST, "/api/v1/agents", Some(agent)).await.unwrap().0, 422);
}
