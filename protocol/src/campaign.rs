//! The words of a campaign and its queue.

use crate::vocabulary::vocabulary;
use serde::{Deserialize, Serialize};

vocabulary! {
    /// What a campaign is for.
    CampaignType, "type" {
        /// Selling.
        Sales = "sales",
        /// Telling.
        Marketing = "marketing",
        /// Following up on earlier contact.
        FollowUp = "follow-up",
        /// Hiring.
        Recruitment = "recruitment",
    }
}

vocabulary! {
    /// Whether a campaign may be dialled at all. The queue's state is [`QueueState`].
    CampaignStatus, "status" {
        /// Being prepared.
        Draft = "draft",
        /// May be dialled.
        Active = "active",
        /// Set aside by a supervisor.
        Paused = "paused",
        /// Done.
        Completed = "completed",
        /// Kept for the record only.
        Archived = "archived",
    }
}

vocabulary! {
    /// What a campaign's queue does now.
    QueueState, "queue state" {
        /// Placing calls.
        Running = "running",
        /// Stopped by itself for a person to look: after the first N calls, or after a fault.
        Paused = "paused",
        /// Nothing can be called at this moment; goes on by itself.
        Waiting = "waiting",
        /// Not running.
        Stopped = "stopped",
    }
}

/// How a campaign places its calls. The names are those that existing users' REST bodies carry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct CallSettings {
    /// Calls in flight at once, 1–500.
    pub max_concurrent_calls: u32,
    /// Further attempts after the first, 0–10.
    pub retry_attempts: u32,
    /// Minutes between attempts, 1–10 080.
    pub retry_delay_minutes: u32,
    /// How long it may ring, in seconds, 15–120. The law's floor is 15.
    pub call_timeout_seconds: u32,
    /// Milliseconds between the starts of two calls, 0–3 600 000.
    pub call_interval_ms: u32,
    /// Pause for review after this many calls since the start; `None`: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub review_after: Option<u32>,
}

impl Default for CallSettings {
    fn default() -> Self {
        Self {
            max_concurrent_calls: 10,
            retry_attempts: 3,
            retry_delay_minutes: 5,
            call_timeout_seconds: 30,
            call_interval_ms: 30_000,
            review_after: None,
        }
    }
}

impl CallSettings {
    /// Says which setting is out of its range, by the name it has on the wire.
    ///
    /// # Errors
    /// The field's name and what would be right.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        let ranges: [(&'static str, u32, u32, u32); 5] = [
            ("maxConcurrentCalls", self.max_concurrent_calls, 1, 500),
            ("retryAttempts", self.retry_attempts, 0, 10),
            ("retryDelayMinutes", self.retry_delay_minutes, 1, 10_080),
            ("callTimeoutSeconds", self.call_timeout_seconds, 15, 120),
            ("callIntervalMs", self.call_interval_ms, 0, 3_600_000),
        ];
        for (field, value, low, high) in ranges {
            if !(low..=high).contains(&value) {
                return Err((field, format!("{field} is {value}; use {low} to {high}")));
            }
        }
        if self.review_after == Some(0) {
            return Err(("reviewAfter", "reviewAfter is 0; use 1 or more, or leave it out".into()));
        }
        Ok(())
    }
}
