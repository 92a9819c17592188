//! A campaign and the numbers it calls from.

use super::catalog::is_channel;
use dialdeck_protocol::{
    CallSettings, CampaignId, CampaignStatus, CampaignType, ContactId, OrganizationId, PhoneNumberId,
    Problem, ScriptId,
};

/// A campaign as it is in the store.
#[derive(Debug, Clone, PartialEq)]
pub struct Campaign {
    /// Id.
    pub id: CampaignId,
    /// Whose.
    pub organization_id: OrganizationId,
    /// Name.
    pub name: String,
    /// What it is for.
    pub kind: CampaignType,
    /// Whether it may be dialled.
    pub status: CampaignStatus,
    /// Description.
    pub description: String,
    /// Script; the shipped one when `None`.
    pub script_id: Option<ScriptId>,
    /// How it places calls.
    pub call_settings: CallSettings,
    /// Default caller ID.
    pub phone_number_id: Option<PhoneNumberId>,
}

impl Campaign {
    /// The script that a contact hears: always the same, drawn by lot where a second one is on trial.
    pub fn script_for(&self, contact: ContactId) -> Option<ScriptId> {
        match self.call_settings.trial {
            // The end of a contact's id is random.
            Some(trial) if contact.0.as_u128() % 100 < u128::from(trial.percent) => Some(trial.script_id),
            _ => self.script_id,
        }
    }

    /// Checks what a person may have got wrong.
    ///
    /// # Errors
    /// The field, what was wrong, and what would be right.
    pub fn check(&self) -> Result<(), Problem> {
        if self.name.trim().is_empty() || self.name.chars().count() > 120 {
            return Err(Problem::field("name", "name must have 1 to 120 characters"));
        }
        if self.description.chars().count() > 4000 {
            return Err(Problem::field("description", "description has more than 4000 characters"));
        }
        if let Some(transfer) = &self.call_settings.transfer {
            let to = &transfer.to;
            if to.chars().count() > 80 || !is_channel(to) || !to.is_empty() && !to.contains('/') {
                let message = "transfer.to must be a channel such as PJSIP/200 or Local/sales@internal, or empty for an agent";
                return Err(Problem::field("transfer", message));
            }
        }
        self.call_settings.check().map_err(|(field, message)| Problem::field(field, message))
    }
}

/// A caller-ID number of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhoneNumber {
    /// Id.
    pub id: PhoneNumberId,
    /// E.164.
    pub number: String,
    /// What it is called.
    pub label: String,
}
