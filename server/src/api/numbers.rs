//! Caller-ID numbers of ours.

use super::problem::{self, Refused};
use super::{App, commands};
use crate::domain::caller::{Caller, EditCampaigns, Look};
use crate::domain::campaign::PhoneNumber;
use crate::domain::phone::Phone;
use crate::storage::Change;
use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use chrono::Utc;
use dialdeck_protocol::{PhoneNumberId, Problem};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Given {
    number: String,
    #[serde(default)]
    label: String,
}

fn shown(number: &PhoneNumber) -> Value {
    json!({ "id": number.id, "number": number.number, "label": number.label })
}

pub(super) async fn list(State(app): State<App>, caller: Caller) -> Result<Json<Value>, Refused> {
    let permit = caller.permit::<Look>()?;
    let numbers = app.store.phone_numbers(permit.organization()).await?;
    Ok(Json(json!({ "phoneNumbers": numbers.iter().map(shown).collect::<Vec<_>>() })))
}

async fn save(
    app: &App,
    caller: &Caller,
    id: PhoneNumberId,
    given: Given,
    verb: &str,
) -> Result<Value, Problem> {
    commands::audited(app, caller, verb, &id.to_string(), json!({}), async {
        let permit = caller.permit::<EditCampaigns>()?;
        let number = Phone::parse(&given.number, &app.settings.dialer.region)
            .map_err(|e| Problem::field("number", e.to_string()))?;
        let label = crate::domain::plain::line(&given.label, 120);
        let number = PhoneNumber { id, number: number.as_str().to_owned(), label };
        let organization_id = permit.organization().clone();
        let change = Change::SavePhoneNumber { organization_id, number: number.clone(), at: Utc::now() };
        app.journal.commit(vec![change]).await?;
        Ok(shown(&number))
    })
    .await
}

pub(super) async fn create(
    State(app): State<App>,
    caller: Caller,
    body: Result<Json<Given>, JsonRejection>,
) -> Result<(StatusCode, Json<Value>), Refused> {
    let saved =
        save(&app, &caller, PhoneNumberId::new(), problem::body(body)?, "phone_number.create").await?;
    Ok((StatusCode::CREATED, Json(saved)))
}

pub(super) async fn update(
    State(app): State<App>,
    caller: Caller,
    id: Result<Path<PhoneNumberId>, PathRejection>,
    body: Result<Json<Given>, JsonRejection>,
) -> Result<Json<Value>, Refused> {
    let (id, given) = (problem::path(id)?, problem::body(body)?);
    let permit = caller.permit::<Look>()?;
    if app.store.phone_number(permit.organization(), id).await?.is_none() {
        return Err(Problem::not_found(format!("caller ID {id}")).into());
    }
    Ok(Json(save(&app, &caller, id, given, "phone_number.update").await?))
}

pub(super) async fn delete(
    State(app): State<App>,
    caller: Caller,
    id: Result<Path<PhoneNumberId>, PathRejection>,
) -> Result<StatusCode, Refused> {
    let id = problem::path(id)?;
    commands::audited(&app, &caller, "phone_number.delete", &id.to_string(), json!({}), async {
        let permit = caller.permit::<EditCampaigns>()?;
        let organization_id = permit.organization().clone();
        app.journal.commit(vec![Change::DeletePhoneNumber { organization_id, id }]).await?;
        Ok(())
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
