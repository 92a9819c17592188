//! A day in figures, the server's own standing, and what wants a person's eyes: as they are shown.

use super::{Pane, State};
use crate::alert::Standing;
use dialdeck_protocol::CampaignId;
use dialdeck_protocol::dashboard::{CampaignFigures, Deed, LogLine};

impl State {
    /// A campaign's figures, where they were told.
    pub fn figures_of(&self, campaign: CampaignId) -> Option<&CampaignFigures> {
        self.dashboard.as_ref()?.campaigns.iter().find(|figures| figures.campaign_id == campaign)
    }

    /// Campaigns' figures, in the order of the campaigns, that pass the filter.
    pub fn shown_figures(&self) -> Vec<&CampaignFigures> {
        let keep = self.keep(Pane::Dashboard);
        let kept = self.campaigns.iter().filter(|campaign| keep(format_args!("{}", campaign.name)));
        let rows = kept.filter_map(|campaign| self.figures_of(campaign.id)).collect();
        self.sorted(Pane::Dashboard, rows, |row, column| self.figures_key(row, column))
    }

    /// Alerts that pass the filter.
    pub fn shown_alerts(&self) -> Vec<&Standing> {
        let keep = self.keep(Pane::Alerts);
        self.alerts.iter().filter(|standing| keep(format_args!("{}", standing.alert.text))).collect()
    }

    /// The selected alert's key.
    pub fn selected_alert(&self) -> Option<&str> {
        let rows = self.shown_alerts();
        self.selection(Pane::Alerts, rows.len()).map(|n| rows[n].alert.key.as_str())
    }

    /// Lines of the log that pass the filter, the newest last.
    pub fn shown_log(&self) -> Vec<&LogLine> {
        let keep = self.keep(Pane::Log);
        let all = self.standing.iter().flat_map(|standing| standing.log.iter().flatten());
        all.filter(|line| keep(format_args!("{} {}", line.level, line.text))).collect()
    }

    /// What was done and passes the filter, the newest first.
    pub fn shown_deeds(&self) -> Vec<&Deed> {
        let keep = self.keep(Pane::Audit);
        let all = self.standing.iter().flat_map(|standing| standing.audit.iter().flatten());
        all.filter(|d| keep(format_args!("{} {} {} {}", d.actor, d.command, d.target, d.result))).collect()
    }
}

/// Lines that it takes at most to show what calls teach.
pub fn lesson_lines(state: &State) -> usize {
    let lines = |lessons: &dialdeck_protocol::learning::Lessons| {
        lessons.ends.len() + lessons.weeks.len() + 2 * lessons.scripts.len() + 12
    };
    state.lessons.as_ref().map_or(0, lines)
}
