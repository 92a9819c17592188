//! `DepartmentProto`.

use super::{id, text};
use serde_json::Value;

/// A department.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Department {
    /// Id.
    pub id: i64,
    /// Name.
    pub name: String,
    /// Zone, as Dialpad writes it: `US/Pacific`; possibly empty.
    pub zone: String,
}

/// A department; nothing where there is no id.
pub fn department(answer: &Value) -> Option<Department> {
    Some(Department {
        id: id(answer.get("id")?)?,
        name: text(&answer["name"]).unwrap_or_default(),
        zone: text(&answer["timezone"]).unwrap_or_default(),
    })
}
