//! ARI's WebSocket: what becomes of our channels. Connects again, for ever, and then settles what was missed.

use super::ari::{Ari, Living, bridge_of};
use super::legs::Legs;
use super::lines::Lines;
use super::transport::{Modules, Transport, choose};
use super::ways::Ways;
use crate::telephony::{Condition, LegId};
use dialdeck_protocol::PartState;
use futures_util::{SinkExt, StreamExt};
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Message, http::header};
use tokio_util::sync::CancellationToken;

/// Wait between two tries.
const AGAIN: Duration = Duration::from_secs(2);
/// Why a session ended when another server took our name; two that took turns would both be deaf.
const REPLACED: &str =
    "another program listens under our application's name; give each server its own (asterisk.application)";
const REPLACED_REST: Duration = Duration::from_mins(1);
/// How often we ask whether it is still there; Asterisk sends no heartbeat of its own.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// Largest event, in bytes.
const MAX_EVENT: usize = 1 << 20;

/// The little that we read of an event.
#[derive(Debug, Deserialize)]
struct Event {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    channel: Option<Channel>,
    #[serde(default)]
    peer: Option<Channel>,
    #[serde(default)]
    dialstatus: String,
    #[serde(default)]
    cause: u32,
    #[serde(default)]
    digit: String,
}

#[derive(Debug, Deserialize)]
struct Channel {
    id: String,
}

