//! What a console asks the server to do, and to tell.

use crate::{
    CallId, CallStatus, CallbackId, CampaignId, ContactId, ContactStatus, DialMode, Emotion, EntryId,
    MonitorMode, Outcome, PhoneKind, PhoneNumberId, UserId,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A typed action. Permission and audit apply to each; the same set stands behind REST.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Command {
    /// Start a campaign's queue.
    StartQueue {
        /// Which campaign.
        campaign_id: CampaignId,
        /// Caller ID to use; the campaign's default otherwise.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        phone_number_id: Option<PhoneNumberId>,
        /// Pause for review after this many calls.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        review_after: Option<u32>,
    },
    /// Stop a campaign's queue; calls in flight go on.
    StopQueue {
        /// Which campaign.
        campaign_id: CampaignId,
    },
    /// Hang up a call.
    HangUp {
        /// Which call.
        call_id: CallId,
    },
    /// Log oneself in as an agent.
    AgentLogIn {
        /// One's phone; the one on file unless told.
        #[serde(default)]
        extension: String,
        /// How it is kept.
        phone: PhoneKind,
        /// Campaigns to take calls of; empty: all those one may.
        #[serde(default)]
        campaigns: Vec<CampaignId>,
    },
    /// Log an agent out; oneself unless told.
    AgentLogOut {
        /// Whom.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        user_id: Option<UserId>,
    },
    /// Take calls, or let somebody take calls.
    AgentReady {
        /// Whom.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        user_id: Option<UserId>,
    },
    /// Take no calls from now on, or after the one under way.
    AgentPause {
        /// Whom.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        user_id: Option<UserId>,
        /// Why: a pause code, or nothing.
        #[serde(default)]
        code: String,
        /// Seconds after which it ends by itself; none: it does not.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        seconds: Option<u32>,
    },
    /// Dial the offered number, or any contact, for oneself.
    AgentDial {
        /// Whom to call; the offered one unless told.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        contact_id: Option<ContactId>,
    },
    /// Give the offered number back.
    AgentSkip,
    /// Say what came of one's call.
    Dispose {
        /// Which call.
        call_id: CallId,
        /// The disposition's code.
        disposition: String,
        /// In one's own words.
        #[serde(default)]
        note: String,
        /// When to call back, where that was agreed.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        callback_at: Option<DateTime<Utc>>,
    },
    /// Be in a call by one's phone: listen, whisper to the agent, or barge in.
    Monitor {
        /// Which call.
        call_id: CallId,
        /// How.
        mode: MonitorMode,
        /// One's phone; the one on file unless told.
        #[serde(default)]
        extension: String,
    },
    /// Leave the call that one is in.
    StopMonitoring,
    /// Take a call over from an AI caller or an agent.
    TakeOver {
        /// Which call.
        call_id: CallId,
    },
    /// Put a call through to another phone. The person stays where they are until it has been picked up.
    Transfer {
        /// Which call.
        call_id: CallId,
        /// The phone, such as `PJSIP/200`.
        to: String,
        /// Whether whoever picks up is told of the person first, and may refuse them.
        #[serde(default)]
        attended: bool,
    },
    /// A callback was kept, or is called off.
    SettleCallback {
        /// Which.
        callback_id: CallbackId,
        /// Kept, or else called off.
        kept: bool,
    },
    /// Keep a callback at another time.
    MoveCallback {
        /// Which.
        callback_id: CallbackId,
        /// When.
        due_at: DateTime<Utc>,
    },
    /// Contacts of a campaign in these states are called again as if new.
    ResetList {
        /// Which campaign.
        campaign_id: CampaignId,
        /// Those in these states.
        statuses: Vec<ContactStatus>,
    },
    /// Call a function of a VICIdial.
    Vicidial {
        /// Which VICIdial; the only one unless told.
        #[serde(default)]
        vicidial: String,
        /// The function.
        function: String,
        /// Its arguments.
        #[serde(default)]
        args: BTreeMap<String, String>,
        /// Answer only once it is known whether an agent's screen took it.
        #[serde(default)]
        wait: bool,
    },
    /// Set up a VICIdial, or change how it is reached. It holds secrets.
    SetUpVicidial {
        /// Its name.
        vicidial: String,
        /// Settings by name, such as `url`; what is left out stays as it was.
        settings: BTreeMap<String, String>,
        /// Keep them although the test failed.
        #[serde(default)]
        force: bool,
    },
    /// Do something at Dialpad.
    Dialpad {
        /// The action.
        action: String,
        /// Its arguments.
        #[serde(default)]
        args: BTreeMap<String, String>,
    },
    /// Fetch Dialpad's calls now.
    PullDialpad {
        /// From this day on; as far as was fetched before unless told.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        from: Option<chrono::NaiveDate>,
    },
    /// Change how a campaign dials for agents; what is left out stays.
    Pace {
        /// Which campaign.
        campaign_id: CampaignId,
        /// How numbers are dialled.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        mode: Option<DialMode>,
        /// Most lines for each agent who is not paused, 1–20.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        maximum_level: Option<f64>,
        /// Share that may be abandoned over thirty days, in percent, 0–3.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        drop_limit_percent: Option<f64>,
        /// Most calls at a time.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        max_concurrent_calls: Option<u32>,
    },
    /// Add a caller ID, or change one.
    SaveNumber {
        /// Which; a new one unless told.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        phone_number_id: Option<PhoneNumberId>,
        /// Such as `+13125550199`.
        number: String,
        /// What it is called.
        #[serde(default)]
        label: String,
    },
    /// Remove a caller ID that no campaign calls from.
    RemoveNumber {
        /// Which.
        phone_number_id: PhoneNumberId,
    },
    /// Try a connector now.
    TestConnector {
        /// Its kind, as [`crate::connector::ConnectorRow`] has it.
        kind: String,
        /// Its name.
        name: String,
        /// A webhook's id: several may have a name.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        entry_id: Option<EntryId>,
    },
    /// Set up a webhook, or change one. A new one's secret is answered, once.
    SetUpWebhook {
        /// Which; a new one unless told.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        entry_id: Option<EntryId>,
        /// Its name.
        name: String,
        /// Where it is sent to.
        url: String,
        /// Types of events that are sent; empty: all of them.
        #[serde(default)]
        events: Vec<String>,
        /// Nothing is sent at the moment.
        #[serde(default)]
        paused: bool,
    },
    /// Take a connector away that was set up while the server ran.
    RemoveConnector {
        /// Its kind.
        kind: String,
        /// Its name.
        name: String,
        /// A webhook's id: several may have a name.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        entry_id: Option<EntryId>,
    },
    /// Say something to an agent.
    AgentMessage {
        /// To whom.
        user_id: UserId,
        /// What.
        text: String,
    },
}

impl Command {
    /// The name under which it stands in the audit log.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::StartQueue { .. } => "queue.start",
            Self::StopQueue { .. } => "queue.stop",
            Self::HangUp { .. } => "call.hang_up",
            Self::AgentLogIn { .. } => "agent.log_in",
            Self::AgentLogOut { .. } => "agent.log_out",
            Self::AgentReady { .. } => "agent.ready",
            Self::AgentPause { .. } => "agent.pause",
            Self::AgentDial { .. } => "agent.dial",
            Self::AgentSkip => "agent.skip",
            Self::Dispose { .. } => "call.dispose",
            Self::AgentMessage { .. } => "agent.message",
            Self::Monitor { .. } => "call.monitor",
            Self::StopMonitoring => "call.stop_monitoring",
            Self::TakeOver { .. } => "call.take_over",
            Self::Transfer { .. } => "call.transfer",
            Self::SettleCallback { .. } => "callback.settle",
            Self::MoveCallback { .. } => "callback.move",
            Self::ResetList { .. } => "campaign.reset",
            Self::Vicidial { .. } => "vicidial",
            Self::SetUpVicidial { .. } => "vicidial.set_up",
            Self::Dialpad { .. } => "dialpad",
            Self::PullDialpad { .. } => "dialpad.pull",
            Self::Pace { .. } => "campaign.pace",
            Self::SaveNumber { phone_number_id: None, .. } => "phone_number.create",
            Self::SaveNumber { .. } => "phone_number.update",
            Self::RemoveNumber { .. } => "phone_number.delete",
            Self::TestConnector { .. } => "connector.test",
            Self::SetUpWebhook { .. } => "webhook.set_up",
            Self::RemoveConnector { .. } => "connector.take_away",
        }
    }
}

