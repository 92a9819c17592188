//! `dialdeck script …`: what campaigns say.

use super::Client;
use super::table::{self, List};
use crate::args::Server;
use clap::Subcommand;
use color_eyre::eyre::{Result, eyre};
use serde_json::json;

/// Scripts from the command line.
#[derive(Debug, Subcommand)]
pub enum ScriptCommand {
    /// List them
    List,
    /// One script; without a name the shipped one, which campaigns without a script use
    Show {
        /// Its name or id
        script: Option<String>,
    },
}

const PATH: &str = "/api/v1/scripts";

const COLUMNS: &[table::Column] = &[("id", "id"), ("name", "name"), ("opening", "body/opening")];

pub async fn run(server: &Server, command: &ScriptCommand, json: bool) -> Result<()> {
    let client = Client::log_in(server).await?;
    match command {
        ScriptCommand::List => {
            let empty = "no scripts of your own: dialdeck script show prints the shipped one, which is used";
            let (path, filters, rows) = (PATH, Vec::new(), "scripts");
            List { path, filters, rows, columns: COLUMNS, empty, onward: "" }.print(&client, json).await
        }
        ScriptCommand::Show { script } => {
            let answer = client.get(PATH).await?;
            let Some(wanted) = script else { return table::print_one(&answer["default"], json) };
            let scripts = answer["scripts"].as_array().cloned().unwrap_or_default();
            let known = |key: &str| scripts.iter().find(|script| script[key] == json!(wanted));
            let found = known("id").or_else(|| known("name"));
            let found = found
                .ok_or_else(|| eyre!("there is no script {wanted:?}; dialdeck script list shows them"))?;
            table::print_one(found, json)
        }
    }
}
