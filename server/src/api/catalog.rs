//! The small nouns of the catalog: listed, made, changed and removed, all in the same way.

use super::extract::May;
use super::{App, commands, paging};
use crate::domain::caller::{Caller, Permission};
use crate::domain::catalog::{Agent, Disposition, KnowledgeEntry, Noun, PauseCode, Webhook};
use crate::domain::lead_sync::LeadSync;
use crate::storage::Change;
use crate::storage::keeping::EntryRow;
use chrono::{DateTime, Utc};
use dialdeck_protocol::{CampaignId, EntryId, Problem};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

/// A noun as it is kept: itself, with its id.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Kept<N> {
    id: EntryId,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    #[serde(flatten)]
    noun: N,
}

/// A page of nouns.
#[derive(Serialize, ToSchema)]
pub(super) struct Page<N> {
    entries: Vec<Kept<N>>,
    /// Goes into `after` for the next page; null at the end.
    next: Option<EntryId>,
}

/// Which ones.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(super) struct Which {
    /// Those of this campaign, and those of all.
    campaign_id: Option<CampaignId>,
    /// After this one.
    after: Option<EntryId>,
    /// At most so many; 100 unless told.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

fn kept<N: Noun>(row: EntryRow) -> Result<Kept<N>, Problem> {
    let noun = serde_json::from_value(row.body).map_err(|e| {
        let message = format!("the {} {} cannot be read by this version: {e}", N::WHAT, row.id);
        Problem::new(dialdeck_protocol::Code::Internal, message)
    })?;
    Ok(Kept { id: row.id, created_at: row.created_at, updated_at: row.updated_at, noun })
}

pub(super) async fn list<N: Noun, P: Permission>(
    app: &App,
    permit: &May<P>,
    which: Which,
) -> Result<Page<N>, Problem> {
    let limit = paging::limit(which.limit);
    let (organization, store) = (permit.organization(), &app.store);
    let rows = store.entries(organization, N::KIND, which.campaign_id, which.after, limit).await?;
    let next = paging::next(&rows, limit, |row| row.id);
    let seen = |row: &EntryRow| row.campaign_id.is_none_or(|c| permit.caller().covers(c));
    let entries: Result<_, _> = rows.into_iter().filter(seen).map(kept).collect();
    Ok(Page { entries: entries?, next })
}

async fn find<N: Noun>(app: &App, caller: &Caller, id: EntryId) -> Result<EntryRow, Problem> {
    let row = app.store.entry(&caller.organization_id, N::KIND, id).await?;
    row.filter(|row| row.campaign_id.is_none_or(|c| caller.covers(c)))
        .ok_or_else(|| Problem::not_found(format!("{} {id}", N::WHAT)))
}

pub(super) async fn one<N: Noun, P: Permission>(
    app: &App,
    permit: &May<P>,
    id: EntryId,
) -> Result<Kept<N>, Problem> {
    kept(find::<N>(app, permit.caller(), id).await?)
}

/// Makes a noun, or puts it in the place of the one with `id`.
pub(super) async fn save<N: Noun>(
    app: &App,
    caller: &Caller,
    id: Option<EntryId>,
    mut noun: N,
    secret: impl FnOnce() -> String,
) -> Result<Kept<N>, Problem> {
    let verb = if id.is_some() { "update" } else { "create" };
    let command = format!("{}.{verb}", N::KIND);
    let target = id.map(|id| id.to_string()).unwrap_or_default();
    let checked = noun.check();
    let detail = json!({ "name": crate::domain::plain::line(noun.name(), 200) });
    commands::audited(app, caller, &command, &target, detail, async {
        checked?;
        let now = Utc::now();
        let old = match id {
            Some(id) => Some(find::<N>(app, caller, id).await?),
            None => None,
        };
        for campaign in [noun.campaign(), old.as_ref().and_then(|row| row.campaign_id)] {
            match campaign {
                Some(campaign) => {
                    super::campaigns::find(app, caller, campaign).await?;
                }
                None if old.is_none() && noun.campaign().is_some() => {}
                None => caller.everywhere()?,
            }
        }
        let row = EntryRow {
            id: id.unwrap_or_default(),
            organization_id: caller.organization_id.clone(),
            kind: N::KIND.to_owned(),
            campaign_id: noun.campaign(),
            name: noun.name().to_owned(),
            body: serde_json::to_value(&noun).unwrap_or_default(),
            created_at: old.as_ref().map_or(now, |row| row.created_at),
            updated_at: now,
            secret: old.map_or_else(secret, |row| row.secret),
        };
        let id = row.id;
        app.journal.commit(vec![Change::SaveEntry { entry: Box::new(row.clone()), at: now }]).await?;
        match N::KIND {
            Webhook::KIND => app.webhooks.notify_one(),
            LeadSync::KIND => app.lead_syncs.wake.notify_waiters(),
            _ => {}
        }
        Ok(Kept { id, created_at: row.created_at, updated_at: now, noun })
    })
    .await
}

pub(super) async fn delete<N: Noun>(app: &App, caller: &Caller, id: EntryId) -> Result<(), Problem> {
    let command = format!("{}.delete", N::KIND);
    commands::audited(app, caller, &command, &id.to_string(), json!({}), async {
        let row = find::<N>(app, caller, id).await?;
        if row.campaign_id.is_none() {
            caller.everywhere()?;
        }
        app.journal.commit(vec![Change::DeleteEntry { entry: Box::new(row), at: Utc::now() }]).await?;
        Ok(())
    })
    .await
}

