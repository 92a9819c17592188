//! What a floor keeps beside its calls: the catalog of small nouns, callbacks, legal holds, webhook deliveries.

use super::StoreResult;
use crate::domain::callback::{Callback, CallbackStatus};
use crate::domain::contact::Contact;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use dialdeck_protocol::{CallbackId, CampaignId, EntryId, Event, OrganizationId, UserId};

/// An entry of the catalog as stored.
#[derive(Clone, PartialEq)]
pub struct EntryRow {
    /// Id.
    pub id: EntryId,
    /// Behind which wall.
    pub organization_id: OrganizationId,
    /// Which noun.
    pub kind: String,
    /// Only in this campaign.
    pub campaign_id: Option<CampaignId>,
    /// Name.
    pub name: String,
    /// The noun itself.
    pub body: serde_json::Value,
    /// What is never shown again.
    pub secret: String,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// Last change.
    pub updated_at: DateTime<Utc>,
}

impl std::fmt::Debug for EntryRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EntryRow").field("kind", &self.kind).field("name", &self.name).finish_non_exhaustive()
    }
}

/// Which callbacks.
#[derive(Debug, Clone, Default)]
pub struct CallbackFilter {
    /// Only these.
    pub status: Option<CallbackStatus>,
    /// Only this campaign's.
    pub campaign_id: Option<CampaignId>,
    /// Only those that this user may keep: theirs and anyone's.
    pub user_id: Option<UserId>,
    /// Only those due before.
    pub due_before: Option<DateTime<Utc>>,
    /// After this place: due time and id of the last one seen.
    pub after: Option<(DateTime<Utc>, CallbackId)>,
    /// At most so many.
    pub limit: i64,
}

/// A legal hold on a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldRow {
    /// E.164.
    pub phone: String,
    /// Why.
    pub reason: String,
    /// By whom.
    pub placed_by: String,
    /// Since when.
    pub created_at: DateTime<Utc>,
}

/// What was sent to a webhook, or is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryRow {
    /// Number.
    pub id: i64,
    /// Behind which wall.
    pub organization_id: OrganizationId,
    /// To which webhook.
    pub webhook_id: EntryId,
    /// Which event.
    pub seq: i64,
    /// Its type.
    pub event_type: String,
    /// How often it was tried.
    pub attempts: i32,
    /// `pending`, `delivered` or `failed`.
    pub status: String,
    /// The last answer's status.
    pub response: Option<i32>,
    /// What went wrong last.
    pub error: String,
    /// When it was put there.
    pub created_at: DateTime<Utc>,
    /// When it is tried next.
    pub next_attempt_at: DateTime<Utc>,
}

/// A delivery to put there: webhook, event number, event type.
pub type NewDelivery = (OrganizationId, EntryId, i64, String);

/// Catalog, callbacks, holds, deliveries: reads, and what only the server's own tasks change.
#[async_trait]
pub trait Keeping {
    /// Entries of a kind, in the order in which they came, after `after`.
    async fn entries(
        &self,
        organization: &OrganizationId,
        kind: &str,
        campaign: Option<CampaignId>,
        after: Option<EntryId>,
        limit: i64,
    ) -> StoreResult<Vec<EntryRow>>;
    /// One entry.
    async fn entry(
        &self,
        organization: &OrganizationId,
        kind: &str,
        id: EntryId,
    ) -> StoreResult<Option<EntryRow>>;
    /// All entries of a kind, of all organizations.
    async fn entries_everywhere(&self, kind: &str) -> StoreResult<Vec<EntryRow>>;

    /// Callbacks, the next due first.
    async fn callbacks(
        &self,
        organization: &OrganizationId,
        filter: &CallbackFilter,
    ) -> StoreResult<Vec<Callback>>;
    /// One callback.
    async fn callback(&self, organization: &OrganizationId, id: CallbackId) -> StoreResult<Option<Callback>>;

    /// Contacts with a number, in all campaigns.
    async fn contacts_of(&self, organization: &OrganizationId, phone: &str) -> StoreResult<Vec<Contact>>;

    /// Numbers under legal hold.
    async fn holds(&self, organization: &OrganizationId) -> StoreResult<Vec<HoldRow>>;
    /// Places a hold.
    async fn place_hold(&self, organization: &OrganizationId, hold: &HoldRow) -> StoreResult<()>;
    /// Lifts a hold. False when there is none.
    async fn lift_hold(&self, organization: &OrganizationId, phone: &str) -> StoreResult<bool>;

    /// Up to which event webhooks have been looked at; `None` before the first time.
    async fn webhook_cursor(&self) -> StoreResult<Option<i64>>;
    /// Events of all organizations after `seq`.
    async fn all_events_after(&self, seq: i64, limit: i64) -> StoreResult<Vec<Event>>;
    /// Puts deliveries there and moves the cursor, both or neither.
    async fn queue_deliveries(
        &self,
        cursor: i64,
        deliveries: &[NewDelivery],
        now: DateTime<Utc>,
    ) -> StoreResult<()>;
    /// Deliveries that are due, oldest first.
    async fn due_deliveries(&self, now: DateTime<Utc>, limit: i64) -> StoreResult<Vec<DeliveryRow>>;
    /// When the next delivery falls due.
    async fn next_delivery(&self) -> StoreResult<Option<DateTime<Utc>>>;
    /// Writes down what came of a try.
    async fn note_delivery(&self, delivery: &DeliveryRow) -> StoreResult<()>;
    /// A webhook's log, newest first, before `before`.
    async fn deliveries(
        &self,
        organization: &OrganizationId,
        webhook: EntryId,
        before: Option<i64>,
        limit: i64,
    ) -> StoreResult<Vec<DeliveryRow>>;
    /// One event by its number.
    async fn event(&self, organization: &OrganizationId, seq: i64) -> StoreResult<Option<Event>>;
}
