//! Exports: streamed, a page of the record at a time, as CSV or JSON lines. What a spreadsheet would compute is defused.

use super::extract::{Ask, Id, May};
use super::law::Entry;
use super::problem::Refused;
use super::{App, campaigns, commands};
use crate::domain::caller::{Export, ManageUsers};
use crate::domain::contact::Contact;
use crate::domain::spreadsheet::cell;
use crate::storage::ContactPage;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use dialdeck_protocol::{
    CallFilter, CallStatus, CampaignId, ContactId, Emotion, HistoryRow, Outcome, Problem,
};
use futures_util::stream;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

/// Rows read from the record at a time.
const PAGE: i64 = 500;

/// In which form.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Form {
    /// Comma-separated, with a header.
    #[default]
    Csv,
    /// JSON lines.
    Jsonl,
}

/// In which form.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct As {
    #[serde(default)]
    #[param(inline)]
    format: Form,
}

/// A row that can be written in both forms.
trait Row: Serialize {
    const HEADER: &'static [&'static str];
    fn cells(&self) -> Vec<String>;
}

fn csv_line<S: AsRef<str>>(cells: &[S]) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let _ = writer.write_record(cells.iter().map(AsRef::as_ref));
    writer.into_inner().unwrap_or_default()
}

/// Streams pages until one has no next. An error in the middle breaks the stream off, so that nobody takes a part for
/// the whole.
fn pages<K, T, F, Fut>(first: Vec<u8>, page: F, write: impl Fn(&T) -> Vec<u8> + Send + 'static) -> Body
where
    K: Send + 'static,
    T: Send + 'static,
    F: Fn(Option<K>) -> Fut + Send + 'static,
    Fut: Future<Output = Result<(Vec<T>, Option<K>), Problem>> + Send,
{
    enum At<K> {
        Head(Vec<u8>),
        Page(Option<K>),
        End,
    }
    Body::from_stream(stream::unfold((At::Head(first), page, write), |(at, page, write)| async move {
        match at {
            At::Head(bytes) => Some((Ok(Bytes::from(bytes)), (At::Page(None), page, write))),
            At::Page(after) => match page(after).await {
                Ok((rows, next)) => {
                    let bytes: Vec<u8> = rows.iter().flat_map(&write).collect();
                    let at = next.map_or(At::End, |k| At::Page(Some(k)));
                    Some((Ok(Bytes::from(bytes)), (at, page, write)))
                }
                Err(problem) => {
                    tracing::warn!(%problem, "an export broke off");
                    Some((Err(std::io::Error::other(problem.to_string())), (At::End, page, write)))
                }
            },
            At::End => None,
        }
    }))
}

fn json_line(row: &impl Serialize) -> Vec<u8> {
    let mut line = serde_json::to_vec(row).unwrap_or_default();
    line.push(b'\n');
    line
}

/// JSON lines of whatever `page` gives.
pub(super) fn lines<K, T, F, Fut>(page: F) -> Response
where
    K: Send + 'static,
    T: Serialize + Send + 'static,
    F: Fn(Option<K>) -> Fut + Send + 'static,
    Fut: Future<Output = Result<(Vec<T>, Option<K>), Problem>> + Send + 'static,
{
    let body = pages(Vec::new(), page, |row: &T| json_line(row));
    ([(header::CONTENT_TYPE, "application/x-ndjson")], body).into_response()
}

fn file<K, T, F, Fut>(name: &'static str, form: Form, page: F) -> Response
where
    K: Send + 'static,
    T: Row + Send + 'static,
    F: Fn(Option<K>) -> Fut + Send + 'static,
    Fut: Future<Output = Result<(Vec<T>, Option<K>), Problem>> + Send + 'static,
{
    if form == Form::Jsonl {
        return lines(page);
    }
    let write = |row: &T| {
        let cells: Vec<String> = row.cells().iter().map(|text| cell(text)).collect();
        csv_line(&cells)
    };
    let body = pages(csv_line(T::HEADER), page, write);
    let disposition = format!("attachment; filename=\"{name}.csv\"");
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, disposition),
    ];
    (headers, body).into_response()
}

#[derive(Serialize)]
struct ContactRow {
    #[serde(skip)]
    id: ContactId,
    first_name: String,
    last_name: String,
    phone: String,
    email: String,
    company: String,
    state: String,
    postal_code: String,
    timezone: String,
    #[serde(rename = "consent")]
    consent_basis: String,
    consent_at: String,
    consent_source: String,
    priority: i32,
    status: String,
    attempts: i32,
    custom_fields: std::collections::BTreeMap<String, String>,
}

