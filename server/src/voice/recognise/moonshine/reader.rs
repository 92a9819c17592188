//! Reads utterances: networks that take turns, and what they listen for in each script's calls. Blocks a core while it reads.

use super::certainty::{Reading, Understood, understand};
use super::free::Free;
use super::listed::Listed;
use super::network::{DECODER, ENCODER, Network, library};
use super::search::{Found, search};
use super::tokens::{END, Tokens};
use crate::voice::media::RATE;
use crate::voice::phrases::Phrases;
use crate::voice::recognise::embedded::{MODEL_RATE, prepared, seconds};
use crate::voice::recognise::language::{Model, sentences};
use lru::LruCache;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tokio_util::sync::CancellationToken;

/// The file of pieces.
const PIECES: &str = "tokenizer.bin";
/// Loudest sample of what the networks hear.
const LOUDEST: f32 = 0.7;
/// Silence before and after an utterance, in samples of the model: without it the first word is lost.
const SILENCE: usize = 8000;
/// How much the words that follow each other count beside the sound.
const WEIGHT: f64 = 0.25;
/// Pieces a second, at most.
const PACE: f64 = 6.5;
/// Longest that is heard at once, in samples of the telephone's; what is longer is heard part by part.
const LONGEST: usize = 25 * RATE as usize;
/// Scripts whose phrases are kept.
const SCRIPTS: usize = 32;

/// What is listened for in a script's calls.
struct Listening {
    free: Free,
    listed: Listed,
}

/// The reader. It reads as many utterances at once as it is asked to, each by a network of its own.
pub(super) struct Reader {
    tokens: Arc<Tokens>,
    /// Networks that nobody uses now.
    idle: Mutex<Vec<Network>>,
    listening: Mutex<LruCache<String, Arc<Listening>>>,
    folder: PathBuf,
    library: PathBuf,
}

impl Reader {
    /// With the files of a folder.
    ///
    /// # Errors
    /// What is missing or cannot be used.
    pub(super) fn open(folder: &Path) -> Result<Self, String> {
        let shown = folder.display();
        for part in [ENCODER, DECODER, PIECES] {
            if !folder.join(part).exists() {
                return Err(format!("no {part} in {shown}; the README says how to get Moonshine's files"));
            }
        }
        let library = library(folder)
            .ok_or_else(|| format!("no libonnxruntime.so in {shown}; the README says how to get it"))?;
        let unusable = |error: &dyn std::fmt::Display| format!("{PIECES} in {shown}: {error}");
        let pieces = std::fs::read(folder.join(PIECES)).map_err(|error| unusable(&error))?;
        let tokens = Tokens::read(&pieces).map_err(|error| unusable(&error))?;
        let first = Network::load(folder, &library)?;
        Ok(Self {
            tokens: Arc::new(tokens),
            idle: Mutex::new(vec![first]),
            listening: Mutex::new(LruCache::new(NonZeroUsize::new(SCRIPTS).unwrap_or(NonZeroUsize::MIN))),
            folder: folder.to_owned(),
            library,
        })
    }

    /// Understands an utterance, 8 kHz s16, part by part where it is long. `given_up`: once nobody waits for it any more.
    ///
    /// # Errors
    /// When a network failed, or it was given up.
    pub(super) fn understand(
        &self,
        samples: &[i16],
        phrases: &Phrases,
        given_up: &CancellationToken,
    ) -> Result<Understood, String> {
        let listening = self.listening(phrases);
        let mut whole = Understood::default();
        for part in samples.chunks(LONGEST) {
            let (free, listed) = self.read(part, &listening, given_up)?;
            whole = whole.and(understand(&free, &listed, seconds(part), phrases));
        }
        Ok(whole)
    }

    fn listening(&self, phrases: &Phrases) -> Arc<Listening> {
        let list: Vec<&str> = phrases.iter().collect();
        let key = list.join("|");
        let kept = || self.listening.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(listening) = kept().get(&key) {
            return listening.clone();
        }
        // Other scripts' calls are heard meanwhile.
        let sentences = sentences();
        let sentences: Vec<&str> = sentences.iter().map(String::as_str).collect();
        let free = Free::new(self.tokens.clone(), Model::of(&sentences, &list));
        let listed = Listed::new(&self.tokens, list.iter().map(|phrase| (*phrase).to_owned()));
        let made = Arc::new(Listening { free, listed });
        kept().put(key, made.clone());
        made
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Network>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Readings in any words, and those that are phrases of the script, the best first.
    fn read(
        &self,
        samples: &[i16],
        listening: &Listening,
        given_up: &CancellationToken,
    ) -> Result<(Vec<Reading>, Vec<Reading>), String> {
        let idle = self.idle().pop();
        let mut network = idle.map_or_else(|| Network::load(&self.folder, &self.library), Ok)?;
        let readings = self.read_by(&mut network, samples, listening, given_up);
        // One that failed may be broken.
        if readings.is_ok() || given_up.is_cancelled() {
            self.idle().push(network);
        }
        readings
    }

    fn read_by(
        &self,
        network: &mut Network,
        samples: &[i16],
        listening: &Listening,
        given_up: &CancellationToken,
    ) -> Result<(Vec<Reading>, Vec<Reading>), String> {
        let heard = levelled(&prepared(samples).map_err(|error| error.to_string())?);
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
        Ok((free.collect(), listed.iter().filter_map(phrase).collect()))
    }
}

/// As the networks hear it: as loud as any other, −1 to 1, with silence around it.
fn levelled(samples: &[i16]) -> Vec<f32> {
    let loudest = samples.iter().map(|s| s.unsigned_abs()).max().unwrap_or(0).max(32);
    let factor = LOUDEST / f32::from(loudest);
    let silence = || std::iter::repeat_n(0.0, SILENCE);
    silence().chain(samples.iter().map(|s| f32::from(*s) * factor)).chain(silence()).collect()
}

#[cfg(test)]
mod tests {
    use super::{LOUDEST, SILENCE, levelled};

    #[test]
    fn a_faint_voice_is_as_loud_as_any_and_nothing_stays_nothing() {
        let heard = levelled(&[0, -100, 50]);
        assert_eq!(heard.len(), 3 + 2 * SILENCE);
        assert!(
            (heard[SILENCE + 1] + LOUDEST).abs() < 1e-6 && (heard[SILENCE + 2] - LOUDEST / 2.0).abs() < 1e-6
        );
        assert!(levelled(&[0, 1]).iter().all(|s| s.abs() < 0.03));
        assert_eq!(levelled(&[]).len(), 2 * SILENCE);
    }
}
