//! What was sent to a webhook, and what became of it.

use super::App;
use super::extract::{Ask, Id, May};
use super::problem::Refused;
use crate::domain::caller::ManageServer;
use crate::storage::keeping::DeliveryRow;
use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use dialdeck_protocol::EntryId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A delivery.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Delivery {
    id: i64,
    /// Number of the event.
    seq: i64,
    event_type: String,
    attempts: i32,
    /// `pending`, `delivered` or `failed`.
    status: String,
    /// The last answer's status.
    response: Option<i32>,
    /// What went wrong last; empty otherwise.
    error: String,
    created_at: DateTime<Utc>,
    next_attempt_at: DateTime<Utc>,
}

impl From<DeliveryRow> for Delivery {
    fn from(row: DeliveryRow) -> Self {
        Self {
            id: row.id,
            seq: row.seq,
            event_type: row.event_type,
            attempts: row.attempts,
            status: row.status,
            response: row.response,
            error: row.error,
            created_at: row.created_at,
            next_attempt_at: row.next_attempt_at,
        }
    }
}

/// Deliveries, newest first.
#[derive(Serialize, ToSchema)]
pub(super) struct Deliveries {
    deliveries: Vec<Delivery>,
    /// Goes into `before` for the next page; null at the end.
    next: Option<i64>,
}

/// Which deliveries.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    before: Option<i64>,
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

/// A webhook's log
#[utoipa::path(get, path = "/api/v1/webhooks/{id}/deliveries", tag = "Webhooks", security(("bearer" = ["server"])),
    params(("id" = EntryId, Path), Which), responses((status = 200, body = Deliveries)))]
pub(super) async fn list(
    State(app): State<App>,
    permit: May<ManageServer>,
    Id(id, _): Id<EntryId>,
    Ask(Which { before, limit }, _): Ask<Which>,
) -> Result<Json<Deliveries>, Refused> {
    let limit = limit.unwrap_or(100).clamp(1, 1000);
    let rows = app.store.deliveries(permit.organization(), id, before, i64::from(limit)).await?;
    let next = rows.last().filter(|_| rows.len() == limit as usize).map(|row| row.id);
    Ok(Json(Deliveries { deliveries: rows.into_iter().map(Delivery::from).collect(), next }))
}
