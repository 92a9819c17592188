//! Catalog, callbacks, holds and deliveries.

use super::commit::Applied;
use super::engine::BEGIN_WRITE;
use super::{Conn, Db, SqlStore, StoreResult, contacts, failed, history};
use crate::domain::callback::{Callback, CallbackStatus};
use crate::domain::contact::{Consent, Contact};
use crate::storage::change::Happening;
use crate::storage::keeping::{CallbackFilter, DeliveryRow, EntryRow, HoldRow, Keeping, NewDelivery};
use crate::storage::{Refusal, StoreError};
use async_trait::async_trait;
use chrono::{DateTime, NaiveDateTime, Utc};
use dialdeck_protocol::{
    CallbackId, CampaignId, ContactId, EntryId, Event, EventBody, OrganizationId, UserId,
};
use sqlx::Connection;
use sqlx::types::Json;
use uuid::Uuid;

#[derive(sqlx::FromRow)]
struct Entry {
    id: Uuid,
    organization_id: String,
    kind: String,
    campaign_id: Option<Uuid>,
    name: String,
    body: Json<serde_json::Value>,
    secret: String,
    created_at: NaiveDateTime,
    updated_at: NaiveDateTime,
}

impl Entry {
    fn noun(self) -> EntryRow {
        EntryRow {
            id: EntryId(self.id),
            organization_id: OrganizationId(self.organization_id),
            kind: self.kind,
            campaign_id: self.campaign_id.map(CampaignId),
            name: self.name,
            body: self.body.0,
            secret: self.secret,
            created_at: self.created_at.and_utc(),
            updated_at: self.updated_at.and_utc(),
        }
    }
}

const ENTRIES: &str = "SELECT id, organization_id, kind, campaign_id, name, body, secret, created_at, updated_at \
                       FROM catalog WHERE ";

fn catalog_event(entry: &EntryRow, change: &str, at: DateTime<Utc>) -> Vec<Happening> {
    vec![Happening {
        organization_id: entry.organization_id.clone(),
        campaign_id: entry.campaign_id,
        call_id: None,
        at,
        body: EventBody::CatalogChanged {
            kind: entry.kind.clone(),
            name: entry.name.clone(),
            change: change.to_owned(),
        },
    }]
}

pub(super) async fn save_entry(conn: &mut Conn, entry: &EntryRow, at: DateTime<Utc>) -> Applied {
    // Looked for first: a violated constraint would take the neighbours of this deed with it.
    let taken: Option<i32> = sqlx::query_scalar(
        "SELECT 1 FROM catalog WHERE organization_id = $1 AND kind = $2 AND name = $3 AND id <> $4 \
         AND campaign_id IS NOT DISTINCT FROM $5",
    )
    .bind(entry.organization_id.as_str())
    .bind(&entry.kind)
    .bind(&entry.name)
    .bind(entry.id.0)
    .bind(entry.campaign_id.map(|c| c.0))
    .fetch_optional(&mut *conn)
    .await?;
    if taken.is_some() {
        return Err(Refusal::InUse("another of this name is there already").into());
    }
    sqlx::query(
        "INSERT INTO catalog (id, organization_id, kind, campaign_id, name, body, secret, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8) \
         ON CONFLICT (id) DO UPDATE SET campaign_id = excluded.campaign_id, name = excluded.name, \
         body = excluded.body, secret = excluded.secret, updated_at = excluded.updated_at \
         WHERE catalog.organization_id = excluded.organization_id AND catalog.kind = excluded.kind",
    )
    .bind(entry.id.0)
    .bind(entry.organization_id.as_str())
    .bind(&entry.kind)
    .bind(entry.campaign_id.map(|c| c.0))
    .bind(&entry.name)
    .bind(Json(&entry.body))
    .bind(&entry.secret)
    .bind(at.naive_utc())
    .execute(conn)
    .await?;
    Ok(catalog_event(entry, "saved", at))
}

