//! Reading when somebody means: a day and an hour, as people say them, where they are. Pure.

use super::{Value, small};
use crate::voice::phrases::plain as words_of;
use chrono::{DateTime, Datelike, Duration, NaiveDate, NaiveTime, TimeZone, Timelike, Utc, Weekday};
use chrono_tz::Tz;

const DAYS: [(&str, Weekday); 7] = [
    ("monday", Weekday::Mon),
    ("tuesday", Weekday::Tue),
    ("wednesday", Weekday::Wed),
    ("thursday", Weekday::Thu),
    ("friday", Weekday::Fri),
    ("saturday", Weekday::Sat),
    ("sunday", Weekday::Sun),
];

/// A day and an hour that lie ahead; where only an hour is said, the next such.
pub(super) fn read(text: &str, now: DateTime<Tz>) -> Option<Value> {
    let text = words_of(&text.replace(':', " ").replace("p.m.", "pm").replace("a.m.", "am"));
    let words: Vec<&str> = text.split_whitespace().collect();
    let day = day(&words, now);
    let hour = hour(&words)?;
    let at = |date: NaiveDate| now.timezone().from_local_datetime(&date.and_time(hour)).latest();
    let moment = match day {
        Some(date) => at(date)?,
        None => at(now.date_naive())
            .filter(|at| *at > now)
            .or_else(|| at(now.date_naive() + Duration::days(1)))?,
    };
    if moment <= now || moment > now + Duration::days(366) {
        return None;
    }
    let minutes = if hour.minute() == 0 { String::new() } else { format!(" {:02}", hour.minute()) };
    let spoken = format!(
        "{} at {}{minutes} {}",
        moment.format("%A, %B %-d"),
        if hour.hour12().1 == 0 { 12 } else { hour.hour12().1 },
        if hour.hour12().0 { "PM" } else { "AM" }
    );
    Some(Value {
        kept: moment.format("%Y-%m-%d %H:%M %Z").to_string(),
        spoken,
        at: Some(moment.with_timezone(&Utc)),
    })
}

fn day(words: &[&str], now: DateTime<Tz>) -> Option<NaiveDate> {
    let today = now.date_naive();
    if words.contains(&"tomorrow") {
        return Some(today + Duration::days(1));
    }
    if words.iter().any(|word| matches!(*word, "today" | "tonight")) {
        return Some(today);
    }
    let weekday = words.iter().find_map(|word| {
        let name = word.strip_suffix('s').unwrap_or(word);
        DAYS.iter().find(|(day, _)| *day == name).map(|(_, weekday)| *weekday)
    })?;
    let ahead = (7 + i64::from(weekday.num_days_from_monday())
        - i64::from(today.weekday().num_days_from_monday()))
        % 7;
    // "Monday" said on a Monday is the next one; "Friday next week" is not this week's.
    let ahead = if ahead == 0 { 7 } else { ahead };
    let next_week = words.windows(2).any(|two| two == ["next", "week"]);
    let monday = today - Duration::days(i64::from(today.weekday().num_days_from_monday()));
    let date = today + Duration::days(ahead);
    Some(if next_week && date < monday + Duration::days(7) { date + Duration::days(7) } else { date })
}

