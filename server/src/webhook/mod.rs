//! Tells webhooks what was committed: signed, retried, with a log. Events are read from the record, so that nothing is
//! missed by a restart.

mod signature;

pub use signature::sign;

use crate::bus::Bus;
use crate::domain::catalog::{Noun, Webhook};
use crate::domain::plain;
use crate::storage::keeping::{DeliveryRow, EntryRow, NewDelivery};
use crate::storage::{Store, StoreResult};
use chrono::{DateTime, Duration, Utc};
use dialdeck_protocol::Event;
use futures_util::{StreamExt, stream};
use std::sync::Arc;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Events looked at, and deliveries tried, at a time.
const PAGE: i64 = 64;
/// Deliveries under way at once.
const AT_ONCE: usize = 16;
/// How long a receiver may take.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);
/// Tries before a delivery is given up: about two days.
const TRIES: i32 = 12;
/// A burst of events is one round.
const BURST: std::time::Duration = std::time::Duration::from_millis(50);
/// How often we look although nothing was heard.
const LOOK: std::time::Duration = std::time::Duration::from_secs(30);

/// When a delivery that failed `attempts` times is tried again; `None`: never.
fn again(attempts: i32, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let wait = 5_i64.saturating_mul(3_i64.saturating_pow(u32::try_from(attempts - 1).unwrap_or(0)));
    (attempts < TRIES).then(|| now + Duration::seconds(wait.min(6 * 3600)))
}

/// Whether a webhook wants an event.
fn wants(row: &EntryRow, webhook: &Webhook, event: &Event, kind: &str) -> bool {
    // What happened before a webhook was made is not its news.
    let fresh = event.at >= row.created_at;
    let ours = event.organization_id == row.organization_id || event.organization_id.0.is_empty();
    let campaign = webhook.campaign_id.is_none() || webhook.campaign_id == event.campaign_id;
    fresh
        && ours
        && campaign
        && !webhook.paused
        && (webhook.events.is_empty() || webhook.events.iter().any(|e| e == kind))
}

