//! The command palette: type a few letters of what can be done now.

use super::Scene;
use super::overlay::{centred, frame_box};
use crate::action::{Action, available};
use crate::plain;
use crate::state::State;
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use unicode_width::UnicodeWidthStr;

/// Actions that can be done now and match, best first.
pub fn found(state: &State, typed: &str) -> Vec<Action> {
    let all: Vec<Action> = available(state).filter(|a| *a != Action::Palette).collect();
    if typed.is_empty() {
        return all;
    }
    let names: Vec<String> = all.iter().map(|a| format!("{} {}", a.name(), a.what())).collect();
    let pattern = Pattern::parse(typed, CaseMatching::Ignore, Normalization::Smart);
    let mut matcher = Matcher::new(Config::DEFAULT);
    let ranked = pattern.match_list(names.iter().map(String::as_str), &mut matcher);
    ranked.into_iter().filter_map(|(name, _)| names.iter().position(|n| n == name).map(|n| all[n])).collect()
}

pub(super) fn draw(frame: &mut Frame, scene: &Scene, typed: &str, selected: usize) {
    let area = centred(frame.area(), 60, 16);
    let inner = frame_box(frame, scene, area, "Commands · Enter runs · Esc closes");
    let [input, list] = Layout::vertical([Constraint::Length(1), Constraint::Min(1)]).areas(inner);
    let text = format!(":{}", plain::fit(typed, usize::from(input.width).saturating_sub(2)));
    let x = input.x + u16::try_from(text.width()).unwrap_or(0);
    frame.render_widget(Paragraph::new(text).style(scene.theme.text), input);
    frame.set_cursor_position((x.min(input.right().saturating_sub(1)), input.y));
    let rows = found(scene.state, typed);
    if rows.is_empty() {
        return frame.render_widget(
            Paragraph::new("nothing that can be done now matches").style(scene.theme.dim),
            list,
        );
    }
    let from = (selected + 1).saturating_sub(usize::from(list.height));
    let lines: Vec<Line> = rows
        .iter()
        .enumerate()
        .skip(from)
        .map(|(n, action)| {
            let style = if n == selected { scene.theme.selected } else { scene.theme.text };
            Line::from(vec![
                Span::styled(format!("{:<20}", action.name()), style),
                Span::styled(format!("{:<20}", action.what()), style),
                Span::styled(scene.keymap.keys(*action).join(" "), scene.theme.key),
            ])
        })
        .collect();
    frame.render_widget(Paragraph::new(lines), list);
}
