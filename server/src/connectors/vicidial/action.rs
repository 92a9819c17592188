//! What people ask for, made into requests that VICIdial answers: names, arguments, defaults, and its known traps.

use crate::settings::Vicidial;
use chrono::{NaiveDate, NaiveDateTime};
use dialdeck_protocol::Problem;
use dialdeck_protocol::function::{Api, Arg, Effect, Function, Kind, Need};
use dialdeck_protocol::vicidial::{LEAD_FIELDS, function, functions};
use std::collections::BTreeMap;

/// Arguments by name.
pub type Args = BTreeMap<String, String>;

/// Longest value of an argument, in bytes.
const LONGEST: usize = 5000;
/// Longest pause code that VICIdial takes.
const PAUSE_CODE: usize = 6;

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The function.
    pub function: &'static Function,
    /// Its arguments.
    pub args: Args,
    /// Custom fields of a lead that is added: VICIdial stores them only by a second request, for the lead that the first
    /// one made.
    pub custom: Args,
    /// What follows once an agent's screen took this one.
    pub then: Option<Box<Request>>,
}

impl Request {
    /// A request that needs no checking.
    pub fn of(name: &str, args: &[(&str, &str)]) -> Option<Self> {
        let args = args.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Some(Self { function: function(name)?, args, custom: Args::new(), then: None })
    }

    /// An argument.
    pub fn arg(&self, name: &str) -> &str {
        self.args.get(name).map_or("", String::as_str)
    }

    /// Whom or what it is about, for the audit log; no telephone number.
    pub fn target(&self) -> &str {
        ["agent_user", "campaign_id", "lead_id", "list_id", "recipient", "alias_id", "extension", "call_id"]
            .iter()
            .map(|name| self.arg(name))
            .find(|value| !value.is_empty())
            .unwrap_or_default()
    }

    /// Its arguments for the audit log: no secret, and of numbers the last four digits.
    pub fn shown(&self) -> Args {
        self.args
            .iter()
            .map(|(name, value)| {
                let kind = self.function.argument(name).map(|arg| arg.kind);
                let value = match kind {
                    Some(Kind::Secret) => "…".to_owned(),
                    // Several can stand together.
                    _ if name.contains("phone") && !name.starts_with("phone_")
                        || kind == Some(Kind::Phone) =>
                    {
                        super::discretion::ending(value)
                    }
                    _ if matches!(name.as_str(), "phone_number" | "phone_number_field" | "preset_number") => {
                        super::discretion::ending(value)
                    }
                    _ => super::discretion::discreet(&crate::domain::plain::line(value, 200), &[]),
                };
                (name.clone(), value)
            })
            .collect()
    }
}

/// The real thing behind a name that people ask for and VICIdial does not have.
fn real(name: &str, mut args: Args) -> Result<(&str, Args), Problem> {
    let has = |args: &Args, name: &str| args.get(name).is_some_and(|value| !value.is_empty());
    Ok(match name {
        "external_update_lead" if has(&args, "agent_user") => {
            args.remove("lead_id");
            ("update_fields", args)
        }
        "external_update_lead" => {
            if !has(&args, "lead_id") && has(&args, "phone_number") {
                args.insert("search_method".into(), "PHONE_NUMBER".into());
            }
            ("update_lead", args)
        }
        "blind_transfer" => {
            args.insert("value".into(), "BLIND_TRANSFER".into());
            ("transfer_conference", args)
        }
        "campaign_info" => ("campaigns_list", args),
        "call_log_export" if has(&args, "did") => {
            let did = args.remove("did").unwrap_or_default();
            args.insert("phone_number".into(), did);
            ("did_log_export", args)
        }
        "call_log_export" if has(&args, "phone_number") => ("phone_number_log", args),
        "call_log_export" if has(&args, "call_id") => {
            args.insert("detail".into(), "YES".into());
            ("callid_info", args)
        }
        "call_log_export" if has(&args, "campaigns") => ("call_status_stats", args),
        "call_log_export" => {
            let message = "call_log_export takes one of phone_number, did (with date), call_id, or campaigns (with query_date)";
            return Err(Problem::field("phone_number", message));
        }
        other => (other, args),
    })
}

