//! The loop of one conversation: greeting, listen, recognise, answer, speak, until done.

use super::dialogue::{Dialogue, Move};
use super::ear::{Ear, Noticed, Utterance};
use super::media::{Clip, Frame, Media};
use super::mouth::Mouth;
use super::recognise::{RecogniseError, Recogniser, Recognition};
use super::synthesise::{SynthesiseError, Synthesiser, Voice};
use super::timing::Timing;
use async_trait::async_trait;
use chrono::Utc;
use dialdeck_protocol::{Emotion, Exchange, Intent, Outcome, Speaker, TurnLatency};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc::error::TrySendError;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

/// How long the last words of a call that was cut off may take to be understood.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// How long somebody who was told that a key ends all calls has to press it.
const LINGER: Duration = Duration::from_secs(3);

/// Writes down what happens, as it happens. What it returns from is durable.
#[async_trait]
pub trait Scribe: Send + Sync {
    /// One side speaks.
    async fn spoken(&self, speaker: Speaker, turn: i32, text: &str);
    /// An exchange is complete.
    async fn exchanged(&self, exchange: &Exchange);
    /// The number is never to be called again. Returns once that is so.
    async fn do_not_call(&self);
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
    /// How long it waits for what.
    pub timing: Timing,
}

/// What came of a conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// What came of it.
    pub outcome: Outcome,
    /// What was said.
    pub exchanges: Vec<Exchange>,
    /// Why it ended, in a word: `done`, `hung_up`, `ended_by_us`, `too_long`, `no_voice`.
    pub ended: &'static str,
    /// Times the person interrupted us.
    pub interruptions: u32,
    /// Whether the person asked not to be called again, whatever else came of it.
    pub do_not_call: bool,
}

/// Holds a conversation until it is over, the person hangs up, or `end` is cancelled. The line stays as it is: it may
/// be led on to an agent.
pub async fn converse(
    media: &mut Media,
    dialogue: Dialogue,
    providers: Providers,
    scribe: &dyn Scribe,
    end: CancellationToken,
) -> Report {
    let mut talk = Talk::new(dialogue, providers, scribe, media.words);
    let disclosure = talk.dialogue.disclosure().to_owned();
    if disclosure.is_empty() {
        talk.say(Saying::opening(talk.dialogue.opening())).await;
    } else {
        talk.say(Saying { is_disclosure: true, ..Saying::opening(disclosure) }).await;
    }
    talk.run(media, end).await
}

/// Says one thing to its end, waits a moment for an answer by key or by voice, and is done: only a request not to be
/// called again is heard.
pub async fn announce(
    media: &mut Media,
    text: String,
    outcome: Outcome,
    dialogue: Dialogue,
    providers: Providers,
    scribe: &dyn Scribe,
    end: CancellationToken,
) -> Report {
    let mut talk = Talk::new(dialogue, providers, scribe, media.words);
    talk.lingers = true;
    let mut saying = Saying::opening(text);
    saying.turn.end = Some(outcome);
    talk.say(saying).await;
    talk.run(media, end).await
}

impl Talk<'_> {
    async fn run(mut self, media: &mut Media, end: CancellationToken) -> Report {
        let talk = &mut self;
        let mut beat = tokio::time::interval(talk.providers.timing.frame);
        beat.set_missed_tick_behavior(MissedTickBehavior::Burst);
        loop {
            let step = tokio::select! {
                biased;
                () = end.cancelled() => Some(talk.leave("ended_by_us").await),
                frame = media.heard.recv() => match frame {
                    Some(frame) => talk.hear(frame).await,
                    None => Some(talk.leave("hung_up").await),
                },
                heard = finished(&mut talk.recognising) => talk.recognised(heard).await,
                clip = finished(&mut talk.synthesising) => talk.synthesised(clip).await,
                _ = beat.tick() => {
                    // A frame is taken only when there is room for it: none is lost after a stall.
                    match media.spoken.try_reserve() {
                        Ok(room) => {
                            if let Some(frame) = talk.mouth.next(Instant::now(), media.words, &talk.providers.timing) {
                                room.send(frame);
                            }
                            talk.beat().await
                        }
                        Err(TrySendError::Closed(())) => Some(talk.leave("hung_up").await),
                        Err(TrySendError::Full(())) => talk.beat().await,
                    }
                }
            };
            if let Some(outcome) = step {
                return Report {
                    outcome,
                    exchanges: std::mem::take(&mut talk.exchanges),
                    ended: talk.ended,
                    interruptions: talk.interruptions,
                    do_not_call: talk.refused,
                };
            }
        }
    }
}

