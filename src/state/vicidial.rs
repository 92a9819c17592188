//! Floors of VICIdials: their agents beside our own, their campaigns and calls.

use super::{Pane, State, Tone};
use chrono::{DateTime, Utc};
use dialdeck_protocol::function::Effect;
use dialdeck_protocol::vicidial::{
    Floor, FloorAgent, FloorCall, FloorCampaign, Progress, Thresholds, VicidialAnswer, function,
};
use dialdeck_protocol::{AgentRow, Role, UserId};
use std::collections::BTreeMap;

/// A floor: its timers count by its own database's clock.
#[derive(Debug, Clone, PartialEq)]
pub struct SeenFloor {
    /// The floor.
    pub floor: Floor,
}

impl SeenFloor {
    /// The database's clock now, Unix time; `now` is the server's.
    pub fn now(&self, now: DateTime<Utc>) -> i64 {
        self.floor.now + self.age(now)
    }

    /// How old the picture is, in seconds.
    pub fn age(&self, now: DateTime<Utc>) -> i64 {
        (now.timestamp() - self.floor.read_at).max(0)
    }
}

/// What changed on a floor.
#[derive(Debug, Clone)]
pub struct FloorChange {
    pub now: i64,
    pub read_at: i64,
    pub thresholds: Option<Thresholds>,
    pub trouble: String,
    pub agents: Vec<FloorAgent>,
    pub gone: Vec<String>,
    pub calls: Option<Vec<FloorCall>>,
    pub campaigns: Option<Vec<FloorCampaign>>,
}

/// A row of the table of agents.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Entry<'a> {
    /// One of ours.
    Own(&'a AgentRow),
    /// One of a VICIdial's.
    Vicidial(&'a str, &'a FloorAgent),
}

/// Who a row is about, wherever it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryKey {
    Own(UserId),
    Vicidial(String, String),
}

impl Entry<'_> {
    /// Who it is about.
    pub fn key(&self) -> EntryKey {
        match self {
            Self::Own(row) => EntryKey::Own(row.user_id),
            Self::Vicidial(vicidial, agent) => EntryKey::Vicidial((*vicidial).to_owned(), agent.user.clone()),
        }
    }
}

impl State {
    /// A floor as a whole.
    pub fn take_floor(&mut self, floor: Floor) {
        self.keeping_selection(|state| {
            state.floors.insert(floor.vicidial.clone(), SeenFloor { floor });
        });
    }

    /// What changed on a floor.
    pub fn change_floor(&mut self, vicidial: &str, change: FloorChange) {
        self.keeping_selection(|state| {
            let Some(SeenFloor { floor }) = state.floors.get_mut(vicidial) else { return };
            floor.now = change.now;
            floor.read_at = change.read_at;
            floor.trouble = change.trouble;
            let key = |agent: &FloorAgent| (agent.campaign.clone(), agent.user.clone());
            let left = |user: &str| {
                change.gone.iter().any(|gone| gone == user)
                    || change.agents.iter().any(|agent| agent.user == user)
            };
            let old = std::mem::take(&mut floor.agents).into_iter().filter(|agent| !left(&agent.user));
            let agents: BTreeMap<(String, String), FloorAgent> =
                old.chain(change.agents.iter().cloned()).map(|agent| (key(&agent), agent)).collect();
            floor.agents = agents.into_values().collect();
            if let Some(calls) = change.calls {
                floor.calls = calls;
            }
            if let Some(campaigns) = change.campaigns {
                floor.campaigns = campaigns;
            }
            if let Some(thresholds) = change.thresholds {
                floor.thresholds = thresholds;
            }
        });
    }

