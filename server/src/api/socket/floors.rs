//! Floors of VICIdials for one console: whole at first, then what changed; whole again where it missed something.

use crate::connectors::vicidial::Vicidials;
use crate::connectors::vicidial::floor::Picture;
use futures_util::future::{pending, select_all};
use std::sync::Arc;
use tokio::sync::watch::Receiver;

/// The floors that a console looks at; while it lives, they are read.
#[derive(Default)]
pub(super) struct Floors(Vec<Seen>);

struct Seen {
    receiver: Receiver<Arc<Picture>>,
    /// The picture that was sent last; 0: none.
    serial: u64,
}

impl Floors {
    /// All floors, from the beginning.
    pub(super) fn of(vicidials: &Vicidials) -> Self {
        let seen = vicidials.look().into_iter().map(|mut receiver| {
            receiver.mark_changed();
            Seen { receiver, serial: 0 }
        });
        Self(seen.collect())
    }

    /// The next message, once there is one.
    pub(super) async fn next(&mut self) -> String {
        loop {
            if self.0.is_empty() {
                return pending().await;
            }
            let changed = self.0.iter_mut().map(|seen| Box::pin(seen.receiver.changed()));
            let (result, at, _) = select_all(changed).await;
            if result.is_err() {
                // The server stops.
                self.0.remove(at);
                continue;
            }
            let seen = &mut self.0[at];
            let picture = seen.receiver.borrow_and_update().clone();
            if picture.serial == 0 || picture.serial == seen.serial {
                continue;
            }
            let follows = seen.serial + 1 == picture.serial && seen.serial > 0;
            seen.serial = picture.serial;
            return if follows { picture.change.clone() } else { picture.whole.clone() };
        }
    }
}
