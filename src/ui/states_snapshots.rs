//! Every pane in every state: nothing there, not told yet, one, many, in trouble, old, and seen by who may do nothing.

use super::figures_snapshots::{day, parts};
use super::snapshots::{agents, callbacks, dialpad, now, screen, vicidial};
use crate::alert::{Alert, Alerts, Severity};
use crate::columns;
use crate::layout::Sort;
use crate::state::{ColumnChoice, Guide, Link, Overlay, Pane, Replay, State, View};
use crate::theme::Depth;
use chrono::Duration;
use dialdeck_protocol::connector::{ConnectorRow, NumberRow};
use dialdeck_protocol::dashboard::{Deed, LogLine, Standing};
use dialdeck_protocol::learning::{Lessons, ScriptFigures, StepEnds, Week, comparison, share};
use dialdeck_protocol::{
    CallId, CallStatus, CallbackId, CampaignId, Emotion, HistoryRow, Outcome, PartState, PhoneNumberId, Role,
    UserId,
};
use std::fmt::Write as _;

fn id(n: u128) -> uuid::Uuid {
    uuid::Uuid::from_u128(n)
}

fn past(n: u128) -> HistoryRow {
    HistoryRow {
        id: CallId(format!("past {n}")),
        campaign_id: Some(CampaignId(uuid::Uuid::nil())),
        name: format!("Ann \u{1b}[31mLee {n}"),
        phone: "+13125550142".into(),
        status: CallStatus::Completed,
        outcome: Some(if n.is_multiple_of(2) { Outcome::Interested } else { Outcome::DoNotCall }),
        agent: "bob".into(),
        disposition: "SALE".into(),
        duration: 67,
        emotion: Some(Emotion::Positive),
        csat_score: Some(4),
        cost: 0.0123,
        transcript: String::new(),
        contact_status: None,
        recorded: n.is_multiple_of(3),
        created_at: now() - Duration::minutes(i64::try_from(n).unwrap()),
    }
}

fn number(n: u128) -> NumberRow {
    NumberRow {
        id: PhoneNumberId(id(n)),
        number: format!("+1312555{:04}", 100 + n),
        label: "Chicago \u{202e}x".into(),
        campaigns: vec!["Spring".into()],
        calls: 200,
        answered: if n.is_multiple_of(2) { 90 } else { 8 },
        last_at: Some(now() - Duration::minutes(3)),
    }
}

fn connector(n: u128) -> ConnectorRow {
    ConnectorRow {
        kind: if n.is_multiple_of(2) { "webhook" } else { "vicidial" }.into(),
        name: format!("crm {n}"),
        reached: "https://crm.example.com/dialdeck".into(),
        has_secret: true,
        state: if n.is_multiple_of(2) { PartState::Up } else { PartState::Down },
        message: "call_ended: failed after 12 tries \u{1b}[2J".into(),
        here: n.is_multiple_of(2),
        entry_id: None,
        settings: Vec::new(),
    }
}

fn lessons() -> Lessons {
    let end = |step: &str, ended, good, hung_up| StepEnds { step: step.into(), ended, good, hung_up };
    let script = |name: &str, answered, good| ScriptFigures {
        script_id: None,
        name: name.into(),
        answered,
        good,
        refused: answered / 20,
        good_share: share(good, answered),
    };
    let scripts = vec![script("Spring A", 1000, 100), script("Spring B", 900, 160)];
    let week = |n: i64| Week {
        from: now() - Duration::weeks(n),
        answered: 100 + n,
        good: 20,
        emotions: vec![(Emotion::Neutral, 60), (Emotion::Positive, 30), (Emotion::Angry, 10)],
        satisfaction: (n % 3 != 0).then_some(3.4),
    };
    Lessons {
        campaign_id: CampaignId(uuid::Uuid::nil()),
        from: now() - Duration::weeks(8),
        ends: vec![
            end("opening", 400, 0, 380),
            end("pitch", 300, 0, 210),
            end("closings.interested", 160, 160, 0),
        ],
        weeks: (1..=8).rev().map(week).collect(),
        comparison: comparison(&scripts),
        scripts,
    }
}

