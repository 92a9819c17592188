//! What wants a person's eyes: found by rules in what is known. Pure, but for reading the rules' file.

use crate::state::State;
use chrono::{DateTime, Utc};
use dialdeck_protocol::{AgentState, CallStatus, PartState, QueueState};
use serde::Deserialize;
use std::path::Path;

const DEFAULT: &str = include_str!("../config/alerts.toml");

/// From when on something is warned of.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    waiting_seconds: i64,
    pause_seconds: i64,
    dead_seconds: i64,
    drop_percent_of_limit: f64,
    callable_contacts: i64,
    /// Whether the bell rings for a new one.
    pub bell: bool,
    /// Whether the desktop is told of a new one.
    pub desktop: bool,
}

impl Rules {
    /// The defaults, and the file's before them where there is one.
    ///
    /// # Errors
    /// What is wrong in the file, and where.
    pub fn load(file: Option<&Path>) -> Result<Self, String> {
        let Some(path) = file else { return Self::read("") };
        let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
        Self::read(&text).map_err(|e| format!("{}: {e}", path.display()))
    }

    fn read(text: &str) -> Result<Self, String> {
        let mut rules: toml::Table = toml::from_str(DEFAULT).map_err(|e| e.to_string())?;
        let own: toml::Table = toml::from_str(text).map_err(|e| e.to_string().trim().replace('\n', " "))?;
        for (name, value) in own {
            let Some(default) = rules.get_mut(&name) else {
                let all: Vec<&String> = rules.keys().collect();
                let all = all.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ");
                return Err(format!("{name:?} is no alert; there are {all}"));
            };
            let value = match (&*default, value) {
                (toml::Value::Float(_), toml::Value::Integer(whole)) => {
                    toml::Value::Float(f64::from(i32::try_from(whole).unwrap_or(i32::MAX)))
                }
                (_, value) => value,
            };
            if default.same_type(&value) {
                *default = value;
            } else {
                return Err(format!("{name} must be as {default} is, not {value}"));
            }
        }
        rules.try_into().map_err(|e: toml::de::Error| e.message().to_owned())
    }
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// People are being harmed, or nothing works.
    Critical,
    /// Somebody should look.
    Warning,
}

/// Something that is so now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// What it is about: the same thing, the same key.
    pub key: String,
    /// How bad it is.
    pub severity: Severity,
    /// In words.
    pub text: String,
}

/// One that stands, with what was made of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// It.
    pub alert: Alert,
    /// Since when it was seen.
    pub since: DateTime<Utc>,
    /// Whether somebody has said that they know.
    pub known: bool,
}

/// All that stand, the worst and newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Alerts(Vec<Standing>);

impl Alerts {
    /// What is so now; gives those that are new.
    pub fn take(&mut self, now: Vec<Alert>, at: DateTime<Utc>) -> Vec<Alert> {
        let before = std::mem::take(&mut self.0);
        let mut new = Vec::new();
        for alert in now {
            let known = before.iter().find(|old| old.alert.key == alert.key);
            // What has become worse is new.
            let known = known.filter(|old| old.alert.severity <= alert.severity);
            let standing = known.map_or(Standing { alert: alert.clone(), since: at, known: false }, |old| {
                Standing { alert: alert.clone(), ..old.clone() }
            });
            if known.is_none() {
                new.push(alert);
            }
            self.0.push(standing);
        }
        self.0.sort_by_key(|s| (s.alert.severity, std::cmp::Reverse(s.since), s.alert.key.clone()));
        new
    }

    /// All of them.
    pub fn iter(&self) -> std::slice::Iter<'_, Standing> {
        self.0.iter()
    }

    /// How many nobody has said of that they know.
    pub fn unknown(&self) -> usize {
        self.0.iter().filter(|standing| !standing.known).count()
    }

    /// Somebody knows of one, or, asked once more, of none.
    pub fn acknowledge(&mut self, key: &str) {
        for standing in self.0.iter_mut().filter(|standing| standing.alert.key == key) {
            standing.known = !standing.known;
        }
    }
}

