//! What is seen of Dialpad: counts, agents, calls, and how far they were read.

use crate::vocabulary::vocabulary;
use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use serde::{Deserialize, Serialize};

vocabulary! {
    /// Which way a call went.
    Direction, "direction" {
        /// Somebody called us.
        Inbound = "inbound",
        /// We called somebody.
        Outbound = "outbound",
    }
}

vocabulary! {
    /// What became of a call.
    Fate, "call status" {
        /// It is not over.
        Live = "live",
        /// Somebody was connected.
        Completed = "completed",
        /// Nobody was.
        Missed = "missed",
    }
}

/// Which calls and days.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema, utoipa::IntoParams))]
#[cfg_attr(feature = "schema", into_params(parameter_in = Query))]
#[serde(default)]
pub struct DialpadFilter {
    /// So many days up to today, in the department's zone; 1 to 366, 7 unless told. Not beside `from`.
    #[cfg_attr(feature = "schema", param(minimum = 1, maximum = 366))]
    pub days: Option<u32>,
    /// The first day.
    pub from: Option<NaiveDate>,
    /// The last day; today unless told.
    pub to: Option<NaiveDate>,
    /// Only this department's: its id.
    pub department: Option<String>,
    /// Only this agent's: their id.
    pub agent: Option<String>,
    /// Only this way.
    #[cfg_attr(feature = "schema", param(inline))]
    pub direction: Option<Direction>,
    /// Only these.
    #[cfg_attr(feature = "schema", param(inline))]
    pub status: Option<Fate>,
    /// Only those in whose number, names or labels this stands.
    pub search: Option<String>,
    /// Calls at most, 1–500; 200 unless told.
    #[cfg_attr(feature = "schema", param(minimum = 1, maximum = 500))]
    pub limit: Option<u32>,
    /// After this place: the cursor that came with the page before.
    pub after: Option<String>,
}

/// Counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "schema", schema(as = DialpadCards))]
pub struct Cards {
    /// Calls that are over.
    pub total: i64,
    /// Of them, those that came in.
    pub inbound: i64,
    /// And those that went out.
    pub outbound: i64,
    /// Of all, those that were connected.
    pub completed: i64,
    /// And those that were not.
    pub missed: i64,
    /// Milliseconds talked.
    pub duration_ms: i64,
}

impl Cards {
    /// Share of calls that were connected, 0–1; 0 where there were none.
    pub fn efficiency(&self) -> f64 {
        share(self.completed, self.total)
    }

    /// Milliseconds of a connected call, on average; 0 where there were none.
    pub const fn average_ms(&self) -> i64 {
        if self.completed > 0 { self.duration_ms / self.completed } else { 0 }
    }

    /// Both together.
    pub const fn add(&mut self, other: &Self) {
        self.total += other.total;
        self.inbound += other.inbound;
        self.outbound += other.outbound;
        self.completed += other.completed;
        self.missed += other.missed;
        self.duration_ms += other.duration_ms;
    }
}

#[allow(clippy::cast_precision_loss, reason = "counts of calls are far below 2^53")]
fn share(part: i64, whole: i64) -> f64 {
    if whole > 0 { part as f64 / whole as f64 } else { 0.0 }
}

/// What an agent did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "schema", schema(as = DialpadActivity))]
pub struct Activity {
    /// Their id at Dialpad.
    pub agent_id: String,
    /// Name.
    pub name: String,
    /// Counts.
    #[serde(flatten)]
    pub cards: Cards,
    /// Completed of total, 0–1.
    pub efficiency: f64,
    /// Milliseconds of a completed call, on average.
    pub average_ms: i64,
    /// By the formula that goes with it, 0–100.
    pub score: f64,
    /// Calls on each day, from the first to the last.
    pub days: Vec<i64>,
}

/// An agent, as Dialpad last told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "schema", schema(as = DialpadDuty))]
pub struct Duty {
    /// Their id at Dialpad.
    pub agent_id: String,
    /// Name.
    pub name: String,
    /// Whether they are on duty, where Dialpad says so.
    pub on_duty: Option<bool>,
    /// Dialpad's word: `available`, `busy`, `wrapup` …; empty: none.
    pub status: String,
    /// Whether they may not be disturbed.
    pub do_not_disturb: Option<bool>,
    /// Whether they can take a call.
    pub available: Option<bool>,
    /// Whether they talk at this moment, by the calls that are known.
    pub in_call: bool,
}

