//! Retention, one person's data, imports under way; backup is the engine's own.

use super::engine::{self, BEGIN_SNAPSHOT, BEGIN_WRITE};
use super::{Conn, SqlStore, StoreResult, failed};
use crate::domain::phone::Phone;
use crate::storage::StoreError;
use crate::storage::upkeep::{Census, Erased, ImportRow, PersonRecord, Purged, Retention, Upkeep};
use async_trait::async_trait;
use chrono::{DateTime, NaiveDateTime, Utc};
use dialdeck_protocol::{CampaignId, ImportId, OrganizationId};
use serde_json::{Value, json};
use sqlx::types::Json;
use std::path::Path;
use std::time::Duration;
use uuid::Uuid;

/// Between two steps of a merge.
const BREATH: Duration = Duration::from_millis(5);
/// Calls that may go or be emptied: over, and their number not under legal hold.
const FREE: &str = "status NOT IN ('initiated', 'in_progress') AND NOT EXISTS (SELECT 1 FROM legal_holds h \
                    WHERE h.organization_id = calls.organization_id AND h.phone = calls.to_number)";

/// Runs a change for each of these conditions, or counts what it would change.
async fn swept(
    conn: &mut Conn,
    dry_run: bool,
    table: &'static str,
    verb: &'static str,
    condition: &str,
    before: DateTime<Utc>,
) -> Result<u64, sqlx::Error> {
    let sql = if dry_run {
        format!("SELECT COUNT(*) FROM {table} WHERE {condition}")
    } else {
        format!("{verb} WHERE {condition}")
    };
    // Table, verb and condition are constants of this file.
    let sql = sqlx::AssertSqlSafe(sql);
    if dry_run {
        let count: i64 = sqlx::query_scalar(sql).bind(before.naive_utc()).fetch_one(&mut *conn).await?;
        Ok(u64::try_from(count).unwrap_or_default())
    } else {
        Ok(sqlx::query(sql).bind(before.naive_utc()).execute(&mut *conn).await?.rows_affected())
    }
}

async fn purge(conn: &mut Conn, retention: &Retention, dry_run: bool) -> Result<Purged, sqlx::Error> {
    let mut purged = Purged::default();
    if let Some(before) = retention.events {
        let condition = "at < $1 AND (call_id IS NULL OR call_id NOT IN (SELECT c.id FROM calls c JOIN legal_holds h \
                         ON h.organization_id = c.organization_id AND h.phone = c.to_number))";
        purged.events = swept(conn, dry_run, "events", "DELETE FROM events", condition, before).await?;
    }
    if let Some(before) = retention.transcripts {
        let of_these = format!("call_id IN (SELECT id FROM calls WHERE created_at < $1 AND {FREE})");
        if !dry_run {
            swept(conn, false, "call_texts", "DELETE FROM call_texts", &of_these, before).await?;
            super::dialpad_keeping::purge_transcripts(conn, before.timestamp_millis()).await?;
            let told =
                format!("type IN ('conversation_turn', 'call_ended', 'call_handed_over') AND {of_these}");
            swept(conn, false, "events", "DELETE FROM events", &told, before).await?;
            let said = format!("event_type IN ('ai_conversation', 'agent_connected') AND {of_these}");
            swept(conn, false, "call_events", "DELETE FROM call_events", &said, before).await?;
        }
        let verb = "UPDATE calls SET transcript = '', ai_insights = NULL, note = '', summary = ''";
        let condition =
            format!("created_at < $1 AND (transcript <> '' OR note <> '' OR summary <> '') AND {FREE}");
        purged.transcripts = swept(conn, dry_run, "calls", verb, &condition, before).await?;
    }
    if let Some(before) = retention.calls {
        let of_these = format!("call_id IN (SELECT id FROM calls WHERE created_at < $1 AND {FREE})");
        if !dry_run {
            swept(conn, false, "events", "DELETE FROM events", &of_these, before).await?;
            swept(conn, false, "decisions", "DELETE FROM decisions", &of_these, before).await?;
            // Those that held a contact, and led to no call.
            let held = "call_id IS NULL AND decided_at < $1 AND NOT EXISTS (SELECT 1 FROM legal_holds h \
                        WHERE h.organization_id = decisions.organization_id AND h.phone = decisions.phone)";
            swept(conn, false, "decisions", "DELETE FROM decisions", held, before).await?;
        }
        let condition = format!("created_at < $1 AND {FREE}");
        purged.calls = swept(conn, dry_run, "calls", "DELETE FROM calls", &condition, before).await?;
        purged.calls += super::dialpad_keeping::purge(conn, before.timestamp_millis(), dry_run).await?;
    }
    for (table, verb, condition) in [
        ("sessions", "DELETE FROM sessions", "(expires_at < $1 OR revoked_at < $1)"),
        ("api_tokens", "DELETE FROM api_tokens", "(expires_at < $1 OR revoked_at < $1)"),
        ("idempotency", "DELETE FROM idempotency", "created_at < $1"),
        ("deliveries", "DELETE FROM deliveries", "status <> 'pending' AND created_at < $1"),
        ("imports", "DELETE FROM imports", "created_at < $1"),
        ("agent_log", "DELETE FROM agent_log", "at < $1"),
        ("do_not_call", "DELETE FROM do_not_call", "expires_at < $1"),
        ("campaign_do_not_call", "DELETE FROM campaign_do_not_call", "expires_at < $1"),
    ] {
        purged.housekeeping += swept(conn, dry_run, table, verb, condition, retention.housekeeping).await?;
    }
    Ok(purged)
}

