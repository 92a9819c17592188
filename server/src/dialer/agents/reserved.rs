//! An agent who is taken for one call.

use super::{Agents, Phone, Place};
use crate::dialer::pacing::Seen;
use crate::telephony::LegId;
use dialdeck_protocol::{CallId, People, UserId};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

/// Holds an agent for a call. Dropped before they are connected, the agent is free again.
pub struct Reserved {
    agents: Agents,
    /// Who.
    pub user_id: UserId,
    /// Their name.
    pub name: String,
    call: CallId,
    phone: Option<Phone>,
    rung_per_call: bool,
    connected: bool,
}

impl Reserved {
    pub(super) fn new(agents: &Agents, place: &Place, call: CallId) -> Self {
        Self {
            agents: agents.clone(),
            user_id: place.seat.row.user_id,
            name: place.seat.row.name.clone(),
            call,
            phone: place.phone.clone(),
            rung_per_call: place.seat.rings_per_call(),
            connected: false,
        }
    }

    /// Whether their phone is rung for each call.
    pub const fn is_rung_per_call(&self) -> bool {
        self.rung_per_call
    }

    /// Their phone, which is rung now where it is not open.
    ///
    /// # Errors
    /// When it is not picked up.
    pub async fn phone(&mut self) -> Result<LegId, String> {
        if let Some(phone) = &self.phone {
            return Ok(phone.leg);
        }
        let phone = self.agents.open_phone(self.user_id).await?;
        let leg = phone.leg;
        self.phone = Some(phone);
        Ok(leg)
    }

    /// Cancelled when their phone is gone.
    pub fn phone_gone(&self) -> CancellationToken {
        self.phone.as_ref().map_or_else(CancellationToken::new, |phone| phone.gone.clone())
    }

    /// Their phone where it is up, and what is pressed on it from now on.
    pub fn open_phone(&self) -> Option<(LegId, broadcast::Receiver<char>)> {
        self.phone.as_ref().map(|phone| (phone.leg, phone.keys.subscribe()))
    }

    /// Both hear each other.
    pub fn connected(&mut self, people: &People) {
        self.connected = true;
        self.agents.note(self.user_id, |place, now| place.seat.connected(people, now));
    }

    /// The call is over: the agent hung up, or the person did. A phone that was rung for this call is hung up.
    pub fn over(&self, by_agent: bool) {
        let pacers = self.agents.0.pacers.clone();
        self.agents.note(self.user_id, |place, now| {
            let row = &place.seat.row;
            if let Some(campaign) = row.campaign_id.filter(|_| self.connected) {
                pacers.observe(campaign, Seen::Talked((now - row.since).as_seconds_f64().max(0.0)));
            }
            place.seat.over(&self.call, by_agent, now);
        });
        self.agents.close_phone(self.user_id);
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        if !self.connected {
            self.agents.note(self.user_id, |place, now| place.seat.released(&self.call, now));
            self.agents.close_phone(self.user_id);
        }
    }
}
