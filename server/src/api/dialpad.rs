//! Dialpad: its calls and agents as they are stored here, what can be done at it, reports, and the events it delivers.

use super::extract::{Ask, Body, Id, May};
use super::listing;
use super::persons::masked;
use super::problem::Refused;
use super::{App, commands};
use crate::connectors::dialpad::Connector;
use crate::connectors::dialpad::action::{Args, Request, request};
use crate::connectors::dialpad::delivery;
use crate::connectors::dialpad::report::{Form, Period};
use crate::domain::caller::{Caller, Export, Look, SteerDialpad};
use crate::domain::contact::NewContact;
use crate::domain::gate::Voice;
use crate::domain::plain;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{NaiveDate, Utc};
use dialdeck_protocol::dialpad::{ACTIONS, DialpadCall, DialpadFilter, Picture, Status};
use dialdeck_protocol::function::{Kind, Need};
use dialdeck_protocol::{Answer, Code, Problem};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// Dialpad, for those whose calls these are, and who see all of them.
fn ours<'a>(app: &'a App, caller: &Caller) -> Result<&'a Arc<Connector>, Problem> {
    caller.everywhere()?;
    if app.dialpad.organization == caller.organization_id {
        return Ok(&app.dialpad);
    }
    Err(Problem::not_found("a Dialpad of your organization"))
}

/// How it stands with Dialpad
#[utoipa::path(get, path = "/api/v1/dialpad", tag = "Dialpad", security(("bearer" = ["look"])),
    responses((status = 200, body = Status)))]
pub(super) async fn status(State(app): State<App>, permit: May<Look>) -> Result<Json<Status>, Refused> {
    Ok(Json(ours(&app, permit.caller())?.status()))
}

/// Dialpad's calls, agents and counts
///
/// Out of the record: looking asks Dialpad nothing.
#[utoipa::path(get, path = "/api/v1/dialpad/overview", tag = "Dialpad", security(("bearer" = ["look"])),
    params(DialpadFilter), responses((status = 200, body = Picture)))]
pub(super) async fn overview(
    State(app): State<App>,
    permit: May<Look>,
    Ask(filter, _): Ask<DialpadFilter>,
) -> Result<Json<Picture>, Refused> {
    Ok(Json(ours(&app, permit.caller())?.picture(&filter).await?))
}

/// A page of calls.
#[derive(Serialize, ToSchema)]
#[schema(as = DialpadCalls)]
pub(super) struct Calls {
    calls: Vec<DialpadCall>,
    /// Goes into `after` for the next page; none at the end.
    next: Option<String>,
}

/// Dialpad's calls, newest first
#[utoipa::path(get, path = "/api/v1/dialpad/calls", tag = "Dialpad", security(("bearer" = ["look"])),
    params(DialpadFilter), responses((status = 200, body = Calls)))]
pub(super) async fn calls(
    State(app): State<App>,
    permit: May<Look>,
    Ask(filter, _): Ask<DialpadFilter>,
) -> Result<Json<Calls>, Refused> {
    let picture = ours(&app, permit.caller())?.picture(&filter).await?;
    Ok(Json(Calls { calls: picture.calls, next: picture.next }))
}

/// A call, and all that is known of it.
#[derive(Serialize, ToSchema)]
#[schema(as = DialpadCallInWords)]
pub(super) struct InWords {
    call: DialpadCall,
    /// Legs, labels, recordings and transcript, line by line.
    lines: Vec<String>,
}

/// One of Dialpad's calls, with its transcript
///
/// The transcript is fetched from Dialpad the first time.
#[utoipa::path(get, path = "/api/v1/dialpad/calls/{id}", tag = "Dialpad", security(("bearer" = ["look"])),
    params(("id" = String, Path)), responses((status = 200, body = InWords)))]
pub(super) async fn call(
    State(app): State<App>,
    permit: May<Look>,
    Id(id, _): Id<String>,
) -> Result<Json<InWords>, Refused> {
    let (call, lines) = ours(&app, permit.caller())?.call_in_words(&id).await?;
    Ok(Json(InWords { call, lines }))
}

/// What to fetch.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DialpadPull)]
pub(super) struct Pull {
    /// From this day on; as far as was fetched before unless told.
    #[serde(default)]
    from: Option<NaiveDate>,
}

/// Fetch Dialpad's calls now
///
/// It goes on by itself; `GET /api/v1/dialpad` says how far it is.
#[utoipa::path(post, path = "/api/v1/dialpad/pull", tag = "Dialpad", security(("bearer" = ["dialpad"])),
    request_body = Pull, responses((status = 200, body = Status)))]
pub(super) async fn pull(
    State(app): State<App>,
    permit: May<SteerDialpad>,
    Body(Pull { from }, _): Body<Pull>,
) -> Result<Json<Status>, Refused> {
    // As it was before: the round that is asked for begins after it.
    let status = app.dialpad.status();
    begin_pull(&app, permit.caller(), from).await?;
    Ok(Json(status))
}

