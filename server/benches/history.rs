//! The history at ten thousand, a million and ten million calls: an indexed filter, a page by cursor in the middle, the
//! first fifty hits of a search. Beside them, in the same run, what they stand in for: `OFFSET`, and a scan for the word.
//! `--sizes 10000,1000000,10000000`, `--engines sqlite,postgres`, `--repeats N`, `--postgres-most N`.

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

use dialdeck_protocol::{CallFilter, OrganizationId, Outcome};
use dialdeck_server::storage::{Store, open};
use dialdeck_testkit::postgres::Postgres;
use serde_json::{Value, json};
use sqlx::Connection;
use std::sync::Arc;
use std::time::Instant;

/// Calls a second of the made-up past.
const STEP_MICROS: i64 = 1_000_000;
/// 2020-01-01.
const BEGIN: i64 = 1_577_836_800;

/// What was said in call `i`: a word of a third of them, one of a thousandth, one of fifty in all, and others.
fn text_sql(n: i64) -> String {
    let rare = (n / 50).max(1);
    format!(
        "'AI: hello this is acme' || CASE WHEN i % 3 = 0 THEN ' about solar panels' ELSE ' about your contract' END \
         || CASE WHEN i % 1000 = 0 THEN ' Customer: the ladder is long' ELSE ' Customer: not today' END \
         || CASE WHEN i % {rare} = 0 THEN ' zebra' ELSE '' END || ' ' || (i % 9973)"
    )
}

async fn fill_sqlite(path: &str, n: i64) {
    let mut conn = sqlx::SqliteConnection::connect(path).await.unwrap();
    // Made-up data needs no disk that remembers; the queries that are measured find the usual settings.
    for pragma in ["PRAGMA synchronous=OFF", "PRAGMA cache_size=-400000", "PRAGMA foreign_keys=OFF"] {
        sqlx::query(pragma).execute(&mut conn).await.unwrap();
    }
    let text = text_sql(n);
    for start in (0..n).step_by(1_000_000) {
        let end = (start + 1_000_000).min(n);
        let calls = format!(
            "INSERT INTO calls (id, organization_id, status, outcome, emotion, duration, transcript, to_number, channel_id, \
             created_at, updated_at, contact_name, owner) \
             WITH RECURSIVE k(i) AS (SELECT {start} UNION ALL SELECT i + 1 FROM k WHERE i + 1 < {end}) \
             SELECT printf('%032x', i), 'default', 'completed', \
             CASE i % 20 WHEN 0 THEN 'interested' WHEN 1 THEN 'scheduled' ELSE 'not_interested' END, \
             CASE i % 7 WHEN 0 THEN 'positive' ELSE 'neutral' END, i % 300, {text}, \
             '+1312555' || printf('%04d', i % 10000), 'c', strftime('%Y-%m-%d %H:%M:%S', {BEGIN} + i, 'unixepoch'), \
             strftime('%Y-%m-%d %H:%M:%S', {BEGIN} + i, 'unixepoch'), 'Person ' || i, 'main' FROM k"
        );
        sqlx::query(sqlx::AssertSqlSafe(calls)).execute(&mut conn).await.unwrap();
        let texts = format!(
            "INSERT INTO call_texts (number, call_id) \
             WITH RECURSIVE k(i) AS (SELECT {start} UNION ALL SELECT i + 1 FROM k WHERE i + 1 < {end}) \
             SELECT i + 1, printf('%032x', i) FROM k"
        );
        sqlx::query(sqlx::AssertSqlSafe(texts)).execute(&mut conn).await.unwrap();
        let words = format!(
            "INSERT INTO call_words (rowid, words) \
             WITH RECURSIVE k(i) AS (SELECT {start} UNION ALL SELECT i + 1 FROM k WHERE i + 1 < {end}) \
             SELECT i + 1, {text} FROM k"
        );
        sqlx::query(sqlx::AssertSqlSafe(words)).execute(&mut conn).await.unwrap();
    }
    sqlx::query("ANALYZE").execute(&mut conn).await.unwrap();
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut conn).await.unwrap();
}

async fn fill_postgres(url: &str, n: i64) {
    let mut conn = sqlx::PgConnection::connect(url).await.unwrap();
    sqlx::query("SET synchronous_commit = off").execute(&mut conn).await.unwrap();
    let text = text_sql(n);
    let calls = format!(
        "INSERT INTO calls (id, organization_id, status, outcome, emotion, duration, transcript, to_number, channel_id, \
         created_at, updated_at, contact_name, owner) \
         SELECT lpad(to_hex(i), 32, '0'), 'default', 'completed', \
         CASE i % 20 WHEN 0 THEN 'interested' WHEN 1 THEN 'scheduled' ELSE 'not_interested' END, \
         CASE i % 7 WHEN 0 THEN 'positive' ELSE 'neutral' END, i % 300, {text}, \
         '+1312555' || lpad((i % 10000)::text, 4, '0'), 'c', to_timestamp({BEGIN} + i) AT TIME ZONE 'UTC', \
         to_timestamp({BEGIN} + i) AT TIME ZONE 'UTC', 'Person ' || i, 'main' FROM generate_series(0, {n} - 1) AS g(i)"
    );
    sqlx::query(sqlx::AssertSqlSafe(calls)).execute(&mut conn).await.unwrap();
    let texts = format!(
        "INSERT INTO call_texts (organization_id, call_id, words) \
         SELECT 'default', lpad(to_hex(i), 32, '0'), to_tsvector('simple', {text}) FROM generate_series(0, {n} - 1) AS g(i)"
    );
    sqlx::query(sqlx::AssertSqlSafe(texts)).execute(&mut conn).await.unwrap();
    sqlx::query("VACUUM ANALYZE").execute(&mut conn).await.unwrap();
}

