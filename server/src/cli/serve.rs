//! `dialdeckd serve` and `dialdeckd healthcheck`.

use crate::floor::Floor;
use crate::settings::Settings;
use crate::telemetry::log;
use color_eyre::eyre::{Result, WrapErr, bail, eyre};
use std::fmt::Write as _;
use std::io::Write;

pub(super) async fn run(settings: Settings) -> Result<()> {
    let _guard = log::start(&settings.log).map_err(|e| eyre!(e))?;
    let floor = Floor::start(settings).await?;
    announce(&floor);
    floor.run(asked_to_stop()).await?;
    Ok(())
}

/// One line on standard output for programs that start us: what listens where.
pub(super) fn announce(floor: &Floor) {
    let mut line = format!("dialdeckd ready http={}", floor.http);
    for (name, address) in [("agi", floor.agi), ("audiosocket", floor.audiosocket)] {
        if let Some(address) = address {
            let _ = write!(line, " {name}={address}");
        }
    }
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
}

/// Ready once the operating system asks us to stop.
pub(super) async fn asked_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        let _ = tokio::signal::ctrl_c().await;
        return;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}

pub(super) async fn healthcheck(settings: &Settings) -> Result<()> {
    let (address, client) = crate::doctor::own(settings, "http").map_err(|e| eyre!(e))?;
    let url = format!("{address}/healthz");
    let answer = client.get(&url).send().await;
    let answer = answer.wrap_err_with(|| format!("{url} does not answer; is dialdeckd running there?"))?;
    if !answer.status().is_success() {
        bail!("{url} answered {}", answer.status());
    }
    Ok(())
}
