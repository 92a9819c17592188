//! VICIdials that are set up while the server runs: tried first, kept in the record, their secrets never shown again.

use super::extract::{Body, Id, May};
use super::problem::Refused;
use super::{App, commands};
use crate::connectors::vicidial::database::Database;
use crate::connectors::vicidial::{RereadByName, Vicidials};
use crate::domain::caller::{Caller, SetUpVicidial, SteerVicidial};
use crate::domain::plain;
use crate::settings::Vicidial;
use crate::storage::keeping::EntryRow;
use crate::storage::{Change, Store, StoreResult};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::Utc;
use dialdeck_protocol::{Answer, Code, EntryId, OrganizationId, Problem};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Under which they are kept.
const KIND: &str = "vicidial";
/// What is never shown again, and the settings that say to whom it is told.
const SECRETS: &[(&str, &[&str])] = &[
    ("password", &["url", "user"]),
    ("db_password", &["db_host", "db_port", "db_user"]),
    ("ami_secret", &["ami_host", "ami_port", "ami_user"]),
];
/// What else may be set here; the rest is the settings file's.
const KNOWN: &[&str] = &[
    "url",
    "user",
    "source",
    "per_second",
    "agent_user",
    "campaign_id",
    "phone_code",
    "phone_login",
    "remote_agent",
    "campaign",
    "consent_basis",
    "transfer_ingroup",
    "transfer_extension",
    "db_host",
    "db_port",
    "db_user",
    "db_name",
    "sync_seconds",
    "ami_host",
    "ami_port",
    "ami_user",
];

/// How a VICIdial is reached, by the names of the settings file; what is left out stays as it was.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = VicidialSetUp)]
pub(super) struct SetUp {
    /// Settings by name, such as `url`, `user`, `password`, `db_host`.
    settings: BTreeMap<String, String>,
    /// Keep them although the test failed.
    #[serde(default)]
    force: bool,
}

/// What the test found.
#[derive(Serialize, ToSchema)]
#[schema(as = VicidialSetUpDone)]
pub(super) struct Done {
    message: String,
}

/// Settings out of what is kept.
fn read(row: &EntryRow) -> Result<Vicidial, Problem> {
    let mut all = row.body.as_object().cloned().unwrap_or_default();
    if let Ok(secrets) = serde_json::from_str::<Map<String, Value>>(&row.secret) {
        all.extend(secrets);
    }
    all.insert("organization".into(), json!(row.organization_id.0));
    let wrong = |error: serde_json::Error| {
        let message = format!("settings: {}", plain::line(&error.to_string(), 200));
        Problem::field("settings", message)
    };
    let settings: Vicidial = serde_json::from_value(Value::Object(all)).map_err(wrong)?;
    settings.check(&row.name).map_err(|error| Problem::field("settings", error.0))?;
    Ok(settings)
}

/// What was set up before, of all organizations.
pub(crate) async fn kept(store: &dyn Store) -> StoreResult<Vec<(String, Result<Vicidial, Problem>)>> {
    let rows = store.entries_everywhere(KIND).await?;
    Ok(rows.iter().map(|row| (row.name.clone(), read(row))).collect())
}

async fn find(app: &App, organization: &OrganizationId, name: &str) -> Result<Option<EntryRow>, Problem> {
    let rows = app.store.entries(organization, KIND, None, None, 1000).await?;
    Ok(rows.into_iter().find(|row| row.name == name))
}

/// Tries what is set up of it.
async fn tried(settings: &Vicidial, name: &str, app: &App) -> Result<String, Problem> {
    let fresh = Vicidials::start(
        &BTreeMap::from([(name.to_owned(), settings.clone())]),
        &(std::sync::Arc::new(|_: &str| None) as RereadByName),
        &app.closing.child_token(),
    );
    let connector = fresh.map_err(|error| Problem::field("settings", error))?.get(name)?;
    // However this ends.
    let _gone = connector.stop.clone().drop_guard();
    let mut told = Vec::new();
    if connector.client.is_some() {
        told.push(connector.test().await.map_err(|trouble| trouble.problem(name))?);
    }
    if settings.has_database() {
        let mut database = Database::new(settings);
        let grants = database.grants().await;
        database.close().await;
        grants.map_err(|error| {
            let message = format!("the database: {}", plain::line(&error.to_string(), 200));
            Problem::new(Code::Unavailable, message)
        })?;
        told.push("the database lets us in".to_owned());
    }
    if told.is_empty() {
        let message = "settings: give url, user and password for the API, or db_host, db_user and db_password for the floor";
        return Err(Problem::field("settings", message));
    }
    Ok(told.join("; "))
}

