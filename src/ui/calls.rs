//! Calls in flight, ticking.

use super::table::{self, Cell};
use super::{Scene, clock};
use crate::columns;
use crate::state::{Mark, Pane};
use dialdeck_protocol::{CallRow, CallStatus, Emotion, Intent, MonitorMode, Role};
use ratatui::Frame;
use ratatui::layout::Rect;

pub(super) fn draw(frame: &mut Frame, area: Rect, scene: &Scene) {
    let rows = scene.state.shown_calls();
    let block = {
        let marked = crate::state::marks::in_words(scene.state.marked_calls().len());
        scene.block(Pane::Calls, &format!("Live calls {}{marked}", rows.len()))
    };
    let inner = block.inner(area);
    frame.render_widget(block, area);
    if rows.is_empty() {
        let text = if scene.state.calls.is_empty() {
            "No calls in flight. Select a campaign and start its queue."
        } else {
            "No call matches the filter. Esc clears it."
        };
        return table::empty(frame, inner, scene, text);
    }
    table::draw(frame, inner, scene, Pane::Calls, columns::CALLS, rows.len(), &|n| row(rows[n], scene));
}

fn row(call: &CallRow, scene: &Scene) -> Vec<Cell> {
    let theme = scene.theme;
    // The letters of the real-time report: T in call, G ringing, L dialling.
    let (letter, style) = match (call.status, call.detail.as_str()) {
        (CallStatus::InProgress, _) => ("T", theme.in_call),
        (_, "ringing") => ("G", theme.ringing),
        _ => ("L", theme.text),
    };
    let since = call.answered_at.unwrap_or(call.started_at);
    let emotion = match call.emotion {
        Some(Emotion::Angry | Emotion::Frustrated) => theme.bad,
        Some(Emotion::Positive) => theme.good,
        Some(Emotion::Confused) => theme.warning,
        _ => theme.text,
    };
    let intent = if call.intent == Some(Intent::DoNotCall) { theme.bad } else { theme.text };
    let cell = |text: String, style| Cell { text, style };
    // Who is in the call beside those who talk: supervisors see each other.
    let inside = scene.state.monitored.get(&call.id).filter(|_| scene.state.role >= Some(Role::Supervisor));
    let mark = if scene.state.marked.contains(&Mark::Call(call.id.clone())) { "▪" } else { "" };
    let name = match inside.and_then(|all| all.first()) {
        Some((who, mode)) => format!("{mark}◉{} {who}: {}", mode_letter(*mode), call.name),
        None => format!("{mark}{}", call.name),
    };
    vec![
        cell(letter.into(), style),
        cell(name, theme.text),
        cell(call.phone.clone(), theme.text),
        cell(clock((scene.now - since).num_seconds()), style),
        cell(call.intent.map(|i| i.to_string()).unwrap_or_default(), intent),
        cell(call.emotion.map(|e| e.to_string()).unwrap_or_default(), emotion),
        cell(call.company.clone(), theme.text),
        cell(scene.campaign_name(Some(call.campaign_id)), theme.text),
        cell(if call.detail.is_empty() { call.status.to_string() } else { call.detail.clone() }, style),
        cell(call.agent.clone(), theme.text),
        cell(call.exchanges.len().to_string(), theme.dim),
    ]
}

/// How a supervisor is in a call, by a letter.
const fn mode_letter(mode: MonitorMode) -> char {
    match mode {
        MonitorMode::Listen => 'l',
        MonitorMode::Whisper => 'w',
        MonitorMode::Barge => 'b',
    }
}
