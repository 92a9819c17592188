//! The floor as lines of text, one for each thing that happens: for screen readers and pipes.

use crate::args::Server;
use crate::command::Client;
use crate::net::{self, Ask, Heard};
use crate::plain;
use crate::state::{Need, State};
use crate::when;
use chrono::Utc;
use color_eyre::eyre::{Result, bail};
use dialdeck_protocol::{Event, EventBody, ServerMessage, Speaker};
use std::io::{self, Write};
use tokio::sync::mpsc;

/// Tells what happens until it is ended.
///
/// # Errors
/// When nobody can be logged in, or the session has ended.
pub async fn run(server: Server) -> Result<()> {
    let token = Client::log_in(&server).await?.into_token();
    let (asks, asked) = mpsc::unbounded_channel();
    let (tell, mut heard) = mpsc::unbounded_channel();
    tokio::spawn(net::run(server.url.clone(), token, asked, tell));
    let mut state = State::default();
    while let Some(news) = heard.recv().await {
        let told = match news {
            Heard::Exporting(_) | Heard::Exported(_) | Heard::Played(_) | Heard::Form(_) => continue,
            Heard::LoggedOut(why) => bail!("{why}"),
            Heard::Lost(why) => say(&format!("not connected: {}; trying again", plain::line(&why))),
            Heard::Message(message) => take(*message, &mut state, &asks),
        };
        match told {
            // Whoever reads has enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            other => other?,
        }
    }
    Ok(())
}

fn say(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{} {text}", when::here(Utc::now()).format("%H:%M:%S"))?;
    out.flush()
}

fn take(message: ServerMessage, state: &mut State, asks: &mpsc::UnboundedSender<Ask>) -> io::Result<()> {
    match message {
        ServerMessage::Welcome { user, role, .. } => {
            say(&format!("logged in as {}, {role}", plain::line(&user)))
        }
        ServerMessage::Snapshot(snapshot) => {
            let known = state.seq.is_some();
            state.take_snapshot(*snapshot, Utc::now());
            if known {
                // Asked for because a campaign or a list has changed: the floor was told already.
                return Ok(());
            }
            for campaign in &state.campaigns {
                let (name, counts) = (plain::line(&campaign.name), &campaign.counts);
                let queue = format!(
                    "campaign {name}: queue {}, {} of {} done",
                    campaign.queue, counts.processed, counts.total
                );
                say(&queue)?;
            }
            say(&format!("calls in flight: {}, agents logged in: {}", state.calls.len(), state.agents.len()))
        }
        ServerMessage::Events { events } => {
            for event in events {
                // Whom a call is with is known before its end takes it away.
                let line = told(&event, state);
                let needs = state.take_events(vec![event], Utc::now());
                if needs.contains(&Need::Snapshot) {
                    let _ = asks.send(Ask::Snapshot);
                }
                if let Some(line) = line {
                    say(&line)?;
                }
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// An event in words; `None` where it tells nothing by itself.
fn told(event: &Event, state: &State) -> Option<String> {
    let call = event.call_id.as_ref().and_then(|id| state.calls.iter().find(|call| call.id == *id));
    let named =
        |name: &str, phone: &str| if name.trim().is_empty() { phone.to_owned() } else { name.to_owned() };
    let whom = call.map_or_else(|| "a call".to_owned(), |call| named(&call.name, &call.phone));
    let campaign = event.campaign_id.and_then(|id| state.campaigns.iter().find(|campaign| campaign.id == id));
    let campaign = campaign.map_or_else(|| "a campaign".to_owned(), |campaign| plain::line(&campaign.name));
    let text = match &event.body {
        EventBody::CallStarted { name, company, phone, .. } if company.is_empty() => {
            format!("calling {}", named(name, phone))
        }
        EventBody::CallStarted { name, company, phone, .. } => {
            format!("calling {} of {company}", named(name, phone))
        }
        EventBody::CallStatusUpdate { status, detail } if detail.is_empty() => {
            format!("{whom}: {}", words(status.as_str()))
        }
        EventBody::CallStatusUpdate { detail, .. } => format!("{whom}: {detail}"),
        EventBody::ConversationTurn { speaker: Some(Speaker::Customer), text, .. } => {
            format!("{whom} says: {text}")
        }
        EventBody::ConversationTurn { speaker: Some(Speaker::Ai), text, .. } => format!("to {whom}: {text}"),
        EventBody::CallEnded { outcome, duration, .. } => {
            format!("{whom}: over after {duration} s, {}", words(outcome.as_str()))
        }
        EventBody::QueueStatusUpdate { state, reason, .. } if reason.is_empty() => {
            format!("queue of {campaign}: {state}")
        }
        EventBody::QueueStatusUpdate { state, reason, .. } => {
            format!("queue of {campaign}: {state}, {reason}")
        }
        EventBody::CallHandedOver { agent, .. } => format!("{whom} talks to {agent}"),
        EventBody::CallDisposed { disposition, agent, .. } => {
            format!("{agent} says of a call: {disposition}")
        }
        EventBody::AgentStatusUpdate { agent } => match agent.pause_code.as_str() {
            "" => format!("agent {}: {}", agent.name, words(agent.state.as_str())),
            code => format!("agent {}: {}, {code}", agent.name, words(agent.state.as_str())),
        },
        EventBody::CallMonitored { by, mode: Some(mode) } => {
            format!("{by} is in the call with {whom}: {mode}")
        }
        EventBody::CallMonitored { by, mode: None } => format!("{by} has left the call with {whom}"),
        EventBody::MessageSent { from, text, .. } => format!("message from {from}: {text}"),
        EventBody::PartStatusUpdate { part } => format!("{} is {}: {}", part.name, part.state, part.message),
        EventBody::DoNotCallAdded { .. } => "a number is never to be called again".to_owned(),
        EventBody::ContactsImported { imported, rejected } => {
            format!("{campaign}: {imported} contacts imported, {rejected} refused")
        }
        _ => return None,
    };
    Some(plain::line(&text))
}

fn words(name: &str) -> String {
    name.replace('_', " ")
}
