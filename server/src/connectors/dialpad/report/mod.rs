//! Reports of a day or a week: what is in them, as Markdown, CSV and HTML, into a folder or by mail, on a schedule.

mod csv;
mod html;
mod mail;
mod markdown;
mod schedule;

pub use schedule::{Period, due};

use super::connector::Connector;
use crate::settings::ReportSettings;
use chrono::{NaiveDate, Utc};
use dialdeck_protocol::Problem;
use dialdeck_protocol::dialpad::{Cards, DialpadFilter, Picture};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

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
        let begun = Utc::now();
        loop {
            if let Err(why) = self.report_what_is_due(begun).await {
                tracing::error!(why, "a report could not be made; it is tried again");
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = closing.cancelled() => return,
            }
        }
    }

    async fn report_what_is_due(&self, begun: chrono::DateTime<Utc>) -> Result<(), String> {
        let settings = &self.settings.report;
        let marks = self.store.dialpad_marks(&self.organization).await.map_err(|e| e.to_string())?;
        let zone = self.settings.zones(marks.into_iter().map(|(id, mark)| (id, mark.told_zone))).otherwise;
        for period in due(settings, Utc::now().with_timezone(&zone).naive_local()) {
            // What was due before the server was first started with a schedule is not made up for.
            let done = self.store.dialpad_is_reported(&self.organization, &period.name()).await;
            let done = done.map_err(|e| e.to_string())?;
            if done
                || period
                    .due
                    .and_local_timezone(zone)
                    .latest()
                    .is_some_and(|at| at < begun - chrono::Duration::hours(36))
            {
                continue;
            }
            let picture = self.report(period.from, period.to).await.map_err(|problem| problem.message)?;
            deliver(settings, &period, &picture).await?;
            let noted = self.store.dialpad_reported(&self.organization, &period.name(), Utc::now()).await;
            noted.map_err(|e| e.to_string())?;
            tracing::info!(report = period.name(), "a report of Dialpad's calls was made");
        }
        Ok(())
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
