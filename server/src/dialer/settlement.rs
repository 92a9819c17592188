//! What a call that is over leaves in the record, and what becomes of its contact.

use super::Dialer;
use super::attempt::{Attempt, Result};
use crate::domain::callback::{Callback, CallbackStatus};
use crate::domain::cost::Rates;
use crate::domain::do_not_call::{self, List, Listing};
use crate::domain::ending::{self, ContactAfter};
use crate::domain::gate;
use crate::domain::numbers::Turn;
use crate::storage::journal::CommitError;
use crate::storage::{Change, EndCall};
use crate::voice::dialogue::review;
use chrono::{DateTime, Utc};
use dialdeck_protocol::figures::{self, Ledger, Satisfaction};
use dialdeck_protocol::learning;
use dialdeck_protocol::{CallSettings, CallStatus, CallbackId, ContactStatus, Outcome, Taker};
use serde_json::json;
use std::time::Duration;

/// When a contact is due again whose call the telephony never heard of.
const SOON: chrono::Duration = chrono::Duration::seconds(5);

/// Writes down what came of it, and what becomes of the contact.
pub(super) async fn settle(dialer: &Dialer, attempt: &Attempt, result: Result) {
    let tools = &dialer.0.tools;
    let now = Utc::now();
    let exchanges = result.report.as_ref().map(|r| r.exchanges.as_slice()).unwrap_or_default();
    let seconds = result.answered.map_or(0, |at| (result.ended - at).num_seconds().max(0));
    let duration = i32::try_from(seconds).unwrap_or(i32::MAX);
    let csat = figures::satisfaction(exchanges, Some(result.outcome));
    let characters = review::spoken_characters(exchanges);
    let cost = tools.rates.call(u32::try_from(duration).unwrap_or(0), characters);
    let insights = insights(&result, csat.as_ref(), &tools.rates, duration, characters);
    let (contact, numbers) = after(dialer, attempt, &result, now);
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
        emotion: figures::last_emotion(exchanges),
        intent_score: exchanges.iter().rev().find(|e| !e.user_input.is_empty()).map_or(0.0, |e| e.confidence),
        csat_score: csat.map(|csat| csat.score),
        insights,
        script_id: attempt.campaign.script_for(attempt.begun.contact_id),
        last_step: learning::step(exchanges, result.outcome),
        cost,
        detail: crate::domain::plain::line(&result.detail, 250),
        contact,
        numbers,
        abandoned: result.abandoned,
        said_by: super::carried::vicidial(&attempt.begun.channel_id).to_owned(),
        answered_at: result.answered,
        at: now,
    };
    let mut deed = vec![Change::EndCall(Box::new(end.clone()))];
    if end.outcome == Outcome::DoNotCall || result.report.as_ref().is_some_and(|r| r.do_not_call) {
        // Said once more with the settlement: whatever kept it from the disk when it was said must not lose it.
        let list = List::of(attempt.campaign.call_settings.opt_out_scope, end.key.campaign_id);
        let listing = Listing::for_ever(&end.key.organization_id, &attempt.begun.to, "voice", now)
            .said_in(list, &end.key.call_id);
        deed.insert(0, Change::DoNotCall(Box::new(listing)));
    }
    if let Some(report) = result.report.as_ref().filter(|report| !report.answers.is_empty()) {
        let (organization_id, contact_id) = (end.key.organization_id.clone(), end.contact_id);
        deed.push(Change::FillFields {
            organization_id,
            contact_id,
            fields: report.answers.clone(),
            at: now,
        });
    }
    let refused = deed.iter().any(|change| matches!(change, Change::DoNotCall(_)));
    if let Some(promise) = promised(attempt, &result, now) {
        // Whose contact was erased meanwhile has nobody to be called back.
        let contact = tools.store.contact(&end.key.organization_id, end.contact_id).await;
        let refused = refused || is_listed(dialer, attempt, now).await;
        if !matches!(contact, Ok(None)) && !refused {
            deed.push(promise);
        }
    }
    let mut wait = Duration::from_secs(1);
    loop {
        match tools.journal.commit(deed.clone()).await {
            Ok(_) | Err(CommitError::Refused(_)) => return,
            Err(error) => tracing::error!(call = %end.key.call_id, %error, "a call cannot be settled yet"),
        }
        // For as long as it takes; what is open when the server stops is settled at the next start.
        tokio::select! {
            () = tokio::time::sleep(wait) => wait = (wait * 2).min(Duration::from_secs(30)),
            () = dialer.0.closing.cancelled() => {
                let _ = tools.journal.commit(deed).await;
                return;
            }
        }
    }
}

