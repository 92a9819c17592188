//! A Piper server: `POST /` with `{text, voice?, length_scale?}`, answered with a WAV file.

use super::http::Line;
use super::openai::speak;
use super::shape::Provider;
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
        speak(&self.line, &self.settings, &body).await
    }
}
