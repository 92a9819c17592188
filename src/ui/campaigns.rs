//! The campaigns with their queues.

use super::table::{self, Cell};
use super::{Scene, clock, dashboard};
use crate::columns;
use crate::state::{Link, Pane};
use dialdeck_protocol::dashboard::Tally;
use dialdeck_protocol::{CampaignRow, QueueState};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

pub(super) fn draw(frame: &mut Frame, area: Rect, scene: &Scene) {
    let rows = scene.state.shown_campaigns();
    let block = scene.block(Pane::Campaigns, &format!("Campaigns {}", rows.len()));
    let why = scene.state.selected_campaign().map(|c| c.reason.clone()).unwrap_or_default();
    let why = crate::plain::fit(&why, usize::from(area.width).saturating_sub(6));
    let block = if why.is_empty() {
        block
    } else {
        block.title_bottom(Line::styled(format!(" {why} "), scene.theme.dim))
    };
    let block = match scene.state.selected_campaign().and_then(|campaign| scene.state.latency(campaign)) {
        // Where the reason leaves room for it.
        Some(latency) if area.width >= 100 => {
            let text = format!(" answers in {} ms, 95 % in {} ", latency.total.p50_ms, latency.total.p95_ms);
            block.title_bottom(Line::styled(text, scene.theme.dim).right_aligned())
        }
        _ => block,
    };
    let inner = block.inner(area);
    frame.render_widget(block, area);
    if rows.is_empty() {
        let text = match (&scene.state.link, scene.state.campaigns.is_empty()) {
            (Link::Connecting, _) => "Connecting…",
            (_, true) => "No campaigns yet. Make one: dialdeck campaign create NAME --from NUMBER",
            (_, false) => "No campaign matches the filter. Esc clears it.",
        };
        return table::empty(frame, inner, scene, text);
    }
    table::draw(frame, inner, scene, Pane::Campaigns, columns::CAMPAIGNS, rows.len(), &|n| {
        row(rows[n], scene)
    });
}

/// A glyph goes with each colour.
fn queue(state: QueueState, scene: &Scene) -> (&'static str, Style) {
    match state {
        QueueState::Running => ("▶ running", scene.theme.good),
        QueueState::Waiting => ("… waiting", scene.theme.waiting),
        QueueState::Paused => ("‖ paused", scene.theme.warning),
        QueueState::Stopped => ("■ stopped", scene.theme.dim),
    }
}

/// Who takes the calls, and how fast they are dialled.
fn mode(campaign: &CampaignRow) -> String {
    let settings = &campaign.call_settings;
    match (&settings.people, &settings.carrier) {
        (Some(people), _) => people.mode.to_string(),
        (None, Some(_)) => "VICIdial".into(),
        (None, None) => "AI".into(),
    }
}

fn row(campaign: &CampaignRow, scene: &Scene) -> Vec<Cell> {
    let text = scene.theme.text;
    let counts = &campaign.counts;
    let (state, style) = queue(campaign.queue, scene);
    let live = scene.state.calls.iter().filter(|c| c.campaign_id == campaign.id).count();
    let next = campaign
        .next_call_at
        .filter(|_| matches!(campaign.queue, QueueState::Running | QueueState::Waiting))
        .map_or(String::new(), |at| clock((at - scene.now).num_seconds()));
    let figures = scene.state.figures_of(campaign.id);
    let answered = figures.and_then(|f| Tally::percent(f.today.answered, f.today.calls));
    let (dropped, dropped_style) = figures.map_or((String::new(), text), |f| dashboard::dropped(f, scene));
    let held = if counts.held > 0 { scene.theme.warning } else { text };
    let cell = |text: String, style| Cell { text, style };
    vec![
        cell(campaign.name.clone(), text),
        cell(state.into(), style),
        cell(format!("{}/{}", counts.processed, counts.total), text),
        cell(live.to_string(), scene.theme.in_call),
        cell(counts.successful.to_string(), scene.theme.good),
        cell(counts.failed.to_string(), text),
        cell(counts.held.to_string(), held),
        cell(next, text),
        cell(mode(campaign), scene.theme.dim),
        cell(figures.map_or_else(String::new, |f| f.dialable.to_string()), text),
        cell(answered.map_or_else(String::new, |share| format!("{share:.0} %")), text),
        cell(dropped, dropped_style),
        cell(campaign.reason.clone(), scene.theme.dim),
    ]
}
