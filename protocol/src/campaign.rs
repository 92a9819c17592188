//! The words of a campaign and its queue.

use crate::call::Outcome;
use crate::vocabulary::vocabulary;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

vocabulary! {
    /// What a campaign is for.
    CampaignType, "type" {
        /// Selling.
        Sales = "sales",
        /// Telling.
        Marketing = "marketing",
        /// Following up on earlier contact.
        FollowUp = "follow-up",
        /// Hiring.
        Recruitment = "recruitment",
    }
}

vocabulary! {
    /// Whether a campaign may be dialled at all. The queue's state is [`QueueState`].
    CampaignStatus, "status" {
        /// Being prepared.
        Draft = "draft",
        /// May be dialled.
        Active = "active",
        /// Set aside by a supervisor.
        Paused = "paused",
        /// Done.
        Completed = "completed",
        /// Kept for the record only.
        Archived = "archived",
    }
}

vocabulary! {
    /// What a campaign's queue does now.
    QueueState, "queue state" {
        /// Placing calls.
        Running = "running",
        /// Stopped by itself for a person to look: after the first N calls, or after a fault.
        Paused = "paused",
        /// Nothing can be called at this moment; goes on by itself.
        Waiting = "waiting",
        /// Not running.
        Stopped = "stopped",
    }
}

vocabulary! {
    /// In which order a campaign calls its contacts, those of a higher priority first. Contacts to be called again come
    /// before new ones, when their time has come.
    ListOrder, "listOrder" {
        /// Those that came in first.
        Oldest = "oldest",
        /// Those that came in last.
        Newest = "newest",
        /// By lot.
        Random = "random",
        /// Of those to be called again, the least called first; new ones as they came in.
        AttemptsUp = "attempts_up",
        /// Of those to be called again, the most called first; new ones as they came in.
        AttemptsDown = "attempts_down",
    }
}

/// When, and how often, a contact is called again after a call that ended so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Recycle {
    /// After this outcome: one of those after which a contact is called again at all.
    pub outcome: Outcome,
    /// Minutes until the next attempt, 1–43 200.
    pub minutes: u32,
    /// Further attempts after the first, 0–10.
    pub attempts: u32,
}

vocabulary! {
    /// How numbers are dialled for people.
    DialMode, "mode" {
        /// An agent sees whom they would call, and dials or skips.
        Preview = "preview",
        /// One number for each agent who waits.
        Progressive = "progressive",
        /// As many numbers as will be answered when agents are free.
        Predictive = "predictive",
    }
}

vocabulary! {
    /// Who takes a contact.
    Taker, "taker" {
        /// An AI caller.
        Ai = "ai",
        /// An agent.
        Person = "person",
    }
}

/// Who takes a contact, by one of its fields. The first rule that fits decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Route {
    /// `company`, `state`, `email`, `priority`, `attempts`, or a column of the list.
    pub field: String,
    /// The text that it must be, in any case; empty: whatever is not empty.
    #[serde(default)]
    pub equals: String,
    /// Who takes it.
    pub to: Taker,
    /// Which agents, where a carrier's take the calls: a tier of it; empty: any.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tier: String,
}

/// Agents of a VICIdial take the calls: it dials for one of them at a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Carrier {
    /// The VICIdial's name.
    #[serde(default = "main_vicidial")]
    pub vicidial: String,
    /// Its users who take calls, by tier; a rule of `routing` may name one.
    pub tiers: BTreeMap<String, Vec<String>>,
    /// The pause code of those who may be dialled for; empty: paused without a code.
    #[serde(default)]
    pub pause_code: String,
    /// Whether AI callers take the calls while VICIdial cannot be reached.
    #[serde(default)]
    pub fallback_to_ai: bool,
}

fn main_vicidial() -> String {
    "main".into()
}

impl Carrier {
    /// The agents of a tier; of all for an empty or unknown one.
    pub fn agents(&self, tier: &str) -> Vec<String> {
        match self.tiers.get(tier) {
            Some(agents) => agents.clone(),
            None => self.tiers.values().flatten().cloned().collect(),
        }
    }

