//! Commands that are sent twice are done once: `Idempotency-Key`.

use super::extract::Known;
use super::problem::{self, Refused};
use super::{App, MAX_BODY, session};
use crate::domain::plain;
use crate::storage::accounts::{Claim, Claimed};
use axum::body::{Body, to_bytes};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use chrono::Utc;
use dialdeck_protocol::{Code, Problem};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Name of the header.
pub(super) const HEADER: &str = "idempotency-key";
/// Longest key.
const LONGEST: usize = 200;

/// Paths whose answers hold what is shown once and never kept.
const SHOWN_ONCE: &[&str] = &["/api/v1/tokens", "/api/v1/webhooks"];

fn refused(code: Code, message: &str) -> Response {
    Refused(Problem::new(code, message)).into_response()
}

/// Answers a request whose key is known as it was answered before; keeps the answer of one that is new.
pub(super) async fn once(State(app): State<App>, request: Request, next: Next) -> Response {
    let key = request.headers().get(HEADER).cloned();
    let Some(key) = key.filter(|_| !request.method().is_safe()) else { return next.run(request).await };
    let key = plain::line(&String::from_utf8_lossy(key.as_bytes()), LONGEST + 1);
    if key.is_empty() || key.chars().count() > LONGEST {
        return refused(Code::Invalid, "Idempotency-Key must have 1 to 200 characters");
    }
    let (mut parts, body) = request.into_parts();
    let Ok(Known(caller, ..)) = Known::<Refused>::from_request_parts(&mut parts, &app).await else {
        return next.run(Request::from_parts(parts, body)).await;
    };
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        return refused(Code::TooLarge, "the body is too large");
    };
    // Keyed with what the database does not know, and bound to one log-in or token: bodies may hold passwords.
    let token = session::token(&parts.headers).unwrap_or_default();
    let Ok(mut hash) = Hmac::<Sha256>::new_from_slice(token.as_bytes()) else {
        return refused(Code::Internal, "the key could not be kept");
    };
    for part in [parts.method.as_str().as_bytes(), parts.uri.to_string().as_bytes(), &body] {
        hash.update(&part.len().to_le_bytes());
        hash.update(part);
    }
    let shown_once = SHOWN_ONCE.contains(&parts.uri.path());
    let claim = Claim {
        organization_id: caller.organization_id.clone(),
        actor: caller.name.clone(),
        key,
        fingerprint: hex::encode(hash.finalize().into_bytes()),
    };
    match app.store.claim(&claim, Utc::now()).await {
        Ok(Claimed::Fresh) => {}
        Ok(Claimed::Answered(status, content_type, body)) => return replayed(status, &content_type, body),
        Ok(Claimed::OtherRequest) => {
            return refused(
                Code::Conflict,
                "this Idempotency-Key was used for another request; take a new one",
            );
        }
        Ok(Claimed::Unsettled) => {
            let message =
                "a request with this Idempotency-Key is under way, or was cut off: look before asking again";
            return refused(Code::Conflict, message);
        }
        Err(error) => return Refused(error.into()).into_response(),
    }
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    settle(&app, &claim, shown_once, response).await
}

fn replayed(status: u16, content_type: &str, body: String) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.insert("idempotency-replayed", HeaderValue::from_static("true"));
    match HeaderValue::from_str(content_type) {
        Ok(value) if !content_type.is_empty() => headers.insert(header::CONTENT_TYPE, value),
        _ => headers.remove(header::CONTENT_TYPE),
    };
    response
}

/// Keeps the answer. A fault of ours, or one that says "try again", is not kept: the key may be used again.
async fn settle(app: &App, claim: &Claim, shown_once: bool, response: Response) -> Response {
    let (parts, body) = response.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        return refused(Code::Internal, "the answer is too large to be kept");
    };
    let content_type =
        parts.headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let passing = parts.status.is_server_error() || parts.status == StatusCode::TOO_MANY_REQUESTS;
    let text = std::str::from_utf8(&body).ok().filter(|_| !passing);
    let answer = match text {
        Some(_) if shown_once && parts.status.is_success() => {
            let gone = Problem::new(Code::Conflict, "it was made; its secret was shown once and is not kept");
            Some((409, "application/problem+json", problem::details(gone)))
        }
        text => text.map(|text| (parts.status.as_u16(), content_type, text.to_owned())),
    };
    let answer = answer.as_ref().map(|(status, content_type, body)| (*status, *content_type, body.as_str()));
    if let Err(error) = app.store.settle(claim, answer).await {
        tracing::warn!(%error, "the answer to an idempotency key could not be kept");
    }
    Response::from_parts(parts, Body::from(body))
}
