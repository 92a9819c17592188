//! Screens as they are drawn, text and styles.

use super::{Keys, draw};
use crate::hotkey::Hotkeys;
use crate::keymap::Keymap;
use crate::state::{Asked, Choices, Chosen, Field, Form, Lead, Link, Overlay, Pane, Spoken, State, View};
use crate::theme::{Depth, Theme};
use chrono::{DateTime, TimeZone, Utc};
use dialdeck_protocol::dialpad::{
    Activity, Cards, Department, DialpadCall, DialpadFilter, Direction, Duty, Fate, Hour, Picture, Status,
    Work,
};
use dialdeck_protocol::vicidial::{Floor, FloorAgent, FloorCall, FloorCampaign, FloorState, Letter};
use dialdeck_protocol::{
    AgentRow, AgentState, CallCounts, CallId, CallRow, CallSettings, CallStatus, CallbackId, CallbackRow,
    CampaignId, CampaignRow, CampaignStatus, CampaignType, Choice, ContactId, Emotion, Exchange, Intent,
    MonitorMode, Part, PartState, PhoneKind, QueueState, Role, Speaker, TurnLatency, UserId,
};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

pub(super) fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 1, 15, 18, 0, 0).unwrap()
}

fn campaign(name: &str, queue: QueueState, reason: &str) -> CampaignRow {
    CampaignRow {
        latency: None,
        id: CampaignId(uuid::Uuid::nil()),
        name: name.into(),
        kind: CampaignType::Sales,
        status: CampaignStatus::Active,
        call_settings: CallSettings::default(),
        queue,
        reason: reason.into(),
        next_call_at: Some(now() + chrono::Duration::seconds(12)),
        counts: CallCounts { total: 60, processed: 7, successful: 2, failed: 3, held: 1 },
    }
}

fn call(name: &str, status: CallStatus, detail: &str) -> CallRow {
    CallRow {
        id: CallId(name.into()),
        campaign_id: CampaignId(uuid::Uuid::nil()),
        name: name.into(),
        company: "Acme".into(),
        phone: "+13125550142".into(),
        status,
        detail: detail.into(),
        started_at: now() - chrono::Duration::seconds(75),
        answered_at: (status == CallStatus::InProgress).then(|| now() - chrono::Duration::seconds(67)),
        agent: String::new(),
        summary: String::new(),
        intent: Some(Intent::PriceObjection),
        emotion: Some(Emotion::Frustrated),
        exchanges: vec![Exchange {
            user_input: "that is too expensive".into(),
            ai_response: "I understand. Most companies save more than it costs within three months.".into(),
            turn: 2,
            emotion: Emotion::Frustrated,
            intent: Intent::PriceObjection,
            confidence: 0.95,
            latency: TurnLatency {
                total_ms: 0,
                endpoint_ms: 700,
                recognise_ms: 80,
                think_ms: 1,
                synthesise_ms: 12,
            },
            timestamp: now(),
        }],
    }
}

pub(super) fn floor() -> State {
    let mut state = State {
        link: Link::Live,
        user: "sue".into(),
        role: Some(Role::Supervisor),
        seq: Some(1),
        campaigns: vec![
            campaign("Spring", QueueState::Running, ""),
            campaign("Autumn", QueueState::Waiting, "no contact is due yet"),
        ],
        calls: vec![
            call("Ann Lee", CallStatus::InProgress, ""),
            call("山田 太郎", CallStatus::Initiated, "ringing"),
            call("משה \u{202e}כהן\u{1b}[31m", CallStatus::Initiated, ""),
        ],
        ..State::default()
    };
    let said = Spoken { speaker: Speaker::Customer, text: "all right then".into() };
    state.spoken.insert(CallId("Ann Lee".into()), vec![said]);
    state
}

/// The screen, its text and where each style holds.
pub(super) fn screen(state: &State, theme: &str, depth: Depth, width: u16, height: u16) -> String {
    let keymap = Keymap::load(None).unwrap();
    let theme = Theme::load(theme, None, depth).unwrap();
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal
        .draw(|frame| {
            let keys = Keys { keymap: &keymap, hotkeys: &Hotkeys::default(), pending: &[] };
            draw(frame, state, keys, &theme, None, now());
        })
        .unwrap();
    format!("{:?}", terminal.backend().buffer())
}

