//! What a console asks the server to do, and to tell.

use crate::{CallId, CallStatus, CampaignId, Emotion, Outcome, PhoneNumberId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A typed action. Permission and audit apply to each; the same set stands behind REST.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Command {
    /// Start a campaign's queue.
    StartQueue {
        /// Which campaign.
        campaign_id: CampaignId,
        /// Caller ID to use; the campaign's default otherwise.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        phone_number_id: Option<PhoneNumberId>,
        /// Pause for review after this many calls.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        review_after: Option<u32>,
    },
    /// Stop a campaign's queue; calls in flight go on.
    StopQueue {
        /// Which campaign.
        campaign_id: CampaignId,
    },
    /// Hang up a call.
    HangUp {
        /// Which call.
        call_id: CallId,
    },
}

impl Command {
    /// The name under which it stands in the audit log.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::StartQueue { .. } => "queue.start",
            Self::StopQueue { .. } => "queue.stop",
            Self::HangUp { .. } => "call.hang_up",
        }
    }
}

/// Which calls of the history.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CallFilter {
    /// Only this campaign's.
    pub campaign_id: Option<CampaignId>,
    /// Only this outcome.
    pub outcome: Option<Outcome>,
    /// Only this emotion.
    pub emotion: Option<Emotion>,
    /// Only this status.
    pub status: Option<CallStatus>,
    /// Not before.
    pub from: Option<DateTime<Utc>>,
    /// Before.
    pub to: Option<DateTime<Utc>>,
    /// At most so many, 1–500; 50 unless told.
    pub limit: Option<u32>,
    /// Leave out so many. For existing users; it costs what it leaves out.
    pub offset: Option<u32>,
    /// After this place: the cursor that came with the page before.
    pub after: Option<String>,
    /// Only calls in which all of these words were said, or stand in the name. Latest end first.
    pub text: Option<String>,
}

/// A question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum Query {
    /// Calls of the past, newest first.
    History {
        /// Which.
        #[serde(default)]
        filter: CallFilter,
    },
    /// The whole conversation of one call.
    Conversation {
        /// Which.
        call_id: CallId,
    },
    /// What starting a queue would cost, before it is started.
    Estimate {
        /// Which campaign.
        campaign_id: CampaignId,
    },
}
