//! What the shared queries need to know of PostgreSQL.

pub use super::copy::backup;
pub use super::events::{LAST_SEQ, at_once, write};
pub use super::words::{index_words, merge_words, search_words};
use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};

pub type Db = sqlx::Postgres;
pub type Conn = sqlx::PgConnection;
/// The event counter's row lock orders writers.
pub const BEGIN_WRITE: &str = "BEGIN";
/// A read transaction sees one state.
pub const BEGIN_SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
/// Servers that pace different campaigns do not wait for each other's contacts.
pub const CANDIDATE_LOCK: &str = " FOR UPDATE SKIP LOCKED";

/// Bytes that the database takes.
pub async fn size(pool: &sqlx::Pool<Db>) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("SELECT pg_database_size(current_database())").fetch_one(pool).await
}

/// A connection that was taken.
pub type Taken<'a> = sqlx::pool::PoolConnection<Db>;

/// Something went wrong that is not a matter of what was asked: the pool sees to it.
pub fn doubt(_taken: &mut Taken<'_>) {}

/// By which all is written: the pool, as whatever else is done.
pub struct Writer(pub sqlx::Pool<Db>);

impl Writer {
    /// A connection.
    pub async fn take(&self) -> Result<Taken<'_>, sqlx::Error> {
        self.0.acquire().await
    }
}

/// A decimal.
#[derive(Debug, Clone, Copy, sqlx::Type)]
#[sqlx(transparent)]
pub struct Amount(Decimal);

impl From<f64> for Amount {
    fn from(value: f64) -> Self {
        Self(Decimal::from_f64(value).unwrap_or_default().round_dp(4))
    }
}
impl From<Amount> for f64 {
    fn from(amount: Amount) -> Self {
        amount.0.to_f64().unwrap_or_default()
    }
}
