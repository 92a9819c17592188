//! Calls, on the paths and in the shapes that existing users call.

use super::extract::{Ask, Body, Id, May};
use super::problem::RefusedCall;
use super::{App, commands};
use crate::domain::caller::{Caller, Look, RunQueue, TakeCalls};
use crate::domain::plain;
use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Duration, Utc};
use dialdeck_protocol::{
    CallFilter, CallId, CallStatus, CampaignId, Command, Emotion, HistoryRow, Outcome, PhoneNumberId,
    Problem, QueueState,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Which campaign, and how.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Start {
    campaign_id: String,
    phone_number_id: Option<PhoneNumberId>,
    review_after: Option<u32>,
}

/// It is done.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Steered {
    success: bool,
    message: String,
    campaign_id: String,
}

fn campaign_id(text: &str) -> Result<CampaignId, Problem> {
    text.parse().map_err(|_| Problem::not_found(format!("campaign {:?}", plain::line(text, 60))))
}

/// Start a campaign's queue
#[utoipa::path(post, path = "/api/v1/calls/automated/start", tag = "Calls", security(("bearer" = ["queues"])),
    request_body = Start, responses((status = 200, body = Steered)))]
pub(super) async fn start(
    State(app): State<App>,
    permit: May<RunQueue, RefusedCall>,
    Body(Start { campaign_id: id, phone_number_id, review_after }, _): Body<Start, RefusedCall>,
) -> Result<Json<Steered>, RefusedCall> {
    let command = Command::StartQueue { campaign_id: campaign_id(&id)?, phone_number_id, review_after };
    commands::execute(&app, permit.caller(), command).await?;
    Ok(Json(Steered { success: true, message: "Automated calling started".into(), campaign_id: id }))
}

/// Stop a campaign's queue
///
/// Calls in flight go on.
#[utoipa::path(post, path = "/api/v1/calls/automated/stop", tag = "Calls", security(("bearer" = ["queues"])),
    request_body = Start, responses((status = 200, body = Steered)))]
pub(super) async fn stop(
    State(app): State<App>,
    permit: May<RunQueue, RefusedCall>,
    Body(Start { campaign_id: id, .. }, _): Body<Start, RefusedCall>,
) -> Result<Json<Steered>, RefusedCall> {
    let command = Command::StopQueue { campaign_id: campaign_id(&id)? };
    commands::execute(&app, permit.caller(), command).await?;
    Ok(Json(Steered { success: true, message: "Automated calling stopped".into(), campaign_id: id }))
}

/// What a queue does, in the words of existing users.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct QueueFacts {
    status: QueueState,
    total_contacts: i64,
    processed_contacts: i64,
    successful_calls: i64,
    failed_calls: i64,
    last_call_time: Option<DateTime<Utc>>,
    next_call_time: Option<DateTime<Utc>>,
}

/// What a campaign's queue does.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct QueueStatus {
    success: bool,
    campaign_id: CampaignId,
    status: QueueFacts,
}

/// What a campaign's queue does
#[utoipa::path(get, path = "/api/v1/calls/queue/status/{campaign_id}", tag = "Calls", security(("bearer" = ["look"])),
    params(("campaign_id" = String, Path)), responses((status = 200, body = QueueStatus)))]
pub(super) async fn queue_status(
    State(app): State<App>,
    permit: May<Look, RefusedCall>,
    Id(id, _): Id<String, RefusedCall>,
) -> Result<Json<QueueStatus>, RefusedCall> {
    let campaign = super::campaigns::find(&app, permit.caller(), campaign_id(&id)?).await?;
    let queue = app.store.queue(campaign.id).await?;
    let counts = app.store.counts(campaign.id).await?;
    let status = queue.as_ref().map_or(QueueState::Stopped, |q| q.state);
    let last_call_time = queue.as_ref().and_then(|q| q.last_call_at);
    let spacing = Duration::milliseconds(i64::from(campaign.call_settings.call_interval_ms));
    let next_call_time = match status {
        QueueState::Running | QueueState::Waiting => {
            queue.as_ref().and_then(|q| q.next_call_at).or_else(|| last_call_time.map(|at| at + spacing))
        }
        QueueState::Paused | QueueState::Stopped => None,
    };
    Ok(Json(QueueStatus {
        success: true,
        campaign_id: campaign.id,
        status: QueueFacts {
            status,
            total_contacts: counts.total,
            processed_contacts: counts.processed,
            successful_calls: counts.successful,
            failed_calls: counts.failed,
            last_call_time,
            next_call_time,
        },
    }))
}

