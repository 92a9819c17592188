//! A real Asterisk: calls are placed by ARI, run over FastAGI, and carried by AudioSocket.
//!
//! ARI originates into the dialplan context of `asterisk-config/extensions.conf` with a channel id of our own, which
//! is the AGI session's `agi_uniqueid`; the dialplan runs AGI on the answered channel; the AGI session executes
//! AudioSocket. So AGI stays the spine of a call: it goes on when the audio ends, and `EXEC Stasis` can hand the
//! channel to ARI's bridges and take it back.

pub mod agi;
pub mod ami;
mod ari;
pub mod audiosocket;
mod events;
mod files;
mod legs;
mod lines;
mod monitors;
pub mod peers;
pub mod render;
pub mod transport;
mod ways;
mod websocket;

pub use ari::AriSettings;

use super::adoption::Inbound;
use super::{Condition, Leg, LegId, Monitored, Place, PlaceError, Progress, Telephony, agents, channel_id};
use crate::domain::phone::Phone;
use crate::voice::media::Media;
use ari::Ari;
use async_trait::async_trait;
use audiosocket::Tickets;
use dialdeck_protocol::{CallId, MonitorMode, PartState};
use legs::Legs;
use lines::Lines;
use monitors::Monitors;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use transport::{Transport, Wish};
use ways::Ways;
use websocket::Carriage;

/// How long Asterisk may take to bring a call from its audio into ARI's room.
const ROOM: Duration = Duration::from_secs(5);

/// How long the last piece of what we say may take where sound goes by files, and how often it is looked.
const LAST_PIECE: Duration = Duration::from_secs(2);
const LOOK: Duration = Duration::from_millis(50);

/// How a number becomes a dial string, and where the dialplan takes an answered call.
#[derive(Debug, Clone)]
pub struct Dialplan {
    /// Such as `PJSIP/{number}@dialdeck-trunk`; `{number}` is E.164, `{digits}` the same without its plus.
    pub dial: String,
    /// Context that runs AGI.
    pub context: String,
    /// Address at which Asterisk reaches our AudioSocket.
    pub audiosocket: SocketAddr,
    /// How sound is to be carried.
    pub wish: Wish,
}

/// The telephony over one Asterisk.
pub struct Asterisk {
    ari: Arc<Ari>,
    lines: Lines,
    legs: Legs,
    monitors: Monitors,
    tickets: Tickets,
    ways: Ways,
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
        inbound: mpsc::Sender<Inbound>,
    ) -> Self {
        let stop = CancellationToken::new();
        let (lines, legs, tickets) = (Lines::default(), Legs::default(), Tickets::default());
        let ways = Ways::new(dialplan.wish.clone());
        let application = settings.application.clone();
        let ari = Arc::new(Ari::new(settings));
        let condition = watch::Sender::new(Condition {
            state: PartState::Down,
            message: format!("{}: not reached yet", ari.describe()),
        });
        tokio::spawn(audiosocket::serve(audio, tickets.clone(), peers.clone(), stop.clone()));
        let session = agi::Session {
            ari: ari.clone(),
            ways: ways.clone(),
            lines: lines.clone(),
            tickets: tickets.clone(),
            audiosocket: dialplan.audiosocket,
            application,
            inbound,
        };
        tokio::spawn(agi::serve(agi, session, peers, stop.clone()));
        tokio::spawn(events::listen(
            ari.clone(),
            lines.clone(),
            legs.clone(),
            ways.clone(),
            condition.clone(),
            stop.clone(),
        ));
        Self { ari, lines, legs, monitors: Monitors::default(), tickets, ways, dialplan, condition, stop }
    }
}

impl Asterisk {
    /// By files the last piece of what we say is still being played when we are done: the call ends by itself after it.
    async fn let_it_end(&self, call: &CallId) {
        let begun = tokio::time::Instant::now();
        while self.ways.now() == Transport::Files && self.lines.knows(call) && begun.elapsed() < LAST_PIECE {
            tokio::time::sleep(LOOK).await;
        }
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
        &["place", "hang_up", "converse", "agents", "monitor", "take_over", "transfer"]
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
        self.let_it_end(call).await;
        let Some(channel) = self.lines.channel(call) else { return self.ari.hang_up(call).await };
        let result = self.ari.hang_up_channel(&channel).await;
        // Its session may have given up before: then nobody else would tell of its end.
        self.lines.ended(call, 16);
        result
    }

    fn adopt(&self, call: &CallId, channel: &str) -> Result<mpsc::UnboundedReceiver<Progress>, PlaceError> {
        Ok(self.lines.adopt(call, channel))
    }

