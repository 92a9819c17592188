//! What the shared queries need to know of SQLite.

pub use super::copy::backup;
pub use super::events::{LAST_SEQ, at_once, write};
pub use super::words::{index_words, merge_words, search_words};
pub use super::writer::{Taken, Writer, doubt};
use sqlx::Row;

pub type Db = sqlx::Sqlite;
pub type Conn = sqlx::SqliteConnection;
/// Takes the write lock at once, so that two writers wait for each other instead of failing half-way.
pub const BEGIN_WRITE: &str = "BEGIN IMMEDIATE";
/// A read transaction sees one state.
pub const BEGIN_SNAPSHOT: &str = "BEGIN";
/// SQLite has one writer at a time: nothing to add.
pub const CANDIDATE_LOCK: &str = "";

/// Bytes that the database takes.
pub async fn size(pool: &sqlx::Pool<Db>) -> Result<i64, sqlx::Error> {
    let row = sqlx::query("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
        .fetch_one(pool)
        .await?;
    row.try_get(0)
}

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
