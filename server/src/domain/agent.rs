//! An agent's place on the floor: what they do, and what may follow it. Pure; time is a parameter.

use chrono::{DateTime, Duration, Utc};
use dialdeck_protocol::{
    AgentRow, AgentState, CallId, CampaignId, Code, ContactId, OrganizationId, People, PhoneKind, Problem,
    UserId,
};
use std::collections::BTreeMap;

/// The code of the pause that begins with the log-in.
pub const LOGIN: &str = "LOGIN";
/// The code of the pause after the phone has gone.
pub const PHONE: &str = "PHONE";
/// The code of the pause after the server was started again.
pub const RESTART: &str = "RESTART";
/// How long somebody may sit on a line that the other side has left before it is wrap-up.
const DEAD: Duration = Duration::seconds(10);

/// A pause to come.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pause {
    /// Why; possibly empty.
    pub code: String,
    /// Seconds after which it is too long.
    pub limit_seconds: Option<u32>,
    /// Seconds after which it ends by itself.
    pub seconds: Option<u32>,
}

impl Pause {
    /// For a reason of ours.
    pub fn because(code: &str) -> Self {
        Self { code: code.to_owned(), ..Self::default() }
    }
}

/// What time alone has brought about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Due {
    /// The state changed.
    Changed,
    /// The wrap-up has ended: this disposition is to be set on this call.
    Default(CallId, String),
}

/// An agent who is logged in.
#[derive(Debug, Clone, PartialEq)]
pub struct Seat {
    /// What everybody sees.
    pub row: AgentRow,
    /// Behind which wall.
    pub organization_id: OrganizationId,
    /// The higher, the earlier they get a campaign's calls.
    pub ranks: BTreeMap<CampaignId, i32>,
    /// Grows with each change, so that a late word does not undo a newer one.
    pub version: i64,
    /// What follows the call that is under way, where it is not the next one.
    next_pause: Option<Pause>,
    /// What a wrap-up that ends by itself sets.
    default_disposition: Option<String>,
    /// Seconds of wrap-up; 0: as long as it takes.
    wrap_up_seconds: u32,
    /// When they last became ready: who has waited longest gets the next call.
    pub waits_since: DateTime<Utc>,
}

/// Who logs in.
#[derive(Debug, Clone)]
pub struct LogIn {
    /// Behind which wall.
    pub organization_id: OrganizationId,
    /// Who.
    pub user_id: UserId,
    /// Name.
    pub name: String,
    /// Their phone.
    pub extension: String,
    /// How it is kept.
    pub phone: PhoneKind,
    /// Campaigns; empty: all.
    pub campaigns: Vec<CampaignId>,
    /// Ranks by campaign.
    pub ranks: BTreeMap<CampaignId, i32>,
}

fn conflict(message: &str) -> Problem {
    Problem::new(Code::Conflict, message)
}

impl Seat {
    /// Logs in: paused, as everywhere in the field.
    pub fn new(who: LogIn, now: DateTime<Utc>) -> Self {
        Self {
            row: AgentRow {
                user_id: who.user_id,
                name: who.name,
                extension: who.extension,
                phone: who.phone,
                phone_up: false,
                state: AgentState::Paused,
                since: now,
                campaigns: who.campaigns,
                campaign_id: None,
                call_id: None,
                contact_id: None,
                offered: false,
                pause_code: LOGIN.to_owned(),
                pause_limit_seconds: None,
                pause_ends_at: None,
                wrap_up_ends_at: None,
                disposition_due: false,
                calls: 0,
            },
            organization_id: who.organization_id,
            ranks: who.ranks,
            version: now.timestamp_micros(),
            next_pause: None,
            default_disposition: None,
            wrap_up_seconds: 0,
            waits_since: now,
        }
    }

    /// One that the record knows, after a restart: nothing of its call lives any more.
    pub fn restored(
        organization_id: OrganizationId,
        row: AgentRow,
        version: i64,
        now: DateTime<Utc>,
    ) -> Self {
        let ranks = BTreeMap::new();
        let mut seat = Self {
            row,
            organization_id,
            ranks,
            version,
            next_pause: None,
            default_disposition: None,
            wrap_up_seconds: 0,
            waits_since: now,
        };
        seat.row.phone_up = false;
        if seat.row.disposition_due {
            seat.enter(AgentState::WrapUp, now);
            seat.next_pause = Some(Pause::because(RESTART));
        } else {
            seat.clear_call();
            seat.begin_pause(&Pause::because(RESTART), now);
        }
        seat
    }

    /// Whether they take calls of a campaign.
    pub fn works(&self, campaign: CampaignId) -> bool {
        self.row.campaigns.is_empty() || self.row.campaigns.contains(&campaign)
    }

