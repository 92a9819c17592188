//! `dialdeck contacts add`

use super::contacts::name;
use super::{Client, campaign, moment, table, text};
use chrono::{DateTime, Utc};
use color_eyre::eyre::{Result, eyre};
use reqwest::Method;
use serde_json::json;

/// Whom to add.
#[derive(Debug, clap::Args)]
pub struct Person {
    /// Name or id of the campaign
    #[arg(long)]
    campaign: String,
    /// Their number
    #[arg(long)]
    phone: String,
    /// Another number, called after it; may be given four times
    #[arg(long, value_name = "PHONE")]
    also: Vec<String>,
    /// First name
    #[arg(long)]
    first_name: Option<String>,
    /// Last name
    #[arg(long)]
    last_name: Option<String>,
    /// Mail address
    #[arg(long)]
    email: Option<String>,
    /// Company
    #[arg(long)]
    company: Option<String>,
    /// State, such as FL
    #[arg(long)]
    state: Option<String>,
    /// Postal code
    #[arg(long)]
    postal_code: Option<String>,
    /// Zone, such as America/Chicago
    #[arg(long)]
    timezone: Option<String>,
    /// The higher, the earlier: -99 to 99
    #[arg(long, allow_negative_numbers = true)]
    priority: Option<i32>,
    /// How they consented to calls by an artificial voice, such as written
    #[arg(long)]
    consent_basis: Option<String>,
    /// When, such as 2026-01-31
    #[arg(long, requires = "consent_basis", value_parser = moment::read)]
    consent_at: Option<DateTime<Utc>>,
    /// Where it is on file
    #[arg(long, requires = "consent_basis")]
    consent_source: Option<String>,
    /// A field of your own; may be given several times
    #[arg(long, value_name = "NAME=VALUE")]
    field: Vec<String>,
}

/// Adds them.
pub async fn add(client: &Client, given: &Person, json: bool) -> Result<()> {
    let mut body = json!({ "phone": given.phone });
    for (name, value) in [
        ("firstName", &given.first_name),
        ("lastName", &given.last_name),
        ("email", &given.email),
        ("company", &given.company),
        ("state", &given.state),
        ("postalCode", &given.postal_code),
        ("timezone", &given.timezone),
    ] {
        if let Some(value) = value {
            body[name] = json!(value);
        }
    }
    if !given.also.is_empty() {
        body["alternatePhones"] = json!(given.also);
    }
    if let Some(priority) = given.priority {
        body["priority"] = json!(priority);
    }
    if let Some(basis) = &given.consent_basis {
        let source = given.consent_source.as_deref().unwrap_or_default();
        body["consent"] = json!({ "basis": basis, "at": given.consent_at, "source": source });
    }
    for field in &given.field {
        let (name, value) =
            field.split_once('=').ok_or_else(|| eyre!("{field:?} is no field; write it as name=value"))?;
        body["customFields"][name] = json!(value);
    }
    let id = campaign::id(client, &given.campaign).await?;
    let made = client.send(Method::POST, &format!("/api/v1/campaigns/{id}/contacts"), &body).await?;
    table::print_done(&made, json, &format!("added {}: {}", name(&made), text(&made, "id")))
}
