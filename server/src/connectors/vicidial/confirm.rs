//! Whether an agent's screen took what VICIdial queued, by what `agent_status` shows before and after. Pure.

use super::action::Request;
use super::wire::AgentStatus;
use std::time::Duration;

/// How long a screen may take.
pub const PATIENCE: Duration = Duration::from_secs(5);
/// Between two looks.
pub const BETWEEN: Duration = Duration::from_millis(300);

/// The same by the API, whose requests are counted.
pub const SELDOM: Duration = Duration::from_secs(1);

/// An agent as `agent_status` shows them.
#[derive(Debug, Clone, PartialEq)]
pub enum Seen {
    /// Logged in.
    There(Box<AgentStatus>),
    /// Not logged in.
    Gone,
}

/// Whether what the function does would be seen at all.
pub fn would_show(request: &Request) -> bool {
    match request.function.name {
        "external_pause" | "pause_code" | "external_hangup" | "external_status" | "logout"
        | "external_dial" | "park_call" => true,
        // The others bring somebody in, and the agent's row stays as it is.
        "transfer_conference" => {
            matches!(
                request.arg("value"),
                "BLIND_TRANSFER" | "HANGUP_BOTH" | "LOCAL_CLOSER" | "LEAVE_3WAY_CALL" | "LEAVE_VM"
            )
        }
        _ => false,
    }
}

/// Whether it is done.
pub fn is_done(request: &Request, before: Option<&Seen>, after: &Seen) -> bool {
    let Seen::There(now) = after else { return request.function.name == "logout" };
    let was = match before {
        Some(Seen::There(was)) => Some(was),
        _ => None,
    };
    let changed = || {
        was.is_some_and(|was| {
            (&was.status, was.lead_id, &was.callerid, &was.pause_code, &was.real_time_sub_status)
                != (&now.status, now.lead_id, &now.callerid, &now.pause_code, &now.real_time_sub_status)
        })
    };
    let value = request.arg("value");
    match request.function.name {
        "external_pause" if value == "PAUSE" => now.status == "PAUSED",
        "external_pause" => matches!(now.status.as_str(), "READY" | "CLOSER" | "QUEUE" | "INCALL"),
        "pause_code" => now.pause_code == value,
        "external_hangup" => now.status != "INCALL" || changed() && now.real_time_sub_status == "DISPO",
        "external_status" => now.lead_id == 0 || was.is_some_and(|was| was.lead_id != now.lead_id),
        "external_dial" => now.lead_id != 0 || matches!(now.status.as_str(), "INCALL" | "QUEUE"),
        "park_call" if value.starts_with("GRAB") => now.real_time_sub_status != "PARK",
        "park_call" => now.real_time_sub_status == "PARK",
        "logout" => false,
        _ => changed(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Seen, is_done, would_show};
    use crate::connectors::vicidial::action::Request;
    use crate::connectors::vicidial::wire::AgentStatus;

    fn seen(status: &str, lead_id: i64) -> Seen {
        Seen::There(Box::new(AgentStatus { status: status.into(), lead_id, ..AgentStatus::default() }))
    }

    #[test]
    fn done_only_once_the_row_says_so() {
        let ask = |name, value| Request::of(name, &[("agent_user", "1"), ("value", value)]).unwrap();
        for (name, value, before, after, done) in [
            ("external_pause", "PAUSE", seen("READY", 0), seen("READY", 0), false),
            ("external_pause", "PAUSE", seen("READY", 0), seen("PAUSED", 0), true),
            ("external_pause", "RESUME", seen("PAUSED", 0), seen("CLOSER", 0), true),
            ("logout", "LOGOUT", seen("PAUSED", 0), seen("PAUSED", 0), false),
            ("logout", "LOGOUT", seen("PAUSED", 0), Seen::Gone, true),
            ("external_hangup", "1", seen("INCALL", 5), seen("INCALL", 5), false),
            ("external_hangup", "1", seen("INCALL", 5), seen("PAUSED", 5), true),
            ("external_status", "SALE", seen("PAUSED", 5), seen("PAUSED", 5), false),
            ("external_status", "SALE", seen("PAUSED", 5), seen("READY", 0), true),
            ("external_dial", "2025550142", seen("PAUSED", 0), seen("INCALL", 9), true),
        ] {
            assert_eq!(is_done(&ask(name, value), Some(&before), &after), done, "{name} {value}");
        }
        assert!(would_show(&ask("logout", "LOGOUT")) && !would_show(&ask("send_dtmf", "1")));
    }
}
