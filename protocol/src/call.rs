//! The words of a call: status, outcome, emotion, intent.

use crate::vocabulary::vocabulary;
use serde::{Deserialize, Serialize};

vocabulary! {
    /// Where a call is. The words are those that existing users' SQL asks for.
    CallStatus, "status" {
        /// Committed, and perhaps ringing; nobody has answered yet.
        Initiated = "initiated",
        /// Answered, and talking.
        InProgress = "in_progress",
        /// Over; someone or something had answered.
        Completed = "completed",
        /// Over; nobody had answered.
        Failed = "failed",
    }
}

impl CallStatus {
    /// Whether the call is over.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed)
    }
}

vocabulary! {
    /// What came of a call.
    Outcome, "outcome" {
        /// Wants to go on.
        Interested = "interested",
        /// A meeting or visit was agreed.
        Scheduled = "scheduled",
        /// Asked to be called at another time.
        Callback = "callback",
        /// Declined.
        NotInterested = "not_interested",
        /// Asked never to be called again.
        DoNotCall = "do_not_call",
        /// Not the person we meant.
        WrongNumber = "wrong_number",
        /// Handed to a person.
        Transferred = "transferred",
        /// An answering machine.
        Voicemail = "voicemail",
        /// Answered, and no agent was free in time.
        Abandoned = "abandoned",
        /// Hung up before anything was settled.
        HungUp = "hung_up",
        /// Answered, but we could not tell.
        Unclear = "unclear",
        /// Nobody answered in time.
        NoAnswer = "no_answer",
        /// The line was busy.
        Busy = "busy",
        /// No way through the network.
        Congestion = "congestion",
        /// The number does not exist or cannot be reached.
        BadNumber = "bad_number",
        /// A fault of ours or of the telephony.
        Error = "error",
    }
}

impl Outcome {
    /// Whether somebody or something answered the call.
    pub const fn was_answered(self) -> bool {
        !matches!(self, Self::NoAnswer | Self::Busy | Self::Congestion | Self::BadNumber | Self::Error)
    }

    /// Whether a contact may be called again after it: nobody said no, and nobody said yes.
    pub const fn is_called_again(self) -> bool {
        matches!(
            self,
            Self::Voicemail
                | Self::Abandoned
                | Self::Unclear
                | Self::NoAnswer
                | Self::Busy
                | Self::Congestion
                | Self::Error
        )
    }

    /// What existing users count as a success.
    pub const fn is_success(self) -> bool {
        matches!(self, Self::Interested | Self::Scheduled)
    }
}

vocabulary! {
    /// How the person sounds, judged by words alone.
    Emotion, "emotion" {
        /// Friendly or keen.
        Positive = "positive",
        /// Neither way.
        Neutral = "neutral",
        /// Does not follow.
        Confused = "confused",
        /// Impatient.
        Frustrated = "frustrated",
        /// Angry.
        Angry = "angry",
    }
}

vocabulary! {
    /// What the person meant by a turn.
    Intent, "intent" {
        /// Wants to go on.
        Interested = "interested",
        /// Declines, but leaves the door ajar.
        SoftNo = "soft_no",
        /// Declines for good.
        HardNo = "hard_no",
        /// Wants to be called at another time.
        Callback = "callback",
        /// Too expensive.
        PriceObjection = "price_objection",
        /// Any other objection.
        OtherObjection = "other_objection",
        /// Never call again. Overrides everything.
        DoNotCall = "do_not_call",
        /// Not the person we meant.
        WrongNumber = "wrong_number",
        /// Wants to talk to a person.
        WantsHuman = "wants_human",
        /// An answering machine's greeting.
        Voicemail = "voicemail",
        /// A call-screening assistant.
        ScreeningBot = "screening_bot",
        /// Does not speak the language.
        LanguageBarrier = "language_barrier",
        /// Asks who is calling.
        WhoIsThis = "who_is_this",
        /// Asks about the matter.
        Question = "question",
        /// Yes.
        Yes = "yes",
        /// No.
        No = "no",
        /// Not understood. Never a guess.
        Unclear = "unclear",
    }
}

vocabulary! {
    /// How a supervisor is in a call.
    MonitorMode, "mode" {
        /// Hears both sides.
        Listen = "listen",
        /// The agent hears them, the person does not.
        Whisper = "whisper",
        /// Everybody hears them.
        Barge = "barge",
    }
}

/// Who spoke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Speaker {
    /// The person called.
    Customer,
    /// Dialdeck's voice.
    Ai,
}
