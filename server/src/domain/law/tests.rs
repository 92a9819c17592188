use super::{Per, Rules};
use chrono::{DateTime, Duration, TimeZone, Utc};
use chrono_tz::Tz;
use std::collections::BTreeSet;

fn places(state: &str) -> BTreeSet<String> {
    ["US".to_owned(), format!("US-{state}")].into()
}

/// What forbids a call in a state at a local time.
fn rule(state: &str, zone: Tz, day: (i32, u32, u32), hour: u32, minute: u32) -> Option<&'static str> {
    let local = zone.with_ymd_and_hms(day.0, day.1, day.2, hour, minute, 0).unwrap();
    Rules::shipped().forbids(&places(state), &[zone], local.with_timezone(&Utc)).map(|f| f.rule)
}

#[test]
fn states_have_their_own_hours_and_days() {
    use chrono_tz::America::{Chicago, Los_Angeles, New_York};
    let (friday, saturday, sunday, thanksgiving) =
        ((2026, 11, 20), (2026, 11, 21), (2026, 11, 22), (2026, 11, 26));
    for (state, zone, day, hour, expected) in [
        ("NY", New_York, friday, 20, None),
        ("NY", New_York, friday, 21, Some("hours")),
        ("NY", New_York, sunday, 12, None),
        ("FL", New_York, friday, 19, None),
        ("FL", New_York, friday, 20, Some("hours")),
        ("OK", Chicago, friday, 20, Some("hours")),
        ("MD", New_York, friday, 20, Some("hours")),
        ("WA", Los_Angeles, friday, 20, Some("hours")),
        ("CT", New_York, friday, 8, Some("hours")),
        ("CT", New_York, friday, 9, None),
        ("RI", New_York, friday, 17, None),
        ("RI", New_York, friday, 18, Some("hours")),
        ("RI", New_York, saturday, 12, Some("closed")),
        ("AL", Chicago, saturday, 12, None),
        ("AL", Chicago, sunday, 12, Some("closed")),
        ("LA", Chicago, sunday, 12, Some("closed")),
        ("MS", Chicago, sunday, 12, Some("closed")),
        ("AL", Chicago, thanksgiving, 12, Some("closed")),
        ("NY", New_York, thanksgiving, 12, None),
    ] {
        assert_eq!(rule(state, zone, day, hour, 0), expected, "{state} {day:?} {hour}");
    }
}

#[test]
fn a_rule_holds_only_while_it_is_in_force() {
    use chrono_tz::America::New_York;
    assert_eq!(rule("MD", New_York, (2023, 12, 29), 20, 30), None);
    assert_eq!(rule("MD", New_York, (2024, 1, 2), 20, 30), Some("hours"));
}

#[test]
fn a_cap_counts_back_and_says_when_it_leaves_room() {
    let rules = Rules::shipped();
    let now = Utc.with_ymd_and_hms(2026, 11, 20, 18, 0, 0).unwrap();
    let ago = |hours: i64| now - Duration::hours(hours);
    let florida = places("FL");
    assert_eq!(rules.capped(Per::Number, &florida, &[ago(1), ago(2), ago(25)], now), None);
    let (forbidden, opens) = rules.capped(Per::Number, &florida, &[ago(20), ago(1), ago(2)], now).unwrap();
    assert_eq!(forbidden.rule, "cap");
    assert_eq!(opens, ago(20) + Duration::hours(24));
    assert_eq!(rules.capped(Per::Number, &places("NY"), &[ago(1), ago(2), ago(3)], now), None);
}

#[test]
fn an_operators_file_adds_and_replaces() {
    let stricter = r#"
        [[hours]]
        id = "us-fl-hours"
        where = ["US-FL"]
        opens = "10:00"
        closes = "16:00"
        [[cap]]
        id = "ours"
        where = ["*"]
        calls = 1
        hours = 48
    "#;
    let rules = Rules::shipped().with(stricter).unwrap();
    let at: DateTime<Utc> = Utc.with_ymd_and_hms(2026, 11, 20, 22, 0, 0).unwrap();
    assert!(rules.forbids(&places("FL"), &[chrono_tz::America::New_York], at).is_some(), "17:00");
    assert!(rules.capped(Per::Number, &places("NY"), &[at - Duration::hours(47)], at).is_some());
}

#[test]
fn mistakes_are_refused_with_their_line() {
    for (text, expected) in [
        ("[[hours]]\nid = \"x\"\nwhere = [\"US\"]\nopens = \"8 o'clock\"\ncloses = \"20:00\"", "line 4"),
        (
            "[[hours]]\nid = \"x\"\nwhere = [\"US\"]\nopens = \"20:00\"\ncloses = \"08:00\"",
            "opens must come before",
        ),
        (
            "[[cap]]\nid = \"x\"\nwhere = [\"US\"]\ncalls = 3\nhours = 24\nuntill = 2030-01-01",
            "line 6: cap has no untill",
        ),
        ("[[hour]]\nid = \"x\"", "line 1"),
        ("[[cap]]\nid = \"x\"\nwhere = [\"Florida\"]\ncalls = 3\nhours = 24", "where must name"),
        ("[[cap]]\nid = \"x\"\nwhere = [\"US\"]\ncalls = 0\nhours = 24", "use 1 to 1000"),
        ("[[holiday]]\nid = \"x\"\nwhere = [\"US\"]\ndate = \"never\"", "is no day"),
        (
            "[[cap]]\nid = \"x\"\nwhere = [\"US\"]\ncalls = 3\nhours = 24\n[[cap]]\nid = \"x\"\nwhere = [\"US\"]\ncalls = 3\nhours = 24",
            "twice",
        ),
    ] {
        let why = Rules::shipped().with(text).unwrap_err();
        assert!(why.contains(expected), "{why}");
    }
}

#[test]
fn what_is_shipped_is_read_whole() {
    let rules = Rules::shipped();
    assert!(rules.hours().len() >= 7 && rules.closed().len() >= 4 && rules.caps().len() >= 3);
    assert!(rules.holidays.len() >= 11);
}
