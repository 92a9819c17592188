//! One call, from its commit to its settlement.

use super::Dialer;
use super::live::InFlight;
use super::scribe::JournalScribe;
use crate::domain::campaign::Campaign;
use crate::domain::contact::Contact;
use crate::domain::ending::{self, ContactAfter};
use crate::domain::gate::LEAST_RING_SECONDS;
use crate::domain::script::Script;
use crate::storage::journal::CommitError;
use crate::storage::{BeginAttempt, Change, EndCall};
use crate::telephony::{Ended, Place, PlaceError, Progress};
use crate::voice::conversation::{Report, converse};
use crate::voice::dialogue::{Dialogue, review};
use crate::voice::media::Media;
use chrono::{DateTime, Utc};
use dialdeck_protocol::{CallStatus, ContactStatus, Emotion, Outcome};
use serde_json::json;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;

/// How long the telephony may take to tell that a call is over after we hung it up.
const HANGING_UP: Duration = Duration::from_secs(10);
/// Beyond the ring timeout, after which a call that told us nothing is given up.
const OVERDUE: Duration = Duration::from_secs(30);
/// When a contact is due again whose call the telephony never heard of.
const SOON: chrono::Duration = chrono::Duration::seconds(5);
/// Tries to settle a call while the store is not available; what is left then is settled at the next start.
const SETTLE_TRIES: u32 = 60;

/// What a call is made of.
pub(super) struct Attempt {
    pub begun: BeginAttempt,
    pub contact: Contact,
    pub campaign: Campaign,
}

/// How it went.
struct Result {
    outcome: Outcome,
    detail: String,
    answered: Option<DateTime<Utc>>,
    ended: DateTime<Utc>,
    report: Option<Report>,
    /// The telephony never heard of it: the contact is as due as it was.
    never_placed: bool,
}

impl Result {
    fn failed(outcome: Outcome, detail: String) -> Self {
        Self { outcome, detail, answered: None, ended: Utc::now(), report: None, never_placed: false }
    }
}

pub(super) async fn run(dialer: &Dialer, attempt: Attempt, in_flight: InFlight) {
    let call = &attempt.begun.key.call_id;
    let ring = attempt.campaign.call_settings.call_timeout_seconds.max(LEAST_RING_SECONDS);
    let place = Place {
        call_id: call.clone(),
        to: attempt.begun.to.clone(),
        from: attempt.begun.from.clone(),
        ring: Duration::from_secs(u64::from(ring)),
    };
    let timeout = place.ring + OVERDUE;
    let result = match dialer.0.tools.telephony.place(place).await {
        Ok(progress) => follow(dialer, &attempt, progress, &in_flight, timeout).await,
        Err(error) => {
            if !matches!(error, PlaceError::Unavailable(_)) {
                tracing::warn!(%call, %error, "the call was not placed");
            }
            let never_placed = matches!(error, PlaceError::Unavailable(_));
            Result { never_placed, ..Result::failed(Outcome::Error, error.to_string()) }
        }
    };
    settle(dialer, &attempt, result).await;
    drop(in_flight);
}

/// Follows a placed call to its end.
async fn follow(
    dialer: &Dialer,
    attempt: &Attempt,
    mut progress: UnboundedReceiver<Progress>,
    in_flight: &InFlight,
    timeout: Duration,
) -> Result {
    let overdue = tokio::time::sleep(timeout);
    tokio::pin!(overdue);
    loop {
        let next = tokio::select! {
            next = progress.recv() => next,
            () = in_flight.end.cancelled() => {
                return hang_up(dialer, attempt, progress, "ended by us before the answer").await;
            }
            () = &mut overdue => return hang_up(dialer, attempt, progress, "nothing was heard of it in time").await,
        };
        match next {
            Some(Progress::Ringing) => status(dialer, attempt, CallStatus::Initiated, "ringing").await,
            Some(Progress::Answered(media)) => {
                return talk(dialer, attempt, progress, in_flight, media).await;
            }
            Some(Progress::Ended(ended)) => return over(&ended),
            None => return Result::failed(Outcome::Error, "the telephony lost the call".into()),
        }
    }
}

/// The end of a call on which we did not talk.
fn over(ended: &Ended) -> Result {
    if ended.answered {
        // Answered, and yet no audio came: the dialplan could not reach us. Somebody picked up and heard nothing.
        let detail =
            "answered, but Asterisk brought no audio: can it reach FastAGI and AudioSocket?".to_owned();
        tracing::error!(detail, "a call was answered into silence");
        return Result::failed(Outcome::Error, detail);
    }
    Result::failed(ended.outcome(), ended.detail())
}

async fn status(dialer: &Dialer, attempt: &Attempt, status: CallStatus, detail: &str) {
    let change = Change::CallStatus {
        key: attempt.begun.key.clone(),
        status,
        detail: detail.to_owned(),
        at: Utc::now(),
    };
    if let Err(error) = dialer.0.tools.journal.commit(vec![change]).await {
        tracing::error!(call = %attempt.begun.key.call_id, %error, "a call's status could not be written down");
    }
}

