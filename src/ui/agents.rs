//! Agents: who does what, and since when; ours, and beside them those of each VICIdial.

use super::table::{self, Cell};
use super::{Scene, clock};
use crate::columns;
use crate::state::{Entry, Mark, Pane};
use dialdeck_protocol::vicidial::{FloorAgent, FloorState, Waiting};
use dialdeck_protocol::{AgentRow, AgentState};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

pub(super) fn draw(frame: &mut Frame, area: Rect, scene: &Scene) {
    let rows = scene.state.shown_agents();
    let block = {
        let marked = crate::state::marks::in_words(scene.state.marked_agents().len());
        scene.block(Pane::Agents, &format!("Agents {}{marked}", rows.len()))
    };
    let inner = block.inner(area);
    frame.render_widget(block, area);
    if rows.is_empty() {
        let text = if scene.state.agents.is_empty() && scene.state.floors.is_empty() {
            "Nobody is logged in as an agent. i logs you in on your phone."
        } else if scene.state.filter.is_empty() {
            "Nobody is logged in as an agent, here or at VICIdial. i logs you in on your phone."
        } else {
            "No agent matches the filter. Esc clears it."
        };
        return table::empty(frame, inner, scene, text);
    }
    if scene.state.floors.is_empty() {
        return table::draw(
            frame,
            inner,
            scene,
            Pane::Agents,
            columns::AGENTS,
            rows.len(),
            &|n| match rows[n] {
                Entry::Own(agent) => row(agent, scene),
                Entry::Vicidial(..) => Vec::new(),
            },
        );
    }
    let [head, inner] = ratatui::layout::Layout::vertical([
        ratatui::layout::Constraint::Length(1),
        ratatui::layout::Constraint::Min(1),
    ])
    .areas(inner);
    frame.render_widget(Paragraph::new(counts(scene)), head);
    table::draw(frame, inner, scene, Pane::Agents, columns::AGENTS_BESIDE, rows.len(), &|n| match rows[n] {
        Entry::Own(agent) => beside(agent, scene),
        Entry::Vicidial(vicidial, agent) => theirs(vicidial, agent, scene),
    });
}

/// How many wait, on both sides of the line.
fn counts(scene: &Scene) -> Line<'static> {
    let agents = || scene.state.floors.values().flat_map(|seen| &seen.floor.agents);
    let calls = || scene.state.floors.values().flat_map(|seen| &seen.floor.calls);
    let of = |states: &[FloorState]| agents().filter(|agent| states.contains(&agent.state)).count();
    let waiting = of(&[FloorState::Ready, FloorState::Closer]);
    let talking = of(&[FloorState::InCall, FloorState::Park, FloorState::ThreeWay]);
    let queued = calls().filter(|call| call.is_waiting()).count();
    let ringing = calls().filter(|call| call.is_ringing()).count();
    let theme = scene.theme;
    let calls_style = if Waiting::of(queued).0 > 1 {
        theme.bad
    } else if queued > 0 {
        theme.warning
    } else {
        theme.dim
    };
    let agents_style = if waiting > 0 { theme.good } else { theme.dim };
    Line::from(vec![
        Span::styled(format!("calls waiting {queued}"), calls_style),
        Span::styled(format!(" · ringing {ringing} · agents "), theme.dim),
        Span::styled(format!("waiting {waiting}"), agents_style),
        Span::styled(
            format!(
                " · in calls {talking} · paused {} · logged in {}",
                of(&[FloorState::Paused, FloorState::Dispo]),
                agents().count()
            ),
            theme.dim,
        ),
    ])
}

/// Colour and word of a state; the letter stands beside both.
pub(super) fn look(agent: &AgentRow, scene: &Scene) -> (&'static str, Style) {
    let theme = scene.theme;
    let seconds = (scene.now - agent.since).num_seconds();
    match agent.state {
        AgentState::Ready if agent.offered => ("preview", theme.waiting),
        AgentState::Ready => ("ready", theme.waiting),
        AgentState::Queued => ("queued", theme.text),
        AgentState::Ringing => ("ringing", theme.ringing),
        AgentState::Dialling => ("dialling", theme.text),
        AgentState::InCall => ("in call", theme.in_call),
        AgentState::Dead => ("dead", theme.bad),
        AgentState::WrapUp => ("wrap-up", theme.warning),
        AgentState::Paused => {
            let over = agent.pause_limit_seconds.is_some_and(|limit| seconds > i64::from(limit));
            ("paused", if over { theme.bad } else { theme.warning })
        }
        AgentState::LoggedOut => ("out", theme.dim),
    }
}

