use super::{Form, Period, due};
use crate::settings::ReportSettings;
use chrono::{NaiveDate, NaiveDateTime};
use dialdeck_protocol::dialpad::{Activity, Cards, Department, DialpadFilter, Hour, Picture, Status};

fn picture(name: &str) -> Picture {
    let cards = Cards { total: 4, inbound: 3, outbound: 1, completed: 3, missed: 1, duration_ms: 3_723_000 };
    let agent = Activity {
        agent_id: "7".into(),
        name: name.into(),
        cards,
        efficiency: 0.75,
        average_ms: cards.average_ms(),
        score: 61.5,
        days: vec![4],
    };
    let day: NaiveDate = "2026-11-20".parse().unwrap();
    let department = Department {
        id: "130".into(),
        name: "Sales".into(),
        zone: "UTC".into(),
        from: None,
        to: None,
        trouble: String::new(),
    };
    Picture {
        asked: DialpadFilter::default(),
        from: day,
        to: day,
        departments: vec![department],
        cards,
        activity: vec![agent],
        duty: Vec::new(),
        calls: Vec::new(),
        next: None,
        hours: vec![
            Hour { weekday: 4, hour: 9, calls: 3, missed: 1 },
            Hour { weekday: 4, hour: 15, calls: 1, missed: 0 },
        ],
        formula: "score = x".into(),
        status: Status::default(),
    }
}

#[test]
fn each_form_says_the_same() {
    let picture = picture("Ann");
    for (form, parts) in [
        (
            Form::Md,
            &[
                "# Dialpad, 2026-11-20: Sales",
                "| Ann | 4 | 3 | 1 | 3 | 1 | 75.0 % | 1:02:03 | 20:41 | 61.5 |",
                "- Friday 09:00, 3 calls",
            ][..],
        ),
        (Form::Csv, &["agent,total,inbound", "2026-11-20\n", "Ann,4,3,1,3,1,0.7500,3723,1241,61.5,4\n"]),
        (Form::Html, &["<td>Ann</td><td>4</td>", "<li>Friday 09:00, 3 calls</li>", "</html>"]),
    ] {
        let text = form.write(&picture);
        for part in parts {
            assert!(text.contains(part), "{part} is missing in {text}");
        }
    }
}

#[test]
fn a_name_means_nothing_to_what_reads_it() {
    let picture = picture("=cmd()|<script>alert(1)</script>");
    assert!(Form::Csv.write(&picture).contains("'=cmd()|<script>"));
    assert!(!Form::Html.write(&picture).contains("<script>"));
    assert!(!Form::Md.write(&picture).contains("| =cmd()|"));
}

#[test]
fn due_by_the_clock_on_the_wall() {
    let settings: ReportSettings = toml::from_str(
        "daily = '07:00'\nweekly = 'mon 07:30'\nformats = ['md']\nfolder = '/x'\nmail_to = []\nmail_from = ''\n\
         smtp_host = ''\nsmtp_port = 25\nsmtp_user = ''\nsmtp_password = ''\nsmtp_tls = 'none'",
    )
    .unwrap();
    let names = |now: &str| -> Vec<String> {
        let now: NaiveDateTime = now.parse().unwrap();
        due(&settings, now).iter().map(Period::name).collect()
    };
    // Monday the 23rd.
    assert_eq!(names("2026-11-23T06:59:00"), ["dialpad-2026-11-21", "dialpad-2026-11-09-to-2026-11-15"]);
    assert_eq!(names("2026-11-23T07:00:00"), ["dialpad-2026-11-22", "dialpad-2026-11-09-to-2026-11-15"]);
    assert_eq!(names("2026-11-23T07:30:00"), ["dialpad-2026-11-22", "dialpad-2026-11-16-to-2026-11-22"]);
    assert_eq!(names("2026-11-29T23:00:00"), ["dialpad-2026-11-28", "dialpad-2026-11-16-to-2026-11-22"]);
}
