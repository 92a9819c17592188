//! The voice for calls that carry words: it says them as they are.

use super::{SynthesiseError, Synthesiser, Voice};
use crate::voice::media::Clip;
use async_trait::async_trait;

/// Says words.
#[derive(Debug, Default)]
pub struct TextSynthesiser;

#[async_trait]
impl Synthesiser for TextSynthesiser {
    fn describe(&self) -> String {
        "text (words instead of sound)".into()
    }

    async fn synthesise(&self, text: &str, _: &Voice) -> Result<Clip, SynthesiseError> {
        Ok(Clip::Words(text.split_whitespace().map(str::to_owned).collect()))
    }
}