type CallOfPerson =
    (String, String, Option<String>, i32, String, String, NaiveDateTime, String, String, String);

async fn person(conn: &mut Conn, organization: &OrganizationId, phone: &str) -> StoreResult<PersonRecord> {
    let org = organization.as_str();
    let contacts: Vec<Value> = super::contacts::of_number(conn, organization, phone)
        .await?
        .into_iter()
        .map(|c| {
            json!({ "id": c.id, "campaignId": c.campaign_id, "firstName": c.person.first_name,
                    "lastName": c.person.last_name, "email": c.person.email, "company": c.person.company,
                    "alternatePhones": c.person.alternates.iter().map(Phone::as_str).collect::<Vec<_>>(),
                    "state": c.person.state, "postalCode": c.person.postal_code, "timezone": c.person.timezone,
                    "consent": c.person.consent, "customFields": c.person.custom_fields, "status": c.status,
                    "attempts": c.attempts, "createdAt": c.created_at })
        })
        .collect();
    let rows: Vec<CallOfPerson> = sqlx::query_as(
        "SELECT id, status, outcome, duration, transcript, from_number, created_at, agent_name, disposition, note FROM calls \
         WHERE organization_id = $1 AND to_number = $2 ORDER BY created_at, id",
    )
    .bind(org)
    .bind(phone)
    .fetch_all(&mut *conn)
    .await
    .map_err(|e| failed(&e))?;
    let mut calls = Vec::with_capacity(rows.len());
    for (id, status, outcome, duration, transcript, from, at, agent, disposition, note) in rows {
        let events: Vec<(String, Json<Value>, NaiveDateTime)> = sqlx::query_as(
            "SELECT event_type, event_data, timestamp FROM call_events WHERE call_id = $1 ORDER BY id",
        )
        .bind(&id)
        .fetch_all(&mut *conn)
        .await
        .map_err(|e| failed(&e))?;
        let events: Vec<Value> = events
            .into_iter()
            .map(|(kind, data, at)| json!({ "type": kind, "data": data.0, "at": at.and_utc() }))
            .collect();
        calls.push(json!({ "id": id, "status": status, "outcome": outcome, "duration": duration,
                           "transcript": transcript, "from": from, "createdAt": at.and_utc(), "events": events,
                           "agent": agent, "disposition": disposition, "note": note }));
    }
    let decisions: Vec<(String, String, NaiveDateTime)> = sqlx::query_as(
        "SELECT rule, reason, decided_at FROM decisions WHERE organization_id = $1 AND phone = $2 ORDER BY id",
    )
    .bind(org)
    .bind(phone)
    .fetch_all(&mut *conn)
    .await
    .map_err(|e| failed(&e))?;
    let listed: Option<(String, NaiveDateTime)> = sqlx::query_as(
        "SELECT source, created_at FROM do_not_call WHERE organization_id = $1 AND phone = $2",
    )
    .bind(org)
    .bind(phone)
    .fetch_optional(&mut *conn)
    .await
    .map_err(|e| failed(&e))?;
    let held: Option<String> =
        sqlx::query_scalar("SELECT reason FROM legal_holds WHERE organization_id = $1 AND phone = $2")
            .bind(org)
            .bind(phone)
            .fetch_optional(&mut *conn)
            .await
            .map_err(|e| failed(&e))?;
    let dialpad = super::dialpad_calls::of_person(conn, org, phone).await?;
    Ok(json!({
        "phone": phone,
        "contacts": contacts,
        "calls": calls,
        "dialpadCalls": dialpad,
        "decisions": decisions.into_iter()
            .map(|(rule, reason, at)| json!({ "rule": rule, "reason": reason, "decidedAt": at.and_utc() }))
            .collect::<Vec<_>>(),
        "doNotCall": listed.map(|(source, at)| json!({ "source": source, "createdAt": at.and_utc() })),
        "legalHold": held,
    }))
}

