//! A machine answered: its tone is waited for, and a message left; or nothing is said, as the campaign has it.

use super::listening::Asked;
use super::{Saying, Talk};
use crate::voice::dialogue::Move;
use crate::voice::machine::Kind;
use crate::voice::phrases::plain;
use dialdeck_protocol::{Intent, Outcome, Speaker, TurnLatency};
use std::time::Instant;

/// A greeting may come in pieces; whoever is answered more often than this is a person.
const LATEST_TURN: i32 = 3;
/// Times the message is begun once more, because the tone came only while it was spoken.
const AGAIN: u8 = 2;

/// A message that is to be left.
pub(super) struct Message {
    text: String,
    /// When it was known that a machine listens.
    since: Instant,
    /// When the tone was over after which it was spoken.
    tone: Option<Instant>,
    /// Times it was begun.
    begun: u8,
}

impl Talk<'_> {
    /// A machine listens: a message is left, where there is one, and the call is over.
    pub(super) async fn met_machine(&mut self, user_input: String, turn: Move) -> Option<Outcome> {
        self.speech.stop();
        // What is still being recognised stays: it may ask not to be called again.
        self.thinking = None;
        if self.saying.is_some() {
            self.complete().await;
        }
        self.understood = true;
        self.dialogue.settle(Outcome::Voicemail);
        let text = self.to_be_left(&user_input, turn.intent);
        let end = turn.end;
        if !user_input.is_empty() {
            self.scribe.spoken(Speaker::Customer, self.dialogue.turn(), &user_input).await;
        }
        let saying = Saying {
            text: String::new(),
            user_input,
            turn,
            latency: TurnLatency::default(),
            since: None,
            is_disclosure: false,
        };
        self.saying = Some(saying);
        self.complete().await;
        if text.is_empty() {
            return self.obeyed_last_words(Asked::Rules).await.or(end);
        }
        self.message = Some(Message { text, since: Instant::now(), tone: None, begun: 0 });
        None
    }

    /// On every beat while a machine listens.
    pub(super) async fn leave_message(&mut self, now: Instant) -> Option<Outcome> {
        let (beeped, last_voice) = (self.answerer.beeped(), self.ear.last_voice());
        let timing = self.providers.timing;
        let message = self.message.as_mut()?;
        let tone = beeped.filter(|_| beeped != message.tone && message.begun <= AGAIN);
        if let Some(over) = tone {
            // What was said until now is not recorded.
            self.speech.stop();
            if now.saturating_duration_since(over) >= timing.after_tone {
                message.tone = beeped;
                return self.say_message().await;
            }
            return None;
        }
        if message.begun > 0 {
            if self.speech.is_busy() {
                return None;
            }
            self.complete().await;
            self.ended = "message_left";
            return self.over_with_machine().await;
        }
        let quiet_since = last_voice.map_or(message.since, |at| at.max(message.since));
        if now.saturating_duration_since(quiet_since) >= timing.no_tone {
            return self.say_message().await;
        }
        if now.saturating_duration_since(message.since) >= timing.greeting {
            self.ended = "no_tone";
            return self.over_with_machine().await;
        }
        None
    }

    /// What is left there: nothing where keys are wanted, and nothing once somebody has talked to us, whatever they said since.
    fn to_be_left(&self, user_input: &str, intent: Intent) -> String {
        let is_menu = Kind::of(intent, &plain(user_input)) == Some(Kind::Menu);
        if is_menu || self.dialogue.turn() > LATEST_TURN { String::new() } else { self.dialogue.voicemail() }
    }

    async fn over_with_machine(&mut self) -> Option<Outcome> {
        Some(self.obeyed_last_words(Asked::Rules).await.unwrap_or(Outcome::Voicemail))
    }

    async fn say_message(&mut self) -> Option<Outcome> {
        if self.saying.is_some() {
            self.complete().await;
        }
        let message = self.message.as_mut()?;
        message.begun += 1;
        let mut saying = Saying::opening(message.text.clone());
        saying.turn.end = Some(Outcome::Voicemail);
        self.say(saying).await;
        None
    }
}
