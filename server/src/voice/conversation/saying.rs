//! What we say: begun, completed when it was heard or cut short, and the last of it when the conversation is cut off.

use super::listening::Asked;
use super::{Talk, millis};
use crate::domain::plain;
use crate::voice::dialogue::{Move, sentences};
use crate::voice::media::Clip;
use crate::voice::recognise::Recognition;
use crate::voice::synthesise::SynthesiseError;
use chrono::Utc;
use dialdeck_protocol::{Emotion, Exchange, Intent, Outcome, Speaker, TurnLatency};
use std::time::{Duration, Instant};

/// How long somebody who was told that a key ends all calls has to press it.
const LINGER: Duration = Duration::from_secs(3);
/// How long a language model may take to say whether last words asked not to be called again: while the line is still open, and
/// once it is not.
const SOON: Duration = Duration::from_secs(4);
const LATE: Duration = Duration::from_secs(12);
/// What is said where an answer takes long.
const ONE_MOMENT: &str = "One moment, please.";

/// What we are about to say or are saying, with the turn it answers.
pub(super) struct Saying {
    pub(super) text: String,
    pub(super) user_input: String,
    pub(super) turn: Move,
    pub(super) latency: TurnLatency,
    /// When the person ended what this answers.
    pub(super) since: Option<Instant>,
    /// What the law wants said: it is spoken to its end, and the opening follows.
    pub(super) is_disclosure: bool,
}

impl Saying {
    pub(super) fn opening(text: String) -> Self {
        let turn = Move {
            intent: Intent::Unclear,
            confidence: 0.0,
            emotion: Emotion::Neutral,
            say: text.clone(),
            end: None,
            do_not_call: false,
        };
        let (user_input, latency) = (String::new(), TurnLatency::default());
        Self { text, user_input, turn, latency, since: None, is_disclosure: false }
    }
}

