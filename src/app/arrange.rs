//! Arranging the screens, and binding keys: what one chooses is seen at once, and kept when it is saved.

use super::App;
use crate::action::Action;
use crate::key::{Key, written};
use crate::layout::Sort;
use crate::state::{ColumnChoice, Overlay, sorts_by};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// Most keys one after the other.
const MOST_KEYS: usize = 3;

impl App {
    /// Arranges; false where an action does something else.
    pub(super) fn arrange(&mut self, action: Action) -> bool {
        match action {
            Action::Columns => {
                let pane = self.state.pane;
                let choice = ColumnChoice {
                    pane,
                    rows: self.state.layout.choice(pane, self.state.table(pane)),
                    sort: self.state.layout.sort.get(&pane).cloned(),
                    selected: 0,
                };
                self.state.overlay = Some(Overlay::Columns(Box::new(choice)));
            }
            Action::Sort => {
                if let Some(words) = self.state.sort_next() {
                    self.note(&words, false);
                }
            }
            Action::Split => {
                let view = self.state.view;
                let next = self.state.layout.split(view).next();
                self.state.layout.split.insert(view, next);
                self.note(&format!("the panes of this view stand {}", next.what()), false);
            }
            Action::NextLayout => {
                let next = self.settings.layouts.after(&self.state.layout.name);
                self.take_layout(next);
                self.note(
                    &format!(
                        "layout {}; {} saves it as yours",
                        self.state.layout.name,
                        self.key_of(Action::SaveLayout)
                    ),
                    false,
                );
            }
            Action::SaveLayout => {
                let mut layout = self.state.layout.clone();
                layout.view = self.state.view;
                match self.settings.save_layout(&layout) {
                    Ok(file) => {
                        self.state.layout = layout;
                        let name = self.state.layout.name.clone();
                        self.note(
                            &format!("layout {name} is saved in {file}, and is what you begin with"),
                            false,
                        );
                    }
                    Err(why) => self.note(&why, true),
                }
            }
            _ => return false,
        }
        true
    }

    /// The first key of an action, for a sentence.
    fn key_of(&self, action: Action) -> String {
        self.settings.keymap.keys(action).into_iter().next().unwrap_or_else(|| action.name().to_owned())
    }

    /// Takes a layout, and goes to its view.
    pub(super) fn take_layout(&mut self, layout: crate::layout::Layout) {
        let view = layout.view;
        self.state.keeping_selection(|state| state.layout = layout);
        self.go_to(view);
    }

    /// A key while columns are chosen.
    pub(super) fn columns_key(&mut self, event: KeyEvent, mut choice: Box<ColumnChoice>) {
        let last = choice.rows.len().saturating_sub(1);
        let at = choice.selected.min(last);
        match event.code {
            KeyCode::Enter => {
                let chosen: Vec<String> =
                    choice.rows.iter().filter(|(_, shown)| *shown).map(|(name, _)| name.clone()).collect();
                let pane = choice.pane;
                self.state.layout.columns.insert(pane, chosen);
                // What was as it is anyway is not written down.
                let usual = crate::layout::Layout::default().choice(pane, self.state.table(pane));
                if self.state.layout.choice(pane, self.state.table(pane)) == usual {
                    self.state.layout.columns.remove(&pane);
                }
                self.state.sort_by(choice.sort.clone());
                return;
            }
            KeyCode::Down | KeyCode::Char('j') => choice.selected = (at + 1).min(last),
            KeyCode::Up | KeyCode::Char('k') => choice.selected = at.saturating_sub(1),
            // One column stays.
            KeyCode::Char(' ') => {
                let shown = choice.rows.iter().filter(|(_, shown)| *shown).count();
                if let Some((_, is_shown)) = choice.rows.get_mut(at)
                    && (!*is_shown || shown > 1)
                {
                    *is_shown = !*is_shown;
                }
            }
            KeyCode::Char('J') if at < last => {
                choice.rows.swap(at, at + 1);
                choice.selected = at + 1;
            }
            KeyCode::Char('K') if at > 0 => {
                choice.rows.swap(at, at - 1);
                choice.selected = at - 1;
            }
            KeyCode::Char('s')
                if choice.rows.get(at).is_some_and(|(name, _)| sorts_by(choice.pane, name)) =>
            {
                let name = choice.rows.get(at).map(|(name, _)| name.clone()).unwrap_or_default();
                choice.sort = match choice.sort.take() {
                    Some(sort) if sort.column == name && !sort.down => Some(Sort { down: true, ..sort }),
                    Some(sort) if sort.column == name => None,
                    _ => Some(Sort { column: name, down: false }),
                };
            }
            KeyCode::Char('r') => {
                choice.rows =
                    crate::layout::Layout::default().choice(choice.pane, self.state.table(choice.pane));
                choice.sort = None;
            }
            _ => {}
        }
        self.state.overlay = Some(Overlay::Columns(choice));
    }

    /// A key while keys are bound.
    pub(super) fn bind_key(&mut self, event: KeyEvent, action: Action, mut keys: Vec<Key>) {
        let plain = !event.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        match event.code {
            KeyCode::Enter if plain => {
                match self.settings.bind(action, &keys) {
                    Ok(file) if keys.is_empty() => {
                        self.note(&format!("{} has its usual keys again ({file})", action.name()), false);
                    }
                    Ok(file) => {
                        self.note(&format!("{} is {} now ({file})", written(&keys), action.name()), false);
                    }
                    Err(wrong) => self.state.overlay = Some(Overlay::Bind { action, keys, wrong }),
                }
                return;
            }
            KeyCode::Backspace if plain => drop(keys.pop()),
            _ if keys.len() < MOST_KEYS => keys.push(Key::of(event)),
            _ => {}
        }
        // Said before it is done: whoever binds a key that is taken takes it away.
        let wrong = if keys.is_empty() {
            String::new()
        } else {
            self.settings.keymap.taken(&keys).map(|taken| format!("{taken} until now")).unwrap_or_default()
        };
        self.state.overlay = Some(Overlay::Bind { action, keys, wrong });
    }
}
