//! A stand-in for Dialpad: departments, users and calls as its own description has them, and it can misbehave. Whatever is
//! asked or answered beside that description is noted as drift.

mod document;
#[allow(clippy::too_many_lines, reason = "an operation an arm")]
mod operations;
mod state;
mod truth;

pub use document::{DOCUMENT, document};
pub use state::{Asked, Department, Misbehaviour, State, User};
pub use truth::{Counts, Part, TrueCall, activity, sample};

use axum::Router;
use axum::body::Bytes;
use axum::extract::ws::{Message, WebSocketUpgrade};
use axum::extract::{Path, State as Shared};
use axum::http::{Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use color_eyre::eyre::Result;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::broadcast;
use tokio::task::JoinHandle;

/// A running stand-in; gone with this value.
pub struct Dialpad {
    /// Its address.
    pub url: String,
    known: Known,
    server: JoinHandle<()>,
}

#[derive(Clone)]
struct Known {
    state: Arc<Mutex<State>>,
    /// To whoever listens to the `WebSocket`.
    events: broadcast::Sender<String>,
    url: String,
}

impl Dialpad {
    /// Starts one, with a department, users, and no calls.
    ///
    /// # Errors
    /// When it has no port.
    pub async fn start() -> Result<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let known = Known {
            state: Arc::new(Mutex::new(State::office())),
            events: broadcast::Sender::new(1000),
            url: url.clone(),
        };
        let app = Router::new()
            .route("/events/{key}", any(listen))
            .fallback(any(operation))
            .with_state(known.clone());
        let server = tokio::spawn(async move {
            let _ = axum::serve(listener, app).await;
        });
        Ok(Self { url, known, server })
    }

    /// What it knows, to look at and to change.
    pub fn state(&self) -> MutexGuard<'_, State> {
        locked(&self.known.state)
    }

    /// Tells whoever listens to the `WebSocket`; gives how many do.
    pub fn tell(&self, event: &Value) -> usize {
        let secret = self.state().secret().unwrap_or_default();
        self.known.events.send(signed(event, &secret)).unwrap_or(0)
    }

    /// How many listen to the `WebSocket`.
    pub fn listeners(&self) -> usize {
        self.known.events.receiver_count()
    }
}

impl Drop for Dialpad {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// An event as Dialpad posts it: a JWT.
pub fn signed(event: &Value, secret: &str) -> String {
    let key = EncodingKey::from_secret(secret.as_bytes());
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), event, &key).unwrap_or_default()
}

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn listen(
    Shared(known): Shared<Known>,
    Path(key): Path<String>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let good =
        locked(&known.state).socket_keys.iter().any(|(own, until)| *own == key && Instant::now() < *until);
    if !good {
        return StatusCode::FORBIDDEN.into_response();
    }
    let mut events = known.events.subscribe();
    upgrade.on_upgrade(async move |mut socket| {
        loop {
            tokio::select! {
                event = events.recv() => {
                    let Ok(event) = event else { return };
                    if socket.send(Message::Text(event.into())).await.is_err() {
                        return;
                    }
                }
                message = socket.recv() => if !matches!(message, Some(Ok(_))) { return },
            }
        }
    })
}

fn error(status: u16, message: &str) -> Response {
    let reason = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = json!({ "error": { "code": status, "message": message,
        "errors": [{ "domain": "global", "message": message, "reason": reason.canonical_reason() }] } });
    (reason, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

async fn operation(
    Shared(known): Shared<Known>,
    method: Method,
    uri: Uri,
    headers: axum::http::HeaderMap,
    body: Bytes,
) -> Response {
    let path = uri.path().to_owned();
    let query: Vec<(String, String)> =
        reqwest::Url::parse(&format!("http://x/?{}", uri.query().unwrap_or("")))
            .map(|url| url.query_pairs().map(|(k, v)| (k.into_owned(), v.into_owned())).collect())
            .unwrap_or_default();
    let told =
        if body.is_empty() { None } else { Some(serde_json::from_slice(&body).unwrap_or(Value::Null)) };
    let (misbehaves, authorized, refused) = {
        let mut state = locked(&known.state);
        state.asked.push(Asked {
            method: method.to_string(),
            path: path.clone(),
            query: query.clone(),
            body: told.clone(),
            at: Instant::now(),
        });
        let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let authorized = given == Some(&format!("Bearer {}", state.token));
        let refused = state.refuses.iter().any(|part| path.contains(part.as_str()));
        (state.misbehaviour(&path), authorized, refused)
    };
    match misbehaves {
        Some(Misbehaviour::TooMany(wait)) => {
            let mut response = error(429, "Rate limit exceeded");
            if let Some(wait) = wait.and_then(|wait| wait.to_string().parse().ok()) {
                response.headers_mut().insert(header::RETRY_AFTER, wait);
            }
            return response;
        }
        Some(Misbehaviour::Fault) => return error(503, "backend error"),
        Some(Misbehaviour::Garbage) => return "<html>\u{1b}[31mno JSON".into_response(),
        Some(Misbehaviour::Slow(wait)) => tokio::time::sleep(wait).await,
        None => {}
    }
    if !authorized {
        return error(401, "Invalid API key");
    }
    if refused {
        return error(403, "the API key lacks the scope for this");
    }
    let Some(found) = document().find(method.as_str(), &path) else {
        locked(&known.state).drift.push(format!("{method} {path} is not in the document"));
        return error(404, "no such path");
    };
    let faults = found.faults_of_request(&query, told.as_ref());
    // Asked about nobody, to see whether it may: what is asked for does not matter.
    let nobody = found.parameters.values().any(|id| id == "1");
    if !faults.is_empty() && !nobody {
        locked(&known.state).drift.push(format!("{method} {path}: {}", faults.join("; ")));
        return error(400, &faults.join("; "));
    }
    let mut state = locked(&known.state);
    match operations::answer(&mut state, &known.url, method.as_str(), &found, &query, told.as_ref()) {
        Ok(answer) => {
            let faults = found.faults_of_answer(&answer);
            if !faults.is_empty() {
                state.drift.push(format!("the answer to {method} {path}: {}", faults.join("; ")));
            }
            if answer.is_null() {
                return StatusCode::OK.into_response();
            }
            ([(header::CONTENT_TYPE, "application/json")], answer.to_string()).into_response()
        }
        Err((status, message)) => error(status, message),
    }
}

/// How long a `WebSocket`'s address is good.
const LIFE: Duration = Duration::from_hours(1);
