//! The embedded recogniser: PocketSphinx listening for the script's phrases. English, phrases only, demonstration
//! grade: what is not one of the phrases is meant to come out as nothing.
//!
//! Debian's `pocketsphinx_batch` decodes a whole utterance with batch cepstral mean normalisation, which
//! `pocketsphinx_continuous` does not. A second pass with a loop of phones says how well any sounds at all would
//! have fitted; what the grammar explains much worse than that was none of its phrases. Thresholds as measured on
//! 560 synthetic utterances over a telephone path: 262 of 315 right and 4 wrong in the grammar, 6 of 175 wrong
//! outside it.

mod grammar;

use super::{RecogniseError, Recogniser, Recognition};
use crate::voice::ear::Utterance;
use crate::voice::media::RATE;
use crate::voice::phrases::Phrases;
use crate::voice::sound;
use async_trait::async_trait;
use grammar::Grammar;
use lru::LruCache;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::process::Command;
use tokio::sync::{Mutex, Semaphore};

/// Longest a decoding may take.
const PATIENCE: Duration = Duration::from_secs(8);
/// Log score a frame by which the grammar may fall short of the loop of phones.
const GATE: f64 = -12.0;
/// Silence kept around speech, both sides together, in seconds.
const PADDING: f64 = 0.5;
/// Grammars kept, one a script.
const GRAMMARS: usize = 32;

/// Where program and model are.
#[derive(Debug, Clone)]
pub struct Files {
    /// `pocketsphinx_batch`.
    pub program: String,
    /// Folder of the en-us model: `en-us/`, `cmudict-en-us.dict`, `en-us-phone.lm.bin`.
    pub model: PathBuf,
}

/// Phrase recognition with PocketSphinx.
pub struct PocketSphinx {
    files: Files,
    /// About one decoder a core, not one a call.
    room: Semaphore,
    grammars: Mutex<LruCache<String, Arc<Grammar>>>,
}

impl PocketSphinx {
    /// With its files.
    ///
    /// # Errors
    /// What is missing, and how to get it.
    pub async fn new(files: Files) -> Result<Self, String> {
        for part in ["en-us/mdef", "cmudict-en-us.dict", "en-us-phone.lm.bin"] {
            if !files.model.join(part).exists() {
                return Err(format!(
                    "no {part} in {}; on Debian: apt install pocketsphinx-en-us",
                    files.model.display()
                ));
            }
        }
        if let Err(error) =
            Command::new(&files.program).stdout(Stdio::null()).stderr(Stdio::null()).status().await
        {
            return Err(format!(
                "{} cannot be run ({error}); on Debian: apt install pocketsphinx",
                files.program
            ));
        }
        let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        Ok(Self {
            files,
            room: Semaphore::new(cores.get()),
            grammars: Mutex::new(LruCache::new(NonZeroUsize::new(GRAMMARS).unwrap_or(NonZeroUsize::MIN))),
        })
    }

    async fn grammar(&self, phrases: &Phrases) -> Result<Arc<Grammar>, RecogniseError> {
        let key = phrases.iter().collect::<Vec<_>>().join("|");
        let mut grammars = self.grammars.lock().await;
        if let Some(grammar) = grammars.get(&key) {
            return Ok(grammar.clone());
        }
        let list: Vec<String> = phrases.iter().map(str::to_owned).collect();
        let dictionary = self.files.model.join("cmudict-en-us.dict");
        let made = tokio::task::spawn_blocking(move || Grammar::make(&list, &dictionary))
            .await
            .map_err(|e| RecogniseError::Failed(e.to_string()))?
            .map_err(|e| RecogniseError::Failed(format!("the grammar could not be made: {e}")))?;
        if !made.left_out.is_empty() {
            tracing::warn!(
                phrases = made.left_out.join("; "),
                "phrases with words that the dictionary lacks"
            );
        }
        let made = Arc::new(made);
        grammars.put(key, made.clone());
        Ok(made)
    }

    /// One pass over one utterance: the text and the score of the best path.
    async fn pass(
        &self,
        folder: &Path,
        name: &str,
        arguments: &[&str],
    ) -> Result<(String, f64), RecogniseError> {
        let failed = |e: &dyn std::fmt::Display| RecogniseError::Failed(e.to_string());
        let (control, result) = (folder.join("ids"), folder.join(format!("{name}.hyp")));
        let child = Command::new(&self.files.program)
            .arg("-hmm")
            .arg(self.files.model.join("en-us"))
            .args(["-adcin", "yes", "-cepext", ".raw", "-logfn", "/dev/null", "-cepdir"])
            .arg(folder)
            .arg("-ctl")
            .arg(&control)
            .arg("-hyp")
            .arg(&result)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|e| failed(&e))?
            .wait_with_output();
        let output = tokio::time::timeout(PATIENCE, child)
            .await
            .map_err(|_| RecogniseError::Failed("it took longer than 8 s".into()))?
            .map_err(|e| failed(&e))?;
        if !output.status.success() {
            return Err(RecogniseError::Failed(format!(
                "{} ended with {}",
                self.files.program, output.status
            )));
        }
        let line = tokio::fs::read_to_string(&result).await.map_err(|e| failed(&e))?;
        Ok(parse_hypothesis(&line))
    }
}

