//! One lead and its contact: what each side needs is done, and what is agreed on now is given.

use super::plan::{Plan, plan};
use super::round::Round;
use crate::api::listing;
use crate::connectors::vicidial::leads::{LeadReader, LeadRow};
use crate::connectors::vicidial::wire::{Class, Trouble};
use crate::domain::campaign::Campaign;
use crate::domain::contact::Contact;
use crate::domain::do_not_call::Listing;
use crate::domain::ending;
use crate::domain::lead_merge::Agreed;
use crate::storage::journal::CommitError;
use crate::storage::leads::{DO_NOT_CALL, ForeignCall, LinkRow, Pair, STATUS, Settled};
use crate::storage::{Change, Refusal};
use chrono::{DateTime, Utc};
use dialdeck_protocol::{CallId, ContactStatus, Outcome};

/// When a contact or lead that is in a call is looked at again.
const IN_CALL: chrono::Duration = chrono::Duration::seconds(20);
/// Waits between tries of what VICIdial did not take, by the number of tries.
const AGAIN: [i64; 6] = [5, 15, 60, 300, 900, 3600];

impl Round<'_> {
    /// The lead was deleted there, or is another person's now: nothing is left to keep the same but who is never to be called.
    pub async fn gone(&self, link: &LinkRow) -> Result<Settled, String> {
        let mut settled = settled(link, None);
        settled.done = link.changes.iter().map(|change| (change.field.clone(), change.at)).collect();
        if link.change(DO_NOT_CALL).is_some()
            && let Some(contact) = self.contact(link).await?
            && let Err(trouble) = self.give_never(&contact).await
        {
            settled.done.retain(|(field, _)| field != DO_NOT_CALL);
            refuse(&mut settled, link, &[DO_NOT_CALL], &trouble);
        }
        Ok(settled)
    }

    async fn contact(&self, link: &LinkRow) -> Result<Option<Contact>, String> {
        let organization = self.pair().organization_id;
        self.app.store.contact(&organization, link.contact_id).await.map_err(|error| error.to_string())
    }

    /// The contact's number goes onto VICIdial's do-not-call list; that it is there already is well.
    async fn give_never(&self, contact: &Contact) -> Result<(), Trouble> {
        let (_, number) = contact.person.phone.country_and_national();
        let args = [("phone_number", number.as_str()), ("campaign_id", "SYSTEM_INTERNAL")];
        match self.connector.ask("add_dnc_phone", &args).await {
            Err(trouble) if trouble.class != Class::Duplicate => Err(trouble),
            _ => Ok(()),
        }
    }

    /// Does what a lead and its contact need.
    pub async fn settle(
        &self,
        reader: &mut LeadReader,
        campaign: &Campaign,
        link: &LinkRow,
        lead: &LeadRow,
        ahead: i64,
    ) -> Result<Settled, String> {
        let pair = self.pair();
        let Some(contact) = self.contact(link).await? else { return Ok(settled(link, None)) };
        if self.number(lead).as_ref() != Some(&contact.person.phone) {
            return self.gone(link).await;
        }
        let mut plan = plan(self.sync, link, &contact, lead, ahead);
        let mut settled = settled(link, plan.is_in_call.then(|| Utc::now() + IN_CALL));
        settled.done = std::mem::take(&mut plan.done);
        if contact.status == ContactStatus::Pending {
            // In a call here: all but a wish not to be called waits for its end.
            (plan.take, plan.give, plan.take_status) = Default::default();
            plan.agreed.clone_from(&link.agreed);
            settled.done.clear();
            settled.again_at = Some(Utc::now() + IN_CALL);
        }
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
        let fresh = self.app.store.not_listed(&pair.organization_id, std::slice::from_ref(&phone)).await;
        if fresh.map_err(|error| error.to_string())?.is_empty() {
            return Ok(());
        }
        let source = format!("VICIdial {}", pair.vicidial);
        let listing = Listing::for_ever(&pair.organization_id, "", source, Utc::now());
        listing::put_on(self.app, listing, vec![phone]).await.map_err(|problem| problem.message)
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
            contact: ending::contact_after(outcome, contact.attempts + 1, &campaign.call_settings, now),
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
        let at = |field: &str| link.change(field).map(|change| change.at);
        let mut listed = !plan.give_never;
        if plan.give_never {
            match self.give_never(contact).await {
                Ok(()) => listed = true,
                Err(trouble) => refuse(settled, link, &[DO_NOT_CALL], &trouble),
            }
        }
        let id = lead.lead_id.to_string();
        // By itself: a field that VICIdial does not take must not keep a status from it.
        if let Some(status) = plan.give_status.as_deref() {
            match self.connector.ask("update_lead", &[("lead_id", id.as_str()), ("status", status)]).await {
                Ok(_) => {
                    let agreed = Agreed { ours: String::new(), theirs: status.to_owned() };
                    plan.agreed.insert(STATUS.to_owned(), agreed);
                    settled.done.extend(at(STATUS).map(|at| (STATUS.to_owned(), at)));
                }
                Err(trouble) => {
                    listed = false;
                    let field = if plan.give_never { DO_NOT_CALL } else { STATUS };
                    refuse(settled, link, &[field], &trouble);
                }
            }
        }
        // It is done once it stands on the list and on the lead; until then it is given again.
        if plan.give_never && listed && !plan.is_in_call {
            plan.agreed.insert(DO_NOT_CALL.to_owned(), Agreed::default());
            settled.done.extend(at(DO_NOT_CALL).map(|at| (DO_NOT_CALL.to_owned(), at)));
        }
        if plan.give.is_empty() {
            return Ok(());
        }
        let mut args = vec![("lead_id", id.as_str())];
        args.extend(plan.give.iter().map(|(field, column)| (column.as_str(), contact.person.field(field))));
        let fields: Vec<&str> = plan.give.keys().map(String::as_str).collect();
        if let Err(trouble) = self.connector.ask("update_lead", &args).await {
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
        settled.done.extend(fields.iter().filter_map(|field| Some(((*field).to_owned(), at(field)?))));
        Ok(())
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
    // What stands in no note of ours, as at first sight, waits a minute.
    let tries = tries.map(|change| usize::try_from(change.tries).unwrap_or(0)).max().unwrap_or(2);
    settled.refused.extend(fields.iter().map(|field| ((*field).to_owned(), why.clone())));
    let pause = AGAIN[tries.min(AGAIN.len() - 1)];
    settled.again_at = Some(Utc::now() + chrono::Duration::seconds(pause));
}
