//! `dialdeckd dialpad …`: what is subscribed at Dialpad.

use super::DialpadCommand;
use crate::connectors::dialpad::{Connector, subscription};
use crate::domain::plain;
use crate::floor::open_store;
use crate::settings::Settings;
use color_eyre::eyre::{Result, bail, eyre};
use std::sync::Arc;

/// Where Dialpad posts, behind the public address.
const PATH: &str = "/api/v1/webhooks/dialpad";

pub(super) async fn run(settings: &Settings, command: &DialpadCommand) -> Result<()> {
    let store = open_store(settings).await?;
    let connector = Connector::new(
        settings.dialpad.clone(),
        settings.retention.transcripts_days,
        Arc::new(|| None),
        store,
    )
    .map_err(|e| eyre!(e))?;
    if connector.client.is_none() {
        bail!("there is no Dialpad: set DIALPAD_API_TOKEN and DIALPAD_DEPARTMENT_ID (docs/DIALPAD.md)");
    }
    if settings.dialpad.departments.is_empty() {
        bail!("there is no department: set DIALPAD_DEPARTMENT_ID");
    }
    let (lines, well) = match command {
        DialpadCommand::Subscribe { url } => {
            let hook = url.clone().map(|mut url| {
                if url.path() == "/" {
                    url.set_path(PATH);
                }
                url
            });
            (subscription::subscribe(&connector, hook.as_ref()).await, true)
        }
        DialpadCommand::Status => match subscription::status(&connector).await {
            Ok((lines, well)) => (Ok(lines), well),
            Err(trouble) => (Err(trouble), false),
        },
        DialpadCommand::Unsubscribe => (subscription::unsubscribe(&connector).await, true),
    };
    let lines = lines.map_err(|trouble| eyre!("Dialpad: {}", plain::line(&trouble.with_remedy(), 500)))?;
    for line in lines {
        println!("{}", plain::line(&line, 300));
    }
    if !well {
        bail!("events do not come as they should");
    }
    Ok(())
}
