//! What must not stand in a log: passwords, which VICIdial echoes, and whole telephone numbers.

use regex::Regex;
use std::sync::LazyLock;

/// Runs of digits as long as telephone numbers; longer ones are call codes.
static NUMBER: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\b[VYMJ]\d{19}\b|\d+").ok());
static QUERY: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?i)(pass(?:word)?=')[^']*'").ok());

/// The last four digits of a number.
pub fn ending(number: &str) -> String {
    let at = number.char_indices().rev().nth(3).map_or(0, |(at, _)| at);
    format!("…{}", &number[at..])
}

/// A text without those secrets, and with numbers of ten to eighteen digits cut to their endings; a time of day in Unix
/// seconds looks like a number, and goes the same way.
pub fn discreet(text: &str, secrets: &[&str]) -> String {
    let mut text = text.to_owned();
    let mut secrets: Vec<&str> = secrets.iter().copied().filter(|secret| !secret.is_empty()).collect();
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    for secret in secrets {
        // As it is, and as it stands in an address.
        let encoded: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        text = text.replace(secret, "…").replace(&encoded, "…");
    }
    if let Some(query) = QUERY.as_ref() {
        text = query.replace_all(&text, "${1}…'").into_owned();
    }
    let Some(number) = NUMBER.as_ref() else { return text };
    number
        .replace_all(&text, |found: &regex::Captures<'_>| match &found[0] {
            digits
                if digits.starts_with(|c: char| c.is_ascii_digit()) && (10..=18).contains(&digits.len()) =>
            {
                ending(digits)
            }
            digits => digits.to_owned(),
        })
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::{discreet, ending};
    use proptest::prelude::*;

    #[test]
    fn echoes_are_gone() {
        let body = "ERROR: Invalid Username/Password: |api|s3 cret|0|0|BAD|SELECT … where user='api' and pass='s3 cret' and x;|";
        let shown = discreet(body, &["s3 cret"]);
        assert!(!shown.contains("s3 cret"), "{shown}");
        assert_eq!(
            discreet("7275551212|8600051|V1120230000000000002", &[]),
            "…1212|8600051|V1120230000000000002"
        );
        assert_eq!((ending("12"), ending("2025550142")), ("…12".into(), "…0142".into()));
    }

    #[test]
    fn numbers_in_an_address_are_cut_as_well() {
        let shown =
            discreet("phone_number=2025550142%2C2025550143&comments=%2B12025550144%7C2025550145", &[]);
        for number in ["2025550142", "2025550143", "12025550144", "2025550145"] {
            assert!(!shown.contains(number), "{shown}");
        }
        assert_eq!(discreet("V1120230000000000002", &[]), "V1120230000000000002");
    }

    proptest! {
        #[test]
        fn a_secret_never_stays(secret in "[!-~]{4,20}", before in ".{0,20}", after in ".{0,20}") {
            let shown = discreet(&format!("{before}|{secret}|{after}"), &[&secret]);
            prop_assert!(!shown.contains(&secret));
        }
    }
}
