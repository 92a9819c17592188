//! Draws a state: a pure function of what is known, the keys and the theme.

mod agents;
mod alerts;
mod arrange;
mod bar;
mod callbacks;
mod calls;
mod campaigns;
mod chat;
mod choose;
mod connectors;
mod conversation;
mod dashboard;
mod dialpad;
#[cfg(test)]
mod figures_snapshots;
mod form;
mod guide;
mod help;
mod history;
mod learning;
pub mod login;
mod numbers;
mod overlay;
pub mod palette;
mod seat;
mod server;
#[cfg(test)]
mod snapshots;
#[cfg(test)]
mod states_snapshots;
mod table;
mod vicidial;
mod wrap;

use crate::hotkey::Hotkeys;
use crate::key::Key;
use crate::keymap::Keymap;
use crate::state::{Link, Overlay, Pane, State, View};
use crate::theme::Theme;
use chrono::{DateTime, Utc};
use dialdeck_protocol::CampaignId;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;
use ratatui::widgets::{Block, Borders};

/// Which key does what.
#[derive(Debug, Clone, Copy)]
pub struct Keys<'a> {
    /// The console's.
    pub keymap: &'a Keymap,
    /// One's own.
    pub hotkeys: &'a Hotkeys,
    /// Keys of a sequence that were pressed so far.
    pub pending: &'a [Key],
}

/// What every pane is drawn with.
pub struct Scene<'a> {
    pub state: &'a State,
    pub keymap: &'a Keymap,
    /// Keys of one's own.
    pub hotkeys: &'a Hotkeys,
    pub theme: &'a Theme,
    /// Server's clock.
    pub now: DateTime<Utc>,
}

impl Scene<'_> {
    /// A campaign's name; empty where it is not known.
    fn campaign_name(&self, id: Option<CampaignId>) -> String {
        let found = self.state.campaigns.iter().find(|campaign| Some(campaign.id) == id);
        found.map(|campaign| campaign.name.clone()).unwrap_or_default()
    }

    /// A pane's frame; the one that has the keys stands out, by colour and by a mark.
    fn block(&self, pane: Pane, title: &str) -> Block<'static> {
        let focused = self.state.pane == pane;
        let filter = if self.state.filtered == pane && !self.state.filter.is_empty() {
            format!(" /{}", crate::plain::fit(&self.state.filter, 30))
        } else {
            String::new()
        };
        let mark = if focused { "▸ " } else { "" };
        let style = if focused { self.theme.border_focused } else { self.theme.border };
        Block::new()
            .borders(Borders::ALL)
            .border_style(style)
            .title(Line::styled(format!(" {mark}{title}{filter} "), self.theme.title))
    }
}

