//! Conversations: the selected live call's, and the opened past one's.

use super::{Scene, chat, table};
use crate::plain;
use crate::state::Pane;
use dialdeck_protocol::{Exchange, Outcome, figures};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::widgets::Block;

/// The selected live call's.
pub(super) fn live(frame: &mut Frame, area: Rect, scene: &Scene) {
    let call = scene.state.selected_call();
    let inner = Block::bordered().inner(area);
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
}

/// The opened past call's.
pub(super) fn past(frame: &mut Frame, area: Rect, scene: &Scene) {
    let opened = scene.state.opened.as_ref();
    let inner = Block::bordered().inner(area);
    let title = opened.map_or_else(
        || "Transcript".to_owned(),
        |(call, exchanges)| {
            let outcome = call.outcome.map_or("", dialdeck_protocol::Outcome::as_str);
            let talk = chat::measure(scene, inner, call.id.as_str(), exchanges);
            let figures = figures(talk, exchanges, call.outcome);
            format!("Transcript · {} · {outcome}{figures}", plain::fit(&call.name, 40))
        },
    );
    let block = scene.block(Pane::Transcript, &title);
    frame.render_widget(block, area);
    match opened {
        None => table::empty(frame, inner, scene, "Enter opens the selected call."),
        Some((_, exchanges)) if exchanges.is_empty() => {
            table::empty(frame, inner, scene, "Nothing was said in this call.");
        }
        Some((call, exchanges)) => chat::draw(frame, inner, scene, call.id.as_str(), exchanges, &[]),
    }
}

/// Who talks how much, and how satisfied the person is as far as it can be told.
fn figures(talk: Option<u32>, exchanges: &[Exchange], outcome: Option<Outcome>) -> String {
    let talk = talk.map(|percent| format!(" · we talk {percent} %"));
    let satisfied = figures::satisfaction(exchanges, outcome)
        .map(|satisfaction| format!(" · satisfied {} of 5 (estimate)", satisfaction.score));
    talk.unwrap_or_default() + &satisfied.unwrap_or_default()
}
