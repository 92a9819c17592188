//! Drives one campaign: facts, step, act, until stopped or done.

use super::pace::{Facts, Step, step};
use super::{Dialer, Handle, attempt};
use crate::domain::campaign::Campaign;
use crate::domain::contact::Contact;
use crate::domain::gate;
use crate::storage::journal::CommitError;
use crate::storage::{BeginAttempt, CallKey, Change, QueueRow, Refusal, StoreResult};
use crate::telephony::channel_id;
use chrono::{DateTime, Duration, Utc};
use dialdeck_protocol::{CallId, CampaignStatus, PartState, QueueState};
use std::sync::PoisonError;
use tokio_util::sync::CancellationToken;

/// Contacts that are looked at in one go.
const LOOK: i64 = 32;
/// Wait after a failure of the store, and the longest wait in any case: a contact may have been freed by hand.
const AGAIN: std::time::Duration = std::time::Duration::from_secs(5);
const LONGEST: std::time::Duration = std::time::Duration::from_mins(1);
/// How long a number rests whose other call is in flight.
const BUSY_ELSEWHERE: Duration = Duration::seconds(60);

pub(super) async fn run(dialer: Dialer, campaign: Campaign, handle: &Handle) {
    let (nudge, stop) = (&handle.nudge, &handle.stop);
    let mut recovered = dialer.0.recovered.subscribe();
    let mut condition = dialer.0.tools.telephony.condition();
    tokio::select! {
        _ = recovered.wait_for(|done| *done) => {}
        () = stop.cancelled() => return,
    }
    let mut driver = Driver { dialer, campaign, stop: stop.clone(), said: None };
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
        let no_voice = if tools.in_words { None } else { tools.sound.as_ref().err().cloned() };
        let hindrance = if condition.state == PartState::Up { no_voice } else { Some(condition.message) };
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
            interval: Duration::milliseconds(i64::from(settings.call_interval_ms)),
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

    /// Looks at the contacts that are due until one may be called.
    async fn place(&mut self, row: &QueueRow) -> StoreResult<Next> {
        let tools = &self.dialer.0.tools;
        let organization = self.campaign.organization_id.clone();
        let now = Utc::now();
        let from = match row.phone_number_id.or(self.campaign.phone_number_id) {
            Some(id) => tools.store.phone_number(&organization, id).await?,
            None => None,
        };
        let Some(from) = from else {
            self.say(QueueState::Paused, "the caller ID is gone; choose another and start again", None)
                .await?;
            return Ok(Next::Never);
        };
        let mut moved = false;
        let order = self.campaign.call_settings.list_order;
        for contact in tools.store.candidates(self.campaign.id, order, now, LOOK).await? {
            if self.stop.is_cancelled() {
                return Ok(Next::Never);
            }
            let phone = contact.person.phone.as_str().to_owned();
            let decision = self.dialer.judge(&contact, Utc::now()).await?;
            if !decision.is_allowed() {
                let hold = Change::Hold {
                    organization_id: organization.clone(),
                    campaign_id: self.campaign.id,
                    contact_id: contact.id,
                    phone,
                    decision,
                };
                self.commit(vec![hold]).await?;
                moved = true;
                continue;
            }
            if self.begin(contact, from.number.clone(), decision).await? {
                return Ok(Next::Now);
            }
        }
        // Contacts that are due and yet cannot be had are in somebody else's hands: not asked for without a pause.
        Ok(if moved { Next::Now } else { Next::At(Utc::now() + Duration::seconds(1)) })
    }

    /// Commits the attempt and sets it going; false when the contact could not be called after all.
    async fn begin(&self, contact: Contact, from: String, decision: gate::Decision) -> StoreResult<bool> {
        let dialer = &self.dialer;
        let call_id = CallId::new();
        let key = CallKey {
            call_id: call_id.clone(),
            campaign_id: self.campaign.id,
            organization_id: self.campaign.organization_id.clone(),
        };
        let attempt = BeginAttempt {
            key: key.clone(),
            contact_id: contact.id,
            name: contact.person.display_name(),
            company: contact.person.company.clone(),
            to: contact.person.phone.as_str().to_owned(),
            from,
            attempt: contact.attempts + 1,
            channel_id: channel_id(&call_id),
            owner: dialer.0.tools.name.clone(),
            decision,
            caps: gate::caps(&contact.person, &dialer.rules(), Utc::now()),
            at: Utc::now(),
        };
        let in_flight =
            dialer.0.live.add(&call_id, &self.campaign.organization_id, self.campaign.id, &attempt.to);
        match dialer.0.tools.journal.commit(vec![Change::BeginAttempt(Box::new(attempt.clone()))]).await {
            Ok(_) => {}
            Err(CommitError::Refused(Refusal::NumberBusy)) => {
                let until = Utc::now() + BUSY_ELSEWHERE;
                self.commit(vec![Change::Postpone { contact_id: contact.id, until }]).await?;
                return Ok(false);
            }
            // Put on the list, or leased by another server, since we looked: the next look sees it.
            Err(CommitError::Refused(_)) => return Ok(false),
            Err(CommitError::Store(message)) => {
                let work = attempt::Attempt { begun: attempt, contact, campaign: self.campaign.clone() };
                let dialer = dialer.clone();
                self.dialer.0.tasks.spawn(async move {
                    attempt::abandon(&dialer, &work).await;
                    drop(in_flight);
                });
                return Err(crate::storage::StoreError::Unavailable(message));
            }
        }
        let work = attempt::Attempt { begun: attempt, contact, campaign: self.campaign.clone() };
        let dialer = dialer.clone();
        self.dialer.0.tasks.spawn(async move {
            attempt::run(&dialer, work, in_flight).await;
            dialer.nudge_all();
        });
        Ok(true)
    }

    async fn commit(&self, changes: Vec<Change>) -> StoreResult<()> {
        match self.dialer.0.tools.journal.commit(changes).await {
            Ok(_) | Err(CommitError::Refused(_)) => Ok(()),
            Err(CommitError::Store(message)) => Err(crate::storage::StoreError::Unavailable(message)),
        }
    }
}
