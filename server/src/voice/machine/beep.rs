//! The tone after which an answering machine records: found in 8 kHz s16 sound as one steady sinus, told once it is over. Pure.

use crate::voice::media::RATE;
use std::f64::consts::TAU;
use std::time::Duration;

/// Samples that are looked at together: 20 ms.
const BLOCK: usize = 160;
/// Tones of machines, Hz. Dial and ringing tones lie below.
const TONES: std::ops::RangeInclusive<f64> = 460.0..=2200.0;
/// Softest tone, as root mean square of s16 samples.
const SOFTEST: f64 = 120.0;
/// Share of a block's energy that one sinus holds in a tone. Voices have overtones.
const PURE: f64 = 0.85;
/// Blocks that a tone lasts at least: 140 ms.
const SHORTEST: u32 = 7;
/// How far a tone's pitch may lie from its first block's, Hz. Voices glide, be it by a few percent.
const STEADY: f64 = 5.0;
/// Blocks within a tone that noise may hide.
const HIDDEN: u32 = 1;

/// A tone that is over.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Beep {
    /// Its pitch.
    pub hz: f64,
    /// How long it was.
    pub length: Duration,
}

#[derive(Debug)]
struct Tone {
    hz: f64,
    blocks: u32,
    hidden: u32,
}

/// Listens for such tones in one call.
#[derive(Debug, Default)]
pub struct Beeps {
    waiting: Vec<i16>,
    tone: Option<Tone>,
}

impl Beeps {
    /// Takes sound; gives the tone that has ended in it.
    pub fn take(&mut self, samples: &[i16]) -> Option<Beep> {
        self.waiting.extend_from_slice(samples);
        let mut ended = None;
        while self.waiting.len() >= BLOCK {
            let pitch = pitch(&self.waiting[..BLOCK]);
            self.waiting.drain(..BLOCK);
            ended = self.block(pitch).or(ended);
        }
        ended
    }

    fn block(&mut self, pitch: Option<f64>) -> Option<Beep> {
        let fresh = pitch.map(|hz| Tone { hz, blocks: 1, hidden: 0 });
        let Some(tone) = &mut self.tone else {
            self.tone = fresh;
            return None;
        };
        if pitch.is_some_and(|hz| (hz - tone.hz).abs() <= STEADY) {
            tone.blocks += 1 + std::mem::take(&mut tone.hidden);
            return None;
        }
        if tone.hidden < HIDDEN {
            tone.hidden += 1;
            return None;
        }
        let ended = (tone.blocks >= SHORTEST)
            .then(|| Beep { hz: tone.hz, length: Duration::from_millis(20) * tone.blocks });
        self.tone = fresh;
        ended
    }
}

/// The pitch of a block that is one sinus.
fn pitch(block: &[i16]) -> Option<f64> {
    let samples: Vec<f64> = block.iter().map(|s| f64::from(*s)).collect();
    let energy: f64 = samples.iter().map(|s| s * s).sum();
    let count = f64::from(u32::try_from(samples.len()).ok()?);
    if energy < SOFTEST * SOFTEST * count {
        return None;
    }
    // A sinus follows x[n] = k·x[n-1] − x[n-2]; the k that fits best tells its pitch, roughly where there is noise.
    let (mut across, mut square) = (0.0, 0.0);
    for three in samples.windows(3) {
        across += three[1] * (three[0] + three[2]);
        square += three[1] * three[1];
    }
    let rough = (across / square / 2.0).clamp(-1.0, 1.0).acos() / TAU * f64::from(RATE);
    let best = |around: f64, step: f64, steps: i32| -> (f64, f64) {
        let grid = (-steps..=steps).map(|n| around + step * f64::from(n));
        let shares = grid.map(|hz| (hz, 2.0 * power(&samples, hz) / (count * energy)));
        shares.max_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or((0.0, 0.0))
    };
    let (near, _) = best(rough, 25.0, 10);
    let (nearer, _) = best(near, 6.0, 2);
    let (hz, share) = best(nearer, 1.5, 2);
    (TONES.contains(&hz) && share >= PURE).then_some(hz)
}

