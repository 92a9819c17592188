//! VICIdial's auto-dial process, which places calls by a level; a level that never changes is its fixed ratio.
//!
//! As `AST_VDauto_dial.pl` does it: every 2.5 s, `goal = round(level x max(0, agents + target))`, where agents who talk
//! count as well as those who wait, and so do calls that have an agent.

use crate::dialer::pacing::real;
use crate::simulator::policy::{Policy, View};

/// Seconds between two rounds of the auto-dial process.
pub const ROUND: f64 = 2.5;

/// How the process is set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dialling {
    /// `dl_diff_target`: agents added to those who are there.
    pub target: f64,
    /// `available_only_ratio_tally`: only agents who wait count.
    pub available_only: bool,
}

impl Dialling {
    /// Lines to place at a level.
    pub fn lines(&self, level: f64, view: &View<'_>) -> usize {
        // Agents in DISPO never count, and the calls they had are over.
        let at_work = view.talking;
        let agents = if self.available_only { view.ready } else { view.ready + at_work };
        let mut goal = (level * (real(agents) + self.target).max(0.0)).round();
        if self.available_only {
            goal += real(at_work);
        }
        let existing = real(view.lines.len() + view.waiting + at_work);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "lines of a floor")]
        let lines = (goal - existing).max(0.0) as usize;
        lines
    }
}

/// A level that never changes.
#[derive(Debug)]
pub struct Ratio {
    /// Level.
    pub level: f64,
    /// How the process is set.
    pub dialling: Dialling,
}

impl Policy for Ratio {
    fn every(&self) -> f64 {
        ROUND
    }

    fn lines(&mut self, view: &View<'_>) -> usize {
        self.dialling.lines(self.level, view)
    }
}
