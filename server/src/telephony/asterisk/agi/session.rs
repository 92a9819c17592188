//! One session: find the call, give it audio, lead it to an agent where it is to go there, and stay until it is over.

use super::super::ari::{Ari, bridge_of, call_of};
use super::super::audiosocket::{self, Tickets};
use super::super::files::Turns;
use super::super::lines::Lines;
use super::super::transport::Transport;
use super::super::ways::{InUse, Ways};
use super::super::websocket::Carriage;
use super::channel::{Channel, ChannelError};
use super::request::{Request, RequestError};
use crate::telephony::PlaceError;
use crate::telephony::adoption::Inbound;
use dialdeck_protocol::CallId;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};

/// How long Asterisk may take to bring the audio.
const AUDIO: Duration = Duration::from_secs(10);
/// How long it may take to find out whose call it is: VICIdial is asked meanwhile, and the person hears nothing.
const TAKEN: Duration = Duration::from_secs(8);

/// How often a call is asked to be given back.
const AGAIN: Duration = Duration::from_secs(1);
/// When it is looked once more for what a request that was given up has made.
const LATER: Duration = Duration::from_secs(3);

/// What a session needs.
#[derive(Clone)]
pub(in super::super) struct Session {
    pub(in super::super) ari: Arc<Ari>,
    pub(in super::super) ways: Ways,
    pub(in super::super) lines: Lines,
    pub(in super::super) tickets: Tickets,
    pub(in super::super) audiosocket: SocketAddr,
    /// The name under which ARI knows us.
    pub(in super::super) application: String,
    /// Where calls go that somebody else placed.
    pub(in super::super) inbound: mpsc::Sender<Inbound>,
}

