//! One round: what changed there is read, and each lead that changed on either side is settled.

use super::plan::{Plan, plan};
use crate::api::App;
use crate::connectors::vicidial::Connector;
use crate::connectors::vicidial::action::Request;
use crate::connectors::vicidial::leads::{LeadReader, LeadRow};
use crate::connectors::vicidial::wire::{Class, Trouble};
use crate::domain::campaign::Campaign;
use crate::domain::contact::{Consent, Contact, NewContact};
use crate::domain::ending;
use crate::domain::lead_merge::Agreed;
use crate::domain::lead_sync::LeadSync;
use crate::domain::phone::Phone;
use crate::storage::journal::CommitError;
use crate::storage::leads::{DO_NOT_CALL, ForeignCall, LinkRow, Pair, STATUS, SeenLead, Settled};
use crate::storage::{Change, Refusal};
use chrono::{DateTime, Utc};
use dialdeck_protocol::{CallId, OrganizationId, Outcome};

/// Leads that are read, or settled, at once.
const PAGE: i64 = 200;
/// Pages of one list in a round: what is new by the hundred thousand comes in the next ones.
const PAGES: usize = 20;
/// Numbers of the do-not-call list in a round.
const NUMBERS: i64 = 5000;
/// When a contact or lead that is in a call is looked at again.
const IN_CALL: chrono::Duration = chrono::Duration::seconds(20);
/// Waits between tries of what VICIdial did not take, by the number of tries.
const AGAIN: [i64; 6] = [5, 15, 60, 300, 900, 3600];

/// One campaign and one VICIdial.
pub(super) struct Round<'a> {
    pub app: &'a App,
    pub connector: &'a Connector,
    pub sync: &'a LeadSync,
}

