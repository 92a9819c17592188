//! What is possible: a reference curve to hold a policy against, computed from parameters that no policy is told.

use super::draw::Duration;
use super::scenario::Scenario;
use crate::dialer::pacing::tail::{density, phi};

/// The square-root law: the utilisation at which the abandoned are the limit's share, if answers come as a Gaussian
/// stream; `None` where something moves, of which it does not speak. `mu = N u L / m`, `sigma = sqrt(mu (2 - p))`, `sigma [density(z) - z (1 - phi(z))] = limit mu`,
/// `idle = sigma [density(z) + z phi(z)]`, `u = 1 - idle / N`. A reference, not a proven bound.
pub fn square_root_law(scenario: &Scenario) -> Option<f64> {
    if !scenario.is_stationary() {
        return None;
    }
    let agents = f64::from(u32::try_from(scenario.agents).unwrap_or(u32::MAX));
    let handling = scenario.talk.mean() + scenario.wrap_up.as_ref().map_or(0.0, Duration::mean);
    let (delay, answer) = (scenario.line.delay.mean(), scenario.line.answer);
    let limit = scenario.limit_percent / 100.0;
    let mut utilisation: f64 = 0.8;
    for _ in 0..200 {
        let mu = agents * utilisation * delay / handling;
        let sigma = (mu * (2.0 - answer)).sqrt();
        let lost = |z: f64| sigma * (density(z) - z * (1.0 - phi(z)));
        let (mut low, mut high) = (-8.0, 8.0);
        for _ in 0..80 {
            let middle = f64::midpoint(low, high);
            if lost(middle) > limit * mu { low = middle } else { high = middle }
        }
        let z = f64::midpoint(low, high);
        let idle = sigma * (density(z) + z * phi(z));
        utilisation = f64::midpoint(utilisation, (1.0 - idle / agents).clamp(0.01, 1.0));
    }
    Some(utilisation)
}

#[cfg(test)]
mod tests {
    use super::square_root_law;
    use crate::simulator::opponent::Progressive;
    use crate::simulator::scenario::Scenario;
    use crate::simulator::world;

    fn scenario(agents: usize) -> Scenario {
        Scenario::parse(&format!(
            r#"
            name = "law"
            agents = {agents}
            line = {{ answer = 0.25, delay = {{ shape = "gamma", mean = 10.0, cv = 0.5 }}, failure = {{ shape = "gamma", mean = 19.5, cv = 0.3 }} }}
            talk = {{ shape = "lognormal", mean = 150.0, cv = 0.9 }}
            "#
        ))
        .unwrap()
    }

    #[test]
    fn the_law_at_known_sizes() {
        for (agents, percent) in [(5, 74.9), (10, 82.8), (20, 88.5), (50, 93.5), (100, 95.8)] {
            let law = square_root_law(&scenario(agents)).unwrap() * 100.0;
            assert!((law - percent).abs() < 0.15, "{agents}: {law}");
        }
    }

    #[test]
    fn the_simulation_of_progressive_dialling_is_its_formula() {
        let scenario = scenario(10);
        let went = world::run(&scenario, 1, 4, &mut Progressive);
        assert_eq!(went.abandoned, 0);
        // Exact: idle = (1 - p) / p x E[failure] + E[delay].
        let formula = 150.0 / (150.0 + 3.0 * 19.5 + 10.0);
        assert!((went.utilisation() - formula).abs() < 0.01, "{}", went.utilisation());
    }
}
