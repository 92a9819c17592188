//! How Dialpad is reached, how far back its calls are read, and who gets reports of them.

use super::SettingsError;
use crate::domain::dialpad::Zones;
use crate::domain::dialpad::score::Formula;
use chrono::{NaiveTime, Weekday};
use chrono_tz::Tz;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;
use url::Url;

/// Dialpad.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dialpad {
    /// The token; empty: there is no Dialpad.
    pub token: SecretString,
    /// Ids of departments.
    pub departments: Vec<String>,
    /// Where its API is, before `/api/v2`.
    pub url: String,
    /// Whose calls these are here.
    pub organization: String,
    /// In which zone days begin and end; empty: in each department's own.
    pub zone: String,
    /// Days that are fetched at first.
    pub days: u32,
    /// Minutes from one fetch to the next; 0: only when asked.
    pub pull_minutes: u64,
    /// Seconds from one look at who is on duty to the next; 0: only with a fetch.
    pub duty_seconds: u64,
    /// Longest that one answer may take, in seconds.
    pub timeout_seconds: u64,
    /// Pages fetched in one go.
    pub page_limit: u32,
    /// Most requests in a second.
    pub per_second: u32,
    /// Hours before the end of what is here that are fetched again.
    pub overlap_hours: u32,
    /// Age from which an event is refused, in minutes.
    pub event_max_age_minutes: u32,
    /// Seconds after which the `WebSocket` for events is made anew.
    pub websocket_refresh_seconds: u64,
    /// The score of agents.
    pub score: Formula,
    /// Reports.
    pub report: ReportSettings,
}

/// Reports.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportSettings {
    /// When each day's is made; empty: never.
    pub daily: String,
    /// When each week's is; empty: never.
    pub weekly: String,
    /// `md`, `csv`, `html`.
    pub formats: Vec<String>,
    /// Into which folder; empty: none.
    pub folder: PathBuf,
    /// To whom.
    pub mail_to: Vec<String>,
    /// From whom.
    pub mail_from: String,
    /// By which mail server.
    pub smtp_host: String,
    /// Its port.
    pub smtp_port: u16,
    /// User; empty: none.
    pub smtp_user: String,
    /// Password.
    pub smtp_password: SecretString,
    /// How the way there is protected.
    pub smtp_tls: Tls,
}

/// How the way to a mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    /// From the first greeting on.
    StartTls,
    /// From the first byte on.
    Tls,
    /// Not at all.
    None,
}

fn refuse<T>(field: &str, why: impl std::fmt::Display) -> Result<T, SettingsError> {
    Err(SettingsError(format!("dialpad.{field} {why}")))
}

impl Dialpad {
    /// Whether there is a token.
    pub fn is_set_up(&self) -> bool {
        !self.token.expose_secret().is_empty()
    }

    /// The departments' ids.
    pub fn department_ids(&self) -> Vec<i64> {
        self.departments.iter().filter_map(|id| id.trim().parse().ok()).collect()
    }

    /// Where its API is.
    ///
    /// # Errors
    /// When it is no web address.
    pub fn base(&self) -> Result<Url, SettingsError> {
        let right = "use https://dialpad.com";
        let url: Url = match self.url.parse() {
            Ok(url) => url,
            Err(error) => return refuse("url", format!("cannot be read ({error}); {right}")),
        };
        if !["http", "https"].contains(&url.scheme()) || url.host_str().is_none() {
            return refuse("url", format!("is no web address; {right}"));
        }
        Ok(url)
    }

    /// The zone that goes before the departments' own.
    pub fn own_zone(&self) -> Option<Tz> {
        self.zone.parse().ok()
    }

    /// In which zones days begin and end, where departments told theirs.
    pub fn zones(&self, told: impl IntoIterator<Item = (i64, String)>) -> Zones {
        let by_department: BTreeMap<i64, Tz> = told
            .into_iter()
            .filter_map(|(id, zone)| self.own_zone().or_else(|| zone.parse().ok()).map(|zone| (id, zone)))
            .collect();
        let first = self.department_ids().first().and_then(|id| by_department.get(id)).copied();
        Zones { otherwise: self.own_zone().or(first).unwrap_or(Tz::UTC), by_department }
    }

