//! What the server is connected to: how each connector is, trying one, webhooks in a form, and taking away what was set up here.
//! No secret is ever told.

use super::extract::{Id, May};
use super::problem::Refused;
use super::{App, catalog, commands, session};
use crate::doctor::{self, Finding};
use crate::domain::caller::{Caller, Look, ManageServer, Permission, SetUpVicidial};
use crate::domain::catalog::{Noun, Webhook};
use crate::domain::plain;
use crate::storage::keeping::EntryRow;
use crate::webhook;
use axum::Json;
use axum::extract::State;
use chrono::Utc;
use dialdeck_protocol::connector::ConnectorRow;
use dialdeck_protocol::{Answer, Code, EntryId, PartState, Problem};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

/// Webhooks that are listed.
const MOST: i64 = 1000;

/// The address without user, password and query, which may hold secrets.
fn bare(address: &str) -> String {
    let Ok(mut url) = address.parse::<url::Url>() else { return plain::line(address, 100) };
    url.set_query(None);
    url.set_fragment(None);
    let _ = url.set_username("");
    let _ = url.set_password(None);
    plain::line(url.as_str().trim_end_matches('/'), 200)
}

fn row(kind: &str, name: &str, reached: String, state: PartState, message: String) -> ConnectorRow {
    ConnectorRow {
        kind: kind.into(),
        name: name.into(),
        reached,
        has_secret: false,
        state,
        message,
        here: false,
        entry_id: None,
        settings: Vec::new(),
    }
}

/// A webhook: by its id, or by its name where only one has it.
async fn webhook_of(
    app: &App,
    caller: &Caller,
    name: &str,
    id: Option<EntryId>,
) -> Result<(EntryRow, Webhook), Problem> {
    let found = if let Some(id) = id {
        let row = app.store.entry(&caller.organization_id, Webhook::KIND, id).await?;
        let row = row.filter(|row| row.campaign_id.is_none_or(|id| caller.covers(id)));
        row.and_then(|row| Some((row.clone(), serde_json::from_value(row.body).ok()?)))
    } else {
        let mut named = webhooks(app, caller).await?;
        named.retain(|(_, webhook)| webhook.name == name);
        if named.len() > 1 {
            let name = plain::line(name, 80);
            let message = format!("several webhooks are called {name}; say which by its id");
            return Err(Problem::new(Code::Conflict, message));
        }
        named.pop()
    };
    found.ok_or_else(|| missing("webhook", name))
}

/// Whether a caller may do something; a refusal is written into the audit log.
async fn permitted<P: Permission>(
    app: &App,
    caller: &Caller,
    command: &str,
    target: &str,
) -> Result<(), Problem> {
    let Err(refused) = caller.permit::<P>() else { return Ok(()) };
    let said = format!("{}: {}", refused.code, refused.message);
    commands::note(app, caller, command, &plain::line(target, 80), json!({}), &said).await;
    Err(refused)
}

async fn webhooks(app: &App, caller: &Caller) -> Result<Vec<(EntryRow, Webhook)>, Problem> {
    let rows = app.store.entries(&caller.organization_id, Webhook::KIND, None, None, MOST).await?;
    let seen = rows.into_iter().filter(|row| row.campaign_id.is_none_or(|id| caller.covers(id)));
    Ok(seen.filter_map(|row| Some((row.clone(), serde_json::from_value(row.body).ok()?))).collect())
}

