//! The record: one trait, two engines, and the journal through which every change goes.
//!
//! [`sqlite`] is the embedded default, [`postgres`] serves many servers. The queries stand once, in `sql/`, and are
//! compiled for each engine by that engine's module.

pub mod accounts;
pub mod agents;
pub mod change;
pub mod dialpad;
pub mod journal;
pub mod keeping;
pub mod leads;
pub mod learning;
mod pace;
pub mod postgres;
pub mod record;
pub mod recordings;
pub mod sqlite;
pub mod upkeep;

pub use accounts::Accounts;
pub use agents::AgentRecord;
pub use change::{AuditEntry, AuditLine, BeginAttempt, CallKey, Change, EndCall, Refusal};
pub use dialpad::DialpadRecord;
pub use journal::{CommitError, Journal};
pub use keeping::Keeping;
pub use leads::LeadRecord;
pub use learning::LearningRecord;
pub use record::{
    CallRecord, ContactPage, DecisionRow, ImportMode, ImportSink, Imported, ListedRow, LiveCall, NewSession,
    NewUser, QueueRow, UserRow,
};

pub use recordings::RecordingRecord;
pub use upkeep::Upkeep;

use crate::domain::campaign::{Campaign, PhoneNumber};
use crate::domain::contact::Contact;
use crate::domain::debt::About;
use crate::domain::do_not_call::Listed;
use crate::domain::script::Script;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use dialdeck_protocol::{
    CallCounts, CallFilter, CallId, CampaignId, ContactId, Event, Exchange, HistoryRow, ListOrder,
    OrganizationId, PhoneNumberId, ScriptId, Snapshot,
};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

/// Why the store could not do something.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Not reachable, locked for too long, or full.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// It clashes with what is there.
    #[error("{0}")]
    Conflict(String),
    /// The question itself was wrong.
    #[error("{0}")]
    Invalid(String),
    /// What is stored cannot be read by this version.
    #[error("the database holds something this version cannot read: {0}")]
    Unreadable(String),
}

impl From<StoreError> for dialdeck_protocol::Problem {
    fn from(error: StoreError) -> Self {
        use dialdeck_protocol::Code;
        let code = match error {
            StoreError::Unavailable(_) => Code::Unavailable,
            StoreError::Conflict(_) => Code::Conflict,
            StoreError::Invalid(_) => Code::Invalid,
            StoreError::Unreadable(_) => Code::Internal,
        };
        Self::new(code, error.to_string())
    }
}

/// What the store gives back.
pub type StoreResult<T> = Result<T, StoreError>;

/// A batch's outcome: for each deed its events, or why it did not go through.
pub type Committed = Vec<Result<Vec<Event>, CommitError>>;

