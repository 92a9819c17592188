//! Rows that are marked, so that one action serves all of them.

use super::{Pane, State};
use dialdeck_protocol::{AgentRow, CallId, CallRow, Role, UserId};

/// A marked row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// A call in flight.
    Call(CallId),
    /// An agent of ours.
    Agent(UserId),
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

    /// Marks a row, or takes its mark away.
    pub fn mark(&mut self, mark: Mark) {
        if !self.marked.remove(&mark) {
            self.marked.insert(mark);
        }
    }

    /// The calls that an action is about: those that are marked and still there, else the selected one.
    pub fn meant_calls(&self) -> Vec<&CallRow> {
        let marked: Vec<&CallRow> =
            self.calls.iter().filter(|call| self.marked.contains(&Mark::Call(call.id.clone()))).collect();
        if marked.is_empty() { self.selected_call().into_iter().collect() } else { marked }
    }

    /// The agents that an action is about: those that are marked and still there, else the one that is meant.
    pub fn meant_agents(&self) -> Vec<&AgentRow> {
        let marked: Vec<&AgentRow> = if self.pane == Pane::Agents {
            self.agents.iter().filter(|agent| self.marked.contains(&Mark::Agent(agent.user_id))).collect()
        } else {
            Vec::new()
        };
        if marked.is_empty() { self.agent_meant().into_iter().collect() } else { marked }
    }
}
