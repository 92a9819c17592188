//! Speech to words, behind a trait.

mod denoise;
mod embedded;
mod language;
pub mod moonshine;
pub mod pocketsphinx;
pub mod text;

use super::ear::Utterance;
use super::phrases::Phrases;
use async_trait::async_trait;

/// What was understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Recognition {
    /// The words; empty when nothing was understood.
    pub text: String,
    /// How sure, 0–1.
    pub confidence: f64,
    /// Whether the words may be acted upon without asking back, even where that cannot be undone.
    pub certain: bool,
}

/// Why nothing could be recognised. The conversation goes on with "unclear".
#[derive(Debug, thiserror::Error)]
pub enum RecogniseError {
    /// It carries what this recogniser does not take.
    #[error("this recogniser does not take {0}")]
    Kind(&'static str),
    /// The program failed or took too long.
    #[error("the recogniser failed: {0}")]
    Failed(String),
}

/// From this confidence on the words of a recogniser that knows the whole language are certain.
pub const CERTAIN: f64 = 0.7;

/// An utterance that is understood while it is spoken.
#[async_trait]
pub trait Live: Send + Sync {
    /// More of it: 8 kHz s16. Never waits.
    fn push(&mut self, samples: &[i16]);
    /// What was understood so far; it may change yet.
    fn so_far(&self) -> String;
    /// It has ended.
    async fn finish(self: Box<Self>) -> Result<Recognition, RecogniseError>;
}

/// A recogniser. One serves many calls at once.
#[async_trait]
pub trait Recogniser: Send + Sync {
    /// What it is, for people.
    fn describe(&self) -> String;
    /// Understands a whole utterance, listening for `phrases` where it needs to know what may come.
    async fn recognise(&self, utterance: Utterance, phrases: &Phrases)
    -> Result<Recognition, RecogniseError>;
    /// Begins an utterance that is understood while it is spoken; `None` where only whole ones are.
    fn open(&self) -> Option<Box<dyn Live>> {
        None
    }
    /// Whether it understands a script's phrases and little else.
    fn hears_phrases_only(&self) -> bool {
        false
    }
    /// Whether it may be asked what was said in every pause, whether or not more comes: it costs nobody's money.
    fn answers_early(&self) -> bool {
        false
    }
}
