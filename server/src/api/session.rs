//! Log-ins: passwords, tokens, and the extractor that turns a token into a caller.

use super::App;
use crate::domain::caller::{Caller, Proof};
use crate::storage::{NewSession, Store};
use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use chrono::{DateTime, Duration, Utc};
use dialdeck_protocol::{Code, Problem, SessionId};
use sha2::{Digest, Sha256};
use std::net::IpAddr;
use std::sync::{Arc, LazyLock, PoisonError};
use tokio::sync::Semaphore;

/// Password checks at once: each takes some 20 MB and tens of milliseconds of a core, which strangers must not be
/// able to multiply.
static CHECKS: Semaphore = Semaphore::const_new(2);
/// Least length of a password.
pub const LEAST_PASSWORD: usize = 8;

/// Stands in for a user that is not there, so that its absence cannot be told from the time an answer takes.
static NOBODY: LazyLock<String> = LazyLock::new(|| hash_now("no such user").unwrap_or_default());

fn hash_now(password: &str) -> Option<String> {
    let salt = SaltString::encode_b64(&rand::random::<[u8; 16]>()).ok()?;
    Argon2::default().hash_password(password.as_bytes(), &salt).ok().map(|hash| hash.to_string())
}

/// Hashes a password, away from the threads that serve calls.
///
/// # Errors
/// When it is too short, or cannot be hashed.
pub async fn hash(password: String) -> Result<String, Problem> {
    if password.chars().count() < LEAST_PASSWORD {
        return Err(Problem::field(
            "password",
            format!("the password must have {LEAST_PASSWORD} characters or more"),
        ));
    }
    let broken = || Problem::new(Code::Internal, "the password could not be hashed");
    tokio::task::spawn_blocking(move || hash_now(&password)).await.ok().flatten().ok_or_else(broken)
}

/// The address that a request came from: the peer, or what a proxy of ours says.
pub fn address(proxies: &[IpAddr], peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let peer = peer.to_canonical();
    if !proxies.contains(&peer) {
        return peer;
    }
    // The last entry is the one that our proxy wrote; those before it are whatever a stranger sent.
    let stated = headers
        .get_all("x-forwarded-for")
        .iter()
        .next_back()
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.rsplit(',').next());
    stated.and_then(|text| text.trim().parse().ok()).unwrap_or(peer)
}

/// Checks name and password and opens a session.
///
/// # Errors
/// `unauthenticated`, without saying which of the two was wrong; `rate_limited` after too many wrong ones.
pub async fn log_in(
    app: &App,
    name: &str,
    password: String,
    from: IpAddr,
) -> Result<(String, DateTime<Utc>, Caller), Problem> {
    let wrong = || Problem::new(Code::Unauthenticated, "name or password is wrong");
    let busy = || Problem::new(Code::RateLimited, "too many log-ins at once; try again in a moment");
    let lockout = || app.lockout.lock().unwrap_or_else(PoisonError::into_inner);
    let admitted = || {
        let now = Utc::now();
        lockout().admit(from, name, now).map_err(|open| {
            let wait = (open - now).num_seconds().max(1);
            Problem::new(Code::RateLimited, format!("too many wrong passwords; try again in {wait} s"))
        })
    };
    admitted()?;
    let _turn = tokio::time::timeout(std::time::Duration::from_secs(5), CHECKS.acquire())
        .await
        .map_err(|_| busy())?
        .map_err(|_| busy())?;
    // Once more: of many who waited together, those before may have used up the patience.
    admitted()?;
    let user = app.store.user(name).await?;
    let hash = user.as_ref().map_or_else(|| NOBODY.clone(), |u| u.password_hash.clone());
    let right = tokio::task::spawn_blocking(move || {
        PasswordHash::new(&hash)
            .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
    })
    .await
    .unwrap_or(false);
    let now = Utc::now();
    let Some(user) = user.filter(|u| right && !u.disabled) else {
        lockout().failed(from, name, now);
        return Err(wrong());
    };
    lockout().succeeded(from, name);
    let token = fresh_token();
    let session = NewSession {
        id: SessionId::new(),
        user_id: user.id,
        token_hash: digest(&token),
        at: now,
        expires_at: now + Duration::hours(app.settings.server.session_hours.clamp(1, 24 * 365)),
        client: from.to_string(),
    };
    app.store.add_session(&session).await?;
    let caller = Caller {
        user_id: user.id,
        proof: Proof::Session(session.id),
        name: user.name,
        role: user.role,
        organization_id: user.organization_id,
        campaigns: user.campaigns.map(|list| Arc::new(list.into_iter().collect())),
        scopes: None,
    };
    Ok((token, session.expires_at, caller))
}

/// A token that nobody guesses.
pub fn fresh_token() -> String {
    hex::encode(rand::random::<[u8; 32]>())
}

/// What is stored of a token.
pub fn digest(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}

/// The caller of a token.
///
/// # Errors
/// `unauthenticated` when it is unknown, revoked or expired.
pub async fn caller(store: &dyn Store, token: &str) -> Result<Caller, Problem> {
    let hash = digest(token);
    store.caller(&hash, Utc::now()).await?.ok_or_else(|| {
        Problem::new(Code::Unauthenticated, "the session is unknown, revoked or expired; log in again")
    })
}

/// The bearer token of a request.
pub fn token(headers: &HeaderMap) -> Result<&str, Problem> {
    headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .ok_or_else(|| {
            Problem::new(
                Code::Unauthenticated,
                "log in first: POST /api/v1/auth/login, then Authorization: Bearer …",
            )
        })
}

#[cfg(test)]
mod tests {
    use super::address;
    use axum::http::HeaderMap;
    use std::net::IpAddr;

    #[test]
    fn only_our_own_proxies_are_believed() {
        let (proxy, stranger): (IpAddr, IpAddr) =
            ("192.0.2.1".parse().unwrap(), "198.51.100.7".parse().unwrap());
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", "203.0.113.9, 198.51.100.7".parse().unwrap());
        assert_eq!(address(&[proxy], proxy, &headers), stranger);
        assert_eq!(address(&[], proxy, &headers), proxy);
        assert_eq!(address(&[proxy], stranger, &headers), stranger);
    }
}
