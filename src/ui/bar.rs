//! The lines at the top and bottom.

use super::Scene;
use crate::action::{Action, available};
use crate::plain;
use crate::state::{Link, Overlay, Tone, View};
use chrono::{DateTime, Utc};
use dialdeck_protocol::PartState;
use ratatui::Frame;
use ratatui::layout::{Alignment, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use unicode_width::UnicodeWidthStr;

/// Columns that an older note keeps, at most: its mark, and what it is about.
const BEHIND: usize = 40;

/// Name, view, parts of the server that need attention, user.
pub(super) fn top(frame: &mut Frame, area: Rect, scene: &Scene) {
    let (state, theme) = (scene.state, scene.theme);
    let view = match state.view {
        View::Floor => "floor",
        View::History => "history",
        View::Agents => "agents",
        View::Vicidial => "VICIdial",
        View::Dialpad => "Dialpad",
        View::Callbacks => "callbacks",
        View::Dashboard => "dashboard",
        View::Server => "server",
        View::Alerts => "alerts",
        View::Numbers => "caller IDs",
        View::Connectors => "connectors",
        View::Learning => "learning",
    };
    let mut spans = vec![Span::styled(" Dialdeck ", theme.title), Span::styled(view, theme.text)];
    let due = state.callbacks_due(scene.now);
    if due > 0 {
        let what = if due == 1 { "callback" } else { "callbacks" };
        spans.push(Span::styled(format!("  ! {due} {what} due"), theme.warning));
    }
    let unknown = state.alerts.unknown();
    if unknown > 0 && state.view != View::Alerts {
        let what = if unknown == 1 { "alert" } else { "alerts" };
        spans.push(Span::styled(format!("  ! {unknown} {what}"), theme.bad));
    }
    for part in &state.parts {
        let (mark, style) = match part.state {
            PartState::Down => ("✗", theme.bad),
            PartState::Missing => ("?", theme.warning),
            PartState::Off if part.name == "telephony" => ("–", theme.warning),
            PartState::Degraded => ("~", theme.dim),
            PartState::Up | PartState::Off => continue,
        };
        spans.push(Span::styled(format!("  {mark} {}: {}", part.name, plain::line(&part.message)), style));
    }
    for (name, seen) in state.floors.iter().filter(|(_, seen)| !seen.floor.trouble.is_empty()) {
        let age = if seen.floor.now == 0 {
            "never seen".to_owned()
        } else {
            format!("{} old", super::clock(seen.age(scene.now)))
        };
        let text = format!("  ✗ VICIdial {name} {age}: {}", plain::line(&seen.floor.trouble));
        spans.push(Span::styled(text, theme.bad));
    }
    let user =
        state.role.map_or_else(String::new, |role| format!("{} · {role} ", plain::fit(&state.user, 24)));
    let room = usize::from(area.width).saturating_sub(user.width() + 1);
    let mut used = 0;
    let mut fitting = Vec::new();
    for span in spans {
        let text = plain::fit(&span.content, room.saturating_sub(used));
        used += text.width();
        fitting.push(Span::styled(text, span.style));
    }
    frame.render_widget(Paragraph::new(Line::from(fitting)), area);
    frame.render_widget(Paragraph::new(Line::styled(user, theme.dim)).alignment(Alignment::Right), area);
}

/// The server is gone, or the screen is frozen.
pub(super) fn banner(frame: &mut Frame, area: Rect, scene: &Scene, link: &Link, now: DateTime<Utc>) {
    let text = match link {
        Link::Lost { since, why } => format!(
            " ✗ NOT CONNECTED, this is {} old: {}. Trying again.",
            super::clock((now - *since).num_seconds()),
            plain::line(why),
        ),
        _ => " ‖ FROZEN: the floor goes on behind this picture. Esc thaws it.".into(),
    };
    frame.render_widget(
        Paragraph::new(plain::fit(&text, usize::from(area.width))).style(scene.theme.bad),
        area,
    );
}

/// What the last actions gave, or what is being typed, or what can be done now.
pub(super) fn bottom(frame: &mut Frame, area: Rect, scene: &Scene, frozen: bool) {
    let (state, theme) = (scene.state, scene.theme);
    if state.notes.iter().len() > 0 {
        return notes(frame, area, scene);
    }
    if state.overlay == Some(Overlay::Filter) {
        let text = format!(" /{}", plain::fit(&state.filter, usize::from(area.width).saturating_sub(40)));
        let x = area.x + u16::try_from(text.width()).unwrap_or(0);
        let line = Line::from(vec![
            Span::styled(text, theme.text),
            Span::styled("   ! before it inverts · Enter keeps · Esc clears", theme.dim),
        ]);
        frame.render_widget(Paragraph::new(line), area);
        return frame.set_cursor_position((x.min(area.right().saturating_sub(1)), area.y));
    }
    let mut spans = Vec::new();
    let mut used = 0;
    let shown = |action: Action| {
        let keys = scene.keymap.keys(action);
        keys.into_iter().next().map(|key| (key.width() + action.what().width() + 3, key))
    };
    // Where not all of it fits, it is said where the rest stands.
    let mut kept = shown(Action::Help).map_or(0, |(width, _)| width);
    for action in available(state).filter(|a| a.is_in_bar() && !(frozen && a.is_command())) {
        let Some((width, key)) = shown(action) else { continue };
        if action == Action::Help {
            kept = 0;
        }
        if used + width + kept > usize::from(area.width) {
            continue;
        }
        used += width;
        spans.push(Span::styled(format!(" {key}"), theme.key));
        spans.push(Span::styled(format!(" {} ", action.what()), theme.dim));
    }
    frame.render_widget(Paragraph::new(Line::from(spans)), area);
}

/// The notes beside each other: where they do not all fit, the older ones are cut, each to a fair share.
fn notes(frame: &mut Frame, area: Rect, scene: &Scene) {
    let mut room = usize::from(area.width);
    let behind = BEHIND.min(room / 4);
    let mut left = scene.state.notes.iter().len();
    let spans = scene.state.notes.iter().map(|note| {
        let style = match note.tone {
            Tone::Waiting => scene.theme.dim,
            Tone::Good => scene.theme.good,
            Tone::Bad => scene.theme.bad,
        };
        left -= 1;
        // What stands behind it keeps room for its mark and a few words.
        let text =
            plain::fit(&format!(" {} {} ", note.tone.mark(), note.text), room.saturating_sub(left * behind));
        room = room.saturating_sub(text.width());
        Span::styled(text, style)
    });
    frame.render_widget(Paragraph::new(Line::from(spans.collect::<Vec<_>>())), area);
}
