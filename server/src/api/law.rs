//! The do-not-call list, and why a number was (not) called.

use super::extract::{Ask, Body, May};
use super::persons::{Number, masked, phone};
use super::problem::Refused;
use super::{App, commands, paging};
use crate::domain::caller::{AddDoNotCall, Look};
use crate::domain::law as rules;
use crate::storage::{Change, DecisionRow};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

/// A number that is never called.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DoNotCallEntry)]
pub(super) struct Entry {
    pub(super) phone: String,
    /// Where it came from: `voice`, `api`, `import`.
    pub(super) source: String,
    pub(super) created_at: DateTime<Utc>,
}

/// A page of the list, by number.
#[derive(Serialize, ToSchema)]
#[schema(as = DoNotCallPage)]
pub(super) struct Page {
    entries: Vec<Entry>,
    /// Goes into `after` for the next page; null at the end.
    next: Option<String>,
}

/// Which entries.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct List {
    /// After this number.
    after: Option<String>,
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

/// List the numbers that are never called
#[utoipa::path(get, path = "/api/v1/do-not-call", tag = "The law", security(("bearer" = ["look"])), params(List),
    responses((status = 200, body = Page)))]
pub(super) async fn list(
    State(app): State<App>,
    permit: May<Look>,
    Ask(List { after, limit }, _): Ask<List>,
) -> Result<Json<Page>, Refused> {
    permit.caller().everywhere()?;
    let limit = paging::limit(limit);
    let after = crate::domain::plain::line(&after.unwrap_or_default(), 40);
    let rows = app.store.do_not_call(permit.organization(), &after, limit).await?;
    let next = paging::next(&rows, limit, |(phone, ..)| phone.clone());
    let entries = rows.into_iter().map(|(phone, source, created_at)| Entry { phone, source, created_at });
    Ok(Json(Page { entries: entries.collect(), next }))
}

/// A number.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Add {
    phone: String,
}

/// Never call a number again
///
/// Obeyed at once: it leaves every campaign, and calls in flight to it are ended.
#[utoipa::path(post, path = "/api/v1/do-not-call", tag = "The law", security(("bearer" = ["do_not_call"])),
    request_body = Add, responses((status = 201, body = Add)))]
pub(super) async fn add(
    State(app): State<App>,
    permit: May<AddDoNotCall>,
    Body(Add { phone: text }, _): Body<Add>,
) -> Result<(StatusCode, Json<Add>), Refused> {
    let number = phone(&app, &text)?;
    commands::audited(&app, permit.caller(), "do_not_call.add", &masked(&number), json!({}), async {
        let change = Change::DoNotCall {
            organization_id: permit.organization().clone(),
            phone: number.as_str().to_owned(),
            source: "api".into(),
            call_id: None,
            at: Utc::now(),
        };
        app.journal.commit(vec![change]).await?;
        app.dialer.end_number(permit.organization(), number.as_str());
        Ok(())
    })
    .await?;
    Ok((StatusCode::CREATED, Json(Add { phone: number.as_str().to_owned() })))
}

/// A decision on a number.
#[derive(Serialize, ToSchema)]
pub(super) struct Decided {
    /// `allowed`, or the rule that held it.
    rule: String,
    /// In words.
    reason: String,
    /// The whole decision.
    facts: Value,
    /// The call it allowed.
    call_id: Option<String>,
    decided_at: DateTime<Utc>,
}

/// Why a number was (not) called.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Decisions {
    phone: String,
    on_do_not_call_list: bool,
    /// Newest first.
    decisions: Vec<Decided>,
}

/// Why was this number (not) called?
#[utoipa::path(get, path = "/api/v1/decisions", tag = "The law", security(("bearer" = ["look"])), params(Number),
    responses((status = 200, body = Decisions)))]
pub(super) async fn decisions(
    State(app): State<App>,
    permit: May<Look>,
    Ask(number, _): Ask<Number>,
) -> Result<Json<Decisions>, Refused> {
    permit.caller().everywhere()?;
    let number = phone(&app, &number.phone)?;
    let on_do_not_call_list = app.store.is_do_not_call(permit.organization(), number.as_str()).await?;
    let rows = app.store.decisions(permit.organization(), number.as_str()).await?;
    let decisions = rows.into_iter().map(|DecisionRow { rule, reason, facts, call_id, decided_at }| {
        Decided { rule, reason, facts, call_id, decided_at }
    });
    let phone = number.as_str().to_owned();
    Ok(Json(Decisions { phone, on_do_not_call_list, decisions: decisions.collect() }))
}

/// The rules of law in force on this server.
#[derive(Serialize, ToSchema)]
#[schema(as = LawRules)]
pub(super) struct InForce {
    /// Calls only within these hours, in the called person's time.
    hours: Vec<rules::Hours>,
    /// No calls on these days.
    closed: Vec<rules::Closed>,
    /// So many calls to one number.
    caps: Vec<rules::Cap>,
    /// How long whoever waited for an agent in vain is called again only with an agent reserved for them.
    rests: Vec<rules::Rest>,
    /// How old the official do-not-call list may be that a list was held against.
    scrubs: Vec<rules::ScrubAge>,
}

/// The rules that stand between a contact and the dial
///
/// The shipped ones and the operator's, with their sources; each holds where and when its head says.
#[utoipa::path(get, path = "/api/v1/law/rules", tag = "The law", security(("bearer" = ["look"])),
    responses((status = 200, body = InForce)))]
pub(super) async fn in_force(State(app): State<App>, _permit: May<Look>) -> Json<InForce> {
    let law = app.dialer.rules();
    Json(InForce {
        hours: law.hours().to_vec(),
        closed: law.closed().to_vec(),
        caps: law.caps().to_vec(),
        rests: law.rests().to_vec(),
        scrubs: law.scrubs().to_vec(),
    })
}
