//! VICIdial's three adaptive methods, as `AST_VDadapt.pl` does them, over its auto-dial process.

use super::ratio::{Dialling, ROUND};
use crate::dialer::pacing::real;
use crate::simulator::policy::{Counts, Policy, View};
use std::collections::VecDeque;

/// Samples over which the adapt process takes its means: one a second.
const SAMPLES: usize = 15;
/// The hour, as `hhmm`, after which TAPERED does not taper any more, and the one at which a simulated day begins.
const LATEST: f64 = 2100.0;
const OPENS: f64 = 9.0;

/// Which method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// `ADAPT_HARD_LIMIT`.
    Hard,
    /// `ADAPT_AVERAGE`.
    Average,
    /// `ADAPT_TAPERED`.
    Tapered,
}

/// What the adapt process knows when it sets a level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Known {
    /// The level so far.
    pub level: f64,
    /// Mean of agents who wait less calls that wait.
    pub difference: f64,
    /// Mean of agents logged in.
    pub agents: f64,
    /// Calls of the last minute.
    pub calls_minute: f64,
    /// Percent of them dropped.
    pub drops_minute: f64,
    /// Calls of the day.
    pub calls_today: f64,
    /// Percent of the day's answered that were dropped.
    pub drops_today: f64,
    /// `adaptive_latest_server_time` less the time of day, both as `hhmm` read as numbers.
    pub taper: f64,
}

/// How the adapt process is set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Adapting {
    /// Method.
    pub method: Method,
    /// `auto_dial_level` at most.
    pub maximum: f64,
    /// `adaptive_intensity`, percent.
    pub intensity: f64,
    /// `adaptive_dl_diff_target`.
    pub target: f64,
    /// `adaptive_dropped_percentage`.
    pub limit: f64,
}

impl Adapting {
    /// The next level.
    pub fn next(&self, known: &Known) -> f64 {
        let over = known.difference + self.target;
        let change = if over == 0.0 || known.agents == 0.0 { 0.0 } else { over / known.agents };
        let intensity = self.intensity / 100.0;
        let change =
            if change >= 0.0 { change * (1.0 + intensity) } else { change * (intensity - 1.0).abs() };
        let mut level = (known.level * (1.0 + change) * 1000.0).round() / 1000.0;
        level = level.min(self.maximum).max(1.0);
        if known.calls_minute > 20.0 && known.drops_minute > 50.0 {
            level /= 2.0;
        }
        if known.calls_today > 50.0 && known.drops_today > self.limit {
            match self.method {
                Method::Hard => level = 1.0,
                Method::Average => level /= 2.0,
                Method::Tapered if known.taper < 0.0 => level = 1.0,
                Method::Tapered => level *= (known.taper / 1000.0).min(1.0),
            }
        }
        level.max(1.0)
    }
}

/// A campaign under one of them.
#[derive(Debug)]
pub struct Adapt {
    adapting: Adapting,
    dialling: Dialling,
    level: f64,
    ticks: u64,
    differences: VecDeque<f64>,
    agents: VecDeque<f64>,
    /// Looked up once a minute.
    counts: Counts,
    /// The second of the day at the last tick.
    second: f64,
}

impl Adapt {
    /// Begins at level 1.
    pub fn new(adapting: Adapting, dialling: Dialling) -> Self {
        Self {
            adapting,
            dialling,
            level: 1.0,
            ticks: 0,
            differences: VecDeque::new(),
            agents: VecDeque::new(),
            counts: Counts::default(),
            second: 0.0,
        }
    }

    fn sample(&mut self, view: &View<'_>) {
        self.differences.push_back(real(view.ready) - real(view.waiting));
        self.agents.push_back(real(view.logged_in));
        if self.differences.len() > SAMPLES {
            self.differences.pop_front();
            self.agents.pop_front();
        }
    }

    fn adapt(&mut self, view: &View<'_>) {
        let mean = |values: &VecDeque<f64>| values.iter().sum::<f64>() / real(values.len().max(1));
        let percent = |part: u64, whole: u64| 100.0 * real(part) / real(whole.max(1));
        let counts = self.counts;
        let clock = OPENS + view.second / 3600.0;
        let hhmm = clock.floor() * 100.0 + (clock.fract() * 60.0).floor();
        let known = Known {
            level: self.level,
            difference: mean(&self.differences),
            agents: mean(&self.agents),
            calls_minute: real(counts.calls_minute),
            drops_minute: percent(counts.dropped_minute, counts.calls_minute),
            calls_today: real(counts.calls_today),
            drops_today: percent(counts.dropped_today, counts.answered_today),
            taper: LATEST - hhmm,
        };
        self.level = self.adapting.next(&known);
    }
}

impl Policy for Adapt {
    /// Twice a second: the rounds of both processes fall on these.
    fn every(&self) -> f64 {
        0.5
    }

    fn lines(&mut self, view: &View<'_>) -> usize {
        if view.second < self.second {
            self.ticks = 0;
        }
        self.second = view.second;
        let tick = self.ticks;
        self.ticks += 1;
        if tick.is_multiple_of(2) {
            self.sample(view);
        }
        if tick.is_multiple_of(120) {
            self.counts = view.counts;
        }
        if tick.is_multiple_of(30) && tick > 0 {
            self.adapt(view);
        }
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "five half seconds")]
        let round = (ROUND * 2.0) as u64;
        if tick.is_multiple_of(round) { self.dialling.lines(self.level, view) } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::{Adapting, Known, Method};

    fn adapting(method: Method) -> Adapting {
        Adapting { method, maximum: 3.0, intensity: 0.0, target: 0.0, limit: 3.0 }
    }

    fn known() -> Known {
        Known {
            level: 2.0,
            difference: 0.4,
            agents: 5.2,
            calls_minute: 0.0,
            drops_minute: 0.0,
            calls_today: 0.0,
            drops_today: 0.0,
            taper: 0.0,
        }
    }

    /// What the real script set, from the same numbers.
    #[test]
    fn the_measured_cases() {
        let hard = adapting(Method::Hard);
        let near = |level: f64, measured: f64| assert!((level - measured).abs() < 1e-9, "{level} {measured}");
        near(hard.next(&known()), 2.154);
        near(Adapting { intensity: 20.0, ..hard }.next(&known()), 2.185);
        near(Adapting { intensity: 20.0, ..hard }.next(&Known { difference: -1.3, ..known() }), 1.6);
        near(Adapting { target: -1.0, ..hard }.next(&known()), 1.769);
        near(hard.next(&Known { difference: 5.0, ..known() }), 3.0);
        let dropping = Known { drops_today: 26.0, calls_today: 64.0, taper: 558.0, ..known() };
        near(hard.next(&dropping), 1.0);
        near(adapting(Method::Average).next(&dropping), 1.077);
        near(adapting(Method::Tapered).next(&dropping), 1.201_932);
    }
}
