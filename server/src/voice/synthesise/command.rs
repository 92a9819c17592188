//! The embedded voices: flite for English, espeak-ng for the rest, each run as a program.

use super::{SynthesiseError, Synthesiser, Voice};
use crate::domain::plain;
use crate::voice::media::Clip;
use crate::voice::sound;
use async_trait::async_trait;
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;
use tokio::sync::Semaphore;

/// Longest text spoken at once, in characters.
const MAX_TEXT: usize = 2000;
/// Longest word, in characters.
const MAX_WORD: usize = 60;
/// Longest a program may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Which program speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// `flite`, voices slt (female) and rms (male), English.
    Flite,
    /// `espeak-ng`, many languages. GPL-3, therefore a program of its own.
    EspeakNg,
}

/// The text as a program may have it: one line, no espeak-ng phoneme brackets, no word so long that it would be
/// spelt for a minute.
fn speakable(text: &str) -> String {
    let plain = plain::line(&text.replace("[[", " ").replace("]]", " "), MAX_TEXT);
    let words = plain.split(' ').map(|word| word.chars().take(MAX_WORD).collect::<String>());
    words.collect::<Vec<_>>().join(" ")
}

/// A voice that is a program.
pub struct CommandSynthesiser {
    engine: Engine,
    program: String,
    /// About one a core: synthesis is all computing.
    room: Semaphore,
}

impl CommandSynthesiser {
    /// With the program's name or path.
    pub fn new(engine: Engine, program: String) -> Self {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Self { engine, program, room: Semaphore::new(cores) }
    }

    fn arguments(&self, voice: &Voice, text_file: &str, wav_file: &str) -> Vec<String> {
        let owned = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect();
        match self.engine {
            Engine::Flite => {
                let name = match voice.name.as_str() {
                    "male" => "rms",
                    "awb" | "kal" | "kal16" | "rms" | "slt" => &voice.name,
                    _ => "slt",
                };
                owned(&["-voice", name, "-f", text_file, "-o", wav_file])
            }
            Engine::EspeakNg => {
                let language: String = voice
                    .language
                    .chars()
                    .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
                    .take(16)
                    .collect();
                let variant = if voice.name == "male" { "+m3" } else { "+f3" };
                owned(&["-v", &format!("{language}{variant}"), "-s", "160", "-f", text_file, "-w", wav_file])
            }
        }
    }
}

#[async_trait]
impl Synthesiser for CommandSynthesiser {
    fn describe(&self) -> String {
        match self.engine {
            Engine::Flite => format!("flite ({}), English", self.program),
            Engine::EspeakNg => format!("espeak-ng ({})", self.program),
        }
    }

    async fn synthesise(&self, text: &str, voice: &Voice) -> Result<Clip, SynthesiseError> {
        let failed = |e: &dyn std::fmt::Display| SynthesiseError::Failed(e.to_string());
        let _room = self.room.acquire().await.map_err(|e| failed(&e))?;
        // The text goes by a file, never by the command line: it is data, whoever wrote it.
        let folder = tempfile::tempdir().map_err(|e| failed(&e))?;
        let (text_file, wav_file) = (folder.path().join("text"), folder.path().join("speech.wav"));
        tokio::fs::write(&text_file, speakable(text)).await.map_err(|e| failed(&e))?;
        let child = Command::new(&self.program)
            .args(self.arguments(voice, &text_file.to_string_lossy(), &wav_file.to_string_lossy()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|e| match e.kind() {
                std::io::ErrorKind::NotFound => SynthesiseError::Missing(self.program.clone()),
                _ => failed(&e),
            })?;
        let output = tokio::time::timeout(PATIENCE, child.wait_with_output())
            .await
            .map_err(|_| SynthesiseError::Failed(format!("{} took longer than 10 s", self.program)))?
            .map_err(|e| failed(&e))?;
        if !output.status.success() {
            let said = plain::line(&String::from_utf8_lossy(&output.stderr), 200);
            return Err(SynthesiseError::Failed(format!(
                "{} ended with {}: {said}",
                self.program, output.status
            )));
        }
        let wav = tokio::fs::read(&wav_file).await.map_err(|e| failed(&e))?;
        let samples = sound::telephone(&wav).map_err(|e| failed(&e))?;
        // flite ends with success whatever happened: what counts is that there is sound.
        if samples.is_empty() {
            return Err(SynthesiseError::Failed(format!("{} made no sound", self.program)));
        }
        Ok(Clip::Sound(samples.into()))
    }
}
