//! Finds speech in what comes in, and where it ends.

use super::detector::{Detection, Detector};
use super::machine::BEEP;
use super::media::{Frame, RATE};
use super::timing::Timing;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Voiced windows of the detector among the last [`WINDOW`] that make speech: one alone is a click.
const VOICED: usize = 3;
const WINDOW: usize = 5;
/// Sound kept from before speech was noticed, so that its first consonant is not lost: 300 ms.
const BEFORE: usize = RATE as usize * 3 / 10;

/// Sound kept after the last voice: 250 ms.
const AFTER: usize = RATE as usize / 4;

/// What a person said, not yet understood.
#[derive(Debug, Clone, PartialEq)]
pub enum Utterance {
    /// Sound, 8 kHz s16.
    Sound(Vec<i16>),
    /// Words.
    Words(String),
}

/// What the ear noticed.
#[derive(Debug, Clone, PartialEq)]
pub enum Noticed {
    /// The person has begun to speak.
    Began,
    /// The person has finished.
    Ended {
        /// What was said.
        utterance: Utterance,
        /// When the last voice was heard.
        since: Instant,
    },
}

/// The ear of one call.
pub struct Ear {
    timing: Timing,
    detector: Detector,
    recent: VecDeque<bool>,
    sound: Vec<i16>,
    /// Where in `sound` the last voice was.
    voiced_to: usize,
    words: Vec<String>,
    began: Option<Instant>,
    last_voice: Option<Instant>,
}

impl Ear {
    /// A fresh ear.
    pub fn new(timing: Timing, detection: Detection) -> Self {
        Self {
            timing,
            detector: Detector::new(detection),
            recent: VecDeque::with_capacity(WINDOW),
            sound: Vec::new(),
            voiced_to: 0,
            words: Vec::new(),
            began: None,
            last_voice: None,
        }
    }

    /// How long the person has been speaking without a pause; `None` when they are not.
    pub fn speaking_for(&self) -> Option<Duration> {
        Some(self.last_voice?.saturating_duration_since(self.began?))
    }

    /// Sound of what is being said, from a little before it was noticed.
    pub fn sound(&self) -> &[i16] {
        &self.sound
    }

    /// Words of what is being said, where words are carried.
    pub fn words(&self) -> String {
        self.words.join(" ")
    }

    /// How long a silence ends what is being said.
    pub fn set_endpoint(&mut self, wait: Duration) {
        self.timing.endpoint = wait;
    }

    /// When a voice was last heard.
    pub fn last_voice(&self) -> Option<Instant> {
        self.last_voice
    }

    /// When the speech that is going on began.
    pub fn began(&self) -> Option<Instant> {
        self.began
    }

    /// Takes what came in.
    pub fn take(&mut self, frame: Frame, now: Instant) -> Option<Noticed> {
        match frame {
            Frame::Sound(samples) => self.take_sound(&samples, now),
            // A machine's tone is no speech.
            Frame::Word(word) if word == BEEP => None,
            Frame::Word(word) => {
                self.words.push(word);
                self.last_voice = Some(now);
                self.begin(now)
            }
            Frame::Digit(_) => None,
        }
    }

    fn begin(&mut self, now: Instant) -> Option<Noticed> {
        if self.began.is_some() {
            return None;
        }
        self.began = Some(now);
        Some(Noticed::Began)
    }

    fn take_sound(&mut self, samples: &[i16], now: Instant) -> Option<Noticed> {
        self.sound.extend_from_slice(samples);
        let (recent, began) = (&mut self.recent, self.began.is_some());
        let mut speaks = false;
        self.detector.take(samples, |voiced| {
            if recent.len() == WINDOW {
                recent.pop_front();
            }
            recent.push_back(voiced);
            speaks |= voiced && (began || speaks || recent.iter().filter(|v| **v).count() >= VOICED);
        });
        let mut noticed = None;
        if speaks {
            self.last_voice = Some(now);
            self.voiced_to = self.sound.len();
            noticed = self.begin(now);
        }
        if self.began.is_none() && self.sound.len() > BEFORE {
            self.sound.drain(..self.sound.len() - BEFORE);
        }
        noticed
    }

    /// On the loop's beat: has the speech ended? Goes by the clock, because a line may send nothing at all.
    pub fn beat(&mut self, now: Instant) -> Option<Noticed> {
        let (began, last) = (self.began?, self.last_voice?);
        let quiet = now.saturating_duration_since(last) >= self.timing.endpoint;
        let too_long = now.saturating_duration_since(began) >= self.timing.utterance;
        if !(quiet || too_long) {
            return None;
        }
        Some(Noticed::Ended { utterance: self.finish(), since: last })
    }

    /// What has been said so far, and goes on.
    pub fn so_far(&self) -> Utterance {
        let end = (self.voiced_to + AFTER).min(self.sound.len());
        if self.words.is_empty() {
            Utterance::Sound(self.sound[..end].to_vec())
        } else {
            Utterance::Words(self.words())
        }
    }

    /// What is being said, cut here; `None` when nothing is.
    pub fn flush(&mut self) -> Option<Utterance> {
        self.began.is_some().then(|| self.finish())
    }

    fn finish(&mut self) -> Utterance {
        let utterance = self.so_far();
        self.began = None;
        self.recent.clear();
        self.sound.clear();
        self.words.clear();
        utterance
    }
}

#[cfg(test)]
mod tests {
    use super::{Detection, Ear, Noticed, Utterance};
    use crate::voice::media::Frame;
    use crate::voice::timing::Timing;
    use std::time::{Duration, Instant};

    #[test]
    fn words_make_an_utterance_after_the_endpoint() {
        let timing = Timing::default();
        let (mut ear, start) = (Ear::new(timing, Detection::Neural), Instant::now());
        assert_eq!(ear.take(Frame::Word("who".into()), start), Some(Noticed::Began));
        let later = start + Duration::from_millis(300);
        assert_eq!(ear.take(Frame::Word("is this".into()), later), None);
        assert_eq!(ear.beat(later + timing.endpoint / 2), None);
        assert_eq!(
            ear.beat(later + timing.endpoint),
            Some(Noticed::Ended { utterance: Utterance::Words("who is this".into()), since: later })
        );
        assert_eq!(ear.speaking_for(), None);
    }

    #[test]
    fn silence_is_no_speech_and_costs_no_memory() {
        let (mut ear, start) = (Ear::new(Timing::default(), Detection::Neural), Instant::now());
        for n in 0..500 {
            assert_eq!(ear.take(Frame::Sound(vec![0; 160]), start + Duration::from_millis(20 * n)), None);
        }
        assert!(ear.sound.len() <= super::BEFORE);
    }
}
