//! Users, their sessions and tokens, and the organization.

use super::extract::{Ask, Body, Id, Known, May, given};
use super::problem::Refused;
use super::{App, commands, session};
use crate::domain::caller::{Caller, ManageUsers, PERMISSIONS};
use crate::domain::plain;
use crate::storage::accounts::{SessionRow, TokenRow, UserChange};
use crate::storage::{NewUser, UserRow};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Duration, Utc};
use dialdeck_protocol::{CampaignId, Code, OrganizationId, Problem, Role, SessionId, TokenId, UserId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

/// A user.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct User {
    id: UserId,
    name: String,
    role: Role,
    disabled: bool,
    /// Campaigns they are confined to; null: all.
    campaigns: Option<Vec<CampaignId>>,
    created_at: DateTime<Utc>,
}

impl From<UserRow> for User {
    fn from(row: UserRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            role: row.role,
            disabled: row.disabled,
            campaigns: row.campaigns,
            created_at: row.created_at,
        }
    }
}

/// Users.
#[derive(Serialize, ToSchema)]
pub(super) struct Users {
    users: Vec<User>,
}

/// A user to make.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = UserGiven)]
pub(super) struct Fresh {
    #[schema(min_length = 1, max_length = 80)]
    name: String,
    role: Role,
    #[schema(min_length = 8)]
    password: String,
    #[serde(default)]
    campaigns: Option<Vec<CampaignId>>,
}

/// What is to change; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = UserChange)]
pub(super) struct Change {
    role: Option<Role>,
    disabled: Option<bool>,
    /// null: all campaigns.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Vec<CampaignId>>)]
    campaigns: Option<Option<Vec<CampaignId>>>,
    /// Ends their sessions.
    #[schema(min_length = 8)]
    password: Option<String>,
}

/// List users
#[utoipa::path(get, path = "/api/v1/users", tag = "Users", security(("bearer" = ["users"])),
    responses((status = 200, body = Users)))]
pub(super) async fn list(State(app): State<App>, permit: May<ManageUsers>) -> Result<Json<Users>, Refused> {
    let users = app.store.users(permit.organization()).await?;
    Ok(Json(Users { users: users.into_iter().map(User::from).collect() }))
}

async fn find(app: &App, organization: &OrganizationId, id: UserId) -> Result<UserRow, Problem> {
    let found = app.store.users(organization).await?.into_iter().find(|u| u.id == id);
    found.ok_or_else(|| Problem::not_found(format!("user {id}")))
}

/// One user
#[utoipa::path(get, path = "/api/v1/users/{id}", tag = "Users", security(("bearer" = ["users"])),
    params(("id" = UserId, Path)), responses((status = 200, body = User)))]
pub(super) async fn one(
    State(app): State<App>,
    permit: May<ManageUsers>,
    Id(id, _): Id<UserId>,
) -> Result<Json<User>, Refused> {
    Ok(Json(find(&app, permit.organization(), id).await?.into()))
}

/// Log-in names are what people type and what stands in the audit log.
pub(super) fn login_name(name: &str) -> Result<String, Problem> {
    let name = plain::line(name, 81);
    let fine = |c: char| c.is_alphanumeric() || "._-@+".contains(c);
    if (1..=80).contains(&name.chars().count()) && name.chars().all(fine) {
        Ok(name)
    } else {
        Err(Problem::field("name", "name must have 1 to 80 letters, digits or . _ - @ +"))
    }
}

/// Make a user
#[utoipa::path(post, path = "/api/v1/users", tag = "Users", security(("bearer" = ["users"])), request_body = Fresh,
    responses((status = 201, body = User)))]
pub(super) async fn create(
    State(app): State<App>,
    permit: May<ManageUsers>,
    Body(fresh, _): Body<Fresh>,
) -> Result<(StatusCode, Json<User>), Refused> {
    let detail = json!({ "role": fresh.role, "campaigns": fresh.campaigns });
    let target = plain::line(&fresh.name, 80);
    let user = commands::audited(&app, permit.caller(), "user.create", &target, detail, async {
        permit.caller().everywhere()?;
        let user = NewUser {
            organization_id: permit.organization().clone(),
            name: login_name(&fresh.name)?,
            role: fresh.role,
            password_hash: session::hash(fresh.password).await?,
            campaigns: fresh.campaigns,
            at: Utc::now(),
        };
        let id = app.store.add_user(&user).await?;
        find(&app, permit.organization(), id).await
    })
    .await?;
    Ok((StatusCode::CREATED, Json(user.into())))
}

