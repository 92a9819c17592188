//! Figures for Prometheus.

use super::App;
use super::extract::Known;
use super::problem::Refused;
use super::session;
use crate::domain::caller::Look;
use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use std::net::SocketAddr;

/// Figures for Prometheus
///
/// Given to loopback, to the addresses in `server.metrics_allow`, and to whoever may look. Counts and times only.
#[utoipa::path(get, path = "/metrics", tag = "Health", security((), ("bearer" = ["look"])),
    responses((status = 200, body = String, content_type = "text/plain")))]
pub(super) async fn scrape(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Result<Response, Refused> {
    // Behind a proxy on this machine everybody comes from loopback: then its word counts.
    let forwarded = request.headers().contains_key("x-forwarded-for");
    let peer = session::address(&app.settings.server.proxies, peer.ip(), request.headers());
    if (forwarded || !peer.is_loopback()) && !app.settings.server.metrics_allow.contains(&peer) {
        let (mut parts, _) = request.into_parts();
        Known::<Refused>::from_request_parts(&mut parts, &app).await?.0.permit::<Look>()?;
    }
    app.metrics.gather(&app.store, &app.dialer, &app.parts).await;
    let text = app.metrics.render();
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response())
}
