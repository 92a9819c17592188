//! Campaigns.

use super::extract::{Body, Id, May, given};
use super::problem::Refused;
use super::{App, commands};
use crate::domain::caller::{Caller, EditCampaigns, Look, RunQueue};
use crate::domain::campaign::Campaign;
use crate::storage::{Change, CommitError, Refusal};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::Utc;
use dialdeck_protocol::{
    Answer, CallSettings, CampaignId, CampaignStatus, CampaignType, Code, DialMode, PhoneNumberId, Problem,
    ScriptId,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

/// A campaign as given: what is left out stays, or takes its default; null clears.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = CampaignGiven)]
pub(super) struct Given {
    name: Option<String>,
    #[serde(rename = "type")]
    kind: Option<CampaignType>,
    status: Option<CampaignStatus>,
    description: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<ScriptId>)]
    script_id: Option<Option<ScriptId>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<PhoneNumberId>)]
    phone_number_id: Option<Option<PhoneNumberId>>,
    /// Only the settings that are to change; see `CallSettings`.
    #[schema(value_type = Option<Object>)]
    call_settings: Option<Value>,
}

/// A campaign.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Campaign)]
pub(super) struct Shown {
    id: CampaignId,
    name: String,
    #[serde(rename = "type")]
    kind: CampaignType,
    status: CampaignStatus,
    description: String,
    script_id: Option<ScriptId>,
    phone_number_id: Option<PhoneNumberId>,
    call_settings: CallSettings,
}

/// Campaigns, by name.
#[derive(Serialize, ToSchema)]
pub(super) struct Campaigns {
    campaigns: Vec<Shown>,
}

fn shown(campaign: Campaign) -> Shown {
    Shown {
        id: campaign.id,
        name: campaign.name,
        kind: campaign.kind,
        status: campaign.status,
        description: campaign.description,
        script_id: campaign.script_id,
        phone_number_id: campaign.phone_number_id,
        call_settings: campaign.call_settings,
    }
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
        "listOrder",
        "recycle",
        "people",
        "carrier",
        "handOver",
        "transfer",
        "routing",
        "filters",
        "scrub",
        "optOutScope",
        "attemptsPerContact",
        "debtField",
        "callerName",
        "voice",
        "trial",
        "recording",
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
        // How agents take calls is changed setting by setting, too.
        match (all[name].as_object_mut(), value.as_object()) {
            (Some(old), Some(given)) => old.extend(given.clone()),
            _ => all[name] = value.clone(),
        }
    }
    serde_json::from_value(all).map_err(|e| Problem::field("callSettings", format!("callSettings: {e}")))
}

async fn apply(app: &App, mut campaign: Campaign, given: &Given) -> Result<Campaign, Problem> {
    if let Some(name) = &given.name {
        campaign.name = crate::domain::plain::line(name, 200);
    }
    if let Some(description) = &given.description {
        campaign.description = crate::domain::plain::line(description, 8000);
    }
    campaign.kind = given.kind.unwrap_or(campaign.kind);
    campaign.status = given.status.unwrap_or(campaign.status);
    if let Some(settings) = &given.call_settings {
        let before = campaign.call_settings.voice.clone();
        campaign.call_settings = merged(&campaign.call_settings, settings)?;
        // Somebody who has left the server's settings since is no hindrance to changing something else.
        if campaign.call_settings.voice != before {
            let known = app.cast.knows(&campaign.call_settings.voice);
            known.map_err(|why| Problem::field("callSettings", format!("callSettings.{why}")))?;
        }
    }
    if let Some(trial) = campaign.call_settings.trial
        && app.store.script(&campaign.organization_id, trial.script_id).await?.is_none()
    {
        let message = format!("callSettings.trial: script {} was not found", trial.script_id);
        return Err(Problem::field("callSettings", message));
    }
    if let Some(script) = given.script_id {
        if let Some(id) = script
            && app.store.script(&campaign.organization_id, id).await?.is_none()
        {
            return Err(Problem::field("scriptId", format!("script {id} was not found")));
        }
        campaign.script_id = script;
    }
    if let Some(number) = given.phone_number_id {
        if let Some(id) = number
            && app.store.phone_number(&campaign.organization_id, id).await?.is_none()
        {
            return Err(Problem::field("phoneNumberId", format!("caller ID {id} was not found")));
        }
        campaign.phone_number_id = number;
    }
    campaign.check()?;
    Ok(campaign)
}

