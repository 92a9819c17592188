//! What is looked at again by itself: figures that no event tells, and what wants a person's eyes.

use super::App;
use crate::alert;
use crate::net::Ask;
use crate::state::View;
use crate::terminal::Screen;
use chrono::Utc;
use dialdeck_protocol::Query;
use std::io;

/// Seconds between two looks: at what fills the screen, and at what only adds to it.
const LOOK: u64 = 5;
const BESIDE: u64 = 30;

impl App {
    /// Asks for figures: of the day always, of the server where they are looked at.
    pub(super) fn ask_figures(&mut self) {
        let _ = self.asks.send(Ask::Query(Query::Dashboard));
        if self.state.view == View::Server {
            let _ = self.asks.send(Ask::Query(Query::Standing));
        }
    }

    /// Whether whoever looks at the history looks at its newest page: it is not changed under who reads further down.
    fn is_at_newest(&self) -> bool {
        self.state.history.len() <= crate::app::history::PAGE as usize
    }

    /// A second has passed; gives whether something new is to be seen.
    pub(super) fn second(&mut self, screen: &mut Screen) -> io::Result<bool> {
        self.seconds += 1;
        let read = self.settings.again();
        match &read {
            Some(Ok(())) => {
                self.state.notes.forget(".toml: ");
                self.note("your settings were read again", false);
            }
            Some(Err(why)) => self.note(&format!("{why} (0 m: whole)"), true),
            None => {}
        }
        let replays = self.replayed();
        if !self.state.is_live() {
            return Ok(read.is_some() || replays);
        }
        let every = if matches!(self.state.view, View::Dashboard | View::Server) { LOOK } else { BESIDE };
        self.ask_knowledge();
        if self.seconds.is_multiple_of(every) {
            self.ask_figures();
        }
        // What calls teach changes over days.
        if self.seconds.is_multiple_of(BESIDE) && self.state.view != View::Learning {
            self.ask_set_up();
        }
        let due = self.seconds.is_multiple_of(LOOK) && self.state.past.asked.is_none();
        if self.state.view == View::History && due && self.state.past.is_old && self.is_at_newest() {
            self.state.past.is_old = false;
            self.ask_history();
        }
        let now = self.state.server_now(Utc::now());
        let found = alert::found(&self.state, &self.settings.rules, now);
        let before = self.state.alerts.clone();
        let mut new = Vec::new();
        self.state.keeping_selection(|state| new = state.alerts.take(found, now));
        for alert in &new {
            if self.settings.rules.bell {
                screen.send("\u{7}")?;
            }
            if self.settings.rules.desktop {
                screen.send(&format!("\u{1b}]9;Dialdeck: {}\u{7}", crate::plain::line(&alert.text)))?;
            }
        }
        Ok(read.is_some() || replays || before != self.state.alerts)
    }
}
