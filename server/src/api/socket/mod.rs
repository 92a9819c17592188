//! The WebSocket: a snapshot, then what happens, in order, without a gap or a repeat; commands and queries meanwhile.
//!
//! Events come from the [`crier`], one task for all consoles, as a frame that was made once for all who see the same. A
//! console that falls behind reads what it missed from the store; one that takes nothing for too long is closed and
//! resumes later. So a stalled console costs a bounded queue and delays nobody.

pub mod crier;
mod floors;
mod line;
mod wire;

use super::extract::May;
use super::problem::Refused;
use super::{App, commands, session};
use crate::domain::caller::{Caller, Look};
use crate::telemetry::metrics;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use chrono::Utc;
use dialdeck_protocol::{ClientMessage, Code, Event, MAX_MESSAGE_BYTES, Problem, Scope, ServerMessage};
use floors::Floors;
use futures_util::StreamExt;
use line::{Line, View};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::create_response_with_body;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use wire::Incoming;

/// How long a client may take to say what it wants.
const PRELUDE: Duration = Duration::from_secs(10);
/// How often we ask whether it is still there, and whether its session still holds.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long one message may take to leave.
const STALLED: Duration = Duration::from_secs(10);
/// Events that are read from the store at a time.
const PAGE: i64 = 500;
/// Events missed from which a fresh snapshot is cheaper than a replay.
const REPLAY: i64 = 20_000;
/// Bytes read from a console at a time.
const READ_BUFFER: usize = 1024;
/// Requests of one console that are worked on at a time; a console in use asks for a few.
const REQUESTS: usize = 64;

/// Open the WebSocket
///
/// A snapshot, then events as they are committed; commands and queries meanwhile. The messages are those of the crate
/// `dialdeck-protocol`.
#[utoipa::path(get, path = "/api/v1/ws", tag = "Events", security(("bearer" = ["look"])),
    responses((status = 101, description = "Switching protocols")))]
pub(super) async fn open(
    State(app): State<App>,
    permit: May<Look>,
    mut request: Request,
) -> Result<Response, Refused> {
    let line = hyper::upgrade::on(&mut request);
    let response = create_response_with_body(&request, Body::empty)
        .map_err(|_| Problem::new(Code::Invalid, "this path takes WebSocket handshakes only"))?;
    let token = session::token(request.headers())?.to_owned();
    let caller = permit.caller().clone();
    tokio::spawn(async move {
        let Ok(line) = line.await else { return };
        let _counted = metrics::Console::opened();
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(0)
            .max_message_size(Some(MAX_MESSAGE_BYTES))
            .max_frame_size(Some(MAX_MESSAGE_BYTES));
        let (stream, answers, write) = wire::split(line, config).await;
        let view = View { caller: caller.clone(), scope: Scope::default() };
        let mut console = Console {
            app,
            caller,
            token,
            line: Arc::new(Line::new(write, view, STALLED)),
            answers,
            requests: Arc::new(Semaphore::new(REQUESTS)),
            floors: Floors::default(),
        };
        if let Err(why) = console.run(stream).await {
            tracing::debug!(user = console.caller.name, why, "console left");
        }
        console.app.crier.leave(&console.line);
        console.line.end().await;
    });
    Ok(response)
}

struct Console {
    app: App,
    caller: Caller,
    token: String,
    line: Arc<Line>,
    /// What the WebSocket library answers by itself.
    answers: mpsc::UnboundedReceiver<Bytes>,
    /// Room for requests under way.
    requests: Arc<Semaphore>,
    /// Floors of VICIdials that it looks at.
    floors: Floors,
}

type Left = &'static str;

