//! A real Asterisk: calls are placed by ARI, run over FastAGI, and carried by AudioSocket.
//!
//! ARI originates into the dialplan context of `asterisk-config/extensions.conf` with a channel id of our own, which
//! is the AGI session's `agi_uniqueid`; the dialplan runs AGI on the answered channel; the AGI session executes
//! AudioSocket. So AGI stays the spine of a call: it goes on when the audio ends, and `EXEC Stasis` can hand the
//! channel to ARI's bridges and take it back.

pub mod agi;
mod ari;
pub mod audiosocket;
mod events;
mod lines;
pub mod peers;
pub mod render;

pub use ari::AriSettings;

use super::{Condition, Place, PlaceError, Progress, Telephony};
use crate::domain::phone::Phone;
use ari::Ari;
use async_trait::async_trait;
use audiosocket::Tickets;
use dialdeck_protocol::{CallId, PartState};
use lines::Lines;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

/// How a number becomes a dial string, and where the dialplan takes an answered call.
#[derive(Debug, Clone)]
pub struct Dialplan {
    /// Such as `PJSIP/{number}@dialdeck-trunk`; `{number}` is E.164, `{digits}` the same without its plus.
    pub dial: String,
    /// Context that runs AGI.
    pub context: String,
    /// Address at which Asterisk reaches our AudioSocket.
    pub audiosocket: SocketAddr,
}

/// The telephony over one Asterisk.
pub struct Asterisk {
    ari: Arc<Ari>,
    lines: Lines,
    dialplan: Dialplan,
    condition: watch::Sender<Condition>,
    stop: CancellationToken,
}

impl Asterisk {
    /// Starts to serve FastAGI and AudioSocket on the given listeners, and to listen to ARI. Asterisk itself may be
    /// down: its condition says so, and it is tried again until it is there.
    pub fn start(
        settings: AriSettings,
        dialplan: Dialplan,
        agi: TcpListener,
        audio: TcpListener,
        peers: peers::Allowed,
    ) -> Self {
        let stop = CancellationToken::new();
        let (lines, tickets) = (Lines::default(), Tickets::default());
        let ari = Arc::new(Ari::new(settings));
        let condition = watch::Sender::new(Condition {
            state: PartState::Down,
            message: format!("{}: not reached yet", ari.describe()),
        });
        tokio::spawn(audiosocket::serve(audio, tickets.clone(), peers.clone(), stop.clone()));
        let session = agi::Session { lines: lines.clone(), tickets, audiosocket: dialplan.audiosocket };
        tokio::spawn(agi::serve(agi, session, peers, stop.clone()));
        tokio::spawn(events::listen(ari.clone(), lines.clone(), condition.clone(), stop.clone()));
        Self { ari, lines, dialplan, condition, stop }
    }
}

impl Drop for Asterisk {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

#[async_trait]
impl Telephony for Asterisk {
    fn describe(&self) -> String {
        self.ari.describe()
    }

    fn capabilities(&self) -> &'static [&'static str] {
        &["place", "hang_up", "converse"]
    }

    fn condition(&self) -> watch::Receiver<Condition> {
        self.condition.subscribe()
    }

    async fn place(&self, call: Place) -> Result<mpsc::UnboundedReceiver<Progress>, PlaceError> {
        let down = self.condition.borrow().clone();
        if down.state != PartState::Up {
            return Err(PlaceError::Unavailable(down.message));
        }
        // Numbers were normalised at import; a dial string is made of digits and our own template, of nothing else.
        let number = |text: &str| {
            Phone::from_e164(text).ok_or_else(|| PlaceError::Refused("a number is not E.164".into()))
        };
        let (to, from) = (number(&call.to)?, number(&call.from)?);
        let endpoint = self.dialplan.dial.replace("{number}", to.as_str()).replace("{digits}", to.digits());
        let receiver = self.lines.open(&call.call_id);
        let placed = self
            .ari
            .originate(&call.call_id, &endpoint, &self.dialplan.context, from.as_str(), call.ring)
            .await;
        match placed {
            // Where the answer was lost the phone may ring all the same: it is watched, and hung up when nothing is
            // heard of it in time.
            Ok(()) | Err(PlaceError::Unknown(_)) => {
                self.lines.placed(&call.call_id);
                Ok(receiver)
            }
            Err(error) => {
                self.lines.forget(&call.call_id);
                Err(error)
            }
        }
    }

    async fn hang_up(&self, call: &CallId) -> Result<(), PlaceError> {
        self.ari.hang_up(call).await
    }

    async fn live(&self) -> Result<Vec<CallId>, PlaceError> {
        self.ari.live().await
    }
}