/// What is so now, by the rules.
pub fn found(state: &State, rules: &Rules, now: DateTime<Utc>) -> Vec<Alert> {
    let mut all = Vec::new();
    let mut say = |severity, key: String, text: String| all.push(Alert { key, severity, text });
    for part in &state.parts {
        let severity = match part.state {
            PartState::Down => Severity::Critical,
            PartState::Missing | PartState::Degraded => Severity::Warning,
            PartState::Up | PartState::Off => continue,
        };
        say(
            severity,
            format!("part {}", part.name),
            format!("{} is {}: {}", part.name, part.state, part.message),
        );
    }
    for (name, seen) in state.floors.iter().filter(|(_, seen)| !seen.floor.trouble.is_empty()) {
        let text = format!("VICIdial {name} cannot be read: {}", seen.floor.trouble);
        say(Severity::Critical, format!("vicidial {name}"), text);
    }
    campaigns(state, rules, &mut say);
    for call in state.calls.iter().filter(|call| call.status == CallStatus::InProgress) {
        let waited = call.answered_at.map_or(0, |at| (now - at).num_seconds());
        let for_agents = state
            .campaigns
            .iter()
            .any(|campaign| campaign.id == call.campaign_id && campaign.call_settings.people.is_some());
        let alone = for_agents
            && call.agent.is_empty()
            && call.exchanges.is_empty()
            && !state.spoken.contains_key(&call.id);
        if alone && rules.waiting_seconds > 0 && waited > rules.waiting_seconds {
            let text = format!("{} waits for an agent", call.name);
            say(Severity::Critical, format!("waits {}", call.id), text);
        }
    }
    for agent in &state.agents {
        let seconds = (now - agent.since).num_seconds();
        let limit = agent.pause_limit_seconds.map_or(rules.pause_seconds, i64::from);
        match agent.state {
            AgentState::Paused if rules.pause_seconds > 0 && limit > 0 && seconds > limit => {
                let code = if agent.pause_code.is_empty() { "no code" } else { &agent.pause_code };
                let text = format!("{} is paused ({code}) for longer than {} min", agent.name, limit / 60);
                say(Severity::Warning, format!("pause {}", agent.user_id), text);
            }
            AgentState::Dead if rules.dead_seconds > 0 && seconds > rules.dead_seconds => {
                let text = format!("{} is still in a call that is over", agent.name);
                say(Severity::Warning, format!("dead {}", agent.user_id), text);
            }
            _ => {}
        }
    }
    all
}

fn campaigns(state: &State, rules: &Rules, say: &mut impl FnMut(Severity, String, String)) {
    for campaign in &state.campaigns {
        let name = &campaign.name;
        if campaign.queue == QueueState::Paused {
            let text = format!("the queue of {name} paused: {}", campaign.reason);
            say(Severity::Warning, format!("paused {}", campaign.id), text);
        }
        let Some(figures) = state.figures_of(campaign.id) else { continue };
        if let Some((dropped, limit)) = figures.dropped_percent.zip(figures.drop_limit_percent)
            && rules.drop_percent_of_limit > 0.0
            && dropped >= limit * rules.drop_percent_of_limit / 100.0
        {
            let severity = if dropped > limit { Severity::Critical } else { Severity::Warning };
            let text = format!("{name} abandons {dropped:.2} % of those who answer; its limit is {limit} %");
            say(severity, format!("drops {}", campaign.id), text);
        }
        let runs = matches!(campaign.queue, QueueState::Running | QueueState::Waiting);
        if runs && rules.callable_contacts > 0 && figures.dialable < rules.callable_contacts {
            let text = format!("{name} runs, and has {} contacts left to call", figures.dialable);
            say(Severity::Warning, format!("callable {}", campaign.id), text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Alert, Alerts, Rules, Severity, found};
    use crate::state::State;
    use chrono::Utc;
    use dialdeck_protocol::{Part, PartState};

    fn alert(key: &str, severity: Severity) -> Alert {
        Alert { key: key.into(), severity, text: key.into() }
    }

    #[test]
    fn each_is_new_once_and_known_until_it_is_worse() {
        let (mut alerts, now) = (Alerts::default(), Utc::now());
        assert_eq!(alerts.take(vec![alert("a", Severity::Warning)], now).len(), 1);
        alerts.acknowledge("a");
        assert_eq!((alerts.take(vec![alert("a", Severity::Warning)], now).len(), alerts.unknown()), (0, 0));
        let worse = vec![alert("b", Severity::Warning), alert("a", Severity::Critical)];
        assert_eq!((alerts.take(worse, now).len(), alerts.unknown()), (2, 2));
        assert_eq!(alerts.iter().next().map(|s| s.alert.key.as_str()), Some("a"));
        alerts.take(Vec::new(), now);
        assert_eq!(alerts.iter().len(), 0);
    }

    #[test]
    fn a_part_that_is_down() {
        let part = Part { name: "telephony".into(), state: PartState::Down, message: "no answer".into() };
        let state = State { parts: vec![part], ..State::default() };
        let all = found(&state, &Rules::load(None).unwrap(), Utc::now());
        assert_eq!(
            all,
            [Alert {
                key: "part telephony".into(),
                severity: Severity::Critical,
                text: "telephony is down: no answer".into()
            }]
        );
    }

    #[test]
    fn each_mistake_is_named() {
        for (text, part) in [
            ("wait_seconds = 3", "\"wait_seconds\" is no alert; there are"),
            ("bell = 'loud'", "bell must be as false is"),
            ("waiting_seconds = ", "TOML parse error"),
        ] {
            let message = Rules::read(text).unwrap_err();
            assert!(message.contains(part), "{message}");
        }
        assert!(
            (Rules::read("drop_percent_of_limit = 50").unwrap().drop_percent_of_limit - 50.0).abs() < 1e-9
        );
    }
}