/// The result of a task, or never when there is none.
async fn finished<T>(task: &mut Option<JoinHandle<T>>) -> Option<T> {
    match task {
        Some(handle) => {
            let result = handle.await.ok();
            *task = None;
            result
        }
        None => std::future::pending().await,
    }
}

/// What we are about to say or are saying, with the turn it answers.
struct Saying {
    text: String,
    user_input: String,
    turn: Move,
    latency: TurnLatency,
    asked: Instant,
    /// What the law wants said: it is spoken to its end, and the opening follows.
    is_disclosure: bool,
}

impl Saying {
    fn opening(text: String) -> Self {
        let turn = Move {
            intent: Intent::Unclear,
            confidence: 0.0,
            emotion: Emotion::Neutral,
            say: text.clone(),
            end: None,
            do_not_call: false,
        };
        Self {
            text,
            user_input: String::new(),
            turn,
            latency: TurnLatency::default(),
            asked: Instant::now(),
            is_disclosure: false,
        }
    }
}

#[allow(
    clippy::struct_excessive_bools,
    reason = "each says one thing about the talk, and none excludes another"
)]
struct Talk<'a> {
    dialogue: Dialogue,
    providers: Providers,
    scribe: &'a dyn Scribe,
    ear: Ear,
    mouth: Mouth,
    words: bool,
    answered: Instant,
    /// Last moment at which either side did something.
    lively: Instant,
    saying: Option<Saying>,
    recognising: Option<JoinHandle<(Result<Recognition, RecogniseError>, TurnLatency)>>,
    synthesising: Option<JoinHandle<Result<Clip, SynthesiseError>>>,
    /// What was recognised while the person was speaking on.
    held_back: Option<(Recognition, TurnLatency)>,
    exchanges: Vec<Exchange>,
    opening: bool,
    /// Whether an utterance was answered yet.
    understood: bool,
    ended: &'static str,
    interruptions: u32,
    refused: bool,
    /// Whether what is said is followed by a moment in which a key may be pressed.
    lingers: bool,
}

impl<'a> Talk<'a> {
    fn new(dialogue: Dialogue, providers: Providers, scribe: &'a dyn Scribe, words: bool) -> Self {
        let now = Instant::now();
        Self {
            ear: Ear::new(providers.timing),
            mouth: Mouth::default(),
            dialogue,
            providers,
            scribe,
            words,
            answered: now,
            lively: now,
            saying: None,
            recognising: None,
            synthesising: None,
            held_back: None,
            exchanges: Vec::new(),
            opening: true,
            understood: false,
            ended: "done",
            interruptions: 0,
            refused: false,
            lingers: false,
        }
    }

    async fn hear(&mut self, frame: Frame) -> Option<Outcome> {
        let now = Instant::now();
        if let Frame::Digit(digit) = frame {
            let turn = self.dialogue.key(digit)?;
            self.mouth.stop();
            // The key is the answer; what was being said with it is not answered once more.
            self.recognising = None;
            self.held_back = None;
            self.ear.flush();
            return self.reply(format!("[key {digit}]"), turn, TurnLatency::default()).await;
        }
        if self.ear.take(frame, now) == Some(Noticed::Began) {
            self.lively = now;
        }
        None
    }

