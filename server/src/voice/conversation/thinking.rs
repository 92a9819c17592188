//! Turns that a language model answers: asked, spoken sentence by sentence while the rest is written, its wishes judged; where
//! it fails, the script answers within the turn.

use super::{Saying, Talk, millis};
use crate::domain::plain;
use crate::voice::dialogue::Move;
use crate::voice::dialogue::mind::{ChatError, Piece};
use crate::voice::dialogue::sentences::Sentences;
use crate::voice::dialogue::tools::{self, Deed, Facts};
use crate::voice::recognise::Recognition;
use chrono::Utc;
use dialdeck_protocol::{Outcome, Speaker, TurnLatency};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Longest arguments of a tool that a model is shown again, in bytes.
const ARGUMENTS: usize = 8192;
/// Questions within one turn: what tools gave is told to the model so often.
const ROUNDS: u8 = 3;

/// A turn that is being thought about.
pub(super) struct Thinking {
    asking: Option<JoinHandle<Result<mpsc::Receiver<Piece>, ChatError>>>,
    pieces: Option<mpsc::Receiver<Piece>>,
    sentences: Sentences,
    heard: Recognition,
    latency: TurnLatency,
    asked: Instant,
    /// Tools that were called in this round: id, name, arguments, result.
    used: Vec<(String, String, String, String)>,
    rounds: u8,
    /// Whether anything was spoken of it.
    spoke: bool,
    turn: Move,
}

impl Drop for Thinking {
    fn drop(&mut self) {
        if let Some(task) = &self.asking {
            task.abort();
        }
    }
}

/// The next piece of an answer; never where none is awaited.
pub(super) async fn next(thinking: &mut Option<Thinking>) -> Piece {
    let Some(thinking) = thinking else { return std::future::pending().await };
    if let Some(task) = &mut thinking.asking {
        let answer = task.await;
        thinking.asking = None;
        match answer {
            Ok(Ok(pieces)) => thinking.pieces = Some(pieces),
            Ok(Err(error)) => return Piece::Failed(error.to_string()),
            Err(_) => return Piece::Failed("it broke off".into()),
        }
    }
    match &mut thinking.pieces {
        Some(pieces) => pieces.recv().await.unwrap_or_else(|| Piece::Failed("its answer was cut off".into())),
        None => std::future::pending().await,
    }
}