#[test]
fn the_floor() {
    insta::assert_snapshot!(screen(&floor(), "dark", Depth::True, 80, 24));
}

#[test]
fn the_floor_without_colour() {
    insta::assert_snapshot!(screen(&floor(), "monochrome", Depth::None, 80, 24));
}

#[test]
fn before_the_first_word() {
    insta::assert_snapshot!(screen(&State::default(), "dark", Depth::True, 80, 24));
}

#[test]
fn the_server_is_gone() {
    let since = now() - chrono::Duration::seconds(90);
    let state = State { link: Link::Lost { since, why: "the server has closed".into() }, ..floor() };
    insta::assert_snapshot!(screen(&state, "dark", Depth::True, 80, 24));
}

#[test]
fn asterisk_is_away() {
    let part =
        Part { name: "telephony".into(), state: PartState::Down, message: "Asterisk does not answer".into() };
    let state = State { parts: vec![part], ..floor() };
    insta::assert_snapshot!(screen(&state, "dark", Depth::True, 80, 24));
}

#[test]
fn help_lists_every_action() {
    let state = State { overlay: Some(Overlay::Help { scrolled: 0 }), ..floor() };
    insta::assert_snapshot!(screen(&state, "dark", Depth::Basic, 80, 40));
}

#[test]
fn history_without_calls() {
    let state = State { view: View::History, history_loaded: true, ..floor() };
    insta::assert_snapshot!(screen(&state, "dark", Depth::Indexed, 80, 24));
}

fn agent(name: &str, state: AgentState, seconds: i64) -> AgentRow {
    AgentRow {
        user_id: UserId(uuid::Uuid::from_u128(u128::from(name.as_bytes()[0]))),
        name: name.into(),
        extension: "PJSIP/6001".into(),
        phone: PhoneKind::NailedUp,
        phone_up: state != AgentState::LoggedOut,
        state,
        since: now() - chrono::Duration::seconds(seconds),
        campaigns: Vec::new(),
        campaign_id: None,
        call_id: None,
        contact_id: None,
        offered: false,
        pause_code: if state == AgentState::Paused { "LUNCH".into() } else { String::new() },
        pause_limit_seconds: Some(600),
        pause_ends_at: None,
        wrap_up_ends_at: None,
        disposition_due: false,
        calls: 7,
    }
}

/// Agents in every state, and Ann's own place with a person on the line.
pub(super) fn agents() -> State {
    let contact = ContactId(uuid::Uuid::nil());
    let mut ann = agent("ann", AgentState::InCall, 67);
    ann.call_id = Some(CallId("Ann Lee".into()));
    ann.contact_id = Some(contact);
    ann.disposition_due = true;
    let choice = |code: &str, label: &str, key| Choice {
        code: code.into(),
        label: label.into(),
        key,
        callback: false,
    };
    let mut state = floor();
    state.calls[0].summary = "interested, sounds positive; said: yes please / tell me more".into();
    State {
        role: Some(Role::Agent),
        user_id: Some(ann.user_id),
        view: View::Agents,
        pane: Pane::Seat,
        agents: vec![
            ann,
            agent("bob \u{1b}[2J", AgentState::Paused, 700),
            agent("cid", AgentState::Ready, 61),
            agent("dora", AgentState::Dead, 4),
            agent("eva", AgentState::WrapUp, 12),
        ],
        choices: Choices {
            dispositions: vec![choice("SALE", "Sold", Some('1')), choice("NI", "Not interested", Some('2'))],
            pause_codes: vec![choice("LUNCH", "Lunch", Some('1')), choice("BREAK", "Break", None)],
        },
        lead: Some(Lead {
            contact_id: contact,
            fields: vec![
                ("name".into(), "Ann Lee".into()),
                ("phone".into(), "+13125550142".into()),
                ("tier".into(), "gold \u{202e}dlog".into()),
            ],
            calls: Vec::new(),
            verdict: "every rule allows it".into(),
            allowed: true,
            zone: "America/Chicago".into(),
        }),
        ..state
    }
}

#[test]
fn agents_and_ones_own_place() {
    insta::assert_snapshot!(screen(&agents(), "dark", Depth::True, 80, 24));
}

#[test]
fn after_a_call_one_key_says_what_came_of_it() {
    let mut state = agents();
    state.agents[0].state = AgentState::WrapUp;
    state.agents[0].wrap_up_ends_at = Some(now() + chrono::Duration::seconds(21));
    insta::assert_snapshot!(screen(&state, "dark", Depth::True, 80, 24));
}

