//! Keeps contacts here and leads of a VICIdial the same: dispositions, fields, and who is never to be called again.
//!
//! What changes here is noted in the transaction that changes it, and goes there from that note, however often either side
//! falls in between; what changes there is read from VICIdial's database. What both agreed on last stands with each lead, so
//! that nothing is done twice and nothing comes back as an echo.

mod never;
mod plan;
mod round;
mod settle;

use crate::api::App;
use crate::connectors::vicidial::Connector;
use crate::connectors::vicidial::leads::LeadReader;
use crate::domain::catalog::Noun;
use crate::domain::lead_sync::LeadSync;
use chrono::{DateTime, Utc};
use dialdeck_protocol::{CampaignId, OrganizationId};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::Notify;

/// Campaigns that one VICIdial is kept the same with.
const MOST: i64 = 1000;

/// How it stands with one campaign and VICIdial.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// When both were last looked at without trouble.
    pub well_at: Option<DateTime<Utc>>,
    /// What is wrong; empty where nothing is.
    pub trouble: String,
}

/// How it stands with all, and how a round is asked for.
#[derive(Debug, Default)]
pub struct LeadSyncs {
    standing: Mutex<BTreeMap<(String, CampaignId), Standing>>,
    /// Wakes those who wait for their next round.
    pub wake: Notify,
}

impl LeadSyncs {
    /// How it stands with a campaign and a VICIdial.
    pub fn of(&self, vicidial: &str, campaign: CampaignId) -> Standing {
        let all = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&(vicidial.to_owned(), campaign)).cloned().unwrap_or_default()
    }

    fn note(&self, vicidial: &str, campaign: CampaignId, result: Result<(), String>) {
        let mut all = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
        let standing = all.entry((vicidial.to_owned(), campaign)).or_default();
        match result {
            Ok(()) => *standing = Standing { well_at: Some(Utc::now()), trouble: String::new() },
            Err(trouble) => {
                if standing.trouble != trouble {
                    tracing::warn!(vicidial, %campaign, trouble, "leads are not kept the same");
                }
                standing.trouble = trouble;
            }
        }
    }
}

/// Keeps them the same until the server stops, also with those that are set up later.
pub async fn run(app: App) {
    let mut changed = app.vicidials.changed();
    let mut known: Vec<Weak<Connector>> = Vec::new();
    loop {
        changed.mark_unchanged();
        known.retain(|weak| weak.strong_count() > 0);
        for connector in app.vicidials.all() {
            if !known.iter().any(|weak| std::ptr::eq(weak.as_ptr(), Arc::as_ptr(&connector))) {
                known.push(Arc::downgrade(&connector));
                tokio::spawn(keep(app.clone(), connector));
            }
        }
        tokio::select! {
            result = changed.changed() => if result.is_err() { return },
            () = app.closing.cancelled() => return,
        }
    }
}

/// What is to be kept the same with a VICIdial.
///
/// # Errors
/// When the record cannot be asked.
pub async fn all_of(
    app: &App,
    organization: &OrganizationId,
    vicidial: &str,
) -> Result<Vec<LeadSync>, dialdeck_protocol::Problem> {
    let rows = app.store.entries(organization, LeadSync::KIND, None, None, MOST).await?;
    let syncs = rows.into_iter().filter_map(|row| serde_json::from_value::<LeadSync>(row.body).ok());
    Ok(syncs.filter(|sync| sync.vicidial == vicidial).collect())
}

async fn keep(app: App, connector: Arc<Connector>) {
    let organization = OrganizationId(connector.settings.organization.clone());
    let pause = Duration::from_secs(connector.settings.sync_seconds);
    let mut reader = connector.settings.has_database().then(|| LeadReader::new(&connector.settings));
    while !connector.stop.is_cancelled() {
        match all_of(&app, &organization, &connector.name).await {
            Ok(syncs) => {
                // One for all campaigns, also for those that are paused.
                let never = match &mut reader {
                    Some(reader) if !syncs.is_empty() => never::read_never(&app, &connector, reader).await,
                    _ => Ok(()),
                };
                for sync in syncs.iter().filter(|sync| !sync.paused) {
                    let round = round::Round { app: &app, connector: &connector, sync };
                    let result = match &mut reader {
                        Some(reader) => round.run(reader).await.and(never.clone()),
                        None => Err(
                            "VICIdial's database is not set up, from which changes are read (VICI_DB_HOST)"
                                .into(),
                        ),
                    };
                    app.lead_syncs.note(&connector.name, sync.campaign_id, result);
                }
            }
            Err(problem) => tracing::warn!(%problem, "it cannot be read which leads are kept the same"),
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = app.lead_syncs.wake.notified() => {}
            () = connector.stop.cancelled() => return,
        }
    }
}
