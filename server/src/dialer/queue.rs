//! Drives one campaign: facts, step, act, until stopped or done.

mod carried;
mod staffed;

use super::attempt::voice;
use super::pace::{Facts, Step, step};
use super::placing::{Begun, Placing, Reserve};
use super::{Dialer, Handle};
use crate::domain::campaign::Campaign;
use crate::domain::contact::Contact;
use crate::domain::gate;
use crate::storage::journal::CommitError;
use crate::storage::{Change, QueueRow, Refusal, StoreResult};
use chrono::{DateTime, Duration, Utc};
use dialdeck_protocol::{CampaignStatus, ContactId, DialMode, PartState, QueueState, Taker};
use staffed::Starts;
use std::sync::PoisonError;
use tokio_util::sync::CancellationToken;

/// Contacts that are looked at in one go.
const LOOK: i64 = 32;
/// Wait after a failure of the store, and the longest wait in any case: a contact may have been freed by hand.
const AGAIN: std::time::Duration = std::time::Duration::from_secs(5);
const LONGEST: std::time::Duration = std::time::Duration::from_mins(1);

pub(super) async fn run(dialer: Dialer, campaign: Campaign, handle: &Handle) {
    let (nudge, stop) = (&handle.nudge, &handle.stop);
    let mut recovered = dialer.0.recovered.subscribe();
    let mut condition = dialer.0.tools.telephony.condition();
    tokio::select! {
        _ = recovered.wait_for(|done| *done) => {}
        () = stop.cancelled() => return,
    }
    let mut driver = Driver { dialer, campaign, stop: stop.clone(), said: None, starts: Starts::default() };
    loop {
        let pause = match driver.turn().await {
            Ok(Next::Now) => std::time::Duration::ZERO,
            Ok(Next::At(until)) => (until - Utc::now()).to_std().unwrap_or_default().min(LONGEST),
            Ok(Next::WhenNudged) => LONGEST,
            Ok(Next::Never) => return,
            Err(error) => {
                tracing::error!(campaign = %driver.campaign.id, %error, "the queue cannot go on; trying again");
                AGAIN
            }
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = nudge.notified() => {}
            changed = condition.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(pause) => {}
        }
    }
}

enum Next {
    Now,
    At(DateTime<Utc>),
    WhenNudged,
    Never,
}

struct Driver {
    dialer: Dialer,
    campaign: Campaign,
    stop: CancellationToken,
    /// State, reason and next call as last committed: only changes are.
    said: Option<(QueueState, String, Option<DateTime<Utc>>)>,
    /// When calls were placed of late, where agents take them.
    starts: Starts,
}

impl Driver {
    async fn turn(&mut self) -> StoreResult<Next> {
        let store = self.dialer.0.tools.store.clone();
        let Some(campaign) = store.campaign(&self.campaign.organization_id, self.campaign.id).await? else {
            return Ok(Next::Never);
        };
        self.campaign = campaign;
        let Some(row) = store.queue(self.campaign.id).await? else { return Ok(Next::Never) };
        let facts = self.facts(&row).await?;
        match step(&facts) {
            Step::Place if self.campaign.call_settings.carrier.is_some() => self.carried(&row).await,
            Step::Place if self.campaign.call_settings.people.is_some() => self.staffed(&row, &facts).await,
            Step::Place => self.place(&row).await,
            Step::Wait { state, reason, until } => {
                self.say(state, &reason, until).await?;
                Ok(until.map_or(Next::WhenNudged, Next::At))
            }
            Step::Pause(reason) => {
                self.say(QueueState::Paused, &reason, None).await?;
                Ok(Next::Never)
            }
            Step::Finish(reason) => {
                self.say(QueueState::Stopped, &reason, None).await?;
                Ok(Next::Never)
            }
        }
    }

    async fn facts(&self, row: &QueueRow) -> StoreResult<Facts> {
        let tools = &self.dialer.0.tools;
        let settings = &self.campaign.call_settings;
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let condition = tools.telephony.condition().borrow().clone();
        // People can talk without a voice of ours; a message to those who wait in vain takes one.
        let speaks = settings.people.as_ref().is_none_or(|people| {
            people.mode == DialMode::Predictive || settings.routing.iter().any(|rule| rule.to == Taker::Ai)
        });
        let no_voice = if tools.in_words || !speaks { None } else { tools.sound.as_ref().err().cloned() };
        let hindrance = if settings.carrier.is_some() {
            // Another's agents talk, on another's lines; what AI callers of ours need is asked where one is to talk.
            None
        } else if condition.state == PartState::Up {
            no_voice
        } else {
            Some(condition.message)
        };
        // Counted before the contacts are looked at: a call that settles in between is then still waited for.
        let in_flight = count(self.dialer.0.live.count_of(self.campaign.id));
        let next_due = tools.store.next_due(self.campaign.id).await?;
        let held = if next_due.is_none() { tools.store.counts(self.campaign.id).await?.held } else { 0 };
        Ok(Facts {
            now: Utc::now(),
            in_flight,
            in_flight_here: count(self.dialer.0.live.count()),
            max_concurrent: settings.max_concurrent_calls,
            max_here: tools.max_calls,
            // Where agents take the calls, they set the pace.
            interval: match settings.people {
                Some(_) => Duration::zero(),
                None => Duration::milliseconds(i64::from(settings.call_interval_ms)),
            },
            last_start: row.last_call_at.filter(|_| row.started_calls > 0),
            started: row.started_calls,
            review_after: row.review_after,
            halted: self.halted(),
            hindrance,
            next_due,
            held,
        })
    }

