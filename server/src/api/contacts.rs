//! Contacts.

use super::campaigns::find as find_campaign;
use super::extract::{Ask, Body, Id, May};
use super::persons::phone;
use super::problem::Refused;
use super::{App, commands, paging};
use crate::domain::caller::{Caller, EditCampaigns, Look};
use crate::domain::contact::{Consent, Contact, NewContact};
use crate::domain::ending::far_future;
use crate::domain::numbers;
use crate::domain::phone::Phone;
use crate::domain::plain;
use crate::storage::{Change, ContactPage, ImportMode};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use dialdeck_protocol::{CampaignId, Code, ContactId, ContactStatus, EventBody, Problem};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

/// A contact.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Contact)]
pub(super) struct Shown {
    id: ContactId,
    campaign_id: CampaignId,
    first_name: String,
    last_name: String,
    phone: String,
    /// Further numbers, in the order in which they are called after it.
    alternate_phones: Vec<String>,
    /// Those of them that nobody has, or somebody else.
    dead_phones: Vec<String>,
    email: String,
    company: String,
    state: String,
    postal_code: String,
    timezone: String,
    consent: Option<Consent>,
    /// The higher, the earlier.
    priority: i32,
    custom_fields: BTreeMap<String, String>,
    status: ContactStatus,
    attempts: i32,
    last_contacted: Option<DateTime<Utc>>,
    /// Which rule holds it, in words; empty otherwise.
    held_reason: String,
    /// When the dialer looks at it next; null: only after a change.
    next_attempt_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
}

impl From<Contact> for Shown {
    fn from(contact: Contact) -> Self {
        let person = contact.person;
        Self {
            id: contact.id,
            campaign_id: contact.campaign_id,
            first_name: person.first_name,
            last_name: person.last_name,
            phone: person.phone.as_str().to_owned(),
            alternate_phones: person.alternates.iter().map(|phone| phone.as_str().to_owned()).collect(),
            dead_phones: contact.dead_numbers,
            email: person.email,
            company: person.company,
            state: person.state,
            postal_code: person.postal_code,
            timezone: person.timezone,
            consent: person.consent,
            priority: person.priority,
            custom_fields: person.custom_fields,
            status: contact.status,
            attempts: contact.attempts,
            last_contacted: contact.last_contacted,
            held_reason: contact.held_reason,
            next_attempt_at: (contact.next_attempt_at < far_future()).then_some(contact.next_attempt_at),
            created_at: contact.created_at,
        }
    }
}

/// A page of contacts.
#[derive(Serialize, ToSchema)]
#[schema(as = ContactPage)]
pub(super) struct Page {
    contacts: Vec<Shown>,
    /// Goes into `after` for the next page; null at the end.
    next: Option<ContactId>,
}

/// In which order.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
pub(super) enum Order {
    /// The oldest first.
    #[default]
    #[serde(rename = "createdAt")]
    Oldest,
    /// The newest first.
    #[serde(rename = "-createdAt")]
    Newest,
}

/// Which contacts.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct List {
    status: Option<ContactStatus>,
    after: Option<ContactId>,
    #[serde(default)]
    #[param(inline)]
    sort: Order,
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

/// List a campaign's contacts
///
/// Pages do not shift when contacts come in meanwhile.
#[utoipa::path(get, path = "/api/v1/campaigns/{id}/contacts", tag = "Contacts", security(("bearer" = ["look"])),
    params(("id" = CampaignId, Path), List), responses((status = 200, body = Page)))]
pub(super) async fn list(
    State(app): State<App>,
    permit: May<Look>,
    Id(id, _): Id<CampaignId>,
    Ask(List { status, after, sort, limit }, _): Ask<List>,
) -> Result<Json<Page>, Refused> {
    let campaign = find_campaign(&app, permit.caller(), id).await?;
    let limit = paging::limit(limit);
    let page = ContactPage { status, after, newest_first: matches!(sort, Order::Newest), limit };
    let contacts = app.store.contacts(&campaign.organization_id, campaign.id, &page).await?;
    let next = paging::next(&contacts, limit, |c| c.id);
    Ok(Json(Page { contacts: contacts.into_iter().map(Shown::from).collect(), next }))
}

async fn find(app: &App, caller: &Caller, id: ContactId) -> Result<Contact, Problem> {
    let found = app.store.contact(&caller.organization_id, id).await?;
    found.filter(|c| caller.covers(c.campaign_id)).ok_or_else(|| Problem::not_found(format!("contact {id}")))
}

/// One contact
#[utoipa::path(get, path = "/api/v1/contacts/{id}", tag = "Contacts", security(("bearer" = ["look"])),
    params(("id" = ContactId, Path)), responses((status = 200, body = Shown)))]
pub(super) async fn one(
    State(app): State<App>,
    permit: May<Look>,
    Id(id, _): Id<ContactId>,
) -> Result<Json<Shown>, Refused> {
    Ok(Json(find(&app, permit.caller(), id).await?.into()))
}