impl From<Contact> for ContactRow {
    fn from(contact: Contact) -> Self {
        let person = contact.person;
        let consent = person.consent.as_ref();
        Self {
            id: contact.id,
            consent_basis: consent.map(|c| c.basis.clone()).unwrap_or_default(),
            consent_at: consent.and_then(|c| c.at).map(|t| t.to_rfc3339()).unwrap_or_default(),
            consent_source: consent.map(|c| c.source.clone()).unwrap_or_default(),
            first_name: person.first_name,
            last_name: person.last_name,
            phone: person.phone.as_str().to_owned(),
            email: person.email,
            company: person.company,
            state: person.state,
            postal_code: person.postal_code,
            timezone: person.timezone,
            priority: person.priority,
            status: contact.status.to_string(),
            attempts: contact.attempts,
            custom_fields: person.custom_fields,
        }
    }
}

impl Row for ContactRow {
    // The first five are the columns that existing users import: what goes out comes in again.
    const HEADER: &'static [&'static str] = &[
        "first_name",
        "last_name",
        "phone",
        "email",
        "company",
        "state",
        "postal_code",
        "timezone",
        "consent",
        "consent_at",
        "consent_source",
        "priority",
        "status",
        "attempts",
        "custom_fields",
    ];
    fn cells(&self) -> Vec<String> {
        let custom = if self.custom_fields.is_empty() {
            String::new()
        } else {
            serde_json::to_string(&self.custom_fields).unwrap_or_default()
        };
        vec![
            self.first_name.clone(),
            self.last_name.clone(),
            self.phone.clone(),
            self.email.clone(),
            self.company.clone(),
            self.state.clone(),
            self.postal_code.clone(),
            self.timezone.clone(),
            self.consent_basis.clone(),
            self.consent_at.clone(),
            self.consent_source.clone(),
            self.priority.to_string(),
            self.status.clone(),
            self.attempts.to_string(),
            custom,
        ]
    }
}

/// Export a campaign's contacts
#[utoipa::path(get, path = "/api/v1/campaigns/{id}/contacts/export", tag = "Contacts", security(("bearer" = ["export"])),
    params(("id" = CampaignId, Path), As),
    responses((status = 200, content((String = "text/csv"), (String = "application/x-ndjson")))))]
pub(super) async fn contacts(
    State(app): State<App>,
    permit: May<Export>,
    Id(id, _): Id<CampaignId>,
    Ask(As { format }, _): Ask<As>,
) -> Result<Response, Refused> {
    let campaign = campaigns::find(&app, permit.caller(), id).await?;
    let detail = json!({ "format": format });
    commands::note(&app, permit.caller(), "contacts.export", &id.to_string(), detail, "done").await;
    Ok(file("contacts", format, move |after: Option<ContactId>| {
        let (app, campaign) = (app.clone(), campaign.clone());
        async move {
            let page = ContactPage { after, limit: PAGE, ..ContactPage::default() };
            let rows = app.store.contacts(&campaign.organization_id, campaign.id, &page).await?;
            let rows: Vec<ContactRow> = rows.into_iter().map(ContactRow::from).collect();
            let next = rows.last().map(|row| row.id);
            Ok((rows, next))
        }
    }))
}

impl Row for HistoryRow {
    const HEADER: &'static [&'static str] = &[
        "id",
        "name",
        "phone",
        "status",
        "outcome",
        "duration",
        "emotion",
        "csat_score",
        "cost",
        "created_at",
        "transcript",
    ];
    fn cells(&self) -> Vec<String> {
        let word = |w: Option<&str>| w.unwrap_or_default().to_owned();
        vec![
            self.id.to_string(),
            self.name.clone(),
            self.phone.clone(),
            self.status.to_string(),
            word(self.outcome.map(dialdeck_protocol::Outcome::as_str)),
            self.duration.to_string(),
            word(self.emotion.map(dialdeck_protocol::Emotion::as_str)),
            self.csat_score.map(|s| s.to_string()).unwrap_or_default(),
            self.cost.to_string(),
            self.created_at.to_rfc3339(),
            self.transcript.clone(),
        ]
    }
}

/// Of which campaign, and in which form.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct CallsAs {
    campaign_id: Option<CampaignId>,
    outcome: Option<Outcome>,
    emotion: Option<Emotion>,
    status: Option<CallStatus>,
    /// Not before.
    from: Option<DateTime<Utc>>,
    /// Before.
    to: Option<DateTime<Utc>>,
    /// Calls in which this agent talked.
    agent: Option<String>,
    /// Calls in which all of these words were said, or stand in the name.
    #[param(max_length = 200)]
    text: Option<String>,
    #[serde(default)]
    #[param(inline)]
    format: Form,
}

/// Export calls
///
/// Newest first, with transcripts.
#[utoipa::path(get, path = "/api/v1/exports/calls", tag = "Calls", security(("bearer" = ["export"])), params(CallsAs),
    responses((status = 200, content((String = "text/csv"), (String = "application/x-ndjson")))))]
