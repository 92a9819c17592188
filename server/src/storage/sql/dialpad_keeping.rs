//! What of Dialpad's calls is forgotten: a person's, and what is older than is kept.

use super::Conn;
use super::dialpad_legs::{LegRow, delete_by, legs_by, lock, save_legs};
use crate::domain::dialpad::leg::{Fact, Facts};
use sqlx::types::Json;
use std::collections::BTreeMap;

/// Nobody's number is known of a person's calls any more, and it is not learned again.
pub(super) async fn erase(conn: &mut Conn, organization: &str, phone: &str) -> Result<u64, sqlx::Error> {
    lock(conn).await?;
    let roots: Vec<i64> =
        sqlx::query_scalar("SELECT id FROM dialpad_calls WHERE organization_id = $1 AND number = $2")
            .bind(organization)
            .bind(phone)
            .fetch_all(&mut *conn)
            .await?;
    let mut legs = legs_by(conn, organization, "root", &roots).await?;
    for (_, _, facts) in &mut legs {
        facts.0.erase_person();
    }
    save_legs(conn, organization, &legs).await?;
    delete_by(conn, organization, "dialpad_transcripts WHERE call_id", &roots).await?;
    sqlx::query("DELETE FROM dialpad_attempts WHERE organization_id = $1 AND number = $2")
        .bind(organization)
        .bind(phone)
        .execute(&mut *conn)
        .await?;
    sqlx::query("UPDATE dialpad_calls SET number = '', name = '', search = '' WHERE organization_id = $1 AND number = $2")
        .bind(organization)
        .bind(phone)
        .execute(conn)
        .await
        .map(|done| done.rows_affected())
}

/// What was said in calls that began before a moment goes, but for those of numbers under legal hold.
pub(super) async fn purge_transcripts(conn: &mut Conn, before: i64) -> Result<(), sqlx::Error> {
    lock(conn).await?;
    let old = "SELECT c.id FROM dialpad_calls c WHERE c.started_at < $1 AND c.organization_id = {t}.organization_id AND NOT EXISTS \
               (SELECT 1 FROM legal_holds h WHERE h.organization_id = c.organization_id AND h.phone = c.number)";
    let old_of = |table: &str| old.replace("{t}", table);
    let gone =
        format!("DELETE FROM dialpad_transcripts WHERE call_id IN ({})", old_of("dialpad_transcripts"));
    sqlx::query(sqlx::AssertSqlSafe(gone)).bind(before).execute(&mut *conn).await?;
    let told = format!(
        "SELECT organization_id, id, root, facts FROM dialpad_legs WHERE id > $2 AND CAST(facts AS TEXT) LIKE '%\"transcript\"%' \
         AND root IN ({}) ORDER BY id LIMIT 500",
        old_of("dialpad_legs")
    );
    let mut last = i64::MIN;
    loop {
        let legs: Vec<(String, i64, i64, Json<Facts>)> = sqlx::query_as(sqlx::AssertSqlSafe(told.clone()))
            .bind(before)
            .bind(last)
            .fetch_all(&mut *conn)
            .await?;
        let Some((_, id, ..)) = legs.last() else { return Ok(()) };
        last = *id;
        let mut by_organization: BTreeMap<String, Vec<LegRow>> = BTreeMap::new();
        for (organization, id, root, mut facts) in legs {
            if !facts.0.is_erased(Fact::Transcript) {
                facts.0.erase(&[Fact::Transcript]);
                by_organization.entry(organization).or_default().push((id, root, facts));
            }
        }
        for (organization, legs) in &by_organization {
            save_legs(conn, organization, legs).await?;
        }
    }
}

/// Calls that began before a moment go, but for those of numbers under legal hold; what agents did stays counted.
pub(super) async fn purge(conn: &mut Conn, before: i64, dry_run: bool) -> Result<u64, sqlx::Error> {
    const OLD: &str = "started_at < $1 AND status <> 'live' AND NOT EXISTS (SELECT 1 FROM legal_holds h \
                       WHERE h.organization_id = dialpad_calls.organization_id AND h.phone = dialpad_calls.number)";
    let run = |sql: String| sqlx::AssertSqlSafe(sql);
    let count: i64 = sqlx::query_scalar(run(format!("SELECT COUNT(*) FROM dialpad_calls WHERE {OLD}")))
        .bind(before)
        .fetch_one(&mut *conn)
        .await?;
    if !dry_run {
        lock(conn).await?;
        sqlx::query("DELETE FROM dialpad_attempts WHERE at < $1").bind(before).execute(&mut *conn).await?;
    }
    if !dry_run && count > 0 {
        let of = |table: &str, column: &str| {
            format!(
                "DELETE FROM {table} WHERE EXISTS (SELECT 1 FROM dialpad_calls WHERE dialpad_calls.organization_id = \
                 {table}.organization_id AND dialpad_calls.id = {table}.{column} AND {OLD})"
            )
        };
        for sql in [
            of("dialpad_legs", "root"),
            of("dialpad_parts", "call_id"),
            of("dialpad_transcripts", "call_id"),
            format!("DELETE FROM dialpad_calls WHERE {OLD}"),
        ] {
            sqlx::query(run(sql)).bind(before).execute(&mut *conn).await?;
        }
    }
    Ok(u64::try_from(count).unwrap_or_default())
}
