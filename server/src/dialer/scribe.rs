//! Writes a conversation down through the journal.

use crate::domain::do_not_call::{List, Listing};
use crate::storage::{CallKey, Change, Journal};
use crate::voice::conversation::Scribe;
use async_trait::async_trait;
use chrono::Utc;
use dialdeck_protocol::figures::{Latency, Ledger};
use dialdeck_protocol::{CampaignId, Exchange, Speaker};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Tries to get a do-not-call request onto disk before the conversation goes on without.
const TRIES: u32 = 3;
/// How long the voice loop waits for the record.
const PATIENCE: Duration = Duration::from_millis(500);

/// The scribe of one call.
pub(super) struct JournalScribe {
    pub journal: Journal,
    pub key: CallKey,
    pub phone: String,
    /// On which list the number goes that is not to be called again.
    pub list: List,
    /// Where it is noted how fast we answer.
    pub ledgers: Ledgers,
}

/// How fast the AI callers of each campaign answered of late, since the server's start. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Ledgers(Arc<Mutex<HashMap<CampaignId, Ledger>>>);

impl Ledgers {
    fn lock(&self) -> MutexGuard<'_, HashMap<CampaignId, Ledger>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How fast they were; `None` where nobody was answered yet.
    pub(super) fn latency(&self, campaign: CampaignId) -> Option<Latency> {
        self.lock().get(&campaign)?.latency()
    }
}

impl JournalScribe {
    async fn commit(&self, change: Change) {
        // The person on the line is not kept waiting for a disk: what is not written in time stays in its place in the
        // journal, and the conversation goes on.
        if let Ok(Err(error)) = tokio::time::timeout(PATIENCE, self.journal.commit(vec![change])).await {
            tracing::error!(call = %self.key.call_id, %error, "a turn could not be written down");
        }
    }
}

#[async_trait]
impl Scribe for JournalScribe {
    async fn spoken(&self, speaker: Speaker, turn: i32, text: &str) {
        let (key, text) = (self.key.clone(), text.to_owned());
        self.commit(Change::Spoken { key, speaker, turn, text, at: Utc::now() }).await;
    }

    async fn exchanged(&self, exchange: &Exchange) {
        self.ledgers.lock().entry(self.key.campaign_id).or_default().take(exchange.latency);
        self.commit(Change::Exchanged { key: self.key.clone(), exchange: exchange.clone() }).await;
    }

    async fn tool(&self, name: &str, arguments: &str, result: &str) {
        let (key, tool) = (self.key.clone(), name.to_owned());
        let (arguments, result) = (arguments.to_owned(), result.to_owned());
        self.commit(Change::ToolUsed { key, tool, arguments, result, at: Utc::now() }).await;
    }

    async fn do_not_call(&self) {
        for n in 1..=TRIES {
            let listing = Listing::for_ever(&self.key.organization_id, &self.phone, "voice", Utc::now());
            let change = Change::DoNotCall(Box::new(listing.said_in(self.list, &self.key.call_id)));
            match tokio::time::timeout(PATIENCE, self.journal.commit(vec![change])).await {
                Ok(Ok(_)) => return,
                // It waits its turn; the settlement says it once more.
                Err(_) => return,
                Ok(Err(error)) => {
                    tracing::error!(call = %self.key.call_id, %error, n, "do-not-call is not on disk yet");
                }
            }
            tokio::time::sleep(Duration::from_millis(200 * u64::from(n))).await;
        }
    }
}
