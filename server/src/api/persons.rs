//! One person, by number: consent, everything that is known, and its end.

use super::extract::{Ask, Body, Id, May};
use super::problem::Refused;
use super::{App, commands};
use crate::domain::caller::{AddDoNotCall, EditCampaigns, Erase, Export, Look, ManageServer};
use crate::domain::contact::Consent;
use crate::domain::do_not_call::Listing;
use crate::domain::phone::Phone;
use crate::domain::plain;
use crate::storage::Change;
use crate::storage::keeping::HoldRow;
use crate::storage::upkeep::Erased;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use dialdeck_protocol::{CampaignId, ContactId, Problem};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

/// A number, in the form in which it is kept, or in the default region's.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Number {
    /// Such as `+13125550123`.
    pub(super) phone: String,
}

/// The number that a text means.
pub(super) fn phone(app: &App, text: &str) -> Result<Phone, Problem> {
    Phone::parse(text, &app.settings.dialer.region).map_err(|e| Problem::field("phone", e.to_string()))
}

/// A number in the audit log, which is kept for years and does not repeat what may have to be forgotten: its last four
/// digits.
pub(super) fn masked(phone: &Phone) -> String {
    let digits = phone.as_str();
    format!("…{}", digits.get(digits.len().saturating_sub(4)..).unwrap_or_default())
}

/// Consent as it stands on one contact.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ConsentRow {
    contact_id: ContactId,
    campaign_id: CampaignId,
    consent: Option<Consent>,
}

/// Consent of a number.
#[derive(Serialize, ToSchema)]
pub(super) struct Consents {
    phone: String,
    consents: Vec<ConsentRow>,
}

/// Consent of a number
#[utoipa::path(get, path = "/api/v1/consents", tag = "The law", security(("bearer" = ["look"])), params(Number),
    responses((status = 200, body = Consents)))]
pub(super) async fn consents(
    State(app): State<App>,
    permit: May<Look>,
    Ask(number, _): Ask<Number>,
) -> Result<Json<Consents>, Refused> {
    let phone = phone(&app, &number.phone)?;
    let contacts = app.store.contacts_of(permit.organization(), phone.as_str()).await?;
    let consents = contacts
        .into_iter()
        .filter(|c| permit.caller().covers(c.campaign_id))
        .map(|c| ConsentRow { contact_id: c.id, campaign_id: c.campaign_id, consent: c.person.consent })
        .collect();
    Ok(Json(Consents { phone: phone.as_str().to_owned(), consents }))
}

/// Consent to give to a number, in all campaigns.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ConsentGiven)]
pub(super) struct Given {
    phone: String,
    /// Such as `written`.
    #[schema(min_length = 1)]
    basis: String,
    /// When it was given.
    at: DateTime<Utc>,
    /// Where it is on file.
    #[schema(min_length = 1)]
    source: String,
}

async fn set(
    app: &App,
    permit: &May<impl Sized>,
    phone: Phone,
    consent: Option<Consent>,
) -> Result<(), Problem> {
    let change = Change::SetConsent {
        organization_id: permit.organization().clone(),
        phone: phone.as_str().to_owned(),
        consent,
        at: Utc::now(),
    };
    app.journal.commit(vec![change]).await?;
    Ok(())
}

/// Give consent to a number, in all campaigns
#[utoipa::path(put, path = "/api/v1/consents", tag = "The law", security(("bearer" = ["campaigns"])),
    request_body = Given, responses((status = 204)))]
pub(super) async fn give_consent(
    State(app): State<App>,
    permit: May<EditCampaigns>,
    Body(given, _): Body<Given>,
) -> Result<StatusCode, Refused> {
    let number = phone(&app, &given.phone)?;
    let consent = Consent {
        basis: plain::line(&given.basis, 255),
        at: Some(given.at),
        source: plain::line(&given.source, 255),
    };
    let detail = json!(consent);
    commands::audited(&app, permit.caller(), "consent.give", &masked(&number), detail, async {
        permit.caller().everywhere()?;
        if given.at > Utc::now() {
            return Err(Problem::field("at", "at lies in the future; give the day on which they consented"));
        }
        if consent.basis.is_empty() || consent.source.is_empty() {
            return Err(Problem::field(
                "basis",
                "basis and source must say how it was given and where it is",
            ));
        }
        set(&app, &permit, number.clone(), Some(consent.clone())).await
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Withdraw consent of a number, in all campaigns
///
/// Calls in flight to it by an artificial voice are ended.
#[utoipa::path(delete, path = "/api/v1/consents", tag = "The law", security(("bearer" = ["do_not_call"])),
    params(Number), responses((status = 204)))]
pub(super) async fn withdraw_consent(
    State(app): State<App>,
    permit: May<AddDoNotCall>,
    Ask(number, _): Ask<Number>,
) -> Result<StatusCode, Refused> {
    let number = phone(&app, &number.phone)?;
    commands::audited(&app, permit.caller(), "consent.withdraw", &masked(&number), json!({}), async {
        set(&app, &permit, number.clone(), None).await?;
        let withdrawn = Listing::for_ever(permit.organization(), number.as_str(), "api", Utc::now());
        app.dialer.end_listed(&withdrawn);
        Ok(())
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Everything that is known of a number
///
/// For a person who asks: contacts, calls with what was said, decisions, lists, holds.
#[utoipa::path(get, path = "/api/v1/persons/{phone}", tag = "Persons", security(("bearer" = ["export"])),
    params(("phone" = String, Path)), responses((status = 200, body = Value)))]
pub(super) async fn person(
    State(app): State<App>,
    permit: May<Export>,
    Id(number, _): Id<String>,
) -> Result<Json<Value>, Refused> {
    let number = phone(&app, &number)?;
    let known =
        commands::audited(&app, permit.caller(), "person.export", &masked(&number), json!({}), async {
            permit.caller().everywhere()?;
            Ok(app.store.person(permit.organization(), number.as_str()).await?)
        })
        .await?;
    Ok(Json(known))
}

/// Erase a person
///
/// Contacts go; calls lose number, name and words, and stay in the counts. An entry of the do-not-call list stays, so
/// that the erased is not called again. Refused while a legal hold or a call is on the number.
#[utoipa::path(delete, path = "/api/v1/persons/{phone}", tag = "Persons", security(("bearer" = ["erase"])),
    params(("phone" = String, Path)), responses((status = 200, body = Erased)))]
