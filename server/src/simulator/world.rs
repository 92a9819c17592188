//! Lets a floor happen: lines, persons, agents, in simulated time, under whoever decides how many lines to dial.

use super::draw::Dice;
use super::opponent::ratio::ROUND;
use super::policy::{Counts, Policy, View};
use super::scenario::Scenario;
use crate::dialer::pacing::real;
use crate::dialer::pacing::{Busy, Line, Seen};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// What dice are thrown for.
const LEADS: u64 = 1;
const PAUSES: u64 = 2;

/// How a campaign went.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Went {
    /// Agent-seconds on calls and wrap-up.
    pub busy: f64,
    /// Agent-seconds logged in and not paused.
    pub present: f64,
    /// Lines dialled.
    pub dialled: u64,
    /// Calls that a person answered and that were not taken for a machine's.
    pub answered: u64,
    /// Those of them that found no agent in time.
    pub abandoned: u64,
    /// Persons who were taken for machines and hung up on.
    pub missed: u64,
    /// Answered and abandoned in each hour.
    pub hours: Vec<(u64, u64)>,
}

impl Went {
    /// Share of the time that agents were at work, 0–1.
    pub fn utilisation(&self) -> f64 {
        self.busy / self.present.max(1.0)
    }

    /// Share of the answered that were abandoned, 0–1.
    pub fn abandonment(&self) -> f64 {
        real(self.abandoned) / real(self.answered.max(1))
    }
}

/// A moment, for the heap: earlier first, then in order of making.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Moment {
    at: f64,
    number: u64,
    what: Happens,
}