/// Draws. `frozen` says how it stands with the server behind a frozen picture.
pub fn draw(
    frame: &mut Frame,
    state: &State,
    keys: Keys,
    theme: &Theme,
    frozen: Option<&Link>,
    now: DateTime<Utc>,
) {
    // Greyed when what is shown is old: every style but the bad ones gives way.
    let grey = Theme {
        text: theme.stale,
        title: theme.stale,
        selected: theme.stale.patch(theme.selected).patch(theme.stale),
        header: theme.stale,
        good: theme.stale,
        warning: theme.stale,
        ringing: theme.stale,
        in_call: theme.stale,
        waiting: theme.stale,
        customer: theme.stale,
        ai: theme.stale,
        ..theme.clone()
    };
    let link = frozen.unwrap_or(&state.link);
    let lost = matches!(link, Link::Lost { .. });
    let theme = if lost { &grey } else { theme };
    let Keys { keymap, hotkeys, pending } = keys;
    let scene = Scene { state, keymap, hotkeys, theme, now: state.server_now(now) };
    let banner = u16::from(lost || frozen.is_some());
    let [top, notice, middle, bottom] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(banner),
        Constraint::Min(3),
        Constraint::Length(1),
    ])
    .areas(frame.area());
    bar::top(frame, top, &scene);
    if banner > 0 {
        bar::banner(frame, notice, &scene, link, now);
    }
    panes(frame, middle, &scene);
    bar::bottom(frame, bottom, &scene, frozen.is_some());
    match &state.overlay {
        Some(Overlay::Help { scrolled }) => help::draw(frame, &scene, *scrolled),
        Some(Overlay::Palette { typed, selected }) => palette::draw(frame, &scene, typed, *selected),
        Some(Overlay::Confirm { question, .. }) => overlay::confirm(frame, &scene, question),
        Some(Overlay::Choose { what, choices, selected, note }) => {
            choose::list(frame, &scene, what, choices, *selected, note.as_deref());
        }
        Some(Overlay::Ask { what, text }) => choose::line(frame, &scene, what, text),
        Some(Overlay::Form(typed)) => form::draw(frame, &scene, typed),
        Some(Overlay::Lines { title, lines, scrolled }) => {
            choose::lines(frame, &scene, title, lines, *scrolled);
        }
        Some(Overlay::Once { title, lines }) => choose::lines(frame, &scene, title, lines, 0),
        Some(Overlay::Columns(choice)) => arrange::columns(frame, &scene, choice),
        Some(Overlay::Bind { action, keys, wrong }) => arrange::bind(frame, &scene, *action, keys, wrong),
        None if !pending.is_empty() => arrange::which_key(frame, &scene, pending),
        Some(Overlay::Filter) | None => {}
    }
}

fn panes(frame: &mut Frame, area: Rect, scene: &Scene) {
    if scene.state.zoomed {
        return pane(frame, area, scene, scene.state.pane);
    }
    let is_beside = |least| scene.state.layout.split(scene.state.view).is_beside(area.width, least);
    match scene.state.view {
        View::Floor => {
            let shown = u16::try_from(scene.state.campaigns.len())
                .unwrap_or(u16::MAX)
                .clamp(1, (area.height / 4).max(1));
            let wide = is_beside(130);
            let [campaigns, rest] =
                Layout::vertical([Constraint::Length(shown + 3), Constraint::Min(6)]).areas(area);
            let [calls, conversation] = if wide {
                Layout::horizontal([Constraint::Percentage(50), Constraint::Percentage(50)]).areas(rest)
            } else {
                Layout::vertical([Constraint::Percentage(45), Constraint::Percentage(55)]).areas(rest)
            };
            pane(frame, campaigns, scene, Pane::Campaigns);
            pane(frame, calls, scene, Pane::Calls);
            pane(frame, conversation, scene, Pane::Conversation);
        }
        View::Agents => {
            let wide = is_beside(150);
            if !scene.state.floors.is_empty() && scene.state.me().is_none() {
                // A floor of others has many rows, and whoever looks at it has no place of their own.
                return pane(frame, area, scene, Pane::Agents);
            }
            let shown = u16::try_from(scene.state.shown_agents().len())
                .unwrap_or(u16::MAX)
                .clamp(2, (area.height / 3).max(2));
            let [list, own] = if wide {
                Layout::horizontal([Constraint::Percentage(55), Constraint::Percentage(45)]).areas(area)
            } else {
                Layout::vertical([Constraint::Length(shown + 3), Constraint::Min(6)]).areas(area)
            };
            pane(frame, list, scene, Pane::Agents);
            pane(frame, own, scene, Pane::Seat);
        }
        View::Callbacks => pane(frame, area, scene, Pane::Callbacks),
        View::Dashboard => pane(frame, area, scene, Pane::Dashboard),
        View::Alerts => pane(frame, area, scene, Pane::Alerts),
        View::Numbers => pane(frame, area, scene, Pane::Numbers),
        View::Connectors => pane(frame, area, scene, Pane::Connectors),
        View::Learning => pane(frame, area, scene, Pane::Learning),
        View::Server => {
            let wide = is_beside(120);
            let [upper, audit] =
                Layout::vertical([Constraint::Percentage(60), Constraint::Percentage(40)]).areas(area);
            let halves = [Constraint::Percentage(45), Constraint::Percentage(55)];
            let [parts, log] =
                if wide { Layout::horizontal(halves) } else { Layout::vertical(halves) }.areas(upper);
            pane(frame, parts, scene, Pane::Parts);
            pane(frame, log, scene, Pane::Log);
            pane(frame, audit, scene, Pane::Audit);
        }
        View::Vicidial => {
            let parts = [Constraint::Percentage(50), Constraint::Percentage(50)];
            let split = if is_beside(240) { Layout::horizontal(parts) } else { Layout::vertical(parts) };
            let [campaigns, calls] = split.areas(area);
            pane(frame, campaigns, scene, Pane::FloorCampaigns);
            pane(frame, calls, scene, Pane::FloorCalls);
        }
        View::Dialpad => {
            let [cards, rest] = Layout::vertical([Constraint::Length(4), Constraint::Min(4)]).areas(area);
            let wide = is_beside(180);
            let [agents, calls] = if wide {
                Layout::horizontal([Constraint::Percentage(55), Constraint::Percentage(45)]).areas(rest)
            } else {
                let shown = u16::try_from(scene.state.shown_dialpad_agents().len()).unwrap_or(u16::MAX);
                let shown = shown.saturating_add(3).clamp(5, (rest.height / 2).max(5));
                Layout::vertical([Constraint::Length(shown), Constraint::Min(4)]).areas(rest)
            };
            dialpad::cards(frame, cards, scene);
            pane(frame, agents, scene, Pane::DialpadAgents);
            pane(frame, calls, scene, Pane::DialpadCalls);
        }
        View::History => {
            let parts = [Constraint::Percentage(50), Constraint::Percentage(50)];
            let split = if is_beside(130) { Layout::horizontal(parts) } else { Layout::vertical(parts) };
            let [list, transcript] = split.areas(area);
            pane(frame, list, scene, Pane::History);
            pane(frame, transcript, scene, Pane::Transcript);
        }
    }
}

