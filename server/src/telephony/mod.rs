//! How calls are placed and carried: one trait, a real Asterisk behind it or a phone network in this process.

pub mod asterisk;
pub mod ending;
pub mod simulated;

pub use ending::Ended;

use crate::voice::media::Media;
use async_trait::async_trait;
use dialdeck_protocol::{CallId, PartState};
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
    /// Which of our calls live there, whoever placed them: asked after a crash.
    async fn live(&self) -> Result<Vec<CallId>, PlaceError>;
}
