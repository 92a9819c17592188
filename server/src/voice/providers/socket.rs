//! A provider's WebSocket, to which speech is sent as it is spoken, and that answers with what it understood so far. Deepgram's and
//! Telnyx's differ in their words only.

use super::http::Line;
use crate::voice::media::RATE;
use crate::voice::recognise::{CERTAIN, Live, RecogniseError, Recognition};
use crate::voice::sound::endless_head;
use async_trait::async_trait;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(3);
/// How long the last words may take once all sound was sent.
const FINISH: Duration = Duration::from_millis(2500);
/// How often something is sent where nothing is said: without it the provider hangs up.
const KEEP_ALIVE: Duration = Duration::from_secs(4);
/// Largest message that is read, in bytes.
const MOST: usize = 256 * 1024;

/// What one message of a provider tells.
pub(super) struct Told {
    pub text: String,
    pub is_final: bool,
    pub confidence: f64,
}

/// How a provider's messages are read.
type Reads = fn(&Value) -> Option<Told>;

/// What was understood so far: what is settled, and what may change yet.
#[derive(Default)]
struct Heard {
    settled: String,
    open: String,
    least: Option<f64>,
}

impl Heard {
    fn take(&mut self, told: Told) {
        if !told.is_final {
            self.open = told.text;
            return;
        }
        self.open.clear();
        let text = told.text.trim();
        if text.is_empty() {
            return;
        }
        if !self.settled.is_empty() {
            self.settled.push(' ');
        }
        self.settled.push_str(text);
        self.settled.truncate(self.settled.floor_char_boundary(4000));
        self.least = Some(self.least.map_or(told.confidence, |least| least.min(told.confidence)));
    }

    fn text(&self) -> String {
        crate::domain::plain::line(&format!("{} {}", self.settled, self.open), 2000)
    }
}

/// One utterance on its way.
pub(super) struct Socket {
    sound: mpsc::UnboundedSender<Vec<i16>>,
    heard: Arc<Mutex<Heard>>,
    task: JoinHandle<Result<(), String>>,
}

impl Socket {
    /// Opens one; what is pushed before it is there waits. `head`: sound begins with the head of a WAV file.
    pub(super) fn open(line: &Line, path: &str, query: &[(&str, &str)], reads: Reads, head: bool) -> Self {
        let mut url = line.address(path);
        let scheme = if url.scheme() == "http" { "ws" } else { "wss" };
        // An address that has been read as HTTP's takes the other scheme.
        let _ = url.set_scheme(scheme);
        url.query_pairs_mut().extend_pairs(query.iter().filter(|(_, value)| !value.is_empty()));
        let (sound, waiting) = mpsc::unbounded_channel();
        let heard = Arc::new(Mutex::new(Heard::default()));
        let (told, proof, name) = (heard.clone(), line.proof(), line.name.clone());
        let task = tokio::spawn(async move {
            let carried = carry(url.as_str(), proof.as_deref(), waiting, &told, reads, head).await;
            carried.map_err(|why| format!("{name}: {why}"))
        });
        Self { sound, heard, task }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn has_settled(heard: &Mutex<Heard>) -> bool {
    !heard.lock().unwrap_or_else(PoisonError::into_inner).settled.is_empty()
}

async fn carry(
    url: &str,
    proof: Option<&str>,
    mut waiting: mpsc::UnboundedReceiver<Vec<i16>>,
    heard: &Mutex<Heard>,
    reads: Reads,
    head: bool,
) -> Result<(), String> {
    let mut request = url.into_client_request().map_err(|_| "its address is none".to_owned())?;
    if let Some(proof) = proof {
        let value = HeaderValue::from_str(proof).map_err(|_| "its key cannot be sent".to_owned())?;
        request.headers_mut().insert("authorization", value);
    }
    let config = WebSocketConfig::default().max_message_size(Some(MOST)).max_frame_size(Some(MOST));
    let connect = tokio_tungstenite::connect_async_with_config(request, Some(config), true);
    let (socket, _) = tokio::time::timeout(CONNECT, connect)
        .await
        .map_err(|_| "its WebSocket did not answer".to_owned())?
        .map_err(|error| match error {
            tokio_tungstenite::tungstenite::Error::Http(answer) => {
                format!("its WebSocket was refused ({})", answer.status().as_u16())
            }
            _ => "its WebSocket cannot be reached".to_owned(),
        })?;
    let (mut write, mut read) = socket.split();
    let broke = |_| "the connection broke".to_owned();
    let mut head = head;
    let mut all_sent = false;
    loop {
        tokio::select! {
            samples = waiting.recv(), if !all_sent => if let Some(samples) = samples {
                let mut bytes = Vec::new();
                if std::mem::take(&mut head) {
                    bytes = endless_head(RATE).map_err(|e| e.to_string())?;
                }
                bytes.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
                write.send(Message::Binary(bytes.into())).await.map_err(broke)?;
            } else {
                all_sent = true;
                let close = json!({ "type": "CloseStream" }).to_string();
                write.send(Message::Text(close.into())).await.map_err(broke)?;
            },
            message = read.next() => match message {
                Some(Ok(Message::Text(text))) => {
                    let message = serde_json::from_str::<Value>(text.as_str());
                    let message = message.map_err(|_| "its answer is no JSON".to_owned())?;
                    if message["errors"].is_array() || message["type"] == "Error" {
                        return Err("it answered with an error".into());
                    }
                    if let Some(told) = reads(&message) {
                        heard.lock().unwrap_or_else(PoisonError::into_inner).take(told);
                    }
                }
                Some(Ok(Message::Close(why))) if all_sent => {
                    let is_well = why.is_none_or(|why| matches!(why.code, CloseCode::Normal | CloseCode::Status));
                    return if is_well || has_settled(heard) {
                        Ok(())
                    } else {
                        Err("it hung up with an error".into())
                    };
                }
                // Some hang up without a word once they have said all; who has said nothing was cut off.
                None | Some(Err(_)) if all_sent && has_settled(heard) => return Ok(()),
                Some(Ok(Message::Close(_)) | Err(_)) | None => {
                    return Err("it hung up in the middle of an utterance".into());
                }
                Some(Ok(_)) => {}
            },
            () = tokio::time::sleep(KEEP_ALIVE) => {
                let alive = json!({ "type": "KeepAlive" }).to_string();
                write.send(Message::Text(alive.into())).await.map_err(broke)?;
            }
        }
    }
}

#[async_trait]
impl Live for Socket {
    fn push(&mut self, samples: &[i16]) {
        let _ = self.sound.send(samples.to_vec());
    }

    fn so_far(&self) -> String {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).text()
    }

    async fn finish(mut self: Box<Self>) -> Result<Recognition, RecogniseError> {
        // The end of the sound is the end of the utterance.
        drop(std::mem::replace(&mut self.sound, mpsc::unbounded_channel().0));
        match tokio::time::timeout(FINISH, &mut self.task).await {
            Ok(Ok(Ok(()))) => {}
            // Some never hang up: what they have settled by then counts.
            Err(_) if has_settled(&self.heard) => {}
            Err(_) => return Err(RecogniseError::Failed("it did not come to an end in time".into())),
            Ok(Ok(Err(why))) => return Err(RecogniseError::Failed(why)),
            Ok(Err(_)) => return Err(RecogniseError::Failed("the connection broke".into())),
        }
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let (text, confidence) = (heard.text(), heard.least.unwrap_or(0.0).clamp(0.0, 1.0));
        Ok(Recognition { certain: !text.is_empty() && confidence >= CERTAIN, confidence, text })
    }
}
