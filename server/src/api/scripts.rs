//! Scripts.

use super::extract::{Body, Id, May};
use super::problem::Refused;
use super::{App, commands};
use crate::domain::caller::{EditCampaigns, Look};
use crate::domain::campaign::Campaign;
use crate::domain::script::Script;
use crate::storage::Change;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::Utc;
use dialdeck_protocol::{Code, Problem, ScriptId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

/// A script as given.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ScriptGiven)]
pub(super) struct Given {
    #[schema(min_length = 1, max_length = 120)]
    pub(super) name: String,
    /// The shipped script, where left out.
    #[serde(default)]
    pub(super) body: Option<Script>,
}

/// A script.
#[derive(Serialize, ToSchema)]
#[schema(as = ScriptShown)]
pub(super) struct Shown {
    pub(super) id: ScriptId,
    pub(super) name: String,
    pub(super) body: Script,
}

/// Scripts, and the one that is used where a campaign has none.
#[derive(Serialize, ToSchema)]
pub(super) struct Scripts {
    scripts: Vec<Shown>,
    default: Script,
}

/// List scripts
#[utoipa::path(get, path = "/api/v1/scripts", tag = "Scripts", security(("bearer" = ["look"])),
    responses((status = 200, body = Scripts)))]
pub(super) async fn list(State(app): State<App>, permit: May<Look>) -> Result<Json<Scripts>, Refused> {
    let scripts = app.store.scripts(permit.organization()).await?;
    let scripts = scripts.into_iter().map(|(id, name, body)| Shown { id, name, body }).collect();
    Ok(Json(Scripts { scripts, default: Script::default() }))
}

/// One script
#[utoipa::path(get, path = "/api/v1/scripts/{id}", tag = "Scripts", security(("bearer" = ["look"])),
    params(("id" = ScriptId, Path)), responses((status = 200, body = Shown)))]
pub(super) async fn one(
    State(app): State<App>,
    permit: May<Look>,
    Id(id, _): Id<ScriptId>,
) -> Result<Json<Shown>, Refused> {
    let found = app.store.script(permit.organization(), id).await?;
    let (name, body) = found.ok_or_else(|| Problem::not_found(format!("script {id}")))?;
    Ok(Json(Shown { id, name, body }))
}

/// Checks and saves a script: a new one, or in the place of the one with `id`.
pub(super) async fn save(
    app: &App,
    permit: &May<EditCampaigns>,
    id: Option<ScriptId>,
    given: Given,
) -> Result<Shown, Problem> {
    let name = crate::domain::plain::line(&given.name, 120);
    let detail = json!({ "name": name });
    let command = if id.is_some() { "script.update" } else { "script.create" };
    let target = id.unwrap_or_default();
    commands::audited(app, permit.caller(), command, &target.to_string(), detail, async {
        permit.caller().everywhere()?;
        if name.is_empty() {
            return Err(Problem::field("name", "name must have 1 to 120 characters"));
        }
        let organization_id = permit.organization().clone();
        if id.is_some() && app.store.script(&organization_id, target).await?.is_none() {
            return Err(Problem::not_found(format!("script {target}")));
        }
        let body = given.body.unwrap_or_default();
        body.check()?;
        let (script, at) = (Box::new(body.clone()), Utc::now());
        let change = Change::SaveScript { organization_id, id: target, name: name.clone(), script, at };
        app.journal.commit(vec![change]).await?;
        Ok(Shown { id: target, name: name.clone(), body })
    })
    .await
}

/// Make a script
#[utoipa::path(post, path = "/api/v1/scripts", tag = "Scripts", security(("bearer" = ["campaigns"])),
    request_body = Given, responses((status = 201, body = Shown)))]
pub(super) async fn create(
    State(app): State<App>,
    permit: May<EditCampaigns>,
    Body(given, _): Body<Given>,
) -> Result<(StatusCode, Json<Shown>), Refused> {
    Ok((StatusCode::CREATED, Json(save(&app, &permit, None, given).await?)))
}

/// Change a script
#[utoipa::path(put, path = "/api/v1/scripts/{id}", tag = "Scripts", security(("bearer" = ["campaigns"])),
    params(("id" = ScriptId, Path)), request_body = Given, responses((status = 200, body = Shown)))]
pub(super) async fn update(
    State(app): State<App>,
    permit: May<EditCampaigns>,
    Id(id, _): Id<ScriptId>,
    Body(given, _): Body<Given>,
) -> Result<Json<Shown>, Refused> {
    Ok(Json(save(&app, &permit, Some(id), given).await?))
}

/// Remove a script
///
/// Refused while a campaign uses it.
#[utoipa::path(delete, path = "/api/v1/scripts/{id}", tag = "Scripts", security(("bearer" = ["campaigns"])),
    params(("id" = ScriptId, Path)), responses((status = 204)))]
pub(super) async fn delete(
    State(app): State<App>,
    permit: May<EditCampaigns>,
    Id(id, _): Id<ScriptId>,
) -> Result<StatusCode, Refused> {
    commands::audited(&app, permit.caller(), "script.delete", &id.to_string(), json!({}), async {
        permit.caller().everywhere()?;
        let organization_id = permit.organization().clone();
        let campaigns = app.store.campaigns(&organization_id).await?;
        let on_trial = |c: &&Campaign| c.call_settings.trial.is_some_and(|trial| trial.script_id == id);
        if let Some(campaign) = campaigns.iter().find(on_trial) {
            let message = format!("the script is on trial in {}; end that first", campaign.name);
            return Err(Problem::new(Code::Conflict, message));
        }
        app.journal.commit(vec![Change::DeleteScript { organization_id, id }]).await?;
        Ok(())
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
