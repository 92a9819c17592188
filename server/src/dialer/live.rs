//! The calls that this server has in flight, and how to end each.

use super::pacing::Line;
use super::target::{Brought, Target};
use crate::telephony::LegId;
use dialdeck_protocol::{CallId, CampaignId, Code, OrganizationId, Problem, Taker};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

struct Entry {
    organization: OrganizationId,
    campaign: CampaignId,
    /// All of the contact's: who asks on one not to be called is not called on another.
    phones: Vec<String>,
    end: CancellationToken,
    taker: Taker,
    /// Whether an agent is taken for it, or has it.
    with_agent: bool,
    placed: Instant,
    /// Whether somebody has answered.
    answered: bool,
    /// Cancelled when it is over.
    over: CancellationToken,
    /// To whoever carries it: somebody takes it over. `None`: it is not ours to give.
    taker_over: Option<mpsc::UnboundedSender<Brought>>,
    /// Whether somebody is about to take it over.
    changes_hands: bool,
    /// The phone of whoever talks to the person, where that is no AI caller.
    leg: Option<LegId>,
}

/// A line that is wanted.
pub(super) struct Wanted<'a> {
    pub organization: &'a OrganizationId,
    pub campaign: CampaignId,
    /// All of the contact's numbers.
    pub phones: Vec<String>,
    pub taker: Taker,
    /// Whether an agent is taken for it.
    pub with_agent: bool,
    /// Whether somebody of ours may take it over: it was placed here.
    pub is_ours: bool,
    /// Calls of the campaign at once.
    pub most: u32,
    /// Calls of this server at once.
    pub most_here: u32,
}

/// All of them. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct LiveCalls(Arc<Mutex<HashMap<CallId, Entry>>>);

/// Keeps a call counted as in flight; dropped, it is no more.
pub(super) struct InFlight {
    calls: LiveCalls,
    call: CallId,
    /// Cancelled when somebody wants the call ended.
    pub end: CancellationToken,
    over: CancellationToken,
    taken: tokio::sync::Mutex<mpsc::UnboundedReceiver<Brought>>,
}

/// The one change of hands of a call that is under way; dropped, there may be another.
pub(super) struct Handing {
    calls: LiveCalls,
    call: CallId,
    taker_over: mpsc::UnboundedSender<Brought>,
    /// Cancelled when the call is over.
    pub over: CancellationToken,
}

impl Handing {
    /// Gives the person to somebody; whether both hear each other now.
    pub(super) async fn give(&self, target: Target) -> bool {
        let (told, connected) = oneshot::channel();
        let sent = self.taker_over.send(Brought { target, told: Some(told) }).is_ok();
        sent && connected.await.is_ok()
    }
}

impl Drop for Handing {
    fn drop(&mut self) {
        if let Some(entry) = self.calls.lock().get_mut(&self.call) {
            entry.changes_hands = false;
        }
    }
}

impl InFlight {
    /// Somebody takes the call over.
    pub(super) async fn taken_over(&self) -> Brought {
        match self.taken.lock().await.recv().await {
            Some(brought) => brought,
            None => std::future::pending().await,
        }
    }
}

impl InFlight {
    /// Nobody can take the call over any more: it is ending. Whoever was about to is let go.
    pub(super) async fn nobody_takes_over(&self) {
        let mut taken = self.taken.lock().await;
        taken.close();
        while taken.try_recv().is_ok() {}
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.over.cancel();
        self.calls.lock().remove(&self.call);
    }
}

impl LiveCalls {
    fn lock(&self) -> MutexGuard<'_, HashMap<CallId, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a line for a call, where one is left: `most` of the campaign's and `most_here` of this server's may be in
    /// flight at once. Asked and taken in one, so that two who ask do not both get the last.
    pub(super) fn take(&self, call: &CallId, wanted: &Wanted<'_>) -> Option<InFlight> {
        let (end, over) = (CancellationToken::new(), CancellationToken::new());
        let (taker_over, taken) = mpsc::unbounded_channel();
        let entry = Entry {
            organization: wanted.organization.clone(),
            campaign: wanted.campaign,
            phones: wanted.phones.clone(),
            end: end.clone(),
            taker: wanted.taker,
            with_agent: wanted.with_agent,
            placed: Instant::now(),
            answered: false,
            over: over.clone(),
            taker_over: wanted.is_ours.then_some(taker_over),
            changes_hands: false,
            leg: None,
        };
        let mut entries = self.lock();
        let own = entries.values().filter(|entry| entry.campaign == wanted.campaign).count();
        let room = |most: u32, used: usize| used < usize::try_from(most).unwrap_or(usize::MAX);
        if !room(wanted.most, own) || !room(wanted.most_here, entries.len()) {
            return None;
        }
        entries.insert(call.clone(), entry);
        drop(entries);
        let taken = tokio::sync::Mutex::new(taken);
        Some(InFlight { calls: self.clone(), call: call.clone(), end, over, taken })
    }

