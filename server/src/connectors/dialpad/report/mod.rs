//! Reports of a day or a week: what is in them, as Markdown, CSV and HTML, into a folder or by mail, on a schedule.

mod csv;
mod html;
mod mail;
mod markdown;
mod schedule;

pub use schedule::{Period, due};

use super::connector::Connector;
use crate::settings::ReportSettings;
use crate::storage::StoreResult;
use chrono::{NaiveDate, Utc};
use dialdeck_protocol::Problem;
use dialdeck_protocol::dialpad::{Cards, DialpadFilter, Picture};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// Waits before a report that could not be made is tried again: the first, and the longest.
const AGAIN: Duration = Duration::from_mins(10);
const SELDOM: Duration = Duration::from_hours(6);
/// How long a report waits for days that were not fetched; after that it says what is missing.
const PATIENCE: chrono::Duration = chrono::Duration::hours(6);
/// How often it is looked whether one is due.
const LOOK: Duration = Duration::from_secs(20);

/// In which form.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
#[schema(as = DialpadReportForm)]
pub enum Form {
    /// Markdown.
    #[default]
    Md,
    /// A row an agent.
    Csv,
    /// A page of its own.
    Html,
}

impl Form {
    /// Of this word.
    pub fn of(word: &str) -> Option<Self> {
        match word {
            "md" => Some(Self::Md),
            "csv" => Some(Self::Csv),
            "html" => Some(Self::Html),
            _ => None,
        }
    }

    /// The ending of its file.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Md => "md",
            Self::Csv => "csv",
            Self::Html => "html",
        }
    }

    /// What it is, for a browser or a mail.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Md => "text/markdown; charset=utf-8",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Html => "text/html; charset=utf-8",
        }
    }

    /// A report in this form.
    pub fn write(self, picture: &Picture) -> String {
        match self {
            Self::Md => markdown::write(picture),
            Self::Csv => csv::write(picture),
            Self::Html => html::write(picture),
        }
    }
}

/// `3:07`, or `1:02:03` from an hour on; of milliseconds.
fn clock(ms: i64) -> String {
    let seconds = ms / 1000;
    if seconds < 3600 {
        format!("{}:{:02}", seconds / 60, seconds % 60)
    } else {
        format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
    }
}

fn title(picture: &Picture) -> String {
    let days = if picture.from == picture.to {
        picture.from.to_string()
    } else {
        format!("{} to {}", picture.from, picture.to)
    };
    let names: Vec<&str> = picture.departments.iter().map(|department| department.name.as_str()).collect();
    format!("Dialpad, {days}: {}", names.join(", "))
}

/// The heads of the agents' table, in all forms.
const HEADS: [&str; 10] = [
    "Agent",
    "Total",
    "Inbound",
    "Outbound",
    "Completed",
    "Missed",
    "Efficiency",
    "Talked",
    "Average",
    "Score",
];

/// A row of it.
fn cells(name: &str, cards: &Cards, score: Option<f64>) -> [String; 10] {
    [
        name.to_owned(),
        cards.total.to_string(),
        cards.inbound.to_string(),
        cards.outbound.to_string(),
        cards.completed.to_string(),
        cards.missed.to_string(),
        format!("{:.1} %", cards.efficiency() * 100.0),
        clock(cards.duration_ms),
        clock(cards.average_ms()),
        score.map(|score| format!("{score:.1}")).unwrap_or_default(),
    ]
}

/// Departments whose days are not all here, and until when they are.
fn missing(picture: &Picture) -> Vec<String> {
    let incomplete = picture.departments.iter().filter_map(|department| {
        let zone: chrono_tz::Tz = department.zone.parse().ok()?;
        let until = department.to.map(|to| to.with_timezone(&zone));
        let whole = until.is_some_and(|until| until.date_naive() > picture.to);
        let word =
            until.map_or_else(|| "never".into(), |until| until.format("until %Y-%m-%d %H:%M").to_string());
        (!whole).then(|| format!("Not all is here: {} was fetched {word}.", department.name))
    });
    incomplete.collect()
}

/// The hours with the most calls: weekday, hour, calls.
fn peaks(picture: &Picture, count: usize) -> Vec<(&'static str, u8, i64)> {
    const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    let mut hours = picture.hours.clone();
    hours.sort_by_key(|hour| (std::cmp::Reverse(hour.calls), hour.weekday, hour.hour));
    let named = hours.iter().map(|hour| (DAYS[usize::from(hour.weekday % 7)], hour.hour, hour.calls));
    named.take(count).collect()
}

