//! Days: of the week, and holidays.

use chrono::{Datelike, NaiveDate, Weekday};
use serde::{Deserialize, Deserializer, Serialize};

/// A holiday's place in the year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holiday {
    /// Month and day of every year.
    Yearly(u32, u32),
    /// One date.
    Once(NaiveDate),
    /// The n-th such weekday of a month, from 1.
    Nth(u32, Weekday, u32),
    /// The last such weekday of a month.
    Last(Weekday, u32),
}

impl Holiday {
    /// Whether a date is one.
    pub fn is_on(&self, date: NaiveDate) -> bool {
        match *self {
            Self::Yearly(month, day) => (date.month(), date.day()) == (month, day),
            Self::Once(once) => date == once,
            Self::Nth(nth, weekday, month) => {
                date.month() == month && date.weekday() == weekday && (date.day() - 1) / 7 + 1 == nth
            }
            Self::Last(weekday, month) => {
                let next = date.checked_add_days(chrono::Days::new(7));
                date.month() == month
                    && date.weekday() == weekday
                    && next.is_none_or(|next| next.month() != month)
            }
        }
    }

    /// Reads one as a rules file has it.
    ///
    /// # Errors
    /// What would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "{text:?} is no day; write \"12-25\", \"2026-12-25\", \"fourth thursday of november\" or \"last monday of may\""
            )
        };
        if let Ok(once) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
            return Ok(Self::Once(once));
        }
        // In a leap year, so that 29 February is a day.
        if let Ok(date) = NaiveDate::parse_from_str(&format!("2024-{text}"), "%Y-%m-%d") {
            return Ok(Self::Yearly(date.month(), date.day()));
        }
        let words: Vec<&str> = text.split_whitespace().collect();
        let [nth, weekday, "of", month] = words[..] else { return Err(wrong()) };
        let weekday: Weekday = weekday.parse().map_err(|_| wrong())?;
        let month = month.parse::<chrono::Month>().map_err(|_| wrong())?.number_from_month();
        match nth {
            "last" => Ok(Self::Last(weekday, month)),
            nth => ["first", "second", "third", "fourth"]
                .iter()
                .zip(1..)
                .find(|(name, _)| **name == nth)
                .map(|(_, n)| Self::Nth(n, weekday, month))
                .ok_or_else(wrong),
        }
    }
}

impl<'de> Deserialize<'de> for Holiday {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// A day of the week as a rules file has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = LawDay)]
pub enum Day {
    /// Monday.
    Mon,
    /// Tuesday.
    Tue,
    /// Wednesday.
    Wed,
    /// Thursday.
    Thu,
    /// Friday.
    Fri,
    /// Saturday.
    Sat,
    /// Sunday.
    Sun,
}

impl Day {
    /// All of them.
    pub const ALL: [Self; 7] = [Self::Mon, Self::Tue, Self::Wed, Self::Thu, Self::Fri, Self::Sat, Self::Sun];

    /// Of a date.
    pub fn of(date: NaiveDate) -> Self {
        match date.weekday() {
            Weekday::Mon => Self::Mon,
            Weekday::Tue => Self::Tue,
            Weekday::Wed => Self::Wed,
            Weekday::Thu => Self::Thu,
            Weekday::Fri => Self::Fri,
            Weekday::Sat => Self::Sat,
            Weekday::Sun => Self::Sun,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Holiday;
    use chrono::NaiveDate;

    fn on(text: &str, year: i32, month: u32, day: u32) -> bool {
        Holiday::parse(text).unwrap().is_on(NaiveDate::from_ymd_opt(year, month, day).unwrap())
    }

    #[test]
    fn holidays_fall_where_they_should() {
        assert!(on("fourth thursday of november", 2026, 11, 26));
        assert!(!on("fourth thursday of november", 2026, 11, 19));
        assert!(on("last monday of may", 2026, 5, 25) && !on("last monday of may", 2026, 5, 18));
        assert!(on("12-25", 2031, 12, 25) && on("02-29", 2028, 2, 29));
        assert!(on("2027-02-09", 2027, 2, 9) && !on("2027-02-09", 2028, 2, 9));
    }

    #[test]
    fn what_is_no_day_is_said() {
        for text in ["", "25-12", "fifth monday of may", "last moonday of may", "first monday"] {
            assert!(Holiday::parse(text).unwrap_err().contains("is no day"), "{text}");
        }
    }
}
