//! Dialpad: counts, what agents did and how they are, and calls.

use super::table::{self, Cell};
use super::{Scene, clock};
use crate::columns;
use crate::plain;
use crate::state::{DialpadAgent, Pane, days_in_words, level};
use dialdeck_protocol::dialpad::{Cards, DialpadCall, Direction, Fate, Picture, Status};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Paragraph};

/// Why there is nothing to see.
fn nothing(scene: &Scene) -> String {
    let dialpad = &scene.state.dialpad;
    match (&dialpad.picture, &dialpad.status) {
        (_, Some(status)) if !status.set_up => {
            "Dialpad is not connected. Set DIALPAD_API_TOKEN and DIALPAD_DEPARTMENT_ID for dialdeckd; docs/DIALPAD.md says how.".into()
        }
        (None, _) if !scene.state.is_live() => "Waiting for the server.".into(),
        (None, _) => "Loading…".into(),
        (Some(_), Some(status)) if status.pulled_at.is_none() && status.work.is_none() => {
            "Nothing was fetched yet. u fetches.".into()
        }
        (Some(_), Some(status)) if status.work.is_some() && status.pulled_at.is_none() => "Being fetched…".into(),
        _ => "Nothing on these days, with these filters.".into(),
    }
}

/// What is fetched, and how far it is; or how fresh all is.
fn standing(status: &Status, scene: &Scene) -> Line<'static> {
    let theme = scene.theme;
    if let Some(work) = &status.work {
        let waits = scene.now.signed_duration_since(work.asked_at).num_seconds();
        let reached =
            work.reached.map_or_else(String::new, |at| format!(", back to {}", at.format("%-d %b %H:%M")));
        let waiting = match work.waits.as_str() {
            "" if waits > 2 => format!("; waiting for Dialpad, {}", clock(waits)),
            "" => String::new(),
            why => format!("; {}", plain::line(why)),
        };
        let text = format!(
            "⟳ {}: page {}, {} legs{reached}{waiting}",
            plain::line(&work.department),
            work.pages + 1,
            work.calls
        );
        return Line::styled(text, theme.waiting);
    }
    if !status.trouble.is_empty() {
        return Line::styled(format!("✗ {}", plain::line(&status.trouble)), theme.bad);
    }
    let fetched = status.pulled_at.map_or_else(
        || "never fetched".to_owned(),
        |at| format!("fetched {}", crate::when::here(at).format("%-d %b %H:%M:%S")),
    );
    let events = match status.events.as_str() {
        "" => "no events subscribed".to_owned(),
        way => format!("events by {}: {} taken, {} refused", plain::line(way), status.taken, status.refused),
    };
    Line::styled(format!("{fetched} · {events}"), theme.dim)
}

fn percent(cards: &Cards) -> String {
    format!("{:.1}", cards.efficiency() * 100.0)
}

/// The cards.
pub(super) fn cards(frame: &mut Frame, area: Rect, scene: &Scene) {
    let (theme, dialpad) = (scene.theme, &scene.state.dialpad);
    let mut title = format!("Dialpad · {}", dialpad.range_words());
    if let Some(picture) = &dialpad.picture {
        if dialpad.filter.from.is_none() && picture.from != picture.to {
            title = format!("{title} ({})", days_in_words(picture.from, picture.to));
        }
        let department = dialpad.filter.department.as_ref();
        let named = picture.departments.iter().filter(|one| department.is_none_or(|id| *id == one.id));
        let names: Vec<String> = named.map(|one| plain::fit(&one.name, 24)).collect();
        title = format!("{title} · {}", names.join(", "));
    }
    let block = Block::new().borders(Borders::ALL).border_style(theme.border).title(Line::styled(
        format!(" {} ", plain::fit(&title, usize::from(area.width).saturating_sub(4))),
        theme.title,
    ));
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let Some(picture) = &dialpad.picture else {
        let text = scene
            .state
            .dialpad
            .status
            .as_ref()
            .map_or_else(|| Line::raw(""), |status| standing(status, scene));
        return frame.render_widget(Paragraph::new(text), inner);
    };
    let cards = &picture.cards;
    let mut spans = Vec::new();
    for (name, value, style) in [
        ("Total ", cards.total.to_string(), theme.text),
        ("  In ", cards.inbound.to_string(), theme.text),
        ("  Out ", cards.outbound.to_string(), theme.text),
        ("  Missed ", cards.missed.to_string(), if cards.missed > 0 { theme.warning } else { theme.text }),
        ("  Completed ", format!("{} ({} %)", cards.completed, percent(cards)), theme.good),
        ("  avg ", clock(cards.average_ms() / 1000), theme.text),
    ] {
        spans.push(Span::styled(name, theme.dim));
        spans.push(Span::styled(value, style));
    }
    let status = dialpad.status.as_ref().unwrap_or(&picture.status);
    frame.render_widget(Paragraph::new(vec![Line::from(spans), standing(status, scene)]), inner);
}

pub(super) fn agents(frame: &mut Frame, area: Rect, scene: &Scene) {
    let rows = scene.state.shown_dialpad_agents();
    let block = scene.block(Pane::DialpadAgents, &format!("Agents {}", rows.len()));
    let inner = block.inner(area);
    frame.render_widget(block, area);
    if rows.is_empty() {
        return table::empty(frame, inner, scene, &nothing(scene));
    }
    let [list, foot] = ratatui::layout::Layout::vertical([
        ratatui::layout::Constraint::Min(2),
        ratatui::layout::Constraint::Length(u16::from(inner.height > 8)),
    ])
    .areas(inner);
    let most = rows.iter().filter_map(|row| row.activity).map(|own| own.cards.total).max().unwrap_or(0);
    table::draw(frame, list, scene, Pane::DialpadAgents, columns::DIALPAD_AGENTS, rows.len(), &|n| {
        agent(rows[n], most, scene)
    });
    if let Some(picture) = &scene.state.dialpad.picture {
        let words = plain::fit(&picture.formula, usize::from(foot.width));
        frame.render_widget(Paragraph::new(words).style(scene.theme.dim), foot);
    }
}

