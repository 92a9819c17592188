//! Scripts.

use super::problem::{self, Refused};
use super::{App, commands};
use crate::domain::caller::{Caller, EditCampaigns, Look};
use crate::domain::script::Script;
use crate::storage::Change;
use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use chrono::Utc;
use dialdeck_protocol::{Problem, ScriptId};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Given {
    name: String,
    #[serde(default)]
    body: Option<Script>,
}

fn shown(id: ScriptId, name: &str, script: &Script) -> Value {
    json!({ "id": id, "name": name, "body": script })
}

pub(super) async fn list(State(app): State<App>, caller: Caller) -> Result<Json<Value>, Refused> {
    let permit = caller.permit::<Look>()?;
    let scripts = app.store.scripts(permit.organization()).await?;
    let shown: Vec<_> = scripts.iter().map(|(id, name, script)| shown(*id, name, script)).collect();
    Ok(Json(json!({ "scripts": shown, "default": Script::default() })))
}

pub(super) async fn one(
    State(app): State<App>,
    caller: Caller,
    id: Result<Path<ScriptId>, PathRejection>,
) -> Result<Json<Value>, Refused> {
    let (permit, id) = (caller.permit::<Look>()?, problem::path(id)?);
    let (name, script) = app
        .store
        .script(permit.organization(), id)
        .await?
        .ok_or_else(|| Problem::not_found(format!("script {id}")))?;
    Ok(Json(shown(id, &name, &script)))
}

async fn save(app: &App, caller: &Caller, id: ScriptId, given: Given, verb: &str) -> Result<Value, Problem> {
    let name = crate::domain::plain::line(&given.name, 120);
    let detail = commands::detail_of(&[("name", name.clone())]);
    commands::audited(app, caller, verb, &id.to_string(), detail, async {
        let permit = caller.permit::<EditCampaigns>()?;
        if name.is_empty() {
            return Err(Problem::field("name", "name must have 1 to 120 characters"));
        }
        let script = given.body.unwrap_or_default();
        script.check()?;
        let change = Change::SaveScript {
            organization_id: permit.organization().clone(),
            id,
            name: name.clone(),
            script: Box::new(script.clone()),
            at: Utc::now(),
        };
        app.journal.commit(vec![change]).await?;
        Ok(shown(id, &name, &script))
    })
    .await
}

pub(super) async fn create(
    State(app): State<App>,
    caller: Caller,
    body: Result<Json<Given>, JsonRejection>,
) -> Result<(StatusCode, Json<Value>), Refused> {
    let saved = save(&app, &caller, ScriptId::new(), problem::body(body)?, "script.create").await?;
    Ok((StatusCode::CREATED, Json(saved)))
}

pub(super) async fn update(
    State(app): State<App>,
    caller: Caller,
    id: Result<Path<ScriptId>, PathRejection>,
    body: Result<Json<Given>, JsonRejection>,
) -> Result<Json<Value>, Refused> {
    let (id, given) = (problem::path(id)?, problem::body(body)?);
    let permit = caller.permit::<Look>()?;
    if app.store.script(permit.organization(), id).await?.is_none() {
        return Err(Problem::not_found(format!("script {id}")).into());
    }
    Ok(Json(save(&app, &caller, id, given, "script.update").await?))
}

pub(super) async fn delete(
    State(app): State<App>,
    caller: Caller,
    id: Result<Path<ScriptId>, PathRejection>,
) -> Result<StatusCode, Refused> {
    let id = problem::path(id)?;
    commands::audited(&app, &caller, "script.delete", &id.to_string(), json!({}), async {
        let permit = caller.permit::<EditCampaigns>()?;
        let organization_id = permit.organization().clone();
        app.journal.commit(vec![Change::DeleteScript { organization_id, id }]).await?;
        Ok(())
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