impl Round<'_> {
    fn pair(&self) -> Pair {
        Pair {
            organization_id: OrganizationId(self.connector.settings.organization.clone()),
            vicidial: self.connector.name.clone(),
            campaign_id: self.sync.campaign_id,
        }
    }

    fn region(&self) -> &str {
        &self.app.settings.dialer.region
    }

    /// Looks at both sides. `listed`: also at VICIdial's do-not-call list, which is the same for all campaigns.
    pub async fn run(&self, reader: &mut LeadReader, listed: bool) -> Result<(), String> {
        let pair = self.pair();
        let campaign = self.app.store.campaign(&pair.organization_id, pair.campaign_id).await;
        let campaign = campaign.map_err(|error| error.to_string())?;
        let campaign = campaign.ok_or("the campaign is not there any more")?;
        let now = reader.now().await.map_err(|error| error.to_string())?;
        let ahead = now - Utc::now().timestamp();
        if listed {
            self.read_never(reader).await?;
        }
        for list in &self.sync.lists {
            for _ in 0..PAGES {
                if !self.read(reader, &campaign, *list).await? {
                    break;
                }
            }
        }
        loop {
            let due = self.app.store.leads_due(&pair, Utc::now(), PAGE).await;
            let due = due.map_err(|error| error.to_string())?;
            if due.is_empty() || self.app.closing.is_cancelled() {
                return Ok(());
            }
            let ids: Vec<i64> = due.iter().map(|link| link.lead_id).collect();
            let leads = reader.leads(&ids).await.map_err(|error| error.to_string())?;
            for link in due {
                let settled = match leads.get(&link.lead_id) {
                    Some(lead) => self.settle(reader, &campaign, &link, lead, ahead).await?,
                    // Deleted there: nothing is left to keep the same.
                    None => settled(&link, None),
                };
                let kept = self.app.store.lead_settled(&pair, &settled).await;
                kept.map_err(|error| error.to_string())?;
            }
        }
    }

    /// Reads one page of what changed in a list. True when there may be more.
    async fn read(&self, reader: &mut LeadReader, campaign: &Campaign, list: i64) -> Result<bool, String> {
        let (pair, store) = (self.pair(), &self.app.store);
        let what = format!("{}/{list}", pair.campaign_id);
        let mark = store.lead_mark(&pair.vicidial, &what).await.map_err(|error| error.to_string())?;
        let mark = mark.map_or((0, 0), |(at, place)| (at, place.parse().unwrap_or(0)));
        let rows = reader.changed(list, mark, PAGE).await.map_err(|error| error.to_string())?;
        let Some(last) = rows.last() else { return Ok(false) };
        let mark = (last.modified_at, last.lead_id.to_string());
        let numbered: Vec<(&LeadRow, Phone)> = rows
            .iter()
            .filter_map(|lead| Some((lead, self.number(&lead.phone_code, &lead.phone_number)?)))
            .collect();
        let phones: Vec<String> = numbered.iter().map(|(_, phone)| phone.as_str().to_owned()).collect();
        let known = || async { store.contacts_numbered(pair.campaign_id, &phones).await };
        let mut contacts = known().await.map_err(|error| error.to_string())?;
        if self.sync.adds_contacts {
            let fresh: Vec<NewContact> = numbered
                .iter()
                .filter(|(_, phone)| !contacts.contains_key(phone.as_str()))
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
        Ok(rows.len() >= usize::try_from(PAGE).unwrap_or(usize::MAX))
    }

    fn number(&self, code: &str, digits: &str) -> Option<Phone> {
        let code = if code.is_empty() { &self.connector.settings.phone_code } else { code };
        Phone::with_country(code, digits, self.region()).ok()
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

    /// Takes a page of VICIdial's do-not-call list: whoever stands there is called by nobody.
    async fn read_never(&self, reader: &mut LeadReader) -> Result<(), String> {
        let (pair, store) = (self.pair(), &self.app.store);
        let mark = store.lead_mark(&pair.vicidial, DO_NOT_CALL).await.map_err(|error| error.to_string())?;
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
        let phones: Vec<String> =
            numbers.iter().filter_map(|digits| Some(self.number("", digits)?.as_str().to_owned())).collect();
        let fresh =
            store.not_listed(&pair.organization_id, &phones).await.map_err(|error| error.to_string())?;
        if !fresh.is_empty() {
            let change = Change::DoNotCallList {
                organization_id: pair.organization_id.clone(),
                phones: fresh.clone(),
                source: format!("VICIdial {}", pair.vicidial),
                at: Utc::now(),
            };
            self.app.journal.commit(vec![change]).await.map_err(|error| error.to_string())?;
            for phone in &fresh {
                self.app.dialer.end_number(&pair.organization_id, phone);
            }
        }
        let noted = store.leads_seen(&pair, DO_NOT_CALL, &(0, place), &[], Utc::now()).await;
        noted.map_err(|error| error.to_string())
    }

    /// Does what a lead and its contact need.
    async fn settle(
        &self,
        reader: &mut LeadReader,
        campaign: &Campaign,
        link: &LinkRow,
        lead: &LeadRow,
        ahead: i64,
    ) -> Result<Settled, String> {
        let pair = self.pair();
        let contact = self.app.store.contact(&pair.organization_id, link.contact_id).await;
        let Some(contact) = contact.map_err(|error| error.to_string())? else {
            return Ok(settled(link, None));
        };
        let mut plan = plan(self.sync, link, &contact, lead, ahead);
        let mut settled = settled(link, plan.is_in_call.then(|| Utc::now() + IN_CALL));
        settled.done = std::mem::take(&mut plan.done);
        if plan.take_never {
            self.never(&contact, &pair).await?;
        }
        if !plan.take.is_empty() && !self.take(&contact, &plan).await? {
            // In a call here: its fields are looked at again when it is over.
            settled.again_at = Some(Utc::now() + IN_CALL);
            for field in plan.take.keys() {
                match link.agreed.get(field) {
                    Some(before) => drop(plan.agreed.insert(field.clone(), before.clone())),
                    None => drop(plan.agreed.remove(field)),
                }
                settled.done.retain(|(done, _)| done != field);
            }
        }
        if let Some(outcome) = plan.take_status {
            self.take_status(reader, campaign, &contact, lead, outcome).await?;
        }
        self.give(reader, &contact, link, lead, &mut plan, &mut settled).await?;
        settled.agreed = plan.agreed;
        Ok(settled)
    }

    async fn never(&self, contact: &Contact, pair: &Pair) -> Result<(), String> {
        let phone = contact.person.phone.as_str().to_owned();
        let change = Change::DoNotCall {
            organization_id: pair.organization_id.clone(),
            phone: phone.clone(),
            source: format!("VICIdial {}", pair.vicidial),
            call_id: None,
            at: Utc::now(),
        };
        self.app.journal.commit(vec![change]).await.map_err(|error| error.to_string())?;
        self.app.dialer.end_number(&pair.organization_id, &phone);
        Ok(())
    }

    /// False where the contact is in a call.
    async fn take(&self, contact: &Contact, plan: &Plan) -> Result<bool, String> {
        let mut person = contact.person.clone();
        for (field, value) in &plan.take {
            person.set_field(field, value.clone());
        }
        let change = Change::SaveContact {
            organization_id: contact.organization_id.clone(),
            contact_id: contact.id,
            person: Box::new(person),
            with_consent: false,
            at: Utc::now(),
        };
        match self.app.journal.commit(vec![change]).await {
            Ok(_) => {
                self.app.dialer.nudge(contact.campaign_id);
                Ok(true)
            }
            Err(CommitError::Refused(Refusal::InUse(_))) => Ok(false),
            Err(error) => Err(error.to_string()),
        }
    }

    async fn take_status(
        &self,
        reader: &mut LeadReader,
        campaign: &Campaign,
        contact: &Contact,
        lead: &LeadRow,
        outcome: Outcome,
    ) -> Result<(), String> {
        let (pair, now) = (self.pair(), Utc::now());
        let call = reader.last_call(lead.lead_id).await.map_err(|error| error.to_string())?;
        let call = call.filter(|call| call.status == lead.status).unwrap_or_default();
        // Without its log the lead's own change stands for the call.
        let (id, placed) = if call.uniqueid.is_empty() {
            (format!("{}-{}", lead.lead_id, lead.modified_at), lead.modified_at)
        } else {
            (call.uniqueid.clone(), call.placed_at)
        };
        let agent = if call.user.is_empty() { lead.user.clone() } else { call.user };
        let change = Change::ForeignCall(Box::new(ForeignCall {
            call_id: CallId(format!("vicidial-{}-{id}", pair.vicidial)),
            pair,
            contact_id: contact.id,
            name: contact.person.display_name(),
            phone: contact.person.phone.as_str().to_owned(),
            agent,
            status: lead.status.clone(),
            outcome,
            placed_at: DateTime::from_timestamp(placed, 0).unwrap_or(now),
            duration: i32::try_from(call.seconds).unwrap_or(0),
            contact: ending::contact_after(outcome, contact.attempts.max(1), &campaign.call_settings, now),
            at: now,
        }));
        self.app.journal.commit(vec![change]).await.map(|_| ()).map_err(|error| error.to_string())
    }

    /// Tells VICIdial what changed here.
    async fn give(
        &self,
        reader: &mut LeadReader,
        contact: &Contact,
        link: &LinkRow,
        lead: &LeadRow,
        plan: &mut Plan,
        settled: &mut Settled,
    ) -> Result<(), String> {
        let at =
            |field: &str| link.changes.iter().find(|change| change.field == field).map(|change| change.at);
        if plan.give_never {
            let said = self
                .call(
                    "add_dnc_phone",
                    &[("phone_number", &lead.phone_number), ("campaign_id", "SYSTEM_INTERNAL")],
                )
                .await;
            match said {
                Err(trouble) if trouble.class != Class::Duplicate => {
                    refuse(settled, link, &[DO_NOT_CALL], &trouble);
                }
                _ => settled.done.extend(at(DO_NOT_CALL).map(|at| (DO_NOT_CALL.to_owned(), at))),
            }
        }
        if plan.give.is_empty() && plan.give_status.is_none() {
            return Ok(());
        }
        let id = lead.lead_id.to_string();
        let mut args = vec![("lead_id", id.as_str())];
        args.extend(plan.give.iter().map(|(field, column)| (column.as_str(), contact.person.field(field))));
        args.extend(plan.give_status.as_deref().map(|status| ("status", status)));
        let fields: Vec<&str> =
            plan.give.keys().map(String::as_str).chain(plan.give_status.as_ref().map(|_| STATUS)).collect();
        if let Err(trouble) = self.call("update_lead", &args).await {
            refuse(settled, link, &fields, &trouble);
            return Ok(());
        }
        // What VICIdial made of it: it cuts what is too long, and drops what it does not like.
        let fresh = reader.leads(&[lead.lead_id]).await.map_err(|error| error.to_string())?;
        let fresh = fresh.get(&lead.lead_id).unwrap_or(lead);
        for (field, column) in &plan.give {
            let theirs = fresh.cells.get(column.as_str()).cloned().unwrap_or_default();
            plan.agreed
                .insert(field.clone(), Agreed { ours: contact.person.field(field).to_owned(), theirs });
        }
        if plan.give_status.is_some() {
            let agreed = Agreed { ours: String::new(), theirs: fresh.status.clone() };
            plan.agreed.insert(STATUS.to_owned(), agreed);
        }
        settled.done.extend(fields.iter().filter_map(|field| Some(((*field).to_owned(), at(field)?))));
        Ok(())
    }

    async fn call(&self, function: &str, args: &[(&str, &str)]) -> Result<(), Trouble> {
        let unknown = || Trouble::new(Class::NoSuchFunction, function);
        let request = Request::of(function, args).ok_or_else(unknown)?;
        self.connector.call(&request).await.map(|_| ())
    }
}

fn settled(link: &LinkRow, again_at: Option<DateTime<Utc>>) -> Settled {
    Settled {
        lead_id: link.lead_id,
        contact_id: link.contact_id,
        agreed: link.agreed.clone(),
        done: Vec::new(),
        refused: Vec::new(),
        due_at: link.due_at,
        again_at,
    }
}

/// VICIdial did not take it: said to people, and tried again, less and less often.
fn refuse(settled: &mut Settled, link: &LinkRow, fields: &[&str], trouble: &Trouble) {
    let why = crate::connectors::vicidial::discretion::discreet(&trouble.message, &[]);
    let why = format!("{}: {}", trouble.class.word(), crate::domain::plain::line(&why, 200));
    let tries = link.changes.iter().filter(|change| fields.contains(&change.field.as_str()));
    let tries = tries.map(|change| usize::try_from(change.tries).unwrap_or(0)).max().unwrap_or(0);
    settled.refused.extend(fields.iter().map(|field| ((*field).to_owned(), why.clone())));
    let pause = AGAIN[tries.min(AGAIN.len() - 1)];
    settled.again_at = Some(Utc::now() + chrono::Duration::seconds(pause));
}
