//! Keeps the record small and quick: once a day what is older than the settings keep goes, and the index of what was said is merged.

use crate::settings::Settings;
use crate::storage::Store;
use chrono::Utc;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often.
const DAY: Duration = Duration::from_hours(24);
/// Not in the middle of the start.
const FIRST: Duration = Duration::from_mins(10);

/// Runs until told to stop.
pub async fn run(store: Arc<dyn Store>, settings: Arc<Settings>, stop: CancellationToken) {
    let mut wait = FIRST;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(wait) => {}
        }
        wait = DAY;
        match store.purge(&settings.retention(Utc::now()), false).await {
            Ok(purged) => tracing::info!(
                events = purged.events,
                transcripts = purged.transcripts,
                calls = purged.calls,
                housekeeping = purged.housekeeping,
                "purged what is older than retention keeps"
            ),
            Err(error) => tracing::warn!(%error, "the daily purge failed; it is tried again tomorrow"),
        }
        if let Err(error) = store.merge_words().await {
            tracing::warn!(%error, "the index of what was said was not merged; it is tried again tomorrow");
        }
    }
}