    /// Refuses what cannot work.
    ///
    /// # Errors
    /// Which setting, what is wrong, and what would be right.
    pub fn check(&self) -> Result<(), SettingsError> {
        self.base()?;
        for id in &self.departments {
            if !id.trim().parse::<i64>().is_ok_and(|id| id > 0) {
                let why = format!("(DIALPAD_DEPARTMENT_ID) holds {id:?}; use ids such as 5220648944236254");
                return refuse("departments", why);
            }
        }
        if !self.zone.is_empty() && self.own_zone().is_none() {
            return refuse("zone", format!("is {:?}; use a zone such as America/New_York", self.zone));
        }
        for (field, value, most) in [
            ("days", u64::from(self.days), 366),
            ("timeout_seconds", self.timeout_seconds, 600),
            ("page_limit", u64::from(self.page_limit), 1_000_000),
            ("per_second", u64::from(self.per_second), 10_000),
            ("overlap_hours", u64::from(self.overlap_hours), 72),
            ("event_max_age_minutes", u64::from(self.event_max_age_minutes), 10_080),
            ("websocket_refresh_seconds", self.websocket_refresh_seconds, 3_500),
        ] {
            if !(1..=most).contains(&value) {
                return refuse(field, format!("is {value}; use 1 to {most}"));
            }
        }
        if self.pull_minutes > 1440 || self.duty_seconds > 86_400 {
            return refuse("pull_minutes", "and duty_seconds are at most a day");
        }
        self.score.check().or_else(|why| refuse("score", why))?;
        self.report.check()
    }
}

impl ReportSettings {
    /// When each day's is made.
    pub fn daily_at(&self) -> Option<NaiveTime> {
        NaiveTime::parse_from_str(&self.daily, "%H:%M").ok()
    }

    /// On which day, and when, each week's is made.
    pub fn weekly_at(&self) -> Option<(Weekday, NaiveTime)> {
        let (day, time) = self.weekly.split_once(' ')?;
        Some((day.parse().ok()?, NaiveTime::parse_from_str(time.trim(), "%H:%M").ok()?))
    }

    /// Whether it goes by mail.
    pub fn is_mailed(&self) -> bool {
        !self.mail_to.is_empty()
    }

    fn check(&self) -> Result<(), SettingsError> {
        if !self.daily.is_empty() && self.daily_at().is_none() {
            return refuse("report.daily", format!("is {:?}; use a time such as 07:00", self.daily));
        }
        if !self.weekly.is_empty() && self.weekly_at().is_none() {
            return refuse("report.weekly", format!("is {:?}; use a day and a time: mon 07:00", self.weekly));
        }
        if let Some(format) = self.formats.iter().find(|f| !["md", "csv", "html"].contains(&f.as_str())) {
            return refuse("report.formats", format!("holds {format:?}; use md, csv, html"));
        }
        let scheduled = !self.daily.is_empty() || !self.weekly.is_empty();
        if scheduled && self.folder.as_os_str().is_empty() && !self.is_mailed() {
            return refuse("report", "goes nowhere; give report.folder, or report.mail_to");
        }
        if scheduled && self.formats.is_empty() {
            return refuse("report.formats", "is empty; use md, csv, html");
        }
        if self.is_mailed() && (self.smtp_host.is_empty() || self.mail_from.is_empty()) {
            return refuse("report.mail_to", "needs report.smtp_host and report.mail_from");
        }
        let addresses = self.mail_to.iter().chain(Some(&self.mail_from).filter(|from| !from.is_empty()));
        for address in addresses {
            if address.parse::<lettre::message::Mailbox>().is_err() {
                return refuse(
                    "report.mail_to",
                    format!("or mail_from holds {address:?}, which is no address"),
                );
            }
        }
        let here = ["localhost", "127.0.0.1", "::1"].contains(&self.smtp_host.as_str());
        if self.is_mailed() && self.smtp_tls == Tls::None && !here {
            return refuse("report.smtp_tls", "none is for a mail server on this machine only; use starttls");
        }
        Ok(())
    }
}
