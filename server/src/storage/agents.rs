//! What the record knows of agents and of a campaign's calls with them.

use super::{CallKey, StoreResult};
use crate::domain::ending::ContactAfter;
use crate::domain::numbers::Turn;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use dialdeck_protocol::dashboard::Tally;
use dialdeck_protocol::{AgentRow, CallId, CampaignId, ContactId, Emotion, OrganizationId, Outcome, UserId};

/// An agent's place as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct SeatRow {
    /// Behind which wall.
    pub organization_id: OrganizationId,
    /// What everybody sees.
    pub agent: AgentRow,
    /// Grows with each change; an older one is not stored over a newer.
    pub version: i64,
    /// Which server has the phone.
    pub owner: String,
    /// The phone's channel there, or empty.
    pub leg: String,
}

/// What an agent said came of a call.
#[derive(Debug, Clone)]
pub struct Dispose {
    /// The call.
    pub key: CallKey,
    /// Whom.
    pub contact_id: Option<ContactId>,
    /// Who says so.
    pub user_id: UserId,
    /// Their name.
    pub agent: String,
    /// The disposition's code.
    pub disposition: String,
    /// What it stands for.
    pub outcome: Outcome,
    /// In their own words.
    pub note: String,
    /// Whether nobody said it: the wrap-up ended by itself. What somebody has said stands before that.
    pub by_itself: bool,
    /// What becomes of the contact.
    pub contact: ContactAfter,
    /// What becomes of their numbers, where this says something of them.
    pub numbers: Option<Turn>,
    /// When.
    pub at: DateTime<Utc>,
}

/// A call that is over, for those who learn from it.
#[derive(Debug, Clone, PartialEq)]
pub struct PastCall {
    /// When it was placed.
    pub placed_at: DateTime<Utc>,
    /// When somebody answered.
    pub answered_at: Option<DateTime<Utc>>,
    /// When an agent and the person heard each other.
    pub connected_at: Option<DateTime<Utc>>,
    /// Seconds from the answer to the end.
    pub duration: i32,
    /// When it ended.
    pub ended_at: DateTime<Utc>,
    /// When the agent was done with it.
    pub disposed_at: Option<DateTime<Utc>>,
}

/// What a disposition is set on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disposable {
    /// Of which campaign.
    pub campaign_id: CampaignId,
    /// Whom.
    pub contact_id: Option<ContactId>,
    /// Who talked.
    pub agent_id: Option<UserId>,
    /// Number called, E.164.
    pub phone: String,
    /// Which attempt it was.
    pub attempt: i32,
    /// Whether it is over.
    pub over: bool,
}

/// Calls of a campaign that came to the same.
#[derive(Debug, Clone, PartialEq)]
pub struct Heap {
    /// Whose.
    pub campaign_id: Option<CampaignId>,
    /// What they came to, where they are over.
    pub outcome: Option<Outcome>,
    /// How people sounded at their end.
    pub emotion: Option<Emotion>,
    /// Estimate of satisfaction, 1 to 5.
    pub satisfaction: Option<i32>,
    /// How many, how many of them were answered, how long, what they cost.
    pub tally: Tally,
}

/// Agents: reads.
#[async_trait]
pub trait AgentRecord {
    /// The places of a server's agents.
    async fn seats(&self, owner: &str) -> StoreResult<Vec<SeatRow>>;
    /// The agents of an organization who are logged in, on all servers.
    async fn agents(&self, organization: &OrganizationId) -> StoreResult<Vec<AgentRow>>;
    /// How many of a campaign's calls an agent took or should have taken in a time, and how many of them were abandoned.
    async fn answered(
        &self,
        campaign: CampaignId,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> StoreResult<(u64, u64)>;
    /// What came of an organization's calls that were placed in a time, in heaps of those that came to the same.
    async fn tallies(
        &self,
        organization: &OrganizationId,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> StoreResult<Vec<Heap>>;
    /// A campaign's last calls that are over, oldest first.
    async fn past_calls(&self, campaign: CampaignId, limit: i64) -> StoreResult<Vec<PastCall>>;
    /// A call that an agent is to say something of.
    async fn disposable(
        &self,
        organization: &OrganizationId,
        call: &CallId,
    ) -> StoreResult<Option<Disposable>>;
}
