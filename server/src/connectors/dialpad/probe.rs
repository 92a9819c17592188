//! What the token may and may not, whether the departments have agents, and how fast Dialpad is.

use super::client::{Ask, Client};
use super::wire::{self, Class, Trouble};
use crate::settings::Dialpad;
use chrono::Utc;
use reqwest::Method;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// From which answer time on a page is slow.
const SLOW: Duration = Duration::from_secs(10);

/// How one thing stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// It may, or it is so.
    Well(String),
    /// It works, but somebody should look; and what to do.
    Doubtful(String, String),
    /// It may not; and what to do.
    Refused(String, String),
}

/// What was found, each with what it is about and how long it took in milliseconds.
pub type Report = Vec<(String, Found, u64)>;

/// Actions that are asked about nobody, so that nothing is done: a refusal of the token comes before "not found".
const ACTIONS: &[(&str, Method, &str)] = &[
    ("hang up calls", Method::PUT, "/call/1/actions/hangup"),
    ("transfer calls", Method::POST, "/call/1/transfer"),
    ("label calls", Method::PUT, "/call/1/labels"),
    ("start calls", Method::POST, "/users/1/initiate_call"),
    ("record calls", Method::PATCH, "/users/1/activecall"),
    ("set duty status", Method::PATCH, "/callcenters/operators/1/dutystatus"),
    ("set do-not-disturb", Method::PATCH, "/users/1/togglednd"),
];

fn refused(trouble: &Trouble) -> Found {
    Found::Refused(trouble.to_string(), trouble.class.remedy().to_owned())
}

/// Tries all of it. Nothing is changed at Dialpad.
pub async fn probe(settings: &Dialpad) -> Report {
    let mut report = Report::new();
    let client = match Client::new(settings, Arc::new(|| None)) {
        Ok(Some(client)) => client,
        Ok(None) => return report,
        Err(why) => {
            report.push(("address".into(), Found::Refused(why, "mend dialpad.url".into()), 0));
            return report;
        }
    };
    let mut note = |what: String, found: Found, begun: Instant| {
        report.push((what, found, u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX)));
    };
    let begun = Instant::now();
    if let Err(trouble) = client.look(&Ask::get("/webhooks")).await
        && !matches!(trouble.class, Class::Forbidden | Class::NotFound)
    {
        // Whoever does not let us in at all does not let us in for anything.
        note("token".into(), refused(&trouble), begun);
        return report;
    }
    note("token".into(), Found::Well("Dialpad lets us in".into()), begun);
    let ids = settings.department_ids();
    if ids.is_empty() {
        let remedy = "set DIALPAD_DEPARTMENT_ID to the ids in the addresses of Dialpad's admin portal";
        note("departments".into(), Found::Refused("there is none".into(), remedy.into()), Instant::now());
    }
    for id in ids {
        for (what, found, begun) in department(&client, id, settings).await {
            note(what, found, begun);
        }
    }
    for (what, path) in [
        ("webhooks", "/webhooks"),
        ("websockets", "/websockets"),
        ("event subscriptions", "/subscriptions/call"),
    ] {
        let begun = Instant::now();
        let found = match client.look(&Ask::get(path)).await {
            Ok(_) => Found::Well("may look, and so may most likely subscribe".into()),
            Err(trouble) => refused(&trouble),
        };
        note(what.into(), found, begun);
    }
    for (what, method, path) in ACTIONS {
        let begun = Instant::now();
        let body = (*method != Method::PUT || path.ends_with("labels")).then(|| serde_json::json!({}));
        let found = match client.act(&Ask::act(method.clone(), *path, body)).await {
            Err(trouble) if matches!(trouble.class, Class::NotFound | Class::Invalid) => {
                Found::Well("asked about nobody: not refused".into())
            }
            Ok(_) => Found::Well("not refused".into()),
            Err(trouble) if matches!(trouble.class, Class::Unauthorized | Class::Forbidden) => {
                refused(&trouble)
            }
            Err(trouble) => Found::Doubtful(trouble.to_string(), trouble.class.remedy().to_owned()),
        };
        note((*what).into(), found, begun);
    }
    report
}

async fn department(client: &Client, id: i64, settings: &Dialpad) -> Vec<(String, Found, Instant)> {
    let mut all = Vec::new();
    let begun = Instant::now();
    let (name, zone) = match client.look(&Ask::get(format!("/departments/{id}"))).await {
        Ok(answer) => wire::department(&answer).map_or_else(Default::default, |d| (d.name, d.zone)),
        Err(trouble) => {
            all.push((format!("department {id}"), refused(&trouble), begun));
            return all;
        }
    };
    let zone = if settings.zone.is_empty() { zone } else { settings.zone.clone() };
    let found = if zone.parse::<chrono_tz::Tz>().is_ok() {
        Found::Well(format!("{name}; its days are those of {zone}"))
    } else {
        let remedy = "set dialpad.zone, such as America/New_York";
        Found::Doubtful(
            format!("{name}; it has no zone that is known ({zone:?}): days are those of UTC"),
            remedy.into(),
        )
    };
    all.push((format!("department {id}"), found, begun));

    let begun = Instant::now();
    let operators = match client.look(&Ask::get(format!("/departments/{id}/operators"))).await {
        Ok(answer) => wire::operators(&answer, id),
        Err(trouble) => {
            all.push((format!("department {id}: agents"), refused(&trouble), begun));
            Vec::new()
        }
    };
    if all.len() == 1 {
        let found = if operators.is_empty() {
            let remedy = "add users to the department in Dialpad, or set DIALPAD_DEPARTMENT_ID to theirs";
            Found::Doubtful("nobody belongs to it".into(), remedy.into())
        } else {
            Found::Well(format!("{} belong to it", operators.len()))
        };
        all.push((format!("department {id}: agents"), found, begun));
    }

    let begun = Instant::now();
    let ask = Ask::get("/call")
        .with("target_id", id.to_string())
        .with("target_type", "department")
        .with("started_after", (Utc::now() - chrono::Duration::days(1)).timestamp_millis().to_string());
    let answer = client.look(&ask).await;
    let took = begun.elapsed();
    let days = settings.days;
    let found = match answer {
        Ok(answer) => {
            let count = wire::page(&answer).0.len();
            let strangers = wire::page(&answer).0.iter().filter_map(|item| wire::call(item, 0, &[id], None));
            let strangers: std::collections::BTreeSet<i64> = strangers
                .filter_map(|(id, facts)| facts.leg(id).agent)
                .map(|(agent, _)| agent)
                .filter(|agent| !operators.iter().any(|own| own.id == *agent))
                .collect();
            let text =
                format!("{count} calls on the first page of the last day, in {:.1} s", took.as_secs_f64());
            if took > SLOW {
                let remedy = format!(
                    "a page takes long: lower dialpad.days (now {days}) for the first fetch, raise dialpad.pull_minutes (now {}), \
                     or fetch fewer departments; keep dialpad.timeout_seconds (now {}) above what a page takes",
                    settings.pull_minutes, settings.timeout_seconds
                );
                Found::Doubtful(text, remedy)
            } else if strangers.is_empty() || operators.is_empty() {
                Found::Well(text)
            } else {
                let remedy = "add them to the department in Dialpad if they are its agents; their calls are counted either way";
                Found::Doubtful(
                    format!("{text}; {} who took calls do not belong to it", strangers.len()),
                    remedy.into(),
                )
            }
        }
        Err(trouble) => refused(&trouble),
    };
    all.push((format!("department {id}: calls"), found, begun));
    all
}
