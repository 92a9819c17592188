//! A logged-in connection: actions with their answers, events as they come.

use super::message::{Message, read_message};
use secrecy::{ExposeSecret, SecretString};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::sync::{broadcast, oneshot};
use tokio_util::sync::{CancellationToken, DropGuard};

/// How long Asterisk may take to answer anything.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often we ask whether it is still there.
const HEARTBEAT: Duration = Duration::from_secs(20);
/// First and longest wait before another try.
const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(30);
/// Events kept for whoever is slow.
const EVENTS: usize = 1024;

/// Where, and as whom.
#[derive(Debug, Clone)]
pub struct Login {
    /// Host and port.
    pub address: String,
    /// User of `manager.conf`.
    pub user: String,
    /// Their secret.
    pub secret: SecretString,
}

impl Login {
    /// To a host's manager interface.
    pub fn new(host: &str, port: u16, user: &str, secret: &SecretString) -> Self {
        Self { address: format!("{host}:{port}"), user: user.to_owned(), secret: secret.clone() }
    }
}

/// Why an action came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum AmiError {
    /// It cannot be reached.
    #[error("{0}: {1}")]
    Unreachable(String, std::io::Error),
    /// It is something else.
    #[error("what listens on {0} is no manager interface")]
    NotAmi(String),
    /// User and secret were not taken.
    #[error("user and secret were not taken")]
    Refused,
    /// It did not answer in time.
    #[error("it did not answer within {} s", PATIENCE.as_secs())]
    Slow,
    /// The connection is gone.
    #[error("the connection is gone")]
    Gone,
    /// The action was refused, in Asterisk's words.
    #[error("Asterisk refused: {0}")]
    Denied(String),
}

type Waiting = Arc<Mutex<HashMap<String, oneshot::Sender<Message>>>>;

/// A logged-in connection.
pub struct Connection {
    writer: tokio::sync::Mutex<OwnedWriteHalf>,
    waiting: Waiting,
    next: AtomicU64,
    events: broadcast::Sender<Message>,
    gone: CancellationToken,
    /// Ends the reader with this value.
    _reader: DropGuard,
    /// What it called itself.
    pub banner: String,
}

impl Connection {
    /// Connects and logs in.
    ///
    /// # Errors
    /// What stands in the way.
    pub async fn open(login: &Login) -> Result<Self, AmiError> {
        tokio::time::timeout(PATIENCE, Self::begin(login)).await.map_err(|_| AmiError::Slow)?
    }

    async fn begin(login: &Login) -> Result<Self, AmiError> {
        let broken = |error| AmiError::Unreachable(login.address.clone(), error);
        let stream = TcpStream::connect(&login.address).await.map_err(broken)?;
        let (reader, writer) = stream.into_split();
        let mut reader = BufReader::new(reader);
        let mut banner = String::new();
        tokio::io::AsyncBufReadExt::read_line(&mut (&mut reader).take(200), &mut banner)
            .await
            .map_err(broken)?;
        if !banner.contains("Call Manager") {
            return Err(AmiError::NotAmi(login.address.clone()));
        }
        let (waiting, events, gone): (Waiting, _, _) =
            (Arc::default(), broadcast::Sender::new(EVENTS), CancellationToken::new());
        let (told, tells, over) = (waiting.clone(), events.clone(), gone.clone());
        tokio::spawn(async move {
            while let Some(Ok(Some(message))) = over.run_until_cancelled(read_message(&mut reader)).await {
                let waits =
                    told.lock().unwrap_or_else(PoisonError::into_inner).remove(message.get("ActionID"));
                match waits {
                    Some(waits) if !message.get("Response").is_empty() => drop(waits.send(message)),
                    _ => drop(tells.send(message)),
                }
            }
            over.cancel();
            // Whoever waits is told by the end of their channel.
            told.lock().unwrap_or_else(PoisonError::into_inner).clear();
        });
        let own = Self {
            writer: tokio::sync::Mutex::new(writer),
            waiting,
            next: AtomicU64::new(1),
            events,
            _reader: gone.clone().drop_guard(),
            gone,
            banner: crate::domain::plain::line(&banner, 80),
        };
        let answer = own
            .action(
                "Login",
                &[("Username", &login.user), ("Secret", login.secret.expose_secret()), ("Events", "on")],
            )
            .await;
        match answer {
            Ok(_) => Ok(own),
            Err(AmiError::Denied(_) | AmiError::Gone) => Err(AmiError::Refused),
            Err(other) => Err(other),
        }
    }

