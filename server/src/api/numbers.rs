//! Caller-ID numbers of ours.

use super::extract::{Body, Id, May};
use super::persons::phone;
use super::problem::Refused;
use super::{App, commands};
use crate::domain::caller::{Caller, EditCampaigns, Look};
use crate::domain::campaign::PhoneNumber;
use crate::storage::Change;
use crate::storage::learning::NumberUse;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::Utc;
use dialdeck_protocol::connector::NumberRow;
use dialdeck_protocol::{OrganizationId, PhoneNumberId, Problem};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

/// Days in which a caller ID's calls are counted.
const DAYS: i64 = 7;

/// A caller ID as given.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CallerIdGiven)]
pub(super) struct Given {
    /// Such as `+13125550199`.
    pub(super) number: String,
    #[serde(default)]
    pub(super) label: String,
}

/// A caller ID.
#[derive(Serialize, ToSchema)]
#[schema(as = CallerId)]
pub(super) struct Shown {
    id: PhoneNumberId,
    number: String,
    label: String,
}

impl From<PhoneNumber> for Shown {
    fn from(number: PhoneNumber) -> Self {
        Self { id: number.id, number: number.number, label: number.label }
    }
}

/// Caller IDs, by number.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Numbers {
    phone_numbers: Vec<Shown>,
}

/// List caller IDs
#[utoipa::path(get, path = "/api/v1/phone-numbers", tag = "Caller IDs", security(("bearer" = ["look"])),
    responses((status = 200, body = Numbers)))]
pub(super) async fn list(State(app): State<App>, permit: May<Look>) -> Result<Json<Numbers>, Refused> {
    let numbers = app.store.phone_numbers(permit.organization()).await?;
    Ok(Json(Numbers { phone_numbers: numbers.into_iter().map(Shown::from).collect() }))
}

/// One caller ID
#[utoipa::path(get, path = "/api/v1/phone-numbers/{id}", tag = "Caller IDs", security(("bearer" = ["look"])),
    params(("id" = PhoneNumberId, Path)), responses((status = 200, body = Shown)))]
pub(super) async fn one(
    State(app): State<App>,
    permit: May<Look>,
    Id(id, _): Id<PhoneNumberId>,
) -> Result<Json<Shown>, Refused> {
    let found = app.store.phone_number(permit.organization(), id).await?;
    Ok(Json(found.ok_or_else(|| Problem::not_found(format!("caller ID {id}")))?.into()))
}

/// Adds a caller ID, or changes one.
pub(super) async fn save(
    app: &App,
    caller: &Caller,
    id: Option<PhoneNumberId>,
    given: Given,
) -> Result<Shown, Problem> {
    let command = if id.is_some() { "phone_number.update" } else { "phone_number.create" };
    let target = id.unwrap_or_default();
    commands::audited(app, caller, command, &target.to_string(), json!({}), async {
        caller.permit::<EditCampaigns>()?;
        caller.everywhere()?;
        let organization_id = caller.organization_id.clone();
        if id.is_some() && app.store.phone_number(&organization_id, target).await?.is_none() {
            return Err(Problem::not_found(format!("caller ID {target}")));
        }
        let number = phone(app, &given.number).map_err(|p| Problem::field("number", p.message))?;
        let label = crate::domain::plain::line(&given.label, 120);
        let number = PhoneNumber { id: target, number: number.as_str().to_owned(), label };
        let change = Change::SavePhoneNumber { organization_id, number: number.clone(), at: Utc::now() };
        app.journal.commit(vec![change]).await?;
        Ok(number.into())
    })
    .await
}

/// Add a caller ID
#[utoipa::path(post, path = "/api/v1/phone-numbers", tag = "Caller IDs", security(("bearer" = ["campaigns"])),
    request_body = Given, responses((status = 201, body = Shown)))]
pub(super) async fn create(
    State(app): State<App>,
    permit: May<EditCampaigns>,
    Body(given, _): Body<Given>,
) -> Result<(StatusCode, Json<Shown>), Refused> {
    Ok((StatusCode::CREATED, Json(save(&app, permit.caller(), None, given).await?)))
}

/// Change a caller ID
#[utoipa::path(put, path = "/api/v1/phone-numbers/{id}", tag = "Caller IDs", security(("bearer" = ["campaigns"])),
    params(("id" = PhoneNumberId, Path)), request_body = Given, responses((status = 200, body = Shown)))]
pub(super) async fn update(
    State(app): State<App>,
    permit: May<EditCampaigns>,
    Id(id, _): Id<PhoneNumberId>,
    Body(given, _): Body<Given>,
) -> Result<Json<Shown>, Refused> {
    Ok(Json(save(&app, permit.caller(), Some(id), given).await?))
}

/// Remove a caller ID
///
/// Refused while a campaign calls from it.
#[utoipa::path(delete, path = "/api/v1/phone-numbers/{id}", tag = "Caller IDs", security(("bearer" = ["campaigns"])),
    params(("id" = PhoneNumberId, Path)), responses((status = 204)))]
pub(super) async fn delete(
    State(app): State<App>,
    permit: May<EditCampaigns>,
    Id(id, _): Id<PhoneNumberId>,
) -> Result<StatusCode, Refused> {
    remove(&app, permit.caller(), id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes a caller ID that no campaign calls from.
pub(super) async fn remove(app: &App, caller: &Caller, id: PhoneNumberId) -> Result<(), Problem> {
    commands::audited(app, caller, "phone_number.delete", &id.to_string(), json!({}), async {
        caller.permit::<EditCampaigns>()?;
        caller.everywhere()?;
        let organization_id = caller.organization_id.clone();
        app.journal.commit(vec![Change::DeletePhoneNumber { organization_id, id }]).await?;
        Ok(())
    })
    .await
}

/// Caller IDs with the campaigns that call from them, and how often they are answered.
pub(super) async fn rows(app: &App, caller: &Caller) -> Result<Vec<NumberRow>, Problem> {
    caller.permit::<Look>()?;
    let organization = &caller.organization_id;
    let numbers = app.store.phone_numbers(organization).await?;
    let campaigns = app.store.campaigns(organization).await?;
    // Calls of campaigns that one may not see are not counted for one.
    let used = if caller.everywhere().is_ok() { used(app, organization).await? } else { Vec::new() };
    let row = |number: PhoneNumber| {
        let used = used.iter().find(|used| used.number == number.number);
        let from = campaigns.iter().filter(|c| c.phone_number_id == Some(number.id) && caller.covers(c.id));
        NumberRow {
            id: number.id,
            campaigns: from.map(|campaign| campaign.name.clone()).collect(),
            calls: used.map_or(0, |used| used.calls),
            answered: used.map_or(0, |used| used.answered),
            last_at: used.and_then(|used| used.last_at),
            number: number.number,
            label: number.label,
        }
    };
    Ok(numbers.into_iter().map(row).collect())
}

/// What was called from each caller ID, as it was a moment ago.
async fn used(app: &App, organization: &OrganizationId) -> Result<Vec<NumberUse>, Problem> {
    let now = Utc::now();
    if let Some(used) = app.numbers.get(organization, now) {
        return Ok(used);
    }
    let used = app.store.number_use(organization, now - chrono::Duration::days(DAYS)).await?;
    app.numbers.keep(organization.clone(), used.clone(), now);
    Ok(used)
}
