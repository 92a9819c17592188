//! `dialdeck campaign …`: what goes beyond making and setting one up.

use super::confirm::confirm;
use super::{Client, campaign, output, table, text};
use crate::args::{CampaignCommand, Server};
use clap::Subcommand;
use color_eyre::eyre::{Result, bail};
use reqwest::Method;
use serde_json::{Value, json};

/// Campaigns from the command line.
#[derive(Debug, Subcommand)]
pub enum CampaignsCommand {
    /// List them
    List,
    /// One campaign with its settings
    Show {
        /// Its name or id
        campaign: String,
    },
    #[command(flatten)]
    SetUp(CampaignCommand),
    /// Start its queue
    Start {
        /// Its name or id
        campaign: String,
        /// Caller ID: a number added by `dialdeck number add`; the campaign's own unless told
        #[arg(long)]
        from: Option<String>,
        /// Pause for review after so many calls
        #[arg(long)]
        review_after: Option<u32>,
    },
    /// Stop its queue; calls in flight go on
    Stop {
        /// Its name or id
        campaign: String,
    },
    /// What starting its queue would cost
    Estimate {
        /// Its name or id
        campaign: String,
    },
    /// Delete it with its contacts; its calls stay on record
    Delete {
        /// Its name or id
        campaign: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

pub async fn run(server: &Server, command: &CampaignsCommand, json: bool) -> Result<()> {
    match command {
        CampaignsCommand::List if json => {
            output::print_json(&Client::log_in(server).await?.get("/api/v1/campaigns").await?)
        }
        CampaignsCommand::List => campaign::run(server, &CampaignCommand::List).await,
        CampaignsCommand::SetUp(_) if json => {
            bail!("--json goes with list, show, start, stop, estimate and delete")
        }
        CampaignsCommand::SetUp(command) => campaign::run(server, command).await,
        CampaignsCommand::Show { campaign } => {
            let (client, id) = find(server, campaign).await?;
            table::print_one(&client.get(&path(&id)).await?, json)
        }
        CampaignsCommand::Start { campaign, from, review_after } => {
            let (client, id) = find(server, campaign).await?;
            let from = match from {
                Some(from) => Some(campaign::number_id(&client, from).await?),
                None => None,
            };
            let body = json!({ "campaignId": id, "phoneNumberId": from, "reviewAfter": review_after });
            let answer = client.send(Method::POST, "/api/v1/calls/automated/start", &body).await?;
            table::print_done(&answer, json, &text(&answer, "message"))
        }
        CampaignsCommand::Stop { campaign } => {
            let (client, id) = find(server, campaign).await?;
            let body = json!({ "campaignId": id });
            let answer = client.send(Method::POST, "/api/v1/calls/automated/stop", &body).await?;
            table::print_done(&answer, json, &text(&answer, "message"))
        }
        CampaignsCommand::Estimate { campaign } => {
            let (client, id) = find(server, campaign).await?;
            let answer = client.get(&format!("{}/estimate", path(&id))).await?;
            let sentence = format!(
                "{} contacts to call, about {} {}; {}",
                answer["contacts"],
                answer["cost"],
                text(&answer, "currency"),
                text(&answer, "basis")
            );
            table::print_done(&answer, json, &sentence)
        }
        CampaignsCommand::Delete { campaign, yes } => {
            let (client, id) = find(server, campaign).await?;
            let name = text(&client.get(&path(&id)).await?, "name");
            confirm(&format!("Delete the campaign {name} with all its contacts"), *yes)?;
            let answer = client.send(Method::DELETE, &path(&id), &Value::Null).await?;
            table::print_done(&answer, json, &format!("deleted {name}"))
        }
    }
}

fn path(id: &str) -> String {
    format!("/api/v1/campaigns/{id}")
}

/// A logged-in client, and the id of a campaign.
async fn find(server: &Server, wanted: &str) -> Result<(Client, String)> {
    let client = Client::log_in(server).await?;
    let id = campaign::id(&client, wanted).await?;
    Ok((client, id))
}

/// The id of a campaign, where one was named.
pub async fn given(client: &Client, wanted: Option<&str>) -> Result<Option<String>> {
    match wanted {
        Some(wanted) => campaign::id(client, wanted).await.map(Some),
        None => Ok(None),
    }
}
