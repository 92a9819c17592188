//! Reading what somebody says when asked for a name, an address, a time, a number: as it is kept, and as it is read back. Pure.

use crate::domain::plain;
use crate::domain::slot::SlotKind;
use crate::voice::phrases::plain as words_of;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;

mod moment;

/// Most characters that are kept.
const MOST: usize = 200;

/// What was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// As it is kept.
    pub kept: String,
    /// As it is read back.
    pub spoken: String,
    /// When it is, where it is a time.
    pub at: Option<DateTime<Utc>>,
}

impl Value {
    fn plain(text: String) -> Self {
        Self { spoken: text.clone(), kept: text, at: None }
    }
}

/// What stands before the thing itself.
const LEADS: [&str; 20] = [
    "my name is",
    "the name is",
    "my full name is",
    "this is",
    "it is",
    "its",
    "thats",
    "that is",
    "i am",
    "im",
    "call me",
    "my email address is",
    "my email is",
    "the email is",
    "my address is",
    "my number is",
    "the number is",
    "um",
    "uh",
    "sure",
];

const UNITS: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 8] = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];

/// Reads an answer; `None` where it is none. `now`: where the person is; without it no time can be read.
pub fn read(kind: SlotKind, text: &str, now: Option<DateTime<Tz>>) -> Option<Value> {
    match kind {
        SlotKind::Name => name(text),
        SlotKind::Email => email(text),
        SlotKind::Number => number(text),
        SlotKind::Time => moment::read(text, now?),
        SlotKind::Words => Some(Value::plain(plain::line(text, MOST))).filter(|value| !value.kept.is_empty()),
    }
}

/// Without what people say before the thing itself.
fn without_leads(text: &str) -> String {
    let mut rest = text.to_owned();
    while let Some(after) = LEADS.iter().find_map(|lead| rest.strip_prefix(lead)?.strip_prefix(' ')) {
        rest = after.trim_start().to_owned();
    }
    rest
}

fn name(text: &str) -> Option<Value> {
    let rest = without_leads(&words_of(text));
    let words: Vec<&str> = rest.split_whitespace().collect();
    if words.is_empty()
        || words.len() > 4
        || words.iter().any(|word| word.bytes().any(|b| b.is_ascii_digit()))
    {
        return None;
    }
    // Spelled: "l e e".
    let words: Vec<String> = if words.len() > 1 && words.iter().all(|word| word.chars().count() == 1) {
        vec![words.concat()]
    } else {
        words.into_iter().map(str::to_owned).collect()
    };
    let titled = words.iter().map(|word| {
        let mut letters = word.chars();
        letters
            .next()
            .map(|first| first.to_uppercase().collect::<String>() + letters.as_str())
            .unwrap_or_default()
    });
    Some(Value::plain(titled.collect::<Vec<_>>().join(" ")))
}

fn email(text: &str) -> Option<Value> {
    // As a recogniser that writes addresses writes one.
    if let Some(address) = text.split_whitespace().find(|word| word.contains('@')) {
        return address_of(address.trim_end_matches(['.', ',', '?', '!']).to_lowercase());
    }
    let rest = without_leads(&words_of(text));
    let mut address = String::new();
    for word in rest.split_whitespace() {
        match word {
            "at" => address.push('@'),
            "dot" | "point" | "period" => address.push('.'),
            "dash" | "hyphen" | "minus" => address.push('-'),
            "underscore" => address.push('_'),
            "plus" => address.push('+'),
            word => match unit(word) {
                Some(digit) if digit < 10 => address.push_str(&digit.to_string()),
                _ => address.push_str(word),
            },
        }
    }
    address_of(address)
}

fn address_of(address: String) -> Option<Value> {
    let (user, host) = address.split_once('@')?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '+');
    let good = |part: &str| {
        !part.is_empty()
            && part.chars().all(plain)
            && !part.starts_with('.')
            && !part.ends_with('.')
            && !part.contains("..")
    };
    let (_, top) = host.rsplit_once('.')?;
    if !good(user) || !good(host) || top.len() < 2 || address.len() > 120 {
        return None;
    }
    let spoken = address
        .replace('@', " at ")
        .replace('.', " dot ")
        .replace('_', " underscore ")
        .replace('-', " dash ")
        .replace('+', " plus ");
    Some(Value { spoken, kept: address, at: None })
}