/// Connectors, as far as the caller may know of them: where things are reached is for those who may set them up.
pub(super) async fn rows(app: &App, caller: &Caller) -> Result<Vec<ConnectorRow>, Problem> {
    caller.permit::<Look>()?;
    let all = caller.everywhere().is_ok();
    // Asterisk and providers are the server's: where there are several organizations they are for whoever runs it.
    let alone = app.store.organizations().await?.len() == 1;
    let may = caller.permit::<ManageServer>().is_ok() && all;
    let place = |address: &str| if may { bare(address) } else { String::new() };
    let mut rows = Vec::new();
    let parts = app.parts.all();
    if let Some(part) = parts.iter().find(|part| part.name == "telephony").filter(|_| alone) {
        let settings = &app.settings.asterisk;
        let mut asterisk =
            row("asterisk", "asterisk", place(&settings.url), part.state, part.message.clone());
        asterisk.has_secret = true;
        rows.push(asterisk);
    }
    if all {
        for connector in app.vicidials.of(&caller.organization_id).all() {
            let settings = &connector.settings;
            let reached =
                if settings.url.is_empty() { settings.db_host.clone() } else { settings.url.clone() };
            let part = parts.iter().find(|part| part.name == format!("vicidial {}", connector.name));
            let state = part.map_or(PartState::Up, |part| part.state);
            let message = part.map(|part| part.message.clone()).unwrap_or_default();
            let mut vicidial = row("vicidial", &connector.name, place(&reached), state, message);
            vicidial.has_secret = true;
            vicidial.here = !app.settings.vicidial.contains_key(&connector.name);
            if may {
                vicidial.settings = super::connectors::shown(settings);
            }
            rows.push(vicidial);
        }
        if app.dialpad.organization == caller.organization_id {
            let status = app.dialpad.status();
            let (state, message) = match (status.set_up, status.trouble.is_empty()) {
                (false, _) => (PartState::Off, "not set up: DIALPAD_API_TOKEN".to_owned()),
                (true, true) => (PartState::Up, String::new()),
                (true, false) => (PartState::Down, status.trouble),
            };
            let mut dialpad = row("dialpad", "dialpad", place(&app.dialpad.settings.url), state, message);
            dialpad.has_secret = status.set_up;
            rows.push(dialpad);
        }
        for (name, provider) in app.settings.providers.iter().filter(|_| alone) {
            let untried = "a provider of speech or language; test asks it for all it can do".to_owned();
            let mut provided = row("provider", name, place(&provider.url), PartState::Up, untried);
            provided.has_secret = provider.has_key();
            rows.push(provided);
        }
    }
    if caller.permit::<ManageServer>().is_ok() {
        for (entry, webhook) in webhooks(app, caller).await? {
            let (state, message) = delivered(app, caller, &entry, &webhook).await?;
            let mut hook = row("webhook", &webhook.name, place(&webhook.url), state, message);
            hook.has_secret = true;
            hook.here = true;
            hook.entry_id = Some(entry.id);
            hook.settings = vec![
                ("url".into(), webhook.url),
                ("events".into(), webhook.events.join(" ")),
                ("paused".into(), if webhook.paused { "yes" } else { "no" }.into()),
            ];
            rows.push(hook);
        }
    }
    Ok(rows)
}

/// How the last delivery to a webhook went.
async fn delivered(
    app: &App,
    caller: &Caller,
    entry: &EntryRow,
    webhook: &Webhook,
) -> Result<(PartState, String), Problem> {
    if webhook.paused {
        return Ok((PartState::Off, "paused".into()));
    }
    let last = app.store.deliveries(&caller.organization_id, entry.id, None, 1).await?;
    Ok(match last.first() {
        None => (PartState::Up, "nothing was sent yet".into()),
        Some(last) if last.status == "delivered" => {
            (PartState::Up, format!("{} was delivered", last.event_type))
        }
        Some(last) => {
            let state = if last.status == "failed" { PartState::Down } else { PartState::Degraded };
            (
                state,
                format!("{}: {} after {} tries: {}", last.event_type, last.status, last.attempts, last.error),
            )
        }
    })
}

/// What trying a connector found.
#[derive(Serialize, ToSchema)]
pub(super) struct Tried {
    message: String,
    lines: Vec<String>,
}

/// Tries a connector now.
pub(super) async fn test(
    app: &App,
    caller: &Caller,
    kind: &str,
    name: &str,
    entry_id: Option<EntryId>,
) -> Result<(String, Vec<String>), Problem> {
    let target = plain::line(&format!("{kind} {name}"), 80);
    commands::audited(app, caller, "connector.test", &target, json!({}), async {
        caller.everywhere()?;
        if ["asterisk", "provider"].contains(&kind) && app.store.organizations().await?.len() > 1 {
            return Err(missing(kind, name));
        }
        let told = |findings: Vec<Finding>| {
            let bad = findings.iter().filter(|finding| finding.state == doctor::State::Fail).count();
            let message = match (findings.len(), bad) {
                (0, _) => "it is not set up".to_owned(),
                (_, 0) => format!("{} checks, nothing is wrong", findings.len()),
                (all, bad) => format!("{bad} of {all} checks failed"),
            };
            (message, findings.iter().flat_map(Finding::lines).map(|line| plain::line(&line, 400)).collect())
        };
        match kind {
            "vicidial" => {
                caller.permit::<SetUpVicidial>()?;
                let connector = app.vicidials.of(&caller.organization_id).get(name)?;
                let tried = connector.test().await.map_err(|trouble| trouble.problem(&connector.name))?;
                Ok((tried, Vec::new()))
            }
            "dialpad" => {
                caller.permit::<ManageServer>()?;
                let lines = super::dialpad::capabilities(app, caller).await;
                if lines.is_empty() {
                    let message = "dialpad: it is not set up; set DIALPAD_API_TOKEN for dialdeckd";
                    return Err(Problem::new(Code::Conflict, message));
                }
                Ok(("tried".to_owned(), lines))
            }
            "webhook" => {
                caller.permit::<ManageServer>()?;
                let (entry, webhook) = webhook_of(app, caller, name, entry_id).await?;
                webhook::ping(&entry, &webhook, Utc::now()).await.map(|told| (told, Vec::new())).map_err(
                    |why| {
                        Problem::new(Code::Unavailable, format!("webhook {}: {why}", plain::line(name, 80)))
                    },
                )
            }
            "asterisk" => {
                caller.permit::<ManageServer>()?;
                Ok(told(doctor::examine_asterisk(&app.settings).await))
            }
            "provider" => {
                caller.permit::<ManageServer>()?;
                if !app.settings.providers.contains_key(name) {
                    return Err(missing(kind, name));
                }
                Ok(told(doctor::examine_provider(&app.settings, name).await))
            }
            _ => Err(missing(kind, name)),
        }
    })
    .await
}

