//! Follows the share that answers when it moves away from what was learned over a long time.

/// Lines that are remembered.
const MEMORY: f64 = 300.0;
/// What is put into both scales beforehand, in answers.
const STEADY: f64 = 5.0;
/// Deviations that are taken for chance.
const CHANCE: f64 = 2.0;

/// Answers that came against answers that were believed.
#[derive(Debug, Clone, Default)]
pub struct Level {
    came: f64,
    believed: f64,
}

impl Level {
    /// Takes note of a line: how likely an answer was believed, and whether it came.
    pub fn observe(&mut self, believed: f64, came: bool) {
        let keep = 1.0 - 1.0 / MEMORY;
        self.came = self.came * keep + if came { 1.0 } else { 0.0 };
        self.believed = self.believed * keep + believed;
    }

    /// By how much more, or less, is answered than believed. What chance alone explains is not followed.
    pub fn factor(&self) -> f64 {
        let ratio = ((self.came + STEADY) / (self.believed + STEADY)).ln();
        let noise = CHANCE / (self.believed + STEADY).sqrt();
        (ratio.signum() * (ratio.abs() - noise).max(0.0)).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::Level;

    #[test]
    fn chance_is_not_followed_and_a_step_is() {
        let mut level = Level::default();
        for n in 0..1000 {
            level.observe(0.25, n % 4 == 0);
        }
        assert!((level.factor() - 1.0).abs() < 0.02, "{}", level.factor());
        for n in 0..600 {
            level.observe(0.25, n % 2 == 0);
        }
        assert!(level.factor() > 1.4, "{}", level.factor());
    }
}
