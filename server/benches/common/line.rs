//! Synthetic people on a telephone line: their sentences, and its noise.

#![allow(dead_code, reason = "each benchmark uses its part")]

use dialdeck_server::voice::recognise::moonshine::Moonshine;
use dialdeck_server::voice::recognise::pocketsphinx::{Files, PocketSphinx};
use dialdeck_server::voice::sound;
use dialdeck_testkit::speech::Speech;
use rand::RngExt;
use rand::rngs::StdRng;
use std::sync::Arc;

/// Samples a second.
pub const RATE: f64 = 8000.0;

/// The embedded recogniser for free speech.
pub async fn moonshine() -> Arc<Moonshine> {
    let folder = dialdeck_testkit::moonshine::folder().expect("Moonshine's files");
    Arc::new(Moonshine::new(&folder).await.expect("the embedded recogniser"))
}

/// The one for phrases.
pub async fn pocketsphinx(programs: &Speech) -> Arc<PocketSphinx> {
    let files = Files { program: programs.program("pocketsphinx_batch"), model: programs.model().into() };
    Arc::new(PocketSphinx::new(files).await.expect("the embedded recogniser"))
}

/// One sentence, trimmed of the silence around it, 8 kHz.
pub fn spoken(speech: &Speech, voice: &str, text: &str) -> Vec<i16> {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let file = file.path();
    if voice.starts_with("en") {
        let status = std::process::Command::new(speech.program("espeak-ng"))
            .args(["-v", voice, "-s", "160", "-w"])
            .arg(file)
            .arg(text)
            .status()
            .expect("espeak-ng runs");
        assert!(status.success(), "espeak-ng speaks");
    } else {
        speech.speak(voice, text, file).expect("flite speaks");
    }
    let samples = sound::telephone(&std::fs::read(file).unwrap()).unwrap();
    let loud = |s: &i16| s.unsigned_abs() > 300;
    let (first, last) = (samples.iter().position(loud).unwrap_or(0), samples.iter().rposition(loud));
    samples[first..last.map_or(0, |n| n + 1)].to_vec()
}

/// Silence.
pub fn quiet(seconds: f64) -> Vec<i16> {
    vec![0; (seconds * RATE) as usize]
}

/// Adds the line's noise, so many dB below the loudness of the voice.
pub fn noisy(samples: &mut [i16], noise_db: f64, random: &mut StdRng) {
    let voiced: Vec<f64> =
        samples.iter().filter(|s| s.unsigned_abs() > 300).map(|s| f64::from(*s).powi(2)).collect();
    let power = voiced.iter().sum::<f64>() / voiced.len().max(1) as f64;
    let amplitude = (power / 10f64.powf(noise_db / 10.0) * 3.0).sqrt();
    for sample in samples {
        let noisy = f64::from(*sample) + random.random_range(-1.0..1.0) * amplitude;
        *sample = noisy.clamp(-32_768.0, 32_767.0) as i16;
    }
}
