//! Supervisors in calls.

use super::extract::{Body, Id, May};
use super::problem::RefusedCall;
use super::seats::Acknowledged;
use super::{App, seats};
use crate::domain::caller::{Caller, SteerCalls, TakeCalls};
use axum::Json;
use axum::extract::State;
use dialdeck_protocol::{CallId, Command, MonitorMode, Problem};
use serde::Deserialize;
use utoipa::ToSchema;

/// How to be in a call.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Monitor)]
pub(super) struct Given {
    mode: MonitorMode,
    /// One's phone; the one on file unless told.
    #[serde(default)]
    extension: String,
}

/// Listen to a call, whisper to its agent, or barge in
///
/// One's phone is rung. Asked again for the same call, it changes how one is in it.
#[utoipa::path(post, path = "/api/v1/calls/{id}/monitor", tag = "Calls", security(("bearer" = ["calls"])),
    params(("id" = String, Path)), request_body = Given, responses((status = 200, body = Acknowledged)))]
pub(super) async fn monitor(
    State(app): State<App>,
    permit: May<SteerCalls, RefusedCall>,
    Id(id, _): Id<String, RefusedCall>,
    Body(Given { mode, extension }, _): Body<Given, RefusedCall>,
) -> Result<Json<Acknowledged>, RefusedCall> {
    let command = Command::Monitor { call_id: CallId(id), mode, extension };
    Ok(Json(seats::run(&app, permit.caller(), command).await?))
}

/// Leave the call that one is in
#[utoipa::path(delete, path = "/api/v1/calls/monitor", tag = "Calls", security(("bearer" = ["calls"])),
    responses((status = 200, body = Acknowledged)))]
pub(super) async fn stop(
    State(app): State<App>,
    permit: May<SteerCalls, RefusedCall>,
) -> Result<Json<Acknowledged>, RefusedCall> {
    Ok(Json(seats::run(&app, permit.caller(), Command::StopMonitoring).await?))
}

/// Take a call over from an AI caller or an agent
///
/// Whoever takes it is logged in as an agent, with a phone.
#[utoipa::path(post, path = "/api/v1/calls/{id}/take-over", tag = "Calls", security(("bearer" = ["calls"])),
    params(("id" = String, Path)), responses((status = 200, body = Acknowledged)))]
pub(super) async fn take_over(
    State(app): State<App>,
    permit: May<SteerCalls, RefusedCall>,
    Id(id, _): Id<String, RefusedCall>,
) -> Result<Json<Acknowledged>, RefusedCall> {
    let command = Command::TakeOver { call_id: CallId(id) };
    Ok(Json(seats::run(&app, permit.caller(), command).await?))
}

/// Where to put a call through to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TransferGiven)]
pub(super) struct Through {
    /// A phone, such as `PJSIP/200`, or the one that the campaign names.
    #[schema(min_length = 1, max_length = 80)]
    to: String,
    /// Whether whoever picks up is told of the person first, and may refuse them.
    #[serde(default)]
    attended: bool,
}

/// Put a call through to another phone
///
/// It is rung, and, where `attended`, told of the person and asked, while the person goes on talking to whoever has them. An
/// agent may put their own call through, a supervisor every one.
#[utoipa::path(post, path = "/api/v1/calls/{id}/transfer", tag = "Calls", security(("bearer" = ["seat"])),
    params(("id" = String, Path)), request_body = Through, responses((status = 200, body = Acknowledged)))]
pub(super) async fn transfer(
    State(app): State<App>,
    permit: May<TakeCalls, RefusedCall>,
    Id(id, _): Id<String, RefusedCall>,
    Body(Through { to, attended }, _): Body<Through, RefusedCall>,
) -> Result<Json<Acknowledged>, RefusedCall> {
    let command = Command::Transfer { call_id: CallId(id), to, attended };
    Ok(Json(seats::run(&app, permit.caller(), command).await?))
}

/// Puts a call through; gives a sentence for the screen.
pub(super) async fn put_through(
    app: &App,
    caller: &Caller,
    call: &CallId,
    to: &str,
    attended: bool,
) -> Result<String, Problem> {
    caller.permit::<TakeCalls>()?;
    let known = app.store.call(&caller.organization_id, call).await?;
    let known = known.filter(|known| caller.covers_call(known.row.campaign_id));
    let row = known.ok_or_else(|| Problem::not_found(format!("call {call}")))?.row;
    let campaign = match row.campaign_id {
        Some(id) => app.store.campaign(&caller.organization_id, id).await?,
        None => None,
    };
    let named = campaign.and_then(|campaign| campaign.call_settings.transfer).map(|own| own.to);
    let to = to.trim();
    if !seats::is_known_phone(to) && named.as_deref() != Some(to) || to.is_empty() {
        let message =
            "to must be a phone such as PJSIP/200, or the one that the campaign's transfer.to names";
        return Err(Problem::field("to", message));
    }
    // Everybody may put their own call through.
    if app.dialer.agents().has(&caller.organization_id, caller.user_id, call) {
        app.dialer.transfer(&caller.permit::<TakeCalls>()?, call, to, attended, true).await
    } else {
        app.dialer.transfer(&caller.permit::<SteerCalls>()?, call, to, attended, false).await
    }
}

/// Lets a supervisor into a call by their phone; gives a sentence for the screen.
pub(super) async fn let_in(
    app: &App,
    caller: &Caller,
    call: &CallId,
    mode: MonitorMode,
    extension: &str,
) -> Result<String, Problem> {
    let permit = caller.permit::<SteerCalls>()?;
    covers(app, caller, call).await?;
    let filed = seats::on_file(app, caller).await?;
    let extension = seats::phone_of(filed.as_ref(), extension)?;
    app.dialer.monitor(&permit, call, mode, &extension).await
}

/// Takes a call over; gives a sentence for the screen.
pub(super) async fn hand_over(app: &App, caller: &Caller, call: &CallId) -> Result<String, Problem> {
    let permit = caller.permit::<SteerCalls>()?;
    covers(app, caller, call).await?;
    app.dialer.take_over(&permit, call).await
}

/// Whether a call is one that the caller may see.
async fn covers(app: &App, caller: &Caller, call: &CallId) -> Result<(), Problem> {
    let known = app.store.call(&caller.organization_id, call).await?;
    let seen = known.is_some_and(|known| caller.covers_call(known.row.campaign_id));
    if seen { Ok(()) } else { Err(Problem::not_found(format!("call {call}"))) }
}
