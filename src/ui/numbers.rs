//! Caller IDs, and how they are answered.

use super::Scene;
use super::table::{self, Cell};
use crate::columns;
use crate::state::Pane;
use dialdeck_protocol::connector::NumberRow;
use dialdeck_protocol::dashboard::Tally;
use ratatui::Frame;
use ratatui::layout::Rect;

/// Calls below which a share says nothing.
const ENOUGH: i64 = 50;
/// Percent below which a caller ID may be marked as spam.
const FEW: f64 = 10.0;

pub(super) fn draw(frame: &mut Frame, area: Rect, scene: &Scene) {
    let rows = scene.state.shown_numbers();
    let block = scene.block(Pane::Numbers, &format!("Caller IDs {}", rows.len()));
    let inner = block.inner(area);
    frame.render_widget(block, area);
    if rows.is_empty() {
        let text = match &scene.state.numbers {
            None => "Loading…",
            Some(all) if all.is_empty() => {
                "No caller IDs yet. + adds one; a campaign needs one to call from."
            }
            Some(_) => "No caller ID matches the filter. Esc clears it.",
        };
        return table::empty(frame, inner, scene, text);
    }
    table::draw(frame, inner, scene, Pane::Numbers, columns::NUMBERS, rows.len(), &|n| row(rows[n], scene));
}

fn row(number: &NumberRow, scene: &Scene) -> Vec<Cell> {
    let theme = scene.theme;
    let cell = |text: String, style| Cell { text, style };
    let share = Tally::percent(number.answered, number.calls);
    let (answered, style) = match share {
        None => ("–".to_owned(), theme.dim),
        Some(share) if share < FEW && number.calls >= ENOUGH => (format!("! {share:.0} %"), theme.warning),
        Some(share) => (format!("{share:.0} %"), theme.text),
    };
    let last = number.last_at.map(|at| crate::when::here(at).format("%d %b %H:%M").to_string());
    vec![
        cell(number.number.clone(), theme.text),
        cell(number.label.clone(), theme.text),
        cell(number.campaigns.join(", "), theme.dim),
        cell(number.calls.to_string(), theme.text),
        cell(answered, style),
        cell(last.unwrap_or_else(|| "–".into()), theme.dim),
    ]
}
