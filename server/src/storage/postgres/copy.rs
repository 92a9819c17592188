//! Backup while everything goes on, and restoring from it, by PostgreSQL's own COPY.
//!
//! One file: a line of JSON that says what it is; then for each table a line of JSON with its columns, its rows in
//! COPY's text form (a line each), and `\.`.

use super::engine::{BEGIN_SNAPSHOT, Db};
use crate::storage::{StoreError, StoreResult};
use futures_util::TryStreamExt;
use serde::{Deserialize, Serialize};
use sqlx::{Connection, PgConnection};
use std::path::Path;
use tokio::fs::{File, OpenOptions};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, BufWriter};

/// In the order in which they refer to each other.
const TABLES: &[&str] = &[
    "organizations",
    "users",
    "sessions",
    "api_tokens",
    "scripts",
    "phone_numbers",
    "campaigns",
    "queues",
    "contacts",
    "do_not_call",
    "campaign_do_not_call",
    "calls",
    "call_events",
    "decisions",
    "event_counter",
    "events",
    "audit",
    "catalog",
    "callbacks",
    "legal_holds",
    "deliveries",
    "webhook_cursor",
    "idempotency",
    "imports",
    "call_texts",
    "agent_seats",
    "recordings",
    "agent_log",
    "lead_links",
    "lead_changes",
    "lead_marks",
    "dialpad_legs",
    "dialpad_calls",
    "dialpad_parts",
    "dialpad_activity",
    "dialpad_hours",
    "dialpad_changed_days",
    "dialpad_agents",
    "dialpad_marks",
    "dialpad_transcripts",
    "dialpad_reports",
    "dialpad_attempts",
];
const MAGIC: &str = "dialdeck-backup-1";

#[derive(Serialize, Deserialize)]
struct Head {
    format: String,
    /// Migrations that had been applied.
    migrations: i64,
    at: chrono::DateTime<chrono::Utc>,
}

#[derive(Serialize, Deserialize)]
struct Table {
    table: String,
    columns: Vec<String>,
}

fn broken(error: &dyn std::fmt::Display) -> StoreError {
    StoreError::Unavailable(format!("the backup: {error}"))
}

async fn migrations(conn: &mut PgConnection) -> StoreResult<i64> {
    sqlx::query_scalar("SELECT COUNT(*) FROM _sqlx_migrations").fetch_one(conn).await.map_err(|e| broken(&e))
}

/// Writes one consistent state into a new file, while everything goes on.
pub async fn backup(pool: &sqlx::Pool<Db>, to: &Path) -> StoreResult<u64> {
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(to)
        .await
        .map_err(|e| StoreError::Unavailable(format!("{}: {e}", to.display())))?;
    let mut out = BufWriter::new(file);
    let mut tx = pool.begin_with(BEGIN_SNAPSHOT).await.map_err(|e| broken(&e))?;
    let head = Head { format: MAGIC.into(), migrations: migrations(&mut tx).await?, at: chrono::Utc::now() };
    write_line(&mut out, &head).await?;
    for table in TABLES {
        let columns: Vec<String> = sqlx::query_scalar(
            "SELECT column_name::text FROM information_schema.columns \
             WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position",
        )
        .bind(table)
        .fetch_all(&mut *tx)
        .await
        .map_err(|e| broken(&e))?;
        let copy = format!("COPY {table} ({}) TO STDOUT", quoted(&columns));
        write_line(&mut out, &Table { table: (*table).into(), columns }).await?;
        let mut rows = tx.copy_out_raw(&copy).await.map_err(|e| broken(&e))?;
        while let Some(chunk) = rows.try_next().await.map_err(|e| broken(&e))? {
            out.write_all(&chunk).await.map_err(|e| broken(&e))?;
        }
        drop(rows);
        out.write_all(b"\\.\n").await.map_err(|e| broken(&e))?;
    }
    out.flush().await.map_err(|e| broken(&e))?;
    let file = out.into_inner();
    file.sync_all().await.map_err(|e| broken(&e))?;
    Ok(file.metadata().await.map(|m| m.len()).unwrap_or_default())
}

