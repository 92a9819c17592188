//! Plays clips a frame at a time, and can fall silent between two frames.

use super::media::{Clip, FRAME_SAMPLES, Frame};
use super::timing::Timing;
use std::time::Instant;

/// The mouth: at most one clip at a time.
#[derive(Debug, Default)]
pub struct Mouth {
    clip: Option<Clip>,
    at: usize,
    next_word: Option<Instant>,
    /// When the clip's first frame went out.
    began: Option<Instant>,
    /// Silent for now, and may go on.
    held: bool,
}

/// How far back a clip goes on after it was held, at most, in frames: 400 ms, about a word.
const BACK: usize = 20;

impl Mouth {
    /// Begins to play. What was playing is dropped.
    pub fn play(&mut self, clip: Clip) {
        *self = Self { clip: Some(clip), ..Self::default() };
    }

    /// Falls silent at once. True if something was playing.
    pub fn stop(&mut self) -> bool {
        let was = self.is_speaking();
        *self = Self::default();
        was
    }

    /// Falls silent at once, and keeps where it was.
    pub fn hold(&mut self) {
        self.held = self.is_speaking();
    }

    /// Goes on after [`Self::hold`], from the last quiet place: half a word is understood by nobody.
    pub fn release(&mut self) {
        if let (true, Some(Clip::Sound(samples))) = (std::mem::take(&mut self.held), &self.clip) {
            self.at = quiet_before(samples, self.at);
        }
    }

    /// Whether it is silent for now, and may go on.
    pub fn is_held(&self) -> bool {
        self.held
    }

    /// Whether something is playing.
    pub fn is_speaking(&self) -> bool {
        self.clip.is_some()
    }

    /// When the clip's first frame went out.
    pub fn began(&self) -> Option<Instant> {
        self.began
    }

    /// The next frame, on the loop's beat. Sound without anything to say is silence, because a call on which neither
    /// side sends for two seconds is ended; words have no silence.
    pub fn next(&mut self, now: Instant, words: bool, timing: &Timing) -> Option<Frame> {
        match self.clip.as_ref().filter(|_| !self.held) {
            None if words => None,
            None => Some(Frame::Sound(vec![0; FRAME_SAMPLES])),
            Some(Clip::Sound(samples)) => {
                let end = (self.at + FRAME_SAMPLES).min(samples.len());
                let mut piece = samples[self.at..end].to_vec();
                piece.resize(FRAME_SAMPLES, 0);
                self.at = end;
                self.began.get_or_insert(now);
                if end == samples.len() {
                    self.clip = None;
                }
                Some(Frame::Sound(piece))
            }
            Some(Clip::Words(list)) => {
                if self.next_word.is_some_and(|due| now < due) {
                    return None;
                }
                self.began.get_or_insert(now);
                self.next_word = Some(now + timing.word);
                let word = list.get(self.at).cloned();
                self.at += 1;
                if word.is_none() {
                    self.clip = None;
                }
                word.map(Frame::Word)
            }
        }
    }
}

/// The quietest frame among the last few before `at`.
fn quiet_before(samples: &[i16], at: usize) -> usize {
    let power = |from: usize| -> u64 {
        samples[from..from + FRAME_SAMPLES].iter().map(|s| u64::from(s.unsigned_abs()).pow(2)).sum()
    };
    let frames = (1..=BACK).map_while(|n| at.checked_sub(n * FRAME_SAMPLES));
    frames.min_by_key(|from| power(*from)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::Mouth;
    use crate::voice::media::{Clip, FRAME_SAMPLES, Frame};
    use crate::voice::timing::Timing;
    use std::time::Instant;

    #[test]
    fn falls_silent_between_two_frames() {
        let (now, timing) = (Instant::now(), Timing::default());
        let mut mouth = Mouth::default();
        mouth.play(Clip::Sound(vec![7; FRAME_SAMPLES * 3 + 10].into()));
        assert_eq!(mouth.next(now, false, &timing), Some(Frame::Sound(vec![7; FRAME_SAMPLES])));
        assert!(mouth.stop());
        assert_eq!(mouth.next(now, false, &timing), Some(Frame::Sound(vec![0; FRAME_SAMPLES])));
        assert!(!mouth.stop());
    }

    #[test]
    fn held_it_is_silent_and_goes_on_from_the_gap_before() {
        let (now, timing) = (Instant::now(), Timing::default());
        let mut clip = vec![7; FRAME_SAMPLES * 40];
        clip[FRAME_SAMPLES * 20..FRAME_SAMPLES * 21].fill(1);
        let mut mouth = Mouth::default();
        mouth.play(Clip::Sound(clip.into()));
        for _ in 0..30 {
            mouth.next(now, false, &timing);
        }
        mouth.hold();
        assert!(mouth.is_held() && mouth.is_speaking());
        assert_eq!(mouth.next(now, false, &timing), Some(Frame::Sound(vec![0; FRAME_SAMPLES])));
        mouth.release();
        assert_eq!(mouth.next(now, false, &timing), Some(Frame::Sound(vec![1; FRAME_SAMPLES])));
        assert_eq!(mouth.next(now, false, &timing), Some(Frame::Sound(vec![7; FRAME_SAMPLES])));
        mouth.stop();
        mouth.hold();
        assert!(!mouth.is_held(), "what says nothing holds nothing");
    }

    #[test]
    fn the_last_frame_is_filled_up() {
        let (now, timing) = (Instant::now(), Timing::default());
        let mut mouth = Mouth::default();
        mouth.play(Clip::Sound(vec![7; 10].into()));
        let Some(Frame::Sound(frame)) = mouth.next(now, false, &timing) else { panic!("no frame") };
        assert_eq!((frame.len(), frame[9], frame[10]), (FRAME_SAMPLES, 7, 0));
        assert!(!mouth.is_speaking());
    }
}
