//! How likely it is that at least so many of many unlike chances come true: a Poisson-binomial tail, to which one chance
//! after another is added.

/// Variance from which the refined normal approximation is good enough.
const WIDE: f64 = 6.0;

/// Sum of independent chances.
#[derive(Debug, Clone)]
pub struct Tail {
    mean: f64,
    variance: f64,
    skew: f64,
    count: usize,
    /// `P(sum = n)` for `n < threshold`; empty where the sum is wide.
    exact: Vec<f64>,
    threshold: usize,
}

impl Tail {
    /// Of `P(sum >= threshold)`, from the chances.
    pub fn new(threshold: usize, chances: impl Iterator<Item = f64> + Clone) -> Self {
        let mut tail = Self { mean: 0.0, variance: 0.0, skew: 0.0, count: 0, exact: Vec::new(), threshold };
        for chance in chances.clone() {
            tail.count_in(chance);
        }
        if tail.variance < WIDE {
            tail.exact = vec![0.0; threshold];
            if let Some(none) = tail.exact.first_mut() {
                *none = 1.0;
            }
            for chance in chances {
                tail.convolve(chance);
            }
        }
        tail
    }

    fn count_in(&mut self, chance: f64) {
        let spread = chance * (1.0 - chance);
        self.mean += chance;
        self.variance += spread;
        self.skew += spread * (1.0 - 2.0 * chance);
        self.count += 1;
    }

    fn convolve(&mut self, chance: f64) {
        let mut before = 0.0;
        for at in &mut self.exact {
            let here = *at;
            *at = here * (1.0 - chance) + before * chance;
            before = here;
        }
    }

    /// Adds a chance.
    pub fn add(&mut self, chance: f64) {
        self.count_in(chance);
        self.convolve(chance);
    }

    /// `P(sum >= threshold)`.
    pub fn value(&self) -> f64 {
        if self.threshold == 0 {
            return 1.0;
        }
        if self.count < self.threshold {
            return 0.0;
        }
        if !self.exact.is_empty() {
            return (1.0 - self.exact.iter().sum::<f64>()).clamp(0.0, 1.0);
        }
        let deviation = self.variance.sqrt().max(1e-9);
        #[allow(clippy::cast_precision_loss, reason = "a threshold is a number of agents")]
        let x = (self.threshold as f64 - 0.5 - self.mean) / deviation;
        let skew = self.skew / (deviation * deviation * deviation);
        let below = phi(x) + skew * (1.0 - x * x) * density(x) / 6.0;
        (1.0 - below).clamp(0.0, 1.0)
    }
}

/// Density of the normal distribution.
pub fn density(x: f64) -> f64 {
    (-0.5 * x * x).exp() / (std::f64::consts::TAU).sqrt()
}

/// The normal distribution. Abramowitz and Stegun, 26.2.17: right to 7.5e-8.
pub fn phi(x: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.231_641_9 * x.abs());
    let poly = t
        * (0.319_381_530
            + t * (-0.356_563_782 + t * (1.781_477_937 + t * (-1.821_255_978 + t * 1.330_274_429))));
    let upper = density(x) * poly;
    if x >= 0.0 { 1.0 - upper } else { upper }
}

#[cfg(test)]
mod tests {
    use super::Tail;
    use proptest::prelude::*;

    /// By counting all cases.
    fn brute(chances: &[f64], threshold: usize) -> f64 {
        (0..1_u32 << chances.len())
            .filter(|case| case.count_ones() as usize >= threshold)
            .map(|case| {
                let one =
                    |(n, chance): (usize, &f64)| if case >> n & 1 == 1 { *chance } else { 1.0 - chance };
                chances.iter().enumerate().map(one).product::<f64>()
            })
            .sum()
    }

    proptest! {
        #[test]
        fn few_chances_are_exact(chances in proptest::collection::vec(0.0f64..=1.0, 0..9), threshold in 0usize..10) {
            let (first, rest) = chances.split_at(chances.len() / 2);
            let mut tail = Tail::new(threshold, first.iter().copied());
            for chance in rest {
                tail.add(*chance);
            }
            prop_assert!((tail.value() - brute(&chances, threshold)).abs() < 1e-9);
        }
    }

    #[test]
    fn many_are_near() {
        let chances: Vec<f64> = (0..120).map(|n| 0.05 + 0.007 * f64::from(n % 100)).collect();
        let mean: f64 = chances.iter().sum();
        for above in [0_usize, 5, 10] {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small mean")]
            let threshold = mean as usize + above;
            let wide = Tail::new(threshold, chances.iter().copied());
            assert!(wide.exact.is_empty());
            let mut exact = Tail::new(threshold, std::iter::empty());
            for chance in &chances {
                exact.add(*chance);
            }
            assert!((wide.value() - exact.value()).abs() < 0.002, "{} {}", wide.value(), exact.value());
        }
    }
}