pub(super) async fn delete_entry(conn: &mut Conn, entry: &EntryRow, at: DateTime<Utc>) -> Applied {
    let gone = sqlx::query("DELETE FROM catalog WHERE organization_id = $1 AND kind = $2 AND id = $3")
        .bind(entry.organization_id.as_str())
        .bind(&entry.kind)
        .bind(entry.id.0)
        .execute(conn)
        .await?;
    if gone.rows_affected() == 0 {
        return Err(Refusal::NotFound("the entry").into());
    }
    Ok(catalog_event(entry, "deleted", at))
}

#[derive(sqlx::FromRow)]
struct CallbackRow {
    id: Uuid,
    organization_id: String,
    campaign_id: Uuid,
    contact_id: Uuid,
    user_id: Option<Uuid>,
    due_at: NaiveDateTime,
    timezone: String,
    note: String,
    status: String,
    created_at: NaiveDateTime,
}

impl CallbackRow {
    fn noun(self) -> StoreResult<Callback> {
        let status = CallbackStatus::from_word(&self.status)
            .ok_or_else(|| StoreError::Unreadable(format!("callback status {:?}", self.status)))?;
        Ok(Callback {
            id: CallbackId(self.id),
            organization_id: OrganizationId(self.organization_id),
            campaign_id: CampaignId(self.campaign_id),
            contact_id: ContactId(self.contact_id),
            user_id: self.user_id.map(UserId),
            due_at: self.due_at.and_utc(),
            timezone: self.timezone,
            note: self.note,
            status,
            created_at: self.created_at.and_utc(),
        })
    }
}

const CALLBACKS: &str = "SELECT id, organization_id, campaign_id, contact_id, user_id, due_at, timezone, note, \
                         status, created_at FROM callbacks WHERE organization_id = ";

pub(super) async fn save_callback(conn: &mut Conn, callback: &Callback, at: DateTime<Utc>) -> Applied {
    sqlx::query(
        "INSERT INTO callbacks (id, organization_id, campaign_id, contact_id, user_id, due_at, timezone, note, status, \
         created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
         ON CONFLICT (id) DO UPDATE SET user_id = excluded.user_id, due_at = excluded.due_at, \
         timezone = excluded.timezone, note = excluded.note, status = excluded.status, updated_at = excluded.updated_at \
         WHERE callbacks.organization_id = excluded.organization_id",
    )
    .bind(callback.id.0)
    .bind(callback.organization_id.as_str())
    .bind(callback.campaign_id.0)
    .bind(callback.contact_id.0)
    .bind(callback.user_id.map(|u| u.0))
    .bind(callback.due_at.naive_utc())
    .bind(&callback.timezone)
    .bind(&callback.note)
    .bind(callback.status.as_str())
    .bind(callback.created_at.naive_utc())
    .bind(at.naive_utc())
    .execute(conn)
    .await?;
    let body = EventBody::CallbackChanged {
        callback_id: callback.id,
        due_at: callback.due_at,
        change: callback.status.as_str().to_owned(),
    };
    Ok(vec![Happening::of_campaign(&callback.organization_id, callback.campaign_id, at, body)])
}

/// Gives or takes consent for a number, in all campaigns; what was held is looked at afresh.
pub(super) async fn set_consent(
    conn: &mut Conn,
    organization: &OrganizationId,
    phone: &str,
    consent: Option<&Consent>,
    at: DateTime<Utc>,
) -> Applied {
    // It is given for the number it was given for, and withdrawn for whoever may be called on it.
    let withdrawn = consent.is_none();
    let changed = sqlx::query(
        "UPDATE contacts SET consent_basis = $3, consent_at = $4, consent_source = $5, \
         next_attempt_at = CASE WHEN status = 'held' THEN $6 ELSE next_attempt_at END \
         WHERE organization_id = $1 AND (phone = $2 OR ($7 AND ' ' || alternates || ' ' LIKE '% ' || $2 || ' %'))",
    )
    .bind(organization.as_str())
    .bind(phone)
    .bind(consent.map_or("", |c| c.basis.as_str()))
    .bind(consent.and_then(|c| c.at).map(|t| t.naive_utc()))
    .bind(consent.map_or("", |c| c.source.as_str()))
    .bind(at.naive_utc())
    .bind(withdrawn)
    .execute(conn)
    .await?;
    if changed.rows_affected() == 0 {
        return Err(Refusal::NotFound("a contact with this number").into());
    }
    Ok(vec![Happening {
        organization_id: organization.clone(),
        campaign_id: None,
        call_id: None,
        at,
        body: EventBody::ConsentChanged { given: consent.is_some() },
    }])
}

