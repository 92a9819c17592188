//! Any words, the likelier the better: guided by which words follow each other in what people say to a caller.

use super::search::Guide;
use super::tokens::{BOUNDARY, END, Token, Tokens};
use crate::voice::phrases::plain;
use crate::voice::recognise::language::{Model, Word};
use std::sync::Arc;

/// Any words, the likelier the better.
pub(super) struct Free {
    tokens: Arc<Tokens>,
    model: Model,
}

/// Where one is: the last two words, and the letters of one that goes on.
#[derive(Clone)]
pub(super) struct Place {
    before: [Word; 2],
    letters: String,
}

impl Free {
    /// By a model.
    pub(super) fn new(tokens: Arc<Tokens>, model: Model) -> Self {
        Self { tokens, model }
    }
}

impl Guide for Free {
    type State = Place;

    fn begin(&self) -> Place {
        Place { before: self.model.begin(), letters: String::new() }
    }

    fn open(&self, _: &Place) -> Option<Vec<Token>> {
        None
    }

    fn follow(&self, place: &Place, token: Token) -> (Place, f64) {
        let piece = self.tokens.piece(token);
        let (mut before, mut chance) = (place.before, 0.0);
        if token != END && !piece.starts_with(BOUNDARY) {
            return (Place { before, letters: format!("{}{piece}", place.letters) }, chance);
        }
        let mut say = |word: Word| {
            chance += self.model.chance(before, word);
            before = [before[1], word];
        };
        // A word is known once the next begins.
        plain(&place.letters).split_whitespace().for_each(|word| say(self.model.word(word)));
        if token == END {
            say(self.model.end());
        }
        let letters = if token == END { String::new() } else { piece.replace(BOUNDARY, "") };
        (Place { before, letters }, chance)
    }
}

#[cfg(test)]
mod tests {
    use super::{END, Free, Guide, Model};
    use crate::voice::recognise::moonshine::tokens::tests::made;
    use std::sync::Arc;

    #[test]
    fn a_word_counts_once_it_is_whole() {
        let tokens = Arc::new(made(&["\u{2581}", "c", "a", "l", "m", "e", "\u{2581}ca", "\u{2581}me", "ll"]));
        let free = Free::new(tokens.clone(), Model::of(&["call me"], &[]));
        let sum = |text: &str| {
            let (mut place, mut sum, mut steps) = (free.begin(), 0.0, Vec::new());
            for token in tokens.spell(text).unwrap().into_iter().chain([END]) {
                let (next, chance) = free.follow(&place, token);
                (place, sum) = (next, sum + chance);
                steps.push(chance);
            }
            (sum, steps)
        };
        let (likely, steps) = sum("call me");
        let counted: Vec<usize> = (0..steps.len()).filter(|n| steps[*n] < 0.0).collect();
        // Where "me" begins, and where it ends.
        assert_eq!(counted, [steps.len() - 4, steps.len() - 1], "{steps:?}");
        assert!(likely > sum("me call").0);
    }
}
