//! Callbacks: promised, moved, kept, called off.

use super::extract::{Ask, Body, Id, May, given};
use super::problem::Refused;
use super::{App, commands, paging};
use crate::domain::callback::{Callback, CallbackStatus};
use crate::domain::caller::{Caller, KeepCallbacks, Look, SteerAgents};
use crate::domain::gate;
use crate::domain::plain;
use crate::storage::Change;
use crate::storage::keeping::CallbackFilter;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use dialdeck_protocol::{Answer, CallbackId, CallbackRow, CampaignId, ContactId, Problem, UserId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

/// A callback.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Callback)]
pub(super) struct Shown {
    id: CallbackId,
    campaign_id: CampaignId,
    contact_id: ContactId,
    /// Whose; null: anyone's.
    user_id: Option<UserId>,
    due_at: DateTime<Utc>,
    /// Zone in which the time was agreed, or empty.
    timezone: String,
    note: String,
    status: CallbackStatus,
    created_at: DateTime<Utc>,
}

impl From<Callback> for Shown {
    fn from(c: Callback) -> Self {
        Self {
            id: c.id,
            campaign_id: c.campaign_id,
            contact_id: c.contact_id,
            user_id: c.user_id,
            due_at: c.due_at,
            timezone: c.timezone,
            note: c.note,
            status: c.status,
            created_at: c.created_at,
        }
    }
}

/// Callbacks, the next due first.
#[derive(Serialize, ToSchema)]
#[schema(as = CallbackPage)]
pub(super) struct Page {
    callbacks: Vec<Shown>,
    /// Goes into `after` for the next page; null at the end.
    next: Option<String>,
}

/// Which callbacks.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(super) struct Which {
    status: Option<CallbackStatus>,
    campaign_id: Option<CampaignId>,
    /// Only one's own and anyone's.
    #[serde(default)]
    mine: bool,
    /// Only those due before.
    due_before: Option<DateTime<Utc>>,
    after: Option<String>,
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

/// List callbacks
#[utoipa::path(get, path = "/api/v1/callbacks", tag = "Callbacks", security(("bearer" = ["look"])), params(Which),
    responses((status = 200, body = Page)))]
pub(super) async fn list(
    State(app): State<App>,
    permit: May<Look>,
    Ask(which, _): Ask<Which>,
) -> Result<Json<Page>, Refused> {
    let place = which.after.as_deref().map(|text| {
        let (micros, id) = text.split_once('.')?;
        Some((DateTime::from_timestamp_micros(micros.parse().ok()?)?, id.parse().ok()?))
    });
    let after = match place {
        Some(None) => {
            let message = "after is no place of ours; give back what came as next, unchanged";
            return Err(Problem::field("after", message).into());
        }
        place => place.flatten(),
    };
    let limit = paging::limit(which.limit);
    let filter = CallbackFilter {
        status: which.status,
        campaign_id: which.campaign_id,
        user_id: which.mine.then_some(permit.caller().user_id),
        due_before: which.due_before,
        after,
        limit,
    };
    let found = app.store.callbacks(permit.organization(), &filter).await?;
    let next = paging::next(&found, limit, |c| format!("{}.{}", c.due_at.timestamp_micros(), c.id));
    let seen = found.into_iter().filter(|c| permit.caller().covers(c.campaign_id));
    Ok(Json(Page { callbacks: seen.map(Shown::from).collect(), next }))
}

async fn find(app: &App, caller: &Caller, id: CallbackId) -> Result<Callback, Problem> {
    let found = app.store.callback(&caller.organization_id, id).await?;
    found.filter(|c| caller.covers(c.campaign_id)).ok_or_else(|| Problem::not_found(format!("callback {id}")))
}

/// One callback
#[utoipa::path(get, path = "/api/v1/callbacks/{id}", tag = "Callbacks", security(("bearer" = ["look"])),
    params(("id" = CallbackId, Path)), responses((status = 200, body = Shown)))]
