//! Providers of speech and language: what a section `[providers.NAME]` holds, and what is filled in by its kind.

use crate::voice::synthesise::Voice;
use secrecy::SecretString;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// What a provider speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProviderKind {
    /// `OpenAI`'s API, which many speak.
    OpenAi,
    /// Telnyx.
    Telnyx,
    /// Deepgram.
    Deepgram,
    /// A whisper.cpp server.
    Whisper,
    /// A Piper server.
    Piper,
}

impl Provider {
    /// Whether it has a key.
    pub fn has_key(&self) -> bool {
        !secrecy::ExposeSecret::expose_secret(&self.key).is_empty()
    }
}

impl ProviderKind {
    const NAMES: [(&'static str, Self); 5] = [
        ("openai", Self::OpenAi),
        ("telnyx", Self::Telnyx),
        ("deepgram", Self::Deepgram),
        ("whisper", Self::Whisper),
        ("piper", Self::Piper),
    ];
}

/// A provider as it stands in the settings. What is left out is filled in by its kind.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Provider {
    /// What it speaks: `openai`, `telnyx`, `deepgram`, `whisper`, `piper`; the one of its name unless told.
    #[serde(rename = "kind")]
    named: String,
    /// The same, read.
    #[serde(skip)]
    pub kind: ProviderKind,
    /// Address, before the paths.
    pub url: String,
    /// Key, or empty.
    pub key: SecretString,
    /// The word before the key.
    pub auth: String,
    /// How long an answer may take, ms.
    pub timeout_ms: u64,
    /// Model that converses, or empty: it does not.
    pub chat_model: String,
    /// Its path.
    pub chat_path: String,
    /// Longest answer, in tokens.
    pub max_tokens: u32,
    /// How freely it words things, 0-2.
    pub temperature: f64,
    /// Model that speaks, or empty: it does not.
    pub speech_model: String,
    /// Its path.
    pub speech_path: String,
    /// Form of the sound that is asked for.
    pub speech_format: String,
    /// Rate of bare samples, Hz.
    pub speech_rate: u32,
    /// Voice; empty: the one of the campaign.
    pub voice: String,
    /// Its names for voices of ours, such as `female`.
    pub voices: BTreeMap<String, String>,
    /// Model that listens, or empty: it does not.
    pub transcribe_model: String,
    /// Its path.
    pub transcribe_path: String,
    /// Path of the WebSocket that listens while somebody speaks.
    pub stream_path: String,
    /// Whether it is used.
    pub streaming: bool,
    /// Telnyx's transcription engine.
    pub engine: String,
    /// Language, such as `en`; empty: whatever is spoken.
    pub language: String,
}

impl Default for Provider {
    fn default() -> Self {
        Self {
            named: String::new(),
            kind: ProviderKind::OpenAi,
            url: String::new(),
            key: SecretString::default(),
            auth: String::new(),
            timeout_ms: 6000,
            chat_model: String::new(),
            chat_path: String::new(),
            max_tokens: 300,
            temperature: 0.4,
            speech_model: String::new(),
            speech_path: String::new(),
            speech_format: "pcm".into(),
            speech_rate: 24_000,
            voice: String::new(),
            voices: BTreeMap::new(),
            transcribe_model: String::new(),
            transcribe_path: String::new(),
            stream_path: String::new(),
            streaming: true,
            engine: "Telnyx".into(),
            language: "en".into(),
        }
    }
}

impl Provider {
    /// Fills in what its kind says, and checks the rest.
    ///
    /// # Errors
    /// The setting, what was wrong, and what would be right.
    pub fn fill(&mut self, name: &str) -> Result<(), String> {
        let word = if self.named.is_empty() { name } else { &self.named };
        let kind = ProviderKind::NAMES.iter().find(|(known, _)| *known == word).map(|(_, kind)| *kind);
        let kind = kind.ok_or_else(|| {
            let all: Vec<&str> = ProviderKind::NAMES.iter().map(|(known, _)| *known).collect();
            format!("providers.{name}.kind is {word:?}; use one of {}", all.join(", "))
        })?;
        self.kind = kind;
        let fill = |field: &mut String, text: &str| {
            if field.is_empty() {
                text.clone_into(field);
            }
        };
        // Where each kind is asked, by its own pages; all of it may be set otherwise, because those pages disagree.
        let (url, auth) = match kind {
            ProviderKind::OpenAi => ("https://api.openai.com/v1", "Bearer"),
            ProviderKind::Telnyx => ("https://api.telnyx.com/v2", "Bearer"),
            ProviderKind::Deepgram => ("https://api.deepgram.com/v1", "Token"),
            ProviderKind::Whisper => ("http://127.0.0.1:8080", "Bearer"),
            ProviderKind::Piper => ("http://127.0.0.1:5000", "Bearer"),
        };
        fill(&mut self.url, url);
        fill(&mut self.auth, auth);
        match kind {
            ProviderKind::OpenAi => {
                fill(&mut self.chat_path, "chat/completions");
                fill(&mut self.speech_path, "audio/speech");
                fill(&mut self.transcribe_path, "audio/transcriptions");
            }
            ProviderKind::Telnyx => {
                fill(&mut self.chat_path, "ai/chat/completions");
                fill(&mut self.speech_path, "text-to-speech");
                fill(&mut self.transcribe_path, "ai/audio/transcriptions");
                fill(&mut self.stream_path, "speech-to-text/transcription");
                fill(&mut self.transcribe_model, "distil-whisper/distil-large-v2");
                fill(&mut self.voice, "AWS.Polly.Joanna-Neural");
            }
            ProviderKind::Deepgram => {
                fill(&mut self.stream_path, "listen");
                fill(&mut self.transcribe_model, "nova-3");
            }
            ProviderKind::Whisper => fill(&mut self.transcribe_path, "inference"),
            ProviderKind::Piper => fill(&mut self.speech_path, "/"),
        }
        if !(100..=60_000).contains(&self.timeout_ms) {
            return Err(format!("providers.{name}.timeout_ms is {}; use 100 to 60000", self.timeout_ms));
        }
        if !(8000..=48_000).contains(&self.speech_rate) {
            let rate = self.speech_rate;
            return Err(format!("providers.{name}.speech_rate is {rate}; use 8000 to 48000"));
        }
        super::provided(name, self).map(|_| ())
    }

    /// How long an answer may take.
    pub fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }

    /// Its name for a voice.
    pub fn voice_for(&self, voice: &Voice) -> String {
        match self.voices.get(&voice.name) {
            Some(name) => name.clone(),
            None if self.voice.is_empty() => voice.name.clone(),
            None => self.voice.clone(),
        }
    }
}