/// Listens until told to stop.
pub(super) async fn listen(
    ari: Arc<Ari>,
    lines: Lines,
    legs: Legs,
    ways: Ways,
    condition: watch::Sender<Condition>,
    stop: CancellationToken,
) {
    loop {
        let session = tokio::select! {
            ended = session(&ari, &lines, &legs, &ways, &condition) => ended,
            () = stop.cancelled() => return,
        };
        let message = format!("{}: {session}; trying again every {} s", ari.describe(), AGAIN.as_secs());
        condition.send_if_modified(|old| {
            let new = Condition { state: PartState::Down, message };
            let changed = *old != new;
            *old = new;
            changed
        });
        tokio::select! {
            () = tokio::time::sleep(if session == REPLACED { REPLACED_REST } else { AGAIN }) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// One connection; gives why it ended.
async fn session(
    ari: &Arc<Ari>,
    lines: &Lines,
    legs: &Legs,
    ways: &Ways,
    condition: &watch::Sender<Condition>,
) -> String {
    let version = match ari.version().await {
        Ok(version) => version,
        Err(error) => return error,
    };
    let request = match request(ari) {
        Ok(request) => request,
        Err(error) => return error,
    };
    let config = WebSocketConfig::default().max_message_size(Some(MAX_EVENT)).max_frame_size(Some(MAX_EVENT));
    let connect = tokio_tungstenite::connect_async_with_config(request, Some(config), true);
    let mut socket = match tokio::time::timeout(HEARTBEAT, connect).await {
        Ok(Ok((socket, _))) => socket,
        Ok(Err(error)) => return format!("the event WebSocket was refused: {error}"),
        Err(_) => return "the event WebSocket did not answer".into(),
    };
    if let Err(error) = ari.filter_events().await {
        // Asterisk before 18 has no filter; all events are more work and no harm.
        tracing::debug!(%error, "no event filter");
    }
    let way = match way_of(ari, ways).await {
        Ok(way) => way,
        Err(error) => return error,
    };
    if let Err(error) = settle(ari, lines, legs, ways).await {
        return error;
    }
    let message = format!("{} ({version}), sound by {}", ari.describe(), way.as_str());
    condition.send_replace(Condition { state: PartState::Up, message });
    let mut heartbeat = tokio::time::interval(HEARTBEAT);
    // After a stall one beat is due, not all that were missed: it has answered none of them yet.
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut alive = true;
    loop {
        tokio::select! {
            message = socket.next() => match message {
                Some(Ok(Message::Text(text))) => {
                    alive = true;
                    match take(text.as_str(), lines, legs) {
                        Taken::Fine => {}
                        Taken::Stray(leg) => {
                            tracing::info!("a phone was picked up that nobody here has rung; it is hung up");
                            let ari = ari.clone();
                            // The events of all calls do not wait for it.
                            tokio::spawn(async move { ari.drop_leg(leg).await });
                        }
                        Taken::Replaced => return REPLACED.into(),
                    }
                }
                Some(Ok(Message::Close(_))) | None => return "the event WebSocket was closed".into(),
                Some(Ok(_)) => alive = true,
                Some(Err(error)) => return format!("the event WebSocket broke: {error}"),
            },
            _ = heartbeat.tick() => {
                if !alive {
                    return "the event WebSocket does not answer".into();
                }
                alive = false;
                if let Err(error) = socket.send(Message::Ping(Vec::new().into())).await {
                    return format!("the event WebSocket broke: {error}");
                }
            }
        }
    }
}

/// How sound is carried from now on: by what Asterisk has.
async fn way_of(ari: &Ari, ways: &Ways) -> Result<Transport, String> {
    let has = Modules {
        audiosocket: ari.has_module("app_audiosocket.so").await?,
        websocket: ari.has_module("chan_websocket.so").await?,
    };
    let way = choose(&ways.wish, has)?;
    ways.choose(way);
    Ok(way)
}

fn request(ari: &Ari) -> Result<tokio_tungstenite::tungstenite::handshake::client::Request, String> {
    let settings = ari.settings();
    let mut url = ari.websocket(|path| format!("{path}/events"))?;
    url.query_pairs_mut().append_pair("app", &settings.application).append_pair("subscribeAll", "true");
    let mut request = url.as_str().into_client_request().map_err(|e| e.to_string())?;
    let value = ari.authorization().ok_or("ARI's user or password is unusable")?;
    request.headers_mut().insert(header::AUTHORIZATION, value);
    Ok(request)
}

/// Calls that ended while we were not listening.
async fn settle(ari: &Ari, lines: &Lines, legs: &Legs, ways: &Ways) -> Result<(), String> {
    let (before, phones) = (lines.calls(), legs.all());
    let Living { calls: live, legs: open, carriages } = ari.live().await.map_err(|e| e.to_string())?;
    for stray in carriages.iter().filter(|name| !ways.uses(name)) {
        tracing::info!("a channel of the last run that carried sound is hung up");
        let _ = ari.hang_up_channel(stray).await;
        let _ = ari.close_bridge(&bridge_of(stray)).await;
    }
    let known: Vec<LegId> = phones.iter().map(|(leg, _)| *leg).collect();
    for leg in open.iter().filter(|open| open.is_ours && !known.contains(&open.leg)) {
        // The last run rang it, and nobody here will ever put anybody through to it.
        tracing::info!("a phone of the last run is hung up");
        let _ = ari.drop_leg(leg.leg).await;
    }
    let open: Vec<LegId> = open.into_iter().map(|open| open.leg).collect();
    for (leg, up) in phones {
        if !open.contains(&leg) {
            legs.gone(leg, "Asterisk was away");
        } else if !up {
            // Picked up while we did not listen, perhaps: nobody would ever tell.
            let _ = ari.drop_leg(leg).await;
            legs.gone(leg, "Asterisk was away while it rang");
        }
    }
    for call in before.iter().filter(|call| !live.contains(call)) {
        // Interworking: how it ended was not told. Without a dial status that is an error, not a bad number.
        lines.ended(call, 127);
    }
    Ok(())
}

/// What an event asks for.
#[derive(Debug, PartialEq, Eq)]
enum Taken {
    /// Nothing more.
    Fine,
    /// A phone of ours that nobody here knows was picked up: the last run rang it.
    Stray(LegId),
    /// Somebody else took our application's name.
    Replaced,
}

/// Takes an event.
fn take(text: &str, lines: &Lines, legs: &Legs) -> Taken {
    let Ok(event) = serde_json::from_str::<Event>(text) else {
        tracing::debug!("an ARI event could not be read");
        return Taken::Fine;
    };
    match event.kind.as_str() {
        "Dial" => {
            if let Some(call) = event.peer.as_ref().and_then(|p| lines.call_of(&p.id)) {
                lines.dialled(&call, &event.dialstatus);
            }
        }
        "ChannelDestroyed" => {
            if let Some(call) = event.channel.as_ref().and_then(|c| lines.call_of(&c.id)) {
                lines.ended(&call, event.cause);
            } else if let Some(leg) = event.channel.as_ref().and_then(|c| c.id.parse().ok()) {
                legs.gone(leg, &format!("cause {}", event.cause));
            }
        }
        "StasisStart" => {
            if let Some(call) = event.channel.as_ref().and_then(|c| lines.call_of(&c.id)) {
                lines.entered(&call);
            } else if let Some(leg) = event.channel.as_ref().and_then(|c| c.id.parse().ok())
                && !legs.up(leg)
            {
                return Taken::Stray(leg);
            }
        }
        "ChannelDtmfReceived" => {
            let leg = event.channel.as_ref().and_then(|c| c.id.parse().ok());
            if let (Some(leg), Some(key)) = (leg, event.digit.chars().next()) {
                legs.key(leg, key);
            }
        }
        "ApplicationReplaced" => return Taken::Replaced,
        _ => {}
    }
    Taken::Fine
}

#[cfg(test)]
mod tests {
    use super::{Taken, take};
    use crate::telephony::asterisk::legs::Legs;
    use crate::telephony::asterisk::lines::Lines;
    use crate::telephony::{Leg, LegId, Progress, channel_id};
    use dialdeck_protocol::{CallId, Outcome};

    #[test]
    fn an_unanswered_call_as_asterisk_tells_it() {
        let (lines, legs, call) = (Lines::default(), Legs::default(), CallId::new());
        let mut progress = lines.open(&call);
        let id = channel_id(&call);
        for status in ["", "RINGING", "BUSY"] {
            assert_eq!(
                take(
                    &format!(r#"{{"type":"Dial","peer":{{"id":"{id}"}},"dialstatus":"{status}"}}"#),
                    &lines,
                    &legs
                ),
                Taken::Fine
            );
        }
        take(
            &format!(r#"{{"type":"ChannelDestroyed","channel":{{"id":"{id};2"}},"cause":17}}"#),
            &lines,
            &legs,
        );
        assert!(lines.knows(&call), "the far half is not ours");
        take(&format!(r#"{{"type":"ChannelDestroyed","channel":{{"id":"{id}"}},"cause":0}}"#), &lines, &legs);
        assert!(matches!(progress.try_recv(), Ok(Progress::Ringing)));
        let Ok(Progress::Ended(ended)) = progress.try_recv() else { panic!("not ended") };
        assert_eq!(ended.outcome(), Outcome::Busy);
        assert_eq!(take("garbage", &lines, &legs), Taken::Fine);
        assert_eq!(take(r#"{"type":"ApplicationReplaced"}"#, &lines, &legs), Taken::Replaced);
    }
    #[test]
    fn an_agents_phone_as_asterisk_tells_it() {
        let (lines, legs, leg) = (Lines::default(), Legs::default(), LegId::new());
        let mut phone = legs.open(leg);
        take(
            &format!(r#"{{"type":"StasisStart","channel":{{"id":"{leg}"}},"args":["agent"]}}"#),
            &lines,
            &legs,
        );
        take(
            &format!(r#"{{"type":"ChannelDestroyed","channel":{{"id":"{leg};2"}},"cause":16}}"#),
            &lines,
            &legs,
        );
        assert_eq!(phone.try_recv(), Ok(Leg::Up));
        assert!(phone.try_recv().is_err(), "the far half is not ours");
        take(
            &format!(r#"{{"type":"ChannelDestroyed","channel":{{"id":"{leg}"}},"cause":16}}"#),
            &lines,
            &legs,
        );
        assert_eq!(phone.try_recv(), Ok(Leg::Gone("cause 16".into())));
        let picked_up = format!(r#"{{"type":"StasisStart","channel":{{"id":"{leg}"}},"args":["agent"]}}"#);
        assert_eq!(take(&picked_up, &lines, &legs), Taken::Stray(leg), "nobody here rings it any more");
    }
}