/// Reads `text (id score)`. An utterance without a result carries a score that means nothing.
fn parse_hypothesis(line: &str) -> (String, f64) {
    let line = line.lines().next().unwrap_or_default();
    let (text, rest) = line.rsplit_once('(').unwrap_or((line, ""));
    let score =
        rest.trim_end_matches(')').split_whitespace().last().and_then(|s| s.parse().ok()).unwrap_or(0.0);
    (text.trim().to_owned(), score)
}

/// Whether the phrase explains the sound well enough, and how well, 0–1.
fn gate(grammar_score: f64, phone_score: f64, seconds: f64, phones: usize) -> Option<f64> {
    #[allow(clippy::cast_precision_loss, reason = "a phrase has a few dozen phones")]
    let longest = 0.25 + 0.12 * phones as f64;
    let a_frame = (grammar_score - phone_score) / (100.0 * seconds.max(0.1));
    (a_frame >= GATE && seconds - PADDING <= longest)
        .then(|| (0.6 + 0.4 * (a_frame - GATE) / (5.0 - GATE)).clamp(0.6, 0.95))
}

#[async_trait]
impl Recogniser for PocketSphinx {
    fn describe(&self) -> String {
        format!("PocketSphinx ({}), English phrases only, demonstration grade", self.files.program)
    }

    async fn recognise(
        &self,
        utterance: Utterance,
        phrases: &Phrases,
    ) -> Result<Recognition, RecogniseError> {
        let Utterance::Sound(samples) = utterance else { return Err(RecogniseError::Kind("words")) };
        let failed = |e: &dyn std::fmt::Display| RecogniseError::Failed(e.to_string());
        let grammar = self.grammar(phrases).await?;
        #[allow(
            clippy::cast_precision_loss,
            reason = "an utterance has some hundred thousand samples at most"
        )]
        let seconds = samples.len() as f64 / f64::from(RATE);
        let folder = tempfile::tempdir().map_err(|e| failed(&e))?;
        // The model was made for 16 kHz; its filters cannot be told otherwise from outside.
        let wide = sound::resample(&samples, RATE, 16_000).map_err(|e| failed(&e))?;
        let bytes: Vec<u8> = wide.iter().flat_map(|s| s.to_le_bytes()).collect();
        tokio::fs::write(folder.path().join("u.raw"), bytes).await.map_err(|e| failed(&e))?;
        tokio::fs::write(folder.path().join("ids"), "u\n").await.map_err(|e| failed(&e))?;

        let _room = self.room.acquire().await.map_err(|e| failed(&e))?;
        let (rules, words) = (grammar.rules(), grammar.dictionary());
        let (rules, words) = (rules.to_string_lossy(), words.to_string_lossy());
        let phone_model = self.files.model.join("en-us-phone.lm.bin");
        let phone_model = phone_model.to_string_lossy();
        let listen = ["-jsgf", &*rules, "-dict", &*words];
        let loop_of_phones = [
            "-allphone",
            &*phone_model,
            "-allphone_ci",
            "yes",
            "-lw",
            "2.0",
            "-beam",
            "1e-20",
            "-pbeam",
            "1e-20",
        ];
        let (heard, sounds) = tokio::join!(
            self.pass(folder.path(), "grammar", &listen),
            self.pass(folder.path(), "phones", &loop_of_phones)
        );
        let ((text, grammar_score), (_, phone_score)) = (heard?, sounds?);
        let phones = grammar.phones(&text);
        let confidence =
            if text.is_empty() { None } else { gate(grammar_score, phone_score, seconds, phones) };
        Ok(match confidence {
            // Phrases that sound alike are still mistaken for each other: nothing is undone on these words alone.
            Some(confidence) => Recognition { text: grammar.spoken(&text), confidence, certain: false },
            None => Recognition { text: String::new(), confidence: 0.0, certain: false },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{gate, parse_hypothesis};

    #[test]
    fn results_are_read() {
        assert_eq!(parse_hypothesis("stop calling me (u -5033)\n"), ("stop calling me".into(), -5033.0));
        assert_eq!(parse_hypothesis(" (u -17)\n").0, "");
        assert_eq!(parse_hypothesis(""), (String::new(), 0.0));
    }

    #[test]
    fn what_fits_badly_or_lasts_too_long_is_nothing() {
        assert!(gate(-5000.0, -5200.0, 1.5, 12).is_some());
        assert!(gate(-8000.0, -5200.0, 1.5, 12).is_none());
        assert!(gate(-5000.0, -5200.0, 4.0, 12).is_none());
    }
}
