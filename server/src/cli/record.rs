//! `dialdeckd backup`, `restore`, `purge` and `organization`.

use crate::floor::{database_url, open_store};
use crate::settings::Settings;
use crate::storage;
use chrono::Utc;
use color_eyre::eyre::{Result, bail};
use dialdeck_protocol::OrganizationId;
use std::path::Path;
use std::time::Instant;

pub(super) async fn backup(settings: &Settings, to: &Path) -> Result<()> {
    let begun = Instant::now();
    let store = open_store(settings).await?;
    let bytes = store.backup(to).await?;
    println!(
        "{}: {:.1} MiB written to {} in {:.1} s",
        store.describe(),
        mebibytes(bytes),
        to.display(),
        begun.elapsed().as_secs_f64()
    );
    Ok(())
}

#[allow(clippy::cast_precision_loss, reason = "for people to read")]
fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

pub(super) async fn restore(settings: &Settings, from: &Path) -> Result<()> {
    storage::restore(&database_url(settings)?, from).await?;
    let store = open_store(settings).await?;
    match store.verify_audit().await? {
        Ok(count) => {
            println!("restored into {}; the audit log's chain of {count} lines is intact", store.describe());
        }
        Err(id) => bail!("restored into {}, but line {id} of the audit log does not fit", store.describe()),
    }
    Ok(())
}

pub(super) async fn purge(settings: &Settings, dry_run: bool) -> Result<()> {
    let purged = open_store(settings).await?.purge(&settings.retention(Utc::now()), dry_run).await?;
    println!(
        "{}: {} events, the words of {} calls, {} calls, {} ended sessions, keys and logs",
        if dry_run { "would go" } else { "gone" },
        purged.events,
        purged.transcripts,
        purged.calls,
        purged.housekeeping
    );
    Ok(())
}

pub(super) async fn organization(settings: &Settings, id: Option<&str>, name: Option<&str>) -> Result<()> {
    let store = open_store(settings).await?;
    if let Some(id) = id {
        let fine = (1..=40).contains(&id.len())
            && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
        if !fine {
            bail!("the id must have 1 to 40 letters, digits, - or _");
        }
        let name = crate::domain::plain::line(name.unwrap_or(id), 200);
        store.save_organization(&OrganizationId(id.to_owned()), &name, Utc::now()).await?;
    }
    for (id, name, _) in store.organizations().await? {
        println!("{:<24} {name}", id.as_str());
    }
    Ok(())
}