fn missing(kind: &str, name: &str) -> Problem {
    Problem::not_found(format!("a connector {} {:?}", plain::line(kind, 20), plain::line(name, 80)))
}

/// Try a connector now
#[utoipa::path(post, path = "/api/v1/connectors/{kind}/{name}/test", tag = "Connectors", security(("bearer" = ["server"])),
    params(("kind" = String, Path), ("name" = String, Path)), responses((status = 200, body = Tried)))]
pub(super) async fn try_out(
    State(app): State<App>,
    permit: May<ManageServer>,
    Id((kind, name), _): Id<(String, String)>,
) -> Result<Json<Tried>, Refused> {
    let (message, lines) = test(&app, permit.caller(), &kind, &name, None).await?;
    Ok(Json(Tried { message, lines }))
}

/// The same, as a console asks for it.
pub(super) async fn tested(
    app: &App,
    caller: &Caller,
    kind: &str,
    name: &str,
    entry_id: Option<EntryId>,
) -> Result<Answer, Problem> {
    let (message, lines) = test(app, caller, kind, name, entry_id).await?;
    Ok(if lines.is_empty() {
        Answer::Done { message: format!("{}: {message}", plain::line(name, 80)) }
    } else {
        Answer::Lines { title: format!("{}: {message}", plain::line(name, 80)), lines }
    })
}

/// A webhook as a console's form gives it. A new one's secret is answered, and never again.
pub(super) async fn set_up_webhook(
    app: &App,
    caller: &Caller,
    entry_id: Option<EntryId>,
    mut given: Webhook,
) -> Result<Answer, Problem> {
    permitted::<ManageServer>(app, caller, "webhook.set_up", &given.name).await?;
    if entry_id.is_some() {
        // A form has no campaign: what was said of it stays.
        given.campaign_id = webhook_of(app, caller, &given.name, entry_id).await?.1.campaign_id;
    }
    let secret = session::fresh_token();
    let kept = secret.clone();
    let name = plain::line(&given.name, 80);
    catalog::save::<Webhook>(app, caller, entry_id, given, move || kept).await?;
    if entry_id.is_some() {
        return Ok(Answer::Done { message: format!("the webhook {name} is changed") });
    }
    let lines = vec![
        "What it is sent is signed with this secret. It is shown now and never again:".to_owned(),
        String::new(),
        secret,
        String::new(),
        "Dialdeck-Signature: t=<seconds>,v1=<HMAC-SHA-256 of \"t.body\">".to_owned(),
    ];
    Ok(Answer::Once { title: format!("The webhook {name} is made"), lines })
}

/// Takes away what was set up here.
pub(super) async fn remove(
    app: &App,
    caller: &Caller,
    kind: &str,
    name: &str,
    entry_id: Option<EntryId>,
) -> Result<Answer, Problem> {
    let command = "connector.take_away";
    match kind {
        "vicidial" => {
            permitted::<SetUpVicidial>(app, caller, command, name).await?;
            super::connectors::take_away(app, caller, name).await?;
        }
        "webhook" => {
            permitted::<ManageServer>(app, caller, command, name).await?;
            let (entry, _) = webhook_of(app, caller, name, entry_id).await?;
            catalog::delete::<Webhook>(app, caller, entry.id).await?;
            app.webhooks.notify_one();
        }
        _ => {
            let message = "it stands in the server's settings; take it out there".to_owned();
            return Err(Problem::new(Code::Conflict, message));
        }
    }
    Ok(Answer::Done { message: format!("{} {} is taken away", plain::line(kind, 20), plain::line(name, 80)) })
}
