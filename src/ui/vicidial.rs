//! Campaigns of VICIdials with their drop rates, and calls that wait or ring.

use super::table::{self, Cell};
use super::{Scene, clock};
use crate::columns;
use crate::state::Pane;
use ratatui::Frame;
use ratatui::layout::Rect;

/// Why there is nothing to see.
fn nothing(scene: &Scene, what: &str) -> String {
    if scene.state.floors.is_empty() && !scene.state.is_live() {
        return "Waiting for the server.".into();
    }
    if scene.state.floors.is_empty() {
        return "No VICIdial is connected. Press N to set one up here, or set VICI_API_URL, VICI_API_USER, VICI_API_PASS and VICI_DB_HOST for dialdeckd; docs/VICIDIAL.md says how.".into();
    }
    if scene.state.floors.values().all(|seen| seen.floor.source == "api") {
        return format!("{what} are read from VICIdial's database, which is not set up (VICI_DB_HOST).");
    }
    format!("No {} to show.", what.to_lowercase())
}

pub(super) fn campaigns(frame: &mut Frame, area: Rect, scene: &Scene) {
    let rows = scene.state.shown_floor_campaigns();
    let block = scene.block(Pane::FloorCampaigns, &format!("VICIdial campaigns {}", rows.len()));
    let inner = block.inner(area);
    frame.render_widget(block, area);
    if rows.is_empty() {
        return table::empty(frame, inner, scene, &nothing(scene, "Campaigns"));
    }
    table::draw(frame, inner, scene, Pane::FloorCampaigns, columns::FLOOR_CAMPAIGNS, rows.len(), &|n| {
        let (vicidial, c) = rows[n];
        let theme = scene.theme;
        let cell = |text: String, style| Cell { text, style };
        let several = scene.state.floors.len() > 1;
        let id = if several { format!("{vicidial} {}", c.id) } else { c.id.clone() };
        let over = c.is_over_limit() && c.calls > 0;
        let drop_style = if over { theme.bad } else { theme.text };
        let mark = if over { "!" } else { "" };
        let active = if c.active { ("▶", theme.good) } else { ("■", theme.dim) };
        vec![
            cell(active.0.into(), active.1),
            cell(id, theme.text),
            cell(format!("{:.3}", c.level), theme.text),
            cell(format!("{mark}{:.2} of {:.1}", c.drop_percent, c.drop_limit), drop_style),
            cell(c.hopper.to_string(), theme.text),
            cell(c.dialable.to_string(), theme.text),
            cell(c.calls.to_string(), theme.text),
            cell(c.answers.to_string(), theme.text),
            cell(c.drops.to_string(), theme.text),
            cell(format!("{:.1}", c.diff_percent), theme.text),
            cell(c.callbacks.to_string(), theme.text),
            cell(c.method.clone(), theme.dim),
            cell(c.name.clone(), theme.text),
        ]
    });
}

pub(super) fn calls(frame: &mut Frame, area: Rect, scene: &Scene) {
    let rows = scene.state.shown_floor_calls();
    let waiting = rows.iter().filter(|(_, call)| call.is_waiting()).count();
    let ringing = rows.iter().filter(|(_, call)| call.is_ringing()).count();
    let block = scene.block(Pane::FloorCalls, &format!("Calls: {waiting} waiting, {ringing} ringing"));
    let inner = block.inner(area);
    frame.render_widget(block, area);
    if rows.is_empty() {
        return table::empty(frame, inner, scene, &nothing(scene, "Calls"));
    }
    table::draw(frame, inner, scene, Pane::FloorCalls, columns::FLOOR_CALLS, rows.len(), &|n| {
        let (vicidial, call) = rows[n];
        let theme = scene.theme;
        let cell = |text: String, style| Cell { text, style };
        let now = scene.state.floors.get(vicidial).map_or(0, |seen| seen.now(scene.now));
        let style = if call.is_waiting() { theme.warning } else { theme.text };
        vec![
            cell(call.status.clone(), style),
            cell(call.campaign.clone(), theme.text),
            cell(clock(now - call.since), style),
            cell(call.phone.clone(), theme.text),
            cell(call.kind.clone(), theme.dim),
            cell(call.priority.to_string(), theme.dim),
            cell(call.call_id.clone(), theme.dim),
        ]
    });
}
