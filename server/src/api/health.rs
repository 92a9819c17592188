//! Is it alive, is it ready, how are its parts.

use super::App;
use super::problem::Refused;
use crate::domain::caller::{Caller, Look};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// The process answers.
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

/// The database answers, and what a crash left behind is settled.
pub(super) async fn ready(State(app): State<App>) -> Response {
    let database = app.store.ping().await.is_ok();
    let recovered = app.dialer.has_recovered();
    let status = if database && recovered { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({ "ready": database && recovered, "database": database, "recovered": recovered })))
        .into_response()
}

pub(super) async fn parts(State(app): State<App>, caller: Caller) -> Result<Json<Value>, Refused> {
    caller.permit::<Look>()?;
    Ok(Json(json!({ "parts": app.parts.all(), "callsInFlight": app.dialer.in_flight() })))
}
