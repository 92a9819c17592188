//! What the last actions gave, shown until a key is pressed: newest first, and none hides another.

use std::collections::VecDeque;

/// How many stand beside each other.
const MOST: usize = 3;
/// Seconds until what went well is taken as read.
const READ: u8 = 4;

/// What a note tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Asked, and no answer yet.
    Waiting,
    /// It went well.
    Good,
    /// It was refused, or nobody took it.
    Bad,
}

impl Tone {
    /// The sign that stands before it, so that colour is not needed.
    pub fn mark(self) -> &'static str {
        match self {
            Self::Waiting => "…",
            Self::Good => "✓",
            Self::Bad => "✗",
        }
    }
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The sentence.
    pub text: String,
    /// What it tells.
    pub tone: Tone,
    /// How many seconds it has stood there.
    age: u8,
}

/// How many are kept to be read once more.
const KEPT: usize = 100;

/// All that are shown, and those that were.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notes(Vec<Note>, VecDeque<String>);

impl Notes {
    /// An action was asked for: what earlier ones gave is read.
    pub fn asked(&mut self, text: &str) {
        self.0.clear();
        self.late(text, Tone::Waiting);
    }

    /// How far something long is: it takes the place of what was said of it before, and of nothing else.
    pub fn underway(&mut self, text: &str) {
        self.answered();
        self.late(text, Tone::Waiting);
    }

    /// What was asked last is answered, in whatever way.
    pub fn answered(&mut self) {
        self.0.retain(|note| note.tone != Tone::Waiting);
    }

    /// A sentence, which answers what was asked last.
    pub fn say(&mut self, text: &str, bad: bool) {
        self.answered();
        self.late(text, if bad { Tone::Bad } else { Tone::Good });
    }

    /// Something that belongs to an earlier action, or that somebody else did: what is waited for is still waited for.
    pub fn late(&mut self, text: &str, tone: Tone) {
        let note = Note { text: crate::plain::line(text), tone, age: 0 };
        if tone != Tone::Waiting {
            let line = format!("{} {}", tone.mark(), note.text);
            if self.1.front() != Some(&line) {
                self.1.push_front(line);
                self.1.truncate(KEPT);
            }
        }
        self.0.retain(|old| old.text != note.text);
        self.0.insert(0, note);
        // What went well makes room for what did not.
        while self.0.len() > MOST {
            let good = self.0.iter().rposition(|note| note.tone != Tone::Bad);
            self.0.remove(good.unwrap_or(self.0.len() - 1));
        }
    }

    /// A second has passed; what went well is read and gone after a few, so that the bar shows again what can be done.
    /// True when something changed.
    pub fn second(&mut self) -> bool {
        let before = self.0.len();
        self.0.retain_mut(|note| {
            note.age = note.age.saturating_add(1);
            note.tone != Tone::Good || note.age <= READ
        });
        self.0.len() != before
    }

    /// A key was pressed: they are read.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// What was said of late, the newest first, whole.
    pub fn said(&self) -> Vec<String> {
        self.1.iter().cloned().collect()
    }

    /// What was said of something is not so any more.
    pub fn forget(&mut self, about: &str) {
        self.0.retain(|note| note.tone != Tone::Bad || !note.text.contains(about));
    }

    /// Newest first.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Note> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::{Notes, Tone};

    fn texts(notes: &Notes) -> Vec<(&str, Tone)> {
        notes.iter().map(|note| (note.text.as_str(), note.tone)).collect()
    }

    #[test]
    fn what_comes_late_hides_no_answer() {
        let mut notes = Notes::default();
        notes.asked("asked");
        notes.late("dial 1003: no agent screen took it", Tone::Bad);
        assert_eq!(notes.iter().len(), 2, "the answer is still waited for");
        notes.say("pause 1001: done", false);
        let bad = ("dial 1003: no agent screen took it", Tone::Bad);
        assert_eq!(texts(&notes), [("pause 1001: done", Tone::Good), bad]);
        for _ in 0..5 {
            notes.second();
        }
        assert_eq!(texts(&notes), [bad], "what went badly stays until a key");
        notes.clear();
        assert_eq!(notes.iter().len(), 0);
    }

    #[test]
    fn nobody_is_told_the_same_twice_at_once() {
        let mut notes = Notes::default();
        notes.say("refused", true);
        notes.say("refused", true);
        assert_eq!(notes.iter().len(), 1);
        for n in 0..9 {
            notes.say(&n.to_string(), true);
        }
        assert_eq!(notes.iter().len(), 3);
    }
}
