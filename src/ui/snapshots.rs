//! Screens as they are drawn, text and styles.

use super::draw;
use crate::keymap::Keymap;
use crate::state::{Link, Overlay, Spoken, State, View};
use crate::theme::{Depth, Theme};
use chrono::{DateTime, TimeZone, Utc};
use dialdeck_protocol::{
    CallCounts, CallId, CallRow, CallSettings, CallStatus, CampaignId, CampaignRow, CampaignStatus,
    CampaignType, Emotion, Exchange, Intent, Part, PartState, QueueState, Role, Speaker, TurnLatency,
};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 1, 15, 18, 0, 0).unwrap()
}

fn campaign(name: &str, queue: QueueState, reason: &str) -> CampaignRow {
    CampaignRow {
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
            latency: TurnLatency { endpoint_ms: 700, recognise_ms: 80, think_ms: 1, synthesise_ms: 12 },
            timestamp: now(),
        }],
    }
}

fn floor() -> State {
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
fn screen(state: &State, theme: &str, depth: Depth, width: u16, height: u16) -> String {
    let keymap = Keymap::load(None).unwrap();
    let theme = Theme::load(theme, None, depth).unwrap();
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, state, &keymap, &theme, None, now())).unwrap();
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

#[test]
fn any_size_is_drawn() {
    let mut state = floor();
    state.calls[0].exchanges[0].ai_response = "word ".repeat(2000);
    let overlays = [
        None,
        Some(Overlay::Help { scrolled: 99 }),
        Some(Overlay::Palette { typed: "zz".into(), selected: 9 }),
    ];
    for overlay in overlays {
        state.overlay = overlay;
        for (width, height) in [(1, 1), (5, 2), (20, 5), (79, 23), (300, 80)] {
            screen(&state, "dark", Depth::True, width, height);
        }
    }
}
