//! The parts of the server and how each is: said in the log, kept for consoles, told as events.

use crate::storage::{Change, Journal};
use crate::telephony::Telephony;
use chrono::Utc;
use dialdeck_protocol::{Part, PartState};
use std::sync::{Arc, Mutex, PoisonError};

/// The board. Cheap to clone.
#[derive(Clone)]
pub struct Parts {
    board: Arc<Mutex<Vec<Part>>>,
    journal: Journal,
}

impl Parts {
    /// An empty board that tells changes through `journal`.
    pub fn new(journal: Journal) -> Self {
        Self { board: Arc::default(), journal }
    }

    /// All parts, in the order in which they were first set.
    pub fn all(&self) -> Vec<Part> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sets a part. What has not changed is not told again.
    pub async fn set(&self, name: &str, state: PartState, message: impl Into<String>) {
        let part = Part { name: name.to_owned(), state, message: message.into() };
        {
            let mut board = self.board.lock().unwrap_or_else(PoisonError::into_inner);
            match board.iter_mut().find(|p| p.name == part.name) {
                Some(old) if *old == part => return,
                Some(old) => *old = part.clone(),
                None => board.push(part.clone()),
            }
        }
        match state {
            PartState::Up | PartState::Off => tracing::info!(part = name, state = %state, "{}", part.message),
            _ => tracing::warn!(part = name, state = %state, "{}", part.message),
        }
        if let Err(error) = self.journal.commit(vec![Change::Part { part, at: Utc::now() }]).await {
            tracing::error!(part = name, %error, "a part's state could not be written down");
        }
    }

    /// Follows the telephony's condition for as long as it lives.
    pub fn follow(&self, telephony: &Arc<dyn Telephony>) {
        let (parts, mut condition) = (self.clone(), telephony.condition());
        tokio::spawn(async move {
            loop {
                let now = condition.borrow_and_update().clone();
                parts.set("telephony", now.state, now.message).await;
                if condition.changed().await.is_err() {
                    return;
                }
            }
        });
    }
}