#[test]
fn agents_without_colour_on_a_wide_screen() {
    insta::assert_snapshot!(screen(&agents(), "monochrome", Depth::None, 160, 30));
}

#[test]
fn nobody_is_logged_in() {
    let state = State { agents: Vec::new(), lead: None, ..agents() };
    insta::assert_snapshot!(screen(&state, "dark", Depth::Indexed, 80, 24));
}

#[test]
fn a_disposition_with_a_note() {
    let mut state = agents();
    let what = Chosen::Disposition(CallId("Ann Lee".into()));
    let choices = state.choices.dispositions.clone();
    state.overlay = Some(Overlay::Choose { what, choices, selected: 1, note: Some("after lunch".into()) });
    insta::assert_snapshot!(screen(&state, "dark", Depth::True, 80, 24));
}

#[test]
fn why_a_number_was_not_called() {
    let lines = vec!["now, in Spring: held after 0 attempts; held: 20:14 in FL".to_owned(), "x ".repeat(200)];
    let overlay = Overlay::Lines { title: "Why was +13055550142 called, or not?".into(), lines, scrolled: 0 };
    insta::assert_snapshot!(screen(
        &State { overlay: Some(overlay), ..floor() },
        "dark",
        Depth::True,
        80,
        24
    ));
}

/// Callbacks: one that is late, one of anyone's, one of somebody else's far away.
pub(super) fn callbacks() -> State {
    let row = |n: u128, name: &str, minutes: i64, user: Option<u128>, timezone: &str| CallbackRow {
        id: CallbackId(uuid::Uuid::from_u128(n)),
        contact_id: ContactId(uuid::Uuid::nil()),
        campaign_id: CampaignId(uuid::Uuid::nil()),
        campaign: "Spring".into(),
        name: name.into(),
        phone: "+13125550142".into(),
        user_id: user.map(|n| UserId(uuid::Uuid::from_u128(n))),
        user: user.map_or("", |n| if n == 1 { "sue" } else { "bob" }).into(),
        due_at: now() + chrono::Duration::minutes(minutes),
        timezone: timezone.into(),
        note: "after the \u{1b}[31mholidays".into(),
    };
    State {
        view: View::Callbacks,
        pane: Pane::Callbacks,
        user_id: Some(UserId(uuid::Uuid::from_u128(1))),
        callbacks: Some(vec![
            row(1, "Ann Lee", -7, Some(1), "America/Chicago"),
            row(2, "山田 太郎", 45, None, "Asia/Tokyo"),
            row(3, "Cid", 3000, Some(2), ""),
        ]),
        ..floor()
    }
}

#[test]
fn callbacks_that_are_to_be_kept() {
    insta::assert_snapshot!(screen(&callbacks(), "dark", Depth::True, 80, 24));
    insta::assert_snapshot!(screen(&callbacks(), "monochrome", Depth::None, 140, 12));
}

#[test]
fn nobody_is_to_be_called_back_and_nothing_is_known_yet() {
    for (name, known) in [("callbacks_empty", Some(Vec::new())), ("callbacks_loading", None)] {
        let state = State { callbacks: known, ..callbacks() };
        insta::assert_snapshot!(name, screen(&state, "dark", Depth::True, 80, 8));
    }
}

#[test]
fn a_time_to_call_back_is_asked_for_where_the_person_is() {
    let what = Asked::Another(CallbackId(uuid::Uuid::nil()), "America/Chicago".into());
    let overlay = Some(Overlay::Ask { what, text: "tomorrow 3pm".into() });
    insta::assert_snapshot!(screen(&State { overlay, ..callbacks() }, "dark", Depth::True, 80, 24));
}

#[test]
fn another_phone_is_asked_for() {
    let what = Asked::Through(CallId("Ann Lee".into()), "Ann Lee".into(), true);
    let overlay = Some(Overlay::Ask { what, text: "PJSIP/200".into() });
    insta::assert_snapshot!(screen(&State { overlay, ..floor() }, "dark", Depth::True, 80, 24));
}

