//! `dialdeckd`'s commands.

mod accounts;
mod asterisk;
mod demo;
mod dialpad;
mod doctor;
mod manual;
mod record;
mod serve;
mod understand;

use crate::settings::Settings;
use clap::{Args, Parser, Subcommand};
use color_eyre::eyre::Result;
use dialdeck_protocol::Role;
use std::path::PathBuf;

/// The server behind the Dialdeck console.
#[derive(Debug, Parser)]
#[command(name = "dialdeckd", version, about, arg_required_else_help = true)]
pub struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Args)]
struct Common {
    /// Settings file; `$XDG_CONFIG_HOME/dialdeck/server.toml` unless told
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// One setting, such as server.http=127.0.0.1:3000; may stand several times
    #[arg(long = "set", global = true, value_name = "SECTION.NAME=VALUE", value_parser = setting)]
    set: Vec<(String, String)>,
}

fn setting(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write it as section.name=value")?;
    Ok((name.to_owned(), value.to_owned()))
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server
    Serve,
    /// Run a server with a small campaign on the simulated phone network; nobody real is called
    Demo {
        /// How much faster than life people talk
        #[arg(long, default_value_t = 1.0, value_parser = speed)]
        speed: f64,
    },
    /// Users of the console
    #[command(subcommand)]
    User(UserCommand),
    /// Files for one's own Asterisk
    #[command(subcommand)]
    Asterisk(AsteriskCommand),
    /// Measure how well what people say is understood, on labelled turns
    Understand {
        /// CSV with text, intent, emotion; the shipped set unless told
        #[arg(long, value_name = "FILE")]
        turns: Option<PathBuf>,
        /// Show each turn that was not understood as labelled
        #[arg(long)]
        misses: bool,
    },
    /// Ask a running server whether it is alive; for containers
    Healthcheck,
    /// Try everything that the server needs, and say what to do about what fails
    Doctor {
        /// For programs
        #[arg(long)]
        json: bool,
        /// Write the mail to your VICIdial provider that asks for what is missing, instead
        #[arg(long, conflicts_with = "json")]
        request_letter: bool,
    },
    /// Write a consistent copy of the record to a new file, while the server runs
    Backup {
        /// The file; it must not be there yet
        file: PathBuf,
    },
    /// Restore a backup; nothing may be where the record is to be
    Restore {
        /// The file
        file: PathBuf,
    },
    /// Remove what is older than the settings keep; the server does so once a day by itself
    Purge {
        /// Only say what would go
        #[arg(long)]
        dry_run: bool,
    },
    /// List organizations; with an id, add one or rename it
    Organization {
        /// Its id
        id: Option<String>,
        /// Its name
        name: Option<String>,
    },
    /// Events from Dialpad: subscribe, look, and stop
    #[command(subcommand)]
    Dialpad(DialpadCommand),
    /// Print the OpenAPI document
    Openapi,
    /// Write man pages and completions
    #[command(hide = true)]
    Manual {
        /// Folder to write into; it is made
        #[arg(long)]
        out: PathBuf,
    },
    /// Print the default settings, commented
    Defaults,
}

/// What to do with what is subscribed at Dialpad.
#[derive(Debug, Subcommand)]
enum DialpadCommand {
    /// Have Dialpad tell us of calls as they happen; may be done again
    Subscribe {
        /// Our public address, such as `https://dialdeck.example.com`; without one Dialpad's `WebSocket` is listened to
        #[arg(long)]
        url: Option<url::Url>,
    },
    /// Look whether events come as they should
    Status,
    /// Take away what subscribe made, and nothing else
    Unsubscribe,
}

#[derive(Debug, Subcommand)]
enum UserCommand {
    /// Add a user; the password is asked for twice
    Add {
        /// Log-in name
        name: String,
        /// viewer, agent, supervisor or admin
        #[arg(long, value_parser = role)]
        role: Role,
        /// Read the password from standard input instead of asking
        #[arg(long)]
        password_stdin: bool,
        /// Organization
        #[arg(long, default_value = "default")]
        organization: String,
    },
    /// Give a user a new password and end their sessions
    Password {
        /// Log-in name
        name: String,
        /// Read the password from standard input instead of asking
        #[arg(long)]
        password_stdin: bool,
    },
    /// List users
    List {
        /// Organization
        #[arg(long, default_value = "default")]
        organization: String,
    },
}

fn speed(text: &str) -> Result<f64, String> {
    let speed: f64 = text.parse().map_err(|_| "write a number, such as 2".to_owned())?;
    if (0.1..=100.0).contains(&speed) { Ok(speed) } else { Err("use 0.1 to 100".into()) }
}

fn role(text: &str) -> Result<Role, String> {
    text.parse().map_err(|e: dialdeck_protocol::UnknownWord| e.to_string())
}

#[derive(Debug, Subcommand)]
enum AsteriskCommand {
    /// Write the files that an operator copies into Asterisk, filled from the settings
    Render {
        /// Folder to write into; it is made
        #[arg(long)]
        out: PathBuf,
        /// Replace files that are there
        #[arg(long)]
        force: bool,
    },
}

impl Cli {
    fn settings(&self) -> Result<Settings> {
        let environment = |name: &str| std::env::var(name).ok();
        Ok(Settings::load(self.common.config.as_deref(), &environment, &self.common.set)?)
    }

    /// Runs the command.
    ///
    /// # Errors
    /// What went wrong, for people.
    pub async fn run(self) -> Result<()> {
        match &self.command {
            Command::Serve => serve::run(self.settings()?).await,
            Command::Demo { speed } => demo::run(self.settings()?, *speed).await,
            Command::User(command) => accounts::run(&self.settings()?, command).await,
            Command::Asterisk(AsteriskCommand::Render { out, force }) => {
                asterisk::render(&self.settings()?, out, *force)
            }
            Command::Understand { turns, misses } => understand::run(turns.as_deref(), *misses),
            Command::Dialpad(command) => dialpad::run(&self.settings()?, command).await,
            Command::Healthcheck => serve::healthcheck(&self.settings()?).await,
            Command::Doctor { request_letter: true, .. } => doctor::request_letter(&self.settings()?).await,
            Command::Doctor { json, .. } => doctor::run(&self.settings()?, *json).await,
            Command::Backup { file } => record::backup(&self.settings()?, file).await,
            Command::Restore { file } => record::restore(&self.settings()?, file).await,
            Command::Purge { dry_run } => record::purge(&self.settings()?, *dry_run).await,
            Command::Organization { id, name } => {
                record::organization(&self.settings()?, id.as_deref(), name.as_deref()).await
            }
            Command::Openapi => {
                println!("{}", serde_json::to_string_pretty(&crate::api::document())?);
                Ok(())
            }
            Command::Manual { out } => manual::write(out),
            Command::Defaults => {
                print!("{}", crate::settings::DEFAULTS);
                Ok(())
            }
        }
    }
}