impl Console {
    async fn run(&mut self, mut stream: WebSocketStream<Incoming>) -> Result<(), Left> {
        let first = tokio::time::timeout(PRELUDE, stream.next()).await.map_err(|_| "said nothing")?;
        let Some(Ok(Message::Text(text))) = first else { return Err("left at once") };
        let resume_from = if let Ok(ClientMessage::Subscribe { organization_id, scope, resume_from }) =
            serde_json::from_str(text.as_str())
        {
            if organization_id.is_some_and(|id| id != self.caller.organization_id) {
                let problem = Problem::new(Code::Forbidden, "that is not your organization");
                self.send(&ServerMessage::Refused(problem)).await?;
                return Err("asked for another organization");
            }
            self.line.set_scope(scope);
            resume_from
        } else {
            let problem = Problem::new(Code::Invalid, "the first message must be a subscribe");
            self.send(&ServerMessage::Refused(problem)).await?;
            return Err("did not subscribe");
        };
        self.send(&ServerMessage::Welcome {
            version: dialdeck_protocol::VERSION,
            server: env!("CARGO_PKG_VERSION").into(),
            user: self.caller.name.clone(),
            user_id: Some(self.caller.user_id),
            role: self.caller.role,
            now: Utc::now(),
        })
        .await?;
        self.begin(resume_from).await?;
        self.join().await?;
        self.follow(stream).await
    }

    /// What the client starts from.
    async fn begin(&mut self, resume_from: Option<i64>) -> Result<(), Left> {
        let store = self.app.store.clone();
        let last = store.last_seq().await.map_err(|_| "the store is not available")?;
        // A number from the future is another database's: what the client knows is worth nothing.
        if let Some(seq) = resume_from.filter(|seq| (last - REPLAY..=last).contains(seq)) {
            self.line.set_sent(seq);
            self.catch_up(last).await
        } else {
            let taken = store.snapshot(&self.caller.organization_id, Utc::now()).await;
            let mut snapshot = taken.map_err(|_| "the store is not available")?;
            snapshot.parts = self.app.parts.all();
            for campaign in &mut snapshot.campaigns {
                campaign.latency = self.app.dialer.latency(campaign.id);
            }
            snapshot.campaigns.retain(|row| self.caller.covers(row.id));
            snapshot.calls.retain(|row| self.caller.covers(row.campaign_id));
            snapshot.agents = super::seats::seen(&self.caller, snapshot.agents);
            self.line.set_sent(snapshot.seq);
            self.send(&ServerMessage::Snapshot(Box::new(snapshot))).await
        }
    }

    /// Sends what the store has up to `last`.
    async fn catch_up(&mut self, last: i64) -> Result<(), Left> {
        let view = self.line.view();
        loop {
            let sent = self.line.sent();
            if sent >= last {
                return Ok(());
            }
            let organization = self.caller.organization_id.clone();
            let events = self.app.store.events_after(&organization, sent, PAGE).await;
            let events = events.map_err(|_| "the store is not available")?;
            let Some(newest) = events.last().map(|e| e.seq) else {
                self.line.set_sent(last);
                return Ok(());
            };
            let wanted: Vec<Event> = events.into_iter().filter(|e| view.wants(e)).collect();
            if !wanted.is_empty() {
                self.send(&ServerMessage::Events { events: wanted }).await?;
            }
            self.line.set_sent(newest);
        }
    }

    /// Catches up with the crier, and hears them from then on.
    async fn join(&mut self) -> Result<(), Left> {
        while let Err(told) = self.app.crier.join(&self.line) {
            self.catch_up(told).await?;
        }
        Ok(())
    }

