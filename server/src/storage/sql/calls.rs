//! What a call goes through: begun, rung, answered, talked, ended.

use super::commit::{Applied, Stop};
use super::engine::{Amount, index_words};
use super::{Conn, dialpad_calls, law, lead_notes};
use crate::domain::ending::{ContactAfter, far_future};
use crate::storage::change::Happening;
use crate::storage::leads::STATUS;
use crate::storage::{BeginAttempt, CallKey, EndCall, Refusal};
use chrono::{DateTime, NaiveDateTime, Utc};
use dialdeck_protocol::{CallStatus, EventBody, Exchange, Outcome, Speaker, Taker};
use serde_json::json;
use sqlx::types::Json;

/// What the law counts of earlier calls to the number. Two campaigns may have looked at the same number: it is counted
/// where only one can be.
async fn rested(conn: &mut Conn, attempt: &BeginAttempt) -> Result<(), Stop> {
    let organization = attempt.key.organization_id.as_str();
    for (since, most) in &attempt.caps {
        let called: i64 = sqlx::query_scalar(
            "SELECT COUNT(*) FROM calls WHERE organization_id = $1 AND to_number = $2 AND created_at > $3",
        )
        .bind(organization)
        .bind(&attempt.to)
        .bind(since.naive_utc())
        .fetch_one(&mut *conn)
        .await?;
        let theirs = dialpad_calls::calls_to(conn, organization, &attempt.to, *since).await?;
        let called = called + i64::try_from(theirs.len()).unwrap_or(i64::MAX);
        if called >= i64::from(*most) {
            return Err(Refusal::Capped.into());
        }
    }
    if let Some(subject) = &attempt.subject {
        let oldest = subject.caps.iter().map(|(since, _)| *since).chain(subject.quiet_since).min();
        if let Some(oldest) = oldest {
            let about = law::calls_about(conn, organization, &subject.name, oldest).await?;
            let full = |(since, most): &(DateTime<Utc>, u32)| {
                about.iter().filter(|call| call.at > *since).count() >= usize::try_from(*most).unwrap_or(0)
            };
            let talked = |since| about.iter().any(|call| call.talked && call.at > since);
            if subject.caps.iter().any(full) || subject.quiet_since.is_some_and(talked) {
                return Err(Refusal::Capped.into());
            }
        }
    }
    if let Some(since) = attempt.rested_since {
        let let_down: Option<i32> = sqlx::query_scalar(
            "SELECT 1 FROM calls WHERE organization_id = $1 AND to_number = $2 AND abandoned AND created_at > $3 LIMIT 1",
        )
        .bind(organization)
        .bind(&attempt.to)
        .bind(since.naive_utc())
        .fetch_optional(&mut *conn)
        .await?;
        if let_down.is_some() {
            return Err(Refusal::LetDown.into());
        }
    }
    Ok(())
}

