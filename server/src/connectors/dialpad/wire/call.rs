//! `CallProto`: a leg of a call, in a list or as an event.

use super::{id, items, millis, text};
use crate::domain::dialpad::leg::{Fact, Facts};
use serde_json::{Value, json};

/// Addresses that are kept of one leg, at most.
const RECORDINGS: usize = 20;
/// Labels that are, and what was said, in characters.
const LABELS: usize = 50;
const TRANSCRIPT: usize = 20_000;

/// A page of a list: its objects, and where the next begins.
pub fn page(answer: &Value) -> (&[Value], Option<String>) {
    let cursor = answer.get("cursor").and_then(Value::as_str).filter(|cursor| !cursor.is_empty());
    (items(answer, "items"), cursor.map(str::to_owned))
}

/// The latest moment that an event speaks of, in milliseconds of Unix time.
pub fn event_time(call: &Value) -> Option<i64> {
    id(&call["event_timestamp"]).or_else(|| {
        let dates = ["date_ended", "date_connected", "date_rang", "date_started"];
        dates.iter().filter_map(|date| id(&call[*date])).max()
    })
}

/// Who a target is: its kind in lower case, and its id.
fn target(value: &Value) -> Option<(String, i64)> {
    Some((value.get("type")?.as_str()?.to_lowercase(), id(value.get("id")?)?))
}

/// Which department a call says that it is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// One of ours.
    Ours(i64),
    /// Only others, or another kind of group.
    Others,
    /// None: it names nobody but a user.
    Nobody,
}

/// Which of our departments a call names, anywhere: one that came by the office's number names the office first. `group_id` is
/// written as `Department:124`.
pub fn named(call: &Value, ours: &[i64]) -> Named {
    let written = || {
        let (kind, number) = call["group_id"].as_str()?.split_once(':')?;
        Some((kind.to_lowercase(), number.trim().parse().ok()?))
    };
    let targets =
        ["target", "entry_point_target", "proxy_target"].iter().filter_map(|name| target(&call[*name]));
    let groups: Vec<(String, i64)> = targets.chain(written()).filter(|(kind, _)| kind != "user").collect();
    match groups.iter().find(|(kind, id)| kind == "department" && ours.contains(id)) {
        Some((_, id)) => Named::Ours(*id),
        None if groups.is_empty() => Named::Nobody,
        None => Named::Others,
    }
}

fn web_address(value: &Value) -> Option<String> {
    let address = value.as_str()?;
    let right = address.starts_with("https://") && address.len() <= 1000;
    (right && !address.chars().any(|c| c.is_control() || c.is_whitespace())).then(|| address.to_owned())
}

/// A leg: its id, and what is told of it as of `at`. `ours`: departments that are known; `asked`: in whose list it stands, which
/// counts where it names none of them. Nothing where it has no id.
pub fn call(call: &Value, at: i64, ours: &[i64], asked: Option<i64>) -> Option<(i64, Facts)> {
    let call_id = id(call.get("call_id")?)?;
    let mut facts = Facts::default();
    let mut tell = |fact: Fact, value: Option<Value>| facts.tell(fact, value, at);
    tell(Fact::Direction, text(&call["direction"]).map(|way| json!(way.to_lowercase())));
    for (fact, name) in [
        (Fact::Started, "date_started"),
        (Fact::Rang, "date_rang"),
        (Fact::Connected, "date_connected"),
        (Fact::Ended, "date_ended"),
    ] {
        tell(fact, id(&call[name]).map(|moment| json!(moment)));
    }
    tell(Fact::Duration, millis(&call["duration"]).map(|duration| json!(duration)));
    tell(Fact::State, text(&call["state"]).map(|state| json!(state.to_lowercase())));
    let number = text(&call["external_number"]).or_else(|| text(&call["contact"]["phone"]));
    tell(Fact::Number, number.map(|number| json!(number)));
    tell(Fact::Contact, text(&call["contact"]["name"]).map(|name| json!(name)));
    if let Some((_, user)) = target(&call["target"]).filter(|(kind, _)| kind == "user") {
        tell(Fact::AgentId, Some(json!(user)));
        tell(Fact::Agent, text(&call["target"]["name"]).map(|name| json!(name)));
    }
    let named = named(call, ours);
    if let Named::Ours(id) = named {
        tell(Fact::Department, Some(json!(id)));
    }
    for (fact, name) in [
        (Fact::Master, "master_call_id"),
        (Fact::EntryPoint, "entry_point_call_id"),
        (Fact::Operator, "operator_call_id"),
    ] {
        tell(fact, id(&call[name]).filter(|other| *other != call_id).map(|other| json!(other)));
    }
    if let Some(labels) = call["labels"].as_array() {
        // They are shown with commas between them.
        let labels = labels.iter().filter_map(text).take(LABELS).map(|label| label.replace(", ", "; "));
        tell(Fact::Labels, Some(json!(labels.collect::<Vec<_>>())));
    }
    tell(Fact::Recorded, call["was_recorded"].as_bool().map(|recorded| json!(recorded)));
    let mut recordings: Vec<String> =
        items(call, "recording_details").iter().filter_map(|one| web_address(&one["url"])).collect();
    for name in ["call_recording_share_links", "admin_call_recording_share_links"] {
        recordings.extend(items(call, name).iter().filter_map(web_address));
    }
    recordings.extend(web_address(&call["voicemail_share_link"]));
    recordings.truncate(RECORDINGS);
    recordings.sort();
    recordings.dedup();
    tell(Fact::Recordings, (!recordings.is_empty()).then(|| json!(recordings)));
    let said = call["transcription_text"].as_str().map(|said| crate::domain::plain::line(said, TRANSCRIPT));
    tell(Fact::Transcript, said.filter(|said| !said.is_empty()).map(|said| json!(said)));
    if !matches!(named, Named::Ours(_)) {
        // A call that was handed on stands in two lists: neither list overrides what a leg says, or the other.
        facts.tell(Fact::Department, asked.map(|id| json!(id)), 0);
    }
    Some((call_id, facts))
}