pub(super) async fn one(
    State(app): State<App>,
    permit: May<Look>,
    Id(id, _): Id<CallbackId>,
) -> Result<Json<Shown>, Refused> {
    Ok(Json(find(&app, permit.caller(), id).await?.into()))
}

/// A callback to promise.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = CallbackGiven)]
pub(super) struct Fresh {
    contact_id: ContactId,
    due_at: DateTime<Utc>,
    /// Whose; null or left out: anyone's.
    #[serde(default)]
    user_id: Option<UserId>,
    #[serde(default)]
    timezone: String,
    #[serde(default)]
    note: String,
}

/// What is to change; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Moved {
    due_at: Option<DateTime<Utc>>,
    /// null: anyone's.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<UserId>)]
    user_id: Option<Option<UserId>>,
    timezone: Option<String>,
    note: Option<String>,
    status: Option<CallbackStatus>,
}

async fn checked(app: &App, mut callback: Callback) -> Result<Callback, Problem> {
    callback.note = plain::line(&callback.note, 1000);
    if !callback.timezone.is_empty() && callback.timezone.parse::<chrono_tz::Tz>().is_err() {
        let message = "timezone is unknown; use a name such as America/Chicago";
        return Err(Problem::field("timezone", message));
    }
    let years = (Utc::now() - callback.due_at).num_days().abs() / 365;
    if years > 10 {
        return Err(Problem::field("dueAt", "dueAt lies more than ten years away"));
    }
    if let Some(user) = callback.user_id {
        let users = app.store.users(&callback.organization_id).await?;
        if !users.iter().any(|u| u.id == user) {
            return Err(Problem::field("userId", format!("user {user} was not found")));
        }
    }
    Ok(callback)
}

async fn save(app: &App, callback: Callback) -> Result<Shown, Problem> {
    let callback = checked(app, callback).await?;
    let change = Change::SaveCallback { callback: Box::new(callback.clone()), at: Utc::now() };
    app.journal.commit(vec![change]).await?;
    Ok(callback.into())
}

/// Promise a callback
#[utoipa::path(post, path = "/api/v1/callbacks", tag = "Callbacks", security(("bearer" = ["callbacks"])),
    request_body = Fresh, responses((status = 201, body = Shown)))]
pub(super) async fn create(
    State(app): State<App>,
    permit: May<KeepCallbacks>,
    Body(fresh, _): Body<Fresh>,
) -> Result<(StatusCode, Json<Shown>), Refused> {
    let detail = json!({ "contactId": fresh.contact_id, "dueAt": fresh.due_at });
    let id = CallbackId::new();
    let saved = commands::audited(&app, permit.caller(), "callback.create", &id.to_string(), detail, async {
        let contact = app.store.contact(permit.organization(), fresh.contact_id).await?;
        let contact = contact.filter(|c| permit.caller().covers(c.campaign_id)).ok_or_else(|| {
            Problem::field("contactId", format!("contact {} was not found", fresh.contact_id))
        })?;
        let callback = Callback {
            id,
            organization_id: contact.organization_id,
            campaign_id: contact.campaign_id,
            contact_id: contact.id,
            user_id: fresh.user_id,
            due_at: fresh.due_at,
            timezone: fresh.timezone,
            note: fresh.note,
            status: CallbackStatus::Pending,
            created_at: Utc::now(),
        };
        save(&app, callback).await
    })
    .await?;
    Ok((StatusCode::CREATED, Json(saved)))
}

/// Move, keep or call off a callback
#[utoipa::path(patch, path = "/api/v1/callbacks/{id}", tag = "Callbacks", security(("bearer" = ["callbacks"])),
    params(("id" = CallbackId, Path)), request_body = Moved, responses((status = 200, body = Shown)))]
