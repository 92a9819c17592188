//! Group commit: deeds that arrive together are committed together, and only then is anyone told.

use super::pace::{GROUP, Pace};
use super::{Change, Refusal, Store};
use crate::bus::Bus;
use crate::telemetry::metrics;
use dialdeck_protocol::{Event, Problem};
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::{mpsc, oneshot};

/// Deeds that may wait before callers have to.
const WAITING: usize = 4096;

/// What became of a deed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// Refused; nothing of it was stored.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The store could not do it. It may be tried again.
    #[error("{0}")]
    Store(String),
}

impl From<CommitError> for Problem {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Refused(refusal) => refusal.into(),
            CommitError::Store(message) => Self::new(dialdeck_protocol::Code::Unavailable, message),
        }
    }
}

struct Deed {
    changes: Vec<Change>,
    reply: oneshot::Sender<Result<Vec<Event>, CommitError>>,
}

/// A handle on the journal. Cheap to clone.
#[derive(Clone)]
pub struct Journal {
    deeds: mpsc::Sender<Deed>,
}

impl Journal {
    /// Starts the task that commits to `store` and then tells `bus`.
    pub fn start(store: Arc<dyn Store>, bus: Bus) -> Self {
        let (deeds, mut waiting) = mpsc::channel::<Deed>(WAITING);
        tokio::spawn(async move {
            let mut group = Vec::with_capacity(GROUP);
            let mut pace = Pace::default();
            while waiting.recv_many(&mut group, GROUP).await > 0 {
                let (until, enough) = pace.next(Instant::now());
                while group.len() < enough {
                    let room = GROUP - group.len();
                    let more =
                        tokio::time::timeout_at(until.into(), waiting.recv_many(&mut group, room)).await;
                    if !more.is_ok_and(|count| count > 0) {
                        break;
                    }
                }
                pace.begins(Instant::now(), group.len());
                commit_group(store.as_ref(), &bus, std::mem::take(&mut group)).await;
            }
        });
        Self { deeds }
    }

    /// Commits changes that hold together or not at all, and waits until they are durable.
    ///
    /// # Errors
    /// When they were refused, or the store is not available.
    pub async fn commit(&self, changes: Vec<Change>) -> Result<Vec<Event>, CommitError> {
        let (reply, answer) = oneshot::channel();
        let gone = || CommitError::Store("the journal has stopped".into());
        self.deeds.send(Deed { changes, reply }).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

async fn commit_group(store: &dyn Store, bus: &Bus, group: Vec<Deed>) {
    let (changes, replies): (Vec<_>, Vec<_>) = group.into_iter().map(|d| (d.changes, d.reply)).unzip();
    let begun = Instant::now();
    let committed = store.commit(&changes).await;
    metrics::committed(changes.len(), begun.elapsed(), committed.is_ok());
    match committed {
        Ok(outcomes) => {
            let events = || outcomes.iter().flatten().flatten();
            metrics::happened(events());
            bus.publish(events());
            for (reply, outcome) in replies.into_iter().zip(outcomes) {
                let _ = reply.send(outcome);
            }
        }
        Err(error) => {
            tracing::error!(%error, deeds = changes.len(), "commit failed");
            let message = error.to_string();
            for reply in replies {
                let _ = reply.send(Err(CommitError::Store(message.clone())));
            }
        }
    }
}
