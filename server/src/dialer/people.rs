//! A person who answered, and whoever they are put through to: somebody is looked for, asked where that is wished, and joined with
//! them, until the call is over.

mod parting;
mod talk;

use super::ai_caller::providers;
use super::attempt::{Attempt, Result, status};
use super::live::InFlight;
use super::outside::Outside;
use super::target::{Brought, Target};
use super::transfers::consulted;
use super::{Dialer, pacing::Seen};
use crate::domain::script::Script;
use crate::telephony::{LegId, Progress};
use crate::voice::conversation::Report;
use crate::voice::dialogue::Dialogue;
use crate::voice::hold::{Attention, Held, Meanwhile, hold};
use crate::voice::media::Media;
use chrono::Utc;
use dialdeck_protocol::{CallStatus, People};
use parting::There;
use std::sync::{Mutex, OnceLock};
use std::time::Duration;
use talk::Talked;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinHandle;

/// How long somebody waits for another agent whose agent's phone has vanished.
const ANOTHER: Duration = Duration::from_secs(10);
/// How long somebody waits whom an AI caller hands over.
const HANDED: Duration = Duration::from_secs(20);
/// The same where a phone elsewhere is rung.
const ELSEWHERE: Duration = Duration::from_secs(35);

/// How long the settlement waits until it is written down who talked.
const WRITTEN: Duration = Duration::from_secs(5);
/// How often it is looked whether somebody is still about to take a person over.
const LOOK: Duration = Duration::from_millis(100);

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
    script: Script,
    /// Who writes down who talks.
    writing: Mutex<Option<JoinHandle<()>>>,
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
        script: Script,
    ) -> Self {
        let people = attempt.campaign.call_settings.people.clone().unwrap_or_default();
        let (counted, talked) = (OnceLock::new(), OnceLock::new());
        let writing = Mutex::default();
        Self { dialer, attempt, people, in_flight, why, answered, counted, talked, script, writing }
    }

    /// Puts the person through, and stays until the call is over. `brought`: whoever has been taken for them already.
    pub(super) async fn run(
        self,
        progress: UnboundedReceiver<Progress>,
        media: Media,
        brought: Option<Brought>,
    ) -> Result {
        let result = self.serve(progress, media, brought).await;
        // The settlement comes after who talked, or what they say came of it would be nobody's.
        if let Some(written) = self.written() {
            let _ = tokio::time::timeout(WRITTEN, written).await;
        }
        result
    }

    async fn serve(
        &self,
        mut progress: UnboundedReceiver<Progress>,
        mut media: Media,
        brought: Option<Brought>,
    ) -> Result {
        let mut attention = self.attention(media.words);
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
                None if std::mem::replace(&mut noted, true) => {
                    self.look_for(&mut media, attention.as_mut(), patience).await
                }
                None => {
                    // That they answered is written down while an agent is looked for.
                    let answer = status(self.dialer, self.attempt, CallStatus::InProgress, "");
                    tokio::join!(self.look_for(&mut media, attention.as_mut(), patience), answer).0
                }
            };
            let mut brought = match found {
                Found::Somebody(brought) => brought,
                Found::Ended => return self.let_go(progress).await,
                Found::HungUp => return self.let_down(progress, There::HungUp).await,
                Found::Refused => return self.obey(progress, media).await,
                Found::Nobody => return self.let_down(progress, There::Listens(media)).await,
            };
            let leg = match self.accepted(&mut media, attention.as_mut(), &mut brought.target, asked).await {
                Held::HungUp => {
                    drop(brought);
                    return self.let_down(progress, There::HungUp).await;
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
                    return self.let_down(progress, There::Listens(media)).await;
                }
            };
            let call = &self.attempt.begun.key.call_id;
            if let Err(error) = self.dialer.0.tools.telephony.join(call, leg, media).await {
                self.not_put_through(&error.to_string());
                // They may be anywhere between us and whoever takes them: back to us, or hung up.
                let back = self.take_back(&mut progress).await;
                drop(brought);
                return self.let_down(progress, back.map_or(There::Lost, There::Listens)).await;
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
                return self.let_down(progress, There::Lost).await;
            };
            (next, media, patience) = (other, back, ANOTHER);
        }
    }

    fn not_put_through(&self, why: &str) {
        let call = &self.attempt.begun.key.call_id;
        tracing::warn!(%call, why, "a person could not be put through");
    }

    /// Who listens to them while they wait; nobody where there is no recogniser.
    fn attention(&self, words: bool) -> Option<Attention> {
        let providers = providers(self.dialer, self.attempt, words).ok()?;
        Some(Attention::new(providers, Dialogue::new(self.script.clone(), &self.attempt.contact.person)))
    }

    async fn look_for(
        &self,
        media: &mut Media,
        attention: Option<&mut Attention>,
        patience: Duration,
    ) -> Found {
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
                found = tokio::time::timeout(patience, found) => match found {
                    Ok(found) => found.map(|target| Brought { target, told: None }),
                    // Somebody's phone rings already who wants to take them: that is waited for too.
                    Err(_) => self.about_to_take().await,
                },
            }
        };
        tokio::select! {
            biased;
            () = self.in_flight.end.cancelled() => Found::Ended,
            found = hold(media, attention, self.meanwhile(), found) => match found {
                Held::HungUp => Found::HungUp,
                Held::Refused => Found::Refused,
                Held::Found(Some(brought)) => Found::Somebody(brought),
                Held::Found(None) => Found::Nobody,
            },
        }
    }

    /// Whoever is about to take them over, once they do; nobody where they do not.
    async fn about_to_take(&self) -> Option<Brought> {
        let call = &self.attempt.begun.key.call_id;
        while self.dialer.0.live.changes_hands(call) {
            tokio::select! {
                biased;
                other = self.in_flight.taken_over() => return Some(other),
                () = tokio::time::sleep(LOOK) => {}
            }
        }
        None
    }

    /// Where the campaign sends those whom an AI caller hands over, where that is no agent of ours.
    fn elsewhere(&self) -> Option<&str> {
        let transfer = self.attempt.campaign.call_settings.transfer.as_ref()?;
        let handed = matches!(self.why, Why::HandedOver(_));
        (handed && !transfer.to.is_empty()).then_some(transfer.to.as_str())
    }

    fn meanwhile(&self) -> Meanwhile {
        match self.why {
            // It is a matter of two seconds.
            Why::Answered if self.talked.get().is_none() => Meanwhile::Silence,
            _ => Meanwhile::Music,
        }
    }

    /// The phone of whoever takes the person, once they have picked it up and, where the campaign wants that, have heard of
    /// the person and taken them. `asked`: they have been.
    async fn accepted(
        &self,
        media: &mut Media,
        attention: Option<&mut Attention>,
        target: &mut Target,
        asked: bool,
    ) -> Held<Accepted> {
        let attended = self.attempt.campaign.call_settings.transfer.as_ref().is_some_and(|t| t.attended);
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
            accepted = hold(media, attention, self.meanwhile(), accepted) => accepted,
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
