//! A floor, written down: one TOML file each.

use super::draw::Duration;
use serde::Deserialize;
use std::path::Path;

/// A scenario.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What it is called.
    pub name: String,
    /// What it is about.
    #[serde(default)]
    pub about: String,
    /// Agents logged in at the start of each day.
    pub agents: usize,
    /// Working hours of a day.
    #[serde(default = "eight")]
    pub hours: f64,
    /// Days of a campaign.
    #[serde(default = "thirty")]
    pub days: u32,
    /// Campaigns that are simulated where nothing else is asked for.
    #[serde(default = "twenty")]
    pub seeds: u64,
    /// Seconds that a person who answered waits for an agent.
    #[serde(default = "two")]
    pub patience: f64,
    /// Percent of the answered who may be abandoned.
    #[serde(default = "three")]
    pub limit_percent: f64,
    /// Lines.
    pub line: Line,
    /// Talk.
    pub talk: Duration,
    /// Wrap-up after the talk.
    #[serde(default)]
    pub wrap_up: Option<Duration>,
    /// Share of the way from no relation (0) to full (1) between how many answer in an hour and how long they talk: when
    /// few answer, talk is longer.
    #[serde(default)]
    pub talk_follows_answer: f64,
    /// How the share that answers moves over each day.
    #[serde(default)]
    pub answer_moves: Vec<Move>,
    /// How the length of talk moves over each day.
    #[serde(default)]
    pub talk_moves: Vec<Move>,
    /// Machines that pick up.
    #[serde(default)]
    pub machines: Option<Machines>,
    /// Agents who pause.
    #[serde(default)]
    pub pauses: Option<Pauses>,
    /// Agents who come and go: from this hour of the day on there are so many.
    #[serde(default)]
    pub shifts: Vec<Shift>,
    /// Most lines at once.
    #[serde(default)]
    pub trunks: Option<usize>,
    /// Most lines dialled in a second.
    #[serde(default)]
    pub calls_per_second: Option<f64>,
    /// Contacts of a day; none are left after so many lines.
    #[serde(default)]
    pub contacts_a_day: Option<u64>,
}

/// What a dialled line does.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Share that a person answers, 0–1.
    pub answer: f64,
    /// From dialling to the answer.
    pub delay: Duration,
    /// From dialling to the end of a line that nobody answers.
    pub failure: Duration,
}

/// From an hour of the day on something is so many times what it is by default; in between it moves in a straight line
/// where `ramp` says so.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Move {
    /// Hour of the working day.
    pub hour: f64,
    /// Times the default.
    pub times: f64,
    /// Whether it is reached little by little from the one before.
    #[serde(default)]
    pub ramp: bool,
}

/// Machines.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Machines {
    /// Share of dialled lines that a machine picks up, 0–1.
    pub share: f64,
    /// How long detection takes.
    pub detection: Duration,
    /// Share of persons that are taken for machines and hung up on, 0–1.
    pub persons_missed: f64,
    /// Share of machines that are taken for persons and given to an agent, 0–1.
    pub machines_passed: f64,
    /// How long an agent takes to see that it is a machine.
    pub agent_notices: Duration,
}

/// Pauses.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pauses {
    /// Between two pauses of an agent, in seconds.
    pub every: Duration,
    /// How long they take.
    pub length: Duration,
}

/// So many agents from an hour on.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shift {
    /// Hour of the working day.
    pub hour: f64,
    /// Agents.
    pub agents: usize,
}

fn eight() -> f64 {
    8.0
}
fn thirty() -> u32 {
    30
}
fn twenty() -> u64 {
    20
}
fn two() -> f64 {
    2.0
}
fn three() -> f64 {
    3.0
}

