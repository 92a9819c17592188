//! After a crash: which of our calls live? Settle the rest, and only then dial on.

use super::Dialer;
use crate::domain::do_not_call::{List, Listing};
use crate::domain::ending::{self, ContactAfter};
use crate::storage::{CallKey, Change, EndCall, LiveCall, StoreResult};
use crate::telephony::PlaceError;
use crate::voice::dialogue::review;
use chrono::Utc;
use dialdeck_protocol::figures;
use dialdeck_protocol::{CallSettings, CallStatus, ContactStatus, Intent, Outcome, PartState};
use std::time::Duration;

/// Wait between two tries.
const AGAIN: Duration = Duration::from_secs(2);

pub(super) async fn run(dialer: Dialer) {
    loop {
        let done = tokio::select! {
            done = recover(&dialer) => done,
            () = dialer.0.closing.cancelled() => return,
        };
        match done {
            Ok(()) => break,
            Err(error) => tracing::error!(%error, "what the last run left behind cannot be settled yet"),
        }
        tokio::select! {
            () = tokio::time::sleep(AGAIN) => {}
            () = dialer.0.closing.cancelled() => return,
        }
    }
    dialer.0.recovered.send_replace(true);
}

async fn recover(dialer: &Dialer) -> Result<(), String> {
    let tools = &dialer.0.tools;
    let left = tools.store.live_calls(&tools.name).await.map_err(|e| e.to_string())?;
    // What another's agents had goes on there without us.
    let (carried, left): (Vec<_>, Vec<_>) = left.into_iter().partition(is_carried);
    for call in &carried {
        settle(dialer, call).await.map_err(|e| e.to_string())?;
    }
    if !left.is_empty() {
        tracing::info!(calls = left.len(), "settling calls of the last run");
        let mut condition = tools.telephony.condition();
        condition.wait_for(|c| c.state == PartState::Up).await.map_err(|e| e.to_string())?;
        let live = tools.telephony.live().await.map_err(|e| e.to_string())?;
        for call in &left {
            if live.contains(&call.call_id) {
                // It rings, or somebody listens to nothing: nobody watches it any more.
                match tools.telephony.hang_up(&call.call_id).await {
                    Err(PlaceError::Refused(why)) => {
                        tracing::error!(call = %call.call_id, why, "a call of the last run cannot be hung up");
                    }
                    other => other.map_err(|e| e.to_string())?,
                }
            }
            settle(dialer, call).await.map_err(|e| e.to_string())?;
        }
    }
    dialer.0.agents.recover().await.map_err(|e| e.to_string())?;
    for campaign in tools.store.open_queues().await.map_err(|e| e.to_string())? {
        if let Some(handle) = dialer.take_handle(campaign.id) {
            dialer.drive(campaign, handle);
        }
    }
    Ok(())
}

/// Whether an agent of somebody else's had it.
fn is_carried(call: &LiveCall) -> bool {
    call.channel_id.starts_with(super::carried::VICIDIAL)
}

async fn settle(dialer: &Dialer, call: &LiveCall) -> StoreResult<()> {
    let tools = &dialer.0.tools;
    let now = Utc::now();
    let exchanges = tools.store.exchanges(&call.call_id).await?;
    let answered = call.answered_at.is_some();
    // What the person had said counts as far as it was heard; the rest is unknown and called so.
    let refused = exchanges.iter().any(|e| e.intent == Intent::DoNotCall);
    let talked = exchanges.iter().any(|e| !e.user_input.is_empty());
    // A person who waited for an agent when we fell: nobody came.
    let abandoned = call.for_agents && answered && !call.with_agent;
    let outcome = match (refused, answered) {
        (true, _) => Outcome::DoNotCall,
        // It may ring there, or they may talk: whoever looks on says what came of it, and nobody dials it anew.
        (false, _) if is_carried(call) => Outcome::Transferred,
        (false, true) if abandoned => Outcome::Abandoned,
        (false, true) if call.with_agent => Outcome::Transferred,
        (false, true) => Outcome::Unclear,
        (false, false) => Outcome::Error,
    };
    let settings = tools
        .store
        .campaign(&call.organization_id, call.campaign_id)
        .await?
        .map_or_else(CallSettings::default, |c| c.call_settings);
    let last = exchanges.last().map(|e| e.timestamp);
    let seconds = call.answered_at.zip(last).map_or(0, |(from, to)| (to - from).num_seconds().max(0));
    let duration = i32::try_from(seconds).unwrap_or(i32::MAX);
    let characters = review::spoken_characters(&exchanges);
    let mut contact = ending::contact_after(outcome, call.attempt, &settings, now);
    if talked && outcome == Outcome::Unclear {
        // Cut off in the middle of a conversation: a machine that calls again five minutes later is no amends.
        contact = ContactAfter { status: ContactStatus::Contacted, next_attempt_at: ending::far_future() };
    }
    let end = EndCall {
        key: CallKey {
            call_id: call.call_id.clone(),
            campaign_id: call.campaign_id,
            organization_id: call.organization_id.clone(),
        },
        contact_id: call.contact_id,
        status: if answered || is_carried(call) { CallStatus::Completed } else { CallStatus::Failed },
        outcome,
        duration,
        transcript: review::transcript(&exchanges),
        emotion: figures::last_emotion(&exchanges),
        intent_score: 0.0,
        csat_score: None,
        insights: serde_json::json!({ "settled": "after the server was restarted" }),
        script_id: None,
        last_step: None,
        cost: tools.rates.call(u32::try_from(duration).unwrap_or(0), characters),
        detail: "the server ended while the call was in flight".into(),
        contact,
        numbers: None,
        abandoned,
        answered_at: None,
        said_by: super::carried::vicidial(&call.channel_id).to_owned(),
        at: now,
    };
    let mut deed = vec![Change::EndCall(Box::new(end))];
    if refused {
        let list = List::of(settings.opt_out_scope, call.campaign_id);
        let listing = Listing::for_ever(&call.organization_id, &call.to, "voice", now);
        deed.insert(0, Change::DoNotCall(Box::new(listing.said_in(list, &call.call_id))));
    }
    tools.journal.commit(deed).await.map(|_| ()).or_else(|error| match error {
        crate::storage::journal::CommitError::Refused(_) => Ok(()),
        crate::storage::journal::CommitError::Store(m) => Err(crate::storage::StoreError::Unavailable(m)),
    })
}
