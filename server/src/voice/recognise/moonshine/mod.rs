//! The embedded recogniser for free speech: Moonshine tiny (27 million weights, English, MIT), run by ONNX Runtime. A script's phrases
//! and the words that follow each other in such calls guide what it writes. How often that is right:
//! `cargo bench --bench understand`.
//!
//! Model and runtime are files that are not part of Dialdeck: the README says how to get them.

mod certainty;
mod guides;
mod network;
mod search;
mod tokens;

use super::denoise::denoise;
use super::language::{self, Model};
use super::{RecogniseError, Recogniser, Recognition};
use crate::domain::plain::line;
use crate::voice::ear::Utterance;
use crate::voice::media::RATE;
use crate::voice::phrases::Phrases;
use crate::voice::sound;
use async_trait::async_trait;
use certainty::{Reading, Understood};
use guides::{Free, Listed};
use lru::LruCache;
use network::{DECODER, ENCODER, Network};
use search::{Found, search};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokens::{END, Tokens};
use tokio::sync::Semaphore;

/// The file of pieces.
const PIECES: &str = "tokenizer.bin";
/// What the model was made for.
const MODEL_RATE: u32 = 16_000;
/// Loudest sample of what it hears.
const LOUDEST: f32 = 0.7;
/// Silence before and after an utterance, in samples of the model: without it the first word is lost.
const SILENCE: usize = 8000;
/// How much the words that follow each other count beside the sound.
const WEIGHT: f64 = 0.25;
/// Pieces a second, at most.
const PACE: f64 = 6.5;
/// Longest that is heard at once, in samples of the telephone's; what is longer is heard piece by piece.
const LONGEST: usize = 25 * RATE as usize;
/// Longest a reading may take, the wait for a core included.
const PATIENCE: Duration = Duration::from_secs(8);
/// Characters of a turn, at most.
const LONGEST_TEXT: usize = 2000;
/// Scripts whose phrases are kept.
const SCRIPTS: usize = 32;

/// What is listened for in a script's calls.
struct Listening {
    free: Free,
    listed: Listed,
}

/// The recogniser.
pub struct Moonshine {
    folder: PathBuf,
    shared: Arc<Shared>,
    /// One utterance a core.
    room: Arc<Semaphore>,
}

struct Shared {
    tokens: Arc<Tokens>,
    /// Networks that nobody uses now.
    idle: Mutex<Vec<Network>>,
    listening: Mutex<LruCache<String, Arc<Listening>>>,
    folder: PathBuf,
    library: PathBuf,
}

/// Whether a folder has a model.
pub fn is_there(folder: &Path) -> bool {
    !folder.as_os_str().is_empty() && folder.join(ENCODER).exists()
}

impl Moonshine {
    /// With the files of a folder.
    ///
    /// # Errors
    /// What is missing or cannot be used.
    pub async fn new(folder: &Path) -> Result<Self, String> {
        let shown = folder.display();
        for part in [ENCODER, DECODER, PIECES] {
            if !folder.join(part).exists() {
                return Err(format!("no {part} in {shown}; the README says how to get Moonshine's files"));
            }
        }
        let library = network::library(folder)
            .ok_or_else(|| format!("no libonnxruntime.so in {shown}; the README says how to get it"))?;
        let pieces = tokio::fs::read(folder.join(PIECES)).await.map_err(|error| error.to_string())?;
        let tokens = Tokens::read(&pieces).map_err(|error| format!("{PIECES} in {shown}: {error}"))?;
        let shared = Arc::new(Shared {
            tokens: Arc::new(tokens),
            idle: Mutex::default(),
            listening: Mutex::new(LruCache::new(NonZeroUsize::new(SCRIPTS).unwrap_or(NonZeroUsize::MIN))),
            folder: folder.to_owned(),
            library,
        });
        let first = shared.clone();
        let loaded = tokio::task::spawn_blocking(move || first.take()).await.map_err(|e| e.to_string())??;
        shared.put_back(loaded);
        let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        Ok(Self { folder: folder.to_owned(), shared, room: Arc::new(Semaphore::new(cores.get())) })
    }
}

/// Readings in any words, and those that are phrases of the script.
struct Readings {
    free: Vec<Reading>,
    listed: Vec<Reading>,
}

impl Shared {
    fn listening(&self, phrases: &Phrases) -> Arc<Listening> {
        let list: Vec<&str> = phrases.iter().collect();
        let key = list.join("|");
        let kept = || self.listening.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(listening) = kept().get(&key) {
            return listening.clone();
        }
        // Other scripts' calls are heard meanwhile.
        let sentences = language::sentences();
        let sentences: Vec<&str> = sentences.iter().map(String::as_str).collect();
        let free = Free::new(self.tokens.clone(), Model::of(&sentences, &list));
        let listed = Listed::new(&self.tokens, list.iter().map(|phrase| (*phrase).to_owned()));
        let made = Arc::new(Listening { free, listed });
        kept().put(key, made.clone());
        made
    }