impl Eq for Moment {}
impl Ord for Moment {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.at.total_cmp(&other.at).then(self.number.cmp(&other.number))
    }
}
impl PartialOrd for Moment {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Happens {
    /// A line is picked up, or ends.
    Line(usize),
    /// What picked up is known.
    Told(usize),
    /// A person who waits gives up.
    GivesUp(u64),
    /// An agent has finished talking, or wrapping up.
    Agent(usize),
    /// An agent wants to pause, or comes back.
    Pause(usize),
    /// The policy decides although nothing happened.
    Tick,
    /// A shift begins.
    Shift,
}

/// What a lead does when it is called.
#[derive(Debug, Clone, Copy)]
struct Lead {
    person: bool,
    machine: bool,
    /// Seconds to the pick-up, or to the end.
    rings: f64,
    /// Seconds of detection.
    detection: f64,
    /// What detection says.
    told_person: bool,
    talk: f64,
    wrap_up: f64,
}

#[derive(Debug, Clone, Copy)]
struct Dialled {
    lead: Lead,
    since: f64,
    picked_up: Option<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Agent {
    Out,
    Ready,
    Talking { since: f64, wrap_up: f64 },
    WrappingUp { since: f64 },
    Paused,
}

#[derive(Debug, Clone, Copy)]
struct Person {
    number: u64,
    lead: Lead,
}

struct World<'a, P: ?Sized> {
    scenario: &'a Scenario,
    seed: u64,
    policy: &'a mut P,
    now: f64,
    /// When this day began, and the how-manieth it is.
    dawn: f64,
    day: u64,
    moments: BinaryHeap<Reverse<Moment>>,
    made: u64,
    agents: Vec<Agent>,
    /// Agents who want to pause once their call is over.
    tired: Vec<bool>,
    /// Dice that were thrown for each agent's pauses today.
    thrown: Vec<u64>,
    ready: VecDeque<usize>,
    lines: Vec<Option<Dialled>>,
    /// Places of `lines` that are free.
    spare: Vec<usize>,
    waiting: VecDeque<Person>,
    /// Lines that may be dialled by the rate, and since when.
    allowance: f64,
    allowed_at: f64,
    dialled_today: u64,
    answered_today: u64,
    dropped_today: u64,
    recent: VecDeque<f64>,
    recent_drops: VecDeque<f64>,
    went: Went,
    // Kept from one decision to the next, so that they need no new memory.
    seen_busy: Vec<Busy>,
    seen_lines: Vec<Line>,
}

/// Runs a campaign.
pub fn run<P: Policy + ?Sized>(scenario: &Scenario, seed: u64, days: u32, policy: &mut P) -> Went {
    let most = scenario.shifts.iter().map(|shift| shift.agents).max().unwrap_or(0).max(scenario.agents);
    let mut world = World {
        scenario,
        seed,
        policy,
        now: 0.0,
        dawn: 0.0,
        day: 0,
        moments: BinaryHeap::new(),
        made: 0,
        agents: vec![Agent::Out; most],
        tired: vec![false; most],
        thrown: vec![0; most],
        ready: VecDeque::new(),
        lines: Vec::new(),
        spare: Vec::new(),
        waiting: VecDeque::new(),
        allowance: 0.0,
        allowed_at: 0.0,
        dialled_today: 0,
        answered_today: 0,
        dropped_today: 0,
        recent: VecDeque::new(),
        recent_drops: VecDeque::new(),
        went: Went::default(),
        seen_busy: Vec::new(),
        seen_lines: Vec::new(),
    };
    for day in 0..days {
        // Days are days of the ledger too.
        world.day(u64::from(day), f64::from(day) * 86_400.0);
    }
    world.went
}

impl<P: Policy + ?Sized> World<'_, P> {
    fn day(&mut self, day: u64, dawn: f64) {
        (self.day, self.dawn, self.now) = (day, dawn, dawn);
        (self.allowance, self.allowed_at) = (0.0, dawn);
        (self.dialled_today, self.answered_today, self.dropped_today) = (0, 0, 0);
        self.moments.clear();
        self.lines.clear();
        self.spare.clear();
        self.waiting.clear();
        self.ready.clear();
        self.recent.clear();
        self.recent_drops.clear();
        self.agents.fill(Agent::Out);
        self.tired.fill(false);
        self.thrown.fill(0);
        let shifts: Vec<f64> = self.scenario.shifts.iter().map(|shift| shift.hour * 3600.0).collect();
        for second in shifts {
            self.at(dawn + second, Happens::Shift);
        }
        self.staff();
        if let Some(pauses) = &self.scenario.pauses {
            for agent in 0..self.agents.len() {
                let first = pauses.every.draw(&mut self.dice(agent)) * 0.5;
                self.at(dawn + first, Happens::Pause(agent));
            }
        }
        self.at(dawn, Happens::Tick);
        let dusk = dawn + self.scenario.hours * 3600.0;
        while let Some(Reverse(moment)) = self.moments.pop() {
            if moment.at >= dusk {
                break;
            }
            self.pass(moment.at);
            self.happen(moment.what);
            // Nobody is left to be called: what agents do from here on is nobody's merit.
            let used_up = self.scenario.contacts_a_day.is_some_and(|contacts| self.dialled_today >= contacts);
            if used_up && self.in_flight() == 0 && self.waiting.is_empty() {
                return;
            }
        }
        self.pass(dusk);
    }

    /// Dice for an agent's pauses: the same whoever dials.
    fn dice(&mut self, agent: usize) -> Dice {
        self.thrown[agent] += 1;
        Dice::of(self.seed, PAUSES, self.day << 40 | (agent as u64) << 20 | self.thrown[agent])
    }

    /// Lets an agent want to pause after a while.
    fn rest_later(&mut self, agent: usize) {
        let Some(pauses) = &self.scenario.pauses else { return };
        let next = pauses.every.draw(&mut self.dice(agent));
        self.at(self.now + next, Happens::Pause(agent));
    }

    fn at(&mut self, at: f64, what: Happens) {
        self.made += 1;
        self.moments.push(Reverse(Moment { at, number: self.made, what }));
    }

    /// Lets time pass, and counts it.
    fn pass(&mut self, to: f64) {
        let seconds = to - self.now;
        let busy = self
            .agents
            .iter()
            .filter(|a| matches!(a, Agent::Talking { .. } | Agent::WrappingUp { .. }))
            .count();
        self.went.busy += seconds * real(busy);
        self.went.present += seconds * real(busy + self.ready.len());
        self.now = to;
    }

