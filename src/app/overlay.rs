//! Keys while something lies over the panes, and what is pasted into it.

use super::App;
use crate::state::Overlay;
use crate::ui;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

impl App {
    /// Pasted text is text, never keys.
    pub(super) fn paste(&mut self, text: &str) -> bool {
        let text = crate::plain::line(text);
        match &mut self.state.overlay {
            Some(Overlay::Palette { typed, selected }) => {
                typed.push_str(&text);
                *selected = 0;
                true
            }
            Some(Overlay::Filter) => {
                self.state.filter.push_str(&text);
                true
            }
            Some(Overlay::Form(form)) => {
                let selected = form.selected;
                if let Some(field) = form.fields.get_mut(selected) {
                    field.value.push_str(&text);
                }
                true
            }
            Some(Overlay::Ask { text: typed, .. } | Overlay::Choose { note: Some(typed), .. }) => {
                typed.push_str(&text);
                true
            }
            _ => false,
        }
    }

    /// A key while something lies over the panes. True to leave.
    pub(super) fn overlay_key(&mut self, event: KeyEvent) -> bool {
        let Some(overlay) = self.state.overlay.take() else { return false };
        let typed = !event.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        let ctrl_c = event.code == KeyCode::Char('c') && event.modifiers.contains(KeyModifiers::CONTROL);
        let leave = ctrl_c || event.code == KeyCode::Esc;
        match overlay {
            Overlay::Once { .. } if matches!(event.code, KeyCode::Esc | KeyCode::Enter) => {}
            Overlay::Once { .. } => self.state.overlay = Some(overlay),
            _ if leave => {
                if overlay == Overlay::Filter {
                    self.state.keeping_selection(|state| state.filter.clear());
                    self.search_dialpad();
                }
            }
            Overlay::Help { scrolled } => {
                self.state.overlay = scroll(event.code, scrolled).map(|scrolled| Overlay::Help { scrolled });
            }
            Overlay::Filter => match event.code {
                KeyCode::Enter => self.search_dialpad(),
                KeyCode::Backspace => {
                    self.state.filter.pop();
                    self.state.overlay = Some(Overlay::Filter);
                }
                KeyCode::Char(c) if typed => {
                    self.state.filter.push(c);
                    self.state.overlay = Some(Overlay::Filter);
                }
                _ => self.state.overlay = Some(Overlay::Filter),
            },
            Overlay::Palette { typed, selected } => return self.palette_key(event, typed, selected),
            Overlay::Choose { what, choices, selected, note } => {
                self.choose_key(event, what, choices, selected, note);
            }
            Overlay::Ask { what, text } => self.ask_key(event, what, text),
            Overlay::Form(form) => self.form_key(event, form),
            Overlay::Columns(choice) => self.columns_key(event, choice),
            Overlay::Bind { action, keys, .. } => self.bind_key(event, action, keys),
            Overlay::Lines { title, lines, scrolled } => {
                self.state.overlay =
                    scroll(event.code, scrolled).map(|scrolled| Overlay::Lines { title, lines, scrolled });
            }
            Overlay::Confirm { question, commands } => match event.code {
                KeyCode::Char('y' | 'Y') if typed => {
                    self.commands(commands);
                }
                KeyCode::Char('n' | 'N') => {}
                _ => self.state.overlay = Some(Overlay::Confirm { question, commands }),
            },
        }
        false
    }

    fn palette_key(&mut self, event: KeyEvent, mut typed: String, mut selected: usize) -> bool {
        let found = ui::palette::found(&self.state, &self.settings.hotkeys, &typed);
        let plain = !event.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        match event.code {
            KeyCode::Enter => {
                return match found.into_iter().nth(selected) {
                    Some(ui::palette::Offered::Action(action)) => self.act(action, 10),
                    Some(ui::palette::Offered::Hotkey(hotkey)) => {
                        let hotkey = hotkey.clone();
                        self.press(&hotkey)
                    }
                    Some(ui::palette::Offered::Function(function)) => {
                        self.begin_function(function);
                        false
                    }
                    None => false,
                };
            }
            KeyCode::Char('b') if event.modifiers.contains(KeyModifiers::CONTROL) => {
                if let Some(ui::palette::Offered::Action(action)) = found.get(selected) {
                    let (action, keys) = (*action, Vec::new());
                    self.state.overlay = Some(Overlay::Bind { action, keys, wrong: String::new() });
                    return false;
                }
            }
            KeyCode::Down | KeyCode::Tab => selected = (selected + 1).min(found.len().saturating_sub(1)),
            KeyCode::Up | KeyCode::BackTab => selected = selected.saturating_sub(1),
            KeyCode::Backspace => {
                typed.pop();
                selected = 0;
            }
            KeyCode::Char(c) if plain => {
                typed.push(c);
                selected = 0;
            }
            _ => {}
        }
        self.state.overlay = Some(Overlay::Palette { typed, selected });
        false
    }
}

/// Where a box of lines is scrolled to by a key; any other key closes it.
fn scroll(key: KeyCode, scrolled: usize) -> Option<usize> {
    match key {
        KeyCode::Down | KeyCode::Char('j') => Some(scrolled.saturating_add(1)),
        KeyCode::Up | KeyCode::Char('k') => Some(scrolled.saturating_sub(1)),
        KeyCode::PageDown => Some(scrolled.saturating_add(10)),
        KeyCode::PageUp => Some(scrolled.saturating_sub(10)),
        _ => None,
    }
}
