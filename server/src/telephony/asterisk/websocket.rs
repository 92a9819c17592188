//! Sound over `chan_websocket`: binary frames of 8 kHz s16le both ways, control in words.
//!
//! We connect to Asterisk's own web server, under an id that it gave to us, and so are the only ones who can. Asterisk plays what
//! comes at its own pace and makes silence where nothing comes: silence of ours is not sent, so that nothing queues up behind it.

use super::ari::Ari;
use crate::telephony::PlaceError;
use crate::voice::media::{Frame, HEARD_AHEAD, Media, SPOKEN_AHEAD};
use futures_util::{SinkExt, StreamExt};
use serde::Deserialize;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderValue, header};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// What Asterisk calls the language of such connections.
const PROTOCOL: &str = "media";
/// How long Asterisk may take to open one.
const OPENS: Duration = Duration::from_secs(5);
/// Largest message that is taken, in bytes.
const MAX_MESSAGE: usize = 64 << 10;
/// What the names of these channels begin with.
pub(super) const MEDIA_PREFIX: &str = "dialdeck-media-";
/// Hangs the channel up on which Asterisk has us.
const HANG_UP: &str = "HANGUP";

/// A connection that is open.
type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Connects to a channel of Asterisk's; `url` is that of its web server with the channel's path, `authorization` what ARI takes.
///
/// # Errors
/// Why it is refused.
async fn connect(url: &str, authorization: HeaderValue) -> Result<Socket, String> {
    let mut request = url.into_client_request().map_err(|e| e.to_string())?;
    let headers = request.headers_mut();
    headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(PROTOCOL));
    headers.insert(header::AUTHORIZATION, authorization);
    let config =
        WebSocketConfig::default().max_message_size(Some(MAX_MESSAGE)).max_frame_size(Some(MAX_MESSAGE));
    let connected = tokio_tungstenite::connect_async_with_config(request, Some(config), true).await;
    connected.map(|(socket, _)| socket).map_err(|e| e.to_string())
}

/// The key that a message tells of, in either of the two ways in which Asterisk writes them: JSON, or words with `name:value`.
fn digit(text: &str) -> Option<char> {
    #[derive(Deserialize)]
    struct Event {
        event: String,
        #[serde(default)]
        digit: String,
    }
    let told = match serde_json::from_str::<Event>(text) {
        Ok(event) if event.event == "DTMF_END" => event.digit,
        Ok(_) => return None,
        Err(_) => {
            let mut words = text.split_whitespace();
            let is_key = words.next() == Some("DTMF_END");
            words.find_map(|word| word.strip_prefix("digit:")).filter(|_| is_key)?.to_owned()
        }
    };
    told.chars().next().filter(|key| key.is_ascii_digit() || matches!(key, '*' | '#' | 'A'..='D'))
}

/// A channel of Asterisk's that carries sound to us and from us. Whoever lets it go before its sound is used hangs it up.
pub(super) struct Carriage {
    channel: String,
    socket: Socket,
    over: CancellationToken,
}

impl Carriage {
    /// A name for one.
    pub(super) fn name() -> String {
        format!("{MEDIA_PREFIX}{}", Uuid::new_v4().simple())
    }

    /// Opens one under a name; it is ARI's, and in no bridge yet.
    pub(super) async fn open(ari: &Ari, channel: String) -> Result<Self, PlaceError> {
        let url = match ari.external_websocket(&channel).await {
            Ok(url) => url,
            Err(error) => {
                // Where the answer was lost it may be there all the same.
                let _ = ari.hang_up_channel(&channel).await;
                return Err(error);
            }
        };
        let refused = |why: String| PlaceError::Refused(format!("Asterisk did not bring its sound: {why}"));
        let authorization =
            ari.authorization().ok_or_else(|| refused("ARI's user or password is unusable".into()))?;
        match tokio::time::timeout(OPENS, connect(&url, authorization)).await {
            Ok(Ok(socket)) => Ok(Self { channel, socket, over: CancellationToken::new() }),
            other => {
                let _ = ari.hang_up_channel(&channel).await;
                Err(refused(other.map_or("it took longer than 5 s".into(), |e| e.err().unwrap_or_default())))
            }
        }
    }

    /// Its channel.
    pub(super) fn channel(&self) -> &str {
        &self.channel
    }

    /// Cancelled once its sound has ended, by whoever; cancelled by us, it ends.
    pub(super) fn over(&self) -> CancellationToken {
        self.over.clone()
    }

    /// Its sound.
    pub(super) fn media(self) -> Media {
        media(self.socket, self.over)
    }
}

/// Joins a connection to the voice loop. `over` is cancelled once it has ended, by whoever.
pub(super) fn media(socket: Socket, over: CancellationToken) -> Media {
    let (mut write, mut read) = socket.split();
    let (to_loop, heard) = mpsc::channel(HEARD_AHEAD);
    let (spoken, mut from_loop) = mpsc::channel(SPOKEN_AHEAD);
    let reader = over.clone();
    tokio::spawn(async move {
        loop {
            // What is there already is heard, whoever ends it.
            let message = tokio::select! {
                biased;
                message = read.next() => message,
                () = reader.cancelled() => break,
            };
            let frame = match message {
                Some(Ok(Message::Binary(bytes))) => {
                    Frame::Sound(bytes.chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect())
                }
                Some(Ok(Message::Text(text))) => match digit(&text) {
                    Some(key) => Frame::Digit(key),
                    None => continue,
                },
                Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                Some(Ok(_)) => continue,
            };
            if to_loop.send(frame).await.is_err() {
                break;
            }
        }
        reader.cancel();
    });
    tokio::spawn(async move {
        loop {
            let frame = tokio::select! {
                frame = from_loop.recv() => frame,
                () = over.cancelled() => break,
            };
            let sent: Result<(), Error> = match frame {
                Some(Frame::Sound(samples)) if samples.iter().any(|s| *s != 0) => {
                    let bytes: Vec<u8> = samples.iter().flat_map(|s| s.to_le_bytes()).collect();
                    write.send(Message::Binary(bytes.into())).await
                }
                Some(_) => Ok(()),
                None => {
                    let _ = write.send(Message::Text(HANG_UP.into())).await;
                    break;
                }
            };
            if sent.is_err() {
                break;
            }
        }
        over.cancel();
        let _ = write.close().await;
    });
    Media::over(heard, spoken, false)
}

#[cfg(test)]
mod tests {
    use super::digit;
    use proptest::prelude::*;

    #[test]
    fn keys_in_both_ways_and_nothing_else() {
        for (text, key) in [
            ("DTMF_END digit:5", Some('5')),
            ("DTMF_END digit:# duration:120", Some('#')),
            (r#"{"event":"DTMF_END","channel_id":"x","digit":"9"}"#, Some('9')),
            (r#"{"event":"MEDIA_START","digit":"9"}"#, None),
            ("MEDIA_START connection_id:1 digit:9", None),
            ("DTMF_END digit:", None),
            ("DTMF_END digit:é", None),
            ("", None),
        ] {
            assert_eq!(digit(text), key, "{text}");
        }
    }

    proptest! {
        #[test]
        fn garbage_never_panics(text in ".{0,200}") {
            let _ = digit(&text);
        }
    }
}
