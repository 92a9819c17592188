//! How many lines to dial now, so that agents talk and hardly anybody who answers waits for one in vain.
//!
//! Pure. [`Pacer`] learns from what is seen how often, and after how many seconds, a dialled line is answered by a
//! person, and how long agents talk. For one more line it asks: if it is answered, how likely is it that no agent
//! will be free within the patience of a person? It dials while that chance is under a threshold, and the threshold
//! follows the campaign's ledger of thirty days: [`ledger`]. The chance is a Poisson-binomial tail ([`tail`]) over
//! everything that is known of each line and each agent: how long it has been ringing, how long they have talked.

pub mod curve;
pub mod ledger;
pub mod level;
pub mod tail;

use curve::{Aged, Bins, Curve};
use ledger::Ledger;
use level::Level;
use tail::Tail;

/// Points in the wait for an answer at which the floor is looked at, as shares of those that answer; and in a wrap-up, as
/// shares of those that are over.
const LOOKS: [f64; 4] = [0.125, 0.375, 0.625, 0.875];
/// Observations that the curves remember.
const MEMORY: f64 = 6000.0;

/// A line that was dialled and has no agent yet.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Line {
    /// Nobody has picked up for so many seconds.
    Ringing(f64),
    /// Somebody or something picked up so many seconds ago; it is not known yet which.
    Detecting(f64),
}

/// An agent at work.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Busy {
    /// Talking for so many seconds.
    Talking(f64),
    /// Wrapping up for so many seconds.
    WrappingUp(f64),
}

/// What was seen, from which the pacer learns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Seen {
    /// A line ended unanswered so many seconds after it was dialled.
    Unanswered(f64),
    /// A line was picked up after so many seconds.
    PickedUp(f64),
    /// So many seconds after it was picked up it was known to be a person, or none.
    Told {
        /// Seconds since it was picked up; 0 where nothing is detected.
        after: f64,
        /// Whether it is a person.
        person: bool,
    },
    /// An agent talked for so many seconds.
    Talked(f64),
    /// An agent wrapped up for so many seconds; 0 where there is nothing to wrap up.
    WrappedUp(f64),
}

/// The floor of a campaign at a moment.
#[derive(Debug, Clone, Copy)]
pub struct Floor<'a> {
    /// Agents who wait for a call.
    pub ready: usize,
    /// Agents at work.
    pub busy: &'a [Busy],
    /// Lines that were dialled and have no agent yet.
    pub lines: &'a [Line],
    /// Persons who wait for an agent.
    pub waiting: usize,
}

/// Bounds of a campaign.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// Seconds that a person waits for an agent before the call counts as abandoned.
    pub patience: f64,
    /// Lines that may still be dialled: trunks, calls per second, contacts.
    pub room: usize,
    /// Most lines for each agent who is logged in and not paused.
    pub maximum_level: f64,
}

/// What to do, and why.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Advice {
    /// Lines to dial now.
    pub lines: usize,
    /// Lines without an agent, these included, for each agent who is ready or will be within `horizon`.
    pub level: f64,
    /// Agents ready, talking or wrapping up.
    pub agents: usize,
    /// Share of dialled lines that a person answers.
    pub answer: f64,
    /// Agents who are ready or will be within `horizon`.
    pub free: f64,
    /// Seconds within which nine of ten answers come.
    pub horizon: f64,
    /// Chance that the next line, if answered, would find no agent.
    pub risk: f64,
    /// Risk up to which lines are dialled.
    pub threshold: f64,
    /// Share abandoned so far, 0–1.
    pub abandoned: f64,
    /// Share that may be.
    pub limit: f64,
}

impl std::fmt::Display for Advice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "level {:.1}: {} agents, {:.0} % answer, {:.0} free within {:.0} s; drop {:.1} % of {:.0} %",
            self.level,
            self.agents,
            self.answer * 100.0,
            self.free,
            self.horizon,
            self.abandoned * 100.0,
            self.limit * 100.0
        )
    }
}

/// Learns, and decides.
#[derive(Debug, Clone)]
pub struct Pacer {
    /// From dialling to picking up (first cause) or the end.
    ringing: Curve<2>,
    /// From picking up to a person (first cause) or none.
    detecting: Curve<2>,
    /// Whether lines are held back after the pick-up until it is known what picked up.
    detects: bool,
    talking: Curve<1>,
    wrapping: Curve<1>,
    /// Whether there is anything to wrap up.
    wraps: bool,
    level: Level,
}

impl Default for Pacer {
    fn default() -> Self {
        // Before anything was seen, more is believed to answer than will: too few lines harm nobody.
        Self {
            ringing: Curve::new(Bins::of_ringing(), MEMORY, [0.05, 0.03], 10.0),
            detecting: Curve::new(Bins::of_ringing(), MEMORY, [0.8, 0.2], 5.0),
            detects: false,
            talking: Curve::new(Bins::of_talking(), MEMORY / 2.0, [1.0 / 180.0], 5.0),
            wrapping: Curve::new(Bins::of_talking(), MEMORY / 2.0, [1.0 / 15.0], 5.0),
            wraps: false,
            level: Level::default(),
        }
    }
}