#[cfg(test)]
mod tests {
    use super::{Named, call, event_time, named};
    use dialdeck_protocol::dialpad::Direction;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    #[test]
    fn numbers_as_texts_and_as_numbers() {
        for (as_is, quoted) in [(json!(1_356_998_400_000_i64), json!("1356998400000"))] {
            for date in [as_is, quoted] {
                let told = json!({ "call_id": "1002", "date_started": date, "date_connected": date, "duration": 2500.4,
                    "direction": "inbound", "target": { "id": "2", "type": "user", "name": "Ann" },
                    "entry_point_call_id": "1000", "master_call_id": "1002", "group_id": "Department:124",
                    "undeclared": { "x": 1 } });
                let (id, facts) = call(&told, 5, &[124], None).unwrap();
                let leg = facts.leg(id);
                assert_eq!((leg.id, leg.started, leg.duration), (1002, Some(1_356_998_400_000), Some(2500)));
                assert_eq!((leg.agent, leg.department), (Some((2, "Ann".into())), Some(124)));
                assert_eq!(
                    (leg.direction, facts.links().collect::<Vec<_>>()),
                    (Some(Direction::Inbound), vec![1000])
                );
            }
        }
        assert_eq!(event_time(&json!({ "date_rang": "5", "date_started": 3 })), Some(5));
    }

    #[test]
    fn a_department_is_found_wherever_it_is_named() {
        let office = json!({ "id": "5", "type": "Office" });
        let ours = json!({ "id": 124, "type": "department" });
        let user = json!({ "id": "7", "type": "user" });
        for (call, right) in [
            (json!({ "entry_point_target": office, "target": ours }), Named::Ours(124)),
            (json!({ "entry_point_target": ours, "target": user }), Named::Ours(124)),
            (json!({ "group_id": "Department:124", "target": user }), Named::Ours(124)),
            (json!({ "group_id": "Department:4", "target": user }), Named::Others),
            (json!({ "entry_point_target": office, "target": user }), Named::Others),
            (json!({ "group_id": "x", "target": user }), Named::Nobody),
        ] {
            assert_eq!(named(&call, &[124]), right, "{call}");
        }
    }

    fn anything() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(|b| json!(b)),
            any::<i64>().prop_map(|n| json!(n)),
            any::<f64>().prop_map(|n| json!(n)),
            ".{0,20}".prop_map(|text| json!(text)),
        ];
        leaf.prop_recursive(2, 20, 6, |inner| {
            let name =
                prop_oneof![Just("type"), Just("id"), Just("name"), Just("url"), Just("phone"), Just("x")];
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
                proptest::collection::btree_map(name, inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read_or_left(values in proptest::collection::vec(anything(), 16), id in 1i64..) {
            let names = ["direction", "date_started", "date_rang", "date_connected", "date_ended", "duration", "state",
                "external_number", "contact", "target", "entry_point_target", "group_id", "labels", "was_recorded",
                "recording_details", "call_recording_share_links"];
            let mut told: serde_json::Map<String, Value> =
                names.iter().map(|name| (*name).to_owned()).zip(values).collect();
            told.insert("call_id".into(), json!(id));
            let (id, facts) = call(&Value::Object(told), 1, &[], None).unwrap();
            let leg = facts.leg(id);
            prop_assert!(!leg.number.chars().any(char::is_control));
        }
    }
}
