//! Webhooks: made with a secret that is shown once; the log of what was sent.

use super::catalog::{self, Kept};
use super::extract::{Ask, Body, Id, May};
use super::problem::Refused;
use super::{App, paging, session};
use crate::domain::caller::ManageServer;
use crate::domain::catalog::Webhook;
use crate::storage::keeping::DeliveryRow;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use dialdeck_protocol::EntryId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A new webhook, with the secret that signs what it is sent. The only time it is shown.
#[derive(Serialize, ToSchema)]
#[schema(as = MadeWebhook)]
pub(super) struct Made {
    /// Key of the HMAC-SHA-256 in `Dialdeck-Signature`.
    secret: String,
    #[serde(flatten)]
    webhook: Kept<Webhook>,
}

/// Make a webhook
///
/// What it is sent is signed: `Dialdeck-Signature: t=<seconds>,v1=<HMAC-SHA-256 of "t.body">`.
#[utoipa::path(post, path = "/api/v1/webhooks", tag = "Webhooks", security(("bearer" = ["server"])),
    request_body = Webhook, responses((status = 201, body = Made)))]
pub(super) async fn create(
    State(app): State<App>,
    permit: May<ManageServer>,
    Body(noun, _): Body<Webhook>,
) -> Result<(StatusCode, Json<Made>), Refused> {
    let secret = session::fresh_token();
    let webhook = catalog::save(&app, permit.caller(), None, noun, || secret.clone()).await?;
    Ok((StatusCode::CREATED, Json(Made { secret, webhook })))
}

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
pub(super) async fn deliveries(
    State(app): State<App>,
    permit: May<ManageServer>,
    Id(id, _): Id<EntryId>,
    Ask(Which { before, limit }, _): Ask<Which>,
) -> Result<Json<Deliveries>, Refused> {
    let limit = paging::limit(limit);
    let rows = app.store.deliveries(permit.organization(), id, before, limit).await?;
    let next = paging::next(&rows, limit, |row| row.id);
    Ok(Json(Deliveries { deliveries: rows.into_iter().map(Delivery::from).collect(), next }))
}
