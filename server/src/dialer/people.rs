//! A person who answered, and the agent they are put through to; or what they hear when nobody is free.

use super::ai_caller::{announced, scribe};
use super::attempt::{Attempt, Result, hang_up, hang_up_quietly, status, wait_for_end};
use super::live::InFlight;
use super::outside::Outside;
use super::target::Target;
use super::{Dialer, pacing::Seen};
use crate::storage::Change;
use crate::storage::journal::CommitError;
use crate::telephony::{LegId, Progress};
use crate::voice::consultation::{Decision, consult};
use crate::voice::conversation::Report;
use crate::voice::conversation::Scribe as _;
use crate::voice::hold::{Held, Meanwhile, hold};
use crate::voice::media::Media;
use chrono::Utc;
use dialdeck_protocol::{CallStatus, Outcome, People};
use std::sync::OnceLock;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;

/// How long somebody waits for another agent whose agent's phone has vanished.
const ANOTHER: Duration = Duration::from_secs(10);
/// How long somebody waits whom an AI caller hands over.
const HANDED: Duration = Duration::from_secs(20);
/// The same where a phone elsewhere is rung.
const ELSEWHERE: Duration = Duration::from_secs(35);
/// How soon somebody is called back whom nobody took.
const CALL_BACK_AFTER: chrono::Duration = chrono::Duration::minutes(15);
/// How long the telephony may take to bring a person back from an agent.
const BACK: Duration = Duration::from_secs(5);
/// How often, and after which pauses, it is tried to write down who talks.
const CONNECT_TRIES: u32 = 60;
const AGAIN: Duration = Duration::from_secs(1);
/// How often a line is hung up that does not go.
const HANG_UPS: u32 = 3;
/// What somebody hears whose agent is gone.
const SORRY: &str = "I am sorry, the line to my colleague was cut. We will call you back. Goodbye.";
/// What somebody hears who asked by key not to be called again.
const OBEYED: &str = "I have taken you off our list, and we will not call you again. Goodbye.";
/// What somebody hears who was to be put through, and no agent came.
const NOBODY: &str =
    "I am sorry, all my colleagues are talking at the moment. We will call you back. Goodbye.";

/// Why a person is put through.
pub(super) enum Why {
    /// They answered a call that is for agents.
    Answered,
    /// An AI caller hands them over, with what it found out.
    HandedOver(Box<Report>),
}

/// A call that is being put through.
pub(super) struct Serving<'a> {
    pub dialer: &'a Dialer,
    pub attempt: &'a Attempt,
    pub people: People,
    pub in_flight: &'a InFlight,
    pub why: Why,
    /// Whether the call stands in the ledger already, and whether as an abandoned one.
    pub counted: OnceLock<bool>,
}

/// How a talk with an agent ended.
enum Talked {
    Over(Result),
    /// The agent's phone is gone, and the person is there.
    Vanished,
    /// Somebody else has the call from now on.
    TakenOver(Target),
}

enum Found {
    Agent(Target),
    Nobody,
    HungUp,
    Ended,
    /// They asked by key never to be called again.
    Refused,
}

