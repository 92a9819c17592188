//! Floors of VICIdials for one console: whole at first, then what changed; whole again where it missed something.

use crate::connectors::vicidial::Vicidials;
use crate::connectors::vicidial::floor::Picture;
use dialdeck_protocol::OrganizationId;
use futures_util::future::{pending, select_all};
use std::sync::Arc;
use tokio::sync::watch::Receiver;

/// The floors that a console looks at; while it lives, they are read.
#[derive(Default)]
pub(super) struct Floors {
    seen: Vec<Seen>,
    /// Whose they are, and when there are others.
    whose: Option<(Vicidials, OrganizationId, Receiver<u64>)>,
}

struct Seen {
    receiver: Receiver<Arc<Picture>>,
    /// The picture that was sent last; 0: none.
    serial: u64,
}

fn from_the_beginning(vicidials: &Vicidials, organization: &OrganizationId) -> Vec<Seen> {
    let seen = vicidials.of(organization).look().into_iter().map(|mut receiver| {
        receiver.mark_changed();
        Seen { receiver, serial: 0 }
    });
    seen.collect()
}

impl Floors {
    /// All floors of an organization, from the beginning; also those that are set up later.
    pub(super) fn of(vicidials: &Vicidials, organization: &OrganizationId) -> Self {
        let changed = vicidials.changed();
        let seen = from_the_beginning(vicidials, organization);
        Self { seen, whose: Some((vicidials.clone(), organization.clone(), changed)) }
    }

    /// The next message, once there is one.
    pub(super) async fn next(&mut self) -> String {
        loop {
            let Some((vicidials, organization, others)) = &mut self.whose else { return pending().await };
            let pictures = async {
                if self.seen.is_empty() {
                    return pending().await;
                }
                let changed = self.seen.iter_mut().map(|seen| Box::pin(seen.receiver.changed()));
                let (result, at, _) = select_all(changed).await;
                (result, at)
            };
            let (result, at) = tokio::select! {
                changed = pictures => changed,
                result = others.changed() => {
                    if result.is_err() {
                        // The server stops.
                        self.whose = None;
                        continue;
                    }
                    self.seen = from_the_beginning(vicidials, organization);
                    continue;
                }
            };
            if result.is_err() {
                // It is gone.
                self.seen.remove(at);
                continue;
            }
            let seen = &mut self.seen[at];
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
