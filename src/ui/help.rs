//! Every action with its keys; what cannot be done now is dim.

use super::Scene;
use super::overlay::{centred, frame_box};
use crate::action::Action;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

pub(super) fn draw(frame: &mut Frame, scene: &Scene, scrolled: usize) {
    let area = centred(frame.area(), 60, 34);
    let inner = frame_box(frame, scene, area, "Help · Esc closes");
    let mut lines = Vec::new();
    let mut group = "";
    for action in Action::ALL {
        if action.group() != group {
            group = action.group();
            if !lines.is_empty() {
                lines.push(Line::raw(""));
            }
            lines.push(Line::styled(group, scene.theme.header));
        }
        let style = if action.is_available(scene.state) { scene.theme.text } else { scene.theme.dim };
        lines.push(Line::from(vec![
            Span::styled(format!("  {:<20}", scene.keymap.keys(*action).join(" ")), scene.theme.key),
            Span::styled(format!("{:<18}", action.what()), style),
            Span::styled(action.name(), scene.theme.dim),
        ]));
    }
    let own: Vec<_> = scene.hotkeys.in_pane(scene.state.pane).collect();
    if !own.is_empty() {
        lines.push(Line::raw(""));
        lines.push(Line::styled("Your own keys, here", scene.theme.header));
    }
    for hotkey in own {
        lines.push(Line::from(vec![
            Span::styled(format!("  {:<20}", hotkey.key.to_string()), scene.theme.key),
            Span::styled(format!("{:<18}", crate::plain::fit(&hotkey.shown(), 17)), scene.theme.text),
            Span::styled(hotkey.name(), scene.theme.dim),
        ]));
    }
    let most = lines.len().saturating_sub(usize::from(inner.height));
    let from = u16::try_from(scrolled.min(most)).unwrap_or(0);
    let below = most - usize::from(from);
    frame.render_widget(Paragraph::new(lines).scroll((from, 0)), inner);
    if below > 0 && area.height > 2 {
        let mark = format!(" {below} more below ");
        let at = Rect::new(area.x + 2, area.bottom() - 1, area.width.saturating_sub(4), 1);
        frame.render_widget(Paragraph::new(mark).style(scene.theme.warning), at);
    }
}
