//! What a conversation is held with, where it is written down, and what comes of it.

use crate::recordings::Tap;
use crate::voice::detector::Detection;
use crate::voice::dialogue::mind::{Chat, Mind};
use crate::voice::recognise::Recogniser;
use crate::voice::synthesise::{Synthesiser, Voice};
use crate::voice::timing::Timing;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use dialdeck_protocol::{Exchange, Outcome, Speaker};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Writes down what happens, as it happens. What it returns from is durable.
#[async_trait]
pub trait Scribe: Send + Sync {
    /// One side speaks.
    async fn spoken(&self, speaker: Speaker, turn: i32, text: &str);
    /// An exchange is complete.
    async fn exchanged(&self, exchange: &Exchange);
    /// The number is never to be called again. Returns once that is so.
    async fn do_not_call(&self);
    /// A language model called a tool; what came of it.
    async fn tool(&self, name: &str, arguments: &str, result: &str);
}

/// What a conversation is held with.
#[derive(Clone)]
pub struct Providers {
    /// Speech to words.
    pub recogniser: Arc<dyn Recogniser>,
    /// Words to speech.
    pub synthesiser: Arc<dyn Synthesiser>,
    /// Which voice.
    pub voice: Voice,
    /// A language model that holds the conversation; none: the script alone does.
    pub chat: Option<Arc<dyn Chat>>,
    /// How long it waits for what.
    pub timing: Timing,
    /// How voice is told from noise.
    pub detection: Detection,
    /// Where it is recorded, if it is.
    pub tap: Option<Tap>,
}

/// What a language model is given to hold a conversation with.
pub struct Minded {
    /// Its memory.
    pub mind: Mind,
    /// Where the person is.
    pub zone: Option<Tz>,
}

/// What came of a conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// What came of it.
    pub outcome: Outcome,
    /// What was said.
    pub exchanges: Vec<Exchange>,
    /// Why it ended, in a word: `done`, `hung_up`, `ended_by_us`, `too_long`, `no_voice`, `dead_line`; `message_left` on a machine, `no_tone`
    /// where it never came to its end.
    pub ended: &'static str,
    /// Times the person interrupted us.
    pub interruptions: u32,
    /// How long we spoke.
    pub talked: Duration,
    /// How long they did.
    pub listened: Duration,
    /// Longest time in which neither did.
    pub dead_air: Duration,
    /// Whether the person asked not to be called again, whatever else came of it.
    pub do_not_call: bool,
    /// When they want to be called back.
    pub callback_at: Option<DateTime<Utc>>,
    /// Whether what the law and the campaign want said first was said to its end.
    pub announced: bool,
    /// Whether nothing of ours was taken any more at its end, and for how long: then what was silent was the line.
    pub not_taken: Option<Duration>,
    /// What the script asked for and was told, by field.
    pub answers: BTreeMap<String, String>,
}

impl Default for Report {
    /// Nothing was said.
    fn default() -> Self {
        Self {
            outcome: Outcome::Unclear,
            exchanges: Vec::new(),
            ended: "done",
            interruptions: 0,
            talked: Duration::ZERO,
            listened: Duration::ZERO,
            dead_air: Duration::ZERO,
            do_not_call: false,
            callback_at: None,
            announced: false,
            not_taken: None,
            answers: BTreeMap::new(),
        }
    }
}
