//! A floor of AI callers on the simulated network, where people and the network misbehave at random in most calls: is anybody left
//! in silence, does any call stay open, is anything lost? `--calls N` (at most 1000), `--speed X`, `--mischief SHARE`.
//!
//! The floor in the same run is the same number of calls in which everybody behaves. Silences are measured by the voice loop: times in
//! which neither side spoke, in seconds as the person would live them.
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

use dialdeck_testkit::daemon::{Client, Setup};
use dialdeck_testkit::people;
use dialdeck_testkit::wait::within;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

fn number(name: &str, default: f64) -> f64 {
    common::flag(name).map_or(default, |text| text.parse().expect("a number"))
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

/// Calls that have no end.
fn open(events: &[Value]) -> usize {
    let calls = |kind: &str| -> BTreeSet<&str> {
        events
            .iter()
            .filter(|event| event["type"] == kind)
            .filter_map(|event| event["call_id"].as_str())
            .collect()
    };
    calls("call_started").difference(&calls("call_ended")).count()
}

/// The longest silence of each conversation, in seconds of life, and how it ended.
async fn silences(client: &Client, events: &[Value], speed: f64) -> Vec<(f64, String)> {
    let mut all = Vec::new();
    for event in events.iter().filter(|event| event["type"] == "call_ended") {
        let path = format!("/api/v1/calls/{}/insights", event["call_id"].as_str().unwrap());
        let told = client.get(&path).await.unwrap()["insights"].take();
        // Where nothing of ours was taken at the end, whoever was there hung up before we did: the line was dead.
        let is_dead = told["not_taken_seconds"].as_f64().is_some_and(|seconds| seconds >= 0.2);
        let ended = if is_dead { "dead_line" } else { told["ended"].as_str().unwrap_or_default() }.to_owned();
        all.extend(told["longest_silence_seconds"].as_f64().map(|seconds| (seconds * speed, ended)));
    }
    all
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
    let open = open(&events);
    let told = silences(&client, &events, speed).await;
    let mut silences: Vec<f64> = told.iter().map(|(seconds, _)| *seconds).collect();
    // Nothing reaches whoever is on a dead line: how long it takes until we notice is told by itself.
    let mut alive: Vec<f64> =
        told.iter().filter(|(_, ended)| ended != "dead_line").map(|(seconds, _)| *seconds).collect();
    let mut outcomes: BTreeMap<String, u32> = BTreeMap::new();
    for event in events.iter().filter(|event| event["type"] == "call_ended") {
        *outcomes.entry(event["outcome"].as_str().unwrap_or("none").to_owned()).or_default() += 1;
    }
    let twice = events.iter().filter(|event| event["type"] == "call_started").count();
    let over = alive.iter().filter(|s| **s > 4.0).count();
    server.stop().unwrap();
    let round = |value: f64| (value * 100.0).round() / 100.0;
    json!({
        "mischief": mischief, "calls_started": twice, "calls_without_an_end": open, "outcomes": outcomes,
        "conversations": told.len(), "longest_silence_s": {
            "median": round(common::quantile(&mut alive, 0.5)), "p99": round(common::quantile(&mut alive, 0.99)),
            "longest": round(common::quantile(&mut alive, 1.0)), "over_4": over },
        "dead_lines": { "calls": silences.len() - alive.len(), "longest_s": round(common::quantile(&mut silences, 1.0)) },
        "took_s": took.round(),
    })
}

#[tokio::main]
async fn main() {
    let calls = number("calls", 1000.0).min(1000.0) as u16;
    let (speed, mischief) = (number("speed", 4.0), number("mischief", 0.8));
    let well = run(calls.min(200), speed, 0.0).await;
    eprintln!("everybody behaves: {well}");
    let ill = run(calls, speed, mischief).await;
    let figures = json!({
        "bench": "soak", "calls": calls, "speed": speed, "misbehaving": ill, "behaving": well,
        "does_not_cover": "sound, Asterisk, several servers",
    });
    println!("{figures}");
}
