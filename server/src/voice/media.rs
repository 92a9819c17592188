//! What travels between a call and the voice loop, whichever way it is carried.

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

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

/// A line that is read by whoever talks on it, without a task in between.
pub trait Incoming: Send {
    /// The next frame; `None` once the person has hung up.
    fn poll_frame(&mut self, context: &mut Context<'_>) -> Poll<Option<Frame>>;
}

/// A line that is written to in the same way.
pub trait Outgoing: Send {
    /// Whether there is room for a frame; never waits.
    ///
    /// # Errors
    /// Why there is none.
    fn room(&mut self) -> Result<(), Blocked>;
    /// Writes a frame for which there is room; never waits.
    ///
    /// # Errors
    /// Where nobody is there any more.
    fn write(&mut self, frame: &Frame) -> Result<(), Blocked>;
}

/// Why a frame was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blocked {
    /// There is no room now.
    Full,
    /// Nobody is there any more.
    Closed,
}

/// What the person says.
pub struct Heard(Source);

enum Source {
    Channel(mpsc::Receiver<Frame>),
    Line(Box<dyn Incoming>),
}

impl Heard {
    /// Read from a line.
    pub fn line(line: impl Incoming + 'static) -> Self {
        Self(Source::Line(Box::new(line)))
    }

    /// The next frame; `None` once the person has hung up. Nothing is lost when it is dropped before.
    pub async fn recv(&mut self) -> Option<Frame> {
        match &mut self.0 {
            Source::Channel(channel) => channel.recv().await,
            Source::Line(line) => poll_fn(|context| line.poll_frame(context)).await,
        }
    }
}

impl From<mpsc::Receiver<Frame>> for Heard {
    fn from(channel: mpsc::Receiver<Frame>) -> Self {
        Self(Source::Channel(channel))
    }
}

impl fmt::Debug for Heard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Heard")
    }
}

/// The way to the person. Short: what is queued here cannot be taken back when the person interrupts.
pub struct Spoken(Way);

enum Way {
    Channel(mpsc::Sender<Frame>),
    Line(Box<dyn Outgoing>),
}

impl Spoken {
    /// Written to a line.
    pub fn line(line: impl Outgoing + 'static) -> Self {
        Self(Way::Line(Box::new(line)))
    }

    /// Sends what `make` makes, if there is room for it: it is not made otherwise. `make` may have nothing to say.
    ///
    /// # Errors
    /// Why nothing was sent.
    pub fn send_with(&mut self, make: impl FnOnce() -> Option<Frame>) -> Result<(), Blocked> {
        match &mut self.0 {
            Way::Channel(channel) => match channel.try_reserve() {
                Ok(room) => {
                    if let Some(frame) = make() {
                        room.send(frame);
                    }
                    Ok(())
                }
                Err(TrySendError::Full(())) => Err(Blocked::Full),
                Err(TrySendError::Closed(())) => Err(Blocked::Closed),
            },
            Way::Line(line) => {
                line.room()?;
                make().map_or(Ok(()), |frame| line.write(&frame))
            }
        }
    }

    /// Sends a frame, if there is room for it.
    ///
    /// # Errors
    /// Why it was not sent.
    pub fn try_send(&mut self, frame: Frame) -> Result<(), Blocked> {
        self.send_with(|| Some(frame))
    }
}

impl From<mpsc::Sender<Frame>> for Spoken {
    fn from(channel: mpsc::Sender<Frame>) -> Self {
        Self(Way::Channel(channel))
    }
}

impl fmt::Debug for Spoken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Spoken")
    }
}

/// Both directions of an answered call. The person hanging up ends `heard`; dropping `spoken` ends the call's
/// media on our side.
#[derive(Debug)]
pub struct Media {
    /// From the person.
    pub heard: Heard,
    /// To the person.
    pub spoken: Spoken,
    /// Whether words are carried instead of sound.
    pub words: bool,
}

impl Media {
    /// Over channels: whoever holds their other ends is the line.
    pub fn over(heard: mpsc::Receiver<Frame>, spoken: mpsc::Sender<Frame>, words: bool) -> Self {
        Self { heard: heard.into(), spoken: spoken.into(), words }
    }
}

/// Frames that may wait for the voice loop, where a task reads the line.
pub const HEARD_AHEAD: usize = 64;
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
