//! Fetching: as many calls as a large floor has, interrupted and resumed, counted as they happened, and not fetched again.

use crate::office::{SALES, assert_activity, new_york, office, pull, pulled};
use chrono::NaiveDate;
use dialdeck_testkit::daemon::Daemon;
use dialdeck_testkit::dialpad::sample;
use dialdeck_testkit::wait::within;
use serde_json::{Value, json};
use std::time::Duration;

/// What a process has in memory now, in KiB.
fn memory(server: &Daemon) -> i64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// Midnight in New York, in milliseconds.
fn midnight(text: &str) -> i64 {
    let noon = day(text).and_hms_opt(4, 0, 0).unwrap().and_utc().timestamp_millis();
    let here = new_york(noon);
    if here == text { noon } else { noon + 3_600_000 }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_calls_interrupted_twice() {
    let office = office().await;
    let agents: Vec<i64> = office.fake.state().users.keys().copied().collect();
    // Fourteen days, in the midst of which clocks are put back.
    let (from, to) = (midnight("2026-10-25"), midnight("2026-11-08"));
    let calls = sample(100_000, from, to, SALES, &agents, 7);
    {
        let mut state = office.fake.state();
        state.page = 500;
        state.put_calls(SALES, calls.iter().flat_map(dialdeck_testkit::dialpad::TrueCall::legs));
    }
    let legs = office.fake.state().calls[&SALES].len();
    let (mut server, mut client) = office.start().await;
    client.post("/api/v1/dialpad/pull", json!({ "from": "2026-10-25" })).await.unwrap();
    let mut sizes = Vec::new();
    for part in [4, 2] {
        let wanted = i64::try_from(legs / part / 500).unwrap();
        let asking = client.clone();
        within(Duration::from_mins(4), "a part of the pages", async || {
            let status = asking.get("/api/v1/dialpad").await.unwrap();
            (status["work"]["pages"].as_i64().unwrap_or(0) >= wanted).then_some(())
        })
        .await;
        sizes.push(memory(&server));
        server.kill();
        (server, client) = office.start().await;
    }
    // It goes on by itself, from where it was.
    let before = Value::Null;
    pulled(&client, &before).await;
    sizes.push(memory(&server));
    let asked = office.fake.state().count("GET", "/api/v2/call");
    let pages = legs.div_ceil(500);
    assert!((pages..=pages + 6).contains(&asked), "{asked} requests for {pages} pages");
    assert_activity(&client, &calls, day("2026-10-24"), day("2026-11-09")).await;
    let (least, most) = (sizes.iter().min().unwrap(), sizes.iter().max().unwrap());
    assert!(most - least < 64 * 1024, "memory is not flat: {sizes:?} KiB");

    // A second look is at what is stored.
    let asked = office.fake.state().asked.len();
    let seen = client.get("/api/v1/dialpad/overview?from=2026-10-25&to=2026-11-08&limit=500").await.unwrap();
    assert_eq!(seen["cards"]["total"], 100_000);
    let mut next = seen["next"].as_str().map(str::to_owned);
    let mut count = seen["calls"].as_array().unwrap().len();
    for _ in 0..3 {
        let path =
            format!("/api/v1/dialpad/calls?from=2026-10-25&to=2026-11-08&limit=500&after={}", next.unwrap());
        let page = client.get(&path).await.unwrap();
        count += page["calls"].as_array().unwrap().len();
        next = page["next"].as_str().map(str::to_owned);
    }
    assert_eq!((count, office.fake.state().asked.len()), (2000, asked), "a look asks Dialpad nothing");
    office.assert_no_drift();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_new_and_what_is_older() {
    let office = office().await;
    let agents: Vec<i64> = office.fake.state().users.keys().copied().collect();
    let now = chrono::Utc::now().timestamp_millis();
    let days = |days: i64| now - days * 86_400_000;
    let recent = sample(300, days(10), days(1), SALES, &agents, 1);
    office.fake.state().put_calls(SALES, recent.iter().flat_map(dialdeck_testkit::dialpad::TrueCall::legs));
    let (_server, client) = office.start().await;
    pull(&client, None).await;
    let total = async |range: &str| {
        let seen = client.get(&format!("/api/v1/dialpad/overview?{range}&limit=1")).await.unwrap();
        seen["cards"]["total"].as_i64().unwrap()
    };
    assert_eq!(total("days=30").await, 300);
    // Nothing is new: the overlap is looked at, and nothing is counted twice.
    let first = office.fake.state().count("GET", "/api/v2/call");
    pull(&client, None).await;
    assert!(office.fake.state().count("GET", "/api/v2/call") <= first + 3);
    assert_eq!(total("days=30").await, 300);
    // Some came since, one of them while the last fetch was made; some are older than what was fetched at first.
    let mut more = sample(40, now - 3_600_000, now, SALES, &agents, 2);
    more.extend(sample(60, days(25), days(20), SALES, &agents, 3));
    for (n, call) in more.iter_mut().enumerate() {
        call.id = 7_000_000_000_000_000 + i64::try_from(n).unwrap() * 10;
    }
    office.fake.state().put_calls(SALES, more.iter().flat_map(dialdeck_testkit::dialpad::TrueCall::legs));
    pull(&client, None).await;
    assert_eq!(total("days=30").await, 340);
    let earlier = chrono::DateTime::from_timestamp_millis(days(26)).unwrap().date_naive().to_string();
    pull(&client, Some(&earlier)).await;
    assert_eq!(total("days=30").await, 400);
    // A label that was put later is a change; the day's counts are as they were.
    {
        let mut state = office.fake.state();
        let last = &mut state.calls.get_mut(&SALES).unwrap()[0].1;
        last["labels"] = json!(["hot", "=cmd()"]);
    }
    pull(&client, None).await;
    let found = client.get("/api/v1/dialpad/calls?days=3&search=HOT").await.unwrap();
    assert_eq!(found["calls"].as_array().unwrap().len(), 1);
    assert_eq!(total("days=30").await, 400);
    for (filter, part) in [
        ("direction=inbound", "inbound"),
        ("direction=outbound", "outbound"),
        ("status=missed", "missed"),
        ("status=completed", "completed"),
    ] {
        let seen = client.get(&format!("/api/v1/dialpad/overview?days=30&{filter}&limit=500")).await.unwrap();
        assert_eq!(
            seen["calls"].as_array().unwrap().len(),
            usize::try_from(seen["cards"][part].as_i64().unwrap()).unwrap()
        );
    }
    let one = agents[0].to_string();
    let seen = client.get(&format!("/api/v1/dialpad/overview?days=30&agent={one}&limit=500")).await.unwrap();
    assert_eq!(
        seen["calls"].as_array().unwrap().len(),
        usize::try_from(seen["cards"]["total"].as_i64().unwrap()).unwrap()
    );
    let refused = client.send(reqwest::Method::GET, "/api/v1/dialpad/overview?days=0", None).await.unwrap();
    assert_eq!((refused.0, refused.1["field"].as_str()), (422, Some("days")));
    office.assert_no_drift();
}

/// Another zone, other days: they are counted anew, without fetching.
#[tokio::test(flavor = "multi_thread")]
async fn days_are_those_of_the_zone() {
    let mut office = office().await;
    let agents: Vec<i64> = office.fake.state().users.keys().copied().collect();
    let calls = sample(500, midnight("2026-10-30"), midnight("2026-11-03"), SALES, &agents, 4);
    office.fake.state().put_calls(SALES, calls.iter().flat_map(dialdeck_testkit::dialpad::TrueCall::legs));
    {
        let (server, client) = office.start().await;
        pull(&client, Some("2026-10-29")).await;
        assert_activity(&client, &calls, day("2026-10-29"), day("2026-11-04")).await;
        server.stop().unwrap();
    }
    office.setup = office.setup.clone().set("dialpad.zone", "Asia/Tokyo");
    let (_server, client) = office.start().await;
    pull(&client, None).await;
    let tokyo = |at: i64| {
        chrono::DateTime::from_timestamp_millis(at + 9 * 3_600_000).unwrap().date_naive().to_string()
    };
    for on in day("2026-10-29").iter_days().take(7) {
        let seen = client.get(&format!("/api/v1/dialpad/overview?from={on}&to={on}&limit=1")).await.unwrap();
        let wanted = calls.iter().filter(|call| tokyo(call.began) == on.to_string()).count();
        assert_eq!(seen["cards"]["total"], wanted, "{on}");
        assert_eq!(seen["departments"][0]["zone"], "Asia/Tokyo");
    }
}
