//! Changes to the record, as values: what the journal commits and what becomes of each.

use super::agents::{Dispose, SeatRow};
use super::keeping::EntryRow;
use super::leads::ForeignCall;
use crate::domain::callback::Callback;
use crate::domain::campaign::{Campaign, PhoneNumber};
use crate::domain::contact::{Consent, NewContact};
use crate::domain::debt::Subject;
use crate::domain::do_not_call::Listing;
use crate::domain::ending::ContactAfter;
use crate::domain::gate::Decision;
use crate::domain::numbers::Turn;
use crate::domain::script::Script;
use chrono::{DateTime, Utc};
use dialdeck_protocol::{
    CallId, CallStatus, CampaignId, ContactId, ContactStatus, Emotion, Event, EventBody, Exchange,
    MonitorMode, OrganizationId, Outcome, Part, PhoneNumberId, QueueState, ScriptId, Speaker, Taker, UserId,
};
use std::collections::BTreeMap;

/// Which call, of which campaign, behind which wall.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallKey {
    /// Call.
    pub call_id: CallId,
    /// Campaign.
    pub campaign_id: CampaignId,
    /// Organization.
    pub organization_id: OrganizationId,
}

/// An attempt, committed before the telephony hears of it.
#[derive(Debug, Clone)]
pub struct BeginAttempt {
    /// The call.
    pub key: CallKey,
    /// Whom.
    pub contact_id: ContactId,
    /// Display name.
    pub name: String,
    /// Company.
    pub company: String,
    /// Number to call, E.164.
    pub to: String,
    /// Caller ID.
    pub from: String,
    /// Attempt number, from 1.
    pub attempt: i32,
    /// Channel id of our own choosing.
    pub channel_id: String,
    /// The server that places it.
    pub owner: String,
    /// Why it is allowed.
    pub decision: Decision,
    /// Who takes it; an artificial voice takes consent.
    pub taker: Taker,
    /// Since when nobody may have waited in vain for an agent on a call to this number; `None`: it does not matter.
    pub rested_since: Option<DateTime<Utc>>,
    /// Whether a person asked for this very call: then a contact that is done with may be called, too.
    pub by_hand: bool,
    /// Caps of the law: since when calls to the number count, and how many there may be. Asked once more in the commit.
    pub caps: Vec<(DateTime<Utc>, u32)>,
    /// What the call is about, where the law counts by that, with its own caps.
    pub subject: Option<Subject>,
    /// When.
    pub at: DateTime<Utc>,
}

/// The end of a call.
#[derive(Debug, Clone)]
pub struct EndCall {
    /// The call.
    pub key: CallKey,
    /// Whom.
    pub contact_id: ContactId,
    /// Final status.
    pub status: CallStatus,
    /// What came of it.
    pub outcome: Outcome,
    /// Seconds from answer to end.
    pub duration: i32,
    /// Conversation, line by line.
    pub transcript: String,
    /// Emotion at the end.
    pub emotion: Emotion,
    /// How sure we are of the last intent, 0–1.
    pub intent_score: f64,
    /// Estimated satisfaction, 1–5.
    pub csat_score: Option<i32>,
    /// What the voice loop noticed.
    pub insights: serde_json::Value,
    /// In whose words; none: the shipped ones, or nobody talked.
    pub script_id: Option<ScriptId>,
    /// The step of the script at which it ended; none where nobody talked.
    pub last_step: Option<String>,
    /// Cost.
    pub cost: f64,
    /// A word more: the telephony's cause.
    pub detail: String,
    /// What becomes of the contact.
    pub contact: ContactAfter,
    /// What becomes of its numbers; `None`: they stay as they are.
    pub numbers: Option<Turn>,
    /// When somebody answered, where it was not written down before.
    pub answered_at: Option<DateTime<Utc>>,
    /// Answered by a person for whom no agent was free in time.
    pub abandoned: bool,
    /// The VICIdial whose agent said what came of it; empty: it was said here.
    pub said_by: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// A line of the audit log.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct AuditEntry {
    /// Behind which wall.
    pub organization_id: OrganizationId,
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub actor: String,
    /// What, such as `queue.start`.
    pub command: String,
    /// On what.
    pub target: String,
    /// With what.
    pub detail: serde_json::Value,
    /// What came of it: `done`, or the problem's code and message.
    pub result: String,
}

/// A line of the audit log as it stands there.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct AuditLine {
    /// Number.
    pub id: i64,
    /// The line.
    #[serde(flatten)]
    pub entry: AuditEntry,
    /// Hash of the line before it, whosever that is.
    pub previous_hash: String,
    /// Hash over that and this line.
    pub hash: String,
}

/// Settings of a queue's start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueStart {
    /// Caller ID.
    pub phone_number_id: Option<PhoneNumberId>,
    /// Pause after so many calls.
    pub review_after: Option<i32>,
}

