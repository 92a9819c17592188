//! Sound as it comes from files and programs, brought to the telephone's 8 kHz s16 and back up to 16 kHz.

use super::media::RATE;
use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Resampler};
use std::borrow::Cow;
use std::io::Cursor;

/// Why a sound cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SoundError {
    /// Not a WAV file that we read.
    #[error("not a WAV file: {0}")]
    Wav(#[from] hound::Error),
    /// Samples in a shape that we do not take.
    #[error("the sound has {0}; 16-bit integer samples are needed")]
    Format(String),
    /// Could not be brought to another rate.
    #[error("the sound could not be resampled: {0}")]
    Resample(String),
}

/// Reads a WAV file of 16-bit samples, mixes its channels, and brings it to 8 kHz.
///
/// # Errors
/// When it is no such file.
pub fn telephone(wav: &[u8]) -> Result<Vec<i16>, SoundError> {
    let wav = measured(wav);
    let mut reader = hound::WavReader::new(Cursor::new(&wav))?;
    let spec = reader.spec();
    if spec.sample_format != hound::SampleFormat::Int || spec.bits_per_sample != 16 {
        return Err(SoundError::Format(format!("{} bits, {:?}", spec.bits_per_sample, spec.sample_format)));
    }
    let samples: Vec<i16> = reader.samples::<i16>().map_while(Result::ok).collect();
    let mono: Vec<i16> = mixed(&samples, usize::from(spec.channels)).collect();
    resample(&mono, spec.sample_rate, RATE)
}

/// Bytes before the first chunk of a WAV file, and before what is in a chunk.
const RIFF_HEAD: usize = 12;
const CHUNK_HEAD: usize = 8;

/// A WAV file whose head tells the length that is there: who writes to a pipe, or sends while it speaks, cannot know the
/// length when it writes the head, and puts 0 or 2³² − 1 there.
fn measured(wav: &[u8]) -> Cow<'_, [u8]> {
    let mut at = RIFF_HEAD;
    while let Some(head) = wav.get(at..at + CHUNK_HEAD) {
        let told = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
        let there = wav.len() - at - CHUNK_HEAD;
        let length = usize::try_from(told).unwrap_or(usize::MAX);
        if &head[..4] == b"data" {
            if told != 0 && length <= there {
                break;
            }
            let mut mended = wav.to_vec();
            // Whole samples only.
            let length = u32::try_from(there & !1).unwrap_or(0);
            mended[at + 4..at + CHUNK_HEAD].copy_from_slice(&length.to_le_bytes());
            return Cow::Owned(mended);
        }
        at = at.saturating_add(CHUNK_HEAD).saturating_add(length).saturating_add(length & 1);
    }
    Cow::Borrowed(wav)
}

/// The head of a WAV file of which it is not known how long it becomes.
///
/// # Errors
/// Never in practice; the head is made in memory.
pub fn endless_head(rate: u32) -> Result<Vec<u8>, SoundError> {
    let mut head = wav(&[], rate)?;
    let end = head.len();
    for size in [4..8, end - 4..end] {
        head[size].copy_from_slice(&u32::MAX.to_le_bytes());
    }
    Ok(head)
}

/// Interleaved channels, mixed into one.
pub fn mixed(samples: &[i16], channels: usize) -> impl Iterator<Item = i16> {
    samples.chunks(channels.max(1)).map(|frame| {
        let sum: i32 = frame.iter().map(|sample| i32::from(*sample)).sum();
        i16::try_from(sum / i32::try_from(frame.len()).unwrap_or(1)).unwrap_or(0)
    })
}

/// Rates that sound comes at, in Hz.
const RATES: std::ops::RangeInclusive<u32> = 4000..=192_000;

/// Brings a whole clip from one rate to another.
///
/// # Errors
/// When a rate is impossible.
pub fn resample(samples: &[i16], from: u32, to: u32) -> Result<Vec<i16>, SoundError> {
    if from == to || samples.is_empty() {
        return Ok(samples.to_vec());
    }
    let wrong = |e: &dyn std::fmt::Display| SoundError::Resample(e.to_string());
    // The work and the memory that a rate asks for grow without end at both ends.
    if !RATES.contains(&from) {
        return Err(wrong(&format!("{from} Hz is no rate of speech; use 4000 to 192000")));
    }
    let input: Vec<f32> = samples.iter().map(|s| f32::from(*s) / 32_768.0).collect();
    let mut resampler =
        Fft::<f32>::new(from as usize, to as usize, 1024, 1, FixedSync::Both).map_err(|e| wrong(&e))?;
    let adapter = InterleavedSlice::new(&input, 1, input.len()).map_err(|e| wrong(&e))?;
    let output = resampler.process_all(&adapter, input.len(), None).map_err(|e| wrong(&e))?;
    Ok(output.take_data().into_iter().map(to_s16).collect())
}

