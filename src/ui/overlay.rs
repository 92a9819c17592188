//! Boxes over the panes.

use super::Scene;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::{Block, Borders, Clear, Paragraph, Wrap};

/// A box in the middle, no larger than the screen.
pub(super) fn centred(area: Rect, width: u16, height: u16) -> Rect {
    let (width, height) = (width.min(area.width), height.min(area.height));
    Rect::new(area.x + (area.width - width) / 2, area.y + (area.height - height) / 2, width, height)
}

/// A box with a title, emptied.
pub(super) fn frame_box(frame: &mut Frame, scene: &Scene, area: Rect, title: &str) -> Rect {
    let block = Block::new()
        .borders(Borders::ALL)
        .border_style(scene.theme.border_focused)
        .title(Line::styled(format!(" {title} "), scene.theme.title));
    let inner = block.inner(area);
    frame.render_widget(Clear, area);
    frame.render_widget(block, area);
    inner
}

/// Width of a question.
const WIDTH: u16 = 64;

/// A question with yes and no.
pub(super) fn confirm(frame: &mut Frame, scene: &Scene, question: &str) {
    let mut text = Text::raw(question.to_owned());
    text.push_line(Line::raw(""));
    text.push_line(Line::from(vec![
        Span::styled("y", scene.theme.key),
        Span::raw(" yes    "),
        Span::styled("n", scene.theme.key),
        Span::raw(" no"),
    ]));
    let paragraph = Paragraph::new(text).wrap(Wrap { trim: true }).style(scene.theme.text);
    let lines = u16::try_from(paragraph.line_count(WIDTH - 2)).unwrap_or(u16::MAX - 2);
    let inner = frame_box(frame, scene, centred(frame.area(), WIDTH, lines.saturating_add(2)), "Sure?");
    frame.render_widget(paragraph, inner);
}