impl Serving<'_> {
    /// Puts the person through, and stays until the call is over. `answered`: when they picked up.
    pub(super) async fn run(
        self,
        mut progress: UnboundedReceiver<Progress>,
        mut media: Media,
        seat: Option<Target>,
        answered: chrono::DateTime<Utc>,
    ) -> Result {
        let call = &self.attempt.begun.key.call_id;
        let patience = match self.why {
            Why::Answered => Duration::from_secs_f64(self.people.patience_seconds),
            Why::HandedOver(_) => HANDED,
        };
        let mut taken = seat;
        let mut noted = false;
        loop {
            // An agent whose phone has gone since they were taken is none: the person is with us still.
            let brought = taken.take().filter(|seat| !seat.phone_gone().is_cancelled());
            // Whoever was brought from elsewhere has been asked there.
            let asked = brought.is_some();
            let found = match brought {
                Some(seat) => Found::Agent(seat),
                None if noted => self.look_for(&mut media, patience).await,
                None => {
                    noted = true;
                    // That they answered is written down while an agent is looked for.
                    let answer = status(self.dialer, self.attempt, CallStatus::InProgress, "");
                    tokio::join!(self.look_for(&mut media, patience), answer).0
                }
            };
            let mut seat = match found {
                Found::Agent(seat) => seat,
                Found::Ended => {
                    return self.let_go(progress, answered, "ended by us before an agent was there").await;
                }
                Found::HungUp => return self.let_down(progress, None, answered).await,
                Found::Refused => return self.obey(progress, media, answered).await,
                Found::Nobody => return self.let_down(progress, Some(media), answered).await,
            };
            let leg = match self.accepted(&mut media, &mut seat, asked).await {
                Held::HungUp => {
                    drop(seat);
                    return self.let_down(progress, None, answered).await;
                }
                Held::Refused => {
                    drop(seat);
                    return self.obey(progress, media, answered).await;
                }
                Held::Found(Ok(leg)) => leg,
                Held::Found(Err(_)) if self.in_flight.end.is_cancelled() => {
                    drop((seat, media));
                    return self.let_go(progress, answered, "ended by us before an agent was there").await;
                }
                Held::Found(Err(why)) => {
                    tracing::warn!(%call, why, "a person could not be put through");
                    drop(seat);
                    return self.let_down(progress, Some(media), answered).await;
                }
            };
            if let Err(error) = self.dialer.0.tools.telephony.join(call, leg, media).await {
                tracing::warn!(%call, %error, "a person could not be put through");
                // They may be anywhere between us and the agent: back to us, or hung up.
                let back = self.take_back(&mut progress).await;
                drop(seat);
                return self.let_down(progress, back, answered).await;
            }
            self.connect(&mut seat, answered);
            let other = match self.talk(&mut progress, &seat, answered).await {
                Talked::Over(result) => return result,
                Talked::Vanished => None,
                Talked::TakenOver(other) => Some(other),
            };
            // The person is taken back: for whoever takes over, or, the agent's phone having vanished, for another agent.
            let back = self.take_back(&mut progress).await;
            if other.is_some() {
                // Free only now that the person is out of their room: the next one must not meet this one.
                seat.over(true);
            }
            let Some(mut back) = back else {
                return self.done(answered, "the agent's phone vanished".into());
            };
            if let Some(other) = other {
                (taken, media) = (Some(other), back);
                continue;
            }
            match self.look_for(&mut back, ANOTHER).await {
                Found::Agent(other) => (taken, media) = (Some(other), back),
                Found::Nobody => {
                    let said = announced(self.dialer, self.attempt, self.in_flight, &mut back, SORRY).await;
                    drop(back);
                    hang_up_quietly(self.dialer, self.attempt).await;
                    wait_for_end(&mut progress).await;
                    let mut result =
                        self.done(answered, "the agent's phone vanished, and no other was free".into());
                    result.report = merged(result.report, said);
                    return result;
                }
                Found::Refused => return self.obey(progress, back, answered).await,
                Found::HungUp | Found::Ended => {
                    hang_up_quietly(self.dialer, self.attempt).await;
                    wait_for_end(&mut progress).await;
                    return self.done(answered, "the agent's phone vanished".into());
                }
            }
        }
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
        let frame = self.dialer.0.tools.words.timing.frame;
        tokio::select! {
            biased;
            () = self.in_flight.end.cancelled() => Found::Ended,
            found = hold(media, frame, self.meanwhile(), tokio::time::timeout(patience, found)) => match found {
                Held::HungUp => Found::HungUp,
                Held::Refused => Found::Refused,
                Held::Found(Ok(Some(target))) => Found::Agent(target),
                Held::Found(_) => Found::Nobody,
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
    async fn accepted(
        &self,
        media: &mut Media,
        target: &mut Target,
        asked: bool,
    ) -> Held<std::result::Result<LegId, String>> {
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
        tokio::select! {
            biased;
            () = self.in_flight.end.cancelled() => Held::Found(Err("ended by us".into())),
            accepted = hold(media, frame, self.meanwhile(), accepted) => accepted,
        }
    }

    /// Writes down that both hear each other.
    fn connect(&self, seat: &mut Target, answered: chrono::DateTime<Utc>) {
        let key = &self.attempt.begun.key;
        self.dialer.0.live.with_agent(&key.call_id);
        seat.connected(&self.people);
        let summary = match &self.why {
            Why::Answered => String::new(),
            Why::HandedOver(report) => summary(report),
        };
        let change = Change::Connected {
            key: key.clone(),
            user_id: seat.user_id(),
            agent: seat.name().to_owned(),
            summary,
            at: Utc::now(),
        };
        // Whoever waited for longer than a person may was let down, though somebody came in the end.
        let waited = (Utc::now() - answered).as_seconds_f64();
        self.count(waited > self.people.patience_seconds);
        // The call goes on meanwhile; what it is about must not wait for a disk, nor get lost for one.
        let (journal, call) = (self.dialer.0.tools.journal.clone(), key.call_id.clone());
        tokio::spawn(async move {
            for _ in 0..CONNECT_TRIES {
                match journal.commit(vec![change.clone()]).await {
                    Ok(_) | Err(CommitError::Refused(_)) => return,
                    Err(error) => tracing::error!(%call, %error, "who talks is not written down yet"),
                }
                tokio::time::sleep(AGAIN).await;
            }
        });
    }

    /// Until the call is over, or goes to somebody else.
    async fn talk(
        &self,
        progress: &mut UnboundedReceiver<Progress>,
        seat: &Target,
        answered: chrono::DateTime<Utc>,
    ) -> Talked {
        let gone = seat.phone_gone();
        loop {
            tokio::select! {
                biased;
                next = progress.recv() => match next {
                    Some(Progress::Ended(ended)) => {
                        seat.over(false);
                        return Talked::Over(self.done(answered, format!("the person hung up, {}", ended.detail())));
                    }
                    None => {
                        seat.over(false);
                        return Talked::Over(self.done(answered, "the telephony lost the call".into()));
                    }
                    Some(Progress::Ringing | Progress::Answered(_)) => {}
                },
                () = self.in_flight.end.cancelled() => {
                    let mut ended = None;
                    // The agent is free once the line is: the next person must not meet this one.
                    for _ in 0..HANG_UPS {
                        hang_up_quietly(self.dialer, self.attempt).await;
                        ended = wait_for_end(progress).await;
                        if ended.is_some() {
                            break;
                        }
                    }
                    seat.over(true);
                    let detail = ended.map_or_else(String::new, |ended| format!(", {}", ended.detail()));
                    return Talked::Over(self.done(answered, format!("hung up by us{detail}")));
                }
                () = gone.cancelled() => {
                    seat.over(true);
                    return Talked::Vanished;
                }
                other = self.in_flight.taken_over() => return Talked::TakenOver(other),
            }
        }
    }

    async fn take_back(&self, progress: &mut UnboundedReceiver<Progress>) -> Option<Media> {
        let call = &self.attempt.begun.key.call_id;
        if let Err(error) = self.dialer.0.tools.telephony.take_back(call).await {
            tracing::warn!(%call, %error, "a person could not be taken back from an agent");
            hang_up_quietly(self.dialer, self.attempt).await;
            return None;
        }
        let back = async {
            loop {
                match progress.recv().await? {
                    Progress::Answered(media) => return Some(media),
                    Progress::Ended(_) => return None,
                    Progress::Ringing => {}
                }
            }
        };
        let back = tokio::time::timeout(BACK, back).await.ok().flatten();
        if back.is_none() {
            hang_up_quietly(self.dialer, self.attempt).await;
        }
        back
    }

    /// The call was an agent's: what came of it, they say.
    fn done(&self, answered: chrono::DateTime<Utc>, detail: String) -> Result {
        Result {
            outcome: Outcome::Transferred,
            detail,
            answered: Some(answered),
            ended: Utc::now(),
            report: self.report(),
            never_placed: false,
            abandoned: self.counted.get() == Some(&true),
        }
    }

    fn report(&self) -> Option<Report> {
        match &self.why {
            Why::Answered => None,
            Why::HandedOver(report) => Some(Report::clone(report)),
        }
    }

    /// Ended before anybody was put through, by us or because the agent is not there.
    async fn let_go(
        self,
        progress: UnboundedReceiver<Progress>,
        answered: chrono::DateTime<Utc>,
        detail: &str,
    ) -> Result {
        let mut result = hang_up(self.dialer, self.attempt, progress, detail).await;
        result.answered = Some(answered);
        // Whom an AI caller had found willing is called back by a person.
        result.outcome = match self.why {
            Why::Answered => Outcome::Abandoned,
            Why::HandedOver(_) => Outcome::Interested,
        };
        result.report = self.report();
        result.abandoned = self.count(true);
        result
    }

    /// No agent was free in time: the person hears the campaign's message where they are still there.
    async fn let_down(
        self,
        mut progress: UnboundedReceiver<Progress>,
        media: Option<Media>,
        answered: chrono::DateTime<Utc>,
    ) -> Result {
        let mut report = self.report();
        let mut detail = "no agent was free in time".to_owned();
        let mut outcome = Outcome::Abandoned;
        if let Some(mut media) = media {
            let text = match self.why {
                Why::Answered => self.people.abandon_message.as_str(),
                Why::HandedOver(_) => NOBODY,
            };
            let said = announced(self.dialer, self.attempt, self.in_flight, &mut media, text).await;
            detail.push_str(match &said {
                Some(said) if said.ended == "done" => "; the message was played",
                Some(_) => "; they hung up during the message",
                None => "; there is no voice to play the message with",
            });
            if said.as_ref().is_some_and(|said| said.do_not_call) {
                outcome = Outcome::DoNotCall;
            }
            let promised = said.is_some() && matches!(self.why, Why::HandedOver(_));
            report = merged(report, said);
            if let Some(report) = report.as_mut().filter(|_| promised) {
                report.callback_at.get_or_insert_with(|| Utc::now() + CALL_BACK_AFTER);
            }
        } else {
            detail = "hung up before an agent was there".into();
        }
        hang_up_quietly(self.dialer, self.attempt).await;
        let refused = report.as_ref().is_some_and(|report| report.do_not_call);
        if matches!(self.why, Why::HandedOver(_)) && !refused {
            // They talked, and wanted to go on: a person calls them back.
            outcome = Outcome::Interested;
        }
        wait_for_end(&mut progress).await;
        let abandoned = self.count(true);
        Result {
            outcome,
            detail,
            answered: Some(answered),
            ended: Utc::now(),
            report,
            never_placed: false,
            abandoned,
        }
    }

    /// The person pressed the key that ends all calls while they waited.
    async fn obey(
        self,
        mut progress: UnboundedReceiver<Progress>,
        mut media: Media,
        answered: chrono::DateTime<Utc>,
    ) -> Result {
        scribe(self.dialer, self.attempt).do_not_call().await;
        let said = announced(self.dialer, self.attempt, self.in_flight, &mut media, OBEYED).await;
        drop(media);
        hang_up_quietly(self.dialer, self.attempt).await;
        wait_for_end(&mut progress).await;
        Result {
            outcome: Outcome::DoNotCall,
            detail: "asked by key not to be called again, while waiting".into(),
            answered: Some(answered),
            ended: Utc::now(),
            report: merged(self.report(), said),
            never_placed: false,
            abandoned: self.count(true),
        }
    }

    /// Into the ledger, once, where the call was for agents; gives whether it stands there as abandoned.
    fn count(&self, abandoned: bool) -> bool {
        if matches!(self.why, Why::HandedOver(_)) {
            return false;
        }
        if let Some(before) = self.counted.get() {
            return *before;
        }
        let _ = self.counted.set(abandoned);
        self.dialer.0.pacers.answered(self.attempt.begun.key.campaign_id, abandoned, Utc::now());
        abandoned
    }
}

/// Tells whoever is to take a person of them, on their phone, which is up, and waits for their decision.
///
/// # Errors
/// They do not take them; why.
pub(super) async fn consulted(
    dialer: &Dialer,
    target: &Target,
    name: &str,
    summary: &str,
) -> std::result::Result<(), String> {
    let tools = &dialer.0.tools;
    let (leg, mut keys) = target.open_phone().ok_or("their phone is not up")?;
    let mut media = tools.telephony.consult(leg).await.map_err(|e| e.to_string())?;
    let providers = if media.words { tools.words.clone() } else { tools.sound.clone()? };
    let text = format!(
        "A call for you. {name}. {summary}. To take it, press one or say yes. To refuse it, press two or say no."
    );
    match consult(&mut media, &mut keys, &text, &providers).await {
        Decision::Takes => Ok(()),
        Decision::Refuses => Err("it was refused".into()),
        Decision::Silent => Err("nobody said whether they take it".into()),
    }
}

/// What was said before, and what was said at last.
fn merged(before: Option<Report>, last: Option<Report>) -> Option<Report> {
    match (before, last) {
        (Some(mut before), Some(last)) => {
            before.exchanges.extend(last.exchanges);
            before.talked += last.talked;
            before.listened += last.listened;
            before.dead_air = before.dead_air.max(last.dead_air);
            before.do_not_call |= last.do_not_call;
            Some(before)
        }
        (before, last) => before.or(last),
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
