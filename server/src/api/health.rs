//! Is it alive, is it ready, how are its parts, what is connected, what is wrong.

use super::App;
use super::extract::May;
use super::problem::Refused;
use crate::domain::caller::Look;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use dialdeck_protocol::dialpad::ACTIONS;
use dialdeck_protocol::{CampaignId, Part, PartState, QueueState};
use serde::Serialize;
use utoipa::ToSchema;

/// The process answers
#[utoipa::path(get, path = "/healthz", tag = "Health", security(()),
    responses((status = 200, body = String, content_type = "text/plain")))]
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

/// Whether work can be done.
#[derive(Serialize, ToSchema)]
pub(super) struct Ready {
    ready: bool,
    database: bool,
    /// What a crash left behind is settled.
    recovered: bool,
}

/// Work can be done
///
/// The database answers, and what a crash left behind is settled.
#[utoipa::path(get, path = "/readyz", tag = "Health", security(()),
    responses((status = 200, body = Ready), (status = 503, body = Ready)))]
pub(super) async fn ready(State(app): State<App>) -> (StatusCode, Json<Ready>) {
    let database = app.store.ping().await.is_ok();
    let recovered = app.dialer.has_recovered();
    let ready = database && recovered;
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Ready { ready, database, recovered }))
}

/// The server's parts.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Parts {
    parts: Vec<Part>,
    calls_in_flight: usize,
}

/// How the server's parts are
#[utoipa::path(get, path = "/api/v1/parts", tag = "Health", security(("bearer" = ["look"])),
    responses((status = 200, body = Parts)))]
pub(super) async fn parts(State(app): State<App>, _permit: May<Look>) -> Result<Json<Parts>, Refused> {
    Ok(Json(Parts { parts: app.parts.all(), calls_in_flight: app.dialer.in_flight() }))
}

/// What connects the server to the world.
#[derive(Serialize, ToSchema)]
pub(super) struct Connector {
    /// `telephony`, `recogniser`, `voice`.
    kind: String,
    /// What it is.
    name: String,
    state: PartState,
    message: String,
    /// What it can do.
    capabilities: Vec<String>,
}

/// Connectors.
#[derive(Serialize, ToSchema)]
pub(super) struct Connectors {
    connectors: Vec<Connector>,
}

fn connected(app: &App) -> Vec<Connector> {
    let parts = app.parts.all();
    let connector = |kind: &str, name: String, capabilities: &[&str]| {
        let part = parts.iter().find(|p| p.name == kind);
        Connector {
            kind: kind.to_owned(),
            name,
            state: part.map_or(PartState::Off, |p| p.state),
            message: part.map(|p| p.message.clone()).unwrap_or_default(),
            capabilities: capabilities.iter().map(|c| (*c).to_owned()).collect(),
        }
    };
    let voice = &app.voice.0;
    let hears: &[&str] = if app.recogniser.is_some() { &["transcribe"] } else { &[] };
    let mut all = vec![
        connector("telephony", app.dialer.telephony().describe(), app.dialer.telephony().capabilities()),
        connector("recogniser", app.recogniser.as_ref().map_or("none".into(), |r| r.describe()), hears),
        connector("voice", voice.describe(), &["speak"]),
    ];
    all.extend(app.vicidials.all().map(|vicidial| {
        let stopped = vicidial.client.as_ref().is_some_and(|client| client.is_stopped());
        let trouble = vicidial.floor.last().floor.trouble.clone();
        let (state, message) = match (stopped, trouble.is_empty()) {
            (true, _) => (PartState::Down, "user or password was refused; mend it, then test it".to_owned()),
            (false, false) => (PartState::Degraded, trouble),
            (false, true) => (PartState::Up, String::new()),
        };
        let mut capabilities: Vec<String> = Vec::new();
        if vicidial.client.is_some() {
            capabilities.extend(["steer_agents", "leads"].map(str::to_owned));
        }
        if vicidial.settings.has_database() || vicidial.client.is_some() {
            capabilities.push("floor".into());
        }
        if !vicidial.settings.remote_agent.is_empty() {
            capabilities.push("remote_agent".into());
        }
        Connector { kind: "vicidial".into(), name: vicidial.name.clone(), state, message, capabilities }
    }));
    let dialpad = app.dialpad.status();
    if dialpad.set_up {
        let state = if dialpad.trouble.is_empty() { PartState::Up } else { PartState::Degraded };
        let mut capabilities = vec!["calls".to_owned(), "agent_activity".to_owned()];
        capabilities.extend(ACTIONS.iter().map(|action| action.name.to_owned()));
        let (kind, name) = ("dialpad".to_owned(), app.dialpad.settings.departments.join(", "));
        all.push(Connector { kind, name, state, message: dialpad.trouble, capabilities });
    }
    all
}