    /// Why a person must look before another call is placed.
    fn halted(&self) -> Option<String> {
        match self.campaign.status {
            CampaignStatus::Draft | CampaignStatus::Active => {
                self.dialer.0.halted.lock().unwrap_or_else(PoisonError::into_inner).clone()
            }
            status => Some(format!("the campaign is {status}; set it to active, then start again")),
        }
    }

    async fn say(
        &mut self,
        state: QueueState,
        reason: &str,
        next_call_at: Option<DateTime<Utc>>,
    ) -> StoreResult<()> {
        let now = (state, reason.to_owned(), next_call_at);
        if self.said.as_ref() == Some(&now) {
            return Ok(());
        }
        let change = Change::Queue {
            organization_id: self.campaign.organization_id.clone(),
            campaign_id: self.campaign.id,
            state,
            reason: reason.to_owned(),
            next_call_at,
            start: None,
            at: Utc::now(),
        };
        // A queue that was stopped meanwhile stays stopped: its token is asked last.
        match self.dialer.0.tools.journal.commit(vec![change]).await {
            Ok(_) => {
                self.said = Some(now);
                Ok(())
            }
            Err(error) => Err(crate::storage::StoreError::Unavailable(error.to_string())),
        }
    }

    /// Looks at the contacts that are due until one may be called by an AI caller.
    async fn place(&mut self, row: &QueueRow) -> StoreResult<Next> {
        let Some(from) = self.from(row).await? else { return Ok(Next::Never) };
        let mut moved = false;
        for contact in self.candidates(LOOK).await? {
            if self.stop.is_cancelled() {
                return Ok(Next::Never);
            }
            let Some(decision) = self.judged(&contact, Taker::Ai).await? else {
                moved = true;
                continue;
            };
            match self.begin(contact, &from, decision, Taker::Ai, Reserve::Nobody).await? {
                Placed::Yes => return Ok(Next::Now),
                Placed::NoLine => return Ok(Next::At(Utc::now() + Duration::seconds(1))),
                Placed::No | Placed::NoAgent => {}
            }
        }
        // Contacts that are due and yet cannot be had are in somebody else's hands: not asked for without a pause.
        Ok(if moved { Next::Now } else { Next::At(Utc::now() + Duration::seconds(1)) })
    }

    /// The caller ID; the queue pauses without one.
    async fn from(&mut self, row: &QueueRow) -> StoreResult<Option<String>> {
        let from = self.dialer.caller_id(&self.campaign, Some(row)).await?;
        if from.is_none() {
            self.say(QueueState::Paused, "the caller ID is gone; choose another and start again", None)
                .await?;
        }
        Ok(from.map(|number| number.number))
    }

    async fn candidates(&self, limit: i64) -> StoreResult<Vec<Contact>> {
        let order = self.campaign.call_settings.list_order;
        self.dialer.0.tools.store.candidates(self.campaign.id, order, Utc::now(), limit).await
    }

    /// What the law says of a contact; one that it forbids to call is held, and `None` given.
    async fn judged(&self, contact: &Contact, taker: Taker) -> StoreResult<Option<gate::Decision>> {
        let decision =
            self.dialer.judge(&self.campaign.call_settings, contact, voice(taker), Utc::now()).await?;
        if decision.is_allowed() {
            return Ok(Some(decision));
        }
        let hold = Change::Hold {
            organization_id: self.campaign.organization_id.clone(),
            campaign_id: self.campaign.id,
            contact_id: contact.id,
            phone: contact.person.phone.as_str().to_owned(),
            decision,
        };
        self.commit(vec![hold]).await?;
        Ok(None)
    }

    async fn begin(
        &self,
        contact: Contact,
        from: &str,
        decision: gate::Decision,
        taker: Taker,
        reserve: Reserve,
    ) -> StoreResult<Placed> {
        let id = contact.id;
        let (campaign, from) = (&self.campaign, from.to_owned());
        let (by_hand, adopted, carried) = (false, None, None);
        let placing =
            Placing { campaign, contact, from, decision, taker, reserve, by_hand, adopted, carried };
        self.begun(id, placing).await
    }

    async fn begun(&self, id: ContactId, placing: Placing<'_>) -> StoreResult<Placed> {
        Ok(match self.dialer.begin(placing).await? {
            Begun::Yes => Placed::Yes,
            Begun::No(Refusal::NumberBusy) => {
                self.dialer.rest_while_busy(id).await?;
                Placed::No
            }
            // Whoever was let down rests for longer; the look after this one need not find them.
            Begun::No(Refusal::LetDown | Refusal::Capped) => {
                self.dialer.put_back(id).await?;
                Placed::No
            }
            // Put on the list, or leased by another server, since we looked: the next look sees it.
            Begun::No(_) => Placed::No,
            Begun::NoAgent(_) => Placed::NoAgent,
            Begun::NoLine => Placed::NoLine,
        })
    }

    async fn commit(&self, changes: Vec<Change>) -> StoreResult<()> {
        match self.dialer.0.tools.journal.commit(changes).await {
            Ok(_) | Err(CommitError::Refused(_)) => Ok(()),
            Err(CommitError::Store(message)) => Err(crate::storage::StoreError::Unavailable(message)),
        }
    }
}

/// What became of a contact that was to be called.
enum Placed {
    Yes,
    No,
    NoAgent,
    NoLine,
}