fn to_s16(sample: f32) -> i16 {
    #[allow(clippy::cast_possible_truncation, reason = "clamped to the range of i16")]
    let s16 = (sample * 32_767.0).clamp(-32_768.0, 32_767.0) as i16;
    s16
}

/// Doubles the rate of a stream, keeping what it needs of the past: a short half-band filter, enough for a voice
/// detector.
#[derive(Debug, Default)]
pub struct Doubler {
    past: [i32; 3],
}

impl Doubler {
    /// Each sample becomes two: itself (one sample late), and the one between it and its neighbour.
    pub fn double(&mut self, samples: &[i16], out: &mut Vec<i16>) {
        for sample in samples {
            let [a, b, c] = self.past;
            let d = i32::from(*sample);
            let between = (9 * (b + c) - a - d) / 16;
            out.push(i16::try_from(b).unwrap_or(0));
            out.push(i16::try_from(between.clamp(-32_768, 32_767)).unwrap_or(0));
            self.past = [b, c, d];
        }
    }
}

/// A WAV file of 8 kHz s16 samples.
///
/// # Errors
/// Never in practice; the file is made in memory.
pub fn wav(samples: &[i16], rate: u32) -> Result<Vec<u8>, SoundError> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: rate,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut bytes = Cursor::new(Vec::new());
    let mut writer = hound::WavWriter::new(&mut bytes, spec)?;
    for sample in samples {
        writer.write_sample(*sample)?;
    }
    writer.finalize()?;
    Ok(bytes.into_inner())
}

#[cfg(test)]
mod tests {
    use super::{Doubler, endless_head, resample, telephone, wav};

    #[allow(clippy::cast_possible_truncation, reason = "a sine of 8000 fits")]
    fn tone(hz: f64, rate: u32, n: u32) -> Vec<i16> {
        (0..n)
            .map(|i| (8000.0 * (std::f64::consts::TAU * hz * f64::from(i) / f64::from(rate)).sin()) as i16)
            .collect()
    }

    #[test]
    fn a_tone_keeps_its_length_and_loudness() {
        for rate in [16_000, 22_050, 24_000] {
            let back = telephone(&wav(&tone(440.0, rate, rate), rate).unwrap()).unwrap();
            assert!(back.len().abs_diff(8000) < 40, "{rate}: {}", back.len());
            let peak = back[1000..7000].iter().map(|s| s.unsigned_abs()).max().unwrap();
            assert!((7500..8500).contains(&peak), "{rate}: {peak}");
        }
        assert!(resample(&tone(440.0, 8000, 800), 8000, 16_000).unwrap().len().abs_diff(1600) < 20);
    }

    #[test]
    fn a_head_that_cannot_know_the_length_is_no_hindrance() {
        let pcm: Vec<u8> = tone(440.0, 8000, 800).iter().flat_map(|s| s.to_le_bytes()).collect();
        let endless = endless_head(8000).unwrap();
        let mut nothing = endless.clone();
        nothing[40..44].copy_from_slice(&0u32.to_le_bytes());
        for head in [endless, nothing] {
            // The last sample is half there.
            let sound = [&head[..], &pcm[..], &[1]].concat();
            assert_eq!(telephone(&sound).unwrap(), tone(440.0, 8000, 800));
        }
    }

    #[test]
    fn garbage_is_refused() {
        assert!(telephone(b"RIFF....garbage").is_err());
        assert!(telephone(b"").is_err());
    }

    #[test]
    fn doubling_is_smooth() {
        let mut doubler = Doubler::default();
        let mut out = Vec::new();
        doubler.double(&tone(440.0, 8000, 400), &mut out);
        assert_eq!(out.len(), 800);
        let largest_step = out.windows(2).map(|w| w[0].abs_diff(w[1])).max().unwrap();
        assert!(largest_step < 1600, "{largest_step}");
    }
}
