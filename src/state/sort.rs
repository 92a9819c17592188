//! Rows in the order of a column.

use super::{DialpadAgent, Entry, Pane, State};
use crate::columns;
use crate::layout::Sort;
use chrono::{DateTime, Utc};
use dialdeck_protocol::connector::NumberRow;
use dialdeck_protocol::dashboard::CampaignFigures;
use dialdeck_protocol::dialpad::DialpadCall;
use dialdeck_protocol::vicidial::{FloorCall, FloorCampaign};
use dialdeck_protocol::{AgentRow, CallRow, CallbackRow, CampaignRow, HistoryRow};
use std::cmp::Ordering;

/// What a cell holds, to be compared. What holds nothing comes last, whichever way it is sorted.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Key {
    Nothing,
    Number(f64),
    Text(String),
}

fn text(text: impl AsRef<str>) -> Key {
    let text = text.as_ref();
    if text.is_empty() { Key::Nothing } else { Key::Text(text.to_lowercase()) }
}

fn number(number: impl Into<f64>) -> Key {
    Key::Number(number.into())
}

#[allow(clippy::cast_precision_loss, reason = "only compared")]
fn count(count: i64) -> Key {
    Key::Number(count as f64)
}

/// How long ago something was: the longest is the largest.
fn since(at: DateTime<Utc>) -> Key {
    count(-at.timestamp_millis())
}

fn compare(a: &Key, b: &Key, down: bool) -> Ordering {
    let order = match (a, b) {
        (Key::Nothing, Key::Nothing) => return Ordering::Equal,
        (Key::Nothing, _) => return Ordering::Greater,
        (_, Key::Nothing) => return Ordering::Less,
        (Key::Number(a), Key::Number(b)) => a.total_cmp(b),
        (Key::Text(a), Key::Text(b)) => a.cmp(b),
        (Key::Number(_), Key::Text(_)) => Ordering::Less,
        (Key::Text(_), Key::Number(_)) => Ordering::Greater,
    };
    if down { order.reverse() } else { order }
}

impl State {
    /// Brings rows into the order that the layout asks for; without one they stay as they come.
    pub(super) fn sorted<T>(&self, pane: Pane, rows: Vec<T>, key: impl Fn(&T, &str) -> Key) -> Vec<T> {
        let Some(Sort { column, down }) = self.layout.sort.get(&pane) else { return rows };
        let mut keyed: Vec<(Key, T)> = rows.into_iter().map(|row| (key(&row, column), row)).collect();
        // Equal ones stay as they come.
        keyed.sort_by(|(a, _), (b, _)| compare(a, b, *down));
        keyed.into_iter().map(|(_, row)| row).collect()
    }

    fn campaign_name(&self, id: Option<dialdeck_protocol::CampaignId>) -> Key {
        let found = self.campaigns.iter().find(|campaign| Some(campaign.id) == id);
        found.map_or(Key::Nothing, |campaign| text(&campaign.name))
    }

    pub(super) fn campaign_key(&self, row: &CampaignRow, column: &str) -> Key {
        let figures = self.figures_of(row.id);
        let optional = |value: Option<f64>| value.map_or(Key::Nothing, Key::Number);
        match column {
            "campaign" => text(&row.name),
            "queue" => text(row.queue.as_str()),
            "done" => count(row.counts.processed),
            "calls" => count(
                self.calls.iter().filter(|call| call.campaign_id == row.id).count().try_into().unwrap_or(0),
            ),
            "good" => count(row.counts.successful),
            "failed" => count(row.counts.failed),
            "held" => count(row.counts.held),
            "next" => row.next_call_at.map_or(Key::Nothing, |at| count(at.timestamp_millis())),
            "left" => figures.map_or(Key::Nothing, |f| count(f.dialable)),
            "answered" => {
                optional(figures.and_then(|f| {
                    dialdeck_protocol::dashboard::Tally::percent(f.today.answered, f.today.calls)
                }))
            }
            "dropped" => optional(figures.and_then(|f| f.dropped_percent)),
            "why" => text(&row.reason),
            _ => Key::Nothing,
        }
    }

    pub(super) fn call_key(&self, row: &CallRow, column: &str) -> Key {
        match column {
            "name" => text(&row.name),
            "phone" => text(&row.phone),
            "time" => since(row.answered_at.unwrap_or(row.started_at)),
            "intent" => text(row.intent.map(|intent| intent.to_string()).unwrap_or_default()),
            "emotion" => text(row.emotion.map(|emotion| emotion.to_string()).unwrap_or_default()),
            "company" => text(&row.company),
            "campaign" => self.campaign_name(Some(row.campaign_id)),
            "mark" | "state" => text(row.status.as_str()),
            "agent" => text(&row.agent),
            "turns" => count(row.exchanges.len().try_into().unwrap_or(0)),
            _ => Key::Nothing,
        }
    }

