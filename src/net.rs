//! The server, in a task of its own: log in, connect, resume, and connect again with jitter when it is gone.

use crate::export::{self, Export};
use crate::recording;
use dialdeck_protocol::{CallId, ClientMessage, Command, MAX_MESSAGE_BYTES, Query, Scope, ServerMessage};
use futures_util::{SinkExt, StreamExt};
use std::collections::HashSet;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::http::header::AUTHORIZATION;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use url::Url;

/// Longest silence of the server, which pings every 15 s.
const SILENT: Duration = Duration::from_secs(45);
/// First and longest wait before another try.
const FIRST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(10);
/// Longest that replies are waited for before the connection is made anew.
const REPLIES: Duration = Duration::from_secs(5);
/// Longest a log-in may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// What the console asks for.
#[derive(Debug, Clone)]
pub enum Ask {
    /// Do.
    Command(Command),
    /// Tell.
    Query(Query),
    /// Tell how the floors of VICIdials are, or stop.
    Watch(bool),
    /// Start over with a fresh snapshot.
    Snapshot,
    /// Do what a form says; its reply comes as [`Heard::Form`].
    Form(Box<Command>),
    /// Fetch a call's recording, and play it with this program.
    Play(CallId, String),
    /// Stop playing.
    Silence,
    /// Carry calls out into a file.
    Export(Box<Export>),
}

/// What comes back.
#[derive(Debug)]
pub enum Heard {
    /// From the server.
    Message(Box<ServerMessage>),
    /// The connection is lost, or could not be made; why.
    Lost(String),
    /// The session has ended: log in again.
    LoggedOut(String),
    /// So many bytes of an export have come.
    Exporting(usize),
    /// What came of a form that was sent.
    Form(Box<ServerMessage>),
    /// A recording was played, or why not.
    Played(Result<(), String>),
    /// An export is over, and how it went.
    Exported(Result<String, String>),
}

/// Logs in; gives the token.
///
/// # Errors
/// A sentence for the person.
pub async fn log_in(server: &Url, user: &str, password: &str) -> Result<String, String> {
    let client =
        reqwest::Client::builder().timeout(PATIENCE).no_proxy().build().map_err(|e| e.to_string())?;
    let body = serde_json::json!({ "username": user, "password": password });
    let url = server.join("/api/v1/auth/login").map_err(|e| e.to_string())?;
    let answer = client.post(url).json(&body).send().await.map_err(|e| {
        let what = untrusted(&e).unwrap_or_else(|| "does not answer; is dialdeckd running there?".into());
        format!("{server} {what}")
    })?;
    let text = answer.text().await.map_err(|e| e.without_url().to_string())?;
    let json: serde_json::Value =
        serde_json::from_str(&text).map_err(|_| format!("{server} is no Dialdeck server"))?;
    match json.get("token").and_then(|t| t.as_str()) {
        Some(token) => Ok(token.to_owned()),
        None => {
            Err(crate::plain::line(json.get("detail").and_then(|d| d.as_str()).unwrap_or("log-in refused")))
        }
    }
}

/// Whether a connection failed because of the server's certificate, in words that say what to do.
fn untrusted(error: &dyn std::error::Error) -> Option<String> {
    let causes = std::iter::successors(Some(error), |cause| cause.source());
    let why = causes.map(ToString::to_string).find(|text| text.contains("certificate"))?;
    let why = crate::plain::line(&why);
    Some(format!(
        "has a certificate that is not trusted ({why}); for one of your own, set SSL_CERT_FILE to its authority"
    ))
}

/// Talks to the server until nobody asks any more.
pub async fn run(
    server: Url,
    token: String,
    mut asks: mpsc::UnboundedReceiver<Ask>,
    heard: mpsc::UnboundedSender<Heard>,
) {
    let (mut seen, mut wait) = (None, FIRST);
    // It goes on while the connection is made anew.
    let mut player_task = None;
    loop {
        let ended = session(&server, &token, &mut seen, &mut wait, &mut asks, &heard, &mut player_task).await;
        let word = match ended {
            Ended::NobodyAsks => return,
            Ended::StartOver => {
                seen = None;
                continue;
            }
            Ended::LoggedOut(why) => {
                let _ = heard.send(Heard::LoggedOut(why));
                return;
            }
            Ended::Lost(why) => Heard::Lost(why),
        };
        if heard.send(word).is_err() {
            return;
        }
        // Half of it is chance, so that consoles do not come back all at once.
        tokio::time::sleep(wait.mul_f64(0.5 + rand::random::<f64>() / 2.0)).await;
        wait = (wait * 2).min(LONGEST);
        // What was asked while nobody listened is not done later.
        while asks.try_recv().is_ok() {}
    }
}

