//! The small nouns that a floor keeps as data: dispositions, pause codes, knowledge, agents, webhooks. Each checks
//! itself; how they are kept is the same for all.

use super::plain;
use dialdeck_protocol::{CampaignId, EventBody, Outcome, Problem, UserId};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A noun of the catalog.
pub trait Noun: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Under which it is kept.
    const KIND: &'static str;
    /// How people call it, for messages and the audit log.
    const WHAT: &'static str;
    /// Makes its text plain and says what is wrong with it.
    ///
    /// # Errors
    /// The first field at fault.
    fn check(&mut self) -> Result<(), Problem>;
    /// What it is called; no two of a kind in one campaign share it.
    fn name(&self) -> &str;
    /// The campaign it belongs to; `None`: to all.
    fn campaign(&self) -> Option<CampaignId>;
}

pub(super) fn tidy(field: &str, text: &mut String, least: usize, most: usize) -> Result<(), Problem> {
    *text = plain::line(text, most + 1);
    let length = text.chars().count();
    if (least..=most).contains(&length) {
        Ok(())
    } else {
        Err(Problem::field(field, format!("{field} must have {least} to {most} characters")))
    }
}

/// VICIdial's statuses and pause codes: up to six letters and digits.
fn code(field: &str, text: &mut String) -> Result<(), Problem> {
    *text = plain::line(text, 20).to_uppercase();
    if (1..=6).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        Ok(())
    } else {
        Err(Problem::field(field, format!("{field} must have 1 to 6 letters or digits, such as SALE")))
    }
}

fn hotkey(text: &mut Option<String>) -> Result<(), Problem> {
    let Some(key) = text else { return Ok(()) };
    if key.chars().count() == 1 && key.chars().all(|c| c.is_ascii_alphanumeric()) {
        Ok(())
    } else {
        Err(Problem::field("hotkey", "hotkey must be one letter or digit"))
    }
}

/// What an agent says came of a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Disposition {
    /// Only in this campaign; all campaigns otherwise.
    #[serde(default)]
    pub campaign_id: Option<CampaignId>,
    /// Short code, as VICIdial's statuses: `SALE`, `NI`.
    pub code: String,
    /// In words.
    pub label: String,
    /// The key that sets it: one letter or digit.
    #[serde(default)]
    pub hotkey: Option<String>,
    /// The outcome that it stands for.
    pub outcome: Outcome,
    /// The contact is not called again.
    #[serde(default)]
    pub is_final: bool,
}

impl Noun for Disposition {
    const KIND: &'static str = "disposition";
    const WHAT: &'static str = "disposition";
    fn check(&mut self) -> Result<(), Problem> {
        code("code", &mut self.code)?;
        tidy("label", &mut self.label, 1, 80)?;
        hotkey(&mut self.hotkey)
    }
    fn name(&self) -> &str {
        &self.code
    }
    fn campaign(&self) -> Option<CampaignId> {
        self.campaign_id
    }
}

/// Why an agent pauses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PauseCode {
    /// Only in this campaign; all campaigns otherwise.
    #[serde(default)]
    pub campaign_id: Option<CampaignId>,
    /// Short code: `LUNCH`, `BREAK`.
    pub code: String,
    /// In words.
    pub label: String,
    /// The key that sets it: one letter or digit.
    #[serde(default)]
    pub hotkey: Option<String>,
    /// Seconds after which the pause is too long; none: no limit.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 86400)]
    pub limit_seconds: Option<u32>,
    /// Counts as working time.
    #[serde(default)]
    pub billable: bool,
}

impl Noun for PauseCode {
    const KIND: &'static str = "pause_code";
    const WHAT: &'static str = "pause code";
    fn check(&mut self) -> Result<(), Problem> {
        code("code", &mut self.code)?;
        tidy("label", &mut self.label, 1, 80)?;
        hotkey(&mut self.hotkey)?;
        if self.limit_seconds.is_some_and(|s| !(1..=86_400).contains(&s)) {
            return Err(Problem::field("limitSeconds", "limitSeconds must be 1 to 86400"));
        }
        Ok(())
    }
    fn name(&self) -> &str {
        &self.code
    }
    fn campaign(&self) -> Option<CampaignId> {
        self.campaign_id
    }
}

/// Something that agents and AI callers can look up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KnowledgeEntry {
    /// Only in this campaign; all campaigns otherwise.
    #[serde(default)]
    pub campaign_id: Option<CampaignId>,
    /// What it is about, or the question it answers.
    pub title: String,
    /// The answer.
    pub text: String,
    /// Words by which it is found beside those of its title.
    #[serde(default)]
    pub keywords: Vec<String>,
}

impl Noun for KnowledgeEntry {
    const KIND: &'static str = "knowledge";
    const WHAT: &'static str = "knowledge-base entry";
    fn check(&mut self) -> Result<(), Problem> {
        tidy("title", &mut self.title, 1, 200)?;
        tidy("text", &mut self.text, 1, 8000)?;
        if self.keywords.len() > 50 {
            return Err(Problem::field("keywords", "keywords has more than 50 entries"));
        }
        self.keywords.iter_mut().try_for_each(|word| tidy("keywords", word, 1, 80))
    }
    fn name(&self) -> &str {
        &self.title
    }
    fn campaign(&self) -> Option<CampaignId> {
        self.campaign_id
    }
}

/// Human or machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AgentKind {
    /// A person with a phone.
    Human,
    /// One of our voices.
    Ai,
}

