//! Agents at work: logging in, taking calls, pausing, and saying what came of a call.

use super::extract::{Body, Id, May};
use super::problem::{Refused, RefusedCall};
use super::{App, commands};
use crate::dialer::disposition::Said;
use crate::domain::agent::{LogIn, Pause};
use crate::domain::caller::{Caller, Look, SteerAgents, TakeCalls};
use crate::domain::catalog::{Agent, PauseCode};
use crate::domain::plain;
use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use dialdeck_protocol::{
    AgentRow, Answer, CallId, CampaignId, Choice, Code, Command, ContactId, Outcome, PhoneKind, Problem,
    UserId,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// What stands on file of the agent whose log-in this is.
pub(super) async fn on_file(app: &App, caller: &Caller) -> Result<Option<Agent>, Problem> {
    let agents: Vec<Agent> = app.dialer.entries(&caller.organization_id, None).await?;
    Ok(agents.into_iter().find(|agent| agent.user_id == Some(caller.user_id)))
}

/// Whether a text names a phone that Asterisk knows by its name: what is on no file may be nothing else, never a number out into
/// the world.
pub(super) fn is_known_phone(text: &str) -> bool {
    text.strip_prefix("PJSIP/").is_some_and(|name| {
        (1..=40).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b))
    })
}

/// The phone that is meant: the one that is given, or the one on file.
pub(super) fn phone_of(filed: Option<&Agent>, extension: &str) -> Result<String, Problem> {
    let filed_extension = filed.map(|agent| agent.extension.clone()).unwrap_or_default();
    Ok(match extension.trim() {
        "" if filed_extension.is_empty() => {
            let message = "extension is empty, and none is on file; give one such as PJSIP/6001";
            return Err(Problem::field("extension", message));
        }
        "" => filed_extension,
        given if given == filed_extension => filed_extension,
        given if is_known_phone(given) => given.to_owned(),
        _ => {
            let message = "extension must be a phone such as PJSIP/6001, or the one on file";
            return Err(Problem::field("extension", message));
        }
    })
}

/// Logs the caller in as an agent.
pub(super) async fn log_in(
    app: &App,
    caller: &Caller,
    extension: &str,
    phone: PhoneKind,
    campaigns: Vec<CampaignId>,
) -> Result<String, Problem> {
    caller.permit::<TakeCalls>()?;
    let filed = on_file(app, caller).await?;
    let extension = phone_of(filed.as_ref(), extension)?;
    for campaign in &campaigns {
        super::campaigns::find(app, caller, *campaign).await?;
    }
    let allowed = |campaign: CampaignId| {
        caller.covers(campaign)
            && filed
                .as_ref()
                .is_none_or(|agent| agent.campaigns.is_empty() || agent.campaigns.contains(&campaign))
    };
    let wanted: Vec<CampaignId> = if campaigns.is_empty() {
        let confined = caller.campaigns.as_ref().map(|own| own.iter().copied().collect::<Vec<_>>());
        let of_file = filed.as_ref().map(|agent| agent.campaigns.clone()).filter(|list| !list.is_empty());
        of_file.or(confined).unwrap_or_default().into_iter().filter(|c| allowed(*c)).collect()
    } else {
        campaigns
    };
    if let Some(campaign) = wanted.iter().find(|campaign| !allowed(**campaign)) {
        return Err(Problem::field("campaigns", format!("campaign {campaign} is not one of yours")));
    }
    if wanted.is_empty() && caller.campaigns.is_some() {
        return Err(Problem::new(
            Code::Forbidden,
            "none of your campaigns is one that you may take calls of",
        ));
    }
    let ranks: BTreeMap<CampaignId, i32> =
        filed.iter().flat_map(|agent| agent.ranks.iter().map(|rank| (rank.campaign_id, rank.rank))).collect();
    let who = LogIn {
        organization_id: caller.organization_id.clone(),
        user_id: caller.user_id,
        name: filed.map_or_else(|| caller.name.clone(), |agent| agent.name),
        extension,
        phone,
        campaigns: wanted,
        ranks,
    };
    let row = app.dialer.agents().log_in(who).await?;
    Ok(match phone {
        PhoneKind::NailedUp => format!("logged in; {} is being rung, pick it up", row.extension),
        PhoneKind::PerCall => format!("logged in; {} will be rung for each call", row.extension),
    })
}

