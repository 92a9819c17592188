//! Agents' phones: rung by us, kept open, and joined with the calls of persons who answered.

use super::{CallId, PlaceError};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// Prefix of the channel ids of agents' phones.
pub const LEG_PREFIX: &str = "dialdeck-agent-";

/// An agent's phone while it is rung or open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LegId(Uuid);

impl LegId {
    /// A new one.
    pub fn new() -> Self {
        Self(Uuid::now_v7())
    }
}

impl Default for LegId {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for LegId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{LEG_PREFIX}{}", self.0.simple())
    }
}

impl FromStr for LegId {
    type Err = uuid::Error;
    fn from_str(channel: &str) -> Result<Self, Self::Err> {
        let id = channel.strip_prefix(LEG_PREFIX).unwrap_or_default();
        // Only as we write it: the far half of a Local pair ends in `;2`.
        if id.len() == 32 { Uuid::try_parse(id).map(Self) } else { Uuid::parse_str("").map(Self) }
    }
}

/// A call that a supervisor is to be in, and the agent's phone in it, where an agent talks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Monitored {
    /// The call.
    pub call: CallId,
    /// The agent's phone.
    pub agent: Option<LegId>,
}

/// What happens to an agent's phone, in order. [`Leg::Gone`] is the last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leg {
    /// It was picked up, and can be joined with calls.
    Up,
    /// A key was pressed on it.
    Key(char),
    /// It is not there any more, or never was; why.
    Gone(String),
}

/// Refuses, for telephonies without agents' phones.
pub(super) fn none<T>() -> Result<T, PlaceError> {
    Err(PlaceError::Unavailable("this telephony has no agents' phones".into()))
}

/// A call as it is spoken of in refusals.
pub(super) fn gone(call: &CallId) -> PlaceError {
    PlaceError::Unavailable(format!("call {call} is over"))
}

#[cfg(test)]
mod tests {
    use super::LegId;

    #[test]
    fn a_leg_is_read_as_it_is_written() {
        let leg = LegId::new();
        assert_eq!(leg.to_string().parse(), Ok(leg));
        assert!(format!("{leg};2").parse::<LegId>().is_err());
        assert!("dialdeck-0123".parse::<LegId>().is_err());
    }
}