/// How early an agent gets a campaign's calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rank {
    /// Of which campaign.
    pub campaign_id: CampaignId,
    /// The higher, the earlier: -99 to 99; 0 unless told.
    #[schema(minimum = -99, maximum = 99)]
    pub rank: i32,
}

/// Who takes conversations: a person's place, or an AI caller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Agent {
    /// Display name.
    pub name: String,
    /// Human or AI.
    pub kind: AgentKind,
    /// The person's log-in, where human.
    #[serde(default)]
    pub user_id: Option<UserId>,
    /// The person's phone, such as `PJSIP/6001`.
    #[serde(default)]
    pub extension: String,
    /// Campaigns that they work; empty: all.
    #[serde(default)]
    pub campaigns: Vec<CampaignId>,
    /// How early they get which campaign's calls.
    #[serde(default)]
    pub ranks: Vec<Rank>,
}

/// Whether a text may be a channel's name. It becomes a dial string: only what such a name may hold.
pub fn is_channel(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b"/@._-".contains(&b))
}

impl Noun for Agent {
    const KIND: &'static str = "agent";
    const WHAT: &'static str = "agent";
    fn check(&mut self) -> Result<(), Problem> {
        tidy("name", &mut self.name, 1, 80)?;
        tidy("extension", &mut self.extension, 0, 80)?;
        if !is_channel(&self.extension) {
            return Err(Problem::field(
                "extension",
                "extension must be a channel such as PJSIP/6001 or Local/6001@agents",
            ));
        }
        if self.campaigns.len() > 500 {
            return Err(Problem::field("campaigns", "campaigns has more than 500 entries"));
        }
        if self.ranks.len() > 500 || self.ranks.iter().any(|rank| !(-99..=99).contains(&rank.rank)) {
            return Err(Problem::field("ranks", "ranks may have 500 entries, each with a rank of -99 to 99"));
        }
        Ok(())
    }
    fn name(&self) -> &str {
        &self.name
    }
    fn campaign(&self) -> Option<CampaignId> {
        None
    }
}

/// Where events are sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Webhook {
    /// Name.
    pub name: String,
    /// Where to: an `https` or `http` address.
    pub url: String,
    /// Which events, by their type; empty: all.
    #[serde(default)]
    pub events: Vec<String>,
    /// Only this campaign's events.
    #[serde(default)]
    pub campaign_id: Option<CampaignId>,
    /// Not at the moment.
    #[serde(default)]
    pub paused: bool,
}

impl Noun for Webhook {
    const KIND: &'static str = "webhook";
    const WHAT: &'static str = "webhook";
    fn check(&mut self) -> Result<(), Problem> {
        tidy("name", &mut self.name, 1, 80)?;
        let url = url::Url::parse(&self.url).ok().filter(|u| ["http", "https"].contains(&u.scheme()));
        if url.is_none() || self.url.len() > 2000 {
            return Err(Problem::field("url", "url must be an address such as https://example.com/dialdeck"));
        }
        for word in &mut self.events {
            *word = plain::line(word, 80);
        }
        self.events.sort_unstable();
        self.events.dedup();
        let unknown = self.events.iter().find(|word| !EventBody::KINDS.contains(&word.as_str()));
        unknown.map_or(Ok(()), |word| {
            let known = EventBody::KINDS.join(", ");
            Err(Problem::field("events", format!("events has {word}, which is no event; there are {known}")))
        })
    }
    fn name(&self) -> &str {
        &self.name
    }
    fn campaign(&self) -> Option<CampaignId> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::{Agent, AgentKind, Disposition, Noun, Webhook};
    use dialdeck_protocol::Outcome;

    #[test]
    fn a_disposition_is_tidied_and_checked() {
        let mut sale = Disposition {
            campaign_id: None,
            code: "sale".into(),
            label: "Sold\u{1b}[2J it".into(),
            hotkey: Some("1".into()),
            outcome: Outcome::Interested,
            is_final: true,
        };
        assert_eq!(sale.check(), Ok(()));
        assert_eq!((sale.code.as_str(), sale.label.as_str()), ("SALE", "Sold [2J it"));
        sale.hotkey = Some("F1".into());
        assert_eq!(sale.check().unwrap_err().field.as_deref(), Some("hotkey"));
    }

    #[test]
    fn a_webhook_hears_of_events_that_there_are() {
        let hook = |events: &[&str]| Webhook {
            name: "crm".into(),
            url: "https://crm.example.com/calls".into(),
            events: events.iter().map(ToString::to_string).collect(),
            campaign_id: None,
            paused: false,
        };
        let mut known = hook(&["call_started", "call_ended ", "call_started"]);
        assert_eq!(known.check(), Ok(()));
        assert_eq!(known.events, ["call_ended", "call_started"]);
        let refused = hook(&["call_ended", "call_finished"]).check().unwrap_err();
        assert_eq!(refused.field.as_deref(), Some("events"));
        assert!(refused.message.contains("call_finished") && refused.message.contains("call_ended"));
    }

    #[test]
    fn an_extension_cannot_carry_dialplan() {
        let agent = |extension: &str| Agent {
            name: "Ann".into(),
            kind: AgentKind::Human,
            user_id: None,
            extension: extension.into(),
            campaigns: Vec::new(),
            ranks: Vec::new(),
        };
        assert!(agent("PJSIP/6001").check().is_ok());
        for bad in ["PJSIP/6001&PJSIP/9", "Local/1@x,30,G(ctx)", "${SHELL(id)}", "PJSIP/1 /n"] {
            assert!(agent(bad).check().is_err(), "{bad}");
        }
    }
}
