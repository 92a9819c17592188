//! Log in, log out, who am I.

use super::problem::{self, Refused};
use super::{App, commands, session};
use crate::domain::caller::Caller;
use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use chrono::Utc;
use dialdeck_protocol::OrganizationId;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
pub(super) struct LogIn {
    username: String,
    password: String,
}

pub(super) async fn login(
    State(app): State<App>,
    body: Result<Json<LogIn>, JsonRejection>,
) -> Result<Json<Value>, Refused> {
    let LogIn { username, password } = problem::body(body)?;
    let hours = app.settings.server.session_hours;
    let name = crate::domain::plain::line(&username, 80);
    let opened = session::log_in(app.store.as_ref(), &name, password, hours, Utc::now()).await;
    match opened {
        Ok((token, expires, caller)) => {
            commands::note(&app, &caller, "auth.login", &name, json!({}), "done").await;
            Ok(Json(json!({
                "success": true,
                "token": token,
                "expiresAt": expires,
                "user": { "id": caller.user_id, "name": caller.name, "role": caller.role,
                          "organizationId": caller.organization_id },
            })))
        }
        Err(refused) => {
            let organization = app
                .store
                .user(&name)
                .await
                .ok()
                .flatten()
                .map_or_else(|| OrganizationId("default".into()), |u| u.organization_id);
            let mut nobody = Caller::operator(organization);
            nobody.name = "-".into();
            commands::note(&app, &nobody, "auth.login", &name, json!({}), refused.code.as_str()).await;
            Err(refused.into())
        }
    }
}

pub(super) async fn logout(State(app): State<App>, caller: Caller) -> Result<Json<Value>, Refused> {
    app.store.revoke_session(caller.session_id, Utc::now()).await?;
    commands::note(&app, &caller, "auth.logout", &caller.name, json!({}), "done").await;
    Ok(Json(json!({ "success": true })))
}

pub(super) async fn me(caller: Caller) -> Json<Value> {
    Json(json!({ "id": caller.user_id, "name": caller.name, "role": caller.role,
                 "organizationId": caller.organization_id }))
}