    async fn ring_agent(
        &self,
        leg: LegId,
        extension: &str,
        ring: Duration,
    ) -> Result<mpsc::UnboundedReceiver<Leg>, PlaceError> {
        let mut told = self.legs.open(leg);
        if let Err(error) = self.ari.ring(leg, extension, ring).await {
            self.legs.gone(leg, "not rung");
            // Where the answer was lost the phone may ring all the same.
            let _ = self.ari.drop_leg(leg).await;
            return Err(error);
        }
        let (tell, receiver) = mpsc::unbounded_channel();
        let (ari, legs) = (self.ari.clone(), self.legs.clone());
        tokio::spawn(async move {
            while let Some(what) = told.recv().await {
                let what = match what {
                    // It is of use once it is in a room of its own.
                    Leg::Up => match ari.make_room(leg).await {
                        Ok(()) => Leg::Up,
                        Err(error) => {
                            legs.gone(leg, "no room");
                            Leg::Gone(error.to_string())
                        }
                    },
                    other => other,
                };
                let is_gone = matches!(what, Leg::Gone(_));
                let unheard = tell.send(what).is_err();
                if is_gone || unheard {
                    break;
                }
            }
            if let Err(error) = ari.drop_leg(leg).await {
                tracing::debug!(%error, "an agent's room was not taken away");
            }
        });
        Ok(receiver)
    }

    async fn drop_agent(&self, leg: LegId) -> Result<(), PlaceError> {
        self.ari.drop_leg(leg).await
    }

    async fn join(&self, call: &CallId, leg: LegId, media: Media) -> Result<(), PlaceError> {
        let there = self.lines.wish_room(call).ok_or_else(|| agents::gone(call))?;
        // The end of the audio lets the AGI session go on, which leads the call into the room.
        drop(media);
        match tokio::time::timeout(ROOM, there).await {
            Ok(Ok(())) => self.ari.enter_room(leg, &channel_id(call)).await,
            Ok(Err(_)) => Err(agents::gone(call)),
            Err(_) => Err(PlaceError::Refused(
                "the call did not come out of its audio; is res_stasis loaded?".into(),
            )),
        }
    }

    async fn consult(&self, leg: LegId) -> Result<Media, PlaceError> {
        match self.ways.now() {
            Transport::AudioSocket => {}
            Transport::WebSocket => {
                let sound = self.ways.note(Carriage::name());
                let carriage = Carriage::open(&self.ari, sound.name().to_owned()).await?;
                if let Err(error) = self.ari.enter_room_soon(leg, carriage.channel()).await {
                    let _ = self.ari.hang_up_channel(carriage.channel()).await;
                    return Err(error);
                }
                let over = carriage.over();
                tokio::spawn(async move {
                    over.cancelled().await;
                    drop(sound);
                });
                return Ok(carriage.media());
            }
            Transport::Files => {
                return Err(PlaceError::Refused(
                    "nobody can be asked while sound goes by files; load app_audiosocket or chan_websocket"
                        .into(),
                ));
            }
        }
        let (ticket, coming) = self.tickets.issue();
        let channel = format!("dialdeck-consult-{}", ticket.simple());
        self.ari.external(&channel, self.dialplan.audiosocket, ticket).await?;
        let opened = async {
            let stream = tokio::time::timeout(ROOM, coming).await;
            let stream = stream.ok().and_then(Result::ok).ok_or_else(|| {
                PlaceError::Refused("Asterisk did not bring its audio; is chan_audiosocket loaded?".into())
            })?;
            self.ari.enter_room_soon(leg, &channel).await?;
            Ok(audiosocket::media(stream))
        };
        let opened = opened.await;
        if opened.is_err() {
            let _ = self.ari.hang_up_channel(&channel).await;
        }
        opened
    }

    async fn take_back(&self, call: &CallId) -> Result<(), PlaceError> {
        self.ari.give_back(&channel_id(call)).await
    }

    async fn monitor(&self, leg: LegId, call: &Monitored, mode: MonitorMode) -> Result<(), PlaceError> {
        let channel = self.lines.channel(&call.call).unwrap_or_else(|| channel_id(&call.call));
        self.monitors.enter(&self.ari, leg, &channel, call, mode).await
    }

    async fn unmonitor(&self, leg: LegId) -> Result<(), PlaceError> {
        self.monitors.leave(&self.ari, leg).await
    }

    async fn live(&self) -> Result<Vec<CallId>, PlaceError> {
        Ok(self.ari.live().await?.calls)
    }
}