/// One change. Those that concern others make an event of it.
#[allow(missing_docs, reason = "the variant says what its fields are")]
#[derive(Debug, Clone)]
pub enum Change {
    /// A new attempt. Refused when the contact is not callable, the number is on the do-not-call list, or a call to
    /// it is in flight.
    BeginAttempt(Box<BeginAttempt>),
    /// A call rings, or was answered. Refused once the call is over.
    CallStatus { key: CallKey, status: CallStatus, detail: String, at: DateTime<Utc> },
    /// One side has spoken.
    Spoken { key: CallKey, speaker: Speaker, turn: i32, text: String, at: DateTime<Utc> },
    /// An exchange is complete.
    Exchanged { key: CallKey, exchange: Exchange },
    /// A call is over. Refused when it was over already.
    EndCall(Box<EndCall>),
    /// A rule holds a contact.
    Hold {
        organization_id: OrganizationId,
        campaign_id: CampaignId,
        contact_id: ContactId,
        phone: String,
        decision: Decision,
    },
    /// Another call to the same number is in flight: look again later.
    Postpone { contact_id: ContactId, until: DateTime<Utc> },
    /// A queue's state.
    Queue {
        organization_id: OrganizationId,
        campaign_id: CampaignId,
        state: QueueState,
        reason: String,
        next_call_at: Option<DateTime<Utc>>,
        /// Filled when a person starts it.
        start: Option<QueueStart>,
        at: DateTime<Utc>,
    },
    /// A number is not to be called again.
    DoNotCall(Box<Listing>),
    /// Many numbers are not to be called again: each goes where `listing` would.
    DoNotCallList { listing: Box<Listing>, phones: Vec<String> },
    /// A campaign: a new one, or one that was as `before` when somebody changed it. Refused where it is not so any more.
    SaveCampaign { campaign: Box<Campaign>, before: Option<Box<Campaign>>, at: DateTime<Utc> },
    /// A campaign goes, with its contacts. Refused while a call of it is in flight.
    DeleteCampaign {
        organization_id: OrganizationId,
        campaign_id: CampaignId,
        name: String,
        at: DateTime<Utc>,
    },
    /// A script, new or changed.
    SaveScript {
        organization_id: OrganizationId,
        id: ScriptId,
        name: String,
        script: Box<Script>,
        at: DateTime<Utc>,
    },
    /// A script goes. Refused while a campaign uses it.
    DeleteScript { organization_id: OrganizationId, id: ScriptId },
    /// A caller ID, new or changed.
    SavePhoneNumber { organization_id: OrganizationId, number: PhoneNumber, at: DateTime<Utc> },
    /// A caller ID goes. Refused while something uses it.
    DeletePhoneNumber { organization_id: OrganizationId, id: PhoneNumberId },
    /// A contact's person is changed; the gate looks at it afresh.
    SaveContact {
        organization_id: OrganizationId,
        contact_id: ContactId,
        person: Box<NewContact>,
        /// Whether consent is among what is changed; what stands there stays otherwise.
        with_consent: bool,
        at: DateTime<Utc>,
    },
    /// What somebody said in a call when asked for it: kept with the contact, if it is still there.
    FillFields {
        organization_id: OrganizationId,
        contact_id: ContactId,
        /// By custom field; `email` is the contact's address.
        fields: BTreeMap<String, String>,
        at: DateTime<Utc>,
    },
    /// A contact goes. Refused while a call to it is in flight.
    DeleteContact { organization_id: OrganizationId, contact_id: ContactId },
    /// Contacts came in.
    Imported {
        organization_id: OrganizationId,
        campaign_id: CampaignId,
        imported: i64,
        rejected: i64,
        at: DateTime<Utc>,
    },
    /// An entry of the catalog, new or changed. Refused when another of its kind has the name.
    SaveEntry { entry: Box<EntryRow>, at: DateTime<Utc> },
    /// An entry of the catalog goes.
    DeleteEntry { entry: Box<EntryRow>, at: DateTime<Utc> },
    /// A callback, new or changed.
    SaveCallback { callback: Box<Callback>, at: DateTime<Utc> },
    /// Consent for a number is given, or (`None`) withdrawn. Refused when no contact has it.
    SetConsent { organization_id: OrganizationId, phone: String, consent: Option<Consent>, at: DateTime<Utc> },
    /// A contact that is done with is to be called again. Refused when it is on the do-not-call list or in a call.
    ResetContact { organization_id: OrganizationId, contact_id: ContactId, at: DateTime<Utc> },
    /// A supervisor is in a call, or (`None`) has left it.
    Monitored { key: CallKey, by: String, mode: Option<MonitorMode>, at: DateTime<Utc> },
    /// A language model used a tool.
    ToolUsed { key: CallKey, tool: String, arguments: String, result: String, at: DateTime<Utc> },
    /// The contacts of a campaign in these states are to be called again as if new; who is on a list stays there.
    ResetList {
        organization_id: OrganizationId,
        campaign_id: CampaignId,
        statuses: Vec<ContactStatus>,
        at: DateTime<Utc>,
    },
    /// An agent's place. An older version is passed over.
    Seat { seat: Box<SeatRow>, at: DateTime<Utc> },
    /// A person and an agent hear each other. Refused once the call is over.
    Connected { key: CallKey, user_id: Option<UserId>, agent: String, summary: String, at: DateTime<Utc> },
    /// An agent said what came of a call. Refused when it is not theirs.
    Dispose(Box<Dispose>),
    /// Somebody says something to an agent.
    Message { organization_id: OrganizationId, to: UserId, from: String, text: String, at: DateTime<Utc> },
    /// A function of a VICIdial was called, or it is known what came of it.
    Vicidial(Box<VicidialDeed>),
    /// It stands otherwise with Dialpad.
    Dialpad {
        organization_id: OrganizationId,
        status: Box<dialdeck_protocol::dialpad::Status>,
        at: DateTime<Utc>,
    },
    /// A disposition was set in a VICIdial.
    ForeignCall(Box<ForeignCall>),
    /// A part of the server changed its state; every organization hears of it.
    Part { part: Part, at: DateTime<Utc> },
    /// Keep a recording's place.
    SaveRecording(Box<super::recordings::RecordingRow>),
    /// A recording is gone from its shelf.
    ForgetRecording {
        /// Of which call.
        call_id: CallId,
    },
    /// A command, for the audit log.
    Audit(AuditEntry),
}