    /// Does an action, and gives its answer.
    ///
    /// # Errors
    /// When it is refused, or nothing comes.
    pub async fn action(&self, name: &str, fields: &[(&str, &str)]) -> Result<Message, AmiError> {
        let id = self.next.fetch_add(1, Ordering::Relaxed).to_string();
        let mut all = vec![("Action", name), ("ActionID", id.as_str())];
        all.extend(fields);
        let (tell, told) = oneshot::channel();
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), tell);
        let text = Message::of(&all).encoded();
        if self.gone.is_cancelled() || self.writer.lock().await.write_all(text.as_bytes()).await.is_err() {
            return Err(AmiError::Gone);
        }
        let answer = tokio::time::timeout(PATIENCE, told).await;
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        let answer = answer.map_err(|_| AmiError::Slow)?.map_err(|_| AmiError::Gone)?;
        if answer.is_success() { Ok(answer) } else { Err(AmiError::Denied(answer.get("Message").to_owned())) }
    }

    /// Places a call: `channel` is rung, then led to an extension. Gives the answer at once; what becomes of it comes as
    /// an event `OriginateResponse`, which can come after `Hangup`.
    ///
    /// # Errors
    /// When Asterisk refuses.
    pub async fn originate(
        &self,
        channel: &str,
        context: &str,
        extension: &str,
        caller_id: &str,
    ) -> Result<Message, AmiError> {
        let fields = [
            ("Channel", channel),
            ("Context", context),
            ("Exten", extension),
            ("Priority", "1"),
            ("CallerID", caller_id),
            ("Async", "true"),
            ("Codecs", "slin"),
        ];
        self.action("Originate", &fields).await
    }

    /// Leads a call elsewhere. To the AGI session it looks like a hangup, though the call lives on.
    ///
    /// # Errors
    /// When Asterisk refuses, or there is no such channel.
    pub async fn redirect(&self, channel: &str, context: &str, extension: &str) -> Result<Message, AmiError> {
        let fields = [("Channel", channel), ("Context", context), ("Exten", extension), ("Priority", "1")];
        self.action("Redirect", &fields).await
    }

    /// Hangs up.
    ///
    /// # Errors
    /// When Asterisk refuses, or there is no such channel.
    pub async fn hang_up(&self, channel: &str) -> Result<Message, AmiError> {
        self.action("Hangup", &[("Channel", channel)]).await
    }

    /// Events from now on.
    pub fn events(&self) -> broadcast::Receiver<Message> {
        self.events.subscribe()
    }

    /// Ready once the connection is gone.
    pub async fn gone(&self) {
        self.gone.cancelled().await;
    }
}

/// Stays connected until told to stop, and gives every event to `each`; `state` hears of each connection (its banner) and
/// of each loss (why).
pub async fn follow(
    login: Login,
    stop: CancellationToken,
    mut each: impl FnMut(Message) + Send,
    mut state: impl FnMut(Result<&str, &AmiError>) + Send,
) {
    let mut wait = FIRST;
    while !stop.is_cancelled() {
        match Connection::open(&login).await {
            Ok(connection) => {
                wait = FIRST;
                state(Ok(&connection.banner));
                let mut events = connection.events();
                let mut heartbeat = tokio::time::interval(HEARTBEAT);
                loop {
                    tokio::select! {
                        event = events.recv() => match event {
                            Ok(event) => each(event),
                            Err(broadcast::error::RecvError::Lagged(_)) => {}
                            Err(broadcast::error::RecvError::Closed) => break,
                        },
                        _ = heartbeat.tick() => if connection.action("Ping", &[]).await.is_err() { break },
                        () = connection.gone() => break,
                        () = stop.cancelled() => {
                            let _ = connection.action("Logoff", &[]).await;
                            return;
                        }
                    }
                }
                state(Err(&AmiError::Gone));
            }
            Err(error) => state(Err(&error)),
        }
        // Half of it is chance, so that a restarted Asterisk is not met by all at once.
        let pause = wait.mul_f64(0.5 + rand::random::<f64>() / 2.0);
        if stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
            return;
        }
        wait = (wait * 2).min(LONGEST);
    }
}
