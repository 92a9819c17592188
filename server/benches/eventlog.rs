//! The durable event log: rows a second and acknowledgement times with group commit, against one by one, on both
//! engines. `--rows N` rows a run, `--clients N` writers at once, `--runs N`.

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

use chrono::Utc;
use dialdeck_protocol::{CallId, CampaignId, OrganizationId, Speaker};
use dialdeck_server::bus::Bus;
use dialdeck_server::storage::{CallKey, Change, Journal, Store, open};
use dialdeck_testkit::postgres::Postgres;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Instant;

fn deed() -> Vec<Change> {
    vec![Change::Spoken {
        key: CallKey {
            call_id: CallId::new(),
            campaign_id: CampaignId::new(),
            organization_id: OrganizationId("default".into()),
        },
        speaker: Speaker::Customer,
        turn: 1,
        text: "x".repeat(160),
        at: Utc::now(),
    }]
}

/// Rows a second, and the 99th percentile of the acknowledgements in milliseconds.
async fn run(journal: &Journal, clients: u64, rows: u64) -> (f64, f64) {
    let begun = Instant::now();
    let mut tasks = Vec::new();
    for _ in 0..clients {
        let journal = journal.clone();
        tasks.push(tokio::spawn(async move {
            let mut times = Vec::new();
            for _ in 0..rows / clients {
                let asked = Instant::now();
                journal.commit(deed()).await.unwrap();
                times.push(common::ms(asked.elapsed()));
            }
            times
        }));
    }
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await.unwrap());
    }
    (times.len() as f64 / begun.elapsed().as_secs_f64(), common::quantile(&mut times, 0.99))
}

/// Rows a second where each is a transaction of its own, without a journal before it.
async fn one_by_one(store: &dyn Store, rows: u64) -> f64 {
    let begun = Instant::now();
    for _ in 0..rows {
        store.commit(&[deed()]).await.unwrap();
    }
    rows as f64 / begun.elapsed().as_secs_f64()
}

async fn engine(store: Arc<dyn Store>, rows: u64, clients: u64, runs: u64) -> Value {
    let journal = Journal::start(store.clone(), Bus::default());
    run(&journal, clients, rows / 10).await;
    let (mut grouped, mut acknowledged, mut single, mut ratio) = (vec![], vec![], vec![], vec![]);
    for _ in 0..runs {
        let alone = one_by_one(store.as_ref(), 2000.min(rows)).await;
        let (together, p99) = run(&journal, clients, rows).await;
        grouped.push(together);
        acknowledged.push(p99);
        single.push(alone);
        ratio.push(together / alone);
    }
    json!({
        "rows_per_second": common::spread(grouped),
        "acknowledgement_p99_ms": common::spread(acknowledged),
        "one_by_one_rows_per_second": common::spread(single),
        "times_one_by_one": common::spread(ratio),
    })
}

fn main() {
    let (rows, clients, runs) =
        (common::number("rows", 100_000), common::number("clients", 256), common::number("runs", 5));
    let figures = common::runtime(2).block_on(async {
        let folder = tempfile::Builder::new().tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let sqlite = open(&folder.path().join("log.sqlite").to_string_lossy()).await.unwrap();
        let sqlite = engine(sqlite, rows, clients, runs).await;
        let server = Postgres::start().unwrap();
        let postgres = open(&server.database().await.unwrap()).await.unwrap();
        let postgres = engine(postgres, rows, clients, runs).await;
        json!({
            "bench": "eventlog", "rows": rows, "clients": clients, "runs": runs,
            "sqlite": sqlite, "postgres": postgres,
            "goal": "SQLite >= 25000 rows/s and >= 10 x one by one; PostgreSQL >= 40000; p99 <= 25 ms",
            "not_covered": "commits of calls with their rows beside the event; disks other than this one",
        })
    });
    println!("{figures}");
}
