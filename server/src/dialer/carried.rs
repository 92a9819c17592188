//! A call that an agent of somebody else's takes, from the dial to what they say of it.

use super::Dialer;
use super::attempt::{Attempt, Result, status};
use super::live::InFlight;
use crate::telephony::carrier::{Booked, Carried, Carrier};
use chrono::Utc;
use dialdeck_protocol::{CallStatus, Outcome};
use std::sync::Arc;
use std::time::Duration;

/// Who carries a call, and for which of their agents.
pub(super) struct CarriedBy {
    pub carrier: Arc<dyn Carrier>,
    pub booked: Booked,
}

/// How the channel ids of such calls begin.
pub(super) const VICIDIAL: &str = "vicidial/";

/// The VICIdial that carries the call on this channel; empty: it is our own.
pub(super) fn vicidial(channel: &str) -> &str {
    channel.strip_prefix(VICIDIAL).and_then(|rest| rest.split('/').next()).unwrap_or_default()
}

impl CarriedBy {
    /// What stands for the channel in the record.
    pub fn channel(&self) -> String {
        format!("{}/{}", self.carrier.name(), self.booked.agent)
    }

    /// Dials, and follows the call to its end.
    pub async fn follow(
        &self,
        dialer: &Dialer,
        attempt: &Attempt,
        in_flight: &InFlight,
        ring: Duration,
    ) -> Result {
        let agent = &self.booked.agent;
        let mut told = self.carrier.dial(agent, &attempt.begun.to, ring, in_flight.end.clone());
        let mut answered = None;
        while let Some(next) = told.recv().await {
            match next {
                Carried::Ringing => status(dialer, attempt, CallStatus::Initiated, "ringing").await,
                Carried::Answered => {
                    answered = Some(Utc::now());
                    dialer.0.live.answered(&attempt.begun.key.call_id);
                    let detail = format!("with {}", self.channel());
                    status(dialer, attempt, CallStatus::InProgress, &detail).await;
                }
                Carried::NotPlaced(why) => return Result::not_placed(&why),
                Carried::Ended { outcome, detail, at } => {
                    return Result { answered, ended: at, ..Result::failed(outcome, detail) };
                }
            }
        }
        Result { answered, ..Result::failed(Outcome::Error, "nothing more was heard of it".into()) }
    }
}
