//! When a report is due, and of which days.

use crate::settings::ReportSettings;
use chrono::{Datelike, Days, NaiveDate, NaiveDateTime};

/// The days of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    /// The first.
    pub from: NaiveDate,
    /// The last.
    pub to: NaiveDate,
    /// When it was to be made, by the clock on the wall.
    pub due: NaiveDateTime,
}

impl Period {
    /// Of one day or several.
    pub fn of(from: NaiveDate, to: NaiveDate) -> Self {
        Self { from, to, due: to.and_time(chrono::NaiveTime::MIN) }
    }

    /// Its name, also that of its file.
    pub fn name(&self) -> String {
        if self.from == self.to {
            format!("dialpad-{}", self.from)
        } else {
            format!("dialpad-{}-to-{}", self.from, self.to)
        }
    }
}

/// Reports that were due last: of yesterday, and of the seven days before the day of the weekly one. `now`: the clock on the
/// wall.
pub fn due(settings: &ReportSettings, now: NaiveDateTime) -> Vec<Period> {
    let mut all = Vec::new();
    let back = |day: NaiveDate, days: u64| day.checked_sub_days(Days::new(days)).unwrap_or(day);
    if let Some(at) = settings.daily_at() {
        let made = if now.time() >= at { now.date() } else { back(now.date(), 1) };
        all.push(Period { from: back(made, 1), to: back(made, 1), due: made.and_time(at) });
    }
    if let Some((weekday, at)) = settings.weekly_at() {
        let passed = (7 + now.weekday().num_days_from_monday() - weekday.num_days_from_monday()) % 7;
        let mut made = back(now.date(), u64::from(passed));
        if passed == 0 && now.time() < at {
            made = back(made, 7);
        }
        all.push(Period { from: back(made, 7), to: back(made, 1), due: made.and_time(at) });
    }
    all
}
