//! Sound as providers send it (WAV, MP3, bare samples), brought to the telephone's 8 kHz s16.

use super::http::Body;
use crate::voice::media::RATE;
use crate::voice::sound;
use std::io::Cursor;
use symphonia::core::audio::SampleBuffer;
use symphonia::core::codecs::DecoderOptions;
use symphonia::core::formats::FormatOptions;
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::meta::MetadataOptions;
use symphonia::core::probe::Hint;

/// Shortest sound that can be speech, in samples: a tenth of a second. What is shorter is an error in disguise.
const LEAST: usize = 800;

/// Longest sound of one sentence, in seconds.
const LONGEST_SECONDS: usize = 180;

/// Sound of an answer. It is told by its first bytes, not by what the answer calls itself: some send MP3 whatever they were
/// asked for. `rate`: of bare samples (s16, little-endian, one channel).
pub(super) fn telephone(body: &Body, rate: u32) -> Result<Vec<i16>, String> {
    let bytes = &body.bytes;
    let samples = if bytes.starts_with(b"RIFF") {
        sound::telephone(bytes).map_err(|e| e.to_string())?
    } else if bytes.starts_with(b"ID3")
        || bytes.first() == Some(&0xff) && bytes.get(1).is_some_and(|b| b & 0xe0 == 0xe0)
    {
        mp3(bytes)?
    } else if body.kind.starts_with("text/")
        || body.kind == "application/json"
        || bytes.first() == Some(&b'{')
    {
        return Err(format!(
            "it sent {} instead of sound",
            if body.kind.is_empty() { "text" } else { &body.kind }
        ));
    } else {
        bare(bytes, rate)?
    };
    if samples.len() < LEAST {
        return Err("it sent no sound".into());
    }
    Ok(samples)
}

fn bare(bytes: &[u8], rate: u32) -> Result<Vec<i16>, String> {
    let samples: Vec<i16> = bytes.chunks_exact(2).map(|two| i16::from_le_bytes([two[0], two[1]])).collect();
    sound::resample(&samples, rate, RATE).map_err(|e| e.to_string())
}

fn mp3(bytes: &[u8]) -> Result<Vec<i16>, String> {
    let wrong = |e: symphonia::core::errors::Error| format!("its MP3 cannot be read: {e}");
    let source = Box::new(Cursor::new(bytes.to_vec()));
    let stream = MediaSourceStream::new(source, MediaSourceStreamOptions::default());
    let mut hint = Hint::new();
    hint.with_extension("mp3");
    let probed = symphonia::default::get_probe()
        .format(&hint, stream, &FormatOptions::default(), &MetadataOptions::default())
        .map_err(wrong)?;
    let mut format = probed.format;
    let track = format.default_track().ok_or("its MP3 holds no sound")?;
    let mut decoder = symphonia::default::get_codecs()
        .make(&track.codec_params, &DecoderOptions::default())
        .map_err(wrong)?;
    let (mut samples, mut rate) = (Vec::new(), RATE);
    // Its end is told as an error; what was read until then counts.
    while let Ok(packet) = format.next_packet() {
        let Ok(decoded) = decoder.decode(&packet) else { continue };
        let spec = *decoded.spec();
        rate = spec.rate;
        let mut buffer = SampleBuffer::<i16>::new(decoded.capacity() as u64, spec);
        buffer.copy_interleaved_ref(decoded);
        samples.extend(sound::mixed(buffer.samples(), spec.channels.count()));
        // Much may be squeezed into a small file.
        if samples.len() > LONGEST_SECONDS * rate as usize {
            return Err("it sent more than three minutes of sound".into());
        }
    }
    sound::resample(&samples, rate, RATE).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::{Body, telephone};
    use crate::voice::sound;

    fn body(kind: &str, bytes: &[u8]) -> Body {
        Body { kind: kind.into(), bytes: bytes.to_vec() }
    }

    #[test]
    fn sound_is_told_by_its_first_bytes() {
        let tone: Vec<i16> = (0..24_000_i16).map(|n| if n % 40 < 20 { 8000 } else { -8000 }).collect();
        let wav = sound::wav(&tone, 24_000).unwrap();
        let pcm: Vec<u8> = tone.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        // A second of 440 Hz, as an encoder makes it.
        let mp3 = include_bytes!("../../../tests/data/tone.mp3");
        for (kind, bytes) in [("audio/mpeg", &wav[..]), ("audio/pcm", &pcm[..]), ("audio/pcm", &mp3[..])] {
            let samples = telephone(&body(kind, bytes), 24_000).unwrap();
            assert!(samples.len().abs_diff(8000) < 1200, "{kind}: {}", samples.len());
            assert!(samples.iter().any(|sample| sample.unsigned_abs() > 3000), "{kind}");
        }
    }

    #[test]
    fn what_is_no_sound_is_refused() {
        for (kind, bytes) in [
            ("text/html", &b"<html>"[..]),
            ("", &b"{\"error\":1}"[..]),
            ("audio/mpeg", &b""[..]),
            ("audio/mpeg", &b"ID3garbage"[..]),
            ("audio/wav", &b"RIFFxxxxgarbage"[..]),
            ("audio/pcm", &[0; 100][..]),
        ] {
            assert!(telephone(&body(kind, bytes), 24_000).is_err(), "{kind} {}", bytes.len());
        }
        // A head that lies: at 1 Hz a second of samples is hours of sound.
        let slow = sound::wav(&[1000; 8000], 1).unwrap();
        assert!(telephone(&body("audio/wav", &slow), 24_000).unwrap_err().contains("no rate of speech"));
    }
}
