//! `dialdeck number …`: the list, also as JSON.

use super::{Client, number, output};
use crate::args::{NumberCommand, Server};
use clap::Subcommand;
use color_eyre::eyre::{Result, bail};

/// Caller IDs from the command line.
#[derive(Debug, Subcommand)]
pub enum NumbersCommand {
    /// List them
    List,
    #[command(flatten)]
    SetUp(NumberCommand),
}

pub async fn run(server: &Server, command: &NumbersCommand, json: bool) -> Result<()> {
    match command {
        NumbersCommand::List if json => {
            output::print_json(&Client::log_in(server).await?.get("/api/v1/phone-numbers").await?)
        }
        NumbersCommand::List => number::run(server, &NumberCommand::List).await,
        NumbersCommand::SetUp(_) if json => bail!("--json goes with list"),
        NumbersCommand::SetUp(command) => number::run(server, command).await,
    }
}
