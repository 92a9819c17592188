//! The state a console starts from: small owned rows, ready to draw.

use crate::vocabulary::vocabulary;
use crate::{
    AgentRow, CallCounts, CallId, CallSettings, CallStatus, CampaignId, CampaignStatus, CampaignType,
    ContactStatus, Emotion, Exchange, Intent, Outcome, QueueState,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Everything a console shows at once, as of [`Snapshot::seq`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Snapshot {
    /// The last event that is contained.
    pub seq: i64,
    /// The server's clock when it was taken; timers count from here.
    pub now: DateTime<Utc>,
    /// Campaigns with their queues.
    pub campaigns: Vec<CampaignRow>,
    /// Calls in flight with the conversation so far.
    pub calls: Vec<CallRow>,
    /// Agents who are logged in.
    #[serde(default)]
    pub agents: Vec<AgentRow>,
    /// Parts of the server.
    pub parts: Vec<Part>,
}

/// A campaign and its queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CampaignRow {
    /// Id.
    pub id: CampaignId,
    /// Name.
    pub name: String,
    /// What it is for.
    #[serde(rename = "type")]
    pub kind: CampaignType,
    /// Whether it may be dialled.
    pub status: CampaignStatus,
    /// How it places calls.
    pub call_settings: CallSettings,
    /// The queue.
    pub queue: QueueState,
    /// Why the queue is in that state, in words.
    pub reason: String,
    /// When the queue next acts by itself, if known.
    pub next_call_at: Option<DateTime<Utc>>,
    /// Counts.
    pub counts: CallCounts,
    /// How fast its AI callers answered of late, on the server that is asked.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub latency: Option<crate::figures::Latency>,
}

/// A call in flight.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CallRow {
    /// Id.
    pub id: CallId,
    /// Campaign.
    pub campaign_id: CampaignId,
    /// Contact's display name.
    pub name: String,
    /// Contact's company.
    pub company: String,
    /// Number called, E.164.
    pub phone: String,
    /// Status.
    pub status: CallStatus,
    /// A word more on the status.
    pub detail: String,
    /// When the attempt was committed.
    pub started_at: DateTime<Utc>,
    /// When somebody answered.
    pub answered_at: Option<DateTime<Utc>>,
    /// The agent who talks, if any.
    #[serde(default)]
    pub agent: String,
    /// What an AI caller found out before it handed the call over.
    #[serde(default)]
    pub summary: String,
    /// Last intent heard.
    pub intent: Option<Intent>,
    /// Last emotion heard.
    pub emotion: Option<Emotion>,
    /// The conversation so far.
    pub exchanges: Vec<Exchange>,
}

/// A finished (or running) call in the history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct HistoryRow {
    /// Id.
    pub id: CallId,
    /// Campaign.
    pub campaign_id: Option<CampaignId>,
    /// Contact's display name.
    pub name: String,
    /// Number called.
    pub phone: String,
    /// Status.
    pub status: CallStatus,
    /// Outcome, once over.
    pub outcome: Option<Outcome>,
    /// Who talked, where it was an agent.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub agent: String,
    /// What the agent said came of it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub disposition: String,
    /// Seconds from answer to end.
    pub duration: i32,
    /// Emotion at the end.
    pub emotion: Option<Emotion>,
    /// Estimated satisfaction, 1–5; an estimate, never a survey.
    pub csat_score: Option<i32>,
    /// Cost by the rate table.
    pub cost: f64,
    /// Transcript, line by line.
    pub transcript: String,
    /// What became of the contact.
    pub contact_status: Option<ContactStatus>,
    /// Whether there is a recording of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub recorded: bool,
    /// When the attempt was committed.
    pub created_at: DateTime<Utc>,
}

vocabulary! {
    /// How a part of the server is.
    PartState, "part state" {
        /// Works.
        Up = "up",
        /// Works in a lesser way.
        Degraded = "degraded",
        /// Does not work now, and is being tried again.
        Down = "down",
        /// Not there; the message says how to get it.
        Missing = "missing",
        /// Not asked for.
        Off = "off",
    }
}

/// A part of the server: database, FastAGI, AudioSocket, Asterisk, recogniser, voice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Part {
    /// Its name.
    pub name: String,
    /// How it is.
    pub state: PartState,
    /// Where it is, or what to do about it.
    pub message: String,
}
