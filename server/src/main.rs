//! The program `dialdeckd`.

use clap::Parser;
use dialdeck_server::cli::Cli;

#[tokio::main]
async fn main() -> color_eyre::eyre::Result<()> {
    color_eyre::config::HookBuilder::default()
        .display_env_section(false)
        .display_location_section(false)
        .install()?;
    Box::pin(Cli::parse().run()).await
}