#[test]
fn a_supervisor_in_a_call() {
    let mut state = floor();
    state.monitored.insert(CallId("Ann Lee".into()), vec![("sue".into(), MonitorMode::Whisper)]);
    state.pane = Pane::Calls;
    let choice = |code: &str, label: &str, key| Choice {
        code: code.into(),
        label: label.into(),
        key: Some(key),
        callback: false,
    };
    let choices = vec![
        choice("listen", "hear both sides; nobody hears you", 'l'),
        choice("barge", "everybody hears you", 'b'),
    ];
    state.overlay =
        Some(Overlay::choose(Chosen::Monitor(CallId("Ann Lee".into()), "Ann Lee".into()), choices));
    insta::assert_snapshot!(screen(&state, "dark", Depth::True, 80, 24));
    // Agents do not see who listens.
    state.overlay = None;
    let agent = State { role: Some(Role::Agent), ..state };
    assert!(!screen(&agent, "dark", Depth::True, 80, 24).contains('◉'));
}

#[test]
fn any_size_is_drawn() {
    let mut state = floor();
    state.calls[0].exchanges[0].ai_response = "word ".repeat(2000);
    let overlays = [
        None,
        Some(Overlay::Help { scrolled: 99 }),
        Some(Overlay::Palette { typed: "zz".into(), selected: 9 }),
    ];
    let mut seat = agents();
    seat.calls[0].exchanges[0].ai_response = "word ".repeat(2000);
    for (width, height) in [(1, 1), (5, 2), (20, 5), (79, 23), (300, 80)] {
        screen(&seat, "dark", Depth::True, width, height);
    }
    for overlay in overlays {
        state.overlay = overlay;
        for (width, height) in [(1, 1), (5, 2), (20, 5), (79, 23), (300, 80)] {
            screen(&state, "dark", Depth::True, width, height);
        }
    }
}

/// A VICIdial's floor as its database would show it, half a minute ago.
pub(super) fn vicidial() -> State {
    let agent = |user: &str, name: &str, state: FloorState, seconds: i64| FloorAgent {
        user: user.into(),
        name: name.into(),
        group: "AGENTS".into(),
        station: format!("SIP/gs{user}"),
        session: format!("860{user}"),
        server_ip: "10.0.0.1".into(),
        state,
        letter: Letter::A,
        pause_code: String::new(),
        pause_limit: None,
        since: 100_000 - seconds,
        campaign: "TESTCAMP".into(),
        ingroup: String::new(),
        calls: 4,
        lead_id: 0,
        phone: String::new(),
        call_id: String::new(),
        hold: 0,
    };
    let talks = FloorAgent {
        letter: Letter::I,
        ingroup: "SALESLINE".into(),
        hold: 12,
        phone: "7275551003".into(),
        lead_id: 3,
        ..agent("1004", "Dee Inbound", FloorState::InCall, 70)
    };
    let paused =
        FloorAgent { pause_code: "LUNCH".into(), ..agent("1003", "Cid Paused", FloorState::Paused, 400) };
    let campaign = FloorCampaign {
        id: "TESTCAMP".into(),
        name: "Test \u{1b}[31mcampaign".into(),
        active: true,
        method: "ADAPT_HARD_LIMIT".into(),
        level: 2.154,
        hopper: 120,
        dialable: 3200,
        calls: 400,
        answers: 100,
        drops: 4,
        drop_percent: 4.0,
        drop_limit: 3.0,
        diff_percent: 7.7,
        callbacks: 2,
    };
    let call = FloorCall {
        call_id: "V1120230000000000004".into(),
        status: "LIVE".into(),
        campaign: "TESTCAMP".into(),
        phone: "7275551004".into(),
        kind: "OUT".into(),
        since: 100_000 - 3,
        priority: 0,
    };
    let floor = Floor {
        vicidial: "main".into(),
        now: 100_000,
        read_at: now().timestamp(),
        source: "database".into(),
        agents: vec![
            agent("1001", "Ann Ready", FloorState::Ready, 45),
            agent("1002", "Bob Dead", FloorState::Dead, 30),
            paused,
            talks,
            agent("1005", "Eve Dispo", FloorState::Dispo, 15),
            agent("1006", "Fay Three", FloorState::ThreeWay, 31),
        ],
        calls: vec![call],
        campaigns: vec![campaign],
        ..Floor::default()
    };
    let mut state = State { view: View::Agents, pane: Pane::Agents, ..agents() };
    state.user_id = None;
    state.role = Some(Role::Supervisor);
    state.take_floor(floor);
    state.selected.insert(Pane::Agents, 7);
    state
}

