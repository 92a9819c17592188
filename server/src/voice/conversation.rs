//! The loop of one conversation: greeting, listen, recognise, answer, speak, until done.

use super::beat::Beat;
use super::card::Cards;
use super::dialogue::Dialogue;
use super::ear::{Ear, Noticed};
use super::endpoint;
use super::machine::Answerer;
use super::media::{Blocked, Frame, Media};
use super::recognise::{Live, RecogniseError, Recognition};
use super::speech::Speech;
use chrono::{DateTime, Utc};
use dialdeck_protocol::{Exchange, Outcome, TurnLatency};
use early::{Early, PAUSE};
use futures_util::FutureExt;
use message::Message;
use saying::Saying;
use std::time::{Duration, Instant};
use thinking::Thinking;
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

mod early;
mod listening;
mod message;
mod report;
mod saying;
mod thinking;

pub use report::{Minded, Providers, Report, Scribe};

/// Holds a conversation until it is over, the person hangs up, or `end` is cancelled. The line stays as it is: it may
/// be led on to an agent.
pub async fn converse(
    media: &mut Media,
    dialogue: Dialogue,
    minded: Option<Minded>,
    providers: Providers,
    scribe: &dyn Scribe,
    end: CancellationToken,
) -> Report {
    let mut talk = Talk::new(dialogue, providers, scribe, media.words);
    talk.minded = minded;
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
    // It is spoken to its end, whatever picked up.
    talk.understood = true;
    let mut saying = Saying::opening(text);
    saying.turn.end = Some(outcome);
    talk.say(saying).await;
    talk.run(media, end).await
}

