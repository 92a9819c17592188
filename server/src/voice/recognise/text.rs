//! The recogniser for calls that carry words: it reads them.

use super::{RecogniseError, Recogniser, Recognition};
use crate::voice::ear::Utterance;
use crate::voice::phrases::Phrases;
use async_trait::async_trait;

/// Reads words.
#[derive(Debug, Default)]
pub struct TextRecogniser;

#[async_trait]
impl Recogniser for TextRecogniser {
    fn describe(&self) -> String {
        "text (words instead of sound)".into()
    }

    async fn recognise(&self, utterance: Utterance, _: &Phrases) -> Result<Recognition, RecogniseError> {
        match utterance {
            Utterance::Words(text) => Ok(Recognition { text, confidence: 1.0, certain: true }),
            Utterance::Sound(_) => Err(RecogniseError::Kind("sound")),
        }
    }
}
