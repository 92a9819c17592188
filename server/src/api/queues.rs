//! Queues of all campaigns, what they would call next, and events as they were committed.

use super::App;
use super::extract::{Ask, Id, May};
use super::problem::Refused;
use crate::domain::caller::Look;
use crate::domain::gate::Voice;
use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use dialdeck_protocol::{CallCounts, CampaignId, ContactId, Event, QueueState};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// What a campaign's queue does.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Queue {
    campaign_id: CampaignId,
    campaign: String,
    state: QueueState,
    /// Why, where it does not run.
    reason: String,
    started_calls: i32,
    last_call_at: Option<DateTime<Utc>>,
    next_call_at: Option<DateTime<Utc>>,
    counts: CallCounts,
}

/// Queues, by campaign.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Queues {
    queues: Vec<Queue>,
    /// Calls in flight on this server.
    calls_in_flight: usize,
}

/// List queues
#[utoipa::path(get, path = "/api/v1/queues", tag = "Queues", security(("bearer" = ["look"])),
    responses((status = 200, body = Queues)))]
pub(super) async fn list(State(app): State<App>, permit: May<Look>) -> Result<Json<Queues>, Refused> {
    let mut queues = Vec::new();
    for campaign in app.store.campaigns(permit.organization()).await? {
        if !permit.caller().covers(campaign.id) {
            continue;
        }
        let queue = app.store.queue(campaign.id).await?;
        queues.push(Queue {
            campaign_id: campaign.id,
            campaign: campaign.name,
            state: queue.as_ref().map_or(QueueState::Stopped, |q| q.state),
            started_calls: queue.as_ref().map_or(0, |q| q.started_calls),
            last_call_at: queue.as_ref().and_then(|q| q.last_call_at),
            next_call_at: queue.as_ref().and_then(|q| q.next_call_at),
            reason: queue.map(|q| q.reason).unwrap_or_default(),
            counts: app.store.counts(campaign.id).await?,
        });
    }
    Ok(Json(Queues { queues, calls_in_flight: app.dialer.in_flight() }))
}

/// A contact that is due, and what the law says at this moment.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Due {
    contact_id: ContactId,
    name: String,
    phone: String,
    attempts: i32,
    due_at: DateTime<Utc>,
    /// `allowed`, or the rule that would hold it now.
    rule: String,
    reason: String,
    opens_at: Option<DateTime<Utc>>,
}

/// What would be called next.
#[derive(Serialize, ToSchema)]
pub(super) struct Hopper {
    contacts: Vec<Due>,
}

/// How many.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Depth {
    /// 50 unless told.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

/// What a campaign would call next
///
/// The contacts that are due, in the dialer's order, each with what the law says now. Nothing is called by looking.
#[utoipa::path(get, path = "/api/v1/campaigns/{id}/hopper", tag = "Queues", security(("bearer" = ["look"])),
    params(("id" = CampaignId, Path), Depth), responses((status = 200, body = Hopper)))]
pub(super) async fn hopper(
    State(app): State<App>,
    permit: May<Look>,
    Id(id, _): Id<CampaignId>,
    Ask(Depth { limit }, _): Ask<Depth>,
) -> Result<Json<Hopper>, Refused> {
    let campaign = super::campaigns::find(&app, permit.caller(), id).await?;
    let (now, limit) = (Utc::now(), i64::from(limit.unwrap_or(50).clamp(1, 500)));
    let voice = match campaign.call_settings.people {
        Some(_) => Voice::Person,
        None => Voice::Artificial,
    };
    let mut contacts = Vec::new();
    for contact in app.store.candidates(campaign.id, campaign.call_settings.list_order, now, limit).await? {
        let phone = contact.person.phone.as_str().to_owned();
        let decision = app.dialer.judge(&campaign.call_settings, &contact, voice, now).await?;
        contacts.push(Due {
            contact_id: contact.id,
            name: contact.person.display_name(),
            phone,
            attempts: contact.attempts,
            due_at: contact.next_attempt_at,
            rule: decision.rule.to_owned(),
            reason: decision.reason,
            opens_at: decision.opens_at,
        });
    }
    Ok(Json(Hopper { contacts }))
}

/// Events in commit order.
#[derive(Serialize, ToSchema)]
pub(super) struct Events {
    /// What each type carries stands in the protocol's `EventBody`.
    #[schema(value_type = Vec<Object>)]
    events: Vec<Event>,
    /// Goes into `after`: the last number that was looked at.
    next: i64,
}

/// Which events.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Since {
    /// After this number; 0 for the oldest that is kept.
    #[serde(default)]
    after: i64,
    /// 100 unless told.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

/// Read events
#[utoipa::path(get, path = "/api/v1/events", tag = "Events", security(("bearer" = ["look"])), params(Since),
    responses((status = 200, body = Events)))]
pub(super) async fn events(
    State(app): State<App>,
    permit: May<Look>,
    Ask(Since { after, limit }, _): Ask<Since>,
) -> Result<Json<Events>, Refused> {
    let limit = super::paging::limit(limit);
    let events = app.store.events_after(permit.organization(), after, limit).await?;
    let next = events.last().map_or(after, |e| e.seq);
    let (caller, user) = (permit.caller(), permit.caller().user_id);
    let seen =
        events.into_iter().filter(|e| e.campaign_id.is_none_or(|c| caller.covers(c)) && e.is_for(user));
    Ok(Json(Events { events: seen.collect(), next }))
}
