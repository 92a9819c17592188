//! What an agent says: the script's lines one after the other, and answers to objections.

use super::{Pane, State, View};
use dialdeck_protocol::{CampaignId, ContactId};

/// A script, filled for whoever is on the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guide {
    /// Of which campaign.
    pub campaign_id: CampaignId,
    /// For whom.
    pub contact_id: Option<ContactId>,
    /// What each line is, and its words.
    pub lines: Vec<(String, String)>,
    /// What is met, and the answer.
    pub answers: Vec<(String, String)>,
    /// Which line is to be said.
    pub at: usize,
    /// Which answer is open.
    pub answer: Option<usize>,
}

impl Guide {
    /// From the top.
    pub fn new(
        campaign_id: CampaignId,
        contact_id: Option<ContactId>,
        lines: Vec<(String, String)>,
        answers: Vec<(String, String)>,
    ) -> Self {
        Self { campaign_id, contact_id, lines, answers, at: 0, answer: None }
    }

    /// The next line, or the one before; an answer that is open is closed first.
    pub fn step(&mut self, forward: bool) {
        if self.answer.take().is_some() && forward {
            return;
        }
        self.at = if forward {
            (self.at + 1).min(self.lines.len().saturating_sub(1))
        } else {
            self.at.saturating_sub(1)
        };
    }

    /// Opens the next answer; after the last one none.
    pub fn turn(&mut self) {
        let next = self.answer.map_or(0, |at| at + 1);
        self.answer = (next < self.answers.len()).then_some(next);
    }
}

impl State {
    /// The script of whoever one talks to, or is offered.
    pub fn guide_in_hand(&self) -> Option<&Guide> {
        let me = self.me()?;
        self.guide.as_ref().filter(|guide| guide.contact_id == me.contact_id && me.contact_id.is_some())
    }

    /// Whether there is a script to go through, where one's own place is looked at.
    pub fn guides(&self) -> bool {
        self.view == View::Agents && self.pane == Pane::Seat && self.guide_in_hand().is_some()
    }

    /// Of which campaign, and for whom, a script is wanted that is not here.
    pub fn guide_wanted(&self) -> Option<(CampaignId, ContactId)> {
        let me = self.me()?;
        let wanted = (me.campaign_id?, me.contact_id?);
        let here = self
            .guide
            .as_ref()
            .is_some_and(|guide| (guide.campaign_id, guide.contact_id) == (wanted.0, Some(wanted.1)));
        (!here).then_some(wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::Guide;
    use dialdeck_protocol::CampaignId;

    #[test]
    fn lines_are_gone_through_and_answers_opened_beside_them() {
        let line = |text: &str| (text.to_owned(), text.to_owned());
        let mut guide =
            Guide::new(CampaignId::new(), None, vec![line("opening"), line("pitch")], vec![line("price")]);
        guide.step(false);
        guide.step(true);
        guide.step(true);
        assert_eq!(guide.at, 1, "the last line stays");
        guide.turn();
        assert_eq!(guide.answer, Some(0));
        guide.step(true);
        assert_eq!((guide.at, guide.answer), (1, None), "back to where one was");
        guide.turn();
        guide.turn();
        assert_eq!(guide.answer, None);
    }
}
