//! A person who answered, and whoever they are put through to: somebody is looked for, asked where that is wished, and joined with
//! them, until the call is over.

mod parting;
mod talk;

use super::attempt::{Attempt, Result, status};
use super::live::InFlight;
use super::outside::Outside;
use super::target::{Brought, Target};
use super::transfers::consulted;
use super::{Dialer, pacing::Seen};
use crate::telephony::{LegId, Progress};
use crate::voice::conversation::Report;
use crate::voice::hold::{Held, Meanwhile, hold};
use crate::voice::media::Media;
use chrono::Utc;
use dialdeck_protocol::{CallStatus, People};
use std::sync::OnceLock;
use std::time::Duration;
use talk::Talked;
use tokio::sync::mpsc::UnboundedReceiver;

/// How long somebody waits for another agent whose agent's phone has vanished.
const ANOTHER: Duration = Duration::from_secs(10);
/// How long somebody waits whom an AI caller hands over.
const HANDED: Duration = Duration::from_secs(20);
/// The same where a phone elsewhere is rung.
const ELSEWHERE: Duration = Duration::from_secs(35);

/// Why a person is put through.
pub(super) enum Why {
    /// They answered a call that is for agents.
    Answered,
    /// An AI caller hands them over, with what it found out.
    HandedOver(Box<Report>),
}

/// A call that is being put through.
pub(super) struct Serving<'a> {
    dialer: &'a Dialer,
    attempt: &'a Attempt,
    people: People,
    in_flight: &'a InFlight,
    why: Why,
    /// When the person picked up.
    answered: chrono::DateTime<Utc>,
    /// Whether the call stands in the ledger already, and whether as an abandoned one.
    counted: OnceLock<bool>,
    /// Set once they have talked to somebody whom they were put through to.
    talked: OnceLock<()>,
}

/// What came of looking for somebody.
enum Found {
    Somebody(Brought),
    Nobody,
    HungUp,
    Ended,
    /// They asked by key never to be called again.
    Refused,
}

/// What came of asking somebody whether they take the person.
enum Accepted {
    Yes(LegId),
    No(String),
    /// Somebody else takes the call over meanwhile.
    TakenOver(Brought),
}

impl<'a> Serving<'a> {
    /// A person who picked up at `answered`, to be put through.
    pub(super) fn new(
        dialer: &'a Dialer,
        attempt: &'a Attempt,
        in_flight: &'a InFlight,
        why: Why,
        answered: chrono::DateTime<Utc>,
    ) -> Self {
        let people = attempt.campaign.call_settings.people.clone().unwrap_or_default();
        let (counted, talked) = (OnceLock::new(), OnceLock::new());
        Self { dialer, attempt, people, in_flight, why, answered, counted, talked }
    }

    /// Puts the person through, and stays until the call is over. `brought`: whoever has been taken for them already.
    pub(super) async fn run(
        self,
        mut progress: UnboundedReceiver<Progress>,
        mut media: Media,
        brought: Option<Brought>,
    ) -> Result {
        let mut patience = match self.why {
            Why::Answered => Duration::from_secs_f64(self.people.patience_seconds),
            Why::HandedOver(_) => HANDED,
        };
        let (mut next, mut noted) = (brought, false);
        loop {
            // Somebody whose phone has gone since they were taken is nobody: the person is with us still.
            let brought = next.take().filter(|brought| !brought.target.phone_gone().is_cancelled());
            // Whoever was brought from elsewhere has been asked there.
            let asked = brought.is_some();
            let found = match brought {
                Some(brought) => Found::Somebody(brought),
                None if std::mem::replace(&mut noted, true) => self.look_for(&mut media, patience).await,
                None => {
                    // That they answered is written down while an agent is looked for.
                    let answer = status(self.dialer, self.attempt, CallStatus::InProgress, "");
                    tokio::join!(self.look_for(&mut media, patience), answer).0
                }
            };
            let mut brought = match found {
                Found::Somebody(brought) => brought,
                Found::Ended => return self.let_go(progress).await,
                Found::HungUp => return self.let_down(progress, None).await,
                Found::Refused => return self.obey(progress, media).await,
                Found::Nobody => return self.let_down(progress, Some(media)).await,
            };
            let leg = match self.accepted(&mut media, &mut brought.target, asked).await {
                Held::HungUp => {
                    drop(brought);
                    return self.let_down(progress, None).await;
                }
                Held::Refused => {
                    drop(brought);
                    return self.obey(progress, media).await;
                }
                Held::Found(Accepted::TakenOver(other)) => {
                    next = Some(other);
                    continue;
                }
                Held::Found(Accepted::Yes(leg)) => leg,
                Held::Found(Accepted::No(_)) if self.in_flight.end.is_cancelled() => {
                    drop((brought, media));
                    return self.let_go(progress).await;
                }
                Held::Found(Accepted::No(why)) => {
                    self.not_put_through(&why);
                    drop(brought);
                    return self.let_down(progress, Some(media)).await;
                }
            };
            let call = &self.attempt.begun.key.call_id;
            if let Err(error) = self.dialer.0.tools.telephony.join(call, leg, media).await {
                self.not_put_through(&error.to_string());
                // They may be anywhere between us and whoever takes them: back to us, or hung up.
                let back = self.take_back(&mut progress).await;
                drop(brought);
                return self.let_down(progress, back).await;
            }
            noted = true;
            let mut target = brought.target;
            self.connect(&mut target, leg);
            if let Some(told) = brought.told {
                let _ = told.send(());
            }
            let other = match self.talk(&mut progress, &target).await {
                Talked::Over(result) => return result,
                Talked::Vanished => None,
                Talked::TakenOver(other) => Some(other),
            };
            // The person is taken back: for whoever takes over, or, the agent's phone having vanished, for another agent.
            let back = self.take_back(&mut progress).await;
            if other.is_some() {
                // Free only now that the person is out of their room: the next one must not meet this one.
                target.over(true);
            }
            let Some(back) = back else {
                return self.done("the person could not be taken back to be put through again".into());
            };
            (next, media, patience) = (other, back, ANOTHER);
        }
    }

