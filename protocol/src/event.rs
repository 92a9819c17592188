//! Events: what happened, in the order in which it was committed.

use crate::{
    AgentRow, CallId, CallStatus, CallbackId, CampaignId, ContactStatus, Emotion, Intent, MonitorMode,
    OrganizationId, Outcome, Part, QueueState, Speaker, UserId,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

/// Something that happened, already durable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Event {
    /// Position in commit order, without gaps. A console resumes after the last one it has seen.
    pub seq: i64,
    /// When it happened, by the server's clock.
    pub at: DateTime<Utc>,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// The campaign it belongs to, if any.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub campaign_id: Option<CampaignId>,
    /// The call it belongs to, if any.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub call_id: Option<CallId>,
    /// What happened.
    #[serde(flatten)]
    pub body: EventBody,
}

/// What happened. The first four names are those that existing users know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum EventBody {
    /// An attempt was committed; the telephony hears of it next.
    CallStarted {
        /// Contact's display name.
        name: String,
        /// Contact's company, possibly empty.
        company: String,
        /// Number called, E.164.
        phone: String,
        /// Attempt number for this contact, from 1.
        attempt: i32,
    },
    /// A call's status changed, or it began to ring.
    CallStatusUpdate {
        /// New status.
        status: CallStatus,
        /// A word more, such as `ringing`; possibly empty.
        detail: String,
    },
    /// One side has spoken, or an exchange is complete.
    ConversationTurn {
        /// Which side spoke; `None` once the whole exchange is known and `exchange` is filled.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        speaker: Option<Speaker>,
        /// Turn number, from 1 (the opening).
        turn: i32,
        /// What was said.
        text: String,
        /// The whole exchange as stored, once it is complete.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        exchange: Option<Exchange>,
    },
    /// A call is over.
    CallEnded {
        /// Final status.
        status: CallStatus,
        /// What came of it.
        outcome: Outcome,
        /// Seconds from answer to end; 0 when nobody answered.
        duration: i32,
        /// The conversation, line by line.
        transcript: String,
        /// Cost by the rate table, in the table's currency.
        cost: f64,
        /// Emotion at the end.
        emotion: Emotion,
        /// What becomes of the contact.
        contact_status: ContactStatus,
    },
    /// A queue changed its state.
    QueueStatusUpdate {
        /// The new state.
        state: QueueState,
        /// Why, in words.
        reason: String,
        /// When it next acts by itself, if known.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        next_call_at: Option<DateTime<Utc>>,
        /// Counts at that moment.
        counts: CallCounts,
    },
    /// A contact was held by a rule.
    ContactHeld {
        /// Why, in words, with when it opens.
        reason: String,
    },
    /// A number was put on a do-not-call list; every campaign obeys.
    DoNotCallAdded {
        /// Where it came from: `voice`, `api`, `import`, `console`.
        source: String,
    },
    /// A campaign was created, edited or deleted: ask again.
    CampaignChanged {
        /// Name of the campaign.
        name: String,
        /// `created`, `updated` or `deleted`.
        change: String,
    },
    /// A supervisor is in a call, or has left it.
    CallMonitored {
        /// Who.
        by: String,
        /// How; none: they have left.
        mode: Option<MonitorMode>,
    },
    /// A language model used a tool in a call.
    ToolUsed {
        /// Which.
        tool: String,
        /// What it was given, JSON.
        arguments: String,
        /// `done`, or why it was refused.
        result: String,
    },
    /// Contacts of a campaign are to be called again as if new.
    ListReset {
        /// How many.
        contacts: i64,
    },
    /// Contacts came in.
    ContactsImported {
        /// How many are new.
        imported: i64,
        /// How many lines were refused.
        rejected: i64,
    },
    /// A disposition, pause code, knowledge-base entry, agent or webhook was saved or deleted: ask again.
    CatalogChanged {
        /// Which noun: `disposition`, `pause_code` …
        kind: String,
        /// Its name.
        name: String,
        /// `saved` or `deleted`.
        change: String,
    },
    /// A callback was promised, moved, kept or called off.
    CallbackChanged {
        /// Which.
        callback_id: CallbackId,
        /// When it is due.
        due_at: DateTime<Utc>,
        /// `pending`, `done` or `cancelled`.
        change: String,
    },
    /// Consent for a number was given or withdrawn; every campaign obeys.
    ConsentChanged {
        /// Given, or withdrawn.
        given: bool,
    },
    /// An agent logged in or out, or does something else than before.
    AgentStatusUpdate {
        /// The agent as they are now.
        agent: AgentRow,
    },
    /// An AI caller hands a person over to an agent.
    CallHandedOver {
        /// To whom.
        agent: String,
        /// What the AI caller found out, in a sentence.
        summary: String,
    },
    /// An agent said what came of a call.
    CallDisposed {
        /// The disposition's code.
        disposition: String,
        /// What it stands for.
        outcome: Outcome,
        /// Who said so.
        agent: String,
        /// What becomes of the contact.
        contact_status: ContactStatus,
    },
    /// A supervisor has something to say to an agent.
    MessageSent {
        /// To whom.
        to: UserId,
        /// From whom.
        from: String,
        /// What.
        text: String,
    },
    /// A function of a VICIdial was called to change something, or it is known now what came of it.
    VicidialAction {
        /// Which VICIdial.
        vicidial: String,
        /// The function.
        function: String,
        /// Whom or what it is about: an agent's user, a lead's id.
        target: String,
        /// How far it got.
        progress: crate::vicidial::Progress,
        /// Who asked for it.
        by: String,
    },
    /// It stands otherwise with Dialpad, or there is more of it to see.
    DialpadUpdate {
        /// How it stands.
        status: crate::dialpad::Status,
    },
    /// A part of the server (Asterisk, recogniser, voice …) changed its state.
    PartStatusUpdate {
        /// The part as it is now.
        part: Part,
    },
}

