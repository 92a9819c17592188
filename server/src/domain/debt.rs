//! Debts that calls are about, where the law counts calls by the debt (Regulation F, 12 CFR 1006.14). Pure.

use super::law::{Forbidden, Per, Rules};
use chrono::{DateTime, Utc};
use std::collections::BTreeSet;

/// A call about something that the law counts by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About {
    /// When it was placed.
    pub at: DateTime<Utc>,
    /// Whether a person talked about it.
    pub talked: bool,
}

/// What a call is about, where the law counts by that: a debt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Its name in the operator's own records.
    pub name: String,
    /// Since when calls about it count, and how many there may be.
    pub caps: Vec<(DateTime<Utc>, u32)>,
    /// Since when nobody may have talked about it.
    pub quiet_since: Option<DateTime<Utc>>,
}

/// The debt that a call is about.
#[derive(Debug, Clone, Copy)]
pub struct Debt<'a> {
    /// Its name; empty: the contact names none.
    pub name: &'a str,
    /// Calls about it of late.
    pub calls: &'a [About],
}

impl Debt<'_> {
    /// What forbids a call about it in these places, and until when.
    pub fn forbidden(
        &self,
        rules: &Rules,
        places: &BTreeSet<String>,
        now: DateTime<Utc>,
    ) -> Option<(Forbidden, DateTime<Utc>)> {
        let calls: Vec<DateTime<Utc>> = self.calls.iter().map(|call| call.at).collect();
        let talked = self.calls.iter().filter(|call| call.talked).map(|call| call.at);
        // Both may hold: the one that holds longer counts.
        let both = rules.quieted(places, talked, now).into_iter().chain(rules.capped(
            Per::Debt,
            places,
            &calls,
            now,
        ));
        both.max_by_key(|(_, until)| *until)
    }
}
