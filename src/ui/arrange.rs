//! Choosing columns, binding keys, and what can follow a key that was pressed.

use super::Scene;
use super::overlay::{centred, frame_box};
use crate::action::Action;
use crate::key::{Key, written};
use crate::plain;
use crate::state::ColumnChoice;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Wrap};
use unicode_width::UnicodeWidthStr;

pub(super) fn columns(frame: &mut Frame, scene: &Scene, choice: &ColumnChoice) {
    let theme = scene.theme;
    let height = u16::try_from(choice.rows.len()).unwrap_or(u16::MAX).saturating_add(5).min(22);
    let title = format!("Columns of {} · Enter takes · Esc closes", choice.pane.name());
    let inner = frame_box(frame, scene, centred(frame.area(), 60, height), &title);
    let [list, hint] = Layout::vertical([Constraint::Min(1), Constraint::Length(2)]).areas(inner);
    let from = (choice.selected + 1).saturating_sub(usize::from(list.height));
    let rows: Vec<Line> = choice
        .rows
        .iter()
        .enumerate()
        .skip(from)
        .take(usize::from(list.height))
        .map(|(n, (name, shown))| {
            let style = if n == choice.selected { theme.selected } else { theme.text };
            let sort = choice.sort.as_ref().filter(|sort| sort.column == *name);
            let arrow = sort.map_or("", |sort| if sort.down { " ▼ sorted" } else { " ▲ sorted" });
            let mark = if *shown { "[x]" } else { "[ ]" };
            Line::from(vec![
                Span::styled(format!(" {mark} "), theme.key),
                Span::styled(format!("{name:<20}"), style),
                Span::styled(arrow, theme.dim),
            ])
        })
        .collect();
    frame.render_widget(Paragraph::new(rows), list);
    let hint_text = "space shows or hides · J K move · s sorts by it · r as usual · on a narrow screen columns drop from the right";
    frame.render_widget(Paragraph::new(hint_text).style(theme.dim).wrap(Wrap { trim: true }), hint);
    let y = list.y + u16::try_from(choice.selected.saturating_sub(from)).unwrap_or(0);
    frame.set_cursor_position((list.x + 1, y.min(list.bottom().saturating_sub(1))));
}

pub(super) fn bind(frame: &mut Frame, scene: &Scene, action: Action, keys: &[Key], wrong: &str) {
    let theme = scene.theme;
    let title = format!("Keys for {} · Enter binds · Esc closes", action.name());
    let inner = frame_box(frame, scene, centred(frame.area(), 64, 8), &title);
    let now = scene.keymap.keys(action).join(", ");
    let pressed = if keys.is_empty() { "press them now".to_owned() } else { written(keys) };
    let lines = vec![
        Line::styled(format!("{}: {now} until now", action.what()), theme.dim),
        Line::from(vec![Span::raw("> "), Span::styled(pressed, theme.key)]),
        Line::styled(plain::fit(wrong, usize::from(inner.width)), theme.warning),
        Line::styled("Backspace takes one back · Enter without keys: the usual ones again", theme.dim),
        Line::styled("Enter, Esc and Backspace themselves are bound in keymap.toml", theme.dim),
    ];
    frame.render_widget(Paragraph::new(lines), inner);
}

/// What can follow the keys that were pressed.
pub(super) fn which_key(frame: &mut Frame, scene: &Scene, pending: &[Key]) {
    let theme = scene.theme;
    let following = scene.keymap.following(pending);
    let area = frame.area();
    let height = u16::try_from(following.len())
        .unwrap_or(u16::MAX)
        .saturating_add(2)
        .min(area.height.saturating_sub(2));
    let width = 40.min(area.width);
    let at = Rect::new(
        area.right().saturating_sub(width),
        area.bottom().saturating_sub(height + 1),
        width,
        height,
    );
    let title = format!("{} {} …", written(pending), scene.keymap.name(pending));
    let inner = frame_box(frame, scene, at, &plain::fit(&title, usize::from(width).saturating_sub(4)));
    let lines: Vec<Line> = following
        .iter()
        .map(|(key, action)| {
            let style = if action.is_available(scene.state) { theme.text } else { theme.dim };
            let key = key.to_string();
            let room = usize::from(inner.width).saturating_sub(key.width() + 3);
            Line::from(vec![
                Span::styled(format!(" {key}  "), theme.key),
                Span::styled(plain::fit(action.what(), room), style),
            ])
        })
        .collect();
    frame.render_widget(Paragraph::new(lines), inner);
}