fn pane(frame: &mut Frame, area: Rect, scene: &Scene, pane: Pane) {
    match pane {
        Pane::Campaigns => campaigns::draw(frame, area, scene),
        Pane::Calls => calls::draw(frame, area, scene),
        Pane::Conversation => conversation::live(frame, area, scene),
        Pane::History => history::draw(frame, area, scene),
        Pane::Transcript => conversation::past(frame, area, scene),
        Pane::Agents => agents::draw(frame, area, scene),
        Pane::Seat => seat::draw(frame, area, scene),
        Pane::FloorCampaigns => vicidial::campaigns(frame, area, scene),
        Pane::FloorCalls => vicidial::calls(frame, area, scene),
        Pane::DialpadAgents => dialpad::agents(frame, area, scene),
        Pane::DialpadCalls => dialpad::calls(frame, area, scene),
        Pane::Callbacks => callbacks::draw(frame, area, scene),
        Pane::Dashboard => dashboard::draw(frame, area, scene),
        Pane::Parts => server::parts(frame, area, scene),
        Pane::Log => server::log(frame, area, scene),
        Pane::Audit => server::audit(frame, area, scene),
        Pane::Alerts => alerts::draw(frame, area, scene),
        Pane::Numbers => numbers::draw(frame, area, scene),
        Pane::Connectors => connectors::draw(frame, area, scene),
        Pane::Learning => learning::draw(frame, area, scene),
    }
}

/// `1:07`, or `2:03:09` from an hour on.
pub fn clock(seconds: i64) -> String {
    let s = seconds.max(0);
    if s < 3600 {
        format!("{}:{:02}", s / 60, s % 60)
    } else {
        format!("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
    }
}
