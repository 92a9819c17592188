//! What a campaign has of agents at a moment: what the pacing reckons with.

use super::{Agents, Waiter};
use crate::dialer::pacing::Busy;
use chrono::{DateTime, Utc};
use dialdeck_protocol::{AgentState, CampaignId, OrganizationId};

/// What a campaign has of agents at a moment.
#[derive(Debug, Clone, Default)]
pub(in crate::dialer) struct Staff {
    /// Who could be put through to somebody now, on a phone that is open.
    pub ready: usize,
    /// Agents at work.
    pub busy: Vec<Busy>,
    /// Agents who pause.
    pub paused: usize,
    /// Agents at work who go into a pause after it, whose phone is rung for each call, or who look at whom they would call.
    pub others: usize,
    /// Agents whose phone is rung for each call, and who wait for one.
    pub per_call: usize,
    /// Persons who wait.
    pub waiting: usize,
    /// Campaigns that these agents also take calls of; `None`: some take calls of all.
    pub shared: Option<Vec<CampaignId>>,
}

impl Agents {
    /// What a campaign has of agents now.
    pub(in crate::dialer) fn staff(
        &self,
        organization: &OrganizationId,
        campaign: CampaignId,
        now: DateTime<Utc>,
    ) -> Staff {
        let room = self.lock();
        let mut staff = Staff { shared: Some(Vec::new()), ..Staff::default() };
        for place in room.places.values() {
            let (seat, row) = (&place.seat, &place.seat.row);
            if seat.organization_id != *organization || !seat.works(campaign) {
                continue;
            }
            let age = (now - row.since).as_seconds_f64().max(0.0);
            match row.state {
                AgentState::Paused | AgentState::LoggedOut => {
                    staff.paused += 1;
                    continue;
                }
                AgentState::Ready if seat.rings_per_call() => {
                    staff.per_call += 1;
                    continue;
                }
                AgentState::Ready if seat.is_free() => staff.ready += 1,
                // Somebody is offered to them, or their phone is being rung: they are there.
                AgentState::Ready => staff.others += 1,
                // Whoever does not come back to be put through to somebody is not waited for.
                _ if row.state.is_busy() && !seat.comes_back() => {
                    staff.others += 1;
                    continue;
                }
                AgentState::WrapUp | AgentState::Dead => staff.busy.push(Busy::WrappingUp(age)),
                AgentState::InCall => staff.busy.push(Busy::Talking(age)),
                AgentState::Queued | AgentState::Ringing | AgentState::Dialling => {
                    staff.busy.push(Busy::Talking(0.0));
                }
            }
            match &mut staff.shared {
                Some(shared) if !row.campaigns.is_empty() => shared.extend(&row.campaigns),
                shared => *shared = None,
            }
        }
        let shares = |waiter: &&Waiter| {
            waiter.organization == *organization
                && staff
                    .shared
                    .as_ref()
                    .is_none_or(|shared| shared.contains(&waiter.campaign) || waiter.campaign == campaign)
        };
        staff.waiting = room.waiting.iter().filter(|w| !w.found.is_closed()).filter(shares).count();
        staff
    }
}
