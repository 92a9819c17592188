//! Calls that somebody else placed and Asterisk brings to us: an AI caller answers them as it does our own.

use async_trait::async_trait;
use dialdeck_protocol::{CallId, Outcome};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::oneshot;

/// A call that has come in and was answered by the dialplan.
#[derive(Debug)]
pub struct Inbound {
    /// Asterisk's id of its channel.
    pub channel: String,
    /// Whose it is: what stands behind `vicidial/` in the script's name; empty for the only one.
    pub from: String,
    /// The caller's name, in which VICIdial puts its call code.
    pub code: String,
    /// The number at the far end.
    pub number: String,
    /// Told which call of ours it has become; dropped: it is let go.
    pub taken: oneshot::Sender<CallId>,
}

/// What has to be said to whoever placed the call, before we hang up.
#[async_trait]
pub trait Farewell: Send + Sync {
    /// Whether they take a person over whom we hand on.
    fn takes_over(&self) -> bool;
    /// Says what came of it, with a sentence of what was found out.
    async fn say(&self, outcome: Outcome, summary: &str);
}

/// A call that is taken over.
pub struct Adopted {
    /// Asterisk's id of its channel.
    pub channel: String,
    /// What is said at its end.
    pub farewell: Arc<dyn Farewell>,
    /// Who waits to hear which call it is.
    pub taken: Mutex<Option<oneshot::Sender<CallId>>>,
}

impl Adopted {
    /// It is this call, and its line is open.
    pub fn is(&self, call: &CallId) {
        if let Some(taken) = self.taken.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = taken.send(call.clone());
        }
    }
}
