//! A Piper server: `POST /` with `{text, voice?, length_scale?}`, answered with a WAV file.

use super::http::{Line, MOST_SOUND};
use super::shape::Provider;
use super::sound;
use crate::voice::media::Clip;
use crate::voice::synthesise::{SynthesiseError, Synthesiser, Voice};
use async_trait::async_trait;
use serde_json::json;

/// Such a server.
pub(super) struct Piper {
    line: Line,
    settings: Provider,
}

impl Piper {
    pub(super) fn new(line: Line, settings: &Provider) -> Self {
        Self { line, settings: settings.clone() }
    }
}

#[async_trait]
impl Synthesiser for Piper {
    fn describe(&self) -> String {
        format!("{} (Piper)", self.line.name)
    }

    async fn synthesise(&self, text: &str, voice: &Voice) -> Result<Clip, SynthesiseError> {
        let mut body = json!({ "text": text });
        // `female` and `male` are ours; Piper's voices have names of their own.
        let name = self.settings.voice_for(voice);
        if !["female", "male"].contains(&name.as_str()) {
            body["voice"] = json!(name);
        }
        let failed = |why: String| SynthesiseError::Failed(why);
        let response = self.line.send(self.line.post(&self.settings.speech_path).json(&body)).await;
        let answer = self.line.read(response.map_err(failed)?, MOST_SOUND).await.map_err(failed)?;
        let samples = sound::telephone(&answer, self.settings.speech_rate);
        let samples = samples.map_err(|why| failed(format!("{}: {why}", self.line.name)))?;
        Ok(Clip::Sound(samples.into()))
    }
}
