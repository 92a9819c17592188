//! Keeping the record itself: backup, retention, one person's data out or away, imports under way.

use super::StoreResult;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use dialdeck_protocol::{CampaignId, ImportId, OrganizationId};
use std::path::Path;

/// How far an import has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportRow {
    /// Id.
    pub id: ImportId,
    /// Into which campaign.
    pub campaign_id: Option<CampaignId>,
    /// Lines of the file that are done with.
    pub rows_done: i64,
    /// Contacts that came in.
    pub imported: i64,
    /// Lines that were refused.
    pub rejected: i64,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// When it was through.
    pub finished_at: Option<DateTime<Utc>>,
}

/// What is older than these goes. `None` keeps for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Events for consoles that resume.
    pub events: Option<DateTime<Utc>>,
    /// What was said in calls: transcript, exchanges, insights.
    pub transcripts: Option<DateTime<Utc>>,
    /// Calls as a whole, with their decisions.
    pub calls: Option<DateTime<Utc>>,
    /// Ended sessions, answers to idempotency keys, webhook logs.
    pub housekeeping: DateTime<Utc>,
}

/// What went: rows by noun.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Purged {
    /// Events.
    pub events: u64,
    /// Calls whose words were taken out.
    pub transcripts: u64,
    /// Calls.
    pub calls: u64,
    /// Sessions, keys, webhook logs.
    pub housekeeping: u64,
}

/// What is known of one number, as JSON by noun, for the person who asks.
pub type PersonRecord = serde_json::Value;

/// What erasing a number did.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct Erased {
    /// Contacts removed.
    pub contacts: u64,
    /// Calls whose person was taken out; the counts stay.
    pub calls: u64,
    /// Events removed.
    pub events: u64,
}

/// Counts for metrics.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Census {
    /// Bytes that the database takes.
    pub bytes: i64,
    /// Connections in use.
    pub used: u32,
    /// Connections at most.
    pub limit: u32,
    /// Calls that are not over, by status.
    pub calls: Vec<(String, i64)>,
    /// Queues, by state.
    pub queues: Vec<(String, i64)>,
}

/// Backup, retention, persons, imports.
#[async_trait]
pub trait Upkeep {
    /// Writes a consistent copy of all of it to a new file, while everything goes on. Gives its size in bytes.
    async fn backup(&self, to: &Path) -> StoreResult<u64>;
    /// Removes (or with `dry_run` only counts) what is older than it need be. Numbers under legal hold are kept.
    async fn purge(&self, retention: &Retention, dry_run: bool) -> StoreResult<Purged>;
    /// Brings the index of what was said into one piece, a little at a time, while everything goes on: a search then costs the same
    /// however many calls there are.
    async fn merge_words(&self) -> StoreResult<()>;
    /// All that is known of a number.
    async fn person(&self, organization: &OrganizationId, phone: &str) -> StoreResult<PersonRecord>;
    /// Takes a person out of the record. What must stay (do-not-call, decisions without the person) stays.
    /// A conflict when the number is under legal hold or in a call.
    async fn erase(&self, organization: &OrganizationId, phone: &str) -> StoreResult<Erased>;
    /// An import under way or done.
    async fn import_state(
        &self,
        organization: &OrganizationId,
        id: ImportId,
    ) -> StoreResult<Option<ImportRow>>;
    /// Imports, newest first.
    async fn imports(&self, organization: &OrganizationId, limit: i64) -> StoreResult<Vec<ImportRow>>;
    /// Counts for metrics.
    async fn census(&self) -> StoreResult<Census>;
}
