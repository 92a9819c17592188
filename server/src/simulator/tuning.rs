//! Gives each opponent its best setting: an untuned opponent is an unfair one.

use super::opponent::adapt::{Adapt, Adapting, Method};
use super::opponent::ratio::{Dialling, Ratio};
use super::policy::Policy;
use super::scenario::Scenario;
use super::world;
use crate::dialer::pacing::real;

/// A setting of an opponent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Setting {
    /// A fixed ratio.
    Ratio(f64, Dialling),
    /// An adaptive method.
    Adapt(Adapting, Dialling),
}

impl Setting {
    /// A fresh opponent of this setting.
    pub fn policy(&self) -> Box<dyn Policy> {
        match *self {
            Self::Ratio(level, dialling) => Box::new(Ratio { level, dialling }),
            Self::Adapt(adapting, dialling) => Box::new(Adapt::new(adapting, dialling)),
        }
    }

    /// In words.
    pub fn describe(&self) -> String {
        let dialling = |dialling: &Dialling| {
            format!(
                "target {}{}",
                dialling.target,
                if dialling.available_only { ", available only" } else { "" }
            )
        };
        match self {
            Self::Ratio(level, how) => format!("level {level}, {}", dialling(how)),
            Self::Adapt(adapting, how) => format!("at most {}, {}", adapting.maximum, dialling(how)),
        }
    }
}

/// An opponent: its name and all settings that are tried.
pub struct Opponent {
    /// Name.
    pub name: &'static str,
    /// Settings.
    pub settings: Vec<Setting>,
}

/// Values of `dl_diff_target` that are tried.
const TARGETS: [f64; 8] = [-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 4.0, 8.0];

/// All opponents of a scenario, with the settings to be tried.
pub fn opponents(scenario: &Scenario) -> Vec<Opponent> {
    let diallings: Vec<Dialling> = [false, true]
        .into_iter()
        .flat_map(|available_only| TARGETS.map(|target| Dialling { target, available_only }))
        .collect();
    let levels = (10..35).map(|n| f64::from(n) / 10.0).chain((7..24).map(|n| f64::from(n) / 2.0));
    let ratio = levels
        .flat_map(|level| diallings.iter().map(move |dialling| Setting::Ratio(level, *dialling)))
        .collect();
    let limit = scenario.limit_percent;
    let adapt = |method: Method| {
        let maxima = [1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.8, 2.0, 2.5, 3.0, 4.0, 6.0, 10.0];
        let settings = maxima.into_iter().flat_map(|maximum| {
            diallings.iter().map(move |dialling| {
                let target = dialling.target;
                Setting::Adapt(Adapting { method, maximum, intensity: 0.0, target, limit }, *dialling)
            })
        });
        settings.collect()
    };
    vec![
        Opponent { name: "fixed ratio", settings: ratio },
        Opponent { name: "adapt hard limit", settings: adapt(Method::Hard) },
        Opponent { name: "adapt average", settings: adapt(Method::Average) },
        Opponent { name: "adapt tapered", settings: adapt(Method::Tapered) },
    ]
}

/// The setting that keeps agents busiest within the limit over `days` days under the tuning seeds; where none is within
/// it, the one that abandons least. First a day for each setting, then all days for the best.
pub fn best(scenario: &Scenario, opponent: &Opponent, days: u32, seeds: &[u64]) -> Setting {
    /// Settings that are looked at for longer: at least, and at most.
    const FINAL: usize = 6;
    const MOST: usize = 40;
    let try_out = |setting: &Setting, days: u32, seeds: &[u64]| {
        let (mut busy, mut present, mut answered, mut abandoned) = (0.0, 0.0, 0_u64, 0_u64);
        for seed in seeds {
            let went = world::run(scenario, *seed, days, setting.policy().as_mut());
            busy += went.busy;
            present += went.present;
            answered += went.answered;
            abandoned += went.abandoned;
        }
        let share = real(abandoned) / real(answered.max(1));
        (busy / f64::max(present, 1.0), share)
    };
    let limit = scenario.limit_percent / 100.0;
    // Within the limit the busier, beyond it the fewer abandoned.
    let merit = |(busy, share): (f64, f64), limit: f64| if share <= limit { 1.0 + busy } else { -share };
    let mut ranked: Vec<(f64, Setting)> = opponent
        .settings
        .iter()
        .map(|setting| (merit(try_out(setting, 1, &seeds[..1.min(seeds.len())]), limit * 1.1), *setting))
        .collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut best: Option<(f64, Setting)> = None;
    // At least so many are looked at for longer, and further ones until one keeps to the limit.
    for (n, (_, setting)) in ranked.into_iter().enumerate() {
        if n >= FINAL && best.is_some_and(|(merit, _)| merit > 1.0) || n >= MOST {
            break;
        }
        let merit = merit(try_out(&setting, days, seeds), limit);
        if best.is_none_or(|(most, _)| merit > most) {
            best = Some((merit, setting));
        }
    }
    best.map_or(Setting::Ratio(1.0, Dialling { target: 0.0, available_only: false }), |(_, setting)| setting)
}