    /// Whether a person who answers can be put through to them at this moment.
    pub fn is_free(&self) -> bool {
        self.row.state == AgentState::Ready
            && !self.row.offered
            && (self.row.phone_up || self.rings_per_call())
    }

    /// Whether they can be put through to somebody once the call under way is over.
    pub fn comes_back(&self) -> bool {
        !self.rings_per_call() && self.row.phone_up && self.next_pause.is_none()
    }

    /// Leaves a call without saying what came of it.
    pub fn give_up(&mut self, now: DateTime<Utc>) {
        self.next_pause.get_or_insert_with(Pause::default);
        self.go_on(now);
    }

    /// Whether their phone is rung for each call.
    pub fn rings_per_call(&self) -> bool {
        self.row.phone == PhoneKind::PerCall
    }

    fn enter(&mut self, state: AgentState, now: DateTime<Utc>) {
        if self.row.state != state {
            self.row.since = now;
        }
        self.row.state = state;
        self.row.pause_ends_at = None;
        self.row.pause_limit_seconds = None;
        self.row.wrap_up_ends_at = None;
        if state == AgentState::Ready {
            self.waits_since = now;
        }
        if state != AgentState::Paused {
            self.row.pause_code.clear();
        }
    }

    fn begin_pause(&mut self, pause: &Pause, now: DateTime<Utc>) {
        self.enter(AgentState::Paused, now);
        // Another reason is another pause.
        self.row.since = now;
        self.row.pause_code.clone_from(&pause.code);
        self.row.pause_limit_seconds = pause.limit_seconds;
        self.row.pause_ends_at = pause.seconds.map(|s| now + Duration::seconds(i64::from(s)));
    }

    fn clear_call(&mut self) {
        self.row.call_id = None;
        self.row.campaign_id = None;
        self.row.contact_id = None;
        self.row.offered = false;
        self.row.disposition_due = false;
    }

    /// What comes after a call: the pause that was asked for, or the next call.
    fn go_on(&mut self, now: DateTime<Utc>) {
        self.clear_call();
        match self.next_pause.take() {
            Some(pause) => self.begin_pause(&pause, now),
            None => self.enter(AgentState::Ready, now),
        }
    }

    /// Takes calls from now on, or after the one that is under way.
    ///
    /// # Errors
    /// When a disposition is due, or the phone is not connected.
    pub fn ready(&mut self, now: DateTime<Utc>) -> Result<(), Problem> {
        if self.row.disposition_due && matches!(self.row.state, AgentState::WrapUp | AgentState::Dead) {
            return Err(conflict("the last call waits for its disposition; set it first"));
        }
        if !self.row.phone_up && !self.rings_per_call() {
            return Err(conflict("the phone is not connected yet; pick it up when it rings"));
        }
        self.next_pause = None;
        self.row.pause_code.clear();
        if matches!(self.row.state, AgentState::Paused | AgentState::WrapUp) {
            self.clear_call();
            self.enter(AgentState::Ready, now);
        }
        Ok(())
    }

    /// Takes no more calls: at once, or after the one that is under way.
    pub fn pause(&mut self, pause: Pause, now: DateTime<Utc>) {
        if self.row.state.is_busy() {
            self.row.pause_code.clone_from(&pause.code);
            self.next_pause = Some(pause);
        } else {
            self.clear_call();
            self.begin_pause(&pause, now);
        }
    }

    /// Offers a number to call to somebody who waits for one.
    pub fn offer(&mut self, campaign: CampaignId, contact: ContactId, now: DateTime<Utc>) {
        if !self.is_free() {
            return;
        }
        self.row.campaign_id = Some(campaign);
        self.row.contact_id = Some(contact);
        self.row.offered = true;
        // The timer on the screen counts the preview.
        self.row.since = now;
    }

    /// Gives the offered number back.
    pub fn skip(&mut self, now: DateTime<Utc>) {
        if self.row.offered {
            self.clear_call();
            self.row.since = now;
        }
    }

    /// A number is dialled for them alone; from a pause, they return to it afterwards.
    ///
    /// # Errors
    /// When they have a call already.
    pub fn dial(
        &mut self,
        call: CallId,
        campaign: CampaignId,
        contact: ContactId,
        now: DateTime<Utc>,
    ) -> Result<(), Problem> {
        if self.row.state.is_busy() {
            return Err(conflict("a call is under way, or waits for its disposition"));
        }
        if self.row.state == AgentState::Paused {
            self.next_pause = Some(Pause::because(&self.row.pause_code));
        }
        self.take(AgentState::Dialling, call, campaign, contact, now);
        Ok(())
    }

