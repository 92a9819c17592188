//! VICIdials: what they can do, called by name; their floors; what was said to them.

use super::extract::{Ask, Body, Id, May};
use super::persons::masked;
use super::problem::Refused;
use super::{App, commands};
use crate::connectors::vicidial::action::{Args, Request};
use crate::connectors::vicidial::confirm::Seen;
use crate::connectors::vicidial::wirelog::Entry;
use crate::connectors::vicidial::{Connector, wire};
use crate::domain::caller::{Caller, Look, SetUpVicidial, SteerVicidial};
use crate::domain::contact::NewContact;
use crate::domain::gate::Voice;
use crate::domain::phone::Phone;
use crate::storage::Change;
use crate::storage::change::VicidialDeed;
use axum::Json;
use axum::extract::State;
use chrono::Utc;
use dialdeck_protocol::vicidial::{
    Effect, Floor, Function, Kind, Least, Need, Progress, VicidialAnswer, functions,
};
use dialdeck_protocol::{Answer, Code, Problem};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// Exchanges of the log that are given at most.
const MOST: u32 = 500;

/// Who may call a function; all of them concern the whole organization.
fn may(caller: &Caller, function: &Function) -> Result<(), Problem> {
    caller.everywhere()?;
    match function.least {
        Least::Supervisor => caller.permit::<SteerVicidial>().map(|_| ()),
        Least::Admin => caller.permit::<SetUpVicidial>().map(|_| ()),
    }
}

/// The persons that a dial would reach, where they are persons.
async fn reached(app: &App, connector: &Connector, request: &Request) -> Result<Vec<NewContact>, Problem> {
    // Into the hopper past VICIdial's own look at the hour: it dials what stands there at once.
    let hopped = request.function.name == "add_lead"
        && request.arg("add_to_hopper") == "Y"
        && connector.client.is_none();
    if hopped {
        let code = [request.arg("phone_code"), &connector.settings.phone_code];
        let code = code.into_iter().find(|code| !code.is_empty()).unwrap_or_default();
        let phone = Phone::with_country(code, request.arg("phone_number"), &app.settings.dialer.region)
            .map_err(|error| Problem::field("phone_number", error.to_string()))?;
        let place = |name: &str| request.arg(name).to_owned();
        return Ok(vec![NewContact {
            state: place("state"),
            postal_code: place("postal_code"),
            ..NewContact::numbered(phone)
        }]);
    }
    let (value, lead_id) = (request.arg("value"), request.arg("lead_id"));
    if request.function.name != "external_dial" || value == "MANUALNEXT" {
        return Ok(Vec::new());
    }
    let told = if lead_id.is_empty() { None } else { Some(known(connector, lead_id).await?) };
    let cell = |name: &str| told.as_ref().and_then(|told| told.field(name)).unwrap_or_default().to_owned();
    let own = cell("phone_code");
    // A lead's own country goes before the request's, as it does at VICIdial.
    let code = [own.as_str(), request.arg("phone_code"), &connector.settings.phone_code];
    let code = code.into_iter().find(|code| !code.is_empty()).unwrap_or_default().to_owned();
    let number = |digits: &str| -> Result<Phone, Problem> {
        Phone::with_country(&code, digits, &app.settings.dialer.region)
            .map_err(|error| Problem::field("value", error.to_string()))
    };
    let mut numbers = Vec::new();
    if !value.is_empty() {
        numbers.push(number(value)?);
    }
    if told.is_some() {
        let alternative = request.arg("alt_dial").to_ascii_uppercase();
        let column = match alternative.as_str() {
            "" | "MAIN" | "SEARCH" => "phone_number",
            "ALT" => "alt_phone",
            "ADDR3" => "address3",
            _ => return Err(Problem::field("alt_dial", "alt_dial must be MAIN, ALT, ADDR3 or SEARCH")),
        };
        numbers.push(number(&cell(column))?);
    }
    let place = |phone| NewContact {
        state: cell("state"),
        postal_code: cell("postal_code"),
        ..NewContact::numbered(phone)
    };
    Ok(numbers.into_iter().map(place).collect())
}

/// What VICIdial knows of a lead.
async fn known(connector: &Connector, lead_id: &str) -> Result<wire::Answer, Problem> {
    let ask = Request::of("lead_all_info", &[("lead_id", lead_id)]);
    let ask = ask.ok_or_else(|| Problem::new(Code::Internal, "lead_all_info is not described"))?;
    connector.call(&ask).await.map(|(told, _)| told).map_err(|trouble| trouble.problem(&connector.name))
}

