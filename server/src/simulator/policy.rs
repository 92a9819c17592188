//! Who decides how many lines to dial: the real pacer, or an opponent.

use crate::dialer::pacing::ledger::Ledger;
use crate::dialer::pacing::{Bounds, Busy, Floor, Line, Pacer, Seen};

/// Counts of the last minute and of the day, as VICIdial's processes read them from their log.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Counts {
    /// Lines dialled today.
    pub calls_today: u64,
    /// Calls that a person answered today, dropped ones included.
    pub answered_today: u64,
    /// Dropped today.
    pub dropped_today: u64,
    /// Lines dialled in the last minute.
    pub calls_minute: u64,
    /// Dropped in the last minute.
    pub dropped_minute: u64,
}

/// The floor at a moment, as whoever dials can see it.
#[derive(Debug)]
pub struct View<'a> {
    /// Seconds since the campaign began, nights counted.
    pub now: f64,
    /// Seconds since this day began.
    pub second: f64,
    /// Agents who wait for a call.
    pub ready: usize,
    /// Agents who talk.
    pub talking: usize,
    /// Agents logged in, those who pause included.
    pub logged_in: usize,
    /// Agents at work.
    pub busy: &'a [Busy],
    /// Lines that were dialled and have no agent yet.
    pub lines: &'a [Line],
    /// Persons who wait for an agent.
    pub waiting: usize,
    /// Lines that may still be dialled.
    pub room: usize,
    /// Counts.
    pub counts: Counts,
}

/// Who decides.
pub trait Policy {
    /// Seconds between two decisions that no event asked for.
    fn every(&self) -> f64;

    /// Whether it decides again when something happens.
    fn on_events(&self) -> bool {
        false
    }

    /// Takes note of what was seen.
    fn observe(&mut self, _seen: Seen) {}

    /// Takes note of a call that a person answered.
    fn note(&mut self, _at: f64, _abandoned: bool) {}

    /// Lines to dial now.
    fn lines(&mut self, view: &View<'_>) -> usize;
}

/// Our own.
#[derive(Debug)]
pub struct Ours {
    pacer: Pacer,
    ledger: Ledger,
    patience: f64,
}

impl Ours {
    /// Begins knowing nothing.
    pub fn new(limit: f64, patience: f64) -> Self {
        Self { pacer: Pacer::default(), ledger: Ledger::new(limit), patience }
    }
}

/// Most lines for each agent: far above what is ever useful.
const MAXIMUM_LEVEL: f64 = 30.0;

impl Policy for Ours {
    fn every(&self) -> f64 {
        1.0
    }

    fn on_events(&self) -> bool {
        true
    }

    fn observe(&mut self, seen: Seen) {
        self.pacer.observe(seen);
    }

    fn note(&mut self, at: f64, abandoned: bool) {
        self.ledger.note(at, abandoned);
    }

    fn lines(&mut self, view: &View<'_>) -> usize {
        let floor = Floor { ready: view.ready, busy: view.busy, lines: view.lines, waiting: view.waiting };
        let bounds = Bounds { patience: self.patience, room: view.room, maximum_level: MAXIMUM_LEVEL };
        self.ledger.forget(view.now);
        self.pacer.advise(&floor, &bounds, &self.ledger).lines
    }
}
