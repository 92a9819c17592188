//! Campaigns.

use super::problem::{self, Refused};
use super::{App, commands};
use crate::domain::caller::{Caller, EditCampaigns, Look};
use crate::domain::campaign::Campaign;
use crate::storage::Change;
use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use chrono::Utc;
use dialdeck_protocol::{
    CallSettings, CampaignId, CampaignStatus, CampaignType, PhoneNumberId, Problem, ScriptId,
};
use serde::Deserialize;
use serde_json::{Value, json};

/// A campaign as given: what is left out stays, or takes its default.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Given {
    name: Option<String>,
    #[serde(rename = "type")]
    kind: Option<CampaignType>,
    status: Option<CampaignStatus>,
    description: Option<String>,
    script_id: Option<ScriptId>,
    phone_number_id: Option<PhoneNumberId>,
    call_settings: Option<Value>,
}

fn shown(campaign: &Campaign) -> Value {
    json!({
        "id": campaign.id,
        "name": campaign.name,
        "type": campaign.kind,
        "status": campaign.status,
        "description": campaign.description,
        "scriptId": campaign.script_id,
        "phoneNumberId": campaign.phone_number_id,
        "callSettings": campaign.call_settings,
    })
}

/// Settings that are given replace those that are there, one by one.
fn merged(old: &CallSettings, given: &Value) -> Result<CallSettings, Problem> {
    let mut all = serde_json::to_value(old).unwrap_or_default();
    let Some(given) = given.as_object() else {
        return Err(Problem::field("callSettings", "callSettings must be an object"));
    };
    let known = [
        "maxConcurrentCalls",
        "retryAttempts",
        "retryDelayMinutes",
        "callTimeoutSeconds",
        "callIntervalMs",
        "reviewAfter",
    ];
    for (name, value) in given {
        if !known.contains(&name.as_str()) {
            return Err(Problem::field(
                "callSettings",
                format!(
                    "callSettings.{} is unknown; there are {}",
                    crate::domain::plain::line(name, 40),
                    known.join(", ")
                ),
            ));
        }
        all[name] = value.clone();
    }
    serde_json::from_value(all).map_err(|e| Problem::field("callSettings", format!("callSettings: {e}")))
}

async fn apply(app: &App, mut campaign: Campaign, given: Given) -> Result<Campaign, Problem> {
    if let Some(name) = given.name {
        campaign.name = crate::domain::plain::line(&name, 200);
    }
    if let Some(description) = given.description {
        campaign.description = crate::domain::plain::line(&description, 8000);
    }
    campaign.kind = given.kind.unwrap_or(campaign.kind);
    campaign.status = given.status.unwrap_or(campaign.status);
    if let Some(settings) = given.call_settings {
        campaign.call_settings = merged(&campaign.call_settings, &settings)?;
    }
    if let Some(id) = given.script_id {
        if app.store.script(&campaign.organization_id, id).await?.is_none() {
            return Err(Problem::field("scriptId", format!("script {id} was not found")));
        }
        campaign.script_id = Some(id);
    }
    if let Some(id) = given.phone_number_id {
        if app.store.phone_number(&campaign.organization_id, id).await?.is_none() {
            return Err(Problem::field("phoneNumberId", format!("caller ID {id} was not found")));
        }
        campaign.phone_number_id = Some(id);
    }
    campaign.check()?;
    Ok(campaign)
}

pub(super) async fn list(State(app): State<App>, caller: Caller) -> Result<Json<Value>, Refused> {
    let permit = caller.permit::<Look>()?;
    let campaigns = app.store.campaigns(permit.organization()).await?;
    Ok(Json(json!({ "campaigns": campaigns.iter().map(shown).collect::<Vec<_>>() })))
}

pub(super) async fn find(app: &App, caller: &Caller, id: CampaignId) -> Result<Campaign, Problem> {
    let permit = caller.permit::<Look>()?;
    let found = app.store.campaign(permit.organization(), id).await?;
    found.ok_or_else(|| Problem::not_found(format!("campaign {id}")))
}

pub(super) async fn one(
    State(app): State<App>,
    caller: Caller,
    id: Result<Path<CampaignId>, PathRejection>,
) -> Result<Json<Value>, Refused> {
    Ok(Json(shown(&find(&app, &caller, problem::path(id)?).await?)))
}

pub(super) async fn create(
    State(app): State<App>,
    caller: Caller,
    body: Result<Json<Given>, JsonRejection>,
) -> Result<(StatusCode, Json<Value>), Refused> {
    let given = problem::body(body)?;
    let id = CampaignId::new();
    let name = given.name.clone().unwrap_or_default();
    let detail = commands::detail_of(&[("name", crate::domain::plain::line(&name, 200))]);
    let campaign = commands::audited(&app, &caller, "campaign.create", &id.to_string(), detail, async {
        let permit = caller.permit::<EditCampaigns>()?;
        let fresh = Campaign {
            id,
            organization_id: permit.organization().clone(),
            name: String::new(),
            kind: CampaignType::Sales,
            status: CampaignStatus::Active,
            description: String::new(),
            script_id: None,
            call_settings: app.settings.call_settings(),
            phone_number_id: None,
        };
        let campaign = apply(&app, fresh, given).await?;
        save(&app, &campaign, true).await?;
        Ok(campaign)
    })
    .await?;
    Ok((StatusCode::CREATED, Json(shown(&campaign))))
}

async fn save(app: &App, campaign: &Campaign, is_new: bool) -> Result<(), Problem> {
    let campaign = Box::new(campaign.clone());
    app.journal.commit(vec![Change::SaveCampaign { campaign, is_new, at: Utc::now() }]).await?;
    Ok(())
}

pub(super) async fn update(
    State(app): State<App>,
    caller: Caller,
    id: Result<Path<CampaignId>, PathRejection>,
    body: Result<Json<Given>, JsonRejection>,
) -> Result<Json<Value>, Refused> {
    let (id, given) = (problem::path(id)?, problem::body(body)?);
    let campaign = commands::audited(&app, &caller, "campaign.update", &id.to_string(), json!({}), async {
        caller.permit::<EditCampaigns>()?;
        let campaign = apply(&app, find(&app, &caller, id).await?, given).await?;
        save(&app, &campaign, false).await?;
        app.dialer.nudge(id);
        Ok(campaign)
    })
    .await?;
    Ok(Json(shown(&campaign)))
}

pub(super) async fn delete(
    State(app): State<App>,
    caller: Caller,
    id: Result<Path<CampaignId>, PathRejection>,
) -> Result<StatusCode, Refused> {
    let id = problem::path(id)?;
    commands::audited(&app, &caller, "campaign.delete", &id.to_string(), json!({}), async {
        let permit = caller.permit::<EditCampaigns>()?;
        let campaign = find(&app, &caller, id).await?;
        app.dialer.stop_queue(&caller.permit()?, id).await?;
        let change = Change::DeleteCampaign {
            organization_id: permit.organization().clone(),
            campaign_id: id,
            name: campaign.name,
            at: Utc::now(),
        };
        app.journal.commit(vec![change]).await?;
        Ok(())
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn estimate(
    State(app): State<App>,
    caller: Caller,
    id: Result<Path<CampaignId>, PathRejection>,
) -> Result<Json<Value>, Refused> {
    let answer = commands::estimate(&app, &caller, problem::path(id)?).await?;
    let mut shown = serde_json::to_value(answer).unwrap_or_default();
    if let Some(object) = shown.as_object_mut() {
        object.remove("answer");
    }
    Ok(Json(shown))
}
