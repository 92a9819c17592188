//! Card numbers in what people say: they are neither recorded nor written down. Pure.

/// Digits from which on a run is a card's number. A telephone number has fewer.
const CARD: usize = 12;
/// Digits of an utterance that may be a piece of one.
const PIECE: usize = 3;

/// Digits that words stand for, or are a part of: "forty two" are two.
const WORDS: [(&str, usize); 32] = [
    ("zero", 1),
    ("oh", 1),
    ("one", 1),
    ("two", 1),
    ("three", 1),
    ("four", 1),
    ("five", 1),
    ("six", 1),
    ("seven", 1),
    ("eight", 1),
    ("nine", 1),
    ("ten", 2),
    ("eleven", 2),
    ("twelve", 2),
    ("thirteen", 2),
    ("fourteen", 2),
    ("fifteen", 2),
    ("sixteen", 2),
    ("seventeen", 2),
    ("eighteen", 2),
    ("nineteen", 2),
    ("twenty", 1),
    ("thirty", 1),
    ("forty", 1),
    ("fifty", 1),
    ("sixty", 1),
    ("seventy", 1),
    ("eighty", 1),
    ("ninety", 1),
    ("hundred", 2),
    ("double", 1),
    ("triple", 2),
];

/// Digits that a word stands for; `None` for another word.
fn digits(word: &str) -> Option<usize> {
    let bare: String = word.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    if !bare.is_empty() && bare.chars().all(|c| c.is_ascii_digit()) {
        return Some(bare.len());
    }
    let parts = word.split('-').filter(|part| !part.is_empty());
    let of = |part: &str| {
        let part: String = part.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
        WORDS.iter().find(|(name, _)| *name == part).map(|(_, count)| *count)
    };
    let all: Option<Vec<usize>> = parts.map(of).collect();
    all.filter(|all| !all.is_empty()).map(|all| all.into_iter().sum())
}

/// Digits of a text, whatever stands between them.
fn count(text: &str) -> usize {
    text.split_whitespace().filter_map(digits).sum()
}

/// Listens for a card's number over a conversation: people say it in pieces.
#[derive(Debug, Default)]
pub struct Cards {
    /// Digits of the pieces so far.
    run: usize,
}

impl Cards {
    /// Whether what was said is to be taken out: it is a card's number, or a piece that makes one with those before it.
    pub fn hides(&mut self, text: &str) -> bool {
        let here = count(text);
        if here < PIECE {
            // A word between two pieces is no end of it; another sentence is.
            if text.split_whitespace().count() > 2 {
                self.run = 0;
            }
            return false;
        }
        self.run += here;
        self.run >= CARD
    }

    /// Whether pieces of what may become a card's number were said.
    pub const fn is_running(&self) -> bool {
        self.run > 0
    }
}

/// The same text without its digits.
pub fn without_digits(text: &str) -> String {
    let word = |word: &str| if digits(word).is_some() { "•".to_owned() } else { word.to_owned() };
    text.split_whitespace().map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::{Cards, without_digits};

    #[test]
    fn a_cards_number_whole_or_in_pieces() {
        assert!(Cards::default().hides("it is 4242 4242 4242 4242"));
        assert!(
            Cards::default().hides("four two four two four two four two four two four two four two four two")
        );
        for text in [
            "4242 4242 um 4242 4242",
            "it is 4242 and 4242 and 4242 and 4242",
            "forty two forty-two forty two forty two forty two forty two forty two forty two",
            "4,242,424,242,424,242",
            "4242.4242.4242.4242",
            "4242/4242/4242/4242",
        ] {
            assert!(Cards::default().hides(text), "{text}");
        }
        let mut cards = Cards::default();
        let hidden: Vec<bool> =
            ["4242", "okay", "4242", "double four double four", "4242"].map(|text| cards.hides(text)).into();
        assert_eq!(hidden, [false, false, false, true, true]);
    }

    #[test]
    fn a_telephone_number_and_a_price_are_none() {
        assert!(!Cards::default().hides("my number is 312 555 0142"));
        let mut cards = Cards::default();
        assert!(!cards.hides("call 312 555 0142"));
        assert!(!cards.hides("that would be fine with me"));
        assert!(!cards.hides("or 312 555 0143"));
    }

    #[test]
    fn what_is_written_down_has_no_digits() {
        assert_eq!(without_digits("it is 4242, four two please"), "it is • • • please");
    }
}
