//! What the law and the do-not-call list say of numbers that VICIdial would call because we asked it to.

use crate::api::persons::masked;
use crate::api::{App, commands, listing};
use crate::connectors::vicidial::action::Request;
use crate::connectors::vicidial::{Connector, wire};
use crate::domain::caller::Caller;
use crate::domain::contact::NewContact;
use crate::domain::gate::Voice;
use crate::domain::phone::Phone;
use chrono::Utc;
use dialdeck_protocol::{Code, Problem};
use serde_json::json;

/// The persons that a dial would reach, where they are persons.
async fn reached(app: &App, connector: &Connector, request: &Request) -> Result<Vec<NewContact>, Problem> {
    // Into the hopper past VICIdial's own look at the hour: it dials what stands there at once.
    let hopped = request.function.name == "add_lead"
        && request.arg("add_to_hopper") == "Y"
        && connector.client.is_none();
    if hopped {
        let phone = connector
            .settings
            .number(request.arg("phone_code"), request.arg("phone_number"), &app.settings.dialer.region)
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
    let code = if own.is_empty() { request.arg("phone_code") } else { &own };
    let number = |digits: &str| -> Result<Phone, Problem> {
        let number = connector.settings.number(code, digits, &app.settings.dialer.region);
        number.map_err(|error| Problem::field("value", error.to_string()))
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
    connector.lead(lead_id).await.map_err(|trouble| trouble.problem(&connector.name))
}

/// Numbers that VICIdial would call because of this request, later or at once, each with its country code.
async fn wanted(connector: &Connector, request: &Request) -> Result<Vec<(String, String)>, Problem> {
    let code = request.arg("phone_code").to_owned();
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
        let read = |text: &str| connector.settings.number(&code, text, &app.settings.dialer.region);
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
        if listing::has(app, &caller.organization_id, number.as_str()).await? {
            let message = format!("{} is on the do-not-call list: never called", masked(&number));
            return Err(Problem::new(Code::Conflict, format!("not done: {message} (do_not_call)")));
        }
    }
    Ok(())
}

/// Asks the law before VICIdial dials for us; what it says goes into the audit log.
pub(super) async fn lawful(
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
        let decision = app.dialer.judge_person(organization, &person, Voice::Person, Utc::now()).await?;
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
