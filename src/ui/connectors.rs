//! Connectors, and how they are.

use super::Scene;
use super::table::{self, Cell};
use crate::columns;
use crate::state::Pane;
use crate::theme::Theme;
use dialdeck_protocol::PartState;
use dialdeck_protocol::connector::ConnectorRow;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;

pub(super) fn draw(frame: &mut Frame, area: Rect, scene: &Scene) {
    let rows = scene.state.shown_connectors();
    let block = scene.block(Pane::Connectors, &format!("Connectors {}", rows.len()));
    let inner = block.inner(area);
    frame.render_widget(block, area);
    if rows.is_empty() {
        let text = match &scene.state.connectors {
            None => "Loading…",
            Some(all) if all.is_empty() => {
                "Nothing is connected. An administrator adds a VICIdial or a webhook with +; Asterisk, Dialpad and providers stand in the server's settings."
            }
            Some(_) => "No connector matches the filter. Esc clears it.",
        };
        return table::empty(frame, inner, scene, text);
    }
    table::draw(frame, inner, scene, Pane::Connectors, columns::CONNECTORS, rows.len(), &|n| {
        row(rows[n], scene)
    });
}

/// How something is: a mark goes with each colour.
pub(super) fn mark(state: PartState, theme: &Theme) -> (&'static str, Style) {
    match state {
        PartState::Up => ("✓", theme.good),
        PartState::Degraded => ("~", theme.warning),
        PartState::Down => ("✗", theme.bad),
        PartState::Missing => ("?", theme.warning),
        PartState::Off => ("–", theme.dim),
    }
}

fn row(connector: &ConnectorRow, scene: &Scene) -> Vec<Cell> {
    let theme = scene.theme;
    let (mark, style) = mark(connector.state, theme);
    let cell = |text: String, style| Cell { text, style };
    let place = if connector.here { "" } else { " (settings)" };
    vec![
        cell(mark.into(), style),
        cell(connector.name.clone(), theme.text),
        cell(connector.kind.clone(), theme.dim),
        cell(connector.state.to_string(), style),
        cell(format!("{}{place}", connector.reached), theme.text),
        cell(if connector.has_secret { "••••" } else { "" }.into(), theme.dim),
        cell(connector.message.clone(), theme.dim),
    ]
}