impl Talk<'_> {
    /// Whoever waits for an answer is not left in silence.
    pub(super) async fn excuse(&mut self, now: Instant) {
        let late =
            self.waits_since.is_some_and(|since| now.duration_since(since) >= self.providers.timing.excuse);
        let works = self.recognising.is_some() || self.thinking.is_some();
        if late && works && !self.excused && !self.speech.is_busy() && self.ear.speaking_for().is_none() {
            self.excused = true;
            self.scribe.spoken(Speaker::Ai, self.dialogue.turn(), ONE_MOMENT).await;
            if self.saying.is_some() {
                self.complete().await;
            }
            self.speech.excuse(ONE_MOMENT);
        }
    }

    /// Last words, and what the law wants said, are spoken to their end; everything else gives way.
    pub(super) fn interruptible(&self) -> bool {
        self.saying.as_ref().is_none_or(|s| s.turn.end.is_none() && !s.is_disclosure)
    }

    /// Answers by the script.
    pub(super) async fn answer(&mut self, heard: &Recognition, latency: TurnLatency) -> Option<Outcome> {
        let begun = Instant::now();
        let user_input = plain::line(&heard.text, 2000);
        let turn = self.dialogue.answer(heard);
        let latency = TurnLatency { think_ms: millis(begun.elapsed()), ..latency };
        self.reply(user_input, turn, latency).await
    }

    pub(super) async fn reply(
        &mut self,
        user_input: String,
        turn: Move,
        latency: TurnLatency,
    ) -> Option<Outcome> {
        if turn.end == Some(Outcome::Voicemail) {
            return self.met_machine(user_input, turn).await;
        }
        if self.saying.is_some() {
            self.complete().await;
        }
        self.opening = false;
        if turn.do_not_call {
            self.refused = true;
            self.scribe.do_not_call().await;
        }
        if !user_input.is_empty() {
            self.scribe.spoken(Speaker::Customer, self.dialogue.turn(), &user_input).await;
            if let Some(minded) = &mut self.minded {
                minded.mind.heard(&user_input);
            }
        }
        let text = turn.say.clone();
        let since = self.waits_since.take();
        let saying = Saying { text, user_input, turn, latency, since, is_disclosure: false };
        self.reply_with(saying).await
    }

    /// Says it; where there is nothing to say the turn is over at once, and maybe the call.
    pub(super) async fn reply_with(&mut self, saying: Saying) -> Option<Outcome> {
        if saying.text.is_empty() {
            let end = saying.turn.end;
            self.saying = Some(saying);
            self.complete().await;
            return end;
        }
        self.say(saying).await;
        None
    }

    pub(super) async fn say(&mut self, saying: Saying) {
        let linger = self.lingers.then_some(LINGER);
        self.speech.begin(sentences::whole(&saying.text), false, linger);
        self.scribe.spoken(Speaker::Ai, self.dialogue.turn(), &saying.text).await;
        self.saying = Some(saying);
        self.lively = Instant::now();
    }

    /// A clip was made, or could not be.
    pub(super) async fn made(&mut self, made: Result<Clip, SynthesiseError>) -> Option<Outcome> {
        let why = match made {
            Ok(clip) if matches!(clip, Clip::Words(_)) == self.words => return None,
            Ok(_) => "the voice does not fit the call".to_owned(),
            Err(error) => error.to_string(),
        };
        // Without a voice there is nothing to hold a conversation with; silence would be worse than an end.
        tracing::error!(error = why, "cannot speak");
        Some(self.leave("no_voice").await)
    }

    /// What was said has ended, or was cut short.
    pub(super) async fn fell_silent(&mut self) -> Option<Outcome> {
        let end = self.saying.as_ref().and_then(|s| s.turn.end);
        let was_disclosure = self.saying.as_ref().is_some_and(|s| s.is_disclosure);
        self.complete().await;
        self.lively = Instant::now();
        if was_disclosure {
            self.announced = true;
            self.opening = true;
            self.say(Saying::opening(self.dialogue.opening())).await;
            return None;
        }
        match end {
            Some(end) if end != Outcome::DoNotCall => {
                // Whoever is put through waits; for all others the call is over.
                let asked = if end == Outcome::Transferred { Asked::RulesAtOnce } else { Asked::Model(SOON) };
                Some(self.obeyed_last_words(asked).await.unwrap_or(end))
            }
            other => other,
        }
    }

    /// Writes down the exchange that is being spoken: what of it was begun.
    pub(super) async fn complete(&mut self) {
        self.opening = false;
        let Some(mut saying) = self.saying.take() else { return };
        let said = self.speech.said();
        if let Some(first) = self.speech.first_made() {
            saying.latency.synthesise_ms = millis(first);
        }
        if let (Some(since), Some(begun)) = (saying.since, self.speech.begun()) {
            saying.latency.total_ms = millis(begun.saturating_duration_since(since));
        }
        let ai_response = if said.is_empty() && saying.turn.end.is_some() { saying.text } else { said };
        self.speech.begin(Vec::new(), false, None);
        if let Some(minded) = &mut self.minded {
            minded.mind.said(&ai_response);
        }
        let exchange = Exchange {
            user_input: saying.user_input,
            ai_response,
            turn: self.exchanges.last().map_or(1, |e| e.turn + 1),
            emotion: saying.turn.emotion,
            intent: saying.turn.intent,
            confidence: saying.turn.confidence,
            latency: saying.latency,
            timestamp: Utc::now(),
        };
        self.scribe.exchanged(&exchange).await;
        self.exchanges.push(exchange);
    }

    /// The conversation is cut off, by whoever.
    pub(super) async fn leave(&mut self, why: &'static str) -> Outcome {
        self.ended = why;
        self.speech.stop();
        // Nobody waits where they hung up: all providers in the order may be asked.
        let asked = match why {
            "hung_up" => Asked::Model(LATE),
            "ended_by_us" => Asked::RulesAtOnce,
            _ => Asked::Rules,
        };
        let refused = self.last_words_refuse(asked).await;
        let settled = self.saying.as_ref().and_then(|s| s.turn.end);
        self.complete().await;
        let (outcome, do_not_call) = self.dialogue.hung_up();
        if refused || do_not_call {
            self.refused = true;
            self.scribe.do_not_call().await;
            return Outcome::DoNotCall;
        }
        let found = self.disposition.filter(|_| outcome == Outcome::HungUp);
        // Whoever hung up before they were put through was not.
        let settled = match settled {
            Some(Outcome::Transferred) => found.or(Some(Outcome::HungUp)),
            other => other,
        };
        match why {
            "no_voice" if settled.is_none() => Outcome::Error,
            _ if settled.is_none() && found.is_some() => found.unwrap_or(outcome),
            "too_long" | "ended_by_us" | "dead_line" if outcome == Outcome::HungUp => Outcome::Unclear,
            _ => settled.unwrap_or(outcome),
        }
    }
}
