//! Who gets whom: numbers offered to agents, agents taken for numbers, persons who wait put through to agents who are free.

use super::{Agents, Place, Reserved, Room, Waiter};
use crate::dialer::placing::Reserve;
use chrono::{DateTime, Utc};
use dialdeck_protocol::{AgentState, CallId, CampaignId, Code, ContactId, OrganizationId, Problem, UserId};
use tokio::sync::oneshot;

impl Agents {
    /// Offers a contact to an agent who waits and has none; gives who has it.
    pub(in crate::dialer) fn offer(
        &self,
        organization: &OrganizationId,
        campaign: CampaignId,
        contact: ContactId,
    ) -> Option<UserId> {
        let user = {
            let room = self.lock();
            if room.places.values().any(|place| place.seat.row.contact_id == Some(contact)) {
                return None;
            }
            best(&room, organization, campaign, |_| true)?
        };
        self.note(user, |place, now| place.seat.offer(campaign, contact, now)).then_some(user)
    }

    /// Contacts that are offered to somebody.
    pub(in crate::dialer) fn offered(&self) -> usize {
        self.lock().places.values().filter(|place| place.seat.row.offered).count()
    }

    /// Agents to whom a number of the campaign is offered since before `before`: it is dialled by itself.
    pub(in crate::dialer) fn overdue(
        &self,
        campaign: CampaignId,
        before: DateTime<Utc>,
    ) -> Vec<(UserId, ContactId)> {
        let offered = |place: &Place| {
            let row = &place.seat.row;
            let due = row.offered && row.campaign_id == Some(campaign) && row.since <= before;
            due.then_some(row.contact_id).flatten().map(|contact| (row.user_id, contact))
        };
        self.lock().places.values().filter_map(offered).collect()
    }

    /// Whether a call is an agent's at this moment. One of which they have only to say what came of it is not: somebody else may
    /// have it by now.
    pub fn has(&self, organization: &OrganizationId, user: UserId, call: &CallId) -> bool {
        let row = self.find(organization, user).filter(|row| row.call_id.as_ref() == Some(call));
        row.is_some_and(|row| !matches!(row.state, AgentState::WrapUp | AgentState::Dead))
    }

    /// Whether anybody waits to whom a number could be offered, or for whom one could be dialled.
    pub(in crate::dialer) fn anyone(&self, organization: &OrganizationId, campaign: CampaignId) -> bool {
        best(&self.lock(), organization, campaign, |_| true).is_some()
    }

    /// Whether somebody could be put through to an agent at this moment.
    pub(in crate::dialer) fn is_anyone_free(
        &self,
        organization: &OrganizationId,
        campaign: CampaignId,
    ) -> bool {
        best(&self.lock(), organization, campaign, is_open).is_some()
    }

    /// Takes an agent for a number that is to be dialled: a certain one, or who has waited longest.
    ///
    /// # Errors
    /// When they have a call already, or are not there.
    pub(in crate::dialer) fn take(
        &self,
        organization: &OrganizationId,
        campaign: CampaignId,
        call: &CallId,
        contact: ContactId,
        which: Reserve,
    ) -> Result<Reserved, Problem> {
        let mut room = self.lock();
        let user = match which {
            Reserve::Nobody => None,
            Reserve::This(user) => Some(user),
            Reserve::Anybody => best(&room, organization, campaign, |_| true),
            Reserve::PerCall => best(&room, organization, campaign, |place| place.seat.rings_per_call()),
        };
        let place = user
            .and_then(|user| room.places.get_mut(&user))
            .filter(|place| place.seat.organization_id == *organization)
            .ok_or_else(|| Problem::new(Code::Conflict, "no agent is ready; log in as one first"))?;
        if !place.seat.works(campaign) {
            let message = "the campaign is not one that this agent takes calls of";
            return Err(Problem::new(Code::Conflict, message));
        }
        let open = place.phone.is_some() && place.seat.row.phone_up;
        if !open && !place.seat.rings_per_call() {
            return Err(Problem::new(Code::Conflict, "the phone is not connected; go ready to have it rung"));
        }
        let now = Utc::now();
        place.seat.dial(call.clone(), campaign, contact, now)?;
        drop(self.write(place, now));
        Ok(Reserved::new(self, place, call.clone()))
    }

    /// Waits for an agent for a person who has answered.
    pub(in crate::dialer) fn wait_for(
        &self,
        organization: &OrganizationId,
        campaign: CampaignId,
        call: &CallId,
        contact: ContactId,
    ) -> oneshot::Receiver<Reserved> {
        let (found, receiver) = oneshot::channel();
        let waiter =
            Waiter { organization: organization.clone(), campaign, call: call.clone(), contact, found };
        self.lock().waiting.push(waiter);
        self.assign();
        receiver
    }

    /// Puts persons who wait through to agents who are free.
    pub(super) fn assign(&self) {
        let mut given = Vec::new();
        {
            let mut room = self.lock();
            room.waiting.retain(|waiter| !waiter.found.is_closed());
            let mut n = 0;
            while n < room.waiting.len() {
                let waiter = &room.waiting[n];
                let Some(user) = best(&room, &waiter.organization, waiter.campaign, is_open) else {
                    n += 1;
                    continue;
                };
                let waiter = room.waiting.remove(n);
                let Some(place) = room.places.get_mut(&user) else { continue };
                let now = Utc::now();
                if place.seat.queue(waiter.call.clone(), waiter.campaign, waiter.contact, now) {
                    drop(self.write(place, now));
                    given.push((waiter.found, Reserved::new(self, place, waiter.call)));
                }
            }
        }
        // Outside the lock: who does not take what they are given releases it, which takes the lock again.
        for (found, reserved) in given {
            let _ = found.send(reserved);
        }
    }
}

/// Whether their phone is one that is kept open, and is: so that somebody can be put through to it at once.
fn is_open(place: &Place) -> bool {
    place.phone.is_some() && !place.seat.rings_per_call()
}

/// Who of those who are free comes next: by rank, then by how long they have waited.
fn best(
    room: &Room,
    organization: &OrganizationId,
    campaign: CampaignId,
    also: impl Fn(&Place) -> bool,
) -> Option<UserId> {
    let free = room.places.values().filter(|place| {
        place.seat.organization_id == *organization
            && place.seat.works(campaign)
            && place.seat.is_free()
            && also(place)
    });
    let rank = |place: &Place| place.seat.ranks.get(&campaign).copied().unwrap_or(0);
    free.min_by_key(|place| (-rank(place), place.seat.waits_since)).map(|place| place.seat.row.user_id)
}
