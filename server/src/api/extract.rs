//! What handlers take: permits, ids, queries and bodies. Each is refused in the shape that its path answers in.

use super::problem::{self, Refused};
use super::{App, commands, session};
use crate::domain::caller::{Caller, Permission, Permit};
use axum::Json;
use axum::extract::{FromRequest, FromRequestParts, MatchedPath, Path, Query, Request};
use axum::http::request::Parts;
use axum::response::IntoResponse;
use dialdeck_protocol::Problem;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::json;
use std::marker::PhantomData;
use std::ops::Deref;

/// A refusal in the shape of its path.
pub trait Shape: From<Problem> + IntoResponse {}
impl<R: From<Problem> + IntoResponse> Shape for R {}

/// A permit for `P`, asked for before the handler runs. A refusal is written into the audit log.
pub struct May<P, R = Refused>(Permit<P>, PhantomData<R>);

impl<P, R> Deref for May<P, R> {
    type Target = Permit<P>;
    fn deref(&self) -> &Permit<P> {
        &self.0
    }
}

impl<P: Permission, R: Shape> FromRequestParts<App> for May<P, R> {
    type Rejection = R;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, R> {
        let caller = Known::<R>::from_request_parts(parts, app).await?.0;
        match caller.permit::<P>() {
            Ok(permit) => Ok(Self(permit, PhantomData)),
            Err(problem) => {
                let path = parts.extensions.get::<MatchedPath>().map(|path| path.as_str().to_owned());
                let path = path.unwrap_or_default();
                let result = format!("{}: {}", problem.code, problem.message);
                let command = format!("{} {path}", parts.method);
                commands::note(app, &caller, &command, "", json!({}), &result).await;
                Err(problem.into())
            }
        }
    }
}

/// Who calls, whatever they may.
pub struct Known<R = Refused>(pub Caller, pub PhantomData<R>);

impl<R: Shape> FromRequestParts<App> for Known<R> {
    type Rejection = R;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, R> {
        // The same request may ask twice: for idempotency, and for the permit.
        if let Some(caller) = parts.extensions.get::<Caller>() {
            return Ok(Self(caller.clone(), PhantomData));
        }
        let caller = session::caller(app.store.as_ref(), session::token(&parts.headers)?).await?;
        parts.extensions.insert(caller.clone());
        Ok(Self(caller, PhantomData))
    }
}

/// An id in the path.
pub struct Id<T, R = Refused>(pub T, pub PhantomData<R>);

impl<T: DeserializeOwned + Send, R: Shape> FromRequestParts<App> for Id<T, R> {
    type Rejection = R;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, R> {
        let path = Path::<T>::from_request_parts(parts, app).await;
        Ok(Self(problem::path(path)?, PhantomData))
    }
}

/// A query string.
pub struct Ask<T, R = Refused>(pub T, pub PhantomData<R>);

impl<T: DeserializeOwned + Send, R: Shape> FromRequestParts<App> for Ask<T, R> {
    type Rejection = R;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, R> {
        let query = Query::<T>::from_request_parts(parts, app).await;
        Ok(Self(problem::query(query)?, PhantomData))
    }
}

/// A JSON body.
pub struct Body<T, R = Refused>(pub T, pub PhantomData<R>);

impl<T: DeserializeOwned, R: Shape> FromRequest<App> for Body<T, R> {
    type Rejection = R;

    async fn from_request(request: Request, app: &App) -> Result<Self, R> {
        let body = Json::<T>::from_request(request, app).await;
        Ok(Self(problem::body(body)?, PhantomData))
    }
}

/// A field that may be given as `null`, to clear it, as well as left out, to keep it.
pub fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(from).map(Some)
}
