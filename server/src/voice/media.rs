//! What travels between a call and the voice loop, whichever way it is carried.

use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// Samples a second of telephone sound.
pub const RATE: u32 = 8000;
/// Samples of one 20 ms frame.
pub const FRAME_SAMPLES: usize = 160;

/// A piece of what is heard or spoken.
#[derive(Debug, Clone, PartialEq)]
pub enum Frame {
    /// Sound, 8 kHz s16. What comes in may be of any length; what goes out is [`FRAME_SAMPLES`] long.
    Sound(Vec<i16>),
    /// A word, where words are carried instead of sound.
    Word(String),
    /// A key pressed by the person.
    Digit(char),
}

impl Frame {
    /// How long it is heard; `word`: how long one word is.
    pub fn lasts(&self, word: Duration) -> Duration {
        match self {
            Self::Sound(samples) => {
                Duration::from_secs(1) * u32::try_from(samples.len()).unwrap_or(u32::MAX) / RATE
            }
            Self::Word(_) => word,
            Self::Digit(_) => Duration::ZERO,
        }
    }
}

/// Both directions of an answered call. The person hanging up closes `heard`; dropping `spoken` ends the call's
/// media on our side.
#[derive(Debug)]
pub struct Media {
    /// From the person.
    pub heard: mpsc::Receiver<Frame>,
    /// To the person. Short: what is queued here cannot be taken back when the person interrupts.
    pub spoken: mpsc::Sender<Frame>,
    /// Whether words are carried instead of sound.
    pub words: bool,
}

/// Frames that may wait towards the person.
pub const SPOKEN_AHEAD: usize = 2;

/// Something to play.
#[derive(Debug, Clone, PartialEq)]
pub enum Clip {
    /// Sound, 8 kHz s16.
    Sound(Arc<[i16]>),
    /// Words.
    Words(Arc<[String]>),
}

impl Clip {
    /// The same, followed by silence. Words have none of their own: each stands for a third of a second.
    #[must_use]
    pub fn lingering(self, silence: Duration) -> Self {
        match self {
            Self::Sound(samples) => {
                let more = usize::try_from(silence.as_millis()).unwrap_or(0) * RATE as usize / 1000;
                Self::Sound(samples.iter().copied().chain(std::iter::repeat_n(0, more)).collect())
            }
            Self::Words(words) => {
                let more = usize::try_from(silence.as_millis()).unwrap_or(0) / 300;
                Self::Words(words.iter().cloned().chain(std::iter::repeat_n(String::new(), more)).collect())
            }
        }
    }

    /// Bytes it holds, for caches.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Sound(samples) => samples.len() * 2,
            Self::Words(words) => words.iter().map(String::len).sum(),
        }
    }
}
