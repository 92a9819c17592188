//! The hopper at ten thousand, a million and ten million contacts: the next thirty-two contacts in each order, when the next
//! falls due, and a reload, which is the same question after all of them were put off and a campaign was opened anew; beside
//! it, in the same run, what it stands in for: a sort of all that are due. `--sizes 10000,1000000,10000000`,
//! `--engines sqlite,postgres`, `--repeats N`, `--postgres-most N`.

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
use dialdeck_protocol::{CampaignId, ListOrder};
use dialdeck_server::storage::{Store, open};
use dialdeck_testkit::postgres::Postgres;
use serde_json::{Value, json};
use sqlx::Connection;
use std::sync::Arc;
use std::time::Instant;

/// Contacts looked at in one go, as the dialer does.
const LOOK: i64 = 32;

/// Every tenth is to be called again, half of those in the future; priorities from 0 to 4.
fn columns(blob: &str, i: &str, random: &str) -> String {
    format!(
        "{blob}, 'default', CAMPAIGN, '+1312' || substr('000000000' || {i}, -9), '{{}}', \
         CASE WHEN {i} % 10 = 0 THEN 'retry' ELSE 'new' END, CASE WHEN {i} % 10 = 0 THEN 1 + {i} % 3 ELSE 0 END, \
         {i} % 5, {random}, 'written'"
    )
}

const NAMES: &str = "id, organization_id, campaign_id, phone, custom_fields, status, attempts, priority, shuffle, \
                     consent_basis, created_at, next_attempt_at";

async fn fill_sqlite(path: &str, campaign: CampaignId, n: i64) {
    let mut conn = sqlx::SqliteConnection::connect(path).await.unwrap();
    for pragma in ["PRAGMA synchronous=OFF", "PRAGMA cache_size=-400000", "PRAGMA foreign_keys=OFF"] {
        sqlx::query(pragma).execute(&mut conn).await.unwrap();
    }
    let campaign = format!("x'{}'", campaign.0.simple());
    for start in (0..n).step_by(1_000_000) {
        let end = (start + 1_000_000).min(n);
        let columns = columns("unhex(printf('%032x', i))", "i", "abs(random() % 2147483647)");
        let sql = format!(
            "INSERT INTO contacts ({NAMES}) \
             WITH RECURSIVE k(i) AS (SELECT {start} UNION ALL SELECT i + 1 FROM k WHERE i + 1 < {end}) \
             SELECT {}, '2026-01-01 00:00:00', CASE WHEN i % 20 = 0 THEN '2090-01-01 00:00:00' ELSE '2026-01-01 00:00:00' END \
             FROM k",
            columns.replace("CAMPAIGN", &campaign)
        );
        sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut conn).await.unwrap();
    }
    sqlx::query("ANALYZE").execute(&mut conn).await.unwrap();
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut conn).await.unwrap();
}

async fn fill_postgres(url: &str, campaign: CampaignId, n: i64) {
    let mut conn = sqlx::PgConnection::connect(url).await.unwrap();
    sqlx::query("SET synchronous_commit = off").execute(&mut conn).await.unwrap();
    sqlx::query("SET session_replication_role = replica").execute(&mut conn).await.unwrap();
    let columns = columns("lpad(to_hex(i), 32, '0')::uuid", "i", "floor(random() * 2147483647)::integer")
        .replace("substr('000000000' || i, -9)", "lpad(i::text, 9, '0')")
        .replace("'{}'", "'{}'::json");
    let sql = format!(
        "INSERT INTO contacts ({NAMES}) \
         SELECT {}, '2026-01-01', CASE WHEN i % 20 = 0 THEN timestamp '2090-01-01' ELSE timestamp '2026-01-01' END \
         FROM generate_series(0, {n} - 1) AS g(i)",
        columns.replace("CAMPAIGN", &format!("'{}'::uuid", campaign.0))
    );
    sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut conn).await.unwrap();
    sqlx::query("VACUUM ANALYZE").execute(&mut conn).await.unwrap();
}

async fn timed<F: Future<Output = usize>>(repeats: u64, least: usize, mut ask: impl FnMut() -> F) -> Value {
    let mut times = Vec::new();
    for n in 0..repeats + 5 {
        let begun = Instant::now();
        let found = ask().await;
        assert!(found >= least, "{found} of {least}");
        if n >= 5 {
            times.push(common::ms(begun.elapsed()));
        }
    }
    let (median, p95) = (common::quantile(&mut times, 0.5), common::quantile(&mut times, 0.95));
    json!({ "median_ms": (median * 1000.0).round() / 1000.0, "p95_ms": (p95 * 1000.0).round() / 1000.0 })
}