    /// What a function of VICIdial gave: a note, or rows to read.
    pub(super) fn take_vicidial(&mut self, answer: &VicidialAnswer) {
        let notices = answer.notices.iter().map(|notice| format!("! {notice}"));
        let tells = function(&answer.function).is_some_and(|function| function.effect == Effect::Reads);
        if answer.rows.is_empty() || !tells {
            let text: Vec<String> = std::iter::once(answer.message.clone()).chain(notices).collect();
            self.notes.say(&text.join("; "), false);
            return;
        }
        let mut lines: Vec<String> = notices.collect();
        for (n, row) in answer.rows.iter().enumerate() {
            if answer.rows.len() > 1 {
                lines.push(format!("— {} —", n + 1));
            }
            let cells = answer.columns.iter().zip(row).filter(|(_, cell)| !cell.is_empty());
            lines.extend(cells.map(|(name, cell)| format!("{name}: {cell}")));
        }
        let title =
            format!("{} of VICIdial {} · {} · Esc closes", answer.function, answer.vicidial, answer.message);
        self.show(title, lines);
    }

    /// How far an action got. What others do is theirs to know; of one's own one is told twice: sent, and what came of it.
    pub(super) fn note_vicidial(
        &mut self,
        vicidial: &str,
        function: &str,
        target: &str,
        progress: Progress,
        by: &str,
    ) {
        if by == self.user {
            let text = format!("VICIdial {vicidial}: {function} {target}: {}", progress.words());
            let tone = if progress == Progress::NotTaken { Tone::Bad } else { Tone::Good };
            self.notes.late(&text, tone);
        }
    }

