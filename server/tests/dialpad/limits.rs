//! A Dialpad that is slow, or wants to hear less: the fetch ends, within the limits, and says how far it is.

use crate::office::{Office, SALES, office, pull, pulled};
use dialdeck_testkit::dialpad::{Misbehaviour, TrueCall, sample};
use dialdeck_testkit::wait::until;
use serde_json::{Value, json};
use std::time::Duration;

fn put_calls(office: &Office, count: i64) {
    let agents: Vec<i64> = office.fake.state().users.keys().copied().collect();
    let now = chrono::Utc::now().timestamp_millis();
    let calls = sample(count, now - 5 * 86_400_000, now - 3_600_000, SALES, &agents, 3);
    office.fake.state().put_calls(SALES, calls.iter().flat_map(TrueCall::legs));
}

#[tokio::test(flavor = "multi_thread")]
async fn never_more_than_twenty_in_a_second() {
    let mut office = office().await;
    office.setup = office.setup.clone().set("dialpad.per_second", "20");
    put_calls(&office, 400);
    office.fake.state().page = 10;
    let (_server, client) = office.start().await;
    pull(&client, None).await;
    let state = office.fake.state();
    assert!(state.asked.len() > 60, "{}", state.asked.len());
    for window in state.asked.windows(21) {
        // They leave a second apart; the first may have been held up on its way here.
        let took = window[20].at - window[0].at;
        assert!(took > Duration::from_millis(500), "21 requests in {took:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_with_and_without_a_time_to_wait() {
    let office = office().await;
    put_calls(&office, 200);
    {
        let mut state = office.fake.state();
        for how in [
            Misbehaviour::TooMany(Some(2)),
            Misbehaviour::TooMany(None),
            Misbehaviour::Fault,
            Misbehaviour::TooMany(None),
        ] {
            state.misbehaves.push_back(("/api/v2/call".into(), how));
        }
    }
    let (_server, client) = office.start().await;
    client.post("/api/v1/dialpad/pull", json!({})).await.unwrap();
    until("it to say what it waits for", async || {
        let status = client.get("/api/v1/dialpad").await.unwrap();
        status["work"]["waits"].as_str().filter(|waits| waits.starts_with("rate_limited; again in")).map(drop)
    })
    .await;
    pulled(&client, &Value::Null).await;
    let asked = office.fake.state().asked.clone();
    let calls: Vec<_> = asked.iter().filter(|one| one.path == "/api/v2/call").collect();
    assert!(calls[1].at - calls[0].at >= Duration::from_secs(2), "Retry-After was not heard");
    assert!(calls[2].at - calls[1].at >= Duration::from_millis(900), "it did not wait by itself");
    let seen = client.get("/api/v1/dialpad/overview?days=14&limit=1").await.unwrap();
    assert_eq!(seen["cards"]["total"], 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn forty_seconds_for_an_answer() {
    let office = office().await;
    put_calls(&office, 200);
    let slow = Misbehaviour::Slow(Duration::from_secs(40));
    office.fake.state().misbehaves.push_back(("/api/v2/call".into(), slow));
    let (_server, client) = office.start().await;
    client.post("/api/v1/dialpad/pull", json!({})).await.unwrap();
    // What is waited for, and since when, is there to be shown.
    let status = until("the fetch to begin", async || {
        let status = client.get("/api/v1/dialpad").await.unwrap();
        (!status["work"].is_null()).then_some(status)
    })
    .await;
    assert!(status["work"]["asked_at"].is_string() && status["work"]["department"] == "Sales");
    pulled(&client, &Value::Null).await;
    let seen = client.get("/api/v1/dialpad/overview?days=14&limit=1").await.unwrap();
    assert_eq!(seen["cards"]["total"], 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_fetched_says_why_and_goes_on_later() {
    let mut office = office().await;
    office.setup = office.setup.clone().set("dialpad.timeout_seconds", "1").set("dialpad.page_limit", "3");
    put_calls(&office, 300);
    for _ in 0..3 {
        let slow = Misbehaviour::Slow(Duration::from_secs(3));
        office.fake.state().misbehaves.push_back(("/api/v2/call".into(), slow));
    }
    let (_server, client) = office.start().await;
    client.post("/api/v1/dialpad/pull", json!({})).await.unwrap();
    let trouble = async |part: &str| {
        until(part, async || {
            let status = client.get("/api/v1/dialpad").await.unwrap();
            let text = status["trouble"].as_str().unwrap_or_default().to_owned();
            text.contains(part).then_some(text)
        })
        .await
    };
    let text = trouble("timed_out").await;
    assert!(text.contains("dialpad.timeout_seconds"), "{text}");
    // The page limit divides it into rounds; it comes to its end all the same.
    pull(&client, None).await;
    let total =
        client.get("/api/v1/dialpad/overview?days=14&limit=1").await.unwrap()["cards"]["total"].clone();
    assert_eq!(total, 300);
    // No JSON, a token that is refused, a token that lacks a scope.
    office.fake.state().misbehaves.push_back(("/api/v2/call".into(), Misbehaviour::Garbage));
    client.post("/api/v1/dialpad/pull", json!({})).await.unwrap();
    trouble("no JSON").await;
    office.fake.state().refuses.insert("/operators".into());
    client.post("/api/v1/dialpad/pull", json!({})).await.unwrap();
    trouble("forbidden").await;
    office.fake.state().token = "another".into();
    client.post("/api/v1/dialpad/pull", json!({})).await.unwrap();
    trouble("unauthorized").await;
    // A cursor that Dialpad does not know any more: from the beginning of the window.
    office.fake.state().token = "dialpad-token".into();
    office.fake.state().refuses.clear();
    let status = pull(&client, None).await;
    assert_eq!(status["trouble"], "");
}
