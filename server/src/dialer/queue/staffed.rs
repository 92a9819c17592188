//! A campaign whose calls agents take: how many lines, for whom, and why not more.

use super::{Driver, LOOK, Next, Placed, Reserve};
use crate::dialer::agents::Staff;
use crate::dialer::pace::Facts;
use crate::dialer::pacing::{Bounds, Floor};
use crate::dialer::taker::taker;
use crate::storage::{QueueRow, StoreResult};
use chrono::{Duration, Utc};
use dialdeck_protocol::{ContactId, DialMode, People, QueueState, Taker};
use std::collections::VecDeque;
use std::time::Instant;

/// How often the floor is looked at while somebody works.
const LOOKS: Duration = Duration::milliseconds(250);
/// The same while nobody does.
const IDLE: Duration = Duration::seconds(1);
/// How often the explanation on the screen changes.
const SAID: std::time::Duration = std::time::Duration::from_secs(2);
/// Contacts that are looked at where some are for agents and some are not.
const LOOK_BLENDED: i64 = 256;

/// When calls were placed of late.
#[derive(Default)]
pub(super) struct Starts {
    lately: VecDeque<Instant>,
    /// The last one for an AI caller.
    ai: Option<Instant>,
    /// When something was last said.
    said: Option<Instant>,
}

impl Starts {
    /// How many may still be placed within this second.
    fn room(&mut self, per_second: u32) -> usize {
        while self.lately.front().is_some_and(|at| at.elapsed() >= std::time::Duration::from_secs(1)) {
            self.lately.pop_front();
        }
        usize::try_from(per_second).unwrap_or(usize::MAX).saturating_sub(self.lately.len())
    }
}

/// What may be placed now.
#[derive(Debug, Clone, Default, PartialEq)]
struct Room {
    /// Lines whose agent is whoever is free when somebody answers.
    lines: usize,
    /// Lines for which an agent is taken before.
    reserved: usize,
    /// Calls for AI callers.
    ai: usize,
    /// All of them together.
    total: usize,
    /// Why it is so.
    why: String,
}

impl Driver {
    /// Places what may be placed now.
    pub(super) async fn staffed(&mut self, row: &QueueRow, facts: &Facts) -> StoreResult<Next> {
        let settings = self.campaign.call_settings.clone();
        let people = settings.people.clone().unwrap_or_default();
        let (dialer, organization) = (self.dialer.clone(), self.campaign.organization_id.clone());
        dialer.0.pacers.open(dialer.0.tools.store.as_ref(), self.campaign.id, &people, Utc::now()).await?;
        let _staffing = dialer.0.staffing.lock().await;
        let staff = dialer.0.agents.staff(&organization, self.campaign.id, Utc::now());
        let blended = settings.routing.iter().any(|rule| rule.to == Taker::Ai);
        let mut room = self.room(&people, &staff, facts, blended);
        if people.mode == DialMode::Preview {
            self.dial_overdue(&people).await;
        }
        let offers =
            people.mode == DialMode::Preview && dialer.0.agents.anyone(&organization, self.campaign.id);
        let idle = room.lines + room.reserved + room.ai == 0 && !offers;
        if !idle {
            let Some(from) = self.from(row).await? else { return Ok(Next::Never) };
            // What is offered stays in its place until it is dialled: behind it there are others.
            let offered = i64::try_from(dialer.0.agents.offered()).unwrap_or(0);
            let look = if blended { LOOK_BLENDED } else { LOOK + offered };
            for contact in self.candidates(look).await? {
                if self.stop.is_cancelled() {
                    return Ok(Next::Never);
                }
                let who = taker(&settings, &contact);
                let wanted = match who {
                    Taker::Ai => room.ai > 0,
                    Taker::Person => room.lines + room.reserved > 0 || offers,
                };
                if !wanted || room.total == 0 {
                    continue;
                }
                let Some(decision) = self.judged(&contact, who).await? else { continue };
                if who == Taker::Person && people.mode == DialMode::Preview {
                    dialer.0.agents.offer(&organization, self.campaign.id, contact.id);
                    continue;
                }
                let reserve = match (who, people.mode) {
                    // Whose phone stays open is counted on for whoever answers one of the lines.
                    (Taker::Person, DialMode::Predictive) if room.reserved > 0 => Reserve::PerCall,
                    (Taker::Person, _) if room.reserved > 0 => Reserve::Anybody,
                    _ => Reserve::Nobody,
                };
                match self.begin(contact, &from, decision, who, reserve).await? {
                    Placed::Yes => {
                        self.starts.lately.push_back(Instant::now());
                        room.total -= 1;
                        match (who, reserve) {
                            (Taker::Ai, _) => {
                                room.ai -= 1;
                                self.starts.ai = Some(Instant::now());
                            }
                            (Taker::Person, Reserve::Nobody) => room.lines -= 1,
                            (Taker::Person, _) => room.reserved -= 1,
                        }
                    }
                    Placed::No => {}
                    Placed::NoAgent => room.reserved = 0,
                    Placed::NoLine => room.total = 0,
                }
            }
        }
        self.explain(&room.why).await?;
        let nobody = staff.ready + staff.busy.len() + staff.per_call + staff.others == 0;
        Ok(Next::At(Utc::now() + if nobody && !blended { IDLE } else { LOOKS }))
    }

