//! Arguments for any function, made up from its description.

use dialdeck_protocol::function::{Function, Kind, Need};
use std::collections::BTreeMap;

/// Arguments that a function takes, made from its description.
pub fn sample(function: &Function) -> BTreeMap<String, String> {
    let mut args: BTreeMap<String, String> = BTreeMap::new();
    for arg in function.args.iter().filter(|arg| arg.need != Need::May) {
        let value = match (arg.name, arg.kind) {
            ("agent_user", _) => "1003",
            ("campaign_id" | "campaigns", _) => "TESTCAMP",
            ("lead_id" | "lead_ids", _) => "1",
            ("value", Kind::Text) => "A",
            ("value", Kind::Word(words)) => words[0],
            (_, Kind::Word(words)) => words[0],
            (_, Kind::Phone) => "2025550142",
            (_, Kind::Digits) => "101",
            (_, Kind::Date) => "2026-11-20",
            (_, Kind::DateTime) => "2026-11-20 10:00:00",
            (_, Kind::Secret) => "n0t-shown-ever",
            _ => "x1",
        };
        args.insert(arg.name.to_owned(), value.to_owned());
    }
    match function.name {
        "external_dial" => drop(args.insert("lead_id".into(), "1".to_owned())),
        "transfer_conference" => drop(args.insert("value".into(), "HANGUP_BOTH".to_owned())),
        "change_ingroups" => drop(args.insert("value".into(), "CHANGE".to_owned())),
        "update_fields" => drop(args.insert("first_name".into(), "Zed".to_owned())),
        "recording_lookup" => {
            args.insert("lead_id".into(), "5".to_owned());
            args.insert("date".into(), "2026-11-20".to_owned());
        }
        "call_log_export" => drop(args.insert("campaigns".into(), "TESTCAMP".to_owned())),
        "external_update_lead" | "update_lead" => {
            args.insert("lead_id".into(), "1".to_owned());
            args.insert("last_name".into(), "X".to_owned());
        }
        _ => {}
    }
    args
}