    fn happen(&mut self, what: Happens) {
        let mut decides = self.policy.on_events();
        match what {
            Happens::Tick => {
                let next = self.now + self.policy.every();
                self.at(next, Happens::Tick);
                decides = true;
            }
            Happens::Line(line) => self.line(line),
            Happens::Told(line) => self.told(line),
            Happens::GivesUp(number) => {
                let place = self.waiting.iter().position(|person| person.number == number);
                if let Some(person) = place.and_then(|place| self.waiting.remove(place)) {
                    self.answered(person.lead, true);
                } else {
                    decides = false;
                }
            }
            Happens::Agent(agent) => self.agent_done(agent),
            Happens::Pause(agent) => self.pause(agent),
            Happens::Shift => self.staff(),
        }
        if decides {
            self.decide();
        }
    }

    /// Lets agents come or go until there are as many as should be.
    fn staff(&mut self) {
        let wanted = self.scenario.agents_at(self.now - self.dawn);
        for agent in 0..self.agents.len() {
            if agent < wanted && self.agents[agent] == Agent::Out {
                self.agents[agent] = Agent::Ready;
                self.free(agent);
            } else if agent >= wanted && matches!(self.agents[agent], Agent::Ready | Agent::Paused) {
                self.ready.retain(|ready| *ready != agent);
                self.agents[agent] = Agent::Out;
            }
        }
    }

    /// An agent has nothing to do: takes who waits, pauses, goes, or waits.
    fn free(&mut self, agent: usize) {
        if agent >= self.scenario.agents_at(self.now - self.dawn) {
            self.agents[agent] = Agent::Out;
            if std::mem::take(&mut self.tired[agent]) {
                self.rest_later(agent);
            }
        } else if std::mem::take(&mut self.tired[agent]) {
            self.begin_pause(agent);
        } else if let Some(person) = self.waiting.pop_front() {
            self.answered(person.lead, false);
            self.talk(agent, person.lead);
        } else {
            self.agents[agent] = Agent::Ready;
            self.ready.push_back(agent);
        }
    }

    fn begin_pause(&mut self, agent: usize) {
        let Some(pauses) = &self.scenario.pauses else { return };
        let length = pauses.length.draw(&mut self.dice(agent));
        self.agents[agent] = Agent::Paused;
        self.at(self.now + length, Happens::Pause(agent));
    }

    fn pause(&mut self, agent: usize) {
        match self.agents[agent] {
            Agent::Paused => {
                self.rest_later(agent);
                self.free(agent);
            }
            Agent::Ready => {
                self.ready.retain(|ready| *ready != agent);
                self.begin_pause(agent);
            }
            Agent::Talking { .. } | Agent::WrappingUp { .. } => self.tired[agent] = true,
            Agent::Out => self.rest_later(agent),
        }
    }

    fn talk(&mut self, agent: usize, lead: Lead) {
        self.agents[agent] = Agent::Talking { since: self.now, wrap_up: lead.wrap_up };
        self.at(self.now + lead.talk, Happens::Agent(agent));
    }

    fn agent_done(&mut self, agent: usize) {
        match self.agents[agent] {
            Agent::Talking { since, wrap_up } => {
                self.policy.observe(Seen::Talked(self.now - since));
                if wrap_up > 0.0 {
                    self.agents[agent] = Agent::WrappingUp { since: self.now };
                    self.at(self.now + wrap_up, Happens::Agent(agent));
                } else {
                    self.policy.observe(Seen::WrappedUp(0.0));
                    self.free(agent);
                }
            }
            Agent::WrappingUp { since } => {
                self.policy.observe(Seen::WrappedUp(self.now - since));
                self.free(agent);
            }
            Agent::Out | Agent::Ready | Agent::Paused => {}
        }
    }

