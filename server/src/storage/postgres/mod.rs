//! PostgreSQL: for many servers, and for users who query the tables themselves.

use super::{StoreError, StoreResult};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use std::str::FromStr;
use std::time::Duration;

/// What the shared queries need to know of this engine.
mod engine {
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
}

#[path = "../sql/mod.rs"]
#[allow(clippy::duplicate_mod, reason = "the queries are compiled once for each engine")]
mod sql;

/// Connects and migrates.
///
/// # Errors
/// When it cannot be reached, or the database is from a later version. The password never stands in the message.
pub async fn open(url: &str) -> StoreResult<sql::SqlStore> {
    let options = PgConnectOptions::from_str(url).map_err(|_| {
        StoreError::Unavailable(
            "DATABASE_URL is not a PostgreSQL address; use postgres://user:password@host/database".into(),
        )
    })?;
    let place = format!(
        "PostgreSQL at {}:{}/{}",
        options.get_host(),
        options.get_port(),
        options.get_database().unwrap_or_default()
    );
    let unavailable = |error: &dyn std::fmt::Display| StoreError::Unavailable(format!("{place}: {error}"));
    let pool = PgPoolOptions::new()
        .max_connections(16)
        .acquire_timeout(Duration::from_secs(10))
        .connect_with(options)
        .await
        .map_err(|e| unavailable(&e))?;
    sqlx::migrate!("../migrations/postgres").run(&pool).await.map_err(|e| unavailable(&e))?;
    Ok(sql::SqlStore { pool, place })
}
