//! The law as data: dated rules by place, shipped with the server and overridable by a file.
//!
//! Every rule that may apply must allow a call. Where it cannot be told which rules apply, none is placed.

mod day;
mod file;

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

/// So many calls to one number, or about one debt, within so many hours, and no more.
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
    /// What is counted by.
    #[serde(default)]
    pub per: Per,
}

/// What the law counts calls by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = LawPer)]
pub enum Per {
    /// The number.
    #[default]
    Number,
    /// The debt that the call is about.
    Debt,
}

/// After a conversation about a debt nobody calls about it for so many hours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = LawQuiet)]
pub struct Quiet {
    /// What, where, when.
    #[serde(flatten)]
    pub head: Head,
    /// Hours.
    pub hours: u32,
}

/// An artificial voice says what it is, before anything else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = LawDisclosure)]
pub struct Disclosure {
    /// What, where, when.
    #[serde(flatten)]
    pub head: Head,
    /// What it says; `{caller}` stands for who calls.
    pub text: String,
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

/// All rules.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    hours: Vec<Hours>,
    closed: Vec<Closed>,
    caps: Vec<Cap>,
    quiets: Vec<Quiet>,
    disclosures: Vec<Disclosure>,
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

    /// Rules on calling again about a debt that was talked about.
    pub fn quiets(&self) -> &[Quiet] {
        &self.quiets
    }

    /// Rules on what an artificial voice says of itself.
    pub fn disclosures(&self) -> &[Disclosure] {
        &self.disclosures
    }

    /// What an artificial voice says of itself in any of these places; empty where nothing is asked for. What several places
    /// ask for in the same words is said once.
    pub fn disclosed_in(&self, places: &BTreeSet<String>, caller: &str, now: DateTime<Utc>) -> String {
        let mut said: Vec<String> = Vec::new();
        for rule in self.disclosures.iter().filter(|rule| rule.head.holds(places, now.date_naive())) {
            let text = rule.text.replace("{caller}", caller);
            if !said.contains(&text) {
                said.push(text);
            }
        }
        said.join(" ")
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
        per: Per,
        places: &'a BTreeSet<String>,
        now: DateTime<Utc>,
    ) -> impl Iterator<Item = &'a Cap> {
        self.caps.iter().filter(move |cap| cap.per == per && cap.head.holds(places, now.date_naive()))
    }

    /// The longest time for which nobody calls again about a debt that was talked about, in any of these places.
    pub fn quiet_in(&self, places: &BTreeSet<String>, now: DateTime<Utc>) -> Option<&Quiet> {
        let holds = |rule: &&Quiet| rule.head.holds(places, now.date_naive());
        self.quiets.iter().filter(holds).max_by_key(|rule| rule.hours)
    }

    /// What forbids a call about a debt that was talked about at these moments, and when it leaves room again.
    pub fn quieted(
        &self,
        places: &BTreeSet<String>,
        talked: impl Iterator<Item = DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Option<(Forbidden, DateTime<Utc>)> {
        let rule = self.quiet_in(places, now)?;
        let window = Duration::hours(i64::from(rule.hours));
        let last = talked.max().filter(|at| *at > now - window)?;
        let forbidden = Forbidden {
            rule: "quiet",
            basis: format!("{}: {}", rule.head.id, rule.head.source),
            reason: format!(
                "held: this debt was talked about on {}, and rests for {} hours ({})",
                last.format("%Y-%m-%d"),
                rule.hours,
                rule.head.id
            ),
        };
        Some((forbidden, last + window))
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
        per: Per,
        places: &BTreeSet<String>,
        recent: &[DateTime<Utc>],
        now: DateTime<Utc>,
    ) -> Option<(Forbidden, DateTime<Utc>)> {
        self.caps_in(per, places, now).find_map(|cap| {
            let window = Duration::hours(i64::from(cap.hours));
            let mut within: Vec<DateTime<Utc>> =
                recent.iter().copied().filter(|at| *at > now - window).collect();
            within.sort_unstable_by(|a, b| b.cmp(a));
            let last = within.get(usize::try_from(cap.calls).unwrap_or(usize::MAX) - 1)?;
            let forbidden = Forbidden {
                rule: "cap",
                basis: format!("{}: {}", cap.head.id, cap.head.source),
                reason: format!(
                    "held: called {}{} times within {} hours, {} are allowed ({})",
                    if per == Per::Debt { "about this debt " } else { "" },
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

#[cfg(test)]
mod tests;
