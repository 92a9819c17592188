//! Tells voice from what is none, 16 ms at a time: by a small neural network, or by loudness alone where a server carries so
//! many calls that the network costs too much.

use super::sound::Doubler;

/// Samples that the network takes at a time, at 16 kHz; half as many at the telephone's rate.
const WINDOW: usize = 256;
const HALF: usize = WINDOW / 2;
/// Score of the network from which it is voice.
const VOICE: f32 = 0.5;
/// How much louder than the line's own noise a voice is, and the least it is, in dB of a sample's square.
const ABOVE: f32 = 10.0;
const LEAST: f32 = 38.0;
/// How fast the noise that is reckoned with rises, in dB a window of 16 ms: 1.5 dB a second. It falls at once.
const RISE: f32 = 1.5 * 0.016;
/// Share of neighbouring samples with another sign from which it is hiss.
const HISS: usize = HALF * 45 / 100;

/// How voice is told from noise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Detection {
    /// By a neural network: right in noise.
    #[default]
    Neural,
    /// By loudness against the line's noise: cheaper (`cargo bench --bench audio` says by how much); coughs and music pass for voice.
    Level,
}

impl Detection {
    /// By its name in the settings.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "neural" => Some(Self::Neural),
            "level" => Some(Self::Level),
            _ => None,
        }
    }
}

/// The detector of one call.
pub(super) struct Detector(Kind);

enum Kind {
    Neural { network: Box<earshot::Detector>, doubler: Doubler, waiting: Vec<i16> },
    Level { noise: f32, waiting: Vec<i16> },
}

impl Detector {
    pub(super) fn new(detection: Detection) -> Self {
        let waiting = Vec::with_capacity(WINDOW * 2);
        Self(match detection {
            Detection::Neural => {
                Kind::Neural { network: Box::default(), doubler: Doubler::default(), waiting }
            }
            Detection::Level => Kind::Level { noise: LEAST, waiting },
        })
    }

    /// Takes sound, 8 kHz s16, and tells of each 16 ms that are full whether they are voice.
    pub(super) fn take(&mut self, samples: &[i16], mut heard: impl FnMut(bool)) {
        match &mut self.0 {
            Kind::Neural { network, doubler, waiting } => {
                doubler.double(samples, waiting);
                let full = waiting.len() / WINDOW * WINDOW;
                for window in waiting[..full].chunks_exact(WINDOW) {
                    heard(network.predict_i16(window) >= VOICE);
                }
                waiting.drain(..full);
            }
            Kind::Level { noise, waiting } => {
                waiting.extend_from_slice(samples);
                let full = waiting.len() / HALF * HALF;
                for window in waiting[..full].chunks_exact(HALF) {
                    let level = loudness(window);
                    *noise = (*noise + RISE).min(level);
                    heard(level >= (*noise + ABOVE).max(LEAST) && !is_hiss(window));
                }
                waiting.drain(..full);
            }
        }
    }
}

/// In dB of a sample's square.
fn loudness(window: &[i16]) -> f32 {
    let sum: i64 = window.iter().map(|s| i64::from(*s).pow(2)).sum();
    let mean = u32::try_from(sum / i64::try_from(HALF).unwrap_or(1)).unwrap_or(u32::MAX);
    #[allow(clippy::cast_precision_loss, reason = "loudness is no exact matter")]
    let mean = mean.max(1) as f32;
    10.0 * mean.log10()
}

fn is_hiss(window: &[i16]) -> bool {
    window.windows(2).filter(|pair| (pair[0] < 0) != (pair[1] < 0)).count() > HISS
}

#[cfg(test)]
mod tests {
    use super::{Detection, Detector};

    fn voiced(detection: Detection, sound: impl Iterator<Item = i16>) -> usize {
        let mut detector = Detector::new(detection);
        let (samples, mut count) = (sound.collect::<Vec<_>>(), 0);
        for frame in samples.chunks(160) {
            detector.take(frame, |voice| count += usize::from(voice));
        }
        count
    }

    /// A hum of a voice's pitch with its overtones, `loud` at most.
    fn hum(loud: f64, seconds: u32) -> impl Iterator<Item = i16> {
        (0..seconds * 8000).map(move |n| {
            let wave: f64 = (1..6).map(|k| (f64::from(n * k) * 0.11).sin() / f64::from(k)).sum();
            #[allow(clippy::cast_possible_truncation, reason = "within i16 by its making")]
            let sample = (wave * loud / 2.3) as i16;
            sample
        })
    }

    #[test]
    fn loudness_finds_a_voice_above_the_noise_of_the_line_and_no_noise() {
        let mut state = 1u32;
        let mut noise = move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            i16::try_from(state >> 24).unwrap_or(0) - 128
        };
        let quiet: Vec<i16> = (0..16_000).map(|_| noise()).collect();
        assert_eq!(voiced(Detection::Level, quiet.iter().copied()), 0, "noise of the line");
        assert_eq!(voiced(Detection::Level, (0..16_000).map(|_| 0)), 0, "silence");
        let speech: Vec<i16> =
            quiet.iter().copied().chain(hum(4000.0, 1).map(|s| s + noise())).chain(quiet.clone()).collect();
        let found = voiced(Detection::Level, speech.into_iter());
        assert!((58..=64).contains(&found), "{found} of 62 windows");
    }
}
