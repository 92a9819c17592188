//! The command line.

use crate::command;
use clap::{Parser, Subcommand};
use color_eyre::eyre;
use dialdeck_protocol::CampaignType;
use std::path::PathBuf;
use url::Url;

/// The keyboard console of a calling floor.
#[derive(Debug, Parser)]
#[command(name = "dialdeck", version, about)]
pub struct Args {
    /// Which server, and as whom.
    #[command(flatten)]
    pub server: Server,
    /// Theme: dark, monochrome, or a file of $`XDG_CONFIG_HOME/dialdeck/themes`
    #[arg(long, env = "DIALDECK_THEME")]
    pub theme: Option<String>,
    #[command(subcommand)]
    command: Option<Command>,
}

/// Which server, and as whom.
#[derive(Debug, clap::Args)]
pub struct Server {
    /// Server to connect to
    #[arg(long = "server", env = "DIALDECK_SERVER", default_value = "http://127.0.0.1:3000", global = true, value_parser = web_address)]
    pub url: Url,
    /// Log-in name; asked for unless given
    #[arg(long, env = "DIALDECK_USER", global = true)]
    pub user: Option<String>,
    /// Password; asked for unless given here. Never on the command line
    #[arg(skip = std::env::var("DIALDECK_PASSWORD").ok())]
    pub password: Option<String>,
}

fn web_address(text: &str) -> Result<Url, String> {
    let right = "write it as http://host:3000";
    let url: Url = text.parse().map_err(|e| format!("{e}; {right}"))?;
    if url.cannot_be_a_base() || !["http", "https"].contains(&url.scheme()) {
        return Err(right.to_owned());
    }
    Ok(url)
}

fn campaign_type(text: &str) -> Result<CampaignType, String> {
    text.parse().map_err(|e: dialdeck_protocol::UnknownWord| e.to_string())
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Import contacts from a CSV file into a campaign
    Import(ImportArgs),
    /// Campaigns
    #[command(subcommand)]
    Campaign(CampaignCommand),
    /// Caller-ID numbers of ours
    #[command(subcommand)]
    Number(NumberCommand),
    /// What the voice sounds like
    #[command(subcommand)]
    Voice(VoiceCommand),
    /// Calls by hand
    #[command(subcommand)]
    Call(CallCommand),
    /// Agents
    #[command(subcommand)]
    Agent(AgentCommand),
    /// A VICIdial: any of its functions, its floor, its log; alone it lists the functions
    Vicidial(VicidialArgs),
    /// Dialpad: its calls, agents and reports, fetching, and what can be done at it; alone it lists all of it
    Dialpad(DialpadArgs),
    /// Why was a number called, or not?
    Why {
        /// The number, in any usual form
        number: String,
    },
    /// Write man pages and completions
    #[command(hide = true)]
    Manual {
        /// Folder to write into; it is made
        #[arg(long)]
        out: PathBuf,
    },
}