fn quoted(columns: &[String]) -> String {
    let quoted: Vec<String> = columns.iter().map(|c| format!("\"{}\"", c.replace('"', "\"\""))).collect();
    quoted.join(", ")
}

async fn write_line(out: &mut BufWriter<File>, line: &impl Serialize) -> StoreResult<()> {
    let mut text = serde_json::to_vec(line).map_err(|e| broken(&e))?;
    text.push(b'\n');
    out.write_all(&text).await.map_err(|e| broken(&e))
}

/// Reads a backup into a database that has been migrated and holds nothing yet. All of it, or nothing.
///
/// # Errors
/// When the file is damaged or from another version, or the database is not empty.
pub async fn restore(pool: &sqlx::Pool<Db>, from: &Path) -> StoreResult<()> {
    let file =
        File::open(from).await.map_err(|e| StoreError::Unavailable(format!("{}: {e}", from.display())))?;
    let mut lines = BufReader::with_capacity(1 << 20, file);
    let damaged = || StoreError::Unreadable(format!("{} is damaged, or no backup of ours", from.display()));
    let head: Head = serde_json::from_slice(&line(&mut lines).await?).map_err(|_| damaged())?;
    let mut conn = pool.acquire().await.map_err(|e| broken(&e))?;
    let mut tx = conn.begin().await.map_err(|e| broken(&e))?;
    if head.format != MAGIC || head.migrations != migrations(&mut tx).await? {
        return Err(StoreError::Conflict(
            "the backup is from another version: restore it with the dialdeckd that made it, then upgrade"
                .into(),
        ));
    }
    let users: i64 =
        sqlx::query_scalar("SELECT (SELECT COUNT(*) FROM users) + (SELECT COUNT(*) FROM events)")
            .fetch_one(&mut *tx)
            .await
            .map_err(|e| broken(&e))?;
    if users > 0 {
        return Err(StoreError::Conflict("the database is not empty; restore into a new one".into()));
    }
    sqlx::query("DELETE FROM event_counter").execute(&mut *tx).await.map_err(|e| broken(&e))?;
    sqlx::query("DELETE FROM webhook_cursor").execute(&mut *tx).await.map_err(|e| broken(&e))?;
    sqlx::query("DELETE FROM organizations").execute(&mut *tx).await.map_err(|e| broken(&e))?;
    let mut done = 0;
    while done < TABLES.len() {
        let table: Table = serde_json::from_slice(&line(&mut lines).await?).map_err(|_| damaged())?;
        // Names go into SQL: only ours.
        if TABLES.get(done) != Some(&table.table.as_str()) {
            return Err(damaged());
        }
        let copy = format!("COPY {} ({}) FROM STDIN", table.table, quoted(&table.columns));
        let mut rows = tx.copy_in_raw(&copy).await.map_err(|e| broken(&e))?;
        loop {
            let row = line(&mut lines).await?;
            if row == b"\\.\n" {
                break;
            }
            if row.is_empty() {
                return Err(damaged());
            }
            rows.send(row).await.map_err(|e| broken(&e))?;
        }
        rows.finish().await.map_err(|e| broken(&e))?;
        done += 1;
    }
    for (table, column) in [
        ("call_events", "id"),
        ("decisions", "id"),
        ("audit", "id"),
        ("deliveries", "id"),
        ("call_texts", "number"),
    ] {
        let next = format!(
            "SELECT setval(pg_get_serial_sequence('{table}', '{column}'), COALESCE((SELECT MAX({column}) FROM {table}), 0) + 1, FALSE)"
        );
        sqlx::query(sqlx::AssertSqlSafe(next)).execute(&mut *tx).await.map_err(|e| broken(&e))?;
    }
    tx.commit().await.map_err(|e| broken(&e))
}

/// One line with its end, at most 64 MiB of it.
async fn line(lines: &mut BufReader<File>) -> StoreResult<Vec<u8>> {
    let mut line = Vec::new();
    lines.take(64 << 20).read_until(b'\n', &mut line).await.map_err(|e| broken(&e))?;
    Ok(line)
}