#[test]
fn agents_of_a_vicidial_beside_ours() {
    insta::assert_snapshot!(screen(&vicidial(), "dark", Depth::True, 80, 24));
}

#[test]
fn agents_of_a_vicidial_on_a_wide_screen_without_colour() {
    insta::assert_snapshot!(screen(&vicidial(), "monochrome", Depth::None, 200, 30));
}

#[test]
fn campaigns_and_calls_of_a_vicidial() {
    let state = State { view: View::Vicidial, pane: Pane::FloorCampaigns, ..vicidial() };
    insta::assert_snapshot!(screen(&state, "dark", Depth::Indexed, 120, 24));
}

#[test]
fn a_vicidial_that_cannot_be_read_says_how_old_it_is() {
    let mut state = vicidial();
    let seen = state.floors.get_mut("main").unwrap();
    seen.floor.trouble = "VICIdial's database did not answer within 5 s; a table may be locked".into();
    seen.floor.read_at -= 95;
    insta::assert_snapshot!(screen(&state, "dark", Depth::Basic, 120, 24));
}

#[test]
fn a_form_for_any_function() {
    let mut state = vicidial();
    let field = |name: &str, value: &str, required: bool, words: &[&str]| Field {
        name: name.into(),
        value: value.into(),
        required,
        words: words.iter().map(|word| (*word).to_owned()).collect(),
        secret: name.ends_with("pass"),
    };
    state.overlay = Some(Overlay::Form(Box::new(Form {
        connector: "vicidial",
        vicidial: "main".into(),
        function: "external_pause".into(),
        what: "Pause an agent, with a pause code where one is given, or resume".into(),
        fixed: std::collections::BTreeMap::new(),
        fields: vec![
            field("agent_user", "1001", true, &[]),
            field("value", "", true, &["PAUSE", "RESUME"]),
            field("agent_pass", "secret", false, &[]),
        ],
        selected: 1,
        asks: false,
        wrong: String::new(),
    })));
    insta::assert_snapshot!(screen(&state, "dark", Depth::True, 80, 24));
}

#[test]
fn the_palette_holds_every_function() {
    let mut state = vicidial();
    state.overlay = Some(Overlay::Palette { typed: "vicidial. dnc".into(), selected: 1 });
    insta::assert_snapshot!(screen(&state, "dark", Depth::True, 80, 24));
}

/// A department's week: three agents, calls of every kind.
pub(super) fn dialpad() -> State {
    let cards = |total: i64, completed: i64, inbound: i64| Cards {
        total,
        inbound,
        outbound: total - inbound,
        completed,
        missed: total - completed,
        duration_ms: completed * 187_000,
    };
    let activity = |id: &str, name: &str, cards: Cards, score: f64, days: Vec<i64>| Activity {
        agent_id: id.into(),
        name: name.into(),
        cards,
        efficiency: cards.efficiency(),
        average_ms: cards.average_ms(),
        score,
        days,
    };
    let duty = |id: &str, name: &str, on_duty: Option<bool>, in_call: bool| Duty {
        agent_id: id.into(),
        name: name.into(),
        on_duty,
        status: if on_duty == Some(true) { "available".into() } else { String::new() },
        do_not_disturb: Some(false),
        available: on_duty,
        in_call,
    };
    let call = |id: &str, seconds: i64, fate: Fate, way: Direction| DialpadCall {
        id: id.into(),
        leg_id: id.into(),
        started_at: now() - chrono::Duration::seconds(seconds),
        local: (now() - chrono::Duration::hours(5) - chrono::Duration::seconds(seconds)).naive_utc(),
        direction: Some(way),
        status: fate,
        state: if fate == Fate::Live { "connected".into() } else { "hangup".into() },
        agent_id: "11".into(),
        agent: "Ann Able".into(),
        number: "+13125550101".into(),
        name: "山田 太郎\u{202e}\u{1b}[31m".into(),
        department: "130".into(),
        duration_ms: if fate == Fate::Completed { 187_400 } else { 0 },
        labels: vec!["hot".into()],
        recorded: fate == Fate::Completed,
        legs: 2,
    };
    let status =
        Status { set_up: true, pulled_at: None, events: "webhook".into(), taken: 12, ..Status::default() };
    let department = Department {
        id: "130".into(),
        name: "Sales".into(),
        zone: "UTC".into(),
        from: None,
        to: None,
        trouble: String::new(),
    };
    let picture = Picture {
        asked: DialpadFilter::default(),
        from: "2026-11-14".parse().unwrap(),
        to: "2026-11-20".parse().unwrap(),
        departments: vec![department],
        cards: cards(240, 190, 200),
        activity: vec![
            activity("11", "Ann Able", cards(140, 120, 110), 71.5, vec![20, 30, 10, 0, 25, 35, 20]),
            activity("12", "Bob \u{1b}[2JBaker", cards(60, 40, 60), 40.2, vec![5, 5, 10, 10, 10, 10, 10]),
            activity("13", "שרה כהן", cards(40, 30, 30), 33.0, vec![0, 0, 0, 0, 0, 20, 20]),
        ],
        duty: vec![
            duty("11", "Ann Able", Some(true), true),
            duty("12", "Bob \u{1b}[2JBaker", Some(false), false),
            duty("14", "Dee Delta", Some(true), false),
        ],
        calls: vec![
            call("1", 65, Fate::Live, Direction::Inbound),
            call("2", 4000, Fate::Completed, Direction::Outbound),
            call("3", 90_000, Fate::Missed, Direction::Inbound),
        ],
        next: Some("x".into()),
        hours: vec![
            Hour { weekday: 0, hour: 9, calls: 40, missed: 4 },
            Hour { weekday: 4, hour: 15, calls: 5, missed: 0 },
        ],
        formula: "score = 50 % completed/total + 30 % calls a day/40 + 20 % minutes a call/3".into(),
        status: status.clone(),
    };
    let mut state = State { view: View::Dialpad, pane: Pane::DialpadAgents, ..floor() };
    state.take_dialpad(picture);
    state
}

