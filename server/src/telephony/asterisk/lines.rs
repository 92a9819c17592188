//! The calls under way on Asterisk, and what is known of each so far.

use super::super::{Ended, Progress};
use super::ari::call_of;
use crate::voice::media::Media;
use dialdeck_protocol::CallId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{mpsc, oneshot};

struct Line {
    progress: mpsc::UnboundedSender<Progress>,
    dial_status: String,
    answered: bool,
    /// Whether Asterisk has taken the call.
    placed: bool,
    /// Where the call is to go once its audio has ended, and who waits for it to be there.
    room: Option<oneshot::Sender<()>>,
    /// Whether the AGI session leads it there next.
    leads: bool,
    /// Its channel, where that is not of our naming.
    channel: Option<String>,
}

/// All lines. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Lines(Arc<Mutex<HashMap<CallId, Line>>>);

impl Lines {
    fn lock(&self) -> MutexGuard<'_, HashMap<CallId, Line>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a line before Asterisk hears of the call: events can come before the answer to the request.
    pub(super) fn open(&self, call: &CallId) -> mpsc::UnboundedReceiver<Progress> {
        let (progress, receiver) = mpsc::unbounded_channel();
        self.lock().insert(
            call.clone(),
            Line {
                progress,
                dial_status: String::new(),
                answered: false,
                placed: false,
                room: None,
                leads: false,
                channel: None,
            },
        );
        receiver
    }

    /// Opens a line for a call that came in on a channel of somebody else's naming.
    pub(super) fn adopt(&self, call: &CallId, channel: &str) -> mpsc::UnboundedReceiver<Progress> {
        let receiver = self.open(call);
        if let Some(line) = self.lock().get_mut(call) {
            line.channel = Some(channel.to_owned());
        }
        receiver
    }

    /// The channel of a call that came in.
    pub(super) fn channel(&self, call: &CallId) -> Option<String> {
        self.lock().get(call).and_then(|line| line.channel.clone())
    }

    /// The call of a channel, whoever named it.
    pub(super) fn call_of(&self, channel: &str) -> Option<CallId> {
        call_of(channel).or_else(|| {
            let lines = self.lock();
            lines
                .iter()
                .find(|(_, line)| line.channel.as_deref() == Some(channel))
                .map(|(call, _)| call.clone())
        })
    }

    /// Takes a line back that was never used.
    pub(super) fn forget(&self, call: &CallId) {
        self.lock().remove(call);
    }

    /// Asterisk has taken the call.
    pub(super) fn placed(&self, call: &CallId) {
        if let Some(line) = self.lock().get_mut(call) {
            line.placed = true;
        }
    }

    /// Calls that Asterisk has taken.
    pub(super) fn calls(&self) -> Vec<CallId> {
        self.lock().iter().filter(|(_, line)| line.placed).map(|(call, _)| call.clone()).collect()
    }

    /// Whether the call is one of ours and alive.
    pub(super) fn knows(&self, call: &CallId) -> bool {
        self.lock().contains_key(call)
    }

    /// A dial status was told.
    pub(super) fn dialled(&self, call: &CallId, status: &str) {
        if let Some(line) = self.lock().get_mut(call) {
            if status == "RINGING" && line.dial_status.is_empty() {
                let _ = line.progress.send(Progress::Ringing);
            }
            line.answered |= status == "ANSWER";
            if !status.is_empty() {
                status.clone_into(&mut line.dial_status);
            }
        }
    }

    /// Audio flows.
    pub(super) fn answered(&self, call: &CallId, media: Media) {
        if let Some(line) = self.lock().get_mut(call) {
            line.answered = true;
            let _ = line.progress.send(Progress::Answered(media));
        }
    }

    /// Asks that the call be led into ARI's room once its audio has ended. The receiver tells that it is there; it
    /// breaks when the call ends before.
    pub(super) fn wish_room(&self, call: &CallId) -> Option<oneshot::Receiver<()>> {
        let (there, told) = oneshot::channel();
        let mut lines = self.lock();
        let line = lines.get_mut(call)?;
        line.room = Some(there);
        line.leads = true;
        Some(told)
    }

    /// For the AGI session whose audio has ended: whether to lead the call into ARI's room now.
    pub(super) fn leads(&self, call: &CallId) -> bool {
        self.lock().get_mut(call).is_some_and(|line| std::mem::take(&mut line.leads))
    }

    /// The call is in ARI's room.
    pub(super) fn entered(&self, call: &CallId) {
        let there = self.lock().get_mut(call).and_then(|line| line.room.take());
        if let Some(there) = there {
            let _ = there.send(());
        }
    }

    /// The channel is gone.
    pub(super) fn ended(&self, call: &CallId, cause: u32) {
        if let Some(line) = self.lock().remove(call) {
            let ended = Ended { answered: line.answered, dial_status: line.dial_status, cause };
            let _ = line.progress.send(Progress::Ended(ended));
        }
    }
}
