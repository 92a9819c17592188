//! How calls are placed and carried: one trait, a real Asterisk behind it or a phone network in this process.

pub mod adoption;
mod agents;
pub mod asterisk;
pub mod carrier;
pub mod ending;
pub mod simulated;

pub use agents::{Leg, LegId, Monitored};
pub use ending::Ended;

use crate::voice::media::Media;
use async_trait::async_trait;
use dialdeck_protocol::{CallId, MonitorMode, PartState};
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// Prefix of the channel ids of our own choosing; what bears it on the telephony is ours.
pub const CHANNEL_PREFIX: &str = "dialdeck-";

/// The channel id of a call.
pub fn channel_id(call: &CallId) -> String {
    format!("{CHANNEL_PREFIX}{call}")
}

/// A call to place. Everything in it was checked before: numbers are E.164, names are plain.
#[derive(Debug, Clone)]
pub struct Place {
    /// The call, already committed.
    pub call_id: CallId,
    /// Number to call, E.164.
    pub to: String,
    /// Caller ID, E.164.
    pub from: String,
    /// How long it may ring.
    pub ring: Duration,
}

/// What happens to a placed call, in order. [`Progress::Ended`] is the last.
#[derive(Debug)]
pub enum Progress {
    /// It rings.
    Ringing,
    /// Somebody or something answered; here is what they say and hear.
    Answered(Media),
    /// It is over.
    Ended(Ended),
}

/// Why a call could not be placed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum PlaceError {
    /// The telephony is not there now. The call was not placed.
    #[error("the telephony is not available: {0}")]
    Unavailable(String),
    /// The telephony refused. The call was not placed.
    #[error("the telephony refused the call: {0}")]
    Refused(String),
    /// The answer was lost: the call may or may not be under way.
    #[error("it is unknown whether the call was placed: {0}")]
    Unknown(String),
}

/// Whether calls can be placed now, and if not, why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// How it is.
    pub state: PartState,
    /// Where it is, or what to do about it.
    pub message: String,
}

/// A telephony.
#[async_trait]
pub trait Telephony: Send + Sync {
    /// What it is, for people.
    fn describe(&self) -> String;
    /// What it can do with a call, in words that programs branch on.
    fn capabilities(&self) -> &'static [&'static str];
    /// Its condition, as it changes.
    fn condition(&self) -> watch::Receiver<Condition>;
    /// Places a call. What becomes of it comes by the receiver, whose sender never waits for a slow reader.
    async fn place(&self, call: Place) -> Result<mpsc::UnboundedReceiver<Progress>, PlaceError>;
    /// Ends a call, wherever it is. A call that is gone already is no error.
    async fn hang_up(&self, call: &CallId) -> Result<(), PlaceError>;
    /// Rings an agent's phone, such as `PJSIP/6001`, and keeps it open once it is picked up.
    async fn ring_agent(
        &self,
        _leg: LegId,
        _extension: &str,
        _ring: Duration,
    ) -> Result<mpsc::UnboundedReceiver<Leg>, PlaceError> {
        agents::none()
    }
    /// Hangs an agent's phone up. One that is gone already is no error.
    async fn drop_agent(&self, _leg: LegId) -> Result<(), PlaceError> {
        agents::none()
    }
    /// Ends our side of an answered call's media and joins the person with an agent, so that they hear each other. The
    /// call's end still comes by its receiver; the agent's phone stays open after it.
    async fn join(&self, _call: &CallId, _leg: LegId, _media: Media) -> Result<(), PlaceError> {
        agents::none()
    }
    /// Opens a line to a phone that is up, for us alone: what is said into it, and what is heard of us. Its end leaves the phone
    /// open.
    async fn consult(&self, _leg: LegId) -> Result<Media, PlaceError> {
        agents::none()
    }
    /// Takes a person back from an agent: their media comes by the call's receiver, once more as [`Progress::Answered`].
    async fn take_back(&self, _call: &CallId) -> Result<(), PlaceError> {
        agents::none()
    }
    /// Lets a supervisor's phone, which is up, into a call; how it was in one before ends.
    async fn monitor(&self, _leg: LegId, _call: &Monitored, _mode: MonitorMode) -> Result<(), PlaceError> {
        agents::none()
    }
    /// Takes a supervisor's phone out of the call; it stays up.
    async fn unmonitor(&self, _leg: LegId) -> Result<(), PlaceError> {
        agents::none()
    }
    /// Takes a call over that came in on this channel; what becomes of it comes by the receiver, the answer first.
    fn adopt(&self, _call: &CallId, _channel: &str) -> Result<mpsc::UnboundedReceiver<Progress>, PlaceError> {
        agents::none()
    }
    /// Which of our calls live there, whoever placed them: asked after a crash.
    async fn live(&self) -> Result<Vec<CallId>, PlaceError>;
}