/// Median and 95th percentile of a question, in milliseconds.
async fn asked(store: &Arc<dyn Store>, filter: &CallFilter, repeats: u64, least: usize) -> Value {
    let organization = OrganizationId("default".into());
    let mut times = Vec::new();
    for n in 0..repeats + 5 {
        let begun = Instant::now();
        let (rows, _) = store.calls(&organization, filter, None).await.unwrap();
        assert!(rows.len() >= least, "{} of {least} rows", rows.len());
        // The first few warm the caches, as a floor that is looked at all day has done.
        if n >= 5 {
            times.push(common::ms(begun.elapsed()));
        }
    }
    let median = common::quantile(&mut times, 0.5);
    let p95 = common::quantile(&mut times, 0.95);
    json!({ "median_ms": (median * 1000.0).round() / 1000.0, "p95_ms": (p95 * 1000.0).round() / 1000.0 })
}

async fn figures(store: &Arc<dyn Store>, n: i64, repeats: u64) -> Value {
    let middle = (BEGIN + n / 2) * STEP_MICROS;
    let page = |after: Option<String>| CallFilter { after, limit: Some(50), ..CallFilter::default() };
    let search =
        |text: &str| CallFilter { text: Some(text.into()), limit: Some(50), ..CallFilter::default() };
    let filter = CallFilter { outcome: Some(Outcome::Interested), limit: Some(50), ..CallFilter::default() };
    let offset = CallFilter { offset: u32::try_from(n / 2).ok(), limit: Some(50), ..CallFilter::default() };
    json!({
        "calls": n,
        "filter": asked(store, &filter, repeats, 50).await,
        "cursor_page": asked(store, &page(Some(format!("{middle}.{:032x}", n / 2))), repeats, 50).await,
        "search_of_a_third": asked(store, &search("solar panels"), repeats, 50).await,
        "search_of_a_thousandth": asked(store, &search("ladder"), repeats, 10).await,
        "search_of_fifty": asked(store, &search("zebra"), repeats, 50).await,
        "offset_for_existing_users": asked(store, &offset, repeats.min(10), 50).await,
    })
}

/// How much dearer the largest is than the smallest.
fn growth(sizes: &[Value]) -> Value {
    let of = |size: &Value, what: &str| size[what]["median_ms"].as_f64().unwrap_or(0.0);
    let (Some(first), Some(last)) = (sizes.first(), sizes.last()) else { return Value::Null };
    ["filter", "cursor_page", "search_of_a_third", "search_of_fifty", "offset_for_existing_users"]
        .into_iter()
        .map(|what| (what.to_owned(), json!((of(last, what) / of(first, what) * 100.0).round() / 100.0)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn main() {
    let sizes = common::flag("sizes").unwrap_or_else(|| "10000,1000000,10000000".into());
    let sizes: Vec<i64> = sizes.split(',').map(|n| n.parse().expect("a number of calls")).collect();
    let engines = common::flag("engines").unwrap_or_else(|| "sqlite,postgres".into());
    let repeats = common::number("repeats", 200);
    let most = i64::try_from(common::number("postgres-most", 1_000_000)).unwrap();
    let figures = common::runtime(2).block_on(async {
        let (mut sqlite, mut postgres) = (Vec::new(), Vec::new());
        for n in &sizes {
            if engines.contains("sqlite") {
                let folder = tempfile::Builder::new().tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
                let path = folder.path().join("history.sqlite").display().to_string();
                drop(open(&path).await.unwrap());
                fill_sqlite(&path, *n).await;
                let store = open(&path).await.unwrap();
                // As the daily upkeep leaves it.
                let begun = Instant::now();
                store.merge_words().await.unwrap();
                eprintln!("{n} calls: words merged in {:.1} s", begun.elapsed().as_secs_f64());
                sqlite.push(figures(&store, *n, repeats).await);
            }
            if engines.contains("postgres") && *n <= most {
                let server = Postgres::start().unwrap();
                let url = server.database().await.unwrap();
                drop(open(&url).await.unwrap());
                fill_postgres(&url, *n).await;
                let store = open(&url).await.unwrap();
                postgres.push(figures(&store, *n, repeats).await);
            }
        }
        json!({
            "bench": "history", "repeats": repeats,
            "growth": { "sqlite": growth(&sqlite), "postgres": growth(&postgres) },
            "sqlite": sqlite, "postgres": postgres,
            "goal": "growth <= 1.3 from the smallest to the largest; offset stays for existing users and is not counted",
            "not_covered": "cold caches; several organizations in one database; what PostgreSQL does beyond --postgres-most",
        })
    });
    println!("{figures}");
}
