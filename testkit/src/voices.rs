//! A stand-in for providers of speech and language, as their pages describe them: OpenAI-compatible chat, speech and
//! transcription, Telnyx, Deepgram, whisper.cpp and Piper. It can misbehave.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State as Shared;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use color_eyre::eyre::Result;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::task::JoinHandle;

/// How it behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// As it should.
    Well,
    /// It says nothing for so long.
    Slow(Duration),
    /// It stops in the middle of an answer.
    Cut,
    /// It says all, and never hangs up.
    Stays,
    /// 429.
    Busy,
    /// 401.
    Locked,
    /// 500, with words in it.
    Broken,
    /// Something that is no answer.
    Garbage,
    /// MP3, whatever was asked for.
    Mp3,
    /// A WAV file of another rate.
    OtherRate,
}

/// What a chat answers.
#[derive(Debug, Clone)]
pub enum Said {
    /// Words, in the pieces in which they are sent.
    Words(Vec<String>),
    /// A tool with its arguments, and words.
    Tool(String, Value, Vec<String>),
}

/// What it knows, to look at and to change.
pub struct State {
    /// How it behaves.
    pub manner: Manner,
    /// What is understood of any sound.
    pub understands: String,
    /// What the chat answers next, one a question; then an echo.
    pub chat: VecDeque<Said>,
    /// What was asked: path and body (or what stands for it).
    pub asked: Vec<(String, Value)>,
    /// The last `Authorization`.
    pub proof: String,
}

/// A running stand-in; gone with this value.
pub struct Voices {
    /// Its address.
    pub url: String,
    state: Arc<Mutex<State>>,
    server: JoinHandle<()>,
}

type Known = Arc<Mutex<State>>;

fn locked(known: &Known) -> MutexGuard<'_, State> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Voices {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Voices {
    /// Starts one that behaves.
    ///
    /// # Errors
    /// When it has no port.
    pub async fn start() -> Result<Self> {
        let state = Arc::new(Mutex::new(State {
            manner: Manner::Well,
            understands: "yes please".into(),
            chat: VecDeque::new(),
            asked: Vec::new(),
            proof: String::new(),
        }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let app = Router::new()
            .route("/v1/chat/completions", post(chat))
            .route("/v1/audio/speech", post(speech))
            .route("/v1/audio/transcriptions", post(transcription))
            .route("/inference", post(transcription))
            .route("/", post(speech))
            .route("/v2/text-to-speech", post(speech))
            .route("/v2/ai/chat/completions", post(chat))
            .route("/v2/ai/audio/transcriptions", post(transcription))
            .route("/v2/speech-to-text/transcription", get(telnyx_stream))
            .route("/v1/listen", get(deepgram_stream))
            .layer(axum::extract::DefaultBodyLimit::max(32 << 20))
            .with_state(state.clone());
        let server = tokio::spawn(async move {
            let _ = axum::serve(listener, app).await;
        });
        Ok(Self { url, state, server })
    }

    /// What it knows.
    pub fn state(&self) -> MutexGuard<'_, State> {
        locked(&self.state)
    }

    /// Questions to a path.
    pub fn asked(&self, path: &str) -> Vec<Value> {
        self.state().asked.iter().filter(|(asked, _)| asked == path).map(|(_, body)| body.clone()).collect()
    }
}