async fn talk(
    dialer: &Dialer,
    attempt: &Attempt,
    mut progress: UnboundedReceiver<Progress>,
    in_flight: &InFlight,
    media: Media,
) -> Result {
    let tools = &dialer.0.tools;
    let answered = Utc::now();
    status(dialer, attempt, CallStatus::InProgress, "").await;
    let providers = if media.words { Ok(tools.words.clone()) } else { tools.sound.clone() };
    let providers = match providers {
        Ok(providers) => providers,
        Err(why) => {
            let mut result = hang_up(dialer, attempt, progress, &why).await;
            result.outcome = Outcome::Error;
            return result;
        }
    };
    let dialogue = Dialogue::new(script(dialer, &attempt.campaign).await, &attempt.contact.person);
    let scribe = JournalScribe {
        journal: tools.journal.clone(),
        key: attempt.begun.key.clone(),
        phone: attempt.begun.to.clone(),
    };
    let report = converse(media, dialogue, providers, &scribe, in_flight.end.clone()).await;
    let ended = Utc::now();
    hang_up_quietly(dialer, attempt).await;
    let detail = match wait_for_end(&mut progress).await {
        Some(ended) => format!("{}, {}", report.ended, ended.detail()),
        None => report.ended.to_owned(),
    };
    Result {
        outcome: report.outcome,
        detail,
        answered: Some(answered),
        ended,
        report: Some(report),
        never_placed: false,
    }
}

/// The campaign's script; the shipped one where it has none, or where it cannot be read now.
async fn script(dialer: &Dialer, campaign: &Campaign) -> Script {
    let Some(id) = campaign.script_id else { return Script::default() };
    match dialer.0.tools.store.script(&campaign.organization_id, id).await {
        Ok(Some((_, script))) => script,
        Ok(None) => Script::default(),
        Err(error) => {
            tracing::error!(%error, "the campaign's script cannot be read; the shipped one is used");
            Script::default()
        }
    }
}

async fn hang_up_quietly(dialer: &Dialer, attempt: &Attempt) {
    let call = &attempt.begun.key.call_id;
    if let Err(error) = dialer.0.tools.telephony.hang_up(call).await {
        tracing::warn!(%call, %error, "could not hang up");
    }
}

async fn wait_for_end(progress: &mut UnboundedReceiver<Progress>) -> Option<Ended> {
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

async fn hang_up(
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

/// Writes down what came of it, and what becomes of the contact.
async fn settle(dialer: &Dialer, attempt: &Attempt, result: Result) {
    let tools = &dialer.0.tools;
    let now = Utc::now();
    let exchanges = result.report.as_ref().map(|r| r.exchanges.as_slice()).unwrap_or_default();
    let seconds = result.answered.map_or(0, |at| (result.ended - at).num_seconds().max(0));
    let duration = i32::try_from(seconds).unwrap_or(i32::MAX);
    let csat = review::csat(exchanges, result.outcome);
    let mut insights = csat.as_ref().map_or_else(|| json!({}), |(_, why)| why.clone());
    if let Some(report) = &result.report {
        insights["interruptions"] = json!(report.interruptions);
        insights["ended"] = json!(report.ended);
    }
    let characters = review::spoken_characters(exchanges);
    let attempt_number = attempt.begun.attempt;
    let settings = &attempt.campaign.call_settings;
    let end = EndCall {
        key: attempt.begun.key.clone(),
        contact_id: attempt.begun.contact_id,
        // A call that was answered is completed, whatever came of it.
        status: if result.answered.is_some() {
            CallStatus::Completed
        } else {
            ending::status(result.outcome)
        },
        outcome: result.outcome,
        duration,
        transcript: review::transcript(exchanges),
        emotion: if exchanges.is_empty() { Emotion::Neutral } else { review::last_emotion(exchanges) },
        intent_score: exchanges.iter().rev().find(|e| !e.user_input.is_empty()).map_or(0.0, |e| e.confidence),
        csat_score: csat.map(|(score, _)| score),
        insights,
        cost: tools.rates.call(u32::try_from(duration).unwrap_or(0), characters),
        detail: crate::domain::plain::line(&result.detail, 250),
        contact: if result.never_placed {
            ContactAfter { status: ContactStatus::Retry, next_attempt_at: now + SOON }
        } else {
            ending::contact_after(result.outcome, attempt_number, settings, now)
        },
        at: now,
    };
    let mut deed = vec![Change::EndCall(Box::new(end.clone()))];
    if end.outcome == Outcome::DoNotCall {
        // Said once more with the settlement: whatever kept it from the disk when it was said must not lose it.
        let listed = Change::DoNotCall {
            organization_id: end.key.organization_id.clone(),
            phone: attempt.begun.to.clone(),
            source: "voice".into(),
            call_id: Some(end.key.call_id.clone()),
            at: now,
        };
        deed.insert(0, listed);
    }
    for n in 1..=SETTLE_TRIES {
        match tools.journal.commit(deed.clone()).await {
            Ok(_) | Err(CommitError::Refused(_)) => return,
            Err(error) => tracing::error!(call = %end.key.call_id, %error, n, "a call cannot be settled yet"),
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
}