    /// Somebody who was told to be a person has an agent, or was abandoned. The dialer's own counts take a machine that was
    /// taken for a person for one; ours do not.
    fn answered(&mut self, lead: Lead, abandoned: bool) {
        self.answered_today += 1;
        if abandoned {
            self.dropped_today += 1;
            self.recent_drops.push_back(self.now);
        }
        self.policy.note(self.now, abandoned);
        if !lead.person {
            return;
        }
        self.went.answered += 1;
        self.went.abandoned += u64::from(abandoned);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "hours of a campaign")]
        let hour = ((self.now - self.dawn) / 3600.0) as usize
            + self.day as usize * self.scenario.hours.ceil() as usize;
        if self.went.hours.len() <= hour {
            self.went.hours.resize(hour + 1, (0, 0));
        }
        self.went.hours[hour].0 += 1;
        self.went.hours[hour].1 += u64::from(abandoned);
    }

    /// A line is picked up, or ends.
    fn line(&mut self, place: usize) {
        let Some(dialled) = self.lines[place] else { return };
        let rang = self.now - dialled.since;
        if !dialled.lead.person && !dialled.lead.machine {
            self.lines[place] = None;
            self.spare.push(place);
            self.policy.observe(Seen::Unanswered(rang));
            return;
        }
        self.policy.observe(Seen::PickedUp(rang));
        if dialled.lead.detection > 0.0 {
            self.lines[place] = Some(Dialled { picked_up: Some(self.now), ..dialled });
            self.at(self.now + dialled.lead.detection, Happens::Told(place));
        } else {
            self.told(place);
        }
    }

    /// It is known what picked up.
    fn told(&mut self, place: usize) {
        let Some(dialled) = self.lines[place].take() else { return };
        self.spare.push(place);
        let after = dialled.picked_up.map_or(0.0, |at| self.now - at);
        let person = dialled.lead.told_person;
        self.policy.observe(Seen::Told { after, person });
        if !person {
            self.went.missed += u64::from(dialled.lead.person);
            return;
        }
        if let Some(agent) = self.ready.pop_front() {
            self.answered(dialled.lead, false);
            self.talk(agent, dialled.lead);
            return;
        }
        self.made += 1;
        let number = self.made;
        self.waiting.push_back(Person { number, lead: dialled.lead });
        self.at(self.now + self.scenario.patience, Happens::GivesUp(number));
    }

    /// What the next lead does.
    fn lead(&mut self) -> Lead {
        let scenario = self.scenario;
        let mut dice = Dice::of(self.seed, LEADS, self.day << 32 | self.dialled_today);
        let second = self.now - self.dawn;
        let (answer, fate) = (scenario.answer_at(second), dice.chance());
        let person = fate < answer;
        let machine = !person && scenario.machines.as_ref().is_some_and(|m| fate < answer + m.share);
        let delay = scenario.line.delay.draw(&mut dice);
        let failure = scenario.line.failure.draw(&mut dice);
        let talk = scenario.talk.draw(&mut dice) * scenario.talk_at(second);
        let wrap_up = scenario.wrap_up.as_ref().map_or(0.0, |wrap_up| wrap_up.draw(&mut dice));
        let mut lead = Lead {
            person,
            machine,
            rings: if person || machine { delay } else { failure },
            detection: 0.0,
            told_person: person,
            talk,
            wrap_up,
        };
        if let Some(machines) = &scenario.machines {
            lead.detection = machines.detection.draw(&mut dice);
            let slip = dice.chance();
            lead.told_person = if person {
                slip >= machines.persons_missed
            } else {
                machine && slip < machines.machines_passed
            };
            if machine {
                lead.talk = machines.agent_notices.draw(&mut dice);
            }
        }
        lead
    }

    fn talking(&self) -> usize {
        self.agents.iter().filter(|agent| matches!(agent, Agent::Talking { .. })).count()
    }

    fn in_flight(&self) -> usize {
        self.lines.len() - self.spare.len()
    }

    fn room(&mut self) -> usize {
        let mut room = usize::MAX;
        if let Some(trunks) = self.scenario.trunks {
            room = trunks.saturating_sub(self.in_flight() + self.talking() + self.waiting.len());
        }
        if let Some(rate) = self.scenario.calls_per_second {
            self.allowance =
                (self.allowance + (self.now - self.allowed_at) * rate).min((rate * ROUND).max(1.0));
            self.allowed_at = self.now;
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "lines of a second")]
            let allowed = self.allowance.floor() as usize;
            room = room.min(allowed);
        }
        if let Some(contacts) = self.scenario.contacts_a_day {
            room =
                room.min(usize::try_from(contacts.saturating_sub(self.dialled_today)).unwrap_or(usize::MAX));
        }
        room
    }

    fn decide(&mut self) {
        let room = self.room();
        while self.recent.front().is_some_and(|at| self.now - at > 60.0) {
            self.recent.pop_front();
        }
        while self.recent_drops.front().is_some_and(|at| self.now - at > 60.0) {
            self.recent_drops.pop_front();
        }
        let now = self.now;
        self.seen_busy.clear();
        self.seen_busy.extend(self.agents.iter().filter_map(|agent| match agent {
            Agent::Talking { since, .. } => Some(Busy::Talking(now - since)),
            Agent::WrappingUp { since } => Some(Busy::WrappingUp(now - since)),
            Agent::Out | Agent::Ready | Agent::Paused => None,
        }));
        self.seen_lines.clear();
        self.seen_lines.extend(self.lines.iter().flatten().map(|line| match line.picked_up {
            Some(at) => Line::Detecting(now - at),
            None => Line::Ringing(now - line.since),
        }));
        let view = View {
            now,
            second: now - self.dawn,
            ready: self.ready.len(),
            talking: self.talking(),
            logged_in: self.agents.iter().filter(|a| **a != Agent::Out).count(),
            busy: &self.seen_busy,
            lines: &self.seen_lines,
            waiting: self.waiting.len(),
            room,
            counts: Counts {
                calls_today: self.dialled_today,
                answered_today: self.answered_today,
                dropped_today: self.dropped_today,
                calls_minute: self.recent.len() as u64,
                dropped_minute: self.recent_drops.len() as u64,
            },
        };
        let lines = self.policy.lines(&view).min(room);
        for _ in 0..lines {
            self.dial();
        }
    }

    fn dial(&mut self) {
        let lead = self.lead();
        self.went.dialled += 1;
        self.dialled_today += 1;
        self.recent.push_back(self.now);
        if self.scenario.calls_per_second.is_some() {
            self.allowance -= 1.0;
        }
        let dialled = Some(Dialled { lead, since: self.now, picked_up: None });
        let place = if let Some(place) = self.spare.pop() {
            self.lines[place] = dialled;
            place
        } else {
            self.lines.push(dialled);
            self.lines.len() - 1
        };
        self.at(self.now + lead.rings, Happens::Line(place));
    }
}

