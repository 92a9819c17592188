//! Calls of the past: which of them, and page after page.

use super::App;
use crate::net::Ask;
use crate::state::{Asked, Overlay, Pane, View, history};
use chrono::Utc;
use dialdeck_protocol::{CallFilter, Query};

/// Calls that are asked for at once.
pub(super) const PAGE: u32 = 200;

impl App {
    /// Asks for the newest of those that are looked at.
    pub(super) fn ask_history(&mut self) {
        self.state.past.next = None;
        self.state.past.asked = None;
        let filter = CallFilter { limit: Some(PAGE), ..self.state.past.filter.clone() };
        let _ = self.asks.send(Ask::Query(Query::History { filter }));
    }

    /// Asks for the calls behind the last one, where there are any.
    pub(super) fn ask_older_history(&mut self) {
        let rows = self.state.shown_history().len();
        let at_end = self.state.selection(Pane::History, rows).is_some_and(|at| at + 1 == rows);
        if self.state.view == View::History && self.state.pane == Pane::History && at_end {
            let Some(after) = self.state.past.next.take() else { return };
            self.state.past.asked = Some(after.clone());
            let filter =
                CallFilter { limit: Some(PAGE), after: Some(after), ..self.state.past.filter.clone() };
            let _ = self.asks.send(Ask::Query(Query::History { filter }));
        }
    }

    /// A line was typed that says which calls; one that cannot be read stays open.
    pub(super) fn narrow(&mut self, typed: String) {
        match history::read(&typed, &self.state.campaigns, Utc::now()) {
            Ok(filter) => {
                self.state.past.filter = filter;
                typed.trim().clone_into(&mut self.state.past.typed);
                self.state.history_loaded = false;
                self.ask_history();
            }
            Err(why) => {
                self.note(&why, true);
                self.state.overlay = Some(Overlay::Ask { what: Asked::Narrow, text: typed });
            }
        }
    }
}
