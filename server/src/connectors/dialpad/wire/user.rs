//! `UserProto`: a user, alone or among a department's operators.

use super::{id, items, text};
use crate::domain::dialpad::agent::Agent;
use serde_json::Value;

/// A user; nothing where there is no id. `department`: in which group "do not disturb" is asked for.
pub fn user(user: &Value, department: Option<i64>) -> Option<Agent> {
    let user_id = id(user.get("id")?)?;
    let parts = [text(&user["first_name"]), text(&user["last_name"])];
    let whole = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let name = text(&user["display_name"]).or_else(|| text(&user["name"])).unwrap_or(whole);
    let in_group = items(user, "group_details")
        .iter()
        .find(|group| department.is_some() && id(&group["group_id"]) == department)
        .and_then(|group| group["do_not_disturb"].as_bool());
    let everywhere = user["do_not_disturb"].as_bool();
    Some(Agent {
        id: user_id,
        name: if name.is_empty() { user_id.to_string() } else { name },
        email: items(user, "emails").iter().find_map(text).unwrap_or_default(),
        departments: department.into_iter().collect(),
        on_duty: user["is_on_duty"].as_bool(),
        status: text(&user["on_duty_status"]).unwrap_or_default(),
        do_not_disturb: match (everywhere, in_group) {
            (None, None) => None,
            (a, b) => Some(a == Some(true) || b == Some(true)),
        },
        available: user["is_available"].as_bool(),
    })
}

/// `OperatorCollection`: users and rooms; rooms talk to nobody.
pub fn operators(answer: &Value, department: i64) -> Vec<Agent> {
    items(answer, "users").iter().filter_map(|one| user(one, Some(department))).collect()
}

/// `OperatorDutyStatusProto`, in words.
pub fn duty(answer: &Value) -> String {
    let word = match answer["on_duty"].as_bool() {
        Some(true) => "on duty",
        Some(false) => "off duty",
        None => "duty unknown",
    };
    let more = [text(&answer["on_duty_status"]), text(&answer["duty_status_reason"])];
    more.into_iter().flatten().fold(word.to_owned(), |all, more| format!("{all}, {more}"))
}