/// Change a user
#[utoipa::path(patch, path = "/api/v1/users/{id}", tag = "Users", security(("bearer" = ["users"])),
    params(("id" = UserId, Path)), request_body = Change, responses((status = 200, body = User)))]
pub(super) async fn update(
    State(app): State<App>,
    permit: May<ManageUsers>,
    Id(id, _): Id<UserId>,
    Body(change, _): Body<Change>,
) -> Result<Json<User>, Refused> {
    let detail = json!({ "role": change.role, "disabled": change.disabled, "campaigns": change.campaigns,
                         "password": change.password.is_some() });
    let user = commands::audited(&app, permit.caller(), "user.update", &id.to_string(), detail, async {
        permit.caller().everywhere()?;
        let (organization, now) = (permit.organization(), Utc::now());
        let user = find(&app, organization, id).await?;
        let demoted = change.role.is_some_and(|r| r < Role::Admin) || change.disabled == Some(true);
        if id == permit.caller().user_id && demoted {
            let message = "you would lock yourself out; let another admin do it";
            return Err(Problem::new(Code::Conflict, message));
        }
        let hash = match change.password {
            Some(password) => Some(session::hash(password).await?),
            None => None,
        };
        let wanted = UserChange { role: change.role, disabled: change.disabled, campaigns: change.campaigns };
        app.store.change_user(organization, id, &wanted, now).await?;
        if let Some(hash) = hash {
            app.store.set_password(&user.name, &hash, now).await?;
        }
        if wanted.role.is_some() || wanted.disabled.is_some() || wanted.campaigns.is_some() {
            app.dialer.agents().dismiss(organization, id).await;
        }
        find(&app, organization, id).await
    })
    .await?;
    Ok(Json(user.into()))
}

/// An open log-in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Session {
    id: SessionId,
    user_id: UserId,
    user: String,
    /// Address it came from.
    client: String,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

impl From<SessionRow> for Session {
    fn from(row: SessionRow) -> Self {
        let SessionRow { id, user_id, user, client, created_at, expires_at } = row;
        Self { id, user_id, user, client, created_at, expires_at }
    }
}

/// Open log-ins.
#[derive(Serialize, ToSchema)]
pub(super) struct Sessions {
    sessions: Vec<Session>,
}

/// Whose.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Whose {
    /// Everybody's; takes the permission to manage users. One's own otherwise.
    #[serde(default)]
    all: bool,
}

/// One's own, or everybody's where that is permitted and asked for.
fn whose(caller: &Caller, all: bool) -> Result<Option<UserId>, Problem> {
    // A token for one thing does not look at, or end, what its user has open elsewhere.
    if all || caller.scopes.is_some() {
        caller.permit::<ManageUsers>()?;
    }
    if all {
        caller.everywhere()?;
    }
    Ok((!all).then_some(caller.user_id))
}

/// Whose sessions and tokens a caller may end: their own, or (`None`) anybody's.
fn reach(caller: &Caller) -> Result<Option<UserId>, Problem> {
    let manages = caller.permit::<ManageUsers>();
    if caller.scopes.is_some() {
        manages.as_ref().map_err(Clone::clone)?;
    }
    Ok((manages.is_err() || caller.everywhere().is_err()).then_some(caller.user_id))
}

/// List open log-ins
#[utoipa::path(get, path = "/api/v1/sessions", tag = "Log-in", params(Whose),
    responses((status = 200, body = Sessions)))]
pub(super) async fn sessions(
    State(app): State<App>,
    Known(caller, _): Known,
    Ask(Whose { all }, _): Ask<Whose>,
) -> Result<Json<Sessions>, Refused> {
    let rows = app.store.sessions(&caller.organization_id, whose(&caller, all)?, Utc::now()).await?;
    Ok(Json(Sessions { sessions: rows.into_iter().map(Session::from).collect() }))
}

/// End a log-in
///
/// One's own; anybody's with the permission to manage users. Its console is closed within seconds.
#[utoipa::path(delete, path = "/api/v1/sessions/{id}", tag = "Log-in", params(("id" = SessionId, Path)),
    responses((status = 204)))]
