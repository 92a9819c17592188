//! What we are saying: sentences that are made into sound one after the other, while the first is spoken already and the
//! last may not be written yet.

use super::media::{Clip, Frame};
use super::mouth::Mouth;
use super::synthesise::{SynthesiseError, Synthesiser, Voice};
use super::timing::Timing;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// Clips that are made ahead of the one that is spoken.
const AHEAD: usize = 2;

type Made = Result<Clip, SynthesiseError>;

/// Speech of one call.
pub(super) struct Speech {
    synthesiser: Arc<dyn Synthesiser>,
    voice: Voice,
    mouth: Mouth,
    waiting: VecDeque<String>,
    making: Option<(String, JoinHandle<Made>)>,
    ready: VecDeque<(String, Clip)>,
    /// Whether more may come.
    open: bool,
    /// What is spoken now.
    current: Option<String>,
    /// Sentences that were begun.
    said: Vec<String>,
    /// What was cut off: it is said again where the interruption was none.
    cut: Vec<String>,
    /// When it was asked for, and when the first of it was spoken.
    asked: Instant,
    begun: Option<Instant>,
    /// How long the first clip took to be made.
    first_ms: Option<Duration>,
    /// Silence behind the last clip, in which a key may be pressed.
    linger: Option<Duration>,
    /// Whether it was cut off, and nothing was begun since.
    stopped: bool,
    /// Whether what is spoken now only fills the time until the answer.
    excuses: bool,
}

impl Speech {
    pub(super) fn new(synthesiser: Arc<dyn Synthesiser>, voice: Voice) -> Self {
        Self {
            synthesiser,
            voice,
            mouth: Mouth::default(),
            waiting: VecDeque::new(),
            making: None,
            ready: VecDeque::new(),
            open: false,
            current: None,
            said: Vec::new(),
            cut: Vec::new(),
            asked: Instant::now(),
            begun: None,
            first_ms: None,
            linger: None,
            excuses: false,
            stopped: false,
        }
    }

    /// Begins to say something; `open`: more follows. What was being said is dropped.
    pub(super) fn begin(&mut self, sentences: Vec<String>, open: bool, linger: Option<Duration>) {
        // "One moment" is spoken to its end: the answer comes right after it.
        let excuse = std::mem::take(&mut self.excuses) && self.mouth.is_speaking();
        let mouth = excuse.then(|| std::mem::take(&mut self.mouth));
        self.stop();
        self.mouth = mouth.unwrap_or_default();
        self.stopped = false;
        self.cut.clear();
        self.said.clear();
        (self.asked, self.begun, self.first_ms) = (Instant::now(), None, None);
        self.waiting = sentences.into();
        (self.open, self.linger) = (open, linger);
        self.go_on();
    }

    /// Fills the time until there is an answer.
    pub(super) fn excuse(&mut self, text: &str) {
        self.begin(vec![text.to_owned()], false, None);
        self.excuses = true;
    }

    /// More of it.
    pub(super) fn add(&mut self, sentence: String) {
        // What a model goes on to write while the person talks is not spoken over them.
        if self.stopped {
            self.cut.push(sentence);
            return;
        }
        self.waiting.push_back(sentence);
        self.go_on();
    }

    /// That was all.
    pub(super) fn close(&mut self) {
        self.open = false;
    }

    /// Whether something is said, made, or expected.
    pub(super) fn is_busy(&self) -> bool {
        self.open || self.is_speaking() || self.making.is_some() || !self.waiting.is_empty()
    }

    /// Whether something is heard, or about to be.
    pub(super) fn is_speaking(&self) -> bool {
        self.mouth.is_speaking() || !self.ready.is_empty()
    }

    /// Whether nothing comes after what is heard now.
    pub(super) fn is_at_its_end(&self) -> bool {
        !self.open && self.waiting.is_empty() && self.making.is_none() && self.ready.is_empty()
    }

    /// What was said of it so far: the sentences that were begun.
    pub(super) fn said(&self) -> String {
        self.said.join(" ")
    }

    /// When the first of it was spoken.
    pub(super) fn begun(&self) -> Option<Instant> {
        self.begun
    }

    /// How long the first of it took to be made.
    pub(super) fn first_made(&self) -> Option<Duration> {
        self.first_ms
    }

