//! What an AI caller says to whoever picked up: the conversation of a call, and what it is held with.

use super::Dialer;
use super::attempt::{Attempt, Result, hang_up, hang_up_quietly, status, wait_for_end};
use super::live::InFlight;
use super::people::{Serving, Why, summary};
use super::scribe::JournalScribe;
use crate::domain::do_not_call::List;
use crate::domain::gate;
use crate::domain::script::Script;
use crate::recordings::Tape;
use crate::telephony::Progress;
use crate::telephony::adoption::Ending;
use crate::voice::conversation::{Minded, Providers, Report, announce, converse};
use crate::voice::dialogue::Dialogue;
use crate::voice::dialogue::mind::{About, Mind};
use crate::voice::media::Media;
use chrono::Utc;
use dialdeck_protocol::{CallStatus, Outcome};
use tokio::sync::mpsc::UnboundedReceiver;

/// Talks with whoever picked up, until the conversation is over; then hands them over, or hangs up.
pub(super) async fn talk(
    dialer: &Dialer,
    attempt: &Attempt,
    script: Script,
    mut progress: UnboundedReceiver<Progress>,
    in_flight: &InFlight,
    mut media: Media,
) -> Result {
    let answered = Utc::now();
    status(dialer, attempt, CallStatus::InProgress, "").await;
    let mut providers = match providers(dialer, attempt, media.words) {
        Ok(providers) => providers,
        Err(why) => {
            let mut result = hang_up(dialer, attempt, progress, &why).await;
            result.outcome = Outcome::Error;
            return result;
        }
    };
    let settings = &attempt.campaign.call_settings;
    let tape = taped(dialer, attempt, media.words);
    providers.tap = tape.as_ref().and_then(Tape::tap);
    // The recording first: nobody talks before they know of it.
    let said_first = [announced_recording(attempt, tape.is_some()), disclosure(dialer, attempt).await];
    let said_first = said_first.iter().map(|text| text.trim()).collect::<Vec<_>>().join(" ");
    let mut dialogue =
        Dialogue::new(script.clone(), &attempt.contact.person).disclosing(said_first.trim().to_owned());
    if let Some(zone) = gate::zone_of(&attempt.contact.callee()) {
        dialogue = dialogue.at(Utc::now().with_timezone(&zone));
    }
    if attempt.adopted.as_ref().is_some_and(|adopted| adopted.takes_over()) {
        dialogue = dialogue.handing_over(std::sync::Arc::new(|| true));
    } else if settings.transfer.as_ref().is_some_and(|to| !to.to.is_empty()) && attempt.adopted.is_none() {
        dialogue = dialogue.handing_over(std::sync::Arc::new(|| true));
    } else if (settings.hand_over || settings.transfer.is_some()) && attempt.adopted.is_none() {
        let (agents, key) = (dialer.0.agents.clone(), attempt.begun.key.clone());
        let free = move || agents.is_anyone_free(&key.organization_id, key.campaign_id);
        dialogue = dialogue.handing_over(std::sync::Arc::new(free));
    }
    let scribe = scribe(dialer, attempt);
    let minded = match &providers.chat {
        Some(_) => Some(minded(dialer, attempt, &script, dialogue.hands_over()).await),
        None => None,
    };
    // Whoever takes the call over ends the conversation, and goes on with the person.
    let end = in_flight.end.child_token();
    let (report, seat) = {
        let talk = converse(&mut media, dialogue, minded, providers, &scribe, end.clone());
        tokio::pin!(talk);
        tokio::select! {
            report = &mut talk => (report, None),
            seat = in_flight.taken_over(), if attempt.adopted.is_none() => {
                end.cancel();
                (talk.await, Some(seat))
            }
        }
    };
    if let (Some(tape), Some(recordings)) = (tape, dialer.0.tools.recordings.clone()) {
        let key = attempt.begun.key.clone();
        let days = settings.recording.as_ref().map_or(0, |recording| recording.keep_days);
        // Not before the person is let go: keeping it may take a while.
        // Whom it was not said to is not recorded.
        let told = report.announced;
        dialer.0.tasks.spawn(async move {
            if told {
                recordings.keep(&key, tape, days).await;
            } else {
                tape.discard().await;
            }
        });
    }
    let handed = |report| {
        Serving::new(dialer, attempt, in_flight, Why::HandedOver(Box::new(report)), answered, script.clone())
    };
    if let Some(seat) = seat
        && !report.do_not_call
        && report.ended == "ended_by_us"
        && !in_flight.end.is_cancelled()
    {
        return handed(report).run(progress, media, Some(seat)).await;
    }
    if report.outcome == Outcome::Transferred && report.ended == "done" && attempt.adopted.is_none() {
        return handed(report).run(progress, media, None).await;
    }
    if let Some(adopted) = &attempt.adopted {
        // Before our leg is let go: whoever placed the call must still have it, to end it or to send it on.
        let text = summary(&report);
        let ending = Ending { outcome: report.outcome, do_not_call: report.do_not_call, summary: &text };
        adopted.say(ending).await;
    }
    drop(media);
    if report.ended == "no_voice" {
        dialer.halt("the voice failed in a call: somebody picked up and heard nothing");
    }
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
        abandoned: false,
    }
}

