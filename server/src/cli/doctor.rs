//! `dialdeckd doctor`.

use crate::doctor::{self, Finding, State};
use crate::settings::Settings;
use color_eyre::eyre::{Result, bail};
use std::io::Write;

pub(super) async fn run(settings: &Settings, json: bool) -> Result<()> {
    let findings = doctor::examine(settings, |finding| {
        if !json {
            show(finding);
        }
    })
    .await;
    let count = |state| findings.iter().filter(|f| f.state == state).count();
    let failed = count(State::Fail);
    if json {
        let report = serde_json::json!({ "ok": failed == 0, "findings": findings });
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        println!(
            "\n{} fine, {} to look at, {failed} failed, {} not asked for",
            count(State::Ok),
            count(State::Warn),
            count(State::Skip)
        );
    }
    if failed > 0 {
        bail!("{failed} of {} checks failed", findings.len());
    }
    Ok(())
}

/// Writes the mail that asks for what is missing.
pub(super) async fn request_letter(settings: &Settings) -> Result<()> {
    for (name, letter) in doctor::letters(settings).await {
        match letter {
            Some(letter) => println!("{letter}"),
            None => println!("VICIdial {name} lets us do everything; there is nothing to ask for."),
        }
    }
    Ok(())
}

fn show(finding: &Finding) {
    let mark = match finding.state {
        State::Ok => "ok  ",
        State::Warn => "look",
        State::Fail => "FAIL",
        State::Skip => "-   ",
    };
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{mark} {:<24} {:>6} ms  {}", finding.name, finding.ms, finding.detail);
    if !finding.remedy.is_empty() {
        let _ = writeln!(out, "{:>40}→ {}", "", finding.remedy);
    }
}
