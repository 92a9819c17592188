//! What each VICIdial lets us do, feature by feature, and the letter that asks for the rest.

use super::{Finding, State};
use crate::connectors::vicidial::letter::letter;
use crate::connectors::vicidial::probe::{Reach, Report, probe};
use crate::settings::{Settings, Vicidial};
use std::collections::BTreeMap;
use std::time::Instant;

fn finding(
    name: &str,
    part: &str,
    state: State,
    detail: impl Into<String>,
    remedy: &str,
    ms: u64,
) -> Finding {
    let plain = |text: &str| crate::domain::plain::line(text, 400);
    let name = format!("vicidial {name}: {part}");
    Finding { name, state, detail: plain(&detail.into()), remedy: plain(remedy), ms }
}

/// A part that is reached, or is not.
fn part(name: &str, part: &str, reach: &Reach, set_up: &str, ms: u64) -> Finding {
    match reach {
        Reach::Works(what) => finding(name, part, State::Ok, what, "", ms),
        Reach::NotSetUp => finding(name, part, State::Skip, format!("not set up ({set_up})"), "", ms),
        Reach::Refused(why) => finding(name, part, State::Fail, "it does not let us in", why, ms),
        Reach::Unreachable(why) => {
            finding(name, part, State::Fail, "it cannot be reached from here", why, ms)
        }
    }
}

fn findings(report: &Report, ms: u64) -> Vec<Finding> {
    let name = &report.name;
    let mut all = vec![part(name, "API", &report.http, "VICI_API_URL, VICI_API_USER, VICI_API_PASS", ms)];
    all.extend(report.warnings.iter().map(|warning| finding(name, "API", State::Warn, warning, "", 0)));
    if report.http.works() {
        for (feature, why) in report.features() {
            let remedy = "in VICIdial's Users, allow these functions to the API user, and give it the rights that docs/VICIDIAL.md names";
            all.push(match why {
                None => finding(name, feature, State::Ok, "every function of it may be called", "", 0),
                Some(why) => finding(name, feature, State::Fail, why, remedy, 0),
            });
        }
    }
    all.push(part(name, "database", &report.database, "VICI_DB_HOST, VICI_DB_USER, VICI_DB_PASSWORD", 0));
    if report.database.works() {
        if report.unreadable.is_empty() {
            all.push(finding(name, "live floor", State::Ok, "every table it needs can be read", "", 0));
        } else {
            let text = format!("these tables cannot be read: {}", report.unreadable.join(", "));
            all.push(finding(name, "live floor", State::Fail, text, "GRANT SELECT on them", 0));
        }
        if report.unwritable.is_empty() {
            all.push(finding(name, "database, writing", State::Ok, "leads and hopper can be written", "", 0));
        } else {
            let tables = report.unwritable.join(", ");
            let text = format!(
                "these tables cannot be written to: {tables}; leads go by the API, and nothing else needs it"
            );
            all.push(finding(name, "database, writing", State::Skip, text, "", 0));
        }
    }
    all.push(part(name, "AMI", &report.ami, "VICI_AMI_HOST, VICI_AMI_USER, VICI_AMI_PASS", 0));
    if !report.denied.is_empty() {
        let text = format!("may not: {}", report.denied.join(", "));
        all.push(finding(
            name,
            "AMI",
            State::Fail,
            text,
            "add call and originate to the user's write in manager.conf",
            0,
        ));
    }
    all.push(part(name, "remote agent", &report.remote_agent, "vicidial.….remote_agent", 0));
    all
}

/// Tries these VICIdials, by their names.
pub async fn examine(vicidials: &BTreeMap<String, Vicidial>) -> Vec<Finding> {
    let mut all = Vec::new();
    for (name, vicidial) in vicidials {
        let begun = Instant::now();
        let report = probe(name, vicidial).await;
        let ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        all.extend(findings(&report, ms));
    }
    all
}

/// The letters to whoever runs the VICIdials; one for a VICIdial to come where the settings have none.
pub async fn letters(settings: &Settings) -> Vec<(String, Option<String>)> {
    let mut all = settings.vicidial.clone();
    if all.is_empty() {
        all.insert("main".into(), crate::settings::Vicidial::default());
    }
    let mut letters = Vec::new();
    for (name, vicidial) in &all {
        let report = probe(name, vicidial).await;
        letters.push((name.clone(), letter(&report, vicidial, &settings.sip)));
    }
    letters
}