/// Makes a request of what was asked for, or says what is wrong with it.
///
/// # Errors
/// Names the argument, what is wrong, and what would be right.
pub fn request(name: &str, args: Args, settings: &Vicidial) -> Result<Request, Problem> {
    if function(name).is_none() {
        return Err(Problem::field(
            "function",
            format!("{name:?} is no function of VICIdial's{}", nearest(name)),
        ));
    }
    let (name, mut args) = real(name, args)?;
    let Some(function) = function(name) else {
        return Err(Problem::field("function", format!("{name:?} is no function of VICIdial's")));
    };
    if function.api == Api::Agent && function.effect != Effect::Reads && !settings.use_agent_api {
        let message =
            "steering agents is switched off for this VICIdial (use_agent_api, VITE_VICI_USE_AGENT_API)";
        return Err(Problem::new(dialdeck_protocol::Code::Forbidden, message));
    }
    args.retain(|_, value| !value.is_empty());
    defaults(function, &mut args, settings);
    let mut custom = Args::new();
    for (name, value) in &mut args {
        match function.argument(name) {
            Some(arg) => *value = checked(function, arg, value)?,
            // Agents can be named by an id of another system.
            None if name == "alt_user" && function.argument("agent_user").is_some() => {}
            None if function.open && is_field(name) => {
                plain(name, value)?;
                custom.insert(name.clone(), value.clone());
            }
            None => return Err(unknown(function, name)),
        }
    }
    needed(function, &args)?;
    traps(function, &args, settings)?;
    // add_lead never stores them in this version; its second request does.
    if function.name == "add_lead" && !custom.is_empty() {
        args.retain(|name, _| !custom.contains_key(name) && name != "custom_fields");
    } else {
        if !custom.is_empty() && function.name == "update_lead" {
            args.insert("custom_fields".into(), "Y".into());
        }
        custom.clear();
    }
    let then = follow(function, &mut args)?;
    Ok(Request { function, args, custom, then })
}

/// A pause with its code is two requests: the code is taken only from an agent who is paused.
fn follow(function: &Function, args: &mut Args) -> Result<Option<Box<Request>>, Problem> {
    if function.name != "external_pause" {
        return Ok(None);
    }
    let Some(code) = args.remove("code") else { return Ok(None) };
    if args.get("value").is_some_and(|value| value != "PAUSE") {
        return Err(Problem::field("code", "a pause code goes with PAUSE only"));
    }
    if code.len() > PAUSE_CODE {
        return Err(Problem::field("code", format!("a pause code has at most {PAUSE_CODE} characters")));
    }
    let user = args.get("agent_user").map_or("", String::as_str);
    Ok(Request::of("pause_code", &[("agent_user", user), ("value", &code)]).map(Box::new))
}

/// What the settings say, and what can only be one thing.
fn defaults(function: &Function, args: &mut Args, settings: &Vicidial) {
    let mut put = |name: &str, value: &str| {
        if !value.is_empty() && function.argument(name).is_some() && !args.contains_key(name) {
            args.insert(name.to_owned(), value.to_owned());
        }
    };
    for arg in function.args {
        if let (Need::Must, Kind::Word([only])) = (arg.need, arg.kind) {
            put(arg.name, only);
        }
    }
    let must = |name: &str| function.argument(name).is_some_and(|arg| arg.need == Need::Must);
    if must("campaign_id") {
        put("campaign_id", &settings.campaign_id);
    }
    match function.name {
        "external_hangup" => put("value", "1"),
        "external_dial" => {
            put("phone_code", &settings.phone_code);
            put("search", "YES");
            put("preview", "NO");
            put("focus", "YES");
        }
        "external_add_lead" | "add_lead" | "check_phone_number" => {
            put("phone_code", &settings.phone_code);
            put("local_call_time", "24hours");
        }
        "blind_monitor" => {
            put("stage", "MONITOR");
            put("phone_login", &settings.phone_login);
        }
        "sounds_list" | "moh_list" | "vm_list" | "ingroup_list" | "callmenu_list" | "container_list" => {
            put("format", "selectframe");
        }
        "agent_ingroup_info" => put("stage", "info"),
        _ => {}
    }
    if must("agent_user") && !args.contains_key("alt_user") {
        let own = settings.agent_user.clone();
        if !own.is_empty() {
            args.entry("agent_user".into()).or_insert(own);
        }
    }
}

