//! How many were answered and how many abandoned, over thirty days; and how much risk that leaves.

use super::real;
use std::cmp::Ordering;
use std::collections::VecDeque;

/// Seconds of a day, and days that count.
const DAY: f64 = 86_400.0;
const DAYS: i64 = 30;
/// By how many abandoned calls more or fewer in hand the threshold of risk grows or falls by a factor of e: so many times
/// the square root of those that the limit allows in a day, within these bounds. A small floor cannot wait as long.
const SOFTNESS: f64 = 4.2;
const HARDEST: f64 = 30.0;
const SOFTEST: f64 = 120.0;
/// Abandoned calls that are kept in hand, as a share of that.
const IN_HAND: f64 = 0.4;
/// The threshold, as a share of the limit, from which learning begins.
const BEGIN: f64 = 0.5;
/// Bounds of what is learned: factors of the limit.
const LEAST: f64 = 0.02;
const MOST_LEARNED: f64 = 8.0;
/// Risk that is never taken, however much is left over.
const MOST: f64 = 0.35;

/// The day in which a moment lies.
#[allow(clippy::cast_possible_truncation, reason = "days of any calendar")]
fn day(at: f64) -> i64 {
    (at / DAY).floor() as i64
}

/// The ledger of a campaign. Days are those of the caller's clock.
#[derive(Debug, Clone)]
pub struct Ledger {
    /// Share of the answered who may be abandoned, 0–1.
    limit: f64,
    /// Day, answered, abandoned; oldest first.
    days: VecDeque<(i64, u64, u64)>,
    answered: u64,
    abandoned: u64,
    /// Logarithm of the threshold, as a share of the limit, at which as many are abandoned as may be: learned.
    appetite: f64,
}

impl Ledger {
    /// An empty one, for a limit: share of the answered who may be abandoned, 0–1.
    pub fn new(limit: f64) -> Self {
        let mut ledger =
            Self { limit, days: VecDeque::new(), answered: 0, abandoned: 0, appetite: BEGIN.ln() };
        ledger.set_limit(limit);
        ledger
    }

    /// Takes note of a call that a person answered, at a time in seconds since any moment: abandoned or not.
    pub fn note(&mut self, at: f64, abandoned: bool) {
        self.add(at, 1, u64::from(abandoned));
        // Slowly, a quarter of what would make it swing: what is in hand goes back to where it should be.
        let step = self.limit / (8.0 * self.softness()) * self.spare().clamp(-2.0, 2.0);
        self.appetite = (self.appetite + step).clamp(LEAST.ln(), MOST_LEARNED.ln());
    }

    /// Abandoned calls that the limit still allows.
    fn left(&self) -> f64 {
        self.limit * real(self.answered) - real(self.abandoned)
    }

    /// Takes note of many calls of one day.
    pub fn add(&mut self, at: f64, answered: u64, abandoned: u64) {
        let day = day(at);
        self.forget(at);
        match self.days.back_mut().filter(|last| last.0 == day) {
            Some(last) => {
                last.1 += answered;
                last.2 += abandoned;
            }
            None => self.days.push_back((day, answered, abandoned)),
        }
        self.answered += answered;
        self.abandoned += abandoned;
    }

    /// Takes note of calls of a day that lies before those that are known, or is the first of them.
    pub fn add_earlier(&mut self, at: f64, answered: u64, abandoned: u64) {
        if answered == 0 {
            return;
        }
        let day = day(at);
        match self.days.front_mut().filter(|first| first.0 <= day) {
            Some(first) => {
                first.1 += answered;
                first.2 += abandoned;
            }
            None => self.days.push_front((day, answered, abandoned)),
        }
        self.answered += answered;
        self.abandoned += abandoned;
    }

    /// Another limit: what was counted stays. What is no share allows nothing.
    pub fn set_limit(&mut self, limit: f64) {
        self.limit = if (0.0..=1.0).contains(&limit) { limit } else { 0.0 };
    }

    /// Leaves out what is older than thirty days.
    pub fn forget(&mut self, now: f64) {
        let first = day(now) - DAYS + 1;
        while let Some((_, answered, abandoned)) = self.days.front().copied().filter(|day| day.0 < first) {
            self.days.pop_front();
            self.answered -= answered;
            self.abandoned -= abandoned;
        }
    }

    fn softness(&self) -> f64 {
        let days = self.days.len().max(1) as u64;
        (SOFTNESS * (self.limit * real(self.answered) / real(days)).sqrt()).clamp(HARDEST, SOFTEST)
    }

    /// By how much more is left than should be kept in hand.
    fn spare(&self) -> f64 {
        self.left() / self.softness() - IN_HAND
    }

    /// Share abandoned, 0–1.
    pub fn share(&self) -> f64 {
        real(self.abandoned) / real(self.answered.max(1))
    }

    /// Chance of finding no agent up to which a line may be dialled: nothing while the limit leaves no room for one more
    /// abandoned call, and the more the more is left over.
    pub fn threshold(&self) -> f64 {
        // Said so that what is no number allows nothing.
        if !matches!(self.left().partial_cmp(&1.0), Some(Ordering::Equal | Ordering::Greater)) {
            return 0.0;
        }
        (self.limit * (self.appetite + self.spare()).exp()).min(MOST)
    }

    /// Share of the answered who may be abandoned, 0–1.
    pub fn limit(&self) -> f64 {
        self.limit
    }
}

#[cfg(test)]
mod tests {
    use super::{DAY, Ledger};

    #[test]
    fn nothing_is_risked_before_there_is_room() {
        let mut ledger = Ledger::new(0.03);
        assert!(ledger.threshold() <= 0.0);
        for n in 0..33 {
            ledger.note(f64::from(n), false);
        }
        assert!(ledger.threshold() <= 0.0);
        for n in 0..34 {
            ledger.note(f64::from(n), false);
        }
        assert!(ledger.threshold() > 0.005);
        ledger.add(0.0, 10, 3);
        assert!(ledger.threshold() <= 0.0);
    }

    #[test]
    fn what_is_no_limit_allows_nothing() {
        for limit in [f64::NAN, 3.0, -1.0, f64::INFINITY] {
            let mut ledger = Ledger::new(limit);
            ledger.add(0.0, 10_000, 0);
            assert!(ledger.threshold() <= 0.0, "{limit}");
        }
    }

    #[test]
    fn thirty_days_count() {
        let mut ledger = Ledger::new(0.03);
        ledger.add(0.5 * DAY, 100, 50);
        ledger.add(29.5 * DAY, 100, 0);
        assert_eq!((ledger.answered, ledger.abandoned), (200, 50));
        ledger.forget(30.0 * DAY);
        assert_eq!((ledger.answered, ledger.abandoned), (100, 0));
    }
}
