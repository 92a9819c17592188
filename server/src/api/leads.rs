//! What an agent sees of a contact, and why a number was called or not.

use super::App;
use super::listing;
use super::persons::phone;
use crate::domain::caller::Caller;
use crate::domain::catalog::KnowledgeEntry;
use crate::domain::gate::Voice;
use chrono::Utc;
use dialdeck_protocol::knowledge::Known;
use dialdeck_protocol::{Answer, CallFilter, CampaignId, ContactId, Problem};

/// Calls of the past that are shown with a contact.
const CALLS: u32 = 5;
/// Decisions that are shown.
const DECISIONS: usize = 50;

/// A contact with its fields, its last calls, and what the law says of a call now.
pub(super) async fn lead(app: &App, caller: &Caller, id: ContactId) -> Result<Answer, Problem> {
    let missing = || Problem::not_found(format!("contact {id}"));
    let contact = app.store.contact(&caller.organization_id, id).await?.ok_or_else(missing)?;
    if !caller.covers(contact.campaign_id) {
        return Err(missing());
    }
    let campaign =
        app.store.campaign(&caller.organization_id, contact.campaign_id).await?.ok_or_else(missing)?;
    let decision = app.dialer.judge(&campaign.call_settings, &contact, Voice::Person, Utc::now()).await?;
    let person = &contact.person;
    let mut fields: Vec<(String, String)> = [
        ("name", person.display_name()),
        ("phone", person.phone.as_str().to_owned()),
        ("company", person.company.clone()),
        ("email", person.email.clone()),
        ("state", person.state.clone()),
        ("zone", decision.zones.join(", ")),
        ("status", contact.status.to_string()),
        ("attempts", contact.attempts.to_string()),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .map(|(name, value)| (name.to_owned(), value))
    .collect();
    fields.extend(person.custom_fields.iter().map(|(name, value)| (name.clone(), value.clone())));
    let filter = CallFilter { contact_id: Some(id), limit: Some(CALLS), ..CallFilter::default() };
    let (mut calls, _) =
        app.store.calls(&caller.organization_id, &filter, caller.campaigns.as_deref()).await?;
    calls.retain(|call| call.status.is_final());
    let (allowed, verdict) = (decision.is_allowed(), decision.reason);
    let zone = decision.zones.first().cloned().unwrap_or_default();
    Ok(Answer::Lead { contact_id: id, fields, calls, verdict, allowed, zone })
}

/// Why a number was called, or not: what holds now, and what was decided before.
pub(super) async fn why(app: &App, caller: &Caller, text: &str) -> Result<Answer, Problem> {
    caller.everywhere()?;
    let (number, organization) = (phone(app, text)?, &caller.organization_id);
    let mut lines = Vec::new();
    if let Some(line) = listing::said(app, organization, number.as_str()).await? {
        lines.push(line);
    }
    for contact in app.store.contacts_of(organization, number.as_str()).await?.into_iter().take(20) {
        let Some(campaign) = app.store.campaign(organization, contact.campaign_id).await? else { continue };
        let people = campaign.call_settings.people.is_some();
        let voice = if people { Voice::Person } else { Voice::Artificial };
        let now = app.dialer.judge(&campaign.call_settings, &contact, voice, Utc::now()).await?;
        let name = campaign.name;
        let reason = if now.is_allowed() { "may be called" } else { now.reason.as_str() };
        lines.push(format!(
            "now, in {name}: {} after {} attempts; {reason}",
            contact.status, contact.attempts
        ));
    }
    if lines.is_empty() {
        lines.push("no contact has this number".to_owned());
    }
    let decided = app.store.decisions(organization, number.as_str()).await?;
    lines.extend(decided.into_iter().take(DECISIONS).map(|row| {
        format!("{} {}: {}", row.decided_at.format("%Y-%m-%d %H:%M:%S UTC"), row.rule, row.reason)
    }));
    Ok(Answer::Why { phone: number.as_str().to_owned(), lines })
}

/// What the knowledge base holds for a campaign's calls.
pub(super) async fn knowledge(app: &App, caller: &Caller, campaign: CampaignId) -> Result<Answer, Problem> {
    caller.within(campaign)?;
    let entries: Vec<KnowledgeEntry> = app.dialer.entries(&caller.organization_id, Some(campaign)).await?;
    let known =
        |entry: KnowledgeEntry| Known { title: entry.title, text: entry.text, keywords: entry.keywords };
    Ok(Answer::Knowledge { campaign_id: campaign, entries: entries.into_iter().map(known).collect() })
}