/// Whom a command is about: oneself, or somebody whom one may steer.
fn whom(app: &App, caller: &Caller, user: Option<UserId>) -> Result<UserId, Problem> {
    match user {
        None => caller.permit::<TakeCalls>().map(|_| caller.user_id),
        Some(user) if user == caller.user_id => caller.permit::<TakeCalls>().map(|_| user),
        Some(user) => {
            caller.permit::<SteerAgents>()?;
            let row = app.dialer.agents().find(&caller.organization_id, user);
            // Who is confined to campaigns steers those who work nowhere else.
            let covered = row.filter(|row| {
                caller.campaigns.is_none()
                    || !row.campaigns.is_empty()
                        && row.campaigns.iter().all(|campaign| caller.covers(*campaign))
            });
            covered
                .map(|row| row.user_id)
                .ok_or_else(|| Problem::not_found("an agent who is logged in by this name"))
        }
    }
}

/// Runs a command that concerns agents.
pub(super) async fn execute(app: &App, caller: &Caller, command: Command) -> Result<String, Problem> {
    let (agents, organization) = (app.dialer.agents(), &caller.organization_id);
    match command {
        Command::AgentLogIn { extension, phone, campaigns } => {
            log_in(app, caller, &extension, phone, campaigns).await
        }
        Command::AgentLogOut { user_id } => {
            let user = whom(app, caller, user_id)?;
            // Somebody who has gone home in the middle of a wrap-up does not stay there for ever.
            let row = agents.log_out(organization, user, user != caller.user_id).await?;
            Ok(format!("{} is logged out after {} calls", row.name, row.calls))
        }
        Command::AgentReady { user_id } => {
            let row = agents.ready(organization, whom(app, caller, user_id)?).await?;
            Ok(format!("{} takes calls", row.name))
        }
        Command::AgentPause { user_id, code, seconds } => {
            let user = whom(app, caller, user_id)?;
            let pause = pause(app, caller, user, &code, seconds).await?;
            let row = agents.pause(organization, user, pause).await?;
            let when = if row.state.is_busy() { "after this call" } else { "now" };
            Ok(format!("{} pauses {when}", row.name))
        }
        Command::AgentDial { contact_id } => {
            caller.permit::<TakeCalls>()?;
            let offered = agents
                .find(organization, caller.user_id)
                .and_then(|row| row.contact_id.filter(|_| row.offered));
            let contact = contact_id
                .or(offered)
                .ok_or_else(|| Problem::field("contactId", "no number is offered; say whom to call"))?;
            let known = app.store.contact(organization, contact).await?;
            if !known.is_some_and(|contact| caller.covers(contact.campaign_id)) {
                return Err(Problem::not_found(format!("contact {contact}")));
            }
            let contact = app.dialer.dial_for(organization, caller.user_id, contact).await?;
            Ok(format!("dialling {}", contact.person.display_name()))
        }
        Command::AgentSkip => {
            caller.permit::<TakeCalls>()?;
            app.dialer.skip(organization, caller.user_id).await?;
            Ok("skipped; it is offered again later".to_owned())
        }
        Command::Dispose { call_id, disposition, note, callback_at } => {
            caller.permit::<TakeCalls>()?;
            let name =
                agents.find(organization, caller.user_id).map_or_else(|| caller.name.clone(), |row| row.name);
            let said = Said {
                organization_id: organization.clone(),
                user_id: caller.user_id,
                name,
                call_id,
                disposition,
                note,
                callback_at,
                by_itself: false,
            };
            let outcome = app.dialer.dispose(said).await?;
            Ok(format!("the call is set to {}", outcome.as_str().replace('_', " ")))
        }
        Command::AgentMessage { user_id, text } => {
            caller.permit::<SteerAgents>()?;
            let to = whom(app, caller, Some(user_id))?;
            let text = plain::line(&text, 500);
            if text.is_empty() {
                return Err(Problem::field("text", "text is empty; say something"));
            }
            let change = crate::storage::Change::Message {
                organization_id: organization.clone(),
                to,
                from: caller.name.clone(),
                text,
                at: Utc::now(),
            };
            app.journal.commit(vec![change]).await?;
            Ok("said".to_owned())
        }
        _ => Err(Problem::new(Code::Internal, "this command does not concern agents")),
    }
}

