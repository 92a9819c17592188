//! What both embedded recognisers do alike: the sound that they take, and the chance that a sum of signs stands for.

use super::denoise::denoise;
use crate::voice::media::RATE;
use crate::voice::sound::{SoundError, resample};

/// Samples a second that both models were made for.
pub(super) const MODEL_RATE: u32 = 16_000;

/// As the models hear it: without the line's noise, at [`MODEL_RATE`], s16. `samples` are 8 kHz s16.
///
/// # Errors
/// When it cannot be brought to that rate.
pub(super) fn prepared(samples: &[i16]) -> Result<Vec<i16>, SoundError> {
    resample(&denoise(samples), RATE, MODEL_RATE)
}

/// How long a sound of 8 kHz is, in seconds.
#[allow(clippy::cast_precision_loss, reason = "an utterance has some hundred thousand samples")]
pub(super) fn seconds(samples: &[i16]) -> f64 {
    samples.len() as f64 / f64::from(RATE)
}

/// The chance, 0–1, of what a logistic regression sums up.
pub(super) fn logistic(sum: f64) -> f64 {
    1.0 / (1.0 + (-sum).exp())
}