/// What the hopper stands in for: everything that is due, sorted.
async fn sorted(url: &str, campaign: CampaignId, repeats: u64) -> Value {
    let order = "ORDER BY priority + 0 DESC, created_at LIMIT 32";
    if url.starts_with("postgres") {
        let mut conn = sqlx::PgConnection::connect(url).await.unwrap();
        let sql = format!(
            "SELECT id FROM contacts WHERE campaign_id = '{}' AND status = 'new' {order}",
            campaign.0
        );
        let mut times = Vec::new();
        for _ in 0..repeats {
            let begun = Instant::now();
            sqlx::query(sqlx::AssertSqlSafe(sql.clone())).fetch_all(&mut conn).await.unwrap();
            times.push(common::ms(begun.elapsed()));
        }
        return common::spread(times);
    }
    let mut conn = sqlx::SqliteConnection::connect(url).await.unwrap();
    let sql = format!(
        "SELECT id FROM contacts WHERE campaign_id = x'{}' AND status = 'new' {order}",
        campaign.0.simple()
    );
    let mut times = Vec::new();
    for _ in 0..repeats {
        let begun = Instant::now();
        sqlx::query(sqlx::AssertSqlSafe(sql.clone())).fetch_all(&mut conn).await.unwrap();
        times.push(common::ms(begun.elapsed()));
    }
    common::spread(times)
}

async fn figures(store: &Arc<dyn Store>, url: &str, campaign: CampaignId, n: i64, repeats: u64) -> Value {
    let mut row = serde_json::Map::new();
    row.insert("contacts".into(), json!(n));
    for order in ListOrder::ALL {
        let asked = timed(repeats, 32, || async {
            store.candidates(campaign, *order, Utc::now(), LOOK).await.unwrap().len()
        });
        row.insert(order.as_str().into(), asked.await);
    }
    let due =
        timed(repeats, 1, || async { usize::from(store.next_due(campaign).await.unwrap().is_some()) }).await;
    row.insert("next_due".into(), due);
    // A reload: a store that was just opened, and its first look.
    let reload = timed(10, 32, || async {
        let fresh = open(url).await.unwrap();
        fresh.candidates(campaign, ListOrder::Oldest, Utc::now(), LOOK).await.unwrap().len()
    });
    row.insert("opened_anew".into(), reload.await);
    row.insert("sorted_instead".into(), sorted(url, campaign, 3).await);
    row.insert("resident_mb".into(), json!((common::resident(std::process::id()) / 1e6).round()));
    row.into()
}

fn growth(sizes: &[Value]) -> Value {
    let of = |size: &Value, what: &str| size[what]["median_ms"].as_f64().unwrap_or(0.0);
    let (Some(first), Some(last)) = (sizes.first(), sizes.last()) else { return Value::Null };
    let orders = ListOrder::ALL.iter().map(|order| order.as_str());
    orders
        .chain(["next_due", "opened_anew"])
        .map(|what| (what.to_owned(), json!((of(last, what) / of(first, what) * 100.0).round() / 100.0)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn main() {
    let sizes = common::flag("sizes").unwrap_or_else(|| "10000,1000000,10000000".into());
    let sizes: Vec<i64> = sizes.split(',').map(|n| n.parse().expect("a number of contacts")).collect();
    let engines = common::flag("engines").unwrap_or_else(|| "sqlite,postgres".into());
    let repeats = common::number("repeats", 200);
    let most = i64::try_from(common::number("postgres-most", 1_000_000)).unwrap();
    let figures = common::runtime(2).block_on(async {
        let (mut sqlite, mut postgres) = (Vec::new(), Vec::new());
        for n in &sizes {
            let campaign = CampaignId::new();
            if engines.contains("sqlite") {
                let folder = tempfile::Builder::new().tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
                let path = folder.path().join("hopper.sqlite").display().to_string();
                drop(open(&path).await.unwrap());
                fill_sqlite(&path, campaign, *n).await;
                let store = open(&path).await.unwrap();
                sqlite.push(figures(&store, &path, campaign, *n, repeats).await);
            }
            if engines.contains("postgres") && *n <= most {
                let server = Postgres::start().unwrap();
                let url = server.database().await.unwrap();
                drop(open(&url).await.unwrap());
                fill_postgres(&url, campaign, *n).await;
                let store = open(&url).await.unwrap();
                postgres.push(figures(&store, &url, campaign, *n, repeats).await);
            }
        }
        json!({
            "bench": "hopper", "repeats": repeats, "look": LOOK,
            "growth": { "sqlite": growth(&sqlite), "postgres": growth(&postgres) },
            "sqlite": sqlite, "postgres": postgres,
            "goal": "growth <= 1.3 from the smallest to the largest; memory bounded",
            "not_covered": "cold caches; what PostgreSQL does beyond --postgres-most",
        })
    });
    println!("{figures}");
}