/// What can be told of a call beside its words.
fn insights(
    result: &Result,
    csat: Option<&Satisfaction>,
    rates: &Rates,
    duration: i32,
    characters: usize,
) -> serde_json::Value {
    let mut told = json!({});
    if let Some(csat) = csat {
        told["csat_estimate"] = json!(csat.score);
        told["csat_reasons"] = json!(csat.reasons);
        told["csat_basis"] = json!("estimate from words and outcome");
    }
    let Some(report) = &result.report else { return told };
    let exchanges = &report.exchanges;
    told["interruptions"] = json!(report.interruptions);
    told["ended"] = json!(report.ended);
    if let Some(not_taken) = report.not_taken {
        told["not_taken_seconds"] = json!(tenths(not_taken));
    }
    told["summary"] = json!(figures::summary(exchanges));
    told["talk_seconds"] = json!(tenths(report.talked));
    told["listen_seconds"] = json!(tenths(report.listened));
    told["longest_silence_seconds"] = json!(tenths(report.dead_air));
    let both = (report.talked + report.listened).as_secs_f64();
    if both > 0.0 {
        told["talk_share"] = json!((report.talked.as_secs_f64() / both * 100.0).round() / 100.0);
    }
    let said = exchanges.iter().filter(|exchange| !exchange.user_input.is_empty());
    let emotions: Vec<_> =
        said.map(|exchange| json!({ "turn": exchange.turn, "emotion": exchange.emotion })).collect();
    told["emotions"] = json!(emotions);
    let mut ledger = Ledger::default();
    for exchange in exchanges {
        ledger.take(exchange.latency);
    }
    told["latency"] = json!(ledger.latency());
    let seconds = u32::try_from(duration).unwrap_or(0);
    told["costs"] = json!({
        "currency": rates.currency, "telephony": rates.call(seconds, 0), "voice": rates.call(0, characters),
    });
    told
}

fn tenths(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 10.0).round() / 10.0
}

/// Whether one of their numbers is on a list by now. Where that cannot be asked, no: whoever keeps the callback is told before they
/// dial.
async fn is_listed(dialer: &Dialer, attempt: &Attempt, now: DateTime<Utc>) -> bool {
    let (key, numbers) = (&attempt.begun.key, do_not_call::numbers(&attempt.contact));
    let listed =
        dialer.0.tools.store.listed(&key.organization_id, Some(key.campaign_id), &numbers, now).await;
    matches!(listed, Ok(Some(_)))
}

/// What was promised: to call back at a time, by whoever is there then.
fn promised(attempt: &Attempt, result: &Result, now: DateTime<Utc>) -> Option<Change> {
    let report = result.report.as_ref().filter(|report| !report.do_not_call)?;
    let due_at = report.callback_at?;
    let callback = Callback {
        id: CallbackId::new(),
        organization_id: attempt.begun.key.organization_id.clone(),
        campaign_id: attempt.begun.key.campaign_id,
        contact_id: attempt.begun.contact_id,
        user_id: None,
        due_at,
        timezone: String::new(),
        note: match (attempt.taker, result.outcome) {
            (Taker::Ai, Outcome::Callback) => "asked for it in a call with an AI caller",
            (Taker::Ai, _) => "promised by an AI caller",
            (Taker::Person, _) => "promised when the line to an agent was cut",
        }
        .into(),
        status: CallbackStatus::Pending,
        created_at: now,
    };
    Some(Change::SaveCallback { callback: Box::new(callback), at: now })
}

/// What becomes of the contact, as the law has it. Somebody who waited for an agent in vain rests for as long as the law
/// of their place forbids to call them without an agent reserved.
fn after(
    dialer: &Dialer,
    attempt: &Attempt,
    result: &Result,
    now: DateTime<Utc>,
) -> (ContactAfter, Option<Turn>) {
    let looked_at =
        (ContactAfter { status: ContactStatus::Contacted, next_attempt_at: ending::far_future() }, None);
    if attempt.adopted.is_some() {
        // Whoever placed the call says when this person is called again; two who say so call them twice.
        return looked_at;
    }
    if attempt.carried.is_some() && result.outcome == Outcome::Error && !result.never_placed {
        // It may have been dialled all the same, and a late screen may dial it yet: a person looks before anybody calls again.
        return looked_at;
    }
    let settings = &attempt.campaign.call_settings;
    let (mut after, turn) = contact_after(result, attempt, settings, now);
    if result.abandoned && after.status == ContactStatus::Retry {
        let rest = gate::rest_after_abandonment(&attempt.contact.callee(), &dialer.rules(), now);
        after.next_attempt_at = after.next_attempt_at.max(now + rest);
    }
    (after, turn)
}

/// What becomes of the contact.
fn contact_after(
    result: &Result,
    attempt: &Attempt,
    settings: &CallSettings,
    now: DateTime<Utc>,
) -> (ContactAfter, Option<Turn>) {
    if result.never_placed {
        return (ContactAfter { status: ContactStatus::Retry, next_attempt_at: now + SOON }, None);
    }
    let report = result.report.as_ref();
    let talked = report.is_some_and(|r| r.exchanges.iter().any(|e| !e.user_input.is_empty()));
    let cut_off = report.is_some_and(|r| ["ended_by_us", "no_voice", "dead_line"].contains(&r.ended));
    // A person whom we did not understand, cut off or left in silence is not called again by a machine minutes later.
    if matches!(result.outcome, Outcome::Unclear | Outcome::Error)
        && (talked || cut_off || result.answered.is_some() && report.is_none())
    {
        let after = ContactAfter { status: ContactStatus::Contacted, next_attempt_at: ending::far_future() };
        return (after, None);
    }
    let (after, turn) = ending::after_number(
        result.outcome,
        attempt.begun.attempt,
        &attempt.contact.numbers(),
        settings,
        now,
    );
    (after, Some(turn))
}
