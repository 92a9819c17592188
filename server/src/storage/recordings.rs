//! Recordings of calls: what is known of each.

use super::StoreResult;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use dialdeck_protocol::{CallId, OrganizationId};

/// A recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordingRow {
    /// Of which call.
    pub call_id: CallId,
    /// Behind which wall.
    pub organization_id: OrganizationId,
    /// Its name on the shelf.
    pub place: String,
    /// How long it is.
    pub seconds: i32,
    /// How large it is.
    pub bytes: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it goes; none: it stays.
    pub delete_at: Option<DateTime<Utc>>,
}

/// Reads of recordings.
#[async_trait]
pub trait RecordingRecord {
    /// A call's.
    async fn recording(
        &self,
        organization: &OrganizationId,
        call: &CallId,
    ) -> StoreResult<Option<RecordingRow>>;
    /// Those that are to go: their time has come, or their call is gone; by call, those after one. Numbers under legal hold keep theirs.
    async fn recordings_due(
        &self,
        now: DateTime<Utc>,
        after: &str,
        limit: i64,
    ) -> StoreResult<Vec<RecordingRow>>;
}
