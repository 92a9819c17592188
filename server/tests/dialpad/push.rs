//! Events: signed, fresh, in any order and as often as they like; what is lost comes with the next fetch.

use crate::office::{Office, SALES, assert_activity, office, pull};
use dialdeck_testkit::daemon::{Client, Daemon};
use dialdeck_testkit::dialpad::{TrueCall, sample, signed};
use dialdeck_testkit::wait::{until, within};
use futures_util::StreamExt;
use serde_json::{Value, json};
use std::process::Command;
use std::time::{Duration, Instant};

fn dialpad(office: &Office, arguments: &[&str]) -> (bool, String) {
    let mut all = vec!["dialpad"];
    all.extend(arguments);
    let mut command: Command = office.setup.command(&all);
    let done = command.output().unwrap();
    let text = [done.stdout, done.stderr].concat();
    (done.status.success(), String::from_utf8_lossy(&text).into_owned())
}

fn subscribe(office: &Office, server: &Daemon) -> String {
    let url = format!("{}/", server.http);
    let (well, text) = dialpad(office, &["subscribe", "--url", &url]);
    assert!(well && text.contains("made a webhook"), "{text}");
    let state = office.fake.state();
    let (_, (hook, secret)) = state.webhooks.iter().next().unwrap();
    assert_eq!(*hook, format!("{}/api/v1/webhooks/dialpad", server.http));
    assert!(!text.contains(secret), "the secret is shown");
    secret.clone()
}

/// Posts deliveries, many at a time; gives the statuses, and the slowest answer.
async fn deliver(server: &Daemon, bodies: Vec<String>) -> (Vec<u16>, Duration) {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{}/api/v1/webhooks/dialpad", server.http);
    let send = |body: String| {
        let (http, url) = (http.clone(), url.clone());
        async move {
            let begun = Instant::now();
            let answer =
                http.post(url).header("content-type", "application/jwt").body(body).send().await.unwrap();
            (answer.status().as_u16(), begun.elapsed())
        }
    };
    let all: Vec<(u16, Duration)> =
        futures_util::stream::iter(bodies).map(send).buffer_unordered(64).collect().await;
    let slowest = all.iter().map(|(_, took)| *took).max().unwrap_or_default();
    (all.into_iter().map(|(status, _)| status).collect(), slowest)
}

/// So many calls of the last half an hour.
fn calls_of_now(office: &Office, count: i64, seed: u64) -> Vec<TrueCall> {
    let agents: Vec<i64> = office.fake.state().users.keys().copied().collect();
    let now = chrono::Utc::now().timestamp_millis();
    let mut calls = sample(count, now - 50 * 60_000, now - 20 * 60_000, SALES, &agents, seed);
    // All of them are over by now.
    calls.retain(|call| call.ended() < now);
    calls
}

/// An order that only the seed gives.
fn shuffled<T>(mut all: Vec<T>, seed: u64) -> Vec<T> {
    let mut state = seed;
    for n in (1..all.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        all.swap(n, usize::try_from(state >> 33).unwrap() % (n + 1));
    }
    all
}