#[cfg(test)]
mod tests {
    use super::run;
    use crate::simulator::opponent::Progressive;
    use crate::simulator::policy::Ours;
    use crate::simulator::scenario::Scenario;

    fn scenario(more: &str) -> Scenario {
        Scenario::parse(&format!(
            r#"
            name = "test"
            agents = 4
            hours = 3
            {more}
            [line]
            answer = 0.3
            delay = {{ shape = "gamma", mean = 10.0, cv = 0.5 }}
            failure = {{ shape = "gamma", mean = 20.0, cv = 0.3 }}
            [talk]
            shape = "lognormal"
            mean = 90.0
            cv = 0.8
            "#
        ))
        .unwrap()
    }

    #[test]
    fn ours_keeps_to_the_limit_and_beats_one_line_for_each() {
        let scenario = scenario("");
        let ours = run(&scenario, 7, 2, &mut Ours::new(0.03, scenario.patience));
        let progressive = run(&scenario, 7, 2, &mut Progressive);
        assert!(ours.abandonment() <= 0.03, "{}", ours.abandonment());
        assert!(ours.abandoned > 0, "it uses what it may");
        assert!(ours.utilisation() > progressive.utilisation() + 0.05, "{}", ours.utilisation());
        let (answered, abandoned) =
            ours.hours.iter().fold((0, 0), |sum, hour| (sum.0 + hour.0, sum.1 + hour.1));
        assert_eq!((answered, abandoned), (ours.answered, ours.abandoned));
    }

    #[test]
    fn the_same_seed_is_the_same_day() {
        let scenario = scenario("contacts_a_day = 300\ncalls_per_second = 1.0");
        let once = run(&scenario, 3, 2, &mut Ours::new(0.03, 2.0));
        assert_eq!(once, run(&scenario, 3, 2, &mut Ours::new(0.03, 2.0)));
        assert_eq!(once.dialled, 600, "the list runs out");
    }
}
