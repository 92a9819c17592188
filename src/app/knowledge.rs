//! What the knowledge base holds, beside the conversation and looked up.

use super::App;
use crate::net::Ask;
use crate::plain;
use dialdeck_protocol::{CampaignId, Query, knowledge};

impl App {
    /// The campaign whose entries are wanted: the selected call's, or one's own.
    fn campaign_in_hand(&self) -> Option<CampaignId> {
        let own = self.state.me().and_then(|row| row.campaign_id);
        own.or_else(|| self.state.selected_call().map(|call| call.campaign_id))
            .or_else(|| self.state.selected_campaign().map(|campaign| campaign.id))
    }

    /// Asks for the entries that are wanted and not here.
    pub(super) fn ask_knowledge(&mut self) {
        if let Some(campaign_id) = self.campaign_in_hand()
            && !self.state.knowledge.contains_key(&campaign_id)
        {
            // Until it is answered there is nothing, and it is not asked again.
            self.state.knowledge.insert(campaign_id, Vec::new());
            let _ = self.asks.send(Ask::Query(Query::Knowledge { campaign_id }));
        }
    }

    /// Shows the entries in which these words stand.
    pub(super) fn look_up(&mut self, typed: &str) {
        let entries = self.campaign_in_hand().and_then(|campaign| self.state.knowledge.get(&campaign));
        let found = knowledge::search(entries.map(Vec::as_slice).unwrap_or_default(), typed);
        let mut lines = Vec::new();
        for entry in &found {
            lines.push(format!("■ {}", plain::line(&entry.title)));
            lines.extend(entry.text.lines().map(|line| format!("  {line}")));
            lines.push(String::new());
        }
        if lines.is_empty() {
            lines.push("The knowledge base of this campaign holds nothing on that.".into());
        }
        self.state.show(format!("Knowledge base: {} · Esc closes", plain::line(typed)), lines);
    }
}