/// A call, its legs joined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct DialpadCall {
    /// The least id of its legs.
    pub id: String,
    /// The leg that is acted on: the agent's where there is one.
    pub leg_id: String,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// The same by the clock on the department's wall.
    pub local: NaiveDateTime,
    /// Which way.
    pub direction: Option<Direction>,
    /// What became of it.
    pub status: Fate,
    /// Dialpad's word for its state, where one is known.
    pub state: String,
    /// Whoever talked, or was rung: their id; empty: nobody.
    pub agent_id: String,
    /// Their name.
    pub agent: String,
    /// The other side's number.
    pub number: String,
    /// Their name.
    pub name: String,
    /// The department's id; empty: none.
    pub department: String,
    /// Milliseconds talked.
    pub duration_ms: i64,
    /// Labels.
    pub labels: Vec<String>,
    /// Whether it was recorded.
    pub recorded: bool,
    /// Legs that were joined.
    pub legs: i32,
}

/// A department whose calls are read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "schema", schema(as = DialpadDepartment))]
pub struct Department {
    /// Id.
    pub id: String,
    /// Name; the id until Dialpad has told it.
    pub name: String,
    /// Zone in which its days begin and end.
    pub zone: String,
    /// Since when its calls are stored.
    pub from: Option<DateTime<Utc>>,
    /// Until when.
    pub to: Option<DateTime<Utc>>,
    /// Why it could not be read last; empty where it could.
    pub trouble: String,
}

/// An hour of a weekday.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "schema", schema(as = DialpadHour))]
pub struct Hour {
    /// 0: Monday.
    pub weekday: u8,
    /// 0–23.
    pub hour: u8,
    /// Calls.
    pub calls: i64,
    /// Of them, those that were missed.
    pub missed: i64,
}

/// What is being fetched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "schema", schema(as = DialpadWork))]
pub struct Work {
    /// Of which department.
    pub department: String,
    /// Pages so far.
    pub pages: i64,
    /// Calls so far, leg by leg.
    pub calls: i64,
    /// Back to when it has come.
    pub reached: Option<DateTime<Utc>>,
    /// Back to when it is to come.
    pub from: DateTime<Utc>,
    /// Since when the answer under way is waited for.
    pub asked_at: DateTime<Utc>,
    /// What it waits for besides, such as Dialpad's rate limit; empty: nothing.
    pub waits: String,
}

/// How it stands with Dialpad.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "schema", schema(as = DialpadStatus))]
pub struct Status {
    /// Whether there is a token.
    pub set_up: bool,
    /// What is being fetched, if anything is.
    pub work: Option<Work>,
    /// Rounds of fetching that were begun since the server started.
    pub begun: u64,
    /// And those that ended: the last of them, when nothing is being fetched.
    pub ended: u64,
    /// When all was fetched last.
    pub pulled_at: Option<DateTime<Utc>>,
    /// What is wrong, and what to do; empty where nothing is.
    pub trouble: String,
    /// How events come: `webhook`, `websocket`, or empty: not at all.
    pub events: String,
    /// Events taken since the server started.
    pub taken: u64,
    /// Deliveries refused since then: forged, too old, or not to be read.
    pub refused: u64,
    /// Counts what was stored; another number: look again.
    pub serial: u64,
}

/// All that is shown at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "schema", schema(as = DialpadPicture))]
pub struct Picture {
    /// What was asked for.
    pub asked: DialpadFilter,
    /// The first day.
    pub from: NaiveDate,
    /// The last.
    pub to: NaiveDate,
    /// Departments.
    pub departments: Vec<Department>,
    /// Counts of the days.
    pub cards: Cards,
    /// What each agent did, by name.
    pub activity: Vec<Activity>,
    /// How agents are now.
    pub duty: Vec<Duty>,
    /// Calls, newest first.
    pub calls: Vec<DialpadCall>,
    /// The cursor of the next page of calls; none at the end.
    pub next: Option<String>,
    /// Calls by weekday and hour; only hours with calls.
    pub hours: Vec<Hour>,
    /// How the score is made, in words.
    pub formula: String,
    /// How it stands.
    pub status: Status,
}
