//! Recordings of calls.

use super::commit::Applied;
use super::{Conn, SqlStore, failed};
use crate::storage::StoreResult;
use crate::storage::recordings::{RecordingRecord, RecordingRow};
use async_trait::async_trait;
use chrono::{DateTime, NaiveDateTime, Utc};
use dialdeck_protocol::{CallId, OrganizationId};

type Row = (String, String, String, i32, i64, NaiveDateTime, Option<NaiveDateTime>);

const COLUMNS: &str = "r.call_id, r.organization_id, r.place, r.seconds, r.bytes, r.created_at, r.delete_at";

fn noun((call, organization, place, seconds, bytes, created, delete): Row) -> RecordingRow {
    RecordingRow {
        call_id: CallId(call),
        organization_id: OrganizationId(organization),
        place,
        seconds,
        bytes,
        created_at: created.and_utc(),
        delete_at: delete.map(|at| at.and_utc()),
    }
}

/// Keeps a recording's place. One of a person who was erased meanwhile goes at once.
pub(super) async fn save(conn: &mut Conn, row: &RecordingRow) -> Applied {
    sqlx::query(
        "INSERT INTO recordings (call_id, organization_id, place, seconds, bytes, created_at, delete_at) \
         VALUES ($1, $2, $3, $4, $5, $6, CASE WHEN EXISTS (SELECT 1 FROM calls WHERE id = $1 AND to_number = $8) \
         THEN $6 ELSE $7 END)",
    )
    .bind(row.call_id.as_str())
    .bind(row.organization_id.as_str())
    .bind(&row.place)
    .bind(row.seconds)
    .bind(row.bytes)
    .bind(row.created_at.naive_utc())
    .bind(row.delete_at.map(|at| at.naive_utc()))
    .bind(super::upkeep::ERASED)
    .execute(conn)
    .await?;
    Ok(Vec::new())
}

/// Forgets one that is gone from the shelf.
pub(super) async fn forget(conn: &mut Conn, call: &CallId) -> Applied {
    sqlx::query("DELETE FROM recordings WHERE call_id = $1").bind(call.as_str()).execute(conn).await?;
    Ok(Vec::new())
}

/// Lets those of a number go, before it is taken out of its calls.
pub(super) async fn erase(
    conn: &mut Conn,
    organization: &str,
    phone: &str,
    now: NaiveDateTime,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE recordings SET delete_at = $3 WHERE call_id IN \
         (SELECT id FROM calls WHERE organization_id = $1 AND to_number = $2)",
    )
    .bind(organization)
    .bind(phone)
    .bind(now)
    .execute(conn)
    .await?;
    Ok(())
}

#[async_trait]
impl RecordingRecord for SqlStore {
    async fn recording(
        &self,
        organization: &OrganizationId,
        call: &CallId,
    ) -> StoreResult<Option<RecordingRow>> {
        let sql =
            format!("SELECT {COLUMNS} FROM recordings r WHERE r.organization_id = $1 AND r.call_id = $2");
        let row: Option<Row> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .bind(organization.as_str())
            .bind(call.as_str())
            .fetch_optional(&self.pool)
            .await
            .map_err(|e| failed(&e))?;
        Ok(row.map(noun))
    }

    async fn recordings_due(
        &self,
        now: DateTime<Utc>,
        after: &str,
        limit: i64,
    ) -> StoreResult<Vec<RecordingRow>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM recordings r LEFT JOIN calls c ON c.id = r.call_id \
             WHERE r.call_id > $2 AND (r.delete_at <= $1 OR c.id IS NULL) AND NOT EXISTS (SELECT 1 FROM legal_holds h \
             WHERE h.organization_id = c.organization_id AND h.phone = c.to_number) ORDER BY r.call_id LIMIT $3"
        );
        let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .bind(now.naive_utc())
            .bind(after)
            .bind(limit)
            .fetch_all(&self.pool)
            .await
            .map_err(|e| failed(&e))?;
        Ok(rows.into_iter().map(noun).collect())
    }
}