/// A contact as given: what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = ContactGiven)]
pub(super) struct Given {
    first_name: Option<String>,
    last_name: Option<String>,
    phone: Option<String>,
    /// Further numbers, in the order in which they are called after it; at most four.
    #[schema(max_items = 4)]
    alternate_phones: Option<Vec<String>>,
    email: Option<String>,
    company: Option<String>,
    state: Option<String>,
    postal_code: Option<String>,
    timezone: Option<String>,
    consent: Option<Consent>,
    /// The higher, the earlier.
    #[schema(minimum = -99, maximum = 99)]
    priority: Option<i32>,
    custom_fields: Option<BTreeMap<String, String>>,
}

fn apply(person: &mut NewContact, given: Given, region: &str) -> Result<(), Problem> {
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
    if let Some(others) = given.alternate_phones {
        if others.len() > numbers::MOST {
            let message = format!("alternatePhones has more than {} numbers", numbers::MOST);
            return Err(Problem::field("alternatePhones", message));
        }
        let read = |text: &String| {
            Phone::parse(text, region).map_err(|e| Problem::field("alternatePhones", e.to_string()))
        };
        person.alternates = others.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    }
    // Also where only the main number is another now.
    person.alternates = numbers::distinct(&person.phone, std::mem::take(&mut person.alternates));
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
    if let Some(priority) = given.priority {
        if !(-99..=99).contains(&priority) {
            return Err(Problem::field("priority", format!("priority is {priority}; use -99 to 99")));
        }
        person.priority = priority;
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

/// Add one contact
#[utoipa::path(post, path = "/api/v1/campaigns/{id}/contacts", tag = "Contacts", security(("bearer" = ["campaigns"])),
    params(("id" = CampaignId, Path)), request_body = Given, responses((status = 201, body = Shown)))]
pub(super) async fn create(
    State(app): State<App>,
    permit: May<EditCampaigns>,
    Id(id, _): Id<CampaignId>,
    Body(given, _): Body<Given>,
) -> Result<(StatusCode, Json<Shown>), Refused> {
    let made =
        commands::audited(&app, permit.caller(), "contact.create", &id.to_string(), json!({}), async {
            let campaign = find_campaign(&app, permit.caller(), id).await?;
            let missing = || Problem::field("phone", "phone must be given");
            let phone = phone(&app, given.phone.as_deref().ok_or_else(missing)?)?;
            let mut person = NewContact::numbered(phone.clone());
            apply(&mut person, given, &app.settings.dialer.region)?;
            let mut import = app.store.import(&campaign, ImportMode::Whole, Utc::now()).await?;
            if !import.add(&[person], 1, 0).await?.already_there.is_empty() {
                return Err(Problem::new(Code::Conflict, "the campaign has this number already"));
            }
            import.finish().await?;
            app.dialer.nudge(id);
            let all = app.store.contacts_of(permit.organization(), phone.as_str()).await?;
            let made = all.into_iter().find(|c| c.campaign_id == id);
            made.ok_or_else(|| Problem::not_found("the contact that was just made"))
        })
        .await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// Change a contact
#[utoipa::path(patch, path = "/api/v1/contacts/{id}", tag = "Contacts", security(("bearer" = ["campaigns"])),
    params(("id" = ContactId, Path)), request_body = Given, responses((status = 200, body = Shown)))]
pub(super) async fn update(
    State(app): State<App>,
    permit: May<EditCampaigns>,
    Id(id, _): Id<ContactId>,
    Body(given, _): Body<Given>,
) -> Result<Json<Shown>, Refused> {
    let contact =
        commands::audited(&app, permit.caller(), "contact.update", &id.to_string(), json!({}), async {
            let mut contact = find(&app, permit.caller(), id).await?;
            let with_consent = given.consent.is_some();
            apply(&mut contact.person, given, &app.settings.dialer.region)?;
            let change = Change::SaveContact {
                organization_id: permit.organization().clone(),
                contact_id: id,
                person: Box::new(contact.person.clone()),
                with_consent,
                at: Utc::now(),
            };
            app.journal.commit(vec![change]).await?;
            app.dialer.nudge(contact.campaign_id);
            find(&app, permit.caller(), id).await
        })
        .await?;
    Ok(Json(contact.into()))
}

/// Change a contact, as existing users ask for it
#[utoipa::path(put, path = "/api/v1/contacts/{id}", tag = "Contacts", security(("bearer" = ["campaigns"])),
    params(("id" = ContactId, Path)), request_body = Given, responses((status = 200, body = Shown)))]
pub(super) async fn replace(
    app: State<App>,
    permit: May<EditCampaigns>,
    id: Id<ContactId>,
    body: Body<Given>,
) -> Result<Json<Shown>, Refused> {
    update(app, permit, id, body).await
}

/// Remove a contact
#[utoipa::path(delete, path = "/api/v1/contacts/{id}", tag = "Contacts", security(("bearer" = ["campaigns"])),
    params(("id" = ContactId, Path)), responses((status = 204)))]
