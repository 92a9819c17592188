//! Dialpad's calls as they are stored: legs, the calls they make, what agents did each day, and how far all was read.

use super::StoreResult;
use crate::domain::dialpad::Zones;
use crate::domain::dialpad::agent::Agent;
use crate::domain::dialpad::leg::Facts;
use crate::domain::dialpad::window::Mark;
use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use dialdeck_protocol::OrganizationId;
use dialdeck_protocol::dialpad::{Cards, DialpadCall, Direction, Fate, Hour};

/// All agents together, among agents' ids.
pub const EVERYBODY: i64 = 0;

/// What an agent did on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayRow {
    /// The day, in the department's zone.
    pub day: NaiveDate,
    /// The agent; [`EVERYBODY`]: the department's calls, each once.
    pub agent_id: i64,
    /// Counts.
    pub cards: Cards,
}

/// Which calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallQuery {
    /// The first day.
    pub from: NaiveDate,
    /// The last.
    pub to: NaiveDate,
    /// Only this department's.
    pub department: Option<i64>,
    /// Only those that this agent had a part in.
    pub agent: Option<i64>,
    /// Only this way.
    pub direction: Option<Direction>,
    /// Only these.
    pub fate: Option<Fate>,
    /// Only those in which this stands.
    pub search: String,
    /// At most so many.
    pub limit: i64,
    /// After this place.
    pub after: Option<String>,
}

/// Dialpad's part of the record: what its connector alone writes.
#[async_trait]
pub trait DialpadRecord {
    /// How far each department was read, by its id.
    async fn dialpad_marks(&self, organization: &OrganizationId) -> StoreResult<Vec<(i64, Mark)>>;
    /// How far a department was read.
    async fn dialpad_save_mark(
        &self,
        organization: &OrganizationId,
        department: i64,
        mark: &Mark,
    ) -> StoreResult<()>;
    /// Takes what was told of legs, joins them into calls, and notes how far a department was read: all or nothing. Gives
    /// how many calls are otherwise than before; told again, none are.
    async fn dialpad_take(
        &self,
        organization: &OrganizationId,
        legs: &[(i64, Facts)],
        zones: &Zones,
        mark: Option<(i64, &Mark)>,
    ) -> StoreResult<usize>;
    /// Counts anew the days whose calls changed since they were counted. Gives how many days.
    async fn dialpad_recount(&self, organization: &OrganizationId) -> StoreResult<usize>;
    /// Puts a department's calls onto the days of another zone.
    async fn dialpad_move_days(
        &self,
        organization: &OrganizationId,
        department: i64,
        zones: &Zones,
    ) -> StoreResult<()>;
    /// A department's agents, as Dialpad tells them now.
    async fn dialpad_agents_seen(
        &self,
        organization: &OrganizationId,
        department: i64,
        agents: &[Agent],
    ) -> StoreResult<bool>;
    /// All agents that were told.
    async fn dialpad_agents(&self, organization: &OrganizationId) -> StoreResult<Vec<Agent>>;
    /// Names of agents by their calls; for those whom no department has told.
    async fn dialpad_names(
        &self,
        organization: &OrganizationId,
        ids: &[i64],
    ) -> StoreResult<Vec<(i64, String)>>;
    /// What was done on each of these days, by agents and by all.
    async fn dialpad_days(
        &self,
        organization: &OrganizationId,
        from: NaiveDate,
        to: NaiveDate,
        department: Option<i64>,
    ) -> StoreResult<Vec<DayRow>>;
    /// Calls of these days by weekday and hour.
    async fn dialpad_hours(
        &self,
        organization: &OrganizationId,
        from: NaiveDate,
        to: NaiveDate,
        department: Option<i64>,
    ) -> StoreResult<Vec<Hour>>;
    /// Calls, newest first, and the cursor of the next page.
    async fn dialpad_calls(
        &self,
        organization: &OrganizationId,
        query: &CallQuery,
    ) -> StoreResult<(Vec<DialpadCall>, Option<String>)>;
    /// Agents who talk at this moment.
    async fn dialpad_talking(&self, organization: &OrganizationId) -> StoreResult<Vec<i64>>;
    /// One call, by its id or a leg's.
    async fn dialpad_call(
        &self,
        organization: &OrganizationId,
        id: i64,
    ) -> StoreResult<Option<(DialpadCall, Vec<(i64, Facts)>)>>;
    /// A call's transcript, if it was fetched.
    async fn dialpad_transcript(
        &self,
        organization: &OrganizationId,
        call: i64,
    ) -> StoreResult<Option<Vec<String>>>;
    /// Keeps a call's transcript.
    async fn dialpad_save_transcript(
        &self,
        organization: &OrganizationId,
        call: i64,
        lines: &[String],
    ) -> StoreResult<()>;
    /// Dialpad is about to be asked to call a number: the law counts it.
    async fn dialpad_attempt(
        &self,
        organization: &OrganizationId,
        number: &str,
        at: DateTime<Utc>,
    ) -> StoreResult<()>;
    /// It was refused: there was no call.
    async fn dialpad_no_attempt(
        &self,
        organization: &OrganizationId,
        number: &str,
        at: DateTime<Utc>,
    ) -> StoreResult<()>;
    /// Calls that are not over although they began before a moment (milliseconds of Unix time): nothing more is heard of them.
    async fn dialpad_give_up(
        &self,
        organization: &OrganizationId,
        before: i64,
        zones: &Zones,
    ) -> StoreResult<usize>;
    /// Whether a report was made.
    async fn dialpad_is_reported(&self, organization: &OrganizationId, name: &str) -> StoreResult<bool>;
    /// A report is made from now on; false where somebody else makes it, or made it.
    async fn dialpad_claim_report(
        &self,
        organization: &OrganizationId,
        name: &str,
        at: DateTime<Utc>,
    ) -> StoreResult<bool>;
    /// It could not be made.
    async fn dialpad_release_report(&self, organization: &OrganizationId, name: &str) -> StoreResult<()>;
}
