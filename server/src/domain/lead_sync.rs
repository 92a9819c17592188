//! How a campaign here and lists of a VICIdial are kept the same: which lists, which status stands for which outcome, which
//! column for which field.

use super::catalog::{Noun, tidy};
use dialdeck_protocol::vicidial::LEAD_FIELDS;
use dialdeck_protocol::{CampaignId, Outcome, Problem};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Fields of a contact that have a column of VICIdial's own.
pub const FIELDS: &[&str] = &["first_name", "last_name", "email", "company", "state", "postal_code"];

/// Columns of a lead that may be written to. Numbers are not among them: a column that VICIdial would call is changed by
/// people, who are asked about the law; nor is the offset, by which it is called at the right hours.
pub fn columns() -> impl Iterator<Item = &'static str> {
    let ours = |column: &&str| !matches!(*column, "alt_phone" | "address3" | "gmt_offset_now");
    LEAD_FIELDS.iter().copied().filter(ours)
}

fn main_one() -> String {
    "main".into()
}

fn usual() -> BTreeMap<String, String> {
    let same = ["first_name", "last_name", "email", "state", "postal_code"];
    same.map(|field| (field.to_owned(), field.to_owned())).into()
}

/// A campaign and lists of a VICIdial.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LeadSync {
    /// The campaign here.
    pub campaign_id: CampaignId,
    /// Which VICIdial.
    #[serde(default = "main_one")]
    pub vicidial: String,
    /// Its lists.
    pub lists: Vec<i64>,
    /// VICIdial's status for a disposition (its code) or an outcome, where it is not the usual one.
    #[serde(default)]
    pub statuses: BTreeMap<String, String>,
    /// The outcome that a status of VICIdial's stands for, where it is not the usual one.
    #[serde(default)]
    pub outcomes: BTreeMap<String, Outcome>,
    /// The lead's column for a field of the contact; `custom.NAME` is a field of one's own.
    #[serde(default = "usual")]
    pub fields: BTreeMap<String, String>,
    /// Leads that are unknown here become contacts.
    #[serde(default)]
    pub adds_contacts: bool,
    /// Not at the moment.
    #[serde(default)]
    pub paused: bool,
}

impl Noun for LeadSync {
    const KIND: &'static str = "lead_sync";
    const WHAT: &'static str = "lead sync";

    fn check(&mut self) -> Result<(), Problem> {
        tidy("vicidial", &mut self.vicidial, 1, 40)?;
        if !(1..=100).contains(&self.lists.len()) || self.lists.iter().any(|list| *list < 1) {
            return Err(Problem::field("lists", "lists must name 1 to 100 lists of VICIdial, such as [101]"));
        }
        self.lists.sort_unstable();
        self.lists.dedup();
        if self.statuses.len() > 200 || self.outcomes.len() > 200 {
            return Err(Problem::field("statuses", "statuses and outcomes may have 200 entries each"));
        }
        let is_status = |text: &str| {
            (1..=6).contains(&text.len())
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b))
        };
        for (field, status) in self
            .statuses
            .values()
            .map(|status| ("statuses", status))
            .chain(self.outcomes.keys().map(|status| ("outcomes", status)))
        {
            if !is_status(status) {
                let message =
                    format!("{field}: {status:?} is no status; use 1 to 6 letters or digits, such as SALE");
                return Err(Problem::field(field, message));
            }
        }
        for (field, column) in &self.fields {
            if !FIELDS.contains(&field.as_str()) && field.strip_prefix("custom.").is_none_or(str::is_empty) {
                let message = format!(
                    "fields: {field:?} is no field; use one of {}, or custom.NAME",
                    FIELDS.join(", ")
                );
                return Err(Problem::field("fields", message));
            }
            if !columns().any(|known| known == column) {
                let message = format!(
                    "fields: {column:?} is no column of a lead that may be written to; use one of {}",
                    columns().collect::<Vec<_>>().join(", ")
                );
                return Err(Problem::field("fields", message));
            }
        }
        let columns: std::collections::BTreeSet<&String> = self.fields.values().collect();
        if columns.len() != self.fields.len() {
            return Err(Problem::field("fields", "fields: two fields share a column; give each its own"));
        }
        Ok(())
    }

    fn name(&self) -> &str {
        &self.vicidial
    }

    fn campaign(&self) -> Option<CampaignId> {
        Some(self.campaign_id)
    }
}

#[cfg(test)]
mod tests {
    use super::LeadSync;
    use crate::domain::catalog::Noun;
    use dialdeck_protocol::CampaignId;
    use serde_json::json;

    #[test]
    fn what_is_wrong_is_named() {
        let read = |more: serde_json::Value| {
            let mut body = json!({ "campaignId": CampaignId::new(), "lists": [102, 101, 101] });
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            serde_json::from_value::<LeadSync>(body).unwrap()
        };
        let mut well = read(json!({}));
        assert_eq!(well.check(), Ok(()));
        assert_eq!(
            (well.lists.as_slice(), well.fields.len(), well.name()),
            ([101, 102].as_slice(), 5, "main")
        );
        for (more, field, word) in [
            (json!({ "lists": [] }), "lists", "101"),
            (json!({ "statuses": { "interested": "NOT A STATUS" } }), "statuses", "SALE"),
            (json!({ "fields": { "phone": "first_name" } }), "fields", "custom.NAME"),
            (json!({ "fields": { "first_name": "alt_phone" } }), "fields", "column"),
            (json!({ "fields": { "first_name": "title", "last_name": "title" } }), "fields", "share"),
        ] {
            let problem = read(more).check().unwrap_err();
            assert_eq!(problem.field.as_deref(), Some(field));
            assert!(problem.message.contains(word), "{problem}");
        }
    }
}
