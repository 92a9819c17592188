//! A person and whoever they were put through to, while they talk.

use super::parting::hung_up_for_good;
use super::{Serving, Why, summary};
use crate::dialer::attempt::Result;
use crate::dialer::target::{Brought, Target};
use crate::storage::Change;
use crate::storage::journal::CommitError;
use crate::telephony::{LegId, Progress};
use crate::voice::media::Media;
use chrono::Utc;
use std::sync::PoisonError;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinHandle;

/// How long the telephony may take to bring a person back from an agent.
const BACK: Duration = Duration::from_secs(5);
/// How often, and after which pauses, it is tried to write down who talks.
const CONNECT_TRIES: u32 = 60;
const AGAIN: Duration = Duration::from_secs(1);

/// How a talk ended.
pub(super) enum Talked {
    Over(Result),
    /// The agent's phone is gone, and the person is there.
    Vanished,
    /// Somebody else has the call from now on.
    TakenOver(Brought),
}

impl Serving<'_> {
    /// Writes down that both hear each other.
    pub(super) fn connect(&self, seat: &mut Target, leg: LegId) {
        let key = &self.attempt.begun.key;
        self.dialer.0.live.connected(&key.call_id, leg);
        let _ = self.talked.set(());
        seat.connected(&self.people);
        let summary = match &self.why {
            Why::Answered => String::new(),
            Why::HandedOver(report) => summary(report),
        };
        let change = Change::Connected {
            key: key.clone(),
            user_id: seat.user_id(),
            agent: seat.name().to_owned(),
            summary,
            at: Utc::now(),
        };
        // Whoever waited for longer than a person may was let down, though somebody came in the end.
        let waited = (Utc::now() - self.answered).as_seconds_f64();
        self.count(waited > self.people.patience_seconds);
        // The call goes on meanwhile; what it is about must not wait for a disk, nor get lost for one.
        let (journal, call) = (self.dialer.0.tools.journal.clone(), key.call_id.clone());
        let before = self.written();
        let task = tokio::spawn(async move {
            // One after the other: the last who talked is the last who is written down.
            if let Some(before) = before {
                let _ = before.await;
            }
            for _ in 0..CONNECT_TRIES {
                match journal.commit(vec![change.clone()]).await {
                    Ok(_) | Err(CommitError::Refused(_)) => return,
                    Err(error) => tracing::error!(%call, %error, "who talks is not written down yet"),
                }
                tokio::time::sleep(AGAIN).await;
            }
        });
        *self.writing.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
    }

    /// Who writes down who talks, where somebody does.
    pub(super) fn written(&self) -> Option<JoinHandle<()>> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Until the call is over, or goes to somebody else.
    pub(super) async fn talk(&self, progress: &mut UnboundedReceiver<Progress>, seat: &Target) -> Talked {
        let (gone, call) = (seat.phone_gone(), &self.attempt.begun.key.call_id);
        // Whoever listens in leaves the phone before its next call.
        let over = |by_them| {
            self.dialer.0.live.taken_back(call);
            seat.over(by_them);
        };
        loop {
            tokio::select! {
                biased;
                next = progress.recv() => match next {
                    Some(Progress::Ended(ended)) => {
                        over(false);
                        return Talked::Over(self.done(format!("the person hung up, {}", ended.detail())));
                    }
                    None => {
                        over(false);
                        return Talked::Over(self.done("the telephony lost the call".into()));
                    }
                    Some(Progress::Ringing | Progress::Answered(_)) => {}
                },
                () = self.in_flight.end.cancelled() => return Talked::Over(self.end(progress, seat, "hung up by us").await),
                () = gone.cancelled() => {
                    if seat.ends_by_phone() {
                        return Talked::Over(self.end(progress, seat, "the other phone hung up").await);
                    }
                    over(true);
                    return Talked::Vanished;
                }
                other = self.in_flight.taken_over() => return Talked::TakenOver(other),
            }
        }
    }

    /// Ends the call. The agent is free once the line is: the next person must not meet this one.
    async fn end(&self, progress: &mut UnboundedReceiver<Progress>, seat: &Target, why: &str) -> Result {
        let ended = hung_up_for_good(self.dialer, self.attempt, progress).await;
        self.dialer.0.live.taken_back(&self.attempt.begun.key.call_id);
        seat.over(true);
        let detail = ended.map_or_else(String::new, |ended| format!(", {}", ended.detail()));
        self.done(format!("{why}{detail}"))
    }

    pub(super) async fn take_back(&self, progress: &mut UnboundedReceiver<Progress>) -> Option<Media> {
        let call = &self.attempt.begun.key.call_id;
        self.dialer.0.live.taken_back(call);
        if let Err(error) = self.dialer.0.tools.telephony.take_back(call).await {
            tracing::warn!(%call, %error, "a person could not be taken back from an agent");
            // Whoever had them is free after this: the next person must not meet this one.
            hung_up_for_good(self.dialer, self.attempt, progress).await;
            return None;
        }
        let back = async {
            loop {
                match progress.recv().await? {
                    Progress::Answered(media) => return Some(media),
                    Progress::Ended(_) => return None,
                    Progress::Ringing => {}
                }
            }
        };
        let back = tokio::time::timeout(BACK, back).await.ok().flatten();
        if back.is_none() {
            hung_up_for_good(self.dialer, self.attempt, progress).await;
        }
        back
    }
}
