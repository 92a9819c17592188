//! Sounds of a line that are no speech: a recogniser made to write words writes some for anything.

use super::line::{RATE, quiet};
use rand::RngExt;
use rand::rngs::StdRng;
use std::f64::consts::TAU;

/// What they are.
pub const KINDS: [&str; 8] = ["hiss", "cough", "tone", "clicks", "hum", "breath", "beats", "music"];

/// The sum of a pitch's overtones at a moment, the higher the fainter.
fn overtones(t: f64, pitch: f64, count: u32) -> f64 {
    (1..=count).map(f64::from).map(|n| (t * TAU * pitch * n).sin() / n).sum()
}

/// One of a kind; `n` makes it longer and other than the last. With a quarter of a second of quiet around it.
pub fn noise(kind: &str, n: u32, random: &mut StdRng) -> Vec<i16> {
    let n = f64::from(n);
    let samples = 2000 + (n * 900.0) as usize;
    let mut low = 0.0;
    let sound = (0..samples).map(|i| {
        let t = i as f64 / RATE;
        let hiss = random.random_range(-1.0..1.0);
        low = low * 0.85 + hiss * 0.15;
        let value = match kind {
            "hiss" => hiss * 3000.0,
            "cough" => {
                let bursts = (-t * (6.0 + n)).exp() + 0.6 * (-(t - 0.25).abs() * 12.0).exp();
                (hiss * 0.5 + low * 2.0) * 9000.0 * bursts
            }
            "tone" => (t * TAU * (300.0 + 100.0 * n)).sin() * 5000.0,
            "clicks" if i % (400 + 100 * n as usize) < 12 => hiss * 12_000.0,
            "hum" => overtones(t, 110.0 + 9.0 * n, 7) * 3000.0 * (1.0 + 0.1 * (t * 9.0).sin()),
            "breath" => low * 9000.0 * (t * TAU / 2.0).sin().abs(),
            "beats" if (t * 4.0) as i64 % 2 == 0 => overtones(t, 110.0 + 5.0 * n, 9) * 3000.0,
            "music" => {
                let step = 2_f64.powf(((t * 3.0) as i64 % 5) as f64 / 5.0);
                [1.0, 1.25, 1.5].iter().map(|part| (t * TAU * 220.0 * part * step).sin()).sum::<f64>()
                    * 2500.0
            }
            _ => 0.0,
        };
        value.clamp(-32_000.0, 32_000.0) as i16
    });
    let sound: Vec<i16> = sound.collect();
    [quiet(0.25), sound, quiet(0.25)].concat()
}
