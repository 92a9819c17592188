//! Decides whom to call and when, and does it.
//!
//! [`pace`] is the pure core: facts and `now` in, one step out. [`queue`] drives one campaign with it, [`attempt`]
//! carries one call from its commit to its settlement, [`recovery`] settles what a crash left behind.

mod adoption;
pub mod agents;
mod ai_caller;
mod attempt;
mod carried;
pub mod disposition;
mod live;
mod monitors;
mod outside;
pub mod pace;
pub mod pacers;
pub mod pacing;
mod people;
mod placing;
mod queue;
mod recovery;
mod scribe;
mod settlement;
mod taker;
mod target;
mod transfers;

use crate::domain::caller::{Permit, RunQueue, SteerCalls};
use crate::domain::campaign::Campaign;
use crate::domain::contact::{Contact, NewContact};
use crate::domain::cost::Rates;
use crate::domain::debt::Debt;
use crate::domain::do_not_call::{self, List, Listing};
use crate::domain::gate::{self, Decision, Hours, Question};
use crate::domain::law::Rules;
use crate::lawbook::Lawbook;
use crate::recordings::Recordings;
use crate::storage::change::QueueStart;
use crate::storage::{Change, Journal, Store, StoreResult};
use crate::telephony::Telephony;
use crate::telephony::carrier::Carriers;
use crate::voice::cast::Cast;
use crate::voice::conversation::Providers;
use agents::Agents;
use chrono::{DateTime, Utc};
use dialdeck_protocol::figures::Latency;
use dialdeck_protocol::{
    CallId, CallSettings, CampaignId, CampaignStatus, Code, OrganizationId, PhoneNumberId, Problem,
    QueueState, Scrub,
};
use live::LiveCalls;
use monitors::Monitors;
use pacers::Pacers;
use scribe::Ledgers;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Least time between two looks of the queues because of agents.
const REST: Duration = Duration::from_millis(50);

/// What the dialer works with.
pub struct Tools {
    /// The record.
    pub store: Arc<dyn Store>,
    /// Through which every change goes.
    pub journal: Journal,
    /// By which calls are placed.
    pub telephony: Arc<dyn Telephony>,
    /// What conversations in words are held with.
    pub words: Providers,
    /// What conversations in sound are held with; the error says why there is no voice.
    pub sound: Result<Providers, String>,
    /// This server's name: it alone settles the calls that it placed.
    pub name: String,
    /// Calls in flight at once, all campaigns together.
    pub max_calls: u32,
    /// What calls cost.
    pub rates: Rates,
    /// Hours of the operator's own, within those of the law.
    pub hours: Hours,
    /// The law.
    pub law: Lawbook,
    /// Whether calls carry words: then no voice is needed.
    pub in_words: bool,
    /// All who hear, speak and converse.
    pub cast: Arc<Cast>,
    /// Those whose agents may take a campaign's calls.
    pub carriers: Carriers,
    /// Where calls are recorded; none: they are not.
    pub recordings: Option<Recordings>,
}

/// Who is to be called, by whom, and about what.
struct Asked<'a> {
    organization: &'a OrganizationId,
    campaign: Option<CampaignId>,
    person: &'a NewContact,
    /// All numbers of the person.
    numbers: &'a [String],
    voice: gate::Voice,
    scrub: Option<&'a Scrub>,
    debt: Option<&'a str>,
}

/// A running queue's strings.
#[derive(Clone)]
struct Handle {
    nudge: Arc<Notify>,
    stop: CancellationToken,
    /// Cancelled when its driver is gone.
    gone: CancellationToken,
}

/// The dialer. Cheap to clone.
#[derive(Clone)]
pub struct Dialer(Arc<Inner>);

struct Inner {
    tools: Tools,
    queues: Mutex<HashMap<CampaignId, Handle>>,
    live: LiveCalls,
    ledgers: Ledgers,
    agents: Agents,
    pacers: Pacers,
    monitors: Monitors,
    tasks: TaskTracker,
    /// Becomes true once what a crash left behind is settled; nothing is dialled before.
    recovered: watch::Sender<bool>,
    /// Held by who starts or stops a queue: of two, one comes after the other.
    steering: tokio::sync::Mutex<()>,
    /// Held while agents are counted and lines are placed for them: two campaigns that share agents do not both count on
    /// the same.
    staffing: tokio::sync::Mutex<()>,
    /// Why no more calls may be placed until a person has looked.
    halted: Mutex<Option<String>>,
    closing: CancellationToken,
}

