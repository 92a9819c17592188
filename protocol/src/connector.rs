//! What the server is connected to, and the caller IDs it calls from, as a console shows them.

use crate::{EntryId, PartState, PhoneNumberId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A connector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ConnectorRow {
    /// `asterisk`, `vicidial`, `dialpad`, `provider` or `webhook`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Where it is reached: an address, or what it is.
    pub reached: String,
    /// Whether it holds a secret. None is ever told.
    pub has_secret: bool,
    /// How it is, as far as that is known without trying it.
    pub state: PartState,
    /// Why, in words.
    pub message: String,
    /// Whether it was set up while the server ran, and may be changed and taken away here; else the settings file has it.
    pub here: bool,
    /// The webhook's id.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub entry_id: Option<EntryId>,
    /// What is set, by name, secrets left out: what a form begins with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settings: Vec<(String, String)>,
}

/// A caller ID, and how it does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct NumberRow {
    /// Which.
    pub id: PhoneNumberId,
    /// E.164.
    pub number: String,
    /// What it is called.
    pub label: String,
    /// Names of the campaigns that call from it.
    pub campaigns: Vec<String>,
    /// Calls from it in the last seven days.
    pub calls: i64,
    /// Those that somebody or something answered: a number that is marked as spam is answered less and less.
    pub answered: i64,
    /// When it was last called from, in those days.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_at: Option<DateTime<Utc>>,
}