/// The record. Reads are direct; changes come in deeds (lists of changes that hold together or not at all) and are
/// committed by [`Journal`] in groups.
#[async_trait]
pub trait Store:
    Accounts
    + AgentRecord
    + DialpadRecord
    + Keeping
    + LeadRecord
    + LearningRecord
    + RecordingRecord
    + Upkeep
    + Send
    + Sync
{
    /// Engine and place, for the log. Without secrets.
    fn describe(&self) -> String;
    /// Cheapest question that proves it answers.
    async fn ping(&self) -> StoreResult<()>;
    /// Commits deeds in one transaction (or, when one is refused, each in its own).
    async fn commit(&self, deeds: &[Vec<Change>]) -> StoreResult<Committed>;

    /// All campaigns of an organization, by name.
    async fn campaigns(&self, organization: &OrganizationId) -> StoreResult<Vec<Campaign>>;
    /// One campaign.
    async fn campaign(&self, organization: &OrganizationId, id: CampaignId) -> StoreResult<Option<Campaign>>;
    /// All scripts.
    async fn scripts(&self, organization: &OrganizationId) -> StoreResult<Vec<(ScriptId, String, Script)>>;
    /// One script.
    async fn script(
        &self,
        organization: &OrganizationId,
        id: ScriptId,
    ) -> StoreResult<Option<(String, Script)>>;
    /// Caller IDs of ours.
    async fn phone_numbers(&self, organization: &OrganizationId) -> StoreResult<Vec<PhoneNumber>>;
    /// One caller ID.
    async fn phone_number(
        &self,
        organization: &OrganizationId,
        id: PhoneNumberId,
    ) -> StoreResult<Option<PhoneNumber>>;

    /// A page of contacts, by id.
    async fn contacts(
        &self,
        organization: &OrganizationId,
        campaign: CampaignId,
        page: &ContactPage,
    ) -> StoreResult<Vec<Contact>>;
    /// One contact.
    async fn contact(&self, organization: &OrganizationId, id: ContactId) -> StoreResult<Option<Contact>>;
    /// The contacts to be called next, in an order: those to be called again whose time has come, then new ones.
    async fn candidates(
        &self,
        campaign: CampaignId,
        order: ListOrder,
        now: DateTime<Utc>,
        limit: i64,
    ) -> StoreResult<Vec<Contact>>;
    /// When the next contact falls due; `None` when none will by itself.
    async fn next_due(&self, campaign: CampaignId) -> StoreResult<Option<DateTime<Utc>>>;
    /// Contacts that still need a call.
    async fn callable(&self, campaign: CampaignId) -> StoreResult<i64>;
    /// Opens an import into a campaign, or opens it again.
    async fn import(
        &self,
        campaign: &Campaign,
        mode: ImportMode,
        now: DateTime<Utc>,
    ) -> StoreResult<Box<dyn ImportSink>>;

    /// A queue as it was left.
    async fn queue(&self, campaign: CampaignId) -> StoreResult<Option<QueueRow>>;
    /// Campaigns whose queue is not stopped, for the start of the server.
    async fn open_queues(&self) -> StoreResult<Vec<Campaign>>;
    /// Counts of a campaign.
    async fn counts(&self, campaign: CampaignId) -> StoreResult<CallCounts>;

    /// Calls, newest first (with `text`: latest end first), and the cursor of the next page where there may be one.
    /// `within`: only these campaigns'.
    async fn calls(
        &self,
        organization: &OrganizationId,
        filter: &CallFilter,
        within: Option<&BTreeSet<CampaignId>>,
    ) -> StoreResult<(Vec<HistoryRow>, Option<String>)>;
    /// One call.
    async fn call(&self, organization: &OrganizationId, id: &CallId) -> StoreResult<Option<CallRecord>>;
    /// The exchanges of a call, in order.
    async fn exchanges(&self, call: &CallId) -> StoreResult<Vec<Exchange>>;
    /// What can be told of a call beside its words; `None` before its end, and once it is forgotten.
    async fn insights(&self, call: &CallId) -> StoreResult<Option<serde_json::Value>>;
    /// Calls of this server that are not over: after a crash, those to settle.
    async fn live_calls(&self, owner: &str) -> StoreResult<Vec<LiveCall>>;

    /// What the do-not-call lists of the organization, and of a campaign where one is given, say of some numbers together.
    async fn listed(
        &self,
        organization: &OrganizationId,
        campaign: Option<CampaignId>,
        phones: &[String],
        now: DateTime<Utc>,
    ) -> StoreResult<Option<Listed>>;
    /// Calls about a debt since a moment, newest first.
    async fn calls_about(
        &self,
        organization: &OrganizationId,
        debt: &str,
        since: DateTime<Utc>,
    ) -> StoreResult<Vec<About>>;
    /// When a number was called since a moment, by any campaign of the organization or through Dialpad; newest first.
    async fn calls_since(
        &self,
        organization: &OrganizationId,
        phone: &str,
        since: DateTime<Utc>,
    ) -> StoreResult<Vec<DateTime<Utc>>>;
    /// Numbers on the organization's do-not-call list, or on a campaign's, by number.
    async fn do_not_call(
        &self,
        organization: &OrganizationId,
        campaign: Option<CampaignId>,
        after: &str,
        limit: i64,
    ) -> StoreResult<Vec<ListedRow>>;
    /// Decisions on a number, newest first.
    async fn decisions(&self, organization: &OrganizationId, phone: &str) -> StoreResult<Vec<DecisionRow>>;

    /// Events after `seq` that concern the organization, at most `limit`.
    async fn events_after(
        &self,
        organization: &OrganizationId,
        seq: i64,
        limit: i64,
    ) -> StoreResult<Vec<Event>>;
    /// The last committed event.
    async fn last_seq(&self) -> StoreResult<i64>;
    /// Campaigns, live calls and the sequence they are true for. Parts are filled in by the server.
    async fn snapshot(&self, organization: &OrganizationId, now: DateTime<Utc>) -> StoreResult<Snapshot>;
    /// Audit log, newest first, before the entry `before`: each with its number and hash.
    async fn audit(
        &self,
        organization: &OrganizationId,
        before: Option<i64>,
        limit: i64,
    ) -> StoreResult<Vec<AuditLine>>;
    /// Checks the hash chain of the audit log; gives the number of entries, or the id of the first broken one.
    async fn verify_audit(&self) -> StoreResult<Result<i64, i64>>;
}

/// Where a record is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Location<'a> {
    /// A PostgreSQL address. It may hold a password.
    Postgres(&'a str),
    /// A file.
    Sqlite(&'a str),
}

impl<'a> Location<'a> {
    /// What a `DATABASE_URL` means: `postgres://…`, or a path or `sqlite:` URL.
    pub fn of(url: &'a str) -> Self {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            Self::Postgres(url)
        } else {
            Self::Sqlite(url.trim_start_matches("sqlite:").trim_start_matches("//"))
        }
    }
}

/// Opens the store that `url` names. Migrates it.
///
/// # Errors
/// When it cannot be reached or migrated, saying which.
pub async fn open(url: &str) -> StoreResult<Arc<dyn Store>> {
    Ok(match Location::of(url) {
        Location::Postgres(url) => Arc::new(postgres::open(url).await?),
        Location::Sqlite(path) => Arc::new(sqlite::open(path).await?),
    })
}

/// Restores a backup into the place that `url` names, where nothing is yet.
///
/// # Errors
/// When something is there, or the backup is damaged or of another version.
pub async fn restore(url: &str, from: &Path) -> StoreResult<()> {
    match Location::of(url) {
        Location::Postgres(url) => postgres::restore(url, from).await,
        Location::Sqlite(path) => sqlite::restore(from, Path::new(path)).await,
    }
}
