//! The agents' phones on Asterisk that we have rung.

use crate::telephony::{Leg, LegId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc;

/// All of them. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Legs(Arc<Mutex<HashMap<LegId, mpsc::UnboundedSender<Leg>>>>);

impl Legs {
    fn lock(&self) -> MutexGuard<'_, HashMap<LegId, mpsc::UnboundedSender<Leg>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens one before Asterisk hears of it.
    pub(super) fn open(&self, leg: LegId) -> mpsc::UnboundedReceiver<Leg> {
        let (tell, told) = mpsc::unbounded_channel();
        self.lock().insert(leg, tell);
        told
    }

    /// All that were rung.
    pub(super) fn all(&self) -> Vec<LegId> {
        self.lock().keys().copied().collect()
    }

    /// It was picked up.
    pub(super) fn up(&self, leg: LegId) {
        if let Some(tell) = self.lock().get(&leg) {
            let _ = tell.send(Leg::Up);
        }
    }

    /// It is gone.
    pub(super) fn gone(&self, leg: LegId, why: &str) {
        if let Some(tell) = self.lock().remove(&leg) {
            let _ = tell.send(Leg::Gone(why.to_owned()));
        }
    }
}