fn unit(word: &str) -> Option<u32> {
    if word == "oh" {
        return Some(0);
    }
    UNITS
        .iter()
        .position(|unit| *unit == word)
        .and_then(|n| u32::try_from(n).ok())
        .or_else(|| word.parse().ok())
}

/// A number below a hundred, from the front of some words; with how many of them it took.
fn small(words: &[&str]) -> Option<(u32, usize)> {
    let first = words.first()?;
    if let Some(tens) = TENS.iter().position(|tens| tens == first) {
        let tens = u32::try_from(tens).ok()? * 10 + 20;
        let one = words.get(1).and_then(|word| unit(word)).filter(|n| (1..10).contains(n));
        return Some(one.map_or((tens, 1), |one| (tens + one, 2)));
    }
    unit(first).filter(|n| *n < 100).map(|n| (n, 1))
}

fn number(text: &str) -> Option<Value> {
    let rest = without_leads(&words_of(text));
    let words: Vec<&str> = rest.split_whitespace().collect();
    let (mut at, mut digits) = (0, String::new());
    while at < words.len() {
        let doubled = match words[at] {
            "double" => 2,
            "triple" => 3,
            _ => 1,
        };
        at += usize::from(doubled > 1);
        // Digits are kept as they are: 02 is no 2.
        if words[at..].first().is_some_and(|word| word.bytes().all(|b| b.is_ascii_digit())) {
            digits.push_str(&words[at].repeat(doubled));
            at += 1;
            continue;
        }
        match small(&words[at..]) {
            Some((n, took)) => {
                digits.push_str(&n.to_string().repeat(doubled));
                at += took;
            }
            // "and", "dash": what is between.
            None => at += 1,
        }
    }
    if digits.is_empty() || digits.len() > 20 {
        return None;
    }
    let spoken = digits.chars().map(String::from).collect::<Vec<_>>().join(" ");
    Some(Value { kept: digits, spoken, at: None })
}

#[cfg(test)]
mod tests {
    use super::{SlotKind, read};
    use chrono::TimeZone;
    use chrono_tz::America::Chicago;
    use proptest::prelude::*;

    fn kept(kind: SlotKind, text: &str) -> Option<String> {
        // A Thursday.
        let now = Chicago.with_ymd_and_hms(2026, 1, 15, 11, 0, 0).unwrap();
        read(kind, text, Some(now)).map(|value| value.kept)
    }

    #[test]
    fn names_addresses_and_numbers_as_people_say_them() {
        for (kind, text, expected) in [
            (SlotKind::Name, "my name is Mary Lee", Some("Mary Lee")),
            (SlotKind::Name, "it's l e e", Some("Lee")),
            (SlotKind::Name, "well I do not think that I want to tell you", None),
            (SlotKind::Email, "john dot smith at example dot com", Some("john.smith@example.com")),
            (SlotKind::Email, "it's J O at example dot org", Some("jo@example.org")),
            (SlotKind::Email, "Mary.Lee2@Example.com.", Some("mary.lee2@example.com")),
            (
                SlotKind::Email,
                "ann underscore two at my dash shop dot co dot uk",
                Some("ann_2@my-shop.co.uk"),
            ),
            (SlotKind::Email, "at the office", None),
            (SlotKind::Email, "no thanks", None),
            (SlotKind::Number, "five five five, oh one double four", Some("5550144")),
            (SlotKind::Number, "twenty three", Some("23")),
            (SlotKind::Number, "02 134", Some("02134")),
            (SlotKind::Number, "a lot", None),
            (SlotKind::Words, "the red one, please", Some("the red one, please")),
            (SlotKind::Words, "  ", None),
        ] {
            assert_eq!(kept(kind, text).as_deref(), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_that_is_said_panics(text in ".{0,200}") {
            for kind in [SlotKind::Name, SlotKind::Email, SlotKind::Time, SlotKind::Number, SlotKind::Words] {
                let _ = kept(kind, &text);
            }
        }
    }
}
