//! Calls and queues, on the paths and in the shapes that existing users know.

use super::problem::{self, RefusedCall};
use super::{App, commands};
use crate::domain::caller::{Caller, Look};
use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use chrono::{DateTime, Duration, Utc};
use dialdeck_protocol::{
    CallFilter, CallId, CampaignId, Command, HistoryRow, PhoneNumberId, Problem, QueueState,
};
use serde::Deserialize;
use serde_json::{Value, json};

type Answered = Result<Json<Value>, RefusedCall>;

/// Who calls, with refusals in the shape of these paths.
pub(super) struct Known(pub(super) Caller);

impl<S> axum::extract::FromRequestParts<S> for Known
where
    App: axum::extract::FromRef<S>,
    S: Send + Sync,
{
    type Rejection = RefusedCall;

    async fn from_request_parts(
        parts: &mut axum::http::request::Parts,
        state: &S,
    ) -> Result<Self, RefusedCall> {
        Caller::from_request_parts(parts, state).await.map(Self).map_err(|refused| RefusedCall(refused.0))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Start {
    campaign_id: String,
    phone_number_id: Option<PhoneNumberId>,
    review_after: Option<u32>,
}

fn campaign_id(text: &str) -> Result<CampaignId, Problem> {
    text.parse()
        .map_err(|_| Problem::not_found(format!("campaign {:?}", crate::domain::plain::line(text, 60))))
}

pub(super) async fn start(
    State(app): State<App>,
    Known(caller): Known,
    body: Result<Json<Start>, JsonRejection>,
) -> Answered {
    let Start { campaign_id: id, phone_number_id, review_after } = problem::body(body)?;
    let command = Command::StartQueue { campaign_id: campaign_id(&id)?, phone_number_id, review_after };
    commands::execute(&app, &caller, command).await?;
    Ok(Json(json!({ "success": true, "message": "Automated calling started", "campaignId": id })))
}

pub(super) async fn stop(
    State(app): State<App>,
    Known(caller): Known,
    body: Result<Json<Start>, JsonRejection>,
) -> Answered {
    let Start { campaign_id: id, .. } = problem::body(body)?;
    commands::execute(&app, &caller, Command::StopQueue { campaign_id: campaign_id(&id)? }).await?;
    Ok(Json(json!({ "success": true, "message": "Automated calling stopped", "campaignId": id })))
}

pub(super) async fn queue_status(
    State(app): State<App>,
    Known(caller): Known,
    id: Result<Path<String>, PathRejection>,
) -> Answered {
    let id = problem::path(id)?;
    let permit = caller.permit::<Look>()?;
    let campaign = app
        .store
        .campaign(permit.organization(), campaign_id(&id)?)
        .await?
        .ok_or_else(|| Problem::not_found(format!("campaign {id}")))?;
    let queue = app.store.queue(campaign.id).await?;
    let counts = app.store.counts(campaign.id).await?;
    let state = queue.as_ref().map_or(QueueState::Stopped, |q| q.state);
    let last = queue.as_ref().and_then(|q| q.last_call_at);
    let spacing = Duration::milliseconds(i64::from(campaign.call_settings.call_interval_ms));
    let next = match state {
        QueueState::Running | QueueState::Waiting => {
            queue.as_ref().and_then(|q| q.next_call_at).or_else(|| last.map(|at| at + spacing))
        }
        QueueState::Paused | QueueState::Stopped => None,
    };
    Ok(Json(json!({
        "success": true,
        "campaignId": campaign.id,
        "status": {
            "status": state,
            "totalContacts": counts.total,
            "processedContacts": counts.processed,
            "successfulCalls": counts.successful,
            "failedCalls": counts.failed,
            "lastCallTime": last,
            "nextCallTime": next,
        },
    })))
}

/// The query of the list: every word is read by hand, so that a wrong one is named.
#[derive(Deserialize)]
pub(super) struct List {
    campaign_id: Option<String>,
    outcome: Option<String>,
    emotion: Option<String>,
    status: Option<String>,
    from: Option<String>,
    to: Option<String>,
    limit: Option<String>,
    offset: Option<String>,
}

fn word<T: std::str::FromStr>(field: &str, text: Option<String>) -> Result<Option<T>, Problem>
where
    T::Err: std::fmt::Display,
{
    text.filter(|t| !t.is_empty())
        .map(|t| t.parse().map_err(|e: T::Err| Problem::field(field, format!("{field}: {e}"))))
        .transpose()
}

fn moment(field: &str, text: Option<String>) -> Result<Option<DateTime<Utc>>, Problem> {
    text.filter(|t| !t.is_empty())
        .map(|t| {
            crate::domain::import::moment(&t).map_err(|e| Problem::field(field, format!("{field}: {e}")))
        })
        .transpose()
}

impl List {
    fn filter(self) -> Result<CallFilter, Problem> {
        Ok(CallFilter {
            campaign_id: self.campaign_id.filter(|t| !t.is_empty()).map(|t| campaign_id(&t)).transpose()?,
            outcome: word("outcome", self.outcome)?,
            emotion: word("emotion", self.emotion)?,
            status: word("status", self.status)?,
            from: moment("from", self.from)?,
            to: moment("to", self.to)?,
            limit: word("limit", self.limit)?,
            offset: word("offset", self.offset)?,
        })
    }
}

/// A call as existing users read it.
fn shown(row: &HistoryRow) -> Value {
    json!({
        "id": row.id,
        "contactName": row.name,
        "phone": row.phone,
        "status": row.status,
        "outcome": row.outcome,
        "duration": row.duration,
        "transcript": row.transcript,
        "emotion": row.emotion,
        "csatScore": row.csat_score,
        "createdAt": row.created_at,
    })
}

pub(super) async fn list(
    State(app): State<App>,
    Known(caller): Known,
    query: Result<Query<List>, QueryRejection>,
) -> Answered {
    let permit = caller.permit::<Look>()?;
    let calls = app.store.calls(permit.organization(), &problem::query(query)?.filter()?).await?;
    Ok(Json(json!({ "success": true, "calls": calls.iter().map(shown).collect::<Vec<_>>() })))
}

async fn find(app: &App, caller: &Caller, id: String) -> Result<HistoryRow, Problem> {
    let permit = caller.permit::<Look>()?;
    let call = app.store.call(permit.organization(), &CallId(id.clone())).await?;
    call.map(|c| c.row)
        .ok_or_else(|| Problem::not_found(format!("call {}", crate::domain::plain::line(&id, 60))))
}

pub(super) async fn one(
    State(app): State<App>,
    Known(caller): Known,
    id: Result<Path<String>, PathRejection>,
) -> Answered {
    let id = problem::path(id)?;
    let call = find(&app, &caller, id).await?;
    Ok(Json(json!({ "success": true, "call": shown(&call) })))
}

pub(super) async fn conversation(
    State(app): State<App>,
    Known(caller): Known,
    id: Result<Path<String>, PathRejection>,
) -> Answered {
    let id = problem::path(id)?;
    let call = find(&app, &caller, id).await?;
    let history: Vec<Value> = app
        .store
        .exchanges(&call.id)
        .await?
        .iter()
        .map(|e| {
            json!({ "user_input": e.user_input, "ai_response": e.ai_response, "confidence": e.confidence,
                    "emotion": e.emotion, "timestamp": e.timestamp })
        })
        .collect();
    Ok(Json(json!({ "success": true, "call": shown(&call), "conversationHistory": history })))
}

pub(super) async fn hang_up(
    State(app): State<App>,
    Known(caller): Known,
    id: Result<Path<String>, PathRejection>,
) -> Answered {
    let id = problem::path(id)?;
    commands::execute(&app, &caller, Command::HangUp { call_id: CallId(id.clone()) }).await?;
    Ok(Json(json!({ "success": true, "callId": id })))
}
