//! Group commit: deeds that arrive together are committed together, and only then is anyone told.

use super::{Change, Refusal, Store};
use crate::bus::Bus;
use crate::telemetry::metrics;
use dialdeck_protocol::{Event, Problem};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};

/// Most deeds in one transaction.
const GROUP: usize = 256;
/// Least time between the beginnings of two commits where many deeds come, unless they fill a group.
const CROWDED: Duration = Duration::from_millis(8);
/// Deeds a second that are many, and over how many seconds they are counted.
const CROWD: f64 = 750.0;
const COUNTED: f64 = 0.25;
/// Deeds a second from which one waits for the next, so that both go out in one write, and for how long at most.
const LIVELY: f64 = 300.0;
const COMPANY: Duration = Duration::from_millis(3);
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
            let mut begun: Option<Instant> = None;
            // Deeds that came lately, the older the less.
            let mut lately = 0.0_f64;
            while waiting.recv_many(&mut group, GROUP).await > 0 {
                // A few are committed at once, so that consoles see them at once; of many, each commit and each write to
                // each console carries what came within a few milliseconds. In between two go together: what a write
                // costs, a console's bytes hardly add to.
                let now = Instant::now();
                let (until, enough) = if lately >= CROWD * COUNTED {
                    (begun.map_or(now, |at| at + CROWDED), GROUP)
                } else if lately >= LIVELY * COUNTED {
                    (now + COMPANY, 2)
                } else {
                    (now, 1)
                };
                while group.len() < enough {
                    let room = GROUP - group.len();
                    let more =
                        tokio::time::timeout_at(until.into(), waiting.recv_many(&mut group, room)).await;
                    if !more.is_ok_and(|count| count > 0) {
                        break;
                    }
                }
                let now = Instant::now();
                let since = begun.map_or(f64::INFINITY, |at| (now - at).as_secs_f64());
                lately = lately * (-since / COUNTED).exp()
                    + f64::from(u16::try_from(group.len()).unwrap_or(u16::MAX));
                begun = Some(now);
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
