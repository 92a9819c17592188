//! The do-not-call list, and why a number was (not) called.

use super::problem::{self, Refused};
use super::{App, commands};
use crate::domain::caller::{AddDoNotCall, Caller, Look};
use crate::domain::phone::Phone;
use crate::storage::Change;
use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Query, State};
use axum::http::StatusCode;
use chrono::Utc;
use dialdeck_protocol::Problem;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
pub(super) struct List {
    after: Option<String>,
    limit: Option<u32>,
}

pub(super) async fn list(
    State(app): State<App>,
    caller: Caller,
    query: Result<Query<List>, QueryRejection>,
) -> Result<Json<Value>, Refused> {
    let permit = caller.permit::<Look>()?;
    let List { after, limit } = problem::query(query)?;
    let limit = i64::from(limit.unwrap_or(100).clamp(1, 1000));
    let rows = app.store.do_not_call(permit.organization(), &after.unwrap_or_default(), limit).await?;
    let shown: Vec<_> = rows
        .iter()
        .map(|(phone, source, at)| json!({ "phone": phone, "source": source, "createdAt": at }))
        .collect();
    Ok(Json(json!({ "entries": shown })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Add {
    phone: String,
}

fn phone(app: &App, text: &str) -> Result<Phone, Problem> {
    Phone::parse(text, &app.settings.dialer.region).map_err(|e| Problem::field("phone", e.to_string()))
}

pub(super) async fn add(
    State(app): State<App>,
    caller: Caller,
    body: Result<Json<Add>, JsonRejection>,
) -> Result<(StatusCode, Json<Value>), Refused> {
    let number = phone(&app, &problem::body(body)?.phone)?;
    commands::audited(&app, &caller, "do_not_call.add", number.as_str(), json!({}), async {
        let permit = caller.permit::<AddDoNotCall>()?;
        let change = Change::DoNotCall {
            organization_id: permit.organization().clone(),
            phone: number.as_str().to_owned(),
            source: "api".into(),
            call_id: None,
            at: Utc::now(),
        };
        app.journal.commit(vec![change]).await?;
        app.dialer.end_number(number.as_str());
        Ok(())
    })
    .await?;
    Ok((StatusCode::CREATED, Json(json!({ "phone": number.as_str() }))))
}

#[derive(Deserialize)]
pub(super) struct Number {
    phone: String,
}

pub(super) async fn decisions(
    State(app): State<App>,
    caller: Caller,
    query: Result<Query<Number>, QueryRejection>,
) -> Result<Json<Value>, Refused> {
    let permit = caller.permit::<Look>()?;
    let number = phone(&app, &problem::query(query)?.phone)?;
    let listed = app.store.is_do_not_call(permit.organization(), number.as_str()).await?;
    let decisions = app.store.decisions(permit.organization(), number.as_str()).await?;
    Ok(Json(json!({ "phone": number.as_str(), "onDoNotCallList": listed, "decisions": decisions })))
}
