//! `dialdeck events`: what was committed, as JSON lines.

use super::Client;
use super::output::{escaped, print};
use crate::args::Server;
use color_eyre::eyre::{Result, WrapErr};
use reqwest::Method;
use std::time::Duration;

/// How often it is asked whether there are new ones.
const PAUSE: Duration = Duration::from_secs(1);

/// Which events.
#[derive(Debug, clap::Args)]
pub struct EventsArgs {
    /// After the event of this number; 0: from the oldest that is kept
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pub after: i64,
    /// Go on with new ones as they come
    #[arg(long)]
    pub follow: bool,
}

pub async fn run(server: &Server, args: &EventsArgs) -> Result<()> {
    let client = Client::log_in(server).await?;
    let mut after = args.after;
    loop {
        let query = [("after", after), ("limit", 1000)];
        let request = client.request(Method::GET, "/api/v1/events")?.query(&query);
        let page = Client::json(request).await;
        // Whoever starts again then misses nothing.
        let page = page.wrap_err_with(|| format!("it goes on with --after {after}"))?;
        let mut lines = String::new();
        for event in page["events"].as_array().into_iter().flatten() {
            lines.push_str(&escaped(&event.to_string()));
            lines.push('\n');
        }
        if !lines.is_empty() {
            print(&lines)?;
        }
        let next = page["next"].as_i64().unwrap_or(after);
        if next != after {
            after = next;
        } else if args.follow {
            tokio::time::sleep(PAUSE).await;
        } else {
            return Ok(());
        }
    }
}