/// A custom field's name, as VICIdial makes them.
fn is_field(name: &str) -> bool {
    const OURS: &[&str] = &["user", "pass", "source", "function", "header", "stage", "format"];
    !OURS.contains(&name)
        && (1..=50).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

fn unknown(function: &Function, name: &str) -> Problem {
    let takes: Vec<&str> = function.args.iter().map(|arg| arg.name).collect();
    let lead = if function.lead { ", and a lead's fields" } else { "" };
    let takes = if takes.is_empty() { "none".to_owned() } else { takes.join(", ") };
    Problem::field(name, format!("{} has no argument {name:?}; it takes {takes}{lead}", function.name))
}

fn nearest(name: &str) -> String {
    let mut all: Vec<(usize, &str)> = functions()
        .map(|function| {
            let (a, b) = (name.as_bytes(), function.name.as_bytes());
            let same = a.iter().zip(b).take_while(|(x, y)| x == y).count();
            let inside = if function.name.contains(name) || name.contains(function.name) { 50 } else { 0 };
            (same + inside, function.name)
        })
        .collect();
    all.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    match all.first() {
        Some((score, best)) if *score >= 3 => format!("; did you mean {best}?"),
        _ => "; see the list with `dialdeck vicidial`".into(),
    }
}

fn plain(name: &str, value: &str) -> Result<(), Problem> {
    if value.len() > LONGEST {
        return Err(Problem::field(name, format!("{name} is longer than {LONGEST} bytes")));
    }
    if value.chars().any(|c| c.is_control() && c != '\n') {
        return Err(Problem::field(name, format!("{name} holds control characters")));
    }
    Ok(())
}

fn checked(function: &Function, arg: Arg, value: &str) -> Result<String, Problem> {
    let name = arg.name;
    plain(name, value)?;
    let refuse = |right: String| {
        let shown =
            if arg.kind == Kind::Secret { "…".into() } else { crate::domain::plain::line(value, 40) };
        Err(Problem::field(name, format!("{name} is {shown:?}; {right}")))
    };
    match arg.kind {
        Kind::Word(words) => match words.iter().find(|word| word.eq_ignore_ascii_case(value)) {
            Some(word) => Ok((*word).to_owned()),
            None => refuse(format!("use {}", words.join(", "))),
        },
        Kind::Digits if value.is_empty() || !value.bytes().all(|b| b.is_ascii_digit()) => {
            refuse("use digits".into())
        }
        Kind::Phone if function.name == "external_dial" && value == "MANUALNEXT" => Ok(value.to_owned()),
        Kind::Phone => {
            let digits: String =
                value.chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')' | '.' | '+')).collect();
            if digits.is_empty()
                || digits.len() > 18
                || !digits.bytes().all(|b| b.is_ascii_digit() || b"*#".contains(&b))
            {
                return refuse("use a number such as 2025550142".into());
            }
            Ok(digits)
        }
        Kind::Date if NaiveDate::parse_from_str(value, "%Y-%m-%d").is_err() => {
            refuse("use a day such as 2026-11-20".into())
        }
        Kind::DateTime => {
            let told = value.replace(['T', '+'], " ");
            match NaiveDateTime::parse_from_str(&told, "%Y-%m-%d %H:%M:%S")
                .or_else(|_| NaiveDateTime::parse_from_str(&told, "%Y-%m-%d %H:%M"))
            {
                Ok(time) => Ok(time.format("%Y-%m-%d %H:%M:%S").to_string()),
                Err(_) => refuse("use a time such as 2026-11-20 12:00:00".into()),
            }
        }
        _ => Ok(value.to_owned()),
    }
}