pub(super) async fn update(
    State(app): State<App>,
    permit: May<KeepCallbacks>,
    Id(id, _): Id<CallbackId>,
    Body(moved, _): Body<Moved>,
) -> Result<Json<Shown>, Refused> {
    let detail = json!({ "dueAt": moved.due_at, "status": moved.status });
    let saved = commands::audited(&app, permit.caller(), "callback.update", &id.to_string(), detail, async {
        let mut callback = of_whom_it_is(&app, permit.caller(), id).await?;
        callback.due_at = moved.due_at.unwrap_or(callback.due_at);
        callback.user_id = moved.user_id.unwrap_or(callback.user_id);
        callback.timezone = moved.timezone.unwrap_or(callback.timezone);
        callback.note = moved.note.unwrap_or(callback.note);
        callback.status = moved.status.unwrap_or(callback.status);
        save(&app, callback).await
    })
    .await?;
    Ok(Json(saved))
}

/// Callbacks that a console shows.
const SHOWN: i64 = 500;

/// Those to be kept: one's own and anyone's, or all of them for who steers agents.
pub(super) async fn rows(app: &App, caller: &Caller) -> Result<Answer, Problem> {
    let steers = caller.permit::<SteerAgents>().is_ok();
    let filter = CallbackFilter {
        status: Some(CallbackStatus::Pending),
        campaign_id: None,
        user_id: (!steers).then_some(caller.user_id),
        due_before: None,
        after: None,
        limit: SHOWN,
    };
    let organization = &caller.organization_id;
    let (users, campaigns) =
        tokio::try_join!(app.store.users(organization), app.store.campaigns(organization))?;
    let mut callbacks = Vec::new();
    for callback in app.store.callbacks(organization, &filter).await? {
        if !caller.covers(callback.campaign_id) {
            continue;
        }
        let Some(contact) = app.store.contact(organization, callback.contact_id).await? else { continue };
        let user = users.iter().find(|user| Some(user.id) == callback.user_id);
        let campaign = campaigns.iter().find(|campaign| campaign.id == callback.campaign_id);
        callbacks.push(CallbackRow {
            id: callback.id,
            contact_id: contact.id,
            campaign_id: callback.campaign_id,
            campaign: campaign.map(|campaign| campaign.name.clone()).unwrap_or_default(),
            name: contact.person.display_name(),
            phone: contact.person.phone.as_str().to_owned(),
            user_id: callback.user_id,
            user: user.map(|user| user.name.clone()).unwrap_or_default(),
            due_at: callback.due_at,
            timezone: if callback.timezone.is_empty() {
                gate::zone_of(&contact.person).map(|zone| zone.name().to_owned()).unwrap_or_default()
            } else {
                callback.timezone
            },
            note: callback.note,
        });
    }
    Ok(Answer::Callbacks { callbacks })
}

/// A callback that the caller may change: their own, anyone's, or all of them for who steers agents.
async fn of_whom_it_is(app: &App, caller: &Caller, id: CallbackId) -> Result<Callback, Problem> {
    let callback = find(app, caller, id).await?;
    let others = callback.user_id.is_some_and(|user| user != caller.user_id);
    if others && caller.permit::<SteerAgents>().is_err() {
        return Err(Problem::not_found(format!("callback {id}")));
    }
    Ok(callback)
}

/// A callback is kept, called off, or moved; gives a sentence for the screen.
pub(super) async fn change(
    app: &App,
    caller: &Caller,
    id: CallbackId,
    status: Option<CallbackStatus>,
    due_at: Option<DateTime<Utc>>,
) -> Result<String, Problem> {
    caller.permit::<KeepCallbacks>()?;
    let mut callback = of_whom_it_is(app, caller, id).await?;
    callback.status = status.unwrap_or(callback.status);
    callback.due_at = due_at.unwrap_or(callback.due_at);
    save(app, callback).await?;
    Ok(match (status, due_at) {
        (Some(CallbackStatus::Done), _) => "the callback is kept".to_owned(),
        (Some(CallbackStatus::Cancelled), _) => "the callback is called off".to_owned(),
        (_, Some(at)) => at.format("the callback is due on %d %b at %H:%M UTC").to_string(),
        _ => "nothing was changed".to_owned(),
    })
}