/// Which calls. Every word is read by hand, so that a wrong one is named.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct List {
    campaign_id: Option<String>,
    outcome: Option<String>,
    emotion: Option<String>,
    status: Option<String>,
    /// Only calls in which this agent talked.
    agent: Option<String>,
    /// Not before: a moment, or a day.
    from: Option<String>,
    /// Before.
    to: Option<String>,
    /// Only this contact's.
    contact_id: Option<String>,
    /// Only calls in which all of these words were said, or stand in the name. Latest end first.
    text: Option<String>,
    /// The `next` of the page before.
    after: Option<String>,
    /// 1–500; 50 unless told.
    limit: Option<String>,
    /// Costs what it leaves out; `after` does not.
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
            contact_id: word("contact_id", self.contact_id)?,
            outcome: word("outcome", self.outcome)?,
            emotion: word("emotion", self.emotion)?,
            status: word("status", self.status)?,
            from: moment("from", self.from)?,
            to: moment("to", self.to)?,
            limit: word("limit", self.limit)?,
            offset: word("offset", self.offset)?,
            after: self.after.filter(|t| !t.is_empty()),
            text: self.text,
            agent: self.agent.filter(|t| !t.is_empty()),
        })
    }
}

/// A call as existing users read it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Call)]
pub(super) struct Shown {
    id: CallId,
    contact_name: String,
    phone: String,
    status: CallStatus,
    outcome: Option<Outcome>,
    /// Who talked, where it was an agent.
    #[serde(skip_serializing_if = "String::is_empty")]
    agent: String,
    /// What the agent said came of it.
    #[serde(skip_serializing_if = "String::is_empty")]
    disposition: String,
    /// Seconds from answer to end.
    duration: i32,
    transcript: String,
    emotion: Option<Emotion>,
    /// 1–5; an estimate.
    csat_score: Option<i32>,
    created_at: DateTime<Utc>,
}

impl From<HistoryRow> for Shown {
    fn from(row: HistoryRow) -> Self {
        Self {
            id: row.id,
            contact_name: row.name,
            phone: row.phone,
            status: row.status,
            outcome: row.outcome,
            agent: row.agent,
            disposition: row.disposition,
            duration: row.duration,
            transcript: row.transcript,
            emotion: row.emotion,
            csat_score: row.csat_score,
            created_at: row.created_at,
        }
    }
}

/// Calls, newest first.
#[derive(Serialize, ToSchema)]
pub(super) struct Calls {
    success: bool,
    calls: Vec<Shown>,
    /// Goes into `after` for the next page; left out at the end, and where `offset` was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// List calls
///
/// Newest first. Pages taken by `after` do not shift when calls come in meanwhile.
#[utoipa::path(get, path = "/api/v1/calls", tag = "Calls", security(("bearer" = ["look"])), params(List),
    responses((status = 200, body = Calls)))]
pub(super) async fn list(
    State(app): State<App>,
    permit: May<Look, RefusedCall>,
    Ask(list, _): Ask<List, RefusedCall>,
) -> Result<Json<Calls>, RefusedCall> {
    let filter = list.filter()?;
    let within = permit.caller().campaigns.as_deref();
    let (calls, next) = app.store.calls(permit.organization(), &filter, within).await?;
    let next = next.filter(|_| filter.offset.is_none());
    Ok(Json(Calls { success: true, calls: calls.into_iter().map(Shown::from).collect(), next }))
}

async fn find(app: &App, caller: &Caller, id: String) -> Result<HistoryRow, Problem> {
    let call = app.store.call(&caller.organization_id, &CallId(id.clone())).await?;
    call.map(|c| c.row)
        .filter(|row| caller.covers_call(row.campaign_id))
        .ok_or_else(|| Problem::not_found(format!("call {}", plain::line(&id, 60))))
}

