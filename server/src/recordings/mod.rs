//! Recordings of calls: kept on a shelf, and taken off it when their time has come.

mod bucket;
mod folder;
mod shelf;
mod tape;

pub use shelf::Shelf;
pub use tape::{Tap, Tape};

use crate::settings::RecordingSettings;
use crate::storage::recordings::RecordingRow;
use crate::storage::{CallKey, Change, Journal, Store, StoreResult};
use chrono::{DateTime, Duration, Utc};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// How often those are looked for whose time has come.
const LOOK: std::time::Duration = std::time::Duration::from_mins(10);
/// Soon after the start.
const FIRST: std::time::Duration = std::time::Duration::from_secs(20);
/// How long what a call left behind that was cut off lies there, for somebody to look at it.
const LEFT_BEHIND: std::time::Duration = std::time::Duration::from_hours(7 * 24);
/// Those taken off at a time.
const PAGE: i64 = 200;

/// Where recordings are made and kept. Cheap to clone.
#[derive(Clone)]
pub struct Recordings {
    shelf: Arc<dyn Shelf>,
    /// Where they lie while a call goes on.
    scratch: PathBuf,
    journal: Journal,
}

impl Recordings {
    /// On the shelf of the settings; `data`: where the record is, for a folder that is not named.
    ///
    /// # Errors
    /// When the shelf cannot be used.
    pub fn new(settings: &RecordingSettings, data: &Path, journal: Journal) -> Result<Self, String> {
        let folder = if settings.folder.is_empty() {
            data.join("recordings")
        } else {
            PathBuf::from(&settings.folder)
        };
        let shelf: Arc<dyn Shelf> = if settings.s3_endpoint.is_empty() {
            Arc::new(folder::Folder::new(folder.clone()))
        } else {
            Arc::new(bucket::Bucket::new(settings)?)
        };
        Ok(Self { shelf, scratch: folder.join("unfinished"), journal })
    }

    /// Begins to record a call. Nothing hinders the call: what cannot be recorded is not.
    pub fn begin(&self, call: &str) -> Tape {
        Tape::begin(self.scratch.join(format!("{call}.wav")))
    }

    /// Keeps what was recorded, once the call is over.
    pub async fn keep(&self, key: &CallKey, tape: Tape, keep_days: u32) {
        let call = &key.call_id;
        let taped = match tape.finish().await {
            Ok(Some(taped)) => taped,
            Ok(None) => return,
            Err(error) => {
                tracing::error!(%call, %error, "a call could not be recorded");
                return;
            }
        };
        let now = Utc::now();
        let place = format!("{}/{}/{call}.wav", key.organization_id.as_str(), now.format("%Y-%m-%d"));
        if let Err(error) = self.shelf.put(&place, &taped.path).await {
            // It stays where it was made: somebody may still save it.
            tracing::error!(%call, %error, path = %taped.path.display(), "a recording could not be kept");
            return;
        }
        let row = RecordingRow {
            call_id: call.clone(),
            organization_id: key.organization_id.clone(),
            place: place.clone(),
            seconds: taped.seconds,
            bytes: taped.bytes,
            created_at: now,
            delete_at: Some(now + Duration::days(i64::from(keep_days))),
        };
        if let Err(error) = self.journal.commit(vec![Change::SaveRecording(Box::new(row))]).await {
            // What nobody knows of is not kept: it would never be deleted.
            tracing::error!(%call, %error, "a recording could not be written down; it is deleted");
            let _ = self.shelf.delete(&place).await;
        }
    }

    /// The sound of one: a WAV file, stereo, the person left, we right.
    ///
    /// # Errors
    /// Why it cannot be had.
    pub async fn sound(&self, row: &RecordingRow) -> Result<bytes::Bytes, String> {
        self.shelf.get(&row.place).await
    }

    /// Takes one off the shelf, and forgets it.
    ///
    /// # Errors
    /// Why it is still there.
    pub async fn remove(&self, row: &RecordingRow) -> Result<(), String> {
        self.shelf.delete(&row.place).await?;
        let forget = Change::ForgetRecording { call_id: row.call_id.clone() };
        self.journal.commit(vec![forget]).await.map(|_| ()).map_err(|error| error.to_string())
    }

    /// Takes those off whose time has come; gives how many.
    ///
    /// # Errors
    /// When the store is not available.
    pub async fn sweep(&self, store: &dyn Store, now: DateTime<Utc>) -> StoreResult<u64> {
        let mut gone = 0;
        for row in store.recordings_due(now, PAGE).await? {
            match self.remove(&row).await {
                Ok(()) => gone += 1,
                Err(error) => {
                    tracing::warn!(call = %row.call_id, %error, "a recording could not be deleted; it is tried again");
                }
            }
        }
        Ok(gone)
    }

    /// Deletes what calls left behind that were cut off, or that no shelf took: nothing is kept for ever by accident.
    async fn tidy(&self) {
        let Ok(mut files) = tokio::fs::read_dir(&self.scratch).await else { return };
        while let Ok(Some(file)) = files.next_entry().await {
            let changed = file.metadata().await.and_then(|about| about.modified());
            let old = changed.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > LEFT_BEHIND));
            if old {
                let _ = tokio::fs::remove_file(file.path()).await;
            }
        }
    }

    /// Does so from time to time, until told to stop.
    pub async fn run(self, store: Arc<dyn Store>, stop: CancellationToken) {
        let mut wait = FIRST;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(wait) => wait = LOOK,
            }
            self.tidy().await;
            match self.sweep(store.as_ref(), Utc::now()).await {
                Ok(0) => {}
                Ok(gone) => tracing::info!(gone, "recordings were deleted whose time had come"),
                Err(error) => tracing::warn!(%error, "recordings whose time has come wait for the database"),
            }
        }
    }
}
