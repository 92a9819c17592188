//! `dialdeck queue list` and `dialdeck status`: how the floor and its server are.

use super::table::{self, List};
use super::{Client, output};
use crate::args::Server;
use clap::Subcommand;
use color_eyre::eyre::Result;

/// Queues from the command line.
#[derive(Debug, Subcommand)]
pub enum QueueCommand {
    /// List them, and how far they are
    List,
}

const QUEUES: &[table::Column] = &[
    ("campaign", "campaign"),
    ("state", "state"),
    ("contacts", "counts/total"),
    ("done", "counts/processed"),
    ("successes", "counts/successful"),
    ("failed", "counts/failed"),
    ("held", "counts/held"),
    ("calls", "startedCalls"),
    ("last call", "lastCallAt"),
    ("reason", "reason"),
];

const PARTS: &[table::Column] = &[("part", "name"), ("state", "state"), ("message", "message")];

pub async fn queue(server: &Server, QueueCommand::List: &QueueCommand, json: bool) -> Result<()> {
    let client = Client::log_in(server).await?;
    let empty = "no campaigns yet: dialdeck campaign create NAME --from NUMBER";
    let (path, filters, rows) = ("/api/v1/queues", Vec::new(), "queues");
    List { path, filters, rows, columns: QUEUES, empty, onward: "" }.print(&client, json).await
}

/// The server's parts, and how many calls are in flight.
pub async fn status(server: &Server, json: bool) -> Result<()> {
    let answer = Client::log_in(server).await?.get("/api/v1/parts").await?;
    if json {
        return output::print_json(&answer);
    }
    let parts = answer["parts"].as_array().cloned().unwrap_or_default();
    output::print(&table::table(PARTS, &parts))?;
    output::print(&format!("calls in flight: {}\n", answer["callsInFlight"]))
}