/// Why a session ended early.
#[derive(Debug, thiserror::Error)]
pub(super) enum SessionError {
    #[error(transparent)]
    Request(#[from] RequestError),
    #[error("the script {0:?} is unknown; the dialplan must run agi://…/call")]
    UnknownScript(String),
    #[error("the channel bears no call that is under way here")]
    UnknownCall,
    #[error("the connection broke: {0}")]
    Io(#[from] std::io::Error),
    #[error(transparent)]
    Channel(#[from] ChannelError),
    #[error("Asterisk brought no audio within 10 s; is app_audiosocket loaded, and can it reach us?")]
    NoAudio,
    #[error("Asterisk brought no sound over a WebSocket; is chan_websocket loaded?")]
    NoSound,
}

impl Session {
    pub(super) async fn run(&self, stream: TcpStream) -> Result<(), SessionError> {
        let (mut channel, request) = match Channel::open(stream).await {
            Err(RequestError::Silent) => return Ok(()),
            other => other?,
        };
        let script = request.script();
        if let Some(from) = script.strip_prefix("vicidial") {
            return self.take_in(&request, from.trim_start_matches('/'), &mut channel).await;
        }
        if script != "call" {
            return Err(SessionError::UnknownScript(script));
        }
        // After a crash a phone may still be ringing: its call was settled, so closing here lets the dialplan hang up.
        let call = call_of(&request.get("uniqueid")).filter(|call| self.lines.knows(call));
        let call = call.ok_or(SessionError::UnknownCall)?;
        loop {
            self.carry(&call, &request.get("uniqueid"), &mut channel).await?;
            if !self.lines.leads(&call) {
                return Ok(());
            }
            // Into ARI's room, where it is joined with an agent. Given back by `continue`, it is spoken with once more.
            channel.command(&format!("EXEC Stasis {},room", self.application)).await?;
            if !self.lines.knows(&call) {
                return Ok(());
            }
        }
    }

    /// A call that somebody else placed: whoever knows them says which call of ours it is.
    async fn take_in(
        &self,
        request: &Request,
        from: &str,
        channel: &mut Channel,
    ) -> Result<(), SessionError> {
        let (taken, call) = oneshot::channel();
        let inbound = Inbound {
            channel: request.get("uniqueid"),
            from: from.to_owned(),
            code: request.get("calleridname"),
            number: request.get("callerid"),
            taken,
        };
        self.inbound.send(inbound).await.map_err(|_| SessionError::UnknownCall)?;
        let call = tokio::time::timeout(TAKEN, call).await;
        let call = call.ok().and_then(Result::ok).ok_or(SessionError::UnknownCall)?;
        let carried = self.carry(&call, &request.get("uniqueid"), channel).await;
        // The session lasts as long as the call: its end is the call's, and nobody else tells of this channel for sure.
        self.lines.ended(&call, 16);
        carried
    }

    /// Gives the call its sound until that has ended, in the way that is used now.
    async fn carry(&self, call: &CallId, id: &str, channel: &mut Channel) -> Result<(), SessionError> {
        match (self.ways.now(), &self.ways.wish.shared) {
            (Transport::WebSocket, _) => self.by_websocket(call, id, channel).await,
            (Transport::Files, Some(shared)) => {
                let (turns, media) = Turns::new(shared.clone());
                self.lines.answered(call, media);
                Ok(turns.carry(channel).await?)
            }
            _ => self.by_audiosocket(call, channel).await,
        }
    }

    /// Into ARI's hands, into a bridge with a channel that carries sound to us, and back once that has ended.
    async fn by_websocket(&self, call: &CallId, id: &str, channel: &mut Channel) -> Result<(), SessionError> {
        channel.send(&format!("EXEC Stasis {},sound", self.application)).await?;
        let sound = self.ways.note(Carriage::name());
        let mut answer = Box::pin(channel.answer());
        let opened = tokio::select! {
            opened = tokio::time::timeout(AUDIO, self.bridged(sound.name(), id)) => opened,
            early = &mut answer => {
                self.clear(sound);
                return Ok(early.map(|_| ())?);
            }
        };
        let why = match opened {
            Ok(Ok(carriage)) => {
                let over = carriage.over();
                self.lines.answered(call, carriage.media());
                let ended = tokio::select! {
                    ended = &mut answer => Some(ended),
                    () = over.cancelled() => None,
                };
                over.cancel();
                // The session goes on before what is not needed any more is cleared away.
                let ended = match ended {
                    Some(ended) => ended,
                    None => self.give_back(id, &mut answer).await,
                };
                self.clear(sound);
                return Ok(ended.map(|_| ())?);
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => "it took longer than 10 s".to_owned(),
        };
        tracing::warn!(why, "no sound over a WebSocket");
        self.clear(sound);
        // Nobody is left in ARI's hands in silence: the dialplan hangs up.
        let _ = self.give_back(id, &mut answer).await;
        Err(SessionError::NoSound)
    }

    /// Gives a call back to its session, and asks again until the session has it, or the call is gone.
    async fn give_back<T>(&self, id: &str, answer: &mut (impl Future<Output = T> + Unpin)) -> T {
        let mut again = tokio::time::interval(AGAIN);
        loop {
            tokio::select! {
                ended = &mut *answer => return ended,
                _ = again.tick() => {
                    if let Err(error) = self.ari.give_back(id).await {
                        tracing::warn!(%error, "a call was not given back; it is tried again");
                    }
                }
            }
        }
    }

    /// A channel that carries sound to us, in a bridge with the call.
    async fn bridged(&self, name: &str, id: &str) -> Result<Carriage, PlaceError> {
        let bridge = bridge_of(name);
        self.ari.open_bridge(&bridge).await?;
        let carriage = Carriage::open(&self.ari, name.to_owned()).await?;
        self.ari.enter_bridge_soon(&bridge, carriage.channel()).await?;
        self.ari.enter_bridge_soon(&bridge, id).await?;
        Ok(carriage)
    }

    /// Takes channel and bridge away, also such as come to be only now because a request for them was under way.
    fn clear(&self, sound: InUse) {
        let ari = self.ari.clone();
        tokio::spawn(async move {
            for wait in [Duration::ZERO, LATER] {
                tokio::time::sleep(wait).await;
                let _ = ari.hang_up_channel(sound.name()).await;
                let _ = ari.close_bridge(&bridge_of(sound.name())).await;
            }
        });
    }

    async fn by_audiosocket(&self, call: &CallId, channel: &mut Channel) -> Result<(), SessionError> {
        let (id, connection) = self.tickets.issue();
        channel.send(&format!("EXEC AudioSocket {id},{}", self.audiosocket)).await?;
        let mut answer = Box::pin(channel.answer());
        tokio::select! {
            connected = tokio::time::timeout(AUDIO, connection) => match connected {
                Ok(Ok(stream)) => self.lines.answered(call, audiosocket::media(stream)),
                _ => return Err(SessionError::NoAudio),
            },
            early = &mut answer => return Ok(early.map(|_| ())?),
        }
        // `0`: we ended the audio; `-1`: the far end hung up, or the connection broke. Either way the dialplan goes
        // on once this session closes, and only the channel's end proves that the call is over.
        Ok(answer.await.map(|_| ())?)
    }
}
