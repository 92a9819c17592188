//! A server with a stand-in for Dialpad beside it.

use chrono::{DateTime, NaiveDate};
use dialdeck_testkit::daemon::{Client, Daemon, Setup};
use dialdeck_testkit::dialpad::{Counts, Dialpad, TrueCall, activity};
use dialdeck_testkit::wait::within;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// The department of the stand-in.
pub const SALES: i64 = 5_220_648_944_236_254;

/// Both, and where the server keeps what it keeps.
pub struct Office {
    pub fake: Dialpad,
    pub setup: Setup,
    pub home: tempfile::TempDir,
}

/// Nothing is fetched unless it is asked for, and as fast as it goes.
pub async fn office() -> Office {
    let (fake, home) = (Dialpad::start().await.unwrap(), tempfile::tempdir().unwrap());
    let setup = Setup::new(env!("CARGO_BIN_EXE_dialdeckd"), home.path())
        .set("telephony.kind", "none")
        .env("DIALPAD_API_TOKEN", "dialpad-token")
        .env("DIALPAD_DEPARTMENT_ID", &SALES.to_string())
        .set("dialpad.url", &fake.url)
        .set("dialpad.pull_minutes", "0")
        .set("dialpad.duty_seconds", "0")
        .set("dialpad.per_second", "10000");
    setup.add_user("ada", "admin").unwrap();
    Office { fake, setup, home }
}

impl Office {
    pub async fn start(&self) -> (Daemon, Client) {
        let server = self.setup.start(&["serve"]).unwrap();
        let client = server.log_in("ada").await.unwrap();
        (server, client)
    }

    /// The stand-in was asked and answered only what Dialpad's description has.
    pub fn assert_no_drift(&self) {
        let state = self.fake.state();
        assert!(state.drift.is_empty(), "{:?}", &state.drift[..state.drift.len().min(5)]);
    }
}

/// A day in New York, by its offset to UTC that was looked up: what is compared with it reckons with the zone's rules.
pub fn new_york(at: i64) -> String {
    // Clocks are put back on 1 November 2026 at 06:00 UTC, and forward on 8 March at 07:00.
    let summer = (1_772_953_200_000..1_793_512_800_000).contains(&at);
    let hours = if summer { 4 } else { 5 };
    DateTime::from_timestamp_millis(at - hours * 3_600_000).unwrap().date_naive().to_string()
}

/// What each agent did on a day, as the server tells it; 0: everybody.
async fn told(client: &Client, day: NaiveDate) -> BTreeMap<i64, Counts> {
    let seen = client.get(&format!("/api/v1/dialpad/overview?from={day}&to={day}&limit=1")).await.unwrap();
    let counts = |of: &Value| Counts {
        total: of["total"].as_i64().unwrap(),
        inbound: of["inbound"].as_i64().unwrap(),
        outbound: of["outbound"].as_i64().unwrap(),
        completed: of["completed"].as_i64().unwrap(),
        missed: of["missed"].as_i64().unwrap(),
        duration_ms: of["duration_ms"].as_i64().unwrap(),
    };
    let mut all: BTreeMap<i64, Counts> = seen["activity"]
        .as_array()
        .unwrap()
        .iter()
        .map(|own| (own["agent_id"].as_str().unwrap().parse().unwrap(), counts(own)))
        .collect();
    if seen["cards"]["total"] != 0 {
        all.insert(0, counts(&seen["cards"]));
    }
    all
}

/// The table of the server is the one that is reckoned from what happened.
pub async fn assert_activity(client: &Client, calls: &[TrueCall], from: NaiveDate, to: NaiveDate) {
    let right = activity(calls, new_york);
    let mut days = 0;
    for day in from.iter_days().take_while(|day| *day <= to) {
        let seen = told(client, day).await;
        let wanted: BTreeMap<i64, Counts> = right
            .iter()
            .filter(|((on, _), _)| *on == day.to_string())
            .map(|((_, agent), counts)| (*agent, *counts))
            .collect();
        assert_eq!(seen, wanted, "{day}");
        days += usize::from(!wanted.is_empty());
    }
    let all: std::collections::BTreeSet<&String> = right.keys().map(|(day, _)| day).collect();
    assert_eq!(days, all.len(), "days outside of those that were looked at");
}

/// Waits until a fetch is through that was not by then; gives how it stands.
pub async fn pulled(client: &Client, before: &Value) -> Value {
    within(Duration::from_mins(4), "the fetch to end", async || {
        let status = client.get("/api/v1/dialpad").await.unwrap();
        (status["work"].is_null() && status["pulled_at"] != *before).then_some(status)
    })
    .await
}

/// Fetches, and waits for it.
pub async fn pull(client: &Client, from: Option<&str>) -> Value {
    let before = client.get("/api/v1/dialpad").await.unwrap()["pulled_at"].clone();
    client.post("/api/v1/dialpad/pull", json!({ "from": from })).await.unwrap();
    pulled(client, &before).await
}
