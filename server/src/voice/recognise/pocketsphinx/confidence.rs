//! How likely it is that what was decoded was said: by how much worse it explains the sound than any sounds at all, by how like its
//! sounds are to those that were heard, by whether two ways to listen agree. Pure.
//!
//! The weights are those of a logistic regression over 961 utterances of six synthetic voices on a telephone line with noise (510
//! phrases of the grammar, 451 turns that are in none), each taken for right where its intent was.

use crate::voice::intent;
use crate::voice::phrases::Phrases;
use crate::voice::recognise::embedded::logistic;

/// What one way of listening made of an utterance.
#[derive(Debug, Clone, Default)]
pub(super) struct Heard {
    /// The words, plain; empty where none fitted.
    pub text: String,
    /// Log score of the whole utterance.
    pub score: f64,
    /// How the words are said, as phones.
    pub phones: Vec<String>,
}

/// The sounds of an utterance, whatever was said.
#[derive(Debug, Clone, Default)]
pub(super) struct Sounds {
    /// Log score of the best row of any phones.
    pub score: f64,
    /// That row, without silences and noises.
    pub phones: Vec<String>,
    /// How long it is, in seconds.
    pub seconds: f64,
}

/// Phones that are taken for each other, by row.
const ALIKE: [&str; 13] = [
    " AA AO AH AW OW OY ",
    " AE EH AY EY ",
    " IH IY ",
    " UH UW ",
    " ER R ",
    " P B ",
    " T D ",
    " K G ",
    " F V TH DH ",
    " S Z SH ZH CH JH ",
    " M N NG ",
    " L W Y ",
    " HH ",
];
/// Silence around an utterance, both sides together, in seconds.
const PADDING: f64 = 0.5;
/// Log score a frame of a way of listening that heard nothing, below the loop of phones.
const NOTHING: f64 = -40.0;

impl Heard {
    /// By how much it explains the sound worse than any sounds would have, as log score of a frame of 10 ms.
    fn short_of(&self, sounds: &Sounds) -> f64 {
        if self.text.is_empty() { NOTHING } else { (self.score - sounds.score) / frames(sounds) }
    }

    /// Its phones; at least one, because it is divided by.
    #[allow(clippy::cast_precision_loss, reason = "a turn has some hundred phones")]
    fn length(&self) -> f64 {
        self.phones.len().max(1) as f64
    }
}

fn frames(sounds: &Sounds) -> f64 {
    100.0 * sounds.seconds.max(0.2)
}

/// How likely a phrase of the grammar was said, by itself.
pub(super) fn of_phrase(heard: &Heard, sounds: &Sounds) -> f64 {
    let [unlike, unlike_class] = unlike(heard, sounds);
    logistic(
        9.97 + 0.197 * heard.short_of(sounds)
            - 1.164 * unlike
            - 0.795 * unlike_class
            - 1.663 * heard.length().ln()
            - 19.812 * pace(heard, sounds)
            + 1.168 * share(heard, sounds),
    )
}

/// How likely the phrase was said, and how likely the free words were, with both known.
pub(super) fn of_both(phrase: &Heard, words: &Heard, sounds: &Sounds, phrases: &Phrases) -> [f64; 2] {
    let means = |heard: &Heard| intent::detect(&heard.text, phrases).intent;
    let agree = if means(phrase) == means(words) { 1.0 } else { 0.0 };
    let (phrase_words, free_words) = (split(&phrase.text), split(&words.text));
    let other_words = relative(&phrase_words, &free_words);
    let other_sounds = relative(&refs(&phrase.phones), &refs(&words.phones));
    let (short, short_words) = (phrase.short_of(sounds), words.short_of(sounds));
    let [unlike_one, unlike_class] = unlike(phrase, sounds);
    let of_phrase =
        8.912 + 0.104 * short + 0.031 * (short - short_words) - 0.39 * unlike_one - 0.873 * unlike_class
            + 0.493 * other_words
            - 2.057 * other_sounds
            + 1.941 * agree
            - 1.714 * phrase.length().ln()
            - 16.937 * pace(phrase, sounds)
            + 0.609 * share(phrase, sounds);
    let [unlike_one, unlike_class] = unlike(words, sounds);
    let of_words = 5.664 + 0.129 * short_words + 0.047 * (short_words - short)
        - 2.206 * unlike_one
        - 1.752 * unlike_class
        - 0.618 * other_words
        - 3.411 * other_sounds
        + 1.617 * agree
        + 1.005 * words.length().ln()
        - 20.232 * pace(words, sounds)
        + 2.372 * share(words, sounds);
    [logistic(of_phrase), logistic(of_words)]
}