/// The pause that a code stands for. Without any codes set up, anything is a code.
async fn pause(
    app: &App,
    caller: &Caller,
    user: UserId,
    code: &str,
    seconds: Option<u32>,
) -> Result<Pause, Problem> {
    if seconds.is_some_and(|s| !(1..=86_400).contains(&s)) {
        return Err(Problem::field("seconds", "seconds must be 1 to 86400"));
    }
    let code = plain::line(code, 20).to_uppercase();
    let row = app.dialer.agents().find(&caller.organization_id, user);
    let campaign = row.and_then(|row| row.campaign_id.or_else(|| row.campaigns.first().copied()));
    let known: Vec<PauseCode> = app.dialer.entries(&caller.organization_id, campaign).await?;
    let found = known.iter().find(|entry| entry.code == code);
    if found.is_none() && !known.is_empty() && !code.is_empty() {
        let codes: Vec<&str> = known.iter().map(|entry| entry.code.as_str()).collect();
        let message = format!("pause code {code:?} is unknown; use one of {}", codes.join(", "));
        return Err(Problem::field("code", message));
    }
    Ok(Pause { limit_seconds: found.and_then(|entry| entry.limit_seconds), code, seconds })
}

/// Agents as a caller may see them: without whom they talk to in other campaigns than the caller's.
pub(super) fn seen(caller: &Caller, agents: Vec<AgentRow>) -> Vec<AgentRow> {
    let seen = |row: AgentRow| match row.campaign_id {
        Some(campaign) if !caller.covers(campaign) => row.redacted(),
        _ => row,
    };
    agents.into_iter().map(seen).collect()
}

/// As they are seen: by their keys, and those without one after them.
fn by_key(choices: impl Iterator<Item = Choice>) -> Vec<Choice> {
    let mut choices: Vec<Choice> = choices.collect();
    choices.sort_by_key(|choice| (choice.key.is_none(), choice.key, choice.code.clone()));
    choices
}

/// What an agent chooses from.
pub(super) async fn choices(
    app: &App,
    caller: &Caller,
    campaign: Option<CampaignId>,
) -> Result<Answer, Problem> {
    if let Some(campaign) = campaign {
        caller.within(campaign)?;
    }
    let key = |hotkey: &Option<String>| hotkey.as_ref().and_then(|text| text.chars().next());
    let dispositions = app.dialer.dispositions(&caller.organization_id, campaign).await?;
    let codes: Vec<PauseCode> = app.dialer.entries(&caller.organization_id, campaign).await?;
    let dispositions = dispositions.into_iter().map(|d| {
        let callback = d.outcome == Outcome::Callback;
        Choice { key: key(&d.hotkey), code: d.code, label: d.label, callback }
    });
    let codes = codes.into_iter().map(|p| Choice {
        key: key(&p.hotkey),
        code: p.code,
        label: p.label,
        callback: false,
    });
    Ok(Answer::Choices { dispositions: by_key(dispositions), pause_codes: by_key(codes) })
}

/// It is done.
#[derive(Serialize, ToSchema)]
#[schema(as = Done)]
pub(super) struct Acknowledged {
    /// A sentence for the screen.
    message: String,
}

/// How to log in as an agent.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct AgentLogIn {
    /// One's phone; the one on file unless told.
    #[serde(default)]
    extension: String,
    phone: PhoneKind,
    /// Campaigns to take calls of; empty: all those one may.
    #[serde(default)]
    campaigns: Vec<CampaignId>,
}

/// Whom it concerns.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct AgentNamed {
    /// Oneself unless told; others take a supervisor.
    #[serde(default)]
    user_id: Option<UserId>,
}

/// How to pause.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct AgentPause {
    /// Oneself unless told; others take a supervisor.
    #[serde(default)]
    user_id: Option<UserId>,
    /// A pause code.
    #[serde(default)]
    code: String,
    /// Seconds after which it ends by itself.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 86400)]
    seconds: Option<u32>,
}

/// Whom to call.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct AgentDial {
    /// The offered contact unless told.
    #[serde(default)]
    contact_id: Option<ContactId>,
}

