//! Understanding what was said while it is not yet known whether more comes: done by when the pause has been long enough.

use crate::voice::ear::Utterance;
use crate::voice::phrases::Phrases;
use crate::voice::recognise::{RecogniseError, Recogniser, Recognition};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// Pause after which it is begun: shorter ones are between two words.
pub(super) const PAUSE: Duration = Duration::from_millis(200);

type Heard = Result<Recognition, RecogniseError>;

/// What was said up to a pause, being understood. Dropped, that ends.
pub(super) struct Early {
    /// When the last voice before the pause was heard.
    last: Instant,
    task: Option<JoinHandle<Heard>>,
    text: Arc<OnceLock<String>>,
}

impl Early {
    pub(super) fn begin(
        last: Instant,
        utterance: Utterance,
        recogniser: Arc<dyn Recogniser>,
        phrases: Phrases,
    ) -> Self {
        let text = Arc::new(OnceLock::new());
        let told = text.clone();
        let task = tokio::spawn(async move {
            let heard = recogniser.recognise(utterance, &phrases).await;
            if let Ok(heard) = &heard {
                let _ = told.set(heard.text.clone());
            }
            heard
        });
        Self { last, task: Some(task), text }
    }

    /// Whether it is what was said up to the last voice.
    pub(super) fn is_of(&self, last: Instant) -> bool {
        self.last == last
    }

    /// What was understood, as soon as it is.
    pub(super) fn text(&self) -> Option<&str> {
        self.text.get().map(String::as_str)
    }

    /// The understanding itself.
    pub(super) fn task(mut self) -> Option<JoinHandle<Heard>> {
        self.task.take()
    }
}

impl Drop for Early {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}
