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
/// Between a shelf and a name on it.
const WALL: char = '|';
/// Times that a recording is put on its shelf, and the first wait between two.
const TRIES: u32 = 4;
const AGAIN: std::time::Duration = std::time::Duration::from_secs(2);
/// How long what a call left behind that was cut off lies there: longer than any call.
const LEFT_BEHIND: std::time::Duration = std::time::Duration::from_hours(24);
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
    pub fn new(
        settings: &RecordingSettings,
        data: Option<PathBuf>,
        journal: Journal,
    ) -> Result<Self, String> {
        let folder = match data {
            _ if !settings.folder.is_empty() => PathBuf::from(&settings.folder),
            Some(data) => data.join("recordings"),
            // Not where everybody may write: the folder is named before anything is recorded.
            None => PathBuf::from("/var/lib/dialdeck/recordings"),
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
        let name = format!("{}/{}/{call}.wav", key.organization_id.as_str(), now.format("%Y-%m-%d"));
        if let Err(error) = self.put(&name, &taped.path).await {
            // What no row tells of nobody could delete in time.
            tracing::error!(%call, error, "a recording could not be kept; it is deleted");
            let _ = tokio::fs::remove_file(&taped.path).await;
            return;
        }
        let place = format!("{}{WALL}{name}", self.shelf.id());
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
            let _ = self.shelf.delete(&name).await;
        }
    }

    /// Puts a file on the shelf, more than once where that fails.
    async fn put(&self, name: &str, from: &Path) -> Result<(), String> {
        let mut wait = AGAIN;
        for _ in 1..TRIES {
            match self.shelf.put(name, from).await {
                Ok(()) => return Ok(()),
                Err(error) => {
                    tracing::warn!(error, "a recording could not be put on its shelf; it is tried again");
                }
            }
            tokio::time::sleep(wait).await;
            wait *= 5;
        }
        self.shelf.put(name, from).await
    }

    /// Its name on this shelf.
    fn name<'a>(&self, row: &'a RecordingRow) -> Result<&'a str, String> {
        match row.place.rsplit_once(WALL) {
            Some((shelf, name)) if shelf == self.shelf.id() => Ok(name),
            Some((shelf, _)) => {
                Err(format!("it lies on another shelf, {shelf}; set [recordings] back to reach it"))
            }
            None => Err("its place cannot be read".into()),
        }
    }

    /// The sound of one: a WAV file, stereo, the person left, we right.
    ///
    /// # Errors
    /// Why it cannot be had.
    pub async fn sound(&self, row: &RecordingRow) -> Result<bytes::Bytes, String> {
        self.shelf.get(self.name(row)?).await
    }

    /// Takes one off the shelf, and forgets it.
    ///
    /// # Errors
    /// Why it is still there.
    pub async fn remove(&self, row: &RecordingRow) -> Result<(), String> {
        self.shelf.delete(self.name(row)?).await?;
        let forget = Change::ForgetRecording { call_id: row.call_id.clone() };
        self.journal.commit(vec![forget]).await.map(|_| ()).map_err(|error| error.to_string())
    }

    /// Takes those off whose time has come; gives how many.
    ///
    /// # Errors
    /// When the store is not available.
    pub async fn sweep(&self, store: &dyn Store, now: DateTime<Utc>) -> StoreResult<u64> {
        let (mut gone, mut after) = (0, String::new());
        loop {
            let rows = store.recordings_due(now, &after, PAGE).await?;
            let Some(last) = rows.last() else { break };
            last.call_id.as_str().clone_into(&mut after);
            for row in &rows {
                match self.remove(row).await {
                    Ok(()) => gone += 1,
                    Err(error) => {
                        tracing::warn!(call = %row.call_id, error, "a recording could not be deleted; it is tried again");
                    }
                }
            }
        }
        Ok(gone)
    }

    /// Deletes what calls left behind that were cut off by a crash: nothing is kept for ever by accident.
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
