//! Which calls of the past are looked at: typed in a line, in the words of the record.

use crate::when;
use chrono::{DateTime, Datelike, Days, Duration, Local, NaiveDate, NaiveTime, TimeZone, Utc};
use dialdeck_protocol::{CallFilter, CampaignId, CampaignRow};

/// Which calls of the past are looked at, and how far.
#[derive(Debug, Clone, Default)]
pub struct Past {
    /// Which.
    pub filter: CallFilter,
    /// As it was typed.
    pub typed: String,
    /// Where the next page begins; `None` at the end, or while it is asked for.
    pub next: Option<String>,
    /// Behind which place more was asked for.
    pub asked: Option<String>,
    /// Whether calls have ended since it was asked for.
    pub is_old: bool,
}

/// What can be typed.
pub const HINT: &str = "campaign:spring outcome:interested emotion:angry agent:bob status:completed from:2026-11-01 to:2026-11-08 (or 7d, today), \
                        and words that were said. Empty: all calls";

/// Reads such a line.
///
/// # Errors
/// Which word is wrong, and what would be right.
pub fn read(typed: &str, campaigns: &[CampaignRow], now: DateTime<Utc>) -> Result<CallFilter, String> {
    let mut filter = CallFilter::default();
    let mut words = Vec::new();
    for word in tokens(typed) {
        let Some((name, value)) = word.split_once(':').filter(|(_, value)| !value.is_empty()) else {
            words.push(word);
            continue;
        };
        match name {
            "campaign" => filter.campaign_id = Some(campaign(value, campaigns)?),
            "outcome" => filter.outcome = Some(vocabulary(value)?),
            "emotion" => filter.emotion = Some(vocabulary(value)?),
            "agent" => filter.agent = Some(value.to_owned()),
            "status" => filter.status = Some(vocabulary(value)?),
            "from" => filter.from = Some(moment(value, now, false)?),
            "to" => filter.to = Some(moment(value, now, true)?),
            _ => {
                return Err(format!(
                    "{name:?} is nothing to filter by; use campaign, outcome, emotion, agent, status, from, to, or words"
                ));
            }
        }
    }
    if filter.from.zip(filter.to).is_some_and(|(from, to)| from >= to) {
        return Err("from: lies behind to:; the first day comes first".into());
    }
    filter.text = (!words.is_empty()).then(|| words.join(" "));
    Ok(filter)
}

/// Words, and what stands between quotes as one.
fn tokens(typed: &str) -> Vec<String> {
    let (mut tokens, mut token, mut quoted) = (Vec::new(), String::new(), false);
    for c in typed.chars() {
        match c {
            '"' => quoted = !quoted,
            c if c.is_whitespace() && !quoted => tokens.push(std::mem::take(&mut token)),
            c => token.push(c),
        }
    }
    tokens.push(token);
    tokens.retain(|token| !token.trim().is_empty());
    tokens
}

/// The campaign of a name, or the only one whose name holds these words.
fn campaign(value: &str, campaigns: &[CampaignRow]) -> Result<CampaignId, String> {
    let wanted = value.to_lowercase();
    if let Some(campaign) = campaigns.iter().find(|campaign| campaign.name.to_lowercase() == wanted) {
        return Ok(campaign.id);
    }
    let found: Vec<&CampaignRow> =
        campaigns.iter().filter(|campaign| campaign.name.to_lowercase().contains(&wanted)).collect();
    match found.as_slice() {
        [] => Err(format!("no campaign's name holds {value:?}")),
        [campaign] => Ok(campaign.id),
        many => {
            let names: Vec<&str> = many.iter().map(|campaign| campaign.name.as_str()).collect();
            Err(format!("{value:?} may be {}; say which, in quotes", names.join(" or ")))
        }
    }
}

fn vocabulary<T: std::str::FromStr>(value: &str) -> Result<T, String>
where
    T::Err: std::fmt::Display,
{
    value.parse().map_err(|e: T::Err| e.to_string())
}

/// A day, `today`, or so many days back; `end`: the day's end.
fn moment(value: &str, now: DateTime<Utc>, end: bool) -> Result<DateTime<Utc>, String> {
    let today = when::here(now).date_naive();
    let back = value.strip_suffix('d').and_then(|days| days.parse::<i64>().ok());
    let day = match (value, back) {
        ("today", _) => today,
        (_, Some(days)) if (0..=3650).contains(&days) => today - Duration::days(days),
        _ => value
            .parse::<NaiveDate>()
            .map_err(|_| format!("{value:?} is no day; say 2026-11-01, 7d or today"))?,
    };
    let day = if end { day.checked_add_days(Days::new(1)) } else { Some(day) };
    let day = day.filter(|day| (1970..=9999).contains(&day.year()));
    let day = day.ok_or_else(|| format!("{value:?} is no day of ours; say 2026-11-01, 7d or today"))?;
    let midnight = day.and_time(NaiveTime::MIN);
    let there = if cfg!(test) {
        midnight.and_utc()
    } else {
        Local
            .from_local_datetime(&midnight)
            .earliest()
            .map_or_else(|| midnight.and_utc(), |at| at.with_timezone(&Utc))
    };
    Ok(there)
}

#[cfg(test)]
mod tests {
    use super::read;
    use chrono::{TimeZone, Utc};
    use dialdeck_protocol::{Emotion, Outcome};

    #[test]
    fn in_the_words_of_the_record() {
        let now = Utc.with_ymd_and_hms(2026, 1, 15, 18, 0, 0).unwrap();
        let filter =
            read("outcome:interested refund emotion:angry from:7d to:today order", &[], now).unwrap();
        assert_eq!((filter.outcome, filter.emotion), (Some(Outcome::Interested), Some(Emotion::Angry)));
        assert_eq!(filter.text.as_deref(), Some("refund order"));
        assert_eq!(filter.from, Some(Utc.with_ymd_and_hms(2026, 1, 8, 0, 0, 0).unwrap()));
        assert_eq!(filter.to, Some(Utc.with_ymd_and_hms(2026, 1, 16, 0, 0, 0).unwrap()));
        assert_eq!(read("  ", &[], now).unwrap(), super::CallFilter::default());
        for (typed, part) in [
            ("outcome:bliss", "interested"),
            ("campaign:none", "no campaign's name holds"),
            ("from:yesterday-ish", "is no day"),
            ("to:+262142-12-31", "is no day of ours"),
            ("colour:red", "is nothing to filter by"),
        ] {
            let message = read(typed, &[], now).unwrap_err();
            assert!(message.contains(part), "{message}");
        }
    }
}