    fn check(&self) -> Result<(), (&'static str, String)> {
        let well = |text: &str| {
            (1..=20).contains(&text.len())
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b))
        };
        let count: usize = self.tiers.values().map(Vec::len).sum();
        if !(1..=500).contains(&count) {
            let message =
                "carrier.tiers must name 1 to 500 agents of VICIdial, such as {\"sales\": [\"1001\"]}";
            return Err(("carrier", message.into()));
        }
        if let Some(user) = self.tiers.values().flatten().find(|user| !well(user)) {
            return Err(("carrier", format!("carrier.tiers: {user:?} is no user of VICIdial's")));
        }
        if self.tiers.keys().any(|tier| !(1..=40).contains(&tier.chars().count())) {
            return Err(("carrier", "carrier.tiers: a tier's name has 1 to 40 characters".into()));
        }
        if !well(&self.vicidial) {
            return Err(("carrier", "carrier.vicidial must be the name of a VICIdial, such as main".into()));
        }
        if self.pause_code.len() > 6 {
            return Err(("carrier", "carrier.pauseCode has more than 6 characters".into()));
        }
        Ok(())
    }
}

/// Which contacts are called at all, by one of their fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Filter {
    /// `company`, `state`, `email`, `priority`, `attempts`, or a column of the list.
    pub field: String,
    /// The text that it must be, in any case; empty: whatever is not empty.
    #[serde(default)]
    pub equals: String,
    /// Turned round: the text that it must not be.
    #[serde(default)]
    pub not: bool,
}

vocabulary! {
    /// By whom somebody is never called again who says so in a campaign.
    OptOutScope, "optOutScope" {
        /// By this campaign.
        Campaign = "campaign",
        /// By any campaign of the organization.
        Organization = "organization",
        /// By anybody on this server.
        Everywhere = "everywhere",
    }
}

/// Who hears, speaks and converses for a campaign's AI callers: names of the server's settings, in the order in which they are
/// asked. What is left out is as the server has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct VoiceChoice {
    /// Who hears.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub recognisers: Vec<String>,
    /// Who speaks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub synthesisers: Vec<String>,
    /// Who converses; `scripted`: the script alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dialogue: Vec<String>,
    /// Voice, such as `female`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub voice: String,
    /// Language, such as `en`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub language: String,
}

impl VoiceChoice {
    fn is_usual(&self) -> bool {
        *self == Self::default()
    }

    fn check(&self) -> Result<(), (&'static str, String)> {
        let lists = [&self.recognisers, &self.synthesisers, &self.dialogue];
        let well = |name: &String| (1..=40).contains(&name.chars().count());
        if lists.iter().any(|list| list.len() > 8 || !list.iter().all(well)) {
            let message = "voice: name at most 8 providers each, by their names in the server's settings";
            return Err(("voice", message.into()));
        }
        if self.voice.chars().count() > 80 || self.language.chars().count() > 16 {
            return Err(("voice", "voice: a voice has at most 80 characters, a language at most 16".into()));
        }
        Ok(())
    }
}

/// Where an AI caller puts people through who want to go on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Transfer {
    /// A phone, such as `PJSIP/200`, or whatever the dialplan makes of `Local/sales@internal`; empty: an agent of ours.
    pub to: String,
    /// Whether whoever picks up is told of the person first, and may refuse them.
    pub attended: bool,
}

/// How a campaign's calls are recorded: those of its AI callers, until they hand over to a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Recording {
    /// What is said before anything else, such as "This call is recorded." In many places the law wants it, and everywhere people do.
    pub announce: String,
    /// Days that it is kept; 0: deleted once the call is written down.
    pub keep_days: u32,
}

/// A second script that some of a campaign's contacts hear, so that the two can be compared. Who hears which is decided by lot, once
/// for each contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Trial {
    /// Which script.
    pub script_id: crate::ScriptId,
    /// How many of a hundred contacts hear it, 1–99.
    pub percent: u32,
}

