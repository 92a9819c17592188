//! A conversation as a chat that follows its end, or stays where it was scrolled.

use super::{Scene, table};
use crate::plain;
use crate::state::{Pane, Spoken};
use dialdeck_protocol::{Exchange, Outcome, Speaker, figures};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Width of the margin in which the speaker stands.
const MARGIN: usize = 10;

/// The selected live call's.
pub(super) fn live(frame: &mut Frame, area: Rect, scene: &Scene) {
    let call = scene.state.selected_call();
    let title = call.map_or_else(
        || "Conversation".to_owned(),
        |c| format!("Conversation · {}{}", plain::fit(&c.name, 40), figures(&c.exchanges, None)),
    );
    let block = scene.block(Pane::Conversation, &title);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let Some(call) = call else {
        return table::empty(frame, inner, scene, "No call is selected.");
    };
    let spoken = scene.state.spoken.get(&call.id).map(Vec::as_slice).unwrap_or_default();
    if call.exchanges.is_empty() && spoken.is_empty() {
        let text =
            if call.answered_at.is_some() { "Answered; nothing was said yet." } else { "Not answered yet." };
        return table::empty(frame, inner, scene, text);
    }
    chat(frame, inner, scene, &call.exchanges, spoken);
}

/// The opened past call's.
pub(super) fn past(frame: &mut Frame, area: Rect, scene: &Scene) {
    let opened = scene.state.opened.as_ref();
    let title = opened.map_or_else(
        || "Transcript".to_owned(),
        |(call, exchanges)| {
            let outcome = call.outcome.map_or("", dialdeck_protocol::Outcome::as_str);
            let figures = figures(exchanges, call.outcome);
            format!("Transcript · {} · {outcome}{figures}", plain::fit(&call.name, 40))
        },
    );
    let block = scene.block(Pane::Transcript, &title);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    match opened {
        None => table::empty(frame, inner, scene, "Enter opens the selected call."),
        Some((_, exchanges)) if exchanges.is_empty() => {
            table::empty(frame, inner, scene, "Nothing was said in this call.");
        }
        Some((_, exchanges)) => chat(frame, inner, scene, exchanges, &[]),
    }
}

/// Who talks how much, and how satisfied the person is as far as it can be told.
fn figures(exchanges: &[Exchange], outcome: Option<Outcome>) -> String {
    let talk = figures::talk_percent(exchanges).map(|percent| format!(" · we talk {percent} %"));
    let satisfied = figures::satisfaction(exchanges, outcome)
        .map(|satisfaction| format!(" · satisfied {} of 5 (estimate)", satisfaction.score));
    talk.unwrap_or_default() + &satisfied.unwrap_or_default()
}

/// What was said before an agent took the call.
pub(super) fn so_far(frame: &mut Frame, area: Rect, scene: &Scene, exchanges: &[Exchange]) {
    chat(frame, area, scene, exchanges, &[]);
}

fn chat(frame: &mut Frame, area: Rect, scene: &Scene, exchanges: &[Exchange], spoken: &[Spoken]) {
    let width = usize::from(area.width);
    let mut lines = Vec::new();
    for exchange in exchanges {
        if !exchange.user_input.is_empty() {
            let known = format!(
                "  {} {:.0} % · {} · turn {} · {} ms",
                exchange.intent,
                exchange.confidence * 100.0,
                exchange.emotion,
                exchange.turn,
                exchange.latency.endpoint_ms
                    + exchange.latency.recognise_ms
                    + exchange.latency.think_ms
                    + exchange.latency.synthesise_ms,
            );
            say(&mut lines, "Customer", &exchange.user_input, scene.theme.customer, width);
            lines.push(Line::styled(
                format!("{:MARGIN$}{}", "", plain::fit(known.trim(), width.saturating_sub(MARGIN))),
                scene.theme.dim,
            ));
        }
        if !exchange.ai_response.is_empty() {
            say(&mut lines, "AI", &exchange.ai_response, scene.theme.ai, width);
        }
    }
    for line in spoken {
        match line.speaker {
            Speaker::Customer => say(&mut lines, "Customer", &line.text, scene.theme.customer, width),
            Speaker::Ai => say(&mut lines, "AI …", &line.text, scene.theme.ai, width),
        }
    }
    let height = usize::from(area.height);
    let limit = lines.len().saturating_sub(height);
    scene.state.scroll_limit.set(limit);
    let from = scene.state.scrolled.map_or(limit, |top| top.min(limit));
    let below = limit - from;
    let seen: Vec<Line> = lines.into_iter().skip(from).take(height).collect();
    frame.render_widget(Paragraph::new(seen), area);
    if below > 0 {
        let mark = format!(" {below} more below, G follows ");
        let mark_width = u16::try_from(mark.width()).unwrap_or(0).min(area.width);
        let at = Rect::new(area.right() - mark_width, area.bottom().saturating_sub(1), mark_width, 1);
        frame.render_widget(Paragraph::new(mark).style(scene.theme.warning), at);
    }
}

fn say(lines: &mut Vec<Line<'static>>, who: &str, text: &str, style: Style, width: usize) {
    let mut margin = format!("{who:<MARGIN$}");
    for part in wrap(&plain::line(text), width.saturating_sub(MARGIN).max(8)) {
        lines.push(Line::from(vec![
            Span::styled(std::mem::take(&mut margin), style),
            Span::styled(part, style),
        ]));
        margin = " ".repeat(MARGIN);
    }
}

/// Lines of at most `width` columns, broken between words; a word that is too long is broken within.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() {
            if line.width() + 1 + word.width() > width {
                lines.push(std::mem::take(&mut line));
            } else {
                line.push(' ');
            }
        }
        for grapheme in word.graphemes(true) {
            if line.width() + grapheme.width() > width {
                lines.push(std::mem::take(&mut line));
            }
            line.push_str(grapheme);
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::wrap;

    #[test]
    fn between_words_and_within_long_ones() {
        assert_eq!(wrap("hello there, general", 12), ["hello there,", "general"]);
        assert_eq!(wrap("aaaaaaaaaa bb", 4), ["aaaa", "aaaa", "aa", "bb"]);
        assert_eq!(wrap("日本語", 4), ["日本", "語"]);
        assert!(wrap("   ", 4).is_empty());
    }
}
