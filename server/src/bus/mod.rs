//! Tells everyone in this process what was committed. Between servers the same events will travel by NATS.

use crate::telemetry::metrics;
use bytes::Bytes;
use chrono::Utc;
use dialdeck_protocol::{Event, OrganizationId};
use std::sync::{Arc, OnceLock};
use tokio::sync::{Notify, broadcast};

/// Groups of events that a slow listener may lag behind before it has to read them from the store.
const BACKLOG: usize = 256;

/// An event with its JSON, encoded once for all consoles.
#[derive(Debug)]
pub struct Published {
    /// The event.
    pub event: Event,
    json: OnceLock<String>,
}

impl Published {
    /// Its JSON, made by the first who asks.
    pub fn json(&self) -> &str {
        self.json.get_or_init(|| serde_json::to_string(&self.event).unwrap_or_default())
    }
}

/// Events that were committed together.
#[derive(Debug)]
pub struct Group {
    events: Vec<Published>,
    /// The organization to which all of them may be told, where there is one.
    all_of: Option<OrganizationId>,
    /// All of them as the wire carries them, made by the first who needs it.
    frame: OnceLock<Bytes>,
}

impl Group {
    fn new(events: Vec<Event>) -> Self {
        // Those of no organization are for everybody.
        let mut organizations = events.iter().map(|e| &e.organization_id).filter(|o| !o.0.is_empty());
        let first = organizations.next().cloned();
        let public = events.iter().all(Event::is_for_all);
        let all_of = first.filter(|first| organizations.all(|other| other == first) && public);
        let encoded = events.into_iter().map(|event| Published { event, json: OnceLock::new() }).collect();
        Self { events: encoded, all_of, frame: OnceLock::new() }
    }

    /// The events, in order.
    pub fn events(&self) -> &[Published] {
        &self.events
    }

    /// Number of the first; larger than any where there is none.
    pub fn first(&self) -> i64 {
        self.events.first().map_or(i64::MAX, |p| p.event.seq)
    }

    /// Number of the last.
    pub fn last(&self) -> i64 {
        self.events.last().map_or(0, |p| p.event.seq)
    }

    /// Whether all of them may be told to an organization.
    pub fn is_all_of(&self, organization: &OrganizationId) -> bool {
        self.all_of.as_ref() == Some(organization)
    }

    /// The frame that all who see all of it share; made by the first who asks.
    pub fn frame(&self, make: impl FnOnce() -> Bytes) -> Bytes {
        let made = self.frame.get_or_init(|| {
            if let Some(Published { event, .. }) = self.events.first() {
                metrics::sent((Utc::now() - event.at).to_std().unwrap_or_default());
            }
            make()
        });
        made.clone()
    }
}

/// The bus. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Bus {
    groups: broadcast::Sender<Arc<Group>>,
    /// For who reads the record and only wants to know when.
    news: Arc<Notify>,
}

/// A listener's end.
pub type Listener = broadcast::Receiver<Arc<Group>>;

impl Default for Bus {
    fn default() -> Self {
        Self { groups: broadcast::channel(BACKLOG).0, news: Arc::default() }
    }
}

impl Bus {
    /// Tells everyone. Only what is durable may come here.
    pub fn publish<'a>(&self, events: impl Iterator<Item = &'a Event>) {
        let mut events = events.peekable();
        if events.peek().is_none() {
            return;
        }
        self.news.notify_one();
        if self.groups.receiver_count() == 0 {
            return;
        }
        let events: Vec<Event> = events.cloned().collect();
        let _ = self.groups.send(Arc::new(Group::new(events)));
    }

    /// Waits until something was published since the last time anyone waited here: for one who reads the record itself.
    pub async fn news(&self) {
        self.news.notified().await;
    }

    /// Listens from now on. A listener that lags gets `Lagged` and reads the rest from the store.
    pub fn listen(&self) -> Listener {
        self.groups.subscribe()
    }
}
