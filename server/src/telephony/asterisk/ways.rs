//! How sound is carried on this Asterisk now, and which channels carry it over a WebSocket.

use super::transport::{Transport, Wish};
use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

type Names = Arc<Mutex<HashSet<String>>>;

fn lock(names: &Names) -> MutexGuard<'_, HashSet<String>> {
    names.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is wished and what was chosen; cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Ways {
    /// What the operator set.
    pub wish: Wish,
    chosen: watch::Sender<Transport>,
    names: Names,
}

/// A channel that carries sound, in use for as long as this lives: what is not in use was left by an earlier run.
pub(super) struct InUse {
    name: String,
    names: Names,
}

impl InUse {
    /// The channel's name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        lock(&self.names).remove(&self.name);
    }
}

impl Ways {
    pub(super) fn new(wish: Wish) -> Self {
        Self { wish, chosen: watch::Sender::new(Transport::AudioSocket), names: Names::default() }
    }

    /// What is used from now on.
    pub(super) fn choose(&self, way: Transport) {
        self.chosen.send_replace(way);
    }

    /// What is used now.
    pub(super) fn now(&self) -> Transport {
        *self.chosen.borrow()
    }

    /// Notes that a channel of this name is in use.
    pub(super) fn note(&self, name: String) -> InUse {
        lock(&self.names).insert(name.clone());
        InUse { name, names: self.names.clone() }
    }

    /// Whether one of this name is.
    pub(super) fn uses(&self, name: &str) -> bool {
        lock(&self.names).contains(name)
    }
}

#[cfg(test)]
mod tests {
    use super::{Transport, Ways, Wish};

    #[test]
    fn a_channel_is_in_use_until_it_is_let_go() {
        let ways = Ways::new(Wish::default());
        let one = ways.note("one".into());
        assert!(ways.clone().uses(one.name()) && !ways.uses("two"));
        drop(one);
        assert!(!ways.uses("one"));
        ways.clone().choose(Transport::Files);
        assert_eq!(ways.now(), Transport::Files);
    }
}
