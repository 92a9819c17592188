//! Calls in flight, ticking.

use super::table::{self, Cell, Column};
use super::{Scene, clock};
use crate::state::Pane;
use dialdeck_protocol::{CallRow, CallStatus, Emotion, Intent};
use ratatui::Frame;
use ratatui::layout::Rect;

const COLUMNS: [Column; 7] = [
    Column { heading: " ", width: 1 },
    Column { heading: "NAME", width: 18 },
    Column { heading: "PHONE", width: 14 },
    Column { heading: "TIME", width: 7 },
    Column { heading: "INTENT", width: 15 },
    Column { heading: "EMOTION", width: 10 },
    Column { heading: "COMPANY", width: 0 },
];

pub(super) fn draw(frame: &mut Frame, area: Rect, scene: &Scene) {
    let rows = scene.state.shown_calls();
    let block = scene.block(Pane::Calls, &format!("Live calls {}", rows.len()));
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
    table::draw(frame, inner, scene, Pane::Calls, &COLUMNS, rows.len(), &|n| row(rows[n], scene));
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
    vec![
        cell(letter.into(), style),
        cell(call.name.clone(), theme.text),
        cell(call.phone.clone(), theme.text),
        cell(clock((scene.now - since).num_seconds()), style),
        cell(call.intent.map(|i| i.to_string()).unwrap_or_default(), intent),
        cell(call.emotion.map(|e| e.to_string()).unwrap_or_default(), emotion),
        cell(call.company.clone(), theme.text),
    ]
}
