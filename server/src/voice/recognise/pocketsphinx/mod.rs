//! The embedded recogniser: PocketSphinx listening for the script's phrases, and for what people say else. English, demonstration
//! grade: what it is not sure of comes out as nothing.
//!
//! Debian's `pocketsphinx_batch` decodes a whole utterance with batch cepstral mean normalisation, which
//! `pocketsphinx_continuous` does not. What was said in noise is filtered before. A pass with the grammar and one with a loop of
//! phones (how well any sounds at all would have fitted) say how likely it was a phrase; where that is not sure, a third pass with a
//! model of the words that follow each other in such calls is heard too. How often that is right: `cargo bench --bench understand`.

mod confidence;
mod grammar;

use super::embedded::{prepared, seconds};
use super::{RecogniseError, Recogniser, Recognition};
use crate::voice::ear::Utterance;
use crate::voice::intent;
use crate::voice::phrases::Phrases;
use async_trait::async_trait;
use confidence::{Heard, Sounds};
use dialdeck_protocol::Intent;
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
/// From this chance on a phrase is taken without further listening.
const SURE: f64 = 0.8;
/// The same after it.
const PHRASE: f64 = 0.65;
/// Chance from which free words are taken: there are more of them.
const WORDS: f64 = 0.8;
/// Chance from which a wish never to be called again is taken: nothing is done on it alone but to ask.
const REFUSAL: f64 = 0.35;
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

/// The phones of a loop's result, without silences and noises.
fn sounds_of(text: &str) -> Vec<String> {
    text.split_whitespace().filter(|p| *p != "SIL" && !p.starts_with(['+', '<'])).map(str::to_owned).collect()
}

/// Which of two is taken, each with its chance; `None`: neither.
fn choose(
    (phrase, of_phrase): (Heard, f64),
    (words, of_words): (Heard, f64),
    refuses: impl Fn(&str) -> bool,
) -> Option<(String, f64)> {
    for (heard, chance) in [(&phrase, of_phrase), (&words, of_words)] {
        if chance >= REFUSAL && refuses(&heard.text) {
            return Some((heard.text.clone(), chance));
        }
    }
    if of_phrase >= PHRASE && of_phrase >= of_words {
        Some((phrase.text, of_phrase))
    } else if of_words >= WORDS {
        Some((words.text, of_words))
    } else {
        (of_phrase >= PHRASE).then_some((phrase.text, of_phrase))
    }
}

#[async_trait]
impl Recogniser for PocketSphinx {
    fn describe(&self) -> String {
        format!("PocketSphinx ({}), English phrases, demonstration grade", self.files.program)
    }

    fn hears_phrases_only(&self) -> bool {
        true
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
        let grammar = self.grammar(phrases).await?;
        let seconds = seconds(&samples);
        let folder = tempfile::tempdir().map_err(|e| failed(&e))?;
        // Other calls' sound is not to wait for this.
        let prepared = tokio::task::spawn_blocking(move || prepared(&samples));
        let wide = prepared.await.map_err(|e| failed(&e))?.map_err(|e| failed(&e))?;
        let bytes: Vec<u8> = wide.iter().flat_map(|s| s.to_le_bytes()).collect();
        tokio::fs::write(folder.path().join("u.raw"), bytes).await.map_err(|e| failed(&e))?;
        tokio::fs::write(folder.path().join("ids"), "u\n").await.map_err(|e| failed(&e))?;

        let _room = self.room.acquire().await.map_err(|e| failed(&e))?;
        let file = |name: &str| grammar.file(name).to_string_lossy().into_owned();
        let phone_model = self.files.model.join("en-us-phone.lm.bin").to_string_lossy().into_owned();
        let (rules, words) = (file("phrases.gram"), file("phrases.dict"));
        let listen = ["-jsgf", &rules, "-dict", &words];
        let loop_of_phones = [
            "-allphone",
            &phone_model,
            "-allphone_ci",
            "yes",
            "-lw",
            "2.0",
            "-beam",
            "1e-20",
            "-pbeam",
            "1e-20",
        ];
        let (heard, any) = tokio::join!(
            self.pass(folder.path(), "grammar", &listen),
            self.pass(folder.path(), "phones", &loop_of_phones)
        );
        let (row, score) = any?;
        let sounds = Sounds { score, phones: sounds_of(&row), seconds };
        let said = |(text, score): (String, f64)| {
            let text = grammar.spoken(&text);
            let phones = grammar.phones(&text);
            Heard { text, score, phones }
        };
        // Words that sound alike are still mistaken for each other: nothing is undone on them alone.
        let understood = |text: String, confidence: f64| Recognition { text, confidence, certain: false };
        let phrase = said(heard?);
        let alone = confidence::of_phrase(&phrase, &sounds);
        if !phrase.text.is_empty() && alone >= SURE {
            return Ok(understood(phrase.text, alone));
        }
        let refuses = |text: &str| intent::detect(text, phrases).intent == Intent::DoNotCall;
        if alone >= REFUSAL && refuses(&phrase.text) {
            // Whoever asks back hears it sooner, and nothing that fails from here on can lose it.
            return Ok(understood(phrase.text, alone));
        }
        let (model, words) = (file("sentences.arpa"), file("sentences.dict"));
        let free = self.pass(folder.path(), "words", &["-lm", &model, "-dict", &words, "-lw", "8"]).await;
        // What a pass that failed did not hear does not undo what another did.
        let free = free.inspect_err(|error| tracing::warn!(%error, "free words were not heard")).map(said);
        let free = free.unwrap_or_default();
        let [of_phrase, of_words] = confidence::of_both(&phrase, &free, &sounds, phrases);
        let known = |heard: &Heard, chance: f64| if heard.text.is_empty() { 0.0 } else { chance };
        let (of_phrase, of_words) = (known(&phrase, of_phrase), known(&free, of_words));
        Ok(match choose((phrase, of_phrase), (free, of_words), refuses) {
            Some((text, chance)) => understood(text, chance),
            None => understood(String::new(), 0.0),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Heard, choose, parse_hypothesis, sounds_of};

    #[test]
    fn results_are_read() {
        assert_eq!(parse_hypothesis("stop calling me (u -5033)\n"), ("stop calling me".into(), -5033.0));
        assert_eq!(parse_hypothesis(" (u -17)\n").0, "");
        assert_eq!(parse_hypothesis(""), (String::new(), 0.0));
    }

    #[test]
    fn the_likelier_is_taken_and_a_refusal_sooner_than_anything_else() {
        let heard = |text: &str| Heard { text: text.into(), ..Heard::default() };
        let chosen = |phrase, words| {
            let refuses = |text: &str| text == "stop calling";
            choose((heard("yes"), phrase), (heard("stop calling"), words), refuses).map(|(text, _)| text)
        };
        assert_eq!(chosen(0.7, 0.3).as_deref(), Some("yes"));
        assert_eq!(chosen(0.7, 0.4).as_deref(), Some("stop calling"));
        assert_eq!(chosen(0.5, 0.3), None);
        let other = choose((heard("yes"), 0.65), (heard("tell me"), 0.8), |_| false);
        assert_eq!(other, Some(("tell me".to_owned(), 0.8)));
        assert_eq!(choose((heard("yes"), 0.5), (heard("tell me"), 0.7), |_| false), None);
    }

    #[test]
    fn silences_are_no_sounds() {
        assert_eq!(sounds_of("SIL S T AA P +SPN+ SIL"), ["S", "T", "AA", "P"]);
    }
}
