//! Where recordings are kept: a folder, or a bucket that speaks S3.

use async_trait::async_trait;
use bytes::Bytes;
use std::path::Path;

/// Largest recording that is read, bytes: nearly five hours.
pub const LARGEST: u64 = 512 << 20;

/// Keeps files by name. Names are ours: `organization/day/call.wav`.
#[async_trait]
pub trait Shelf: Send + Sync {
    /// Which shelf it is: what lies on another is not looked for here.
    fn id(&self) -> String;
    /// Puts a file there, and takes it away from where it was.
    ///
    /// # Errors
    /// Why not; then it is where it was.
    async fn put(&self, name: &str, from: &Path) -> Result<(), String>;
    /// What is in one.
    ///
    /// # Errors
    /// Why it cannot be had.
    async fn get(&self, name: &str) -> Result<Bytes, String>;
    /// Deletes one; one that is gone already is no error.
    ///
    /// # Errors
    /// Why it is still there.
    async fn delete(&self, name: &str) -> Result<(), String>;
}
