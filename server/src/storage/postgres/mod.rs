//! PostgreSQL: for many servers, and for users who query the tables themselves.

use super::{StoreError, StoreResult};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use std::str::FromStr;
use std::time::Duration;

mod copy;
mod engine;
mod events;
mod words;

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
    Ok(sql::SqlStore { writer: engine::Writer(pool.clone()), pool, place })
}

/// Restores a backup into the empty database that `url` names.
///
/// # Errors
/// When it cannot be reached or is not empty, or the file is damaged or from another version.
pub async fn restore(url: &str, from: &std::path::Path) -> StoreResult<()> {
    copy::restore(&open(url).await?.pool, from).await
}
