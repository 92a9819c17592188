//! REST by noun and the WebSocket, behind sessions and permissions.

mod accounts;
mod agi;
mod audit;
mod callbacks;
mod calls;
mod campaigns;
mod catalog;
mod commands;
mod connections;
pub(crate) mod connectors;
mod contacts;
mod detached;
mod dialpad;
mod exports;
mod extract;
pub mod fresh;
mod health;
mod idempotency;
mod imports;
mod law;
mod lead_syncs;
mod leads;
mod learning;
pub mod listing;
mod metrics;
mod monitoring;
mod numbers;
pub mod openapi;
mod organizations;
mod paging;
mod persons;
mod problem;
mod queues;
mod recordings;
mod scripts;
mod seats;
mod serve;
pub mod session;
pub mod socket;
mod standing;
mod tls;
mod users;
mod vicidial;
mod webhooks;

pub use agi::Talks;
pub use serve::serve;
pub use tls::{Certificate, Tls, TlsError};

use crate::bus::Bus;
use crate::connectors::dialpad::Connector as Dialpad;
use crate::connectors::dialpad::delivery::Deliveries;
use crate::connectors::vicidial::Vicidials;
use crate::dashboard::Dashboards;
use crate::dialer::Dialer;
use crate::domain::lockout::Lockout;
use crate::lead_sync::LeadSyncs;
use crate::recordings::Recordings;
use crate::settings::Settings;
use crate::storage::learning::NumberUse;
use crate::storage::{Journal, Store};
use crate::telemetry::metrics::Exposition;
use crate::telemetry::parts::Parts;
use crate::voice::cast::Cast;
use crate::voice::recognise::Recogniser;
use crate::voice::synthesise::{Synthesiser, Voice};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use dialdeck_protocol::learning::Lessons;
use dialdeck_protocol::{CampaignId, OrganizationId};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tower_http::timeout::TimeoutLayer;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use utoipa_swagger_ui::SwaggerUi;

/// Largest body of an ordinary request.
const MAX_BODY: usize = 1 << 20;
/// Largest sound that is transcribed: a minute at 48 kHz in stereo.
const MAX_SOUND: usize = 12 << 20;
/// Longest an ordinary request may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// The same where a phone is rung first.
const PICKED_UP: Duration = Duration::from_secs(90);

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
    /// Who tells consoles of it.
    pub crier: socket::crier::Crier,
    /// Who calls.
    pub dialer: Dialer,
    /// Where calls are recorded.
    pub recordings: Recordings,
    /// VICIdials.
    pub vicidials: Vicidials,
    /// Dialpad.
    pub dialpad: Arc<Dialpad>,
    /// What Dialpad delivers.
    pub deliveries: Arc<Deliveries>,
    /// How contacts and their leads are kept the same.
    pub lead_syncs: LeadSyncs,
    /// How the server is.
    pub parts: Parts,
    /// What speaks, and with which voice.
    pub voice: (Arc<dyn Synthesiser>, Voice),
    /// What hears, where there is one.
    pub recogniser: Option<Arc<dyn Recogniser>>,
    /// All who hear, speak and converse.
    pub cast: Arc<Cast>,
    /// Settings.
    pub settings: Arc<Settings>,
    /// Conversations of existing users' scripts.
    pub talks: Talks,
    /// Who guessed passwords.
    pub lockout: Mutex<Lockout>,
    /// Figures.
    pub metrics: Exposition,
    /// Days in figures.
    pub dashboards: Dashboards,
    /// What calls taught a moment ago.
    pub lessons: fresh::Fresh<CampaignId, Lessons>,
    /// What was called from caller IDs a moment ago.
    pub numbers: fresh::Fresh<OrganizationId, Vec<NumberUse>>,
    /// When this server started.
    pub started_at: chrono::DateTime<chrono::Utc>,
    /// Told when a webhook was made, changed or deleted.
    pub webhooks: Arc<Notify>,
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

