//! How contacts and leads of a VICIdial are kept the same: how it stands, what waits, what was refused.

use super::extract::{Ask, Body, Id, May};
use super::problem::Refused;
use super::{App, commands, paging};
use crate::domain::caller::{Caller, Look, SetUpVicidial, SteerVicidial};
use crate::lead_sync;
use crate::storage::leads::PendingChange;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use dialdeck_protocol::{Answer, CampaignId, OrganizationId, Problem};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

/// How it stands with one campaign and a VICIdial.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LeadSyncStanding)]
pub(super) struct Row {
    vicidial: String,
    campaign_id: CampaignId,
    lists: Vec<i64>,
    paused: bool,
    /// Leads that are known on both sides.
    leads: i64,
    /// Changes made here that are not there yet.
    waiting: i64,
    /// When both sides were last looked at without trouble.
    well_at: Option<DateTime<Utc>>,
    /// What is wrong; empty where nothing is.
    trouble: String,
}

/// A change that is not there yet.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LeadChange)]
pub(super) struct Waiting {
    id: i64,
    vicidial: String,
    campaign_id: CampaignId,
    lead_id: i64,
    /// Which field; `status` for a disposition, `do_not_call` for a number that is never to be called.
    field: String,
    /// For a disposition: its code and the outcome, with a `/` between them.
    value: String,
    at: DateTime<Utc>,
    /// How often VICIdial was told in vain.
    tries: i32,
    /// Why it did not take it; empty: it was not told yet.
    refused: String,
}

impl From<PendingChange> for Waiting {
    fn from(change: PendingChange) -> Self {
        let PendingChange { id, vicidial, campaign_id, lead_id, field, value, at, tries, refused } = change;
        Self { id, vicidial, campaign_id, lead_id, field, value, at, tries, refused }
    }
}

/// How it stands.
#[derive(Serialize, ToSchema)]
#[schema(as = LeadSyncs)]
pub(super) struct Standing {
    syncs: Vec<Row>,
    /// Oldest first.
    changes: Vec<Waiting>,
    /// Goes into `after` for the next page of changes; null at the end.
    next: Option<i64>,
}

/// Which changes.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// After this one.
    after: Option<i64>,
    /// At most so many; 100 unless told.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

/// How leads are kept the same, and which changes wait
#[utoipa::path(get, path = "/api/v1/vicidial-sync", tag = "VICIdial", security(("bearer" = ["look"])), params(Which),
    responses((status = 200, body = Standing)))]
pub(super) async fn standing(
    State(app): State<App>,
    permit: May<Look>,
    Ask(Which { after, limit }, _): Ask<Which>,
) -> Result<Json<Standing>, Refused> {
    permit.caller().everywhere()?;
    let (organization, limit) = (permit.organization(), paging::limit(limit));
    let syncs = rows(&app, organization).await?;
    let changes = app.store.pending_changes(organization, after.unwrap_or(0), limit).await?;
    let next = paging::next(&changes, limit, |change| change.id);
    Ok(Json(Standing { syncs, changes: changes.into_iter().map(Waiting::from).collect(), next }))
}

async fn rows(app: &App, organization: &OrganizationId) -> Result<Vec<Row>, Problem> {
    let counts = app.store.lead_counts(organization).await?;
    let mut syncs = Vec::new();
    for connector in app.vicidials.of(organization).all() {
        for sync in lead_sync::all_of(app, organization, &connector.name).await? {
            let counted = counts.iter().find(|(v, c, ..)| *v == sync.vicidial && *c == sync.campaign_id);
            let (leads, waiting) = counted.map_or((0, 0), |(_, _, leads, waiting)| (*leads, *waiting));
            let lead_sync::Standing { well_at, trouble } =
                app.lead_syncs.of(&sync.vicidial, sync.campaign_id);
            syncs.push(Row {
                vicidial: sync.vicidial,
                campaign_id: sync.campaign_id,
                lists: sync.lists,
                paused: sync.paused,
                leads,
                waiting,
                well_at,
                trouble,
            });
        }
    }
    Ok(syncs)
}

