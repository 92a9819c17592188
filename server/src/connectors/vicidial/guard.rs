//! When not to ask: ten refused log-ins lock the user for fifteen minutes, and a server that does not answer is not
//! helped by more questions.

use super::wire::{Class, Trouble};
use std::time::{Duration, Instant};

/// Refused log-ins after which we stop until user or password change.
const REFUSALS: u32 = 3;
/// Requests in a row that came to nothing, after which we wait.
const FAILURES: u32 = 5;
/// How long we wait then.
const REST: Duration = Duration::from_secs(10);
/// How long VICIdial locks a user.
const LOCKED: Duration = Duration::from_mins(15);

/// What happened so far.
#[derive(Debug, Default)]
pub struct Guard {
    refusals: u32,
    failures: u32,
    until: Option<(Instant, Class)>,
}

impl Guard {
    /// Whether to ask now.
    ///
    /// # Errors
    /// Why not, and until when.
    pub fn admit(&mut self, now: Instant) -> Result<(), Trouble> {
        if self.refusals >= REFUSALS {
            return Err(Trouble::new(
                Class::Stopped,
                format!(
                    "user or password was refused {REFUSALS} times; not asked again, lest the user be locked"
                ),
            ));
        }
        match self.until {
            Some((until, class)) if now < until => {
                let seconds = until.duration_since(now).as_secs() + 1;
                Err(Trouble::new(class, format!("not asked: it failed before; again in {seconds} s")))
            }
            Some(_) => {
                // One question goes through; if it fails as well, the next rest begins.
                self.until = None;
                self.failures = FAILURES - 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// What came of a request; `proves`: it was answered as only somebody is who is logged in.
    pub fn note(&mut self, now: Instant, trouble: Option<Class>, proves: bool) {
        if proves {
            self.refusals = 0;
        }
        match trouble {
            Some(Class::LoginRefused) => self.refusals += 1,
            Some(Class::Locked) => self.until = Some((now + LOCKED, Class::Locked)),
            Some(class @ (Class::Unreachable | Class::TimedOut | Class::Certificate)) => {
                self.failures += 1;
                if self.failures >= FAILURES {
                    self.until = Some((now + REST, class));
                }
            }
            _ => self.failures = 0,
        }
    }

    /// Somebody tests, and nothing changed: one more try, unless the user is locked.
    pub fn probe(&mut self) {
        self.refusals = self.refusals.min(REFUSALS - 1);
        if !matches!(self.until, Some((_, Class::Locked))) {
            self.until = None;
        }
    }

    /// User or password changed, or somebody tests: begin anew.
    pub fn forgive(&mut self) {
        *self = Self::default();
    }

    /// Whether we stopped because of the log-in.
    pub const fn is_stopped(&self) -> bool {
        self.refusals >= REFUSALS
    }
}

/// So many requests in a second, evenly; a short burst goes through at once.
#[derive(Debug)]
pub struct Pace {
    per_second: u32,
    next: Option<Instant>,
}

impl Pace {
    /// Longest that a request waits its turn.
    const PATIENCE: Duration = Duration::from_secs(5);

    /// At most so many.
    pub const fn new(per_second: u32) -> Self {
        Self { per_second, next: None }
    }

    /// How long to wait before the next request.
    ///
    /// # Errors
    /// When that would be too long.
    pub fn take(&mut self, now: Instant) -> Result<Duration, Trouble> {
        let step = Duration::from_secs(1) / self.per_second.max(1);
        // A second's worth may come at once.
        let earliest = now.checked_sub(Duration::from_secs(1)).unwrap_or(now);
        let due = self.next.map_or(earliest, |next| next.max(earliest));
        let wait = due.saturating_duration_since(now);
        if wait > Self::PATIENCE {
            return Err(Trouble::new(
                Class::TooMany,
                format!("more than {} requests a second were asked for", self.per_second),
            ));
        }
        self.next = Some(due + step);
        Ok(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::{Guard, Pace};
    use crate::connectors::vicidial::wire::Class;
    use std::time::{Duration, Instant};

    #[test]
    fn three_refusals_and_no_more() {
        let (mut guard, now) = (Guard::default(), Instant::now());
        for _ in 0..3 {
            assert!(guard.admit(now).is_ok());
            guard.note(now, Some(Class::LoginRefused), false);
            // What needs no log-in proves nothing.
            guard.note(now, None, false);
        }
        assert_eq!(guard.admit(now + Duration::from_hours(1)).map_err(|t| t.class), Err(Class::Stopped));
        guard.forgive();
        assert!(guard.admit(now).is_ok());
    }

    #[test]
    fn a_dead_server_is_asked_once_in_ten_seconds() {
        let (mut guard, mut now) = (Guard::default(), Instant::now());
        let mut asked = 0;
        for _ in 0..600 {
            if guard.admit(now).is_ok() {
                asked += 1;
                guard.note(now, Some(Class::Unreachable), false);
            }
            now += Duration::from_millis(100);
        }
        assert!((9..=11).contains(&asked), "{asked}");
        now += Duration::from_secs(11);
        assert!(guard.admit(now).is_ok());
        guard.note(now, None, true);
        assert!(guard.admit(now).is_ok());
    }

    #[test]
    fn a_burst_and_then_evenly() {
        let (mut pace, now) = (Pace::new(10), Instant::now());
        let waits: Vec<u128> = (0..25).map(|_| pace.take(now).unwrap().as_millis()).collect();
        assert!(waits[..11].iter().all(|wait| *wait == 0), "{waits:?}");
        assert_eq!(waits[24], 1400);
        assert!((0..100).any(|_| pace.take(now).is_err()));
    }
}