#[test]
fn dialpads_agents_and_calls() {
    insta::assert_snapshot!(screen(&dialpad(), "dark", Depth::True, 80, 24));
}

#[test]
fn dialpad_on_a_wide_screen_without_colour() {
    let mut state = dialpad();
    state.pane = Pane::DialpadCalls;
    state.dialpad.filter.agent = Some("11".into());
    state.dialpad.filter.direction = Some(Direction::Inbound);
    insta::assert_snapshot!(screen(&state, "monochrome", Depth::None, 200, 24));
}

#[test]
fn dialpad_while_it_is_fetched() {
    let mut state = dialpad();
    let work = Work {
        department: "Sales".into(),
        pages: 11,
        calls: 2750,
        reached: Some(now() - chrono::Duration::days(3)),
        from: now() - chrono::Duration::days(14),
        asked_at: now() - chrono::Duration::seconds(23),
        waits: String::new(),
    };
    state.dialpad.status.as_mut().unwrap().work = Some(work);
    insta::assert_snapshot!(screen(&state, "dark", Depth::Indexed, 120, 24));
}

#[test]
fn dialpad_in_trouble_and_empty() {
    let mut state = dialpad();
    let picture = state.dialpad.picture.as_mut().unwrap();
    picture.calls.clear();
    picture.activity.clear();
    picture.duty.clear();
    picture.cards = Cards::default();
    let status = state.dialpad.status.as_mut().unwrap();
    status.trouble = "it did not answer in time (timed_out): raise dialpad.timeout_seconds".into();
    insta::assert_snapshot!(screen(&state, "dark", Depth::Basic, 80, 24));
}

#[test]
fn dialpad_is_not_connected() {
    let mut state = State { view: View::Dialpad, pane: Pane::DialpadAgents, ..floor() };
    state.dialpad.status = Some(Status::default());
    insta::assert_snapshot!(screen(&state, "dark", Depth::True, 80, 24));
}

#[test]
fn dialpads_busy_hours() {
    let mut state = dialpad();
    let lines = state.dialpad.hours_in_words();
    state.overlay = Some(Overlay::Lines { title: "Calls by hour".into(), lines, scrolled: 0 });
    insta::assert_snapshot!(screen(&state, "dark", Depth::True, 120, 30));
}

#[test]
fn dialpad_at_any_size() {
    let mut state = dialpad();
    for pane in [Pane::DialpadAgents, Pane::DialpadCalls] {
        state.pane = pane;
        for (width, height) in [(1, 1), (5, 2), (20, 5), (79, 23), (180, 10), (300, 80)] {
            screen(&state, "dark", Depth::True, width, height);
        }
    }
}