impl Recording {
    fn check(&self) -> Result<(), (&'static str, String)> {
        if !(1..=300).contains(&self.announce.trim().chars().count()) {
            let message =
                "recording.announce must have 1 to 300 characters, such as \"This call is recorded.\"";
            return Err(("recording", message.into()));
        }
        if self.keep_days > 3650 {
            return Err(("recording", format!("recording.keepDays is {}; use 0 to 3650", self.keep_days)));
        }
        Ok(())
    }
}

impl Trial {
    fn check(&self) -> Result<(), (&'static str, String)> {
        if (1..=99).contains(&self.percent) {
            return Ok(());
        }
        Err(("trial", format!("trial.percent is {}; use 1 to 99", self.percent)))
    }
}

/// When a campaign's list was last held against the official do-not-call list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Scrub {
    /// What it is called in your records: it is kept with every attempt.
    pub id: String,
    /// The date of the copy.
    pub at: DateTime<Utc>,
}

/// How a campaign works with agents.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct People {
    /// How numbers are dialled.
    pub mode: DialMode,
    /// Most lines for each agent who is not paused, 1–20.
    pub maximum_level: f64,
    /// Share of those who answer that may be left without an agent over thirty days, in percent, 0–3.
    pub drop_limit_percent: f64,
    /// Seconds that a person who answered waits for an agent, 0.5–2.
    pub patience_seconds: f64,
    /// Calls placed within a second at most, 1–100.
    pub calls_per_second: u32,
    /// Seconds of wrap-up after which it ends by itself, up to 3600; 0: it does not.
    pub wrap_up_seconds: u32,
    /// Disposition that a wrap-up which ends by itself sets; none: an agent must set one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_disposition: Option<String>,
    /// Seconds after which an offered number is dialled by itself, up to 3600; 0: never. Preview only.
    pub preview_seconds: u32,
    /// What somebody hears who waited in vain: who calls, from which number, and that the key 9 ends all calls.
    pub abandon_message: String,
}

impl Default for People {
    fn default() -> Self {
        Self {
            mode: DialMode::Progressive,
            maximum_level: 4.0,
            drop_limit_percent: 3.0,
            patience_seconds: 2.0,
            calls_per_second: 5,
            wrap_up_seconds: 0,
            default_disposition: None,
            preview_seconds: 0,
            abandon_message: String::new(),
        }
    }
}

impl People {
    /// Says which setting is out of its range.
    ///
    /// # Errors
    /// The field's name and what would be right.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        let ranges = [
            ("maximumLevel", self.maximum_level, 1.0, 20.0),
            ("dropLimitPercent", self.drop_limit_percent, 0.0, 3.0),
            ("patienceSeconds", self.patience_seconds, 0.5, 2.0),
            ("callsPerSecond", f64::from(self.calls_per_second), 1.0, 100.0),
            ("wrapUpSeconds", f64::from(self.wrap_up_seconds), 0.0, 3600.0),
            ("previewSeconds", f64::from(self.preview_seconds), 0.0, 3600.0),
        ];
        for (field, value, low, high) in ranges {
            if !(low..=high).contains(&value) {
                return Err((field, format!("people.{field} is {value}; use {low} to {high}")));
            }
        }
        if self.abandon_message.chars().count() > 500 {
            return Err(("abandonMessage", "people.abandonMessage has more than 500 characters".into()));
        }
        if self.mode == DialMode::Predictive && self.abandon_message.trim().is_empty() {
            let message = "people.abandonMessage is empty; predictive dialling takes what those hear who wait in vain: \
                           your name, your number, and that the key 9 ends all calls";
            return Err(("abandonMessage", message.into()));
        }
        Ok(())
    }
}

