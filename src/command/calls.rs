//! `dialdeck call …`: calls that were, and calls that are.

use super::call_list::{Which, list};
use super::download::{self, Destination};
use super::{Client, call, campaigns, output, segment, table, text};
use crate::args::{CallCommand, Server};
use clap::Subcommand;
use color_eyre::eyre::{Result, bail};
use dialdeck_protocol::MonitorMode;
use reqwest::Method;
use serde_json::{Value, json};

/// Calls from the command line.
#[derive(Debug, Subcommand)]
pub enum CallsCommand {
    #[command(flatten)]
    ByHand(CallCommand),
    /// List them, the newest first
    List(Which),
    /// One call, and what was said in it
    Show {
        /// Its id
        id: String,
    },
    /// What can be told of a call that is over: who spoke for how long, emotions, latency, costs
    Insights {
        /// Its id
        id: String,
    },
    /// Hear a call: its recording as a WAV file, the person left, the AI caller right
    Recording {
        /// Its id
        id: String,
        /// Where to; the output unless told
        #[arg(long, value_name = "FILE")]
        out: Option<std::path::PathBuf>,
    },
    /// Hang a call up
    HangUp {
        /// Its id
        id: String,
    },
    /// Put a call through to another phone
    Transfer {
        /// Its id
        id: String,
        /// The phone, such as PJSIP/200
        #[arg(long, value_name = "PHONE")]
        to: String,
        /// Tell whoever picks up of the person first, and ask whether they take them
        #[arg(long)]
        attended: bool,
    },
    /// Take a call over; one is logged in as an agent
    TakeOver {
        /// Its id
        id: String,
    },
    /// Be in a call by one's own phone; again for the same call: in another way
    Monitor {
        /// Its id
        id: String,
        /// listen, whisper or barge
        #[arg(long)]
        mode: MonitorMode,
        /// One's phone, such as PJSIP/6001; the one on file unless told
        #[arg(long, default_value = "")]
        extension: String,
    },
    /// Leave the call that one monitors
    Leave,
    /// Carry calls out, with transcripts
    Export {
        /// Only this campaign's
        #[arg(long)]
        campaign: Option<String>,
        #[command(flatten)]
        export: Destination,
    },
}

pub async fn run(server: &Server, command: &CallsCommand, json: bool) -> Result<()> {
    if let CallsCommand::ByHand(command) = command {
        if json {
            bail!("a test call has no --json; dialdeck call show does, once it is over");
        }
        return call::run(server, command).await;
    }
    let client = Client::log_in(server).await?;
    match command {
        CallsCommand::ByHand(_) => Ok(()),
        CallsCommand::List(which) => list(&client, which, json).await,
        CallsCommand::Show { id } => show(&client, id, json).await,
        CallsCommand::Insights { id } => {
            let answer = client.get(&path(id, "/insights")?).await?;
            if !json && answer["insights"].is_null() {
                return output::print("nothing: the call is not over yet, or is forgotten\n");
            }
            table::print_one(if json { &answer } else { &answer["insights"] }, json)
        }
        CallsCommand::Recording { id, out } => {
            let path = format!("/api/v1/recordings/{}", segment(id)?);
            download::run(&client, &path, &[], out.as_deref()).await
        }
        CallsCommand::HangUp { id } => {
            let answer = client.send(Method::POST, &path(id, "/hangup")?, &Value::Null).await?;
            table::print_done(&answer, json, "it is being hung up")
        }
        CallsCommand::Transfer { id, to, attended } => {
            let body = json!({ "to": to, "attended": attended });
            told(&client.send(Method::POST, &path(id, "/transfer")?, &body).await?, json)
        }
        CallsCommand::TakeOver { id } => {
            told(&client.send(Method::POST, &path(id, "/take-over")?, &Value::Null).await?, json)
        }
        CallsCommand::Monitor { id, mode, extension } => {
            let body = json!({ "mode": mode, "extension": extension });
            told(&client.send(Method::POST, &path(id, "/monitor")?, &body).await?, json)
        }
        CallsCommand::Leave => {
            told(&client.send(Method::DELETE, "/api/v1/calls/monitor", &Value::Null).await?, json)
        }
        CallsCommand::Export { campaign, export } => {
            let campaign = campaigns::given(&client, campaign.as_deref()).await?;
            export.run(&client, "/api/v1/exports/calls", campaign, json).await
        }
    }
}

fn path(id: &str, of_it: &str) -> Result<String> {
    Ok(format!("/api/v1/calls/{}{of_it}", segment(id)?))
}

/// The server's sentence.
fn told(answer: &Value, json: bool) -> Result<()> {
    table::print_done(answer, json, &text(answer, "message"))
}

async fn show(client: &Client, id: &str, json: bool) -> Result<()> {
    let answer = client.get(&path(id, "/conversation")?).await?;
    if json {
        return output::print_json(&answer);
    }
    let mut call = answer["call"].clone();
    let turns = answer["conversationHistory"].as_array().cloned().unwrap_or_default();
    // The transcript says the same once more.
    if !turns.is_empty()
        && let Some(facts) = call.as_object_mut()
    {
        facts.remove("transcript");
    }
    table::print_one(&call, false)?;
    for turn in &turns {
        for (who, name) in [("Customer", "user_input"), ("AI", "ai_response")] {
            let said = text(turn, name);
            if !said.is_empty() {
                output::print(&format!("{who}: {said}\n"))?;
            }
        }
    }
    Ok(())
}
