//! Moments as options take them: RFC 3339, or a day.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

/// Reads one; a day begins at midnight UTC, as the server reads it.
pub fn read(text: &str) -> Result<DateTime<Utc>, String> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Ok(at.with_timezone(&Utc));
    }
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d");
    day.map(|day| day.and_time(NaiveTime::MIN).and_utc())
        .map_err(|_| "write it as 2026-12-31 or 2026-12-31T14:00:00Z".to_owned())
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn a_day_or_a_moment() {
        assert_eq!(read("2026-12-31").unwrap(), read("2026-12-31T01:00:00+01:00").unwrap());
        assert!(read("soon").is_err());
    }
}