/// What to say.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct AgentMessage {
    user_id: UserId,
    text: String,
}

/// What came of a call.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Disposed {
    /// A disposition's code.
    disposition: String,
    /// In one's own words.
    #[serde(default)]
    note: String,
    /// When to call back.
    #[serde(default)]
    callback_at: Option<DateTime<Utc>>,
}

/// Agents who are logged in.
#[derive(Serialize, ToSchema)]
pub(super) struct AgentFloor {
    agents: Vec<AgentRow>,
}

pub(super) async fn run(app: &App, caller: &Caller, command: Command) -> Result<Acknowledged, Problem> {
    match commands::execute(app, caller, command).await? {
        Answer::Done { message } => Ok(Acknowledged { message }),
        _ => Ok(Acknowledged { message: String::new() }),
    }
}

/// The floor of agents
///
/// Who is logged in, and what they do.
#[utoipa::path(get, path = "/api/v1/agents/floor", tag = "Agents", security(("bearer" = ["look"])),
    responses((status = 200, body = AgentFloor)))]
pub(super) async fn floor(State(app): State<App>, permit: May<Look>) -> Result<Json<AgentFloor>, Refused> {
    let agents = app.store.agents(permit.organization()).await?;
    Ok(Json(AgentFloor { agents: seen(permit.caller(), agents) }))
}

macro_rules! verb {
    ($name:ident, $path:literal, $body:ident, $summary:literal, $given:ident => $command:expr) => {
        #[doc = $summary]
        #[utoipa::path(post, path = $path, tag = "Agents", security(("bearer" = ["seat"])), summary = $summary,
            request_body = $body, responses((status = 200, body = Acknowledged)))]
        pub(super) async fn $name(
            State(app): State<App>,
            permit: May<TakeCalls>,
            Body($given, _): Body<$body>,
        ) -> Result<Json<Acknowledged>, Refused> {
            Ok(Json(run(&app, permit.caller(), $command).await?))
        }
    };
}

verb!(sign_in, "/api/v1/agents/log-in", AgentLogIn, "Log oneself in as an agent", given => Command::AgentLogIn { extension: given.extension, phone: given.phone, campaigns: given.campaigns });
verb!(sign_out, "/api/v1/agents/log-out", AgentNamed, "Log an agent out", given => Command::AgentLogOut { user_id: given.user_id });
verb!(go_ready, "/api/v1/agents/ready", AgentNamed, "Let an agent take calls", given => Command::AgentReady { user_id: given.user_id });
verb!(go_paused, "/api/v1/agents/pause", AgentPause, "Let an agent take no more calls", given => Command::AgentPause { user_id: given.user_id, code: given.code, seconds: given.seconds });
verb!(
    dial,
    "/api/v1/agents/dial",
    AgentDial,
    "Dial the offered contact, or any other, for oneself",
    given => Command::AgentDial { contact_id: given.contact_id });
verb!(message, "/api/v1/agents/message", AgentMessage, "Say something to an agent", given => Command::AgentMessage { user_id: given.user_id, text: given.text });

/// Give the offered contact back
#[utoipa::path(post, path = "/api/v1/agents/skip", tag = "Agents", security(("bearer" = ["seat"])),
    responses((status = 200, body = Acknowledged)))]
pub(super) async fn skip(
    State(app): State<App>,
    permit: May<TakeCalls>,
) -> Result<Json<Acknowledged>, Refused> {
    Ok(Json(run(&app, permit.caller(), Command::AgentSkip).await?))
}

/// Say what came of one's call
#[utoipa::path(post, path = "/api/v1/calls/{id}/disposition", tag = "Agents", security(("bearer" = ["seat"])),
    params(("id" = String, Path)), request_body = Disposed, responses((status = 200, body = Acknowledged)))]
pub(super) async fn dispose(
    State(app): State<App>,
    permit: May<TakeCalls, RefusedCall>,
    Id(id, _): Id<String, RefusedCall>,
    Body(given, _): Body<Disposed, RefusedCall>,
) -> Result<Json<Acknowledged>, RefusedCall> {
    let command = Command::Dispose {
        call_id: CallId(id),
        disposition: given.disposition,
        note: given.note,
        callback_at: given.callback_at,
    };
    Ok(Json(run(&app, permit.caller(), command).await?))
}
