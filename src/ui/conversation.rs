//! Conversations: the selected live call's, and the opened past one's.

use super::{Scene, chat, clock, learning, table, wrap};
use crate::plain;
use crate::state::Pane;
use dialdeck_protocol::knowledge::Known;
use dialdeck_protocol::{Exchange, Outcome};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;
use ratatui::widgets::{Block, Paragraph};

/// Lines of a suggestion: its title, and two of its text.
const KNOWN: u16 = 3;

/// The selected live call's.
pub(super) fn live(frame: &mut Frame, area: Rect, scene: &Scene) {
    let call = scene.state.selected_call();
    let inner = Block::bordered().inner(area);
    let (inner, beside) = match call.and_then(|call| scene.state.suggestion(call)) {
        // Where there is room for both.
        Some(known) if inner.height >= 9 => {
            let [inner, beside] =
                Layout::vertical([Constraint::Min(1), Constraint::Length(KNOWN)]).areas(inner);
            (inner, Some((known, beside)))
        }
        _ => (inner, None),
    };
    let title = call.map_or_else(
        || "Conversation".to_owned(),
        |c| {
            let talk = chat::measure(scene, inner, c.id.as_str(), &c.exchanges);
            format!("Conversation · {}{}", plain::fit(&c.name, 40), figures(talk, &c.exchanges, None))
        },
    );
    let block = scene.block(Pane::Conversation, &title);
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
    chat::draw(frame, inner, scene, call.id.as_str(), &call.exchanges, spoken);
    if let Some((known, beside)) = beside {
        suggestion(frame, beside, scene, known);
    }
}

/// What the knowledge base holds on what was just said.
fn suggestion(frame: &mut Frame, area: Rect, scene: &Scene, known: &Known) {
    let width = usize::from(area.width);
    let text = wrap::wrap(&plain::line(&known.text), width.saturating_sub(2).max(8));
    let rest = text.len().saturating_sub(usize::from(KNOWN) - 1);
    let more = if rest > 0 { " · B for all of it" } else { "" };
    let mut lines =
        vec![Line::styled(plain::fit(&format!("✎ {}{more}", known.title), width), scene.theme.good)];
    lines.extend(
        text.into_iter()
            .take(usize::from(KNOWN) - 1)
            .map(|line| Line::styled(format!("  {line}"), scene.theme.dim)),
    );
    frame.render_widget(Paragraph::new(lines), area);
}

/// The opened past call's.
pub(super) fn past(frame: &mut Frame, area: Rect, scene: &Scene) {
    let opened = scene.state.opened.as_ref();
    let inner = Block::bordered().inner(area);
    let title = opened.map_or_else(
        || "Transcript".to_owned(),
        |(call, exchanges)| {
            let exchanges = scene.state.seen_of_opened(&call.id, exchanges);
            let outcome = call.outcome.map_or("", dialdeck_protocol::Outcome::as_str);
            let talk = chat::measure(scene, inner, call.id.as_str(), exchanges);
            let figures = figures(talk, exchanges, call.outcome);
            let replayed = scene.state.replay.as_ref().filter(|replay| replay.call == call.id);
            let progress = replayed.map_or_else(String::new, |replay| {
                let (at, whole) = (clock(replay.at_ms / 1000), clock(replay.whole_ms / 1000));
                format!(" · ▶ {}× {at} of {whole}", replay.speed)
            });
            format!("Transcript{progress} · {} · {outcome}{figures}", plain::fit(&call.name, 40))
        },
    );
    let block = scene.block(Pane::Transcript, &title);
    frame.render_widget(block, area);
    match opened {
        None => table::empty(frame, inner, scene, "Enter opens the selected call."),
        Some((_, exchanges)) if exchanges.is_empty() => {
            table::empty(frame, inner, scene, "Nothing was said in this call.");
        }
        Some((call, exchanges)) => {
            let exchanges = scene.state.seen_of_opened(&call.id, exchanges);
            chat::draw(frame, inner, scene, call.id.as_str(), exchanges, &[]);
        }
    }
}

/// Who talks how much, and how satisfied the person is as far as it can be told.
fn figures(talk: Option<u32>, exchanges: &[Exchange], outcome: Option<Outcome>) -> String {
    let talk = talk.map(|percent| format!(" · we talk {percent} %"));
    let satisfied =
        learning::satisfied(exchanges, outcome).map(|score| format!(" · satisfied {score} of 5 (estimate)"));
    let moods = learning::moods(exchanges);
    let moods = if moods.is_empty() { moods } else { format!(" · mood {moods}") };
    talk.unwrap_or_default() + &moods + &satisfied.unwrap_or_default()
}
