//! The audit log.

use super::App;
use super::problem::{self, Refused};
use crate::domain::caller::{Caller, ReadAudit};
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
pub(super) struct Page {
    limit: Option<u32>,
}

pub(super) async fn list(
    State(app): State<App>,
    caller: Caller,
    page: Result<Query<Page>, QueryRejection>,
) -> Result<Json<Value>, Refused> {
    let permit = caller.permit::<ReadAudit>()?;
    let limit = problem::query(page)?.limit.unwrap_or(100).clamp(1, 1000);
    let entries = app.store.audit(permit.organization(), i64::from(limit)).await?;
    let chain = match app.store.verify_audit().await? {
        Ok(count) => json!({ "intact": true, "entries": count }),
        Err(id) => json!({ "intact": false, "firstBroken": id }),
    };
    Ok(Json(json!({ "entries": entries, "chain": chain })))
}
