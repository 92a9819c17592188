//! A phone network in this process: people who pick up, are busy, do not answer, are machines, talk and hang up.
//!
//! It speaks the same trait as Asterisk and carries words instead of sound, so the same voice loop runs on it.
//! Nobody real is ever called.

mod mischief;
mod person;
mod persona;

pub use persona::Persona;

use super::{Condition, Ended, Leg, LegId, Monitored, Place, PlaceError, Progress, Telephony, agents};
use crate::voice::media::{Media, SPOKEN_AHEAD};
use async_trait::async_trait;
use dialdeck_protocol::{CallId, MonitorMode, PartState};
use mischief::{Mischief, chance};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

/// Where a call that was answered is led.
enum Turn {
    /// To an agent.
    Join,
    /// Back to us.
    Back,
}

struct Line {
    cut: CancellationToken,
    turns: mpsc::UnboundedSender<Turn>,
}

type Lines = Arc<Mutex<HashMap<CallId, Line>>>;

/// The network.
pub struct Simulated {
    lines: Lines,
    /// Phones that are up, each with its extension.
    phones: Mutex<HashMap<LegId, (mpsc::UnboundedSender<Leg>, String)>>,
    /// How much faster than life people talk and ring.
    speed: f64,
    /// Share of the calls in which something goes wrong, 0–1.
    mischief: f64,
    condition: watch::Sender<Condition>,
}

impl Simulated {
    /// A network in which everything happens `speed` times as fast as in life, and something goes wrong in a share of the
    /// calls, 0–1.
    pub fn new(speed: f64, mischief: f64) -> Self {
        let message =
            format!("phone network in this process, {speed} times as fast as life; nobody real is called");
        Self {
            lines: Lines::default(),
            phones: Mutex::default(),
            speed: speed.max(0.01),
            mischief,
            condition: watch::Sender::new(Condition { state: PartState::Up, message }),
        }
    }
}

impl Simulated {
    fn lead(&self, call: &CallId, turn: Turn) -> Result<(), PlaceError> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let led = lines.get(call).is_some_and(|line| line.turns.send(turn).is_ok());
        if led { Ok(()) } else { Err(agents::gone(call)) }
    }
}

#[async_trait]
impl Telephony for Simulated {
    fn describe(&self) -> String {
        "simulated phone network".into()
    }

