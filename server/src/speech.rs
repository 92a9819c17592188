//! The ears and the voice that the settings name, embedded and remote; says what is missing.

use crate::settings::{Kind, Settings};
use crate::telemetry::parts::Parts;
use crate::voice::cast::{self, Cast, Roles};
use crate::voice::chain::Told;
use crate::voice::conversation::Providers;
use crate::voice::detector::Detection;
use crate::voice::measured::Measured;
use crate::voice::recognise::Recogniser;
use crate::voice::recognise::moonshine::{self, Moonshine};
use crate::voice::recognise::pocketsphinx::{Files, PocketSphinx};
use crate::voice::recognise::text::TextRecogniser;
use crate::voice::synthesise::cache::Cached;
use crate::voice::synthesise::command::{CommandSynthesiser, Engine};
use crate::voice::synthesise::text::TextSynthesiser;
use crate::voice::synthesise::{Synthesiser, Voice};
use crate::voice::timing::Timing;
use dialdeck_protocol::{PartState, VoiceChoice};
use std::sync::Arc;

/// Who hears and speaks on this server.
pub struct Speech {
    /// All who can be chosen from.
    pub cast: Arc<Cast>,
    /// What conversations in words are held with.
    pub words: Providers,
    /// What conversations in sound are held with; the error says why there is no voice.
    pub sound: Result<Providers, String>,
    /// Whether calls carry words.
    pub in_words: bool,
    /// Which voice.
    pub voice: Voice,
}

/// The embedded voice that the settings name.
pub fn embedded_voice(settings: &Settings) -> (Arc<dyn Synthesiser>, Voice) {
    let voice = Voice { name: settings.voice.voice.clone(), language: settings.voice.language.clone() };
    // flite speaks English only.
    let english = voice.language.starts_with("en");
    let espeak = settings.voice.engine.contains("espeak");
    let inner = if english && !espeak {
        CommandSynthesiser::new(Engine::Flite, settings.voice.flite.clone())
    } else {
        CommandSynthesiser::new(Engine::EspeakNg, settings.voice.espeak_ng.clone())
    };
    let measured = Measured::<dyn Synthesiser>(Arc::new(inner));
    (Arc::new(Cached::new(Arc::new(measured))), voice)
}

/// The embedded recogniser, or what is missing: Moonshine where its files are, else PocketSphinx.
///
/// # Errors
/// What is missing, and what to do about it.
pub async fn embedded_recogniser(settings: &Settings) -> Result<Arc<dyn Recogniser>, String> {
    let folder = &settings.recognition.moonshine;
    let moonshine = if moonshine::is_there(folder) { Some(Moonshine::new(folder).await) } else { None };
    let lacking = match moonshine {
        Some(Ok(inner)) => {
            let inner: Arc<dyn Recogniser> = Arc::new(inner);
            return Ok(Arc::new(Measured(inner)));
        }
        Some(Err(why)) => {
            tracing::warn!(why, "Moonshine cannot be used; PocketSphinx hears instead");
            format!("{why}; ")
        }
        None => String::new(),
    };
    let files = Files {
        program: settings.recognition.pocketsphinx.clone(),
        model: settings.recognition.model.clone(),
    };
    let inner: Arc<dyn Recogniser> =
        Arc::new(PocketSphinx::new(files).await.map_err(|why| format!("{lacking}{why}"))?);
    Ok(Arc::new(Measured(inner)))
}

/// Tells the parts of the server when a provider falls ill, and when it is well again.
fn telling(parts: &Parts) -> Told {
    let parts = parts.clone();
    Arc::new(move |name: &str, why: Option<&str>| {
        let (parts, name) = (parts.clone(), format!("provider {name}"));
        let (state, message) = match why {
            Some(why) => (PartState::Degraded, format!("{why}; the next one answers meanwhile")),
            None => (PartState::Up, "it answers again".to_owned()),
        };
        tokio::spawn(async move { parts.set(&name, state, message).await });
    })
}

impl Speech {
    /// Finds out who is there, and tells the parts.
    pub async fn start(settings: &Settings, kind: Kind, parts: &Parts) -> Self {
        let speed = if kind == Kind::Simulated { settings.telephony.simulated_speed } else { 1.0 };
        let (synthesiser, voice) = embedded_voice(settings);
        let embedded = embedded_recogniser(settings).await;
        let (recogniser, missing) = match embedded {
            Ok(recogniser) => (Some(recogniser), String::new()),
            Err(why) => (None, why),
        };
        let roles = Roles {
            providers: Some(&settings.providers),
            hears: settings.hears(),
            speaks: settings.speaks(),
            converses: cast::names(&settings.dialogue.engine),
        };
        let cast = Arc::new(Cast::new(roles, recogniser, synthesiser, voice.clone(), telling(parts)));
        if settings.telnyx_by_key()
            && (settings.voice.engine.is_empty() || settings.recognition.engine.is_empty())
        {
            tracing::info!(
                "TELNYX_API_KEY is set and no engine is named: Telnyx hears and speaks, the embedded ones after it"
            );
        }
        let words = Providers {
            tap: None,
            recogniser: Arc::new(TextRecogniser),
            synthesiser: Arc::new(TextSynthesiser),
            voice: Voice::default(),
            chat: None,
            timing: Timing::default().faster(speed),
            detection: settings.detection(),
        };
        let in_words = kind != Kind::Asterisk;
        let sound = if in_words {
            let why = "words are carried instead of sound";
            parts.set("recogniser", PartState::Off, why).await;
            parts.set("voice", PartState::Off, why).await;
            Err(why.to_owned())
        } else {
            {
                let sound = Self::sound(&cast, &missing, &voice, parts).await;
                sound.map(|providers| Providers { detection: settings.detection(), ..providers })
            }
        };
        let usual = VoiceChoice::default();
        if let Some(chat) = cast.chat(&usual) {
            parts.set("dialogue", PartState::Up, format!("{}, else the script", chat.describe())).await;
        }
        Self { cast, words, sound, in_words, voice }
    }

    async fn sound(cast: &Cast, missing: &str, voice: &Voice, parts: &Parts) -> Result<Providers, String> {
        let usual = VoiceChoice::default();
        let Some(recogniser) = cast.recogniser(&usual) else {
            // "Don't call me again" must be heard, by voice as by key.
            let message =
                format!("{missing}. Until then no call is placed: a machine that cannot hear must not call");
            parts.set("recogniser", PartState::Missing, message.clone()).await;
            return Err(message);
        };
        let state = if recogniser.hears_phrases_only() { PartState::Degraded } else { PartState::Up };
        parts.set("recogniser", state, recogniser.describe()).await;
        let synthesiser = cast.synthesiser(&usual);
        match synthesiser.synthesise("Hello.", voice).await {
            Ok(_) => {
                parts.set("voice", PartState::Up, synthesiser.describe()).await;
                let (voice, timing) = (voice.clone(), Timing::default());
                Ok(Providers {
                    tap: None,
                    recogniser,
                    synthesiser,
                    voice,
                    chat: None,
                    timing,
                    detection: Detection::default(),
                })
            }
            Err(error) => {
                let message = format!(
                    "{error}. Until then no call is placed: a person must not be called into silence"
                );
                parts.set("voice", PartState::Missing, message.clone()).await;
                Err(message)
            }
        }
    }
}