impl Scenario {
    /// Reads a file.
    ///
    /// # Errors
    /// File and line, and what would be right.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        Self::parse(&text).map_err(|why| format!("{}: {why}", path.display()))
    }

    /// Reads a text.
    ///
    /// # Errors
    /// What was wrong, with its line, and what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        let scenario: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        scenario.check()?;
        Ok(scenario)
    }

    fn check(&self) -> Result<(), String> {
        let within = |name: &str, value: f64, least: f64, most: f64| {
            if value >= least && value <= most {
                Ok(())
            } else {
                Err(format!("{name} is {value}; use {least} to {most}"))
            }
        };
        if !(1..=2000).contains(&self.agents) {
            return Err(format!("agents is {}; use 1 to 2000", self.agents));
        }
        within("hours", self.hours, 0.1, 24.0)?;
        within("days", f64::from(self.days), 1.0, 30.0)?;
        if !(1..=100_000).contains(&self.seeds) {
            return Err(format!("seeds is {}; use 1 to 100000", self.seeds));
        }
        let ascending = |name: &str, hours: &mut dyn Iterator<Item = f64>| {
            let mut before = -1.0;
            for hour in hours {
                if !(hour > before && (0.0..=24.0).contains(&hour)) {
                    return Err(format!(
                        "{name}: hour {hour} must lie within 0 and 24, and after the one before"
                    ));
                }
                before = hour;
            }
            Ok(())
        };
        ascending("answer_moves", &mut self.answer_moves.iter().map(|moved| moved.hour))?;
        ascending("talk_moves", &mut self.talk_moves.iter().map(|moved| moved.hour))?;
        ascending("shifts", &mut self.shifts.iter().map(|shift| shift.hour))?;
        if let Some(shift) = self.shifts.iter().find(|shift| shift.agents > 2000) {
            return Err(format!("shifts: agents is {}; use 0 to 2000", shift.agents));
        }
        within("patience", self.patience, 0.0, 60.0)?;
        within("limit_percent", self.limit_percent, 0.0, 100.0)?;
        within("line.answer", self.line.answer, 0.001, 1.0)?;
        within("talk_follows_answer", self.talk_follows_answer, 0.0, 1.0)?;
        let named =
            |name: &str, duration: &Duration| duration.check().map_err(|why| format!("{name}: {why}"));
        named("line.delay", &self.line.delay)?;
        named("line.failure", &self.line.failure)?;
        named("talk", &self.talk)?;
        if let Some(wrap_up) = &self.wrap_up {
            named("wrap_up", wrap_up)?;
        }
        for moved in self.answer_moves.iter().chain(&self.talk_moves) {
            within("times", moved.times, 0.05, 20.0)?;
        }
        if let Some(machines) = &self.machines {
            within("machines.share", machines.share, 0.0, 1.0 - self.line.answer + 1e-9)?;
            within("machines.persons_missed", machines.persons_missed, 0.0, 1.0)?;
            within("machines.machines_passed", machines.machines_passed, 0.0, 1.0)?;
            named("machines.detection", &machines.detection)?;
            named("machines.agent_notices", &machines.agent_notices)?;
        }
        if let Some(pauses) = &self.pauses {
            named("pauses.every", &pauses.every)?;
            named("pauses.length", &pauses.length)?;
        }
        if let Some(rate) = self.calls_per_second {
            within("calls_per_second", rate, 0.1, 10_000.0)?;
        }
        Ok(())
    }

    /// Whether nothing in it moves or runs out, so that a formula can speak of it.
    pub fn is_stationary(&self) -> bool {
        self.shifts.is_empty()
            && self.answer_moves.is_empty()
            && self.talk_moves.is_empty()
            && self.pauses.is_none()
            && self.machines.is_none()
            && self.trunks.is_none()
            && self.calls_per_second.is_none()
            && self.contacts_a_day.is_none()
    }

    /// Share that answers at a second of the day, 0–1.
    pub fn answer_at(&self, second: f64) -> f64 {
        (self.line.answer * times_at(&self.answer_moves, second)).min(0.95)
    }

    /// How many times its default length talk takes at a second of the day.
    pub fn talk_at(&self, second: f64) -> f64 {
        let answer = self.answer_at(second) / self.line.answer;
        times_at(&self.talk_moves, second) * answer.powf(-self.talk_follows_answer)
    }

    /// Agents who should be there at a second of the day.
    pub fn agents_at(&self, second: f64) -> usize {
        self.shifts
            .iter()
            .rev()
            .find(|shift| shift.hour * 3600.0 <= second)
            .map_or(self.agents, |shift| shift.agents)
    }
}

fn times_at(moves: &[Move], second: f64) -> f64 {
    let mut before = (0.0, 1.0);
    let mut current = 1.0;
    for moved in moves {
        let at = moved.hour * 3600.0;
        if at > second {
            if moved.ramp {
                let part = (second - before.0) / (at - before.0).max(1.0);
                current = before.1 + (moved.times - before.1) * part;
            }
            break;
        }
        before = (at, moved.times);
        current = moved.times;
    }
    current
}

#[cfg(test)]
mod tests {
    use super::Scenario;

    const SMALL: &str = r#"
        name = "small"
        agents = 5
        line = { answer = 0.25, delay = { shape = "gamma", mean = 10.0, cv = 0.5 }, failure = { shape = "fixed", mean = 20.0 } }
        talk = { shape = "lognormal", mean = 150.0, cv = 0.9 }
        answer_moves = [{ hour = 2.0, times = 2.0, ramp = true }, { hour = 4.0, times = 0.5 }]
    "#;

    #[test]
    fn moves_step_and_ramp() {
        let scenario = Scenario::parse(SMALL).unwrap();
        assert!((scenario.answer_at(3600.0) - 0.375).abs() < 1e-9);
        assert!((scenario.answer_at(3.0 * 3600.0) - 0.5).abs() < 1e-9);
        assert!((scenario.answer_at(5.0 * 3600.0) - 0.125).abs() < 1e-9);
    }

    #[test]
    fn mistakes_are_named() {
        let wrong = SMALL.replace("answer = 0.25", "answer = 25");
        assert!(Scenario::parse(&wrong).unwrap_err().contains("line.answer is 25"));
        for (mistake, expected) in [
            ("shifts = [{ hour = 1.0, agents = 9000000000 }]", "shifts: agents is 9000000000"),
            ("shifts = [{ hour = nan, agents = 3 }]", "hour NaN"),
            ("shifts = [{ hour = 3.0, agents = 3 }, { hour = 2.0, agents = 3 }]", "after the one before"),
            ("seeds = 0", "seeds is 0"),
            ("days = 31", "days is 31"),
        ] {
            let why =
                Scenario::parse(&SMALL.replace("agents = 5", &format!("agents = 5\n{mistake}"))).unwrap_err();
            assert!(why.contains(expected), "{why}");
        }
        let short = SMALL.replace("mean = 20.0", "mean = 1e-300");
        assert!(Scenario::parse(&short).unwrap_err().contains("line.failure: mean"));
        let unknown = SMALL.replace("agents = 5", "agents = 5\nagent = 3");
        assert!(Scenario::parse(&unknown).unwrap_err().contains("agent"));
    }
}
