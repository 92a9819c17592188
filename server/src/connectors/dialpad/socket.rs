//! Dialpad's `WebSocket`, for servers that have no public address: its address is good for an hour, and made anew before.

use super::client::{Ask, Client};
use super::connector::Connector;
use super::delivery::Deliveries;
use super::subscription::{self, Kept, Way};
use super::wire::{self, Class, Trouble};
use backon::{BackoffBuilder, ExponentialBuilder};
use chrono::Utc;
use futures_util::{SinkExt, StreamExt};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};
use tokio_util::sync::CancellationToken;

/// How often we look whether something was subscribed meanwhile.
const LOOK: Duration = Duration::from_secs(5);
/// Longest message, in bytes.
const LONGEST: usize = 1 << 20;
/// Longest that a connection may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// How often we ask whether it is still there.
const HEARTBEAT: Duration = Duration::from_secs(30);

type Line = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Listens while that is subscribed, until the server stops.
pub async fn run(connector: Arc<Connector>, deliveries: Arc<Deliveries>, closing: CancellationToken) {
    let Some(client) = &connector.client else { return };
    let growing = || {
        let least = Duration::from_secs(1);
        ExponentialBuilder::default()
            .with_min_delay(least)
            .with_max_delay(Duration::from_mins(1))
            .with_jitter()
    };
    let mut waits = growing().without_max_times().build();
    loop {
        let kept = subscription::kept(connector.store.as_ref(), &connector.organization).await.ok().flatten();
        let way = kept.as_ref().map(|kept| kept.way);
        connector.note(|status| way.map_or("", Way::word).clone_into(&mut status.events));
        let mut pause = LOOK;
        if let Some(kept) = kept.filter(|kept| kept.way == Way::Websocket) {
            let listened = Instant::now();
            let listening = listen(&connector, client, &deliveries, &kept);
            let ended = tokio::select! {
                ended = listening => ended,
                () = closing.cancelled() => return,
            };
            if let Err(trouble) = ended {
                tracing::warn!(%trouble, "Dialpad's WebSocket is lost; the next fetch brings what it would have told");
                connector.note(|status| status.trouble = format!("events: {}", trouble.with_remedy()));
                if listened.elapsed() > Duration::from_mins(2) {
                    waits = growing().without_max_times().build();
                }
                pause = waits.next().unwrap_or(Duration::from_mins(1));
            }
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = closing.cancelled() => return,
        }
    }
}

/// Connects to the address as it is now.
async fn connect(client: &Client, kept: &Kept) -> Result<Line, Trouble> {
    let told = client.look(&Ask::get(format!("/websockets/{}", kept.endpoint_id))).await?;
    let address = wire::endpoint(&told).map(|endpoint| endpoint.address).unwrap_or_default();
    if !address.starts_with("wss://") && !address.starts_with("ws://") {
        return Err(Trouble::new(Class::Unreadable, "it tells no address of the WebSocket"));
    }
    let config = WebSocketConfig::default().max_message_size(Some(LONGEST)).max_frame_size(Some(LONGEST));
    let connecting = connect_async_with_config(address, Some(config), true);
    match tokio::time::timeout(PATIENCE, connecting).await {
        Ok(Ok((line, _))) => Ok(line),
        // The error would name the address, which is as good as a key.
        Ok(Err(_)) => Err(Trouble::new(Class::Unreachable, "the WebSocket cannot be opened")),
        Err(_) => Err(Trouble::new(Class::TimedOut, "the WebSocket does not open")),
    }
}

/// Listens until it is not subscribed any more. A new connection is there before the old one goes.
async fn listen(
    connector: &Connector,
    client: &Client,
    deliveries: &Deliveries,
    kept: &Kept,
) -> Result<(), Trouble> {
    let refresh = Duration::from_secs(connector.settings.websocket_refresh_seconds);
    let mut line = connect(client, kept).await?;
    connector.note(|status| {
        if status.trouble.starts_with("events: ") {
            status.trouble.clear();
        }
    });
    let mut anew = Instant::now() + refresh;
    let mut look = tokio::time::interval(LOOK);
    let mut heartbeat = tokio::time::interval(HEARTBEAT);
    let mut heard_at = Instant::now();
    loop {
        tokio::select! {
            message = line.next() => match message {
                Some(Ok(Message::Text(text))) => {
                    heard_at = Instant::now();
                    if let Err(refused) = deliveries.heard(text.as_str(), Utc::now().timestamp_millis()).await {
                        tracing::debug!(why = refused.word(), "an event of Dialpad's was not taken");
                    }
                }
                Some(Ok(_)) => heard_at = Instant::now(),
                Some(Err(_)) | None => return Err(Trouble::new(Class::Unreachable, "the WebSocket has ended")),
            },
            () = tokio::time::sleep_until(anew) => {
                let fresh = connect(client, kept).await?;
                let mut old = std::mem::replace(&mut line, fresh);
                anew = Instant::now() + refresh;
                // What it still has for us.
                while let Ok(Some(Ok(message))) = tokio::time::timeout(Duration::from_millis(200), old.next()).await {
                    if let Message::Text(text) = message {
                        let _ = deliveries.heard(text.as_str(), Utc::now().timestamp_millis()).await;
                    }
                }
                let _ = old.close(None).await;
            }
            _ = heartbeat.tick() => {
                if heard_at.elapsed() > HEARTBEAT * 3 {
                    return Err(Trouble::new(Class::TimedOut, "the WebSocket says nothing"));
                }
                if line.send(Message::Ping(Vec::new().into())).await.is_err() {
                    return Err(Trouble::new(Class::Unreachable, "the WebSocket has ended"));
                }
            }
            _ = look.tick() => {
                let now = subscription::kept(connector.store.as_ref(), &connector.organization).await;
                if now.is_ok_and(|now| now.as_ref() != Some(kept)) {
                    return Ok(());
                }
            }
        }
    }
}
