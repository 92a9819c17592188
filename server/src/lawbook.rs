//! Holds the law in force: the shipped rules and the operator's file, read again when it changes.

use crate::domain::law::{MOST_BYTES, Rules};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// How often we look whether the file was changed.
const LOOK: Duration = Duration::from_secs(2);

/// The rules in force. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Lawbook {
    rules: watch::Receiver<Arc<Rules>>,
}

impl Lawbook {
    /// Reads the rules, and from then on follows the file, where there is one. A file with a mistake is said, and the
    /// rules stay as they were.
    ///
    /// # Errors
    /// File and line, and what would be right: we do not start with a law that we cannot read.
    pub fn open(file: Option<PathBuf>, stop: CancellationToken) -> Result<Self, String> {
        let rules = match &file {
            Some(file) => read(file)?,
            None => Rules::shipped(),
        };
        let (sender, receiver) = watch::channel(Arc::new(rules));
        if let Some(file) = file {
            tokio::spawn(follow(file, sender, stop));
        }
        Ok(Self { rules: receiver })
    }

    /// The rules in force now.
    pub fn rules(&self) -> Arc<Rules> {
        self.rules.borrow().clone()
    }
}

/// The shipped rules with those of a file.
///
/// # Errors
/// File and line, and what would be right.
pub fn read(file: &Path) -> Result<Rules, String> {
    let name = file.display();
    let size = std::fs::metadata(file).map_err(|error| format!("{name}: {error}"))?.len();
    if size > MOST_BYTES as u64 {
        return Err(format!("{name}: {size} bytes; a rules file may have {MOST_BYTES}"));
    }
    let text = std::fs::read_to_string(file).map_err(|error| format!("{name}: {error}"))?;
    Rules::shipped().with(&text).map_err(|why| format!("{name}: {why}"))
}

async fn follow(file: PathBuf, rules: watch::Sender<Arc<Rules>>, stop: CancellationToken) {
    let written = || -> Option<SystemTime> { std::fs::metadata(&file).and_then(|m| m.modified()).ok() };
    let mut known = written();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
        let now = written();
        if now == known {
            continue;
        }
        known = now;
        match read(&file) {
            Ok(read) => {
                tracing::info!(file = %file.display(), "the rules of law were read again");
                rules.send_replace(Arc::new(read));
            }
            Err(why) => tracing::error!(why, "the rules of law stay as they were"),
        }
    }
}