fn cell(text: impl Into<String>, style: Style) -> Cell {
    Cell { text: text.into(), style }
}

fn phone(agent: &AgentRow) -> String {
    if agent.phone_up { agent.extension.clone() } else { format!("✗ {}", agent.extension) }
}

fn customer(agent: &AgentRow, scene: &Scene) -> String {
    let call = scene.state.calls.iter().find(|call| Some(&call.id) == agent.call_id.as_ref());
    call.map(|call| call.name.clone()).unwrap_or_default()
}

/// Beside the name of who is marked.
fn mark(agent: &AgentRow, scene: &Scene) -> &'static str {
    if scene.state.marked.contains(&Mark::Agent(agent.user_id)) { "▪" } else { "" }
}

fn row(agent: &AgentRow, scene: &Scene) -> Vec<Cell> {
    let theme = scene.theme;
    let (word, style) = look(agent, scene);
    vec![
        cell(agent.state.letter().to_string(), style),
        cell(format!("{}{}", mark(agent, scene), agent.name), theme.text),
        cell(word, style),
        cell(clock((scene.now - agent.since).num_seconds()), style),
        cell(agent.pause_code.clone(), theme.dim),
        cell(agent.calls.to_string(), theme.text),
        cell(customer(agent, scene), theme.text),
        cell(phone(agent), theme.dim),
        cell(scene.campaign_name(agent.campaign_id), theme.text),
    ]
}

/// One of ours in the table that VICIdial's stand in.
fn beside(agent: &AgentRow, scene: &Scene) -> Vec<Cell> {
    let theme = scene.theme;
    let (word, style) = look(agent, scene);
    vec![
        cell(agent.state.letter().to_string(), style),
        cell("here", theme.dim),
        cell(format!("{}{}", mark(agent, scene), agent.name), theme.text),
        cell(word, style),
        cell(clock((scene.now - agent.since).num_seconds()), style),
        cell(agent.pause_code.clone(), theme.dim),
        cell(scene.campaign_name(agent.campaign_id), theme.text),
        cell(agent.calls.to_string(), theme.text),
        cell("", theme.dim),
        cell(customer(agent, scene), theme.text),
        cell("", theme.dim),
        cell("", theme.dim),
        cell("", theme.dim),
        cell("", theme.dim),
        cell(phone(agent), theme.dim),
    ]
}

fn theirs(vicidial: &str, agent: &FloorAgent, scene: &Scene) -> Vec<Cell> {
    let theme = scene.theme;
    let Some(seen) = scene.state.floors.get(vicidial) else { return Vec::new() };
    let seconds = (seen.now(scene.now) - agent.since).max(0);
    let style = theme.report(seen.floor.thresholds.colour(agent.state, seconds, agent.pause_limit));
    let several = scene.state.floors.len() > 1;
    let group = if several { format!("{vicidial} {}", agent.group) } else { agent.group.clone() };
    let hold = if agent.hold > 0 { agent.hold.to_string() } else { String::new() };
    vec![
        cell(agent.state.glyph().to_string(), style),
        cell(agent.user.clone(), theme.text),
        cell(agent.name.clone(), theme.text),
        cell(agent.state.as_str(), style),
        cell(clock(seconds), style),
        cell(agent.pause_code.clone(), theme.text),
        cell(agent.campaign.clone(), theme.text),
        cell(agent.calls.to_string(), theme.text),
        cell(format!("{:?}", agent.letter), theme.dim),
        cell(agent.phone.clone(), theme.text),
        cell(agent.ingroup.clone(), theme.text),
        cell(hold, theme.dim),
        cell(agent.session.clone(), theme.dim),
        cell(group, theme.dim),
        cell(agent.station.clone(), theme.dim),
    ]
}
