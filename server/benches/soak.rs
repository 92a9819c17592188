//! A floor of AI callers on the simulated network, where people and the network misbehave at random in most calls: is anybody left
//! in silence, does any call stay open, is anything lost? `--calls N` (at most 1000), `--speed X`, `--mischief SHARE`.
//!
//! The floor in the same run is the same number of calls in which everybody behaves. Silences are measured from the events: from the
//! end of what was said last to the next word of ours, or the end of the call, in seconds as the person would live them.
//! Not covered: sound (words are carried), Asterisk, and more than one server.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    missing_docs,
    reason = "a benchmark ends where it cannot go on"
)]

mod common;

use chrono::{DateTime, Utc};
use dialdeck_testkit::daemon::{Client, Setup};
use dialdeck_testkit::people;
use dialdeck_testkit::wait::within;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Seconds of one word, as the network and our voice have it.
const WORD: f64 = 0.3;

fn flag(name: &str, default: f64) -> f64 {
    let arguments: Vec<String> = std::env::args().collect();
    let at = arguments.iter().position(|argument| argument == name);
    at.and_then(|at| arguments.get(at + 1)).map_or(default, |text| text.parse().expect("a number"))
}

fn at(event: &Value) -> DateTime<Utc> {
    event["at"].as_str().and_then(|text| text.parse().ok()).expect("a time")
}

async fn events(client: &Client) -> Vec<Value> {
    let (mut all, mut after) = (Vec::new(), 0);
    loop {
        let page = client.get(&format!("/api/v1/events?after={after}&limit=500")).await.unwrap();
        let page = page["events"].as_array().unwrap().clone();
        let Some(last) = page.last() else { return all };
        after = last["seq"].as_i64().unwrap();
        all.extend(page);
    }
}

/// The silences of each call, in seconds of life, and whether each call has an end.
fn silences(events: &[Value], speed: f64) -> (Vec<f64>, usize) {
    let mut calls: BTreeMap<&str, (Option<DateTime<Utc>>, bool)> = BTreeMap::new();
    let mut all = Vec::new();
    for event in events {
        let Some(call) = event["call_id"].as_str() else { continue };
        let (quiet_since, over) = calls.entry(call).or_default();
        let now = at(event);
        let ends = event["type"] == "call_ended";
        if event["type"] == "conversation_turn" && event["speaker"].is_string() || ends {
            let ours = event["speaker"] == "ai" || ends;
            if let Some(since) = quiet_since.filter(|_| ours) {
                all.push(((now - since).as_seconds_f64() * speed).max(0.0));
            }
            let words = event["text"].as_str().unwrap_or_default().split(' ').count() as f64;
            // What a person said is told once it was said, what we say as we begin.
            let lasts = if event["speaker"] == "customer" { 0.0 } else { words * WORD / speed };
            *quiet_since = Some(now + chrono::Duration::milliseconds((lasts * 1000.0) as i64));
            *over |= ends;
        }
    }
    let open = calls.values().filter(|(_, over)| !over).count();
    (all, open)
}

async fn run(calls: u16, speed: f64, mischief: f64) -> Value {
    let home = tempfile::tempdir().unwrap();
    let setup = Setup::new(env!("CARGO_BIN_EXE_dialdeckd"), home.path())
        .set("telephony.kind", "simulated")
        .set("telephony.simulated_speed", &speed.to_string())
        .set("telephony.simulated_mischief", &mischief.to_string())
        .set("dialer.max_concurrent_calls", "60");
    setup.add_user("sue", "supervisor").unwrap();
    let server = setup.start(&["serve"]).unwrap();
    let client = server.log_in("sue").await.unwrap();
    let settings = json!({ "maxConcurrentCalls": 60, "callIntervalMs": 0, "retryAttempts": 0, "callTimeoutSeconds": 15 });
    let campaign = client.campaign("Soak", settings, &[]).await.unwrap();
    let head = "first_name,last_name,phone,email,company".to_owned();
    let rows = (0..calls).map(|n| format!("P{n},Test,{},p{n}@example.com,Acme", people::nth(n)));
    let csv = std::iter::once(head).chain(rows).collect::<Vec<_>>().join("\n");
    let consent = "consent_basis=written&consent_at=2026-01-02&consent_source=form";
    let (status, _) = client.import(&campaign, consent, csv).await.unwrap();
    assert_eq!(status, 200);
    client.post("/api/v1/calls/automated/start", json!({ "campaignId": campaign })).await.unwrap();
    let begun = Instant::now();
    let patience = Duration::from_secs_f64(f64::from(calls) * 90.0 / 60.0 / speed * 4.0 + 120.0);
    within(patience, "all contacts to be called and settled", || async {
        let contacts = client.contacts(&campaign).await.ok()?;
        let open =
            |c: &&Value| c["attempts"] == 0 && c["status"] != "do_not_call" || c["status"] == "pending";
        (contacts.len() == usize::from(calls) && contacts.iter().find(open).is_none()).then_some(())
    })
    .await;
    let took = begun.elapsed().as_secs_f64();
    let events = events(&client).await;
    let (mut silences, open) = silences(&events, speed);
    let mut outcomes: BTreeMap<String, u32> = BTreeMap::new();
    for event in events.iter().filter(|event| event["type"] == "call_ended") {
        *outcomes.entry(event["outcome"].as_str().unwrap_or("none").to_owned()).or_default() += 1;
    }
    let twice = events.iter().filter(|event| event["type"] == "call_started").count();
    let longest = silences.iter().copied().fold(0.0, f64::max);
    let over = silences.iter().filter(|s| **s > 4.5).count();
    server.stop().unwrap();
    let round = |value: f64| (value * 100.0).round() / 100.0;
    json!({
        "mischief": mischief, "calls_started": twice, "calls_without_an_end": open, "outcomes": outcomes,
        "silences": silences.len(), "silence_s": {
            "median": round(common::quantile(&mut silences, 0.5)), "p99": round(common::quantile(&mut silences, 0.99)),
            "longest": round(longest), "over_4_5": over },
        "took_s": took.round(),
    })
}

#[tokio::main]
async fn main() {
    let calls = flag("--calls", 1000.0).min(1000.0) as u16;
    let (speed, mischief) = (flag("--speed", 4.0), flag("--mischief", 0.8));
    let well = run(calls.min(200), speed, 0.0).await;
    eprintln!("everybody behaves: {well}");
    let ill = run(calls, speed, mischief).await;
    let figures = json!({
        "bench": "soak", "calls": calls, "speed": speed, "misbehaving": ill, "behaving": well,
        "does_not_cover": "sound, Asterisk, several servers",
    });
    println!("{figures}");
}