impl Pacer {
    /// Takes note of what was seen.
    pub fn observe(&mut self, seen: Seen) {
        // What comes is held against what is believed now, not against what was when somebody last asked.
        self.ringing.refresh();
        self.detecting.refresh();
        match seen {
            Seen::Unanswered(after) => {
                self.level.observe(self.answer_believed(), false);
                self.ringing.observe(after, 1);
            }
            Seen::PickedUp(after) => {
                self.ringing.observe(after, 0);
            }
            Seen::Told { after, person } => {
                self.level.observe(self.answer_believed(), person);
                self.detects |= after > 0.0;
                self.detecting.observe(after, usize::from(!person));
            }
            Seen::Talked(seconds) => self.talking.observe(seconds, 0),
            Seen::WrappedUp(seconds) => {
                self.wraps |= seconds > 0.0;
                if self.wraps {
                    self.wrapping.observe(seconds, 0);
                }
            }
        }
    }

    /// Share of lines that a person answers, by the curves alone.
    fn answer_believed(&self) -> f64 {
        self.ringing.ever() * self.detecting.ever()
    }

    /// Decides.
    pub fn advise(&mut self, floor: &Floor<'_>, bounds: &Bounds, ledger: &Ledger) -> Advice {
        self.ringing.refresh();
        self.detecting.refresh();
        self.talking.refresh();
        self.wrapping.refresh();
        let agents = floor.ready + floor.busy.len();
        let threshold = ledger.threshold();
        let mut looks = self.looks(floor, bounds);
        let risk =
            |looks: &[Look]| looks.iter().map(|look| look.tail.value()).sum::<f64>() / real(LOOKS.len());
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a level is small")]
        let most = (bounds.maximum_level.max(0.0) * real(agents)).floor() as usize;
        let mut room = bounds.room.min(most.saturating_sub(floor.lines.len()));
        if threshold <= 0.0 {
            // One line for each agent who waits and has none yet: whoever answers finds somebody.
            room = room.min(floor.ready.saturating_sub(floor.lines.len() + floor.waiting));
        }
        let mut lines = 0;
        let mut next = risk(&looks);
        while lines < room && agents > 0 && next <= threshold {
            lines += 1;
            for look in &mut looks {
                look.tail.add(look.fresh);
            }
            next = risk(&looks);
        }
        let horizon = self.answer_time(0.9);
        let free = real(floor.ready)
            + floor.busy.iter().map(|busy| self.at_work(*busy).free_within(horizon)).sum::<f64>();
        Advice {
            lines,
            level: real(floor.lines.len() + lines) / free.max(1.0),
            agents,
            answer: self.answer_share(),
            free,
            horizon,
            risk: next,
            threshold,
            abandoned: ledger.share(),
            limit: ledger.limit(),
        }
    }

    /// Share of lines that a person answers, as it is at present.
    fn answer_share(&self) -> f64 {
        (self.answer_believed() * self.level.factor()).min(1.0)
    }

    /// Seconds after which a share of those persons who answer have been told from machines.
    fn answer_time(&self, share: f64) -> f64 {
        self.ringing.quantile(share) + self.told_after()
    }

    /// Seconds after the pick-up by which half of the persons are told from machines.
    fn told_after(&self) -> f64 {
        if self.detects { self.detecting.quantile(0.5) } else { 0.0 }
    }

    /// The floor as it will be at some points of the wait for the answer of a line dialled now.
    fn looks(&self, floor: &Floor<'_>, bounds: &Bounds) -> [Look; LOOKS.len()] {
        let factor = self.level.factor() * self.detecting.ever();
        let told = self.told_after();
        let agents = floor.ready + floor.busy.len();
        let mut ringing = Vec::with_capacity(floor.lines.len());
        let mut detecting = Vec::new();
        for line in floor.lines {
            match line {
                Line::Ringing(age) => ringing.push(self.ringing.aged(*age)),
                Line::Detecting(age) => detecting.push(self.detecting.aged(*age)),
            }
        }
        let busy: Vec<_> = floor.busy.iter().map(|busy| self.at_work(*busy)).collect();
        LOOKS.map(|share| {
            let at = self.answer_time(share);
            let fresh = (self.ringing.within(0.0, at - told) * factor).min(1.0);
            let waiting = std::iter::repeat_n(1.0, floor.waiting);
            let rung = ringing.iter().map(|line| (line.within(at - told) * factor).min(1.0));
            let detected = detecting.iter().map(|line| line.within(at));
            // Of agents and persons: an agent who stays busy takes as much of the floor as a person who answers.
            let kept = busy.iter().map(|agent| 1.0 - agent.free_within(at + bounds.patience));
            Look { tail: Tail::new(agents, waiting.chain(rung).chain(detected).chain(kept)), fresh }
        })
    }

