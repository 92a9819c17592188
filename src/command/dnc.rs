//! `dialdeck dnc …`: the do-not-call list. Nothing takes a number off it: the server does not offer that.

use super::download::Destination;
use super::table::{self, List, filters};
use super::{Client, campaigns, moment, text};
use crate::args::Server;
use chrono::{DateTime, Utc};
use clap::Subcommand;
use color_eyre::eyre::{Result, WrapErr, bail};
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::json;
use std::path::{Path, PathBuf};

/// The do-not-call list from the command line.
#[derive(Debug, Subcommand)]
pub enum DncCommand {
    /// List the numbers that are never called
    List {
        /// The list of this campaign alone; the organization's unless told
        #[arg(long)]
        campaign: Option<String>,
        /// Go on after this number
        #[arg(long, value_name = "NUMBER")]
        after: Option<String>,
        /// At most so many; 100 unless told
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: Option<u32>,
    },
    /// Never call a number again; a call in flight to it is ended
    Add {
        /// The number
        number: String,
        /// By this campaign alone
        #[arg(long)]
        campaign: Option<String>,
        /// Only until then: a day, or a moment such as 2026-12-31T00:00:00Z
        #[arg(long, value_name = "WHEN", value_parser = moment::read)]
        until: Option<DateTime<Utc>>,
    },
    /// Is a number on the organization's list?
    Check {
        /// The number
        number: String,
    },
    /// Put a file of numbers on the list: one a line, alone, first in a CSV row, or as JSON lines
    Import {
        /// The file
        file: PathBuf,
        /// On the list of this campaign alone
        #[arg(long)]
        campaign: Option<String>,
        /// Only until then: a day, or a moment
        #[arg(long, value_name = "WHEN", value_parser = moment::read)]
        until: Option<DateTime<Utc>>,
    },
    /// Carry the organization's list out
    Export {
        #[command(flatten)]
        export: Destination,
    },
}

const COLUMNS: &[table::Column] =
    &[("number", "phone"), ("source", "source"), ("since", "createdAt"), ("until", "expiresAt")];

pub async fn run(server: &Server, command: &DncCommand, json: bool) -> Result<()> {
    let client = Client::log_in(server).await?;
    match command {
        DncCommand::List { campaign, after, limit } => {
            let filters = filters([
                ("campaign_id", campaigns::given(&client, campaign.as_deref()).await?),
                ("after", after.clone()),
                ("limit", limit.map(|limit| limit.to_string())),
            ]);
            let empty = "no numbers: dialdeck dnc add NUMBER, or dialdeck dnc import FILE";
            let (path, rows, columns, onward) = ("/api/v1/do-not-call", "entries", COLUMNS, "--after");
            List { path, filters, rows, columns, empty, onward }.print(&client, json).await
        }
        DncCommand::Add { number, campaign, until } => {
            let campaign = campaigns::given(&client, campaign.as_deref()).await?;
            let body = json!({ "phone": number, "campaignId": campaign, "expiresAt": until });
            let answer = client.send(Method::POST, "/api/v1/do-not-call", &body).await?;
            let until = until.map(|at| at.format(" until %Y-%m-%d %H:%M UTC").to_string());
            let until = until.unwrap_or_default();
            table::print_done(&answer, json, &format!("{} is not called{until}", text(&answer, "phone")))
        }
        DncCommand::Check { number } => {
            let request = client.request(Method::GET, "/api/v1/decisions")?.query(&[("phone", number)]);
            let answer = Client::json(request).await?;
            let is_on = answer["onDoNotCallList"] == json!(true);
            let word = if is_on { "is on the do-not-call list" } else { "is not on the do-not-call list" };
            table::print_done(&answer, json, &format!("{} {word}", text(&answer, "phone")))
        }
        DncCommand::Import { file, campaign, until } => {
            let filters = filters([
                ("campaignId", campaigns::given(&client, campaign.as_deref()).await?),
                ("expiresAt", until.map(|at| at.to_rfc3339())),
            ]);
            import(&client, file, &filters, json).await
        }
        DncCommand::Export { export } => export.run(&client, "/api/v1/exports/do-not-call", None, json).await,
    }
}

async fn import(client: &Client, file: &Path, query: &[(&'static str, String)], json: bool) -> Result<()> {
    let named = || file.display().to_string();
    let body = tokio::fs::File::open(file).await.wrap_err_with(named)?;
    if !body.metadata().await.wrap_err_with(named)?.is_file() {
        bail!("{} is no file", named());
    }
    let request = client.request(Method::POST, "/api/v1/do-not-call/import")?.query(query);
    let answer = Client::json(request.header(CONTENT_TYPE, "text/csv").body(body)).await?;
    let none = Vec::new();
    for bad in answer["rejects"].as_array().unwrap_or(&none) {
        eprintln!("line {}: {}", bad["line"], text(bad, "message"));
    }
    let sentence = format!("listed {}, refused {}", answer["imported"], answer["rejected"]);
    table::print_done(&answer, json, &sentence)?;
    // Who meant to list a number and did not must not take it for listed.
    if answer["rejected"] != json!(0) {
        bail!("some lines hold no number; all others are on the list");
    }
    Ok(())
}
