//! Calls through a real Asterisk, whose far ends speak from files: what a floor would live through.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_precision_loss,
    reason = "a test ends where it cannot go on"
)]

mod outages;
mod people;
mod phones;
mod recordings;
mod strangers;
mod ways;

use dialdeck_testkit::asterisk::Lab;
use dialdeck_testkit::daemon::Client;
use dialdeck_testkit::wait::within;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// Longest a campaign of twelve may take on a small machine.
const CAMPAIGN: Duration = Duration::from_mins(4);

fn lab() -> Lab {
    Lab::start(env!("CARGO_BIN_EXE_dialdeckd")).unwrap()
}

async fn start_queue(client: &Client, campaign: &str) {
    client.post("/api/v1/calls/automated/start", json!({ "campaignId": campaign })).await.unwrap();
}

/// Waits until so many calls are over.
async fn over(client: &Client, campaign: &str, count: usize) -> Vec<Value> {
    within(CAMPAIGN, &format!("{count} calls to be over"), || async {
        let calls = client.calls(campaign).await.ok()?;
        let done = |c: &Value| ["completed", "failed"].contains(&c["status"].as_str().unwrap_or_default());
        (calls.len() == count && calls.iter().all(done)).then_some(calls)
    })
    .await
}

fn by_phone(rows: Vec<Value>) -> BTreeMap<String, Value> {
    rows.into_iter().map(|row| (row["phone"].as_str().unwrap().to_owned(), row)).collect()
}

/// Loudness of each 20 ms.
fn loudness(samples: &[i16]) -> Vec<f64> {
    samples
        .chunks(160)
        .map(|c| (c.iter().map(|s| f64::from(*s) * f64::from(*s)).sum::<f64>() / c.len() as f64).sqrt())
        .collect()
}

/// Whether each 20 ms is a tone of this pitch.
fn tone(samples: &[i16], hz: f64) -> Vec<bool> {
    let share = |block: &[i16]| {
        let energy: f64 = block.iter().map(|s| f64::from(*s).powi(2)).sum();
        let (mut sine, mut cosine) = (0.0, 0.0);
        for (n, sample) in block.iter().enumerate() {
            let angle = std::f64::consts::TAU * hz * n as f64 / 8000.0;
            sine += f64::from(*sample) * angle.sin();
            cosine += f64::from(*sample) * angle.cos();
        }
        energy > 1e6 && 2.0 * (sine * sine + cosine * cosine) / (energy * block.len() as f64) > 0.8
    };
    samples.chunks(160).map(share).collect()
}

/// Waits until Asterisk is reached, and carries sound in this way.
async fn carries(client: &Client, way: &str) {
    within(CAMPAIGN, "Asterisk to be reached", || async {
        let parts = client.get("/api/v1/parts").await.ok()?;
        let said = format!("sound by {way}");
        let up =
            |p: &Value| p["name"] == "telephony" && p["message"].as_str().is_some_and(|m| m.ends_with(&said));
        parts["parts"].as_array()?.iter().any(up).then_some(())
    })
    .await;
}