fn guide() -> Guide {
    let line = |what: &str, words: &str| (what.to_owned(), words.to_owned());
    Guide::new(
        CampaignId(uuid::Uuid::nil()),
        Some(dialdeck_protocol::ContactId(uuid::Uuid::nil())),
        vec![
            line("opening", "Hello Ann, this is Dialdeck for Acme. Is this a good time?"),
            line(
                "pitch",
                "We help companies like yours save a third of their calls. Would you like to hear more?",
            ),
        ],
        vec![line("price_objection", "Most save more than it costs."), line("who_is_this", "Acme Ltd.")],
    )
}

fn standing() -> Standing {
    let line = |n: i64| LogLine {
        at: now() - Duration::seconds(n),
        level: if n % 7 == 0 { "warn" } else { "info" }.into(),
        text: format!("the queue is started {n}"),
    };
    let deed = |n: i64| Deed {
        at: now() - Duration::minutes(n),
        actor: "sue".into(),
        command: "queue.start".into(),
        target: "Spring".into(),
        result: if n % 5 == 0 { "conflict: it runs already" } else { "done" }.into(),
    };
    Standing {
        load: vec![("memory".into(), "31 MB".into())],
        log: Some((0..40).map(line).collect()),
        audit: Some((0..40).map(deed).collect()),
    }
}

/// Everything at once, many of each.
fn many() -> State {
    let mut state = agents();
    state.role = Some(Role::Admin);
    state.floors = vicidial().floors;
    state.dialpad = dialpad().dialpad;
    state.dashboard = Some(day());
    state.standing = Some(standing());
    state.parts = parts();
    state.lessons = Some(lessons());
    state.guide = Some(guide());
    state.callbacks = Some(
        callbacks()
            .callbacks
            .iter()
            .flatten()
            .cycle()
            .take(30)
            .zip(1..)
            .map(|(row, n)| dialdeck_protocol::CallbackRow { id: CallbackId(id(n)), ..row.clone() })
            .collect(),
    );
    let (campaigns, calls, people) = (state.campaigns.clone(), state.calls.clone(), state.agents.clone());
    for n in 1..12_u128 {
        for campaign in &campaigns {
            let name = format!("{} {n}", campaign.name);
            let row = dialdeck_protocol::CampaignRow { id: CampaignId(id(n)), name, ..campaign.clone() };
            state.campaigns.push(row);
        }
        for call in &calls {
            let own = CallId(format!("{} {n}", call.id));
            state.calls.push(dialdeck_protocol::CallRow { id: own, ..call.clone() });
        }
        for person in &people {
            let name = format!("{} {n}", person.name);
            let user_id = UserId(id(1000 * n + person.user_id.0.as_u128()));
            state.agents.push(dialdeck_protocol::AgentRow { user_id, name, ..person.clone() });
        }
    }
    for seen in state.floors.values_mut() {
        let (campaign, call) = (seen.floor.campaigns[0].clone(), seen.floor.calls[0].clone());
        seen.floor.campaigns.extend((0..30).map(|n| dialdeck_protocol::vicidial::FloorCampaign {
            id: format!("CAMP{n}"),
            ..campaign.clone()
        }));
        seen.floor.calls.extend(
            (0..30)
                .map(|n| dialdeck_protocol::vicidial::FloorCall { call_id: format!("V{n}"), ..call.clone() }),
        );
    }
    if let Some(picture) = &mut state.dialpad.picture {
        let (call, own) = (picture.calls[1].clone(), picture.activity[0].clone());
        picture.calls.extend(
            (10..40).map(|n| dialdeck_protocol::dialpad::DialpadCall { id: n.to_string(), ..call.clone() }),
        );
        picture.activity.extend((10..40).map(|n| dialdeck_protocol::dialpad::Activity {
            agent_id: format!("a{n}"),
            name: format!("Agent {n}"),
            ..own.clone()
        }));
    }
    let mut exchanges = state.calls[0].exchanges.clone();
    exchanges[0].timestamp = now();
    let exchanges: Vec<_> = exchanges
        .iter()
        .cycle()
        .take(20)
        .zip(0..)
        .map(|(exchange, n)| dialdeck_protocol::Exchange {
            timestamp: now() + Duration::seconds(5 * n),
            ..exchange.clone()
        })
        .collect();
    state.calls[0].exchanges.clone_from(&exchanges);
    state.history = (1..40).map(past).collect();
    state.history_loaded = true;
    state.opened = Some((past(1), exchanges));
    state.numbers = Some((1..30).map(number).collect());
    state.connectors = Some((1..30).map(connector).collect());
    let alert = |n: i64| Alert {
        key: n.to_string(),
        severity: if n % 3 == 0 { Severity::Critical } else { Severity::Warning },
        text: format!("agent {n} is paused (LUNCH) for longer than 10 min"),
    };
    let mut alerts = Alerts::default();
    alerts.take((0..30).map(alert).collect(), now() - Duration::seconds(95));
    state.alerts = alerts;
    state
}

