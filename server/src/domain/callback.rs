//! A promise to call somebody back at a time.

use chrono::{DateTime, Utc};
use dialdeck_protocol::{CallbackId, CampaignId, ContactId, OrganizationId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where a callback stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallbackStatus {
    /// To be kept.
    Pending,
    /// Kept.
    Done,
    /// Called off.
    Cancelled,
}

impl CallbackStatus {
    /// The word in SQL and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
        }
    }

    /// From its word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Pending, Self::Done, Self::Cancelled].into_iter().find(|s| s.as_str() == word)
    }
}

/// A callback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Callback {
    /// Id.
    pub id: CallbackId,
    /// Whose floor.
    pub organization_id: OrganizationId,
    /// Of which campaign.
    pub campaign_id: CampaignId,
    /// Whom to call.
    pub contact_id: ContactId,
    /// Who promised; `None`: anyone may keep it.
    pub user_id: Option<UserId>,
    /// When, UTC.
    pub due_at: DateTime<Utc>,
    /// IANA zone in which the time was agreed, or empty.
    pub timezone: String,
    /// What was said.
    pub note: String,
    /// Where it stands.
    pub status: CallbackStatus,
    /// When it was promised.
    pub created_at: DateTime<Utc>,
}
