//! Whether what was heard while we spoke was meant to interrupt us: "mm-hm", "yeah", a cough do not. Pure.

use super::phrases::plain;

/// What people say to be heard listening.
const ASSENT: &[&str] = &[
    "mm",
    "mmm",
    "mhm",
    "mm hm",
    "mm hmm",
    "hm",
    "hmm",
    "uh huh",
    "uhuh",
    "aha",
    "ah",
    "oh",
    "yeah",
    "yep",
    "yup",
    "yes",
    "ok",
    "okay",
    "right",
    "sure",
    "i see",
    "alright",
    "all right",
    "got it",
    "go on",
    "uh",
    "um",
    "er",
];

/// Whether a text is no more than that; nothing understood is a cough, or noise.
pub fn is_one(text: &str) -> bool {
    let text = plain(text);
    if text.is_empty() {
        return true;
    }
    let mut rest = text.as_str();
    // "yeah yeah ok" is what each of its words is.
    while !rest.is_empty() {
        let longest = ASSENT
            .iter()
            .filter(|word| {
                rest.strip_prefix(**word).is_some_and(|after| after.is_empty() || after.starts_with(' '))
            })
            .max_by_key(|word| word.len());
        let Some(word) = longest else { return false };
        rest = rest[word.len()..].trim_start();
    }
    true
}

#[cfg(test)]
mod tests {
    use super::is_one;

    #[test]
    fn assent_and_noise_are_and_answers_are_not() {
        for text in ["", "Mm-hm.", "yeah, yeah, okay", "uh huh", "I see."] {
            assert!(is_one(text), "{text}");
        }
        for text in ["no", "yes I want it", "wait", "stop calling me", "yesterday", "okay but who are you"] {
            assert!(!is_one(text), "{text}");
        }
    }
}
