//! Telnyx: speech (`POST text-to-speech`, answered with sound, or JSON that holds it), transcription of a whole utterance
//! (`POST ai/audio/transcriptions`), or as it is spoken (WebSocket, binary frames in, `{transcript, is_final}` out).

use super::http::{Body, Line, MOST_SOUND};
use super::openai::transcribe;
use super::shape::Provider;
use super::socket::{Socket, Told};
use super::sound;
use crate::voice::ear::Utterance;
use crate::voice::media::Clip;
use crate::voice::phrases::Phrases;
use crate::voice::recognise::{Live, RecogniseError, Recogniser, Recognition};
use crate::voice::synthesise::{SynthesiseError, Synthesiser, Voice};
use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// Telnyx.
pub(super) struct Telnyx {
    line: Line,
    settings: Provider,
}

impl Telnyx {
    pub(super) fn new(line: Line, settings: &Provider) -> Self {
        Self { line, settings: settings.clone() }
    }
}

/// What one message of the transcription's WebSocket tells.
fn told(message: &Value) -> Option<Told> {
    let text = message["transcript"].as_str()?;
    Some(Told {
        text: text.to_owned(),
        is_final: message["is_final"].as_bool().unwrap_or(false),
        confidence: message["confidence"].as_f64().unwrap_or(0.9),
    })
}

/// Sound out of an answer: as it stands, or as Base64 in JSON.
fn unwrapped(body: Body) -> Result<Body, String> {
    if body.kind != "application/json" {
        return Ok(body);
    }
    let answer: Value =
        serde_json::from_slice(&body.bytes).map_err(|_| "its answer is no JSON".to_owned())?;
    let data = if answer["data"].is_object() { &answer["data"] } else { &answer };
    let text = ["base64_audio", "audio", "audio_content"].iter().find_map(|name| data[*name].as_str());
    let text = text.ok_or("its answer holds no sound; ask for output_type \"binary_output\"")?;
    let bytes = STANDARD.decode(text).map_err(|_| "its sound is no Base64".to_owned())?;
    Ok(Body { kind: "audio/mpeg".into(), bytes })
}

#[async_trait]
impl Recogniser for Telnyx {
    fn describe(&self) -> String {
        format!("{} ({})", self.line.name, self.settings.transcribe_model)
    }

    async fn recognise(&self, utterance: Utterance, _: &Phrases) -> Result<Recognition, RecogniseError> {
        transcribe(&self.line, &self.settings, utterance).await
    }

    fn open(&self) -> Option<Box<dyn Live>> {
        if !self.settings.streaming {
            return None;
        }
        let query = [
            ("transcription_engine", self.settings.engine.as_str()),
            ("model", self.settings.transcribe_model.as_str()),
            ("input_format", "wav"),
        ];
        Some(Box::new(Socket::open(&self.line, &self.settings.stream_path, &query, told, true)))
    }
}

#[async_trait]
impl Synthesiser for Telnyx {
    fn describe(&self) -> String {
        format!("{} ({})", self.line.name, self.settings.voice)
    }

    async fn synthesise(&self, text: &str, voice: &Voice) -> Result<Clip, SynthesiseError> {
        let body = json!({
            "text": text, "voice": self.settings.voice_for(voice), "output_type": "binary_output",
        });
        let failed = |why: String| SynthesiseError::Failed(why);
        let response = self.line.send(self.line.post(&self.settings.speech_path).json(&body)).await;
        let answer = self.line.read(response.map_err(failed)?, MOST_SOUND * 4 / 3).await.map_err(failed)?;
        let samples = unwrapped(answer).and_then(|body| sound::telephone(&body, self.settings.speech_rate));
        let samples = samples.map_err(|why| failed(format!("{}: {why}", self.line.name)))?;
        Ok(Clip::Sound(samples.into()))
    }
}