#[derive(sqlx::FromRow)]
struct Delivery {
    id: i64,
    organization_id: String,
    webhook_id: Uuid,
    seq: i64,
    #[sqlx(rename = "type")]
    event_type: String,
    attempts: i32,
    status: String,
    response: Option<i32>,
    error: String,
    created_at: NaiveDateTime,
    next_attempt_at: NaiveDateTime,
}

impl Delivery {
    fn noun(self) -> DeliveryRow {
        DeliveryRow {
            id: self.id,
            organization_id: OrganizationId(self.organization_id),
            webhook_id: EntryId(self.webhook_id),
            seq: self.seq,
            event_type: self.event_type,
            attempts: self.attempts,
            status: self.status,
            response: self.response,
            error: self.error,
            created_at: self.created_at.and_utc(),
            next_attempt_at: self.next_attempt_at.and_utc(),
        }
    }
}

const DELIVERIES: &str = "SELECT id, organization_id, webhook_id, seq, type, attempts, status, response, error, \
                          created_at, next_attempt_at FROM deliveries WHERE ";

async fn put_deliveries(
    conn: &mut Conn,
    cursor: i64,
    deliveries: &[NewDelivery],
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    for some in deliveries.chunks(500) {
        let mut insert = sqlx::QueryBuilder::<Db>::new(
            "INSERT INTO deliveries (organization_id, webhook_id, seq, type, status, created_at, next_attempt_at) ",
        );
        insert.push_values(some, |mut row, (organization, webhook, seq, kind)| {
            row.push_bind(organization.0.clone())
                .push_bind(webhook.0)
                .push_bind(*seq)
                .push_bind(kind.clone())
                .push_bind("pending")
                .push_bind(now.naive_utc())
                .push_bind(now.naive_utc());
        });
        insert.push(" ON CONFLICT (webhook_id, seq) DO NOTHING");
        insert.build().execute(&mut *conn).await?;
    }
    sqlx::query(
        "INSERT INTO webhook_cursor (id, seq) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET seq = excluded.seq",
    )
    .bind(cursor)
    .execute(conn)
    .await?;
    Ok(())
}

#[async_trait]
impl Keeping for SqlStore {
    async fn entries(
        &self,
        organization: &OrganizationId,
        kind: &str,
        campaign: Option<CampaignId>,
        after: Option<EntryId>,
        limit: i64,
    ) -> StoreResult<Vec<EntryRow>> {
        let mut query = sqlx::QueryBuilder::<Db>::new(ENTRIES);
        query.push("organization_id = ").push_bind(organization.0.clone());
        query.push(" AND kind = ").push_bind(kind.to_owned());
        if let Some(campaign) = campaign {
            query.push(" AND (campaign_id IS NULL OR campaign_id = ").push_bind(campaign.0).push(")");
        }
        if let Some(after) = after {
            query.push(" AND id > ").push_bind(after.0);
        }
        query.push(" ORDER BY id LIMIT ").push_bind(limit);
        let rows: Vec<Entry> = query.build_query_as().fetch_all(&self.pool).await.map_err(|e| failed(&e))?;
        Ok(rows.into_iter().map(Entry::noun).collect())
    }

    async fn entry(
        &self,
        organization: &OrganizationId,
        kind: &str,
        id: EntryId,
    ) -> StoreResult<Option<EntryRow>> {
        let mut query = sqlx::QueryBuilder::<Db>::new(ENTRIES);
        query.push("organization_id = ").push_bind(organization.0.clone());
        query.push(" AND kind = ").push_bind(kind.to_owned()).push(" AND id = ").push_bind(id.0);
        let row: Option<Entry> =
            query.build_query_as().fetch_optional(&self.pool).await.map_err(|e| failed(&e))?;
        Ok(row.map(Entry::noun))
    }

