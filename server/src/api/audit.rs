//! The audit log: read, checked, carried out.

use super::extract::{Ask, May};
use super::problem::Refused;
use super::{App, exports, paging};
use crate::domain::caller::ReadAudit;
use crate::storage::AuditLine;
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

/// A line of the audit log.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub(super) struct Entry {
    /// Its number; lines of other organizations leave holes.
    id: i64,
    at: DateTime<Utc>,
    /// Who.
    actor: String,
    /// What, such as `queue.start`.
    command: String,
    /// On what.
    target: String,
    /// With what.
    detail: Value,
    /// `done`, or the problem's code and message.
    result: String,
    /// Hash of the line before it.
    previous_hash: String,
    /// Hash over that and this line.
    hash: String,
}

impl From<AuditLine> for Entry {
    fn from(line: AuditLine) -> Self {
        let AuditLine { id, entry, previous_hash, hash } = line;
        Self {
            id,
            at: entry.at,
            actor: entry.actor,
            command: entry.command,
            target: entry.target,
            detail: entry.detail,
            result: entry.result,
            previous_hash,
            hash,
        }
    }
}

/// Lines, newest first.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditPage)]
pub(super) struct Page {
    entries: Vec<Entry>,
    /// Goes into `before` for the next page; null at the end.
    next: Option<i64>,
}

/// Which lines.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Before this number.
    before: Option<i64>,
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

/// Read the audit log
#[utoipa::path(get, path = "/api/v1/audit", tag = "Audit", security(("bearer" = ["audit"])), params(Which),
    responses((status = 200, body = Page)))]
pub(super) async fn list(
    State(app): State<App>,
    permit: May<ReadAudit>,
    Ask(Which { before, limit }, _): Ask<Which>,
) -> Result<Json<Page>, Refused> {
    permit.caller().everywhere()?;
    let limit = paging::limit(limit);
    let lines = app.store.audit(permit.organization(), before, limit).await?;
    let next = paging::next(&lines, limit, |line| line.id);
    Ok(Json(Page { entries: lines.into_iter().map(Entry::from).collect(), next }))
}

/// What checking the chain gave.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Chain {
    /// Every line is as it was written, and none is missing between two.
    intact: bool,
    /// Lines that were checked.
    entries: Option<i64>,
    /// The first line that does not fit.
    first_broken: Option<i64>,
}

/// Check the audit log's hash chain
///
/// Reads all of it. What was cut off at its end shows only against a hash that was noted elsewhere.
#[utoipa::path(get, path = "/api/v1/audit/chain", tag = "Audit", security(("bearer" = ["audit"])),
    responses((status = 200, body = Chain)))]
pub(super) async fn chain(State(app): State<App>, permit: May<ReadAudit>) -> Result<Json<Chain>, Refused> {
    permit.caller().everywhere()?;
    Ok(Json(match app.store.verify_audit().await? {
        Ok(count) => Chain { intact: true, entries: Some(count), first_broken: None },
        Err(id) => Chain { intact: false, entries: None, first_broken: Some(id) },
    }))
}

/// Export the audit log
///
/// JSON lines, newest first, with the hashes.
#[utoipa::path(get, path = "/api/v1/audit/export", tag = "Audit", security(("bearer" = ["audit"])),
    responses((status = 200, body = String, content_type = "application/x-ndjson")))]
pub(super) async fn export(State(app): State<App>, permit: May<ReadAudit>) -> Result<Response, Refused> {
    permit.caller().everywhere()?;
    let organization = permit.organization().clone();
    Ok(exports::lines(move |before: Option<i64>| {
        let (app, organization) = (app.clone(), organization.clone());
        async move {
            let lines = app.store.audit(&organization, before, 500).await?;
            let next = lines.last().map(|line| line.id);
            Ok((lines.into_iter().map(Entry::from).collect::<Vec<_>>(), next))
        }
    }))
}
