//! A user of Dialpad's who takes a department's calls.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A user, as Dialpad last told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Agent {
    /// Dialpad's id.
    pub id: i64,
    /// Name.
    pub name: String,
    /// Address; possibly empty.
    pub email: String,
    /// Departments to which they belong.
    pub departments: BTreeSet<i64>,
    /// Whether they are on duty, where Dialpad says so.
    pub on_duty: Option<bool>,
    /// Dialpad's word.
    pub status: String,
    /// Whether they may not be disturbed.
    pub do_not_disturb: Option<bool>,
    /// Whether they can take a call.
    pub available: Option<bool>,
}
