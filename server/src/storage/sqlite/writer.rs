//! The connection by which all is written: one, which is kept. What it has read and written stays in its memory, where a
//! commit on another connection each time would have to be read again; and it goes through no pool, which would ask it
//! at each return whether it is there.

use super::engine::Conn;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use std::ops::{Deref, DerefMut};
use tokio::sync::{Mutex, MutexGuard};

struct Kept {
    conn: Conn,
    /// Whether the next who writes gets another.
    in_doubt: bool,
}

/// Who wants to write waits here.
pub struct Writer {
    options: SqliteConnectOptions,
    kept: Mutex<Kept>,
}

/// The connection, until it is dropped.
pub struct Taken<'a>(MutexGuard<'a, Kept>);

impl Deref for Taken<'_> {
    type Target = Conn;

    fn deref(&self) -> &Conn {
        &self.0.conn
    }
}

impl DerefMut for Taken<'_> {
    fn deref_mut(&mut self) -> &mut Conn {
        &mut self.0.conn
    }
}

impl Writer {
    /// Opens it.
    pub(super) async fn open(options: SqliteConnectOptions) -> Result<Self, sqlx::Error> {
        let kept = Mutex::new(Kept { conn: options.connect().await?, in_doubt: false });
        Ok(Self { options, kept })
    }

    /// Waits for it.
    pub async fn take(&self) -> Result<Taken<'_>, sqlx::Error> {
        let mut kept = self.kept.lock().await;
        // A transaction that was dropped is rolled back by now, or as soon as the connection answers. On a full disk SQLite may
        // end one by itself, which leaves its connection of no use: the next writer gets a fresh one.
        let conn = &mut kept.conn;
        let open = conn.is_in_transaction() && (conn.ping().await.is_err() || conn.is_in_transaction());
        if open || kept.in_doubt {
            *kept = Kept { conn: self.options.connect().await?, in_doubt: false };
        }
        Ok(Taken(kept))
    }
}

/// Something went wrong that is not a matter of what was asked: the next who writes begins afresh.
pub fn doubt(taken: &mut Taken<'_>) {
    taken.0.in_doubt = true;
}
