//! The program `dialdeck`: the keyboard console of a calling floor.
//!
//! `net` talks to the server in a task of its own; `state` is what the console knows; `action` is all that can be
//! done, from which help, bar and palette are made; `ui` draws a state. State comes in by events, actions go out as
//! commands: nothing is shown that the server has not said.

mod action;
mod alert;
mod app;
mod args;
mod columns;
mod command;
mod config;
pub mod drawing;
mod ending;
mod export;
mod hotkey;
mod key;
mod keymap;
mod layout;
mod line_by_line;
mod net;
mod password;
mod plain;
mod recording;
mod settings;
mod state;
mod terminal;
mod theme;
mod ui;
mod when;

pub use args::Args;
