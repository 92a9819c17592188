//! Learns how long something takes and how it ends, from what was seen: hazards by age, with forgetting.
//!
//! Each bin of ages keeps the time that was spent in it and the ends that fell into it. From these come the share that
//! is still going on at an age, and the chance of an end within the next seconds given the age reached. Nothing is
//! assumed of the shape; a prior fills what has not been seen yet.

/// Ages at which bins begin, in seconds; the last bin has no end. No bin is narrower than a second.
#[derive(Debug, Clone)]
pub struct Bins {
    edges: Vec<f64>,
    /// The bin of each whole second, so that none is searched for.
    seconds: Vec<usize>,
}

impl Bins {
    /// Bins for ringing: a second each for the first minute, then wider.
    pub fn of_ringing() -> Self {
        let fine = (0..60).map(f64::from);
        let coarse = (12..=30).map(|n| f64::from(n) * 5.0);
        Self::new(fine.chain(coarse).collect())
    }

    /// Bins for talking: each a seventh wider than the one before, to some four hours.
    pub fn of_talking() -> Self {
        let mut edges = vec![0.0, 1.0];
        while let Some(last) = edges.last().copied().filter(|last: &f64| *last < 15_000.0) {
            edges.push(last + (last / 7.0).max(1.0));
        }
        Self::new(edges)
    }

    fn new(edges: Vec<f64>) -> Self {
        let last = edges.last().copied().unwrap_or(0.0);
        let mut seconds = Vec::new();
        let mut second = 0.0;
        while second < last {
            seconds.push(edges.partition_point(|edge| *edge <= second).saturating_sub(1));
            second += 1.0;
        }
        Self { edges, seconds }
    }

    fn at(&self, age: f64) -> usize {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "an age in seconds, cut off"
        )]
        let Some(bin) = self.seconds.get(age.max(0.0) as usize).copied() else { return self.edges.len() - 1 };
        if self.edges.get(bin + 1).is_some_and(|edge| *edge <= age) { bin + 1 } else { bin }
    }
}

/// Hazards of ending, by cause, over ages. `CAUSES` ways to end; the first is the one that is asked for.
#[derive(Debug, Clone)]
pub struct Curve<const CAUSES: usize> {
    bins: Bins,
    /// Seconds that were spent in each bin, weighted.
    exposure: Vec<f64>,
    /// Ends in each bin by cause, weighted.
    ends: Vec<[f64; CAUSES]>,
    /// Weight of the next observation: grows, so that what is old counts less.
    weight: f64,
    /// By how much the weight grows with each observation.
    growth: f64,
    /// What is believed before anything was seen: ends a second by cause, and how many ends that belief is worth.
    prior: [f64; CAUSES],
    strength: f64,
    /// Share still going on at each edge, and share that has ended by the first cause.
    surviving: Vec<f64>,
    ended: Vec<f64>,
    hazards: Vec<[f64; CAUSES]>,
    /// Observations since what is asked for was last brought up to date.
    fresh: u32,
    /// Ends that counted then.
    counted: f64,
}

impl<const CAUSES: usize> Curve<CAUSES> {
    /// A curve that remembers about `memory` observations and begins with a belief of `strength` ends: `prior` ends a
    /// second, by cause.
    pub fn new(bins: Bins, memory: f64, prior: [f64; CAUSES], strength: f64) -> Self {
        let count = bins.edges.len();
        let mut curve = Self {
            bins,
            exposure: vec![0.0; count],
            ends: vec![[0.0; CAUSES]; count],
            weight: 1.0,
            growth: 1.0 / (1.0 - 1.0 / memory.max(2.0)),
            prior,
            strength,
            surviving: vec![1.0; count],
            ended: vec![0.0; count],
            hazards: vec![[0.0; CAUSES]; count],
            fresh: 1,
            counted: 0.0,
        };
        curve.refresh();
        curve
    }