/// How a campaign places its calls. The names are those that existing users' REST bodies carry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct CallSettings {
    /// Calls in flight at once, 1–500.
    pub max_concurrent_calls: u32,
    /// Further attempts after the first, 0–10.
    pub retry_attempts: u32,
    /// Minutes between attempts, 1–10 080.
    pub retry_delay_minutes: u32,
    /// How long it may ring, in seconds, 15–120. The law's floor is 15.
    pub call_timeout_seconds: u32,
    /// Milliseconds between the starts of two calls, 0–3 600 000.
    pub call_interval_ms: u32,
    /// Pause for review after this many calls since the start; `None`: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub review_after: Option<u32>,
    /// In which order contacts are called.
    #[serde(skip_serializing_if = "is_oldest")]
    pub list_order: ListOrder,
    /// Other delays and attempts than the above, by outcome.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub recycle: Vec<Recycle>,
    /// How agents take the calls; none: AI callers take all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub people: Option<People>,
    /// Whether an AI caller hands a person who wants to go on over to an agent who is free.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub hand_over: bool,
    /// Where it hands them over, and how; none: to an agent who is free, at once. It counts as handing over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transfer: Option<Transfer>,
    /// Who takes which contact; whom no rule fits: agents where there are any, AI callers otherwise.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub routing: Vec<Route>,
    /// Which contacts are called at all: those whom every filter fits.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<Filter>,
    /// Whose agents take the calls, where they are not ours; none: the server's own telephony carries all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carrier: Option<Carrier>,
    /// When the list was last scrubbed; none: it need not be, as where everybody on it has agreed to be called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scrub: Option<Scrub>,
    /// By whom somebody is not called again who does not want to be.
    #[serde(skip_serializing_if = "is_organization")]
    pub opt_out_scope: OptOutScope,
    /// Attempts at one contact on all its numbers together, 1–60; none: each number has its own attempts and no more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempts_per_contact: Option<u32>,
    /// The column that names the debt, where the campaign collects debts; the law counts calls about each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub debt_field: Option<String>,
    /// Who calls, as it is said where the law wants it said.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub caller_name: String,
    /// Who hears, speaks and converses.
    #[serde(skip_serializing_if = "VoiceChoice::is_usual")]
    pub voice: VoiceChoice,
    /// How calls are recorded; none: they are not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recording: Option<Recording>,
    /// A second script on trial; none: all hear the campaign's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trial: Option<Trial>,
}

// serde asks with a reference.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_organization(scope: &OptOutScope) -> bool {
    *scope == OptOutScope::Organization
}

// serde asks with a reference.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_oldest(order: &ListOrder) -> bool {
    *order == ListOrder::Oldest
}

impl Default for CallSettings {
    fn default() -> Self {
        Self {
            max_concurrent_calls: 10,
            retry_attempts: 3,
            retry_delay_minutes: 5,
            call_timeout_seconds: 30,
            call_interval_ms: 30_000,
            review_after: None,
            list_order: ListOrder::Oldest,
            recycle: Vec::new(),
            people: None,
            hand_over: false,
            transfer: None,
            routing: Vec::new(),
            filters: Vec::new(),
            carrier: None,
            scrub: None,
            opt_out_scope: OptOutScope::Organization,
            attempts_per_contact: None,
            debt_field: None,
            caller_name: String::new(),
            voice: VoiceChoice::default(),
            recording: None,
            trial: None,
        }
    }
}

