//! What happened: calls, exchanges, events, counts, and the snapshot that consoles start from.

use super::engine::{self, BEGIN_SNAPSHOT, search_words};
use super::row::{Call, Live, Queue};
use super::{Conn, Db, SqlStore, StoreResult, failed, word};
use crate::storage::{CallRecord, LiveCall, QueueRow, StoreError};
use chrono::{DateTime, NaiveDateTime, Utc};
use dialdeck_protocol::{
    CallCounts, CallFilter, CallId, CallRow, CampaignId, CampaignRow, Event, Exchange, HistoryRow,
    OrganizationId, QueueState, Snapshot,
};
use sqlx::types::Json;
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

const CALLS: &str = "SELECT c.id, c.campaign_id, c.contact_id, c.status, c.outcome, c.duration, c.transcript, \
                     c.emotion, c.csat_score, c.cost, c.from_number, c.to_number, c.channel_id, c.created_at, \
                     c.contact_name, c.contact_company, c.detail, c.answered_at, c.agent_name, c.disposition, c.summary, \
                     k.status AS contact_status, \
                     EXISTS (SELECT 1 FROM recordings r WHERE r.call_id = c.id) AS recorded \
                     FROM calls c LEFT JOIN contacts k ON k.id = c.contact_id WHERE c.organization_id = ";

/// Events kept in a snapshot's way: a console that missed more than this takes a new snapshot instead.
const LIVE_CALLS: i64 = 2000;

/// A page's place: time and id of its last call, or the number of its last hit.
enum Place {
    Call(NaiveDateTime, String),
    Hit(i64),
}

impl Place {
    fn parse(text: &str) -> Option<Self> {
        if let Some(number) = text.strip_prefix('n') {
            return number.parse().ok().map(Self::Hit);
        }
        let (micros, id) = text.split_once('.')?;
        let at = DateTime::from_timestamp_micros(micros.parse().ok()?)?;
        Some(Self::Call(at.naive_utc(), id.to_owned()))
    }
}

pub(super) async fn calls(
    conn: &mut Conn,
    organization: &OrganizationId,
    filter: &CallFilter,
    within: Option<&BTreeSet<CampaignId>>,
) -> StoreResult<(Vec<HistoryRow>, Option<String>)> {
    let limit = i64::from(filter.limit.unwrap_or(50).clamp(1, 500));
    let place = filter.after.as_deref().map(|text| {
        Place::parse(text).ok_or_else(|| {
            StoreError::Invalid("after is no place of ours; give back what came as next, unchanged".into())
        })
    });
    let place = place.transpose()?;
    if let Some(text) = filter.text.as_deref().filter(|t| !t.trim().is_empty()) {
        let before = if let Some(Place::Hit(number)) = place { number } else { i64::MAX };
        return search(conn, organization, filter, within, text, before, limit).await;
    }
    let mut query = sqlx::QueryBuilder::<Db>::new(CALLS);
    query.push_bind(organization.0.clone());
    narrow(&mut query, filter, within);
    if let Some(Place::Call(at, id)) = place {
        query.push(" AND (c.created_at, c.id) < (").push_bind(at).push(", ").push_bind(id).push(")");
    }
    query.push(" ORDER BY c.created_at DESC, c.id DESC LIMIT ").push_bind(limit);
    query.push(" OFFSET ").push_bind(i64::from(filter.offset.unwrap_or(0)));
    let rows: Vec<Call> = query.build_query_as().fetch_all(conn).await.map_err(|e| failed(&e))?;
    let full = i64::try_from(rows.len()).unwrap_or_default() == limit;
    let next = rows.last().filter(|_| full);
    let next = next.map(|row| format!("{}.{}", row.created_at.and_utc().timestamp_micros(), row.id));
    let rows: StoreResult<Vec<_>> = rows.into_iter().map(Call::history).collect();
    Ok((rows?, next))
}

fn narrow(query: &mut sqlx::QueryBuilder<Db>, filter: &CallFilter, within: Option<&BTreeSet<CampaignId>>) {
    if let Some(id) = filter.campaign_id {
        query.push(" AND c.campaign_id = ").push_bind(id.0);
    }
    if let Some(within) = within {
        query.push(" AND c.campaign_id IN (");
        let mut ids = query.separated(", ");
        for id in within {
            ids.push_bind(id.0);
        }
        if within.is_empty() {
            ids.push("NULL");
        }
        query.push(")");
    }
    if let Some(id) = filter.contact_id {
        query.push(" AND c.contact_id = ").push_bind(id.0);
    }
    if let Some(outcome) = filter.outcome {
        query.push(" AND c.outcome = ").push_bind(outcome.as_str());
    }
    if let Some(emotion) = filter.emotion {
        query.push(" AND c.emotion = ").push_bind(emotion.as_str());
    }
    if let Some(status) = filter.status {
        query.push(" AND c.status = ").push_bind(status.as_str());
    }
    if let Some(agent) = &filter.agent {
        // As the index has it, which holds only calls of agents.
        query.push(" AND c.agent_name <> '' AND c.agent_name = ").push_bind(agent.clone());
    }
    if let Some(from) = filter.from {
        query.push(" AND c.created_at >= ").push_bind(from.naive_utc());
    }
    if let Some(to) = filter.to {
        query.push(" AND c.created_at < ").push_bind(to.naive_utc());
    }
}

