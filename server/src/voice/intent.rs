//! What a person means: a phrase that the script knows, else the first pattern that matches, else "unclear".

use super::lexicon::{Entry, Lexicon};
use super::phrases::{Phrases, plain};
use dialdeck_protocol::Intent;
use serde::Deserialize;
use std::sync::LazyLock;

#[derive(Deserialize)]
struct File {
    intent: Vec<Entry<Intent>>,
}

static LEXICON: LazyLock<Lexicon<Intent>> = LazyLock::new(|| {
    let file: Option<File> = toml::from_str(include_str!("../../data/intents.toml")).ok();
    Lexicon::compile(file.map(|f| f.intent).unwrap_or_default())
});

/// An intent and how sure we are of it, 0–1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Meant {
    /// The intent.
    pub intent: Intent,
    /// Confidence.
    pub confidence: f64,
}

/// What `text` means. Never a guess: what matches nothing is [`Intent::Unclear`] with confidence 0.
pub fn detect(text: &str, phrases: &Phrases) -> Meant {
    let plain = plain(text);
    if let Some(intent) = phrases.intent(&plain) {
        return Meant { intent, confidence: 0.95 };
    }
    // The words must not be searched without end; a person's turn is a few sentences.
    let plain: String = plain.chars().take(4000).collect();
    match LEXICON.first(&plain) {
        Some((intent, matches)) => Meant { intent, confidence: if matches > 1 { 0.9 } else { 0.75 } },
        None => Meant { intent: Intent::Unclear, confidence: 0.0 },
    }
}

#[cfg(test)]
mod tests {
    use super::{LEXICON, detect};
    use crate::domain::script::Script;
    use crate::voice::phrases::Phrases;
    use dialdeck_protocol::Intent;
    use proptest::prelude::*;

    #[test]
    fn every_shipped_pattern_compiles() {
        assert_eq!(LEXICON.len(), Intent::ALL.len() - 1, "all but unclear");
    }

    #[test]
    fn do_not_call_overrides_everything() {
        let phrases = Phrases::of(&Script::default());
        for text in [
            "Yes that sounds great but stop calling me",
            "I'm not interested, take me off your list",
            "no thanks, and please don't call again",
        ] {
            assert_eq!(detect(text, &phrases).intent, Intent::DoNotCall, "{text}");
        }
    }

    #[test]
    fn what_matches_nothing_is_unclear() {
        let phrases = Phrases::of(&Script::default());
        for text in ["", "purple monkey dishwasher", "the the uh"] {
            assert_eq!(detect(text, &phrases).intent, Intent::Unclear, "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_that_is_said_panics(text in ".{0,300}") {
            let meant = detect(&text, &Phrases::of(&Script::default()));
            prop_assert!((0.0..=1.0).contains(&meant.confidence));
        }
    }
}
