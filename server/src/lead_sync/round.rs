//! One round: what changed there is read, and each lead that changed on either side is settled.

use super::plan::outcome;
use crate::api::App;
use crate::connectors::vicidial::Connector;
use crate::connectors::vicidial::leads::{LeadReader, LeadRow};
use crate::connectors::vicidial::status;
use crate::domain::campaign::Campaign;
use crate::domain::contact::{Consent, NewContact};
use crate::domain::lead_sync::LeadSync;
use crate::domain::phone::Phone;
use crate::storage::leads::{Pair, SeenLead};
use chrono::Utc;
use dialdeck_protocol::OrganizationId;

/// Leads that are read, or settled, at once.
const PAGE: i64 = 200;
/// Pages of one list in a round: what is new by the hundred thousand comes in the next ones.
const PAGES: usize = 20;
/// Seconds before the mark that are read again.
const OVERLAP: i64 = 60;

/// One campaign and one VICIdial.
pub(super) struct Round<'a> {
    pub app: &'a App,
    pub connector: &'a Connector,
    pub sync: &'a LeadSync,
}

impl Round<'_> {
    /// Which leads.
    pub fn pair(&self) -> Pair {
        Pair {
            organization_id: OrganizationId(self.connector.settings.organization.clone()),
            vicidial: self.connector.name.clone(),
            campaign_id: self.sync.campaign_id,
        }
    }

    /// Looks at both sides.
    pub async fn run(&self, reader: &mut LeadReader) -> Result<(), String> {
        let pair = self.pair();
        let campaign = self.app.store.campaign(&pair.organization_id, pair.campaign_id).await;
        let campaign = campaign.map_err(|error| error.to_string())?;
        let campaign = campaign.ok_or("the campaign is not there any more")?;
        let now = reader.now().await.map_err(|error| error.to_string())?;
        let ahead = now - Utc::now().timestamp();
        for list in &self.sync.lists {
            let mut from = None;
            for _ in 0..PAGES {
                from = self.read(reader, &campaign, *list, from).await?;
                if from.is_none() {
                    break;
                }
            }
        }
        // What falls due while this goes on, by what is done here among it, is the next round's.
        let begun = Utc::now();
        loop {
            let due = self.app.store.leads_due(&pair, begun, PAGE).await;
            let due = due.map_err(|error| error.to_string())?;
            if due.is_empty() || self.connector.stop.is_cancelled() {
                return Ok(());
            }
            let ids: Vec<i64> = due.iter().map(|link| link.lead_id).collect();
            let leads = reader.leads(&ids).await.map_err(|error| error.to_string())?;
            for link in due {
                let settled = match leads.get(&link.lead_id) {
                    Some(lead) => self.settle(reader, &campaign, &link, lead, ahead).await?,
                    None => self.gone(&link).await?,
                };
                let kept = self.app.store.lead_settled(&pair, &settled).await;
                kept.map_err(|error| error.to_string())?;
            }
        }
    }

    /// Reads one page of what changed in a list, from the mark or from where the page before ended; gives where the next one
    /// begins, where there may be one.
    async fn read(
        &self,
        reader: &mut LeadReader,
        campaign: &Campaign,
        list: i64,
        from: Option<(i64, i64)>,
    ) -> Result<Option<(i64, i64)>, String> {
        let (pair, store) = (self.pair(), &self.app.store);
        let what = format!("{}/{list}", pair.campaign_id);
        let mark = store.lead_mark(&pair.vicidial, &what).await.map_err(|error| error.to_string())?;
        let mark = mark.map_or((0, 0), |(at, place)| (at, place.parse().unwrap_or(0)));
        // A change may become visible a while after its own moment: a long transaction, a database that lags behind.
        let from = from.unwrap_or((mark.0 - OVERLAP, 0));
        let rows = reader.changed(list, from, PAGE).await.map_err(|error| error.to_string())?;
        let Some(last) = rows.last() else { return Ok(None) };
        let next = (last.modified_at, last.lead_id);
        let mark = mark.max(next);
        let mark = (mark.0, mark.1.to_string());
        let numbered: Vec<(&LeadRow, Phone)> =
            rows.iter().filter_map(|lead| Some((lead, self.number(lead)?))).collect();
        let phones: Vec<String> = numbered.iter().map(|(_, phone)| phone.as_str().to_owned()).collect();
        let known = || async { store.contacts_numbered(pair.campaign_id, &phones).await };
        let mut contacts = known().await.map_err(|error| error.to_string())?;
        if self.sync.adds_contacts {
            // Whom VICIdial has called already, or talks to now, is not called from here before that is known here.
            let fresh: Vec<NewContact> = numbered
                .iter()
                .filter(|(lead, phone)| {
                    !contacts.contains_key(phone.as_str())
                        && outcome(self.sync, &lead.status).is_none()
                        && !status::is_in_call(&lead.status)
                })
                .map(|(lead, phone)| self.person(lead, phone.clone()))
                .collect();
            if !fresh.is_empty() {
                let added = crate::remote_agents::add(self.app, campaign, &fresh).await;
                added.map_err(|problem| problem.message)?;
                contacts = known().await.map_err(|error| error.to_string())?;
                self.app.dialer.nudge(campaign.id);
            }
        }
        let seen = |(lead, phone): &(&LeadRow, Phone)| {
            let contact_id = *contacts.get(phone.as_str())?;
            Some(SeenLead { lead_id: lead.lead_id, list_id: lead.list_id, contact_id })
        };
        let seen: Vec<SeenLead> = numbered.iter().filter_map(seen).collect();
        let noted = store.leads_seen(&pair, &what, &mark, &seen, Utc::now()).await;
        noted.map_err(|error| error.to_string())?;
        Ok((rows.len() >= usize::try_from(PAGE).unwrap_or(usize::MAX)).then_some(next))
    }

    /// A lead's number.
    pub fn number(&self, lead: &LeadRow) -> Option<Phone> {
        let settings = &self.connector.settings;
        settings.number(&lead.phone_code, &lead.phone_number, &self.app.settings.dialer.region).ok()
    }

    fn person(&self, lead: &LeadRow, phone: Phone) -> NewContact {
        let basis = &self.connector.settings.consent_basis;
        let mut person = NewContact::numbered(phone);
        for (field, column) in &self.sync.fields {
            let value = lead.cells.get(column.as_str()).cloned().unwrap_or_default();
            if !value.is_empty() {
                person.set_field(field, value);
            }
        }
        person.consent = (!basis.is_empty()).then(|| Consent {
            basis: basis.clone(),
            at: None,
            source: format!("VICIdial {}", self.connector.name),
        });
        person
    }
}