    async fn entries_everywhere(&self, kind: &str) -> StoreResult<Vec<EntryRow>> {
        let mut query = sqlx::QueryBuilder::<Db>::new(ENTRIES);
        query.push("kind = ").push_bind(kind.to_owned()).push(" ORDER BY id");
        let rows: Vec<Entry> = query.build_query_as().fetch_all(&self.pool).await.map_err(|e| failed(&e))?;
        Ok(rows.into_iter().map(Entry::noun).collect())
    }

    async fn callbacks(
        &self,
        organization: &OrganizationId,
        filter: &CallbackFilter,
    ) -> StoreResult<Vec<Callback>> {
        let mut query = sqlx::QueryBuilder::<Db>::new(CALLBACKS);
        query.push_bind(organization.0.clone());
        if let Some(status) = filter.status {
            query.push(" AND status = ").push_bind(status.as_str());
        }
        if let Some(campaign) = filter.campaign_id {
            query.push(" AND campaign_id = ").push_bind(campaign.0);
        }
        if let Some(user) = filter.user_id {
            query.push(" AND (user_id IS NULL OR user_id = ").push_bind(user.0).push(")");
        }
        if let Some(before) = filter.due_before {
            query.push(" AND due_at < ").push_bind(before.naive_utc());
        }
        if let Some((due, id)) = filter.after {
            query.push(" AND (due_at, id) > (").push_bind(due.naive_utc());
            query.push(", ").push_bind(id.0).push(")");
        }
        query.push(" ORDER BY due_at, id LIMIT ").push_bind(filter.limit);
        let rows: Vec<CallbackRow> =
            query.build_query_as().fetch_all(&self.pool).await.map_err(|e| failed(&e))?;
        rows.into_iter().map(CallbackRow::noun).collect()
    }

    async fn callback(&self, organization: &OrganizationId, id: CallbackId) -> StoreResult<Option<Callback>> {
        let mut query = sqlx::QueryBuilder::<Db>::new(CALLBACKS);
        query.push_bind(organization.0.clone()).push(" AND id = ").push_bind(id.0);
        let row: Option<CallbackRow> =
            query.build_query_as().fetch_optional(&self.pool).await.map_err(|e| failed(&e))?;
        row.map(CallbackRow::noun).transpose()
    }

    async fn contacts_of(&self, organization: &OrganizationId, phone: &str) -> StoreResult<Vec<Contact>> {
        contacts::of_number(&mut *self.conn().await?, organization, phone).await
    }

    async fn holds(&self, organization: &OrganizationId) -> StoreResult<Vec<HoldRow>> {
        let rows: Vec<(String, String, String, NaiveDateTime)> = sqlx::query_as(
            "SELECT phone, reason, placed_by, created_at FROM legal_holds WHERE organization_id = $1 ORDER BY phone",
        )
        .bind(organization.as_str())
        .fetch_all(&self.pool)
        .await
        .map_err(|e| failed(&e))?;
        let shown = |(phone, reason, placed_by, at): (String, String, String, NaiveDateTime)| HoldRow {
            phone,
            reason,
            placed_by,
            created_at: at.and_utc(),
        };
        Ok(rows.into_iter().map(shown).collect())
    }

    async fn place_hold(&self, organization: &OrganizationId, hold: &HoldRow) -> StoreResult<()> {
        sqlx::query(
            "INSERT INTO legal_holds (organization_id, phone, reason, placed_by, created_at) \
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (organization_id, phone) DO UPDATE SET reason = excluded.reason",
        )
        .bind(organization.as_str())
        .bind(&hold.phone)
        .bind(&hold.reason)
        .bind(&hold.placed_by)
        .bind(hold.created_at.naive_utc())
        .execute(&self.pool)
        .await
        .map_err(|e| failed(&e))?;
        Ok(())
    }

