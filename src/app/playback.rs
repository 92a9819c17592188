//! Conversations of the past once more, and calls carried out into a file.

use super::App;
use crate::action::Action;
use crate::export::{self, Export};
use crate::net::Ask;
use crate::state::{Asked, Overlay, Pane, Replay};

impl App {
    /// Plays, or carries out; false where an action does something else.
    pub(super) fn play(&mut self, action: Action) -> bool {
        match action {
            Action::Replay if self.state.replay.take().is_some() => {}
            Action::Replay => {
                let opened = self.state.opened.as_ref();
                self.state.replay = opened.and_then(|(call, exchanges)| Replay::of(&call.id, exchanges));
                if self.state.replay.is_none() {
                    self.note("nothing was said in this call", true);
                } else {
                    self.state.pane = Pane::Transcript;
                    self.state.scrolled = None;
                }
            }
            Action::Faster | Action::Slower => {
                if let Some(replay) = &mut self.state.replay {
                    replay.faster(action == Action::Faster);
                }
            }
            Action::Play if self.state.playing.take().is_some() => {
                let _ = self.asks.send(Ask::Silence);
                self.note("stopped", false);
            }
            Action::Play => {
                let recorded = self.state.selected_past_call().filter(|call| call.recorded);
                let Some(call) = recorded.map(|call| call.id.clone()) else { return true };
                let player = self.settings.config.player.clone();
                if player.trim().is_empty() {
                    self.note(
                        "no player is set: player = \"aplay -q\" in config.toml, or DIALDECK_PLAYER",
                        true,
                    );
                } else {
                    self.state.playing = Some(call.clone());
                    let _ = self.asks.send(Ask::Play(call, player));
                    self.note("the recording is played; once more stops it", false);
                }
            }
            Action::Export => {
                let text = "~/calls.csv".to_owned();
                self.state.overlay = Some(Overlay::Ask { what: Asked::File, text });
            }
            _ => return false,
        }
        true
    }

    /// Carries the calls that are looked at out into a file.
    pub(super) fn export(&mut self, typed: &str) {
        let typed = typed.trim();
        if typed.is_empty() {
            return self.note("give a file, such as ~/calls.csv", true);
        }
        let filter = self.state.past.filter.clone();
        let _ = self.asks.send(Ask::Export(Box::new(Export { filter, file: export::file(typed) })));
        self.state.notes.asked("asked; the server is carrying the calls out");
    }

    /// A recording is at its end, or could not be played.
    pub(super) fn played(&mut self, how: Result<(), String>) {
        self.state.playing = None;
        match how {
            Ok(()) => self.note("the recording is at its end", false),
            Err(why) => self.note(&format!("the recording: {why}"), true),
        }
    }

    /// A second of a replay has passed; gives whether one is under way.
    pub(super) fn replayed(&mut self) -> bool {
        let Some(replay) = &mut self.state.replay else { return false };
        if !replay.second() {
            self.state.replay = None;
            self.note("the conversation is at its end", false);
        }
        true
    }
}
