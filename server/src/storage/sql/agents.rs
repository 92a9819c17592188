//! Agents' places, what they did, and what they said came of their calls.

use super::commit::Applied;
use super::engine::Amount;
use super::{Conn, SqlStore, failed, law, word};
use crate::storage::agents::{AgentRecord, Disposable, Dispose, Heap, PastCall, SeatRow};
use crate::storage::change::Happening;
use crate::storage::{CallKey, Refusal, StoreResult};
use async_trait::async_trait;
use chrono::{DateTime, NaiveDateTime, Utc};
use dialdeck_protocol::dashboard::Tally;
use dialdeck_protocol::{
    AgentRow, AgentState, CallId, CallStatus, CampaignId, ContactId, EventBody, OrganizationId, Outcome,
    UserId,
};
use sqlx::types::Json;
use uuid::Uuid;

pub(super) async fn save_seat(conn: &mut Conn, seat: &SeatRow, at: DateTime<Utc>) -> Applied {
    let agent = &seat.agent;
    let before: Option<(i64, String, Json<AgentRow>)> =
        sqlx::query_as("SELECT version, state, body FROM agent_seats WHERE user_id = $1")
            .bind(agent.user_id.0)
            .fetch_optional(&mut *conn)
            .await?;
    // A late word does not undo a newer one.
    if before.as_ref().is_some_and(|(version, _, _)| *version >= seat.version) {
        return Ok(Vec::new());
    }
    sqlx::query(
        "INSERT INTO agent_seats (user_id, organization_id, owner, leg, state, version, body) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (user_id) DO UPDATE SET organization_id = excluded.organization_id, \
         owner = excluded.owner, leg = excluded.leg, state = excluded.state, version = excluded.version, body = excluded.body",
    )
    .bind(agent.user_id.0)
    .bind(seat.organization_id.as_str())
    .bind(&seat.owner)
    .bind(&seat.leg)
    .bind(agent.state.as_str())
    .bind(seat.version)
    .bind(Json(agent))
    .execute(&mut *conn)
    .await?;
    let same = before.is_some_and(|(_, state, row)| {
        state == agent.state.as_str() && row.since == agent.since && row.pause_code == agent.pause_code
    });
    if !same {
        sqlx::query(
            "INSERT INTO agent_log (organization_id, user_id, state, pause_code, campaign_id, call_id, at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(seat.organization_id.as_str())
        .bind(agent.user_id.0)
        .bind(agent.state.as_str())
        .bind(&agent.pause_code)
        .bind(agent.campaign_id.map(|id| id.0))
        .bind(agent.call_id.as_ref().map(CallId::as_str))
        .bind(at.naive_utc())
        .execute(conn)
        .await?;
    }
    let told = |campaign_id, agent| Happening {
        organization_id: seat.organization_id.clone(),
        campaign_id,
        call_id: None,
        at,
        body: EventBody::AgentStatusUpdate { agent },
    };
    // Whom they talk to is for those who may see the campaign; the others are told without it, and first.
    let mut told_all = vec![told(None, agent.redacted())];
    if agent.campaign_id.is_some() {
        told_all.push(told(agent.campaign_id, agent.clone()));
    }
    Ok(told_all)
}

pub(super) async fn connected(
    conn: &mut Conn,
    key: &CallKey,
    user: Option<UserId>,
    name: &str,
    summary: &str,
    at: DateTime<Utc>,
) -> Applied {
    let detail = format!("with {name}");
    let changed = sqlx::query(
        "UPDATE calls SET agent_id = COALESCE($2, agent_id), agent_name = $3, connected_at = COALESCE(connected_at, $4), summary = $5, \
         status = 'in_progress', detail = $6, updated_at = $4, answered_at = COALESCE(answered_at, $4) \
         WHERE id = $1 AND status IN ('initiated', 'in_progress')",
    )
    .bind(key.call_id.as_str())
    .bind(user.map(|user| user.0))
    .bind(name)
    .bind(at.naive_utc())
    .bind(summary)
    .bind(&detail)
    .execute(&mut *conn)
    .await?
    .rows_affected();
    if changed == 0 {
        return Err(Refusal::Settled.into());
    }
    let data = serde_json::json!({ "agent": name, "summary": summary });
    super::calls::record(conn, key, "agent_connected", data, at).await?;
    let status = EventBody::CallStatusUpdate { status: CallStatus::InProgress, detail };
    let handed = EventBody::CallHandedOver { agent: name.to_owned(), summary: summary.to_owned() };
    Ok(vec![Happening::of_call(key, at, handed), Happening::of_call(key, at, status)])
}

pub(super) async fn dispose(conn: &mut Conn, said: &Dispose) -> Applied {
    type Before = (Option<String>, Option<NaiveDateTime>, Option<String>, Option<String>);
    let before: Option<Before> =
        sqlx::query_as("SELECT contact_after, contact_after_at, outcome, status FROM calls WHERE id = $1")
            .bind(said.key.call_id.as_str())
            .fetch_optional(&mut *conn)
            .await?;
    let (status_before, time_before, outcome_before, call_status) = before.unwrap_or_default();
    let found: Option<(String,)> = sqlx::query_as(
        "UPDATE calls SET outcome = $2, disposition = $3, note = $4, disposed_at = $5, \
         contact_after = $8, contact_after_at = $9 \
         WHERE id = $1 AND organization_id = $6 AND agent_id = $7 AND (NOT $10 OR disposed_at IS NULL) \
         RETURNING to_number",
    )
    .bind(said.key.call_id.as_str())
    .bind(said.outcome.as_str())
    .bind(&said.disposition)
    .bind(&said.note)
    .bind(said.at.naive_utc())
    .bind(said.key.organization_id.as_str())
    .bind(said.user_id.0)
    .bind(said.contact.status.as_str())
    .bind(said.contact.next_attempt_at.naive_utc())
    .bind(said.by_itself)
    .fetch_optional(&mut *conn)
    .await?;
    let Some((number,)) = found else { return Err(Refusal::NotFound("the call").into()) };
    let (organization, campaign) = (said.key.organization_id.as_str(), said.key.campaign_id);
    // A call that is over was counted by what it had come to then; one that goes on is counted at its end.
    let over = call_status.as_deref().map(word::<CallStatus>).transpose().ok().flatten();
    if over.is_some_and(CallStatus::is_final) {
        let was = outcome_before.and_then(|outcome| outcome.parse::<Outcome>().ok());
        let change = i64::from(said.outcome.is_success()) - i64::from(was.is_some_and(Outcome::is_success));
        sqlx::query("UPDATE queues SET successful_calls = successful_calls + $2 WHERE campaign_id = $1")
            .bind(campaign.0)
            .bind(change)
            .execute(&mut *conn)
            .await?;
    }
    let after = law::after_lists(conn, organization, campaign, &number, said.contact, said.at).await?;
    if let Some(contact) = said.contact_id {
        // A contact whose call is not over becomes with its end what was said; one that somebody has set to be called
        // again meanwhile is left as it is, unless that was what was said of this call before.
        sqlx::query(
            "UPDATE contacts SET status = $2, next_attempt_at = $3 \
             WHERE id = $1 AND (status IN ('contacted', 'completed', 'failed') OR (status = $5 AND next_attempt_at = $6 \
             AND status = 'retry')) AND NOT EXISTS (SELECT 1 FROM calls later \
             WHERE later.contact_id = $1 AND later.created_at > (SELECT created_at FROM calls WHERE id = $4))",
        )
        .bind(contact.0)
        .bind(after.status.as_str())
        .bind(after.next_attempt_at.naive_utc())
        .bind(said.key.call_id.as_str())
        .bind(&status_before)
        .bind(time_before)
        .execute(&mut *conn)
        .await?;
        if let Some(numbers) = &said.numbers {
            let write = "UPDATE contacts SET number_turn = $2, dead_numbers = $3 WHERE id = $1 AND NOT EXISTS \
                 (SELECT 1 FROM calls later WHERE later.contact_id = $1 AND later.created_at > \
                 (SELECT created_at FROM calls WHERE id = $4))";
            sqlx::query(write)
                .bind(contact.0)
                .bind(numbers.turn)
                .bind(numbers.dead.join(" "))
                .bind(said.key.call_id.as_str())
                .execute(&mut *conn)
                .await?;
        }
        let value = format!("{}/{}", said.disposition, said.outcome);
        super::lead_notes::note(conn, contact, crate::storage::leads::STATUS, &value, said.at, "").await?;
    }
    let data =
        serde_json::json!({ "disposition": said.disposition, "outcome": said.outcome, "agent": said.agent });
    super::calls::record(conn, &said.key, "call_disposed", data, said.at).await?;
    let body = EventBody::CallDisposed {
        disposition: said.disposition.clone(),
        outcome: said.outcome,
        agent: said.agent.clone(),
        contact_status: after.status,
    };
    Ok(vec![Happening::of_call(&said.key, said.at, body)])
}

pub(super) async fn logged_in(conn: &mut Conn, organization: &OrganizationId) -> StoreResult<Vec<AgentRow>> {
    let rows: Vec<(Json<AgentRow>,)> = sqlx::query_as(
        "SELECT body FROM agent_seats WHERE organization_id = $1 AND state <> $2 ORDER BY user_id LIMIT 5000",
    )
    .bind(organization.as_str())
    .bind(AgentState::LoggedOut.as_str())
    .fetch_all(conn)
    .await
    .map_err(|e| failed(&e))?;
    Ok(rows.into_iter().map(|(body,)| body.0).collect())
}

#[async_trait]
impl AgentRecord for SqlStore {
    async fn seats(&self, owner: &str) -> StoreResult<Vec<SeatRow>> {
        let rows: Vec<(String, Json<AgentRow>, i64, String)> = sqlx::query_as(
            "SELECT organization_id, body, version, leg FROM agent_seats WHERE owner = $1 AND state <> $2",
        )
        .bind(owner)
        .bind(AgentState::LoggedOut.as_str())
        .fetch_all(&self.pool)
        .await
        .map_err(|e| failed(&e))?;
        let noun = |(organization, body, version, leg): (String, Json<AgentRow>, i64, String)| SeatRow {
            organization_id: OrganizationId(organization),
            agent: body.0,
            version,
            owner: owner.to_owned(),
            leg,
        };
        Ok(rows.into_iter().map(noun).collect())
    }

    async fn agents(&self, organization: &OrganizationId) -> StoreResult<Vec<AgentRow>> {
        logged_in(&mut *self.conn().await?, organization).await
    }

    async fn answered(
        &self,
        campaign: CampaignId,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> StoreResult<(u64, u64)> {
        let (answered, abandoned): (i64, i64) = sqlx::query_as(
            "SELECT COUNT(*), COUNT(*) FILTER (WHERE abandoned) FROM calls WHERE campaign_id = $1 \
             AND taker = 'person' AND answered_at >= $2 AND answered_at < $3",
        )
        .bind(campaign.0)
        .bind(from.naive_utc())
        .bind(to.naive_utc())
        .fetch_one(&self.pool)
        .await
        .map_err(|e| failed(&e))?;
        Ok((u64::try_from(answered).unwrap_or(0), u64::try_from(abandoned).unwrap_or(0)))
    }

    async fn tallies(
        &self,
        organization: &OrganizationId,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> StoreResult<Vec<Heap>> {
        type Row = (Option<Uuid>, Option<String>, Option<String>, Option<i32>, i64, i64, i64, Amount);
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT campaign_id, outcome, emotion, csat_score, COUNT(*), COUNT(answered_at), \
             CAST(COALESCE(SUM(duration), 0) AS BIGINT), COALESCE(SUM(cost), 0) FROM calls \
             WHERE organization_id = $1 AND created_at >= $2 AND created_at < $3 \
             GROUP BY campaign_id, outcome, emotion, csat_score",
        )
        .bind(organization.as_str())
        .bind(from.naive_utc())
        .bind(to.naive_utc())
        .fetch_all(&self.pool)
        .await
        .map_err(|e| failed(&e))?;
        let heap = |(campaign, outcome, emotion, satisfaction, calls, answered, seconds, cost): Row| {
            let outcome: Option<Outcome> = outcome.as_deref().map(word).transpose()?;
            let good = if outcome.is_some_and(Outcome::is_success) { calls } else { 0 };
            Ok(Heap {
                campaign_id: campaign.map(CampaignId),
                outcome,
                emotion: emotion.as_deref().map(word).transpose()?,
                satisfaction,
                tally: Tally { calls, answered, good, seconds, cost: cost.into() },
            })
        };
        rows.into_iter().map(heap).collect()
    }

    async fn past_calls(&self, campaign: CampaignId, limit: i64) -> StoreResult<Vec<PastCall>> {
        type Row = (
            NaiveDateTime,
            Option<NaiveDateTime>,
            Option<NaiveDateTime>,
            i32,
            NaiveDateTime,
            Option<NaiveDateTime>,
        );
        let mut rows: Vec<Row> = sqlx::query_as(
            "SELECT created_at, answered_at, connected_at, duration, updated_at, disposed_at FROM calls \
             WHERE campaign_id = $1 AND taker = 'person' AND status IN ('completed', 'failed') ORDER BY created_at DESC, id DESC LIMIT $2",
        )
        .bind(campaign.0)
        .bind(limit)
        .fetch_all(&self.pool)
        .await
        .map_err(|e| failed(&e))?;
        rows.reverse();
        let utc = |at: Option<NaiveDateTime>| at.map(|at| at.and_utc());
        let noun = |(placed, answered, connected, duration, ended, disposed): Row| PastCall {
            placed_at: placed.and_utc(),
            answered_at: utc(answered),
            connected_at: utc(connected),
            duration,
            ended_at: ended.and_utc(),
            disposed_at: utc(disposed),
        };
        Ok(rows.into_iter().map(noun).collect())
    }

    async fn disposable(
        &self,
        organization: &OrganizationId,
        call: &CallId,
    ) -> StoreResult<Option<Disposable>> {
        type Row = (Option<Uuid>, Option<Uuid>, Option<Uuid>, String, i32, String);
        let row: Option<Row> = sqlx::query_as(
            "SELECT campaign_id, contact_id, agent_id, to_number, attempt, status FROM calls \
             WHERE organization_id = $1 AND id = $2",
        )
        .bind(organization.as_str())
        .bind(call.as_str())
        .fetch_optional(&self.pool)
        .await
        .map_err(|e| failed(&e))?;
        let Some((Some(campaign), contact, agent, phone, attempt, status)) = row else { return Ok(None) };
        Ok(Some(Disposable {
            campaign_id: CampaignId(campaign),
            contact_id: contact.map(ContactId),
            agent_id: agent.map(UserId),
            phone,
            attempt,
            over: word::<CallStatus>(&status)?.is_final(),
        }))
    }
}
