//! A script's phrases, word for word, and nothing else.

use super::search::Guide;
use super::tokens::{END, Token, Tokens};
use std::collections::BTreeMap;

#[derive(Default)]
struct Node {
    next: BTreeMap<Token, usize>,
    phrase: Option<usize>,
}

/// Whole phrases and nothing else.
pub(super) struct Listed {
    nodes: Vec<Node>,
    /// In plain form.
    phrases: Vec<String>,
}

impl Listed {
    /// Of phrases in plain form; those that cannot be spelled are left out.
    pub(super) fn new(tokens: &Tokens, phrases: impl IntoIterator<Item = String>) -> Self {
        let mut listed = Self { nodes: vec![Node::default()], phrases: Vec::new() };
        for phrase in phrases {
            let Some(spelled) = tokens.spell(&written(&phrase)) else { continue };
            let mut at = 0;
            for token in spelled.into_iter().chain([END]) {
                let new = listed.nodes.len();
                at = *listed.nodes[at].next.entry(token).or_insert(new);
                if at == new {
                    listed.nodes.push(Node::default());
                }
            }
            listed.nodes[at].phrase = Some(listed.phrases.len());
            listed.phrases.push(phrase);
        }
        listed
    }

    /// The phrase of a whole sentence.
    pub(super) fn phrase(&self, tokens: &[Token]) -> Option<&str> {
        let step = |at: usize, token: &Token| self.nodes[at].next.get(token).copied();
        let end = tokens.iter().try_fold(0, step)?;
        self.nodes[end].phrase.map(|n| self.phrases[n].as_str())
    }
}

impl Guide for Listed {
    type State = usize;

    fn begin(&self) -> usize {
        0
    }

    fn open(&self, at: &usize) -> Option<Vec<Token>> {
        Some(self.nodes[*at].next.keys().copied().collect())
    }

    fn follow(&self, at: &usize, token: Token) -> (usize, f64) {
        // Only what is open is followed.
        (self.nodes[*at].next.get(&token).copied().unwrap_or(0), 0.0)
    }
}

/// Words of plain form that are written with an apostrophe and mean nothing else.
const SHORTENED: [(&str, &str); 16] = [
    ("arent", "aren't"),
    ("cant", "can't"),
    ("couldnt", "couldn't"),
    ("didnt", "didn't"),
    ("doesnt", "doesn't"),
    ("dont", "don't"),
    ("im", "I'm"),
    ("isnt", "isn't"),
    ("ive", "I've"),
    ("lets", "let's"),
    ("thats", "that's"),
    ("theyre", "they're"),
    ("wasnt", "wasn't"),
    ("whats", "what's"),
    ("wouldnt", "wouldn't"),
    ("youre", "you're"),
];
/// What begins a question.
const ASKING: [&str; 14] = [
    "are", "can", "could", "do you", "does", "how", "is", "may i", "what", "when", "where", "who", "why",
    "will",
];

/// A phrase as the model writes: a capital letter, a full stop or a question mark.
fn written(plain: &str) -> String {
    let word = |word: &str| {
        if word == "i" {
            return "I".to_owned();
        }
        let long = SHORTENED.iter().find(|(short, _)| *short == word);
        long.map_or(word, |(_, long)| long).to_owned()
    };
    let text = plain.split(' ').map(word).collect::<Vec<_>>().join(" ");
    let asks = ASKING.iter().any(|begin| plain.strip_prefix(begin).is_some_and(|rest| rest.starts_with(' ')));
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}{}", letters.as_str(), if asks { "?" } else { "." })
}

#[cfg(test)]
mod tests {
    use super::{END, Guide, Listed, written};
    use crate::voice::recognise::moonshine::tokens::tests::made;

    #[test]
    fn phrases_are_written_as_people_write() {
        assert_eq!(written("im not interested"), "I'm not interested.");
        assert_eq!(written("who is this"), "Who is this?");
        assert_eq!(written("no i dont think so"), "No I don't think so.");
        assert_eq!(written("island"), "Island.");
    }

    #[test]
    fn only_listed_phrases_lead_to_an_end() {
        let tokens = made(&["\u{2581}", "N", "o", ".", "\u{2581}N", "\u{2581}No", "w"]);
        let listed = Listed::new(&tokens, ["no".to_owned(), "now".to_owned(), "ünot".to_owned()]);
        let no = tokens.spell("No.").unwrap();
        let ended = [no.as_slice(), &[END]].concat();
        assert_eq!(listed.phrase(&ended), Some("no"));
        assert_eq!(listed.phrase(&no), None);
        let (after, _) = listed.follow(&listed.begin(), no[0]);
        let open: Vec<&str> = listed.open(&after).unwrap().iter().map(|token| tokens.piece(*token)).collect();
        assert_eq!(open, [".", "w"]);
    }
}
