//! Tells all consoles what was committed: one task for all of them, which writes into each socket what the kernel takes
//! at once. Waking a task for each console and event costs more than the write.

use super::line::{self, Line};
use crate::bus::{Bus, Group};
use bytes::Bytes;
use dialdeck_protocol::OrganizationId;
use std::cell::LazyCell;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio_util::sync::CancellationToken;

/// Groups that are told in one write at most.
const TOGETHER: usize = 32;

#[derive(Default)]
struct Town {
    /// Who is told, by organization: most of one see the same.
    lines: HashMap<OrganizationId, Vec<Arc<Line>>>,
    /// The last event that was told.
    told: i64,
}

/// The frame, or the frames in one, of groups that may be told to an organization as they stand.
fn all(groups: &[Arc<Group>], organization: &OrganizationId) -> Option<Bytes> {
    let mut frames = groups.iter().map(|group| group.is_all_of(organization).then(|| line::whole(group)));
    if groups.len() == 1 {
        return frames.next()?;
    }
    Some(frames.collect::<Option<Vec<Bytes>>>()?.concat().into())
}

/// The crier. Cheap to clone.
#[derive(Clone, Default)]
pub struct Crier(Arc<Mutex<Town>>);

impl Crier {
    /// How many consoles are told.
    pub fn count(&self) -> usize {
        self.lock().lines.values().map(Vec::len).sum()
    }

    /// Starts to tell what the bus has.
    pub fn start(bus: &Bus, closing: CancellationToken) -> Self {
        let (crier, mut heard) = (Self::default(), bus.listen());
        let own = crier.clone();
        let telling = async move {
            let mut behind = false;
            loop {
                let next = tokio::select! {
                    biased;
                    next = heard.recv() => next,
                    () = closing.cancelled() => return,
                };
                match next {
                    Ok(group) => {
                        let mut groups = vec![group];
                        while groups.len() < TOGETHER {
                            match heard.try_recv() {
                                Ok(next) => groups.push(next),
                                Err(TryRecvError::Lagged(_)) => behind = true,
                                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
                            }
                        }
                        if std::mem::take(&mut behind) {
                            own.skip(&groups);
                        } else {
                            own.tell(&groups);
                        }
                        // Consoles' own tasks get their turn between two tellings.
                        tokio::task::yield_now().await;
                    }
                    Err(RecvError::Lagged(_)) => behind = true,
                    Err(RecvError::Closed) => return,
                }
            }
        };
        // Many sockets are written to without a pause: what keeps one task from starving others would stop us half way.
        tokio::spawn(tokio::task::unconstrained(telling));
        crier
    }

    fn lock(&self) -> MutexGuard<'_, Town> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something before these was missed: everybody reads the store, up to the last of them.
    fn skip(&self, groups: &[Arc<Group>]) {
        let mut town = self.lock();
        town.told = groups.last().map_or(town.told, |group| group.last());
        town.lines.values().flatten().for_each(|line| line.fall_behind());
    }

    /// Tells groups, in order, to all whom they concern.
    pub(super) fn tell(&self, groups: &[Arc<Group>]) {
        let mut town = self.lock();
        town.told = groups.last().map_or(town.told, |group| group.last());
        for (organization, lines) in &town.lines {
            let all = LazyCell::new(|| all(groups, organization));
            for line in lines {
                line.tell(groups, &all);
            }
        }
    }

    /// A line follows from now on, where it has everything that was told; else gives the event up to which it must read
    /// the store.
    pub(super) fn join(&self, line: &Arc<Line>) -> Result<(), i64> {
        let mut town = self.lock();
        if !line.follow(town.told) {
            return Err(town.told);
        }
        let lines = town.lines.entry(line.organization()).or_default();
        if !lines.iter().any(|known| Arc::ptr_eq(known, line)) {
            lines.push(line.clone());
        }
        Ok(())
    }

    /// A line is no more.
    pub(super) fn leave(&self, line: &Arc<Line>) {
        self.lock().lines.retain(|_, lines| {
            lines.retain(|known| !Arc::ptr_eq(known, line));
            !lines.is_empty()
        });
    }
}