    pub(super) fn history_key(&self, row: &HistoryRow, column: &str) -> Key {
        match column {
            "when" => count(row.created_at.timestamp_millis()),
            "name" => text(&row.name),
            "outcome" => text(row.outcome.map_or_else(|| row.status.to_string(), |o| o.to_string())),
            "time" => number(row.duration),
            "phone" => text(&row.phone),
            "emotion" => text(row.emotion.map(|emotion| emotion.to_string()).unwrap_or_default()),
            "cost" => number(row.cost),
            "agent" => text(&row.agent),
            "disposition" => text(&row.disposition),
            "campaign" => self.campaign_name(row.campaign_id),
            "satisfied" => row.csat_score.map_or(Key::Nothing, number),
            _ => Key::Nothing,
        }
    }

    fn agent_key(&self, row: &AgentRow, column: &str) -> Key {
        match column {
            "name" | "user" => text(&row.name),
            "mark" | "state" => text(row.state.as_str()),
            "time" => since(row.since),
            "pause" => text(&row.pause_code),
            "calls" => number(row.calls),
            "phone" | "station" => text(&row.extension),
            "campaign" => self.campaign_name(row.campaign_id),
            "customer" => {
                let call = self.calls.iter().find(|call| Some(&call.id) == row.call_id.as_ref());
                call.map_or(Key::Nothing, |call| text(&call.name))
            }
            _ => Key::Nothing,
        }
    }

    pub(super) fn entry_key(&self, entry: &Entry, column: &str) -> Key {
        let (vicidial, agent) = match entry {
            Entry::Own(row) => return self.agent_key(row, column),
            Entry::Vicidial(vicidial, agent) => (*vicidial, *agent),
        };
        match column {
            "name" => text(&agent.name),
            "user" => text(&agent.user),
            "mark" | "state" => text(agent.state.as_str()),
            // By the age: their database's clock is another.
            "time" => {
                self.floors.get(vicidial).map_or(Key::Nothing, |seen| count(seen.floor.now - agent.since))
            }
            "pause" => text(&agent.pause_code),
            "calls" => count(agent.calls),
            "campaign" => text(&agent.campaign),
            "customer" => text(&agent.phone),
            "ingroup" => text(&agent.ingroup),
            "hold" => count(agent.hold),
            "session" => text(&agent.session),
            "group" => text(&agent.group),
            "phone" | "station" => text(&agent.station),
            "kind" => text(format!("{:?}", agent.letter)),
            _ => Key::Nothing,
        }
    }

    pub(super) fn callback_key(row: &CallbackRow, column: &str) -> Key {
        match column {
            "due" | "in" | "mark" => count(row.due_at.timestamp_millis()),
            "name" => text(&row.name),
            "phone" => text(&row.phone),
            "whose" => text(&row.user),
            "campaign" => text(&row.campaign),
            "note" => text(&row.note),
            _ => Key::Nothing,
        }
    }

    pub(super) fn number_key(row: &NumberRow, column: &str) -> Key {
        match column {
            "number" => text(&row.number),
            "label" => text(&row.label),
            "campaigns" => text(row.campaigns.join(", ")),
            "calls" => count(row.calls),
            "answered" => dialdeck_protocol::dashboard::Tally::percent(row.answered, row.calls)
                .map_or(Key::Nothing, Key::Number),
            "last" => row.last_at.map_or(Key::Nothing, |at| count(at.timestamp_millis())),
            _ => Key::Nothing,
        }
    }

    pub(super) fn figures_key(&self, row: &CampaignFigures, column: &str) -> Key {
        use dialdeck_protocol::dashboard::Tally;
        let today = &row.today;
        match column {
            "campaign" => self.campaign_name(Some(row.campaign_id)),
            "calls" => count(today.calls),
            "answered" => Tally::percent(today.answered, today.calls).map_or(Key::Nothing, Key::Number),
            "good" => count(today.good),
            "time" => today.mean_seconds().map_or(Key::Nothing, count),
            "left" => count(row.dialable),
            "dropped" => row.dropped_percent.map_or(Key::Nothing, Key::Number),
            "cost" => number(today.cost),
            _ => Key::Nothing,
        }
    }

    pub(super) fn floor_campaign_key((_, row): &(&str, &FloorCampaign), column: &str) -> Key {
        match column {
            "campaign" => text(&row.id),
            "level" => number(row.level),
            "drop_percent" => number(row.drop_percent),
            "hopper" => count(row.hopper),
            "dialable" => count(row.dialable),
            "calls" => count(row.calls),
            "answers" => count(row.answers),
            "drops" => count(row.drops),
            "diff_percent" => number(row.diff_percent),
            "callbacks" => count(row.callbacks),
            "method" => text(&row.method),
            "name" => text(&row.name),
            _ => Key::Nothing,
        }
    }

