//! `dialdeck audit …`: who did what.

use super::table::{self, List, filters};
use super::{Client, download};
use crate::args::Server;
use clap::Subcommand;
use color_eyre::eyre::{Result, bail};
use serde_json::json;
use std::path::PathBuf;

/// The audit log from the command line.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// List its lines, the newest first
    List {
        /// Go on before this line
        #[arg(long, value_name = "NUMBER")]
        before: Option<i64>,
        /// At most so many; 100 unless told
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: Option<u32>,
    },
    /// Carry it out with its hashes, as JSON lines
    Export {
        /// Where to; the output unless told
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Check its hash chain: fails where a line was changed or is missing
    Check,
}

const COLUMNS: &[table::Column] = &[
    ("line", "id"),
    ("at", "at"),
    ("who", "actor"),
    ("did", "command"),
    ("to", "target"),
    ("result", "result"),
];

pub async fn run(server: &Server, command: &AuditCommand, json: bool) -> Result<()> {
    let client = Client::log_in(server).await?;
    match command {
        AuditCommand::List { before, limit } => {
            let filters = filters([
                ("before", before.map(|line| line.to_string())),
                ("limit", limit.map(|limit| limit.to_string())),
            ]);
            let empty = "no such lines: leave --before out to see the newest";
            let (path, rows, columns, onward) = ("/api/v1/audit", "entries", COLUMNS, "--before");
            List { path, filters, rows, columns, empty, onward }.print(&client, json).await
        }
        AuditCommand::Export { out } => {
            download::run(&client, "/api/v1/audit/export", &[], out.as_deref()).await
        }
        AuditCommand::Check => {
            let answer = client.get("/api/v1/audit/chain").await?;
            let is_intact = answer["intact"] == json!(true);
            if json || is_intact {
                let sentence = format!("all {} lines are as they were written", answer["entries"]);
                table::print_done(&answer, json, &sentence)?;
            }
            if !is_intact {
                bail!("the log was changed: line {} does not fit", answer["firstBroken"]);
            }
            Ok(())
        }
    }
}
