//! Leads of a VICIdial and contacts here: links, changes that wait, and what was disposed there.

use super::commit::{Applied, Stop};
use super::engine::BEGIN_WRITE;
use super::{Conn, Db, SqlStore, StoreResult, contacts, failed, law};
use crate::domain::contact::{Contact, NewContact};
use crate::domain::ending::far_future;
use crate::domain::lead_merge::Agreed;
use crate::domain::lead_sync::FIELDS;
use crate::storage::change::Happening;
use crate::storage::leads::{
    DO_NOT_CALL, ForeignCall, LeadChange, LeadRecord, LinkRow, Pair, PendingChange, STATUS, SeenLead, Settled,
};
use async_trait::async_trait;
use chrono::{DateTime, NaiveDateTime, Utc};
use dialdeck_protocol::{CampaignId, ContactId, ContactStatus, EventBody, OrganizationId};
use sqlx::types::Json;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Notes that something of a contact was changed here, for every VICIdial that knows it, but for the one that said so.
pub(super) async fn note(
    conn: &mut Conn,
    contact: ContactId,
    field: &str,
    value: &str,
    at: DateTime<Utc>,
    said_by: &str,
) -> Result<(), sqlx::Error> {
    let noted = sqlx::query(
        "INSERT INTO lead_changes (organization_id, vicidial, contact_id, field, value, at) \
         SELECT DISTINCT l.organization_id, l.vicidial, l.contact_id, $2, $3, $4 FROM lead_links l \
         WHERE l.contact_id = $1 AND l.vicidial <> $5 \
         ON CONFLICT (contact_id, vicidial, field) DO UPDATE SET value = excluded.value, at = excluded.at, tries = 0, \
         refused = ''",
    )
    .bind(contact.0)
    .bind(field)
    .bind(value)
    .bind(at.naive_utc())
    .bind(said_by)
    .execute(&mut *conn)
    .await?;
    if noted.rows_affected() > 0 {
        sqlx::query(
            "UPDATE lead_links SET dirty = TRUE, next_try_at = $2 WHERE contact_id = $1 AND vicidial <> $3",
        )
        .bind(contact.0)
        .bind(at.naive_utc())
        .bind(said_by)
        .execute(conn)
        .await?;
    }
    Ok(())
}

/// Notes what of a contact's person is about to be changed.
pub(super) async fn note_person(
    conn: &mut Conn,
    organization: &OrganizationId,
    id: ContactId,
    person: &NewContact,
    at: DateTime<Utc>,
) -> Result<(), Stop> {
    let linked: Option<i32> = sqlx::query_scalar("SELECT 1 FROM lead_links WHERE contact_id = $1 LIMIT 1")
        .bind(id.0)
        .fetch_optional(&mut *conn)
        .await?;
    if linked.is_none() {
        return Ok(());
    }
    let before = contacts::one(conn, organization, id).await;
    let before = before.map_err(|error| Stop::Failed(sqlx::Error::Protocol(error.to_string())))?;
    let Some(Contact { person: before, .. }) = before else { return Ok(()) };
    let custom: BTreeSet<&String> = before.custom_fields.keys().chain(person.custom_fields.keys()).collect();
    let custom = custom.into_iter().map(|name| format!("custom.{name}"));
    for field in FIELDS.iter().map(|field| (*field).to_owned()).chain(custom) {
        if before.field(&field) != person.field(&field) {
            note(conn, id, &field, "", at, "").await?;
        }
    }
    Ok(())
}

/// Notes that a number is never to be called again.
pub(super) async fn note_do_not_call(
    conn: &mut Conn,
    organization: &OrganizationId,
    phones: &[String],
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let mut query = sqlx::QueryBuilder::<Db>::new(
        "SELECT DISTINCT c.id FROM contacts c JOIN lead_links l ON l.contact_id = c.id WHERE c.organization_id = ",
    );
    query.push_bind(organization.0.clone()).push(" AND c.phone IN (");
    let mut numbers = query.separated(", ");
    for phone in phones {
        numbers.push_bind(phone.clone());
    }
    query.push(")");
    let linked: Vec<(Uuid,)> = query.build_query_as().fetch_all(&mut *conn).await?;
    for (contact,) in linked {
        note(conn, ContactId(contact), DO_NOT_CALL, "", at, "").await?;
    }
    Ok(())
}

