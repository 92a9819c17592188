//! Caller IDs and connectors, as they are shown.

use super::{Pane, State, View};
use dialdeck_protocol::connector::{ConnectorRow, NumberRow};

impl State {
    /// Caller IDs that pass the filter.
    pub fn shown_numbers(&self) -> Vec<&NumberRow> {
        let keep = self.keep(Pane::Numbers);
        let all = self.numbers.iter().flatten();
        let kept =
            all.filter(|row| keep(format_args!("{} {} {}", row.number, row.label, row.campaigns.join(" "))));
        self.sorted(Pane::Numbers, kept.collect(), |row, column| Self::number_key(row, column))
    }

    /// The selected one.
    pub fn selected_number(&self) -> Option<&NumberRow> {
        let rows = self.shown_numbers();
        self.selection(Pane::Numbers, rows.len()).filter(|_| self.view == View::Numbers).map(|n| rows[n])
    }

    /// Connectors that pass the filter.
    pub fn shown_connectors(&self) -> Vec<&ConnectorRow> {
        let keep = self.keep(Pane::Connectors);
        let all = self.connectors.iter().flatten();
        all.filter(|row| keep(format_args!("{} {} {} {}", row.kind, row.name, row.state, row.message)))
            .collect()
    }

    /// The selected one.
    pub fn selected_connector(&self) -> Option<&ConnectorRow> {
        let rows = self.shown_connectors();
        self.selection(Pane::Connectors, rows.len())
            .filter(|_| self.view == View::Connectors)
            .map(|n| rows[n])
    }
}
