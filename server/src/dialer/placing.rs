//! Commits an attempt and sets it going: by a queue, or because an agent asked for this very call.

use super::carried::CarriedBy;
use super::live::Wanted;
use super::{Dialer, attempt};
use crate::domain::campaign::{Campaign, PhoneNumber};
use crate::domain::contact::Contact;
use crate::domain::do_not_call;
use crate::domain::gate::{self, Decision, Voice};
use crate::storage::journal::CommitError;
use crate::storage::{BeginAttempt, CallKey, Change, QueueRow, Refusal, StoreError, StoreResult};
use crate::telephony::adoption::Adopted;
use crate::telephony::channel_id;
use chrono::{Duration, Utc};
use dialdeck_protocol::{
    CallId, CampaignStatus, Code, ContactId, ContactStatus, OrganizationId, PartState, Problem, Taker, UserId,
};
use std::sync::{Arc, PoisonError};

/// How long a number rests whose other call is in flight.
const BUSY_ELSEWHERE: Duration = Duration::seconds(60);

/// How long a number rests that an agent skipped.
const SKIPPED: Duration = Duration::minutes(10);

/// Which agent is taken for a number before it is dialled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reserve {
    /// None: an AI caller talks, or who is free when somebody answers.
    Nobody,
    /// Whoever has waited longest.
    Anybody,
    /// The same, of those whose phone is rung for each call.
    PerCall,
    /// This one.
    This(UserId),
}

/// What became of it.
pub(super) enum Begun {
    /// It is under way.
    Yes,
    /// The contact could not be called after all.
    No(Refusal),
    /// There is no agent for it.
    NoAgent(Problem),
    /// As many calls as allowed are in flight.
    NoLine,
}

/// What is to be placed.
pub(super) struct Placing<'a> {
    pub campaign: &'a Campaign,
    pub contact: Contact,
    pub from: String,
    pub decision: Decision,
    pub taker: Taker,
    pub reserve: Reserve,
    pub by_hand: bool,
    /// Where somebody else placed it already.
    pub adopted: Option<Arc<Adopted>>,
    /// Where an agent of somebody else's takes it.
    pub carried: Option<CarriedBy>,
}

impl Dialer {
    /// Commits the attempt and sets it going.
    pub(super) async fn begin(&self, placing: Placing<'_>) -> StoreResult<Begun> {
        let Placing { campaign, contact, from, decision, taker, reserve, by_hand, adopted, carried } =
            placing;
        let call_id = CallId::new();
        let organization = &campaign.organization_id;
        let key = CallKey {
            call_id: call_id.clone(),
            campaign_id: campaign.id,
            organization_id: organization.clone(),
        };
        // Dialled ahead, so that somebody might wait in vain once more.
        let unreserved = taker == Taker::Person && reserve == Reserve::Nobody && carried.is_none();
        let (callee, rules, now) = (contact.callee(), self.rules(), Utc::now());
        let rest = gate::rest_after_abandonment(&callee, &rules, now);
        let seat = match reserve {
            Reserve::Nobody => None,
            _ => match self.0.agents.take(organization, campaign.id, &call_id, contact.id, reserve) {
                Ok(seat) => Some(seat),
                Err(problem) => return Ok(Begun::NoAgent(problem)),
            },
        };
        let attempt = BeginAttempt {
            key,
            contact_id: contact.id,
            name: contact.person.display_name(),
            company: contact.person.company.clone(),
            to: callee.phone.as_str().to_owned(),
            from,
            attempt: contact.attempts + 1,
            channel_id: match &carried {
                Some(carried) => carried.channel(),
                None => channel_id(&call_id),
            },
            owner: self.0.tools.name.clone(),
            decision,
            taker,
            rested_since: (unreserved && !by_hand).then(|| Utc::now() - rest),
            by_hand,
            caps: gate::caps(&callee, &rules, now),
            subject: contact
                .debt(&campaign.call_settings)
                .map(|debt| gate::subject(&callee, &rules, debt, now)),
            at: Utc::now(),
        };
        let wanted = Wanted {
            organization,
            campaign: campaign.id,
            phones: do_not_call::numbers(&contact),
            taker,
            with_agent: seat.is_some() || carried.is_some(),
            is_ours: adopted.is_none() && carried.is_none(),
            most: campaign.call_settings.max_concurrent_calls,
            most_here: self.0.tools.max_calls,
        };
        let Some(in_flight) = self.0.live.take(&call_id, &wanted) else { return Ok(Begun::NoLine) };
        let committed =
            self.0.tools.journal.commit(vec![Change::BeginAttempt(Box::new(attempt.clone()))]).await;
        let work =
            attempt::Attempt { begun: attempt, contact, campaign: campaign.clone(), taker, adopted, carried };
        let dialer = self.clone();
        match committed {
            Ok(_) => {
                self.0.tasks.spawn(async move {
                    attempt::run(&dialer, work, in_flight, seat).await;
                    dialer.nudge_all();
                });
                Ok(Begun::Yes)
            }
            Err(CommitError::Refused(refusal)) => Ok(Begun::No(refusal)),
            Err(CommitError::Store(message)) => {
                self.0.tasks.spawn(async move {
                    attempt::abandon(&dialer, &work).await;
                    drop(in_flight);
                });
                Err(StoreError::Unavailable(message))
            }
        }
    }