/// Seconds for each phone.
fn pace(heard: &Heard, sounds: &Sounds) -> f64 {
    (sounds.seconds.max(0.2) - PADDING) / heard.length()
}

/// Phones that were heard for each that is meant.
#[allow(clippy::cast_precision_loss, reason = "a turn has some hundred phones")]
fn share(heard: &Heard, sounds: &Sounds) -> f64 {
    sounds.phones.len() as f64 / heard.length()
}

/// How unlike its phones are to those that were heard, one by one and by class, for each phone.
#[allow(clippy::cast_precision_loss, reason = "a turn has some hundred phones")]
fn unlike(heard: &Heard, sounds: &Sounds) -> [f64; 2] {
    let class = |phone: &String| {
        let wanted = format!(" {phone} ");
        ALIKE.iter().position(|row| row.contains(&wanted)).unwrap_or(ALIKE.len())
    };
    let classes = |phones: &[String]| phones.iter().map(class).collect::<Vec<_>>();
    let one = distance(&refs(&heard.phones), &refs(&sounds.phones));
    let by_class = distance(&classes(&heard.phones), &classes(&sounds.phones));
    [one as f64 / heard.length(), by_class as f64 / heard.length()]
}

fn refs(phones: &[String]) -> Vec<&str> {
    phones.iter().map(String::as_str).collect()
}

fn split(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

/// Steps between two rows, for each element of the longer.
#[allow(clippy::cast_precision_loss, reason = "a turn has some hundred words")]
fn relative(one: &[&str], other: &[&str]) -> f64 {
    distance(one, other) as f64 / one.len().max(other.len()).max(1) as f64
}

/// Least steps (one more, one less, another) that make one row of the other.
fn distance<T: PartialEq>(one: &[T], other: &[T]) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (n, a) in one.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], n + 1);
        for (k, b) in other.iter().enumerate() {
            let cost = diagonal + usize::from(a != b);
            diagonal = row[k + 1];
            row[k + 1] = cost.min(diagonal + 1).min(row[k] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::{Heard, Sounds, distance, of_both, of_phrase};
    use crate::domain::script::Script;
    use crate::voice::phrases::Phrases;
    use proptest::prelude::*;

    fn phones(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    fn stop(score: f64) -> Heard {
        Heard { text: "stop calling me".into(), score, phones: phones("S T AA P K AO L IH NG M IY") }
    }

    #[test]
    fn what_fits_the_sound_is_likely_and_what_fits_badly_or_lasts_too_long_is_not() {
        let sounds = |text: &str, seconds| Sounds { score: -5200.0, phones: phones(text), seconds };
        let same = sounds("S T AO P K AA L IH NG M IY", 1.4);
        assert!(of_phrase(&stop(-5600.0), &same) > 0.8);
        assert!(of_phrase(&stop(-8500.0), &sounds("HH AW M AH CH IH Z DH AE T", 1.4)) < 0.4);
        assert!(of_phrase(&stop(-5600.0), &sounds("S T AO P K AA L IH NG M IY", 6.0)) < 0.1);
    }

    #[test]
    fn two_that_agree_are_likelier_than_two_that_do_not() {
        let phrases = Phrases::of(&Script::default());
        let sounds = Sounds { score: -5200.0, phones: phones("S T AO P K AA L IH NG M IY"), seconds: 1.4 };
        let other = Heard {
            text: "who is calling".into(),
            score: -6300.0,
            phones: phones("HH UW IH Z K AO L IH NG"),
        };
        let agreed = of_both(&stop(-6300.0), &stop(-6400.0), &sounds, &phrases);
        let apart = of_both(&stop(-6300.0), &other, &sounds, &phrases);
        assert!(agreed[0] > apart[0] && agreed[1] > apart[1], "{agreed:?} {apart:?}");
    }

    proptest! {
        #[test]
        fn distances_are_distances(a in "[abc]{0,12}", b in "[abc]{0,12}") {
            let (one, other): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
            prop_assert_eq!(distance(&one, &other), distance(&other, &one));
            prop_assert_eq!(distance(&one, &other) == 0, a == b);
            prop_assert!(distance(&one, &other) <= one.len().max(other.len()));
        }
    }
}
