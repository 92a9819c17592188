//! The script as an agent says it: the line that is next, what comes after it, and answers to objections.

use super::{Scene, wrap};
use crate::plain;
use crate::state::Guide;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

/// Columns left of the words.
const MARGIN: usize = 2;

pub(super) fn draw(frame: &mut Frame, area: Rect, scene: &Scene, guide: &Guide) {
    let theme = scene.theme;
    let (width, height) = (usize::from(area.width), usize::from(area.height));
    let mut lines = Vec::new();
    let title = format!("Script · ] next · [ previous · ; objections ({})", guide.answers.len());
    lines.push(Line::styled(plain::fit(&title, width), theme.header));
    let say = |lines: &mut Vec<Line<'static>>, mark: &'static str, what: &str, words: &str, style: Style| {
        lines.push(Line::from(vec![
            Span::styled(mark, theme.key),
            Span::styled(plain::fit(what, width.saturating_sub(MARGIN)), theme.dim),
        ]));
        let words = wrap::wrap(&plain::line(words), width.saturating_sub(MARGIN).max(8));
        lines.extend(words.into_iter().map(|line| Line::styled(format!("  {line}"), style)));
    };
    if let Some((what, words)) = guide.answer.and_then(|at| guide.answers.get(at)) {
        say(&mut lines, "▸ ", &format!("they say: {}", what.replace('_', " ")), words, theme.ai);
    } else if let Some((what, words)) = guide.lines.get(guide.at) {
        say(&mut lines, "▸ ", what, words, theme.ai);
        if let Some((what, words)) = guide.lines.get(guide.at + 1) {
            say(&mut lines, "  ", &format!("then: {what}"), words, theme.dim);
        }
    }
    let others: Vec<String> = guide.answers.iter().map(|(what, _)| what.replace('_', " ")).collect();
    if !others.is_empty() && lines.len() < height {
        lines.push(Line::styled(plain::fit(&format!("; answers: {}", others.join(", ")), width), theme.dim));
    }
    lines.truncate(height);
    frame.render_widget(Paragraph::new(lines), area);
}
