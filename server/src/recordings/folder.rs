//! Recordings in a folder, which nobody else on the machine may read.

use super::shelf::{LARGEST, Shelf};
use async_trait::async_trait;
use bytes::Bytes;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The folder.
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// Where a name lies; none of one that leads out of the folder.
    fn path(&self, name: &str) -> Result<PathBuf, String> {
        let well = |part: &str| !part.is_empty() && part != "." && part != ".." && !part.contains('\\');
        if name.split('/').all(well) {
            Ok(self.root.join(name))
        } else {
            Err(format!("{name:?} is no name of ours"))
        }
    }
}

/// A folder for us alone.
pub(super) async fn own(folder: &Path) -> std::io::Result<()> {
    tokio::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).await
}

#[async_trait]
impl Shelf for Folder {
    fn id(&self) -> String {
        self.root.display().to_string()
    }

    async fn put(&self, name: &str, from: &Path) -> Result<(), String> {
        let to = self.path(name)?;
        let plain = |error: std::io::Error| error.to_string();
        if let Some(folder) = to.parent() {
            own(folder).await.map_err(plain)?;
        }
        tokio::fs::rename(from, &to).await.map_err(plain)
    }

    async fn get(&self, name: &str) -> Result<Bytes, String> {
        let path = self.path(name)?;
        let about = tokio::fs::metadata(&path).await.map_err(|error| error.to_string())?;
        if about.len() > LARGEST {
            return Err("it is larger than a call can be".into());
        }
        tokio::fs::read(&path).await.map(Bytes::from).map_err(|error| error.to_string())
    }

    async fn delete(&self, name: &str) -> Result<(), String> {
        match tokio::fs::remove_file(self.path(name)?).await {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error.to_string()),
            _ => Ok(()),
        }
    }
}
