//! One call, from its commit to its end.

use super::Dialer;
use super::agents::Reserved;
use super::ai_caller;
use super::carried::CarriedBy;
use super::live::InFlight;
use super::pacing::Seen;
use super::people::{Serving, Why, picked_up};
use super::settlement::settle;
use super::target::Brought;
use crate::domain::campaign::Campaign;
use crate::domain::contact::Contact;
use crate::domain::do_not_call;
use crate::domain::gate::{self, LEAST_RING_SECONDS, Question};
use crate::domain::script::Script;
use crate::storage::{BeginAttempt, Change};
use crate::telephony::adoption::{Adopted, Ending};
use crate::telephony::{Ended, Place, PlaceError, Progress};
use crate::voice::conversation::Report;
use chrono::{DateTime, Utc};
use dialdeck_protocol::{CallId, CallStatus, Outcome, Taker};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio_util::sync::CancellationToken;

/// How long the telephony may take to tell that a call is over after we hung it up.
const HANGING_UP: Duration = Duration::from_secs(10);
/// Beyond the ring timeout, after which a call that told us nothing is given up.
const OVERDUE: Duration = Duration::from_secs(30);
/// How long a person on the line waits for the record.
const PATIENCE: Duration = Duration::from_millis(300);

/// What a call is made of.
pub(super) struct Attempt {
    pub begun: BeginAttempt,
    pub contact: Contact,
    pub campaign: Campaign,
    /// Who takes it.
    pub taker: Taker,
    /// Where somebody else placed it.
    pub adopted: Option<Arc<Adopted>>,
    /// Where an agent of somebody else's takes it.
    pub carried: Option<CarriedBy>,
}

/// How it went.
pub(super) struct Result {
    pub outcome: Outcome,
    pub detail: String,
    pub answered: Option<DateTime<Utc>>,
    pub ended: DateTime<Utc>,
    pub report: Option<Report>,
    /// The telephony never heard of it: the contact is as due as it was.
    pub never_placed: bool,
    /// A person answered, and no agent was free in time.
    pub abandoned: bool,
}

impl Result {
    /// The telephony never heard of it.
    pub(super) fn not_placed(why: &str) -> Self {
        Self { never_placed: true, ..Self::failed(Outcome::Error, format!("not placed: {why}")) }
    }

    pub(super) fn failed(outcome: Outcome, detail: String) -> Self {
        Self {
            outcome,
            detail,
            answered: None,
            ended: Utc::now(),
            report: None,
            never_placed: false,
            abandoned: false,
        }
    }
}

/// Carries a committed attempt to its settlement. `seat`: the agent who is taken for it.
pub(super) async fn run(dialer: &Dialer, attempt: Attempt, in_flight: InFlight, mut seat: Option<Reserved>) {
    let call = &attempt.begun.key.call_id;
    let ring = attempt.campaign.call_settings.call_timeout_seconds.max(LEAST_RING_SECONDS);
    let place = Place {
        call_id: call.clone(),
        to: attempt.begun.to.clone(),
        from: attempt.begun.from.clone(),
        ring: Duration::from_secs(u64::from(ring)),
    };
    let timeout = place.ring + OVERDUE;
    let script = match script(dialer, &attempt).await {
        Ok(script) => script,
        Err(why) => return close(dialer, &attempt, Result::not_placed(&why)).await,
    };
    // Nobody is called before the agent who is to talk to them has their phone in hand.
    if let Some(seat) = &mut seat {
        let there = tokio::select! {
            there = seat.phone() => there.map(|_| ()),
            () = in_flight.end.cancelled() => Err("ended by us before the call was placed".into()),
        };
        if let Err(why) = there {
            let result = Result::not_placed(&why);
            return settle(dialer, &attempt, result).await;
        }
    }
    if let Some(result) = hindered(dialer, &attempt, &in_flight, seat.as_ref()).await {
        return close(dialer, &attempt, result).await;
    }
    if let Some(carried) = &attempt.carried {
        let result = carried.follow(dialer, &attempt, &in_flight, place.ring).await;
        close(dialer, &attempt, result).await;
        return drop(in_flight);
    }
    let placed = match &attempt.adopted {
        Some(adopted) => adopt(dialer, call, adopted).await,
        None => dialer.0.tools.telephony.place(place).await,
    };
    let result = match placed {
        Ok(progress) => Box::pin(follow(dialer, &attempt, script, progress, &in_flight, timeout, seat)).await,
        Err(error) => {
            if !matches!(error, PlaceError::Unavailable(_)) {
                tracing::warn!(%call, %error, "the call was not placed");
            }
            if matches!(error, PlaceError::Unknown(_)) {
                // It may ring, and nobody of ours is on it: whoever picks up must not hear silence.
                hang_up_quietly(dialer, &attempt).await;
            }
            let never_placed = matches!(error, PlaceError::Unavailable(_));
            Result { never_placed, ..Result::failed(Outcome::Error, error.to_string()) }
        }
    };
    close(dialer, &attempt, result).await;
    drop(in_flight);
}

