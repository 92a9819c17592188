//! Events that Dialpad delivers: verified, looked at whether they are fresh, and stored before Dialpad is answered.

use super::connector::Connector;
use super::subscription;
use super::wire;
use crate::domain::dialpad::leg::Facts;
use crate::telemetry::metrics;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde_json::Value;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// Deliveries that wait to be stored, at most; Dialpad is told to come again when there are more.
const WAITING: usize = 2000;
/// How many are stored at a time.
const TOGETHER: usize = 200;
/// How long Dialpad is let wait; it gives up after five seconds.
const PATIENCE: Duration = Duration::from_secs(4);
/// How far ahead of ours Dialpad's clock may be, in milliseconds.
const AHEAD: i64 = 5 * 60_000;
/// How often the secret is read again because a signature did not fit.
const REREAD: Duration = Duration::from_secs(1);

/// And because there was none.
const LOOK: Duration = Duration::from_millis(100);

/// Why a delivery is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// Nothing is subscribed here.
    NotSubscribed,
    /// It was not signed with our secret.
    Forged,
    /// It is too old, or of no time at all.
    Stale,
    /// It is no event.
    Unreadable,
    /// It cannot be stored now: Dialpad is to come again.
    Busy,
}

impl Refused {
    /// A word that stays.
    pub const fn word(self) -> &'static str {
        match self {
            Self::NotSubscribed => "not_subscribed",
            Self::Forged => "forged",
            Self::Stale => "stale",
            Self::Unreadable => "unreadable",
            Self::Busy => "busy",
        }
    }
}

/// Reads an event: a JWT with HS256 and our secret, and nothing else.
///
/// # Errors
/// When it is forged.
pub fn verified(token: &str, secret: &str) -> Result<Value, Refused> {
    let mut validation = Validation::new(Algorithm::HS256);
    // What is signed is the event itself. Where it says when it expires, that counts.
    validation.required_spec_claims.clear();
    validation.validate_aud = false;
    let key = DecodingKey::from_secret(secret.as_bytes());
    decode::<Value>(token.trim(), &key, &validation).map(|data| data.claims).map_err(|_| Refused::Forged)
}

/// Whether an event is of now: `now` and its time are milliseconds of Unix time.
fn is_fresh(event: &Value, now: i64, most_minutes: u32) -> bool {
    let oldest = now - i64::from(most_minutes) * 60_000;
    wire::event_time(event).is_some_and(|at| (oldest..=now + AHEAD).contains(&at))
}

/// What waits to be stored, and who waits for that.
type Waiting = (Vec<(i64, Facts)>, oneshot::Sender<bool>);

/// Takes deliveries.
pub struct Deliveries {
    connector: Arc<Connector>,
    queue: mpsc::Sender<Waiting>,
    secret: Mutex<(Option<String>, Option<Instant>)>,
}

impl Deliveries {
    /// Starts storing what is delivered, until the server stops.
    pub fn start(connector: Arc<Connector>, closing: CancellationToken) -> Self {
        let (queue, waiting) = mpsc::channel(WAITING);
        tokio::spawn(store(connector.clone(), waiting, closing));
        Self { connector, queue, secret: Mutex::default() }
    }

    /// Takes what was posted to us. It is stored when this is well.
    ///
    /// # Errors
    /// Why it is not taken. Forged and stale ones are counted.
    pub async fn deliver(&self, body: &str, now: i64) -> Result<(), Refused> {
        let checked = tokio::time::timeout(PATIENCE, self.checked(body, now));
        let result = checked.await.unwrap_or(Err(Refused::Busy));
        self.count(result);
        if result.is_ok() {
            // Seen at once, not at the next look at what is subscribed.
            self.connector.note(|status| {
                if status.events.is_empty() {
                    subscription::Way::Webhook.word().clone_into(&mut status.events);
                }
            });
        }
        result
    }

    async fn checked(&self, body: &str, now: i64) -> Result<(), Refused> {
        let event = self.verify(body).await?;
        self.take(&event, now).await
    }

    /// Takes an event that came by the `WebSocket`, signed or as JSON: who we are connected to is known there.
    ///
    /// # Errors
    /// Why it is not taken.
    pub async fn heard(&self, text: &str, now: i64) -> Result<(), Refused> {
        let result = match serde_json::from_str::<Value>(text) {
            Ok(event) if event.is_object() => self.take(&event, now).await,
            _ => self.checked(text, now).await,
        };
        self.count(result);
        result
    }

    fn count(&self, result: Result<(), Refused>) {
        metrics::delivered(result.map_or_else(Refused::word, |()| "taken"));
        self.connector.note(|status| match result {
            Ok(()) => status.taken += 1,
            Err(Refused::Busy) => {}
            Err(_) => status.refused += 1,
        });
    }