pub(super) async fn delete(
    State(app): State<App>,
    permit: May<EditCampaigns>,
    Id(id, _): Id<ContactId>,
) -> Result<StatusCode, Refused> {
    commands::audited(&app, permit.caller(), "contact.delete", &id.to_string(), json!({}), async {
        find(&app, permit.caller(), id).await?;
        let organization_id = permit.organization().clone();
        app.journal.commit(vec![Change::DeleteContact { organization_id, contact_id: id }]).await?;
        Ok(())
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What to do with many contacts.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Action {
    /// To be called again as if new; what is on the do-not-call list stays there.
    Reset,
    /// Removed.
    Delete,
}

/// Many contacts, and what to do with them.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Bulk {
    action: Action,
    /// At most 1000.
    #[schema(max_items = 1000)]
    ids: Vec<ContactId>,
}

/// What became of one of them.
#[derive(Serialize, ToSchema)]
pub(super) struct BulkResult {
    id: ContactId,
    /// `done`, or the problem's code and message.
    result: String,
}

/// What became of them, in the order in which they were given.
#[derive(Serialize, ToSchema)]
pub(super) struct BulkResults {
    results: Vec<BulkResult>,
}

/// Reset or remove many contacts
#[utoipa::path(post, path = "/api/v1/contacts/bulk", tag = "Contacts", security(("bearer" = ["campaigns"])),
    request_body = Bulk, responses((status = 200, body = BulkResults)))]
pub(super) async fn bulk(
    State(app): State<App>,
    permit: May<EditCampaigns>,
    Body(Bulk { action, ids }, _): Body<Bulk>,
) -> Result<Json<BulkResults>, Refused> {
    let detail = json!({ "action": action, "count": ids.len() });
    let results = commands::audited(&app, permit.caller(), "contacts.bulk", "", detail, async {
        if ids.len() > 1000 {
            return Err(Problem::field("ids", "ids has more than 1000 entries; ask in several requests"));
        }
        let one = async |id: ContactId| -> Result<(), Problem> {
            let contact = find(&app, permit.caller(), id).await?;
            let organization_id = permit.organization().clone();
            let change = match action {
                Action::Reset => Change::ResetContact { organization_id, contact_id: id, at: Utc::now() },
                Action::Delete => Change::DeleteContact { organization_id, contact_id: id },
            };
            app.journal.commit(vec![change]).await?;
            app.dialer.nudge(contact.campaign_id);
            Ok(())
        };
        let mut results = Vec::with_capacity(ids.len());
        for id in ids {
            let result = match one(id).await {
                Ok(()) => "done".to_owned(),
                Err(problem) => format!("{}: {}", problem.code, problem.message),
            };
            results.push(BulkResult { id, result });
        }
        Ok(results)
    })
    .await?;
    Ok(Json(BulkResults { results }))
}

/// Which contacts of a campaign are to be called again as if new.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ListReset)]
pub(super) struct Reset {
    /// Those in these states: `retry`, `held`, `contacted`, `completed`, `failed`.
    #[schema(min_items = 1, max_items = 10)]
    statuses: Vec<ContactStatus>,
}

/// How many there were.
#[derive(Serialize, ToSchema)]
#[schema(as = ListWasReset)]
pub(super) struct WasReset {
    contacts: i64,
}

/// Reset a campaign's list
///
/// Contacts in the given states are called again as if new, with their attempts counted from the beginning. Whoever is in a
/// call stays in it, and whoever does not want to be called stays on the list.
#[utoipa::path(post, path = "/api/v1/campaigns/{id}/reset", tag = "Contacts", security(("bearer" = ["campaigns"])),
    params(("id" = CampaignId, Path)), request_body = Reset, responses((status = 200, body = WasReset)))]
pub(super) async fn reset(
    State(app): State<App>,
    permit: May<EditCampaigns>,
    Id(id, _): Id<CampaignId>,
    Body(Reset { statuses }, _): Body<Reset>,
) -> Result<Json<WasReset>, Refused> {
    let detail = json!({ "statuses": statuses });
    let contacts =
        commands::audited(&app, permit.caller(), "campaign.reset", &id.to_string(), detail, async {
            reset_list(&app, permit.caller(), id, statuses).await
        })
        .await?;
    Ok(Json(WasReset { contacts }))
}

/// Does it, for REST and the console alike; gives how many there were.
pub(super) async fn reset_list(
    app: &App,
    caller: &Caller,
    id: CampaignId,
    statuses: Vec<ContactStatus>,
) -> Result<i64, Problem> {
    let untouched = |status: &ContactStatus| {
        matches!(status, ContactStatus::New | ContactStatus::Pending | ContactStatus::DoNotCall)
    };
    if statuses.is_empty() || statuses.iter().any(untouched) {
        let message = "statuses must name some of retry, held, contacted, completed, failed";
        return Err(Problem::field("statuses", message));
    }
    let campaign = find_campaign(app, caller, id).await?;
    let organization_id = campaign.organization_id;
    let change = Change::ResetList { organization_id, campaign_id: id, statuses, at: Utc::now() };
    let events = app.journal.commit(vec![change]).await?;
    app.dialer.nudge(id);
    let count = events.iter().find_map(|event| match event.body {
        EventBody::ListReset { contacts } => Some(contacts),
        _ => None,
    });
    Ok(count.unwrap_or(0))
}