fn needed(function: &Function, args: &Args) -> Result<(), Problem> {
    let has = |name: &str| args.contains_key(name) || name == "agent_user" && args.contains_key("alt_user");
    for arg in function.args.iter().filter(|arg| arg.need == Need::Must) {
        if !has(arg.name) {
            let right = match arg.kind {
                Kind::Word(words) => format!(": {}", words.join(", ")),
                Kind::Date => ": a day such as 2026-11-20".into(),
                Kind::DateTime => ": a time such as 2026-11-20 12:00:00".into(),
                _ => String::new(),
            };
            return Err(Problem::field(arg.name, format!("{} needs {}{right}", function.name, arg.name)));
        }
    }
    let either: Vec<&str> =
        function.args.iter().filter(|arg| arg.need == Need::OneOf).map(|arg| arg.name).collect();
    if let Some(first) = either.first()
        && !either.iter().any(|name| has(name))
    {
        return Err(Problem::field(*first, format!("{} needs one of {}", function.name, either.join(", "))));
    }
    let wants = |name: &str, why: &str| {
        if has(name) {
            Ok(())
        } else {
            Err(Problem::field(name, format!("{} needs {name}{why}", function.name)))
        }
    };
    let value = args.get("value").map_or("", String::as_str);
    let stage = args.get("stage").map_or("", String::as_str);
    match (function.name, value, stage) {
        ("external_dial", "", _) => wants("lead_id", " or value, the number"),
        ("transfer_conference", "BLIND_TRANSFER" | "PARK_CUSTOMER_DIAL", _) => wants("phone_number", ""),
        ("transfer_conference", "LOCAL_CLOSER", _) => wants("ingroup_choices", ""),
        ("ra_call_control", _, "EXTENSIONTRANSFER") => wants("phone_number", ""),
        ("ra_call_control", _, "INGROUPTRANSFER") => wants("ingroup_choices", ""),
        ("change_ingroups", "ADD" | "REMOVE", _) => wants("ingroup_choices", ""),
        ("recording_lookup", _, _) if has("agent_user") && !has("lead_id") && !has("uniqueid") => {
            wants("date", "")
        }
        _ => Ok(()),
    }
}