/// Looks up hits a page at a time until enough of them pass the filter too, or there are no more. One request looks
/// at a bounded number of hits and gives the place where it stopped.
async fn search(
    conn: &mut Conn,
    organization: &OrganizationId,
    filter: &CallFilter,
    within: Option<&BTreeSet<CampaignId>>,
    text: &str,
    mut before: i64,
    limit: i64,
) -> StoreResult<(Vec<HistoryRow>, Option<String>)> {
    let wanted = usize::try_from(limit).unwrap_or_default();
    let mut found = Vec::new();
    for _ in 0..20 {
        let hits =
            search_words(conn, organization.as_str(), text, before, limit).await.map_err(|e| failed(&e))?;
        let Some((last, _)) = hits.last() else { return Ok((found, None)) };
        let (last, exhausted) = (*last, hits.len() < wanted);
        let mut query = sqlx::QueryBuilder::<Db>::new(CALLS);
        query.push_bind(organization.0.clone());
        narrow(&mut query, filter, within);
        query.push(" AND c.id IN (");
        let mut ids = query.separated(", ");
        for (_, id) in &hits {
            ids.push_bind(id.clone());
        }
        query.push(")");
        let rows: Vec<Call> = query.build_query_as().fetch_all(&mut *conn).await.map_err(|e| failed(&e))?;
        let mut rows: HashMap<String, Call> = rows.into_iter().map(|row| (row.id.clone(), row)).collect();
        for (number, id) in hits {
            if let Some(row) = rows.remove(&id) {
                found.push(row.history()?);
            }
            before = number;
            if found.len() == wanted {
                return Ok((found, Some(format!("n{number}"))));
            }
        }
        if exhausted {
            return Ok((found, None));
        }
        before = before.min(last);
    }
    Ok((found, Some(format!("n{before}"))))
}

pub(super) async fn call(
    conn: &mut Conn,
    organization: &OrganizationId,
    id: &CallId,
) -> StoreResult<Option<CallRecord>> {
    let mut query = sqlx::QueryBuilder::<Db>::new(CALLS);
    query.push_bind(organization.0.clone()).push(" AND c.id = ").push_bind(id.0.clone());
    let row: Option<Call> = query.build_query_as().fetch_optional(conn).await.map_err(|e| failed(&e))?;
    row.map(Call::noun).transpose()
}

pub(super) async fn exchanges(conn: &mut Conn, call: &CallId) -> StoreResult<Vec<Exchange>> {
    let rows: Vec<(Json<Exchange>,)> = sqlx::query_as(
        "SELECT event_data FROM call_events WHERE call_id = $1 AND event_type = 'ai_conversation' ORDER BY id",
    )
    .bind(call.as_str())
    .fetch_all(conn)
    .await
    .map_err(|e| failed(&e))?;
    Ok(rows.into_iter().map(|(json,)| json.0).collect())
}

pub(super) async fn live_calls(conn: &mut Conn, owner: &str) -> StoreResult<Vec<LiveCall>> {
    let rows: Vec<Live> = sqlx::query_as(
        "SELECT id, organization_id, campaign_id, contact_id, attempt, to_number, channel_id, answered_at, taker, \
         connected_at FROM calls WHERE owner = $1 AND status IN ('initiated', 'in_progress') ORDER BY created_at",
    )
    .bind(owner)
    .fetch_all(conn)
    .await
    .map_err(|e| failed(&e))?;
    Ok(rows.into_iter().map(Live::noun).collect())
}

pub(super) async fn counts(conn: &mut Conn, campaign: CampaignId) -> Result<CallCounts, sqlx::Error> {
    let by_status: Vec<(String, i64)> =
        sqlx::query_as("SELECT status, COUNT(*) FROM contacts WHERE campaign_id = $1 GROUP BY status")
            .bind(campaign.0)
            .fetch_all(&mut *conn)
            .await?;
    let totals: Option<(i64, i64)> =
        sqlx::query_as("SELECT successful_calls, failed_calls FROM queues WHERE campaign_id = $1")
            .bind(campaign.0)
            .fetch_optional(conn)
            .await?;
    let (successful, failed) = totals.unwrap_or_default();
    let mut counts = CallCounts { successful, failed, ..CallCounts::default() };
    for (status, number) in by_status {
        counts.total += number;
        match status.as_str() {
            "contacted" | "completed" | "failed" | "do_not_call" => counts.processed += number,
            "held" => counts.held += number,
            _ => {}
        }
    }
    Ok(counts)
}

pub(super) async fn queue(conn: &mut Conn, campaign: CampaignId) -> StoreResult<Option<QueueRow>> {
    let row: Option<Queue> = sqlx::query_as(
        "SELECT state, reason, phone_number_id, review_after, started_calls, last_call_at, next_call_at FROM queues \
         WHERE campaign_id = $1",
    )
    .bind(campaign.0)
    .fetch_optional(conn)
    .await
    .map_err(|e| failed(&e))?;
    row.map(Queue::noun).transpose()
}

