//! A machine answered: its tone is waited for, and a message left; or nothing is said, as the campaign has it.

use super::{Move, Saying, Talk};
use dialdeck_protocol::{Outcome, Speaker, TurnLatency};
use std::time::Instant;

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
        (self.recognising, self.thinking, self.live, self.held_back) = (None, None, None, None);
        if self.saying.is_some() {
            self.complete().await;
        }
        self.understood = true;
        self.dialogue.settle(Outcome::Voicemail);
        let text = self.dialogue.voicemail();
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
            return end;
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
            return Some(self.obeyed_last_words().await.unwrap_or(Outcome::Voicemail));
        }
        let quiet_since = last_voice.map_or(message.since, |at| at.max(message.since));
        if now.saturating_duration_since(quiet_since) >= timing.no_tone {
            return self.say_message().await;
        }
        if now.saturating_duration_since(message.since) >= timing.greeting {
            self.ended = "no_tone";
            return Some(Outcome::Voicemail);
        }
        None
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
