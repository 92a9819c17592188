//! Words to speech, behind a trait, with what was spoken before kept.

pub mod cache;
pub mod command;
pub mod text;

use super::media::Clip;
use async_trait::async_trait;

/// Which voice.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Voice {
    /// `female` or `male`, or a name that the engine knows.
    pub name: String,
    /// Language, such as `en` or `es`.
    pub language: String,
}

impl Default for Voice {
    fn default() -> Self {
        Self { name: "female".into(), language: "en".into() }
    }
}

/// Why nothing could be spoken.
#[derive(Debug, thiserror::Error)]
pub enum SynthesiseError {
    /// The program is not there.
    #[error("{0} is not installed; on Debian: apt install {0}")]
    Missing(String),
    /// The program failed or took too long.
    #[error("the voice failed: {0}")]
    Failed(String),
}

/// A synthesiser. One serves many calls at once.
#[async_trait]
pub trait Synthesiser: Send + Sync {
    /// What it is, for people.
    fn describe(&self) -> String;
    /// Speaks a text.
    async fn synthesise(&self, text: &str, voice: &Voice) -> Result<Clip, SynthesiseError>;
}
