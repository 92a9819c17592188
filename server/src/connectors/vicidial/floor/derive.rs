//! Rows of the database as the real-time report shows them: state, letter, timer. Pure.

use dialdeck_protocol::vicidial::{FloorAgent, FloorCall, FloorState, Letter, Thresholds};
use std::collections::{BTreeMap, BTreeSet};

/// Rows that have been dead, in dispo or paused this long are hidden.
const HIDDEN: i64 = 21_600;

/// A row of `vicidial_live_agents`, with the user and the lead's number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the columns have VICIdial's own names")]
pub struct AgentRow {
    pub user: String,
    pub full_name: String,
    pub user_group: String,
    pub server_ip: String,
    pub conf_exten: String,
    pub extension: String,
    pub status: String,
    pub lead_id: i64,
    pub campaign_id: String,
    pub callerid: String,
    pub comments: String,
    pub calls_today: i64,
    pub pause_code: String,
    pub on_hook_agent: String,
    pub ring_callerid: String,
    pub last_call_time: i64,
    pub last_state_change: i64,
    pub phone_number: String,
    pub is_hidden: bool,
}

/// A row of `vicidial_auto_calls`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the columns have VICIdial's own names")]
pub struct CallRow {
    pub callerid: String,
    pub status: String,
    pub campaign_id: String,
    pub phone_number: String,
    pub call_time: i64,
    pub call_type: String,
    pub queue_priority: i64,
    pub uniqueid: String,
    pub channel: String,
}

/// What one look at the database gave.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rows {
    /// The database's clock, Unix time.
    pub now: i64,
    /// Agents.
    pub agents: Vec<AgentRow>,
    /// Calls.
    pub calls: Vec<CallRow>,
    /// `parked_channels.channel_group`.
    pub parked: BTreeSet<String>,
    /// Seconds that an agent's inbound caller waited.
    pub holds: BTreeMap<String, i64>,
    /// Time limits of pause codes by campaign and code.
    pub limits: BTreeMap<(String, String), i64>,
}

/// An agent's state: the first that matches.
fn state(row: &AgentRow, rows: &Rows, on_lead: usize, call: Option<&CallRow>) -> FloorState {
    if row.on_hook_agent == "Y" && row.ring_callerid.len() > 18 {
        return FloorState::Ring;
    }
    if on_lead >= 2 && row.status == "INCALL" {
        return FloorState::ThreeWay;
    }
    match row.status.as_str() {
        "READY" | "PAUSED" if row.lead_id > 0 => FloorState::Dispo,
        "INCALL" if rows.parked.contains(&row.callerid) => FloorState::Park,
        "INCALL" => match call {
            None if !matches!(row.comments.as_str(), "EMAIL" | "CHAT") => FloorState::Dead,
            Some(call) if row.comments == "MANUAL" && call.uniqueid.len() < 5 && call.channel.len() < 5 => {
                FloorState::Dial
            }
            _ => FloorState::InCall,
        },
        "READY" => FloorState::Ready,
        "CLOSER" => FloorState::Closer,
        "QUEUE" => FloorState::Queue,
        "PAUSED" => FloorState::Paused,
        _ => FloorState::Other,
    }
}

fn letter(comments: &str) -> Letter {
    match comments {
        "" | "AUTO" => Letter::A,
        "INBOUND" => Letter::I,
        "EMAIL" => Letter::E,
        _ => Letter::M,
    }
}

