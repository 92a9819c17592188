//! A score for an agent, by a formula that everybody can read and an operator can change.

use dialdeck_protocol::dialpad::Cards;
use serde::Deserialize;

/// What counts how much.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Formula {
    /// Weight of the share of calls that were completed.
    pub efficiency: f64,
    /// Weight of calls a day.
    pub volume: f64,
    /// Weight of the length of a completed call.
    pub duration: f64,
    /// Calls a day that are as many as can be asked for.
    pub calls_a_day: f64,
    /// Minutes of a completed call that are as many as can be asked for.
    pub minutes_a_call: f64,
}

impl Formula {
    /// What is wrong with it, and what would be right.
    ///
    /// # Errors
    /// Names the setting.
    pub fn check(&self) -> Result<(), String> {
        let weights = [self.efficiency, self.volume, self.duration];
        if weights.iter().any(|weight| !(0.0..=100.0).contains(weight)) || weights.iter().sum::<f64>() <= 0.0
        {
            return Err("efficiency, volume and duration are weights: 0 to 100, and not all 0".into());
        }
        for (name, value) in [("calls_a_day", self.calls_a_day), ("minutes_a_call", self.minutes_a_call)] {
            if !(0.01..=10_000.0).contains(&value) {
                return Err(format!("{name} is {value}; use a number above 0"));
            }
        }
        Ok(())
    }

    /// 0 to 100; `days` are those on which they had a call.
    #[allow(clippy::cast_precision_loss, reason = "counts of calls are far below 2^53")]
    pub fn score(&self, cards: &Cards, days: usize) -> f64 {
        if cards.total == 0 || days == 0 {
            return 0.0;
        }
        let volume = (cards.total as f64 / days as f64 / self.calls_a_day).min(1.0);
        let minutes = (cards.average_ms() as f64 / 60_000.0 / self.minutes_a_call).min(1.0);
        let points = self.efficiency * cards.efficiency() + self.volume * volume + self.duration * minutes;
        100.0 * points / (self.efficiency + self.volume + self.duration)
    }

    /// The formula, for people.
    pub fn words(&self) -> String {
        let sum = self.efficiency + self.volume + self.duration;
        let weight = |weight: f64| format!("{:.0} %", 100.0 * weight / sum);
        format!(
            "score = {} completed/total + {} calls a day/{} + {} minutes a call/{}; each at most 1, days with calls only",
            weight(self.efficiency),
            weight(self.volume),
            self.calls_a_day,
            weight(self.duration),
            self.minutes_a_call
        )
    }
}

#[cfg(test)]
mod tests {
    use super::Formula;
    use dialdeck_protocol::dialpad::Cards;

    #[test]
    fn as_its_words_say() {
        let formula =
            Formula { efficiency: 5.0, volume: 3.0, duration: 2.0, calls_a_day: 40.0, minutes_a_call: 3.0 };
        let cards = Cards { total: 40, completed: 20, duration_ms: 20 * 180_000, ..Cards::default() };
        // Half completed, half the calls a day, as long as asked for.
        assert!((formula.score(&cards, 2) - (25.0 + 15.0 + 20.0)).abs() < 1e-9);
        assert!(formula.score(&Cards::default(), 0).abs() < 1e-9);
        assert!(formula.words().starts_with("score = 50 % completed/total + 30 % calls a day/40 + 20 %"));
        assert!(Formula { volume: -1.0, ..formula }.check().is_err() && formula.check().is_ok());
        assert!(Formula { efficiency: 0.0, volume: 0.0, duration: 0.0, ..formula }.check().is_err());
    }
}