/// One call.
#[derive(Serialize, ToSchema)]
pub(super) struct OneCall {
    success: bool,
    call: Shown,
}

/// One call
#[utoipa::path(get, path = "/api/v1/calls/{id}", tag = "Calls", security(("bearer" = ["look"])),
    params(("id" = String, Path)), responses((status = 200, body = OneCall)))]
pub(super) async fn one(
    State(app): State<App>,
    permit: May<Look, RefusedCall>,
    Id(id, _): Id<String, RefusedCall>,
) -> Result<Json<OneCall>, RefusedCall> {
    let call = find(&app, permit.caller(), id).await?;
    Ok(Json(OneCall { success: true, call: call.into() }))
}

/// One exchange of a conversation.
#[derive(Serialize, ToSchema)]
#[schema(as = ConversationTurn)]
pub(super) struct Turn {
    /// What the person said; empty for the opening.
    user_input: String,
    ai_response: String,
    confidence: f64,
    emotion: Emotion,
    timestamp: DateTime<Utc>,
}

/// A call with what was said.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Conversation {
    success: bool,
    call: Shown,
    conversation_history: Vec<Turn>,
}

/// What was said in a call
#[utoipa::path(get, path = "/api/v1/calls/{id}/conversation", tag = "Calls", security(("bearer" = ["look"])),
    params(("id" = String, Path)), responses((status = 200, body = Conversation)))]
pub(super) async fn conversation(
    State(app): State<App>,
    permit: May<Look, RefusedCall>,
    Id(id, _): Id<String, RefusedCall>,
) -> Result<Json<Conversation>, RefusedCall> {
    let call = find(&app, permit.caller(), id).await?;
    let exchanges = app.store.exchanges(&call.id).await?;
    let turns = exchanges.into_iter().map(|e| Turn {
        user_input: e.user_input,
        ai_response: e.ai_response,
        confidence: e.confidence,
        emotion: e.emotion,
        timestamp: e.timestamp,
    });
    Ok(Json(Conversation { success: true, call: call.into(), conversation_history: turns.collect() }))
}

/// What can be told of a call beside its words.
#[derive(Serialize, ToSchema)]
pub(super) struct Insights {
    success: bool,
    /// Who spoke for how long, the longest silence, interruptions, emotions by turn, a sentence about it, an estimate of satisfaction
    /// with its reasons, latency part by part, costs; `null` before the call's end, and once it is forgotten.
    #[schema(value_type = Option<Object>)]
    insights: Option<serde_json::Value>,
}

/// What can be told of a call that is over
#[utoipa::path(get, path = "/api/v1/calls/{id}/insights", tag = "Calls", security(("bearer" = ["look"])),
    params(("id" = String, Path)), responses((status = 200, body = Insights)))]
pub(super) async fn insights(
    State(app): State<App>,
    permit: May<Look, RefusedCall>,
    Id(id, _): Id<String, RefusedCall>,
) -> Result<Json<Insights>, RefusedCall> {
    let call = find(&app, permit.caller(), id).await?;
    Ok(Json(Insights { success: true, insights: app.store.insights(&call.id).await? }))
}

/// It is being hung up.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct HungUp {
    success: bool,
    call_id: String,
}

/// Hang up a call
///
/// One's own; other people's take a supervisor.
#[utoipa::path(post, path = "/api/v1/calls/{id}/hangup", tag = "Calls", security(("bearer" = ["seat"])),
    params(("id" = String, Path)), responses((status = 200, body = HungUp)))]
pub(super) async fn hang_up(
    State(app): State<App>,
    permit: May<TakeCalls, RefusedCall>,
    Id(id, _): Id<String, RefusedCall>,
) -> Result<Json<HungUp>, RefusedCall> {
    let command = Command::HangUp { call_id: CallId(id.clone()) };
    commands::execute(&app, permit.caller(), command).await?;
    Ok(Json(HungUp { success: true, call_id: id }))
}
