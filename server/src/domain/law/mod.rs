//! The law as data: dated rules by place, shipped with the server and overridable by a file.
//!
//! Every rule that may apply must allow a call. Where it cannot be told which rules apply, none is placed.

mod day;

pub use day::{Day, Holiday};

use chrono::{DateTime, Duration, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeSet;

/// The rules that are shipped.
const SHIPPED: &str = include_str!("../../../data/rules.toml");
/// Largest rules file, in bytes.
pub const MOST_BYTES: usize = 1 << 20;

/// Of what, where, and when a rule is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = LawHead)]
pub struct Head {
    /// Its name; a rule of the operator's replaces the shipped one of the same.
    pub id: String,
    /// `*`, countries such as `US`, parts of them such as `US-FL`.
    #[serde(rename = "where")]
    pub places: Vec<String>,
    /// In force from this day on.
    #[serde(default, deserialize_with = "date")]
    pub from: Option<NaiveDate>,
    /// In force until this day, inclusive.
    #[serde(default, deserialize_with = "date")]
    pub until: Option<NaiveDate>,
    /// Where it stands written.
    #[serde(default)]
    pub source: String,
}

impl Head {
    fn holds(&self, places: &BTreeSet<String>, date: NaiveDate) -> bool {
        self.places.iter().any(|place| place == "*" || places.contains(place))
            && self.from.is_none_or(|from| from <= date)
            && self.until.is_none_or(|until| date <= until)
    }
}

/// Calls only within these hours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = LawHours)]
pub struct Hours {
    /// What, where, when.
    #[serde(flatten)]
    pub head: Head,
    /// On these days.
    #[serde(default = "every_day")]
    pub days: Vec<Day>,
    /// From, inclusive, in the called person's time.
    #[serde(deserialize_with = "time")]
    #[schema(value_type = String)]
    pub opens: NaiveTime,
    /// To, exclusive.
    #[serde(deserialize_with = "time")]
    #[schema(value_type = String)]
    pub closes: NaiveTime,
}

/// No calls on these days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = LawClosed)]
pub struct Closed {
    /// What, where, when.
    #[serde(flatten)]
    pub head: Head,
    /// On these days.
    #[serde(default)]
    pub days: Vec<Day>,
    /// And on holidays of the place.
    #[serde(default)]
    pub holidays: bool,
}

/// So many calls to one number within so many hours, and no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = LawCap)]
pub struct Cap {
    /// What, where, when.
    #[serde(flatten)]
    pub head: Head,
    /// Calls.
    pub calls: u32,
    /// Hours.
    pub hours: u32,
}

/// Whoever waited for an agent in vain is called again only with an agent reserved for them, for so many hours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = LawRest)]
pub struct Rest {
    /// What, where, when.
    #[serde(flatten)]
    pub head: Head,
    /// Hours.
    pub hours: u32,
}

/// A list that is held against the official do-not-call list is held against one that is at most so old.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = LawScrub)]
pub struct ScrubAge {
    /// What, where, when.
    #[serde(flatten)]
    pub head: Head,
    /// Days.
    pub days: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct HolidayRule {
    #[serde(flatten)]
    head: Head,
    date: Holiday,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct File {
    hours: Vec<Hours>,
    closed: Vec<Closed>,
    cap: Vec<Cap>,
    rest: Vec<Rest>,
    scrub: Vec<ScrubAge>,
    holiday: Vec<HolidayRule>,
}

/// All rules.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    hours: Vec<Hours>,
    closed: Vec<Closed>,
    caps: Vec<Cap>,
    rests: Vec<Rest>,
    scrubs: Vec<ScrubAge>,
    holidays: Vec<HolidayRule>,
}

/// A rule that forbids a call now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forbidden {
    /// Kind: `hours`, `closed` or `cap`.
    pub rule: &'static str,
    /// Its id and source.
    pub basis: String,
    /// In words.
    pub reason: String,
}

fn every_day() -> Vec<Day> {
    Day::ALL.to_vec()
}

fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<NaiveTime, D::Error> {
    let text = String::deserialize(deserializer)?;
    // The end of the day may be written as one.
    let text = if text == "24:00" { "23:59:59" } else { &text };
    NaiveTime::parse_from_str(text, "%H:%M")
        .or_else(|_| NaiveTime::parse_from_str(text, "%H:%M:%S"))
        .map_err(|_| serde::de::Error::custom(format!("{text:?} is no time; write one such as \"08:00\"")))
}

fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<NaiveDate>, D::Error> {
    let written = Option::<toml::value::Datetime>::deserialize(deserializer)?;
    let Some(written) = written else { return Ok(None) };
    let date =
        written.date.and_then(|d| NaiveDate::from_ymd_opt(d.year.into(), d.month.into(), d.day.into()));
    date.map(Some).ok_or_else(|| {
        serde::de::Error::custom(format!("{written} is no date; write one such as 2026-01-31"))
    })
}

impl Rules {
    /// Those that are shipped.
    ///
    /// # Panics
    /// Never: a test reads them.
    pub fn shipped() -> Self {
        Self::default().with(SHIPPED).unwrap_or_default()
    }

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
        self.rests.retain(|rule| kept(&rule.head));
        self.scrubs.retain(|rule| kept(&rule.head));
        self.holidays.retain(|rule| kept(&rule.head));
        self.hours.extend(file.hours);
        self.closed.extend(file.closed);
        self.caps.extend(file.cap);
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

    /// Rules on hours.
    pub fn hours(&self) -> &[Hours] {
        &self.hours
    }

    /// Rules on days.
    pub fn closed(&self) -> &[Closed] {
        &self.closed
    }

    /// Rules on how often.
    pub fn caps(&self) -> &[Cap] {
        &self.caps
    }

    /// Rules on calling again whoever waited in vain.
    pub fn rests(&self) -> &[Rest] {
        &self.rests
    }

    /// Rules on the age of the official list.
    pub fn scrubs(&self) -> &[ScrubAge] {
        &self.scrubs
    }

    /// What forbids a call off a list that was scrubbed at a moment.
    pub fn stale(
        &self,
        places: &BTreeSet<String>,
        scrub: &dialdeck_protocol::Scrub,
        now: DateTime<Utc>,
    ) -> Option<Forbidden> {
        let holds = |rule: &&ScrubAge| rule.head.holds(places, now.date_naive());
        let rule = self.scrubs.iter().filter(holds).min_by_key(|rule| rule.days)?;
        let stale = scrub.at > now || now - scrub.at > Duration::days(i64::from(rule.days));
        stale.then(|| Forbidden {
            rule: "scrub",
            basis: format!("{}: {}", rule.head.id, rule.head.source),
            reason: format!(
                "held: the do-not-call copy {} is of {}, and may be {} days old; scrub the list anew ({})",
                scrub.id,
                scrub.at.format("%Y-%m-%d"),
                rule.days,
                rule.head.id
            ),
        })
    }

    /// How long whoever waited for an agent in vain is not called without one reserved for them, in any of these places.
    pub fn rest_in(&self, places: &BTreeSet<String>, now: DateTime<Utc>) -> Duration {
        let hours =
            self.rests.iter().filter(|rest| rest.head.holds(places, now.date_naive())).map(|rest| rest.hours);
        Duration::hours(i64::from(hours.max().unwrap_or(0)))
    }

    /// Caps that hold in any of these places at a moment.
    pub fn caps_in<'a>(
        &'a self,
        places: &'a BTreeSet<String>,
        now: DateTime<Utc>,
    ) -> impl Iterator<Item = &'a Cap> {
        self.caps.iter().filter(move |cap| cap.head.holds(places, now.date_naive()))
    }

    /// What forbids a call to somebody in these places, in one of these zones, at a moment. Every zone counts.
    pub fn forbids(&self, places: &BTreeSet<String>, zones: &[Tz], now: DateTime<Utc>) -> Option<Forbidden> {
        zones.iter().find_map(|zone| self.forbids_in(places, *zone, now))
    }

    fn forbids_in(&self, places: &BTreeSet<String>, zone: Tz, now: DateTime<Utc>) -> Option<Forbidden> {
        let local = now.with_timezone(&zone);
        let (date, clock) = (local.date_naive(), local.time());
        let basis = |head: &Head| format!("{}: {}", head.id, head.source);
        for rule in self.closed.iter().filter(|rule| rule.head.holds(places, date)) {
            let holiday =
                self.holidays.iter().find(|day| day.head.holds(places, date) && day.date.is_on(date));
            let holiday = holiday.filter(|_| rule.holidays);
            if rule.days.contains(&Day::of(date)) || holiday.is_some() {
                let what = holiday.map_or_else(|| local.format("%A").to_string(), |day| day.head.id.clone());
                return Some(Forbidden {
                    rule: "closed",
                    basis: basis(&rule.head),
                    reason: format!(
                        "held: {what} in {}, when no calls are allowed ({})",
                        zone.name(),
                        rule.head.id
                    ),
                });
            }
        }
        let day = Day::of(date);
        let on_that_day =
            self.hours.iter().filter(|rule| rule.head.holds(places, date) && rule.days.contains(&day));
        let mut any = false;
        for rule in on_that_day {
            any = true;
            if clock < rule.opens || clock >= rule.closes {
                return Some(Forbidden {
                    rule: "hours",
                    basis: basis(&rule.head),
                    reason: format!(
                        "held: {} in {}, calls {} to {} ({})",
                        clock.format("%H:%M"),
                        zone.name(),
                        rule.opens.format("%H:%M"),
                        rule.closes.format("%H:%M"),
                        rule.head.id
                    ),
                });
            }
        }
        // No hours at all are not all hours.
        (!any).then(|| Forbidden {
            rule: "hours",
            basis: "no rule gives hours for this day".into(),
            reason: format!("held: no hours are given for {} in {}", local.format("%A"), zone.name()),
        })
    }

    /// Which cap is used up by the calls of late to a number, and when it leaves room again.
    pub fn capped(
        &self,
        places: &BTreeSet<String>,
        recent: &[DateTime<Utc>],
        now: DateTime<Utc>,
    ) -> Option<(Forbidden, DateTime<Utc>)> {
        self.caps_in(places, now).find_map(|cap| {
            let window = Duration::hours(i64::from(cap.hours));
            let mut within: Vec<DateTime<Utc>> =
                recent.iter().copied().filter(|at| *at > now - window).collect();
            within.sort_unstable_by(|a, b| b.cmp(a));
            let last = within.get(usize::try_from(cap.calls).unwrap_or(usize::MAX) - 1)?;
            let forbidden = Forbidden {
                rule: "cap",
                basis: format!("{}: {}", cap.head.id, cap.head.source),
                reason: format!(
                    "held: called {} times within {} hours, {} are allowed ({})",
                    within.len(),
                    cap.hours,
                    cap.calls,
                    cap.head.id
                ),
            };
            Some((forbidden, *last + window))
        })
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
            "cap" => &["calls", "hours"],
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
        hours.chain(closed).chain(caps).chain(rests).chain(scrubs).chain(holidays).collect()
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

#[cfg(test)]
mod tests;