pub(super) async fn calls(
    State(app): State<App>,
    permit: May<Export>,
    Ask(asked, _): Ask<CallsAs>,
) -> Result<Response, Refused> {
    let CallsAs { campaign_id, outcome, emotion, status, from, to, agent, text, format } = asked;
    if text.as_ref().is_some_and(|text| text.chars().count() > 200) {
        return Err(Problem::field("text", "text has more than 200 characters").into());
    }
    if let Some(id) = campaign_id {
        campaigns::find(&app, permit.caller(), id).await?;
    }
    let detail = json!({
        "format": format, "campaignId": campaign_id, "outcome": outcome, "emotion": emotion, "status": status,
        "from": from, "to": to, "agent": agent.as_deref().map(|agent| crate::domain::plain::line(agent, 80)),
        "searched": text.is_some(),
    });
    commands::note(&app, permit.caller(), "calls.export", "", detail, "done").await;
    let caller = permit.caller().clone();
    let limit = Some(500);
    let which = CallFilter {
        campaign_id,
        outcome,
        emotion,
        status,
        from,
        to,
        agent,
        text,
        limit,
        ..CallFilter::default()
    };
    Ok(file("calls", format, move |after: Option<String>| {
        let (app, caller, which) = (app.clone(), caller.clone(), which.clone());
        async move {
            let filter = CallFilter { after, ..which };
            let within = caller.campaigns.as_deref();
            Ok(app.store.calls(&caller.organization_id, &filter, within).await?)
        }
    }))
}

impl Row for Entry {
    const HEADER: &'static [&'static str] = &["phone", "source", "created_at", "expires_at"];
    fn cells(&self) -> Vec<String> {
        let expires = self.expires_at.map(|at| at.to_rfc3339()).unwrap_or_default();
        vec![self.phone.clone(), self.source.clone(), self.created_at.to_rfc3339(), expires]
    }
}

/// Export the do-not-call list
#[utoipa::path(get, path = "/api/v1/exports/do-not-call", tag = "The law", security(("bearer" = ["export"])), params(As),
    responses((status = 200, content((String = "text/csv"), (String = "application/x-ndjson")))))]
pub(super) async fn do_not_call(
    State(app): State<App>,
    permit: May<Export>,
    Ask(As { format }, _): Ask<As>,
) -> Result<Response, Refused> {
    permit.caller().everywhere()?;
    let detail = json!({ "format": format });
    commands::note(&app, permit.caller(), "do_not_call.export", "", detail, "done").await;
    let organization = permit.organization().clone();
    Ok(file("do-not-call", format, move |after: Option<String>| {
        let (app, organization) = (app.clone(), organization.clone());
        async move {
            let rows = app.store.do_not_call(&organization, None, &after.unwrap_or_default(), PAGE).await?;
            let rows: Vec<Entry> = rows.into_iter().map(Entry::from).collect();
            let next = rows.last().map(|row| row.phone.clone());
            Ok((rows, next))
        }
    }))
}

/// Export users
///
/// JSON lines, without passwords.
#[utoipa::path(get, path = "/api/v1/exports/users", tag = "Users", security(("bearer" = ["users"])),
    responses((status = 200, body = String, content_type = "application/x-ndjson")))]
pub(super) async fn users(State(app): State<App>, permit: May<ManageUsers>) -> Result<Response, Refused> {
    permit.caller().everywhere()?;
    commands::note(&app, permit.caller(), "users.export", "", json!({}), "done").await;
    let organization = permit.organization().clone();
    Ok(lines(move |_: Option<()>| {
        let (app, organization) = (app.clone(), organization.clone());
        async move {
            let users = app.store.users(&organization).await?;
            let shown = |u: crate::storage::UserRow| json!({ "name": u.name, "role": u.role, "disabled": u.disabled, "campaigns": u.campaigns });
            Ok((users.into_iter().map(shown).collect::<Vec<_>>(), None))
        }
    }))
}

/// Export scripts
///
/// JSON lines that can be imported again.
#[utoipa::path(get, path = "/api/v1/exports/scripts", tag = "Scripts", security(("bearer" = ["export"])),
    responses((status = 200, body = String, content_type = "application/x-ndjson")))]
pub(super) async fn scripts(State(app): State<App>, permit: May<Export>) -> Result<Response, Refused> {
    commands::note(&app, permit.caller(), "scripts.export", "", json!({}), "done").await;
    let organization = permit.organization().clone();
    Ok(lines(move |_: Option<()>| {
        let (app, organization) = (app.clone(), organization.clone());
        async move {
            let scripts = app.store.scripts(&organization).await?;
            let shown = |(_, name, body): (_, String, crate::domain::script::Script)| json!({ "name": name, "body": body });
            Ok((scripts.into_iter().map(shown).collect::<Vec<_>>(), None))
        }
    }))
}