/// A disposition of VICIdial's: a call in the history, and what becomes of the contact.
pub(super) async fn foreign_call(conn: &mut Conn, call: &ForeignCall) -> Applied {
    let Pair { organization_id, vicidial, campaign_id } = &call.pair;
    // Its agents took it for us: it stands there already.
    let channel = format!("vicidial/{vicidial}/");
    let ours: Option<String> = sqlx::query_scalar(
        "SELECT id FROM calls WHERE contact_id = $1 AND substr(channel_id, 1, $2) = $3 AND created_at < $4 AND updated_at > $5 \
         ORDER BY created_at DESC LIMIT 1",
    )
    .bind(call.contact_id.0)
    .bind(i32::try_from(channel.len()).unwrap_or(i32::MAX))
    .bind(&channel)
    .bind((call.placed_at + chrono::Duration::minutes(5)).naive_utc())
    .bind((call.placed_at - chrono::Duration::minutes(5)).naive_utc())
    .fetch_optional(&mut *conn)
    .await?;
    let id = ours.unwrap_or_else(|| call.call_id.0.clone());
    let answered = call.outcome.was_answered().then(|| call.placed_at.naive_utc());
    let made = sqlx::query(
        "INSERT INTO calls (id, organization_id, campaign_id, contact_id, status, outcome, duration, automated, to_number, \
         channel_id, created_at, updated_at, contact_name, detail, answered_at, owner, agent_name, disposition, taker) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, FALSE, $8, '', $9, $10, $11, $12, $13, $14, $15, $16, 'vicidial') \
         ON CONFLICT (id) DO UPDATE SET outcome = excluded.outcome, disposition = excluded.disposition, \
         updated_at = excluded.updated_at WHERE calls.organization_id = excluded.organization_id \
         AND calls.status NOT IN ('initiated', 'in_progress')",
    )
    .bind(&id)
    .bind(organization_id.as_str())
    .bind(campaign_id.0)
    .bind(call.contact_id.0)
    .bind(crate::domain::ending::status(call.outcome).as_str())
    .bind(call.outcome.as_str())
    .bind(call.duration)
    .bind(&call.phone)
    .bind(call.placed_at.naive_utc())
    .bind(call.at.naive_utc())
    .bind(&call.name)
    .bind(format!("placed by VICIdial {vicidial}"))
    .bind(answered)
    .bind(format!("vicidial-{vicidial}"))
    .bind(&call.agent)
    .bind(&call.status)
    .execute(&mut *conn)
    .await?
    .rows_affected();
    if made == 0 {
        return Ok(Vec::new());
    }
    let listed = law::is_listed(conn, organization_id.as_str(), &call.phone).await?;
    let status = if listed { ContactStatus::DoNotCall } else { call.contact.status };
    let next = if listed { far_future() } else { call.contact.next_attempt_at };
    sqlx::query(
        // Nobody who said no, or was not the one, is called again because a machine answered later.
        "UPDATE contacts SET status = $2, next_attempt_at = $3, held_reason = '', last_contacted = $4, attempts = attempts + 1 \
         WHERE id = $1 AND status NOT IN ('pending', 'do_not_call') AND (status IN ('new', 'retry', 'held') OR NOT $5)",
    )
    .bind(call.contact_id.0)
    .bind(status.as_str())
    .bind(next.naive_utc())
    .bind(call.placed_at.naive_utc())
    .bind(status == ContactStatus::Retry)
    .execute(&mut *conn)
    .await?;
    let value = format!("{}/{}", call.status, call.outcome);
    note(conn, call.contact_id, STATUS, &value, call.at, vicidial).await?;
    let key = crate::storage::CallKey {
        call_id: dialdeck_protocol::CallId(id),
        campaign_id: *campaign_id,
        organization_id: organization_id.clone(),
    };
    let body = EventBody::CallDisposed {
        disposition: call.status.clone(),
        outcome: call.outcome,
        agent: call.agent.clone(),
        contact_status: status,
    };
    Ok(vec![Happening::of_call(&key, call.at, body)])
}

