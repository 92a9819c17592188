//! Events change what is known.

use super::{Mark, Spoken, State, Tone, View};
use chrono::{DateTime, Utc};
use dialdeck_protocol::{CallCounts, CallRow, CallStatus, ContactStatus, Event, EventBody, Outcome, Speaker};
use std::collections::BTreeSet;

/// Whether a contact needs no further call; the queue's own counts, which come with its next word, say the same.
fn is_done(status: ContactStatus) -> bool {
    use ContactStatus::{Completed, Contacted, DoNotCall, Failed};
    matches!(status, Completed | Contacted | DoNotCall | Failed)
}

fn count(counts: &mut CallCounts, outcome: Outcome, status: CallStatus, contact: ContactStatus) {
    counts.processed += i64::from(is_done(contact));
    counts.successful += i64::from(outcome.is_success());
    counts.failed += i64::from(status == CallStatus::Failed);
}

/// What the console must ask for after an event, because the event alone does not say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// Nothing.
    Nothing,
    /// A fresh snapshot: campaigns or contacts changed.
    Snapshot,
    /// What is looked at of Dialpad.
    Dialpad,
    /// Callbacks.
    Callbacks,
}

impl State {
    /// Takes events, and says what else is needed for them. The selection is kept over all of them at once: a burst must not cost
    /// as many looks at every row as it has events.
    pub fn take_events(&mut self, events: Vec<Event>, now: DateTime<Utc>) -> BTreeSet<Need> {
        let mut needs = BTreeSet::new();
        self.keeping_selection(|state| {
            needs.extend(events.into_iter().map(|event| state.take_event(event, now)));
        });
        needs
    }