/// Squared length of what a block holds of one pitch.
fn power(samples: &[f64], hz: f64) -> f64 {
    // Goertzel's recursion.
    let step = TAU * hz / f64::from(RATE);
    let k = 2.0 * step.cos();
    let (mut one, mut two) = (0.0, 0.0);
    for sample in samples {
        (one, two) = (sample + k * one - two, one);
    }
    one * one + two * two - k * one * two
}

#[cfg(test)]
mod tests {
    use super::{Beep, Beeps};
    use proptest::prelude::*;
    use std::f64::consts::TAU;

    #[allow(clippy::cast_possible_truncation, reason = "within the range of s16")]
    fn s16(sample: f64) -> i16 {
        sample.clamp(-32_768.0, 32_767.0) as i16
    }

    /// A sinus among noise, in s16.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is small, and not below nothing"
    )]
    fn sound(hz: f64, loud: f64, noise: f64, seconds: f64, seed: u32) -> Vec<i16> {
        let mut state = seed;
        let count = (seconds * 8000.0) as u32;
        (0..count)
            .map(|n| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let white = f64::from(state >> 16) / 32_768.0 - 1.0;
                s16(loud * (TAU * hz * f64::from(n) / 8000.0).sin() + noise * white)
            })
            .collect()
    }

    /// What is told, and after how many samples.
    fn told(samples: &[i16]) -> Vec<(usize, Beep)> {
        let mut beeps = Beeps::default();
        let told = samples.chunks(160).enumerate().filter_map(|(n, c)| Some((n * 160, beeps.take(c)?)));
        told.collect()
    }

    proptest! {
        #[test]
        fn a_tone_in_noise_is_found_where_it_ends(
            hz in 480.0f64..2100.0, loud in 600.0f64..12_000.0, seconds in 0.16f64..1.2, seed in any::<u32>()
        ) {
            let tone = sound(hz, loud, loud * 0.3, seconds, seed);
            let quiet = sound(hz, 0.0, loud * 0.05, 0.6, seed);
            let all = [&quiet[..], &tone[..], &quiet[..]].concat();
            let found = told(&all);
            prop_assert_eq!(found.len(), 1, "{:?}", found);
            let (at, beep) = found[0];
            prop_assert!((beep.hz - hz).abs() < 30.0, "{:?}", beep);
            // Within a tenth of a second of its end.
            prop_assert!(at.abs_diff(quiet.len() + tone.len()) < 800, "{at}");
        }

        #[test]
        fn noise_is_no_tone(loud in 0.0f64..30_000.0, seed in any::<u32>()) {
            prop_assert!(told(&sound(0.0, 0.0, loud, 3.0, seed)).is_empty());
        }
    }

    proptest! {
        /// On the telephone the second harmonic of a held "oh" may be nearly all that is left of it; it drifts.
        #[test]
        fn a_held_vowel_is_no_tone(
            hz in 470.0f64..620.0, drift in prop_oneof![-0.15f64..-0.06, 0.06f64..0.15], ms in 200u32..400
        ) {
            let count = ms * 8;
            let mut angle = 0.0;
            let vowel = (0..count).map(|n| {
                let now = hz * (1.0 + drift * f64::from(n) / f64::from(count));
                angle += TAU * now / 8000.0;
                s16(6000.0 * angle.sin() + 900.0 * (angle * 1.5).sin() + 900.0 * (angle * 2.0).sin())
            });
            let all: Vec<i16> = vowel.chain(vec![0; 4000]).collect();
            prop_assert!(told(&all).is_empty());
        }
    }

    #[test]
    fn two_tones_at_once_are_a_key() {
        let (low, high) = (sound(770.0, 4000.0, 0.0, 0.5, 1), sound(1336.0, 4000.0, 0.0, 0.5, 1));
        let key: Vec<i16> = low.iter().zip(&high).map(|(a, b)| a + b).chain(vec![0; 1600]).collect();
        assert!(told(&key).is_empty());
    }
}
