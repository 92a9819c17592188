//! How a person sounds, judged by words alone.

use crate::voice::lexicon::{Entry, Lexicon};
use crate::voice::phrases::plain;
use dialdeck_protocol::Emotion;
use serde::Deserialize;
use std::sync::LazyLock;

#[derive(Deserialize)]
struct File {
    emotion: Vec<Entry<Emotion>>,
}

static LEXICON: LazyLock<Lexicon<Emotion>> = LazyLock::new(|| {
    let file: Option<File> = toml::from_str(include_str!("../../../data/emotions.toml")).ok();
    Lexicon::compile(file.map(|f| f.emotion).unwrap_or_default())
});

/// The emotion in `text`; neutral where no word speaks for another.
pub fn detect(text: &str) -> Emotion {
    LEXICON.first(&plain(text)).map_or(Emotion::Neutral, |(emotion, _)| emotion)
}

#[cfg(test)]
mod tests {
    use super::{LEXICON, detect};
    use dialdeck_protocol::Emotion;

    #[test]
    fn words_speak() {
        assert_eq!(LEXICON.len(), Emotion::ALL.len() - 1, "all but neutral");
        for (text, emotion) in [
            ("that sounds great", Emotion::Positive),
            ("who did you say you are", Emotion::Neutral),
            ("I don't understand", Emotion::Confused),
            ("I already told you twice", Emotion::Frustrated),
            ("this is harassment, I'll sue", Emotion::Angry),
        ] {
            assert_eq!(detect(text), emotion, "{text}");
        }
    }
}
