//! The organization behind whose wall one is. Others are made at the server's command line.

use super::extract::{Body, Id, May};
use super::problem::Refused;
use super::{App, commands};
use crate::domain::caller::{Look, ManageServer};
use crate::domain::plain;
use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use dialdeck_protocol::{OrganizationId, Problem};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

/// An organization.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Organization {
    id: OrganizationId,
    name: String,
    created_at: DateTime<Utc>,
}

/// Organizations.
#[derive(Serialize, ToSchema)]
pub(super) struct Organizations {
    organizations: Vec<Organization>,
}

/// What is to change.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OrganizationChange)]
pub(super) struct Change {
    #[schema(min_length = 1, max_length = 200)]
    name: String,
}

async fn own(app: &App, id: &OrganizationId) -> Result<Organization, Problem> {
    let all = app.store.organizations().await?;
    let found = all.into_iter().find(|(other, ..)| other == id);
    let (id, name, created_at) =
        found.ok_or_else(|| Problem::not_found(format!("organization {}", plain::line(id.as_str(), 60))))?;
    Ok(Organization { id, name, created_at })
}

/// One's own organization
#[utoipa::path(get, path = "/api/v1/organizations", tag = "Users", security(("bearer" = ["look"])),
    responses((status = 200, body = Organizations)))]
pub(super) async fn list(State(app): State<App>, permit: May<Look>) -> Result<Json<Organizations>, Refused> {
    Ok(Json(Organizations { organizations: vec![own(&app, permit.organization()).await?] }))
}

/// Rename one's own organization
#[utoipa::path(put, path = "/api/v1/organizations/{id}", tag = "Users", security(("bearer" = ["server"])),
    params(("id" = OrganizationId, Path)), request_body = Change, responses((status = 200, body = Organization)))]
pub(super) async fn update(
    State(app): State<App>,
    permit: May<ManageServer>,
    Id(id, _): Id<OrganizationId>,
    Body(change, _): Body<Change>,
) -> Result<Json<Organization>, Refused> {
    let name = plain::line(&change.name, 201);
    let target = plain::line(id.as_str(), 60);
    let detail = json!({ "name": name });
    let changed = commands::audited(&app, permit.caller(), "organization.update", &target, detail, async {
        if &id != permit.organization() {
            return Err(Problem::not_found(format!("organization {target}")));
        }
        permit.caller().everywhere()?;
        if name.is_empty() || name.chars().count() > 200 {
            return Err(Problem::field("name", "name must have 1 to 200 characters"));
        }
        app.store.save_organization(&id, &name, Utc::now()).await?;
        own(&app, &id).await
    })
    .await?;
    Ok(Json(changed))
}
