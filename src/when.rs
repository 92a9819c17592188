//! A moment as people say it: "tomorrow 3pm", in the zone of whoever is to be called then. Pure.

use chrono::{DateTime, Datelike, Duration, FixedOffset, Local, NaiveDate, Utc};
use chrono_tz::Tz;
use interim::{Dialect, parse_date_string};

/// A moment where this console stands. In tests that is nowhere.
pub fn here(at: DateTime<Utc>) -> DateTime<FixedOffset> {
    if cfg!(test) { at.fixed_offset() } else { at.with_timezone(&Local).fixed_offset() }
}

/// The furthest that a moment may lie ahead.
const FURTHEST: Duration = Duration::days(366);

/// A zone by its name; what this machine's clock shows otherwise would be somebody else's time.
pub fn zone(name: &str) -> Option<Tz> {
    name.parse().ok()
}

/// Reads a moment. `zone` is where it is to hold.
///
/// # Errors
/// What was wrong, and what would be right.
pub fn read(text: &str, zone: Tz, now: DateTime<Utc>) -> Result<DateTime<Utc>, String> {
    let text = text.trim();
    let said = crate::plain::line(text);
    let example = "say \"tomorrow 3pm\", \"friday 10:30\", \"in 2 hours\" or \"2026-12-01 14:00\"";
    if text.is_empty() {
        return Err(format!("say when; {example}"));
    }
    let spoken = text.strip_prefix("in ").unwrap_or(text);
    let at = parse_date_string(spoken, now.with_timezone(&zone), Dialect::Us)
        .map_err(|_| format!("{said:?} is no time; {example}"))?
        .with_timezone(&Utc);
    if at <= now {
        return Err(format!(
            "{} lies in the past; {example}",
            at.with_timezone(&zone).format("%d %b %H:%M %Z")
        ));
    }
    if at > now + FURTHEST {
        return Err("that is more than a year ahead".into());
    }
    Ok(at)
}

/// A step of the date picker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Days, ahead or back.
    Days(i64),
    /// Minutes, ahead or back.
    Minutes(i64),
}

/// What stands in the line after a step from what stands there; from tomorrow at ten where that is no moment.
pub fn stepped(text: &str, zone: Tz, now: DateTime<Utc>, step: Step) -> String {
    let there = now.with_timezone(&zone).naive_local();
    let begin = || (there.date() + Duration::days(1)).and_hms_opt(10, 0, 0).unwrap_or(there);
    let moved = match read(text, zone, now) {
        Ok(at) => {
            let at = at.with_timezone(&zone).naive_local();
            let by = match step {
                Step::Days(days) => Duration::days(days),
                Step::Minutes(minutes) => Duration::minutes(minutes),
            };
            at.checked_add_signed(by).unwrap_or(at)
        }
        Err(_) => begin(),
    };
    // Never back into the past: there nobody is called.
    let moved = if moved <= there { there + Duration::minutes(30) } else { moved };
    moved.format("%Y-%m-%d %H:%M").to_string()
}

/// A month as a calendar, weeks from Monday: each day, and whether it is the one that is meant. `None` fills a week.
pub fn month(at: NaiveDate) -> Vec<[Option<(u32, bool)>; 7]> {
    let Some(first) = at.with_day(1) else { return Vec::new() };
    let mut weeks = Vec::new();
    let mut week = [None; 7];
    for day in first.iter_days().take_while(|day| day.month() == at.month()) {
        let place = day.weekday().num_days_from_monday();
        week[place as usize] = Some((day.day(), day == at));
        if place == 6 {
            weeks.push(std::mem::take(&mut week));
        }
    }
    if week.iter().any(Option::is_some) {
        weeks.push(week);
    }
    weeks
}

/// A moment as it is shown: in the person's zone, or, where that is not known, in UTC.
pub fn shown(at: DateTime<Utc>, zone: Option<Tz>) -> String {
    match zone {
        Some(zone) => at.with_timezone(&zone).format("%a %d %b %H:%M %Z").to_string(),
        None => at.format("%a %d %b %H:%M UTC").to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Step, month, read, shown, stepped, zone};
    use chrono::{DateTime, TimeZone, Utc};

    fn now() -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2026, 1, 15, 18, 0, 0).unwrap()
    }

    #[test]
    fn as_people_say_it_where_they_are() {
        let chicago = zone("America/Chicago").unwrap();
        let at = |text: &str| shown(read(text, chicago, now()).unwrap(), Some(chicago));
        assert_eq!(at("tomorrow 3pm"), "Fri 16 Jan 15:00 CST");
        assert_eq!(at("in 2 hours"), "Thu 15 Jan 14:00 CST");
        assert_eq!(at("2026-02-01 14:00"), "Sun 01 Feb 14:00 CST");
        assert_eq!(at("monday 9:30"), "Mon 19 Jan 09:30 CST");
    }

    #[test]
    fn a_calendar_to_step_through() {
        let chicago = zone("America/Chicago").unwrap();
        let step = |text: &str, step| stepped(text, chicago, now(), step);
        assert_eq!(step("", Step::Days(1)), "2026-01-16 10:00", "it is the 15th, noon");
        assert_eq!(step("tomorrow 3pm", Step::Days(7)), "2026-01-23 15:00");
        assert_eq!(step("2026-01-16 10:00", Step::Minutes(30)), "2026-01-16 10:30");
        assert_eq!(step("2026-01-16 10:00", Step::Days(-7)), "2026-01-15 12:30", "not into the past");
        let january = month("2026-01-16".parse().unwrap());
        assert_eq!(
            january[0],
            [None, None, None, Some((1, false)), Some((2, false)), Some((3, false)), Some((4, false))]
        );
        assert_eq!(january[2][4], Some((16, true)));
        assert_eq!(january.len(), 5);
    }

    #[test]
    fn what_cannot_be_is_told() {
        let chicago = zone("America/Chicago").unwrap();
        for (text, why) in [
            ("", "say when"),
            ("blub", "is no time"),
            ("yesterday 3pm", "in the past"),
            ("2030-01-01 10:00", "more than a year"),
        ] {
            let wrong = read(text, chicago, now()).unwrap_err();
            assert!(wrong.contains(why), "{text}: {wrong}");
        }
    }
}