    /// Agents that pass the filter: ours by name, then each VICIdial's by campaign and user.
    pub fn shown_agents(&self) -> Vec<Entry<'_>> {
        let keep = self.keep(Pane::Agents);
        let own = self.agents.iter().filter(|row| {
            keep(format_args!("{} {} {} {}", row.name, row.state, row.pause_code, row.extension))
        });
        let theirs = self
            .floors
            .iter()
            .flat_map(|(name, seen)| seen.floor.agents.iter().map(move |agent| Entry::Vicidial(name, agent)));
        let theirs = theirs.filter(|entry| match entry {
            Entry::Vicidial(vicidial, a) => keep(format_args!(
                "{} {} {} {} {} {} {vicidial}",
                a.user,
                a.name,
                a.state.as_str(),
                a.campaign,
                a.pause_code,
                a.group
            )),
            Entry::Own(_) => true,
        });
        let rows = own.map(Entry::Own).chain(theirs).collect();
        self.sorted(Pane::Agents, rows, |entry, column| self.entry_key(entry, column))
    }

    /// The selected row of agents.
    pub fn selected_entry(&self) -> Option<Entry<'_>> {
        let filtered = !self.filter.is_empty() && self.filtered == Pane::Agents;
        if filtered || self.layout.sort.contains_key(&Pane::Agents) {
            let rows = self.shown_agents();
            return self.selection(Pane::Agents, rows.len()).map(|n| rows[n]);
        }
        // Every action that is offered asks for it: without a filter or another order its place says which it is.
        let theirs: usize = self.floors.values().map(|seen| seen.floor.agents.len()).sum();
        let n = self.selection(Pane::Agents, self.agents.len() + theirs)?;
        let Some(mut n) = n.checked_sub(self.agents.len()) else { return Some(Entry::Own(&self.agents[n])) };
        for (vicidial, seen) in &self.floors {
            match seen.floor.agents.get(n) {
                Some(agent) => return Some(Entry::Vicidial(vicidial, agent)),
                None => n -= seen.floor.agents.len(),
            }
        }
        None
    }

    /// The selected agent, where they are ours.
    pub fn selected_agent(&self) -> Option<&AgentRow> {
        match self.selected_entry()? {
            Entry::Own(row) => Some(row),
            Entry::Vicidial(..) => None,
        }
    }

    /// The agent of a VICIdial whom an action is about.
    pub fn vicidial_meant(&self) -> Option<(&str, &FloorAgent)> {
        match self.selected_entry()? {
            // Where agents of ours are marked, they are meant, wherever the cursor stands.
            Entry::Vicidial(vicidial, agent)
                if self.pane == Pane::Agents && self.steers_vicidial() && self.marked_agents().is_empty() =>
            {
                Some((vicidial, agent))
            }
            _ => None,
        }
    }

    /// Whether functions of a VICIdial can be called.
    pub fn steers_vicidial(&self) -> bool {
        !self.floors.is_empty() && self.role.is_some_and(|role| role >= Role::Supervisor)
    }

    /// Campaigns of VICIdials that pass the filter.
    pub fn shown_floor_campaigns(&self) -> Vec<(&str, &FloorCampaign)> {
        let keep = self.keep(Pane::FloorCampaigns);
        let all = self
            .floors
            .iter()
            .flat_map(|(name, seen)| seen.floor.campaigns.iter().map(move |c| (name.as_str(), c)));
        let kept = all.filter(|(_, c)| keep(format_args!("{} {} {}", c.id, c.name, c.method)));
        self.sorted(Pane::FloorCampaigns, kept.collect(), Self::floor_campaign_key)
    }

    /// Calls of VICIdials that pass the filter.
    pub fn shown_floor_calls(&self) -> Vec<(&str, &FloorCall)> {
        let keep = self.keep(Pane::FloorCalls);
        let all = self
            .floors
            .iter()
            .flat_map(|(name, seen)| seen.floor.calls.iter().map(move |c| (name.as_str(), c)));
        let kept =
            all.filter(|(_, c)| keep(format_args!("{} {} {} {}", c.campaign, c.phone, c.status, c.kind)));
        self.sorted(Pane::FloorCalls, kept.collect(), Self::floor_call_key)
    }

    /// The selected campaign of a VICIdial.
    pub fn selected_floor_campaign(&self) -> Option<(&str, &FloorCampaign)> {
        let rows = self.shown_floor_campaigns();
        self.selection(Pane::FloorCampaigns, rows.len()).map(|n| rows[n])
    }

    /// The selected call of a VICIdial.
    pub fn selected_floor_call(&self) -> Option<(&str, &FloorCall)> {
        let rows = self.shown_floor_calls();
        self.selection(Pane::FloorCalls, rows.len()).map(|n| rows[n])
    }

    /// What the selected row of the focused pane holds, by the names that hotkeys know.
    pub fn columns(&self) -> BTreeMap<&'static str, String> {
        let pairs: Vec<(&'static str, String)> = match self.pane {
            Pane::Agents => match self.selected_entry() {
                Some(Entry::Vicidial(vicidial, a)) => vec![
                    ("vicidial", vicidial.to_owned()),
                    ("user", a.user.clone()),
                    ("name", a.name.clone()),
                    ("group", a.group.clone()),
                    ("station", a.station.clone()),
                    ("session", a.session.clone()),
                    ("server_ip", a.server_ip.clone()),
                    ("state", a.state.as_str().to_owned()),
                    ("pause_code", a.pause_code.clone()),
                    ("campaign", a.campaign.clone()),
                    ("ingroup", a.ingroup.clone()),
                    ("lead_id", if a.lead_id > 0 { a.lead_id.to_string() } else { String::new() }),
                    ("phone", a.phone.clone()),
                    ("call_id", a.call_id.clone()),
                ],
                _ => Vec::new(),
            },
            Pane::FloorCampaigns => self.selected_floor_campaign().map_or_else(Vec::new, |(vicidial, c)| {
                vec![
                    ("vicidial", vicidial.to_owned()),
                    ("campaign", c.id.clone()),
                    ("name", c.name.clone()),
                    ("level", c.level.to_string()),
                    ("method", c.method.clone()),
                ]
            }),
            Pane::FloorCalls => self.selected_floor_call().map_or_else(Vec::new, |(vicidial, c)| {
                vec![
                    ("vicidial", vicidial.to_owned()),
                    ("call_id", c.call_id.clone()),
                    ("campaign", c.campaign.clone()),
                    ("phone", c.phone.clone()),
                    ("state", c.status.clone()),
                ]
            }),
            _ => self.dialpad_columns(),
        };
        pairs.into_iter().collect()
    }
}
