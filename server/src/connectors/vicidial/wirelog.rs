//! Every request and answer, without secrets: the last ones in memory, all in a file of their own.

use chrono::{DateTime, Utc};
use serde::Serialize;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use utoipa::ToSchema;

/// Exchanges kept in memory.
const KEPT: usize = 500;

/// One request with its answer.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = VicidialExchange)]
pub struct Entry {
    /// When it was sent.
    pub at: DateTime<Utc>,
    /// To which VICIdial.
    pub vicidial: String,
    /// The function.
    pub function: String,
    /// What was sent, without passwords, with numbers cut to their last four digits.
    pub request: String,
    /// The web server's status; 0: none came.
    pub status: u16,
    /// What came, the same way, the first 4,000 bytes.
    pub answer: String,
    /// What was wrong with it.
    pub class: Option<String>,
    /// How long it took, in milliseconds.
    pub ms: u64,
}

/// The log. Cheap to clone.
#[derive(Clone, Default)]
pub struct WireLog(Arc<Mutex<VecDeque<Entry>>>);

impl WireLog {
    /// Writes an exchange down. The file is the target `vicidial_wire` of the program's log.
    pub fn write(&self, entry: Entry) {
        tracing::debug!(
            target: "vicidial_wire",
            vicidial = entry.vicidial,
            function = entry.function,
            request = entry.request,
            status = entry.status,
            answer = ?entry.answer,
            class = entry.class.as_deref().unwrap_or("ok"),
            ms = entry.ms,
        );
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back(entry);
    }

    /// The last ones, newest first.
    pub fn last(&self, count: usize) -> Vec<Entry> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().rev().take(count).cloned().collect()
    }
}
