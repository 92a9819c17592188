//! Both sides changed, one of them, or neither.

use super::{Plan, plan};
use crate::connectors::vicidial::leads::LeadRow;
use crate::domain::catalog::Noun;
use crate::domain::contact::{Contact, NewContact};
use crate::domain::lead_merge::Agreed;
use crate::domain::lead_sync::LeadSync;
use crate::domain::phone::Phone;
use crate::storage::leads::{DO_NOT_CALL, LeadChange, LinkRow, STATUS};
use chrono::{DateTime, Utc};
use dialdeck_protocol::{CampaignId, ContactId, ContactStatus, OrganizationId, Outcome};
use serde_json::json;
use std::collections::BTreeMap;

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(second, 0).unwrap()
}

struct Case {
    sync: LeadSync,
    link: LinkRow,
    contact: Contact,
    lead: LeadRow,
}

/// Both say Ann, and NEW, and agreed on it.
fn case() -> Case {
    let campaign_id = CampaignId::new();
    let sync = json!({ "campaignId": campaign_id, "lists": [101], "statuses": { "XSALE": "XSALE" },
        "outcomes": { "HOT": "interested" }, "fields": { "first_name": "first_name", "email": "email" } });
    let mut sync: LeadSync = serde_json::from_value(sync).unwrap();
    sync.check().unwrap();
    let mut person = NewContact::numbered(Phone::from_e164("+12025550142").unwrap());
    person.first_name = "Ann".into();
    let contact = Contact {
        id: ContactId::new(),
        organization_id: OrganizationId("default".into()),
        campaign_id,
        person,
        status: ContactStatus::New,
        attempts: 0,
        last_contacted: None,
        held_reason: String::new(),
        next_attempt_at: at(0),
        created_at: at(0),
        dead_numbers: Vec::new(),
        number_turn: 0,
    };
    let same = |text: &str| Agreed { ours: text.into(), theirs: text.into() };
    let agreed = BTreeMap::from([
        ("first_name".to_owned(), same("Ann")),
        ("email".to_owned(), same("")),
        (STATUS.to_owned(), Agreed { ours: String::new(), theirs: "NEW".into() }),
    ]);
    let link = LinkRow { lead_id: 7, contact_id: contact.id, agreed, changes: Vec::new(), due_at: at(0) };
    let cells = BTreeMap::from([("first_name", "Ann".to_owned()), ("email", String::new())]);
    let lead = LeadRow {
        lead_id: 7,
        list_id: 101,
        modified_at: 100,
        status: "NEW".into(),
        cells,
        ..LeadRow::default()
    };
    Case { sync, link, contact, lead }
}

impl Case {
    fn changed(mut self, field: &str, value: &str, second: i64) -> Self {
        let change = LeadChange { field: field.into(), value: value.into(), at: at(second), tries: 0 };
        self.link.changes.push(change);
        self
    }

    fn there(mut self, status: &str, second: i64) -> Self {
        (self.lead.status, self.lead.modified_at) = (status.into(), second);
        self
    }

    fn plan(&self) -> Plan {
        plan(&self.sync, &self.link, &self.contact, &self.lead, 0)
    }
}

#[test]
fn nothing_to_do_where_nobody_changed_anything() {
    let case = case();
    assert_eq!(case.plan(), Plan { agreed: case.link.agreed.clone(), ..Plan::default() });
}

#[test]
fn each_field_goes_its_own_way() {
    let mut case = case().changed("first_name", "", 50);
    case.contact.person.first_name = "Anna".into();
    case.lead.cells.insert("email", "ann@example.com".into());
    let plan = case.plan();
    assert_eq!(plan.give, BTreeMap::from([("first_name".to_owned(), "first_name".to_owned())]));
    assert_eq!(plan.take, BTreeMap::from([("email".to_owned(), "ann@example.com".to_owned())]));
    assert!(plan.done.is_empty(), "it is done once it is there");
}

#[test]
fn vicidials_clock_says_who_was_last() {
    let both = |second| {
        let mut case = case().changed("first_name", "", second);
        case.contact.person.first_name = "Anna".into();
        case.lead.cells.insert("first_name", "Anne".into());
        case
    };
    assert!(both(150).plan().give.contains_key("first_name"));
    assert_eq!(both(50).plan().take["first_name"], "Anne");
    assert_eq!(both(50).plan().done.len(), 1, "what lost is not tried again");
    // Our clock is slow by a hundred seconds.
    let case = both(50);
    let ahead = plan(&case.sync, &case.link, &case.contact, &case.lead, 100);
    assert!(ahead.give.contains_key("first_name"));
}

#[test]
fn dispositions_by_their_mapping() {
    let given = |value: &str| case().changed(STATUS, value, 150).plan().give_status;
    assert_eq!(given("XSALE/interested").as_deref(), Some("XSALE"));
    assert_eq!(given("INT/interested").as_deref(), Some("SALE"));
    assert_eq!(given("/busy").as_deref(), Some("B"));
    let taken = |status: &str| case().there(status, 150).plan().take_status;
    assert_eq!(taken("HOT"), Some(Outcome::Interested));
    assert_eq!(taken("NI"), Some(Outcome::NotInterested));
    assert_eq!(taken("INCALL"), None);
    // Both: the later one.
    assert_eq!(
        case().changed(STATUS, "/busy", 150).there("NI", 100).plan().give_status.as_deref(),
        Some("B")
    );
    let theirs = case().changed(STATUS, "/busy", 100).there("NI", 150).plan();
    assert_eq!(
        (theirs.take_status, theirs.give_status, theirs.done.len()),
        (Some(Outcome::NotInterested), None, 1)
    );
    // In a call its status is about to be set.
    let talking = case().changed(STATUS, "/busy", 150).there("INCALL", 100).plan();
    assert!(talking.is_in_call && talking.give_status.is_none() && talking.done.is_empty());
    // It stands there already.
    let same = case().changed(STATUS, "/not_interested", 150).there("NI", 160).plan();
    assert_eq!((same.take_status, same.give_status, same.done.len()), (None, None, 1));
}

#[test]
fn never_again_wins_whenever_it_was_said() {
    let theirs = case().changed(STATUS, "/interested", 999).there("DNC", 100).plan();
    assert!(theirs.take_never && theirs.give_status.is_none() && theirs.take_status.is_none());
    let ours = case().changed(DO_NOT_CALL, "", 10).there("SALE", 999).plan();
    assert_eq!((ours.give_never, ours.give_status.as_deref(), ours.take_status), (true, Some("DNC"), None));
    // Also on a lead that is in a call: onto the list at once, the status later.
    let talking = case().changed(DO_NOT_CALL, "", 10).there("INCALL", 999).plan();
    assert!(talking.give_never && talking.is_in_call && talking.give_status.is_none());
    // Said here before the lead was ever seen.
    let mut before = case();
    before.contact.status = ContactStatus::DoNotCall;
    before.link.agreed.clear();
    assert!(before.plan().give_never);
}

#[test]
fn what_was_called_here_is_not_undone_by_an_old_status() {
    let mut case = case().there("NA", 100);
    case.link.agreed.clear();
    case.contact.status = ContactStatus::Completed;
    assert_eq!(case.plan().take_status, None);
    case.contact.status = ContactStatus::New;
    assert_eq!(case.plan().take_status, Some(Outcome::NoAnswer));
}
