//! Card numbers in what people say: they are neither recorded nor written down. Pure.

/// Digits from which on a run is a card's number. A telephone number has fewer.
const CARD: usize = 12;
/// Digits of an utterance that may be a piece of one.
const PIECE: usize = 3;

const WORDS: [(&str, usize); 13] = [
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
    ("double", 1),
    ("triple", 2),
];

/// Digits that a word stands for; `None` for another word.
fn digits(word: &str) -> Option<usize> {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    let bare: String = word.chars().filter(|c| *c != '-').collect();
    if !bare.is_empty() && bare.chars().all(|c| c.is_ascii_digit()) {
        return Some(bare.len());
    }
    WORDS.iter().find(|(name, _)| *name == word).map(|(_, count)| *count)
}

/// Digits of the longest run in a text.
fn longest(text: &str) -> usize {
    let (mut longest, mut run) = (0, 0);
    for word in text.split_whitespace() {
        run = digits(word).map_or(0, |more| run + more);
        longest = longest.max(run);
    }
    longest
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
        let here = longest(text);
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
