//! What is to be done about one lead and its contact, so that both say the same. Pure.

use crate::connectors::vicidial::leads::LeadRow;
use crate::connectors::vicidial::status;
use crate::domain::contact::Contact;
use crate::domain::lead_merge::{Agreed, Verdict, verdict};
use crate::domain::lead_sync::LeadSync;
use crate::storage::leads::{DO_NOT_CALL, LinkRow, STATUS};
use chrono::{DateTime, Utc};
use dialdeck_protocol::{ContactStatus, Outcome};
use std::collections::BTreeMap;

/// What is to be done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Fields of the contact, and what they become.
    pub take: BTreeMap<String, String>,
    /// The disposition that was set there.
    pub take_status: Option<Outcome>,
    /// There it was said that this number is never to be called again.
    pub take_never: bool,
    /// Fields whose values go to the lead, each with its column.
    pub give: BTreeMap<String, String>,
    /// The status that goes to the lead.
    pub give_status: Option<String>,
    /// The number goes onto VICIdial's do-not-call list.
    pub give_never: bool,
    /// The lead is in a call: its status is looked at later.
    pub is_in_call: bool,
    /// What both sides agree on where nothing is to be done, or once it is done.
    pub agreed: BTreeMap<String, Agreed>,
    /// Changes of ours that need nothing any more, or that lost.
    pub done: Vec<(String, DateTime<Utc>)>,
}

/// The status that a disposition's code and outcome stand for there.
fn mapped(sync: &LeadSync, value: &str) -> Option<String> {
    let (code, outcome) = value.split_once('/').unwrap_or(("", value));
    let own = sync.statuses.get(code).or_else(|| sync.statuses.get(outcome)).cloned();
    own.or_else(|| outcome.parse().ok().map(|outcome| status::of_outcome(outcome).to_owned()))
}

/// The outcome that a status stands for here.
pub(super) fn outcome(sync: &LeadSync, status: &str) -> Option<Outcome> {
    sync.outcomes.get(status).copied().or_else(|| status::outcome(status))
}

/// Decides. `ahead`: by how many seconds VICIdial's clock is ahead of ours.
pub fn plan(sync: &LeadSync, link: &LinkRow, contact: &Contact, lead: &LeadRow, ahead: i64) -> Plan {
    let mut plan = Plan { agreed: link.agreed.clone(), ..Plan::default() };
    let when = |field: &str| link.change(field).map(|change| change.at.timestamp() + ahead);
    for (field, column) in &sync.fields {
        let ours = contact.person.field(field);
        let theirs = lead.cells.get(column.as_str()).map_or("", String::as_str);
        let same = Agreed { ours: ours.to_owned(), theirs: theirs.to_owned() };
        match verdict(link.agreed.get(field), ours, when(field), theirs, lead.modified_at) {
            Verdict::Take => {
                plan.take.insert(field.clone(), theirs.to_owned());
                plan.agreed.insert(field.clone(), Agreed { ours: theirs.to_owned(), ..same });
            }
            // How VICIdial's API empties a field was not measured: what is empty here stays there, and neither counts as changed.
            Verdict::Give if !ours.is_empty() => {
                plan.give.insert(field.clone(), column.clone());
                continue;
            }
            Verdict::Give | Verdict::Keep => drop(plan.agreed.insert(field.clone(), same)),
        }
        plan.done.extend(link.change(field).map(|change| (field.clone(), change.at)));
    }
    statuses(&mut plan, sync, link, contact, lead, ahead);
    // What is mapped to no field any more, or to none of this VICIdial's.
    let known = |field: &str| field == STATUS || field == DO_NOT_CALL || sync.fields.contains_key(field);
    plan.done.extend(link.changes.iter().filter(|c| !known(&c.field)).map(|c| (c.field.clone(), c.at)));
    plan
}

fn statuses(plan: &mut Plan, sync: &LeadSync, link: &LinkRow, contact: &Contact, lead: &LeadRow, ahead: i64) {
    let first = !link.agreed.contains_key(STATUS);
    let theirs = outcome(sync, &lead.status);
    let changed = link.agreed.get(STATUS).is_none_or(|agreed| agreed.theirs != lead.status);
    let agree = |plan: &mut Plan| {
        let agreed = Agreed { ours: String::new(), theirs: lead.status.clone() };
        plan.agreed.insert(STATUS.to_owned(), agreed);
    };
    let ours = link.change(STATUS);
    let done = |plan: &mut Plan| plan.done.extend(ours.map(|change| (STATUS.to_owned(), change.at)));
    // Never again wins over everything else, from either side, whenever it was said.
    let told = link.agreed.contains_key(DO_NOT_CALL);
    let never_ours =
        link.change(DO_NOT_CALL).is_some() || contact.status == ContactStatus::DoNotCall && !told;
    let never_theirs = theirs == Some(Outcome::DoNotCall);
    if never_ours || never_theirs {
        plan.take_never = never_theirs && contact.status != ContactStatus::DoNotCall;
        plan.give_never = never_ours;
        if never_ours && !never_theirs {
            // A lead in a call gets its status from the agent; the list keeps its number from the next one.
            plan.is_in_call = status::is_in_call(&lead.status);
            plan.give_status = (!plan.is_in_call)
                .then(|| mapped(sync, "/do_not_call"))
                .flatten()
                .filter(|status| *status != lead.status);
        }
        if plan.give_status.is_none() && !plan.is_in_call {
            agree(plan);
        }
        done(plan);
        return;
    }
    if let Some(change) = ours {
        if status::is_in_call(&lead.status) {
            plan.is_in_call = true;
            return;
        }
        let later = change.at.timestamp() + ahead > lead.modified_at;
        let wanted = mapped(sync, &change.value).filter(|status| *status != lead.status);
        let disposed_there = changed && !first && theirs.is_some();
        match wanted {
            Some(status) if later || !disposed_there => {
                plan.give_status = Some(status);
                return;
            }
            _ => done(plan),
        }
    }
    // A contact that was called here already knows better than a lead that is seen for the first time.
    let may = !first || contact.status == ContactStatus::New;
    if changed && may && ours.is_none_or(|change| mapped(sync, &change.value).as_ref() != Some(&lead.status))
    {
        plan.take_status = theirs;
    }
    agree(plan);
}

#[cfg(test)]
mod tests;
