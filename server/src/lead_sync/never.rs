//! VICIdial's do-not-call list, read page by page, again and again.

use crate::api::{App, listing};
use crate::connectors::vicidial::Connector;
use crate::connectors::vicidial::leads::LeadReader;
use crate::domain::do_not_call::Listing;
use crate::storage::leads::DO_NOT_CALL;
use chrono::Utc;
use dialdeck_protocol::OrganizationId;

/// Numbers in a round.
const NUMBERS: i64 = 5000;

/// Takes a page of VICIdial's do-not-call list: whoever stands there is called by nobody.
pub(super) async fn read_never(
    app: &App,
    connector: &Connector,
    reader: &mut LeadReader,
) -> Result<(), String> {
    let store = &app.store;
    let (organization, vicidial) = (OrganizationId(connector.settings.organization.clone()), &connector.name);
    let mark = store.lead_mark(vicidial, DO_NOT_CALL).await.map_err(|error| error.to_string())?;
    let after = mark.map(|(_, place)| place).unwrap_or_default();
    let numbers = match reader.do_not_call(&after, NUMBERS).await {
        Ok(numbers) => numbers,
        Err(error) => {
            return Err(format!(
                "VICIdial's do-not-call list cannot be read (SELECT on vicidial_dnc): {error}"
            ));
        }
    };
    // At its end it begins anew: who was put there meanwhile stands anywhere.
    let place = match numbers.last() {
        Some(last) if numbers.len() >= usize::try_from(NUMBERS).unwrap_or(usize::MAX) => last.clone(),
        _ => String::new(),
    };
    let phones: Vec<String> = numbers
        .iter()
        .filter_map(|digits| connector.settings.number("", digits, &app.settings.dialer.region).ok())
        .map(|phone| phone.as_str().to_owned())
        .collect();
    let fresh = store.not_listed(&organization, &phones).await.map_err(|error| error.to_string())?;
    if !fresh.is_empty() {
        let source = format!("VICIdial {vicidial}");
        let listing = Listing::for_ever(&organization, "", source, Utc::now());
        listing::put_on(app, listing, fresh).await.map_err(|problem| problem.message)?;
    }
    let noted = store.mark_read(vicidial, DO_NOT_CALL, &(0, place)).await;
    noted.map_err(|error| error.to_string())
}