/// Numbers that VICIdial would call because of this request, later or at once, each with its country code.
async fn wanted(connector: &Connector, request: &Request) -> Result<Vec<(String, String)>, Problem> {
    let code = match request.arg("phone_code") {
        "" => connector.settings.phone_code.clone(),
        code => code.to_owned(),
    };
    let given = |name: &str| (code.clone(), request.arg(name).to_owned());
    let mut all = match request.function.name {
        "transfer_conference" | "ra_call_control" => vec![given("phone_number")],
        "add_lead" | "external_add_lead" | "update_lead" => {
            vec![given("phone_number"), given("phone_number_field"), given("alt_phone"), given("address3")]
        }
        _ => return Ok(Vec::new()),
    };
    // `7275551212_1_work!7275551213_1_home`
    let several = request.arg("multi_alt_phones").split('!');
    all.extend(several.map(|one| (code.clone(), one.split('_').next().unwrap_or_default().to_owned())));
    if request.function.name == "update_lead" && request.arg("add_to_hopper") == "Y" {
        let lead_id = request.arg("lead_id");
        if !lead_id.is_empty() {
            let told = known(connector, lead_id).await?;
            let own = told.field("phone_code").unwrap_or(&code).to_owned();
            all.push((own, told.field("phone_number").unwrap_or_default().to_owned()));
        } else if request.arg("phone_number").is_empty() {
            let message = "say by lead_id or phone_number whom to put into the hopper: the do-not-call list is asked first";
            return Err(Problem::field("lead_id", message));
        }
    }
    all.retain(|(_, digits)| !digits.is_empty());
    Ok(all)
}

/// What VICIdial would call must not be a number that is never called.
async fn never(app: &App, caller: &Caller, connector: &Connector, request: &Request) -> Result<(), Problem> {
    for (code, digits) in wanted(connector, request).await? {
        let read = |text: &str| Phone::with_country(&code, text, &app.settings.dialer.region);
        // With the trunk's prefix before it, it is the same number.
        let number = read(&digits).or_else(|_| read(digits.get(1..).unwrap_or_default()));
        let number = match number {
            Ok(number) => number,
            // An extension, or an address, is nobody's number.
            Err(_) if digits.bytes().filter(u8::is_ascii_digit).count() < 10 => continue,
            Err(_) => {
                let message = "the number cannot be read, so that the do-not-call list cannot be asked";
                return Err(Problem::field("phone_number", message));
            }
        };
        if app.store.is_do_not_call(&caller.organization_id, number.as_str()).await? {
            let message = format!("{} is on the do-not-call list: never called", masked(&number));
            return Err(Problem::new(Code::Conflict, format!("not done: {message} (do_not_call)")));
        }
    }
    Ok(())
}

/// Asks the law before VICIdial dials for us; what it says goes into the audit log.
async fn lawful(
    app: &App,
    caller: &Caller,
    connector: &Connector,
    request: &Request,
) -> Result<serde_json::Value, Problem> {
    let command = format!("vicidial.{}", request.function.name);
    if let Err(problem) = never(app, caller, connector, request).await {
        let why = if problem.code == Code::Conflict { "held by the law: do_not_call" } else { "refused" };
        commands::note(app, caller, &command, request.target(), json!({}), why).await;
        return Err(problem);
    }
    let mut all = Vec::new();
    for person in reached(app, connector, request).await? {
        let organization = &caller.organization_id;
        let decision =
            app.dialer.judge_person(organization, &person, Voice::Person, None, Utc::now()).await?;
        let shown =
            json!({ "rule": decision.rule, "reason": decision.reason, "phone": masked(&person.phone) });
        if !decision.is_allowed() {
            let detail = json!({ "decision": shown });
            commands::note(app, caller, &command, request.target(), detail, "held by the law").await;
            let why = format!("not dialled: {} ({})", decision.reason, decision.rule);
            return Err(Problem::new(Code::Conflict, why));
        }
        all.push(shown);
    }
    Ok(if all.is_empty() { serde_json::Value::Null } else { json!(all) })
}