    /// A person who answered is put through to them. False when they are not free any more.
    pub fn queue(
        &mut self,
        call: CallId,
        campaign: CampaignId,
        contact: ContactId,
        now: DateTime<Utc>,
    ) -> bool {
        if !self.is_free() {
            return false;
        }
        self.take(AgentState::Queued, call, campaign, contact, now);
        true
    }

    fn take(
        &mut self,
        state: AgentState,
        call: CallId,
        campaign: CampaignId,
        contact: ContactId,
        now: DateTime<Utc>,
    ) {
        self.row.call_id = Some(call);
        self.row.campaign_id = Some(campaign);
        self.row.contact_id = Some(contact);
        self.row.offered = false;
        self.enter(state, now);
    }

    /// Their phone rings.
    pub fn ringing(&mut self, now: DateTime<Utc>) {
        if matches!(self.row.state, AgentState::Queued | AgentState::Dialling) {
            self.enter(AgentState::Ringing, now);
        }
    }

    /// Their phone was picked up, and the number is dialled next.
    pub fn dialling(&mut self, now: DateTime<Utc>) {
        if self.row.state == AgentState::Ringing {
            self.enter(AgentState::Dialling, now);
        }
    }

    /// Both hear each other.
    pub fn connected(&mut self, people: &People, now: DateTime<Utc>) {
        self.enter(AgentState::InCall, now);
        self.row.calls += 1;
        self.row.disposition_due = true;
        self.default_disposition.clone_from(&people.default_disposition);
        self.wrap_up_seconds = people.wrap_up_seconds;
    }

    /// What was to become a call of theirs came to nothing.
    pub fn released(&mut self, call: &CallId, now: DateTime<Utc>) {
        let coming =
            matches!(self.row.state, AgentState::Queued | AgentState::Ringing | AgentState::Dialling);
        if coming && self.row.call_id.as_ref() == Some(call) {
            self.go_on(now);
        }
    }

    /// The call is over: the agent hung up (`by_agent`), or the person did.
    pub fn over(&mut self, call: &CallId, by_agent: bool, now: DateTime<Utc>) {
        if self.row.state != AgentState::InCall || self.row.call_id.as_ref() != Some(call) {
            return;
        }
        if !self.row.disposition_due {
            self.go_on(now);
        } else if by_agent {
            self.wrap_up(now);
        } else {
            self.enter(AgentState::Dead, now);
        }
        if let Some(pause) = &self.next_pause {
            self.row.pause_code.clone_from(&pause.code);
        }
    }

    fn wrap_up(&mut self, now: DateTime<Utc>) {
        self.enter(AgentState::WrapUp, now);
        if self.wrap_up_seconds > 0 {
            self.row.wrap_up_ends_at = Some(now + Duration::seconds(i64::from(self.wrap_up_seconds)));
        }
    }

    /// What came of the call was said. During the call it is noted, and the next call comes right after this one.
    pub fn disposed(&mut self, call: &CallId, now: DateTime<Utc>) {
        if self.row.call_id.as_ref() != Some(call) {
            return;
        }
        self.row.disposition_due = false;
        if matches!(self.row.state, AgentState::WrapUp | AgentState::Dead) {
            self.go_on(now);
        }
    }

    /// The phone is connected.
    pub fn phone_up(&mut self) {
        self.row.phone_up = true;
    }

    /// The phone has gone. Nobody is put through to it; a call that was under way is for its owner to look after.
    pub fn phone_gone(&mut self, now: DateTime<Utc>) {
        self.row.phone_up = false;
        if self.rings_per_call() {
            return;
        }
        if self.row.state.is_busy() {
            self.next_pause = Some(Pause::because(PHONE));
            PHONE.clone_into(&mut self.row.pause_code);
        } else {
            self.clear_call();
            self.begin_pause(&Pause::because(PHONE), now);
        }
    }

    /// What time alone brings about.
    pub fn tick(&mut self, now: DateTime<Utc>) -> Option<Due> {
        match self.row.state {
            AgentState::Paused if self.row.pause_ends_at.is_some_and(|at| at <= now) => {
                self.row.pause_ends_at = None;
                self.ready(now).ok().map(|()| Due::Changed)
            }
            AgentState::Dead if now - self.row.since >= DEAD => {
                self.wrap_up(now);
                Some(Due::Changed)
            }
            AgentState::WrapUp if self.row.wrap_up_ends_at.is_some_and(|at| at <= now) => {
                // Said once: what cannot be set is not tried again with each tick.
                self.row.wrap_up_ends_at = None;
                let call = self.row.call_id.clone()?;
                self.default_disposition.clone().map(|code| Due::Default(call, code))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
