//! What the person says, understood piece by piece: what is an answer, what is no more than "mm-hm", and what asks never to be
//! called again.

use super::early::Early;
use super::{Talk, millis};
use crate::recordings::Tap;
use crate::voice::backchannel;
use crate::voice::card::without_digits;
use crate::voice::ear::Utterance;
use crate::voice::intent;
use crate::voice::media::RATE;
use crate::voice::phrases::Phrases;
use crate::voice::recognise::{RecogniseError, Recognition};
use dialdeck_protocol::{Intent, Outcome, TurnLatency};
use std::time::{Duration, Instant};

/// How long the last words of a call that was cut off may take to be understood.
const LAST_WORDS: Duration = Duration::from_secs(12);
/// The same where the person is led on to somebody, and waits.
const WHILE_WAITING: Duration = Duration::from_secs(2);

/// Who is asked whether last words ask not to be called again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// The rules, and quickly: the person is still there, and waits for somebody.
    RulesAtOnce,
    /// The rules.
    Rules,
    /// A language model too, as long as it may take.
    Model(Duration),
}

/// Seconds in which somebody says the number of a card, with the pauses between its pieces.
const CARD_SECONDS: u64 = 22;

impl Talk<'_> {
    /// Recognises an utterance after the one before it: none is lost because a decoder is slow.
    pub(super) fn recognise(&mut self, utterance: Utterance, early: Option<Early>, endpoint_ms: u32) {
        let before = self.recognising.take();
        let live = self.live.take();
        let recogniser = self.providers.recogniser.clone();
        let phrases = self.dialogue.phrases().clone();
        self.recognising = Some(tokio::spawn(async move {
            let before = match before {
                Some(task) => task.await.ok().and_then(|(heard, _)| heard.ok()),
                None => None,
            };
            let begun = Instant::now();
            let heard = match (live, early.and_then(Early::task)) {
                (Some(live), _) => live.finish().await,
                (None, Some(task)) => {
                    task.await.unwrap_or_else(|_| Err(RecogniseError::Failed("it broke off".into())))
                }
                (None, None) => Err(RecogniseError::Kind("what is spoken yet")),
            };
            // Where it could not be followed as it was spoken, the whole is asked for once more, of whoever is well.
            let heard = match heard {
                Ok(heard) => Ok(heard),
                Err(error) => {
                    if matches!(error, RecogniseError::Failed(_)) {
                        tracing::warn!(%error, "an utterance was lost on its way; it is sent whole");
                    }
                    recogniser.recognise(utterance, &phrases).await
                }
            };
            let recognise_ms = millis(begun.elapsed());
            let heard = match (before, heard) {
                (Some(before), Ok(heard)) => Ok(join(&phrases, before, heard)),
                (Some(before), Err(_)) => Ok(before),
                (None, heard) => heard,
            };
            (heard, TurnLatency { endpoint_ms, recognise_ms, ..TurnLatency::default() })
        }));
    }

    /// What was understood, without the number of a card: that is neither written down nor recorded.
    fn without_card(&mut self, heard: Recognition) -> Recognition {
        let now = self.providers.tap.as_ref().map_or(0, Tap::moment);
        let begun = now.saturating_sub(CARD_SECONDS * u64::from(RATE));
        // From where the first of its pieces may have begun.
        let from = *self.card_from.get_or_insert(begun);
        let hides = self.cards.hides(&heard.text);
        if !self.cards.is_running() {
            self.card_from = None;
        }
        if !hides {
            return heard;
        }
        if let Some(tap) = &self.providers.tap {
            tap.hide(from);
        }
        Recognition { text: without_digits(&heard.text), ..heard }
    }

    /// What could not be understood any more is not to be heard either: it may have been a card's number.
    fn hide_the_rest(&self, utterance: bool) {
        if let (Some(tap), true) = (&self.providers.tap, utterance || self.cards.is_running()) {
            let begun = tap.moment().saturating_sub(CARD_SECONDS * u64::from(RATE));
            tap.hide(self.card_from.map_or(begun, |from| from.min(begun)));
        }
    }

    /// An utterance was understood, or not: it is answered, where it is one.
    pub(super) async fn recognised(
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
        let heard = self.without_card(heard);
        let heard = match self.held_back.take() {
            Some(before) => join(self.dialogue.phrases(), before, heard),
            None => heard,
        };
        if self.message.is_some() {
            // A machine is not answered; a person who was taken for one is heard where it matters most.
            if !self.dialogue.refuses(&heard.text) {
                return None;
            }
            self.message = None;
        }
        if !self.interruptible() && !self.dialogue.refuses(&heard.text) {
            self.pass_over(heard);
            return None;
        }
        if self.opening && self.saying.is_some() && !self.dialogue.interrupts_opening(&heard) {
            // "Hello?" while we are introducing ourselves.
            if std::mem::take(&mut self.cut_off) {
                self.speech.resume();
            }
            self.pass_over(heard);
            return None;
        }
        if self.ear.speaking_for().is_some() {
            self.held_back = Some(heard);
            return None;
        }
        if std::mem::take(&mut self.cut_off)
            && backchannel::is_one(&heard.text)
            && !self.speech.was_nearly_done()
            && self.speech.resume()
        {
            // No more than "mm-hm": we go on where we were.
            self.interruptions = self.interruptions.saturating_sub(1);
            return None;
        }
        if self.saying.is_some()
            && backchannel::is_one(&heard.text)
            && self.speech.is_busy()
            && !self.speech.is_at_its_end()
        {
            return None;
        }
        if self.thinking.is_some() && self.saying.is_none() && backchannel::is_one(&heard.text) {
            // A cough while the answer is on its way: the answer comes.
            self.cut_off = false;
            return None;
        }
        if self.saying.is_some() && self.speech.stop() {
            self.interruptions += 1;
        }
        self.thinking = None;
        if self.saying.is_some() {
            self.complete().await;
        }
        self.understood = true;
        if self.thinks(&heard) {
            return self.think(heard, latency).await;
        }
        self.answer(&heard, latency).await
    }

    /// A key goes on; what is said meanwhile is still understood, in case that it asks never to be called again.
    pub(super) fn overhear(&mut self) {
        if let Some(utterance) = self.ear.flush() {
            self.recognise(utterance, None, 0);
        }
        if let Some(task) = self.recognising.take() {
            self.overheard.spawn(async move { task.await.ok().and_then(|(heard, _)| heard.ok()) });
        }
    }

    /// What was said while a key was pressed was understood.
    pub(super) async fn was_overheard(&mut self, heard: Option<Recognition>) -> Option<Outcome> {
        let heard = heard.map(|heard| self.without_card(heard));
        let heard = heard.filter(|heard| self.dialogue.refuses(&heard.text))?;
        self.speech.stop();
        (self.recognising, self.thinking, self.live) = (None, None, None);
        self.message = None;
        if self.saying.is_some() {
            self.complete().await;
        }
        self.answer(&heard, TurnLatency::default()).await
    }

    /// What is not answered may have asked, in words that the rules do not know, not to be called again.
    fn pass_over(&mut self, heard: Recognition) {
        if !backchannel::is_one(&heard.text) && self.thinks(&heard) {
            self.passed_over = Some(match self.passed_over.take() {
                Some(before) => join(self.dialogue.phrases(), before, heard),
                None => heard,
            });
        }
    }

    /// Whether what is known of what they are saying asks never to be called again.
    pub(super) fn is_refusing(&self) -> bool {
        let held = self.held_back.as_ref().is_some_and(|heard| self.dialogue.refuses(&heard.text));
        held || self.live.as_ref().is_some_and(|live| self.dialogue.refuses(&live.so_far()))
    }

    /// What is done where the last words of a conversation that is over ask not to be called again.
    pub(super) async fn obeyed_last_words(&mut self, asked: Asked) -> Option<Outcome> {
        if !self.last_words_refuse(asked).await {
            return None;
        }
        self.refused = true;
        self.scribe.do_not_call().await;
        Some(Outcome::DoNotCall)
    }

    /// What the person was saying when the conversation was cut off asks not to be called again. Said and hung up is
    /// the commonest way to say it; uncertain words count here, because nobody can be asked any more.
    pub(super) async fn last_words_refuse(&mut self, asked: Asked) -> bool {
        // What was understood so far counts, if the rest of it never comes.
        if self.is_refusing() {
            return true;
        }
        if let Some(utterance) = self.ear.flush() {
            self.recognise(utterance, None, 0);
        }
        let patience = if asked == Asked::RulesAtOnce { WHILE_WAITING } else { LAST_WORDS };
        let asks = self.recognising.is_some();
        let recognised = match self.recognising.take() {
            Some(task) => tokio::time::timeout(patience, task).await.ok().and_then(Result::ok),
            None => None,
        };
        let (heard, latency) = if let Some((Ok(heard), latency)) = recognised {
            (Some(self.without_card(heard)), latency)
        } else {
            self.hide_the_rest(asks);
            (None, TurnLatency::default())
        };
        let overheard = async {
            let mut all = Vec::new();
            while let Some(heard) = self.overheard.join_next().await {
                all.extend(heard.ok().flatten());
            }
            all
        };
        let overheard = tokio::time::timeout(patience, overheard).await.unwrap_or_default();
        let overheard: Vec<Recognition> =
            overheard.into_iter().map(|heard| self.without_card(heard)).collect();
        if overheard.iter().any(|heard| self.dialogue.refuses(&heard.text)) {
            return true;
        }
        // A refusal may have come in pieces, or been passed over.
        let pieces = [self.passed_over.take(), self.held_back.take(), heard].into_iter().flatten();
        let phrases = self.dialogue.phrases();
        let heard = pieces.reduce(|before, after| join(phrases, before, after));
        if heard.as_ref().is_some_and(|heard| self.dialogue.refuses(&heard.text)) {
            return true;
        }
        let Asked::Model(patience) = asked else { return false };
        // Words that the rules do not know a language model may. A machine's are nobody's.
        let heard = heard.filter(|heard| self.message.is_none() && !backchannel::is_one(&heard.text));
        if let Some(heard) = heard
            && self.thinks(&heard)
        {
            self.think(heard, latency).await;
        }
        self.thought_refuses(patience).await
    }
}

/// Two pieces of one turn. One that asks never to be called again stands alone: what was said around it does not hide it.
fn join(phrases: &Phrases, before: Recognition, after: Recognition) -> Recognition {
    let refuses = |heard: &Recognition| intent::detect(&heard.text, phrases).intent == Intent::DoNotCall;
    if refuses(&before) {
        return before;
    }
    if refuses(&after) {
        return after;
    }
    let text = [before.text, after.text].into_iter().filter(|t| !t.is_empty()).collect::<Vec<_>>().join(" ");
    Recognition {
        text,
        confidence: before.confidence.min(after.confidence),
        certain: before.certain && after.certain,
    }
}