/// The report's rows of agents, by campaign and user.
pub fn agents(rows: &Rows) -> Vec<FloorAgent> {
    let calls: BTreeMap<&str, &CallRow> =
        rows.calls.iter().map(|call| (call.callerid.as_str(), call)).collect();
    let mut on_lead: BTreeMap<i64, (usize, i64)> = BTreeMap::new();
    for row in rows.agents.iter().filter(|row| row.status == "INCALL" && row.lead_id > 0) {
        let (count, latest) = on_lead.entry(row.lead_id).or_default();
        *count += 1;
        *latest = (*latest).max(row.last_call_time);
    }
    let mut agents: Vec<FloorAgent> = rows
        .agents
        .iter()
        // Who is hidden counts among those on a lead, and has no row.
        .filter(|row| !row.is_hidden)
        .filter_map(|row| {
            let (together, latest) = on_lead.get(&row.lead_id).copied().unwrap_or_default();
            let call = calls.get(row.callerid.as_str()).copied();
            let state = state(row, rows, together, call);
            let since = match state {
                FloorState::InCall | FloorState::Dial | FloorState::Queue | FloorState::Park => {
                    row.last_call_time
                }
                FloorState::ThreeWay => latest,
                _ => row.last_state_change,
            };
            if state.is_hidden_after_hours() && rows.now - since >= HIDDEN {
                return None;
            }
            let inbound = row.comments == "INBOUND";
            let paused = matches!(state, FloorState::Paused | FloorState::Dispo);
            let limit = rows.limits.get(&(row.campaign_id.clone(), row.pause_code.clone()));
            Some(FloorAgent {
                user: row.user.clone(),
                name: row.full_name.clone(),
                group: row.user_group.clone(),
                station: row.extension.clone(),
                session: row.conf_exten.clone(),
                server_ip: row.server_ip.clone(),
                state,
                letter: letter(&row.comments),
                pause_code: if paused { row.pause_code.clone() } else { String::new() },
                pause_limit: limit.copied().filter(|limit| *limit > 0 && paused),
                since,
                campaign: row.campaign_id.clone(),
                ingroup: call.filter(|_| inbound).map(|call| call.campaign_id.clone()).unwrap_or_default(),
                calls: row.calls_today,
                lead_id: row.lead_id,
                phone: if row.lead_id > 0 { row.phone_number.clone() } else { String::new() },
                call_id: row.callerid.clone(),
                hold: rows.holds.get(&row.user).copied().unwrap_or(0),
            })
        })
        .collect();
    agents.sort_by(|a, b| (&a.campaign, &a.user).cmp(&(&b.campaign, &b.user)));
    agents
}

/// The report's calls: all but those that an agent has.
pub fn calls(rows: &Rows) -> Vec<FloorCall> {
    let mut calls: Vec<FloorCall> = rows
        .calls
        .iter()
        .filter(|call| call.status != "XFER")
        .map(|call| FloorCall {
            call_id: call.callerid.clone(),
            status: call.status.clone(),
            campaign: call.campaign_id.clone(),
            phone: call.phone_number.clone(),
            kind: call.call_type.clone(),
            since: call.call_time,
            priority: call.queue_priority,
        })
        .collect();
    calls.sort_by(|a, b| (b.priority, a.since, &a.call_id).cmp(&(a.priority, b.since, &b.call_id)));
    calls
}

/// Thresholds with what the container `REALTIME_REPORT_TIMES` says: `name=>n` lines, the steps of a state numbered.
pub fn thresholds(container: &str) -> Thresholds {
    let mut times = Thresholds::default();
    for line in container.lines() {
        let Some((name, value)) = line.split_once("=>") else { continue };
        let Ok(value) = value.trim().parse::<i64>() else { continue };
        let name = name.trim().to_ascii_lowercase();
        let (state, step) = name.rsplit_once('_').unwrap_or((&name, ""));
        let step = match step {
            "1" | "one" | "short" => 0,
            "2" | "two" | "medium" => 1,
            "3" | "three" | "long" => 2,
            "4" | "four" => 3,
            "5" | "five" => 4,
            _ => usize::MAX,
        };
        let slot = match state {
            "waiting" => times.waiting.get_mut(step),
            "incall" => times.incall.get_mut(step),
            "paused" => times.paused.get_mut(step),
            "threeway" => Some(&mut times.threeway),
            "dead" => Some(&mut times.dead),
            _ if name == "pause_limit" => Some(&mut times.pause_limit),
            _ => None,
        };
        if let Some(slot) = slot {
            *slot = value;
        }
    }
    times
}

#[cfg(test)]
mod tests {
    use super::{AgentRow, CallRow, Rows, agents, calls, thresholds};
    use dialdeck_protocol::vicidial::{FloorState, Letter};