/// List campaigns
#[utoipa::path(get, path = "/api/v1/campaigns", tag = "Campaigns", security(("bearer" = ["look"])),
    responses((status = 200, body = Campaigns)))]
pub(super) async fn list(State(app): State<App>, permit: May<Look>) -> Result<Json<Campaigns>, Refused> {
    let campaigns = app.store.campaigns(permit.organization()).await?;
    let seen = campaigns.into_iter().filter(|c| permit.caller().covers(c.id));
    Ok(Json(Campaigns { campaigns: seen.map(shown).collect() }))
}

/// A campaign that the caller may see.
pub(super) async fn find(app: &App, caller: &Caller, id: CampaignId) -> Result<Campaign, Problem> {
    caller.within(id)?;
    let found = app.store.campaign(&caller.organization_id, id).await?;
    found.ok_or_else(|| Problem::not_found(format!("campaign {id}")))
}

/// One campaign
#[utoipa::path(get, path = "/api/v1/campaigns/{id}", tag = "Campaigns", security(("bearer" = ["look"])),
    params(("id" = CampaignId, Path)), responses((status = 200, body = Shown)))]
pub(super) async fn one(
    State(app): State<App>,
    permit: May<Look>,
    Id(id, _): Id<CampaignId>,
) -> Result<Json<Shown>, Refused> {
    Ok(Json(shown(find(&app, permit.caller(), id).await?)))
}

/// Make a campaign
#[utoipa::path(post, path = "/api/v1/campaigns", tag = "Campaigns", security(("bearer" = ["campaigns"])),
    request_body = Given, responses((status = 201, body = Shown)))]
pub(super) async fn create(
    State(app): State<App>,
    permit: May<EditCampaigns>,
    Body(given, _): Body<Given>,
) -> Result<(StatusCode, Json<Shown>), Refused> {
    let id = CampaignId::new();
    let name = given.name.clone().unwrap_or_default();
    let detail = commands::detail_of(&[("name", crate::domain::plain::line(&name, 200))]);
    let campaign =
        commands::audited(&app, permit.caller(), "campaign.create", &id.to_string(), detail, async {
            permit.caller().everywhere()?;
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
            let campaign = apply(&app, fresh, &given).await?;
            save(&app, &campaign, None).await?;
            Ok(campaign)
        })
        .await?;
    Ok((StatusCode::CREATED, Json(shown(campaign))))
}

/// What of a campaign is to change.
enum Edit {
    Given(Given),
    Pace(Pace),
}

/// How often a change is made anew where somebody else was faster.
const TRIES: usize = 8;

async fn save(app: &App, campaign: &Campaign, before: Option<Campaign>) -> Result<(), CommitError> {
    let (campaign, before) = (Box::new(campaign.clone()), before.map(Box::new));
    app.journal.commit(vec![Change::SaveCampaign { campaign, before, at: Utc::now() }]).await?;
    Ok(())
}

/// Changes a campaign as it is at that moment: of two who change different things at once, both have their way.
async fn change(app: &App, caller: &Caller, id: CampaignId, edit: &Edit) -> Result<Campaign, Problem> {
    let mut tries = 0;
    loop {
        let before = find(app, caller, id).await?;
        let campaign = match edit {
            Edit::Given(given) => apply(app, before.clone(), given).await?,
            Edit::Pace(pace) => paced(before.clone(), pace)?,
        };
        tries += 1;
        match save(app, &campaign, Some(before)).await {
            Err(CommitError::Refused(Refusal::Changed(_))) if tries < TRIES => {}
            saved => {
                saved?;
                app.dialer.nudge(id);
                return Ok(campaign);
            }
        }
    }
}

/// Change a campaign
///
/// What is left out stays; null clears script and caller ID. A queue that runs takes it up at once.
#[utoipa::path(patch, path = "/api/v1/campaigns/{id}", tag = "Campaigns", security(("bearer" = ["campaigns"])),
    params(("id" = CampaignId, Path)), request_body = Given, responses((status = 200, body = Shown)))]
pub(super) async fn update(
    State(app): State<App>,
    permit: May<EditCampaigns>,
    Id(id, _): Id<CampaignId>,
    Body(given, _): Body<Given>,
) -> Result<Json<Shown>, Refused> {
    let campaign =
        commands::audited(&app, permit.caller(), "campaign.update", &id.to_string(), json!({}), async {
            change(&app, permit.caller(), id, &Edit::Given(given)).await
        })
        .await?;
    Ok(Json(shown(campaign)))
}