/// Takes a call over that came in, if whoever brought it still waits.
async fn adopt(
    dialer: &Dialer,
    call: &CallId,
    adopted: &Adopted,
) -> std::result::Result<UnboundedReceiver<Progress>, PlaceError> {
    let gone = || PlaceError::Unavailable("the caller is gone already".into());
    if !adopted.is_waiting() {
        return Err(gone());
    }
    let telephony = &dialer.0.tools.telephony;
    let progress = telephony.adopt(call, &adopted.channel)?;
    if adopted.is(call) {
        return Ok(progress);
    }
    let _ = telephony.hang_up(call).await;
    Err(gone())
}

/// Settles a call; who placed it for us is told what came of it, if they were not yet.
async fn close(dialer: &Dialer, attempt: &Attempt, result: Result) {
    if let Some(adopted) = &attempt.adopted {
        adopted.say(Ending { outcome: result.outcome, do_not_call: false, summary: "" }).await;
    }
    settle(dialer, attempt, result).await;
}

/// Who speaks, where this one takes the call.
pub(super) fn voice(taker: Taker) -> gate::Voice {
    match taker {
        Taker::Ai => gate::Voice::Artificial,
        Taker::Person => gate::Voice::Person,
    }
}

/// What keeps a committed attempt from being placed: we are stopping, somebody ended it, or so much time has passed since
/// the commit, as an agent's phone rang, that the hour is not legal any more or the number was put on the list.
async fn hindered(
    dialer: &Dialer,
    attempt: &Attempt,
    in_flight: &InFlight,
    seat: Option<&Reserved>,
) -> Option<Result> {
    let rules = dialer.rules();
    if in_flight.end.is_cancelled() {
        return Some(Result::not_placed("ended by us before the call was placed"));
    }
    if seat.is_some() {
        let key = &attempt.begun.key;
        let (campaign, phones) = (Some(key.campaign_id), do_not_call::numbers(&attempt.contact));
        match dialer.0.tools.store.listed(&key.organization_id, campaign, &phones, Utc::now()).await {
            Ok(None) => {}
            Ok(Some(_)) => return Some(Result::not_placed("the number is on the do-not-call list")),
            Err(error) => return Some(Result::not_placed(&error.to_string())),
        }
    }
    // Caps were asked in the commit; only time has passed since.
    let callee = attempt.contact.callee();
    let question = Question {
        voice: voice(attempt.taker),
        hours: dialer.0.tools.hours,
        scrub: attempt.campaign.call_settings.scrub.as_ref(),
        ..Question::of(&callee, &rules)
    };
    let why = if dialer.0.closing.is_cancelled() {
        "the server is stopping".to_owned()
    } else {
        let decision = gate::judge(question, Utc::now());
        if decision.is_allowed() {
            return None;
        }
        decision.reason
    };
    Some(Result::not_placed(&why))
}

/// Settles an attempt of which it is unknown whether it was committed: if it was not, there is nothing to settle.
pub(super) async fn abandon(dialer: &Dialer, attempt: &Attempt) {
    settle(dialer, attempt, Result::not_placed("the answer to its commit was lost")).await;
}