/// What stands where a number stood.
pub(super) const ERASED: &str = "erased";

async fn erase(conn: &mut Conn, org: &str, phone: &str) -> Result<Option<Erased>, sqlx::Error> {
    // This locks whoever has it: a call that is about to begin waits for us, or we for it.
    sqlx::query(
        "UPDATE contacts SET phone = phone WHERE organization_id = $1 \
         AND (phone = $2 OR ' ' || alternates || ' ' LIKE '% ' || $2 || ' %')",
    )
    .bind(org)
    .bind(phone)
    .execute(&mut *conn)
    .await?;
    let blocked: Option<i32> = sqlx::query_scalar(
        "SELECT 1 FROM legal_holds WHERE organization_id = $1 AND phone = $2 UNION ALL \
         SELECT 1 FROM calls WHERE organization_id = $1 AND to_number = $2 AND status IN ('initiated', 'in_progress') \
         UNION ALL SELECT 1 FROM calls k JOIN contacts c ON c.id = k.contact_id WHERE k.organization_id = $1 \
         AND k.status IN ('initiated', 'in_progress') \
         AND (c.phone = $2 OR ' ' || c.alternates || ' ' LIKE '% ' || $2 || ' %') LIMIT 1",
    )
    .bind(org)
    .bind(phone)
    .fetch_optional(&mut *conn)
    .await?;
    if blocked.is_some() {
        return Ok(None);
    }
    let mut counts = [0; 6];
    for (count, sql) in counts.iter_mut().zip([
        "DELETE FROM events WHERE call_id IN (SELECT id FROM calls WHERE organization_id = $1 AND to_number = $2)",
        "DELETE FROM call_texts WHERE call_id IN (SELECT id FROM calls WHERE organization_id = $1 AND to_number = $2)",
        "DELETE FROM call_events WHERE call_id IN (SELECT id FROM calls WHERE organization_id = $1 AND to_number = $2)",
        "DELETE FROM contacts WHERE organization_id = $1 AND phone = $2",
        // Another contact may have it beside its own.
        "UPDATE contacts SET number_turn = 0, dead_numbers = '', \
         alternates = TRIM(REPLACE(' ' || alternates || ' ', ' ' || $2 || ' ', ' ')) \
         WHERE organization_id = $1 AND ' ' || alternates || ' ' LIKE '% ' || $2 || ' %'",
        // That a decision was made, and by which rule, stays; whom it was about goes.
        "UPDATE decisions SET phone = 'erased', reason = '', facts = '{}' WHERE organization_id = $1 AND phone = $2",
    ]) {
        *count = sqlx::query(sql).bind(org).bind(phone).execute(&mut *conn).await?.rows_affected();
    }
    sqlx::query("DELETE FROM idempotency WHERE organization_id = $1 AND body LIKE $2")
        .bind(org)
        .bind(format!("%{phone}%"))
        .execute(&mut *conn)
        .await?;
    let dialpad = super::dialpad_keeping::erase(conn, org, phone).await?;
    super::recordings::erase(conn, org, phone, Utc::now().naive_utc()).await?;
    let calls = sqlx::query(
        "UPDATE calls SET to_number = $3, contact_name = '', contact_company = '', transcript = '', note = '', summary = '', \
         ai_insights = NULL, detail = '', subject = '' WHERE organization_id = $1 AND to_number = $2",
    )
    .bind(org)
    .bind(phone)
    .bind(ERASED)
    .execute(conn)
    .await?
    .rows_affected();
    Ok(Some(Erased { events: counts[0], contacts: counts[3], calls: calls + dialpad }))
}

type ImportListed = (Uuid, Option<Uuid>, i64, i64, i64, NaiveDateTime, Option<NaiveDateTime>);