    async fn follow(&mut self, mut stream: WebSocketStream<Incoming>) -> Result<(), Left> {
        // Encoded: a channel keeps room for thirty-two of what it carries.
        let (replies, mut answered) = mpsc::channel::<Bytes>(REQUESTS);
        let mut heartbeat = tokio::time::interval(HEARTBEAT);
        let mut alive = true;
        let closing = self.app.closing.clone();
        let mut closed = std::pin::pin!(closing.cancelled());
        let line = self.line.clone();
        loop {
            tokio::select! {
                () = line.more() => {
                    line.flush().await?;
                    if line.is_behind() {
                        self.join().await?;
                    }
                }
                Some(reply) = answered.recv() => line.push(reply).await?,
                floor = self.floors.next() => line.push(wire::text(&floor)).await?,
                Some(answer) = self.answers.recv() => line.push(answer).await?,
                message = stream.next() => {
                    alive = true;
                    match message {
                        Some(Ok(Message::Text(text))) => self.request(text.as_str(), &replies).await?,
                        Some(Ok(Message::Close(_))) | None => return Ok(()),
                        Some(Ok(_)) => {}
                        Some(Err(_)) => return Err("the connection broke"),
                    }
                }
                _ = heartbeat.tick() => {
                    if !std::mem::replace(&mut alive, false) {
                        return Err("it does not answer");
                    }
                    let caller = session::caller(self.app.store.as_ref(), &self.token)
                        .await
                        .map_err(|_| "its session has ended")?;
                    if caller.organization_id != self.caller.organization_id {
                        return Err("it is another organization's now");
                    }
                    self.caller = caller;
                    line.set_caller(self.caller.clone());
                    line.push(wire::ping()).await?;
                }
                () = &mut closed => return Ok(()),
            }
        }
    }

    /// Takes a request; its answer comes when it comes, and events go on meanwhile.
    async fn request(&mut self, text: &str, replies: &mpsc::Sender<Bytes>) -> Result<(), Left> {
        let message = match serde_json::from_str::<ClientMessage>(text) {
            Ok(message) => message,
            Err(error) => {
                let message = crate::domain::plain::line(&error.to_string(), 200);
                return self.send(&ServerMessage::Refused(Problem::new(Code::Invalid, message))).await;
            }
        };
        let (app, caller, replies) = (self.app.clone(), self.caller.clone(), replies.clone());
        let Ok(place) = self.requests.clone().try_acquire_owned() else {
            let problem = Problem::new(Code::RateLimited, "too many requests at once; wait for an answer");
            return self.send(&ServerMessage::Refused(problem)).await;
        };
        match message {
            ClientMessage::Command { id, command } => {
                tokio::spawn(async move {
                    let _place = place;
                    let result = commands::execute(&app, &caller, command).await;
                    let _ = replies.send(encoded(&ServerMessage::Reply { id, result })).await;
                });
                Ok(())
            }
            ClientMessage::Query { id, query } => {
                tokio::spawn(async move {
                    let _place = place;
                    let result = commands::answer(&app, &caller, query).await;
                    let _ = replies.send(encoded(&ServerMessage::Reply { id, result })).await;
                });
                Ok(())
            }
            ClientMessage::WatchFloor { on } => {
                // Floors are the whole organization's: who is confined to campaigns sees none.
                let seen = on && caller.permit::<Look>().is_ok() && caller.everywhere().is_ok();
                self.floors = if seen {
                    Floors::of(&app.vicidials, &caller.organization_id)
                } else {
                    Floors::default()
                };
                Ok(())
            }
            ClientMessage::Subscribe { .. } => {
                let problem = Problem::new(Code::Conflict, "subscribed already; open another connection");
                self.send(&ServerMessage::Refused(problem)).await
            }
        }
    }

    async fn send(&mut self, message: &ServerMessage) -> Result<(), Left> {
        self.line.push(encoded(message)).await
    }
}

/// A message as a frame.
fn encoded(message: &ServerMessage) -> Bytes {
    wire::text(&serde_json::to_string(message).unwrap_or_default())
}

/// Events that are encoded already, as one message in a frame.
fn events<'a>(events: impl Iterator<Item = &'a str>) -> Bytes {
    let mut text = String::from(r#"{"type":"events","events":["#);
    for (n, json) in events.enumerate() {
        if n > 0 {
            text.push(',');
        }
        text.push_str(json);
    }
    text.push_str("]}");
    wire::text(&text)
}
