//! What calls teach: what is read of them.

use super::StoreResult;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use dialdeck_protocol::{CampaignId, Emotion, OrganizationId, Outcome, ScriptId};

/// Answered calls of a campaign that went alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lesson {
    /// In whose words; none: the shipped ones, or nobody talked.
    pub script_id: Option<ScriptId>,
    /// At which step they ended; none where no AI caller talked.
    pub step: Option<String>,
    /// What they came to.
    pub outcome: Option<Outcome>,
    /// How people sounded at the end.
    pub emotion: Option<Emotion>,
    /// Estimate of satisfaction, 1 to 5.
    pub satisfaction: Option<i32>,
    /// How many.
    pub calls: i64,
}

/// What was called from a caller ID.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberUse {
    /// E.164.
    pub number: String,
    /// Calls.
    pub calls: i64,
    /// Those that were answered.
    pub answered: i64,
    /// The last one.
    pub last_at: Option<DateTime<Utc>>,
}

/// Reads for learning.
#[async_trait]
pub trait LearningRecord {
    /// Answered calls of a campaign that are over and were placed in a time, in heaps of those that went alike.
    async fn lessons(
        &self,
        campaign: CampaignId,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> StoreResult<Vec<Lesson>>;
    /// What was called from each caller ID of an organization since a moment.
    async fn number_use(
        &self,
        organization: &OrganizationId,
        from: DateTime<Utc>,
    ) -> StoreResult<Vec<NumberUse>>;
}