async fn refused(client: &Client) -> (u64, u64) {
    let status = client.get("/api/v1/dialpad").await.unwrap();
    (status["taken"].as_u64().unwrap(), status["refused"].as_u64().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_deliveries_shuffled_repeated_forged_and_lost() {
    let office = office().await;
    let (server, client) = office.start().await;
    let secret = subscribe(&office, &server);
    let calls = calls_of_now(&office, 2200, 11);
    let events: Vec<Value> = calls.iter().flat_map(TrueCall::events).map(|(_, event)| event).collect();
    let mut good: Vec<String> = Vec::new();
    let mut forged = 0_u64;
    let mut bodies: Vec<String> = Vec::new();
    for (n, event) in events.iter().enumerate().take(9000) {
        let body = signed(event, &secret);
        match n % 100 {
            // One in a hundred is lost.
            0 => continue,
            // A tenth comes again, and a tenth more is forged.
            1..=10 => bodies.push(body.clone()),
            11..=20 => {
                let mut other = event.clone();
                other["duration"] = json!(1);
                other["event_timestamp"] = json!(chrono::Utc::now().timestamp_millis());
                bodies.push(signed(&other, "a guess"));
                forged += 1;
            }
            _ => {}
        }
        good.push(body);
    }
    let taken = good.len();
    bodies.extend(good);
    assert!(bodies.len() > 10_000, "{}", bodies.len());
    let sent = bodies.len() as u64;
    let (statuses, slowest) = deliver(&server, shuffled(bodies, 5)).await;
    let count = |status: u16| statuses.iter().filter(|one| **one == status).count() as u64;
    assert_eq!((count(204), count(422)), (sent - forged, forged), "{taken} good ones");
    assert!(slowest < Duration::from_secs(5), "an answer took {slowest:?}");
    assert_eq!(refused(&client).await, (sent - forged, forged));

    // What was lost is found by the next fetch, and nothing is counted twice.
    office.fake.state().page = 500;
    office.fake.state().put_calls(SALES, calls.iter().flat_map(TrueCall::legs));
    pull(&client, None).await;
    let today = chrono::Utc::now().date_naive();
    let yesterday = today.pred_opt().unwrap();
    assert_activity(&client, &calls, yesterday.pred_opt().unwrap(), today).await;
    let live = client.get("/api/v1/dialpad/calls?days=3&status=live").await.unwrap();
    assert_eq!(live["calls"].as_array().unwrap().len(), 0);
    // And what comes late changes nothing any more.
    let late: Vec<String> = events.iter().step_by(50).map(|event| signed(event, &secret)).collect();
    let (statuses, _) = deliver(&server, late).await;
    assert!(statuses.iter().all(|status| *status == 204));
    assert_activity(&client, &calls, yesterday.pred_opt().unwrap(), today).await;
    office.assert_no_drift();
}

#[tokio::test(flavor = "multi_thread")]
async fn live_calls_and_what_is_refused() {
    let office = office().await;
    let (server, client) = office.start().await;
    let now = chrono::Utc::now().timestamp_millis();
    let agent = *office.fake.state().users.keys().next().unwrap();
    let event = |state: &str, at: i64| {
        json!({ "call_id": 77, "state": state, "direction": "inbound", "external_number": "+13125550101",
            "date_started": now - 30_000, "event_timestamp": at,
            "date_connected": if state == "ringing" { Value::Null } else { json!(now - 20_000) },
            "group_id": format!("Department:{SALES}"), "target": { "id": agent, "type": "user", "name": "Ann Able" } })
    };
    // Nothing is subscribed: nobody is let in.
    assert_eq!(deliver(&server, vec![signed(&event("ringing", now), "x")]).await.0, [409]);
    let secret = subscribe(&office, &server);
    let post = async |event: &Value| deliver(&server, vec![signed(event, &secret)]).await.0[0];
    until("the secret to be known", async || {
        (post(&event("ringing", now - 25_000)).await == 204).then_some(())
    })
    .await;
    let live = async || {
        let seen = client.get("/api/v1/dialpad/overview?days=2").await.unwrap();
        let call = &seen["calls"][0];
        (
            call["status"].as_str().unwrap().to_owned(),
            call["state"].as_str().unwrap().to_owned(),
            seen["cards"]["total"].as_i64().unwrap(),
        )
    };
    assert_eq!(live().await, ("live".into(), "ringing".into(), 0));
    assert_eq!(post(&event("connected", now - 20_000)).await, 204);
    assert_eq!(live().await, ("live".into(), "connected".into(), 0));
    let mut over = event("hangup", now);
    over["date_ended"] = json!(now);
    over["duration"] = json!(20_000.0);
    assert_eq!(post(&over).await, 204);
    assert_eq!(live().await, ("completed".into(), "hangup".into(), 1));
    // It rang before: that comes late, and changes nothing.
    assert_eq!(post(&event("ringing", now - 25_000)).await, 204);
    assert_eq!(live().await, ("completed".into(), "hangup".into(), 1));

    let mut other = event("ringing", now);
    other["call_id"] = json!(78);
    other["group_id"] = json!("Department:4");
    assert_eq!(post(&other).await, 204, "of another department: taken, and left");
    other["group_id"] = json!("CallCenter:5");
    assert_eq!(post(&other).await, 204, "of a call centre: the same");
    other.as_object_mut().unwrap().remove("group_id");
    assert_eq!(post(&other).await, 204, "of nobody but a user: the same");
    assert_eq!(post(&json!({ "user_id": 5, "on_duty": true })).await, 204, "of something else: left");
    let (taken, none) = refused(&client).await;
    let stale = event("ringing", now - 2 * 3_600_000);
    assert_eq!(post(&stale).await, 422);
    assert_eq!(post(&json!({ "call_id": "x", "event_timestamp": now })).await, 422);
    let long = "x".repeat(2 << 20);
    for (body, status) in [("{}", 422), ("", 422), ("a.b.c", 422), (long.as_str(), 413)] {
        assert_eq!(deliver(&server, vec![body.to_owned()]).await.0, [status]);
    }
    assert_eq!(refused(&client).await, (taken, none + 5));
    assert_eq!(
        client.get("/api/v1/dialpad/calls?days=2").await.unwrap()["calls"].as_array().unwrap().len(),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn subscriptions_are_made_seen_and_taken_away() {
    let office = office().await;
    let (server, client) = office.start().await;
    let (well, text) = dialpad(&office, &["status"]);
    assert!(!well && text.contains("nothing is subscribed"), "{text}");
    subscribe(&office, &server);
    // Again: what is there is left.
    let url = format!("{}/api/v1/webhooks/dialpad", server.http);
    let (well, text) = dialpad(&office, &["subscribe", "--url", &url]);
    assert!(well && text.contains("is there already") && text.contains("is subscribed already"), "{text}");
    let made = {
        let state = office.fake.state();
        (state.webhooks.len(), state.subscriptions.len())
    };
    assert_eq!(made, (1, 1));
    let (well, text) = dialpad(&office, &["status"]);
    assert!(well && text.contains("ok: webhook to"), "{text}");
    // Somebody took it away at Dialpad.
    office.fake.state().subscriptions.clear();
    let (well, text) = dialpad(&office, &["status"]);
    assert!(!well && text.contains("GONE: calls of department"), "{text}");
    assert!(dialpad(&office, &["subscribe", "--url", &url]).0);
    assert_eq!(office.fake.state().subscriptions.len(), 1);
    until("the server to know", async || {
        let status = client.get("/api/v1/dialpad").await.unwrap();
        (status["events"] == "webhook").then_some(())
    })
    .await;
    // Somebody else's webhook stays.
    office.fake.state().webhooks.insert(5, ("https://other.example.com".into(), "theirs".into()));
    let (well, text) = dialpad(&office, &["unsubscribe"]);
    assert!(well && text.contains("the webhook is gone"), "{text}");
    assert_eq!(office.fake.state().webhooks.keys().copied().collect::<Vec<_>>(), [5]);
    assert!(office.fake.state().subscriptions.is_empty());
    assert!(dialpad(&office, &["unsubscribe"]).1.contains("nothing is subscribed"));
    // A wrong token says what to do.
    office.fake.state().token = "another".into();
    let (well, text) = dialpad(&office, &["subscribe"]);
    assert!(!well && text.contains("unauthorized") && text.contains("DIALPAD_API_TOKEN"), "{text}");
    assert!(!text.contains("dialpad-token"), "{text}");
    office.assert_no_drift();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_public_address_by_the_websocket() {
    let mut office = office().await;
    office.setup = office.setup.clone().set("dialpad.websocket_refresh_seconds", "2");
    let (server, client) = office.start().await;
    let (well, text) = dialpad(&office, &["subscribe"]);
    assert!(well && text.contains("made a websocket"), "{text}");
    let listening = async |least: usize| {
        within(Duration::from_mins(1), "the WebSocket", async || {
            let told = office.fake.state().count("GET", "/api/v2/websockets/");
            (office.fake.listeners() > 0 && told >= least).then_some(told)
        })
        .await
    };
    listening(1).await;
    // Its address is made anew before it dies; no event is lost meanwhile.
    let calls = calls_of_now(&office, 60, 21);
    for call in &calls {
        for (_, event) in call.events() {
            assert!(office.fake.tell(&event) > 0, "nobody listens");
        }
        tokio::task::yield_now().await;
    }
    let anew = listening(1).await;
    listening(anew + 2).await;
    let wanted = calls.len();
    until("all calls to be there", async || {
        let seen = client.get("/api/v1/dialpad/overview?days=2&limit=1").await.unwrap();
        (seen["cards"]["total"] == wanted).then_some(())
    })
    .await;
    let status = client.get("/api/v1/dialpad").await.unwrap();
    assert_eq!((&status["events"], &status["trouble"]), (&json!("websocket"), &json!("")));
    assert!(dialpad(&office, &["unsubscribe"]).0);
    until("the server to stop listening", async || (office.fake.listeners() == 0).then_some(())).await;
    assert!(!server.log().contains("/events/key-"), "an address is as good as a key");
    office.assert_no_drift();
}
