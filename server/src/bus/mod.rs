//! Tells everyone in this process what was committed. Between servers the same events will travel by NATS.

use dialdeck_protocol::Event;
use std::sync::Arc;
use tokio::sync::broadcast;

/// Groups of events that a slow listener may lag behind before it has to read them from the store.
const BACKLOG: usize = 1024;

/// An event with its JSON, encoded once for all consoles.
#[derive(Debug)]
pub struct Published {
    /// The event.
    pub event: Event,
    /// Its JSON.
    pub json: String,
}

/// The bus. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Bus {
    groups: broadcast::Sender<Arc<[Published]>>,
}

/// A listener's end.
pub type Listener = broadcast::Receiver<Arc<[Published]>>;

impl Default for Bus {
    fn default() -> Self {
        Self { groups: broadcast::channel(BACKLOG).0 }
    }
}

impl Bus {
    /// Tells everyone. Only what is durable may come here.
    pub fn publish(&self, events: Vec<Event>) {
        if events.is_empty() || self.groups.receiver_count() == 0 {
            return;
        }
        let group: Arc<[Published]> = events
            .into_iter()
            .map(|event| Published { json: serde_json::to_string(&event).unwrap_or_default(), event })
            .collect();
        let _ = self.groups.send(group);
    }

    /// Listens from now on. A listener that lags gets `Lagged` and reads the rest from the store.
    pub fn listen(&self) -> Listener {
        self.groups.subscribe()
    }
}
