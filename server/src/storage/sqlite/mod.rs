//! The embedded default: one file, WAL, every commit on disk before anyone is told.

use super::{StoreError, StoreResult};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use std::fs::{DirBuilder, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

mod copy;
mod engine;
mod events;
mod words;
mod writer;

pub use copy::restore;

#[path = "../sql/mod.rs"]
#[allow(clippy::duplicate_mod, reason = "the queries are compiled once for each engine")]
mod sql;

/// Statements that the connection which writes keeps ready: all there are, and one for each count of events
/// ([`events::at_once`]).
const TEXTS: usize = 256;

/// Pages of the log from which a commit copies them into the database: 32 MiB. Whoever commits then waits for the copy and
/// for the disk twice more: at SQLite's own 1000 pages that was more than a hundredth of what is acknowledged under load.
const CHECKPOINT: &str = "8192";

/// Opens (and makes) the file, and migrates it.
///
/// # Errors
/// When the folder cannot be made, the file is no database, or it is from a later version.
pub async fn open(path: &str) -> StoreResult<sql::SqlStore> {
    let unavailable = |error: &dyn std::fmt::Display| StoreError::Unavailable(format!("{path}: {error}"));
    // It holds people and password hashes: for its owner's eyes only.
    if let Some(folder) = Path::new(path).parent().filter(|f| !f.as_os_str().is_empty()) {
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|e| unavailable(&e))?;
    }
    let mut file = OpenOptions::new();
    file.create(true).append(true).mode(0o600).open(path).map_err(|e| unavailable(&e))?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(30))
        .pragma("wal_autocheckpoint", CHECKPOINT);
    let writing = options.clone().statement_cache_capacity(TEXTS);
    let pool = SqlitePoolOptions::new()
        .max_connections(8)
        // A file does not hang up: asking each time whether it is there costs two changes of thread.
        .test_before_acquire(false)
        .acquire_timeout(Duration::from_secs(30))
        .connect_with(options)
        .await
        .map_err(|e| unavailable(&e))?;
    sqlx::migrate!("../migrations/sqlite").run(&pool).await.map_err(|e| unavailable(&e))?;
    let writer = writer::Writer::open(writing).await.map_err(|e| unavailable(&e))?;
    Ok(sql::SqlStore { pool, writer, place: format!("SQLite at {path}") })
}