/// Change a campaign, as existing users ask for it
#[utoipa::path(put, path = "/api/v1/campaigns/{id}", tag = "Campaigns", security(("bearer" = ["campaigns"])),
    params(("id" = CampaignId, Path)), request_body = Given, responses((status = 200, body = Shown)))]
pub(super) async fn replace(
    app: State<App>,
    permit: May<EditCampaigns>,
    id: Id<CampaignId>,
    body: Body<Given>,
) -> Result<Json<Shown>, Refused> {
    update(app, permit, id, body).await
}

/// Changes how a campaign dials for agents, and how many calls it has at a time.
pub(super) async fn pace(
    app: &App,
    caller: &Caller,
    id: CampaignId,
    change: Pace,
) -> Result<String, Problem> {
    caller.permit::<EditCampaigns>()?;
    let campaign = self::change(app, caller, id, &Edit::Pace(change)).await?;
    let settings = &campaign.call_settings;
    let people = settings.people.as_ref().map_or_else(String::new, |people| {
        format!(
            "{}, at most {} lines an agent and {} % abandoned, ",
            people.mode, people.maximum_level, people.drop_limit_percent
        )
    });
    Ok(format!("{}: {people}at most {} calls", campaign.name, settings.max_concurrent_calls))
}

fn paced(mut campaign: Campaign, change: &Pace) -> Result<Campaign, Problem> {
    let settings = &mut campaign.call_settings;
    if let Some(most) = change.max_concurrent_calls {
        settings.max_concurrent_calls = most;
    }
    let of_people = change.mode.is_some() || change.level.is_some() || change.drop_limit.is_some();
    match &mut settings.people {
        Some(people) => {
            people.mode = change.mode.unwrap_or(people.mode);
            people.maximum_level = change.level.unwrap_or(people.maximum_level);
            people.drop_limit_percent = change.drop_limit.unwrap_or(people.drop_limit_percent);
        }
        None if of_people => {
            let message =
                "no agents take this campaign's calls: it has no mode, level or limit of abandoned calls";
            return Err(Problem::new(Code::Conflict, message));
        }
        None => {}
    }
    campaign.check()?;
    Ok(campaign)
}

/// What of a campaign's dialling is changed.
pub(super) struct Pace {
    pub(super) mode: Option<DialMode>,
    pub(super) level: Option<f64>,
    pub(super) drop_limit: Option<f64>,
    pub(super) max_concurrent_calls: Option<u32>,
}

/// Delete a campaign
///
/// Its queue is stopped and its contacts go; its calls stay on record. Refused while calls of it are in flight.
#[utoipa::path(delete, path = "/api/v1/campaigns/{id}", tag = "Campaigns", security(("bearer" = ["campaigns"])),
    params(("id" = CampaignId, Path)), responses((status = 204)))]
pub(super) async fn delete(
    State(app): State<App>,
    permit: May<EditCampaigns>,
    Id(id, _): Id<CampaignId>,
) -> Result<StatusCode, Refused> {
    commands::audited(&app, permit.caller(), "campaign.delete", &id.to_string(), json!({}), async {
        let campaign = find(&app, permit.caller(), id).await?;
        app.dialer.stop_queue(&permit.caller().permit::<RunQueue>()?, id).await?;
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

/// What starting a queue would cost.
#[derive(Serialize, ToSchema)]
pub(super) struct Estimate {
    campaign_id: CampaignId,
    /// Contacts that still need a call.
    contacts: i64,
    cost: f64,
    currency: String,
    /// What the figure rests on.
    basis: String,
}

/// What starting a queue would cost
#[utoipa::path(get, path = "/api/v1/campaigns/{id}/estimate", tag = "Campaigns", security(("bearer" = ["look"])),
    params(("id" = CampaignId, Path)), responses((status = 200, body = Estimate)))]
pub(super) async fn estimate(
    State(app): State<App>,
    permit: May<Look>,
    Id(id, _): Id<CampaignId>,
) -> Result<Json<Estimate>, Refused> {
    match commands::estimate(&app, permit.caller(), id).await? {
        Answer::Estimate { campaign_id, contacts, cost, currency, basis } => {
            Ok(Json(Estimate { campaign_id, contacts, cost, currency, basis }))
        }
        _ => Err(Problem::new(Code::Internal, "the estimate is of another kind").into()),
    }
}