    /// Falls silent at once, and keeps what was cut off. True if something was heard.
    pub(super) fn stop(&mut self) -> bool {
        let was = self.mouth.stop() || !self.ready.is_empty();
        let making = self.making.take().map(|(text, task)| {
            task.abort();
            text
        });
        let ready = self.ready.drain(..).map(|(text, _)| text);
        let rest: Vec<String> = self
            .current
            .take()
            .into_iter()
            .chain(ready)
            .chain(making)
            .chain(self.waiting.drain(..))
            .collect();
        if !rest.is_empty() {
            self.cut = rest;
        }
        self.open = false;
        self.stopped = true;
        was
    }

    /// Falls silent at once and may go on where it was: whoever begins to speak may only cough.
    pub(super) fn hold(&mut self) {
        self.mouth.hold();
    }

    /// Goes on where it was held.
    pub(super) fn release(&mut self) {
        self.mouth.release();
    }

    /// Whether it is silent for now, and may go on.
    pub(super) fn is_held(&self) -> bool {
        self.mouth.is_held()
    }

    /// Says again what was cut off, from its sentence on; false where nothing was.
    pub(super) fn resume(&mut self) -> bool {
        if self.cut.is_empty() {
            return false;
        }
        // It was begun, and is begun once more: it stands once in what was said.
        if self.said.last() == self.cut.first() {
            self.said.pop();
        }
        self.stopped = false;
        self.waiting = std::mem::take(&mut self.cut).into();
        self.go_on();
        true
    }

    /// Whether what was cut off is the last sentence of it: then even a word of assent is an answer.
    pub(super) fn was_nearly_done(&self) -> bool {
        self.cut.len() <= 1
    }

    fn go_on(&mut self) {
        if self.making.is_some() || self.ready.len() >= AHEAD {
            return;
        }
        let Some(text) = self.waiting.pop_front() else { return };
        let (synthesiser, voice, sentence) = (self.synthesiser.clone(), self.voice.clone(), text.clone());
        let task = tokio::spawn(async move { synthesiser.synthesise(&sentence, &voice).await });
        self.making = Some((text, task));
    }

    /// The next clip, once it is made; never where none is.
    pub(super) async fn made(&mut self) -> Made {
        let Some((_, task)) = &mut self.making else { return std::future::pending().await };
        let made = task.await.unwrap_or_else(|_| Err(SynthesiseError::Failed("it broke off".into())));
        let text = self.making.take().map(|(text, _)| text).unwrap_or_default();
        if let Ok(clip) = &made {
            self.first_ms.get_or_insert(self.asked.elapsed());
            let is_last = self.waiting.is_empty() && !self.open;
            let clip = match self.linger.filter(|_| is_last) {
                Some(linger) => clip.clone().lingering(linger),
                None => clip.clone(),
            };
            self.ready.push_back((text, clip));
        }
        self.go_on();
        made
    }

    /// The next frame, on the loop's beat.
    pub(super) fn next(&mut self, now: Instant, words: bool, timing: &Timing) -> Option<Frame> {
        if !self.mouth.is_speaking() {
            self.current = None;
            if let Some((text, clip)) = self.ready.pop_front() {
                self.said.push(text.clone());
                self.current = Some(text);
                self.begun.get_or_insert(now);
                self.mouth.play(clip);
            }
            self.go_on();
        }
        self.mouth.next(now, words, timing)
    }
}

#[cfg(test)]
mod tests {
    use super::Speech;
    use crate::voice::synthesise::Voice;
    use crate::voice::synthesise::text::TextSynthesiser;
    use std::sync::Arc;

    #[tokio::test]
    async fn what_is_cut_off_is_kept_whole_and_nothing_is_spoken_over_the_person() {
        let mut speech = Speech::new(Arc::new(TextSynthesiser), Voice::default());
        speech.begin(vec!["One.".into(), "Two.".into()], true, None);
        // The first is being made, and what a model writes meanwhile waits behind it.
        speech.stop();
        speech.add("Three.".into());
        assert!(!speech.is_busy());
        assert_eq!(speech.cut, ["One.", "Two.", "Three."]);
        assert!(speech.resume() && speech.is_busy());
        assert_eq!(speech.making.as_ref().map(|(text, _)| text.as_str()), Some("One."));
    }
}
