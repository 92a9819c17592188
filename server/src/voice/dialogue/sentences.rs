//! Text as it is written, cut into sentences that can be spoken while the rest is written, and cleaned of what is not to be
//! spoken. Pure.

use crate::domain::plain;

/// Shortest piece that is spoken alone, in characters: "Yes." gets company.
const LEAST: usize = 12;
/// Longest piece; a sentence without an end is cut at a space.
const MOST: usize = 240;
/// Most characters of one answer.
const ANSWER: usize = 1200;

/// Cuts a stream of text into sentences.
#[derive(Debug, Default)]
pub struct Sentences {
    waiting: String,
    /// Within `<think>`: what a model thinks aloud.
    thinks: bool,
    taken: usize,
}

impl Sentences {
    /// More text; gives the sentences that are whole now.
    pub fn push(&mut self, text: &str) -> Vec<String> {
        self.waiting.push_str(text);
        let mut whole = Vec::new();
        while let Some(sentence) = self.next(false) {
            whole.push(sentence);
        }
        whole
    }

    /// There is no more text; gives what is left.
    pub fn finish(&mut self) -> Option<String> {
        self.next(true)
    }

    fn next(&mut self, is_all: bool) -> Option<String> {
        loop {
            let piece = self.piece(is_all)?;
            if !piece.is_empty() {
                return Some(piece);
            }
            if self.waiting.is_empty() {
                return None;
            }
        }
    }

    /// The next sentence; empty where nothing of it can be spoken.
    fn piece(&mut self, is_all: bool) -> Option<String> {
        loop {
            if self.thinks {
                let Some(end) = self.waiting.find("</think>") else {
                    // The end itself may be cut in two.
                    let keep = self.waiting.len().saturating_sub("</think>".len());
                    let keep = (0..=keep).rev().find(|at| self.waiting.is_char_boundary(*at)).unwrap_or(0);
                    self.waiting.drain(..keep);
                    return None;
                };
                self.waiting.drain(..end + "</think>".len());
                self.thinks = false;
            }
            let Some(at) = self.waiting.find("<think>") else { break };
            if at > 0 {
                break;
            }
            self.waiting.drain(.."<think>".len());
            self.thinks = true;
        }
        let until = self.waiting.find('<').unwrap_or(self.waiting.len());
        let end = end_of_sentence(&self.waiting[..until]).or_else(|| {
            let tag = until < self.waiting.len() && self.waiting[until..].starts_with("<think>");
            (tag || is_all).then_some(if tag { until } else { self.waiting.len() })
        });
        let end = end.or_else(|| {
            (self.waiting.chars().count() > MOST).then(|| {
                let cut = self.waiting.char_indices().nth(MOST).map_or(self.waiting.len(), |(at, _)| at);
                self.waiting[..cut].rfind(' ').map_or(cut, |at| at + 1)
            })
        })?;
        let sentence: String = self.waiting.drain(..end).collect();
        let spoken = speakable(&sentence);
        self.taken += spoken.chars().count();
        if self.taken > ANSWER {
            self.waiting.clear();
            return None;
        }
        Some(spoken)
    }
}

/// Where the first sentence that is long enough ends: behind its mark and the space after it.
fn end_of_sentence(text: &str) -> Option<usize> {
    let mut before = None;
    for (at, c) in text.char_indices() {
        if c.is_whitespace() && matches!(before, Some('.' | '!' | '?' | '…' | ':' | ';')) && at >= LEAST {
            let word = text[..at].rsplit(char::is_whitespace).next().unwrap_or_default();
            // "Mr. Smith" is one sentence.
            if !["Mr.", "Mrs.", "Ms.", "Dr.", "St.", "e.g.", "i.e.", "a.m.", "p.m."].contains(&word) {
                return Some(at + c.len_utf8());
            }
        }
        before = Some(c);
    }
    None
}

/// A script's text in sentences, as it stands: whoever wrote it has seen to it that it can be spoken.
pub fn whole(text: &str) -> Vec<String> {
    let mut rest = text.trim();
    let mut all = Vec::new();
    while let Some(end) = end_of_sentence(rest) {
        let (sentence, more) = rest.split_at(end);
        all.push(sentence.trim().to_owned());
        rest = more;
    }
    if !rest.is_empty() {
        all.push(rest.to_owned());
    }
    all
}

/// Without marks that are written and not spoken: emphasis, headings, lists, links.
fn speakable(text: &str) -> String {
    let text = plain::line(text, MOST * 2);
    let kept: String =
        text.chars().filter(|c| !matches!(c, '*' | '_' | '`' | '#' | '|' | '<' | '>' | '[' | ']')).collect();
    let kept = kept.trim_start_matches(['-', '•', ' ']).to_owned();
    if kept.chars().any(char::is_alphanumeric) {
        kept.split_whitespace().collect::<Vec<_>>().join(" ")
    } else {
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use super::Sentences;
    use proptest::prelude::*;

    fn split(text: &str) -> Vec<String> {
        let mut sentences = Sentences::default();
        let mut all = sentences.push(text);
        all.extend(sentences.finish());
        all
    }

    #[test]
    fn sentence_by_sentence_as_it_is_written() {
        let mut sentences = Sentences::default();
        assert!(sentences.push("Good mor").is_empty());
        assert_eq!(sentences.push("ning, Mr. Lee. How "), ["Good morning, Mr. Lee."]);
        assert!(sentences.push("are you?").is_empty());
        assert_eq!(sentences.finish().as_deref(), Some("How are you?"));
        assert_eq!(
            split("Yes. I will call you at 3 p.m. tomorrow. Goodbye."),
            ["Yes. I will call you at 3 p.m. tomorrow.", "Goodbye."]
        );
    }

    #[test]
    fn what_is_thought_or_written_is_not_spoken() {
        let mut sentences = Sentences::default();
        let mut all = Vec::new();
        for piece in
            ["<thi", "nk>They are angry. I must", " be kind.</th", "ink>**Of course**, I can.", " - `Bye`"]
        {
            all.extend(sentences.push(piece));
        }
        all.extend(sentences.finish());
        assert_eq!(all, ["Of course, I can.", "Bye"]);
        assert!(split("*** --- ###").is_empty());
    }

    proptest! {
        #[test]
        fn nothing_of_ordinary_text_is_lost(words in proptest::collection::vec("[a-z]{1,9}[.,!?]?", 1..60), cut in 1_usize..9) {
            let text = words.join(" ");
            let mut sentences = Sentences::default();
            let mut all = Vec::new();
            let chars: Vec<char> = text.chars().collect();
            for piece in chars.chunks(cut) {
                all.extend(sentences.push(&piece.iter().collect::<String>()));
            }
            all.extend(sentences.finish());
            prop_assert_eq!(all.join(" "), text);
        }

        #[test]
        fn nothing_that_a_model_writes_panics(text in ".{0,600}") {
            for sentence in split(&text) {
                prop_assert!(sentence.chars().all(|c| !c.is_control()));
            }
        }
    }
}
