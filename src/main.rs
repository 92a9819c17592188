//! The program `dialdeck`.

use clap::Parser;
use color_eyre::config::{HookBuilder, Theme};
use dialdeck_protocol::complaint::complaint;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;

#[tokio::main]
async fn main() -> color_eyre::eyre::Result<ExitCode> {
    let panics = HookBuilder::default().display_env_section(false).display_location_section(false);
    let panics = if std::io::stderr().is_terminal() { panics } else { panics.theme(Theme::new()) };
    panics.install()?;
    let Err(error) = dialdeck::Args::parse().run().await else { return Ok(ExitCode::SUCCESS) };
    // Where nobody reads it, the code still says that it failed.
    let _ = std::io::stderr().write_all(complaint("dialdeck", &*error).as_bytes());
    Ok(ExitCode::FAILURE)
}
