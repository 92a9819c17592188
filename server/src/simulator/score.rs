//! How a policy did over many campaigns.

use super::world::Went;
use crate::dialer::pacing::real;
use serde::Serialize;

/// What is reported of a policy.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Score {
    /// Campaigns.
    pub campaigns: usize,
    /// Percent of their time that agents were at work.
    pub utilisation: f64,
    /// Half of its 95 % interval, in points.
    pub utilisation_interval: f64,
    /// Percent of the answered that were abandoned.
    pub abandoned: f64,
    /// Half of its 95 % interval over campaigns, in points.
    pub abandoned_interval: f64,
    /// Percent of the persons who picked up that were taken for machines.
    pub missed: f64,
    /// Percent of hours, of days and of campaigns that were over the limit.
    pub hours_over: f64,
    /// See `hours_over`.
    pub days_over: f64,
    /// See `hours_over`.
    pub campaigns_over: f64,
    /// The share abandoned of the worst campaign, in percent.
    pub worst_campaign: f64,
}

/// Looks at how campaigns went. `hours` are the working hours of a day.
pub fn score(wents: &[Went], hours: f64, limit_percent: f64) -> Score {
    let of = |value: fn(&Went) -> f64| wents.iter().map(value).collect::<Vec<f64>>();
    let (utilisation, utilisation_interval) = mean(&of(Went::utilisation));
    let shares = of(Went::abandonment);
    let answered: u64 = wents.iter().map(|went| went.answered).sum();
    let abandoned: u64 = wents.iter().map(|went| went.abandoned).sum();
    let missed: u64 = wents.iter().map(|went| went.missed).sum();
    let (_, abandoned_interval) = mean(&shares);
    let over = |counts: &mut dyn Iterator<Item = (u64, u64)>| {
        let (mut all, mut over) = (0_u64, 0_u64);
        for (answered, abandoned) in counts.filter(|count| count.0 > 0) {
            all += 1;
            over += u64::from(real(abandoned) * 100.0 > limit_percent * real(answered));
        }
        100.0 * real(over) / real(all.max(1))
    };
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "hours of a day")]
    let a_day = (hours.ceil() as usize).max(1);
    let day = |hours: &[(u64, u64)]| hours.iter().fold((0, 0), |sum, hour| (sum.0 + hour.0, sum.1 + hour.1));
    Score {
        campaigns: wents.len(),
        utilisation: utilisation * 100.0,
        utilisation_interval: utilisation_interval * 100.0,
        abandoned: 100.0 * real(abandoned) / real(answered.max(1)),
        abandoned_interval: abandoned_interval * 100.0,
        missed: 100.0 * real(missed) / real((answered + missed).max(1)),
        hours_over: over(&mut wents.iter().flat_map(|went| went.hours.iter().copied())),
        days_over: over(&mut wents.iter().flat_map(|went| went.hours.chunks(a_day).map(day))),
        campaigns_over: over(&mut wents.iter().map(|went| (went.answered, went.abandoned))),
        worst_campaign: shares.iter().copied().fold(0.0, f64::max) * 100.0,
    }
}

/// Mean, and half of its 95 % interval.
fn mean(values: &[f64]) -> (f64, f64) {
    let count = real(values.len().max(1));
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0).max(1.0);
    (mean, 1.96 * (variance / count).sqrt())
}

#[cfg(test)]
mod tests {
    use super::score;
    use crate::simulator::world::Went;

    #[test]
    fn hours_days_and_campaigns_are_judged_by_themselves() {
        let went = Went {
            busy: 80.0,
            present: 100.0,
            dialled: 400,
            answered: 100,
            abandoned: 2,
            missed: 0,
            hours: vec![(50, 2), (25, 0), (25, 0)],
        };
        let score = score(&[went], 2.0, 3.0);
        assert!((score.utilisation - 80.0).abs() < 1e-9);
        assert!((score.hours_over - 100.0 / 3.0).abs() < 1e-9);
        assert!(score.days_over.abs() < 1e-9, "2 of 75 is within three percent");
        assert!(score.campaigns_over.abs() < 1e-9);
    }
}
