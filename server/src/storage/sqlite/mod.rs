//! The embedded default: one file, WAL, every commit on disk before anyone is told.

use super::{StoreError, StoreResult};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use std::fs::{DirBuilder, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

/// What the shared queries need to know of this engine.
mod engine {
    pub type Db = sqlx::Sqlite;
    pub type Conn = sqlx::SqliteConnection;
    /// Takes the write lock at once, so that two writers wait for each other instead of failing half-way.
    pub const BEGIN_WRITE: &str = "BEGIN IMMEDIATE";
    /// A read transaction sees one state.
    pub const BEGIN_SNAPSHOT: &str = "BEGIN";
    /// SQLite has one writer at a time: nothing to add.
    pub const CANDIDATE_LOCK: &str = "";

    /// A decimal, as integer ten-thousandths.
    #[derive(Debug, Clone, Copy, sqlx::Type)]
    #[sqlx(transparent)]
    pub struct Amount(i64);

    impl From<f64> for Amount {
        fn from(value: f64) -> Self {
            #[allow(clippy::cast_possible_truncation, reason = "amounts are far below 2^53 ten-thousandths")]
            Self((value * 10_000.0).round() as i64)
        }
    }
    impl From<Amount> for f64 {
        fn from(amount: Amount) -> Self {
            #[allow(clippy::cast_precision_loss, reason = "amounts are far below 2^53 ten-thousandths")]
            let value = amount.0 as f64;
            value / 10_000.0
        }
    }
}

#[path = "../sql/mod.rs"]
#[allow(clippy::duplicate_mod, reason = "the queries are compiled once for each engine")]
mod sql;

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
        .busy_timeout(Duration::from_secs(30));
    let pool = SqlitePoolOptions::new()
        .max_connections(8)
        .acquire_timeout(Duration::from_secs(30))
        .connect_with(options)
        .await
        .map_err(|e| unavailable(&e))?;
    sqlx::migrate!("../migrations/sqlite").run(&pool).await.map_err(|e| unavailable(&e))?;
    Ok(sql::SqlStore { pool, place: format!("SQLite at {path}") })
}
