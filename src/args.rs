//! The command line.

use crate::command;
use crate::command::audit::AuditCommand;
use crate::command::callback::CallbackCommand;
use crate::command::calls::CallsCommand;
use crate::command::campaigns::CampaignsCommand;
use crate::command::catalog::CatalogCommand;
use crate::command::contacts::ContactsCommand;
use crate::command::dnc::DncCommand;
use crate::command::events::EventsArgs;
use crate::command::floor::QueueCommand;
use crate::command::numbers::NumbersCommand;
use crate::command::script::ScriptCommand;
use crate::command::user::UserCommand;
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
    /// Theme: dark, light, colour-blind, high-contrast, solarized, monochrome, or a file of `$XDG_CONFIG_HOME/dialdeck/themes`
    #[arg(long, env = "DIALDECK_THEME")]
    pub theme: Option<String>,
    /// Tell what happens line by line instead, for screen readers and pipes
    #[arg(long)]
    pub plain: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

/// Which server, and as whom.
#[derive(Debug, clap::Args)]
pub struct Server {
    /// Server to connect to
    #[arg(long = "server", env = "DIALDECK_SERVER", default_value = "http://127.0.0.1:3000", global = true, value_parser = web_address)]
    pub url: Url,
    /// Log-in name; asked for unless given, and so is the password, unless `DIALDECK_PASSWORD` or the file that
    /// `DIALDECK_PASSWORD_FILE` names has it
    #[arg(long, env = "DIALDECK_USER", global = true)]
    pub user: Option<String>,
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
    /// Campaigns and their queues
    Campaign(Noun<CampaignsCommand>),
    /// Contacts of campaigns
    #[command(alias = "contact")]
    Contacts(Noun<ContactsCommand>),
    /// What all queues do
    Queue(Noun<QueueCommand>),
    /// Caller-ID numbers of ours
    Number(Noun<NumbersCommand>),
    /// What the voice sounds like
    #[command(subcommand)]
    Voice(VoiceCommand),
    /// Calls that were and calls that are
    Call(Noun<CallsCommand>),
    /// Promises to call back
    Callback(Noun<CallbackCommand>),
    /// The do-not-call list
    Dnc(Noun<DncCommand>),
    /// Agents
    #[command(subcommand)]
    Agent(AgentCommand),
    /// Users, who log in
    User(Noun<UserCommand>),
    /// What agents say came of a call
    Disposition(Noun<CatalogCommand>),
    /// Why agents pause
    PauseCode(Noun<CatalogCommand>),
    /// Scripts: what campaigns say
    Script(Noun<ScriptCommand>),
    /// What agents and AI callers can look up
    Knowledge(Noun<CatalogCommand>),
    /// Where events are sent
    Webhook(Noun<CatalogCommand>),
    /// Events as they were committed, as JSON lines
    Events(EventsArgs),
    /// The audit log: who did what
    Audit(Noun<AuditCommand>),
    /// How the server's parts are
    Status {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
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

/// What to do with a noun.
#[derive(Debug, clap::Args)]
struct Noun<C: Subcommand> {
    /// As JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    verb: C,
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
    /// List them: `CampaignsCommand` offers it, as it does so as JSON, too
    #[command(skip)]
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
    /// List them: `NumbersCommand` offers it, as it does so as JSON, too
    #[command(skip)]
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
        let server = &self.server;
        let Some(command) = &self.command else {
            if self.plain {
                return crate::line_by_line::run(self.server).await;
            }
            return crate::app::run(self.server, self.theme.as_deref()).await;
        };
        match command {
            Command::Import(args) => command::import::run(server, args).await,
            Command::Campaign(noun) => command::campaigns::run(server, &noun.verb, noun.json).await,
            Command::Contacts(noun) => command::contacts::run(server, &noun.verb, noun.json).await,
            Command::Queue(noun) => command::floor::queue(server, &noun.verb, noun.json).await,
            Command::Number(noun) => command::numbers::run(server, &noun.verb, noun.json).await,
            Command::Voice(command) => command::voice::run(server, command).await,
            Command::Call(noun) => command::calls::run(server, &noun.verb, noun.json).await,
            Command::Callback(noun) => command::callback::run(server, &noun.verb, noun.json).await,
            Command::Dnc(noun) => command::dnc::run(server, &noun.verb, noun.json).await,
            Command::Agent(command) => command::agent::run(server, command).await,
            Command::User(noun) => command::user::run(server, &noun.verb, noun.json).await,
            Command::Disposition(noun) => list(server, &command::catalog::DISPOSITIONS, noun).await,
            Command::PauseCode(noun) => list(server, &command::catalog::PAUSE_CODES, noun).await,
            Command::Script(noun) => command::script::run(server, &noun.verb, noun.json).await,
            Command::Knowledge(noun) => list(server, &command::catalog::KNOWLEDGE, noun).await,
            Command::Webhook(noun) => list(server, &command::catalog::WEBHOOKS, noun).await,
            Command::Events(args) => command::events::run(server, args).await,
            Command::Audit(noun) => command::audit::run(server, &noun.verb, noun.json).await,
            Command::Status { json } => command::floor::status(server, *json).await,
            Command::Vicidial(args) => command::vicidial::run(server, args).await,
            Command::Dialpad(args) => command::dialpad::run(server, args).await,
            Command::Why { number } => command::agent::why(server, number).await,
            Command::Manual { out } => command::manual::write(out),
        }
    }
}

async fn list(
    server: &Server,
    kind: &command::catalog::Noun,
    noun: &Noun<CatalogCommand>,
) -> eyre::Result<()> {
    command::catalog::run(server, kind, &noun.verb, noun.json).await
}

#[cfg(test)]
mod tests {
    use super::Args;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_fits_together() {
        Args::command().debug_assert();
    }
}
