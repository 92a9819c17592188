//! Identifiers. Each is its own type, so that a contact's id cannot be passed where a campaign's is wanted.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

macro_rules! uuid_id {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => { $(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        #[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new id, ordered by the time it was made.
            pub fn new() -> Self { Self(Uuid::now_v7()) }
        }
        impl Default for $name { fn default() -> Self { Self::new() } }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.fmt(f) }
        }
        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> { Uuid::parse_str(text).map(Self) }
        }
    )+ };
}

uuid_id! {
    /// A campaign.
    CampaignId,
    /// A contact: a person to be called (a VICIdial *lead*).
    ContactId,
    /// A script.
    ScriptId,
    /// A caller-ID number of ours.
    PhoneNumberId,
    /// A user of the console.
    UserId,
    /// A log-in.
    SessionId,
    /// A program's token.
    TokenId,
    /// An entry of the catalog: a disposition, a pause code, a piece of knowledge.
    EntryId,
    /// A promise to call somebody back.
    CallbackId,
    /// An import.
    ImportId,
}

macro_rules! text_id {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => { $(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        #[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
        pub struct $name(pub String);

        impl $name {
            /// The id as text.
            pub fn as_str(&self) -> &str { &self.0 }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.pad(&self.0) }
        }
    )+ };
}

text_id! {
    /// An organization: the wall between one customer's data and another's.
    OrganizationId,
    /// A call, which is also the last part of its channel's id on Asterisk.
    CallId,
}

impl CallId {
    /// A new call id: 32 hexadecimal digits, ordered by the time it was made.
    pub fn new() -> Self {
        Self(Uuid::now_v7().simple().to_string())
    }
}

impl Default for CallId {
    fn default() -> Self {
        Self::new()
    }
}