/// The same with one of each.
fn one() -> State {
    let mut state = many();
    state.campaigns.truncate(1);
    state.calls.truncate(1);
    state.calls[0].exchanges.truncate(1);
    state.agents.truncate(1);
    for seen in state.floors.values_mut() {
        seen.floor.agents.clear();
        seen.floor.campaigns.truncate(1);
        seen.floor.calls.truncate(1);
    }
    if let Some(picture) = &mut state.dialpad.picture {
        picture.calls.truncate(1);
        picture.activity.truncate(1);
        picture.duty.truncate(1);
    }
    let first = |rows: &mut Option<Vec<dialdeck_protocol::CallbackRow>>| {
        if let Some(rows) = rows {
            rows.truncate(1);
        }
    };
    first(&mut state.callbacks);
    state.history.truncate(1);
    state.numbers = Some(vec![number(1)]);
    state.connectors = Some(vec![connector(2)]);
    state.parts.truncate(1);
    if let Some((_, exchanges)) = &mut state.opened {
        exchanges.truncate(1);
    }
    if let Some(standing) = &mut state.standing {
        standing.log = standing.log.take().map(|lines| lines.into_iter().take(1).collect());
        standing.audit = standing.audit.take().map(|deeds| deeds.into_iter().take(1).collect());
    }
    if let Some(lessons) = &mut state.lessons {
        lessons.ends.truncate(1);
        lessons.weeks.truncate(1);
        lessons.scripts.truncate(1);
        lessons.comparison.clear();
    }
    let mut alerts = Alerts::default();
    let text = "telephony is down: Asterisk does not answer".to_owned();
    alerts.take(vec![Alert { key: "a".into(), severity: Severity::Critical, text }], now());
    state.alerts = alerts;
    state
}

/// Connected, and nothing there.
fn empty() -> State {
    let mut state =
        State { link: Link::Live, role: Some(Role::Admin), user: "sue".into(), ..State::default() };
    state.history_loaded = true;
    state.callbacks = Some(Vec::new());
    state.numbers = Some(Vec::new());
    state.connectors = Some(Vec::new());
    state.dashboard = Some(dialdeck_protocol::dashboard::Dashboard {
        hours: Vec::new(),
        outcomes: Vec::new(),
        emotions: Vec::new(),
        campaigns: Vec::new(),
        ..day()
    });
    state.standing = Some(Standing { load: Vec::new(), log: Some(Vec::new()), audit: Some(Vec::new()) });
    state.lessons = Some(Lessons {
        ends: Vec::new(),
        weeks: Vec::new(),
        scripts: Vec::new(),
        comparison: String::new(),
        ..lessons()
    });
    state
}

/// Connected, and what is to be asked for is not answered yet.
fn loading() -> State {
    let mut state = many();
    state.history = Vec::new();
    state.history_loaded = false;
    state.opened = None;
    state.callbacks = None;
    state.numbers = None;
    state.connectors = None;
    state.dashboard = None;
    state.standing = None;
    state.lessons = None;
    state.lead = None;
    state.guide = None;
    state.dialpad.picture = None;
    state.floors.clear();
    state.campaigns.clear();
    state.calls.clear();
    state.agents.truncate(1);
    state.link = Link::Connecting;
    state
}

fn in_trouble() -> State {
    let mut state = one();
    state.notes.say("the database is not available: disk full", true);
    for seen in state.floors.values_mut() {
        "cannot log in".clone_into(&mut seen.floor.trouble);
    }
    if let Some(status) = &mut state.dialpad.status {
        "401: the token is refused".clone_into(&mut status.trouble);
    }
    state
}

fn old() -> State {
    let since = now() - Duration::seconds(90);
    State { link: Link::Lost { since, why: "the server has closed".into() }, ..one() }
}

/// Seen by who may look, and no more.
fn not_permitted() -> State {
    let mut state = one();
    state.role = Some(Role::Viewer);
    state.user_id = None;
    state.standing = Some(Standing { load: Vec::new(), log: None, audit: None });
    state.connectors = Some(vec![ConnectorRow { reached: String::new(), ..connector(1) }]);
    state
}

