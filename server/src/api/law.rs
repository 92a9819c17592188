//! The do-not-call list, and why a number was (not) called.

use super::extract::{Ask, Body, May};
use super::listing::{has, put_on};
use super::persons::{Number, masked, phone};
use super::problem::Refused;
use super::{App, campaigns, commands, paging};
use crate::domain::caller::{AddDoNotCall, Caller, Look};
use crate::domain::do_not_call::{List as DoNotCallList, Listing};
use crate::domain::law as rules;
use crate::storage::{DecisionRow, ListedRow};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use dialdeck_protocol::{CampaignId, OrganizationId, Problem};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

/// A number that is never called.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DoNotCallEntry)]
pub(super) struct Entry {
    pub(super) phone: String,
    /// Where it came from: `voice`, `api`, `import`.
    pub(super) source: String,
    pub(super) created_at: DateTime<Utc>,
    /// When it leaves the list again; null: never.
    pub(super) expires_at: Option<DateTime<Utc>>,
}

impl From<ListedRow> for Entry {
    fn from(row: ListedRow) -> Self {
        Self { phone: row.phone, source: row.source, created_at: row.created_at, expires_at: row.expires_at }
    }
}

/// A page of the list, by number.
#[derive(Serialize, ToSchema)]
#[schema(as = DoNotCallPage)]
pub(super) struct Page {
    entries: Vec<Entry>,
    /// Goes into `after` for the next page; null at the end.
    next: Option<String>,
}

/// Which entries.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct List {
    /// After this number.
    after: Option<String>,
    /// The list of this campaign alone; left out: the organization's.
    campaign_id: Option<CampaignId>,
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

/// List the numbers that are never called
#[utoipa::path(get, path = "/api/v1/do-not-call", tag = "The law", security(("bearer" = ["look"])), params(List),
    responses((status = 200, body = Page)))]
pub(super) async fn list(
    State(app): State<App>,
    permit: May<Look>,
    Ask(List { after, campaign_id, limit }, _): Ask<List>,
) -> Result<Json<Page>, Refused> {
    behind(&app, permit.caller(), campaign_id).await?;
    let limit = paging::limit(limit);
    let after = crate::domain::plain::line(&after.unwrap_or_default(), 40);
    let rows = app.store.do_not_call(permit.organization(), campaign_id, &after, limit).await?;
    let next = paging::next(&rows, limit, |row| row.phone.clone());
    Ok(Json(Page { entries: rows.into_iter().map(Entry::from).collect(), next }))
}

/// A campaign's list is for who may see the campaign, the organization's for who may see all of it.
pub(super) async fn behind(app: &App, caller: &Caller, campaign: Option<CampaignId>) -> Result<(), Problem> {
    match campaign {
        Some(id) => campaigns::find(app, caller, id).await.map(|_| ()),
        None => caller.everywhere(),
    }
}

/// On which list, and until when.
pub(super) fn listing(
    organization: &OrganizationId,
    campaign: Option<CampaignId>,
    expires_at: Option<DateTime<Utc>>,
    source: &str,
    now: DateTime<Utc>,
) -> Result<Listing, Problem> {
    if expires_at.is_some_and(|at| at <= now) {
        let message = "expiresAt lies in the past; leave it out where the number is never to be called";
        return Err(Problem::field("expiresAt", message));
    }
    let list = campaign.map_or(DoNotCallList::Organization, DoNotCallList::Campaign);
    Ok(Listing { list, expires_at, ..Listing::for_ever(organization, "", source, now) })
}

/// A number that is not to be called.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = DoNotCallAdd)]
pub(super) struct Add {
    phone: String,
    /// By this campaign alone; left out: by none of the organization's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    campaign_id: Option<CampaignId>,
    /// Until then; left out: never again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<DateTime<Utc>>,
}

/// Never call a number again
///
/// Obeyed at once: it leaves every campaign that the list is for, and calls in flight to it are ended.
#[utoipa::path(post, path = "/api/v1/do-not-call", tag = "The law", security(("bearer" = ["do_not_call"])),
    request_body = Add, responses((status = 201, body = Add)))]