    /// Takes note of one that ended at an age, in seconds, by a cause.
    pub fn observe(&mut self, age: f64, cause: usize) {
        let age = if age.is_finite() { age.max(0.001) } else { return };
        let last = self.bins.at(age);
        for bin in 0..=last {
            let from = self.bins.edges[bin];
            let to = self.bins.edges.get(bin + 1).map_or(age, |edge| edge.min(age));
            self.exposure[bin] += self.weight * (to - from);
        }
        self.ends[last][cause] += self.weight;
        self.weight *= self.growth;
        if self.weight > 1e12 {
            let scale = 1.0 / self.weight;
            self.exposure.iter_mut().for_each(|seconds| *seconds *= scale);
            self.ends.iter_mut().flatten().for_each(|ends| *ends *= scale);
            self.weight = 1.0;
        }
        self.fresh += 1;
    }

    /// Brings what is asked for up to date with what was seen.
    pub fn refresh(&mut self) {
        // A hundredth more changes little.
        if f64::from(self.fresh) <= self.counted / 100.0 || self.fresh == 0 {
            return;
        }
        self.fresh = 0;
        self.counted = self.seen();
        // The overall rate, between what was believed and what was seen, fills bins that saw little.
        let seen: f64 = self.exposure.iter().sum::<f64>() / self.weight;
        let mut overall = [0.0; CAUSES];
        let believed: f64 = self.strength / self.prior.iter().sum::<f64>().max(1e-9);
        for (cause, rate) in overall.iter_mut().enumerate() {
            let ends: f64 = self.ends.iter().map(|bin| bin[cause]).sum::<f64>() / self.weight;
            *rate = (ends + self.prior[cause] * believed) / (seen + believed);
        }
        let total: f64 = overall.iter().sum::<f64>().max(1e-9);
        // Worth of that filling in a bin, in seconds: the time in which one end would be seen.
        let filling = self.strength.min(1.0) / total;
        let (mut surviving, mut ended) = (1.0_f64, 0.0_f64);
        for bin in 0..self.exposure.len() {
            self.surviving[bin] = surviving;
            self.ended[bin] = ended;
            let exposure = self.exposure[bin] / self.weight + filling;
            let mut sum = 0.0;
            for (cause, rate) in overall.iter().enumerate() {
                let hazard = (self.ends[bin][cause] / self.weight + rate * filling) / exposure;
                self.hazards[bin][cause] = hazard;
                sum += hazard;
            }
            let width = self.bins.edges.get(bin + 1).map_or(0.0, |to| to - self.bins.edges[bin]);
            let gone = surviving * (1.0 - (-sum * width).exp());
            ended += gone * self.hazards[bin][0] / sum.max(1e-12);
            surviving -= gone;
        }
    }

    /// Share that is still going on at an age, and share that has ended by the first cause until then. Between two
    /// edges both are read off a straight line: bins are narrow.
    fn at(&self, age: f64) -> (f64, f64) {
        let age = age.max(0.0);
        let bin = self.bins.at(age);
        let within = age - self.bins.edges[bin];
        let (surviving, ended) = (self.surviving[bin], self.ended[bin]);
        if let (Some(to), Some(left), Some(done)) =
            (self.bins.edges.get(bin + 1), self.surviving.get(bin + 1), self.ended.get(bin + 1))
        {
            let part = within / (to - self.bins.edges[bin]);
            return (surviving + (left - surviving) * part, ended + (done - ended) * part);
        }
        let sum: f64 = self.hazards[bin].iter().sum();
        let gone = surviving * (1.0 - (-sum * within).exp());
        (surviving - gone, ended + gone * self.hazards[bin][0] / sum.max(1e-12))
    }

