//! Takes the steady noise of a line out of what was said before it is decoded: the acoustic model was made from quiet rooms.
//!
//! A Wiener filter whose gain follows the decision-directed estimate (Ephraim and Malah, 1984): the noise is what the quietest
//! eighth of the frames holds. What is clean stays as it is, because a filter takes some of the speech with it.

use realfft::RealFftPlanner;

/// Samples of a frame and between two of them, at 8 kHz: 32 ms and 8 ms.
const FRAME: usize = 256;
const STEP: usize = 64;
/// Least that is left of any frequency, as a factor: what is cut to nothing rings.
const FLOOR: f32 = 0.1;
/// Share of the noise that is reckoned with.
const NOISE: f32 = 0.9;
/// How much the estimate before weighs.
const BEFORE: f32 = 0.98;
/// Speech that is so many dB louder than the noise is clean.
const CLEAN: f32 = 18.0;

/// The same sound with less noise; `samples` are 8 kHz s16, with a little of the line before or after the speech.
pub(super) fn denoise(samples: &[i16]) -> Vec<i16> {
    let frames = (samples.len() + FRAME) / STEP;
    if samples.len() < FRAME {
        return samples.to_vec();
    }
    let window: Vec<f32> = (0..FRAME)
        .map(|n| {
            #[allow(clippy::cast_precision_loss, reason = "256 is exact")]
            let turn = std::f32::consts::TAU * n as f32 / FRAME as f32;
            0.5 - 0.5 * turn.cos()
        })
        .collect();
    let mut planner = RealFftPlanner::<f32>::new();
    let (forward, backward) = (planner.plan_fft_forward(FRAME), planner.plan_fft_inverse(FRAME));
    // A frame of silence on both sides: each sample lies in as many frames as any other.
    let mut padded = vec![0.0; FRAME];
    padded.extend(samples.iter().map(|s| f32::from(*s)));
    padded.extend([0.0; FRAME]);
    let mut spectra = Vec::with_capacity(frames);
    for n in 0..frames {
        let mut piece: Vec<f32> =
            padded[n * STEP..n * STEP + FRAME].iter().zip(&window).map(|(s, w)| s * w).collect();
        let mut spectrum = forward.make_output_vec();
        if forward.process(&mut piece, &mut spectrum).is_err() {
            return samples.to_vec();
        }
        spectra.push(spectrum);
    }
    let powers: Vec<Vec<f32>> = spectra
        .iter()
        .map(|spectrum| spectrum.iter().map(realfft::num_complex::Complex::norm_sqr).collect())
        .collect();
    let Some(noise) = noise(&powers) else { return samples.to_vec() };
    let mut before = vec![0.0; noise.len()];
    let mut out = vec![0.0; padded.len()];
    #[allow(clippy::cast_precision_loss, reason = "a few hundred is exact")]
    let scale = {
        let overlap: f32 = window.iter().map(|w| w * w).sum::<f32>() / STEP as f32;
        1.0 / (overlap * FRAME as f32)
    };
    for (n, spectrum) in spectra.iter_mut().enumerate() {
        for (k, value) in spectrum.iter_mut().enumerate() {
            let after = powers[n][k] / (noise[k] * NOISE).max(1e-3);
            let now = (after - 1.0).max(0.0);
            let prior = if n == 0 { now } else { BEFORE * before[k] + (1.0 - BEFORE) * now };
            let gain = (prior / (1.0 + prior)).max(FLOOR);
            before[k] = gain * gain * after;
            *value *= gain;
        }
        let mut piece = backward.make_output_vec();
        // What the transform of real numbers does not have at its ends.
        for end in [0, FRAME / 2] {
            spectrum[end].im = 0.0;
        }
        if backward.process(spectrum, &mut piece).is_err() {
            return samples.to_vec();
        }
        for (sum, (s, w)) in out[n * STEP..].iter_mut().zip(piece.iter().zip(&window)) {
            *sum += s * w * scale;
        }
    }
    out[FRAME..FRAME + samples.len()]
        .iter()
        .map(|s| {
            #[allow(clippy::cast_possible_truncation, reason = "clamped to the range of i16")]
            let s16 = s.round().clamp(-32_768.0, 32_767.0) as i16;
            s16
        })
        .collect()
}

/// What the quietest frames hold at each frequency; `None` where the speech is far louder, or nothing is there.
fn noise(powers: &[Vec<f32>]) -> Option<Vec<f32>> {
    // The first and last few lie half in the silence that was put around.
    let inner = powers.get(FRAME / STEP..powers.len().checked_sub(FRAME / STEP)?)?;
    let mut by_loudness: Vec<(f32, &Vec<f32>)> =
        inner.iter().map(|power| (power.iter().sum(), power)).collect();
    by_loudness.sort_by(|a, b| a.0.total_cmp(&b.0));
    let quiet = &by_loudness[..(by_loudness.len() / 8).max(8).min(by_loudness.len())];
    let loud = &by_loudness[by_loudness.len() - by_loudness.len().div_ceil(3)..];
    #[allow(clippy::cast_precision_loss, reason = "an utterance has some thousand frames")]
    let mean = |of: &[(f32, &Vec<f32>)]| of.iter().map(|(sum, _)| sum).sum::<f32>() / of.len().max(1) as f32;
    if 10.0 * (mean(loud) / mean(quiet).max(1.0)).log10() > CLEAN {
        return None;
    }
    let mut noise = vec![0.0; quiet.first()?.1.len()];
    for (_, power) in quiet {
        for (sum, value) in noise.iter_mut().zip(*power) {
            #[allow(clippy::cast_precision_loss, reason = "a few hundred at most")]
            let share = value / quiet.len() as f32;
            *sum += share;
        }
    }
    Some(noise)
}

#[cfg(test)]
mod tests {
    use super::denoise;
    use proptest::prelude::*;

    fn power(samples: &[i16]) -> f64 {
        samples.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>()
            / f64::from(u32::try_from(samples.len()).unwrap())
    }

    /// A quarter second of noise, one of noise and tone, a quarter of noise.
    fn noisy(loud: f64) -> Vec<i16> {
        let mut state = 1u32;
        (0..6000u32)
            .map(|n| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let noise = f64::from(state >> 20) / 2.0 - 1024.0;
                let tone = if (2000..4000).contains(&n) { loud * (f64::from(n) * 0.5).sin() } else { 0.0 };
                #[allow(clippy::cast_possible_truncation, reason = "within i16 by its making")]
                let sample = (noise * 0.4 + tone) as i16;
                sample
            })
            .collect()
    }

    #[test]
    fn noise_goes_and_what_is_louder_stays() {
        let before = noisy(1200.0);
        let after = denoise(&before);
        assert_eq!(after.len(), before.len());
        assert!(power(&after[200..1600]) < power(&before[200..1600]) / 20.0, "the noise");
        let kept = power(&after[2300..3700]) / power(&before[2300..3700]);
        assert!((0.7..1.1).contains(&kept), "{kept} of the tone");
    }

    #[test]
    fn what_is_clean_stays_as_it_is() {
        let clean = noisy(8000.0);
        assert_eq!(denoise(&clean), clean);
    }

    proptest! {
        #[test]
        fn anything_comes_back_as_long_as_it_was(samples in proptest::collection::vec(any::<i16>(), 0..2000)) {
            prop_assert_eq!(denoise(&samples).len(), samples.len());
        }
    }
}