    /// On every beat: has speech ended, does it interrupt us, has a clip ended, is it too quiet or too long?
    async fn beat(&mut self) -> Option<Outcome> {
        let now = Instant::now();
        let timing = self.providers.timing;
        if now.duration_since(self.answered) >= timing.longest {
            return Some(self.leave("too_long").await);
        }
        if let Some(speech) = self.ear.speaking_for() {
            self.lively = now;
            // A person says hello and waits; what begins with the answer and does not pause is a machine, whether
            // or not it has cut our opening short.
            let early = self
                .ear
                .began()
                .is_some_and(|b| b.duration_since(self.answered) < timing.machine.mul_f32(0.75));
            if !self.understood && early && speech >= timing.machine {
                self.mouth.stop();
                let turn = self.dialogue.machine();
                return self.reply("[a long announcement]".into(), turn, TurnLatency::default()).await;
            }
            let enough = if self.opening { timing.opening_barge_in } else { timing.barge_in };
            if speech >= enough && self.interruptible() && self.mouth.stop() {
                self.interruptions += 1;
                return self.fell_silent().await;
            }
        }
        if let Some(Noticed::Ended { utterance, since }) = self.ear.beat(now) {
            let endpoint_ms = millis(now.duration_since(since));
            self.recognise(utterance, endpoint_ms);
        }
        if self.saying.is_some() && self.synthesising.is_none() && !self.mouth.is_speaking() {
            return self.fell_silent().await;
        }
        let busy = self.saying.is_some() || self.recognising.is_some() || self.ear.speaking_for().is_some();
        if busy {
            self.lively = now;
        } else if now.duration_since(self.lively) >= timing.silence {
            let turn = self.dialogue.silence();
            return self.reply(String::new(), turn, TurnLatency::default()).await;
        }
        None
    }

    /// Recognises an utterance after the one before it: none is lost because a decoder is slow.
    fn recognise(&mut self, utterance: Utterance, endpoint_ms: u32) {
        let before = self.recognising.take();
        let recogniser = self.providers.recogniser.clone();
        let phrases = self.dialogue.phrases().clone();
        self.recognising = Some(tokio::spawn(async move {
            let before = match before {
                Some(task) => task.await.ok().and_then(|(heard, _)| heard.ok()),
                None => None,
            };
            let begun = Instant::now();
            let heard = recogniser.recognise(utterance, &phrases).await;
            let recognise_ms = millis(begun.elapsed());
            let heard = match (before, heard) {
                (Some(before), Ok(heard)) => Ok(join(before, heard)),
                (Some(before), Err(_)) => Ok(before),
                (None, heard) => heard,
            };
            (heard, TurnLatency { endpoint_ms, recognise_ms, ..TurnLatency::default() })
        }));
    }

    /// Last words, and what the law wants said, are spoken to their end; everything else gives way.
    fn interruptible(&self) -> bool {
        self.saying.as_ref().is_none_or(|s| s.turn.end.is_none() && !s.is_disclosure)
    }

    async fn recognised(
        &mut self,
        done: Option<(Result<Recognition, RecogniseError>, TurnLatency)>,
    ) -> Option<Outcome> {
        let nothing = Recognition { text: String::new(), confidence: 0.0, certain: false };
        let (heard, latency) = match done {
            Some((Ok(heard), latency)) => (heard, latency),
            Some((Err(error), latency)) => {
                tracing::warn!(%error, "an utterance was not recognised");
                (nothing, latency)
            }
            None => (nothing, TurnLatency::default()),
        };
        let (heard, latency) = match self.held_back.take() {
            Some((before, _)) => (join(before, heard), latency),
            None => (heard, latency),
        };
        if !self.interruptible() && !self.dialogue.refuses(&heard.text) {
            return None;
        }
        if self.opening && self.saying.is_some() && !self.dialogue.interrupts_opening(&heard) {
            // "Hello?" while we are introducing ourselves.
            return None;
        }
        if self.ear.speaking_for().is_some() {
            self.held_back = Some((heard, latency));
            return None;
        }
        if self.mouth.stop() {
            self.interruptions += 1;
        }
        if self.saying.is_some() {
            self.complete().await;
        }
        self.understood = true;
        let begun = Instant::now();
        let user_input = crate::domain::plain::line(&heard.text, 2000);
        let turn = self.dialogue.answer(&heard);
        let latency = TurnLatency { think_ms: millis(begun.elapsed()), ..latency };
        self.reply(user_input, turn, latency).await
    }

