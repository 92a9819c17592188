//! How a call ends in which a person was to be put through: over, let go, let down, or obeyed.

use super::{Serving, Why};
use crate::dialer::Dialer;
use crate::dialer::ai_caller::{announced, scribe};
use crate::dialer::attempt::{Attempt, Result, hang_up, hang_up_quietly, wait_for_end};
use crate::telephony::{Ended, Progress};
use crate::voice::conversation::{Report, Scribe as _};
use crate::voice::media::Media;
use chrono::Utc;
use dialdeck_protocol::Outcome;
use tokio::sync::mpsc::UnboundedReceiver;

/// How soon somebody is called back whom nobody took.
const CALL_BACK_AFTER: chrono::Duration = chrono::Duration::minutes(15);
/// How often a line is hung up that does not go.
const HANG_UPS: u32 = 3;
/// What somebody hears whose agent is gone.
const SORRY: &str = "I am sorry, the line to my colleague was cut. We will call you back. Goodbye.";
/// What somebody hears who asked not to be called again.
const OBEYED: &str = "I have taken you off our list, and we will not call you again. Goodbye.";
/// What somebody hears who was to be put through, and no agent came.
const NOBODY: &str =
    "I am sorry, all my colleagues are talking at the moment. We will call you back. Goodbye.";

/// Where somebody is whom nobody takes.
pub(super) enum There {
    /// With us.
    Listens(Media),
    /// They hung up.
    HungUp,
    /// Lost between us and whoever was to take them, by no doing of theirs.
    Lost,
}

