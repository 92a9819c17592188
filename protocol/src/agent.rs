//! The words of agents: people with a phone who take a campaign's calls.

use crate::vocabulary::vocabulary;
use crate::{CallId, CampaignId, ContactId, UserId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

vocabulary! {
    /// What an agent does.
    AgentState, "agent state" {
        /// Waits for a call.
        Ready = "ready",
        /// A person who answered is being put through to them.
        Queued = "queued",
        /// Their phone rings.
        Ringing = "ringing",
        /// A number is being dialled for them alone.
        Dialling = "dialling",
        /// Talks.
        InCall = "in_call",
        /// The person has hung up, and the agent has not done anything since.
        Dead = "dead",
        /// Writes down what came of the call.
        WrapUp = "wrap_up",
        /// Takes no calls.
        Paused = "paused",
        /// Not there.
        LoggedOut = "logged_out",
    }
}

impl AgentState {
    /// The letter of the real-time report.
    pub const fn letter(self) -> char {
        match self {
            Self::Ready => 'R',
            Self::Queued => 'Q',
            Self::Ringing => 'G',
            Self::Dialling => 'L',
            Self::InCall => 'T',
            Self::Dead => 'D',
            Self::WrapUp => 'W',
            Self::Paused => 'P',
            Self::LoggedOut => 'O',
        }
    }

    /// Whether a call of theirs is under way or not written down yet.
    pub const fn is_busy(self) -> bool {
        matches!(
            self,
            Self::Queued | Self::Ringing | Self::Dialling | Self::InCall | Self::Dead | Self::WrapUp
        )
    }
}

vocabulary! {
    /// How an agent's phone is kept.
    PhoneKind, "phone kind" {
        /// Rung once, at the log-in, and kept open.
        NailedUp = "nailed_up",
        /// Rung for each call, before the number is dialled.
        PerCall = "per_call",
    }
}

/// An agent who is logged in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct AgentRow {
    /// Who.
    pub user_id: UserId,
    /// Name.
    pub name: String,
    /// Their phone, such as `PJSIP/6001`.
    pub extension: String,
    /// How it is kept.
    pub phone: PhoneKind,
    /// Whether it is connected.
    pub phone_up: bool,
    /// What they do.
    pub state: AgentState,
    /// Since when, by the server's clock.
    pub since: DateTime<Utc>,
    /// Campaigns that they take calls of; empty: of all.
    pub campaigns: Vec<CampaignId>,
    /// The campaign of the call that they are in.
    pub campaign_id: Option<CampaignId>,
    /// The call that they are in.
    pub call_id: Option<CallId>,
    /// Whom they talk to, or are offered to call.
    pub contact_id: Option<ContactId>,
    /// Whether the contact is offered and not dialled yet.
    #[serde(default)]
    pub offered: bool,
    /// Why they pause, or will after this call; empty otherwise.
    pub pause_code: String,
    /// Seconds after which the pause is too long.
    pub pause_limit_seconds: Option<u32>,
    /// When the pause ends by itself.
    pub pause_ends_at: Option<DateTime<Utc>>,
    /// When the wrap-up ends by itself.
    pub wrap_up_ends_at: Option<DateTime<Utc>>,
    /// Whether the call waits for a disposition before the next can come.
    pub disposition_due: bool,
    /// Calls taken since the log-in.
    pub calls: u32,
}

impl AgentRow {
    /// Without whom they talk to, for those who may not see that campaign.
    #[must_use]
    pub fn redacted(&self) -> Self {
        Self { campaign_id: None, call_id: None, contact_id: None, ..self.clone() }
    }
}