impl Dialer {
    /// Starts: first settles what a crash left behind, then goes on with the queues that were running.
    pub fn start(tools: Tools) -> Self {
        let (closing, pacers) = (CancellationToken::new(), Pacers::default());
        let (agents, ended) = Agents::start(
            tools.store.clone(),
            tools.journal.clone(),
            tools.telephony.clone(),
            pacers.clone(),
            tools.name.clone(),
            closing.clone(),
        );
        let dialer = Self(Arc::new(Inner {
            tools,
            agents,
            pacers,
            monitors: Monitors::default(),
            queues: Mutex::default(),
            live: LiveCalls::default(),
            ledgers: Ledgers::default(),
            tasks: TaskTracker::new(),
            recovered: watch::Sender::new(false),
            steering: tokio::sync::Mutex::new(()),
            staffing: tokio::sync::Mutex::new(()),
            halted: Mutex::default(),
            closing,
        }));
        dialer.0.tasks.spawn(recovery::run(dialer.clone()));
        tokio::spawn(disposition::set_defaults(dialer.clone(), ended));
        tokio::spawn(follow_agents(dialer.clone()));
        dialer
    }

    /// Calls in flight.
    pub fn in_flight(&self) -> usize {
        self.0.live.count()
    }

    /// By which calls are placed.
    pub fn telephony(&self) -> &Arc<dyn Telephony> {
        &self.0.tools.telephony
    }

    /// The agents who are logged in here.
    pub fn agents(&self) -> &Agents {
        &self.0.agents
    }

    /// The rules of law in force.
    pub fn rules(&self) -> Arc<Rules> {
        self.0.tools.law.rules()
    }

    /// What the law, its lists and the calls of late say of a contact at a moment.
    ///
    /// # Errors
    /// When the store is not available.
    pub async fn judge(
        &self,
        settings: &CallSettings,
        contact: &Contact,
        voice: gate::Voice,
        now: DateTime<Utc>,
    ) -> StoreResult<Decision> {
        if let Some(reason) = taker::left_out(settings, contact) {
            return Ok(Decision::left_out(reason, now));
        }
        let callee = contact.callee();
        let (numbers, debt) = (do_not_call::numbers(contact), contact.debt(settings));
        let asked = Asked {
            organization: &contact.organization_id,
            campaign: Some(contact.campaign_id),
            person: &callee,
            numbers: &numbers,
            voice,
            scrub: settings.scrub.as_ref(),
            debt: debt.as_deref(),
        };
        self.ask(asked, now).await
    }

    /// May this person be called now, whoever's list they are on?
    ///
    /// # Errors
    /// When the record cannot be asked.
    pub async fn judge_person(
        &self,
        organization: &OrganizationId,
        person: &NewContact,
        voice: gate::Voice,
        now: DateTime<Utc>,
    ) -> StoreResult<Decision> {
        let numbers = [person.phone.as_str().to_owned()];
        let asked =
            Asked { organization, campaign: None, person, numbers: &numbers, voice, scrub: None, debt: None };
        self.ask(asked, now).await
    }

    async fn ask(&self, asked: Asked<'_>, now: DateTime<Utc>) -> StoreResult<Decision> {
        let Asked { organization, campaign, person, numbers, voice, scrub, debt } = asked;
        let (tools, rules, phone) = (&self.0.tools, self.rules(), person.phone.as_str());
        let listed = tools.store.listed(organization, campaign, numbers, now).await?;
        let recent = match gate::caps(person, &rules, now).iter().map(|(since, _)| *since).min() {
            Some(since) => tools.store.calls_since(organization, phone, since).await?,
            None => Vec::new(),
        };
        let about = match debt {
            Some(name) => {
                let subject = gate::subject(person, &rules, name.to_owned(), now);
                let oldest = subject.caps.iter().map(|(since, _)| *since).chain(subject.quiet_since).min();
                match oldest {
                    Some(since) => tools.store.calls_about(organization, name, since).await?,
                    None => Vec::new(),
                }
            }
            None => Vec::new(),
        };
        let question = Question {
            person,
            voice,
            listed,
            debt: debt.map(|name| Debt { name, calls: &about }),
            hours: tools.hours,
            rules: &rules,
            scrub,
            recent: &recent,
        };
        Ok(gate::judge(question, now))
    }

