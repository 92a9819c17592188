//! Callbacks as a console shows them.

use crate::{CallbackId, CampaignId, ContactId, UserId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A promise to call somebody back that is to be kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallbackRow {
    /// Id.
    pub id: CallbackId,
    /// Whom.
    pub contact_id: ContactId,
    /// Of which campaign.
    pub campaign_id: CampaignId,
    /// Its name.
    pub campaign: String,
    /// The person's name.
    pub name: String,
    /// Their number.
    pub phone: String,
    /// Who promised; none: anyone may keep it.
    pub user_id: Option<UserId>,
    /// Their name, or empty.
    pub user: String,
    /// When.
    pub due_at: DateTime<Utc>,
    /// IANA zone of the person, or empty where it is not known.
    pub timezone: String,
    /// What was said.
    pub note: String,
}