/// Puts what was given over what was kept; gives the secrets as they are kept.
fn put_over(
    row: &mut EntryRow,
    old: Option<&EntryRow>,
    given: BTreeMap<String, String>,
) -> Result<String, Problem> {
    // A password goes to nobody but whom it was given for.
    for (secret, whose) in SECRETS {
        let elsewhere = |field: &&&str| {
            let before = old.map(|row| row.body[**field].clone()).unwrap_or_default();
            let before = before.as_str().map_or_else(|| before.to_string(), str::to_owned);
            given.get(**field).is_some_and(|now| !now.trim().is_empty() && now.trim() != before)
        };
        if old.is_some()
            && !given.contains_key(*secret)
            && let Some(field) = whose.iter().find(elsewhere)
        {
            let message = format!("{secret} must be given anew where {field} changes");
            return Err(Problem::field(*secret, message));
        }
    }
    let mut secrets: Map<String, Value> =
        old.and_then(|row| serde_json::from_str(&row.secret).ok()).unwrap_or_default();
    for (field, value) in given {
        let value = value.trim();
        if SECRETS.iter().any(|(secret, _)| *secret == field) {
            secrets.insert(field, json!(value));
        } else if KNOWN.contains(&field.as_str()) {
            let number = ["per_second", "db_port", "ami_port", "sync_seconds"].contains(&field.as_str());
            row.body[field.as_str()] = match value.parse::<u64>() {
                _ if value.is_empty() && number => continue,
                Ok(value) if number => json!(value),
                Err(_) if number => {
                    return Err(Problem::field(&field, format!("{field} must be a number")));
                }
                _ => json!(plain::line(value, 300)),
            };
        } else {
            let message = format!(
                "settings: {:?} is unknown here; there are {}, {}",
                plain::line(&field, 40),
                KNOWN.join(", "),
                SECRETS.iter().map(|(secret, _)| *secret).collect::<Vec<_>>().join(", ")
            );
            return Err(Problem::field("settings", message));
        }
    }
    Ok(Value::Object(secrets).to_string())
}

/// Sets one up: checked, tried, kept, and in use from then on.
pub(super) async fn set_up(
    app: &App,
    caller: &Caller,
    name: &str,
    given: BTreeMap<String, String>,
    force: bool,
) -> Result<String, Problem> {
    let permitted = caller.permit::<SetUpVicidial>().map(|_| ());
    let named: Vec<&String> = given.keys().collect();
    let detail = json!({ "settings": named, "force": force });
    commands::audited(app, caller, "vicidial.set_up", &plain::line(name, 40), detail, async {
        permitted?;
        caller.everywhere()?;
        if app.settings.vicidial.contains_key(name) {
            let message =
                format!("{name} stands in the server's settings; change it there, or choose another name");
            return Err(Problem::new(Code::Conflict, message));
        }
        let organization = &caller.organization_id;
        // Names are one for all: another organization's is not taken over.
        let other = app.vicidials.get(name).ok().filter(|_| !name.is_empty());
        if other.is_some_and(|connector| connector.settings.organization != organization.0) {
            return Err(Problem::new(Code::Conflict, format!("the name {name} is taken; choose another")));
        }
        let old = find(app, organization, name).await?;
        let now = Utc::now();
        let mut row = EntryRow {
            id: old.as_ref().map_or_else(EntryId::default, |row| row.id),
            organization_id: organization.clone(),
            kind: KIND.to_owned(),
            campaign_id: None,
            name: name.to_owned(),
            body: old.as_ref().map_or_else(|| json!({}), |row| row.body.clone()),
            secret: String::new(),
            created_at: old.as_ref().map_or(now, |row| row.created_at),
            updated_at: now,
        };
        row.secret = put_over(&mut row, old.as_ref(), given)?;
        let settings = read(&row)?;
        let told = match tried(&settings, name, app).await {
            Ok(told) => told,
            Err(problem) if force && problem.field.is_none() => format!("kept, though: {}", problem.message),
            Err(problem) => return Err(problem),
        };
        app.journal.commit(vec![Change::SaveEntry { entry: Box::new(row), at: now }]).await?;
        app.vicidials.set_up(name, &settings).map_err(|error| Problem::field("settings", error))?;
        Ok(format!("VICIdial {name} is set up: {told}"))
    })
    .await
}

