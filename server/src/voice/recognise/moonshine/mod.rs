//! The embedded recogniser for free speech: Moonshine tiny (27 million weights, English, MIT), run by ONNX Runtime. A script's phrases
//! and the words that follow each other in such calls guide what it writes. How often that is right:
//! `cargo bench --bench understand`.
//!
//! Model and runtime are files that are not part of Dialdeck: the README says how to get them.

mod certainty;
mod free;
mod listed;
mod network;
mod reader;
mod search;
mod tokens;

use super::{RecogniseError, Recogniser, Recognition};
use crate::domain::plain::line;
use crate::voice::ear::Utterance;
use crate::voice::phrases::Phrases;
use async_trait::async_trait;
use network::ENCODER;
use reader::Reader;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// Longest a reading may take, the wait for a core included.
const PATIENCE: Duration = Duration::from_secs(8);
/// Characters of a turn, at most.
const LONGEST_TEXT: usize = 2000;

/// The recogniser.
pub struct Moonshine {
    folder: PathBuf,
    reader: Arc<Reader>,
    /// One utterance a core.
    room: Arc<Semaphore>,
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
        let from = folder.to_owned();
        let opened = tokio::task::spawn_blocking(move || Reader::open(&from));
        let reader = Arc::new(opened.await.map_err(|error| error.to_string())??);
        let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        Ok(Self { folder: folder.to_owned(), reader, room: Arc::new(Semaphore::new(cores.get())) })
    }
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
        let (reader, phrases, given_up) = (self.reader.clone(), phrases.clone(), CancellationToken::new());
        // Whoever does not wait any longer ends the reading at its next piece.
        let _waiting = given_up.clone().drop_guard();
        let reading = async {
            let room = self.room.clone().acquire_owned().await.map_err(|e| failed(&e))?;
            let read = tokio::task::spawn_blocking(move || {
                let _room = room;
                reader.understand(&samples, &phrases, &given_up)
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