    fn capabilities(&self) -> &'static [&'static str] {
        &["place", "hang_up", "converse", "agents", "monitor", "take_over", "transfer"]
    }

    fn condition(&self) -> watch::Receiver<Condition> {
        self.condition.subscribe()
    }

    async fn place(&self, call: Place) -> Result<mpsc::UnboundedReceiver<Progress>, PlaceError> {
        let (progress, receiver) = mpsc::unbounded_channel();
        let cut = CancellationToken::new();
        let (turns, led) = mpsc::unbounded_channel();
        {
            let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
            if lines.contains_key(&call.call_id) {
                return Err(PlaceError::Refused("the call is under way already".into()));
            }
            lines.insert(call.call_id.clone(), Line { cut: cut.clone(), turns });
        }
        let (lines, speed) = (self.lines.clone(), self.speed);
        let mischief = Mischief::of(&mut chance(&call.call_id), self.mischief);
        tokio::spawn(async move {
            let ended = tokio::select! {
                ended = far_end(&call, &progress, led, speed, mischief) => ended,
                () = cut.cancelled() => Ended { answered: false, dial_status: "RINGING".into(), cause: 16 },
            };
            match mischief {
                Some(Mischief::EndIsLost) => progress.closed().await,
                Some(Mischief::EndIsLate) => tokio::time::sleep(Duration::from_secs_f64(60.0 / speed)).await,
                _ => {}
            }
            lines.lock().unwrap_or_else(PoisonError::into_inner).remove(&call.call_id);
            let _ = progress.send(Progress::Ended(ended));
        });
        Ok(receiver)
    }

    async fn hang_up(&self, call: &CallId) -> Result<(), PlaceError> {
        if let Some(line) = self.lines.lock().unwrap_or_else(PoisonError::into_inner).get(call) {
            line.cut.cancel();
        }
        Ok(())
    }

    async fn ring_agent(
        &self,
        leg: LegId,
        extension: &str,
        _ring: Duration,
    ) -> Result<mpsc::UnboundedReceiver<Leg>, PlaceError> {
        let (tell, told) = mpsc::unbounded_channel();
        // Who is away does not pick up: so that a test or a demo knows whom it rings.
        if extension.ends_with("/away") {
            let _ = tell.send(Leg::Gone("nobody picked up".into()));
            return Ok(told);
        }
        // Who does not hear it lets it ring.
        if !extension.ends_with("/rings") {
            let _ = tell.send(Leg::Up);
        }
        self.phones.lock().unwrap_or_else(PoisonError::into_inner).insert(leg, (tell, extension.to_owned()));
        Ok(told)
    }

    async fn drop_agent(&self, leg: LegId) -> Result<(), PlaceError> {
        if let Some((tell, _)) = self.phones.lock().unwrap_or_else(PoisonError::into_inner).remove(&leg) {
            let _ = tell.send(Leg::Gone("hung up".into()));
        }
        Ok(())
    }

    async fn consult(&self, leg: LegId) -> Result<Media, PlaceError> {
        let extension = {
            let phones = self.phones.lock().unwrap_or_else(PoisonError::into_inner);
            phones.get(&leg).map(|(_, extension)| extension.clone())
        };
        let extension = extension.ok_or_else(|| PlaceError::Refused("the phone is not there".into()))?;
        let (to_us, heard) = mpsc::channel(16);
        let (spoken, from_us) = mpsc::channel(SPOKEN_AHEAD);
        // Who is busy refuses.
        let answer = if extension.ends_with("/busy") { "no" } else { "yes" };
        tokio::spawn(person::answer(answer, to_us, from_us, self.speed));
        Ok(Media::over(heard, spoken, true))
    }

    async fn join(&self, call: &CallId, leg: LegId, media: Media) -> Result<(), PlaceError> {
        if !self.phones.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&leg) {
            return Err(PlaceError::Refused("the agent's phone is not there".into()));
        }
        self.lead(call, Turn::Join)?;
        drop(media);
        // Who leaves puts the phone down after a word.
        let phones = self.phones.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((tell, _)) = phones.get(&leg).filter(|(_, extension)| extension.ends_with("/leaves")) {
            let (tell, word) = (tell.clone(), Duration::from_secs_f64(2.0 / self.speed));
            tokio::spawn(async move {
                tokio::time::sleep(word).await;
                let _ = tell.send(Leg::Gone("they put the phone down".into()));
            });
        }
        Ok(())
    }

    async fn monitor(&self, leg: LegId, call: &Monitored, _: MonitorMode) -> Result<(), PlaceError> {
        let there = self.phones.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&leg);
        let live = self.lines.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&call.call);
        if there && live { Ok(()) } else { Err(agents::gone(&call.call)) }
    }

    async fn unmonitor(&self, _: LegId) -> Result<(), PlaceError> {
        Ok(())
    }

    async fn take_back(&self, call: &CallId) -> Result<(), PlaceError> {
        self.lead(call, Turn::Back)
    }

    async fn live(&self) -> Result<Vec<CallId>, PlaceError> {
        Ok(self.lines.lock().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect())
    }
}

/// What the far end does, from the first ring on.
async fn far_end(
    call: &Place,
    progress: &mpsc::UnboundedSender<Progress>,
    mut led: mpsc::UnboundedReceiver<Turn>,
    speed: f64,
    mischief: Option<Mischief>,
) -> Ended {
    let wait = |seconds: f64| tokio::time::sleep(Duration::from_secs_f64(seconds / speed));
    let failed = |dial_status: &str, cause| Ended { answered: false, dial_status: dial_status.into(), cause };
    let persona = Persona::of(&call.to);
    wait(0.5).await;
    match persona {
        Persona::Busy => return failed("BUSY", 17),
        Persona::Congested => return failed("CONGESTION", 34),
        Persona::BadNumber => return failed("NOANSWER", 1),
        _ => {}
    }
    let _ = progress.send(Progress::Ringing);
    if persona == Persona::NoAnswer {
        wait(call.ring.as_secs_f64()).await;
        return failed("RINGING", 19);
    }
    wait(2.0 + f64::from(persona::digit(&call.to, 1))).await;
    let mut persona = persona;
    loop {
        let (to_us, heard) = mpsc::channel(16);
        let (spoken, from_us) = mpsc::channel(SPOKEN_AHEAD);
        let _ = progress.send(Progress::Answered(Media::over(heard, spoken, true)));
        match mischief.filter(|mischief| !mischief.is_of_network()) {
            Some(mischief) => mischief.act(&mut chance(&call.call_id), to_us, from_us, speed).await,
            None => person::talk(persona, to_us, from_us, speed).await,
        }
        if !matches!(led.try_recv(), Ok(Turn::Join)) {
            break;
        }
        // With an agent they talk for a while, each their own, and hang up.
        let talk = 6.0 + 2.0 * f64::from(persona::digit(&call.to, 0));
        tokio::select! {
            () = wait(talk) => break,
            _ = led.recv() => persona = Persona::Silent,
        }
    }
    Ended { answered: true, dial_status: "ANSWER".into(), cause: 16 }
}
