//! Rows that are marked, so that one action serves all of them.

use super::{Entry, Pane, State};
use dialdeck_protocol::{AgentRow, CallId, CallRow, Role, UserId};
use std::collections::BTreeSet;

/// A marked row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// A call in flight.
    Call(CallId),
    /// An agent of ours.
    Agent(UserId),
}

/// All of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marks {
    rows: BTreeSet<Mark>,
    /// Whether a row has gone that was marked, and nobody was told so yet.
    gone: bool,
}

impl Marks {
    /// Whether a row is.
    pub fn contains(&self, mark: &Mark) -> bool {
        self.rows.contains(mark)
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Takes all marks away.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Marks a row, or takes its mark away.
    pub fn toggle(&mut self, mark: Mark) {
        if !self.rows.remove(&mark) {
            self.rows.insert(mark);
        }
    }

    /// Its row has gone.
    pub fn left(&mut self, mark: &Mark) {
        self.gone |= self.rows.remove(mark);
    }

    /// Whether a marked row has gone since this was asked last, and with it the last mark: what was meant for it must not be done
    /// to another.
    pub fn were_lost(&mut self) -> bool {
        std::mem::take(&mut self.gone) && self.rows.is_empty()
    }

    /// Rows that are not there any more are not marked.
    pub fn keep(&mut self, there: impl Fn(&Mark) -> bool) {
        let before = self.rows.len();
        self.rows.retain(there);
        self.gone |= self.rows.len() < before;
    }
}

impl State {
    /// What would be marked: the selected row, where rows of that pane can be.
    pub fn markable(&self) -> Option<Mark> {
        match self.pane {
            Pane::Calls => self.selected_call().map(|call| Mark::Call(call.id.clone())),
            Pane::Agents if self.role >= Some(Role::Supervisor) => {
                self.selected_agent().map(|agent| Mark::Agent(agent.user_id))
            }
            _ => None,
        }
    }

    /// Calls that are marked and shown. What a filter hides is not seen, and nothing is done to it.
    pub fn marked_calls(&self) -> Vec<&CallRow> {
        if self.marked.is_empty() {
            return Vec::new();
        }
        let shown = self.shown_calls().into_iter();
        shown.filter(|call| self.marked.contains(&Mark::Call(call.id.clone()))).collect()
    }

    /// Agents that are marked and shown, where agents are looked at.
    pub fn marked_agents(&self) -> Vec<&AgentRow> {
        if self.marked.is_empty() || self.pane != Pane::Agents {
            return Vec::new();
        }
        let own = self.shown_agents().into_iter().filter_map(|entry| match entry {
            Entry::Own(agent) => Some(agent),
            Entry::Vicidial(..) => None,
        });
        own.filter(|agent| self.marked.contains(&Mark::Agent(agent.user_id))).collect()
    }

    /// The calls that an action is about: those that are marked, else the selected one.
    pub fn meant_calls(&self) -> Vec<&CallRow> {
        let marked = self.marked_calls();
        if marked.is_empty() { self.selected_call().into_iter().collect() } else { marked }
    }

    /// The agents that an action is about: those that are marked, else the one that is meant.
    pub fn meant_agents(&self) -> Vec<&AgentRow> {
        let marked = self.marked_agents();
        if marked.is_empty() { self.agent_meant().into_iter().collect() } else { marked }
    }
}

/// For a pane's title: how many are marked.
pub fn in_words(count: usize) -> String {
    if count == 0 { String::new() } else { format!(" · {count} marked") }
}

#[cfg(test)]
mod tests {
    use super::{Mark, Marks};
    use dialdeck_protocol::CallId;

    #[test]
    fn a_row_that_goes_is_told_of_once() {
        let mark = |id: &str| Mark::Call(CallId(id.into()));
        let mut marks = Marks::default();
        marks.toggle(mark("a"));
        marks.toggle(mark("b"));
        marks.left(&mark("a"));
        assert!(!marks.were_lost(), "one is marked still");
        marks.keep(|_| false);
        assert!(marks.were_lost() && !marks.were_lost());
        marks.left(&mark("c"));
        assert!(!marks.were_lost(), "it was not marked");
    }
}
