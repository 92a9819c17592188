//! A contact: a person to be called, and the consent to call them.

use super::numbers::Numbers;
use super::phone::Phone;
use chrono::{DateTime, Utc};
use dialdeck_protocol::{CallSettings, CampaignId, ContactId, ContactStatus, OrganizationId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Consent to be called by an artificial voice, as it was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Consent {
    /// What kind: `written`, `oral`, `existing customer` …, in the importer's words.
    pub basis: String,
    /// When it was given.
    pub at: Option<DateTime<Utc>>,
    /// Where it is on file.
    pub source: String,
}

/// What is known of a person before they are in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewContact {
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Number.
    pub phone: Phone,
    /// Further numbers, in the order in which they are called after it.
    pub alternates: Vec<Phone>,
    /// E-mail.
    pub email: String,
    /// Company.
    pub company: String,
    /// US state, two letters, or empty.
    pub state: String,
    /// Postal code, or empty.
    pub postal_code: String,
    /// IANA zone, or empty.
    pub timezone: String,
    /// Consent, if any.
    pub consent: Option<Consent>,
    /// The higher, the earlier: -99 to 99.
    pub priority: i32,
    /// Further columns by name.
    pub custom_fields: BTreeMap<String, String>,
}

/// A contact as it is in the store.
#[derive(Debug, Clone, PartialEq)]
pub struct Contact {
    /// Id.
    pub id: ContactId,
    /// Whose.
    pub organization_id: OrganizationId,
    /// Of which campaign.
    pub campaign_id: CampaignId,
    /// The person.
    pub person: NewContact,
    /// Where it stands.
    pub status: ContactStatus,
    /// Attempts that were made.
    pub attempts: i32,
    /// When it was last called.
    pub last_contacted: Option<DateTime<Utc>>,
    /// Why it is held, or empty.
    pub held_reason: String,
    /// When the dialer may look at it next.
    pub next_attempt_at: DateTime<Utc>,
    /// When it came in.
    pub created_at: DateTime<Utc>,
    /// Numbers of theirs that nobody has, or somebody else.
    pub dead_numbers: Vec<String>,
    /// Which of their numbers is called next, from 0.
    pub number_turn: i32,
}

impl Contact {
    /// Their numbers.
    pub fn numbers(&self) -> Numbers<'_> {
        Numbers::new(&self.person.phone, &self.person.alternates, &self.dead_numbers, self.number_turn)
    }

    /// Which debt a call to them is about, in a campaign that collects debts; empty where none is named.
    pub fn debt(&self, settings: &CallSettings) -> Option<String> {
        let field = settings.debt_field.as_ref()?;
        Some(self.person.custom_fields.get(field.trim()).cloned().unwrap_or_default())
    }

    /// The person at the number that is called next.
    pub fn callee(&self) -> NewContact {
        NewContact { phone: self.numbers().next().clone(), ..self.person.clone() }
    }
}

impl NewContact {
    /// Of whom nothing is known but the number.
    pub fn numbered(phone: Phone) -> Self {
        Self {
            first_name: String::new(),
            last_name: String::new(),
            phone,
            alternates: Vec::new(),
            email: String::new(),
            company: String::new(),
            state: String::new(),
            postal_code: String::new(),
            timezone: String::new(),
            consent: None,
            priority: 0,
            custom_fields: BTreeMap::new(),
        }
    }

    /// A field by its name, `custom.NAME` one of one's own; empty where there is none.
    pub fn field(&self, name: &str) -> &str {
        match name {
            "first_name" => &self.first_name,
            "last_name" => &self.last_name,
            "email" => &self.email,
            "company" => &self.company,
            "state" => &self.state,
            "postal_code" => &self.postal_code,
            name => name
                .strip_prefix("custom.")
                .and_then(|name| self.custom_fields.get(name))
                .map_or("", String::as_str),
        }
    }

    /// Sets a field by its name; an unknown one is left.
    pub fn set_field(&mut self, name: &str, value: String) {
        match name {
            "first_name" => self.first_name = value,
            "last_name" => self.last_name = value,
            "email" => self.email = value,
            "company" => self.company = value,
            "state" => self.state = value,
            "postal_code" => self.postal_code = value,
            name => {
                if let Some(name) = name.strip_prefix("custom.") {
                    self.custom_fields.insert(name.to_owned(), value);
                }
            }
        }
    }

    /// Name as shown: first and last, or the company, or nothing.
    pub fn display_name(&self) -> String {
        let name = format!("{} {}", self.first_name, self.last_name);
        match name.trim() {
            "" => self.company.clone(),
            name => name.to_owned(),
        }
    }
}
