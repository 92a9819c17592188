//! The server itself: its parts and load, its log, and what was done.

use super::Scene;
use super::table::{self, Cell};
use crate::columns;
use crate::state::Pane;
use dialdeck_protocol::dashboard::{Deed, LogLine};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

/// Parts, and below them the load.
pub(super) fn parts(frame: &mut Frame, area: Rect, scene: &Scene) {
    let theme = scene.theme;
    let parts = &scene.state.parts;
    let block = scene.block(Pane::Parts, "Server");
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let rows = u16::try_from(parts.len()).unwrap_or(u16::MAX);
    let [list, load] =
        Layout::vertical([Constraint::Length(rows.saturating_add(2)), Constraint::Min(0)]).areas(inner);
    table::draw(frame, list, scene, Pane::Parts, columns::PARTS, parts.len(), &|n| {
        let part = &parts[n];
        let (mark, style) = super::connectors::mark(part.state, theme);
        vec![
            Cell { text: part.name.clone(), style: theme.text },
            Cell { text: format!("{mark} {}", part.state), style },
            Cell { text: part.message.clone(), style: theme.dim },
        ]
    });
    let Some(standing) = &scene.state.standing else {
        return table::empty(frame, load, scene, "Loading…");
    };
    let lines: Vec<Line> = standing
        .load
        .iter()
        .map(|(what, figure)| {
            let figure = crate::plain::fit(figure, usize::from(load.width).saturating_sub(22));
            Line::from(vec![
                Span::styled(format!("{what:<21} "), theme.dim),
                Span::styled(figure, theme.text),
            ])
        })
        .collect();
    frame.render_widget(Paragraph::new(lines), load);
}

/// The log, the newest below.
pub(super) fn log(frame: &mut Frame, area: Rect, scene: &Scene) {
    let block = scene.block(Pane::Log, "Log");
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let Some(standing) = &scene.state.standing else {
        return table::empty(frame, inner, scene, "Loading…");
    };
    if standing.log.is_none() {
        return table::empty(
            frame,
            inner,
            scene,
            "The log is for administrators; where a server has several organizations, for whoever runs it.",
        );
    }
    let rows = scene.state.shown_log();
    if rows.is_empty() {
        return table::empty(frame, inner, scene, "Nothing was logged, or nothing matches the filter.");
    }
    table::draw(frame, inner, scene, Pane::Log, columns::LOG, rows.len(), &|n| said(rows[n], scene));
}

fn said(line: &LogLine, scene: &Scene) -> Vec<Cell> {
    let theme = scene.theme;
    let style = match line.level.as_str() {
        "error" => theme.bad,
        "warn" => theme.warning,
        _ => theme.text,
    };
    let at = crate::when::here(line.at).format("%H:%M:%S").to_string();
    vec![
        Cell { text: at, style: theme.dim },
        Cell { text: line.level.clone(), style },
        Cell { text: line.text.clone(), style },
    ]
}

/// What was done, the newest first.
pub(super) fn audit(frame: &mut Frame, area: Rect, scene: &Scene) {
    let block = scene.block(Pane::Audit, "What was done");
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let Some(standing) = &scene.state.standing else {
        return table::empty(frame, inner, scene, "Loading…");
    };
    if standing.audit.is_none() {
        return table::empty(
            frame,
            inner,
            scene,
            "The audit log is of all campaigns: it is for administrators.",
        );
    }
    let rows = scene.state.shown_deeds();
    if rows.is_empty() {
        return table::empty(frame, inner, scene, "Nothing was done yet, or nothing matches the filter.");
    }
    table::draw(frame, inner, scene, Pane::Audit, columns::AUDIT, rows.len(), &|n| done(rows[n], scene));
}

fn done(deed: &Deed, scene: &Scene) -> Vec<Cell> {
    let theme = scene.theme;
    let style = if deed.result == "done" { theme.text } else { theme.warning };
    let at = crate::when::here(deed.at).format("%d %b %H:%M:%S").to_string();
    vec![
        Cell { text: at, style: theme.dim },
        Cell { text: deed.actor.clone(), style: theme.text },
        Cell { text: deed.command.clone(), style: theme.text },
        Cell { text: deed.result.clone(), style },
        Cell { text: deed.target.clone(), style: theme.dim },
    ]
}
