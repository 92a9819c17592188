//! `dialdeck user …`. A password never stands on the command line, where everybody on the machine can see it.

use super::table::{self, List};
use super::{Client, campaign, segment, text};
use crate::args::Server;
use crate::password;
use clap::Subcommand;
use color_eyre::eyre::{Result, bail, eyre};
use dialdeck_protocol::Role;
use reqwest::Method;
use serde_json::{Value, json};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

/// The environment variable that may hold a new password.
const NEW_PASSWORD: &str = "DIALDECK_NEW_PASSWORD";

/// Users from the command line.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// List them
    List,
    /// Make one; the password is asked for, unless the file or `DIALDECK_NEW_PASSWORD` has it
    Add {
        /// Log-in name
        name: String,
        /// viewer, agent, supervisor or admin
        #[arg(long)]
        role: Role,
        /// Confined to this campaign: its name or id; may be given several times
        #[arg(long)]
        campaign: Vec<String>,
        /// File whose first line is the password
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
    /// Give a user another role
    Role {
        /// Log-in name or id
        name: String,
        /// viewer, agent, supervisor or admin
        role: Role,
    },
    /// Give a user another password; their sessions end
    Password {
        /// Log-in name or id
        name: String,
        /// File whose first line is the password
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
    /// Let a user in no longer
    Disable {
        /// Log-in name or id
        name: String,
    },
    /// Let a user in again
    Enable {
        /// Log-in name or id
        name: String,
    },
}

const COLUMNS: &[table::Column] = &[
    ("id", "id"),
    ("name", "name"),
    ("role", "role"),
    ("disabled", "disabled"),
    ("since", "createdAt"),
    ("confined to", "campaigns"),
];

pub async fn run(server: &Server, command: &UserCommand, json: bool) -> Result<()> {
    let client = Client::log_in(server).await?;
    match command {
        UserCommand::List => {
            let empty = "no users: dialdeck user add NAME --role agent";
            let (path, filters, rows) = ("/api/v1/users", Vec::new(), "users");
            List { path, filters, rows, columns: COLUMNS, empty, onward: "" }.print(&client, json).await
        }
        UserCommand::Add { name, role, campaign, password_file } => {
            let mut campaigns = Vec::new();
            for wanted in campaign {
                campaigns.push(campaign::id(&client, wanted).await?);
            }
            let confined = (!campaigns.is_empty()).then_some(campaigns);
            let password = new_password(password_file.as_deref())?;
            let body = json!({ "name": name, "role": role, "password": password, "campaigns": confined });
            let made = client.send(Method::POST, "/api/v1/users", &body).await?;
            let sentence = format!("made {} ({role}): {}", text(&made, "name"), text(&made, "id"));
            table::print_done(&made, json, &sentence)
        }
        UserCommand::Role { name, role } => {
            change(&client, name, &json!({ "role": role }), &format!("is {role} now"), json).await
        }
        UserCommand::Password { name, password_file } => {
            let password = new_password(password_file.as_deref())?;
            let sentence = "has another password; their sessions are ended";
            change(&client, name, &json!({ "password": password }), sentence, json).await
        }
        UserCommand::Disable { name } => {
            change(&client, name, &json!({ "disabled": true }), "is let in no longer", json).await
        }
        UserCommand::Enable { name } => {
            change(&client, name, &json!({ "disabled": false }), "is let in again", json).await
        }
    }
}

async fn change(client: &Client, wanted: &str, body: &Value, done: &str, json: bool) -> Result<()> {
    let answer = client.get("/api/v1/users").await?;
    let users = answer["users"].as_array().cloned().unwrap_or_default();
    let found = users.iter().find(|user| user["name"] == json!(wanted) || user["id"] == json!(wanted));
    let found = found.ok_or_else(|| eyre!("there is no user {wanted:?}; dialdeck user list shows them"))?;
    let path = format!("/api/v1/users/{}", segment(&text(found, "id"))?);
    let changed = client.send(Method::PATCH, &path, body).await?;
    table::print_done(&changed, json, &format!("{} {done}", text(&changed, "name")))
}

/// A new password: from the file, the environment, or asked for twice.
fn new_password(file: Option<&Path>) -> Result<String> {
    if let Some(path) = file {
        return password::of_file(path);
    }
    if let Ok(password) = std::env::var(NEW_PASSWORD) {
        return Ok(password);
    }
    if !std::io::stdin().is_terminal() {
        bail!(
            "a password is needed, and there is no terminal to ask on; use --password-file or {NEW_PASSWORD}"
        );
    }
    let password = rpassword::prompt_password("New password: ")?;
    if password != rpassword::prompt_password("Once more: ")? {
        bail!("the two are not the same: nothing was done");
    }
    Ok(password)
}