async fn marked(
    conn: &mut Conn,
    vicidial: &str,
    what: &str,
    mark: &(i64, String),
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO lead_marks (vicidial, what, at, place) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (vicidial, what) DO UPDATE SET at = excluded.at, place = excluded.place",
    )
    .bind(vicidial)
    .bind(what)
    .bind(mark.0)
    .bind(&mark.1)
    .execute(conn)
    .await
    .map(|_| ())
}

#[async_trait]
impl LeadRecord for SqlStore {
    async fn lead_mark(&self, vicidial: &str, what: &str) -> StoreResult<Option<(i64, String)>> {
        sqlx::query_as("SELECT at, place FROM lead_marks WHERE vicidial = $1 AND what = $2")
            .bind(vicidial)
            .bind(what)
            .fetch_optional(&self.pool)
            .await
            .map_err(|e| failed(&e))
    }

    async fn leads_seen(
        &self,
        pair: &Pair,
        what: &str,
        mark: &(i64, String),
        leads: &[SeenLead],
        now: DateTime<Utc>,
    ) -> StoreResult<()> {
        let work = async {
            let mut tx = self.writer.begin_with(BEGIN_WRITE).await?;
            for lead in leads {
                sqlx::query(
                    "INSERT INTO lead_links (vicidial, lead_id, list_id, organization_id, campaign_id, contact_id, agreed, \
                     dirty, next_try_at) VALUES ($1, $2, $3, $4, $5, $6, $7, TRUE, $8) \
                     ON CONFLICT (vicidial, campaign_id, lead_id) DO UPDATE SET list_id = excluded.list_id, dirty = TRUE, \
                     next_try_at = excluded.next_try_at, \
                     agreed = CASE WHEN lead_links.contact_id = excluded.contact_id THEN lead_links.agreed ELSE excluded.agreed END, \
                     contact_id = excluded.contact_id",
                )
                .bind(&pair.vicidial)
                .bind(lead.lead_id)
                .bind(lead.list_id)
                .bind(pair.organization_id.as_str())
                .bind(pair.campaign_id.0)
                .bind(lead.contact_id.0)
                .bind(Json(BTreeMap::<String, Agreed>::new()))
                .bind(now.naive_utc())
                .execute(&mut *tx)
                .await?;
            }
            marked(&mut tx, &pair.vicidial, what, mark).await?;
            tx.commit().await
        };
        work.await.map_err(|e: sqlx::Error| failed(&e))
    }

    async fn mark_read(&self, vicidial: &str, what: &str, mark: &(i64, String)) -> StoreResult<()> {
        let mut conn = self.writer.acquire().await.map_err(|e| failed(&e))?;
        marked(&mut conn, vicidial, what, mark).await.map_err(|e| failed(&e))
    }

