//! Errors as they go over the wire: a stable code, a sentence, and the field at fault.

use crate::vocabulary::vocabulary;
use serde::{Deserialize, Serialize};
use std::fmt;

vocabulary! {
    /// Stable error codes. Programs branch on these; people read the message.
    Code, "code" {
        /// The request could not be read, or a field is wrong.
        Invalid = "invalid",
        /// No or no valid session.
        Unauthenticated = "unauthenticated",
        /// The role does not allow it.
        Forbidden = "forbidden",
        /// There is no such thing (or not in this organization).
        NotFound = "not_found",
        /// It clashes with the state things are in.
        Conflict = "conflict",
        /// Too many requests.
        RateLimited = "rate_limited",
        /// Too large.
        TooLarge = "too_large",
        /// Something it needs is not there now (database, Asterisk).
        Unavailable = "unavailable",
        /// A fault of ours.
        Internal = "internal",
    }
}

/// Why something was refused or failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Stable code.
    pub code: Code,
    /// What was wrong and what would be right.
    pub message: String,
    /// The field at fault, where there is one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub field: Option<String>,
}

impl Problem {
    /// A problem without a field.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), field: None }
    }

    /// A wrong field.
    pub fn field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: Code::Invalid, message: message.into(), field: Some(field.into()) }
    }

    /// `what` does not exist.
    pub fn not_found(what: impl fmt::Display) -> Self {
        Self::new(Code::NotFound, format!("{what} was not found"))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.code)
    }
}

impl std::error::Error for Problem {}
