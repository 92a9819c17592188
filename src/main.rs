//! The program `dialdeck`.

use clap::Parser;

#[tokio::main]
async fn main() -> color_eyre::eyre::Result<()> {
    color_eyre::config::HookBuilder::default()
        .display_env_section(false)
        .display_location_section(false)
        .install()?;
    dialdeck::Args::parse().run().await
}
