//! What a language model may do in a call, and the rules that each wish of it is judged by. Pure.

use crate::domain::plain;
use chrono::{DateTime, Duration, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;
use dialdeck_protocol::Outcome;
use serde::Deserialize;
use serde_json::{Value, json};

/// Largest thing that is sent to a webhook, in bytes.
const MOST_DATA: usize = 4096;

/// The tool by which a person is never called again.
pub const DO_NOT_CALL: &str = "do_not_call";

/// What a wish is judged by.
#[derive(Debug, Clone, Copy)]
pub struct Facts {
    /// Whether what the person said last was understood.
    pub understood: bool,
    /// Whether they asked not to be called again.
    pub refused: bool,
    /// Whether somebody is free to be handed over to.
    pub hands_over: bool,
    /// Where they are.
    pub zone: Option<Tz>,
    /// Now.
    pub now: DateTime<Utc>,
}

/// What is done.
#[derive(Debug, Clone, PartialEq)]
pub enum Deed {
    /// What came of the call, so far.
    Disposition(Outcome),
    /// They are called back then.
    Callback(DateTime<Utc>),
    /// They are put through once this was said.
    Transfer,
    /// They are never called again.
    DoNotCall,
    /// The call ends once this was said.
    End,
    /// Sent to whoever listens.
    Send,
}

/// What a model may call, as it is told.
pub fn described() -> Vec<Value> {
    let tool = |name: &str, what: &str, properties: Value, required: &[&str]| {
        json!({ "type": "function", "function": { "name": name, "description": what, "parameters": {
            "type": "object", "properties": properties, "required": required, "additionalProperties": false } } })
    };
    let outcomes: Vec<&str> = OUTCOMES.iter().map(|outcome| outcome.as_str()).collect();
    vec![
        tool(
            "set_disposition",
            "What came of the call.",
            json!({ "outcome": { "type": "string", "enum": outcomes } }),
            &["outcome"],
        ),
        tool(
            "schedule_callback",
            "The person wants to be called at another time, which they named.",
            json!({ "when": { "type": "string", "description": "Their local time, as 2026-01-31T15:00" } }),
            &["when"],
        ),
        tool(
            "transfer",
            "Put the person through to a colleague, once this answer was spoken.",
            json!({}),
            &[],
        ),
        tool(DO_NOT_CALL, "The person does not want to be called again, in whatever words.", json!({}), &[]),
        tool("end_call", "End the call once this answer was spoken.", json!({}), &[]),
        tool(
            "send_to_webhook",
            "Send what the person asked for, or told, to the systems of the caller.",
            json!({ "data": { "type": "object" } }),
            &["data"],
        ),
    ]
}

/// Outcomes that a model may set.
const OUTCOMES: [Outcome; 5] = [
    Outcome::Interested,
    Outcome::Scheduled,
    Outcome::NotInterested,
    Outcome::Callback,
    Outcome::WrongNumber,
];

#[derive(Deserialize)]
struct Disposition {
    outcome: Outcome,
}

#[derive(Deserialize)]
struct Callback {
    when: String,
}

#[derive(Deserialize)]
struct Sent {
    data: Value,
}

/// Judges what a model wants to do.
///
/// # Errors
/// Why it is not done, in words that the model is told.
pub fn judge(name: &str, arguments: &str, facts: Facts) -> Result<Deed, String> {
    if name == DO_NOT_CALL {
        return Ok(Deed::DoNotCall);
    }
    if facts.refused && name != "end_call" {
        return Err(
            "refused: the person does not want to be called again; say goodbye and end the call".into()
        );
    }
    let arguments = if arguments.trim().is_empty() { "{}" } else { arguments };
    let unreadable = |_| format!("refused: the arguments of {} cannot be read", plain::line(name, 40));
    match name {
        "set_disposition" => {
            let Disposition { outcome } = serde_json::from_str(arguments).map_err(unreadable)?;
            if !OUTCOMES.contains(&outcome) {
                return Err(format!("refused: {outcome} is not yours to set"));
            }
            // Nobody is called again after these: what was not understood is asked once more.
            if !facts.understood && matches!(outcome, Outcome::NotInterested | Outcome::WrongNumber) {
                return Err("refused: the last answer was not understood; ask once more".into());
            }
            Ok(Deed::Disposition(outcome))
        }
        "schedule_callback" => {
            let Callback { when } = serde_json::from_str(arguments).map_err(unreadable)?;
            let at =
                moment(&when, facts.zone).ok_or("refused: when must be a time such as 2026-01-31T15:00")?;
            if at <= facts.now || at > facts.now + Duration::days(366) {
                return Err("refused: the time must lie within the next year; ask for another".into());
            }
            Ok(Deed::Callback(at))
        }
        "transfer" if facts.hands_over => Ok(Deed::Transfer),
        "transfer" => Err("refused: no colleague is free; offer a callback".into()),
        "end_call" => Ok(Deed::End),
        "send_to_webhook" => {
            let Sent { data } = serde_json::from_str(arguments).map_err(unreadable)?;
            if data.to_string().len() > MOST_DATA {
                return Err(format!("refused: data has more than {MOST_DATA} bytes"));
            }
            Ok(Deed::Send)
        }
        other => Err(format!("refused: there is no tool {:?}", plain::line(other, 40))),
    }
}

/// A time that says its zone, or holds where the person is.
fn moment(text: &str, zone: Option<Tz>) -> Option<DateTime<Utc>> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some(at.with_timezone(&Utc));
    }
    let local = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())?;
    // Twice in the night in which clocks go back: the later one wakes nobody.
    zone?.from_local_datetime(&local).latest().map(|at| at.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::{Deed, Facts, described, judge};
    use chrono::{TimeZone, Utc};
    use dialdeck_protocol::Outcome;
    use proptest::prelude::*;

    fn facts() -> Facts {
        Facts {
            understood: true,
            refused: false,
            hands_over: false,
            zone: Some(chrono_tz::America::Chicago),
            now: Utc.with_ymd_and_hms(2026, 1, 15, 18, 0, 0).unwrap(),
        }
    }

    #[test]
    fn do_not_call_always_wins() {
        let refused = Facts { refused: true, hands_over: true, ..facts() };
        assert_eq!(judge("do_not_call", "garbage", refused), Ok(Deed::DoNotCall));
        for name in ["set_disposition", "schedule_callback", "transfer", "send_to_webhook"] {
            assert!(judge(name, r#"{"outcome":"interested"}"#, refused).is_err(), "{name}");
        }
        assert_eq!(judge("end_call", "", refused), Ok(Deed::End));
    }

    #[test]
    fn nothing_irrevocable_on_what_was_not_understood() {
        let unclear = Facts { understood: false, ..facts() };
        let set =
            |outcome: &str, facts| judge("set_disposition", &format!("{{\"outcome\":\"{outcome}\"}}"), facts);
        assert_eq!(set("not_interested", facts()), Ok(Deed::Disposition(Outcome::NotInterested)));
        assert!(set("not_interested", unclear).unwrap_err().contains("ask once more"));
        assert!(set("do_not_call", facts()).is_err() && set("voicemail", facts()).is_err());
    }

    #[test]
    fn a_callback_is_where_the_person_is() {
        let at = |when: &str| judge("schedule_callback", &format!("{{\"when\":\"{when}\"}}"), facts());
        let three = Utc.with_ymd_and_hms(2026, 1, 16, 21, 0, 0).unwrap();
        assert_eq!(at("2026-01-16T15:00"), Ok(Deed::Callback(three)));
        assert_eq!(at("2026-01-16T15:00:00-06:00"), Ok(Deed::Callback(three)));
        for wrong in ["tomorrow", "2026-01-01T10:00", "2030-01-01T10:00"] {
            assert!(at(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_transfer_takes_somebody_who_is_free() {
        assert!(judge("transfer", "{}", facts()).unwrap_err().contains("callback"));
        assert_eq!(judge("transfer", "{}", Facts { hands_over: true, ..facts() }), Ok(Deed::Transfer));
        assert!(judge("delete_everything", "{}", facts()).is_err());
        assert_eq!(described().len(), 6);
    }

    proptest! {
        #[test]
        fn no_wish_panics(name in "[a-z_]{0,20}", arguments in ".{0,200}") {
            let _ = judge(&name, &arguments, facts());
            let _ = judge("schedule_callback", &arguments, facts());
        }
    }
}
