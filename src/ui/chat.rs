//! What two said, as a chat that follows its end, or stays where it was scrolled.

use super::Scene;
use super::wrap::{count, wrap};
use crate::plain;
use crate::state::Spoken;
use dialdeck_protocol::{Exchange, Speaker};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use unicode_width::UnicodeWidthStr;

/// Width of the margin in which the speaker stands.
const MARGIN: usize = 10;

/// Columns that are left for words.
fn room(width: usize) -> usize {
    width.saturating_sub(MARGIN).max(8)
}

/// Measures the conversation `of` a call for a pane; gives our share of the words.
pub(super) fn measure(scene: &Scene, area: Rect, of: &str, exchanges: &[Exchange]) -> Option<u32> {
    let (width, height) = (usize::from(area.width), usize::from(area.height));
    let mut measure = scene.state.measured.borrow_mut();
    measure.take(of, (width, height), exchanges, |exchange| lines_of(exchange, width));
    measure.words().our_percent()
}

/// Draws the conversation `of` a call: its exchanges, and what was begun since.
pub(super) fn draw(
    frame: &mut Frame,
    area: Rect,
    scene: &Scene,
    of: &str,
    exchanges: &[Exchange],
    spoken: &[Spoken],
) {
    let (width, height) = (usize::from(area.width), usize::from(area.height));
    let mut begun = Vec::new();
    for line in spoken {
        match line.speaker {
            Speaker::Customer => say(&mut begun, "Customer", &line.text, scene.theme.customer, width),
            Speaker::Ai => say(&mut begun, "AI …", &line.text, scene.theme.ai, width),
        }
    }
    measure(scene, area, of, exchanges);
    let mut measure = scene.state.measured.borrow_mut();
    let total = measure.lines() + begun.len();
    let limit = measure.follow(total);
    scene.state.scroll_limit.set(limit);
    let from = scene.state.scrolled.map_or(limit, |top| top.min(limit));
    let (first, begins) = measure.at(from);
    let mut seen = Vec::new();
    for exchange in exchanges.iter().skip(first) {
        if seen.len() >= from - begins + height {
            break;
        }
        turn(&mut seen, exchange, scene, width);
    }
    if seen.len() < from - begins + height {
        seen.append(&mut begun);
    }
    let seen: Vec<Line> = seen.into_iter().skip(from - begins).take(height).collect();
    frame.render_widget(Paragraph::new(seen), area);
    let below = total.saturating_sub(from + height);
    if below > 0 {
        let mark = format!(" {below} more below, G follows ");
        let mark_width = u16::try_from(mark.width()).unwrap_or(0).min(area.width);
        let at = Rect::new(area.right() - mark_width, area.bottom().saturating_sub(1), mark_width, 1);
        frame.render_widget(Paragraph::new(mark).style(scene.theme.warning), at);
    }
}

/// How many lines [`turn`] makes of an exchange.
fn lines_of(exchange: &Exchange, width: usize) -> usize {
    let of = |text: &str| count(&plain::line(text), room(width));
    let heard = if exchange.user_input.is_empty() { 0 } else { of(&exchange.user_input) + 1 };
    heard + of(&exchange.ai_response)
}

fn turn(lines: &mut Vec<Line<'static>>, exchange: &Exchange, scene: &Scene, width: usize) {
    if !exchange.user_input.is_empty() {
        let known = format!(
            "{} {:.0} % · {} · turn {} · {} ms",
            exchange.intent,
            exchange.confidence * 100.0,
            exchange.emotion,
            exchange.turn,
            exchange.latency.endpoint_ms
                + exchange.latency.recognise_ms
                + exchange.latency.think_ms
                + exchange.latency.synthesise_ms,
        );
        say(lines, "Customer", &exchange.user_input, scene.theme.customer, width);
        lines.push(Line::styled(
            format!("{:MARGIN$}{}", "", plain::fit(&known, width.saturating_sub(MARGIN))),
            scene.theme.dim,
        ));
    }
    if !exchange.ai_response.is_empty() {
        say(lines, "AI", &exchange.ai_response, scene.theme.ai, width);
    }
}

fn say(lines: &mut Vec<Line<'static>>, who: &str, text: &str, style: Style, width: usize) {
    let mut margin = format!("{who:<MARGIN$}");
    for part in wrap(&plain::line(text), room(width)) {
        lines.push(Line::from(vec![
            Span::styled(std::mem::take(&mut margin), style),
            Span::styled(part, style),
        ]));
        margin = " ".repeat(MARGIN);
    }
}
