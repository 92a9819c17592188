//! Durations and dice of a scenario.

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, Exp, Gamma, LogNormal};
use serde::Deserialize;

/// The shortest mean, and the shortest draw, in seconds: time must pass.
const LEAST: f64 = 0.01;

/// A random duration in seconds.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "shape", rename_all = "snake_case", deny_unknown_fields)]
pub enum Duration {
    /// Always the same.
    Fixed {
        /// Seconds.
        mean: f64,
    },
    /// Exponential.
    Exponential {
        /// Seconds on average.
        mean: f64,
    },
    /// Log-normal.
    Lognormal {
        /// Seconds on average.
        mean: f64,
        /// Standard deviation as a share of the mean.
        cv: f64,
    },
    /// Gamma.
    Gamma {
        /// Seconds on average.
        mean: f64,
        /// Standard deviation as a share of the mean.
        cv: f64,
    },
    /// Two kinds, each log-normal: short refusals and long conversations.
    Bimodal {
        /// Share of the first kind, 0–1.
        share: f64,
        /// Seconds of the first kind on average.
        first: f64,
        /// Seconds of the second kind on average.
        second: f64,
        /// Standard deviation of either as a share of its mean.
        cv: f64,
    },
}

impl Duration {
    /// Seconds on average.
    pub fn mean(&self) -> f64 {
        match self {
            Self::Fixed { mean }
            | Self::Exponential { mean }
            | Self::Lognormal { mean, .. }
            | Self::Gamma { mean, .. } => *mean,
            Self::Bimodal { share, first, second, .. } => share * first + (1.0 - share) * second,
        }
    }

    /// Says what is wrong with it.
    ///
    /// # Errors
    /// The field and what would be right.
    pub fn check(&self) -> Result<(), String> {
        let positive = |name: &str, value: f64, most: f64| {
            if (LEAST..=most).contains(&value) {
                Ok(())
            } else {
                Err(format!("{name} is {value}; use {LEAST} to {most}"))
            }
        };
        match self {
            Self::Fixed { mean } | Self::Exponential { mean } => positive("mean", *mean, 86_400.0),
            Self::Lognormal { mean, cv } | Self::Gamma { mean, cv } => {
                positive("mean", *mean, 86_400.0)?;
                positive("cv", *cv, 10.0)
            }
            Self::Bimodal { share, first, second, cv } => {
                positive("first", *first, 86_400.0)?;
                positive("second", *second, 86_400.0)?;
                positive("cv", *cv, 10.0)?;
                if (0.0..=1.0).contains(share) {
                    Ok(())
                } else {
                    Err(format!("share is {share}; use 0 to 1"))
                }
            }
        }
    }

    /// One of them.
    pub fn draw(&self, dice: &mut Dice) -> f64 {
        self.drawn(dice).max(LEAST)
    }

    fn drawn(&self, dice: &mut Dice) -> f64 {
        let lognormal = |mean: f64, cv: f64, dice: &mut Dice| {
            let variance = (1.0 + cv * cv).ln();
            LogNormal::new(mean.ln() - variance / 2.0, variance.sqrt())
                .map_or(mean, |d| d.sample(&mut dice.0))
        };
        match self {
            Self::Fixed { mean } => *mean,
            Self::Exponential { mean } => Exp::new(1.0 / mean).map_or(*mean, |d| d.sample(&mut dice.0)),
            Self::Lognormal { mean, cv } => lognormal(*mean, *cv, dice),
            Self::Gamma { mean, cv } => {
                let shape = 1.0 / (cv * cv);
                Gamma::new(shape, mean / shape).map_or(*mean, |d| d.sample(&mut dice.0))
            }
            Self::Bimodal { share, first, second, cv } => {
                let mean = if dice.chance() < *share { *first } else { *second };
                lognormal(mean, *cv, dice)
            }
        }
    }
}

/// Dice that fall the same way for the same seed and the same thing, whoever dials: what a lead does when it is called
/// does not depend on who called the one before.
#[derive(Debug, Clone)]
pub struct Dice(SmallRng);

impl Dice {
    /// Of the `n`-th thing of a kind under a seed.
    pub fn of(seed: u64, kind: u64, n: u64) -> Self {
        // SplitMix64's finish: neighbours become strangers.
        let mut z = seed ^ kind.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ n.wrapping_mul(0xd1b5_4a32_d192_ed03);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Self(SmallRng::seed_from_u64(z ^ (z >> 31)))
    }

    /// A number from 0 to 1.
    pub fn chance(&mut self) -> f64 {
        self.0.random()
    }
}