impl Connector {
    /// What a report of these days is made of.
    ///
    /// # Errors
    /// When the record cannot be asked.
    pub async fn report(&self, from: NaiveDate, to: NaiveDate) -> Result<Picture, Problem> {
        let filter =
            DialpadFilter { from: Some(from), to: Some(to), limit: Some(1), ..DialpadFilter::default() };
        self.picture(&filter).await
    }

    /// Makes reports when they are due, until the server stops.
    pub async fn keep_reporting(self: Arc<Self>, closing: CancellationToken) {
        let settings = &self.settings.report;
        if settings.daily.is_empty() && settings.weekly.is_empty() {
            return;
        }
        let mut waits: BTreeMap<String, (Instant, Duration)> = BTreeMap::new();
        loop {
            let zones = self.zones().await.map(|zones| zones.otherwise);
            let periods = zones.map(|zone| due(settings, Utc::now().with_timezone(&zone).naive_local()));
            for period in periods.unwrap_or_default() {
                let name = period.name();
                if waits.get(&name).is_some_and(|(until, _)| Instant::now() < *until) {
                    continue;
                }
                if let Err(why) = self.report_once(&period).await {
                    let wait = waits.get(&name).map_or(AGAIN, |(_, wait)| (*wait * 2).min(SELDOM));
                    tracing::error!(
                        report = name,
                        why,
                        again_s = wait.as_secs(),
                        "a report could not be made"
                    );
                    waits.insert(name, (Instant::now() + wait, wait));
                }
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = closing.cancelled() => return,
            }
        }
    }

    /// Makes a report that is due, unless it was made, or its days are not all here yet.
    async fn report_once(&self, period: &Period) -> Result<(), String> {
        let (store, organization, name) = (&self.store, &self.organization, period.name());
        let text = |error: crate::storage::StoreError| error.to_string();
        if store.dialpad_is_reported(organization, &name).await.map_err(text)? {
            return Ok(());
        }
        let zone = self.zones().await.map_err(text)?.otherwise;
        let late = Utc::now().with_timezone(&zone).naive_local() - period.due > PATIENCE;
        if !late && !self.is_whole(period).await.map_err(text)? {
            return Ok(());
        }
        let picture = self.report(period.from, period.to).await.map_err(|problem| problem.message)?;
        // Claimed before it goes out: of two servers one sends it.
        if !store.dialpad_claim_report(organization, &name, Utc::now()).await.map_err(text)? {
            return Ok(());
        }
        if let Err(why) = deliver(&self.settings.report, period, &picture).await {
            store.dialpad_release_report(organization, &name).await.map_err(text)?;
            return Err(why);
        }
        tracing::info!(report = name, "a report of Dialpad's calls was made");
        Ok(())
    }

    /// Whether all of a report's days were fetched.
    async fn is_whole(&self, period: &Period) -> StoreResult<bool> {
        let marks = self.store.dialpad_marks(&self.organization).await?;
        let zones = self.zones().await?;
        Ok(self.settings.department_ids().into_iter().all(|id| {
            let covered = marks.iter().find(|(known, _)| *known == id).and_then(|(_, mark)| mark.covered);
            covered.is_some_and(|(_, to)| zones.day(id, to).0 > period.to)
        }))
    }
}

/// Puts a report where it is to go: all of it, or an error that says what was not done.
///
/// # Errors
/// Which file or mail could not be written.
pub async fn deliver(settings: &ReportSettings, period: &Period, picture: &Picture) -> Result<(), String> {
    let forms: Vec<Form> = settings.formats.iter().filter_map(|word| Form::of(word)).collect();
    if !settings.folder.as_os_str().is_empty() {
        for form in &forms {
            let file = settings.folder.join(format!("{}.{}", period.name(), form.ending()));
            write(&file, &form.write(picture)).await?;
        }
    }
    if settings.is_mailed() {
        mail::send(settings, period, picture, &forms).await?;
    }
    Ok(())
}

/// Writes a file whole, or not at all.
async fn write(file: &Path, text: &str) -> Result<(), String> {
    let wrong = |error: std::io::Error| format!("{}: {error}", file.display());
    if let Some(folder) = file.parent() {
        tokio::fs::create_dir_all(folder).await.map_err(wrong)?;
    }
    let beside = file.with_extension("part");
    tokio::fs::write(&beside, text).await.map_err(wrong)?;
    tokio::fs::rename(&beside, file).await.map_err(wrong)
}

#[cfg(test)]
mod tests;