/// Notes what was asked, and misbehaves where it is to.
async fn received(known: &Known, uri: &Uri, headers: &HeaderMap, body: &Bytes) -> Result<Manner, Response> {
    let manner = {
        let mut state = locked(known);
        let said = serde_json::from_slice(body).unwrap_or_else(|_| json!({ "bytes": body.len() }));
        state.asked.push((uri.path().to_owned(), said));
        let proof = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        proof.unwrap_or_default().clone_into(&mut state.proof);
        state.manner
    };
    match manner {
        Manner::Slow(wait) => {
            tokio::time::sleep(wait).await;
            Ok(manner)
        }
        Manner::Busy => Err(StatusCode::TOO_MANY_REQUESTS.into_response()),
        Manner::Locked => Err(StatusCode::UNAUTHORIZED.into_response()),
        // A provider that repeats what it was sent, key and all.
        Manner::Broken => {
            let proof = locked(known).proof.clone();
            Err((StatusCode::INTERNAL_SERVER_ERROR, format!("no: {proof}\u{1b}[2J")).into_response())
        }
        Manner::Garbage => Err((StatusCode::OK, "<html>garbage</html>").into_response()),
        _ => Ok(manner),
    }
}

fn event(delta: &Value) -> String {
    format!("data: {}\n\n", json!({ "choices": [{ "index": 0, "delta": delta }] }))
}

async fn chat(Shared(known): Shared<Known>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let manner = match received(&known, &uri, &headers, &body).await {
        Ok(manner) => manner,
        Err(answer) => return answer,
    };
    let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
    let last = asked["messages"].as_array().and_then(|all| all.last()).cloned().unwrap_or_default();
    let said = locked(&known).chat.pop_front().unwrap_or_else(|| {
        let words = format!("I heard {}. Shall I go on?", last["content"].as_str().unwrap_or_default());
        Said::Words(vec![words])
    });
    let mut events = vec![event(&json!({ "role": "assistant", "reasoning_content": "I think aloud." }))];
    let words = match said {
        Said::Words(words) => words,
        Said::Tool(name, arguments, words) => {
            let arguments = arguments.to_string();
            let (first, second) = arguments.split_at(arguments.len() / 2);
            let part =
                |function: Value| json!({ "tool_calls": [{ "index": 0, "id": "c1", "function": function }] });
            events.push(event(&part(json!({ "name": name, "arguments": first }))));
            events.push(event(&part(json!({ "arguments": second }))));
            words
        }
    };
    events.extend(words.iter().map(|words| event(&json!({ "content": words }))));
    if manner == Manner::Cut {
        events.truncate(1);
    } else {
        events.push("data: [DONE]\n\n".into());
    }
    ([(header::CONTENT_TYPE, "text/event-stream")], events.concat()).into_response()
}

/// A tone for as long as a text takes: 60 ms a character, s16 samples.
fn tone(text: &str, rate: u32) -> Vec<i16> {
    let samples = usize::try_from(rate).unwrap_or(8000) * text.chars().count().clamp(4, 200) * 6 / 100;
    let half = usize::try_from(rate / 880).unwrap_or(9).max(1);
    (0..samples).map(|n| if n / half % 2 == 0 { 6000 } else { -6000 }).collect()
}

fn wav(samples: &[i16], rate: u32) -> Vec<u8> {
    let data = u32::try_from(samples.len() * 2).unwrap_or(u32::MAX);
    let mut bytes = Vec::new();
    bytes.extend_from_slice(b"RIFF");
    bytes.extend_from_slice(&(data + 36).to_le_bytes());
    bytes.extend_from_slice(b"WAVEfmt ");
    for field in [16_u32, 0x0001_0001, rate, rate * 2, 0x0010_0002] {
        bytes.extend_from_slice(&field.to_le_bytes());
    }
    bytes.extend_from_slice(b"data");
    bytes.extend_from_slice(&data.to_le_bytes());
    bytes.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
    bytes
}

/// A second of 440 Hz as MP3.
const MP3: &[u8] = include_bytes!("../../server/tests/data/tone.mp3");

fn sound(manner: Manner, asked: &Value) -> (&'static str, Vec<u8>) {
    let text = asked["input"].as_str().or_else(|| asked["text"].as_str()).unwrap_or_default();
    let bare = asked["response_format"] == json!("pcm");
    match manner {
        Manner::Mp3 => ("audio/mpeg", MP3.to_vec()),
        Manner::OtherRate => ("audio/wav", wav(&tone(text, 44_100), 44_100)),
        _ if bare => {
            ("audio/pcm", tone(text, 24_000).iter().flat_map(|sample| sample.to_le_bytes()).collect())
        }
        _ => ("audio/wav", wav(&tone(text, 22_050), 22_050)),
    }
}

