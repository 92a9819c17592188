//! The record: is it there, is it whole, does something wait in it.

use super::{Verdict, fail, ok, warn};
use crate::storage::Store;
use crate::storage::accounts::{Claim, Claimed};
use chrono::Utc;
use dialdeck_protocol::{OrganizationId, QueueState};
use std::sync::Arc;
use std::time::Instant;

/// Writes a row, reads it, and takes it away again.
pub(super) async fn database(store: &Arc<dyn Store>) -> Verdict {
    let begun = Instant::now();
    let claim = Claim {
        organization_id: OrganizationId("default".into()),
        actor: "doctor".into(),
        key: uuid::Uuid::now_v7().to_string(),
        fingerprint: String::new(),
    };
    let tried = async {
        store.claim(&claim, Utc::now()).await?;
        let read = store.claim(&claim, Utc::now()).await?;
        store.settle(&claim, None).await?;
        Ok::<_, crate::storage::StoreError>(read)
    };
    match tried.await {
        Ok(Claimed::Unsettled) => ok(format!(
            "{}: wrote, read and removed a row in {} ms",
            store.describe(),
            begun.elapsed().as_millis()
        )),
        Ok(_) => {
            fail(format!("{}: what was written is not what is read", store.describe()), "restore a backup")
        }
        Err(error) => fail(error.to_string(), "see whether the database is full, locked or read-only"),
    }
}

pub(super) async fn audit(store: &Arc<dyn Store>) -> Verdict {
    match store.verify_audit().await {
        Ok(Ok(count)) => ok(format!("the hash chain of {count} lines is intact")),
        Ok(Err(id)) => fail(
            format!("line {id} of the audit log is not what was written"),
            "somebody changed the table: compare with a backup, and with exports of the log",
        ),
        Err(error) => fail(error.to_string(), "see the line of the database"),
    }
}

pub(super) async fn queues(store: &Arc<dyn Store>) -> Verdict {
    let organizations = match store.organizations().await {
        Ok(all) => all,
        Err(error) => return fail(error.to_string(), "see the line of the database"),
    };
    let (mut running, mut paused) = (0, Vec::new());
    for (organization, ..) in organizations {
        for campaign in store.campaigns(&organization).await.unwrap_or_default() {
            match store.queue(campaign.id).await {
                Ok(Some(queue)) if queue.state == QueueState::Paused => {
                    paused.push(format!("{}: {}", campaign.name, queue.reason));
                }
                Ok(Some(queue)) if queue.state != QueueState::Stopped => running += 1,
                _ => {}
            }
        }
    }
    if paused.is_empty() {
        let run = if running == 1 { "queue runs" } else { "queues run" };
        return ok(format!("{running} {run}, none has paused by itself"));
    }
    warn(format!("paused: {}", paused.join("; ")), "look, mend, and start the queue again")
}