    async fn leads_due(&self, pair: &Pair, now: DateTime<Utc>, limit: i64) -> StoreResult<Vec<LinkRow>> {
        type Row = (i64, Uuid, Json<BTreeMap<String, Agreed>>, NaiveDateTime);
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT lead_id, contact_id, agreed, next_try_at FROM lead_links WHERE vicidial = $1 AND campaign_id = $2 AND dirty \
             AND next_try_at <= $3 ORDER BY next_try_at, lead_id LIMIT $4",
        )
        .bind(&pair.vicidial)
        .bind(pair.campaign_id.0)
        .bind(now.naive_utc())
        .bind(limit)
        .fetch_all(&self.pool)
        .await
        .map_err(|e| failed(&e))?;
        let mut links = Vec::with_capacity(rows.len());
        for (lead_id, contact, agreed, due) in rows {
            let changes: Vec<(String, String, NaiveDateTime, i32)> = sqlx::query_as(
                "SELECT field, value, at, tries FROM lead_changes WHERE contact_id = $1 AND vicidial = $2 ORDER BY id",
            )
            .bind(contact)
            .bind(&pair.vicidial)
            .fetch_all(&self.pool)
            .await
            .map_err(|e| failed(&e))?;
            let change = |(field, value, at, tries): (String, String, NaiveDateTime, i32)| LeadChange {
                field,
                value,
                at: at.and_utc(),
                tries,
            };
            links.push(LinkRow {
                lead_id,
                contact_id: ContactId(contact),
                agreed: agreed.0,
                changes: changes.into_iter().map(change).collect(),
                due_at: due.and_utc(),
            });
        }
        Ok(links)
    }

    async fn lead_settled(&self, pair: &Pair, settled: &Settled) -> StoreResult<()> {
        let work = async {
            let mut tx = self.writer.begin_with(BEGIN_WRITE).await?;
            for (field, at) in &settled.done {
                // What was changed once more meanwhile stays.
                sqlx::query(
                    "DELETE FROM lead_changes WHERE contact_id = $1 AND vicidial = $2 AND field = $3 AND at <= $4",
                )
                .bind(settled.contact_id.0)
                .bind(&pair.vicidial)
                .bind(field)
                .bind(at.naive_utc())
                .execute(&mut *tx)
                .await?;
            }
            for (field, why) in &settled.refused {
                sqlx::query(
                    "UPDATE lead_changes SET tries = tries + 1, refused = $4 WHERE contact_id = $1 AND vicidial = $2 \
                     AND field = $3",
                )
                .bind(settled.contact_id.0)
                .bind(&pair.vicidial)
                .bind(field)
                .bind(why)
                .execute(&mut *tx)
                .await?;
            }
            let again = settled.again_at.unwrap_or_else(far_future);
            // What was changed meanwhile made it due anew, and it stays so.
            sqlx::query(
                "UPDATE lead_links SET agreed = $4, dirty = CASE WHEN next_try_at = $7 THEN $5 ELSE dirty END, \
                 next_try_at = CASE WHEN next_try_at = $7 THEN $6 ELSE next_try_at END \
                 WHERE vicidial = $1 AND campaign_id = $2 AND lead_id = $3",
            )
            .bind(&pair.vicidial)
            .bind(pair.campaign_id.0)
            .bind(settled.lead_id)
            .bind(Json(&settled.agreed))
            .bind(settled.again_at.is_some())
            .bind(again.naive_utc())
            .bind(settled.due_at.naive_utc())
            .execute(&mut *tx)
            .await?;
            tx.commit().await
        };
        work.await.map_err(|e: sqlx::Error| failed(&e))
    }

    async fn contacts_numbered(
        &self,
        campaign: CampaignId,
        phones: &[String],
    ) -> StoreResult<BTreeMap<String, ContactId>> {
        if phones.is_empty() {
            return Ok(BTreeMap::new());
        }
        let mut query = sqlx::QueryBuilder::<Db>::new("SELECT phone, id FROM contacts WHERE campaign_id = ");
        query.push_bind(campaign.0).push(" AND phone IN (");
        let mut numbers = query.separated(", ");
        for phone in phones {
            numbers.push_bind(phone.clone());
        }
        query.push(")");
        let rows: Vec<(String, Uuid)> =
            query.build_query_as().fetch_all(&self.pool).await.map_err(|e| failed(&e))?;
        Ok(rows.into_iter().map(|(phone, id)| (phone, ContactId(id))).collect())
    }

    async fn not_listed(&self, organization: &OrganizationId, phones: &[String]) -> StoreResult<Vec<String>> {
        let mut fresh = Vec::new();
        for some in phones.chunks(500) {
            let mut query =
                sqlx::QueryBuilder::<Db>::new("SELECT phone FROM do_not_call WHERE organization_id = ");
            query.push_bind(organization.0.clone()).push(" AND phone IN (");
            let mut numbers = query.separated(", ");
            for phone in some {
                numbers.push_bind(phone.clone());
            }
            query.push(")");
            let listed: Vec<(String,)> =
                query.build_query_as().fetch_all(&self.pool).await.map_err(|e| failed(&e))?;
            let listed: BTreeSet<String> = listed.into_iter().map(|(phone,)| phone).collect();
            fresh.extend(some.iter().filter(|phone| !listed.contains(*phone)).cloned());
        }
        Ok(fresh)
    }

    async fn pending_changes(
        &self,
        organization: &OrganizationId,
        after: i64,
        limit: i64,
    ) -> StoreResult<Vec<PendingChange>> {
        type Row = (i64, String, Uuid, i64, String, String, NaiveDateTime, i32, String);
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT c.id, c.vicidial, l.campaign_id, l.lead_id, c.field, c.value, c.at, c.tries, c.refused \
             FROM lead_changes c JOIN lead_links l ON l.contact_id = c.contact_id AND l.vicidial = c.vicidial \
             WHERE c.organization_id = $1 AND c.id > $2 ORDER BY c.id, l.lead_id LIMIT $3",
        )
        .bind(organization.as_str())
        .bind(after)
        .bind(limit)
        .fetch_all(&self.pool)
        .await
        .map_err(|e| failed(&e))?;
        let noun = |(id, vicidial, campaign, lead_id, field, value, at, tries, refused): Row| PendingChange {
            id,
            vicidial,
            campaign_id: CampaignId(campaign),
            lead_id,
            field,
            value,
            at: at.and_utc(),
            tries,
            refused,
        };
        Ok(rows.into_iter().map(noun).collect())
    }

    async fn lead_counts(
        &self,
        organization: &OrganizationId,
    ) -> StoreResult<Vec<(String, CampaignId, i64, i64)>> {
        let rows: Vec<(String, Uuid, i64, i64)> = sqlx::query_as(
            "SELECT l.vicidial, l.campaign_id, COUNT(DISTINCT l.lead_id), COUNT(DISTINCT c.id) FROM lead_links l \
             LEFT JOIN lead_changes c ON c.contact_id = l.contact_id AND c.vicidial = l.vicidial \
             WHERE l.organization_id = $1 GROUP BY l.vicidial, l.campaign_id ORDER BY 1, 2",
        )
        .bind(organization.as_str())
        .fetch_all(&self.pool)
        .await
        .map_err(|e| failed(&e))?;
        let noun = |(vicidial, campaign, leads, waiting)| (vicidial, CampaignId(campaign), leads, waiting);
        Ok(rows.into_iter().map(noun).collect())
    }

    async fn retry_changes(
        &self,
        organization: &OrganizationId,
        id: Option<i64>,
        now: DateTime<Utc>,
    ) -> StoreResult<u64> {
        let done = sqlx::query(
            "UPDATE lead_links SET dirty = TRUE, next_try_at = $3 WHERE organization_id = $1 AND EXISTS \
             (SELECT 1 FROM lead_changes c WHERE c.contact_id = lead_links.contact_id \
             AND c.vicidial = lead_links.vicidial AND ($2 = 0 OR c.id = $2))",
        )
        .bind(organization.as_str())
        .bind(id.unwrap_or(0))
        .bind(now.naive_utc())
        .execute(&self.writer)
        .await
        .map_err(|e| failed(&e))?;
        Ok(done.rows_affected())
    }

    async fn drop_change(&self, organization: &OrganizationId, id: i64) -> StoreResult<bool> {
        let gone = sqlx::query(
            "DELETE FROM lead_changes WHERE organization_id = $1 AND id = $2 AND field <> 'do_not_call'",
        )
        .bind(organization.as_str())
        .bind(id)
        .execute(&self.writer)
        .await
        .map_err(|e| failed(&e))?;
        Ok(gone.rows_affected() > 0)
    }
}