pub(super) async fn add(
    State(app): State<App>,
    permit: May<AddDoNotCall>,
    Body(Add { phone: text, campaign_id, expires_at }, _): Body<Add>,
) -> Result<(StatusCode, Json<Add>), Refused> {
    let number = phone(&app, &text)?;
    let phone = number.as_str().to_owned();
    let detail = json!({ "campaignId": campaign_id, "expiresAt": expires_at });
    commands::audited(&app, permit.caller(), "do_not_call.add", &masked(&number), detail, async {
        if let Some(id) = campaign_id {
            campaigns::find(&app, permit.caller(), id).await?;
        }
        let listing = listing(permit.organization(), campaign_id, expires_at, "api", Utc::now())?;
        put_on(&app, listing, vec![phone.clone()]).await
    })
    .await?;
    Ok((StatusCode::CREATED, Json(Add { phone, campaign_id, expires_at })))
}

/// A decision on a number.
#[derive(Serialize, ToSchema)]
pub(super) struct Decided {
    /// `allowed`, or the rule that held it.
    rule: String,
    /// In words.
    reason: String,
    /// The whole decision.
    facts: Value,
    /// The call it allowed.
    call_id: Option<String>,
    decided_at: DateTime<Utc>,
}

/// Why a number was (not) called.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Decisions {
    phone: String,
    on_do_not_call_list: bool,
    /// Newest first.
    decisions: Vec<Decided>,
}

/// Why was this number (not) called?
#[utoipa::path(get, path = "/api/v1/decisions", tag = "The law", security(("bearer" = ["look"])), params(Number),
    responses((status = 200, body = Decisions)))]
pub(super) async fn decisions(
    State(app): State<App>,
    permit: May<Look>,
    Ask(number, _): Ask<Number>,
) -> Result<Json<Decisions>, Refused> {
    permit.caller().everywhere()?;
    let number = phone(&app, &number.phone)?;
    let on_do_not_call_list = has(&app, permit.organization(), number.as_str()).await?;
    let rows = app.store.decisions(permit.organization(), number.as_str()).await?;
    let decisions = rows.into_iter().map(|DecisionRow { rule, reason, facts, call_id, decided_at }| {
        Decided { rule, reason, facts, call_id, decided_at }
    });
    let phone = number.as_str().to_owned();
    Ok(Json(Decisions { phone, on_do_not_call_list, decisions: decisions.collect() }))
}

/// The rules of law in force on this server.
#[derive(Serialize, ToSchema)]
#[schema(as = LawRules)]
pub(super) struct InForce {
    /// Calls only within these hours, in the called person's time.
    hours: Vec<rules::Hours>,
    /// No calls on these days.
    closed: Vec<rules::Closed>,
    /// So many calls to one number.
    caps: Vec<rules::Cap>,
    /// For how long nobody calls about a debt that was talked about.
    quiets: Vec<rules::Quiet>,
    /// What an artificial voice says of itself.
    disclosures: Vec<rules::Disclosure>,
    /// How long whoever waited for an agent in vain is called again only with an agent reserved for them.
    rests: Vec<rules::Rest>,
    /// How old the official do-not-call list may be that a list was held against.
    scrubs: Vec<rules::ScrubAge>,
}

/// The rules that stand between a contact and the dial
///
/// The shipped ones and the operator's, with their sources; each holds where and when its head says.
#[utoipa::path(get, path = "/api/v1/law/rules", tag = "The law", security(("bearer" = ["look"])),
    responses((status = 200, body = InForce)))]
pub(super) async fn in_force(State(app): State<App>, _permit: May<Look>) -> Json<InForce> {
    let law = app.dialer.rules();
    Json(InForce {
        hours: law.hours().to_vec(),
        closed: law.closed().to_vec(),
        caps: law.caps().to_vec(),
        quiets: law.quiets().to_vec(),
        disclosures: law.disclosures().to_vec(),
        rests: law.rests().to_vec(),
        scrubs: law.scrubs().to_vec(),
    })
}