#[derive(sqlx::FromRow)]
struct EventRow {
    seq: i64,
    organization_id: String,
    campaign_id: Option<Uuid>,
    call_id: Option<String>,
    body: Json<dialdeck_protocol::EventBody>,
    at: NaiveDateTime,
}

impl EventRow {
    fn noun(self) -> Event {
        Event {
            seq: self.seq,
            at: self.at.and_utc(),
            organization_id: OrganizationId(self.organization_id),
            campaign_id: self.campaign_id.map(CampaignId),
            call_id: self.call_id.map(CallId),
            body: self.body.0,
        }
    }
}

pub(super) async fn events_after(
    conn: &mut Conn,
    organization: &OrganizationId,
    seq: i64,
    limit: i64,
) -> StoreResult<Vec<Event>> {
    let rows: Vec<EventRow> = sqlx::query_as(
        "SELECT seq, organization_id, campaign_id, call_id, body, at FROM events \
         WHERE seq > $1 AND organization_id IN ($2, '') ORDER BY seq LIMIT $3",
    )
    .bind(seq)
    .bind(organization.as_str())
    .bind(limit)
    .fetch_all(conn)
    .await
    .map_err(|e| failed(&e))?;
    Ok(rows.into_iter().map(EventRow::noun).collect())
}

pub(super) async fn all_events_after(conn: &mut Conn, seq: i64, limit: i64) -> StoreResult<Vec<Event>> {
    let rows: Vec<EventRow> = sqlx::query_as(
        "SELECT seq, organization_id, campaign_id, call_id, body, at FROM events WHERE seq > $1 ORDER BY seq LIMIT $2",
    )
    .bind(seq)
    .bind(limit)
    .fetch_all(conn)
    .await
    .map_err(|e| failed(&e))?;
    Ok(rows.into_iter().map(EventRow::noun).collect())
}

pub(super) async fn last_seq(conn: &mut Conn) -> StoreResult<i64> {
    sqlx::query_scalar(engine::LAST_SEQ).fetch_one(conn).await.map_err(|e| failed(&e))
}

impl SqlStore {
    pub(super) async fn take_snapshot(
        &self,
        organization: &OrganizationId,
        now: DateTime<Utc>,
    ) -> StoreResult<Snapshot> {
        let mut tx = self.pool.begin_with(BEGIN_SNAPSHOT).await.map_err(|e| failed(&e))?;
        let seq = last_seq(&mut tx).await?;
        let mut campaigns = Vec::new();
        for campaign in super::store::campaigns(&mut tx, organization).await? {
            let queue = queue(&mut tx, campaign.id).await?;
            campaigns.push(CampaignRow {
                counts: counts(&mut tx, campaign.id).await.map_err(|e| failed(&e))?,
                id: campaign.id,
                name: campaign.name,
                kind: campaign.kind,
                status: campaign.status,
                call_settings: campaign.call_settings,
                queue: queue.as_ref().map_or(QueueState::Stopped, |q| q.state),
                next_call_at: queue.as_ref().and_then(|q| q.next_call_at),
                reason: queue.map(|q| q.reason).unwrap_or_default(),
                latency: None,
            });
        }
        let mut query = sqlx::QueryBuilder::<Db>::new(CALLS);
        query.push_bind(organization.0.clone());
        query
            .push(" AND c.status IN ('initiated', 'in_progress') ORDER BY c.created_at LIMIT ")
            .push_bind(LIVE_CALLS);
        let rows: Vec<Call> = query.build_query_as().fetch_all(&mut *tx).await.map_err(|e| failed(&e))?;
        let mut calls = Vec::with_capacity(rows.len());
        for row in rows {
            calls.push(live_row(&mut tx, row).await?);
        }
        let agents = super::agents::logged_in(&mut tx, organization).await?;
        tx.rollback().await.map_err(|e| failed(&e))?;
        Ok(Snapshot { seq, now, campaigns, calls, agents, parts: Vec::new() })
    }
}

async fn live_row(conn: &mut Conn, row: Call) -> StoreResult<CallRow> {
    let id = CallId(row.id);
    let exchanges = exchanges(conn, &id).await?;
    let last = exchanges.iter().rev().find(|e| !e.user_input.is_empty());
    Ok(CallRow {
        campaign_id: row
            .campaign_id
            .map(CampaignId)
            .ok_or_else(|| StoreError::Unreadable(format!("call {id} is in flight without a campaign")))?,
        name: row.contact_name,
        company: row.contact_company,
        phone: row.to_number,
        status: word(&row.status)?,
        detail: row.detail,
        started_at: row.created_at.and_utc(),
        answered_at: row.answered_at.map(|t| t.and_utc()),
        agent: row.agent_name,
        summary: row.summary,
        intent: last.map(|e| e.intent),
        emotion: last.map(|e| e.emotion),
        exchanges,
        id,
    })
}
