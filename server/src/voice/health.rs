//! Whether a provider is asked now, after it failed. Pure: it takes `now`.

use std::time::{Duration, Instant};

/// Failures in a row after which a provider rests.
const FAILURES: u32 = 3;
/// How long it rests at first; each further failure doubles that.
const REST: Duration = Duration::from_secs(15);
/// The longest rest.
const LONGEST: Duration = Duration::from_mins(5);

/// How a provider has done of late.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Health {
    failures: u32,
    rests_until: Option<Instant>,
}

impl Health {
    /// Whether it is passed over now, where another can be asked.
    pub fn rests(&self, now: Instant) -> bool {
        self.rests_until.is_some_and(|until| now < until)
    }

    /// It answered. True where it had been resting: it is well again.
    pub fn works(&mut self) -> bool {
        let was_ill = self.rests_until.is_some();
        *self = Self::default();
        was_ill
    }

    /// It failed. True where it rests from now on, and did not before. What was asked of it before it rested says nothing new.
    pub fn fails(&mut self, now: Instant) -> bool {
        if self.rests(now) {
            return false;
        }
        self.failures = self.failures.saturating_add(1);
        if self.failures < FAILURES {
            return false;
        }
        let was_well = self.rests_until.is_none();
        let doubled = REST.saturating_mul(1 << (self.failures - FAILURES).min(10));
        self.rests_until = Some(now + doubled.min(LONGEST));
        was_well
    }
}

#[cfg(test)]
mod tests {
    use super::{FAILURES, Health, LONGEST, REST};
    use std::time::Instant;

    #[test]
    fn it_rests_after_some_failures_and_longer_after_more() {
        let (mut health, now) = (Health::default(), Instant::now());
        for n in 1..FAILURES {
            assert!(!health.fails(now) && !health.rests(now), "{n}");
        }
        assert!(health.fails(now) && health.rests(now));
        assert!(!health.rests(now + REST));
        assert!(!health.fails(now + REST), "it was ill already");
        assert!(health.rests(now + REST + REST), "twice as long");
        // Whatever was asked before, and fails while it rests, makes the rest no longer.
        for _ in 0..50 {
            health.fails(now + REST);
        }
        assert!(!health.rests(now + REST * 3));
        let mut at = now + REST;
        for _ in 0..50 {
            at += LONGEST;
            health.fails(at);
        }
        assert!(health.rests(at + LONGEST.mul_f64(0.99)) && !health.rests(at + LONGEST));
        assert!(health.works() && !health.rests(now) && !health.works());
    }
}
