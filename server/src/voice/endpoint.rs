//! How long a person must be silent until what they said is taken as whole: short after "yes", long after "my number is".
//! Pure.

use super::phrases::plain;
use std::time::Duration;

/// What is an answer by itself.
const WHOLE: &[&str] = &[
    "yes",
    "yeah",
    "yep",
    "sure",
    "no",
    "nope",
    "no thanks",
    "no thank you",
    "yes please",
    "okay",
    "ok",
    "of course",
    "not interested",
    "i am not interested",
    "im not interested",
    "stop calling me",
    "goodbye",
    "bye",
];
/// Words after which something follows.
const UNFINISHED: &[&str] = &[
    "and", "but", "or", "because", "so", "if", "is", "my", "the", "a", "at", "to", "its", "i", "um", "uh",
    "well", "with", "for", "of", "in", "on", "like", "about", "call me",
];
/// Least and most of the usual wait, in percent.
const SHORT: u32 = 60;
const LONG: u32 = 190;

/// The wait after what was said so far; `usual` where nothing is known of it.
pub fn wait(so_far: &str, usual: Duration) -> Duration {
    let text = plain(so_far);
    let percent = if text.is_empty() {
        100
    } else if WHOLE.contains(&text.as_str()) {
        SHORT
    } else if UNFINISHED.iter().any(|word| text == *word || text.ends_with(&format!(" {word}")))
        || is_dictated(&text)
    {
        LONG
    } else {
        100
    };
    usual * percent / 100
}

/// Whether a number or an address is being said, which people do with pauses.
fn is_dictated(text: &str) -> bool {
    const DIGITS: &[&str] =
        &["zero", "oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "double"];
    let last: Vec<&str> = text.rsplit(' ').take(2).collect();
    let digit = |word: &&str| DIGITS.contains(word) || word.bytes().all(|b| b.is_ascii_digit());
    // One alone may be an amount or an hour; a whole telephone number needs no more.
    let digits = text.split(' ').filter(digit).count();
    last.len() == 2 && last.iter().all(digit) && digits < 10
}

#[cfg(test)]
mod tests {
    use super::wait;
    use proptest::prelude::*;
    use std::time::Duration;

    #[test]
    fn short_after_yes_and_long_after_my_number_is() {
        let usual = Duration::from_millis(700);
        let after = |text: &str| wait(text, usual).as_millis();
        for (text, ms) in [
            ("", 700),
            ("Yes.", 420),
            ("no thank you", 420),
            ("tell me more about it please", 700),
            ("my number is", 1330),
            ("I would, but", 1330),
            ("my number is five five", 1330),
            ("at three", 700),
            ("three one two five five five zero one four two", 700),
        ] {
            assert_eq!(after(text), ms, "{text}");
        }
    }

    proptest! {
        #[test]
        fn it_stays_within_bounds(text in ".{0,200}") {
            let usual = Duration::from_millis(700);
            let waited = wait(&text, usual);
            prop_assert!(waited >= usual * 6 / 10 && waited <= usual * 19 / 10);
        }
    }
}
