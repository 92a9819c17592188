//! VICIdials: what they can do, called by name; their floors; what was said to them.

mod execution;
mod law;

pub(super) use execution::execute;

use super::extract::{Ask, Body, Id, May};
use super::problem::Refused;
use super::{App, commands};
use crate::connectors::vicidial::wirelog::Entry;
use crate::domain::caller::{Look, SetUpVicidial, SteerVicidial};
use axum::Json;
use axum::extract::State;
use dialdeck_protocol::function::{Effect, Kind, Need};
use dialdeck_protocol::vicidial::{Floor, VicidialAnswer, functions};
use dialdeck_protocol::{Answer, Code, Problem};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

/// Exchanges of the log that are given at most.
const MOST: u32 = 500;

/// A VICIdial.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Vicidial)]
pub(super) struct Row {
    name: String,
    /// Whether its HTTP APIs are set up.
    http: bool,
    /// Whether its database is.
    database: bool,
    /// Whether we stopped because user or password are wrong.
    stopped: bool,
    /// What is wrong with its floor; empty where nothing is.
    trouble: String,
}

/// VICIdials.
#[derive(Serialize, ToSchema)]
pub(super) struct Rows {
    vicidials: Vec<Row>,
}

/// List the VICIdials
#[utoipa::path(get, path = "/api/v1/vicidial", tag = "VICIdial", security(("bearer" = ["look"])),
    responses((status = 200, body = Rows)))]
pub(super) async fn list(State(app): State<App>, permit: May<Look>) -> Result<Json<Rows>, Refused> {
    permit.caller().everywhere()?;
    let ours = app.vicidials.of(permit.organization());
    let vicidials = ours.all().map(|connector| Row {
        name: connector.name.clone(),
        http: connector.client.is_some(),
        database: connector.settings.has_database(),
        stopped: connector.client.as_ref().is_some_and(|client| client.is_stopped()),
        trouble: connector.floor.last().floor.trouble.clone(),
    });
    Ok(Json(Rows { vicidials: vicidials.collect() }))
}

/// An argument of a function.
#[derive(Serialize, ToSchema)]
#[schema(as = VicidialArgument)]
pub(super) struct Argument {
    name: String,
    /// Whether it must be given.
    required: bool,
    /// What it may be, where that is a few words.
    words: Vec<String>,
}

/// A function.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = VicidialFunction)]
pub(super) struct Described {
    name: String,
    what: String,
    /// Whether it changes something.
    changes: bool,
    /// Whether a person should be asked first.
    asks: bool,
    arguments: Vec<Argument>,
}

/// Functions.
#[derive(Serialize, ToSchema)]
#[schema(as = VicidialFunctions)]
pub(super) struct Functions {
    functions: Vec<Described>,
}

/// List the functions of a VICIdial, with their arguments
#[utoipa::path(get, path = "/api/v1/vicidial-functions", tag = "VICIdial", security(("bearer" = ["look"])),
    responses((status = 200, body = Functions)))]
pub(super) async fn catalogue(_permit: May<Look>) -> Json<Functions> {
    let functions = functions().map(|function| Described {
        name: function.name.to_owned(),
        what: function.what.to_owned(),
        changes: function.effect != Effect::Reads,
        asks: function.asks,
        arguments: function
            .arguments()
            .map(|arg| Argument {
                name: arg.name.to_owned(),
                required: arg.need == Need::Must,
                words: match arg.kind {
                    Kind::Word(words) => words.iter().map(|word| (*word).to_owned()).collect(),
                    _ => Vec::new(),
                },
            })
            .collect(),
    });
    Json(Functions { functions: functions.collect() })
}

/// How a function is called.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = VicidialCall)]
pub(super) struct Call {
    /// Arguments by name.
    #[serde(default)]
    args: BTreeMap<String, String>,
    /// Answer only once it is known whether an agent's screen took it: up to five seconds.
    #[serde(default)]
    wait: bool,
}

