//! Providers of speech and language over HTTP and WebSocket. Each is data in the settings: a kind, an address, a key, and a
//! path and a model for each thing that it does. What they answer is bounded in size and time, and stays data.

mod deepgram;
mod http;
mod openai;
mod piper;
mod shape;
mod socket;
mod sound;
mod stream;
mod telnyx;
mod whisper;

pub use shape::{Provider, ProviderKind};

use super::dialogue::mind::Chat;
use super::recognise::Recogniser;
use super::synthesise::Synthesiser;
use http::Line;
use std::sync::Arc;

/// What a provider of the settings can do.
pub struct Provided {
    /// Speech to words.
    pub recogniser: Option<Arc<dyn Recogniser>>,
    /// Words to speech.
    pub synthesiser: Option<Arc<dyn Synthesiser>>,
    /// Conversation.
    pub chat: Option<Arc<dyn Chat>>,
}

/// Makes what a provider can do of its settings.
///
/// # Errors
/// When its address or key cannot be used.
pub fn provided(name: &str, settings: &Provider) -> Result<Provided, String> {
    let line = Line::new(name, settings)?;
    let has = |model: &str| !model.is_empty();
    Ok(match settings.kind {
        ProviderKind::OpenAi => {
            let all = Arc::new(openai::OpenAi::new(line, settings));
            Provided {
                recogniser: has(&settings.transcribe_model).then(|| all.clone() as Arc<dyn Recogniser>),
                synthesiser: has(&settings.speech_model).then(|| all.clone() as Arc<dyn Synthesiser>),
                chat: has(&settings.chat_model).then(|| all.clone() as Arc<dyn Chat>),
            }
        }
        ProviderKind::Telnyx => {
            let all = Arc::new(telnyx::Telnyx::new(line.clone(), settings));
            let chat = Arc::new(openai::OpenAi::new(line, settings));
            Provided {
                recogniser: Some(all.clone()),
                synthesiser: Some(all),
                chat: has(&settings.chat_model).then_some(chat as Arc<dyn Chat>),
            }
        }
        ProviderKind::Deepgram => {
            let all = Arc::new(deepgram::Deepgram::new(line, settings));
            Provided { recogniser: Some(all), synthesiser: None, chat: None }
        }
        ProviderKind::Whisper => {
            let all = Arc::new(whisper::Whisper::new(line, settings));
            Provided { recogniser: Some(all), synthesiser: None, chat: None }
        }
        ProviderKind::Piper => {
            let all = Arc::new(piper::Piper::new(line, settings));
            Provided { recogniser: None, synthesiser: Some(all), chat: None }
        }
    })
}