/// A tape for the call, where its campaign records and there is sound.
fn taped(dialer: &Dialer, attempt: &Attempt, words: bool) -> Option<Tape> {
    attempt.campaign.call_settings.recording.as_ref()?;
    let recordings = dialer.0.tools.recordings.as_ref().filter(|_| !words)?;
    Some(recordings.begin(attempt.begun.key.call_id.as_str()))
}

/// What is said of the recording before anything else.
fn announced_recording(attempt: &Attempt, records: bool) -> String {
    let recording = attempt.campaign.call_settings.recording.as_ref().filter(|_| records);
    recording.map(|recording| recording.announce.clone()).unwrap_or_default()
}

/// What a language model is given: this person, this script, what the campaign knows, and no more.
async fn minded(dialer: &Dialer, attempt: &Attempt, script: &Script, hands_over: bool) -> Minded {
    let callee = attempt.contact.callee();
    let zone = gate::zone_of(&callee);
    let now = match zone {
        Some(zone) => Utc::now().with_timezone(&zone).format("%A, %Y-%m-%d %H:%M").to_string(),
        None => Utc::now().format("%A, %Y-%m-%d %H:%M UTC").to_string(),
    };
    let key = &attempt.begun.key;
    let knowledge = dialer.entries(&key.organization_id, Some(key.campaign_id)).await.unwrap_or_default();
    let about = About { knowledge, now, hands_over };
    Minded { mind: Mind::new(script, &callee, &about), zone }
}

/// What an artificial voice has to say of itself to this person. Who calls is the campaign's to say, or the organization's.
async fn disclosure(dialer: &Dialer, attempt: &Attempt) -> String {
    let (callee, rules, now) = (attempt.contact.callee(), dialer.rules(), Utc::now());
    let named = |caller: &str| gate::disclosure(&callee, &rules, caller, now);
    let caller = attempt.campaign.call_settings.caller_name.trim();
    if !caller.is_empty() || named("").is_empty() {
        return named(caller);
    }
    let all = dialer.0.tools.store.organizations().await.unwrap_or_default();
    let own = all.into_iter().find(|(id, ..)| *id == attempt.begun.key.organization_id);
    named(&own.map_or_else(|| attempt.campaign.name.clone(), |(_, name, _)| name))
}

/// Who writes a call down.
pub(super) fn scribe(dialer: &Dialer, attempt: &Attempt) -> JournalScribe {
    JournalScribe {
        journal: dialer.0.tools.journal.clone(),
        key: attempt.begun.key.clone(),
        phone: attempt.begun.to.clone(),
        ledgers: dialer.0.ledgers.clone(),
        list: List::of(attempt.campaign.call_settings.opt_out_scope, attempt.begun.key.campaign_id),
    }
}

/// What a call is held with: the campaign's voice and ears; the error says why there are none.
pub(super) fn providers(
    dialer: &Dialer,
    attempt: &Attempt,
    words: bool,
) -> std::result::Result<Providers, String> {
    let tools = &dialer.0.tools;
    let own = if words { tools.words.clone() } else { tools.sound.clone()? };
    Ok(tools.cast.providers(&attempt.campaign.call_settings.voice, &own, words))
}

/// Says one thing to a person; `None` where there is no voice, or nothing to say.
pub(super) async fn announced(
    dialer: &Dialer,
    attempt: &Attempt,
    script: &Script,
    in_flight: &InFlight,
    media: &mut Media,
    text: &str,
) -> Option<Report> {
    let providers = providers(dialer, attempt, media.words).ok()?;
    if text.trim().is_empty() {
        return None;
    }
    let dialogue = Dialogue::new(script.clone(), &attempt.contact.person);
    let (scribe, text) = (scribe(dialer, attempt), text.to_owned());
    let end = in_flight.end.clone();
    Some(announce(media, text, Outcome::Abandoned, dialogue, providers, &scribe, end).await)
}
