//! Rows that the store gives and takes, beside the domain's own nouns.

use super::StoreResult;
use crate::domain::contact::NewContact;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use dialdeck_protocol::{
    CallId, CampaignId, ContactId, ContactStatus, HistoryRow, ImportId, OrganizationId, PhoneNumberId,
    QueueState, Role, SessionId, UserId,
};
use std::fmt;

/// A user, with the hash that proves the password.
#[derive(Clone)]
pub struct UserRow {
    /// Id.
    pub id: UserId,
    /// Whose.
    pub organization_id: OrganizationId,
    /// Log-in name.
    pub name: String,
    /// Role.
    pub role: Role,
    /// argon2 hash in PHC form.
    pub password_hash: String,
    /// May not log in.
    pub disabled: bool,
    /// Campaigns they are confined to; `None`: all.
    pub campaigns: Option<Vec<CampaignId>>,
    /// Since when.
    pub created_at: DateTime<Utc>,
}

impl fmt::Debug for UserRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserRow").field("name", &self.name).field("role", &self.role).finish_non_exhaustive()
    }
}

/// A user to add.
#[derive(Clone)]
pub struct NewUser {
    /// Whose.
    pub organization_id: OrganizationId,
    /// Log-in name.
    pub name: String,
    /// Role.
    pub role: Role,
    /// argon2 hash in PHC form.
    pub password_hash: String,
    /// Campaigns they are confined to; `None`: all.
    pub campaigns: Option<Vec<CampaignId>>,
    /// When.
    pub at: DateTime<Utc>,
}

/// A session to open.
#[derive(Clone)]
pub struct NewSession {
    /// Id.
    pub id: SessionId,
    /// Whose.
    pub user_id: UserId,
    /// SHA-256 of the token, hexadecimal.
    pub token_hash: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Until when.
    pub expires_at: DateTime<Utc>,
    /// From where.
    pub client: String,
}

/// Which contacts.
#[derive(Debug, Clone, Default)]
pub struct ContactPage {
    /// Only this status.
    pub status: Option<ContactStatus>,
    /// After this one.
    pub after: Option<ContactId>,
    /// The latest first.
    pub newest_first: bool,
    /// At most so many.
    pub limit: i64,
}

/// A queue as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueRow {
    /// State.
    pub state: QueueState,
    /// Why.
    pub reason: String,
    /// Caller ID chosen at the start.
    pub phone_number_id: Option<PhoneNumberId>,
    /// Pause after so many calls since the start.
    pub review_after: Option<i32>,
    /// Calls placed since the start.
    pub started_calls: i32,
    /// When the last call was placed.
    pub last_call_at: Option<DateTime<Utc>>,
    /// When the next is planned.
    pub next_call_at: Option<DateTime<Utc>>,
}

/// A call with what only the server needs.
#[derive(Debug, Clone, PartialEq)]
pub struct CallRecord {
    /// As shown.
    pub row: HistoryRow,
    /// Of which contact.
    pub contact_id: Option<ContactId>,
    /// Caller ID used.
    pub from_number: String,
    /// Channel on the telephony.
    pub channel_id: String,
}

/// A call that is not over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveCall {
    /// Call.
    pub call_id: CallId,
    /// Whose.
    pub organization_id: OrganizationId,
    /// Of which campaign.
    pub campaign_id: CampaignId,
    /// Of which contact.
    pub contact_id: ContactId,
    /// Attempt number.
    pub attempt: i32,
    /// Number called, E.164.
    pub to: String,
    /// Channel on the telephony.
    pub channel_id: String,
    /// Whether somebody had answered, and when.
    pub answered_at: Option<DateTime<Utc>>,
    /// Whether an agent was to take it.
    pub for_agents: bool,
    /// Whether an agent had it.
    pub with_agent: bool,
}

/// Why a number was (not) called.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct DecisionRow {
    /// `allowed`, or the rule that held it.
    pub rule: String,
    /// In words.
    pub reason: String,
    /// The whole decision.
    pub facts: serde_json::Value,
    /// The call it allowed.
    pub call_id: Option<String>,
    /// When.
    pub decided_at: DateTime<Utc>,
}

/// What an import did with a batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imported {
    /// Numbers that the campaign had already, in the batch's order.
    pub already_there: Vec<String>,
}

/// How an import is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportMode {
    /// All or nothing: one transaction. Dropped without [`ImportSink::finish`], it leaves nothing.
    Whole,
    /// Batch by batch, so that nobody waits for it and it can go on where it was cut off.
    Batches(ImportId),
}

/// An import under way.
#[async_trait]
pub trait ImportSink: Send {
    /// Adds contacts whose numbers the campaign does not have yet. `rows_done`: lines of the file that are done with
    /// afterwards; `rejected`: lines refused since the last batch.
    async fn add(&mut self, contacts: &[NewContact], rows_done: u64, rejected: i64) -> StoreResult<Imported>;
    /// Makes them visible, or notes that all is done.
    async fn finish(self: Box<Self>) -> StoreResult<()>;
}

/// A number on a do-not-call list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedRow {
    /// The number, E.164.
    pub phone: String,
    /// Where it came from.
    pub source: String,
    /// Since when it is there.
    pub created_at: DateTime<Utc>,
    /// When it leaves the list again; `None`: never.
    pub expires_at: Option<DateTime<Utc>>,
}
