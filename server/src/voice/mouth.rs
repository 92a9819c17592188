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
}

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
        match &self.clip {
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
    fn the_last_frame_is_filled_up() {
        let (now, timing) = (Instant::now(), Timing::default());
        let mut mouth = Mouth::default();
        mouth.play(Clip::Sound(vec![7; 10].into()));
        let Some(Frame::Sound(frame)) = mouth.next(now, false, &timing) else { panic!("no frame") };
        assert_eq!((frame.len(), frame[9], frame[10]), (FRAME_SAMPLES, 7, 0));
        assert!(!mouth.is_speaking());
    }
}