    fn at_work(&self, busy: Busy) -> AtWork<'_> {
        match busy {
            Busy::WrappingUp(age) => AtWork { now: self.wrapping.aged(age), after: None },
            Busy::Talking(age) => AtWork {
                now: self.talking.aged(age),
                // By how long the wrap-up takes, in four parts.
                after: self.wraps.then(|| LOOKS.map(|share| self.wrapping.quantile(share))),
            },
        }
    }
}

/// An agent at work, whose place on the curves is looked up once.
struct AtWork<'a> {
    now: Aged<'a, 1>,
    /// Seconds of wrap-up that will follow, each as likely as the others.
    after: Option<[f64; LOOKS.len()]>,
}

impl AtWork<'_> {
    /// Chance of being ready again within so many seconds.
    fn free_within(&self, seconds: f64) -> f64 {
        match self.after {
            None => self.now.within(seconds),
            Some(after) => {
                after.iter().map(|wrap_up| self.now.within((seconds - wrap_up).max(0.0))).sum::<f64>()
                    / real(after.len())
            }
        }
    }
}

/// The floor at one point of the wait for an answer.
struct Look {
    /// Of finding no agent.
    tail: Tail,
    /// Chance that a line dialled now is answered by then.
    fresh: f64,
}

/// A count as a number to reckon with. Counts of a floor, and of its calls in thirty days, are far below 2^32.
pub(crate) fn real(count: impl TryInto<u32>) -> f64 {
    f64::from(count.try_into().unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::ledger::Ledger;
    use super::{Bounds, Busy, Floor, Line, Pacer, Seen, real};
    use proptest::prelude::*;

    fn seen() -> impl Strategy<Value = Seen> {
        prop_oneof![
            (0.0f64..90.0).prop_map(Seen::Unanswered),
            (0.0f64..60.0).prop_map(Seen::PickedUp),
            (0.0f64..5.0, any::<bool>()).prop_map(|(after, person)| Seen::Told { after, person }),
            (0.0f64..2000.0).prop_map(Seen::Talked),
            (0.0f64..120.0).prop_map(Seen::WrappedUp),
            Just(Seen::Talked(f64::NAN)),
        ]
    }

    fn ages() -> impl Strategy<Value = f64> {
        prop_oneof![9 => 0.0f64..3000.0, 1 => Just(f64::NAN), 1 => Just(-5.0)]
    }

    proptest! {
        #[test]
        fn never_more_than_it_may(
            observed in proptest::collection::vec(seen(), 0..300),
            ready in 0usize..40,
            talking in proptest::collection::vec(ages(), 0..40),
            ringing in proptest::collection::vec(ages(), 0..60),
            waiting in 0usize..5,
            room in 0usize..100,
            maximum_level in 0.0f64..5.0,
            answered in 0u64..3000,
            share in 0.0f64..0.06,
        ) {
            let mut pacer = Pacer::default();
            for seen in observed {
                pacer.observe(seen);
            }
            let mut ledger = Ledger::new(0.03);
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few thousand calls")]
            let abandoned = (real(answered) * share) as u64;
            ledger.add(0.0, answered, abandoned);
            let busy: Vec<Busy> = talking.into_iter().map(Busy::Talking).collect();
            let lines: Vec<Line> = ringing.into_iter().map(Line::Ringing).collect();
            let floor = Floor { ready, busy: &busy, lines: &lines, waiting };
            let bounds = Bounds { patience: 2.0, room, maximum_level };
            let advice = pacer.advise(&floor, &bounds, &ledger);
            prop_assert!(advice.lines <= room);
            let agents = ready + busy.len();
            let level = real(lines.len() + advice.lines);
            let most = maximum_level * real(agents);
            prop_assert!(advice.lines == 0 || level <= most, "{} lines, {}", level, most);
            if advice.threshold <= 0.0 {
                prop_assert!(advice.lines <= ready.saturating_sub(lines.len() + waiting), "nobody may wait in vain");
            }
            prop_assert!(advice.to_string().starts_with("level "));
        }
    }

    #[test]
    fn it_explains_itself() {
        let mut pacer = Pacer::default();
        for n in 0..1000_u32 {
            if n % 4 == 0 {
                pacer.observe(Seen::PickedUp(4.0 + f64::from(n % 13)));
                pacer.observe(Seen::Told { after: 0.0, person: true });
                pacer.observe(Seen::Talked(100.0));
            } else {
                pacer.observe(Seen::Unanswered(20.0));
            }
        }
        let mut ledger = Ledger::new(0.03);
        ledger.add(0.0, 10_000, 190);
        let busy = [Busy::Talking(30.0); 12];
        let floor = Floor { ready: 2, busy: &busy, lines: &[], waiting: 0 };
        let bounds = Bounds { patience: 2.0, room: 100, maximum_level: 10.0 };
        let said = pacer.advise(&floor, &bounds, &ledger).to_string();
        assert!(said.contains(": 14 agents, 25 % answer, "), "{said}");
        assert!(said.ends_with("; drop 1.9 % of 3 %"), "{said}");
    }
}