    /// Understands an utterance, piece by piece where it is long.
    fn understand(
        &self,
        samples: &[i16],
        phrases: &Phrases,
        given_up: &AtomicBool,
    ) -> Result<Understood, String> {
        let listening = self.listening(phrases);
        let mut whole: Option<Understood> = None;
        for piece in samples.chunks(LONGEST) {
            let readings = self.read(piece, &listening, given_up)?;
            #[allow(clippy::cast_precision_loss, reason = "a piece has some hundred thousand samples")]
            let seconds = piece.len() as f64 / f64::from(RATE);
            let heard = certainty::understand(&readings.free, &readings.listed, seconds, phrases);
            whole = Some(match whole {
                None => heard,
                Some(before) => before.and(&heard),
            });
        }
        Ok(whole.unwrap_or_default())
    }

    fn take(&self) -> Result<Network, String> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.map_or_else(|| Network::load(&self.folder, &self.library), Ok)
    }

    fn put_back(&self, network: Network) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(network);
    }

    fn read(
        &self,
        samples: &[i16],
        listening: &Listening,
        given_up: &AtomicBool,
    ) -> Result<Readings, String> {
        let mut network = self.take()?;
        let readings = self.read_by(&mut network, samples, listening, given_up);
        // One that failed may be broken.
        if readings.is_ok() || given_up.load(Ordering::Relaxed) {
            self.put_back(network);
        }
        readings
    }

    fn read_by(
        &self,
        network: &mut Network,
        samples: &[i16],
        listening: &Listening,
        given_up: &AtomicBool,
    ) -> Result<Readings, String> {
        let heard = prepared(samples)?;
        #[allow(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "half a minute of sound at most"
        )]
        let longest = (heard.len() as f64 / f64::from(MODEL_RATE) * PACE) as usize + 2;
        let sound = network.hear(heard)?;
        let free = search(&mut network.writer(&sound, given_up), &listening.free, WEIGHT, longest)?;
        let listed = search(&mut network.writer(&sound, given_up), &listening.listed, 0.0, longest)?;
        let reading = |found: &Found, text: String| {
            let pieces = found.tokens.iter().filter(|token| **token != END).count();
            Reading { text, sound: found.sound, words: found.guided, pieces }
        };
        // The model sets some turns in quotation marks, as a novel would.
        let free = free.iter().map(|found| reading(found, self.tokens.text(&found.tokens).replace('"', "")));
        let phrase = |found: &Found| Some(reading(found, listening.listed.phrase(&found.tokens)?.to_owned()));
        Ok(Readings { free: free.collect(), listed: listed.iter().filter_map(phrase).collect() })
    }
}

/// Says that nobody waits for a reading any more, once it goes.
struct GivesUp(Arc<AtomicBool>);

impl Drop for GivesUp {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// As the model hears it: without the line's noise, 16 kHz, −1 to 1, with silence around it.
fn prepared(samples: &[i16]) -> Result<Vec<f32>, String> {
    let wide = sound::resample(&denoise(samples), RATE, MODEL_RATE).map_err(|error| error.to_string())?;
    let loudest = wide.iter().map(|s| s.unsigned_abs()).max().unwrap_or(0).max(32);
    let factor = LOUDEST / f32::from(loudest);
    let silence = || std::iter::repeat_n(0.0, SILENCE);
    Ok(silence().chain(wide.iter().map(|s| f32::from(*s) * factor)).chain(silence()).collect())
}

#[async_trait]
impl Recogniser for Moonshine {
    fn describe(&self) -> String {
        format!("Moonshine tiny ({}), free speech, English", self.folder.display())
    }

    fn answers_early(&self) -> bool {
        true
    }

    async fn recognise(
        &self,
        utterance: Utterance,
        phrases: &Phrases,
    ) -> Result<Recognition, RecogniseError> {
        let Utterance::Sound(samples) = utterance else { return Err(RecogniseError::Kind("words")) };
        let failed = |e: &dyn std::fmt::Display| RecogniseError::Failed(e.to_string());
        let (shared, phrases) = (self.shared.clone(), phrases.clone());
        let given_up = Arc::new(AtomicBool::new(false));
        // Whoever does not wait any longer ends the reading at its next piece.
        let _needed = GivesUp(given_up.clone());
        let reading = async {
            let room = self.room.clone().acquire_owned().await.map_err(|e| failed(&e))?;
            let read = tokio::task::spawn_blocking(move || {
                let _room = room;
                shared.understand(&samples, &phrases, &given_up)
            });
            read.await.map_err(|e| failed(&e))?.map_err(RecogniseError::Failed)
        };
        let understood = tokio::time::timeout(PATIENCE, reading)
            .await
            .map_err(|_| RecogniseError::Failed(format!("it took longer than {} s", PATIENCE.as_secs())))??;
        // What the model writes, too, is a stranger's.
        let text = line(&understood.text, LONGEST_TEXT);
        // A small model still mistakes words: nothing is undone on them alone.
        Ok(Recognition { text, confidence: understood.chance, certain: false })
    }
}
