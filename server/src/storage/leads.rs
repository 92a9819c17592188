//! Contacts that are leads of a VICIdial, too: which is which, and what was changed here and is not there yet.

use super::StoreResult;
use crate::domain::lead_merge::Agreed;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use dialdeck_protocol::{CallId, CampaignId, ContactId, OrganizationId, Outcome};
use std::collections::BTreeMap;

/// The disposition among the changes.
pub const STATUS: &str = "status";
/// The wish never to be called again among the changes.
pub const DO_NOT_CALL: &str = "do_not_call";

/// A lead that was seen, and who it is here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenLead {
    /// VICIdial's id.
    pub lead_id: i64,
    /// Its list.
    pub list_id: i64,
    /// The contact.
    pub contact_id: ContactId,
}

/// Which leads: of one VICIdial, in one campaign here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// Behind which wall.
    pub organization_id: OrganizationId,
    /// The VICIdial's name.
    pub vicidial: String,
    /// The campaign.
    pub campaign_id: CampaignId,
}

/// Something that was changed here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeadChange {
    /// Which field, [`STATUS`] or [`DO_NOT_CALL`].
    pub field: String,
    /// For a status: the disposition's code and the outcome, with a `/` between them.
    pub value: String,
    /// When, by our clock.
    pub at: DateTime<Utc>,
    /// How often VICIdial was told in vain.
    pub tries: i32,
}

/// A lead that is to be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkRow {
    /// VICIdial's id.
    pub lead_id: i64,
    /// The contact.
    pub contact_id: ContactId,
    /// What both sides last agreed on, by field.
    pub agreed: BTreeMap<String, Agreed>,
    /// What was changed here since.
    pub changes: Vec<LeadChange>,
    /// Since when it is due; another moment once something was changed after this was read.
    pub due_at: DateTime<Utc>,
}

impl LinkRow {
    /// The change of a field, where there is one.
    pub fn change(&self, field: &str) -> Option<&LeadChange> {
        self.changes.iter().find(|change| change.field == field)
    }
}

/// What came of looking at a lead.
#[derive(Debug, Clone, PartialEq)]
pub struct Settled {
    /// VICIdial's id.
    pub lead_id: i64,
    /// The contact.
    pub contact_id: ContactId,
    /// What both sides agree on now.
    pub agreed: BTreeMap<String, Agreed>,
    /// The changes that are there now, or that lost: by field, as of when.
    pub done: Vec<(String, DateTime<Utc>)>,
    /// The changes that are not there yet, and why.
    pub refused: Vec<(String, String)>,
    /// Since when it had been due.
    pub due_at: DateTime<Utc>,
    /// When to look again; `None`: when either side changes.
    pub again_at: Option<DateTime<Utc>>,
}

/// A change that waits, or was refused, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingChange {
    /// Number.
    pub id: i64,
    /// Which VICIdial.
    pub vicidial: String,
    /// Of which campaign.
    pub campaign_id: CampaignId,
    /// The lead there.
    pub lead_id: i64,
    /// Which field.
    pub field: String,
    /// For a status: the disposition and the outcome.
    pub value: String,
    /// When it was changed here.
    pub at: DateTime<Utc>,
    /// How often VICIdial was told in vain.
    pub tries: i32,
    /// Why it did not take it; empty: not told yet.
    pub refused: String,
}

/// A disposition that was set in a VICIdial.
#[derive(Debug, Clone, PartialEq)]
pub struct ForeignCall {
    /// Of which VICIdial, campaign and organization.
    pub pair: Pair,
    /// The call's id here, made of what VICIdial calls it: the same call comes in once.
    pub call_id: CallId,
    /// Whom.
    pub contact_id: ContactId,
    /// Their name.
    pub name: String,
    /// The number called, E.164.
    pub phone: String,
    /// Who talked, as VICIdial knows them.
    pub agent: String,
    /// VICIdial's status.
    pub status: String,
    /// What it stands for.
    pub outcome: Outcome,
    /// When the call was placed.
    pub placed_at: DateTime<Utc>,
    /// Seconds that it took.
    pub duration: i32,
    /// What becomes of the contact.
    pub contact: crate::domain::ending::ContactAfter,
    /// Now.
    pub at: DateTime<Utc>,
}

/// Leads: what only the server's own tasks read and change.
#[async_trait]
pub trait LeadRecord {
    /// How far a list, by its number or name, was read.
    async fn lead_mark(&self, vicidial: &str, what: &str) -> StoreResult<Option<(i64, String)>>;
    /// Leads were seen, and are to be looked at; the list is read up to the mark: both or neither.
    async fn leads_seen(
        &self,
        pair: &Pair,
        what: &str,
        mark: &(i64, String),
        leads: &[SeenLead],
        now: DateTime<Utc>,
    ) -> StoreResult<()>;
    /// A list is read up to the mark.
    async fn mark_read(&self, vicidial: &str, what: &str, mark: &(i64, String)) -> StoreResult<()>;
    /// Leads that are to be looked at.
    async fn leads_due(&self, pair: &Pair, now: DateTime<Utc>, limit: i64) -> StoreResult<Vec<LinkRow>>;
    /// What came of it.
    async fn lead_settled(&self, pair: &Pair, settled: &Settled) -> StoreResult<()>;
    /// Contacts with these numbers in a campaign.
    async fn contacts_numbered(
        &self,
        campaign: CampaignId,
        phones: &[String],
    ) -> StoreResult<BTreeMap<String, ContactId>>;
    /// Those of some numbers that are not on the organization's do-not-call list.
    async fn not_listed(&self, organization: &OrganizationId, phones: &[String]) -> StoreResult<Vec<String>>;
    /// Changes that are not there yet, oldest first, after `after`.
    async fn pending_changes(
        &self,
        organization: &OrganizationId,
        after: i64,
        limit: i64,
    ) -> StoreResult<Vec<PendingChange>>;
    /// Leads that are kept the same, for each VICIdial and campaign, and how many of their changes wait.
    async fn lead_counts(
        &self,
        organization: &OrganizationId,
    ) -> StoreResult<Vec<(String, CampaignId, i64, i64)>>;
    /// Tries changes at once that wait for their next try: all, or the one of this number.
    async fn retry_changes(
        &self,
        organization: &OrganizationId,
        id: Option<i64>,
        now: DateTime<Utc>,
    ) -> StoreResult<u64>;
    /// Gives a change up: VICIdial is not told of it. A wish not to be called is never given up.
    async fn drop_change(&self, organization: &OrganizationId, id: i64) -> StoreResult<bool>;
}