    /// Ends a call that is in flight here.
    pub fn end(&self, call: &CallId) {
        self.0.live.end(call);
    }

    /// Whether what a crash left behind is settled.
    pub fn has_recovered(&self) -> bool {
        *self.0.recovered.borrow()
    }

    /// Starts a campaign's queue.
    ///
    /// # Errors
    /// When it runs already, the campaign may not be dialled, or it has no caller ID.
    pub async fn start_queue(
        &self,
        permit: &Permit<RunQueue>,
        campaign_id: CampaignId,
        phone_number_id: Option<PhoneNumberId>,
        review_after: Option<u32>,
    ) -> Result<Campaign, Problem> {
        let store = &self.0.tools.store;
        let campaign = store
            .campaign(permit.organization(), campaign_id)
            .await?
            .ok_or_else(|| Problem::not_found(format!("campaign {campaign_id}")))?;
        if matches!(campaign.status, CampaignStatus::Completed | CampaignStatus::Archived) {
            return Err(Problem::new(
                Code::Conflict,
                format!("the campaign is {}; set its status to active first", campaign.status),
            ));
        }
        let number = phone_number_id.or(campaign.phone_number_id).ok_or_else(|| {
            Problem::field("phoneNumberId", "no caller ID: give phoneNumberId, or set the campaign's default")
        })?;
        if store.phone_number(permit.organization(), number).await?.is_none() {
            return Err(Problem::field("phoneNumberId", format!("caller ID {number} was not found")));
        }
        let review_after = review_after.or(campaign.call_settings.review_after);
        if review_after == Some(0) {
            return Err(Problem::field("reviewAfter", "reviewAfter is 0; use 1 or more, or leave it out"));
        }
        let review_after = review_after.and_then(|n| i32::try_from(n).ok());
        let _steering = self.0.steering.lock().await;
        // The handle is taken before anything is written: of two who start at once, one is told.
        let handle = self.take_handle(campaign_id).ok_or_else(|| {
            Problem::new(Code::Conflict, format!("the queue of {:?} is running already", campaign.name))
        })?;
        let change = Change::Queue {
            organization_id: campaign.organization_id.clone(),
            campaign_id,
            state: QueueState::Running,
            reason: String::new(),
            next_call_at: Some(Utc::now()),
            start: Some(QueueStart { phone_number_id: Some(number), review_after }),
            at: Utc::now(),
        };
        if let Err(error) = self.0.tools.journal.commit(vec![change]).await {
            self.drop_handle(campaign_id, &handle);
            return Err(error.into());
        }
        *self.0.halted.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.drive(campaign.clone(), handle);
        Ok(campaign)
    }

    /// Stops a campaign's queue; calls in flight go on.
    ///
    /// # Errors
    /// When the campaign is not there.
    pub async fn stop_queue(
        &self,
        permit: &Permit<RunQueue>,
        campaign_id: CampaignId,
    ) -> Result<Campaign, Problem> {
        let campaign = self
            .0
            .tools
            .store
            .campaign(permit.organization(), campaign_id)
            .await?
            .ok_or_else(|| Problem::not_found(format!("campaign {campaign_id}")))?;
        let _steering = self.0.steering.lock().await;
        let running = self.0.queues.lock().unwrap_or_else(PoisonError::into_inner).remove(&campaign_id);
        if let Some(queue) = running {
            queue.stop.cancel();
            // Its last word must not come after ours.
            queue.gone.cancelled().await;
        }
        let change = Change::Queue {
            organization_id: campaign.organization_id.clone(),
            campaign_id,
            state: QueueState::Stopped,
            reason: format!("stopped by {}", permit.caller().name),
            next_call_at: None,
            start: None,
            at: Utc::now(),
        };
        self.0.tools.journal.commit(vec![change]).await?;
        Ok(campaign)
    }

    /// Hangs up a call of the caller's organization.
    ///
    /// # Errors
    /// When there is no such call in flight on this server.
    pub async fn hang_up(&self, permit: &Permit<SteerCalls>, call: &CallId) -> Result<(), Problem> {
        let known = self.0.tools.store.call(permit.organization(), call).await?;
        let call_row = known.ok_or_else(|| Problem::not_found(format!("call {call}")))?;
        if call_row.row.status.is_final() || !self.0.live.end(call) {
            return Err(Problem::new(Code::Conflict, "the call is over already"));
        }
        Ok(())
    }

