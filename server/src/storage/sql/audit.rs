//! The audit log: each line carries the hash of the one before it, so that a line changed or removed shows.

use super::commit::Applied;
use super::{Conn, StoreResult, failed};
use crate::storage::{AuditEntry, AuditLine};
use chrono::NaiveDateTime;
use dialdeck_protocol::OrganizationId;
use sha2::{Digest, Sha256};
use sqlx::types::Json;

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    organization_id: String,
    at: NaiveDateTime,
    actor: String,
    command: String,
    target: String,
    detail: Json<serde_json::Value>,
    result: String,
    previous_hash: String,
    hash: String,
}

impl Row {
    fn line(self) -> AuditLine {
        AuditLine {
            id: self.id,
            entry: AuditEntry {
                organization_id: OrganizationId(self.organization_id),
                at: self.at.and_utc(),
                actor: self.actor,
                command: self.command,
                target: self.target,
                detail: self.detail.0,
                result: self.result,
            },
            previous_hash: self.previous_hash,
            hash: self.hash,
        }
    }
}

/// Each part with its length before it, so that no two entries read alike.
fn hash(previous: &str, entry: &AuditEntry) -> String {
    let mut sha = Sha256::new();
    let at = entry.at.timestamp_micros().to_string();
    let detail = entry.detail.to_string();
    for part in [
        previous,
        entry.organization_id.as_str(),
        &at,
        &entry.actor,
        &entry.command,
        &entry.target,
        &detail,
        &entry.result,
    ] {
        sha.update(part.len().to_string());
        sha.update(":");
        sha.update(part);
    }
    hex::encode(sha.finalize())
}

pub(super) async fn append(conn: &mut Conn, entry: &AuditEntry) -> Applied {
    // The event counter's row is the lock that orders writers on PostgreSQL; SQLite has one writer anyway.
    sqlx::query("UPDATE event_counter SET value = value WHERE id = 1").execute(&mut *conn).await?;
    let previous: Option<String> = sqlx::query_scalar("SELECT hash FROM audit ORDER BY id DESC LIMIT 1")
        .fetch_optional(&mut *conn)
        .await?;
    let previous = previous.unwrap_or_default();
    // Hashed as it will be read again: PostgreSQL keeps microseconds.
    let micros = entry.at.timestamp_micros();
    let entry = AuditEntry {
        at: chrono::DateTime::from_timestamp_micros(micros).unwrap_or(entry.at),
        ..entry.clone()
    };
    sqlx::query(
        "INSERT INTO audit (organization_id, at, actor, command, target, detail, result, previous_hash, hash) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(entry.organization_id.as_str())
    .bind(entry.at.naive_utc())
    .bind(&entry.actor)
    .bind(&entry.command)
    .bind(&entry.target)
    .bind(Json(&entry.detail))
    .bind(&entry.result)
    .bind(&previous)
    .bind(hash(&previous, &entry))
    .execute(conn)
    .await?;
    Ok(Vec::new())
}

const ALL: &str =
    "SELECT id, organization_id, at, actor, command, target, detail, result, previous_hash, hash FROM audit";

pub(super) async fn newest(
    conn: &mut Conn,
    organization: &OrganizationId,
    before: Option<i64>,
    limit: i64,
) -> StoreResult<Vec<AuditLine>> {
    let mut query = sqlx::QueryBuilder::<super::Db>::new(ALL);
    query.push(" WHERE organization_id = ").push_bind(organization.0.clone());
    if let Some(before) = before {
        query.push(" AND id < ").push_bind(before);
    }
    query.push(" ORDER BY id DESC LIMIT ").push_bind(limit);
    let rows: Vec<Row> = query.build_query_as().fetch_all(conn).await.map_err(|e| failed(&e))?;
    Ok(rows.into_iter().map(Row::line).collect())
}

pub(super) async fn verify(conn: &mut Conn) -> StoreResult<Result<i64, i64>> {
    let (mut last, mut previous, mut count) = (0, String::new(), 0);
    loop {
        let mut query = sqlx::QueryBuilder::<super::Db>::new(ALL);
        query.push(" WHERE id > ").push_bind(last).push(" ORDER BY id LIMIT 1000");
        let rows: Vec<Row> = query.build_query_as().fetch_all(&mut *conn).await.map_err(|e| failed(&e))?;
        if rows.is_empty() {
            return Ok(Ok(count));
        }
        for line in rows.into_iter().map(Row::line) {
            if line.previous_hash != previous || hash(&previous, &line.entry) != line.hash {
                return Ok(Err(line.id));
            }
            (last, previous, count) = (line.id, line.hash, count + 1);
        }
    }
}