    fn room(&mut self, people: &People, staff: &Staff, facts: &Facts, blended: bool) -> Room {
        let dialer = &self.dialer;
        let organization = &self.campaign.organization_id;
        let free = facts.max_concurrent.saturating_sub(facts.in_flight);
        let free = free.min(facts.max_here.saturating_sub(facts.in_flight_here));
        let total =
            usize::try_from(free).unwrap_or(usize::MAX).min(self.starts.room(people.calls_per_second));
        let reviewed = facts
            .review_after
            .map_or(usize::MAX, |most| usize::try_from(most.saturating_sub(facts.started)).unwrap_or(0));
        let total = total.min(reviewed);
        let mut room = Room { total, ..Room::default() };
        let working = staff.ready + staff.busy.len() + staff.per_call + staff.others;
        match people.mode {
            _ if working == 0 && staff.paused == 0 => {
                room.why = "no agent is logged in for this campaign".into();
            }
            _ if working == 0 => {
                let all = if staff.paused == 1 {
                    "the only agent is".into()
                } else {
                    format!("all {} agents are", staff.paused)
                };
                room.why = format!("{all} paused");
            }
            DialMode::Preview => {
                room.why = format!("{working} agents; each dials what is offered");
            }
            DialMode::Progressive => {
                room.reserved = staff.ready + staff.per_call;
                room.why = format!("one line for each agent who waits: {} of {working}", room.reserved);
            }
            DialMode::Predictive => {
                let ringing = dialer.0.live.ringing(organization, staff.shared.as_deref(), self.campaign.id);
                let floor =
                    Floor { ready: staff.ready, busy: &staff.busy, lines: &ringing, waiting: staff.waiting };
                let bounds = Bounds {
                    patience: people.patience_seconds,
                    room: total,
                    maximum_level: people.maximum_level,
                };
                let advice = dialer.0.pacers.advise(self.campaign.id, &floor, &bounds, Utc::now());
                if let Some(advice) = advice {
                    room.lines = advice.lines;
                    room.why = advice.to_string();
                }
                // A phone that is rung for each call cannot be there within the patience of who answers.
                room.reserved = staff.per_call;
            }
        }
        if blended {
            let interval = u64::from(self.campaign.call_settings.call_interval_ms);
            let spaced = self.starts.ai.is_none_or(|at| at.elapsed().as_millis() >= u128::from(interval));
            room.ai = if spaced { room.total.min(if interval == 0 { room.total } else { 1 }) } else { 0 };
        }
        room
    }

    /// Dials what was offered for longer than the campaign allows to look at it.
    async fn dial_overdue(&self, people: &People) {
        if people.preview_seconds == 0 {
            return;
        }
        let before = Utc::now() - Duration::seconds(i64::from(people.preview_seconds));
        let organization = &self.campaign.organization_id;
        for (user, contact) in self.dialer.0.agents.overdue(self.campaign.id, before) {
            if let Err(problem) = self.dialer.dial_for(organization, user, contact).await {
                tracing::info!(%problem, "an offered number was not dialled");
                self.give_back(user, contact).await;
            }
        }
    }

    async fn give_back(&self, user: dialdeck_protocol::UserId, contact: ContactId) {
        let _ = self.dialer.0.agents.skip(&self.campaign.organization_id, user).await;
        if let Err(error) = self.dialer.rest_while_busy(contact).await {
            tracing::warn!(%error, "a contact could not be put back");
        }
    }

    /// Says why it is so; not more often than somebody can read.
    async fn explain(&mut self, why: &str) -> StoreResult<()> {
        if self.starts.said.is_some_and(|at| at.elapsed() < SAID) {
            return Ok(());
        }
        self.starts.said = Some(Instant::now());
        self.say(QueueState::Running, why, None).await
    }
}
