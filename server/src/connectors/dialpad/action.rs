//! What people ask for, made into requests that Dialpad takes: names, arguments, and what must not be done twice.

use super::client::Ask;
use super::connector::Connector;
use super::wire::{self, Trouble};
use crate::domain::phone::Phone;
use crate::domain::plain;
use dialdeck_protocol::Problem;
use dialdeck_protocol::dialpad::{ACTIONS, action_named};
use dialdeck_protocol::function::{Function, Kind, Need};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Arguments by name.
pub type Args = BTreeMap<String, String>;

/// Longest value of an argument, in characters.
const LONGEST: usize = 500;
/// Most labels that are put at once.
const LABELS: usize = 20;

/// Something to do, checked.
#[derive(Debug, Clone)]
pub struct Request {
    /// What.
    pub function: &'static Function,
    /// Its arguments, as they were understood.
    pub args: Args,
    /// Numbers that it would call.
    pub numbers: Vec<Phone>,
    ask: Ask,
}

impl Request {
    fn arg(&self, name: &str) -> &str {
        self.args.get(name).map_or("", String::as_str)
    }

    /// Whom or what it is about, for the audit log; no telephone number.
    pub fn target(&self) -> &str {
        let own = ["user_id", "call_id"].iter().map(|name| self.arg(name));
        own.into_iter().find(|value| !value.is_empty()).unwrap_or_default()
    }

    /// Its arguments for the audit log; of numbers the last four digits.
    pub fn shown(&self) -> Args {
        let shown = |(name, value): (&String, &String)| {
            let number = self.function.argument(name).is_some_and(|arg| arg.kind == Kind::Number);
            let end = value.get(value.len().saturating_sub(4)..).unwrap_or_default();
            (name.clone(), if number { format!("…{end}") } else { value.clone() })
        };
        self.args.iter().map(shown).collect()
    }
}

fn checked(function: &Function, name: &str, value: &str, region: &str) -> Result<String, Problem> {
    let Some(arg) = function.argument(name) else {
        let takes: Vec<&str> = function.args.iter().map(|arg| arg.name).collect();
        let message = format!(
            "{} has no argument {:?}; it takes {}",
            function.name,
            plain::line(name, 40),
            takes.join(", ")
        );
        return Err(Problem::field("args", message));
    };
    let refuse =
        |right: String| Err(Problem::field(name, format!("{name} is {:?}; {right}", plain::line(value, 40))));
    if value.chars().count() > LONGEST || plain::line(value, LONGEST) != *value {
        return refuse(format!("use one plain line of at most {LONGEST} characters"));
    }
    match arg.kind {
        Kind::Word(words) => match words.iter().find(|word| word.eq_ignore_ascii_case(value)) {
            Some(word) => Ok((*word).to_owned()),
            None => refuse(format!("use {}", words.join(", "))),
        },
        Kind::Digits => match value.parse::<i64>() {
            Ok(id) if id > 0 => Ok(id.to_string()),
            _ => refuse("use an id such as 5835806903417907".into()),
        },
        Kind::Number => match Phone::parse(value, region) {
            Ok(phone) => Ok(phone.as_str().to_owned()),
            Err(error) => refuse(format!("{error}; use a number such as +12025550142")),
        },
        _ => Ok(value.to_owned()),
    }
}

fn needed(function: &Function, args: &Args) -> Result<(), Problem> {
    let must = function.args.iter().filter(|arg| arg.need == Need::Must);
    if let Some(arg) = must.into_iter().find(|arg| !args.contains_key(arg.name)) {
        return Err(Problem::field(arg.name, format!("{} needs {}", function.name, arg.name)));
    }
    let either: Vec<&str> =
        function.args.iter().filter(|arg| arg.need == Need::OneOf).map(|arg| arg.name).collect();
    let given = either.iter().filter(|name| args.contains_key(**name)).count();
    match either.first() {
        Some(first) if given != 1 => {
            let message = format!("{} needs one of {}, and one only", function.name, either.join(", "));
            Err(Problem::field(*first, message))
        }
        _ => Ok(()),
    }
}

