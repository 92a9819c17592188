//! Calls of the past.

use super::table::{self, Cell};
use super::{Scene, clock};
use crate::columns;
use crate::state::Pane;
use dialdeck_protocol::{HistoryRow, Outcome};
use ratatui::Frame;
use ratatui::layout::Rect;

pub(super) fn draw(frame: &mut Frame, area: Rect, scene: &Scene) {
    let rows = scene.state.shown_history();
    let which = crate::plain::fit(&scene.state.past.typed, 40);
    let which = if which.is_empty() { String::new() } else { format!(" · {which}") };
    let more = if scene.state.past.next.is_some() { "+" } else { "" };
    let block = scene.block(Pane::History, &format!("History {}{more}{which}", rows.len()));
    let inner = block.inner(area);
    frame.render_widget(block, area);
    if rows.is_empty() {
        let text = if !scene.state.history_loaded {
            "Loading…"
        } else if scene.state.history.is_empty() {
            if scene.state.past.typed.is_empty() {
                "No calls yet."
            } else {
                "No call is like that. F changes which are looked at."
            }
        } else {
            "No call matches the filter. Esc clears it."
        };
        return table::empty(frame, inner, scene, text);
    }
    table::draw(frame, inner, scene, Pane::History, columns::HISTORY, rows.len(), &|n| row(rows[n], scene));
}

fn row(call: &HistoryRow, scene: &Scene) -> Vec<Cell> {
    let theme = scene.theme;
    let style = match call.outcome {
        Some(outcome) if outcome.is_success() => theme.good,
        Some(Outcome::DoNotCall | Outcome::Error) => theme.bad,
        Some(outcome) if !outcome.was_answered() => theme.dim,
        _ => theme.text,
    };
    let outcome = call.outcome.map_or_else(|| call.status.to_string(), |o| o.to_string());
    let cell = |text: String, style| Cell { text, style };
    vec![
        cell(crate::when::here(call.created_at).format("%d %b %H:%M:%S").to_string(), theme.dim),
        // A dot: there is a recording.
        cell(format!("{}{}", if call.recorded { "●" } else { "" }, call.name), theme.text),
        cell(outcome, style),
        cell(clock(i64::from(call.duration)), theme.text),
        cell(call.phone.clone(), theme.text),
        cell(call.emotion.map(|e| e.to_string()).unwrap_or_default(), theme.text),
        cell(format!("{:.4}", call.cost), theme.dim),
        cell(call.agent.clone(), theme.text),
        cell(call.disposition.clone(), theme.text),
        cell(scene.campaign_name(call.campaign_id), theme.text),
        cell(call.csat_score.map(|score| format!("{score} of 5")).unwrap_or_default(), theme.text),
    ]
}
