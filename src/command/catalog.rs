//! The small nouns that a floor keeps as data: dispositions, pause codes, knowledge, webhooks.

use super::table::{Column, List, filters};
use super::{Client, campaigns};
use crate::args::Server;
use clap::Subcommand;
use color_eyre::eyre::Result;

/// A noun of the catalog from the command line.
#[derive(Debug, Subcommand)]
pub enum CatalogCommand {
    /// List them
    List {
        /// Those of this campaign, and those of all: its name or id
        #[arg(long)]
        campaign: Option<String>,
        /// Go on after this one
        #[arg(long, value_name = "ID")]
        after: Option<String>,
        /// At most so many; 100 unless told
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: Option<u32>,
    },
}

/// How a noun is listed.
pub struct Noun {
    path: &'static str,
    columns: &'static [Column],
    empty: &'static str,
}

pub const DISPOSITIONS: Noun = Noun {
    path: "/api/v1/dispositions",
    columns: &[
        ("id", "id"),
        ("code", "code"),
        ("key", "hotkey"),
        ("outcome", "outcome"),
        ("final", "isFinal"),
        ("label", "label"),
    ],
    empty: "none of your own, so the six that come along are used; POST /api/v1/dispositions makes one (/docs at the server)",
};

pub const PAUSE_CODES: Noun = Noun {
    path: "/api/v1/pause-codes",
    columns: &[
        ("id", "id"),
        ("code", "code"),
        ("key", "hotkey"),
        ("limit in seconds", "limitSeconds"),
        ("billable", "billable"),
        ("label", "label"),
    ],
    empty: "no pause codes yet: POST /api/v1/pause-codes makes one (/docs at the server)",
};

pub const KNOWLEDGE: Noun = Noun {
    path: "/api/v1/knowledge-base",
    columns: &[("id", "id"), ("title", "title"), ("keywords", "keywords"), ("text", "text")],
    empty: "nothing in the knowledge base yet: POST /api/v1/knowledge-base adds to it (/docs at the server)",
};

pub const WEBHOOKS: Noun = Noun {
    path: "/api/v1/webhooks",
    columns: &[("id", "id"), ("name", "name"), ("paused", "paused"), ("events", "events"), ("url", "url")],
    empty: "no webhooks yet: POST /api/v1/webhooks makes one (/docs at the server)",
};

pub async fn run(server: &Server, noun: &Noun, command: &CatalogCommand, json: bool) -> Result<()> {
    let CatalogCommand::List { campaign, after, limit } = command;
    let client = Client::log_in(server).await?;
    let filters = filters([
        ("campaignId", campaigns::given(&client, campaign.as_deref()).await?),
        ("after", after.clone()),
        ("limit", limit.map(|limit| limit.to_string())),
    ]);
    let Noun { path, columns, empty } = *noun;
    List { path, filters, rows: "entries", columns, empty, onward: "--after" }.print(&client, json).await
}