    async fn lift_hold(&self, organization: &OrganizationId, phone: &str) -> StoreResult<bool> {
        let gone = sqlx::query("DELETE FROM legal_holds WHERE organization_id = $1 AND phone = $2")
            .bind(organization.as_str())
            .bind(phone)
            .execute(&self.pool)
            .await
            .map_err(|e| failed(&e))?;
        Ok(gone.rows_affected() > 0)
    }

    async fn webhook_cursor(&self) -> StoreResult<Option<i64>> {
        sqlx::query_scalar("SELECT seq FROM webhook_cursor WHERE id = 1")
            .fetch_optional(&self.pool)
            .await
            .map_err(|e| failed(&e))
    }

    async fn all_events_after(&self, seq: i64, limit: i64) -> StoreResult<Vec<Event>> {
        history::all_events_after(&mut *self.conn().await?, seq, limit).await
    }

    async fn queue_deliveries(
        &self,
        cursor: i64,
        deliveries: &[NewDelivery],
        now: DateTime<Utc>,
    ) -> StoreResult<()> {
        let mut conn = self.writer.take().await.map_err(|e| failed(&e))?;
        let mut tx = conn.begin_with(BEGIN_WRITE).await.map_err(|e| failed(&e))?;
        put_deliveries(&mut tx, cursor, deliveries, now).await.map_err(|e| failed(&e))?;
        tx.commit().await.map_err(|e| failed(&e))
    }

    async fn due_deliveries(&self, now: DateTime<Utc>, limit: i64) -> StoreResult<Vec<DeliveryRow>> {
        let mut query = sqlx::QueryBuilder::<Db>::new(DELIVERIES);
        query.push("status = 'pending' AND next_attempt_at <= ").push_bind(now.naive_utc());
        query.push(" ORDER BY next_attempt_at, id LIMIT ").push_bind(limit);
        let rows: Vec<Delivery> =
            query.build_query_as().fetch_all(&self.pool).await.map_err(|e| failed(&e))?;
        Ok(rows.into_iter().map(Delivery::noun).collect())
    }

    async fn next_delivery(&self) -> StoreResult<Option<DateTime<Utc>>> {
        let next: Option<NaiveDateTime> = sqlx::query_scalar(
            "SELECT next_attempt_at FROM deliveries WHERE status = 'pending' ORDER BY next_attempt_at, id LIMIT 1",
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(|e| failed(&e))?;
        Ok(next.map(|t| t.and_utc()))
    }

    async fn note_delivery(&self, delivery: &DeliveryRow) -> StoreResult<()> {
        sqlx::query(
            "UPDATE deliveries SET attempts = $2, status = $3, response = $4, error = $5, next_attempt_at = $6 \
             WHERE id = $1",
        )
        .bind(delivery.id)
        .bind(delivery.attempts)
        .bind(&delivery.status)
        .bind(delivery.response)
        .bind(&delivery.error)
        .bind(delivery.next_attempt_at.naive_utc())
        .execute(&self.pool)
        .await
        .map_err(|e| failed(&e))?;
        Ok(())
    }

    async fn deliveries(
        &self,
        organization: &OrganizationId,
        webhook: EntryId,
        before: Option<i64>,
        limit: i64,
    ) -> StoreResult<Vec<DeliveryRow>> {
        let mut query = sqlx::QueryBuilder::<Db>::new(DELIVERIES);
        query.push("organization_id = ").push_bind(organization.0.clone());
        query.push(" AND webhook_id = ").push_bind(webhook.0);
        if let Some(before) = before {
            query.push(" AND id < ").push_bind(before);
        }
        query.push(" ORDER BY id DESC LIMIT ").push_bind(limit);
        let rows: Vec<Delivery> =
            query.build_query_as().fetch_all(&self.pool).await.map_err(|e| failed(&e))?;
        Ok(rows.into_iter().map(Delivery::noun).collect())
    }

    async fn event(&self, organization: &OrganizationId, seq: i64) -> StoreResult<Option<Event>> {
        let found = history::events_after(&mut *self.conn().await?, organization, seq - 1, 1).await?;
        Ok(found.into_iter().next().filter(|event| event.seq == seq))
    }
}