/// The hour that is said. One to seven without more is in the afternoon: nobody is called at night.
fn hour(words: &[&str]) -> Option<NaiveTime> {
    let has = |word: &str| words.contains(&word);
    let is_pm = has("pm")
        || has("afternoon")
        || has("evening")
        || has("tonight")
        || words.windows(2).any(|two| two == ["p", "m"]);
    let is_am = has("am") || has("morning") || words.windows(2).any(|two| two == ["a", "m"]);
    let clock = |hour: u32, minute: u32| {
        let hour = match hour {
            12 if is_am => 0,
            1..=11 if is_pm => hour + 12,
            1..=7 if !is_am => hour + 12,
            hour => hour,
        };
        NaiveTime::from_hms_opt(hour, minute, 0)
    };
    for (n, word) in words.iter().enumerate() {
        let after = &words[n + 1..];
        let hour_of =
            |words: &[&str]| small(words).map(|(hour, _)| hour).filter(|hour| (1..=12).contains(hour));
        match (*word, after.first()) {
            ("half", Some(&"past")) => return clock(hour_of(&after[1..])?, 30),
            ("quarter", Some(&"past" | &"after")) => return clock(hour_of(&after[1..])?, 15),
            ("quarter", Some(&"to" | &"of")) => {
                let hour = hour_of(&after[1..])?;
                return clock(if hour == 1 { 12 } else { hour - 1 }, 45);
            }
            _ => {}
        }
        // "Twenty past three".
        let Some((minute, took)) = small(&words[n..]) else { continue };
        match words.get(n + took) {
            Some(&"past" | &"after") => return clock(hour_of(&words[n + took + 1..])?, minute),
            Some(&"to") if minute < 60 => {
                let hour = hour_of(&words[n + took + 1..])?;
                return clock(if hour == 1 { 12 } else { hour - 1 }, 60 - minute);
            }
            _ => {}
        }
    }
    // "three thirty", "ten", "at 3 15 pm": a number that is no day of a month.
    for n in 0..words.len() {
        let Some((hour, took)) = small(&words[n..]) else { continue };
        let is_ordinal_or_count =
            matches!(words.get(n + took), Some(&"days" | &"weeks" | &"hours" | &"minutes"));
        if !(1..=23).contains(&hour) || is_ordinal_or_count {
            continue;
        }
        let minute =
            small(&words[n + took..]).map(|(minute, _)| minute).filter(|minute| (1..60).contains(minute));
        return if hour > 12 {
            NaiveTime::from_hms_opt(hour, minute.unwrap_or(0), 0)
        } else {
            clock(hour, minute.unwrap_or(0))
        };
    }
    if has("noon") || has("lunchtime") || has("midday") {
        return NaiveTime::from_hms_opt(12, 0, 0);
    }
    let usual = [("morning", 10), ("afternoon", 14), ("evening", 18)];
    usual.iter().find(|(word, _)| has(word)).and_then(|(_, hour)| NaiveTime::from_hms_opt(*hour, 0, 0))
}

#[cfg(test)]
mod tests {
    use super::read;
    use chrono::TimeZone;
    use chrono_tz::America::Chicago;
    use proptest::prelude::*;

    fn kept(text: &str) -> Option<String> {
        // A Thursday.
        read(text, Chicago.with_ymd_and_hms(2026, 1, 15, 11, 0, 0).unwrap()).map(|value| value.kept)
    }

    #[test]
    fn times_lie_ahead_where_the_person_is() {
        for (text, expected) in [
            ("tomorrow at ten", Some("2026-01-16 10:00 CST")),
            ("Tuesday at half past three", Some("2026-01-20 15:30 CST")),
            ("at 3:15 p.m. on Monday", Some("2026-01-19 15:15 CST")),
            ("quarter to one today", Some("2026-01-15 12:45 CST")),
            ("Friday morning", Some("2026-01-16 10:00 CST")),
            ("friday next week at nine", Some("2026-01-23 09:00 CST")),
            ("five", Some("2026-01-15 17:00 CST")),
            ("at ten", Some("2026-01-16 10:00 CST")),
            ("twenty past", None),
            ("twenty past three tomorrow", Some("2026-01-16 15:20 CST")),
            ("ten to nine tomorrow", Some("2026-01-16 08:50 CST")),
            ("tomorrow", None),
            ("whenever", None),
            ("today at nine", None),
            ("sunday at noon", Some("2026-01-18 12:00 CST")),
            ("eight thirty in the evening", Some("2026-01-15 20:30 CST")),
        ] {
            assert_eq!(kept(text).as_deref(), expected, "{text}");
        }
        let now = Chicago.with_ymd_and_hms(2026, 1, 15, 11, 0, 0).unwrap();
        let value = read("tuesday at half past three", now).unwrap();
        assert_eq!(value.spoken, "Tuesday, January 20 at 3 30 PM");
    }

    proptest! {
        #[test]
        fn words_of_times_never_panic(words in proptest::collection::vec("(half|quarter|past|to|one|twelve|twenty|five|pm|a|m|monday|next|week|tomorrow|[0-9]{1,3})", 0..8)) {
            let _ = kept(&words.join(" "));
        }
    }
}