fn client() -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder()
        .timeout(PATIENCE)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("dialdeckd/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// Sends a webhook something that is no event, signed as events are, and gives what it answered.
///
/// # Errors
/// Why it was not taken.
pub async fn ping(row: &EntryRow, webhook: &Webhook, now: DateTime<Utc>) -> Result<String, String> {
    let client = client().map_err(|error| plain::line(&error.to_string(), 300))?;
    let body = serde_json::json!({ "type": "ping", "at": now }).to_string();
    match posted(&client, row, webhook, "ping", 0, body, now).await {
        (Some(status), error) if error.is_empty() => Ok(format!("it answered {status}")),
        (_, error) => Err(error),
    }
}

async fn posted(
    client: &reqwest::Client,
    row: &EntryRow,
    webhook: &Webhook,
    kind: &str,
    delivery: i64,
    body: String,
    now: DateTime<Utc>,
) -> (Option<u16>, String) {
    let sent = client
        .post(&webhook.url)
        .header("content-type", "application/json")
        .header("dialdeck-event", kind)
        .header("dialdeck-delivery", delivery)
        .header("dialdeck-signature", sign(&row.secret, now.timestamp(), &body))
        .body(body)
        .send()
        .await;
    match sent {
        Ok(answer) if answer.status().is_success() => (Some(answer.status().as_u16()), String::new()),
        Ok(answer) => (Some(answer.status().as_u16()), format!("it answered {}", answer.status())),
        // The address may carry a secret of the receiver's: not into the log.
        Err(error) => (None, plain::line(&error.without_url().to_string(), 300)),
    }
}

/// Runs until told to stop. `changed`: somebody made, changed or deleted a webhook on this server; what another server's
/// people did is seen at the next look.
pub async fn run(store: Arc<dyn Store>, bus: Bus, changed: Arc<Notify>, stop: CancellationToken) {
    let client = match client() {
        Ok(client) => client,
        Err(error) => {
            tracing::error!(%error, "webhooks cannot be sent");
            return;
        }
    };
    let sender = Sender { store, client };
    loop {
        let (wait, any) = match sender.round().await {
            Ok(next) => next,
            Err(error) => {
                tracing::warn!(%error, "webhooks wait for the database");
                (LOOK, true)
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(wait) => {}
            () = changed.notified() => {}
            // Where there is no webhook, what happens is looked at now and then only, to move on.
            () = bus.news(), if any => tokio::time::sleep(BURST).await,
        }
    }
}

struct Sender {
    store: Arc<dyn Store>,
    client: reqwest::Client,
}

impl Sender {
    /// Puts there what is new, sends what is due; gives how long nothing is, and whether there is any webhook.
    async fn round(&self) -> StoreResult<(std::time::Duration, bool)> {
        // Looked at before the webhooks: one that is made meanwhile misses nothing.
        let last = self.store.last_seq().await?;
        let hooks: Vec<(EntryRow, Webhook)> = self
            .store
            .entries_everywhere(Webhook::KIND)
            .await?
            .into_iter()
            .filter_map(|row| Some((row.clone(), serde_json::from_value(row.body).ok()?)))
            .collect();
        self.collect(&hooks, last).await?;
        let due = self.store.due_deliveries(Utc::now(), PAGE).await?;
        if !due.is_empty() {
            let sent =
                stream::iter(due).map(|delivery| self.deliver(delivery, &hooks)).buffer_unordered(AT_ONCE);
            let results: Vec<StoreResult<()>> = sent.collect().await;
            results.into_iter().collect::<StoreResult<()>>()?;
            // A page at a time: what is new, and a wish to stop, are looked at in between.
            return Ok((std::time::Duration::ZERO, true));
        }
        let next = self.store.next_delivery().await?.map(|at| (at - Utc::now()).to_std().unwrap_or_default());
        Ok((next.unwrap_or(LOOK).min(LOOK), !hooks.is_empty()))
    }

    async fn collect(&self, hooks: &[(EntryRow, Webhook)], last: i64) -> StoreResult<()> {
        let cursor = self.store.webhook_cursor().await?;
        let Some(mut cursor) = cursor.filter(|_| !hooks.is_empty()) else {
            // Nobody wants to know.
            let behind = cursor.is_none_or(|cursor| cursor < last);
            return if behind { self.store.queue_deliveries(last, &[], Utc::now()).await } else { Ok(()) };
        };
        loop {
            let events = self.store.all_events_after(cursor, PAGE).await?;
            let Some(last) = events.last() else { return Ok(()) };
            cursor = last.seq;
            let mut wanted: Vec<NewDelivery> = Vec::new();
            for event in &events {
                let kind = event.body.kind();
                for (row, webhook) in hooks {
                    if wants(row, webhook, event, kind) {
                        wanted.push((row.organization_id.clone(), row.id, event.seq, kind.to_owned()));
                    }
                }
            }
            self.store.queue_deliveries(cursor, &wanted, Utc::now()).await?;
        }
    }

    async fn deliver(&self, mut delivery: DeliveryRow, hooks: &[(EntryRow, Webhook)]) -> StoreResult<()> {
        let now = Utc::now();
        let hook = hooks.iter().find(|(row, _)| row.id == delivery.webhook_id);
        if hook.is_some_and(|(_, webhook)| webhook.paused) {
            delivery.next_attempt_at = now + Duration::minutes(5);
            return self.store.note_delivery(&delivery).await;
        }
        delivery.attempts += 1;
        let event = self.store.event(&delivery.organization_id, delivery.seq).await?;
        let (response, error) = if let (Some((row, webhook)), Some(event)) = (hook, event) {
            self.post(&delivery, row, webhook, &event, now).await
        } else {
            delivery.attempts = TRIES;
            (None, "the event or the webhook is gone".to_owned())
        };
        delivery.response = response.map(i32::from);
        delivery.error = error;
        if delivery.error.is_empty() {
            "delivered".clone_into(&mut delivery.status);
        } else if let Some(at) = again(delivery.attempts, now) {
            delivery.next_attempt_at = at;
        } else {
            tracing::warn!(webhook = %delivery.webhook_id, seq = delivery.seq, "a webhook's delivery was given up");
            "failed".clone_into(&mut delivery.status);
        }
        self.store.note_delivery(&delivery).await
    }

    async fn post(
        &self,
        delivery: &DeliveryRow,
        row: &EntryRow,
        webhook: &Webhook,
        event: &Event,
        now: DateTime<Utc>,
    ) -> (Option<u16>, String) {
        let body = serde_json::to_string(event).unwrap_or_default();
        posted(&self.client, row, webhook, &delivery.event_type, delivery.id, body, now).await
    }
}

#[cfg(test)]
mod tests {
    use super::again;
    use chrono::{DateTime, Duration, Utc};

    #[test]
    fn waits_grow_and_end() {
        let now = DateTime::<Utc>::UNIX_EPOCH;
        assert_eq!(again(1, now), Some(now + Duration::seconds(5)));
        assert_eq!(again(2, now), Some(now + Duration::seconds(15)));
        assert_eq!(again(11, now), Some(now + Duration::hours(6)));
        assert_eq!(again(12, now), None);
    }
}