/// Makes a request of what was asked for. `region`: the country of numbers without one.
///
/// # Errors
/// Names the argument, what is wrong, and what would be right.
pub fn request(name: &str, args: Args, region: &str) -> Result<Request, Problem> {
    let Some(function) = action_named(name) else {
        let all: Vec<&str> = ACTIONS.iter().map(|action| action.name).collect();
        let message =
            format!("{:?} cannot be done at Dialpad; there are {}", plain::line(name, 40), all.join(", "));
        return Err(Problem::field("action", message));
    };
    let mut right = Args::new();
    for (name, value) in args.into_iter().map(|(name, value)| (name, value.trim().to_owned())) {
        if !value.is_empty() {
            let value = checked(function, &name, &value, region)?;
            right.insert(name, value);
        }
    }
    needed(function, &right)?;
    let ask = ask(function.name, &right)?;
    let called = ["phone_number", "to_number"].iter().filter_map(|name| right.get(*name));
    let numbers = called.filter_map(|number| Phone::parse(number, region).ok()).collect();
    Ok(Request { function, args: right, numbers, ask })
}

/// The request itself, of arguments that are right.
fn ask(name: &str, args: &Args) -> Result<Ask, Problem> {
    let arg = |name: &str| args.get(name).map(String::as_str);
    let id = |name: &str| arg(name).and_then(|id| id.parse::<i64>().ok());
    let path_id = |name: &str| arg(name).unwrap_or_default().to_owned();
    let on = |name: &str| arg(name) == Some("on");
    let without_nothing = |body: Value| match body {
        Value::Object(body) => {
            Value::Object(body.into_iter().filter(|(_, value)| !value.is_null()).collect())
        }
        other => other,
    };
    let (method, path, body) = match name {
        "initiate_call" => (
            Method::POST,
            format!("/users/{}/initiate_call", path_id("user_id")),
            Some(
                json!({ "phone_number": arg("phone_number"), "outbound_caller_id": arg("outbound_caller_id") }),
            ),
        ),
        "hangup" => (Method::PUT, format!("/call/{}/actions/hangup", path_id("call_id")), None),
        "transfer" => {
            let target =
                [("to_user", "user"), ("to_department", "department"), ("to_callcenter", "callcenter")]
                    .into_iter()
                    .find_map(|(name, kind)| {
                        id(name).map(|id| json!({ "target_id": id, "target_type": kind }))
                    });
            let to = target.unwrap_or_else(|| json!({ "number": arg("to_number") }));
            (Method::POST, format!("/call/{}/transfer", path_id("call_id")), Some(json!({ "to": to })))
        }
        "labels" => {
            let labels: Vec<&str> = arg("labels")
                .unwrap_or_default()
                .split(',')
                .map(str::trim)
                .filter(|label| !label.is_empty())
                .collect();
            if labels.is_empty() || labels.len() > LABELS {
                return Err(Problem::field(
                    "labels",
                    format!("give 1 to {LABELS} labels, with commas between them"),
                ));
            }
            (Method::PUT, format!("/call/{}/labels", path_id("call_id")), Some(json!({ "labels": labels })))
        }
        "recording" => {
            let message = arg("play_message").map(|word| word == "yes");
            let body =
                json!({ "is_recording": on("recording"), "play_message": message, "recording_type": "user" });
            (Method::PATCH, format!("/users/{}/activecall", path_id("user_id")), Some(body))
        }
        "duty_status" => (
            Method::PATCH,
            format!("/callcenters/operators/{}/dutystatus", path_id("user_id")),
            Some(json!({ "on_duty": on("on_duty"), "duty_status_reason": arg("reason") })),
        ),
        _ => {
            let department = id("department");
            let kind = department.map(|_| "department");
            let body =
                json!({ "do_not_disturb": on("do_not_disturb"), "group_id": department, "group_type": kind });
            (Method::PATCH, format!("/users/{}/togglednd", path_id("user_id")), Some(body))
        }
    };
    Ok(Ask::act(method, path, body.map(without_nothing)))
}

