//! One session: find the call, give it audio, lead it to an agent where it is to go there, and stay until it is over.

use super::super::ari::call_of;
use super::super::audiosocket::{self, Tickets};
use super::super::lines::Lines;
use super::channel::{Channel, ChannelError};
use super::request::{Request, RequestError};
use crate::telephony::adoption::Inbound;
use dialdeck_protocol::CallId;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};

/// How long Asterisk may take to bring the audio.
const AUDIO: Duration = Duration::from_secs(10);
/// How long it may take to find out whose call it is: VICIdial is asked meanwhile, and the person hears nothing.
const TAKEN: Duration = Duration::from_secs(8);

/// What a session needs.
#[derive(Clone)]
pub(in super::super) struct Session {
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
            self.carry(&call, &mut channel).await?;
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
        let carried = self.carry(&call, channel).await;
        // The session lasts as long as the call: its end is the call's, and nobody else tells of this channel for sure.
        self.lines.ended(&call, 16);
        carried
    }

    async fn carry(&self, call: &CallId, channel: &mut Channel) -> Result<(), SessionError> {
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