    async fn reply(&mut self, user_input: String, turn: Move, latency: TurnLatency) -> Option<Outcome> {
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
        }
        let text = turn.say.clone();
        let saying = Saying { text, user_input, turn, latency, asked: Instant::now(), is_disclosure: false };
        if saying.text.is_empty() {
            let end = saying.turn.end;
            self.saying = Some(saying);
            self.complete().await;
            return end;
        }
        self.say(saying).await;
        None
    }

    async fn say(&mut self, saying: Saying) {
        let (synthesiser, voice) = (self.providers.synthesiser.clone(), self.providers.voice.clone());
        let text = saying.text.clone();
        self.synthesising = Some(tokio::spawn(async move { synthesiser.synthesise(&text, &voice).await }));
        self.scribe.spoken(Speaker::Ai, self.dialogue.turn(), &saying.text).await;
        self.saying = Some(saying);
        self.lively = Instant::now();
    }

    async fn synthesised(&mut self, clip: Option<Result<Clip, SynthesiseError>>) -> Option<Outcome> {
        let saying = self.saying.as_mut()?;
        match clip {
            Some(Ok(clip)) if matches!(clip, Clip::Words(_)) == self.words => {
                saying.latency.synthesise_ms = millis(saying.asked.elapsed());
                let clip = if self.lingers { clip.lingering(LINGER) } else { clip };
                self.mouth.play(clip);
                None
            }
            other => {
                // Without a voice there is nothing to hold a conversation with; silence would be worse than an end.
                let why = match other {
                    Some(Err(error)) => error.to_string(),
                    _ => "the voice does not fit the call".into(),
                };
                tracing::error!(error = why, "cannot speak");
                Some(self.leave("no_voice").await)
            }
        }
    }

    /// What was said has ended, or was cut short.
    async fn fell_silent(&mut self) -> Option<Outcome> {
        let end = self.saying.as_ref().and_then(|s| s.turn.end);
        let was_disclosure = self.saying.as_ref().is_some_and(|s| s.is_disclosure);
        self.complete().await;
        self.lively = Instant::now();
        if was_disclosure {
            self.opening = true;
            self.say(Saying::opening(self.dialogue.opening())).await;
            return None;
        }
        if end.is_some_and(|end| end != Outcome::DoNotCall) && self.last_words_refuse().await {
            self.refused = true;
            self.scribe.do_not_call().await;
            return Some(Outcome::DoNotCall);
        }
        end
    }

    /// Writes down the exchange that is being spoken.
    async fn complete(&mut self) {
        self.opening = false;
        self.synthesising = None;
        let Some(saying) = self.saying.take() else { return };
        let exchange = Exchange {
            user_input: saying.user_input,
            ai_response: saying.text,
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

    /// What the person was saying when the conversation was cut off asks not to be called again. Said and hung up is
    /// the commonest way to say it; uncertain words count here, because nobody can be asked any more.
    async fn last_words_refuse(&mut self) -> bool {
        let mut said: Vec<String> = self.held_back.take().map(|(heard, _)| heard.text).into_iter().collect();
        if let Some(utterance) = self.ear.flush() {
            self.recognise(utterance, 0);
        }
        if let Some(task) = self.recognising.take()
            && let Ok(Ok((Ok(heard), _))) = tokio::time::timeout(LAST_WORDS, task).await
        {
            said.push(heard.text);
        }
        said.iter().any(|text| self.dialogue.refuses(text))
    }

    /// The conversation is cut off, by whoever.
    async fn leave(&mut self, why: &'static str) -> Outcome {
        self.ended = why;
        self.mouth.stop();
        let refused = self.last_words_refuse().await;
        let settled = self.saying.as_ref().and_then(|s| s.turn.end);
        self.complete().await;
        let (outcome, do_not_call) = self.dialogue.hung_up();
        if refused || do_not_call {
            self.refused = true;
            self.scribe.do_not_call().await;
            return Outcome::DoNotCall;
        }
        match why {
            "no_voice" if settled.is_none() => Outcome::Error,
            "too_long" | "ended_by_us" if outcome == Outcome::HungUp => Outcome::Unclear,
            _ => settled.unwrap_or(outcome),
        }
    }
}

/// Two pieces of one turn.
fn join(before: Recognition, after: Recognition) -> Recognition {
    let text = [before.text, after.text].into_iter().filter(|t| !t.is_empty()).collect::<Vec<_>>().join(" ");
    Recognition {
        text,
        confidence: before.confidence.min(after.confidence),
        certain: before.certain && after.certain,
    }
}

fn millis(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