    fn agent(user: &str, status: &str, lead_id: i64, comments: &str) -> AgentRow {
        AgentRow {
            user: user.into(),
            status: status.into(),
            lead_id,
            comments: comments.into(),
            callerid: format!("V{user}"),
            campaign_id: "T".into(),
            last_call_time: 900,
            last_state_change: 950,
            ..AgentRow::default()
        }
    }

    fn call(code: &str, status: &str, long: &str) -> CallRow {
        CallRow {
            callerid: code.into(),
            status: status.into(),
            uniqueid: long.into(),
            channel: long.into(),
            ..CallRow::default()
        }
    }

    #[test]
    fn states_letters_and_timers_to_the_letter() {
        let mut ringing = agent("10", "READY", 0, "");
        ringing.on_hook_agent = "Y".into();
        ringing.ring_callerid = "V1120230000000000002".into();
        let mut old = agent("11", "PAUSED", 0, "");
        old.last_state_change = 1000 - 21_600;
        let rows = Rows {
            now: 1000,
            agents: vec![
                agent("1", "READY", 0, ""),
                agent("2", "READY", 5, ""),
                agent("3", "INCALL", 6, "INBOUND"),
                agent("4", "INCALL", 7, "MANUAL"),
                agent("5", "INCALL", 8, "AUTO"),
                agent("6", "INCALL", 9, "AUTO"),
                agent("7", "INCALL", 20, "AUTO"),
                agent("8", "INCALL", 20, "AUTO"),
                agent("9", "INCALL", 21, "EMAIL"),
                ringing,
                old,
                agent("12", "CLOSER", 0, ""),
                agent("13", "QUEUE", 0, ""),
            ],
            calls: vec![
                call("V3", "CLOSER", "1699.123"),
                call("V4", "SENT", ""),
                call("V5", "XFER", "1699.123"),
                call("V7", "XFER", "1699.123"),
                call("V99", "LIVE", ""),
                call("V98", "IVR", ""),
            ],
            parked: ["V5".to_owned()].into(),
            ..Rows::default()
        };
        let shown: Vec<(String, FloorState, Letter, i64)> =
            agents(&rows).into_iter().map(|a| (a.user, a.state, a.letter, a.since)).collect();
        let expected: Vec<(String, FloorState, Letter, i64)> = [
            ("1", FloorState::Ready, Letter::A, 950),
            ("10", FloorState::Ring, Letter::A, 950),
            ("12", FloorState::Closer, Letter::A, 950),
            ("13", FloorState::Queue, Letter::A, 900),
            ("2", FloorState::Dispo, Letter::A, 950),
            ("3", FloorState::InCall, Letter::I, 900),
            ("4", FloorState::Dial, Letter::M, 900),
            ("5", FloorState::Park, Letter::A, 900),
            ("6", FloorState::Dead, Letter::A, 950),
            ("7", FloorState::ThreeWay, Letter::A, 900),
            ("8", FloorState::ThreeWay, Letter::A, 900),
            ("9", FloorState::InCall, Letter::E, 900),
        ]
        .into_iter()
        .map(|(user, state, letter, since)| (user.to_owned(), state, letter, since))
        .collect();
        assert_eq!(shown, expected);
        let calls = calls(&rows);
        assert_eq!(calls.len(), 4);
        assert_eq!(calls.iter().filter(|c| c.is_waiting()).count(), 1);
        // The caller in the menu counts as ringing, as does the one that is dialled.
        assert_eq!(calls.iter().filter(|c| c.is_ringing()).count(), 2);
    }

    #[test]
    fn the_container_may_say_otherwise() {
        let times = thresholds(
            "; note\nwaiting_medium=>90\npaused_five => 1200\ndead=>5\npause_limit=>60\nincall_one=>x",
        );
        assert_eq!(
            (times.waiting, times.paused[4], times.dead, times.pause_limit),
            ([30, 90, 300], 1200, 5, 60)
        );
        assert_eq!(times.incall, [10, 60, 300]);
    }
}