impl Serving<'_> {
    /// The call was somebody's who talked to them: what came of it, they say.
    pub(super) fn done(&self, detail: String) -> Result {
        Result {
            outcome: Outcome::Transferred,
            detail,
            answered: Some(self.answered),
            ended: Utc::now(),
            report: self.report(),
            never_placed: false,
            abandoned: self.counted.get() == Some(&true),
        }
    }

    fn report(&self) -> Option<Report> {
        match &self.why {
            Why::Answered => None,
            Why::HandedOver(report) => Some(Report::clone(report)),
        }
    }

    /// Ended by us while they waited.
    pub(super) async fn let_go(&self, progress: UnboundedReceiver<Progress>) -> Result {
        self.in_flight.nobody_takes_over().await;
        let why = "ended by us before an agent was there";
        let mut result = hang_up(self.dialer, self.attempt, progress, why).await;
        if self.talked.get().is_some() {
            return self.done("ended by us while another agent was looked for".into());
        }
        result.answered = Some(self.answered);
        // Whom an AI caller had found willing is called back by a person.
        result.outcome = match self.why {
            Why::Answered => Outcome::Abandoned,
            Why::HandedOver(_) => Outcome::Interested,
        };
        result.report = self.report();
        if let Some(report) = &mut result.report {
            call_back(report);
        }
        result.abandoned = self.count(true);
        result
    }

    /// Nobody takes them, or nobody else after their agent's phone has vanished: the person is told so where they are still there.
    pub(super) async fn let_down(&self, mut progress: UnboundedReceiver<Progress>, there: There) -> Result {
        self.in_flight.nobody_takes_over().await;
        let talked = self.talked.get().is_some();
        let mut report = self.report();
        let mut detail =
            if talked { "the line to the agent was cut" } else { "no agent was free in time" }.to_owned();
        let lost = matches!(there, There::Lost);
        if let There::Listens(mut media) = there {
            let text = match self.why {
                _ if talked => SORRY,
                Why::Answered => self.people.abandon_message.as_str(),
                Why::HandedOver(_) => NOBODY,
            };
            let said =
                announced(self.dialer, self.attempt, &self.script, self.in_flight, &mut media, text).await;
            detail.push_str(match &said {
                Some(said) if said.ended == "done" => "; the message was played",
                Some(_) => "; they hung up during the message",
                None => "; there is no voice to play the message with",
            });
            let promised = said.is_some() && (talked || matches!(self.why, Why::HandedOver(_)));
            report = merged(report, said);
            if let Some(report) = report.as_mut().filter(|_| promised) {
                call_back(report);
            }
        } else if lost {
            detail.push_str("; they were lost on the way");
            if talked || report.is_some() {
                call_back(report.get_or_insert_with(Report::default));
            }
        } else {
            detail.push_str("; they hung up before");
        }
        hang_up_quietly(self.dialer, self.attempt).await;
        wait_for_end(&mut progress).await;
        let refused = report.as_ref().is_some_and(|report| report.do_not_call);
        let outcome = match self.why {
            _ if refused => Outcome::DoNotCall,
            _ if talked => Outcome::Transferred,
            // They talked, and wanted to go on: a person calls them back.
            Why::HandedOver(_) => Outcome::Interested,
            Why::Answered => Outcome::Abandoned,
        };
        let abandoned = if talked { self.counted.get() == Some(&true) } else { self.count(true) };
        Result {
            outcome,
            detail,
            answered: Some(self.answered),
            ended: Utc::now(),
            report,
            never_placed: false,
            abandoned,
        }
    }

    /// The person asked, by key or in words, never to be called again while they waited.
    pub(super) async fn obey(&self, mut progress: UnboundedReceiver<Progress>, mut media: Media) -> Result {
        self.in_flight.nobody_takes_over().await;
        scribe(self.dialer, self.attempt).do_not_call().await;
        let said =
            announced(self.dialer, self.attempt, &self.script, self.in_flight, &mut media, OBEYED).await;
        drop(media);
        hang_up_quietly(self.dialer, self.attempt).await;
        wait_for_end(&mut progress).await;
        let mut report = merged(self.report(), said);
        if let Some(report) = &mut report {
            // Whatever was agreed on before, nobody calls them.
            report.do_not_call = true;
            report.callback_at = None;
        }
        let talked = self.talked.get().is_some();
        let abandoned = if talked { self.counted.get() == Some(&true) } else { self.count(true) };
        Result {
            outcome: Outcome::DoNotCall,
            detail: "asked not to be called again, while waiting".into(),
            answered: Some(self.answered),
            ended: Utc::now(),
            report,
            never_placed: false,
            abandoned,
        }
    }

    /// Into the ledger, once, where the call was for agents; gives whether it stands there as abandoned.
    pub(super) fn count(&self, abandoned: bool) -> bool {
        if matches!(self.why, Why::HandedOver(_)) {
            return false;
        }
        if let Some(before) = self.counted.get() {
            return *before;
        }
        let _ = self.counted.set(abandoned);
        self.dialer.0.pacers.answered(self.attempt.begun.key.campaign_id, abandoned, Utc::now());
        abandoned
    }
}

/// They are called back, unless they refused, at the time that was agreed or soon.
fn call_back(report: &mut Report) {
    if !report.do_not_call {
        report.callback_at.get_or_insert_with(|| Utc::now() + CALL_BACK_AFTER);
    }
}

/// What was said before, and what was said at last.
fn merged(before: Option<Report>, last: Option<Report>) -> Option<Report> {
    match (before, last) {
        (Some(mut before), Some(last)) => {
            before.exchanges.extend(last.exchanges);
            before.talked += last.talked;
            before.listened += last.listened;
            before.dead_air = before.dead_air.max(last.dead_air);
            before.do_not_call |= last.do_not_call;
            Some(before)
        }
        (before, last) => before.or(last),
    }
}

/// Hangs a line up until it is gone; how it ended, where that was told.
pub(super) async fn hung_up_for_good(
    dialer: &Dialer,
    attempt: &Attempt,
    progress: &mut UnboundedReceiver<Progress>,
) -> Option<Ended> {
    for _ in 0..HANG_UPS {
        hang_up_quietly(dialer, attempt).await;
        let ended = wait_for_end(progress).await;
        if ended.is_some() {
            return ended;
        }
    }
    None
}