/// Fetches, as a console or a program asks for it.
pub(super) async fn begin_pull(
    app: &App,
    caller: &Caller,
    from: Option<NaiveDate>,
) -> Result<Answer, Problem> {
    let permitted = caller.permit::<SteerDialpad>().map(|_| ());
    commands::audited(app, caller, "dialpad.pull", "", json!({ "from": from }), async {
        permitted?;
        ours(app, caller)?.pull(from).await?;
        let message = "Dialpad's calls are being fetched; the top of the view says how far it is";
        Ok(Answer::Done { message: message.into() })
    })
    .await
}

/// An argument of an action.
#[derive(Serialize, ToSchema)]
#[schema(as = DialpadArgument)]
pub(super) struct Argument {
    name: String,
    /// Whether it must be given.
    required: bool,
    /// What it may be, where that is a few words.
    words: Vec<String>,
}

/// An action.
#[derive(Serialize, ToSchema)]
#[schema(as = DialpadAction)]
pub(super) struct Described {
    name: String,
    what: String,
    /// Whether a person should be asked first.
    asks: bool,
    arguments: Vec<Argument>,
}

/// Actions.
#[derive(Serialize, ToSchema)]
#[schema(as = DialpadActions)]
pub(super) struct Actions {
    actions: Vec<Described>,
}

/// List what can be done at Dialpad, with arguments
///
/// Listening in, whispering and joining a call are not among it: Dialpad has no operation for them.
#[utoipa::path(get, path = "/api/v1/dialpad/actions", tag = "Dialpad", security(("bearer" = ["look"])),
    responses((status = 200, body = Actions)))]
pub(super) async fn actions(_permit: May<Look>) -> Json<Actions> {
    let argument = |arg: &dialdeck_protocol::function::Arg| Argument {
        name: arg.name.to_owned(),
        required: arg.need == Need::Must,
        words: match arg.kind {
            Kind::Word(words) => words.iter().map(|word| (*word).to_owned()).collect(),
            _ => Vec::new(),
        },
    };
    let actions = ACTIONS.iter().map(|action| Described {
        name: action.name.to_owned(),
        what: action.what.to_owned(),
        asks: action.asks,
        arguments: action.args.iter().map(argument).collect(),
    });
    Json(Actions { actions: actions.collect() })
}

/// Arguments of an action.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DialpadDo)]
pub(super) struct Do {
    /// By name.
    #[serde(default)]
    args: BTreeMap<String, String>,
}

/// What came of it.
#[derive(Serialize, ToSchema)]
#[schema(as = DialpadDone)]
pub(super) struct Done {
    message: String,
}

/// Do something at Dialpad
///
/// Where it calls a number, the law is asked first.
#[utoipa::path(post, path = "/api/v1/dialpad/actions/{action}", tag = "Dialpad", security(("bearer" = ["dialpad"])),
    params(("action" = String, Path)), request_body = Do, responses((status = 200, body = Done)))]
pub(super) async fn act(
    State(app): State<App>,
    permit: May<SteerDialpad>,
    Id(action, _): Id<String>,
    Body(Do { args }, _): Body<Do>,
) -> Result<Json<Done>, Refused> {
    match execute(&app, permit.caller(), &action, args).await? {
        Answer::Done { message } => Ok(Json(Done { message })),
        _ => Err(Problem::new(Code::Internal, "Dialpad's answer was lost").into()),
    }
}

/// What the law and the do-not-call list say of the numbers that an action would call, for the audit log.
async fn lawful(app: &App, caller: &Caller, request: &Request) -> Result<Value, Problem> {
    let mut all = Vec::new();
    for phone in &request.numbers {
        if request.function.name != "initiate_call" {
            // Somebody who talks already is handed on: no call of ours, but never to who must not be called.
            if listing::has(app, &caller.organization_id, phone.as_str()).await? {
                let why = format!("not done: {} is on the do-not-call list (do_not_call)", masked(phone));
                return Err(Problem::new(Code::Conflict, why));
            }
            continue;
        }
        let person = NewContact::numbered(phone.clone());
        let organization = &caller.organization_id;
        let decision = app.dialer.judge_person(organization, &person, Voice::Person, Utc::now()).await?;
        if !decision.is_allowed() {
            let why = format!("not dialled: {} ({})", decision.reason, decision.rule);
            return Err(Problem::new(Code::Conflict, why));
        }
        all.push(json!({ "rule": decision.rule, "reason": decision.reason, "phone": masked(phone) }));
    }
    Ok(json!(all))
}

