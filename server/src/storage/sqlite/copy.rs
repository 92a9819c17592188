//! Backup while everything goes on, and restoring from it.

use super::engine::Db;
use crate::storage::{StoreError, StoreResult};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use std::fs::OpenOptions;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

fn unavailable(what: &str, error: &dyn std::fmt::Display) -> StoreError {
    StoreError::Unavailable(format!("{what}: {error}"))
}

/// Writes one consistent state into a new file. `VACUUM INTO` reads one snapshot; writers go on meanwhile.
pub async fn backup(pool: &sqlx::Pool<Db>, to: &Path) -> StoreResult<u64> {
    let shown = to.display().to_string();
    let text = to.to_str().ok_or_else(|| unavailable(&shown, &"the path is not UTF-8"))?;
    // It holds people and password hashes, like the original: nobody else may read it, from its first byte on.
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(to)
        .map_err(|e| unavailable(&shown, &e))?;
    let mut conn = pool.acquire().await.map_err(|e| unavailable("the database", &e))?;
    sqlx::query("VACUUM INTO $1")
        .bind(text)
        .execute(&mut *conn)
        .await
        .map_err(|e| unavailable(&shown, &e))?;
    let file = std::fs::File::open(to).map_err(|e| unavailable(&shown, &e))?;
    file.sync_all().map_err(|e| unavailable(&shown, &e))?;
    Ok(file.metadata().map(|m| m.len()).unwrap_or_default())
}

/// Checks a backup and puts it where the database is to be. Nothing may be there.
///
/// # Errors
/// When the backup is damaged, or something stands at `to`.
pub async fn restore(from: &Path, to: &Path) -> StoreResult<()> {
    let shown = to.display().to_string();
    for suffix in ["", "-wal", "-shm"] {
        let mut there = to.as_os_str().to_owned();
        there.push(suffix);
        if Path::new(&there).exists() {
            return Err(StoreError::Conflict(format!(
                "{} is there already: stop dialdeckd, move it away, and restore again",
                there.display()
            )));
        }
    }
    let mut conn = SqliteConnectOptions::new()
        .filename(from)
        .read_only(true)
        .connect()
        .await
        .map_err(|e| unavailable(&from.display().to_string(), &e))?;
    let verdict: Result<String, _> =
        sqlx::query_scalar("PRAGMA integrity_check(1)").fetch_one(&mut conn).await;
    let known: Result<i64, _> =
        sqlx::query_scalar("SELECT COUNT(*) FROM _sqlx_migrations").fetch_one(&mut conn).await;
    let _ = conn.close().await;
    if verdict.as_deref().ok() != Some("ok") || known.is_err() {
        return Err(StoreError::Unreadable(format!("{} is damaged, or no backup of ours", from.display())));
    }
    if let Some(folder) = to.parent().filter(|f| !f.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|e| unavailable(&shown, &e))?;
    }
    // Beside it first: a half-written file is never taken for the database.
    let part = to.with_extension("restoring");
    std::fs::copy(from, &part).map_err(|e| unavailable(&shown, &e))?;
    std::fs::set_permissions(&part, std::fs::Permissions::from_mode(0o600))
        .map_err(|e| unavailable(&shown, &e))?;
    std::fs::File::open(&part).and_then(|f| f.sync_all()).map_err(|e| unavailable(&shown, &e))?;
    std::fs::rename(&part, to).map_err(|e| unavailable(&shown, &e))
}
