//! `dialdeck callback …`

use super::table::{self, List, filters};
use super::{Client, campaigns, moment, segment, text};
use crate::args::Server;
use crate::when;
use chrono::{DateTime, Utc};
use clap::Subcommand;
use color_eyre::eyre::{Result, eyre};
use reqwest::Method;
use serde_json::{Value, json};

/// Callbacks from the command line.
#[derive(Debug, Subcommand)]
pub enum CallbackCommand {
    /// List them, the next due first
    List {
        /// pending, done or cancelled
        #[arg(long, value_parser = ["pending", "done", "cancelled"])]
        status: Option<String>,
        /// Only this campaign's: its name or id
        #[arg(long)]
        campaign: Option<String>,
        /// Only one's own and anyone's
        #[arg(long)]
        mine: bool,
        /// Only those due before: a day, or a moment such as 2026-12-01T14:00:00Z
        #[arg(long, value_name = "WHEN", value_parser = moment::read)]
        due_before: Option<DateTime<Utc>>,
        /// Go on at this place
        #[arg(long, value_name = "PLACE")]
        after: Option<String>,
        /// At most so many; 100 unless told
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: Option<u32>,
    },
    /// Promise one
    Add {
        /// Id of the contact
        contact: String,
        /// When, in the contact's time, such as "tomorrow 3pm", or a moment such as 2026-12-01T14:00:00Z
        when: String,
        /// What was said
        #[arg(long, default_value = "")]
        note: String,
        /// Zone in which the time was agreed; the contact's unless told
        #[arg(long)]
        timezone: Option<String>,
        /// One's own; anyone may keep it otherwise
        #[arg(long)]
        mine: bool,
    },
    /// Move one
    Move {
        /// Its id
        id: String,
        /// When, as in add
        when: String,
    },
    /// It is kept
    Kept {
        /// Its id
        id: String,
    },
    /// Call it off
    Off {
        /// Its id
        id: String,
    },
}

const COLUMNS: &[table::Column] = &[
    ("id", "id"),
    ("due", "dueAt"),
    ("zone", "timezone"),
    ("status", "status"),
    ("contact", "contactId"),
    ("note", "note"),
];

pub async fn run(server: &Server, command: &CallbackCommand, json: bool) -> Result<()> {
    let client = Client::log_in(server).await?;
    match command {
        CallbackCommand::List { status, campaign, mine, due_before, after, limit } => {
            let filters = filters([
                ("status", status.clone()),
                ("campaignId", campaigns::given(&client, campaign.as_deref()).await?),
                ("mine", mine.then(|| "true".to_owned())),
                ("dueBefore", due_before.map(|at| at.to_rfc3339())),
                ("after", after.clone()),
                ("limit", limit.map(|limit| limit.to_string())),
            ]);
            let empty = "no such callbacks: dialdeck callback add CONTACT WHEN promises one";
            let (path, rows, columns, onward) = ("/api/v1/callbacks", "callbacks", COLUMNS, "--after");
            List { path, filters, rows, columns, empty, onward }.print(&client, json).await
        }
        CallbackCommand::Add { contact, when, note, timezone, mine } => {
            let person = client.get(&format!("/api/v1/contacts/{}", segment(contact)?)).await?;
            let zone = timezone.clone().unwrap_or_else(|| text(&person, "timezone"));
            let at = due(when, &zone)?;
            let mut body = json!({ "contactId": person["id"], "dueAt": at, "timezone": zone, "note": note });
            if *mine {
                body["userId"] = client.get("/api/v1/auth/me").await?["id"].clone();
            }
            let made = client.send(Method::POST, "/api/v1/callbacks", &body).await?;
            let shown = when::shown(at, when::zone(&zone));
            table::print_done(&made, json, &format!("promised for {shown}: {}", text(&made, "id")))
        }
        CallbackCommand::Move { id, when } => {
            let path = path(id)?;
            let old = client.get(&path).await?;
            let zone = match text(&old, "timezone") {
                zone if zone.is_empty() => {
                    let person = format!("/api/v1/contacts/{}", segment(&text(&old, "contactId"))?);
                    text(&client.get(&person).await?, "timezone")
                }
                zone => zone,
            };
            let at = due(when, &zone)?;
            let moved = client.send(Method::PATCH, &path, &json!({ "dueAt": at })).await?;
            table::print_done(&moved, json, &format!("moved to {}", when::shown(at, when::zone(&zone))))
        }
        CallbackCommand::Kept { id } => settle(&client, id, "done", "it is kept", json).await,
        CallbackCommand::Off { id } => settle(&client, id, "cancelled", "it is called off", json).await,
    }
}

fn path(id: &str) -> Result<String> {
    Ok(format!("/api/v1/callbacks/{}", segment(id)?))
}

async fn settle(client: &Client, id: &str, status: &str, sentence: &str, json: bool) -> Result<()> {
    let answer: Value = client.send(Method::PATCH, &path(id)?, &json!({ "status": status })).await?;
    table::print_done(&answer, json, sentence)
}

/// A moment as it is written, or as it is said in `zone`.
fn due(when: &str, zone: &str) -> Result<DateTime<Utc>> {
    if let Ok(at) = DateTime::parse_from_rfc3339(when) {
        return Ok(at.with_timezone(&Utc));
    }
    // Nobody is called at an hour that was guessed.
    let known = when::zone(zone).ok_or_else(|| {
        let what = if zone.is_empty() {
            "the contact's zone is not known".to_owned()
        } else {
            format!("{zone:?} is no zone")
        };
        eyre!("{what}: write the moment as 2026-12-01T14:00:00-06:00, or promise it with --timezone America/Chicago")
    })?;
    when::read(when, known, Utc::now()).map_err(|why| eyre!(why))
}