pub(super) async fn begin(conn: &mut Conn, attempt: &BeginAttempt) -> Applied {
    let at = attempt.at.naive_utc();
    let organization = attempt.key.organization_id.as_str();
    let campaign = Some(attempt.key.campaign_id);
    // Who asks on one number not to be called is not called on another.
    let numbers: Option<String> =
        sqlx::query_scalar("SELECT phone || ' ' || alternates FROM contacts WHERE id = $1")
            .bind(attempt.contact_id.0)
            .fetch_optional(&mut *conn)
            .await?;
    for number in numbers.as_deref().unwrap_or(&attempt.to).split_whitespace() {
        if law::listed(conn, organization, campaign, number, attempt.at).await?.is_some() {
            return Err(Refusal::DoNotCall.into());
        }
    }
    let in_flight: Option<i32> = sqlx::query_scalar(
        "SELECT 1 FROM calls WHERE organization_id = $1 AND to_number = $2 AND status IN ('initiated', 'in_progress')",
    )
    .bind(organization)
    .bind(&attempt.to)
    .fetch_optional(&mut *conn)
    .await?;
    if in_flight.is_some() {
        return Err(Refusal::NumberBusy.into());
    }
    rested(conn, attempt).await?;
    // The status guards against two dialers: whoever comes second finds the contact pending. Number and consent are
    // asked once more: either may have been changed since the gate looked.
    let leased = sqlx::query(
        "UPDATE contacts SET status = 'pending', attempts = attempts + 1, retry_count = attempts, held_reason = '', \
         last_contacted = $2, next_attempt_at = $3 WHERE id = $1 AND attempts = $4 \
         AND (phone = $5 OR ' ' || alternates || ' ' LIKE '% ' || $5 || ' %') \
         AND (status IN ('new', 'retry', 'held') OR ($6 AND status NOT IN ('pending', 'do_not_call'))) \
         AND (NOT $7 OR consent_basis <> '')",
    )
    .bind(attempt.contact_id.0)
    .bind(at)
    .bind(far_future().naive_utc())
    .bind(attempt.attempt - 1)
    .bind(&attempt.to)
    .bind(attempt.by_hand)
    .bind(attempt.taker == Taker::Ai)
    .execute(&mut *conn)
    .await?
    .rows_affected();
    if leased != 1 {
        return Err(Refusal::NotCallable.into());
    }
    sqlx::query(
        "INSERT INTO calls (id, organization_id, campaign_id, contact_id, status, from_number, to_number, channel_id, \
         created_at, updated_at, attempt, contact_name, contact_company, owner, automated, taker, subject) \
         VALUES ($1, $2, $3, $4, 'initiated', $5, $6, $7, $8, $8, $9, $10, $11, $12, TRUE, $13, $14)",
    )
    .bind(attempt.key.call_id.as_str())
    .bind(organization)
    .bind(attempt.key.campaign_id.0)
    .bind(attempt.contact_id.0)
    .bind(&attempt.from)
    .bind(&attempt.to)
    .bind(&attempt.channel_id)
    .bind(at)
    .bind(attempt.attempt)
    .bind(&attempt.name)
    .bind(&attempt.company)
    .bind(&attempt.owner)
    .bind(attempt.taker.as_str())
    .bind(attempt.subject.as_ref().map_or("", |subject| subject.name.as_str()))
    .execute(&mut *conn)
    .await?;
    law::keep_decision(
        conn,
        organization,
        attempt.contact_id,
        Some(&attempt.key.call_id),
        &attempt.to,
        &attempt.decision,
    )
    .await?;
    sqlx::query(
        "UPDATE queues SET started_calls = started_calls + 1, last_call_at = $2, updated_at = $2 WHERE campaign_id = $1",
    )
    .bind(attempt.key.campaign_id.0)
    .bind(at)
    .execute(&mut *conn)
    .await?;
    record(conn, &attempt.key, "call_initiated", json!({ "attempt": attempt.attempt }), attempt.at).await?;
    let body = EventBody::CallStarted {
        name: attempt.name.clone(),
        company: attempt.company.clone(),
        phone: attempt.to.clone(),
        attempt: attempt.attempt,
    };
    Ok(vec![Happening::of_call(&attempt.key, attempt.at, body)])
}

pub(super) async fn record(
    conn: &mut Conn,
    key: &CallKey,
    event_type: &str,
    data: serde_json::Value,
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO call_events (call_id, event_type, event_data, timestamp) VALUES ($1, $2, $3, $4)",
    )
    .bind(key.call_id.as_str())
    .bind(event_type)
    .bind(Json(data))
    .bind(at.naive_utc())
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn status(
    conn: &mut Conn,
    key: &CallKey,
    status: CallStatus,
    detail: &str,
    at: DateTime<Utc>,
) -> Applied {
    let answered = (status == CallStatus::InProgress).then_some(at.naive_utc());
    let changed = sqlx::query(
        "UPDATE calls SET status = $2, detail = $3, updated_at = $4, answered_at = COALESCE(answered_at, $5) \
         WHERE id = $1 AND status IN ('initiated', 'in_progress')",
    )
    .bind(key.call_id.as_str())
    .bind(status.as_str())
    .bind(detail)
    .bind(at.naive_utc())
    .bind(answered)
    .execute(&mut *conn)
    .await?
    .rows_affected();
    if changed == 0 {
        return Err(Refusal::Settled.into());
    }
    record(conn, key, "call_status", json!({ "status": status, "detail": detail }), at).await?;
    let body = EventBody::CallStatusUpdate { status, detail: detail.to_owned() };
    Ok(vec![Happening::of_call(key, at, body)])
}

/// A supervisor is in a call, or out of it.
pub(super) fn monitored(
    key: &CallKey,
    by: &str,
    mode: Option<dialdeck_protocol::MonitorMode>,
    at: DateTime<Utc>,
) -> Happening {
    Happening::of_call(key, at, EventBody::CallMonitored { by: by.to_owned(), mode })
}

pub(super) fn spoken(key: &CallKey, speaker: Speaker, turn: i32, text: &str, at: DateTime<Utc>) -> Happening {
    let body =
        EventBody::ConversationTurn { speaker: Some(speaker), turn, text: text.to_owned(), exchange: None };
    Happening::of_call(key, at, body)
}

pub(super) async fn exchanged(conn: &mut Conn, key: &CallKey, exchange: &Exchange) -> Applied {
    let data = serde_json::to_value(exchange).unwrap_or_default();
    record(conn, key, "ai_conversation", data, exchange.timestamp).await?;
    let body = EventBody::ConversationTurn {
        speaker: None,
        turn: exchange.turn,
        text: exchange.ai_response.clone(),
        exchange: Some(exchange.clone()),
    };
    Ok(vec![Happening::of_call(key, exchange.timestamp, body)])
}

