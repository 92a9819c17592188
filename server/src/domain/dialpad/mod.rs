//! Dialpad's calls as values: what is known of each leg, which legs are one call, what an agent did of it, and which time
//! is to be fetched next.

pub mod agent;
pub mod join;
pub mod leg;
pub mod score;
pub mod window;

use chrono::{DateTime, NaiveDate, Timelike};
use chrono_tz::Tz;
use std::collections::BTreeMap;

/// In which zone the days of a department begin and end.
#[derive(Debug, Clone)]
pub struct Zones {
    /// Of calls of no department that is known.
    pub otherwise: Tz,
    /// By department.
    pub by_department: BTreeMap<i64, Tz>,
}

impl Zones {
    /// A department's zone.
    pub fn of(&self, department: i64) -> Tz {
        self.by_department.get(&department).copied().unwrap_or(self.otherwise)
    }

    /// Day and hour of a moment, in milliseconds of Unix time. Every moment has one of each, also in nights in which clocks
    /// are changed.
    pub fn day(&self, department: i64, at: i64) -> (NaiveDate, u32) {
        let at = DateTime::from_timestamp_millis(at).unwrap_or_default().with_timezone(&self.of(department));
        (at.date_naive(), at.hour())
    }
}