    /// Takes an event. One that was seen before is passed over.
    #[allow(clippy::too_many_lines, reason = "one arm a kind of event")]
    pub fn take_event(&mut self, event: Event, now: DateTime<Utc>) -> Need {
        if self.seq.is_some_and(|seen| event.seq <= seen) {
            return Need::Nothing;
        }
        self.seq = Some(event.seq);
        let (at, campaign_id, call_id) = (event.at, event.campaign_id, event.call_id);
        // Events arrive within moments of their making: a small difference is travel, a large one is the clocks'.
        let ahead = (at - now).num_milliseconds();
        if (ahead - self.clock_ahead_ms).abs() > 30_000 && ahead > self.clock_ahead_ms {
            self.clock_ahead_ms = ahead;
        }
        match event.body {
            EventBody::CallStarted { name, company, phone, .. } => {
                let (Some(id), Some(campaign_id)) = (call_id, campaign_id) else { return Need::Nothing };
                self.calls.push(CallRow {
                    id,
                    campaign_id,
                    name,
                    company,
                    phone,
                    status: CallStatus::Initiated,
                    detail: String::new(),
                    started_at: at,
                    answered_at: None,
                    agent: String::new(),
                    summary: String::new(),
                    intent: None,
                    emotion: None,
                    exchanges: Vec::new(),
                });
            }
            EventBody::CallStatusUpdate { status, detail } => {
                if let Some(call) = self.calls.iter_mut().find(|c| Some(&c.id) == call_id.as_ref()) {
                    call.status = status;
                    call.detail = detail;
                    if status == CallStatus::InProgress {
                        call.answered_at.get_or_insert(at);
                    }
                }
            }
            EventBody::ConversationTurn { speaker, text, exchange, .. } => {
                let Some(id) = call_id else { return Need::Nothing };
                let lines = self.spoken.entry(id.clone()).or_default();
                if let Some(exchange) = exchange {
                    lines.clear();
                    if let Some(campaign) = campaign_id {
                        self.ledgers.entry(campaign).or_default().take(exchange.latency);
                    }
                    if let Some(call) = self.calls.iter_mut().find(|c| c.id == id) {
                        if !exchange.user_input.is_empty() {
                            call.intent = Some(exchange.intent);
                            call.emotion = Some(exchange.emotion);
                        }
                        call.exchanges.push(exchange);
                    }
                } else if let Some(speaker) = speaker {
                    lines.push(Spoken { speaker, text });
                }
            }
            EventBody::CallMonitored { by, mode } => {
                let Some(id) = call_id else { return Need::Nothing };
                let all = self.monitored.entry(id.clone()).or_default();
                all.retain(|(who, _)| *who != by);
                all.extend(mode.map(|mode| (by, mode)));
                if all.is_empty() {
                    self.monitored.remove(&id);
                }
            }
            EventBody::ToolUsed { tool, result, .. } => {
                let Some(id) = call_id else { return Need::Nothing };
                let text = format!("⚙ {}: {result}", tool.replace('_', " "));
                self.spoken.entry(id).or_default().push(Spoken { speaker: Speaker::Ai, text });
            }
            EventBody::CallEnded { outcome, status, contact_status, .. } => {
                let Some(id) = call_id else { return Need::Nothing };
                self.keeping_selection(|state| state.calls.retain(|c| c.id != id));
                self.past.is_old = true;
                self.marked.left(&Mark::Call(id.clone()));
                self.spoken.remove(&id);
                self.monitored.remove(&id);
                if let Some(campaign) = self.campaigns.iter_mut().find(|c| Some(c.id) == campaign_id) {
                    count(&mut campaign.counts, outcome, status, contact_status);
                }
            }
            EventBody::QueueStatusUpdate { state, reason, next_call_at, counts } => {
                if let Some(campaign) = self.campaigns.iter_mut().find(|c| Some(c.id) == campaign_id) {
                    campaign.queue = state;
                    campaign.reason = reason;
                    campaign.next_call_at = next_call_at;
                    campaign.counts = counts;
                }
            }
            EventBody::VicidialAction { vicidial, function, target, progress, by } => {
                self.note_vicidial(&vicidial, &function, &target, progress, &by);
            }
            EventBody::DialpadUpdate { status } => {
                let seen = self.dialpad.picture.as_ref().map(|picture| picture.status.serial);
                let more = seen.is_some_and(|serial| serial != status.serial);
                self.dialpad.status = Some(status);
                if more && self.view == View::Dialpad {
                    return Need::Dialpad;
                }
            }
            EventBody::PartStatusUpdate { part } => match self.parts.iter_mut().find(|p| p.name == part.name)
            {
                Some(old) => *old = part,
                None => self.parts.push(part),
            },
            EventBody::CallHandedOver { agent, summary } => {
                if let Some(call) = self.calls.iter_mut().find(|c| Some(&c.id) == call_id.as_ref()) {
                    call.agent = agent;
                    call.summary = summary;
                }
            }
            EventBody::AgentStatusUpdate { agent } => self.take_agent(agent),
            EventBody::MessageSent { to, from, text } => {
                if Some(to) == self.user_id {
                    self.notes.late(&format!("{from} says: {text}"), Tone::Good);
                }
            }
            EventBody::CampaignChanged { .. }
            | EventBody::ListReset { .. }
            | EventBody::ContactsImported { .. } => return Need::Snapshot,
            EventBody::CallbackChanged { .. } => return Need::Callbacks,
            EventBody::CatalogChanged { .. } => self.knowledge.clear(),
            EventBody::ContactHeld { .. }
            | EventBody::DoNotCallAdded { .. }
            | EventBody::CallDisposed { .. }
            | EventBody::ConsentChanged { .. } => {}
        }
        Need::Nothing
    }
}

#[cfg(test)]
mod tests {
    use super::Need;
    use crate::state::State;
    use chrono::Utc;
    use dialdeck_protocol::{CallId, CampaignId, Event, EventBody, OrganizationId};

    fn event(seq: i64, call: &CallId, body: EventBody) -> Event {
        Event {
            seq,
            at: Utc::now(),
            organization_id: OrganizationId("default".into()),
            campaign_id: Some(CampaignId::new()),
            call_id: Some(call.clone()),
            body,
        }
    }

    fn started() -> EventBody {
        EventBody::CallStarted {
            name: "Ann".into(),
            company: "Acme".into(),
            phone: "+13125550142".into(),
            attempt: 1,
        }
    }

    #[test]
    fn what_was_seen_is_passed_over() {
        let (mut state, call) = (State::default(), CallId::new());
        assert_eq!(state.take_event(event(5, &call, started()), Utc::now()), Need::Nothing);
        state.take_event(event(5, &call, started()), Utc::now());
        state.take_event(event(4, &call, started()), Utc::now());
        assert_eq!((state.calls.len(), state.seq), (1, Some(5)));
    }
}