/// What VICIdial would take and do something else with.
fn traps(function: &Function, args: &Args, settings: &Vicidial) -> Result<(), Problem> {
    if function.name == "pause_code" && args.get("value").is_some_and(|code| code.len() > PAUSE_CODE) {
        return Err(Problem::field("value", format!("a pause code has at most {PAUSE_CODE} characters")));
    }
    if function.name != "update_fields" {
        return Ok(());
    }
    // It decides which fields to write by looking for their bare names anywhere in the request.
    let given = |field: &str| args.contains_key(field);
    let own = [("user", settings.user.as_str()), ("source", settings.source.as_str())];
    let all = args.iter().map(|(name, value)| (name.as_str(), value.as_str())).chain(own);
    for (name, value) in all {
        let inside = LEAD_FIELDS
            .iter()
            .find(|field| !given(field) && (value.contains(**field) || name.contains(**field)));
        if let Some(field) = inside {
            let message = format!(
                "{name} contains the word {field:?}, and VICIdial would empty the lead's {field}; give {field} too, word it otherwise, or use update_lead"
            );
            return Err(Problem::field(name, message));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Args, request};
    use crate::settings::Vicidial;
    use proptest::prelude::*;

    fn args(pairs: &[(&str, &str)]) -> Args {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn ask(name: &str, pairs: &[(&str, &str)]) -> Result<(String, Args), (String, String)> {
        request(name, args(pairs), &Vicidial::default())
            .map(|request| (request.function.name.to_owned(), request.args))
            .map_err(|problem| (problem.field.unwrap_or_default(), problem.message))
    }

    #[test]
    fn names_that_do_not_exist_do_the_real_thing() {
        let (name, got) =
            ask("blind_transfer", &[("agent_user", "1002"), ("phone_number", "+1 (202) 555-0142")]).unwrap();
        assert_eq!(
            (name.as_str(), got["value"].as_str(), got["phone_number"].as_str()),
            ("transfer_conference", "BLIND_TRANSFER", "12025550142")
        );
        assert_eq!(
            ask("external_update_lead", &[("agent_user", "1"), ("first_name", "A")]).unwrap().0,
            "update_fields"
        );
        assert_eq!(
            ask("external_update_lead", &[("lead_id", "1"), ("first_name", "A")]).unwrap().0,
            "update_lead"
        );
        assert_eq!(ask("campaign_info", &[("campaign_id", "T")]).unwrap().0, "campaigns_list");
        assert_eq!(ask("call_log_export", &[("phone_number", "2025550142")]).unwrap().0, "phone_number_log");
        assert_eq!(ask("call_log_export", &[("campaigns", "T")]).unwrap().0, "call_status_stats");
        assert_eq!(ask("call_log_export", &[]).unwrap_err().0, "phone_number");
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (name, pairs, field, part) in [
            ("external_puase", vec![], "function", "did you mean external_p"),
            ("external_pause", vec![("agent_user", "1")], "value", "PAUSE, RESUME"),
            ("external_pause", vec![("value", "PAUSE")], "agent_user", "needs agent_user"),
            ("external_pause", vec![("agent_user", "1"), ("value", "STOP")], "value", "use PAUSE, RESUME"),
            (
                "external_pause",
                vec![("agent_user", "1"), ("value", "pause"), ("pass", "x")],
                "pass",
                "no argument",
            ),
            ("external_dial", vec![("agent_user", "1")], "lead_id", "or value"),
            ("pause_code", vec![("agent_user", "1"), ("value", "TOOLONG")], "value", "6 characters"),
            ("lead_all_info", vec![], "lead_id", "one of lead_id, phone_number"),
            ("did_log_export", vec![("phone_number", "1"), ("date", "today")], "date", "2026-11-20"),
            (
                "update_fields",
                vec![("agent_user", "1"), ("comments", "moved out of state")],
                "comments",
                "empty the lead's state",
            ),
            (
                "transfer_conference",
                vec![("agent_user", "1"), ("value", "LOCAL_CLOSER")],
                "ingroup_choices",
                "needs",
            ),
        ] {
            let (at, message) = ask(name, &pairs).unwrap_err();
            assert_eq!(at, field, "{name}: {message}");
            assert!(message.contains(part), "{name}: {message}");
        }
    }

    #[test]
    fn custom_fields_of_a_new_lead_go_by_a_second_request() {
        let pairs = args(&[("phone_number", "2025550142"), ("favcolor", "red"), ("first_name", "Al")]);
        let made = request("add_lead", pairs, &Vicidial::default()).unwrap();
        assert!(!made.args.contains_key("favcolor") && made.custom["favcolor"] == "red");
        let changed =
            request("update_lead", args(&[("lead_id", "7"), ("favcolor", "red")]), &Vicidial::default())
                .unwrap();
        assert!(changed.custom.is_empty() && changed.args["custom_fields"] == "Y");
    }

    proptest! {
        #[test]
        fn no_argument_smuggles_another(name in "[a-z_]{1,12}", value in ".{0,40}") {
            let asked = args(&[("agent_user", "1"), ("value", "PAUSE"), (&name, &value)]);
            if let Ok(made) = request("external_pause", asked, &Vicidial::default()) {
                prop_assert!(made.args.keys().all(|key| key == "alt_user" || made.function.argument(key).is_some()));
            }
        }
    }
}