/// What connects the server to the world
#[utoipa::path(get, path = "/api/v1/connectors", tag = "Connectors", security(("bearer" = ["look"])),
    responses((status = 200, body = Connectors)))]
pub(super) async fn connectors(
    State(app): State<App>,
    _permit: May<Look>,
) -> Result<Json<Connectors>, Refused> {
    Ok(Json(Connectors { connectors: connected(&app) }))
}

/// Something the server can do now, and by what.
#[derive(Serialize, ToSchema)]
pub(super) struct Capability {
    capability: String,
    /// Kind of the connector.
    connector: String,
    /// Whether it can at this moment.
    available: bool,
}

/// Capabilities.
#[derive(Serialize, ToSchema)]
pub(super) struct Capabilities {
    capabilities: Vec<Capability>,
}

/// What the server can do, and by what
#[utoipa::path(get, path = "/api/v1/capabilities", tag = "Connectors", security(("bearer" = ["look"])),
    responses((status = 200, body = Capabilities)))]
pub(super) async fn capabilities(
    State(app): State<App>,
    _permit: May<Look>,
) -> Result<Json<Capabilities>, Refused> {
    let capabilities = connected(&app).into_iter().flat_map(|connector| {
        let available = matches!(connector.state, PartState::Up | PartState::Degraded);
        let kind = connector.kind;
        connector.capabilities.into_iter().map(move |capability| Capability {
            capability,
            connector: kind.clone(),
            available,
        })
    });
    Ok(Json(Capabilities { capabilities: capabilities.collect() }))
}

/// Something that wants a person's eyes.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Alert {
    /// `warning` or `critical`.
    severity: String,
    /// What it is about: a part's name, or `queue`.
    about: String,
    campaign_id: Option<CampaignId>,
    /// What is wrong, and what to do about it.
    message: String,
    at: DateTime<Utc>,
}

/// Alerts that stand now.
#[derive(Serialize, ToSchema)]
pub(super) struct Alerts {
    alerts: Vec<Alert>,
}

/// What wants a person's eyes now
///
/// Parts that do not work, and queues that paused by themselves.
#[utoipa::path(get, path = "/api/v1/alerts", tag = "Health", security(("bearer" = ["look"])),
    responses((status = 200, body = Alerts)))]
pub(super) async fn alerts(State(app): State<App>, permit: May<Look>) -> Result<Json<Alerts>, Refused> {
    let at = Utc::now();
    let mut alerts: Vec<Alert> = Vec::new();
    for part in app.parts.all() {
        let severity = match part.state {
            PartState::Down | PartState::Missing => "critical",
            PartState::Degraded => "warning",
            PartState::Up | PartState::Off => continue,
        };
        alerts.push(Alert {
            severity: severity.into(),
            about: part.name,
            campaign_id: None,
            message: part.message,
            at,
        });
    }
    for campaign in app.store.campaigns(permit.organization()).await? {
        let Some(queue) = app.store.queue(campaign.id).await? else { continue };
        if queue.state == QueueState::Paused && permit.caller().covers(campaign.id) {
            let message = format!("the queue of {} paused: {}", campaign.name, queue.reason);
            let (severity, about) = ("warning".into(), "queue".into());
            alerts.push(Alert { severity, about, campaign_id: Some(campaign.id), message, at });
        }
    }
    Ok(Json(Alerts { alerts }))
}