    /// With the secret as we know it; where it does not fit, as it is now.
    async fn verify(&self, body: &str) -> Result<Value, Refused> {
        let (known, read) = self.secret.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let first = known.as_deref().map_or(Err(Refused::NotSubscribed), |secret| verified(body, secret));
        let brake = if known.is_some() { REREAD } else { LOOK };
        let just_read = read.is_some_and(|at| at.elapsed() < brake);
        if first.is_ok() || just_read {
            return first;
        }
        let connector = &self.connector;
        let kept = subscription::kept(connector.store.as_ref(), &connector.organization).await;
        let secret = kept.map_err(|_| Refused::Busy)?.map(|kept| kept.secret);
        *self.secret.lock().unwrap_or_else(PoisonError::into_inner) = (secret.clone(), Some(Instant::now()));
        verified(body, &secret.ok_or(Refused::NotSubscribed)?)
    }

    /// Whether a leg that names no group is known, or belongs to one that is.
    async fn is_part_of_ours(&self, (id, facts): &(i64, Facts)) -> Result<bool, Refused> {
        for other in facts.links().chain([*id]) {
            let found = self.connector.store.dialpad_call(&self.connector.organization, other).await;
            if found.map_err(|_| Refused::Busy)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn take(&self, event: &Value, now: i64) -> Result<(), Refused> {
        if !event.is_object() {
            return Err(Refused::Unreadable);
        }
        if event.get("call_id").is_none() {
            // Of something else, such as a user's status: nothing is kept of it.
            return Ok(());
        }
        let settings = &self.connector.settings;
        if !is_fresh(event, now, settings.event_max_age_minutes) {
            return Err(Refused::Stale);
        }
        let ours = settings.department_ids();
        let named = wire::named(event, &ours);
        if named == wire::Named::Others {
            return Ok(());
        }
        let at = wire::event_time(event).unwrap_or(now);
        let leg = wire::call(event, at, &ours, None).ok_or(Refused::Unreadable)?;
        if named == wire::Named::Nobody && !self.is_part_of_ours(&leg).await? {
            // Somebody's own call, as far as it says: the department's list has it where it is the department's.
            return Ok(());
        }
        let (done, stored) = oneshot::channel();
        self.queue.try_send((vec![leg], done)).map_err(|_| Refused::Busy)?;
        match tokio::time::timeout(PATIENCE, stored).await {
            Ok(Ok(true)) => Ok(()),
            _ => Err(Refused::Busy),
        }
    }
}

/// Stores what waits, many at a time.
async fn store(connector: Arc<Connector>, mut waiting: mpsc::Receiver<Waiting>, closing: CancellationToken) {
    let mut some = Vec::new();
    loop {
        some.clear();
        tokio::select! {
            count = waiting.recv_many(&mut some, TOGETHER) => if count == 0 { return },
            () = closing.cancelled() => return,
        }
        let (mut legs, mut told) = (Vec::new(), Vec::new());
        for (some, done) in some.drain(..) {
            legs.extend(some);
            told.push(done);
        }
        let stored = match connector.take(&legs).await {
            Ok(_) => true,
            Err(error) => {
                tracing::warn!(%error, "Dialpad's events cannot be stored");
                false
            }
        };
        for one in told {
            let _ = one.send(stored);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Refused, is_fresh, verified};
    use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
    use serde_json::{Value, json};

    fn signed(event: &Value, algorithm: Algorithm, secret: &str) -> String {
        encode(&Header::new(algorithm), event, &EncodingKey::from_secret(secret.as_bytes())).unwrap()
    }

    #[test]
    fn only_what_our_secret_signed() {
        let event = json!({ "call_id": 5, "state": "hangup" });
        let good = signed(&event, Algorithm::HS256, "s3cret");
        assert_eq!(verified(&format!("{good}\n"), "s3cret"), Ok(event.clone()));
        let mut parts: Vec<String> = good.split('.').map(str::to_owned).collect();
        let other = signed(&json!({ "call_id": 6 }), Algorithm::HS256, "s3cret");
        other.split('.').nth(1).unwrap().clone_into(&mut parts[1]);
        // {"alg":"none"}
        let none = format!("eyJhbGciOiJub25lIn0.{}.", good.split('.').nth(1).unwrap());
        for forged in [
            signed(&event, Algorithm::HS256, "guess"),
            signed(&event, Algorithm::HS512, "s3cret"),
            parts.join("."),
            none,
            good.trim_end_matches(char::is_alphanumeric).to_owned(),
            String::new(),
            "{}".into(),
            "a.b.c".into(),
        ] {
            assert_eq!(verified(&forged, "s3cret"), Err(Refused::Forged), "{forged}");
        }
        let expired = signed(&json!({ "call_id": 5, "exp": 5 }), Algorithm::HS256, "s3cret");
        assert_eq!(verified(&expired, "s3cret"), Err(Refused::Forged));
    }

    #[test]
    fn old_ones_and_those_of_no_time_are_stale() {
        let now = 10_000_000_000;
        let at = |at: i64| is_fresh(&json!({ "event_timestamp": at.to_string() }), now, 60);
        assert!(at(now) && at(now - 3_600_000) && at(now + 60_000));
        assert!(!at(now - 3_600_001) && !at(now + 400_000) && !is_fresh(&json!({}), now, 60));
        assert!(is_fresh(&json!({ "date_started": 5, "date_ended": now }), now, 60));
    }
}