/// What to do with a VICIdial.
#[derive(Debug, clap::Args)]
pub struct VicidialArgs {
    /// A function, or floor, log, test, sync, import
    pub function: Option<String>,
    /// Its arguments, such as `agent_user=1001 value=PAUSE`
    pub args: Vec<String>,
    /// Which VICIdial, where there are several
    #[arg(long = "on", default_value = "")]
    pub vicidial: String,
    /// Do what usually asks first
    #[arg(long)]
    pub yes: bool,
    /// Do not wait until an agent's screen took it
    #[arg(long)]
    pub no_wait: bool,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// What to do with Dialpad.
#[derive(Debug, clap::Args)]
pub struct DialpadArgs {
    /// status, pull, calls, activity, call, report, or an action such as `initiate_call`
    pub verb: Option<String>,
    /// Its arguments, such as days=3 agent=5835806903417911, or `call_id=77`
    pub args: Vec<String>,
    /// Do what usually asks first
    #[arg(long)]
    pub yes: bool,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// How to import.
#[derive(Debug, clap::Args)]
pub struct ImportArgs {
    /// The file; columns such as `first_name,last_name,phone,email,company`
    pub file: PathBuf,
    /// Name or id of the campaign
    #[arg(long)]
    pub campaign: String,
    /// Only say what would happen
    #[arg(long)]
    pub dry_run: bool,
    /// Import nothing if any line is refused
    #[arg(long)]
    pub all_or_nothing: bool,
    /// Where refused lines go; beside the file unless told
    #[arg(long, value_name = "FILE")]
    pub rejects: Option<PathBuf>,
    /// Encoding of a file that is not UTF-8, such as windows-1252
    #[arg(long)]
    pub encoding: Option<String>,
    /// Consent of the whole list to calls by an artificial voice: its basis, or none; asked for unless given
    #[arg(long)]
    pub consent_basis: Option<String>,
    /// When it was given, such as 2026-01-31
    #[arg(long)]
    pub consent_at: Option<String>,
    /// Where it is on file
    #[arg(long)]
    pub consent_source: Option<String>,
}

/// Campaigns from the command line.
#[derive(Debug, Subcommand)]
pub enum CampaignCommand {
    /// List them
    List,
    /// Make one
    Create {
        /// Its name
        name: String,
        /// sales, marketing, follow-up or recruitment
        #[arg(long = "type", default_value = "sales", value_parser = campaign_type)]
        kind: CampaignType,
        /// Caller ID: a number added by `dialdeck number add`
        #[arg(long)]
        from: Option<String>,
    },
    /// Let a VICIdial's agents take a campaign's calls: it dials for one of them at a time
    Carrier {
        /// Its name or id
        campaign: String,
        /// Its users, such as 1001,1002, or by tier: sales=1001,1002; may be given several times
        #[arg(long = "agents")]
        agents: Vec<String>,
        /// Which VICIdial
        #[arg(long = "on", default_value = "main")]
        vicidial: String,
        /// The pause code of those who may be dialled for; empty: paused without a code
        #[arg(long, default_value = "")]
        pause_code: String,
        /// Let AI callers take the calls while VICIdial cannot be reached
        #[arg(long)]
        fallback_to_ai: bool,
        /// By our own telephony again
        #[arg(long, conflicts_with = "agents")]
        none: bool,
    },
    /// Let agents take a campaign's calls, and say how
    Agents {
        /// Its name or id
        campaign: String,
        /// preview, progressive or predictive; none: AI callers take the calls again
        #[arg(long)]
        mode: Option<String>,
        /// What those hear who wait in vain: your name, your number, and that the key 9 ends all calls
        #[arg(long)]
        abandon_message: Option<String>,
        /// Lines at once: your trunks
        #[arg(long)]
        lines: Option<u32>,
        /// Seconds of wrap-up after which it ends by itself; 0: it does not
        #[arg(long)]
        wrap_up: Option<u32>,
        /// Disposition that a wrap-up which ends by itself sets
        #[arg(long)]
        default_disposition: Option<String>,
        /// Let AI callers hand over whom an agent is free for: yes or no
        #[arg(long)]
        hand_over: Option<String>,
        /// Phone that AI callers put people through to, such as PJSIP/200; "agents": one of ours who is free; "none": no longer
        #[arg(long)]
        transfer_to: Option<String>,
        /// Tell whoever picks up of the person first, and ask whether they take them
        #[arg(long, requires = "transfer_to")]
        attended: bool,
    },
}

/// Agents from the command line.
#[derive(Debug, Subcommand)]
pub enum AgentCommand {
    /// Who is logged in
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Put a user's phone on file
    Add {
        /// Log-in name
        agent: String,
        /// The phone, such as PJSIP/6001
        #[arg(long)]
        extension: String,
        /// Name on the screen; the log-in name unless told
        #[arg(long)]
        name: Option<String>,
    },
    /// Let an agent take no more calls
    Pause {
        /// Their name
        agent: String,
        /// A pause code
        #[arg(long, default_value = "")]
        code: String,
    },
    /// Let an agent take calls
    Ready {
        /// Their name
        agent: String,
    },
    /// Log an agent out
    LogOut {
        /// Their name
        agent: String,
    },
}

/// Caller IDs from the command line.
#[derive(Debug, Subcommand)]
pub enum NumberCommand {
    /// List them
    List,
    /// Add one
    Add {
        /// The number, with its country code
        number: String,
        /// What it is called
        #[arg(long, default_value = "")]
        label: String,
    },
}

/// The voice from the command line.
#[derive(Debug, Subcommand)]
pub enum VoiceCommand {
    /// Speak a text as a call would hear it
    Say {
        /// What to say
        text: String,
        /// female, male, or a voice of the engine; the server's own unless told
        #[arg(long)]
        voice: Option<String>,
        /// Write a WAV file instead of playing it
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

/// Calls from the command line.
#[derive(Debug, Subcommand)]
pub enum CallCommand {
    /// Call one's own number with the shipped script, and show what happens
    Test {
        /// Number, with its country code
        number: String,
        /// Caller ID to show: a number added by `dialdeck number add`
        #[arg(long)]
        from: String,
    },
}

impl Args {
    /// Runs what was asked; the console when nothing was.
    pub async fn run(self) -> eyre::Result<()> {
        match &self.command {
            None => crate::app::run(self.server, self.theme.as_deref()).await,
            Some(Command::Import(args)) => command::import::run(&self.server, args).await,
            Some(Command::Campaign(command)) => command::campaign::run(&self.server, command).await,
            Some(Command::Number(command)) => command::number::run(&self.server, command).await,
            Some(Command::Voice(command)) => command::voice::run(&self.server, command).await,
            Some(Command::Call(command)) => command::call::run(&self.server, command).await,
            Some(Command::Agent(command)) => command::agent::run(&self.server, command).await,
            Some(Command::Vicidial(args)) => command::vicidial::run(&self.server, args).await,
            Some(Command::Dialpad(args)) => command::dialpad::run(&self.server, args).await,
            Some(Command::Why { number }) => command::agent::why(&self.server, number).await,
            Some(Command::Manual { out }) => command::manual::write(out),
        }
    }
}