impl Event {
    /// Whether somebody may be told: what is said to one person is for nobody else.
    pub fn is_for(&self, user: UserId) -> bool {
        !matches!(&self.body, EventBody::MessageSent { to, .. } if *to != user)
    }

    /// Whether all who may see its campaign may be told.
    pub const fn is_for_all(&self) -> bool {
        !matches!(self.body, EventBody::MessageSent { .. })
    }
}

impl EventBody {
    /// All types, as they stand on the wire.
    pub const KINDS: &[&str] = Self::VARIANTS;

    /// Its type, as it stands on the wire.
    pub fn kind(&self) -> &'static str {
        self.into()
    }
}

/// What a queue has done so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CallCounts {
    /// Contacts in the campaign.
    pub total: i64,
    /// Contacts that need no further call.
    pub processed: i64,
    /// Contacts whose call was a success.
    pub successful: i64,
    /// Contacts whose attempts all failed.
    pub failed: i64,
    /// Contacts that a rule holds now.
    pub held: i64,
}

/// One exchange, as stored in `call_events` under `ai_conversation`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Exchange {
    /// What the person said; empty for the opening.
    pub user_input: String,
    /// What we answered.
    pub ai_response: String,
    /// Turn number, from 1 (the opening).
    pub turn: i32,
    /// Emotion heard.
    pub emotion: Emotion,
    /// Intent heard.
    pub intent: Intent,
    /// Confidence in the intent, 0–1.
    pub confidence: f64,
    /// Where the time went.
    #[serde(default)]
    pub latency: TurnLatency,
    /// When.
    pub timestamp: DateTime<Utc>,
}

/// Where the time of a turn went, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TurnLatency {
    /// From the end of what the person said to the first sound of the answer.
    #[serde(default)]
    pub total_ms: u32,
    /// From the end of speech until we took it for the end.
    pub endpoint_ms: u32,
    /// Recognition.
    pub recognise_ms: u32,
    /// Deciding what to answer.
    pub think_ms: u32,
    /// From the words to the first sound.
    pub synthesise_ms: u32,
}

impl TurnLatency {
    /// What of the total is neither waiting, nor a provider's: our own.
    pub fn overhead_ms(&self) -> u32 {
        let others = [self.endpoint_ms, self.recognise_ms, self.think_ms, self.synthesise_ms];
        self.total_ms.saturating_sub(others.iter().sum())
    }
}

#[cfg(test)]
mod tests {
    use super::EventBody;

    #[test]
    fn the_kind_is_the_type_on_the_wire() {
        for body in [
            EventBody::DoNotCallAdded { source: "api".into() },
            EventBody::CallMonitored { by: "sue".into(), mode: Some(crate::MonitorMode::Listen) },
            EventBody::ToolUsed { tool: "transfer".into(), arguments: "{}".into(), result: "done".into() },
            EventBody::ListReset { contacts: 1 },
            EventBody::ContactsImported { imported: 1, rejected: 0 },
            EventBody::ConsentChanged { given: true },
        ] {
            assert_eq!(serde_json::to_value(&body).unwrap()["type"], body.kind());
        }
    }
}
