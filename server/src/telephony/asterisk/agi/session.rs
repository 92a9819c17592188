//! One session: find the call, give it audio, lead it to an agent where it is to go there, and stay until it is over.

use super::super::ari::call_of;
use super::super::audiosocket::{self, Tickets};
use super::super::lines::Lines;
use super::channel::{Channel, ChannelError};
use super::request::RequestError;
use dialdeck_protocol::CallId;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;

/// How long Asterisk may take to bring the audio.
const AUDIO: Duration = Duration::from_secs(10);

/// What a session needs.
#[derive(Clone)]
pub(in super::super) struct Session {
    pub(in super::super) lines: Lines,
    pub(in super::super) tickets: Tickets,
    pub(in super::super) audiosocket: SocketAddr,
    /// The name under which ARI knows us.
    pub(in super::super) application: String,
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
        if request.script() != "call" {
            return Err(SessionError::UnknownScript(request.script()));
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