impl Connector {
    /// Does it, and says what came of it.
    ///
    /// # Errors
    /// What went wrong. Nothing is done twice: after a time-out it is not known whether it was done.
    pub async fn act(&self, request: &Request) -> Result<String, Trouble> {
        let client = self.client()?;
        if request.function.name == "initiate_call" {
            client.admit_call(request.arg("user_id").parse().unwrap_or_default())?;
        }
        let answer = client.act(&request.ask).await.map_err(|mut trouble| {
            // A refusal says that it was not done; everything else after it was sent says nothing.
            if !trouble.class.is_refusal() {
                trouble.message.push_str("; it is not known whether it was done: look before you ask again");
            }
            trouble
        })?;
        Ok(match request.function.name {
            "initiate_call" => "Dialpad rings the user, and then the number".to_owned(),
            "hangup" => "the call is being hung up".to_owned(),
            "transfer" => "the call is transferred".to_owned(),
            "labels" => format!("labelled: {}", request.arg("labels")),
            "recording" => match answer["is_recording"].as_bool() {
                Some(true) => "the call is being recorded".to_owned(),
                Some(false) => "the call is not being recorded".to_owned(),
                None => format!("recording {}", request.arg("recording")),
            },
            "duty_status" => wire::duty(&answer),
            _ => match answer["do_not_disturb"].as_bool() {
                Some(true) => "not to be disturbed".to_owned(),
                _ => "may be disturbed".to_owned(),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Args, request};
    use serde_json::json;

    fn args(pairs: &[(&str, &str)]) -> Args {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn each_is_what_dialpad_takes() {
        for (name, given, path, body) in [
            (
                "initiate_call",
                &[("user_id", "7"), ("phone_number", "(312) 555-0101")][..],
                "/users/7/initiate_call",
                json!({ "phone_number": "+13125550101" }),
            ),
            ("hangup", &[("call_id", "9")], "/call/9/actions/hangup", json!(null)),
            (
                "transfer",
                &[("call_id", "9"), ("to_user", "5")],
                "/call/9/transfer",
                json!({ "to": { "target_id": 5, "target_type": "user" } }),
            ),
            (
                "transfer",
                &[("call_id", "9"), ("to_number", "+13125550102")],
                "/call/9/transfer",
                json!({ "to": { "number": "+13125550102" } }),
            ),
            (
                "labels",
                &[("call_id", "9"), ("labels", "hot, new")],
                "/call/9/labels",
                json!({ "labels": ["hot", "new"] }),
            ),
            (
                "recording",
                &[("user_id", "7"), ("recording", "OFF")],
                "/users/7/activecall",
                json!({ "is_recording": false, "recording_type": "user" }),
            ),
            (
                "duty_status",
                &[("user_id", "7"), ("on_duty", "off"), ("reason", "Lunch")],
                "/callcenters/operators/7/dutystatus",
                json!({ "on_duty": false, "duty_status_reason": "Lunch" }),
            ),
            (
                "dnd",
                &[("user_id", "7"), ("do_not_disturb", "on"), ("department", "130")],
                "/users/7/togglednd",
                json!({ "do_not_disturb": true, "group_id": 130, "group_type": "department" }),
            ),
        ] {
            let made = request(name, args(given), "US").unwrap();
            assert_eq!((made.ask.path.as_str(), made.ask.body.unwrap_or_default()), (path, body), "{name}");
        }
        let call =
            request("initiate_call", args(&[("user_id", "7"), ("phone_number", "312 555 0101")]), "US")
                .unwrap();
        assert_eq!(
            (call.numbers.len(), call.target(), call.shown()["phone_number"].as_str()),
            (1, "7", "…0101")
        );
    }

    #[test]
    fn each_mistake_is_named() {
        for (name, given, field, part) in [
            ("listen", &[][..], "action", "there are initiate_call, hangup"),
            ("hangup", &[], "call_id", "needs call_id"),
            ("hangup", &[("call_id", "x")], "call_id", "use an id"),
            ("hangup", &[("call_id", "1"), ("call", "2")], "args", "it takes call_id"),
            ("transfer", &[("call_id", "1")], "to_number", "one of to_number, to_user"),
            (
                "transfer",
                &[("call_id", "1"), ("to_user", "1"), ("to_department", "2")],
                "to_number",
                "one only",
            ),
            ("initiate_call", &[("user_id", "1"), ("phone_number", "12")], "phone_number", "+12025550142"),
            ("recording", &[("user_id", "1"), ("recording", "maybe")], "recording", "use on, off"),
            ("labels", &[("call_id", "1"), ("labels", ", ,")], "labels", "1 to 20 labels"),
            ("labels", &[("call_id", "1"), ("labels", "a\u{1b}[2J")], "labels", "plain line"),
        ] {
            let problem = request(name, args(given), "US").unwrap_err();
            assert_eq!(problem.field.as_deref(), Some(field), "{name}: {}", problem.message);
            assert!(problem.message.contains(part), "{}", problem.message);
        }
    }
}
