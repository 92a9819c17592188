//! A table whose columns drop from the right when the screen is narrow, and whose rows scroll with the selection.

use super::Scene;
use crate::plain;
use crate::state::Pane;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use unicode_width::UnicodeWidthStr;

/// A column: its heading and width; a width of 0 takes what is left.
pub struct Column {
    pub heading: &'static str,
    pub width: usize,
}

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
    let mut kept = columns.len();
    let needed =
        |n: usize| columns[..n].iter().map(|c| if c.width == 0 { LEAST } else { c.width } + 1).sum::<usize>();
    while kept > 1 && needed(kept) > width {
        kept -= 1;
    }
    let fixed: usize = columns[..kept].iter().map(|c| c.width + 1).sum();
    let left = width.saturating_sub(fixed);
    let widths: Vec<usize> =
        columns[..kept].iter().map(|c| if c.width == 0 { left.max(1) } else { c.width }).collect();
    let headings = columns[..kept].iter().map(|c| (c.heading.to_owned(), scene.theme.header));
    let mut lines = vec![line(headings, &widths)];
    let seen = usize::from(area.height).saturating_sub(1);
    let selected = scene.state.selection(pane, rows);
    let from = selected.map_or(0, |s| (s + 1).saturating_sub(seen));
    for n in from..rows.min(from + seen) {
        let cells = row(n).into_iter().map(|cell| (cell.text, cell.style));
        let mut drawn = line(cells, &widths);
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