    pub(super) fn floor_call_key((_, row): &(&str, &FloorCall), column: &str) -> Key {
        match column {
            "status" => text(&row.status),
            "campaign" => text(&row.campaign),
            "time" => count(-row.since),
            "number" => text(&row.phone),
            "type" => text(&row.kind),
            "prio" => count(row.priority),
            "call" => text(&row.call_id),
            _ => Key::Nothing,
        }
    }

    /// Sorts by the next of a pane's columns that something can be sorted by; `false` where there is none.
    pub fn sort_next(&mut self) -> Option<String> {
        let pane = self.pane;
        let choice = self.layout.choice(pane, self.table(pane)).into_iter();
        let shown: Vec<String> =
            choice.filter(|(name, shown)| *shown && sorts_by(pane, name)).map(|(name, _)| name).collect();
        if shown.is_empty() || !sorts(pane) {
            return None;
        }
        let before = self.layout.sort.get(&pane).cloned();
        let next = match before {
            None => Some(Sort { column: shown[0].clone(), down: false }),
            Some(Sort { column, down: false }) => Some(Sort { column, down: true }),
            Some(Sort { column, .. }) => {
                let at = shown.iter().position(|name| *name == column).map_or(0, |at| at + 1);
                shown.get(at).map(|column| Sort { column: column.clone(), down: false })
            }
        };
        Some(self.sort_by(next))
    }

    /// Sorts the pane that has the keys; gives what it is sorted by, in words.
    pub fn sort_by(&mut self, sort: Option<Sort>) -> String {
        let pane = self.pane;
        let words = sort.as_ref().map_or_else(
            || "as it comes".to_owned(),
            |sort| format!("sorted by {}{}", sort.column, if sort.down { ", the largest first" } else { "" }),
        );
        self.keeping_selection(|state| match sort {
            Some(sort) => drop(state.layout.sort.insert(pane, sort)),
            None => drop(state.layout.sort.remove(&pane)),
        });
        words
    }
}

pub(super) fn dialpad_agent_key(row: &DialpadAgent, column: &str) -> Key {
    let Some(done) = row.activity else {
        return if column == "agent" { text(row.name) } else { Key::Nothing };
    };
    match column {
        "agent" => text(row.name),
        "duty" => text(row.duty_word()),
        "total" | "calls" => count(done.cards.total),
        "missed" => count(done.cards.missed),
        "done_percent" => number(done.efficiency),
        "avg" => count(done.average_ms),
        "score" => number(done.score),
        "in" => count(done.cards.inbound),
        "out" => count(done.cards.outbound),
        _ => Key::Nothing,
    }
}

pub(super) fn dialpad_call_key(row: &DialpadCall, column: &str) -> Key {
    match column {
        "name" => text(&row.name),
        "when" => count(row.started_at.timestamp_millis()),
        "agent" => text(&row.agent),
        "number" => text(&row.number),
        "talked" => count(row.duration_ms),
        "labels" => text(row.labels.join(", ")),
        "status" => text(format!("{:?}", row.status)),
        "way" => text(format!("{:?}", row.direction)),
        _ => Key::Nothing,
    }
}

/// Whether a pane's rows can be brought into another order. A log is read as it came.
pub const fn sorts(pane: Pane) -> bool {
    matches!(
        pane,
        Pane::Campaigns
            | Pane::Calls
            | Pane::History
            | Pane::Agents
            | Pane::FloorCampaigns
            | Pane::FloorCalls
            | Pane::Callbacks
            | Pane::Dashboard
            | Pane::Numbers
            | Pane::DialpadAgents
            | Pane::DialpadCalls
    ) && !columns::of(pane).is_empty()
}

/// Whether a pane's rows can be sorted by a column. A bar, and what only stands in some rows, is no order.
pub fn sorts_by(pane: Pane, column: &str) -> bool {
    let none: &[&str] = match pane {
        Pane::Campaigns => &["mode"],
        Pane::Dashboard => &["rest"],
        Pane::DialpadAgents => &["talked", "by_day"],
        _ => &[],
    };
    column != "mark" && sorts(pane) && !none.contains(&column)
}

impl State {
    /// Which of a pane's tables is seen.
    pub fn table(&self, pane: Pane) -> usize {
        usize::from(pane == Pane::Agents && !self.floors.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::{Key, compare};
    use std::cmp::Ordering;

    #[test]
    fn what_holds_nothing_comes_last_either_way() {
        for down in [false, true] {
            assert_eq!(compare(&Key::Nothing, &Key::Number(1.0), down), Ordering::Greater);
        }
        assert_eq!(compare(&Key::Number(9.0), &Key::Number(10.0), false), Ordering::Less, "as numbers");
        assert_eq!(compare(&Key::Number(9.0), &Key::Number(10.0), true), Ordering::Greater);
    }
}
