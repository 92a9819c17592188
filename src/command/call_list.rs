//! `dialdeck call list`

use super::table::{self, List, filters};
use super::{Client, campaigns};
use color_eyre::eyre::Result;
use dialdeck_protocol::{CallStatus, Emotion, Outcome};

/// Which calls.
#[derive(Debug, clap::Args)]
pub struct Which {
    /// Only this campaign's: its name or id
    #[arg(long)]
    campaign: Option<String>,
    /// Only those that ended so, such as interested
    #[arg(long)]
    outcome: Option<Outcome>,
    /// Only those in which the person sounded so, such as angry
    #[arg(long)]
    emotion: Option<Emotion>,
    /// Only those in which this agent talked
    #[arg(long)]
    agent: Option<String>,
    /// `initiated`, `in_progress`, `completed` or `failed`
    #[arg(long)]
    status: Option<CallStatus>,
    /// Not before: a day, or a moment such as 2026-01-31T14:00:00Z
    #[arg(long)]
    from: Option<String>,
    /// Before: a day, or a moment
    #[arg(long)]
    to: Option<String>,
    /// Only this contact's: its id
    #[arg(long, value_name = "ID")]
    contact: Option<String>,
    /// Only those in which all of these words were said, or stand in the name
    #[arg(long)]
    text: Option<String>,
    /// Go on at this place: the `next` of the page before
    #[arg(long, value_name = "PLACE")]
    after: Option<String>,
    /// At most so many; 50 unless told
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=500))]
    limit: Option<u32>,
}

const COLUMNS: &[table::Column] = &[
    ("id", "id"),
    ("at", "createdAt"),
    ("name", "contactName"),
    ("phone", "phone"),
    ("status", "status"),
    ("outcome", "outcome"),
    ("seconds", "duration"),
    ("agent", "agent"),
    ("disposition", "disposition"),
];

/// Lists them.
pub async fn list(client: &Client, which: &Which, json: bool) -> Result<()> {
    let filters = filters([
        ("campaign_id", campaigns::given(client, which.campaign.as_deref()).await?),
        ("outcome", which.outcome.map(|outcome| outcome.to_string())),
        ("emotion", which.emotion.map(|emotion| emotion.to_string())),
        ("agent", which.agent.clone()),
        ("status", which.status.map(|status| status.to_string())),
        ("from", which.from.clone()),
        ("to", which.to.clone()),
        ("contact_id", which.contact.clone()),
        ("text", which.text.clone()),
        ("after", which.after.clone()),
        ("limit", which.limit.map(|limit| limit.to_string())),
    ]);
    let empty = "no such calls: dialdeck campaign start NAME begins calling";
    let (path, rows, columns, onward) = ("/api/v1/calls", "calls", COLUMNS, "--after");
    List { path, filters, rows, columns, empty, onward }.print(client, json).await
}
