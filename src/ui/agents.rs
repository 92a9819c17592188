//! Agents: who does what, and since when.

use super::table::{self, Cell, Column};
use super::{Scene, clock};
use crate::state::Pane;
use dialdeck_protocol::{AgentRow, AgentState};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;

const COLUMNS: [Column; 8] = [
    Column { heading: " ", width: 1 },
    Column { heading: "AGENT", width: 18 },
    Column { heading: "STATE", width: 10 },
    Column { heading: "TIME", width: 7 },
    Column { heading: "PAUSE", width: 7 },
    Column { heading: "CALLS", width: 5 },
    Column { heading: "CUSTOMER", width: 20 },
    Column { heading: "PHONE", width: 0 },
];

pub(super) fn draw(frame: &mut Frame, area: Rect, scene: &Scene) {
    let rows = scene.state.shown_agents();
    let block = scene.block(Pane::Agents, &format!("Agents {}", rows.len()));
    let inner = block.inner(area);
    frame.render_widget(block, area);
    if rows.is_empty() {
        let text = if scene.state.agents.is_empty() {
            "Nobody is logged in as an agent. i logs you in on your phone."
        } else {
            "No agent matches the filter. Esc clears it."
        };
        return table::empty(frame, inner, scene, text);
    }
    table::draw(frame, inner, scene, Pane::Agents, &COLUMNS, rows.len(), &|n| row(rows[n], scene));
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

fn row(agent: &AgentRow, scene: &Scene) -> Vec<Cell> {
    let theme = scene.theme;
    let (word, style) = look(agent, scene);
    let cell = |text: String, style| Cell { text, style };
    let call = scene.state.calls.iter().find(|call| Some(&call.id) == agent.call_id.as_ref());
    let phone = if agent.phone_up { agent.extension.clone() } else { format!("✗ {}", agent.extension) };
    vec![
        cell(agent.state.letter().to_string(), style),
        cell(agent.name.clone(), theme.text),
        cell(word.into(), style),
        cell(clock((scene.now - agent.since).num_seconds()), style),
        cell(agent.pause_code.clone(), theme.dim),
        cell(agent.calls.to_string(), theme.text),
        cell(call.map(|call| call.name.clone()).unwrap_or_default(), theme.text),
        cell(phone, theme.dim),
    ]
}