/// Follows a placed call to its end.
async fn follow(
    dialer: &Dialer,
    attempt: &Attempt,
    script: Script,
    mut progress: UnboundedReceiver<Progress>,
    in_flight: &InFlight,
    timeout: Duration,
    seat: Option<Reserved>,
) -> Result {
    let overdue = tokio::time::sleep(timeout);
    tokio::pin!(overdue);
    let phone_gone = seat.as_ref().map_or_else(CancellationToken::new, Reserved::phone_gone);
    loop {
        let next = tokio::select! {
            biased;
            next = progress.recv() => next,
            () = in_flight.end.cancelled() => {
                return hang_up(dialer, attempt, progress, "ended by us before the answer").await;
            }
            // Nobody is to pick up for an agent who is gone.
            () = phone_gone.cancelled() => {
                return hang_up(dialer, attempt, progress, "the agent's phone vanished before the answer").await;
            }
            () = &mut overdue => return hang_up(dialer, attempt, progress, "nothing was heard of it in time").await,
        };
        match next {
            Some(Progress::Ringing) => status(dialer, attempt, CallStatus::Initiated, "ringing").await,
            Some(Progress::Answered(media)) if attempt.taker == Taker::Person => {
                picked_up(dialer, attempt);
                let answered = Utc::now();
                let serving = Serving::new(dialer, attempt, in_flight, Why::Answered, answered, script);
                return serving.run(progress, media, seat.map(Brought::from)).await;
            }
            Some(Progress::Answered(media)) => {
                return Box::pin(ai_caller::talk(dialer, attempt, script, progress, in_flight, media)).await;
            }
            Some(Progress::Ended(ended)) => {
                if attempt.taker == Taker::Person && !ended.answered {
                    let key = &attempt.begun.key;
                    let age = dialer.0.live.age(&key.call_id);
                    dialer.0.pacers.observe(key.campaign_id, Seen::Unanswered(age));
                }
                if attempt.adopted.is_some() {
                    let detail = format!("hung up before the first word, {}", ended.detail());
                    return Result::failed(Outcome::HungUp, detail);
                }
                return answered_unheard(dialer, attempt, over(dialer, &ended), ended.answered);
            }
            None => return Result::failed(Outcome::Error, "the telephony lost the call".into()),
        }
    }
}

/// The end of a call on which we did not talk.
fn over(dialer: &Dialer, ended: &Ended) -> Result {
    if ended.answered {
        // Answered, and yet no audio came: the dialplan could not reach us. Somebody picked up and heard nothing.
        let detail =
            "answered, but Asterisk brought no audio: can it reach FastAGI and AudioSocket?".to_owned();
        tracing::error!(detail, "a call was answered into silence");
        dialer.halt(&detail);
        return Result::failed(Outcome::Error, detail);
    }
    Result::failed(ended.outcome(), ended.detail())
}

pub(super) async fn status(dialer: &Dialer, attempt: &Attempt, status: CallStatus, detail: &str) {
    let key = attempt.begun.key.clone();
    let change = Change::CallStatus { key, status, detail: detail.to_owned(), at: Utc::now() };
    let commit = dialer.0.tools.journal.commit(vec![change]);
    // Somebody may have picked up: they are not kept waiting for a disk. The deed stays in its place in the journal.
    if let Ok(Err(error)) = tokio::time::timeout(PATIENCE, commit).await {
        tracing::error!(call = %attempt.begun.key.call_id, %error, "a call's status could not be written down");
    }
}

/// The campaign's script; the shipped one where it has none. One that cannot be read now is not replaced by another:
/// nobody is called in a stranger's words.
async fn script(dialer: &Dialer, attempt: &Attempt) -> std::result::Result<Script, String> {
    let campaign = &attempt.campaign;
    let Some(id) = campaign.script_for(attempt.begun.contact_id) else { return Ok(Script::default()) };
    match dialer.0.tools.store.script(&campaign.organization_id, id).await {
        Ok(Some((_, script))) => Ok(script),
        Ok(None) => Err("the campaign's script is gone".into()),
        Err(error) => Err(format!("the campaign's script cannot be read: {error}")),
    }
}

pub(super) async fn hang_up_quietly(dialer: &Dialer, attempt: &Attempt) {
    let call = &attempt.begun.key.call_id;
    if let Err(error) = dialer.0.tools.telephony.hang_up(call).await {
        tracing::warn!(%call, %error, "could not hang up");
    }
}

pub(super) async fn wait_for_end(progress: &mut UnboundedReceiver<Progress>) -> Option<Ended> {
    let ended = async {
        while let Some(next) = progress.recv().await {
            if let Progress::Ended(ended) = next {
                return Some(ended);
            }
        }
        None
    };
    tokio::time::timeout(HANGING_UP, ended).await.ok().flatten()
}

pub(super) async fn hang_up(
    dialer: &Dialer,
    attempt: &Attempt,
    mut progress: UnboundedReceiver<Progress>,
    why: &str,
) -> Result {
    hang_up_quietly(dialer, attempt).await;
    let ended = wait_for_end(&mut progress).await;
    let outcome = match &ended {
        Some(ended) if ended.answered => Outcome::HungUp,
        Some(_) => Outcome::NoAnswer,
        None => Outcome::Error,
    };
    Result::failed(outcome, why.to_owned())
}

/// Somebody who picked up a call that was for agents, and of whom nothing was heard, was let down all the same.
fn answered_unheard(dialer: &Dialer, attempt: &Attempt, mut result: Result, answered: bool) -> Result {
    if answered && attempt.taker == Taker::Person {
        let now = Utc::now();
        dialer.0.pacers.answered(attempt.begun.key.campaign_id, true, now);
        result.abandoned = true;
        result.answered.get_or_insert(now);
    }
    result
}
