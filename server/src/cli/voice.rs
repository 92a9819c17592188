//! `dialdeckd voice say`.

use crate::floor::synthesiser;
use crate::settings::Settings;
use crate::voice::media::{Clip, RATE};
use crate::voice::sound;
use color_eyre::eyre::{Result, bail};
use std::path::Path;
use std::process::Stdio;

/// Programs that play a WAV file, the first that is there.
const PLAYERS: [&[&str]; 4] = [&["aplay", "-q"], &["paplay"], &["pw-play"], &["play", "-q"]];

pub(super) async fn say(settings: &Settings, text: &str, out: Option<&Path>) -> Result<()> {
    let (synthesiser, voice) = synthesiser(settings);
    let Clip::Sound(samples) = synthesiser.synthesise(text, &voice).await? else {
        bail!("the voice made no sound")
    };
    let wav = sound::wav(&samples, RATE)?;
    if let Some(path) = out {
        std::fs::write(path, wav)?;
        println!("wrote {} ({:.1} s, 8 kHz)", path.display(), seconds(samples.len()));
        return Ok(());
    }
    let file = tempfile::Builder::new().suffix(".wav").tempfile()?;
    std::fs::write(file.path(), wav)?;
    for player in PLAYERS {
        let played = tokio::process::Command::new(player[0])
            .args(&player[1..])
            .arg(file.path())
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .await;
        if played.is_ok_and(|status| status.success()) {
            return Ok(());
        }
    }
    bail!("nothing here could play it (tried aplay, paplay, pw-play, play); use --out FILE")
}

fn seconds(samples: usize) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "a spoken text has some million samples at most")]
    let samples = samples as f64;
    samples / f64::from(RATE)
}