    /// Somebody picked up and heard nothing: all queues pause until a person has looked and starts them again.
    fn halt(&self, why: &str) {
        let reason = format!("{why}; mend it, then start again");
        *self.0.halted.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason);
        self.nudge_all();
    }

    /// How fast a campaign's AI callers answered of late.
    pub fn latency(&self, campaign: CampaignId) -> Option<Latency> {
        self.0.ledgers.latency(campaign)
    }

    /// Ends the calls in flight to a number that went on a list.
    pub fn end_listed(&self, listing: &Listing) {
        let (organization, campaign) = match listing.list {
            List::Campaign(campaign) => (Some(&listing.organization_id), Some(campaign)),
            List::Organization => (Some(&listing.organization_id), None),
            List::Everywhere => (None, None),
        };
        self.0.live.end_number(organization, campaign, &listing.phone);
    }

    /// Something changed that a campaign's queue may wait for: new contacts, new settings.
    pub fn nudge(&self, campaign: CampaignId) {
        if let Some(queue) = self.0.queues.lock().unwrap_or_else(PoisonError::into_inner).get(&campaign) {
            queue.nudge.notify_one();
        }
    }

    fn nudge_all(&self) {
        for queue in self.0.queues.lock().unwrap_or_else(PoisonError::into_inner).values() {
            queue.nudge.notify_one();
        }
    }

    fn take_handle(&self, campaign: CampaignId) -> Option<Handle> {
        let mut queues = self.0.queues.lock().unwrap_or_else(PoisonError::into_inner);
        if queues.contains_key(&campaign) || self.0.closing.is_cancelled() {
            return None;
        }
        let handle = Handle {
            nudge: Arc::new(Notify::new()),
            stop: self.0.closing.child_token(),
            gone: CancellationToken::new(),
        };
        queues.insert(campaign, handle.clone());
        Some(handle)
    }

    /// Gives a handle back; a newer one of the same campaign stays.
    fn drop_handle(&self, campaign: CampaignId, handle: &Handle) {
        handle.stop.cancel();
        handle.gone.cancel();
        let mut queues = self.0.queues.lock().unwrap_or_else(PoisonError::into_inner);
        if queues.get(&campaign).is_some_and(|queue| queue.gone.is_cancelled()) {
            queues.remove(&campaign);
        }
    }

    fn drive(&self, campaign: Campaign, handle: Handle) {
        let driving = Driving { dialer: self.clone(), campaign: campaign.id, handle };
        self.0.tasks.spawn(async move {
            queue::run(driving.dialer.clone(), campaign, &driving.handle).await;
        });
    }

    /// Places no more calls, lets those in flight finish for `grace`, then ends them cleanly. The queues stay marked
    /// as running: they go on at the next start.
    pub async fn close(&self, grace: Duration) {
        self.0.closing.cancel();
        self.0.tasks.close();
        self.finish(grace).await;
        self.0.agents.close();
    }

    async fn finish(&self, grace: Duration) {
        if tokio::time::timeout(grace, self.0.tasks.wait()).await.is_err() {
            tracing::info!(calls = self.in_flight(), "ending the calls that are still in flight");
            self.0.live.end_all();
            if tokio::time::timeout(Duration::from_secs(20), self.0.tasks.wait()).await.is_err() {
                tracing::warn!(
                    calls = self.in_flight(),
                    "calls did not end; they are settled at the next start"
                );
            }
        }
    }
}

/// Lets queues look again when agents do something else than before; not more often than calls can be placed.
async fn follow_agents(dialer: Dialer) {
    while !dialer.0.closing.is_cancelled() {
        tokio::select! {
            () = dialer.0.agents.changed() => dialer.nudge_all(),
            () = dialer.0.closing.cancelled() => return,
        }
        tokio::time::sleep(REST).await;
    }
}

/// Gives a queue's handle back however its driver ends.
struct Driving {
    dialer: Dialer,
    campaign: CampaignId,
    handle: Handle,
}

impl Drop for Driving {
    fn drop(&mut self) {
        self.dialer.drop_handle(self.campaign, &self.handle);
    }
}
