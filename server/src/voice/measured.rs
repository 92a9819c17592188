//! Recogniser and voice with a watch beside them.

use super::ear::Utterance;
use super::media::Clip;
use super::phrases::Phrases;
use super::recognise::{RecogniseError, Recogniser, Recognition};
use super::synthesise::{SynthesiseError, Synthesiser, Voice};
use crate::telemetry::metrics;
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Instant;

/// A provider whose answers are counted and timed.
pub struct Measured<P: ?Sized>(pub Arc<P>);

#[async_trait]
impl Recogniser for Measured<dyn Recogniser> {
    fn describe(&self) -> String {
        self.0.describe()
    }

    fn hears_phrases_only(&self) -> bool {
        self.0.hears_phrases_only()
    }

    fn answers_early(&self) -> bool {
        self.0.answers_early()
    }

    async fn recognise(
        &self,
        utterance: Utterance,
        phrases: &Phrases,
    ) -> Result<Recognition, RecogniseError> {
        let begun = Instant::now();
        let answer = self.0.recognise(utterance, phrases).await;
        metrics::answered("recogniser", begun.elapsed(), answer.is_ok());
        answer
    }
}

#[async_trait]
impl Synthesiser for Measured<dyn Synthesiser> {
    fn describe(&self) -> String {
        self.0.describe()
    }

    async fn synthesise(&self, text: &str, voice: &Voice) -> Result<Clip, SynthesiseError> {
        let begun = Instant::now();
        let answer = self.0.synthesise(text, voice).await;
        metrics::answered("voice", begun.elapsed(), answer.is_ok());
        answer
    }
}
