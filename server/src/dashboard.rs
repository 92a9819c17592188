//! A day in figures, for consoles: hours that are past are read once.

use crate::domain::caller::Caller;
use crate::domain::campaign::Campaign;
use crate::storage::agents::Heap;
use crate::storage::{Store, StoreResult};
use chrono::{DateTime, Duration, Local, NaiveTime, Utc};
use dialdeck_protocol::dashboard::{CampaignFigures, Dashboard, HourTally, Tally};
use dialdeck_protocol::{CampaignId, OrganizationId};
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

/// Hours that are shown.
const HOURS: i64 = 24;
/// Hours whose calls may still end: they are read each time.
const OPEN: i64 = 3;
/// How long what was read last holds.
const FRESH: Duration = Duration::seconds(5);
/// How long what is counted over many contacts or days holds.
const STEADY: Duration = Duration::seconds(20);
/// How long what nobody asked for again is kept.
const FORGOTTEN: Duration = Duration::hours(1);
/// Days over which abandoned calls are counted.
const DAYS: i64 = 30;

/// Each hour with what was read of it, and whether its calls had all ended then.
type Hours = HashMap<DateTime<Utc>, (bool, Arc<Vec<Heap>>)>;
/// When an organization's hours were read last, and what they held.
type Read = (DateTime<Utc>, Hours);
/// When it was counted, the contacts that may be called, and the share that was abandoned.
type Counted = (DateTime<Utc>, i64, Option<f64>);

/// What was read of each organization. Cheap to clone.
#[derive(Clone, Default)]
pub struct Dashboards {
    hours: Arc<Mutex<HashMap<OrganizationId, Read>>>,
    counted: Arc<Mutex<HashMap<CampaignId, Counted>>>,
}

/// When today began, by this machine's clock and zone.
fn midnight(now: DateTime<Utc>) -> DateTime<Utc> {
    let here = now.with_timezone(&Local);
    let begun = here.with_time(NaiveTime::MIN).earliest().unwrap_or(here);
    begun.with_timezone(&Utc)
}

/// The hours that are shown, the one under way last: counted from midnight, which is no whole hour of UTC everywhere, and all of
/// today's, on the one day that has 25.
fn hours_to(now: DateTime<Utc>, midnight: DateTime<Utc>) -> Vec<DateTime<Utc>> {
    let today = (now - midnight).num_hours().max(0);
    let current = midnight + Duration::hours(today);
    (0..HOURS.max(today + 1)).rev().map(|back| current - Duration::hours(back)).collect()
}

impl Dashboards {
    /// What a caller may see of an organization's day.
    pub async fn of(
        &self,
        store: &dyn Store,
        caller: &Caller,
        campaigns: &[Campaign],
        now: DateTime<Utc>,
    ) -> StoreResult<Dashboard> {
        let hours = self.hours(store, &caller.organization_id, now).await?;
        let since = midnight(now);
        let mut dashboard = assembled(&hours, since, &|campaign| caller.covers_call(campaign));
        let mut figures: HashMap<CampaignId, Tally> = HashMap::new();
        for heap in hours.iter().filter(|(from, _)| *from >= since).flat_map(|(_, heaps)| heaps.iter()) {
            if let Some(id) = heap.campaign_id {
                figures.entry(id).or_default().add(&heap.tally);
            }
        }
        for campaign in campaigns.iter().filter(|campaign| caller.covers(campaign.id)) {
            let people = campaign.call_settings.people.as_ref();
            let (dialable, dropped) = self.counted(store, campaign, now).await?;
            dashboard.campaigns.push(CampaignFigures {
                campaign_id: campaign.id,
                today: figures.get(&campaign.id).copied().unwrap_or_default(),
                dialable,
                dropped_percent: dropped,
                drop_limit_percent: people.map(|people| people.drop_limit_percent),
            });
        }
        Ok(dashboard)
    }