pub(super) async fn erase(
    State(app): State<App>,
    permit: May<Erase>,
    Id(number, _): Id<String>,
) -> Result<Json<Erased>, Refused> {
    let number = phone(&app, &number)?;
    let erased =
        commands::audited(&app, permit.caller(), "person.erase", &masked(&number), json!({}), async {
            permit.caller().everywhere()?;
            Ok(app.store.erase(permit.organization(), number.as_str()).await?)
        })
        .await?;
    Ok(Json(erased))
}

/// A legal hold.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Hold {
    phone: String,
    reason: String,
    placed_by: String,
    created_at: DateTime<Utc>,
}

/// Legal holds.
#[derive(Serialize, ToSchema)]
pub(super) struct Holds {
    holds: Vec<Hold>,
}

/// A hold to place.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewHold {
    phone: String,
    #[schema(min_length = 1)]
    reason: String,
}

/// List legal holds
#[utoipa::path(get, path = "/api/v1/legal-holds", tag = "Persons", security(("bearer" = ["server"])),
    responses((status = 200, body = Holds)))]
pub(super) async fn holds(State(app): State<App>, permit: May<ManageServer>) -> Result<Json<Holds>, Refused> {
    let rows = app.store.holds(permit.organization()).await?;
    let holds = rows.into_iter().map(|HoldRow { phone, reason, placed_by, created_at }| Hold {
        phone,
        reason,
        placed_by,
        created_at,
    });
    Ok(Json(Holds { holds: holds.collect() }))
}

/// Place a legal hold
///
/// What is known of the number is neither purged nor erased until the hold is lifted.
#[utoipa::path(post, path = "/api/v1/legal-holds", tag = "Persons", security(("bearer" = ["server"])),
    request_body = NewHold, responses((status = 201, body = Hold)))]
pub(super) async fn place_hold(
    State(app): State<App>,
    permit: May<ManageServer>,
    Body(new, _): Body<NewHold>,
) -> Result<(StatusCode, Json<Hold>), Refused> {
    let number = phone(&app, &new.phone)?;
    let reason = plain::line(&new.reason, 500);
    let detail = json!({ "reason": reason });
    let row = commands::audited(&app, permit.caller(), "legal_hold.place", &masked(&number), detail, async {
        permit.caller().everywhere()?;
        if reason.is_empty() {
            return Err(Problem::field("reason", "reason must say why"));
        }
        let row = HoldRow {
            phone: number.as_str().to_owned(),
            reason: reason.clone(),
            placed_by: permit.caller().name.clone(),
            created_at: Utc::now(),
        };
        app.store.place_hold(permit.organization(), &row).await?;
        Ok(row)
    })
    .await?;
    let HoldRow { phone, reason, placed_by, created_at } = row;
    Ok((StatusCode::CREATED, Json(Hold { phone, reason, placed_by, created_at })))
}

/// Lift a legal hold
#[utoipa::path(delete, path = "/api/v1/legal-holds/{phone}", tag = "Persons", security(("bearer" = ["server"])),
    params(("phone" = String, Path)), responses((status = 204)))]
pub(super) async fn lift_hold(
    State(app): State<App>,
    permit: May<ManageServer>,
    Id(number, _): Id<String>,
) -> Result<StatusCode, Refused> {
    let number = phone(&app, &number)?;
    commands::audited(&app, permit.caller(), "legal_hold.lift", &masked(&number), json!({}), async {
        permit.caller().everywhere()?;
        let lifted = app.store.lift_hold(permit.organization(), number.as_str()).await?;
        if lifted { Ok(()) } else { Err(Problem::not_found("a hold on this number")) }
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