impl Talk<'_> {
    async fn run(mut self, media: &mut Media, end: CancellationToken) -> Report {
        let talk = &mut self;
        let mut beat = Beat::new(talk.providers.timing.frame);
        loop {
            let step = tokio::select! {
                biased;
                () = end.cancelled() => Some(talk.leave("ended_by_us").await),
                frame = media.heard.recv() => match frame {
                    Some(frame) => {
                        let leads = matches!(frame, Frame::Sound(_)) && beat.strikes_with_frame();
                        match talk.take(frame).await {
                            None if leads => talk.speak_on(media).await,
                            step => step,
                        }
                    }
                    None => Some(talk.leave("hung_up").await),
                },
                heard = finished(&mut talk.recognising) => talk.recognised(heard).await,
                Some(heard) = talk.overheard.join_next(), if !talk.overheard.is_empty() => {
                    talk.was_overheard(heard.ok().flatten()).await
                }
                piece = thinking::next(&mut talk.thinking) => talk.thought(piece).await,
                made = talk.speech.made() => talk.made(made).await,
                () = beat.strike() => talk.speak_on(media).await,
            };
            if let Some(outcome) = step {
                return Report {
                    outcome,
                    exchanges: std::mem::take(&mut talk.exchanges),
                    ended: talk.ended,
                    interruptions: talk.interruptions,
                    talked: talk.talked,
                    listened: talk.listened,
                    dead_air: talk.dead_air,
                    do_not_call: talk.refused,
                    callback_at: talk.callback_at.or(talk.dialogue.callback_at()),
                    announced: talk.announced,
                    not_taken: talk.blocked_since.map(|since| since.elapsed()),
                    answers: talk.dialogue.answers().clone(),
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

#[allow(
    clippy::struct_excessive_bools,
    reason = "each says one thing about the talk, and none excludes another"
)]
struct Talk<'a> {
    dialogue: Dialogue,
    minded: Option<Minded>,
    providers: Providers,
    scribe: &'a dyn Scribe,
    ear: Ear,
    speech: Speech,
    words: bool,
    answered: Instant,
    /// Last moment at which either side did something.
    lively: Instant,
    saying: Option<Saying>,
    /// The utterance that is understood while it is spoken.
    live: Option<Box<dyn Live>>,
    /// What was said up to the pause that goes on now.
    early: Option<Early>,
    recognising: Option<JoinHandle<(Result<Recognition, RecogniseError>, TurnLatency)>>,
    /// What was being said when a key answered: it counts only where it asks never to be called again.
    overheard: JoinSet<Option<Recognition>>,
    thinking: Option<Thinking>,
    /// When the person ended what waits for an answer.
    waits_since: Option<Instant>,
    /// Whether they were told that it takes a moment.
    excused: bool,
    /// Whether what they say now cut us off.
    cut_off: bool,
    /// What was recognised while the person was speaking on.
    held_back: Option<Recognition>,
    /// What was recognised and not answered, because something had to be spoken to its end.
    passed_over: Option<Recognition>,
    exchanges: Vec<Exchange>,
    opening: bool,
    /// Whether an utterance was answered yet.
    understood: bool,
    ended: &'static str,
    interruptions: u32,
    talked: Duration,
    listened: Duration,
    dead_air: Duration,
    /// To when our last word is heard.
    spoke_to: Option<Instant>,
    /// Since when nothing of ours is taken.
    blocked_since: Option<Instant>,
    refused: bool,
    /// What a language model found out.
    disposition: Option<Outcome>,
    /// Who picked up, as far as it can be told.
    answerer: Answerer,
    /// What is left on the machine that answered.
    message: Option<Message>,
    callback_at: Option<DateTime<Utc>>,
    /// Whether a card's number is being said, and from where on the tape.
    cards: Cards,
    card_from: Option<u64>,
    /// Whether what the law and the campaign want said first was said to its end.
    announced: bool,
    /// Whether what is said is followed by a moment in which a key may be pressed.
    lingers: bool,
}

impl<'a> Talk<'a> {
    fn new(dialogue: Dialogue, providers: Providers, scribe: &'a dyn Scribe, words: bool) -> Self {
        let now = Instant::now();
        Self {
            ear: Ear::new(providers.timing, providers.detection),
            answerer: Answerer::new(now, providers.timing.machine, providers.timing.word),
            speech: Speech::new(providers.synthesiser.clone(), providers.voice.clone()),
            dialogue,
            minded: None,
            providers,
            scribe,
            words,
            answered: now,
            lively: now,
            saying: None,
            live: None,
            early: None,
            recognising: None,
            overheard: JoinSet::new(),
            thinking: None,
            waits_since: None,
            excused: false,
            cut_off: false,
            held_back: None,
            passed_over: None,
            exchanges: Vec::new(),
            opening: true,
            understood: false,
            ended: "done",
            interruptions: 0,
            talked: Duration::ZERO,
            listened: Duration::ZERO,
            dead_air: Duration::ZERO,
            spoke_to: None,
            blocked_since: None,
            refused: false,
            disposition: None,
            message: None,
            callback_at: None,
            lingers: false,
            cards: Cards::default(),
            card_from: None,
            announced: false,
        }
    }

    /// A frame came.
    async fn take(&mut self, frame: Frame) -> Option<Outcome> {
        if let (Some(tap), Frame::Sound(samples)) = (&self.providers.tap, &frame) {
            tap.heard(samples);
        }
        self.hear(frame).await
    }

    /// On every beat: the next frame of ours, and whatever else is due.
    async fn speak_on(&mut self, media: &mut Media) -> Option<Outcome> {
        let words = media.words;
        let timing = self.providers.timing;
        let speaks = self.speech.is_speaking() && !self.speech.is_held();
        // A frame is taken only when there is room for it: none is lost after a stall.
        let sent = media.spoken.send_with(|| {
            let frame = self.speech.next(Instant::now(), words, &timing)?;
            if speaks {
                let lasts = frame.lasts(timing.word);
                self.talked += lasts;
                self.spoke_to = Some(Instant::now() + lasts);
            }
            if let (Some(tap), Frame::Sound(samples)) = (&self.providers.tap, &frame) {
                tap.spoken(samples);
            }
            Some(frame)
        });
        match sent {
            Ok(()) => self.blocked_since = None,
            Err(Blocked::Closed) => {
                // What they said before they hung up may wait to be heard.
                while let Some(Some(frame)) = media.heard.recv().now_or_never() {
                    if let Some(outcome) = self.take(frame).await {
                        return Some(outcome);
                    }
                }
                return Some(self.leave("hung_up").await);
            }
            Err(Blocked::Full) if self.is_dead() => return Some(self.leave("dead_line").await),
            Err(Blocked::Full) => {}
        }
        self.beat().await
    }

    async fn hear(&mut self, frame: Frame) -> Option<Outcome> {
        let now = Instant::now();
        if let Frame::Digit(digit) = frame {
            // What the law wants said is heard before a key goes on; never to be called again is heard at any moment.
            let digit = if self.is_refusing() { '9' } else { digit };
            if digit != '9' && self.saying.as_ref().is_some_and(|saying| saying.is_disclosure) {
                return None;
            }
            let turn = self.dialogue.key(digit)?;
            self.speech.stop();
            // The key is the answer; what was being said with it is not answered once more.
            self.overhear();
            (self.thinking, self.live) = (None, None);
            (self.held_back, self.message) = (None, None);
            // Whoever presses a key that is answered is a person.
            self.understood = true;
            return self.reply(format!("[key {digit}]"), turn, TurnLatency::default()).await;
        }
        if let (Some(live), Frame::Sound(samples)) = (&mut self.live, &frame) {
            live.push(samples);
        }
        // Who has answered us is a person.
        let told = (!self.understood || self.message.is_some()).then(|| frame.clone());
        let lasts = frame.lasts(self.providers.timing.word);
        let begun = self.ear.take(frame, now);
        let voiced = self.ear.last_voice() == Some(now);
        if voiced {
            self.listened += lasts;
        }
        if let Some(frame) = told {
            self.answerer.take(&frame, voiced, now);
        }
        if begun == Some(Noticed::Began) {
            self.lively = now;
            self.cut_off = false;
            self.live = if self.words { None } else { self.providers.recogniser.open() };
            if let Some(live) = &mut self.live {
                // Its first consonant was heard before it was known to be speech.
                live.push(self.ear.sound());
            }
        }
        None
    }

    /// Whether the last sound of theirs is over, as far as it is nothing to give way to.
    fn has_coughed(&self, now: Instant) -> bool {
        let last = self.ear.last_voice();
        last.is_none_or(|last| now.saturating_duration_since(last) >= self.providers.timing.cough)
    }

    /// Whether nothing of ours has been taken for so long that nobody is there.
    fn is_dead(&mut self) -> bool {
        let now = Instant::now();
        let since = *self.blocked_since.get_or_insert(now);
        now.duration_since(since) >= self.providers.timing.dead_line
    }

    /// On every beat: has speech ended, does it interrupt us, has a clip ended, is it too quiet or too long?
    async fn beat(&mut self) -> Option<Outcome> {
        let now = Instant::now();
        let timing = self.providers.timing;
        let quiet_since = [self.spoke_to, self.ear.last_voice()].into_iter().flatten().max();
        let quiet = now.saturating_duration_since(quiet_since.unwrap_or(self.answered));
        self.dead_air = self.dead_air.max(quiet);
        if now.duration_since(self.answered) >= timing.longest {
            return Some(self.leave("too_long").await);
        }
        let (began, speech) = (self.ear.began(), self.ear.speaking_for());
        // A person says hello and waits, whether or not that has cut our opening short.
        if !self.understood && !self.is_refusing() && self.answerer.is_machine(began, speech, now) {
            let turn = self.dialogue.machine();
            return self.reply("[a long announcement]".into(), turn, TurnLatency::default()).await;
        }
        if let Some(speech) = speech {
            self.lively = now;
            let enough = if self.opening { timing.opening_barge_in } else { timing.barge_in };
            if self.interruptible() && self.speech.is_speaking() {
                if speech >= enough {
                    self.speech.stop();
                    self.cut_off = true;
                    self.interruptions += 1;
                } else if !self.opening && !self.has_coughed(now) {
                    self.speech.hold();
                }
            }
        }
        if self.speech.is_held() && self.has_coughed(now) {
            self.speech.release();
        }
        self.understand_early(now);
        let so_far = match (&self.live, &self.early) {
            (Some(live), _) => live.so_far(),
            (None, Some(early)) => early.text().unwrap_or_default().to_owned(),
            (None, None) => self.ear.words(),
        };
        self.ear.set_endpoint(endpoint::wait(&so_far, timing.endpoint));
        if let Some(Noticed::Ended { utterance, since }) = self.ear.beat(now) {
            let endpoint_ms = millis(now.duration_since(since));
            self.waits_since = Some(since);
            self.excused = false;
            let early = self.early.take().filter(|early| early.is_of(since));
            self.recognise(utterance, early, endpoint_ms);
        }
        if self.message.is_some() {
            return self.leave_message(now).await;
        }
        // Who was cut off waits for what was said instead; it may have been no more than a cough.
        let waits =
            self.recognising.is_some() || self.ear.speaking_for().is_some() || self.held_back.is_some();
        if self.saying.is_some()
            && !self.speech.is_busy()
            && self.thinking.is_none()
            && !(self.cut_off && waits)
        {
            return self.fell_silent().await;
        }
        self.excuse(now).await;
        let busy = self.saying.is_some()
            || self.recognising.is_some()
            || self.thinking.is_some()
            || self.ear.speaking_for().is_some();
        if busy {
            self.lively = now;
        } else if now.duration_since(self.lively) >= timing.silence {
            let turn = self.dialogue.silence();
            return self.reply(String::new(), turn, TurnLatency::default()).await;
        }
        None
    }

    /// In a pause that may be the end of what is said, it is understood already.
    fn understand_early(&mut self, now: Instant) {
        let last = self.ear.began().and(self.ear.last_voice());
        self.early.take_if(|early| last.is_none_or(|last| !early.is_of(last)));
        let pauses = last.filter(|last| now.saturating_duration_since(*last) >= PAUSE);
        let recogniser = &self.providers.recogniser;
        if let (Some(last), None, None, false) = (pauses, &self.early, &self.live, self.words)
            && recogniser.answers_early()
        {
            let (recogniser, phrases) = (recogniser.clone(), self.dialogue.phrases().clone());
            self.early = Some(Early::begin(last, self.ear.so_far(), recogniser, phrases));
        }
    }
}

fn millis(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
