//! Calls that somebody else placed and an AI caller answers: the same law, record and settlement as for our own.

use super::Dialer;
use super::placing::{Begun, Placing, Reserve};
use crate::domain::campaign::Campaign;
use crate::domain::contact::Contact;
use crate::domain::gate::Voice;
use crate::storage::{Refusal, StoreError};
use crate::telephony::adoption::Adopted;
use chrono::Utc;
use dialdeck_protocol::{CampaignStatus, Code, Problem, QueueState, Taker};
use std::sync::{Arc, PoisonError};

/// Why an AI caller does not talk on a call.
#[derive(Debug)]
pub struct NotTaken {
    /// In words.
    pub problem: Problem,
    /// Whether it is because the number is never to be called.
    pub do_not_call: bool,
}

impl From<Problem> for NotTaken {
    fn from(problem: Problem) -> Self {
        Self { problem, do_not_call: false }
    }
}

impl From<StoreError> for NotTaken {
    fn from(error: StoreError) -> Self {
        Problem::from(error).into()
    }
}

fn conflict(message: String) -> Problem {
    Problem::new(Code::Conflict, message)
}

impl Dialer {
    /// Whether a campaign takes calls in that somebody else placed.
    ///
    /// # Errors
    /// Why not.
    pub async fn takes_in(&self, campaign: &Campaign) -> Result<(), Problem> {
        if !self.has_recovered() || self.0.closing.is_cancelled() {
            return Err(Problem::new(Code::Unavailable, "the server is starting or stopping"));
        }
        if !matches!(campaign.status, CampaignStatus::Draft | CampaignStatus::Active) {
            return Err(conflict(format!("the campaign is {}; nobody is talked to in it", campaign.status)));
        }
        if let Some(why) = self.0.halted.lock().unwrap_or_else(PoisonError::into_inner).clone() {
            return Err(conflict(why));
        }
        // Whoever placed this call dials these people. Two who dial the same list call somebody twice.
        let queue = self.0.tools.store.queue(campaign.id).await?;
        if queue.is_some_and(|queue| matches!(queue.state, QueueState::Running | QueueState::Waiting)) {
            let message =
                "the campaign dials by itself; stop its queue, or choose another for calls that come in";
            return Err(conflict(message.into()));
        }
        Ok(())
    }

    /// Lets an AI caller of `campaign` talk on a call that came in from whoever placed it.
    ///
    /// # Errors
    /// When a rule of law forbids it, the number is in another call of ours, or there is no line for it. The call is the
    /// caller's to end then.
    pub async fn take_in(
        &self,
        campaign: &Campaign,
        contact: Contact,
        adopted: Arc<Adopted>,
    ) -> Result<(), NotTaken> {
        self.takes_in(campaign).await?;
        let decision = self.judge(&campaign.call_settings, &contact, Voice::Artificial, Utc::now()).await?;
        if !decision.is_allowed() {
            let problem = conflict(format!("{}: {}", decision.rule, decision.reason));
            return Err(NotTaken { problem, do_not_call: decision.rule == "do_not_call" });
        }
        let from = self.caller_id(campaign, None).await?.map(|number| number.number).unwrap_or_default();
        let placing = Placing {
            campaign,
            contact,
            from,
            decision,
            taker: Taker::Ai,
            reserve: Reserve::Nobody,
            by_hand: true,
            adopted: Some(adopted),
            carried: None,
        };
        match self.begin(placing).await? {
            Begun::Yes => Ok(()),
            Begun::No(refusal) => {
                let do_not_call = refusal == Refusal::DoNotCall;
                Err(NotTaken { problem: refusal.into(), do_not_call })
            }
            Begun::NoAgent(problem) => Err(problem.into()),
            Begun::NoLine => Err(conflict("as many calls as allowed are in flight".into()).into()),
        }
    }
}
