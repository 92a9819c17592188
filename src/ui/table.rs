//! A table whose columns drop from the right when the screen is narrow, and whose rows scroll with the selection.

use super::Scene;
use crate::columns::Column;
use crate::plain;
use crate::state::Pane;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use unicode_width::UnicodeWidthStr;

/// A cell.
pub struct Cell {
    pub text: String,
    pub style: Style,
}

/// Least width of the column that takes what is left.
const LEAST: usize = 12;

/// Draws rows; only those that are seen are made, by `row`.
pub fn draw(
    frame: &mut Frame,
    area: Rect,
    scene: &Scene,
    pane: Pane,
    columns: &[Column],
    rows: usize,
    row: &dyn Fn(usize) -> Vec<Cell>,
) {
    let width = usize::from(area.width);
    let mut places = scene.state.layout.places(pane, columns);
    let needed = |places: &[usize]| {
        let widths = places.iter().map(|n| columns[*n].width);
        widths.map(|width| if width == 0 { LEAST } else { width } + 1).sum::<usize>()
    };
    while places.len() > 1 && needed(&places) > width {
        places.pop();
    }
    let fixed: usize = places.iter().map(|n| columns[*n].width + 1).sum();
    let left = width.saturating_sub(fixed);
    let widths: Vec<usize> =
        places.iter().map(|n| if columns[*n].width == 0 { left.max(1) } else { columns[*n].width }).collect();
    let sort = scene.state.layout.sort.get(&pane);
    let headings = places.iter().map(|n| {
        let column = &columns[*n];
        let arrow = sort.filter(|sort| sort.column == column.name);
        let arrow = arrow.map_or("", |sort| if sort.down { "▼" } else { "▲" });
        (format!("{arrow}{}", column.heading), scene.theme.header)
    });
    let mut lines = vec![line(headings, &widths)];
    let seen = usize::from(area.height).saturating_sub(1);
    let selected = scene.state.selection(pane, rows);
    let from = selected.map_or(0, |s| (s + 1).saturating_sub(seen));
    for n in from..rows.min(from + seen) {
        let mut cells = row(n);
        let shown = places.iter().map(|place| match cells.get_mut(*place) {
            Some(cell) => (std::mem::take(&mut cell.text), cell.style),
            None => (String::new(), scene.theme.text),
        });
        let mut drawn = line(shown, &widths);
        if selected == Some(n) && scene.state.pane != pane {
            // Other panes' keys act on it too: it is marked, more quietly.
            drawn = drawn.style(scene.theme.header);
        }
        if selected == Some(n) && scene.state.pane == pane {
            drawn = drawn.style(scene.theme.selected);
            let y = area.y + 1 + u16::try_from(n - from).unwrap_or(0);
            if y < area.bottom() && scene.state.overlay.is_none() {
                // The hardware cursor follows the selection: screen readers and magnifiers go by it.
                frame.set_cursor_position((area.x, y));
            }
        }
        lines.push(drawn);
    }
    frame.render_widget(Paragraph::new(lines), area);
}

fn line(cells: impl Iterator<Item = (String, Style)>, widths: &[usize]) -> Line<'static> {
    let spans: Vec<Span> = cells
        .zip(widths)
        .map(|((text, style), width)| {
            let text = plain::fit(&text, *width);
            let fill = width.saturating_sub(text.width()) + 1;
            Span::styled(format!("{text}{}", " ".repeat(fill)), style)
        })
        .collect();
    Line::from(spans)
}

/// Says why there is nothing.
pub fn empty(frame: &mut Frame, area: Rect, scene: &Scene, text: &str) {
    let text =
        Paragraph::new(text.to_owned()).style(scene.theme.dim).wrap(ratatui::widgets::Wrap { trim: true });
    frame.render_widget(text, area);
}
