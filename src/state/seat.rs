//! Agents, and one's own place among them.

use super::{Mark, Pane, State, View};
use dialdeck_protocol::{AgentRow, AgentState, CallRow, CallStatus, Choice, ContactId, HistoryRow, UserId};

/// A contact as the server told it.
#[derive(Debug, Clone, PartialEq)]
pub struct Lead {
    /// Which.
    pub contact_id: ContactId,
    /// Name, number and whatever else is known.
    pub fields: Vec<(String, String)>,
    /// The last calls with them, newest first.
    pub calls: Vec<HistoryRow>,
    /// What the law says of a call now.
    pub verdict: String,
    /// Whether they may be called now.
    pub allowed: bool,
    /// Where they are: an IANA zone, or empty.
    pub zone: String,
}

/// What one chooses from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choices {
    /// What came of a call.
    pub dispositions: Vec<Choice>,
    /// Why one pauses.
    pub pause_codes: Vec<Choice>,
}

/// The order of agents: by name, and among namesakes always the same.
pub(super) fn order(row: &AgentRow) -> (&str, UserId) {
    (&row.name, row.user_id)
}

impl State {
    /// An agent is as they are now.
    pub(super) fn take_agent(&mut self, agent: AgentRow) {
        self.keeping_selection(|state| {
            if agent.state == AgentState::LoggedOut {
                state.marked.left(&Mark::Agent(agent.user_id));
            }
            let known = state.agents.iter().position(|row| row.user_id == agent.user_id);
            if let Some(n) = known {
                state.agents.remove(n);
            }
            if agent.state != AgentState::LoggedOut {
                let n = state.agents.partition_point(|row| order(row) < order(&agent));
                state.agents.insert(n, agent);
            }
        });
    }

    /// One's own place, where one is logged in as an agent.
    pub fn me(&self) -> Option<&AgentRow> {
        self.agents.iter().find(|row| Some(row.user_id) == self.user_id)
    }

    /// The call that would be put through: the selected one for those who may steer calls, one's own otherwise.
    pub fn call_to_put_through(&self) -> Option<&CallRow> {
        let own = self.me().and_then(|row| row.call_id.as_ref());
        let steers = self.role.is_some_and(|role| role >= dialdeck_protocol::Role::Supervisor);
        let call = match self.view {
            View::Floor if self.pane != Pane::Campaigns => self.selected_call(),
            View::Agents => self.calls.iter().find(|call| Some(&call.id) == own),
            _ => None,
        };
        call.filter(|call| call.status == CallStatus::InProgress && (steers || Some(&call.id) == own))
    }

    /// Whom an action on agents is about: the selected one for those who may steer others, and oneself otherwise.
    pub fn agent_meant(&self) -> Option<&AgentRow> {
        let steers = self.role.is_some_and(|role| role >= dialdeck_protocol::Role::Supervisor);
        if steers && self.pane == Pane::Agents { self.selected_agent() } else { self.me() }
    }

    /// The contact that one talks to or is offered, which the server has not told yet.
    pub fn lead_wanted(&self) -> Option<ContactId> {
        let contact = self.me()?.contact_id?;
        (self.lead.as_ref().map(|lead| lead.contact_id) != Some(contact)).then_some(contact)
    }

    /// Whether one's call is over and waits for its disposition: then a key alone sets it. While one talks, a key that was
    /// meant for something else must not.
    pub fn disposes_by_key(&self) -> bool {
        self.pane == Pane::Seat
            && self.me().is_some_and(|row| {
                row.disposition_due && matches!(row.state, AgentState::Dead | AgentState::WrapUp)
            })
    }
}