pub(super) async fn end_session(
    State(app): State<App>,
    Known(caller, _): Known,
    Id(id, _): Id<SessionId>,
) -> Result<StatusCode, Refused> {
    commands::audited(&app, &caller, "session.end", &id.to_string(), json!({}), async {
        let own = reach(&caller)?;
        let ended = app.store.revoke_session(&caller.organization_id, own, id, Utc::now()).await?;
        if ended { Ok(()) } else { Err(Problem::not_found(format!("session {id}"))) }
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A program's token, without the token.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Token {
    id: TokenId,
    user_id: UserId,
    user: String,
    name: String,
    scopes: Vec<String>,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

impl From<TokenRow> for Token {
    fn from(row: TokenRow) -> Self {
        let TokenRow { id, user_id, user, name, scopes, created_at, expires_at } = row;
        Self { id, user_id, user, name, scopes, created_at, expires_at }
    }
}

/// Tokens.
#[derive(Serialize, ToSchema)]
pub(super) struct Tokens {
    tokens: Vec<Token>,
}

/// A token to make.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct FreshToken {
    #[schema(min_length = 1, max_length = 80)]
    name: String,
    /// What it may; each must be something that its user may.
    #[schema(min_items = 1)]
    scopes: Vec<String>,
    /// Days until it expires, 1–3650.
    #[schema(minimum = 1, maximum = 3650)]
    days: i64,
}

/// A new token. The only time it is shown.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct MadeToken {
    /// Goes into `Authorization: Bearer …`. It is not shown again.
    token: String,
    id: TokenId,
    expires_at: DateTime<Utc>,
}

/// List tokens
#[utoipa::path(get, path = "/api/v1/tokens", tag = "Log-in", params(Whose), responses((status = 200, body = Tokens)))]
pub(super) async fn tokens(
    State(app): State<App>,
    Known(caller, _): Known,
    Ask(Whose { all }, _): Ask<Whose>,
) -> Result<Json<Tokens>, Refused> {
    let rows = app.store.tokens(&caller.organization_id, whose(&caller, all)?, Utc::now()).await?;
    Ok(Json(Tokens { tokens: rows.into_iter().map(Token::from).collect() }))
}

/// Make a token
///
/// It acts as its user, within its scopes. A token cannot make tokens.
#[utoipa::path(post, path = "/api/v1/tokens", tag = "Log-in", request_body = FreshToken,
    responses((status = 201, body = MadeToken)))]
pub(super) async fn create_token(
    State(app): State<App>,
    Known(caller, _): Known,
    Body(fresh, _): Body<FreshToken>,
) -> Result<(StatusCode, Json<MadeToken>), Refused> {
    let name = plain::line(&fresh.name, 80);
    let scopes: Vec<String> = fresh.scopes.iter().take(50).map(|s| plain::line(s, 40)).collect();
    let detail = json!({ "scopes": scopes, "days": fresh.days });
    let made = commands::audited(&app, &caller, "token.create", &name, detail, async {
        if caller.scopes.is_some() {
            return Err(Problem::new(Code::Forbidden, "a token cannot make tokens; log in"));
        }
        if name.is_empty() || !(1..=3650).contains(&fresh.days) || scopes.is_empty() {
            return Err(Problem::field("name", "name, scopes and days (1 to 3650) must be given"));
        }
        for scope in &scopes {
            let known = PERMISSIONS.iter().find(|(word, ..)| word == scope).ok_or_else(|| {
                let all: Vec<&str> = PERMISSIONS.iter().map(|(word, ..)| *word).collect();
                Problem::field("scopes", format!("scope {scope:?} is unknown; use {}", all.join(", ")))
            })?;
            if caller.role < known.1 {
                let message = format!("scope {scope} takes the role {}", known.1);
                return Err(Problem::new(Code::Forbidden, message));
            }
        }
        let (token, now) = (session::fresh_token(), Utc::now());
        let row = TokenRow {
            id: TokenId::new(),
            user_id: caller.user_id,
            user: caller.name.clone(),
            name: name.clone(),
            scopes: scopes.clone(),
            created_at: now,
            expires_at: now + Duration::days(fresh.days),
        };
        app.store.add_token(&caller.organization_id, &row, &session::digest(&token)).await?;
        Ok(MadeToken { token, id: row.id, expires_at: row.expires_at })
    })
    .await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// End a token
#[utoipa::path(delete, path = "/api/v1/tokens/{id}", tag = "Log-in", params(("id" = TokenId, Path)),
    responses((status = 204)))]
pub(super) async fn end_token(
    State(app): State<App>,
    Known(caller, _): Known,
    Id(id, _): Id<TokenId>,
) -> Result<StatusCode, Refused> {
    commands::audited(&app, &caller, "token.end", &id.to_string(), json!({}), async {
        let own = reach(&caller)?;
        let ended = app.store.revoke_token(&caller.organization_id, own, id, Utc::now()).await?;
        if ended { Ok(()) } else { Err(Problem::not_found(format!("token {id}"))) }
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
