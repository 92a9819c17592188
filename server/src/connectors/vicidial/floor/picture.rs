//! The floor at one moment, encoded once for all who look: whole, and as what changed since the moment before.

use dialdeck_protocol::ServerMessage;
use dialdeck_protocol::vicidial::{Floor, FloorAgent};
use std::collections::BTreeMap;

/// A moment.
#[derive(Debug, Clone, Default)]
pub struct Picture {
    /// Its number, from 1; 0: nothing was read yet.
    pub serial: u64,
    /// The floor.
    pub floor: Floor,
    /// The whole as a message of the WebSocket.
    pub whole: String,
    /// What changed since the picture before, as one.
    pub change: String,
}

fn encoded(message: &ServerMessage) -> String {
    serde_json::to_string(message).unwrap_or_default()
}

impl Picture {
    /// The picture that follows this one; none where nothing but the clock moved on.
    pub fn next(&self, floor: Floor) -> Option<Self> {
        let same = self.serial > 0
            && self.floor.trouble == floor.trouble
            && self.floor.agents == floor.agents
            && self.floor.calls == floor.calls
            && self.floor.campaigns == floor.campaigns
            && self.floor.thresholds == floor.thresholds;
        if same {
            return None;
        }
        let before: BTreeMap<&str, &FloorAgent> =
            self.floor.agents.iter().map(|agent| (agent.user.as_str(), agent)).collect();
        let agents = floor
            .agents
            .iter()
            .filter(|agent| before.get(agent.user.as_str()) != Some(agent))
            .cloned()
            .collect();
        let gone = before
            .keys()
            .filter(|user| !floor.agents.iter().any(|agent| agent.user == **user))
            .map(|user| (*user).to_owned())
            .collect();
        let change = ServerMessage::FloorChange {
            vicidial: floor.vicidial.clone(),
            now: floor.now,
            read_at: floor.read_at,
            thresholds: (self.floor.thresholds != floor.thresholds).then(|| floor.thresholds.clone()),
            trouble: floor.trouble.clone(),
            agents,
            gone,
            calls: (self.floor.calls != floor.calls).then(|| floor.calls.clone()),
            campaigns: (self.floor.campaigns != floor.campaigns).then(|| floor.campaigns.clone()),
        };
        let whole = encoded(&ServerMessage::Floor(Box::new(floor.clone())));
        Some(Self { serial: self.serial + 1, whole, change: encoded(&change), floor })
    }
}
