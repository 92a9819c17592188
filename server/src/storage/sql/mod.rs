//! The queries, written once. This folder is compiled as a child of each engine's module, whose `engine` says what
//! `Db`, `Conn` and the few words are that differ.

mod accounts;
mod agents;
mod audit;
mod calls;
mod campaigns;
mod commit;
mod contacts;
mod dialpad;
mod dialpad_calls;
mod dialpad_days;
mod dialpad_keeping;
mod dialpad_legs;
mod history;
mod import;
mod keeping;
mod law;
mod lead_notes;
mod leads;
mod lessons;
mod recordings;
mod row;
mod store;
mod tokens;
mod upkeep;

use super::super::{StoreError, StoreResult};
use super::engine;
use engine::{Conn, Db};

/// A store on this engine.
pub struct SqlStore {
    pub(super) pool: sqlx::Pool<Db>,
    /// By which the journal and whatever else is kept up with commit.
    pub(super) writer: engine::Writer,
    pub(super) place: String,
}

/// A database's error in our words. A unique violation is the caller's to explain.
fn failed(error: &sqlx::Error) -> StoreError {
    match error {
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
            StoreError::Unreadable(error.to_string())
        }
        sqlx::Error::Database(inner) if inner.is_unique_violation() => {
            StoreError::Conflict("something with this name or number is there already".into())
        }
        sqlx::Error::Database(inner) if inner.is_foreign_key_violation() => {
            StoreError::Conflict("it is in use, or what it refers to is not there".into())
        }
        _ => StoreError::Unavailable(error.to_string()),
    }
}

/// A word of a closed vocabulary as it was stored.
fn word<T: std::str::FromStr>(text: &str) -> StoreResult<T>
where
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|e: T::Err| StoreError::Unreadable(e.to_string()))
}