/// The same, as a console asks for it.
pub(super) async fn execute(
    app: &App,
    caller: &Caller,
    name: &str,
    settings: BTreeMap<String, String>,
    force: bool,
) -> Result<Answer, Problem> {
    set_up(app, caller, name, settings, force).await.map(|message| Answer::Done { message })
}

/// What the VICIdials and Dialpad let us do, each tried now, to read.
pub(super) async fn capabilities(app: &App, caller: &Caller) -> Result<Answer, Problem> {
    caller.everywhere()?;
    caller.permit::<SteerVicidial>()?;
    let ours = app.vicidials.of(&caller.organization_id);
    let settings = ours.all().map(|connector| (connector.name.clone(), connector.settings.clone())).collect();
    let mut lines = Vec::new();
    for finding in crate::doctor::examine_vicidials(&settings).await {
        lines.extend(finding.lines());
    }
    lines.extend(super::dialpad::capabilities(app, caller).await);
    if lines.is_empty() {
        lines.push(
            "neither a VICIdial nor Dialpad is connected; docs/VICIDIAL.md and docs/DIALPAD.md say how"
                .into(),
        );
    }
    Ok(Answer::Lines { title: "What VICIdial and Dialpad let us do".into(), lines })
}

/// Set up a VICIdial, or change how it is reached
///
/// It is tried first. Passwords that are left out stay as they were; none is ever shown.
#[utoipa::path(put, path = "/api/v1/vicidial/{name}", tag = "VICIdial", security(("bearer" = ["vicidial_setup"])),
    params(("name" = String, Path)), request_body = SetUp, responses((status = 200, body = Done)))]
pub(super) async fn put(
    State(app): State<App>,
    permit: May<SetUpVicidial>,
    Id(name, _): Id<String>,
    Body(SetUp { settings, force }, _): Body<SetUp>,
) -> Result<Json<Done>, Refused> {
    let message = set_up(&app, permit.caller(), &name, settings, force).await?;
    Ok(Json(Done { message }))
}

/// Take away a VICIdial that was set up here
#[utoipa::path(delete, path = "/api/v1/vicidial/{name}", tag = "VICIdial", security(("bearer" = ["vicidial_setup"])),
    params(("name" = String, Path)), responses((status = 204)))]
pub(super) async fn delete(
    State(app): State<App>,
    permit: May<SetUpVicidial>,
    Id(name, _): Id<String>,
) -> Result<StatusCode, Refused> {
    take_away(&app, permit.caller(), &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes one away that was set up here.
pub(super) async fn take_away(app: &App, caller: &Caller, name: &str) -> Result<(), Problem> {
    commands::audited(app, caller, "vicidial.take_away", &plain::line(name, 40), json!({}), async {
        caller.everywhere()?;
        let row = find(app, &caller.organization_id, name).await?;
        let row = row.ok_or_else(|| {
            Problem::not_found(format!("a VICIdial {:?} that was set up here", plain::line(name, 40)))
        })?;
        app.journal.commit(vec![Change::DeleteEntry { entry: Box::new(row), at: Utc::now() }]).await?;
        // One of the settings may have the name, too.
        let live = app.vicidials.get(name).ok();
        let own = live.is_some_and(|live| live.settings.organization == caller.organization_id.0);
        if own && !app.settings.vicidial.contains_key(name) {
            app.vicidials.take_away(name);
        }
        Ok(())
    })
    .await
}

/// What a form begins with: settings without secrets, those that are empty left out.
pub(super) fn shown(settings: &Vicidial) -> Vec<(String, String)> {
    [
        ("url", settings.url.clone()),
        ("user", settings.user.clone()),
        ("agent_user", settings.agent_user.clone()),
        ("campaign_id", settings.campaign_id.clone()),
        ("phone_code", settings.phone_code.clone()),
        ("db_host", settings.db_host.clone()),
        ("db_user", settings.db_user.clone()),
        ("db_name", settings.db_name.clone()),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}