enum Ended {
    NobodyAsks,
    StartOver,
    LoggedOut(String),
    Lost(String),
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Connects.
async fn connected(server: &Url, token: &str) -> Result<Socket, Ended> {
    let request = request(server, token).map_err(Ended::LoggedOut)?;
    let config = WebSocketConfig::default().max_message_size(Some(64 * MAX_MESSAGE_BYTES));
    let connecting = tokio_tungstenite::connect_async_with_config(request, Some(config), true);
    match tokio::time::timeout(PATIENCE, connecting).await {
        Ok(Ok((socket, _))) => Ok(socket),
        Ok(Err(Error::Http(answer))) if answer.status() == 401 => {
            Err(Ended::LoggedOut("the session has ended; log in again".into()))
        }
        Ok(Err(error)) => {
            let what = untrusted(&error).unwrap_or_else(|| "does not answer".into());
            Err(Ended::Lost(format!("{server} {what}")))
        }
        Err(_) => Err(Ended::Lost(format!("{server} does not answer"))),
    }
}

async fn session(
    server: &Url,
    token: &str,
    seen: &mut Option<i64>,
    wait: &mut Duration,
    asks: &mut mpsc::UnboundedReceiver<Ask>,
    heard: &mpsc::UnboundedSender<Heard>,
    player_task: &mut Option<tokio::task::AbortHandle>,
) -> Ended {
    let mut socket = match connected(server, token).await {
        Ok(socket) => socket,
        Err(ended) => return ended,
    };
    let subscribe =
        ClientMessage::Subscribe { organization_id: None, scope: Scope::default(), resume_from: *seen };
    if send(&mut socket, &subscribe).await.is_err() {
        return Ended::Lost("the connection broke".into());
    }
    let mut id = 0;
    // Commands whose replies have not come, and whether a fresh snapshot is wanted once they have: a new connection would lose them.
    let mut unanswered = HashSet::new();
    let mut over_at: Option<Instant> = None;
    let mut form = None;
    loop {
        if over_at.is_some_and(|at| unanswered.is_empty() || Instant::now() >= at) {
            return Ended::StartOver;
        }
        tokio::select! {
            () = tokio::time::sleep_until(over_at.unwrap_or_else(Instant::now)), if over_at.is_some() => {}
            message = tokio::time::timeout(SILENT, socket.next()) => match message {
                Ok(Some(Ok(Message::Text(text)))) => {
                    *wait = FIRST;
                    let Ok(message) = serde_json::from_str::<ServerMessage>(text.as_str()) else {
                        return Ended::Lost("the server speaks another version; update dialdeck".into());
                    };
                    match &message {
                        ServerMessage::Snapshot(snapshot) => *seen = Some(snapshot.seq),
                        ServerMessage::Events { events } => *seen = events.last().map(|e| e.seq).or(*seen),
                        ServerMessage::Reply { id, .. } => drop(unanswered.remove(id)),
                        _ => {}
                    }
                    let of_form = matches!(message, ServerMessage::Reply { id, .. } if form == Some(id));
                    let news = if of_form { Heard::Form(Box::new(message)) } else { Heard::Message(Box::new(message)) };
                    if heard.send(news).is_err() {
                        return Ended::NobodyAsks;
                    }
                }
                Ok(Some(Ok(Message::Close(_))) | None) => return Ended::Lost("the server has closed".into()),
                Ok(Some(Ok(_))) => {}
                Ok(Some(Err(_))) => return Ended::Lost("the connection broke".into()),
                Err(_) => return Ended::Lost("the server says nothing".into()),
            },
            ask = asks.recv() => {
                id += 1;
                let message = match ask {
                    None => {
                        let _ = socket.close(None).await;
                        return Ended::NobodyAsks;
                    }
                    Some(Ask::Snapshot) => {
                        over_at.get_or_insert_with(|| Instant::now() + REPLIES);
                        continue;
                    }
                    Some(Ask::Form(command)) => {
                        unanswered.insert(id);
                        form = Some(id);
                        ClientMessage::Command { id, command: *command }
                    }
                    Some(Ask::Play(call, player)) => {
                        let playing = recording::play(server.clone(), token.to_owned(), call, player, heard.clone());
                        let playing = tokio::spawn(playing).abort_handle();
                        if let Some(before) = player_task.replace(playing) {
                            before.abort();
                        }
                        continue;
                    }
                    Some(Ask::Silence) => {
                        if let Some(playing) = player_task.take() {
                            playing.abort();
                        }
                        continue;
                    }
                    Some(Ask::Export(what)) => {
                        tokio::spawn(export::run(server.clone(), token.to_owned(), *what, heard.clone()));
                        continue;
                    }
                    Some(Ask::Watch(on)) => ClientMessage::WatchFloor { on },
                    Some(Ask::Command(command)) => {
                        unanswered.insert(id);
                        ClientMessage::Command { id, command }
                    }
                    Some(Ask::Query(query)) => ClientMessage::Query { id, query },
                };
                if send(&mut socket, &message).await.is_err() {
                    return Ended::Lost("the connection broke".into());
                }
            }
        }
    }
}

fn request(
    server: &Url,
    token: &str,
) -> Result<tokio_tungstenite::tungstenite::handshake::client::Request, String> {
    let mut url = server.join("/api/v1/ws").map_err(|e| e.to_string())?;
    let scheme = if server.scheme() == "https" { "wss" } else { "ws" };
    url.set_scheme(scheme).map_err(|()| format!("{server} must begin with http:// or https://"))?;
    let mut request = url.as_str().into_client_request().map_err(|e| e.to_string())?;
    let bearer = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|e| e.to_string())?;
    request.headers_mut().insert(AUTHORIZATION, bearer);
    Ok(request)
}

async fn send(
    socket: &mut (impl futures_util::Sink<Message, Error = Error> + Unpin),
    message: &ClientMessage,
) -> Result<(), Error> {
    let text = serde_json::to_string(message).unwrap_or_default();
    socket.send(Message::Text(text.into())).await
}
