//! REST by noun and the WebSocket, behind sessions and permissions.

mod accounts;
mod asterisk;
mod audit;
mod calls;
mod campaigns;
mod commands;
mod contacts;
mod health;
mod imports;
mod law;
mod numbers;
mod problem;
mod scripts;
pub mod session;
mod socket;

use crate::bus::Bus;
use crate::dialer::Dialer;
use crate::settings::Settings;
use crate::storage::{Journal, Store};
use crate::telemetry::parts::Parts;
use crate::voice::synthesise::{Synthesiser, Voice};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::routing::{get, post};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower_http::timeout::TimeoutLayer;

/// Largest body of an ordinary request.
const MAX_BODY: usize = 1 << 20;
/// Longest an ordinary request may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// What handlers work with. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Inner>);

/// See [`App`].
pub struct Inner {
    /// The record.
    pub store: Arc<dyn Store>,
    /// Through which every change goes.
    pub journal: Journal,
    /// What was committed.
    pub bus: Bus,
    /// Who calls.
    pub dialer: Dialer,
    /// How the server is.
    pub parts: Parts,
    /// What speaks, and with which voice.
    pub voice: (Arc<dyn Synthesiser>, Voice),
    /// Settings.
    pub settings: Arc<Settings>,
    /// Cancelled when the server stops: open sockets are told.
    pub closing: CancellationToken,
}

impl std::ops::Deref for App {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl App {
    /// From its parts.
    pub fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }
}

/// All routes.
pub fn router(app: App) -> Router {
    let ordinary = Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/api/v1/auth/login", post(accounts::login))
        .route("/api/v1/auth/logout", post(accounts::logout))
        .route("/api/v1/auth/me", get(accounts::me))
        .route("/api/v1/parts", get(health::parts))
        .route("/api/v1/campaigns", get(campaigns::list).post(campaigns::create))
        .route(
            "/api/v1/campaigns/{id}",
            get(campaigns::one).put(campaigns::update).patch(campaigns::update).delete(campaigns::delete),
        )
        .route("/api/v1/campaigns/{id}/estimate", get(campaigns::estimate))
        .route("/api/v1/campaigns/{id}/contacts", get(contacts::list))
        .route(
            "/api/v1/contacts/{id}",
            get(contacts::one).put(contacts::update).patch(contacts::update).delete(contacts::delete),
        )
        .route("/api/v1/scripts", get(scripts::list).post(scripts::create))
        .route("/api/v1/scripts/{id}", get(scripts::one).put(scripts::update).delete(scripts::delete))
        .route("/api/v1/phone-numbers", get(numbers::list).post(numbers::create))
        .route("/api/v1/phone-numbers/{id}", axum::routing::put(numbers::update).delete(numbers::delete))
        .route("/api/v1/do-not-call", get(law::list).post(law::add))
        .route("/api/v1/decisions", get(law::decisions))
        .route("/api/v1/calls", get(calls::list))
        .route("/api/v1/calls/automated/start", post(calls::start))
        .route("/api/v1/calls/automated/stop", post(calls::stop))
        .route("/api/v1/calls/queue/status/{campaign_id}", get(calls::queue_status))
        .route("/api/v1/calls/{id}", get(calls::one))
        .route("/api/v1/calls/{id}/conversation", get(calls::conversation))
        .route("/api/v1/calls/{id}/hangup", post(calls::hang_up))
        .route("/api/v1/asterisk/tts/generate", post(asterisk::speak))
        .route("/api/v1/audit", get(audit::list))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, PATIENCE))
        .layer(DefaultBodyLimit::max(MAX_BODY));
    // These last as long as they last, and bound themselves.
    let lasting = Router::new()
        .route("/api/v1/campaigns/{id}/contacts/import", post(imports::import))
        .route("/api/v1/ws", get(socket::open))
        .layer(DefaultBodyLimit::disable());
    ordinary
        .merge(lasting)
        .fallback(problem::no_such_path)
        .method_not_allowed_fallback(problem::no_such_method)
        .with_state(app)
}

/// Serves until `closing` is cancelled.
///
/// # Errors
/// When the listener breaks.
pub async fn serve(listener: TcpListener, app: App) -> std::io::Result<()> {
    let closing = app.closing.clone();
    let service = router(app).into_make_service_with_connect_info::<std::net::SocketAddr>();
    axum::serve(listener, service).with_graceful_shutdown(async move { closing.cancelled().await }).await
}