impl Talk<'_> {
    /// Whether a language model answers this: what the rules answer by themselves they answer.
    pub(super) fn thinks(&self, heard: &Recognition) -> bool {
        self.minded.is_some() && self.providers.chat.is_some() && !self.dialogue.rules(&heard.text)
    }

    fn ask(&self) -> Option<JoinHandle<Result<mpsc::Receiver<Piece>, ChatError>>> {
        let (minded, chat) = (self.minded.as_ref()?, self.providers.chat.clone()?);
        let request = minded.mind.request();
        Some(tokio::spawn(async move { chat.ask(request).await }))
    }

    pub(super) async fn think(&mut self, heard: Recognition, latency: TurnLatency) -> Option<Outcome> {
        let turn = self.dialogue.heard_freely(&heard);
        let user_input = plain::line(&heard.text, 2000);
        if !user_input.is_empty() {
            self.scribe.spoken(Speaker::Customer, self.dialogue.turn(), &user_input).await;
        }
        if let Some(minded) = &mut self.minded {
            minded.mind.heard(&user_input);
        }
        self.opening = false;
        let asking = self.ask();
        self.thinking = Some(Thinking {
            asking,
            pieces: None,
            sentences: Sentences::default(),
            heard,
            latency,
            asked: Instant::now(),
            used: Vec::new(),
            rounds: 1,
            spoke: false,
            turn,
        });
        None
    }

    /// Takes a piece of the answer.
    pub(super) async fn thought(&mut self, piece: Piece) -> Option<Outcome> {
        match piece {
            Piece::Text(text) => {
                let sentences = self.thinking.as_mut().map(|thinking| thinking.sentences.push(&text));
                for sentence in sentences.unwrap_or_default() {
                    self.speak(sentence).await;
                }
                None
            }
            Piece::Tool { id, name, arguments } => {
                let result = self.wish(&name, &arguments).await;
                let (told, result_told) = (plain::line(&arguments, 1000), plain::line(&result, 400));
                self.scribe.tool(&plain::line(&name, 40), &told, &result_told).await;
                // What is no JSON would be refused with the next question, and all that come after it.
                let is_json = serde_json::from_str::<serde::de::IgnoredAny>(&arguments).is_ok();
                let arguments =
                    if is_json && arguments.len() <= ARGUMENTS { arguments } else { "{}".to_owned() };
                if let Some(thinking) = &mut self.thinking {
                    thinking.used.push((id, name, arguments, result));
                }
                None
            }
            Piece::Done => self.thought_through().await,
            Piece::Failed(why) => self.lost_the_thread(&why).await,
        }
    }

    /// A sentence is ready to be spoken.
    async fn speak(&mut self, sentence: String) {
        let Some(thinking) = &mut self.thinking else { return };
        if !std::mem::replace(&mut thinking.spoke, true) {
            thinking.latency.think_ms = millis(thinking.asked.elapsed());
            let since = self.waits_since.take();
            let saying = Saying {
                text: String::new(),
                user_input: plain::line(&thinking.heard.text, 2000),
                turn: thinking.turn.clone(),
                latency: thinking.latency,
                since,
                is_disclosure: false,
            };
            self.saying = Some(saying);
            self.speech.begin(Vec::new(), true, None);
        }
        self.scribe.spoken(Speaker::Ai, self.dialogue.turn(), &sentence).await;
        if let Some(saying) = &mut self.saying {
            saying.text.push_str(&sentence);
        }
        self.speech.add(sentence);
    }

    /// The model wants something; gives what it is told of it.
    async fn wish(&mut self, name: &str, arguments: &str) -> String {
        let Some(thinking) = &self.thinking else { return String::new() };
        let facts = Facts {
            understood: !thinking.heard.text.trim().is_empty(),
            refused: self.refused,
            hands_over: self.dialogue.hands_over(),
            zone: self.minded.as_ref().and_then(|minded| minded.zone),
            now: Utc::now(),
        };
        let deed = match tools::judge(name, arguments, facts) {
            Ok(deed) => deed,
            Err(why) => return why,
        };
        let end = match deed {
            Deed::DoNotCall => {
                self.refused = true;
                self.scribe.do_not_call().await;
                self.dialogue.settle(Outcome::DoNotCall);
                Some(Outcome::DoNotCall)
            }
            Deed::Disposition(outcome) => {
                self.disposition = Some(outcome);
                None
            }
            Deed::Callback(at) => {
                self.callback_at = Some(at);
                self.disposition = Some(Outcome::Callback);
                None
            }
            Deed::Transfer => Some(Outcome::Transferred),
            Deed::End => Some(self.disposition.unwrap_or(Outcome::Unclear)),
            // It stands among the events, which webhooks carry.
            Deed::Send => None,
        };
        if let (Some(end), Some(thinking)) = (end, &mut self.thinking) {
            // Nothing that comes after it in the same answer takes a refusal back.
            if thinking.turn.end != Some(Outcome::DoNotCall) {
                thinking.turn.end = Some(end);
            }
        }
        "done".to_owned()
    }

    /// Whether the model takes what was said last for a refusal. Asked where nobody can be answered any more: nothing else
    /// that it wishes counts.
    pub(super) async fn thought_refuses(&mut self, patience: Duration) -> bool {
        let thinking = &mut self.thinking;
        if thinking.is_none() {
            return false;
        }
        let refuses = async {
            loop {
                match next(thinking).await {
                    Piece::Tool { name, .. } if name == tools::DO_NOT_CALL => return true,
                    Piece::Done | Piece::Failed(_) => return false,
                    Piece::Text(_) | Piece::Tool { .. } => {}
                }
            }
        };
        let refuses = tokio::time::timeout(patience, refuses).await.unwrap_or(false);
        self.thinking = None;
        refuses
    }

    async fn thought_through(&mut self) -> Option<Outcome> {
        let rest = self.thinking.as_mut().and_then(|thinking| thinking.sentences.finish());
        if let Some(sentence) = rest {
            self.speak(sentence).await;
        }
        let used =
            self.thinking.as_mut().map(|thinking| std::mem::take(&mut thinking.used)).unwrap_or_default();
        let has_used = !used.is_empty();
        if let Some(minded) = self.minded.as_mut().filter(|_| has_used) {
            minded.mind.used(&used);
        }
        let spoke = self.thinking.as_ref().is_some_and(|thinking| thinking.spoke);
        if !spoke && has_used {
            // It did something and has said nothing yet: it is told what came of it, and asked for its words.
            if self.thinking.as_ref().is_some_and(|thinking| thinking.rounds < ROUNDS) {
                let asking = self.ask();
                if let Some(thinking) = &mut self.thinking {
                    thinking.rounds += 1;
                    (thinking.asking, thinking.pieces) = (asking, None);
                }
                return None;
            }
        }
        let thinking = self.thinking.take()?;
        if !spoke {
            // Nothing was said: the script says what fits, and what was wished ends the call all the same.
            return self.fall_back(&thinking).await;
        }
        self.spoken_to_its_end(thinking.turn.end);
        None
    }

    /// Nothing is added to what is being said; after it the call is over, or goes on.
    fn spoken_to_its_end(&mut self, end: Option<Outcome>) {
        if let Some(saying) = &mut self.saying {
            saying.turn.end = end;
            saying.turn.do_not_call = end == Some(Outcome::DoNotCall);
        }
        self.speech.close();
    }

    /// The model failed in the middle of it.
    async fn lost_the_thread(&mut self, why: &str) -> Option<Outcome> {
        tracing::warn!(why, "the language model failed in a call");
        let thinking = self.thinking.take()?;
        if thinking.spoke {
            // The next turn is another.
            self.spoken_to_its_end(thinking.turn.end);
            return None;
        }
        self.fall_back(&thinking).await
    }

    /// The script answers instead.
    async fn fall_back(&mut self, thinking: &Thinking) -> Option<Outcome> {
        let latency = TurnLatency { think_ms: millis(thinking.asked.elapsed()), ..thinking.latency };
        let mut turn = match thinking.turn.end {
            Some(end) => self.dialogue.goodbye(end),
            None => self.dialogue.answer_again(&thinking.heard),
        };
        (turn.intent, turn.emotion) = (thinking.turn.intent, thinking.turn.emotion);
        turn.do_not_call |= thinking.turn.end == Some(Outcome::DoNotCall);
        let since = self.waits_since.take();
        if turn.do_not_call {
            self.refused = true;
            self.scribe.do_not_call().await;
        }
        let user_input = plain::line(&thinking.heard.text, 2000);
        let saying =
            Saying { text: turn.say.clone(), user_input, turn, latency, since, is_disclosure: false };
        self.reply_with(saying).await
    }
}