    /// Cancelled when a call is over that is in flight here.
    pub(super) fn over(&self, call: &CallId) -> Option<CancellationToken> {
        self.lock().get(call).map(|entry| entry.over.clone())
    }

    /// Begins to give a call to somebody else.
    ///
    /// # Errors
    /// When it is not in flight here, not ours to give, or being given already.
    pub(super) fn hand(&self, call: &CallId) -> Result<Handing, Problem> {
        let conflict = |why: &str| Problem::new(Code::Conflict, why);
        let mut entries = self.lock();
        let entry =
            entries.get_mut(call).ok_or_else(|| conflict("nobody talks in this call at the moment"))?;
        let taker_over = entry.taker_over.clone();
        let taker_over = taker_over.ok_or_else(|| {
            conflict("this call was placed elsewhere, and only they can give it to somebody")
        })?;
        if taker_over.is_closed() {
            return Err(conflict("this call is ending"));
        }
        if entry.changes_hands {
            return Err(conflict("somebody is putting this call through already; wait for what comes of it"));
        }
        entry.changes_hands = true;
        Ok(Handing { calls: self.clone(), call: call.clone(), taker_over, over: entry.over.clone() })
    }

    pub(super) fn count(&self) -> usize {
        self.lock().len()
    }

    pub(super) fn count_of(&self, campaign: CampaignId) -> usize {
        self.lock().values().filter(|entry| entry.campaign == campaign).count()
    }

    /// Somebody has answered; gives the seconds since the call was placed.
    pub(super) fn answered(&self, call: &CallId) -> f64 {
        self.lock().get_mut(call).map_or(0.0, |entry| {
            entry.answered = true;
            entry.placed.elapsed().as_secs_f64()
        })
    }

    /// Seconds since a call was placed.
    pub(super) fn age(&self, call: &CallId) -> f64 {
        self.lock().get(call).map_or(0.0, |entry| entry.placed.elapsed().as_secs_f64())
    }

    /// Somebody on this phone has it.
    pub(super) fn connected(&self, call: &CallId, leg: LegId) {
        if let Some(entry) = self.lock().get_mut(call) {
            entry.with_agent = true;
            entry.leg = Some(leg);
        }
    }

    /// The person is with us again.
    pub(super) fn taken_back(&self, call: &CallId) {
        if let Some(entry) = self.lock().get_mut(call) {
            entry.leg = None;
        }
    }

    /// Whether somebody is about to take a call over.
    pub(super) fn changes_hands(&self, call: &CallId) -> bool {
        self.lock().get(call).is_some_and(|entry| entry.changes_hands)
    }

    /// The phone of whoever talks to the person, where that is no AI caller.
    pub(super) fn leg_of(&self, call: &CallId) -> Option<LegId> {
        self.lock().get(call).and_then(|entry| entry.leg)
    }

    /// Lines that ring for agents and have none yet, of these campaigns of an organization; `None`: of all.
    pub(super) fn ringing(
        &self,
        organization: &OrganizationId,
        campaigns: Option<&[CampaignId]>,
        own: CampaignId,
    ) -> Vec<Line> {
        let entries = self.lock();
        let wanted = entries.values().filter(|e| {
            e.taker == Taker::Person
                && !e.with_agent
                && !e.answered
                && e.organization == *organization
                && (e.campaign == own || campaigns.is_none_or(|list| list.contains(&e.campaign)))
        });
        wanted.map(|e| Line::Ringing(e.placed.elapsed().as_secs_f64())).collect()
    }

    /// Asks a call to end; false when it is not in flight here.
    pub(super) fn end(&self, call: &CallId) -> bool {
        self.lock().get(call).is_some_and(|entry| {
            entry.end.cancel();
            true
        })
    }

    /// Asks calls to a number to end; those of one organization or campaign alone, where one is given.
    pub(super) fn end_number(
        &self,
        organization: Option<&OrganizationId>,
        campaign: Option<CampaignId>,
        phone: &str,
    ) {
        let ours = |entry: &&Entry| {
            entry.phones.iter().any(|own| own == phone)
                && organization.is_none_or(|id| entry.organization == *id)
                && campaign.is_none_or(|id| entry.campaign == id)
        };
        for entry in self.lock().values().filter(ours) {
            entry.end.cancel();
        }
    }

    pub(super) fn end_all(&self) {
        for entry in self.lock().values() {
            entry.end.cancel();
        }
    }
}
