//! How long a commit waits for company: what it takes, and what telling it to each console takes, more deeds hardly add to.

use std::time::{Duration, Instant};

/// Most deeds in one commit.
pub(super) const GROUP: usize = 256;
/// Deeds a second that are many, and over how many seconds they are counted.
const CROWD: f64 = 750.0;
const COUNTED: f64 = 0.25;
/// Least time between the beginnings of two commits where many deeds come, unless they fill a group: as long as a picture
/// stands on a screen. Nobody would see them sooner.
const CROWDED: Duration = Duration::from_millis(16);
/// Deeds a second from which one waits for the next, so that both go out in one write, and for how long at most.
const LIVELY: f64 = 300.0;
const COMPANY: Duration = Duration::from_millis(3);

/// The pace of commits.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// When the last commit began.
    begun: Option<Instant>,
    /// Deeds that came lately, the older the less.
    lately: f64,
}

impl Pace {
    /// Until when the next commit waits, and for how many deeds at most. A few are committed at once, so that consoles see
    /// them at once.
    pub(super) fn next(&self, now: Instant) -> (Instant, usize) {
        if self.lately >= CROWD * COUNTED {
            (self.begun.map_or(now, |at| at + CROWDED), GROUP)
        } else if self.lately >= LIVELY * COUNTED {
            (now + COMPANY, 2)
        } else {
            (now, 1)
        }
    }

    /// A commit of so many deeds begins.
    pub(super) fn begins(&mut self, now: Instant, deeds: usize) {
        let since = self.begun.map_or(f64::INFINITY, |at| (now - at).as_secs_f64());
        self.lately =
            self.lately * (-since / COUNTED).exp() + f64::from(u16::try_from(deeds).unwrap_or(u16::MAX));
        self.begun = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::{COMPANY, CROWDED, GROUP, Pace};
    use std::time::{Duration, Instant};

    /// A pace after two seconds with a deed after each `gap`, when a deed comes next, and how many commits there were in the
    /// last second.
    fn after(gap: Duration) -> (Pace, Instant, usize) {
        let (mut pace, begin) = (Pace::default(), Instant::now());
        let due = |at: Instant| usize::try_from((at - begin).as_micros() / gap.as_micros()).unwrap();
        let (mut now, mut done, mut commits) = (begin + gap, 0, 0);
        while now < begin + Duration::from_secs(2) {
            let (until, enough) = pace.next(now);
            while now < until && due(now) < done + enough {
                now += Duration::from_micros(100);
            }
            pace.begins(now, due(now) - done);
            (done, commits) = (due(now), commits + usize::from(now >= begin + Duration::from_secs(1)));
            while due(now) == done {
                now += Duration::from_micros(100);
            }
        }
        (pace, now, commits)
    }

    #[test]
    fn few_wait_for_nobody() {
        let (pace, now, commits) = after(Duration::from_millis(10));
        assert_eq!(pace.next(now), (now, 1));
        assert!((99..=101).contains(&commits), "{commits} commits a second");
    }

    #[test]
    fn at_a_middling_rate_two_go_together() {
        let (pace, now, commits) = after(Duration::from_millis(2));
        assert_eq!(pace.next(now), (now + COMPANY, 2));
        assert!((248..=252).contains(&commits), "{commits} commits a second");
    }

    #[test]
    fn of_many_each_picture_has_its_commit() {
        let (pace, now, commits) = after(Duration::from_micros(500));
        let begun = pace.begun.unwrap();
        assert_eq!(pace.next(now), (begun + CROWDED, GROUP));
        assert!((60..=64).contains(&commits), "{commits} commits a second");
    }

    #[test]
    fn after_a_pause_one_goes_at_once() {
        let (mut pace, now, _) = after(Duration::from_micros(500));
        let later = now + Duration::from_secs(5);
        pace.begins(later, 1);
        assert_eq!(pace.next(later), (later, 1));
    }
}
