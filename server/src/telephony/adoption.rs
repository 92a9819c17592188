//! Calls that somebody else placed and Asterisk brings to us: an AI caller answers them as it does our own.

use async_trait::async_trait;
use dialdeck_protocol::{CallId, Outcome};
use std::sync::atomic::{AtomicBool, Ordering};
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

/// What came of a call that somebody else placed.
#[derive(Debug, Clone, Copy)]
pub struct Ending<'a> {
    /// What came of it.
    pub outcome: Outcome,
    /// Whether the person asked never to be called again, whatever else came of it.
    pub do_not_call: bool,
    /// What was found out, in a sentence; empty: nobody talked.
    pub summary: &'a str,
}

/// What has to be said to whoever placed the call, before we hang up.
#[async_trait]
pub trait Farewell: Send + Sync {
    /// Whether they take a person over whom we hand on.
    fn takes_over(&self) -> bool;
    /// Says what came of it.
    async fn say(&self, ending: Ending<'_>);
}

/// A call that is taken over.
pub struct Adopted {
    /// Asterisk's id of its channel.
    pub channel: String,
    farewell: Arc<dyn Farewell>,
    /// Who waits to hear which call it is.
    taken: Mutex<Option<oneshot::Sender<CallId>>>,
    said: AtomicBool,
}

impl Adopted {
    /// The call on this channel.
    pub fn new(channel: String, farewell: Arc<dyn Farewell>, taken: oneshot::Sender<CallId>) -> Self {
        Self { channel, farewell, taken: Mutex::new(Some(taken)), said: AtomicBool::new(false) }
    }

    /// Whether whoever brought it still waits.
    pub fn is_waiting(&self) -> bool {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.as_ref().is_some_and(|taken| !taken.is_closed())
    }

    /// It is this call, and its line is open; false where nobody waits any more.
    pub fn is(&self, call: &CallId) -> bool {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner).take();
        taken.is_some_and(|taken| taken.send(call.clone()).is_ok())
    }

    /// Whether they take a person over whom we hand on.
    pub fn takes_over(&self) -> bool {
        self.farewell.takes_over()
    }

    /// Says what came of it, once.
    pub async fn say(&self, ending: Ending<'_>) {
        if !self.said.swap(true, Ordering::SeqCst) {
            self.farewell.say(ending).await;
        }
    }
}
