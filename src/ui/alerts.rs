//! What wants a person's eyes.

use super::table::{self, Cell};
use super::{Scene, clock};
use crate::alert::{Severity, Standing};
use crate::columns;
use crate::state::Pane;
use ratatui::Frame;
use ratatui::layout::Rect;

pub(super) fn draw(frame: &mut Frame, area: Rect, scene: &Scene) {
    let rows = scene.state.shown_alerts();
    let unknown = scene.state.alerts.unknown();
    let title = if unknown > 0 {
        format!("Alerts {}, {unknown} new", rows.len())
    } else {
        format!("Alerts {}", rows.len())
    };
    let block = scene.block(Pane::Alerts, &title);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    if rows.is_empty() {
        let text = if scene.state.alerts.iter().len() == 0 {
            "Nothing wants your eyes. What is warned of, and from when on, stands in alerts.toml."
        } else {
            "No alert matches the filter. Esc clears it."
        };
        return table::empty(frame, inner, scene, text);
    }
    table::draw(frame, inner, scene, Pane::Alerts, columns::ALERTS, rows.len(), &|n| row(rows[n], scene));
}

fn row(standing: &Standing, scene: &Scene) -> Vec<Cell> {
    let theme = scene.theme;
    let (mark, style) = match (standing.known, standing.alert.severity) {
        (true, _) => ("·", theme.dim),
        (false, Severity::Critical) => ("✗", theme.bad),
        (false, Severity::Warning) => ("!", theme.warning),
    };
    let cell = |text: String, style| Cell { text, style };
    vec![
        cell(mark.into(), style),
        cell(clock((scene.now - standing.since).num_seconds()), theme.dim),
        cell(if standing.known { "known".into() } else { String::new() }, theme.dim),
        cell(standing.alert.text.clone(), style),
    ]
}
