//! Dashboard, server and alerts as they are drawn.

use super::snapshots::{floor, now, screen};
use crate::alert::{Alert, Alerts, Severity};
use crate::state::{Asked, Mark, Overlay, Pane, Past, State, View};
use crate::theme::Depth;
use chrono::Duration;
use dialdeck_protocol::dashboard::{CampaignFigures, Dashboard, Deed, HourTally, LogLine, Standing, Tally};
use dialdeck_protocol::knowledge::Known;
use dialdeck_protocol::{CampaignId, Emotion, Outcome, Part, PartState};

fn tally(calls: i64) -> Tally {
    Tally { calls, answered: calls / 2, good: calls / 5, seconds: calls * 40, cost: 1.25 }
}

pub(super) fn day() -> Dashboard {
    let begun = now() - Duration::hours(23);
    let calls = [0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 5, 9, 14, 20, 18, 12, 8, 3, 1, 0, 0, 0, 4, 7];
    Dashboard {
        since: now() - Duration::hours(10),
        today: tally(103),
        hours: calls
            .iter()
            .zip(0..)
            .map(|(calls, hour)| HourTally { from: begun + Duration::hours(hour), tally: tally(*calls) })
            .collect(),
        outcomes: vec![
            (Outcome::NoAnswer, 41),
            (Outcome::NotInterested, 22),
            (Outcome::Interested, 18),
            (Outcome::DoNotCall, 4),
        ],
        emotions: vec![(Emotion::Neutral, 30), (Emotion::Positive, 12), (Emotion::Angry, 3)],
        satisfaction: [1, 4, 20, 15, 5],
        campaigns: vec![CampaignFigures {
            campaign_id: CampaignId(uuid::Uuid::nil()),
            today: tally(103),
            dialable: 0,
            dropped_percent: Some(3.2),
            drop_limit_percent: Some(3.0),
        }],
    }
}

fn looking(view: View, pane: Pane) -> State {
    State { view, pane, ..floor() }
}

#[test]
fn a_day_in_figures() {
    let mut state = State { dashboard: Some(day()), ..looking(View::Dashboard, Pane::Dashboard) };
    // One campaign of this id.
    state.campaigns.truncate(1);
    insta::assert_snapshot!(screen(&state, "dark", Depth::True, 80, 24));
    insta::assert_snapshot!(screen(&state, "monochrome", Depth::None, 200, 30));
}

#[test]
fn a_day_that_is_not_told_yet_and_one_without_calls() {
    let state = looking(View::Dashboard, Pane::Dashboard);
    insta::assert_snapshot!(screen(&state, "dark", Depth::True, 80, 24));
    let nothing = Dashboard {
        today: Tally::default(),
        hours: Vec::new(),
        outcomes: Vec::new(),
        emotions: Vec::new(),
        satisfaction: [0; 5],
        campaigns: Vec::new(),
        ..day()
    };
    let state = State { dashboard: Some(nothing), campaigns: Vec::new(), ..state };
    insta::assert_snapshot!(screen(&state, "dark", Depth::True, 80, 24));
}

#[test]
fn campaigns_with_what_is_left_and_dropped() {
    let state = State { dashboard: Some(day()), ..floor() };
    insta::assert_snapshot!(screen(&state, "dark", Depth::True, 160, 20));
}

pub(super) fn parts() -> Vec<Part> {
    let part = |name: &str, state, message: &str| Part { name: name.into(), state, message: message.into() };
    vec![
        part("database", PartState::Up, "SQLite at /var/lib/dialdeck/dialdeck.db"),
        part("telephony", PartState::Down, "Asterisk does not answer \u{1b}[2J"),
    ]
}

#[test]
fn the_server_itself() {
    let line = |level: &str, text: &str| LogLine { at: now(), level: level.into(), text: text.into() };
    let deed = |result: &str| Deed {
        at: now(),
        actor: "sue".into(),
        command: "queue.start".into(),
        target: "Spring \u{202e}x".into(),
        result: result.into(),
    };
    let standing = Standing {
        load: vec![("version".into(), "0.1.0".into()), ("memory".into(), "31 MB".into())],
        log: Some(vec![line("info", "the queue is started"), line("warn", "a call was not placed")]),
        audit: Some(vec![deed("done"), deed("conflict: it runs already")]),
    };
    let state = State { parts: parts(), standing: Some(standing), ..looking(View::Server, Pane::Parts) };
    insta::assert_snapshot!(screen(&state, "dark", Depth::True, 80, 24));
    insta::assert_snapshot!(screen(&state, "monochrome", Depth::None, 160, 30));
}

#[test]
fn the_server_to_who_may_not_read_its_log() {
    let standing = Standing { load: Vec::new(), log: None, audit: None };
    let state = State { parts: parts(), standing: Some(standing), ..looking(View::Server, Pane::Log) };
    insta::assert_snapshot!(screen(&state, "dark", Depth::True, 80, 24));
}

#[test]
fn what_wants_a_persons_eyes() {
    let alert = |key: &str, severity, text: &str| Alert { key: key.into(), severity, text: text.into() };
    let mut alerts = Alerts::default();
    let all = vec![
        alert("part telephony", Severity::Critical, "telephony is down: Asterisk does not answer"),
        alert("drops", Severity::Critical, "Spring abandons 3.20 % of those who answer; its limit is 3 %"),
        alert("pause", Severity::Warning, "bob \u{1b}[2J is paused (LUNCH) for longer than 10 min"),
    ];
    alerts.take(all, now() - Duration::seconds(95));
    alerts.acknowledge("pause");
    let state = State { alerts, ..looking(View::Alerts, Pane::Alerts) };
    insta::assert_snapshot!(screen(&state, "dark", Depth::True, 80, 24));
    let floor = State { view: View::Floor, pane: Pane::Campaigns, ..state };
    insta::assert_snapshot!(screen(&floor, "dark", Depth::True, 80, 24).lines().take(4).collect::<String>());
    let nothing = looking(View::Alerts, Pane::Alerts);
    insta::assert_snapshot!(screen(&nothing, "dark", Depth::True, 80, 24));
}

#[test]
fn rows_that_are_marked_and_calls_of_the_past_that_are_looked_for() {
    let mut state = State { pane: Pane::Calls, ..floor() };
    let ids: Vec<_> = state.calls.iter().take(2).map(|call| call.id.clone()).collect();
    for id in ids {
        state.marked.toggle(Mark::Call(id));
    }
    insta::assert_snapshot!(screen(&state, "dark", Depth::True, 80, 24));
    let state = State {
        history_loaded: true,
        past: Past { typed: "outcome:interested refund".into(), ..Past::default() },
        overlay: Some(Overlay::Ask { what: Asked::Narrow, text: "outcome:interested refund".into() }),
        ..looking(View::History, Pane::History)
    };
    insta::assert_snapshot!(screen(&state, "dark", Depth::True, 80, 24));
}

#[test]
fn what_is_known_on_what_was_just_said() {
    let mut state = floor();
    let known = Known {
        title: "What does it cost?".into(),
        text: "Forty a month for each seat, thirty from ten seats on. The first month is free, and nothing is charged \u{1b}[31m \
               before a contract is signed; see the price list."
            .into(),
        keywords: vec!["too expensive".into()],
    };
    state.knowledge.insert(CampaignId(uuid::Uuid::nil()), vec![known]);
    // Only what was said last counts.
    state.spoken.clear();
    insta::assert_snapshot!(screen(&state, "dark", Depth::True, 80, 30));
}
