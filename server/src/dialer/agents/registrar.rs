//! Writes agents' places down in the order in which they changed.

use crate::storage::agents::SeatRow;
use crate::storage::{Change, Journal};
use chrono::{DateTime, Utc};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// Most places in one deed.
const DEED: usize = 64;
/// Wait after a failure of the store.
const AGAIN: Duration = Duration::from_secs(1);

type Word = (SeatRow, DateTime<Utc>, oneshot::Sender<()>);

/// The task that writes.
pub(super) struct Registrar(mpsc::UnboundedSender<Word>);

impl Registrar {
    pub(super) fn start(journal: Journal, closing: CancellationToken) -> Self {
        let (words, mut heard) = mpsc::unbounded_channel::<Word>();
        tokio::spawn(async move {
            let mut group = Vec::new();
            while heard.recv_many(&mut group, DEED).await > 0 {
                let (changes, told): (Vec<_>, Vec<_>) = std::mem::take(&mut group)
                    .into_iter()
                    .map(|(seat, at, told)| (Change::Seat { seat: Box::new(seat), at }, told))
                    .unzip();
                while let Err(error) = journal.commit(changes.clone()).await {
                    tracing::error!(%error, "agents' states cannot be written down; trying again");
                    tokio::select! {
                        () = tokio::time::sleep(AGAIN) => {}
                        () = closing.cancelled() => break,
                    }
                }
                for told in told {
                    let _ = told.send(());
                }
            }
        });
        Self(words)
    }

    /// Writes a place down; the receiver tells when it is on disk.
    pub(super) fn write(&self, seat: SeatRow, at: DateTime<Utc>) -> oneshot::Receiver<()> {
        let (told, receiver) = oneshot::channel();
        let _ = self.0.send((seat, at, told));
        receiver
    }
}
