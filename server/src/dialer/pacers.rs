//! What is learned of each campaign's calls, and its ledger of thirty days: kept while the server runs, and read from the
//! record when it starts.

use super::pacing::ledger::Ledger;
use super::pacing::{Advice, Bounds, Floor, Pacer, Seen};
use crate::storage::{Store, StoreResult};
use chrono::{DateTime, Duration, Utc};
use dialdeck_protocol::{CampaignId, People};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Past calls from which is learned at the start.
const PAST: i64 = 6000;
/// Days that the ledger reaches back.
const DAYS: i64 = 30;

struct Campaign {
    pacer: Pacer,
    ledger: Ledger,
}

/// All campaigns' pacers. Cheap to clone.
#[derive(Clone, Default)]
pub struct Pacers(Arc<Mutex<HashMap<CampaignId, Campaign>>>);

/// Seconds since the epoch: days are those of UTC.
fn seconds(at: DateTime<Utc>) -> f64 {
    (at - DateTime::UNIX_EPOCH).as_seconds_f64()
}

fn share(people: &People) -> f64 {
    people.drop_limit_percent / 100.0
}

impl Pacers {
    fn with<T>(&self, campaign: CampaignId, work: impl FnOnce(&mut Campaign) -> T) -> Option<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_mut(&campaign).map(work)
    }

    /// Reads a campaign's past, where that was not done before.
    pub(super) async fn open(
        &self,
        store: &dyn Store,
        campaign: CampaignId,
        people: &People,
        now: DateTime<Utc>,
    ) -> StoreResult<()> {
        let limit = share(people);
        if self.with(campaign, |own| own.ledger.set_limit(limit)).is_some() {
            return Ok(());
        }
        let pacer = learned(store, campaign).await?;
        // From here on what happens is noted; what happened before is added to it.
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(campaign, Campaign { pacer, ledger: Ledger::new(limit) });
        let today = now.date_naive().and_time(chrono::NaiveTime::MIN).and_utc();
        let mut days = Vec::new();
        for back in 0..DAYS {
            let from = today - Duration::days(back);
            let (answered, abandoned) = store.answered(campaign, from, from + Duration::days(1)).await?;
            days.push((from, answered, abandoned));
        }
        self.with(campaign, |own| {
            for (from, answered, abandoned) in days {
                own.ledger.add_earlier(seconds(from), answered, abandoned);
            }
        });
        Ok(())
    }

    /// Takes note of what was seen.
    pub(super) fn observe(&self, campaign: CampaignId, seen: Seen) {
        self.with(campaign, |own| own.pacer.observe(seen));
    }

    /// Takes note of a call that a person answered: abandoned or not.
    pub(super) fn answered(&self, campaign: CampaignId, abandoned: bool, now: DateTime<Utc>) {
        self.with(campaign, |own| own.ledger.note(seconds(now), abandoned));
    }

    /// How many lines to dial now, and why.
    pub(super) fn advise(
        &self,
        campaign: CampaignId,
        floor: &Floor<'_>,
        bounds: &Bounds,
        now: DateTime<Utc>,
    ) -> Option<Advice> {
        self.with(campaign, |own| {
            own.ledger.forget(seconds(now));
            own.pacer.advise(floor, bounds, &own.ledger)
        })
    }
}

async fn learned(store: &dyn Store, campaign: CampaignId) -> StoreResult<Pacer> {
    let mut pacer = Pacer::default();
    let between = |from: DateTime<Utc>, to: DateTime<Utc>| (to - from).as_seconds_f64().max(0.0);
    for call in store.past_calls(campaign, PAST).await? {
        let Some(answered) = call.answered_at else {
            pacer.observe(Seen::Unanswered(between(call.placed_at, call.ended_at)));
            continue;
        };
        pacer.observe(Seen::PickedUp(between(call.placed_at, answered)));
        pacer.observe(Seen::Told { after: 0.0, person: true });
        if let Some(connected) = call.connected_at {
            let ended = answered + Duration::seconds(i64::from(call.duration));
            pacer.observe(Seen::Talked(between(connected, ended)));
            if let Some(disposed) = call.disposed_at {
                pacer.observe(Seen::WrappedUp(between(ended, disposed)));
            }
        }
    }
    Ok(pacer)
}