impl CallSettings {
    /// Says which setting is out of its range, by the name it has on the wire.
    ///
    /// # Errors
    /// The field's name and what would be right.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        self.recording.as_ref().map_or(Ok(()), Recording::check)?;
        self.trial.as_ref().map_or(Ok(()), Trial::check)?;
        let ranges: [(&'static str, u32, u32, u32); 5] = [
            ("maxConcurrentCalls", self.max_concurrent_calls, 1, 500),
            ("retryAttempts", self.retry_attempts, 0, 10),
            ("retryDelayMinutes", self.retry_delay_minutes, 1, 10_080),
            ("callTimeoutSeconds", self.call_timeout_seconds, 15, 120),
            ("callIntervalMs", self.call_interval_ms, 0, 3_600_000),
        ];
        for (field, value, low, high) in ranges {
            if !(low..=high).contains(&value) {
                return Err((field, format!("{field} is {value}; use {low} to {high}")));
            }
        }
        if let Some(people) = &self.people {
            people.check()?;
        }
        if let Some(carrier) = &self.carrier {
            carrier.check()?;
            if self.people.is_some() {
                let message =
                    "carrier and people are both set; agents here or at VICIdial take the calls, not both";
                return Err(("carrier", message.into()));
            }
        }
        if self.routing.len() > 50 {
            return Err(("routing", "routing has more than 50 rules".into()));
        }
        if self.filters.len() > 50 {
            return Err(("filters", "filters has more than 50 entries".into()));
        }
        for filter in &self.filters {
            let field = filter.field.trim();
            if field.is_empty() || field.chars().count() > 80 || filter.equals.chars().count() > 200 {
                let message = "filters: a field has 1 to 80 characters, and what it equals at most 200";
                return Err(("filters", message.into()));
            }
        }
        if self.scrub.as_ref().is_some_and(|scrub| !(1..=80).contains(&scrub.id.trim().chars().count())) {
            return Err(("scrub", "scrub.id must have 1 to 80 characters".into()));
        }
        if self.attempts_per_contact.is_some_and(|most| !(1..=60).contains(&most)) {
            return Err(("attemptsPerContact", "attemptsPerContact must be 1 to 60".into()));
        }
        let named = |field: &String| (1..=64).contains(&field.trim().chars().count());
        if self.debt_field.as_ref().is_some_and(|field| !named(field)) {
            return Err(("debtField", "debtField must be a column's name of 1 to 64 characters".into()));
        }
        self.voice.check()?;
        if self.caller_name.chars().count() > 120 {
            return Err(("callerName", "callerName has more than 120 characters".into()));
        }
        for route in &self.routing {
            if route.field.trim().is_empty()
                || route.field.chars().count() > 80
                || route.equals.chars().count() > 200
            {
                let message = "routing: a field has 1 to 80 characters, and what it equals at most 200";
                return Err(("routing", message.into()));
            }
            let tiers = self.carrier.as_ref().map(|carrier| &carrier.tiers);
            if !route.tier.is_empty() && tiers.is_none_or(|tiers| !tiers.contains_key(&route.tier)) {
                return Err((
                    "routing",
                    format!("routing: there is no tier {:?} in carrier.tiers", route.tier),
                ));
            }
            if route.to == Taker::Person && self.people.is_none() && self.carrier.is_none() {
                let message =
                    "routing sends contacts to agents, and people is not set; say how agents take calls";
                return Err(("routing", message.into()));
            }
        }
        if self.review_after == Some(0) {
            return Err(("reviewAfter", "reviewAfter is 0; use 1 or more, or leave it out".into()));
        }
        for (n, rule) in self.recycle.iter().enumerate() {
            if !rule.outcome.is_called_again() {
                let words: Vec<&str> =
                    Outcome::ALL.iter().filter(|o| o.is_called_again()).map(|o| o.as_str()).collect();
                let (outcome, words) = (rule.outcome, words.join(", "));
                return Err((
                    "recycle",
                    format!("recycle: after {outcome} nobody is called again; use {words}"),
                ));
            }
            if !(1..=43_200).contains(&rule.minutes) || rule.attempts > 10 {
                return Err(("recycle", "recycle: use 1 to 43200 minutes and 0 to 10 attempts".into()));
            }
            if self.recycle[..n].iter().any(|other| other.outcome == rule.outcome) {
                return Err(("recycle", format!("recycle has {} twice", rule.outcome)));
            }
        }
        Ok(())
    }

    /// Further attempts after the first, and minutes until the next, after a call that ended so.
    pub fn again(&self, outcome: Outcome) -> (u32, u32) {
        let rule = self.recycle.iter().find(|rule| rule.outcome == outcome);
        rule.map_or((self.retry_attempts, self.retry_delay_minutes), |rule| (rule.attempts, rule.minutes))
    }
}