fn view_of(pane: Pane) -> View {
    View::all().find(|view| view.panes().contains(&pane)).unwrap()
}

#[test]
fn every_pane_in_every_state() {
    type Make = fn() -> State;
    let states: [(&str, Make); 7] = [
        ("empty", empty),
        ("loading", loading),
        ("one", one),
        ("many", many),
        ("in trouble", in_trouble),
        ("old", old),
        ("not permitted", not_permitted),
    ];
    for pane in Pane::all() {
        let mut all = String::new();
        for (name, make) in &states {
            let mut state = make();
            state.view = view_of(pane);
            state.pane = pane;
            state.zoomed = true;
            // Behind its own pane only what follows the selection is drawn.
            state.selected.insert(pane, 20);
            writeln!(all, "== {name}\n{}", screen(&state, "dark", Depth::True, 80, 16)).unwrap();
        }
        insta::assert_snapshot!(format!("pane_{}", pane.name().replace('.', "_")), all);
    }
}

#[test]
fn every_view_at_the_sizes_that_people_have() {
    for view in View::all() {
        let mut state = many();
        state.go(view);
        if view == View::Agents {
            state.pane = Pane::Seat;
            state.calls[0].exchanges.clear();
            state.agents[0].campaign_id = Some(CampaignId(uuid::Uuid::nil()));
        }
        for (width, height) in [(1, 1), (20, 5), (80, 24), (120, 40), (200, 60), (300, 80)] {
            screen(&state, "dark", Depth::True, width, height);
            screen(&state, "monochrome", Depth::None, width, height);
        }
        insta::assert_snapshot!(
            format!("view_{}_80", view.name()),
            screen(&state, "dark", Depth::True, 80, 24)
        );
    }
}

#[test]
fn an_agents_script_and_an_answer_to_an_objection() {
    let mut state = State { view: View::Agents, pane: Pane::Seat, ..one() };
    state.role = Some(Role::Agent);
    state.floors.clear();
    state.calls[0].exchanges.clear();
    insta::assert_snapshot!(screen(&state, "dark", Depth::True, 80, 24));
    if let Some(guide) = &mut state.guide {
        guide.turn();
    }
    insta::assert_snapshot!(screen(&state, "monochrome", Depth::None, 200, 20));
}

#[test]
fn columns_that_were_chosen_and_a_table_that_is_sorted() {
    let mut state = State { view: View::Floor, pane: Pane::Calls, zoomed: true, ..many() };
    state.layout.columns.insert(Pane::Calls, ["time", "campaign", "name"].map(str::to_owned).to_vec());
    state.layout.sort.insert(Pane::Calls, Sort { column: "name".into(), down: true });
    insta::assert_snapshot!(screen(&state, "dark", Depth::True, 80, 12));
    let choice = ColumnChoice {
        pane: Pane::Calls,
        rows: state.layout.choice(Pane::Calls, 0),
        sort: state.layout.sort.get(&Pane::Calls).cloned(),
        selected: 2,
    };
    state.overlay = Some(Overlay::Columns(Box::new(choice)));
    insta::assert_snapshot!(screen(&state, "dark", Depth::True, 80, 24));
}

#[test]
fn a_conversation_once_more() {
    let mut state = State { view: View::History, pane: Pane::Transcript, zoomed: true, ..many() };
    let (call, exchanges) = state.opened.clone().unwrap();
    let mut replay = Replay::of(&call.id, &exchanges).unwrap();
    replay.at_ms = 12_000;
    replay.faster(true);
    state.replay = Some(replay);
    insta::assert_snapshot!(screen(&state, "dark", Depth::True, 80, 24));
}

#[test]
fn every_table_draws_as_many_cells_as_it_has_columns() {
    // A cell that is missing would be seen as an empty column, and one too many not at all.
    for pane in Pane::all() {
        for table in columns::of(pane) {
            let mut state = many();
            state.view = view_of(pane);
            state.pane = pane;
            state.zoomed = true;
            if table.len() == columns::of(pane)[0].len() && pane == Pane::Agents {
                state.floors.clear();
            }
            for column in *table {
                state.layout.columns.insert(pane, vec![column.name.to_owned()]);
                screen(&state, "dark", Depth::True, 120, 20);
            }
        }
    }
}
