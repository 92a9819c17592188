//! The line to one console: frames that wait, and the socket they go to. Shared by the console's own task and by the
//! [`super::crier`], who writes into it what was committed.

use super::wire::Writes;
use crate::bus::{Group, Published};
use crate::domain::caller::Caller;
use bytes::Bytes;
use dialdeck_protocol::{Event, EventBody, OrganizationId, Scope};
use std::cell::LazyCell;
use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;
use tokio::sync::Notify;

/// Frames that may wait for a console. Events are frames that all share, so that a stalled console costs next to nothing.
const WAITING: usize = 64;

/// Why a line is no more.
pub(super) type Broken = &'static str;

/// What a console may see, and wants to.
#[derive(Debug, Clone)]
pub(super) struct View {
    /// Behind which wall, and which campaigns.
    pub caller: Caller,
    /// What it asked for.
    pub scope: Scope,
}

impl View {
    /// Whether it is of all that its organization may be told.
    fn is_open(&self) -> bool {
        self.caller.campaigns.is_none() && self.scope == Scope::default()
    }

    /// Whether an event is for this console: behind its wall, among its campaigns, and asked for.
    pub(super) fn wants(&self, event: &Event) -> bool {
        let caller = &self.caller;
        let ours = event.organization_id == caller.organization_id || event.organization_id.0.is_empty();
        ours && event.campaign_id.is_none_or(|c| caller.covers(c))
            && event.is_for(caller.user_id)
            // Dialpad is the whole organization's, as floors are.
            && (caller.campaigns.is_none() || !matches!(event.body, EventBody::DialpadUpdate { .. }))
            && self.scope.covers(event)
    }

    /// What of a group is for it after the event `sent`, as a frame; empty where nothing is.
    fn frame(&self, group: &Group, sent: i64) -> Bytes {
        if sent < group.first() && self.is_open() && group.is_all_of(&self.caller.organization_id) {
            return whole(group);
        }
        let wanted = group.events().iter().filter(|p| p.event.seq > sent && self.wants(&p.event));
        let wanted: Vec<&str> = wanted.map(Published::json).collect();
        if wanted.is_empty() { Bytes::new() } else { super::events(wanted.into_iter()) }
    }
}

/// All of a group, as a frame.
pub(super) fn whole(group: &Group) -> Bytes {
    group.frame(|| super::events(group.events().iter().map(Published::json)))
}

struct State {
    write: Writes,
    view: View,
    /// What waits, first to last; of the first so many bytes are gone already.
    waiting: VecDeque<Bytes>,
    gone: usize,
    /// Whether some of what was written may not have left us yet.
    lingers: bool,
    /// The last event that was sent, put among the waiting, or passed over.
    sent: i64,
    /// Whether it is behind and reads the store: then the crier passes it over.
    behind: bool,
    broken: bool,
}

/// A console's line.
pub(super) struct Line {
    state: Mutex<State>,
    /// Something waits that the socket did not take at once, or the line is behind.
    more: Notify,
    /// How long it may take nothing.
    stalled: Duration,
}

impl State {
    /// Writes what waits. Ready once all is gone; `progress` says whether any of it is.
    fn poll_flush(&mut self, cx: &mut Context<'_>, progress: &mut bool) -> Poll<io::Result<()>> {
        while let Some(front) = self.waiting.front() {
            let rest = front.get(self.gone..).unwrap_or_default();
            let written = ready!(self.write.poll_write(cx, rest))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            *progress = true;
            self.lingers = true;
            self.gone += written;
            if self.gone >= front.len() {
                self.waiting.pop_front();
                self.gone = 0;
            }
        }
        if self.lingers {
            ready!(self.write.poll_flush(cx))?;
            self.lingers = false;
        }
        Poll::Ready(Ok(()))
    }
}