    /// What is asked of one of an age, whose place is looked up once.
    pub fn aged(&self, age: f64) -> Aged<'_, CAUSES> {
        // An age that is no number is that of one which has just begun.
        let age = if age.is_finite() { age } else { 0.0 };
        let (surviving, ended) = self.at(age);
        Aged { curve: self, age, surviving, ended }
    }

    /// Chance that one of an age ends by the first cause within the next seconds.
    pub fn within(&self, age: f64, seconds: f64) -> f64 {
        self.aged(age).within(seconds)
    }

    /// Chance that one which begins now ends by the first cause, ever.
    pub fn ever(&self) -> f64 {
        self.at(1e9).1.clamp(0.0, 1.0)
    }

    /// The age by which a share of those that end by the first cause have done so, in seconds.
    pub fn quantile(&self, share: f64) -> f64 {
        let wanted = self.ever() * share;
        let bin = self.ended.partition_point(|ended| *ended <= wanted).saturating_sub(1);
        if let (Some(to), Some(done)) = (self.bins.edges.get(bin + 1), self.ended.get(bin + 1)) {
            let part = (wanted - self.ended[bin]) / (done - self.ended[bin]).max(1e-12);
            return self.bins.edges[bin] + (to - self.bins.edges[bin]) * part.min(1.0);
        }
        let (sum, hazard) = (self.hazards[bin].iter().sum::<f64>(), self.hazards[bin][0]);
        // Ends of the first cause within the open bin: surviving x (1 - e^(-sum t)) x hazard / sum.
        let part = (wanted - self.ended[bin]) * sum / (self.surviving[bin] * hazard).max(1e-12);
        self.bins.edges[bin] - (1.0 - part.min(1.0 - 1e-9)).ln() / sum.max(1e-12)
    }

    /// Observations that count at present.
    pub fn seen(&self) -> f64 {
        self.ends.iter().flatten().sum::<f64>() / self.weight
    }
}

/// One of an age: see [`Curve::aged`].
#[derive(Debug, Clone, Copy)]
pub struct Aged<'a, const CAUSES: usize> {
    curve: &'a Curve<CAUSES>,
    age: f64,
    surviving: f64,
    ended: f64,
}

impl<const CAUSES: usize> Aged<'_, CAUSES> {
    /// Chance that it ends by the first cause within the next seconds.
    pub fn within(&self, seconds: f64) -> f64 {
        if self.surviving < 1e-9 {
            return 0.0;
        }
        let (_, later) = self.curve.at(self.age + seconds.max(0.0));
        ((later - self.ended) / self.surviving).clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{Bins, Curve};
    use proptest::prelude::*;

    #[test]
    fn learns_an_exponential_with_two_ends() {
        let mut curve: Curve<2> = Curve::new(Bins::of_ringing(), 1e9, [0.05, 0.05], 4.0);
        // Ends at 1/10 a second, a quarter of them by the first cause; quantiles instead of dice.
        for n in 0..4000_u32 {
            let age = -10.0 * (1.0 - (f64::from(n / 4) + 0.5) / 1000.0).ln();
            curve.observe(age, usize::from(n % 4 != 0));
        }
        curve.refresh();
        assert!((curve.ever() - 0.25).abs() < 0.01, "{}", curve.ever());
        assert!((curve.within(5.0, 10.0) - 0.25 * (1.0 - (-1.0_f64).exp())).abs() < 0.02);
        assert!((curve.quantile(0.5) - 6.93).abs() < 0.4, "{}", curve.quantile(0.5));
    }

    #[test]
    fn forgets() {
        let mut curve: Curve<1> = Curve::new(Bins::of_talking(), 100.0, [1.0 / 180.0], 4.0);
        for _ in 0..1000 {
            curve.observe(60.0, 0);
        }
        for _ in 0..400 {
            curve.observe(300.0, 0);
        }
        curve.refresh();
        assert!(curve.within(0.0, 100.0) < 0.15, "{}", curve.within(0.0, 100.0));
        assert!((curve.seen() - 100.0).abs() < 5.0, "{}", curve.seen());
    }

    proptest! {
        #[test]
        fn chances_are_chances(seen in proptest::collection::vec((0.0f64..400.0, 0usize..2), 0..200), age in 0.0f64..500.0, wait in 0.0f64..500.0) {
            let mut curve: Curve<2> = Curve::new(Bins::of_ringing(), 50.0, [0.05, 0.05], 4.0);
            for (age, cause) in seen {
                curve.observe(age, cause);
            }
            curve.refresh();
            let near = curve.within(age, wait);
            prop_assert!((0.0..=1.0).contains(&near));
            prop_assert!(curve.within(age, wait + 10.0) >= near - 1e-9);
            prop_assert!((0.0..=1.0).contains(&curve.ever()));
            let (early, late) = (curve.quantile(0.2), curve.quantile(0.8));
            prop_assert!(early.is_finite() && late.is_finite() && early <= late + 1e-9);
        }
    }
}
