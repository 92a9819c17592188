//! Contacts.

use super::campaigns::find as find_campaign;
use super::problem::{self, Refused};
use super::{App, commands};
use crate::domain::caller::{Caller, EditCampaigns, Look};
use crate::domain::contact::{Consent, Contact};
use crate::domain::ending::far_future;
use crate::domain::phone::Phone;
use crate::domain::plain;
use crate::storage::{Change, ContactPage};
use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use chrono::Utc;
use dialdeck_protocol::{CampaignId, ContactId, ContactStatus, Problem};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn shown(contact: &Contact) -> Value {
    let person = &contact.person;
    json!({
        "id": contact.id,
        "campaignId": contact.campaign_id,
        "firstName": person.first_name,
        "lastName": person.last_name,
        "phone": person.phone.as_str(),
        "email": person.email,
        "company": person.company,
        "state": person.state,
        "postalCode": person.postal_code,
        "timezone": person.timezone,
        "consent": person.consent,
        "customFields": person.custom_fields,
        "status": contact.status,
        "attempts": contact.attempts,
        "lastContacted": contact.last_contacted,
        "heldReason": contact.held_reason,
        "nextAttemptAt": (contact.next_attempt_at < far_future()).then_some(contact.next_attempt_at),
        "createdAt": contact.created_at,
    })
}

#[derive(Deserialize)]
pub(super) struct List {
    status: Option<ContactStatus>,
    after: Option<ContactId>,
    limit: Option<u32>,
}

pub(super) async fn list(
    State(app): State<App>,
    caller: Caller,
    id: Result<Path<CampaignId>, PathRejection>,
    query: Result<Query<List>, QueryRejection>,
) -> Result<Json<Value>, Refused> {
    let campaign = find_campaign(&app, &caller, problem::path(id)?).await?;
    let List { status, after, limit } = problem::query(query)?;
    let limit = i64::from(limit.unwrap_or(100).clamp(1, 1000));
    let page = ContactPage { status, after, limit };
    let contacts = app.store.contacts(&campaign.organization_id, campaign.id, &page).await?;
    let full = i64::try_from(contacts.len()).unwrap_or(0) == limit;
    let next = contacts.last().filter(|_| full).map(|c| c.id);
    Ok(Json(json!({ "contacts": contacts.iter().map(shown).collect::<Vec<_>>(), "next": next })))
}

async fn find(app: &App, caller: &Caller, id: ContactId) -> Result<Contact, Problem> {
    let permit = caller.permit::<Look>()?;
    let found = app.store.contact(permit.organization(), id).await?;
    found.ok_or_else(|| Problem::not_found(format!("contact {id}")))
}

pub(super) async fn one(
    State(app): State<App>,
    caller: Caller,
    id: Result<Path<ContactId>, PathRejection>,
) -> Result<Json<Value>, Refused> {
    Ok(Json(shown(&find(&app, &caller, problem::path(id)?).await?)))
}

/// A contact as given: what is left out stays.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Given {
    first_name: Option<String>,
    last_name: Option<String>,
    phone: Option<String>,
    email: Option<String>,
    company: Option<String>,
    state: Option<String>,
    postal_code: Option<String>,
    timezone: Option<String>,
    consent: Option<Consent>,
    custom_fields: Option<BTreeMap<String, String>>,
}

fn apply(contact: &mut Contact, given: Given, region: &str) -> Result<(), Problem> {
    let person = &mut contact.person;
    let texts = [
        (&mut person.first_name, given.first_name),
        (&mut person.last_name, given.last_name),
        (&mut person.email, given.email),
        (&mut person.company, given.company),
        (&mut person.postal_code, given.postal_code),
    ];
    for (old, new) in texts {
        if let Some(new) = new {
            *old = plain::line(&new, 255);
        }
    }
    if let Some(phone) = given.phone {
        person.phone = Phone::parse(&phone, region).map_err(|e| Problem::field("phone", e.to_string()))?;
    }
    if let Some(state) = given.state {
        let state = state.to_uppercase();
        if !(state.is_empty() || state.len() == 2 && state.bytes().all(|b| b.is_ascii_uppercase())) {
            return Err(Problem::field("state", "state must be two letters, such as FL"));
        }
        person.state = state;
    }
    if let Some(zone) = given.timezone {
        if !zone.is_empty() && zone.parse::<chrono_tz::Tz>().is_err() {
            return Err(Problem::field(
                "timezone",
                "timezone is unknown; use a name such as America/Chicago",
            ));
        }
        person.timezone = zone;
    }
    if let Some(consent) = given.consent {
        if consent.at.is_some_and(|at| at > Utc::now()) {
            return Err(Problem::field(
                "consent",
                "consent.at lies in the future; give the day on which they consented",
            ));
        }
        let basis = plain::line(&consent.basis, 255);
        let source = plain::line(&consent.source, 255);
        person.consent = (!basis.is_empty()).then_some(Consent { basis, at: consent.at, source });
    }
    if let Some(fields) = given.custom_fields {
        if fields.len() > 200 {
            return Err(Problem::field("customFields", "customFields has more than 200 entries"));
        }
        person.custom_fields = fields
            .into_iter()
            .map(|(name, value)| (plain::line(&name, 64), plain::line(&value, 255)))
            .collect();
    }
    Ok(())
}

pub(super) async fn update(
    State(app): State<App>,
    caller: Caller,
    id: Result<Path<ContactId>, PathRejection>,
    body: Result<Json<Given>, JsonRejection>,
) -> Result<Json<Value>, Refused> {
    let (id, given) = (problem::path(id)?, problem::body(body)?);
    let contact = commands::audited(&app, &caller, "contact.update", &id.to_string(), json!({}), async {
        let permit = caller.permit::<EditCampaigns>()?;
        let mut contact = find(&app, &caller, id).await?;
        apply(&mut contact, given, &app.settings.dialer.region)?;
        let change = Change::SaveContact {
            organization_id: permit.organization().clone(),
            contact_id: id,
            person: Box::new(contact.person.clone()),
            at: Utc::now(),
        };
        app.journal.commit(vec![change]).await?;
        app.dialer.nudge(contact.campaign_id);
        find(&app, &caller, id).await
    })
    .await?;
    Ok(Json(shown(&contact)))
}

pub(super) async fn delete(
    State(app): State<App>,
    caller: Caller,
    id: Result<Path<ContactId>, PathRejection>,
) -> Result<StatusCode, Refused> {
    let id = problem::path(id)?;
    commands::audited(&app, &caller, "contact.delete", &id.to_string(), json!({}), async {
        let permit = caller.permit::<EditCampaigns>()?;
        find(&app, &caller, id).await?;
        let organization_id = permit.organization().clone();
        app.journal.commit(vec![Change::DeleteContact { organization_id, contact_id: id }]).await?;
        Ok(())
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