    fn not_put_through(&self, why: &str) {
        let call = &self.attempt.begun.key.call_id;
        tracing::warn!(%call, why, "a person could not be put through");
    }

    async fn look_for(&self, media: &mut Media, patience: Duration) -> Found {
        let key = &self.attempt.begun.key;
        let elsewhere = self.elsewhere();
        let found = async {
            if let Some(extension) = elsewhere {
                let rung = Outside::ring(self.dialer, extension).await;
                return rung
                    .inspect_err(|why| tracing::warn!(call = %key.call_id, why, "nobody takes a transfer"))
                    .map(Target::Outside)
                    .ok();
            }
            let agents = &self.dialer.0.agents;
            let found =
                agents.wait_for(&key.organization_id, key.campaign_id, &key.call_id, self.attempt.contact.id);
            found.await.ok().map(Target::Agent)
        };
        // A phone elsewhere has its own time to ring.
        let patience = if elsewhere.is_some() { patience.max(ELSEWHERE) } else { patience };
        let found = async {
            tokio::select! {
                biased;
                other = self.in_flight.taken_over() => Some(other),
                found = tokio::time::timeout(patience, found) => {
                    found.ok().flatten().map(|target| Brought { target, told: None })
                }
            }
        };
        let frame = self.dialer.0.tools.words.timing.frame;
        tokio::select! {
            biased;
            () = self.in_flight.end.cancelled() => Found::Ended,
            found = hold(media, frame, self.meanwhile(), found) => match found {
                Held::HungUp => Found::HungUp,
                Held::Refused => Found::Refused,
                Held::Found(Some(brought)) => Found::Somebody(brought),
                Held::Found(None) => Found::Nobody,
            },
        }
    }

    /// Where the campaign sends those whom an AI caller hands over, where that is no agent of ours.
    fn elsewhere(&self) -> Option<&str> {
        let transfer = self.attempt.campaign.call_settings.transfer.as_ref()?;
        let handed = matches!(self.why, Why::HandedOver(_));
        (handed && !transfer.to.is_empty()).then_some(transfer.to.as_str())
    }

    fn meanwhile(&self) -> Meanwhile {
        match self.why {
            Why::Answered => Meanwhile::Silence,
            Why::HandedOver(_) => Meanwhile::Music,
        }
    }

    /// The phone of whoever takes the person, once they have picked it up and, where the campaign wants that, have heard of
    /// the person and taken them. `asked`: they have been.
    async fn accepted(&self, media: &mut Media, target: &mut Target, asked: bool) -> Held<Accepted> {
        let attended = self.attempt.campaign.call_settings.transfer.as_ref().is_some_and(|t| t.attended);
        let frame = self.dialer.0.tools.words.timing.frame;
        let accepted = async {
            let leg = target.phone().await?;
            if let (Why::HandedOver(report), true) = (&self.why, attended && !asked) {
                let name = self.attempt.contact.person.display_name();
                consulted(self.dialer, target, &name, &summary(report)).await?;
            }
            Ok(leg)
        };
        let accepted = async {
            tokio::select! {
                biased;
                other = self.in_flight.taken_over() => Accepted::TakenOver(other),
                accepted = accepted => accepted.map_or_else(Accepted::No, Accepted::Yes),
            }
        };
        tokio::select! {
            biased;
            () = self.in_flight.end.cancelled() => Held::Found(Accepted::No("ended by us".into())),
            accepted = hold(media, frame, self.meanwhile(), accepted) => accepted,
        }
    }
}

/// Tells the pacer that a line was picked up.
pub(super) fn picked_up(dialer: &Dialer, attempt: &Attempt) {
    let key = &attempt.begun.key;
    let age = dialer.0.live.answered(&key.call_id);
    dialer.0.pacers.observe(key.campaign_id, Seen::PickedUp(age));
    dialer.0.pacers.observe(key.campaign_id, Seen::Told { after: 0.0, person: true });
}

/// What an AI caller found out, in a sentence for the agent's screen.
pub(super) fn summary(report: &Report) -> String {
    let said: Vec<&str> =
        report.exchanges.iter().map(|e| e.user_input.as_str()).filter(|text| !text.is_empty()).collect();
    let last = report.exchanges.iter().rev().find(|e| !e.user_input.is_empty());
    let (intent, emotion) = last.map_or(("unclear", "neutral"), |e| (e.intent.as_str(), e.emotion.as_str()));
    let words = crate::domain::plain::line(&said.join(" / "), 160);
    format!("{}, sounds {emotion}; said: {words}", intent.replace('_', " "))
}