/// Calls a function: permitted, lawful, done, and written into the audit log.
pub(super) async fn execute(
    app: &App,
    caller: &Caller,
    vicidial: &str,
    name: &str,
    args: Args,
    wait: bool,
) -> Result<Answer, Problem> {
    caller.everywhere()?;
    let known = dialdeck_protocol::vicidial::function(name);
    if let Some(function) = known {
        may(caller, function)?;
    } else {
        caller.permit::<SteerVicidial>()?;
    }
    let connector = app.vicidials.of(&caller.organization_id).get(vicidial)?;
    let request = connector.prepare(name, args)?;
    may(caller, request.function)?;
    let decision = lawful(app, caller, &connector, &request).await?;
    let command = format!("vicidial.{}", request.function.name);
    let mut detail = json!({ "vicidial": connector.name, "args": request.shown() });
    if !decision.is_null() {
        detail["decision"] = decision;
    }
    let answer = commands::audited(app, caller, &command, request.target(), detail, async {
        call(app, caller, &connector, &request, name, wait).await
    })
    .await?;
    Ok(Answer::Vicidial(Box::new(answer)))
}

async fn call(
    app: &App,
    caller: &Caller,
    connector: &Arc<Connector>,
    request: &Request,
    asked: &str,
    wait: bool,
) -> Result<VicidialAnswer, Problem> {
    let before = connector.before(request).await;
    let result = connector.call(request).await;
    let (mut answer, mut progress) = result.map_err(|trouble| trouble.problem(&connector.name))?;
    if asked == "campaign_info" {
        add_hopper(connector, request, &mut answer).await;
    }
    if progress == Progress::Sent && wait {
        progress = finished(app, caller, connector, request, &answer, before).await;
    } else if progress == Progress::Sent {
        deed(app, caller, connector, request, progress).await;
        let (app, caller, connector) = (app.clone(), caller.clone(), connector.clone());
        let (request, answer) = (request.clone(), answer.clone());
        tokio::spawn(async move {
            finished(&app, &caller, &connector, &request, &answer, before).await;
        });
    } else if request.function.effect != Effect::Reads {
        deed(app, caller, connector, request, progress).await;
    }
    Ok(connector.told(request, &answer, progress))
}

/// Waits until an agent's screen took it, tells, and does what follows.
async fn finished(
    app: &App,
    caller: &Caller,
    connector: &Connector,
    request: &Request,
    answer: &wire::Answer,
    before: Option<Seen>,
) -> Progress {
    let progress = connector.confirmed(request, answer, before.as_ref()).await;
    deed(app, caller, connector, request, progress).await;
    let Some(then) = request.then.as_deref().filter(|_| progress == Progress::Done) else { return progress };
    let before = connector.before(then).await;
    let then_progress = match connector.call(then).await {
        Ok((answer, _)) => connector.confirmed(then, &answer, before.as_ref()).await,
        Err(trouble) => {
            tracing::warn!(function = then.function.name, %trouble, "what was to follow was refused");
            Progress::NotTaken
        }
    };
    deed(app, caller, connector, then, then_progress).await;
    then_progress
}

/// Tells consoles how far a change got.
async fn deed(app: &App, caller: &Caller, connector: &Connector, request: &Request, progress: Progress) {
    let deed = VicidialDeed {
        organization_id: caller.organization_id.clone(),
        vicidial: connector.name.clone(),
        function: request.function.name.to_owned(),
        target: request.target().to_owned(),
        progress,
        by: caller.name.clone(),
        at: Utc::now(),
    };
    if let Err(error) = app.journal.commit(vec![Change::Vicidial(Box::new(deed))]).await {
        tracing::error!(function = request.function.name, %error, "what came of a VICIdial action could not be told");
    }
}

/// `campaign_info`: the one campaign, with how many leads its hopper holds.
async fn add_hopper(connector: &Connector, request: &Request, answer: &mut wire::Answer) {
    let campaign = request.arg("campaign_id");
    let at = answer.table.columns.iter().position(|name| name == "campaign_id").unwrap_or(0);
    answer.table.rows.retain(|row| row.get(at).is_some_and(|cell| cell == campaign));
    let Some(ask) = Request::of("hopper_list", &[("campaign_id", campaign)]) else { return };
    match connector.call(&ask).await {
        Ok((hopper, _)) => {
            answer.table.columns.push("hopper".into());
            let count = hopper.table.rows.len().to_string();
            answer.table.rows.iter_mut().for_each(|row| row.push(count.clone()));
        }
        Err(trouble) => answer.notices.push(format!("the hopper cannot be read: {}", trouble.message)),
    }
}

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