/// Which calls of the history.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CallFilter {
    /// Only this campaign's.
    pub campaign_id: Option<CampaignId>,
    /// Only this contact's.
    pub contact_id: Option<ContactId>,
    /// Only this outcome.
    pub outcome: Option<Outcome>,
    /// Only this emotion.
    pub emotion: Option<Emotion>,
    /// Only this status.
    pub status: Option<CallStatus>,
    /// Only those in which this agent talked.
    pub agent: Option<String>,
    /// Not before.
    pub from: Option<DateTime<Utc>>,
    /// Before.
    pub to: Option<DateTime<Utc>>,
    /// At most so many, 1–500; 50 unless told.
    pub limit: Option<u32>,
    /// Leave out so many. For existing users; it costs what it leaves out.
    pub offset: Option<u32>,
    /// After this place: the cursor that came with the page before.
    pub after: Option<String>,
    /// Only calls in which all of these words were said, or stand in the name. Latest end first.
    pub text: Option<String>,
}

/// A question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum Query {
    /// Calls of the past, newest first.
    History {
        /// Which.
        #[serde(default)]
        filter: CallFilter,
    },
    /// The whole conversation of one call.
    Conversation {
        /// Which.
        call_id: CallId,
    },
    /// What an agent chooses from in a campaign: dispositions and pause codes.
    Choices {
        /// Which campaign; those of all campaigns unless told.
        #[serde(default)]
        campaign_id: Option<CampaignId>,
    },
    /// A contact with its fields, its last calls, and what the law says of a call now.
    Lead {
        /// Which.
        contact_id: ContactId,
    },
    /// Callbacks that are to be kept: one's own and anyone's; all of them for who steers agents. The next due first.
    Callbacks,
    /// How leads of VICIdials are kept the same as contacts here.
    LeadSyncs,
    /// Dialpad's calls, agents and counts, as they are stored here.
    Dialpad {
        /// Which.
        #[serde(default)]
        filter: crate::dialpad::DialpadFilter,
    },
    /// All that is known of one of Dialpad's calls; its transcript is fetched where it is not here yet.
    DialpadCall {
        /// Its id.
        id: String,
    },
    /// What the connectors let us do, each tried now; it takes seconds.
    Capabilities,
    /// Why a number was called, or not.
    Why {
        /// The number, in any usual form.
        phone: String,
    },
    /// What the knowledge base holds for a campaign's calls.
    Knowledge {
        /// Which campaign.
        campaign_id: CampaignId,
    },
    /// A day in figures.
    Dashboard,
    /// How the server itself is: its load, and, for who may read them, its log and what was done.
    Standing,
    /// Caller IDs, and how they do.
    Numbers,
    /// What the server is connected to.
    Connectors,
    /// What a campaign's calls teach.
    Lessons {
        /// Which campaign.
        campaign_id: CampaignId,
    },
    /// What an agent says in a campaign's calls: its script, filled for a contact.
    Script {
        /// Which campaign.
        campaign_id: CampaignId,
        /// For whom it is filled.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        contact_id: Option<ContactId>,
    },
    /// What starting a queue would cost, before it is started.
    Estimate {
        /// Which campaign.
        campaign_id: CampaignId,
    },
}