    /// Lets a contact rest whose number is in another call.
    pub(super) async fn rest(&self, contact: ContactId, by: Duration) -> StoreResult<()> {
        let change = Change::Postpone { contact_id: contact, until: Utc::now() + by };
        match self.0.tools.journal.commit(vec![change]).await {
            Ok(_) | Err(CommitError::Refused(_)) => Ok(()),
            Err(CommitError::Store(message)) => Err(StoreError::Unavailable(message)),
        }
    }

    /// The same for as long as calls last.
    pub(super) async fn rest_while_busy(&self, contact: ContactId) -> StoreResult<()> {
        self.rest(contact, BUSY_ELSEWHERE).await
    }

    /// Takes back what is offered to an agent, who does not want to call it now.
    ///
    /// # Errors
    /// When nothing is offered, or the store is not available.
    pub async fn skip(&self, organization: &OrganizationId, user: UserId) -> Result<(), Problem> {
        // Nothing is offered before it rests: whoever looked for the next number would find this one.
        let _staffing = self.0.staffing.lock().await;
        let contact = self.0.agents.skip(organization, user).await?;
        Ok(self.put_back(contact).await?)
    }

    /// Lets a contact rest that is not to be called now.
    pub(super) async fn put_back(&self, contact: ContactId) -> StoreResult<()> {
        self.rest(contact, SKIPPED).await
    }

    /// The caller ID of a campaign: the one chosen at the queue's start, or its own.
    pub(super) async fn caller_id(
        &self,
        campaign: &Campaign,
        queue: Option<&QueueRow>,
    ) -> StoreResult<Option<PhoneNumber>> {
        match queue.and_then(|row| row.phone_number_id).or(campaign.phone_number_id) {
            Some(id) => self.0.tools.store.phone_number(&campaign.organization_id, id).await,
            None => Ok(None),
        }
    }

    /// Calls a contact for one agent, because they asked for it: the offered one, one of a callback, or any other.
    ///
    /// # Errors
    /// When a rule of law forbids it, the agent has a call already, or it cannot be placed now.
    pub async fn dial_for(
        &self,
        organization: &OrganizationId,
        user: UserId,
        contact: ContactId,
    ) -> Result<Contact, Problem> {
        let tools = &self.0.tools;
        let conflict = |message: String| Problem::new(Code::Conflict, message);
        if !self.has_recovered() || self.0.closing.is_cancelled() {
            return Err(Problem::new(Code::Unavailable, "the server is starting or stopping; try again"));
        }
        let condition = tools.telephony.condition().borrow().clone();
        if condition.state != PartState::Up {
            return Err(Problem::new(Code::Unavailable, condition.message));
        }
        if let Some(why) = self.0.halted.lock().unwrap_or_else(PoisonError::into_inner).clone() {
            return Err(conflict(why));
        }
        let missing = || Problem::not_found(format!("contact {contact}"));
        let contact = tools.store.contact(organization, contact).await?.ok_or_else(missing)?;
        let campaign = tools.store.campaign(organization, contact.campaign_id).await?.ok_or_else(missing)?;
        if !matches!(campaign.status, CampaignStatus::Draft | CampaignStatus::Active) {
            return Err(conflict(format!("the campaign is {}; nobody is called in it", campaign.status)));
        }
        if contact.status == ContactStatus::Pending {
            return Err(conflict("a call to this contact is under way".into()));
        }
        let queue = tools.store.queue(campaign.id).await?;
        let from = self
            .caller_id(&campaign, queue.as_ref())
            .await?
            .ok_or_else(|| conflict("the campaign has no caller ID; set one first".into()))?;
        let decision = self.judge(&campaign.call_settings, &contact, Voice::Person, Utc::now()).await?;
        if !decision.is_allowed() {
            return Err(conflict(decision.reason));
        }
        let placing = Placing {
            campaign: &campaign,
            contact: contact.clone(),
            from: from.number,
            decision,
            taker: Taker::Person,
            reserve: Reserve::This(user),
            by_hand: true,
            adopted: None,
            carried: None,
        };
        match self.begin(placing).await? {
            Begun::Yes => Ok(contact),
            Begun::No(refusal) => Err(refusal.into()),
            Begun::NoAgent(problem) => Err(problem),
            Begun::NoLine => Err(conflict("as many calls as allowed are in flight; try again".into())),
        }
    }
}