/// A bar of eighths.
fn bar(value: i64, most: i64) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let width = i64::try_from(columns::BAR).unwrap_or(10) * 8;
    let eighths = usize::try_from(if most > 0 { value * width / most } else { 0 }).unwrap_or(0);
    format!("{}{}", "█".repeat(eighths / 8), EIGHTHS[eighths % 8])
}

fn agent(row: DialpadAgent, most: i64, scene: &Scene) -> Vec<Cell> {
    let theme = scene.theme;
    let cell = |text: String, style| Cell { text, style };
    let duty = row.duty_word();
    let duty_style = match duty.as_str() {
        "in call" => theme.in_call,
        "available" | "on duty" => theme.good,
        "dnd" | "busy" | "occupied" | "wrapup" => theme.warning,
        _ => theme.dim,
    };
    let only = scene.state.dialpad.filter.agent.as_deref() == Some(row.id);
    let name = if only { format!("▸{}", row.name) } else { row.name.to_owned() };
    let mut cells = vec![cell(name, theme.text), cell(duty, duty_style)];
    let Some(own) = row.activity else {
        cells.push(cell("0".into(), theme.dim));
        cells.resize_with(columns::DIALPAD_AGENTS.len(), || cell(String::new(), theme.dim));
        return cells;
    };
    let cards = &own.cards;
    let highest = own.days.iter().copied().max().unwrap_or(0);
    let trend: String = own.days.iter().map(|calls| level(*calls, highest)).collect();
    let missed = if cards.missed > 0 { theme.warning } else { theme.dim };
    cells.extend([
        cell(cards.total.to_string(), theme.text),
        cell(cards.missed.to_string(), missed),
        cell(percent(cards), theme.text),
        cell(clock(cards.average_ms() / 1000), theme.text),
        cell(format!("{:.1}", own.score), theme.text),
        cell(bar(cards.total, most), theme.good),
        cell(cards.inbound.to_string(), theme.text),
        cell(cards.outbound.to_string(), theme.text),
        cell(clock(cards.duration_ms / 1000), theme.dim),
        cell(trend, theme.in_call),
    ]);
    cells
}

fn filters(scene: &Scene, picture: &Picture) -> String {
    let filter = &scene.state.dialpad.filter;
    let mut all: Vec<String> = Vec::new();
    all.push(filter.direction.map_or_else(|| "in and out".to_owned(), |way| way.to_string()));
    all.extend(filter.status.map(|status| status.to_string()));
    if let Some(agent) = &filter.agent {
        let named = picture.activity.iter().find(|own| own.agent_id == *agent).map(|own| own.name.as_str());
        let named = named
            .or_else(|| picture.duty.iter().find(|own| own.agent_id == *agent).map(|own| own.name.as_str()));
        all.push(plain::fit(named.unwrap_or(agent), 20));
    }
    all.extend(filter.search.as_ref().map(|text| format!("“{}”", plain::fit(text, 20))));
    all.join(", ")
}

pub(super) fn calls(frame: &mut Frame, area: Rect, scene: &Scene) {
    let rows = scene.state.shown_dialpad_calls();
    let picture = scene.state.dialpad.picture.as_ref();
    let more = if picture.is_some_and(|picture| picture.next.is_some()) { "+" } else { "" };
    let words = picture.map_or_else(String::new, |picture| format!(": {}", filters(scene, picture)));
    let block = scene.block(Pane::DialpadCalls, &format!("Calls {}{more}{words}", rows.len()));
    let inner = block.inner(area);
    frame.render_widget(block, area);
    if rows.is_empty() {
        return table::empty(frame, inner, scene, &nothing(scene));
    }
    table::draw(frame, inner, scene, Pane::DialpadCalls, columns::DIALPAD_CALLS, rows.len(), &|n| {
        call(rows[n], scene)
    });
}

fn call(call: &DialpadCall, scene: &Scene) -> Vec<Cell> {
    let theme = scene.theme;
    let cell = |text: String, style| Cell { text, style };
    let (way, style) = match call.direction {
        Some(Direction::Inbound) => ("in", theme.text),
        Some(Direction::Outbound) => ("out", theme.text),
        None => ("–", theme.dim),
    };
    let (status, tone) = match call.status {
        Fate::Live if call.state.is_empty() => ("live".to_owned(), theme.in_call),
        Fate::Live if call.state == "ringing" => (call.state.clone(), theme.ringing),
        Fate::Live => (call.state.clone(), theme.in_call),
        Fate::Completed => ("completed".to_owned(), theme.good),
        Fate::Missed => ("missed".to_owned(), theme.warning),
    };
    let talked = match call.status {
        Fate::Live => clock(scene.now.signed_duration_since(call.started_at).num_seconds()),
        _ if call.recorded => format!("{} ●", clock(call.duration_ms / 1000)),
        _ => clock(call.duration_ms / 1000),
    };
    vec![
        cell(call.local.format("%d %b %H:%M").to_string(), theme.dim),
        cell(way.to_owned(), style),
        cell(status, tone),
        cell(if call.agent.is_empty() { "–".into() } else { call.agent.clone() }, theme.text),
        cell(call.number.clone(), theme.text),
        cell(talked, theme.text),
        cell(call.name.clone(), theme.text),
        cell(call.labels.join(", "), theme.dim),
    ]
}