async fn speech(Shared(known): Shared<Known>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let manner = match received(&known, &uri, &headers, &body).await {
        Ok(manner) => manner,
        Err(answer) => return answer,
    };
    let (kind, bytes) = sound(manner, &serde_json::from_slice(&body).unwrap_or_default());
    if manner == Manner::Cut {
        return broken_off(kind, &bytes);
    }
    ([(header::CONTENT_TYPE, kind)], bytes).into_response()
}

/// Half an answer, and then the connection breaks.
fn broken_off(kind: &'static str, bytes: &[u8]) -> Response {
    let half = Bytes::copy_from_slice(&bytes[..bytes.len() / 2]);
    let pieces = [Ok(half), Err(std::io::Error::other("cut"))];
    let body = Body::from_stream(Pieces(pieces.into()));
    ([(header::CONTENT_TYPE, kind)], body).into_response()
}

struct Pieces(VecDeque<std::io::Result<Bytes>>);

impl futures_util::Stream for Pieces {
    type Item = std::io::Result<Bytes>;
    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Ready(self.0.pop_front())
    }
}

async fn transcription(Shared(known): Shared<Known>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let manner = match received(&known, &uri, &headers, &body).await {
        Ok(manner) => manner,
        Err(answer) => return answer,
    };
    let text = locked(&known).understands.clone();
    let answer = json!({ "text": format!(" {text}"), "duration": 1.2 }).to_string();
    if manner == Manner::Cut {
        return broken_off("application/json", answer.as_bytes());
    }
    ([(header::CONTENT_TYPE, "application/json")], answer).into_response()
}

async fn deepgram_stream(
    Shared(known): Shared<Known>,
    uri: Uri,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let said = |text: &str, is_final: bool| {
        json!({ "type": "Results", "is_final": is_final, "speech_final": is_final,
                "channel": { "alternatives": [{ "transcript": text, "confidence": 0.97 }] } })
    };
    stream(known, uri, headers, upgrade, said).await
}

async fn telnyx_stream(
    Shared(known): Shared<Known>,
    uri: Uri,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let said =
        |text: &str, is_final: bool| json!({ "transcript": text, "is_final": is_final, "confidence": 0.97 });
    stream(known, uri, headers, upgrade, said).await
}

async fn stream(
    known: Known,
    uri: Uri,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
    said: impl Fn(&str, bool) -> Value + Send + 'static,
) -> Response {
    match received(&known, &uri, &headers, &Bytes::new()).await {
        Ok(manner) => upgrade.on_upgrade(move |socket| listen(known, manner, socket, said)),
        Err(answer) => answer,
    }
}

async fn listen(known: Known, manner: Manner, mut socket: WebSocket, said: impl Fn(&str, bool) -> Value) {
    let text = locked(&known).understands.clone();
    let half = text.split(' ').next().unwrap_or_default().to_owned();
    let mut bytes = 0;
    while let Some(Ok(message)) = socket.recv().await {
        let answer = match message {
            Message::Binary(sound) => {
                bytes += sound.len();
                if manner == Manner::Cut {
                    return;
                }
                said(&half, false)
            }
            Message::Text(text_said) if text_said.as_str().contains("CloseStream") => {
                locked(&known).asked.push(("stream".into(), json!({ "bytes": bytes })));
                let _ = socket.send(Message::Text(said(&text, true).to_string().into())).await;
                while manner == Manner::Stays && matches!(socket.recv().await, Some(Ok(_))) {}
                return;
            }
            _ => continue,
        };
        if socket.send(Message::Text(answer.to_string().into())).await.is_err() {
            return;
        }
    }
}