/// What was asked of a VICIdial, and how far it got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VicidialDeed {
    /// Behind whose wall.
    pub organization_id: OrganizationId,
    /// Which VICIdial.
    pub vicidial: String,
    /// The function.
    pub function: String,
    /// Whom or what it is about.
    pub target: String,
    /// How far it got.
    pub progress: dialdeck_protocol::vicidial::Progress,
    /// Who asked.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// Why a deed was refused. Nothing of it was stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The contact is not callable any more.
    #[error("the contact is not callable any more")]
    NotCallable,
    /// Another call to the number is in flight.
    #[error("another call to this number is in flight")]
    NumberBusy,
    /// The number is on the do-not-call list.
    #[error("the number is on the do-not-call list")]
    DoNotCall,
    /// The number was called as often as the law allows.
    #[error("the number was called as often as the law allows for now")]
    Capped,
    /// Somebody at this number waited for an agent in vain, and may for a while be called only with one reserved.
    #[error(
        "somebody at this number waited for an agent in vain; for now it takes an agent reserved for them"
    )]
    LetDown,
    /// The call was settled before.
    #[error("the call is over already")]
    Settled,
    /// It is not there.
    #[error("{0} was not found")]
    NotFound(&'static str),
    /// It is not as it was when it was read.
    #[error("{0} was changed by somebody else meanwhile; look at it and try again")]
    Changed(&'static str),
    /// It is in use.
    #[error("{0}")]
    InUse(&'static str),
}

impl From<Refusal> for dialdeck_protocol::Problem {
    fn from(refusal: Refusal) -> Self {
        use dialdeck_protocol::Code;
        let code = if matches!(refusal, Refusal::NotFound(_)) { Code::NotFound } else { Code::Conflict };
        Self::new(code, refusal.to_string())
    }
}

/// An event without its number yet. The empty organization stands for all of them.
#[derive(Debug, Clone)]
pub struct Happening {
    /// Behind which wall.
    pub organization_id: OrganizationId,
    /// Of which campaign.
    pub campaign_id: Option<CampaignId>,
    /// Of which call.
    pub call_id: Option<CallId>,
    /// When.
    pub at: DateTime<Utc>,
    /// What.
    pub body: EventBody,
}

impl Happening {
    /// Of a call.
    pub fn of_call(key: &CallKey, at: DateTime<Utc>, body: EventBody) -> Self {
        Self {
            organization_id: key.organization_id.clone(),
            campaign_id: Some(key.campaign_id),
            call_id: Some(key.call_id.clone()),
            at,
            body,
        }
    }

    /// Of a campaign.
    pub fn of_campaign(
        organization_id: &OrganizationId,
        campaign_id: CampaignId,
        at: DateTime<Utc>,
        body: EventBody,
    ) -> Self {
        Self {
            organization_id: organization_id.clone(),
            campaign_id: Some(campaign_id),
            call_id: None,
            at,
            body,
        }
    }

    /// With its place in commit order.
    pub fn numbered(self, seq: i64) -> Event {
        Event {
            seq,
            at: self.at,
            organization_id: self.organization_id,
            campaign_id: self.campaign_id,
            call_id: self.call_id,
            body: self.body,
        }
    }
}
