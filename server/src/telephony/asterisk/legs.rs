//! The agents' phones on Asterisk that we have rung.

use crate::telephony::{Leg, LegId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc;

struct Rung {
    tell: mpsc::UnboundedSender<Leg>,
    up: bool,
}

/// All of them. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Legs(Arc<Mutex<HashMap<LegId, Rung>>>);

impl Legs {
    fn lock(&self) -> MutexGuard<'_, HashMap<LegId, Rung>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens one before Asterisk hears of it.
    pub(super) fn open(&self, leg: LegId) -> mpsc::UnboundedReceiver<Leg> {
        let (tell, told) = mpsc::unbounded_channel();
        self.lock().insert(leg, Rung { tell, up: false });
        told
    }

    /// All that were rung, and whether they were picked up.
    pub(super) fn all(&self) -> Vec<(LegId, bool)> {
        self.lock().iter().map(|(leg, rung)| (*leg, rung.up)).collect()
    }

    /// It was picked up; false where nobody here has rung it.
    pub(super) fn up(&self, leg: LegId) -> bool {
        self.lock().get_mut(&leg).is_some_and(|rung| {
            rung.up = true;
            // Whoever rang it may have given up since.
            rung.tell.send(Leg::Up).is_ok()
        })
    }

    /// A key was pressed.
    pub(super) fn key(&self, leg: LegId, key: char) {
        if let Some(rung) = self.lock().get(&leg) {
            let _ = rung.tell.send(Leg::Key(key));
        }
    }

    /// It is gone.
    pub(super) fn gone(&self, leg: LegId, why: &str) {
        if let Some(rung) = self.lock().remove(&leg) {
            let _ = rung.tell.send(Leg::Gone(why.to_owned()));
        }
    }
}
