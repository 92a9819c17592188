//! The messages of the WebSocket.

use crate::vicidial::{Floor, FloorAgent, FloorCall, FloorCampaign, Thresholds, VicidialAnswer};
use crate::{
    CallId, CallbackRow, CampaignId, Command, ContactId, Event, Exchange, HistoryRow, OrganizationId,
    Problem, Query, Role, Snapshot, UserId,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What a client wants to be told. An empty list means everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Scope {
    /// Only these campaigns.
    pub campaigns: Vec<CampaignId>,
    /// Only these calls.
    pub calls: Vec<CallId>,
}

impl Scope {
    /// Whether an event is within the scope. Events of no campaign and no call go to everyone.
    pub fn covers(&self, event: &Event) -> bool {
        let campaign_ok =
            self.campaigns.is_empty() || event.campaign_id.is_none_or(|id| self.campaigns.contains(&id));
        let call_ok =
            self.calls.is_empty() || event.call_id.as_ref().is_none_or(|id| self.calls.contains(id));
        campaign_ok && call_ok
    }
}

/// From the client.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientMessage {
    /// First message: what to be told, and from where.
    Subscribe {
        /// Whose events; the session's own organization unless told.
        #[serde(default)]
        organization_id: Option<OrganizationId>,
        /// Which of them.
        #[serde(default)]
        scope: Scope,
        /// The last event seen, to resume after it.
        #[serde(default)]
        resume_from: Option<i64>,
    },
    /// Do something.
    Command {
        /// Repeated in the reply.
        id: u64,
        /// What.
        command: Command,
    },
    /// Tell how the floor of each VICIdial is, as they change; or stop telling.
    WatchFloor {
        /// Tell, or stop.
        on: bool,
    },
    /// Tell something.
    Query {
        /// Repeated in the reply.
        id: u64,
        /// What.
        query: Query,
    },
}

/// From the server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerMessage {
    /// Who you are and what you speak to.
    Welcome {
        /// [`crate::VERSION`].
        version: u32,
        /// Server's own version.
        server: String,
        /// Your name.
        user: String,
        /// Your id.
        #[serde(default)]
        user_id: Option<UserId>,
        /// Your role.
        role: Role,
        /// Server's clock.
        now: DateTime<Utc>,
    },
    /// The state to start from. Replaces all that was known.
    Snapshot(Box<Snapshot>),
    /// What happened since, in order.
    Events {
        /// One or more.
        events: Vec<Event>,
    },
    /// The floor of a VICIdial. Replaces all that was known of it.
    Floor(Box<Floor>),
    /// What changed on it since the message before.
    FloorChange {
        /// Of which VICIdial.
        vicidial: String,
        /// Seconds of its database's clock, Unix time.
        now: i64,
        /// The server's clock at that moment, Unix time.
        read_at: i64,
        /// Why it is not newer; empty where it is fresh.
        trouble: String,
        /// Agents that are new or changed.
        agents: Vec<FloorAgent>,
        /// Users who are gone.
        gone: Vec<String>,
        /// All calls, where one changed.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        calls: Option<Vec<FloorCall>>,
        /// When which colour stands, where that changed.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        thresholds: Option<Thresholds>,
        /// All campaigns, where one changed.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        campaigns: Option<Vec<FloorCampaign>>,
    },
    /// What came of a command or query.
    Reply {
        /// Of which.
        id: u64,
        /// What came of it.
        result: Result<Answer, Problem>,
    },
    /// A request that could not be read.
    Refused(Problem),
}

/// Something that an agent chooses with one key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// Code.
    pub code: String,
    /// In words.
    pub label: String,
    /// The key; none: it is chosen from the list.
    pub key: Option<char>,
    /// Whether a time to call back goes with it.
    #[serde(default)]
    pub callback: bool,
}

/// What a command or query gives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// Done; a sentence for the screen.
    Done {
        /// The sentence.
        message: String,
    },
    /// Calls.
    History {
        /// Newest first.
        calls: Vec<HistoryRow>,
        /// Goes into the filter's `after` for the next page; `None` at the end.
        #[serde(default)]
        next: Option<String>,
        /// Which were asked for.
        #[serde(default)]
        filter: crate::CallFilter,
    },
    /// One call's conversation.
    Conversation {
        /// The call.
        call: Box<HistoryRow>,
        /// Its exchanges.
        exchanges: Vec<Exchange>,
    },
    /// What an agent chooses from.
    Choices {
        /// What came of a call.
        dispositions: Vec<Choice>,
        /// Why one pauses.
        pause_codes: Vec<Choice>,
    },
    /// A contact.
    Lead {
        /// Which.
        contact_id: ContactId,
        /// Name, number and whatever else is known, in the order in which it is shown.
        fields: Vec<(String, String)>,
        /// The last calls with this number, newest first.
        calls: Vec<HistoryRow>,
        /// What the law says of a call now.
        verdict: String,
        /// Whether it may be called now.
        allowed: bool,
        /// IANA zone in which they are, as far as it is known; the westernmost where it may be several.
        #[serde(default)]
        zone: String,
    },
    /// Callbacks.
    Callbacks {
        /// The next due first.
        callbacks: Vec<CallbackRow>,
    },
    /// Something to read.
    Lines {
        /// What it is.
        title: String,
        /// Line by line.
        lines: Vec<String>,
    },
    /// Something that is told once and never again, such as a secret: it stands until it is closed.
    Once {
        /// What it is.
        title: String,
        /// Line by line.
        lines: Vec<String>,
    },
    /// Decisions on a number.
    Why {
        /// The number, E.164.
        phone: String,
        /// What holds now, and what was decided before, newest first.
        lines: Vec<String>,
    },
    /// What the knowledge base holds.
    Knowledge {
        /// For the calls of which campaign.
        campaign_id: CampaignId,
        /// Entries.
        entries: Vec<crate::knowledge::Known>,
    },
    /// Caller IDs.
    Numbers {
        /// By number.
        numbers: Vec<crate::connector::NumberRow>,
    },
    /// What the server is connected to.
    Connectors {
        /// By kind and name.
        connectors: Vec<crate::connector::ConnectorRow>,
    },
    /// What a campaign's calls teach.
    Lessons(Box<crate::learning::Lessons>),
    /// What an agent says.
    Script {
        /// In the calls of which campaign.
        campaign_id: CampaignId,
        /// Filled for whom.
        #[serde(default)]
        contact_id: Option<ContactId>,
        /// Line by line in the order in which they are said: what it is, and the words.
        lines: Vec<(String, String)>,
        /// Answers to objections and questions: what is met, and the words.
        answers: Vec<(String, String)>,
    },
    /// A day in figures.
    Dashboard(Box<crate::dashboard::Dashboard>),
    /// How the server itself is.
    Standing(Box<crate::dashboard::Standing>),
    /// What is seen of Dialpad.
    Dialpad(Box<crate::dialpad::Picture>),
    /// What a function of VICIdial gave.
    Vicidial(Box<VicidialAnswer>),
    /// What a campaign would cost.
    Estimate {
        /// Which campaign.
        campaign_id: CampaignId,
        /// Contacts that would be called.
        contacts: i64,
        /// Expected cost.
        cost: f64,
        /// Currency of the rate table.
        currency: String,
        /// How it was reckoned.
        basis: String,
    },
}
