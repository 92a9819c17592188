//! A day in figures, and how the server itself is.

use super::App;
use super::extract::May;
use super::problem::Refused;
use crate::domain::caller::{Caller, Look, ReadAudit};
use axum::Json;
use axum::extract::State;
use chrono::Utc;
use dialdeck_protocol::Problem;
use dialdeck_protocol::dashboard::{Dashboard, Deed, Standing};
use std::time::Instant;

/// Lines of the audit log that are told.
const DEEDS: i64 = 200;

/// A day in figures.
pub(super) async fn day(app: &App, caller: &Caller) -> Result<Dashboard, Problem> {
    let permit = caller.permit::<Look>()?;
    let campaigns = app.store.campaigns(permit.organization()).await?;
    Ok(app.dashboards.of(app.store.as_ref(), caller, &campaigns, Utc::now()).await?)
}

/// A day in figures
///
/// Today by the server's clock and zone, the last 24 hours one by one, and the campaigns that one may see.
#[utoipa::path(get, path = "/api/v1/dashboard", tag = "Dashboard", security(("bearer" = ["look"])),
    responses((status = 200, body = Dashboard)))]
pub(super) async fn dashboard(State(app): State<App>, permit: May<Look>) -> Result<Json<Dashboard>, Refused> {
    Ok(Json(day(&app, permit.caller()).await?))
}

/// How the server itself is
///
/// Its load; and, for who may read the audit log of all campaigns, its log of late and what was done of late.
#[utoipa::path(get, path = "/api/v1/standing", tag = "Health", security(("bearer" = ["look"])),
    responses((status = 200, body = Standing)))]
pub(super) async fn standing(State(app): State<App>, permit: May<Look>) -> Result<Json<Standing>, Refused> {
    Ok(Json(now(&app, permit.caller()).await?))
}

/// Load, log and audit log, as far as the caller may read them.
pub(super) async fn now(app: &App, caller: &Caller) -> Result<Standing, Problem> {
    let permit = caller.permit::<Look>()?;
    // Log and audit are of all campaigns.
    let reads = caller.permit::<ReadAudit>().is_ok() && caller.everywhere().is_ok();
    let begun = Instant::now();
    let census = app.store.census().await?;
    let asked = begun.elapsed();
    let mut load = vec![
        ("version".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
        ("up since".to_owned(), app.started_at.format("%Y-%m-%d %H:%M UTC").to_string()),
    ];
    if let Some(megabytes) = memory() {
        load.push(("memory".to_owned(), format!("{megabytes} MB")));
    }
    load.extend([
        ("calls in flight".to_owned(), app.dialer.in_flight().to_string()),
        ("consoles".to_owned(), app.crier.count().to_string()),
        ("agents logged in".to_owned(), app.store.agents(permit.organization()).await?.len().to_string()),
        ("last event".to_owned(), app.store.last_seq().await?.to_string()),
        ("database".to_owned(), app.store.describe()),
        ("database takes".to_owned(), format!("{} MB", census.bytes / 1_000_000)),
        ("database answers in".to_owned(), format!("{:.1} ms", asked.as_secs_f64() * 1e3)),
        ("connections to it".to_owned(), format!("{} of {}", census.used, census.limit)),
    ]);
    let audit = if reads {
        let lines = app.store.audit(permit.organization(), None, DEEDS).await?;
        let deed = |line: crate::storage::AuditLine| Deed {
            at: line.entry.at,
            actor: line.entry.actor,
            command: line.entry.command,
            target: line.entry.target,
            result: line.entry.result,
        };
        Some(lines.into_iter().map(deed).collect())
    } else {
        None
    };
    // The log knows no walls: where there are several organizations it is for whoever runs the server.
    let alone = app.store.organizations().await?.len() == 1;
    let log = (reads && alone).then(crate::telemetry::log::recent);
    Ok(Standing { load, log, audit })
}

/// Megabytes of memory that this process takes, where the system tells.
fn memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kilobytes / 1000)
}
