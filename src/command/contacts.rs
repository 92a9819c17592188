//! `dialdeck contacts …`

use super::confirm::confirm;
use super::contact_add::{Person, add};
use super::download::Destination;
use super::table::{self, List, filters};
use super::{Client, campaign, segment, text};
use crate::args::Server;
use clap::Subcommand;
use color_eyre::eyre::Result;
use dialdeck_protocol::ContactStatus;
use reqwest::Method;
use serde_json::{Value, json};

/// Contacts from the command line.
#[derive(Debug, Subcommand)]
pub enum ContactsCommand {
    /// List a campaign's contacts, the oldest first
    List {
        /// Name or id of the campaign
        #[arg(long)]
        campaign: String,
        /// Only those in this state, such as held
        #[arg(long)]
        status: Option<ContactStatus>,
        /// The newest first
        #[arg(long)]
        newest: bool,
        /// Go on after this contact
        #[arg(long, value_name = "ID")]
        after: Option<String>,
        /// At most so many; 100 unless told
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: Option<u32>,
    },
    /// One contact with all that is known of it
    Show {
        /// Its id
        id: String,
    },
    /// Add one to a campaign
    Add(Box<Person>),
    /// Remove one from its campaign
    Delete {
        /// Its id
        id: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Carry a campaign's contacts out
    Export {
        /// Name or id of the campaign
        #[arg(long)]
        campaign: String,
        #[command(flatten)]
        export: Destination,
    },
    /// Call contacts again as if they were new; whoever refused is left alone
    Reset {
        /// Name or id of the campaign
        #[arg(long)]
        campaign: String,
        /// Those in these states: retry, held, contacted, completed, failed
        #[arg(long, value_delimiter = ',', default_values = ["failed", "retry"])]
        status: Vec<ContactStatus>,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

const COLUMNS: &[table::Column] = &[
    ("id", "id"),
    ("name", "firstName lastName"),
    ("phone", "phone"),
    ("status", "status"),
    ("attempts", "attempts"),
    ("last call", "lastContacted"),
    ("next", "nextAttemptAt"),
    ("held because", "heldReason"),
];

pub async fn run(server: &Server, command: &ContactsCommand, json: bool) -> Result<()> {
    let client = Client::log_in(server).await?;
    match command {
        ContactsCommand::List { campaign, status, newest, after, limit } => {
            let path = format!("/api/v1/campaigns/{}/contacts", campaign::id(&client, campaign).await?);
            let filters = filters([
                ("status", status.map(|status| status.to_string())),
                ("sort", newest.then(|| "-createdAt".to_owned())),
                ("after", after.clone()),
                ("limit", limit.map(|limit| limit.to_string())),
            ]);
            let empty = "no such contacts: dialdeck import FILE --campaign NAME, or dialdeck contacts add";
            let (path, rows, columns, onward) = (path.as_str(), "contacts", COLUMNS, "--after");
            List { path, filters, rows, columns, empty, onward }.print(&client, json).await
        }
        ContactsCommand::Show { id } => table::print_one(&client.get(&path(id)?).await?, json),
        ContactsCommand::Add(person) => add(&client, person, json).await,
        ContactsCommand::Delete { id, yes } => {
            let path = path(id)?;
            let who = name(&client.get(&path).await?);
            confirm(&format!("Remove {who} from the campaign"), *yes)?;
            let answer = client.send(Method::DELETE, &path, &Value::Null).await?;
            table::print_done(&answer, json, &format!("removed {who}"))
        }
        ContactsCommand::Export { campaign, export } => {
            let id = campaign::id(&client, campaign).await?;
            export.run(&client, &format!("/api/v1/campaigns/{id}/contacts/export"), None, json).await
        }
        ContactsCommand::Reset { campaign, status, yes } => {
            let id = campaign::id(&client, campaign).await?;
            let states: Vec<&str> = status.iter().map(|status| status.as_str()).collect();
            let states = states.join(", ");
            confirm(&format!("Call all contacts of {campaign} again that are {states}"), *yes)?;
            let body = json!({ "statuses": status });
            let answer = client.send(Method::POST, &format!("/api/v1/campaigns/{id}/reset"), &body).await?;
            let sentence = format!("{} contacts are called again as if they were new", answer["contacts"]);
            table::print_done(&answer, json, &sentence)
        }
    }
}

fn path(id: &str) -> Result<String> {
    Ok(format!("/api/v1/contacts/{}", segment(id)?))
}

/// A contact as people know it.
pub(super) fn name(contact: &Value) -> String {
    let name = format!("{} {}", text(contact, "firstName"), text(contact, "lastName"));
    format!("{} ({})", name.trim(), text(contact, "phone")).trim_start().to_owned()
}
