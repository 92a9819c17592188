//! The command palette: type a few letters of what can be done now.

use super::Scene;
use super::overlay::{centred, frame_box};
use crate::action::{Action, available};
use crate::hotkey::{Hotkey, Hotkeys};
use crate::plain;
use crate::state::State;
use dialdeck_protocol::Role;
use dialdeck_protocol::dialpad::ACTIONS;
use dialdeck_protocol::function::{Function, Least};
use dialdeck_protocol::vicidial::functions;
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use unicode_width::UnicodeWidthStr;

/// Something that the palette offers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Offered<'a> {
    /// An action of the console.
    Action(Action),
    /// A key of one's own.
    Hotkey(&'a Hotkey),
    /// A function of a VICIdial.
    Function(&'static Function),
}

impl Offered<'_> {
    fn name(&self) -> String {
        match self {
            Self::Action(action) => action.name().to_owned(),
            Self::Hotkey(hotkey) => hotkey.name(),
            Self::Function(function) => function.action(),
        }
    }

    fn what(&self) -> String {
        match self {
            Self::Action(action) => action.what().to_owned(),
            Self::Hotkey(hotkey) => hotkey.shown(),
            Self::Function(function) => function.what.to_owned(),
        }
    }

    fn keys(&self, scene: &Scene) -> String {
        match self {
            Self::Action(action) => scene.keymap.keys(*action).join(" "),
            Self::Hotkey(hotkey) => hotkey.key.to_string(),
            Self::Function(_) => String::new(),
        }
    }
}

/// What can be done now and matches, best first: actions, keys of one's own, functions of a VICIdial.
pub fn found<'a>(state: &State, hotkeys: &'a Hotkeys, typed: &str) -> Vec<Offered<'a>> {
    let actions = available(state).filter(|a| *a != Action::Palette).map(Offered::Action);
    let own = hotkeys.in_pane(state.pane).map(Offered::Hotkey);
    let admin = state.role == Some(Role::Admin);
    let steers = state.steers_vicidial() && state.is_live();
    let theirs =
        functions().filter(|f| steers && (admin || f.least == Least::Supervisor)).map(Offered::Function);
    let dialpad = ACTIONS.iter().filter(|_| state.steers_dialpad() && state.is_live()).map(Offered::Function);
    let all: Vec<Offered> = actions.chain(own).chain(theirs).chain(dialpad).collect();
    if typed.is_empty() {
        return all;
    }
    let names: Vec<String> =
        all.iter().map(|offered| format!("{} {}", offered.name(), offered.what())).collect();
    let pattern = Pattern::parse(typed, CaseMatching::Ignore, Normalization::Smart);
    let mut matcher = Matcher::new(Config::DEFAULT);
    let mut buffer = Vec::new();
    let mut ranked: Vec<(u32, usize)> = names
        .iter()
        .enumerate()
        .filter_map(|(n, name)| {
            pattern.score(Utf32Str::new(name, &mut buffer), &mut matcher).map(|score| (score, n))
        })
        .collect();
    // Who types a name to its end means that one.
    ranked.sort_by_key(|(score, n)| (all[*n].name() != typed, std::cmp::Reverse(*score), *n));
    ranked.into_iter().map(|(_, n)| all[n]).collect()
}

pub(super) fn draw(frame: &mut Frame, scene: &Scene, typed: &str, selected: usize) {
    let area = centred(frame.area(), 76, 18);
    let inner = frame_box(frame, scene, area, "Commands · Enter runs · Esc closes");
    let [input, list] = Layout::vertical([Constraint::Length(1), Constraint::Min(1)]).areas(inner);
    let text = format!(":{}", plain::fit(typed, usize::from(input.width).saturating_sub(2)));
    let x = input.x + u16::try_from(text.width()).unwrap_or(0);
    frame.render_widget(Paragraph::new(text).style(scene.theme.text), input);
    frame.set_cursor_position((x.min(input.right().saturating_sub(1)), input.y));
    let rows = found(scene.state, scene.hotkeys, typed);
    if rows.is_empty() {
        return frame.render_widget(
            Paragraph::new("nothing that can be done now matches").style(scene.theme.dim),
            list,
        );
    }
    let from = (selected + 1).saturating_sub(usize::from(list.height));
    let lines: Vec<Line> = rows
        .iter()
        .enumerate()
        .skip(from)
        .take(usize::from(list.height))
        .map(|(n, offered)| {
            let style = if n == selected { scene.theme.selected } else { scene.theme.text };
            let keys = offered.keys(scene);
            let room = usize::from(list.width).saturating_sub(33 + keys.width());
            let what = plain::fit(&offered.what(), room);
            Line::from(vec![
                Span::styled(format!("{:<32}", plain::fit(&offered.name(), 31)), style),
                Span::styled(format!("{what:<room$} "), style),
                Span::styled(keys, scene.theme.key),
            ])
        })
        .collect();
    frame.render_widget(Paragraph::new(lines), list);
}
