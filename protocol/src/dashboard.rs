//! A day in figures, and how the server itself is.

use crate::{CampaignId, Emotion, Outcome};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What came of calls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Tally {
    /// Calls that were placed.
    pub calls: i64,
    /// Those that somebody or something answered.
    pub answered: i64,
    /// Those that came to something: interested, or an appointment.
    pub good: i64,
    /// Seconds from answer to end, all together.
    pub seconds: i64,
    /// What they cost by the rate table.
    pub cost: f64,
}

impl Tally {
    /// Adds another.
    pub fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.answered += other.answered;
        self.good += other.good;
        self.seconds += other.seconds;
        self.cost += other.cost;
    }

    /// A part of a whole in percent; `None` of nothing.
    pub fn percent(part: i64, whole: i64) -> Option<f64> {
        #[allow(clippy::cast_precision_loss, reason = "counts of a day")]
        let percent = part as f64 * 100.0 / whole as f64;
        (whole > 0).then_some(percent)
    }

    /// Seconds that an answered call lasted, on average.
    pub fn mean_seconds(&self) -> Option<i64> {
        self.seconds.checked_div(self.answered)
    }
}

/// An hour.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct HourTally {
    /// When it began.
    pub from: DateTime<Utc>,
    /// What came of its calls.
    pub tally: Tally,
}

/// A campaign's figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CampaignFigures {
    /// Which.
    pub campaign_id: CampaignId,
    /// Today.
    pub today: Tally,
    /// Contacts that may be called, now or later.
    pub dialable: i64,
    /// Of those whom an agent took or should have taken in thirty days, the share that was abandoned, in percent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub dropped_percent: Option<f64>,
    /// What that share may be, where agents take the calls.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub drop_limit_percent: Option<f64>,
}

/// A day in figures: what the caller may see of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Dashboard {
    /// When today began, by the server's clock and zone.
    pub since: DateTime<Utc>,
    /// Today.
    pub today: Tally,
    /// The last 24 hours, the oldest first; the last one is under way.
    pub hours: Vec<HourTally>,
    /// What today's calls came to, the most first.
    pub outcomes: Vec<(Outcome, i64)>,
    /// How people sounded at the end of today's calls, the most first.
    pub emotions: Vec<(Emotion, i64)>,
    /// Estimates of satisfaction, 1 to 5, how often each: estimates, never a survey.
    pub satisfaction: [i64; 5],
    /// Campaigns.
    pub campaigns: Vec<CampaignFigures>,
}

/// A line of the server's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct LogLine {
    /// When.
    pub at: DateTime<Utc>,
    /// `error`, `warn` or `info`.
    pub level: String,
    /// What.
    pub text: String,
}

/// A line of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Deed {
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub actor: String,
    /// What, such as `queue.start`.
    pub command: String,
    /// On what.
    pub target: String,
    /// `done`, or why not.
    pub result: String,
}

/// How the server itself is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Standing {
    /// Version, time since its start, memory, calls, consoles, database, in the order in which they are shown.
    pub load: Vec<(String, String)>,
    /// Its log, the newest last; `None` for who may not read it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub log: Option<Vec<LogLine>>,
    /// The audit log, the newest first; `None` for who may not read it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub audit: Option<Vec<Deed>>,
}