fn import_row((id, campaign, rows_done, imported, rejected, created, finished): ImportListed) -> ImportRow {
    ImportRow {
        id: ImportId(id),
        campaign_id: campaign.map(CampaignId),
        rows_done,
        imported,
        rejected,
        created_at: created.and_utc(),
        finished_at: finished.map(|t| t.and_utc()),
    }
}

#[async_trait]
impl Upkeep for SqlStore {
    async fn backup(&self, to: &Path) -> StoreResult<u64> {
        if to.exists() {
            return Err(StoreError::Conflict(format!("{} is there already; name a new file", to.display())));
        }
        engine::backup(&self.pool, to).await
    }

    async fn purge(&self, retention: &Retention, dry_run: bool) -> StoreResult<Purged> {
        let mut tx = self.pool.begin_with(BEGIN_WRITE).await.map_err(|e| failed(&e))?;
        let purged = purge(&mut tx, retention, dry_run).await.map_err(|e| failed(&e))?;
        tx.commit().await.map_err(|e| failed(&e))?;
        Ok(purged)
    }

    async fn merge_words(&self) -> StoreResult<()> {
        let mut begins = true;
        // A step holds the write lock; between two of them whoever waits has it.
        loop {
            let mut conn = self.writer.take().await.map_err(|e| failed(&e))?;
            if !engine::merge_words(&mut conn, begins).await.map_err(|e| failed(&e))? {
                return Ok(());
            }
            drop(conn);
            begins = false;
            tokio::time::sleep(BREATH).await;
        }
    }

    async fn person(&self, organization: &OrganizationId, phone: &str) -> StoreResult<PersonRecord> {
        let mut tx = self.pool.begin_with(BEGIN_SNAPSHOT).await.map_err(|e| failed(&e))?;
        let known = person(&mut tx, organization, phone).await?;
        tx.rollback().await.map_err(|e| failed(&e))?;
        Ok(known)
    }

    async fn erase(&self, organization: &OrganizationId, phone: &str) -> StoreResult<Erased> {
        let mut tx = self.pool.begin_with(BEGIN_WRITE).await.map_err(|e| failed(&e))?;
        let erased = erase(&mut tx, organization.as_str(), phone).await.map_err(|e| failed(&e))?;
        let erased = erased.ok_or_else(|| {
            StoreError::Conflict(
                "the number is under legal hold, or whoever has it is in a call at this moment".into(),
            )
        })?;
        tx.commit().await.map_err(|e| failed(&e))?;
        Ok(erased)
    }

    async fn import_state(
        &self,
        organization: &OrganizationId,
        id: ImportId,
    ) -> StoreResult<Option<ImportRow>> {
        let row: Option<ImportListed> = sqlx::query_as(
            "SELECT id, campaign_id, rows_done, imported, rejected, created_at, finished_at FROM imports \
             WHERE organization_id = $1 AND id = $2",
        )
        .bind(organization.as_str())
        .bind(id.0)
        .fetch_optional(&self.pool)
        .await
        .map_err(|e| failed(&e))?;
        Ok(row.map(import_row))
    }

    async fn imports(&self, organization: &OrganizationId, limit: i64) -> StoreResult<Vec<ImportRow>> {
        let rows: Vec<ImportListed> = sqlx::query_as(
            "SELECT id, campaign_id, rows_done, imported, rejected, created_at, finished_at FROM imports \
             WHERE organization_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2",
        )
        .bind(organization.as_str())
        .bind(limit)
        .fetch_all(&self.pool)
        .await
        .map_err(|e| failed(&e))?;
        Ok(rows.into_iter().map(import_row).collect())
    }

    async fn census(&self) -> StoreResult<Census> {
        let idle = u32::try_from(self.pool.num_idle()).unwrap_or_default();
        let used = self.pool.size().saturating_sub(idle);
        let limit = self.pool.options().get_max_connections();
        let calls = sqlx::query_as(
            "SELECT status, COUNT(*) FROM calls WHERE status IN ('initiated', 'in_progress') GROUP BY status",
        )
        .fetch_all(&self.pool)
        .await
        .map_err(|e| failed(&e))?;
        let queues = sqlx::query_as("SELECT state, COUNT(*) FROM queues GROUP BY state")
            .fetch_all(&self.pool)
            .await
            .map_err(|e| failed(&e))?;
        let bytes = engine::size(&self.pool).await.map_err(|e| failed(&e))?;
        Ok(Census { bytes, used, limit, calls, queues })
    }
}
