//! OpenAI-compatible providers (`OpenAI`, Ollama, vLLM, LM Studio, Groq …): chat, speech and transcription, each by a path and a
//! model of its own.

use super::http::{Line, MOST_SOUND};
use super::shape::Provider;
use super::{sound, stream};
use crate::voice::dialogue::mind::{Chat, ChatError, Piece, Request};
use crate::voice::ear::Utterance;
use crate::voice::media::{Clip, RATE};
use crate::voice::phrases::Phrases;
use crate::voice::recognise::{RecogniseError, Recogniser, Recognition};
use crate::voice::sound::wav;
use crate::voice::synthesise::{SynthesiseError, Synthesiser, Voice};
use async_trait::async_trait;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::sync::mpsc;

/// How long a model may write at one answer, which is spoken while it writes.
const WRITING: Duration = Duration::from_mins(1);
/// Pieces that may wait to be spoken.
const AHEAD: usize = 64;

/// A provider of that kind.
pub(super) struct OpenAi {
    line: Line,
    settings: Provider,
}

impl OpenAi {
    pub(super) fn new(line: Line, settings: &Provider) -> Self {
        Self { line, settings: settings.clone() }
    }
}

/// The form of a transcription: `OpenAI`'s, which Telnyx takes too.
fn transcription(samples: &[i16], model: &str, language: &str) -> Result<Form, String> {
    let file = wav(samples, RATE).map_err(|e| e.to_string())?;
    let part =
        Part::bytes(file).file_name("utterance.wav").mime_str("audio/wav").map_err(|e| e.to_string())?;
    let form = Form::new().part("file", part).text("model", model.to_owned()).text("response_format", "json");
    Ok(if language.is_empty() { form } else { form.text("language", language.to_owned()) })
}

/// What was understood, of an answer `{text, confidence?}`.
pub(super) fn understood(name: &str, answer: &Value) -> Result<Recognition, RecogniseError> {
    let text = answer["text"].as_str();
    let text = text.ok_or_else(|| RecogniseError::Failed(format!("{name}: its answer has no text")))?;
    let text = crate::domain::plain::line(text, 2000);
    let confidence = answer["confidence"].as_f64().unwrap_or(0.9).clamp(0.0, 1.0);
    Ok(Recognition {
        certain: !text.is_empty() && confidence >= super::super::recognise::CERTAIN,
        confidence,
        text,
    })
}

/// Uploads a whole utterance, and reads what was understood.
pub(super) async fn transcribe(
    line: &Line,
    settings: &Provider,
    utterance: Utterance,
) -> Result<Recognition, RecogniseError> {
    let Utterance::Sound(samples) = utterance else { return Err(RecogniseError::Kind("words")) };
    let (model, language) = (&settings.transcribe_model, &settings.language);
    let form = transcription(&samples, model, language).map_err(RecogniseError::Failed)?;
    let request = line.post(&settings.transcribe_path).multipart(form);
    let answer = line.json(request).await.map_err(RecogniseError::Failed)?;
    understood(&line.name, &answer)
}

/// Asks for words to be spoken, where the answer is the sound itself.
pub(super) async fn speak(line: &Line, settings: &Provider, body: &Value) -> Result<Clip, SynthesiseError> {
    let failed = |why: String| SynthesiseError::Failed(why);
    let response = line.send(line.post(&settings.speech_path).json(body)).await;
    let answer = line.read(response.map_err(failed)?, MOST_SOUND).await.map_err(failed)?;
    let samples = sound::telephone(&answer, settings.speech_rate);
    let samples = samples.map_err(|why| failed(format!("{}: {why}", line.name)))?;
    Ok(Clip::Sound(samples.into()))
}

#[async_trait]
impl Recogniser for OpenAi {
    fn describe(&self) -> String {
        format!("{} ({})", self.line.name, self.settings.transcribe_model)
    }

    async fn recognise(&self, utterance: Utterance, _: &Phrases) -> Result<Recognition, RecogniseError> {
        transcribe(&self.line, &self.settings, utterance).await
    }
}

#[async_trait]
impl Synthesiser for OpenAi {
    fn describe(&self) -> String {
        format!("{} ({})", self.line.name, self.settings.speech_model)
    }

    async fn synthesise(&self, text: &str, voice: &Voice) -> Result<Clip, SynthesiseError> {
        let body = json!({
            "model": self.settings.speech_model,
            "input": text,
            "voice": self.settings.voice_for(voice),
            "response_format": self.settings.speech_format,
        });
        speak(&self.line, &self.settings, &body).await
    }
}

#[async_trait]
impl Chat for OpenAi {
    fn describe(&self) -> String {
        format!("{} ({})", self.line.name, self.settings.chat_model)
    }

    async fn ask(&self, request: Request) -> Result<mpsc::Receiver<Piece>, ChatError> {
        let mut body = json!({
            "model": self.settings.chat_model,
            "messages": request.messages,
            "stream": true,
            "max_tokens": self.settings.max_tokens,
            "temperature": self.settings.temperature,
        });
        if !request.tools.is_empty() {
            body["tools"] = json!(request.tools);
        }
        let asked = self.line.post(&self.settings.chat_path).timeout(WRITING).json(&body);
        let response = self.line.send(asked).await.map_err(ChatError)?;
        let (tell, pieces) = mpsc::channel(AHEAD);
        tokio::spawn(stream::read(self.line.clone(), response, tell));
        Ok(pieces)
    }
}
