//! What a function takes, line by line.

use super::Scene;
use super::overlay::{centred, frame_box};
use crate::plain;
use crate::state::Form;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Wrap};
use unicode_width::UnicodeWidthStr;

/// Width of the names.
const NAMES: usize = 20;

pub(super) fn draw(frame: &mut Frame, scene: &Scene, form: &Form) {
    let theme = scene.theme;
    let lines = u16::try_from(form.fields.len()).unwrap_or(u16::MAX).saturating_add(6).min(22);
    let title = format!("{} · Enter sends · Esc closes", form.function);
    let inner = frame_box(frame, scene, centred(frame.area(), 76, lines), &title);
    let [what, list, hint] =
        Layout::vertical([Constraint::Length(2), Constraint::Min(1), Constraint::Length(2)]).areas(inner);
    frame.render_widget(
        Paragraph::new(plain::line(&form.what)).style(theme.dim).wrap(Wrap { trim: true }),
        what,
    );
    let from = (form.selected + 1).saturating_sub(usize::from(list.height));
    let width = usize::from(list.width).saturating_sub(NAMES + 3);
    let mut cursor = None;
    let rows: Vec<Line> = form
        .fields
        .iter()
        .enumerate()
        .skip(from)
        .take(usize::from(list.height))
        .map(|(n, field)| {
            let mark = if field.required && field.value.is_empty() { "*" } else { " " };
            let shown =
                if field.secret { "•".repeat(field.value.chars().count()) } else { field.value.clone() };
            // The end is what is being typed.
            let tail: String = {
                let all: Vec<char> = shown.chars().collect();
                all[all.len().saturating_sub(width.saturating_sub(1))..].iter().collect()
            };
            let tail = plain::fit(&tail, width);
            if n == form.selected {
                let row = u16::try_from(n - from).unwrap_or(0);
                let at = u16::try_from(NAMES + 2 + tail.width()).unwrap_or(0);
                cursor = Some((list.x + at.min(list.width.saturating_sub(1)), list.y + row));
            }
            let style = if n == form.selected { theme.selected } else { theme.text };
            Line::from(vec![
                Span::styled(mark, theme.warning),
                Span::styled(format!("{:<NAMES$} ", plain::fit(&field.name, NAMES)), theme.dim),
                Span::styled(format!("{tail:<width$}"), style),
            ])
        })
        .collect();
    frame.render_widget(Paragraph::new(rows), list);
    let (text, style) = match form.fields.get(form.selected) {
        _ if !form.wrong.is_empty() => (plain::line(&form.wrong), theme.bad),
        Some(field) if !field.words.is_empty() => (format!("←→ {}", field.words.join(", ")), theme.dim),
        Some(_) => ("↑↓ Tab next · * must be given".to_owned(), theme.dim),
        None => ("Enter sends".to_owned(), theme.dim),
    };
    frame.render_widget(Paragraph::new(text).style(style).wrap(Wrap { trim: true }), hint);
    if let Some(cursor) = cursor {
        frame.set_cursor_position(cursor);
    }
}