/// Does something: permitted, lawful, done once, and written into the audit log.
pub(super) async fn execute(app: &App, caller: &Caller, action: &str, args: Args) -> Result<Answer, Problem> {
    caller.permit::<SteerDialpad>()?;
    let connector = ours(app, caller)?;
    let request = request(action, args, &app.settings.dialer.region)?;
    let command = request.function.action();
    let mut detail = json!({ "args": request.shown() });
    let decision = lawful(app, caller, &request).await;
    if let Ok(decision) = &decision {
        detail["decision"] = decision.clone();
    }
    let message = commands::audited(app, caller, &command, request.target(), detail, async {
        decision?;
        let called = request.numbers.iter().filter(|_| request.function.name == "initiate_call");
        let (organization, now) = (&caller.organization_id, Utc::now());
        for number in called.clone() {
            app.store.dialpad_attempt(organization, number.as_str(), now).await?;
        }
        let result = connector.act(&request).await;
        if result.as_ref().is_err_and(|trouble| trouble.class.is_refusal()) {
            for number in called {
                app.store.dialpad_no_attempt(organization, number.as_str(), now).await?;
            }
        }
        result.map_err(|trouble| trouble.problem())
    })
    .await?;
    Ok(Answer::Done { message })
}

/// What is seen, for a console.
pub(super) async fn picture(app: &App, caller: &Caller, filter: &DialpadFilter) -> Result<Answer, Problem> {
    let picture = ours(app, caller)?.picture(filter).await?;
    Ok(Answer::Dialpad(Box::new(picture)))
}

/// All that is known of a call, for a console.
pub(super) async fn call_lines(app: &App, caller: &Caller, id: &str) -> Result<Answer, Problem> {
    let (call, lines) = ours(app, caller)?.call_in_words(id).await?;
    Ok(Answer::Lines { title: format!("Dialpad call {}", call.id), lines })
}

/// Which report.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// The first day.
    from: NaiveDate,
    /// The last; the first unless told.
    to: Option<NaiveDate>,
    #[serde(default)]
    #[param(inline)]
    format: Form,
}

/// A report of days, as Markdown, CSV or HTML
#[utoipa::path(get, path = "/api/v1/dialpad/report", tag = "Dialpad", security(("bearer" = ["export"])), params(Which),
    responses((status = 200, content((String = "text/markdown"), (String = "text/csv"), (String = "text/html")))))]
pub(super) async fn report(
    State(app): State<App>,
    permit: May<Export>,
    Ask(Which { from, to, format }, _): Ask<Which>,
) -> Result<Response, Refused> {
    let connector = ours(&app, permit.caller())?;
    let period = Period::of(from, to.unwrap_or(from));
    let picture = connector.report(period.from, period.to).await?;
    let detail = json!({ "from": period.from, "to": period.to, "format": format });
    commands::note(&app, permit.caller(), "dialpad.report", "", detail, "done").await;
    let name = format!("attachment; filename=\"{}.{}\"", period.name(), format.ending());
    let headers =
        [(header::CONTENT_TYPE, format.content_type().to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, format.write(&picture)).into_response())
}

/// Take an event from Dialpad
///
/// The raw body is a JWT, signed with HS256 and the secret that `dialdeckd dialpad subscribe` gave to Dialpad. It is stored
/// when this answers well. Forged and stale ones are refused, and counted.
#[utoipa::path(post, path = "/api/v1/webhooks/dialpad", tag = "Dialpad", security(()),
    request_body(content = String, content_type = "application/jwt"), responses((status = 204)))]
pub(super) async fn webhook(State(app): State<App>, body: Bytes) -> Result<StatusCode, Refused> {
    let refused = |why: delivery::Refused| match why {
        delivery::Refused::NotSubscribed => {
            Problem::new(Code::Conflict, "nothing is subscribed here (dialdeckd dialpad subscribe)")
        }
        delivery::Refused::Busy => Problem::new(Code::Unavailable, "it cannot be stored now; come again"),
        other => Problem::new(Code::Invalid, format!("the event is not taken: {}", other.word())),
    };
    let text = std::str::from_utf8(&body).map_err(|_| refused(delivery::Refused::Forged))?;
    app.deliveries.deliver(text, Utc::now().timestamp_millis()).await.map_err(refused)?;
    Ok(StatusCode::NO_CONTENT)
}

/// How it stands with Dialpad, in lines to read.
pub(super) async fn capabilities(app: &App, caller: &Caller) -> Vec<String> {
    if ours(app, caller).is_err() || !app.dialpad.settings.is_set_up() {
        return Vec::new();
    }
    let mut settings = app.dialpad.settings.clone();
    if let Ok(client) = app.dialpad.client() {
        // As it is now: it may have been changed since the start.
        settings.token = client.token();
    }
    let findings = crate::doctor::examine_dialpad(&settings).await;
    findings.iter().flat_map(crate::doctor::Finding::lines).map(|line| plain::line(&line, 400)).collect()
}