    async fn hours(
        &self,
        store: &dyn Store,
        organization: &OrganizationId,
        now: DateTime<Utc>,
    ) -> StoreResult<Vec<(DateTime<Utc>, Arc<Vec<Heap>>)>> {
        let known = self.lock().get(organization).cloned();
        let (read_at, mut known) = known.unwrap_or_default();
        let wanted = hours_to(now, midnight(now));
        let current = wanted.last().copied().unwrap_or(now);
        let fresh = now - read_at < FRESH;
        for from in &wanted {
            let closed = current - *from >= Duration::hours(OPEN);
            let read = known.get(from).is_some_and(|(was_closed, _)| *was_closed || fresh && !closed);
            if !read {
                let heaps = store.tallies(organization, *from, *from + Duration::hours(1)).await?;
                known.insert(*from, (closed, Arc::new(heaps)));
            }
        }
        known.retain(|from, _| wanted.contains(from));
        let read_at = if fresh { read_at } else { now };
        self.lock().insert(organization.clone(), (read_at, known.clone()));
        Ok(wanted
            .into_iter()
            .filter_map(|from| known.get(&from).map(|(_, heaps)| (from, heaps.clone())))
            .collect())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<OrganizationId, Read>> {
        self.hours.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Contacts that may be called, and the share that was abandoned in thirty days, in percent.
    async fn counted(
        &self,
        store: &dyn Store,
        campaign: &Campaign,
        now: DateTime<Utc>,
    ) -> StoreResult<(i64, Option<f64>)> {
        let id = campaign.id;
        let known = self.counted.lock().unwrap_or_else(PoisonError::into_inner).get(&id).copied();
        if let Some((_, dialable, share)) = known.filter(|(at, ..)| now - *at < STEADY) {
            return Ok((dialable, share));
        }
        let dialable = store.callable(id).await?;
        let share = if campaign.call_settings.people.is_some() {
            let today = now.date_naive().and_time(NaiveTime::MIN).and_utc();
            let from = today - Duration::days(DAYS - 1);
            let (answered, abandoned) = store.answered(id, from, today + Duration::days(1)).await?;
            let count = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
            Tally::percent(count(abandoned), count(answered))
        } else {
            None
        };
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        // Campaigns that are gone are not kept.
        counted.retain(|_, (at, ..)| now - *at < FORGOTTEN);
        counted.insert(id, (now, dialable, share));
        Ok((dialable, share))
    }
}

/// Counts by what they are of, the most first.
fn ranked<T: Copy + Eq + Hash>(all: impl Iterator<Item = (T, i64)>) -> Vec<(T, i64)> {
    let mut counts: HashMap<T, i64> = HashMap::new();
    let mut order = Vec::new();
    for (what, count) in all {
        if !counts.contains_key(&what) {
            order.push(what);
        }
        *counts.entry(what).or_default() += count;
    }
    let mut ranked: Vec<(T, i64)> = order.into_iter().map(|what| (what, counts[&what])).collect();
    ranked.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    ranked
}

/// Figures of the hours, and of what of them is today's.
fn assembled(
    hours: &[(DateTime<Utc>, Arc<Vec<Heap>>)],
    since: DateTime<Utc>,
    sees: &dyn Fn(Option<CampaignId>) -> bool,
) -> Dashboard {
    let seen = |heaps: &Arc<Vec<Heap>>| {
        heaps.iter().filter(|heap| sees(heap.campaign_id)).cloned().collect::<Vec<Heap>>()
    };
    let sum = |heaps: &[Heap]| {
        let mut all = Tally::default();
        for heap in heaps {
            all.add(&heap.tally);
        }
        all
    };
    let today: Vec<Heap> =
        hours.iter().filter(|(from, _)| *from >= since).flat_map(|(_, h)| seen(h)).collect();
    let mut satisfaction = [0; 5];
    for heap in &today {
        let place = heap.satisfaction.and_then(|score| usize::try_from(score - 1).ok());
        if let Some(count) = place.and_then(|place| satisfaction.get_mut(place)) {
            *count += heap.tally.calls;
        }
    }
    Dashboard {
        since,
        today: sum(&today),
        hours: hours.iter().map(|(from, h)| HourTally { from: *from, tally: sum(&seen(h)) }).collect(),
        outcomes: ranked(today.iter().filter_map(|heap| Some((heap.outcome?, heap.tally.calls)))),
        emotions: ranked(
            today
                .iter()
                .filter(|heap| heap.tally.answered > 0)
                .filter_map(|h| Some((h.emotion?, h.tally.calls))),
        ),
        satisfaction,
        campaigns: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::{assembled, hours_to, ranked};
    use crate::storage::agents::Heap;
    use chrono::{Duration, TimeZone, Utc};
    use dialdeck_protocol::dashboard::Tally;
    use dialdeck_protocol::{CampaignId, Emotion, Outcome};
    use std::sync::Arc;

    #[test]
    fn a_day_of_what_one_may_see() {
        let (own, other) = (CampaignId::new(), CampaignId::new());
        let heap = |campaign, outcome, calls| Heap {
            campaign_id: Some(campaign),
            outcome: Some(outcome),
            emotion: Some(Emotion::Positive),
            satisfaction: Some(4),
            tally: Tally { calls, answered: calls, good: 0, seconds: calls * 60, cost: 0.5 },
        };
        let midnight = Utc.with_ymd_and_hms(2026, 1, 15, 0, 0, 0).unwrap();
        let hours = vec![
            (midnight - Duration::hours(1), Arc::new(vec![heap(own, Outcome::Interested, 7)])),
            (midnight, Arc::new(vec![heap(own, Outcome::Interested, 2), heap(other, Outcome::HungUp, 9)])),
            (midnight + Duration::hours(1), Arc::new(vec![heap(own, Outcome::NotInterested, 3)])),
        ];
        let day = assembled(&hours, midnight, &|campaign| campaign == Some(own));
        assert_eq!((day.today.calls, day.today.mean_seconds()), (5, Some(60)));
        assert_eq!(day.outcomes, [(Outcome::NotInterested, 3), (Outcome::Interested, 2)]);
        assert_eq!((day.satisfaction, day.hours.len(), day.hours[0].tally.calls), ([0, 0, 0, 5, 0], 3, 7));
    }

    #[test]
    fn hours_begin_with_the_day_wherever_it_begins() {
        // Half past an hour of UTC, as in India; and a day of 25 hours.
        let midnight = Utc.with_ymd_and_hms(2026, 1, 14, 18, 30, 0).unwrap();
        let hours = hours_to(midnight + Duration::minutes(20), midnight);
        assert_eq!((hours.len(), hours.last()), (24, Some(&midnight)));
        let hours = hours_to(midnight + Duration::minutes(24 * 60 + 30), midnight);
        assert_eq!((hours.len(), hours.first()), (25, Some(&midnight)));
    }

    #[test]
    fn the_most_first() {
        assert_eq!(ranked([('a', 1), ('b', 3), ('a', 1)].into_iter()), [('b', 3), ('a', 2)]);
    }
}
