//! What is done at Dialpad: permitted, lawful, once, and in the audit log.

use crate::office::{Office, SALES, office, pull};
use dialdeck_testkit::daemon::Client;
use dialdeck_testkit::dialpad::{Misbehaviour, TrueCall, sample};
use dialdeck_testkit::wait::until;
use reqwest::Method;
use serde_json::{Value, json};

async fn act(client: &Client, action: &str, args: Value) -> (u16, Value) {
    let path = format!("/api/v1/dialpad/actions/{action}");
    client.send(Method::POST, &path, Some(json!({ "args": args }))).await.unwrap()
}

fn asked(office: &Office, method: &str, part: &str) -> usize {
    office.fake.state().count(method, part)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_action_is_done_and_written_down() {
    let office = office().await;
    let agent = *office.fake.state().users.keys().next().unwrap();
    let (_server, client) = office.start().await;
    let id = agent.to_string();
    for (action, args, method, path, part) in [
        (
            "initiate_call",
            json!({ "user_id": id, "phone_number": "+81 3 5555 0101" }),
            "POST",
            "/initiate_call",
            "rings",
        ),
        ("hangup", json!({ "call_id": "77" }), "PUT", "/call/77/actions/hangup", "hung up"),
        (
            "transfer",
            json!({ "call_id": "77", "to_department": SALES.to_string() }),
            "POST",
            "/call/77/transfer",
            "transferred",
        ),
        ("labels", json!({ "call_id": "77", "labels": "hot, new" }), "PUT", "/call/77/labels", "hot, new"),
        ("recording", json!({ "user_id": id, "recording": "on" }), "PATCH", "/activecall", "being recorded"),
        (
            "duty_status",
            json!({ "user_id": id, "on_duty": "off", "reason": "Lunch" }),
            "PATCH",
            "/dutystatus",
            "off duty, unavailable, Lunch",
        ),
        (
            "dnd",
            json!({ "user_id": id, "do_not_disturb": "on" }),
            "PATCH",
            "/togglednd",
            "not to be disturbed",
        ),
    ] {
        let (status, answer) = act(&client, action, args).await;
        // The law may hold a call at this hour: then nothing was asked of Dialpad.
        if action == "initiate_call" && status == 409 {
            assert!(answer["detail"].as_str().unwrap().contains("not dialled"), "{answer}");
            assert_eq!(asked(&office, method, path), 0);
            continue;
        }
        assert_eq!(status, 200, "{action}: {answer}");
        assert!(answer["message"].as_str().unwrap().contains(part), "{action}: {answer}");
        assert_eq!(asked(&office, method, path), 1, "{action}");
    }
    let audit = client.get("/api/v1/audit?limit=50").await.unwrap().to_string();
    for action in ["initiate_call", "hangup", "transfer", "labels", "recording", "duty_status", "dnd"] {
        assert!(audit.contains(&format!("dialpad.{action}")), "{action} is not in the audit log");
    }
    assert!(!audit.contains("55550101"), "a number is in the audit log");
    // What cannot be done is not offered.
    let offered = client.get("/api/v1/dialpad/actions").await.unwrap().to_string();
    for never in ["listen", "whisper", "barge", "eavesdrop"] {
        assert!(!offered.contains(never), "{never} is offered");
    }
    assert_eq!(act(&client, "listen", json!({})).await.0, 422);
    office.assert_no_drift();
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_called_twice_or_against_their_will() {
    let office = office().await;
    let agent = office.fake.state().users.keys().next().unwrap().to_string();
    let (_server, client) = office.start().await;
    client.post("/api/v1/do-not-call", json!({ "phone": "+13125550101" })).await.unwrap();
    let (status, answer) =
        act(&client, "initiate_call", json!({ "user_id": agent, "phone_number": "312 555 0101" })).await;
    assert_eq!(status, 409, "{answer}");
    let (status, answer) =
        act(&client, "transfer", json!({ "call_id": "77", "to_number": "312 555 0101" })).await;
    assert!(status == 409 && answer["detail"].as_str().unwrap().contains("do-not-call"), "{answer}");
    assert_eq!(asked(&office, "POST", "/"), 0, "Dialpad was asked");
    // It answers with a fault, or not at all: it is not known whether it was done, and it is not done again.
    office.fake.state().misbehaves.push_back(("/hangup".into(), Misbehaviour::Fault));
    let (status, answer) = act(&client, "hangup", json!({ "call_id": "77" })).await;
    assert!(status == 503 && answer["detail"].as_str().unwrap().contains("not known whether"), "{answer}");
    assert_eq!(asked(&office, "PUT", "/hangup"), 1);
    // Too many requests: it did nothing, so that it is asked once more.
    office.fake.state().misbehaves.push_back(("/hangup".into(), Misbehaviour::TooMany(Some(1))));
    assert_eq!(act(&client, "hangup", json!({ "call_id": "77" })).await.0, 200);
    assert_eq!(asked(&office, "PUT", "/hangup"), 3);
    let (status, answer) = act(&client, "dnd", json!({ "user_id": "4", "do_not_disturb": "on" })).await;
    assert!(status == 404 && answer["detail"].as_str().unwrap().contains("not found"), "{answer}");
}

/// While Dialpad wants to hear nothing for minutes, what is asked for is refused, and not done when nobody waits for it any more.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_done_late() {
    let office = office().await;
    office.fake.state().misbehaves.push_back(("/api/v2/call".into(), Misbehaviour::TooMany(Some(240))));
    let (_server, client) = office.start().await;
    client.post("/api/v1/dialpad/pull", json!({})).await.unwrap();
    until("the limit", async || {
        let status = client.get("/api/v1/dialpad").await.unwrap();
        status["work"]["waits"].as_str().filter(|waits| waits.contains("again in 240 s")).map(drop)
    })
    .await;
    let (status, answer) = act(&client, "hangup", json!({ "call_id": "77" })).await;
    assert!(status == 429 && answer["detail"].as_str().unwrap().contains("not done"), "{answer}");
    assert_eq!(asked(&office, "PUT", "/hangup"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_with_its_transcript_and_a_person_who_is_forgotten() {
    let office = office().await;
    let agents: Vec<i64> = office.fake.state().users.keys().copied().collect();
    let now = chrono::Utc::now().timestamp_millis();
    let mut calls = sample(30, now - 86_400_000, now - 3_600_000, SALES, &agents, 9);
    for call in &mut calls {
        call.number = "+13125550142".into();
    }
    let talked = calls.iter().find(|call| call.parts[0].talked.is_some()).unwrap();
    let leg = talked.id + i64::from(talked.inbound);
    {
        let mut state = office.fake.state();
        state.put_calls(SALES, calls.iter().flat_map(TrueCall::legs));
        let said = [("Ann Able", "hello"), ("Caller", "who is \u{1b}[31mthere?")];
        let said = said.map(|(who, what)| (who.to_owned(), what.to_owned())).to_vec();
        for n in 0..4 {
            state.transcripts.insert(leg + n, said.clone());
        }
    }
    let (_server, client) = office.start().await;
    pull(&client, None).await;
    let path = format!("/api/v1/dialpad/calls/{}", talked.id);
    let seen = client.get(&path).await.unwrap();
    let lines = seen["lines"].to_string();
    assert!(lines.contains("Ann Able: hello") && lines.contains("who is [31mthere?"), "{lines}");
    let fetched = asked(&office, "GET", "/transcripts/");
    client.get(&path).await.unwrap();
    assert_eq!(asked(&office, "GET", "/transcripts/"), fetched, "it is fetched once");
    assert_eq!(client.send(Method::GET, "/api/v1/dialpad/calls/99", None).await.unwrap().0, 404);

    // Whoever is to be forgotten is, and is not learned again; that there were calls stays.
    let person = client.get("/api/v1/persons/+13125550142").await.unwrap();
    assert_eq!(person["dialpadCalls"].as_array().unwrap().len(), 30);
    let before = client.get("/api/v1/dialpad/overview?days=3&limit=1").await.unwrap()["cards"].clone();
    let (status, _) = client.send(Method::DELETE, "/api/v1/persons/+13125550142", None).await.unwrap();
    assert_eq!(status, 200);
    pull(&client, None).await;
    let after = client.get("/api/v1/dialpad/overview?days=3&limit=500").await.unwrap();
    assert_eq!(after["cards"], before);
    assert!(!after.to_string().contains("3125550142"), "the number is there again");
    let seen = client.get(&path).await.unwrap().to_string();
    assert!(!seen.contains("3125550142") && !seen.contains("who is"), "{seen}");
}
