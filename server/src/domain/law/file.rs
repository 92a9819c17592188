//! Rules as a file has them: read, checked, and put over those that hold already.

use super::{Cap, Closed, Disclosure, Head, HolidayRule, Hours, Quiet, Rest, Rules, ScrubAge};
use serde::Deserialize;
use std::collections::BTreeSet;

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct File {
    hours: Vec<Hours>,
    closed: Vec<Closed>,
    cap: Vec<Cap>,
    quiet: Vec<Quiet>,
    disclosure: Vec<Disclosure>,
    rest: Vec<Rest>,
    scrub: Vec<ScrubAge>,
    holiday: Vec<HolidayRule>,
}

impl Rules {
    /// These, and those of a file, which replace the ones whose id they repeat.
    ///
    /// # Errors
    /// The line, what was wrong, and what would be right.
    pub fn with(mut self, text: &str) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
        unknown_keys(text)?;
        let places = file.heads();
        for head in &places {
            head.check()?;
        }
        for hours in &file.hours {
            if hours.opens >= hours.closes || hours.days.is_empty() {
                return Err(format!(
                    "{}: opens must come before closes, and days must not be empty",
                    hours.head.id
                ));
            }
        }
        for cap in &file.cap {
            if !(1..=1000).contains(&cap.calls) || !(1..=24 * 90).contains(&cap.hours) {
                return Err(format!("{}: use 1 to 1000 calls within 1 to 2160 hours", cap.head.id));
            }
        }
        if let Some(rest) = file.rest.iter().find(|rest| !(1..=24 * 90).contains(&rest.hours)) {
            return Err(format!("{}: use 1 to 2160 hours", rest.head.id));
        }
        if let Some(quiet) = file.quiet.iter().find(|quiet| !(1..=24 * 90).contains(&quiet.hours)) {
            return Err(format!("{}: use 1 to 2160 hours", quiet.head.id));
        }
        let said = |rule: &&Disclosure| !(1..=400).contains(&rule.text.trim().chars().count());
        if let Some(rule) = file.disclosure.iter().find(said) {
            return Err(format!("{}: text must have 1 to 400 characters", rule.head.id));
        }
        if let Some(scrub) = file.scrub.iter().find(|scrub| !(1..=366).contains(&scrub.days)) {
            return Err(format!("{}: use 1 to 366 days", scrub.head.id));
        }
        let replaced: BTreeSet<String> = places.iter().map(|head| head.id.clone()).collect();
        if replaced.len() < places.len() {
            return Err("an id stands there twice; give each rule its own".into());
        }
        let kept = |head: &Head| !replaced.contains(&head.id);
        self.hours.retain(|rule| kept(&rule.head));
        self.closed.retain(|rule| kept(&rule.head));
        self.caps.retain(|rule| kept(&rule.head));
        self.quiets.retain(|rule| kept(&rule.head));
        self.disclosures.retain(|rule| kept(&rule.head));
        self.rests.retain(|rule| kept(&rule.head));
        self.scrubs.retain(|rule| kept(&rule.head));
        self.holidays.retain(|rule| kept(&rule.head));
        self.hours.extend(file.hours);
        self.closed.extend(file.closed);
        self.caps.extend(file.cap);
        self.quiets.extend(file.quiet);
        self.disclosures.extend(file.disclosure);
        self.rests.extend(file.rest);
        self.scrubs.extend(file.scrub);
        self.holidays.extend(file.holiday);
        if self.hours.is_empty() {
            return Err(
                "no rule says when calls are allowed; leave tcpa-hours in, or give hours of your own".into(),
            );
        }
        Ok(self)
    }
}

/// A key that no rule has is a slip that would leave a rule weaker than it was meant.
fn unknown_keys(text: &str) -> Result<(), String> {
    const ALL: [&str; 5] = ["id", "where", "from", "until", "source"];
    let table: toml::Table = toml::from_str(text).map_err(|error| error.to_string())?;
    for (kind, rules) in &table {
        let own: &[&str] = match kind.as_str() {
            "hours" => &["days", "opens", "closes"],
            "closed" => &["days", "holidays"],
            "cap" => &["calls", "hours", "per"],
            "quiet" => &["hours"],
            "disclosure" => &["text"],
            "rest" => &["hours"],
            "scrub" => &["days"],
            _ => &["date"],
        };
        let keys = rules
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(toml::Value::as_table)
            .flat_map(toml::Table::keys);
        let mut unknown = keys.filter(|key| !ALL.contains(&key.as_str()) && !own.contains(&key.as_str()));
        if let Some(key) = unknown.next() {
            let starts = |line: &str| line.trim_start().starts_with(key.as_str());
            let line = text.lines().position(starts).map_or(0, |n| n + 1);
            let (all, own) = (ALL.join(", "), own.join(", "));
            return Err(format!("line {line}: {kind} has no {key}; it may have {all} and {own}"));
        }
    }
    Ok(())
}

impl File {
    fn heads(&self) -> Vec<&Head> {
        let hours = self.hours.iter().map(|rule| &rule.head);
        let closed = self.closed.iter().map(|rule| &rule.head);
        let caps = self.cap.iter().map(|rule| &rule.head);
        let holidays = self.holiday.iter().map(|rule| &rule.head);
        let rests = self.rest.iter().map(|rule| &rule.head);
        let scrubs = self.scrub.iter().map(|rule| &rule.head);
        let quiets = self.quiet.iter().map(|rule| &rule.head);
        let disclosures = self.disclosure.iter().map(|rule| &rule.head);
        let on_days = hours.chain(closed).chain(holidays);
        on_days.chain(caps).chain(quiets).chain(rests).chain(scrubs).chain(disclosures).collect()
    }
}

impl Head {
    fn check(&self) -> Result<(), String> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.id.is_empty() || self.id.len() > 60 || !self.id.chars().all(plain) {
            return Err(format!("id {:?} must have 1 to 60 letters a to z, digits and hyphens", self.id));
        }
        let known = |place: &String| {
            let country = |text: &str| text.len() == 2 && text.chars().all(|c| c.is_ascii_uppercase());
            place == "*"
                || country(place)
                || place
                    .split_once('-')
                    .is_some_and(|(of, part)| country(of) && (1..=3).contains(&part.len()))
        };
        if self.places.is_empty() || !self.places.iter().all(known) {
            return Err(format!(
                "{}: where must name \"*\", countries such as \"US\" or parts such as \"US-FL\"",
                self.id
            ));
        }
        if self.from.zip(self.until).is_some_and(|(from, until)| until < from) {
            return Err(format!("{}: until lies before from", self.id));
        }
        Ok(())
    }
}
