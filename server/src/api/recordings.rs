//! Recordings of calls: heard by who steers calls, and each hearing is in the audit log.

use super::extract::{Id, May};
use super::problem::Refused;
use super::{App, commands};
use crate::domain::caller::{Caller, SteerCalls};
use crate::storage::recordings::RecordingRow;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use chrono::Utc;
use dialdeck_protocol::{CallId, Code, Problem};
use serde_json::json;

/// A call's recording, where the caller may hear of the call, and whether its number is under legal hold.
async fn find(app: &App, caller: &Caller, id: &CallId) -> Result<(RecordingRow, bool), Problem> {
    let organization = &caller.organization_id;
    let missing = || Problem::not_found(format!("a recording of call {id}"));
    let call = app.store.call(organization, id).await?;
    let call = call.filter(|call| caller.covers_call(call.row.campaign_id)).ok_or_else(missing)?;
    let row = app.store.recording(organization, id).await?.ok_or_else(missing)?;
    let held = app.store.holds(organization).await?.iter().any(|hold| hold.phone == call.row.phone);
    // What is to go is gone for whoever asks, also before the sweep; a legal hold keeps it.
    if row.delete_at.is_some_and(|at| at <= Utc::now()) && !held {
        return Err(missing());
    }
    Ok((row, held))
}

/// Hear a call's recording
///
/// A WAV file, stereo, 8 kHz: the person left, the AI caller right. Each hearing is in the audit log.
#[utoipa::path(get, path = "/api/v1/recordings/{id}", tag = "Recordings", security(("bearer" = ["calls"])),
    params(("id" = CallId, Path)), responses((status = 200, body = Vec<u8>, content_type = "audio/wav")))]
pub(super) async fn one(
    State(app): State<App>,
    permit: May<SteerCalls>,
    Id(id, _): Id<CallId>,
) -> Result<Response, Refused> {
    let caller = permit.caller();
    let sound = commands::audited(&app, caller, "recording.listen", id.as_str(), json!({}), async {
        let (row, _) = find(&app, caller, &id).await?;
        app.recordings.sound(&row).await.map_err(|error| {
            tracing::warn!(call = %id, error, "a recording cannot be read");
            Problem::new(Code::Unavailable, "the recording cannot be read now; see the server's log")
        })
    })
    .await?;
    Ok(([(CONTENT_TYPE, "audio/wav"), (CACHE_CONTROL, "no-store")], sound).into_response())
}

/// Delete a call's recording
#[utoipa::path(delete, path = "/api/v1/recordings/{id}", tag = "Recordings", security(("bearer" = ["calls"])),
    params(("id" = CallId, Path)), responses((status = 204)))]
pub(super) async fn delete(
    State(app): State<App>,
    permit: May<SteerCalls>,
    Id(id, _): Id<CallId>,
) -> Result<StatusCode, Refused> {
    let caller = permit.caller();
    commands::audited(&app, caller, "recording.delete", id.as_str(), json!({}), async {
        let (row, held) = find(&app, caller, &id).await?;
        if held {
            return Err(Problem::new(
                Code::Conflict,
                "the number is under legal hold: nothing of it is deleted",
            ));
        }
        app.recordings.remove(&row).await.map_err(|error| Problem::new(Code::Unavailable, error))
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
