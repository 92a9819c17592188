//! Who takes a person: an agent of ours, or a phone elsewhere.

use super::agents::Reserved;
use super::outside::Outside;
use crate::telephony::LegId;
use dialdeck_protocol::{People, UserId};
use tokio::sync::{broadcast, oneshot};
use tokio_util::sync::CancellationToken;

/// Whoever takes a person.
pub(super) enum Target {
    /// An agent of ours.
    Agent(Reserved),
    /// A phone elsewhere.
    Outside(Outside),
}

/// Whoever is brought to a person, asked and willing, instead of being looked for.
pub(super) struct Brought {
    /// Who.
    pub target: Target,
    /// To be told once both hear each other; dropped, it did not come to that.
    pub told: Option<oneshot::Sender<()>>,
}

impl From<Reserved> for Brought {
    fn from(agent: Reserved) -> Self {
        Self { target: Target::Agent(agent), told: None }
    }
}

impl Target {
    /// Whether the end of their phone is the end of the call: one that is rung for a call is put down after it. One that is kept
    /// open is gone by mishap.
    pub(super) fn ends_by_phone(&self) -> bool {
        match self {
            Self::Agent(agent) => agent.is_rung_per_call(),
            Self::Outside(_) => true,
        }
    }

    /// Their phone, which is rung now where it is not open.
    pub(super) async fn phone(&mut self) -> Result<LegId, String> {
        match self {
            Self::Agent(agent) => agent.phone().await,
            Self::Outside(outside) => Ok(outside.leg),
        }
    }

    /// Cancelled when their phone is gone.
    pub(super) fn phone_gone(&self) -> CancellationToken {
        match self {
            Self::Agent(agent) => agent.phone_gone(),
            Self::Outside(outside) => outside.gone.clone(),
        }
    }

    /// Their phone where it is up, and what is pressed on it from now on.
    pub(super) fn open_phone(&self) -> Option<(LegId, broadcast::Receiver<char>)> {
        match self {
            Self::Agent(agent) => agent.open_phone(),
            Self::Outside(outside) => Some((outside.leg, outside.keys.subscribe())),
        }
    }

    /// Both hear each other.
    pub(super) fn connected(&mut self, people: &People) {
        if let Self::Agent(agent) = self {
            agent.connected(people);
        }
    }

    /// The call is over: they hung up, or the person did.
    pub(super) fn over(&self, by_them: bool) {
        if let Self::Agent(agent) = self {
            agent.over(by_them);
        }
    }

    /// Who they are, where they are one of ours.
    pub(super) fn user_id(&self) -> Option<UserId> {
        match self {
            Self::Agent(agent) => Some(agent.user_id),
            Self::Outside(_) => None,
        }
    }

    /// Their name, or where they were rung.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Agent(agent) => &agent.name,
            Self::Outside(outside) => &outside.extension,
        }
    }
}