/// Changes that a screen shows.
const SHOWN: i64 = 200;

/// How leads are kept the same, to read.
pub(super) async fn lines(app: &App, caller: &Caller) -> Result<Answer, Problem> {
    caller.everywhere()?;
    let organization = &caller.organization_id;
    let campaigns = app.store.campaigns(organization).await?;
    let mut lines = Vec::new();
    for row in rows(app, organization).await? {
        let name = campaigns.iter().find(|campaign| campaign.id == row.campaign_id);
        let name = name.map_or_else(|| row.campaign_id.to_string(), |campaign| campaign.name.clone());
        let how = match row.well_at {
            _ if row.paused => "paused".to_owned(),
            _ if !row.trouble.is_empty() => format!("✗ {}", row.trouble),
            Some(at) => format!("✓ {}", at.format("%H:%M:%S UTC")),
            None => "not looked at yet".to_owned(),
        };
        let lists: Vec<String> = row.lists.iter().map(i64::to_string).collect();
        lines.push(format!(
            "{name}: lists {} of VICIdial {}; {} leads, {} changes wait; {how}",
            lists.join(", "),
            row.vicidial,
            row.leads,
            row.waiting
        ));
    }
    if lines.is_empty() {
        lines.push("nothing is kept the same yet: dialdeck vicidial sync add campaign=NAME lists=101".into());
    }
    for change in app.store.pending_changes(organization, 0, SHOWN).await? {
        let what = format!("{} {}", change.field, change.value.trim_start_matches('/'));
        let how = match change.refused.as_str() {
            "" => "not told yet".to_owned(),
            why => format!("refused {} times: {why}", change.tries),
        };
        lines.push(format!("{}  lead {}  {}  {how}", change.id, change.lead_id, what.trim_end()));
    }
    Ok(Answer::Lines { title: "Leads and contacts kept the same".into(), lines })
}

/// Which change is to be tried again.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LeadSyncRetry)]
pub(super) struct Again {
    /// Its number; all that wait unless told.
    #[serde(default)]
    #[schema(minimum = 1)]
    id: Option<i64>,
}

/// How many are tried again.
#[derive(Serialize, ToSchema)]
#[schema(as = LeadSyncRetried)]
pub(super) struct Retried {
    leads: u64,
}

/// Try again at once what VICIdial did not take
#[utoipa::path(post, path = "/api/v1/vicidial-sync/retry", tag = "VICIdial", security(("bearer" = ["vicidial"])),
    request_body = Again, responses((status = 200, body = Retried)))]
pub(super) async fn retry(
    State(app): State<App>,
    permit: May<SteerVicidial>,
    Body(Again { id }, _): Body<Again>,
) -> Result<Json<Retried>, Refused> {
    let caller = permit.caller();
    caller.everywhere()?;
    let target = id.map(|id| id.to_string()).unwrap_or_default();
    let leads = commands::audited(&app, caller, "vicidial_sync.retry", &target, json!({}), async {
        Ok(app.store.retry_changes(&caller.organization_id, id.filter(|id| *id > 0), Utc::now()).await?)
    })
    .await?;
    app.lead_syncs.wake.notify_waiters();
    Ok(Json(Retried { leads }))
}

/// Give a change up: VICIdial is not told of it
///
/// A number that is never to be called is not given up.
#[utoipa::path(delete, path = "/api/v1/vicidial-sync/changes/{id}", tag = "VICIdial",
    security(("bearer" = ["vicidial_setup"])), params(("id" = i64, Path)), responses((status = 204)))]
pub(super) async fn give_up(
    State(app): State<App>,
    permit: May<SetUpVicidial>,
    Id(id, _): Id<i64>,
) -> Result<StatusCode, Refused> {
    let caller = permit.caller();
    caller.everywhere()?;
    commands::audited(&app, caller, "vicidial_sync.give_up", &id.to_string(), json!({}), async {
        if app.store.drop_change(&caller.organization_id, id).await? {
            Ok(())
        } else {
            Err(Problem::not_found(format!("a change {id} that can be given up")))
        }
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
