//! How others decide how many lines to dial.

pub mod adapt;
pub mod ratio;

use super::policy::{Policy, View};

/// One line for each agent who waits.
#[derive(Debug, Default)]
pub struct Progressive;

impl Policy for Progressive {
    fn every(&self) -> f64 {
        1.0
    }

    fn on_events(&self) -> bool {
        true
    }

    fn lines(&mut self, view: &View<'_>) -> usize {
        view.ready.saturating_sub(view.lines.len() + view.waiting)
    }
}
