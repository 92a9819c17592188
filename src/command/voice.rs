//! `dialdeck voice say`: what the server's voice sounds like on a call.

use super::{Client, problem};
use crate::args::{Server, VoiceCommand};
use color_eyre::eyre::{Result, bail};
use reqwest::Method;
use serde_json::json;
use std::process::{Command, Stdio};

/// Programs that play a WAV file; the first that is there does.
const PLAYERS: [&[&str]; 4] = [&["aplay", "-q"], &["paplay"], &["pw-play"], &["play", "-q"]];

pub async fn run(server: &Server, VoiceCommand::Say { text, voice, out }: &VoiceCommand) -> Result<()> {
    let client = Client::log_in(server).await?;
    let body = json!({ "text": text, "voice": voice, "format": "wav" });
    let answer = client.request(Method::POST, "/api/v1/asterisk/tts/generate")?.json(&body).send().await?;
    let status = answer.status();
    if !status.is_success() {
        let json = serde_json::from_str(&answer.text().await?).unwrap_or_default();
        bail!(problem(&json, status));
    }
    let wav = answer.bytes().await?;
    if let Some(path) = out {
        std::fs::write(path, wav)?;
        println!("wrote {}", path.display());
        return Ok(());
    }
    let folder = std::env::temp_dir().join(format!("dialdeck-{}.wav", uuid::Uuid::new_v4()));
    std::fs::write(&folder, wav)?;
    let played = PLAYERS.iter().any(|player| {
        let mut command = Command::new(player[0]);
        command.args(&player[1..]).arg(&folder).stdin(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    });
    std::fs::remove_file(&folder)?;
    if !played {
        bail!("nothing here could play it (tried aplay, paplay, pw-play, play); use --out FILE");
    }
    Ok(())
}