/// Call a function of a VICIdial
///
/// Agent functions are `sent` until the agent's screen took them, then `done`; after five seconds without, `not_taken`.
#[utoipa::path(post, path = "/api/v1/vicidial/{name}/functions/{function}", tag = "VICIdial",
    security(("bearer" = ["vicidial"])), request_body = Call,
    params(("name" = String, Path), ("function" = String, Path)), responses((status = 200, body = VicidialAnswer)))]
pub(super) async fn act(
    State(app): State<App>,
    permit: May<SteerVicidial>,
    Id((name, function), _): Id<(String, String)>,
    Body(Call { args, wait }, _): Body<Call>,
) -> Result<Json<VicidialAnswer>, Refused> {
    match execute(&app, permit.caller(), &name, &function, args, wait).await? {
        Answer::Vicidial(answer) => Ok(Json(*answer)),
        _ => Err(Problem::new(Code::Internal, "VICIdial's answer was lost").into()),
    }
}

/// The floor of a VICIdial, as it was last read
///
/// It is read while somebody looks; the first look takes up to two seconds.
#[utoipa::path(get, path = "/api/v1/vicidial/{name}/floor", tag = "VICIdial", security(("bearer" = ["look"])),
    params(("name" = String, Path)), responses((status = 200, body = Floor)))]
pub(super) async fn floor(
    State(app): State<App>,
    permit: May<Look>,
    Id(name, _): Id<String>,
) -> Result<Json<Floor>, Refused> {
    permit.caller().everywhere()?;
    let mut look = app.vicidials.of(permit.organization()).get(&name)?.floor.look();
    look.mark_unchanged();
    let _ = tokio::time::timeout(std::time::Duration::from_secs(2), look.changed()).await;
    let floor = look.borrow().floor.clone();
    Ok(Json(floor))
}

/// How many exchanges.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Last {
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

/// Exchanges.
#[derive(Serialize, ToSchema)]
#[schema(as = VicidialExchanges)]
pub(super) struct Exchanges {
    exchanges: Vec<Entry>,
}

/// What was said to the VICIdials and what they answered, newest first
///
/// Without passwords, and with numbers cut to their last four digits.
#[utoipa::path(get, path = "/api/v1/vicidial-log", tag = "VICIdial", security(("bearer" = ["vicidial"])), params(Last),
    responses((status = 200, body = Exchanges)))]
pub(super) async fn log(
    State(app): State<App>,
    permit: May<SteerVicidial>,
    Ask(Last { limit }, _): Ask<Last>,
) -> Result<Json<Exchanges>, Refused> {
    permit.caller().everywhere()?;
    let count = usize::try_from(limit.unwrap_or(50).clamp(1, MOST)).unwrap_or(50);
    let ours = app.vicidials.of(permit.organization());
    let mut exchanges = app.vicidials.log.last(MOST as usize);
    exchanges.retain(|entry| ours.all().any(|connector| connector.name == entry.vicidial));
    exchanges.truncate(count);
    Ok(Json(Exchanges { exchanges }))
}

/// What a test found.
#[derive(Serialize, ToSchema)]
#[schema(as = VicidialTest)]
pub(super) struct Tested {
    message: String,
}

/// Test a VICIdial: take up user and password anew, and log in
#[utoipa::path(post, path = "/api/v1/vicidial/{name}/test", tag = "VICIdial", security(("bearer" = ["vicidial_setup"])),
    params(("name" = String, Path)), responses((status = 200, body = Tested)))]
pub(super) async fn test(
    State(app): State<App>,
    permit: May<SetUpVicidial>,
    Id(name, _): Id<String>,
) -> Result<Json<Tested>, Refused> {
    permit.caller().everywhere()?;
    let connector = app.vicidials.of(permit.organization()).get(&name)?;
    let message =
        commands::audited(&app, permit.caller(), "vicidial.test", &connector.name, json!({}), async {
            connector.test().await.map_err(|trouble| trouble.problem(&connector.name))
        })
        .await?;
    Ok(Json(Tested { message }))
}
