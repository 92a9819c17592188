//! Callbacks that are to be kept.

use super::{Pane, State};
use chrono::{DateTime, Utc};
use dialdeck_protocol::CallbackRow;

impl State {
    /// Callbacks that pass the filter.
    pub fn shown_callbacks(&self) -> Vec<&CallbackRow> {
        let keep = self.keep(Pane::Callbacks);
        let all = self.callbacks.iter().flatten();
        let kept =
            all.filter(|row| keep(format_args!("{} {} {} {}", row.name, row.phone, row.user, row.note)));
        self.sorted(Pane::Callbacks, kept.collect(), |row, column| Self::callback_key(row, column))
    }

    /// The selected one.
    pub fn selected_callback(&self) -> Option<&CallbackRow> {
        let rows = self.shown_callbacks();
        self.selection(Pane::Callbacks, rows.len()).map(|n| rows[n])
    }

    /// How many are due that one keeps oneself: one's own, and anyone's.
    pub fn callbacks_due(&self, now: DateTime<Utc>) -> usize {
        let mine = |row: &&CallbackRow| row.user_id.is_none() || row.user_id == self.user_id;
        self.callbacks.iter().flatten().filter(mine).filter(|row| row.due_at <= now).count()
    }
}