/// What is asked and answered at once.
fn ordinary() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(of_dialpad())
        .merge(of_calls())
        .routes(routes!(health::alive))
        .routes(routes!(health::ready))
        .routes(routes!(metrics::scrape))
        .routes(routes!(health::parts))
        .routes(routes!(health::connectors))
        .routes(routes!(health::capabilities))
        .routes(routes!(health::alerts))
        .routes(routes!(standing::dashboard))
        .routes(routes!(standing::standing))
        .routes(routes!(accounts::login))
        .routes(routes!(accounts::logout))
        .routes(routes!(accounts::me))
        .routes(routes!(users::sessions))
        .routes(routes!(users::end_session))
        .routes(routes!(users::tokens, users::create_token))
        .routes(routes!(users::end_token))
        .routes(routes!(users::list, users::create))
        .routes(routes!(users::one, users::update))
        .routes(routes!(imports::lists::users))
        .routes(routes!(organizations::list))
        .routes(routes!(organizations::update))
        .routes(routes!(campaigns::list, campaigns::create))
        .routes(routes!(campaigns::one, campaigns::update, campaigns::replace, campaigns::delete))
        .routes(routes!(campaigns::estimate))
        .routes(routes!(learning::of_campaign))
        .routes(routes!(contacts::list, contacts::create))
        .routes(routes!(contacts::one, contacts::update, contacts::replace, contacts::delete))
        .routes(routes!(contacts::bulk))
        .routes(routes!(contacts::reset))
        .routes(routes!(imports::list))
        .routes(routes!(scripts::list, scripts::create))
        .routes(routes!(scripts::one, scripts::update, scripts::delete))
        .routes(routes!(imports::lists::scripts))
        .routes(routes!(numbers::list, numbers::create))
        .routes(routes!(numbers::one, numbers::update, numbers::delete))
        .routes(routes!(catalog::dispositions::list, catalog::make_disposition::create))
        .routes(routes!(
            catalog::dispositions::one,
            catalog::dispositions::update,
            catalog::dispositions::delete
        ))
        .routes(routes!(catalog::pause_codes::list, catalog::make_pause_code::create))
        .routes(routes!(
            catalog::pause_codes::one,
            catalog::pause_codes::update,
            catalog::pause_codes::delete
        ))
        .routes(routes!(catalog::knowledge::list, catalog::make_knowledge::create))
        .routes(routes!(catalog::knowledge::one, catalog::knowledge::update, catalog::knowledge::delete))
        .routes(routes!(seats::floor))
        .routes(routes!(seats::sign_in))
        .routes(routes!(seats::sign_out))
        .routes(routes!(seats::go_ready))
        .routes(routes!(seats::go_paused))
        .routes(routes!(seats::dial))
        .routes(routes!(seats::skip))
        .routes(routes!(seats::message))
        .routes(routes!(seats::dispose))
        .routes(routes!(catalog::agents::list, catalog::make_agent::create))
        .routes(routes!(catalog::agents::one, catalog::agents::update, catalog::agents::delete))
        .routes(routes!(catalog::webhooks::list, webhooks::create))
        .routes(routes!(catalog::webhooks::one, catalog::webhooks::update, catalog::webhooks::delete))
        .routes(routes!(webhooks::deliveries))
        .routes(routes!(callbacks::list, callbacks::create))
        .routes(routes!(callbacks::one, callbacks::update))
        .routes(routes!(law::list, law::add))
        .routes(routes!(law::decisions))
        .routes(routes!(law::in_force))
        .routes(routes!(persons::consents, persons::give_consent, persons::withdraw_consent))
        .routes(routes!(persons::person, persons::erase))
        .routes(routes!(persons::holds, persons::place_hold))
        .routes(routes!(persons::lift_hold))
        .routes(routes!(queues::list))
        .routes(routes!(queues::hopper))
        .routes(routes!(queues::events))
        .routes(routes!(vicidial::list))
        .routes(routes!(vicidial::catalogue))
        .routes(routes!(vicidial::act))
        .routes(routes!(vicidial::floor))
        .routes(routes!(vicidial::log))
        .routes(routes!(vicidial::test))
        .routes(routes!(connectors::put, connectors::delete))
        .routes(routes!(connections::try_out))
        .routes(routes!(lead_syncs::standing))
        .routes(routes!(lead_syncs::retry))
        .routes(routes!(lead_syncs::give_up))
        .routes(routes!(catalog::lead_syncs::list, catalog::make_lead_sync::create))
        .routes(routes!(catalog::lead_syncs::one, catalog::lead_syncs::update, catalog::lead_syncs::delete))
        .routes(routes!(agi::speak))
        .routes(routes!(agi::process))
        .routes(routes!(agi::call_ended))
        .routes(routes!(audit::list))
        .routes(routes!(audit::chain))
}

/// Calls, and supervisors in them.
fn of_calls() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(calls::list))
        .routes(routes!(calls::start))
        .routes(routes!(calls::stop))
        .routes(routes!(calls::queue_status))
        .routes(routes!(calls::one))
        .routes(routes!(calls::conversation))
        .routes(routes!(calls::insights))
        .routes(routes!(calls::hang_up))
        .routes(routes!(recordings::one, recordings::delete))
        .routes(routes!(monitoring::monitor))
        .routes(routes!(monitoring::stop))
}

/// Dialpad.
fn of_dialpad() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(dialpad::status))
        .routes(routes!(dialpad::overview))
        .routes(routes!(dialpad::calls))
        .routes(routes!(dialpad::call))
        .routes(routes!(dialpad::pull))
        .routes(routes!(dialpad::actions))
        .routes(routes!(dialpad::act))
        .routes(routes!(dialpad::report))
        .routes(routes!(dialpad::webhook))
}

/// What waits for somebody to pick up a phone, and to hear a question.
fn ringing() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(monitoring::take_over)).routes(routes!(monitoring::transfer))
}

/// What lasts as long as it lasts, and bounds itself.
fn lasting() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(imports::import))
        .routes(routes!(imports::lists::do_not_call))
        .routes(routes!(exports::contacts))
        .routes(routes!(exports::calls))
        .routes(routes!(exports::do_not_call))
        .routes(routes!(exports::users))
        .routes(routes!(exports::scripts))
        .routes(routes!(audit::export))
        .routes(routes!(socket::open))
        .layer(DefaultBodyLimit::disable())
}

fn sounds() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(agi::transcribe))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, PATIENCE))
        .layer(DefaultBodyLimit::max(MAX_SOUND))
}

/// The OpenAPI document.
pub fn document() -> OpenApi {
    openapi::finished(ordinary().merge(ringing()).merge(lasting()).merge(sounds()).split_for_parts().1)
}

/// All routes.
pub fn router(app: App) -> Router {
    let bounded = |routes: OpenApiRouter<App>, patience| {
        routes
            .layer(axum::middleware::from_fn_with_state(app.clone(), idempotency::once))
            .layer(axum::middleware::from_fn(detached::detached))
            .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, patience))
            .layer(DefaultBodyLimit::max(MAX_BODY))
    };
    let ordinary = bounded(ordinary(), PATIENCE).merge(bounded(ringing(), PICKED_UP));
    let lasting = lasting().layer(axum::middleware::from_fn(detached::detached));
    let (router, _) = ordinary.merge(lasting).merge(sounds()).split_for_parts();
    let document = document();
    router
        .fallback(problem::no_such_path)
        .method_not_allowed_fallback(problem::no_such_method)
        .with_state(app)
        .merge(SwaggerUi::new("/docs").url("/api/v1/openapi.json", document))
}