pub(super) async fn tool_used(
    conn: &mut Conn,
    key: &CallKey,
    tool: &str,
    arguments: &str,
    result: &str,
    at: DateTime<Utc>,
) -> Applied {
    let data = json!({ "tool": tool, "arguments": arguments, "result": result });
    record(conn, key, "ai_tool", data, at).await?;
    let (tool, arguments, result) = (tool.to_owned(), arguments.to_owned(), result.to_owned());
    Ok(vec![Happening::of_call(key, at, EventBody::ToolUsed { tool, arguments, result })])
}

/// Number, name, outcome, and what a disposition made of the contact.
type Ended = (String, String, String, Option<String>, Option<NaiveDateTime>);

pub(super) async fn end(conn: &mut Conn, end: &EndCall) -> Applied {
    let at = end.at.naive_utc();
    let ended: Option<Ended> = sqlx::query_as(
        "UPDATE calls SET status = $2, outcome = CASE WHEN contact_after IS NULL THEN $3 ELSE outcome END, duration = $4, transcript = $5, emotion = $6, intent_score = $7, \
         csat_score = $8, ai_insights = $9, cost = $10, detail = $11, updated_at = $12, abandoned = $13, \
         answered_at = COALESCE(answered_at, $14), script_id = $15, last_step = $16 \
         WHERE id = $1 AND status IN ('initiated', 'in_progress') RETURNING to_number, contact_name, outcome, contact_after, \
         contact_after_at",
    )
    .bind(end.key.call_id.as_str())
    .bind(end.status.as_str())
    .bind(end.outcome.as_str())
    .bind(end.duration)
    .bind(&end.transcript)
    .bind(end.emotion.as_str())
    .bind(Amount::from(end.intent_score))
    .bind(end.csat_score)
    .bind(Json(&end.insights))
    .bind(Amount::from(end.cost))
    .bind(&end.detail)
    .bind(at)
    .bind(end.abandoned)
    .bind(end.answered_at.map(|at| at.naive_utc()))
    .bind(end.script_id.map(|id| id.0))
    .bind(&end.last_step)
    .fetch_optional(&mut *conn)
    .await?;
    let (number, name, outcome, said, said_at) = ended.ok_or(Stop::Refused(Refusal::Settled))?;
    // What the agent said while the call was under way stands.
    let outcome = outcome.parse().unwrap_or(end.outcome);
    let contact = said.zip(said_at).and_then(|(status, at)| {
        Some(ContactAfter { status: status.parse().ok()?, next_attempt_at: at.and_utc() })
    });
    let disposed = contact.is_some();
    let contact = contact.unwrap_or(end.contact);
    // A call that never was says nothing of the person.
    if !disposed && !matches!(outcome, Outcome::Error | Outcome::Congestion) {
        lead_notes::note(conn, end.contact_id, STATUS, &format!("/{outcome}"), end.at, &end.said_by).await?;
    }
    let text = format!("{name} {}", end.transcript);
    index_words(conn, end.key.organization_id.as_str(), end.key.call_id.as_str(), &text).await?;
    // Do-not-call overrides everything, also when it came in by another way while the call was in flight.
    let (organization, campaign) = (end.key.organization_id.as_str(), end.key.campaign_id);
    let contact = law::after_lists(conn, organization, campaign, &number, contact, end.at).await?;
    let contact_status = contact.status;
    // What was said of the number stands, too.
    let numbers = end.numbers.as_ref().filter(|_| !disposed);
    sqlx::query(
        "UPDATE contacts SET status = $2, next_attempt_at = $3, number_turn = COALESCE($4, number_turn), \
         dead_numbers = COALESCE($5, dead_numbers) WHERE id = $1 AND status = 'pending'",
    )
    .bind(end.contact_id.0)
    .bind(contact.status.as_str())
    .bind(contact.next_attempt_at.naive_utc())
    .bind(numbers.map(|numbers| numbers.turn))
    .bind(numbers.map(|numbers| numbers.dead.join(" ")))
    .execute(&mut *conn)
    .await?;
    let (won, lost) = (i64::from(outcome.is_success()), i64::from(end.status == CallStatus::Failed));
    sqlx::query(
        "UPDATE queues SET successful_calls = successful_calls + $2, failed_calls = failed_calls + $3 \
         WHERE campaign_id = $1",
    )
    .bind(end.key.campaign_id.0)
    .bind(won)
    .bind(lost)
    .execute(&mut *conn)
    .await?;
    let data = json!({ "outcome": outcome, "duration": end.duration, "detail": end.detail });
    record(conn, &end.key, "call_ended", data, end.at).await?;
    let body = EventBody::CallEnded {
        status: end.status,
        outcome,
        duration: end.duration,
        transcript: end.transcript.clone(),
        cost: end.cost,
        emotion: end.emotion,
        contact_status,
    };
    Ok(vec![Happening::of_call(&end.key, end.at, body)])
}