impl Line {
    pub(super) fn new(write: Writes, view: View, stalled: Duration) -> Self {
        let state = State {
            write,
            view,
            waiting: VecDeque::new(),
            gone: 0,
            lingers: false,
            sent: 0,
            behind: true,
            broken: false,
        };
        Self { state: Mutex::new(state), more: Notify::new(), stalled }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What it may see.
    pub(super) fn view(&self) -> View {
        self.lock().view.clone()
    }

    /// Behind whose wall it is.
    pub(super) fn organization(&self) -> OrganizationId {
        self.lock().view.caller.organization_id.clone()
    }

    /// Its session was looked at again, and is of the same organization.
    pub(super) fn set_caller(&self, caller: Caller) {
        self.lock().view.caller = caller;
    }

    /// Its scope is known.
    pub(super) fn set_scope(&self, scope: Scope) {
        self.lock().view.scope = scope;
    }

    /// The last event that it has.
    pub(super) fn sent(&self) -> i64 {
        self.lock().sent
    }

    /// It has everything up to an event.
    pub(super) fn set_sent(&self, seq: i64) {
        self.lock().sent = seq;
    }

    /// Waits until the crier left something to do.
    pub(super) async fn more(&self) {
        self.more.notified().await;
    }

    /// Whether it must read the store before it hears the crier again.
    pub(super) fn is_behind(&self) -> bool {
        self.lock().behind
    }

    /// From now on it hears the crier, where it has everything that the crier has told; else what it lacks.
    pub(super) fn follow(&self, told: i64) -> bool {
        let mut state = self.lock();
        state.behind = state.sent < told;
        !state.behind
    }

    /// The crier lost events.
    pub(super) fn fall_behind(&self) {
        self.lock().behind = true;
        self.more.notify_one();
    }

    /// Tells it some groups. `all` is the frame for those who see all of it, where there may be such. Never waits: what the
    /// socket does not take at once the console's own task writes.
    pub(super) fn tell<F: FnOnce() -> Option<Bytes>>(
        &self,
        groups: &[Arc<Group>],
        all: &LazyCell<Option<Bytes>, F>,
    ) {
        let (Some(first), Some(last)) = (groups.first(), groups.last()) else { return };
        let mut state = self.lock();
        if state.behind || state.broken {
            return;
        }
        if state.waiting.len() + groups.len() > WAITING {
            // It takes nothing: what it misses it reads from the store, once it does.
            state.behind = true;
            return self.more.notify_one();
        }
        let idle = state.waiting.is_empty() && !state.lingers;
        let whole = state.sent < first.first() && state.view.is_open();
        let all = whole.then(|| LazyCell::force(all).as_ref()).flatten();
        if let Some(all) = all.filter(|_| idle) {
            let taken = state.write.at_once(all).unwrap_or_default();
            if taken == all.len() {
                state.sent = state.sent.max(last.last());
                return;
            }
            state.gone = taken;
        }
        if let Some(all) = all {
            state.waiting.push_back(all.clone());
        } else {
            for group in groups {
                let frame = state.view.frame(group, state.sent);
                if !frame.is_empty() {
                    state.waiting.push_back(frame);
                }
            }
        }
        state.sent = state.sent.max(last.last());
        // Where something waits already, the console's task waits for the socket: its place there is not taken.
        if idle {
            let written = state.poll_flush(&mut Context::from_waker(Waker::noop()), &mut false);
            state.broken = matches!(written, Poll::Ready(Err(_)));
            if state.broken || written.is_pending() {
                self.more.notify_one();
            }
        }
    }

    /// Writes what waits, to the end.
    ///
    /// # Errors
    /// When the connection broke, or takes nothing for too long.
    pub(super) async fn flush(&self) -> Result<(), Broken> {
        loop {
            let some = std::future::poll_fn(|cx| {
                let (mut state, mut progress) = (self.lock(), false);
                if state.broken {
                    return Poll::Ready(Err("the connection broke"));
                }
                match state.poll_flush(cx, &mut progress) {
                    Poll::Ready(Ok(())) => Poll::Ready(Ok(true)),
                    Poll::Ready(Err(_)) => {
                        state.broken = true;
                        Poll::Ready(Err("the connection broke"))
                    }
                    Poll::Pending if progress => Poll::Ready(Ok(false)),
                    Poll::Pending => Poll::Pending,
                }
            });
            // Nearly always the kernel takes it at once: only what it does not take needs a clock.
            let mut some = std::pin::pin!(some);
            let done = match futures_util::poll!(&mut some) {
                Poll::Ready(done) => done?,
                Poll::Pending => {
                    tokio::time::timeout(self.stalled, some).await.map_err(|_| "it takes nothing")??
                }
            };
            if done {
                return Ok(());
            }
        }
    }

    /// Writes a frame after what waits already.
    ///
    /// # Errors
    /// As [`Self::flush`].
    pub(super) async fn push(&self, frame: Bytes) -> Result<(), Broken> {
        self.lock().waiting.push_back(frame);
        self.flush().await
    }

    /// Ends the connection.
    pub(super) async fn end(&self) {
        if self.push(super::wire::close()).await.is_ok() {
            let shut = std::future::poll_fn(|cx| self.lock().write.poll_shutdown(cx));
            let _ = tokio::time::timeout(self.stalled, shut).await;
        }
    }
}

#[cfg(test)]
mod tests;
