//! Log in, log out, who am I.

use super::extract::{Body, Known};
use super::problem::Refused;
use super::{App, commands, session};
use crate::domain::caller::{Caller, Proof};
use crate::domain::plain;
use axum::Json;
use axum::extract::{ConnectInfo, State};
use axum::http::HeaderMap;
use chrono::{DateTime, Utc};
use dialdeck_protocol::{CampaignId, Code, OrganizationId, Role, UserId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::net::SocketAddr;
use utoipa::ToSchema;

/// Name and password.
#[derive(Deserialize, ToSchema)]
pub(super) struct LogIn {
    username: String,
    password: String,
}

/// Who somebody is.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Me {
    id: UserId,
    name: String,
    role: Role,
    organization_id: OrganizationId,
    /// Campaigns they are confined to; null: all.
    campaigns: Option<Vec<CampaignId>>,
    /// Scopes of the token; null: whatever the role gives.
    scopes: Option<Vec<String>>,
}

impl Me {
    fn of(caller: &Caller) -> Self {
        Self {
            id: caller.user_id,
            name: caller.name.clone(),
            role: caller.role,
            organization_id: caller.organization_id.clone(),
            campaigns: caller.campaigns.as_ref().map(|c| c.iter().copied().collect()),
            scopes: caller.scopes.as_ref().map(|s| s.iter().cloned().collect()),
        }
    }
}

/// An open session.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct LoggedIn {
    success: bool,
    /// Goes into `Authorization: Bearer …`.
    token: String,
    expires_at: DateTime<Utc>,
    user: Me,
}

/// It is done.
#[derive(Serialize, ToSchema)]
pub(super) struct Done {
    success: bool,
}

/// Log in
///
/// Wrong passwords slow down the address and name they come with; nobody else is kept out.
#[utoipa::path(post, path = "/api/v1/auth/login", tag = "Log-in", security(()), request_body = LogIn,
    responses((status = 200, body = LoggedIn)))]
pub(super) async fn login(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Body(LogIn { username, password }, _): Body<LogIn>,
) -> Result<Json<LoggedIn>, Refused> {
    let name = plain::line(&username, 80);
    let from = session::address(&app.settings.server.proxies, peer.ip(), &headers);
    match session::log_in(&app, &name, password, from).await {
        Ok((token, expires_at, caller)) => {
            commands::note(&app, &caller, "auth.login", &name, json!({ "from": from }), "done").await;
            Ok(Json(LoggedIn { success: true, token, expires_at, user: Me::of(&caller) }))
        }
        // Not heard at all: strangers must not be able to fill the log.
        Err(refused) if refused.code == Code::RateLimited => Err(refused.into()),
        Err(refused) => {
            let known = app.store.user(&name).await.ok().flatten();
            // What is typed for a name may be a password.
            let name = if known.is_some() { name } else { "unknown".to_owned() };
            let organization = known.map_or_else(|| OrganizationId("default".into()), |u| u.organization_id);
            let mut nobody = Caller::operator(organization);
            nobody.name = "-".into();
            let detail = json!({ "from": from });
            commands::note(&app, &nobody, "auth.login", &name, detail, refused.code.as_str()).await;
            Err(refused.into())
        }
    }
}

/// Log out
///
/// Ends the session with which it is asked.
#[utoipa::path(post, path = "/api/v1/auth/logout", tag = "Log-in", responses((status = 200, body = Done)))]
pub(super) async fn logout(State(app): State<App>, Known(caller, _): Known) -> Result<Json<Done>, Refused> {
    let (organization, now) = (&caller.organization_id, Utc::now());
    match caller.proof {
        Proof::Session(id) => app.store.revoke_session(organization, None, id, now).await?,
        Proof::Token(id) => app.store.revoke_token(organization, None, id, now).await?,
        Proof::Operator => false,
    };
    commands::note(&app, &caller, "auth.logout", &caller.name, json!({}), "done").await;
    Ok(Json(Done { success: true }))
}

/// Who am I
#[utoipa::path(get, path = "/api/v1/auth/me", tag = "Log-in", responses((status = 200, body = Me)))]
pub(super) async fn me(Known(caller, _): Known) -> Json<Me> {
    Json(Me::of(&caller))
}
