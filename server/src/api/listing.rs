//! Puts numbers on a do-not-call list, and ends the calls in flight to them.

use super::App;
use crate::domain::do_not_call::Listing;
use crate::storage::Change;
use chrono::Utc;
use dialdeck_protocol::{OrganizationId, Problem};

/// Puts numbers on the list that `listing` tells of; its own number is not looked at. They are there when this returns.
///
/// # Errors
/// When the record is not available.
pub async fn put_on(app: &App, listing: Listing, phones: Vec<String>) -> Result<(), Problem> {
    let change = Change::DoNotCallList { listing: Box::new(listing.clone()), phones: phones.clone() };
    app.journal.commit(vec![change]).await?;
    for phone in phones {
        app.dialer.end_listed(&Listing { phone, ..listing.clone() });
    }
    Ok(())
}

/// Whether a number is on the organization's list.
///
/// # Errors
/// When the record is not available.
pub async fn has(app: &App, organization: &OrganizationId, phone: &str) -> Result<bool, Problem> {
    let phones = [phone.to_owned()];
    Ok(app.store.listed(organization, None, &phones, Utc::now()).await?.is_some())
}

/// The same in words; `None` where it is on none.
///
/// # Errors
/// When the record is not available.
pub async fn said(app: &App, organization: &OrganizationId, phone: &str) -> Result<Option<String>, Problem> {
    let listed = app.store.listed(organization, None, &[phone.to_owned()], Utc::now()).await?;
    Ok(listed.map(|listed| match listed.until {
        None => "on the do-not-call list: never called".to_owned(),
        Some(until) => until.format("on the do-not-call list until %Y-%m-%d %H:%M UTC").to_string(),
    }))
}