/// The handlers of one noun.
macro_rules! noun {
    ($module:ident, $noun:ident, $path:literal, $one:literal, $tag:literal, $look:ident, $seen:literal, $permission:ident, $scope:literal) => {
        #[doc = concat!("Handlers of ", $path, ".")]
        pub(super) mod $module {
            use super::{Kept, Page, Which};
            use crate::api::App;
            use crate::api::extract::{Ask, Body, Id, May};
            use crate::api::problem::Refused;
            use crate::domain::caller;
            use super::$noun;
            use axum::Json;
            use axum::extract::State;
            use axum::http::StatusCode;
            use dialdeck_protocol::EntryId;

            #[utoipa::path(get, path = $path, tag = $tag, security(("bearer" = [$seen])), params(Which), summary = "List", responses((status = 200, body = Page<$noun>)))]
            pub(in crate::api) async fn list(
                State(app): State<App>,
                permit: May<caller::$look>,
                Ask(which, _): Ask<Which>,
            ) -> Result<Json<Page<$noun>>, Refused> {
                Ok(Json(super::list(&app, &permit, which).await?))
            }

            #[utoipa::path(get, path = $one, tag = $tag, security(("bearer" = [$seen])), params(("id" = EntryId, Path)), summary = "One", responses((status = 200, body = Kept<$noun>)))]
            pub(in crate::api) async fn one(
                State(app): State<App>,
                permit: May<caller::$look>,
                Id(id, _): Id<EntryId>,
            ) -> Result<Json<Kept<$noun>>, Refused> {
                Ok(Json(super::one(&app, &permit, id).await?))
            }

            #[utoipa::path(put, path = $one, tag = $tag, security(("bearer" = [$scope])), params(("id" = EntryId, Path)), summary = "Change", request_body = $noun,
                responses((status = 200, body = Kept<$noun>)))]
            pub(in crate::api) async fn update(
                State(app): State<App>,
                permit: May<caller::$permission>,
                Id(id, _): Id<EntryId>,
                Body(noun, _): Body<$noun>,
            ) -> Result<Json<Kept<$noun>>, Refused> {
                Ok(Json(super::save(&app, permit.caller(), Some(id), noun, String::new).await?))
            }

            #[utoipa::path(delete, path = $one, tag = $tag, security(("bearer" = [$scope])), params(("id" = EntryId, Path)), summary = "Remove", responses((status = 204)))]
            pub(in crate::api) async fn delete(
                State(app): State<App>,
                permit: May<caller::$permission>,
                Id(id, _): Id<EntryId>,
            ) -> Result<StatusCode, Refused> {
                super::delete::<$noun>(&app, permit.caller(), id).await?;
                Ok(StatusCode::NO_CONTENT)
            }
        }
    };
}

/// The handler that makes one, for nouns without a secret.
macro_rules! maker {
    ($module:ident, $noun:ident, $path:literal, $tag:literal, $permission:ident, $scope:literal) => {
        #[doc = concat!("Makes one at ", $path, ".")]
        pub(super) mod $module {
            use super::Kept;
            use crate::api::App;
            use crate::api::extract::{Body, May};
            use crate::api::problem::Refused;
            use crate::domain::caller;
            use super::$noun;
            use axum::Json;
            use axum::extract::State;
            use axum::http::StatusCode;

            #[utoipa::path(post, path = $path, tag = $tag, security(("bearer" = [$scope])), request_body = $noun, summary = "Make", responses((status = 201, body = Kept<$noun>)))]
            pub(in crate::api) async fn create(
                State(app): State<App>,
                permit: May<caller::$permission>,
                Body(noun, _): Body<$noun>,
            ) -> Result<(StatusCode, Json<Kept<$noun>>), Refused> {
                let made = super::save(&app, permit.caller(), None, noun, String::new).await?;
                Ok((StatusCode::CREATED, Json(made)))
            }
        }
    };
}

noun!(
    dispositions,
    Disposition,
    "/api/v1/dispositions",
    "/api/v1/dispositions/{id}",
    "Dispositions",
    Look,
    "look",
    EditCampaigns,
    "campaigns"
);
noun!(
    pause_codes,
    PauseCode,
    "/api/v1/pause-codes",
    "/api/v1/pause-codes/{id}",
    "Pause codes",
    Look,
    "look",
    EditCampaigns,
    "campaigns"
);
noun!(
    knowledge,
    KnowledgeEntry,
    "/api/v1/knowledge-base",
    "/api/v1/knowledge-base/{id}",
    "Knowledge base",
    Look,
    "look",
    EditCampaigns,
    "campaigns"
);
noun!(agents, Agent, "/api/v1/agents", "/api/v1/agents/{id}", "Agents", Look, "look", ManageUsers, "users");
noun!(
    webhooks,
    Webhook,
    "/api/v1/webhooks",
    "/api/v1/webhooks/{id}",
    "Webhooks",
    ManageServer,
    "server",
    ManageServer,
    "server"
);
maker!(make_disposition, Disposition, "/api/v1/dispositions", "Dispositions", EditCampaigns, "campaigns");
maker!(make_pause_code, PauseCode, "/api/v1/pause-codes", "Pause codes", EditCampaigns, "campaigns");
maker!(
    make_knowledge,
    KnowledgeEntry,
    "/api/v1/knowledge-base",
    "Knowledge base",
    EditCampaigns,
    "campaigns"
);
noun!(
    lead_syncs,
    LeadSync,
    "/api/v1/vicidial-mappings",
    "/api/v1/vicidial-mappings/{id}",
    "VICIdial",
    Look,
    "look",
    SetUpVicidial,
    "vicidial_setup"
);
maker!(make_lead_sync, LeadSync, "/api/v1/vicidial-mappings", "VICIdial", SetUpVicidial, "vicidial_setup");
maker!(make_agent, Agent, "/api/v1/agents", "Agents", ManageUsers, "users");
