//! The pieces of words that the model writes: read from `tokenizer.bin`, spelled and put together.
//!
//! The file has one piece after the other, each with its length before it: one byte, or two where the first has its highest bit
//! set (the lower seven bits, then how many times 128). An empty piece is a number that means nothing. The word boundary is
//! `▁` (U+2581). Pieces join by byte-pair merges, the lower number first.

use std::collections::HashMap;

/// A piece's number.
pub(super) type Token = u32;
/// What a turn begins with, and what ends it.
pub(super) const BEGIN: Token = 1;
/// See [`BEGIN`].
pub(super) const END: Token = 2;
/// Where a word begins.
pub(super) const BOUNDARY: char = '\u{2581}';
/// Most pieces that a file may have.
const MOST: usize = 200_000;

/// All pieces.
pub(super) struct Tokens {
    bytes: Vec<Vec<u8>>,
    /// The same for people; what is no whole letter alone is a mark.
    texts: Vec<String>,
    numbers: HashMap<Vec<u8>, Token>,
}

impl Tokens {
    /// Reads the file.
    ///
    /// # Errors
    /// When it is cut or none.
    pub(super) fn read(file: &[u8]) -> Result<Self, String> {
        let mut bytes: Vec<Vec<u8>> = Vec::new();
        let mut rest = file;
        while let Some((&first, after)) = rest.split_first() {
            let (length, after) = if first < 128 {
                (usize::from(first), after)
            } else {
                let (&second, after) = after.split_first().ok_or("it ends within a length")?;
                (usize::from(second) * 128 + usize::from(first - 128), after)
            };
            let piece = after.get(..length).ok_or("it ends within a piece")?;
            bytes.push(piece.to_vec());
            rest = &after[length..];
            if bytes.len() > MOST {
                return Err(format!("it has more than {MOST} pieces"));
            }
        }
        if bytes.len() < 256 {
            return Err(format!("it has {} pieces only", bytes.len()));
        }
        let texts = bytes.iter().map(|piece| String::from_utf8_lossy(piece).into_owned()).collect();
        // Raw bytes come first in the file; a letter that is a piece of its own comes later, and is meant.
        let numbered = bytes.iter().enumerate().filter(|(_, piece)| !piece.is_empty());
        let numbers = numbered
            .filter_map(|(number, piece)| Some((piece.clone(), Token::try_from(number).ok()?)))
            .collect();
        Ok(Self { bytes, texts, numbers })
    }

    /// A piece as text.
    pub(super) fn piece(&self, token: Token) -> &str {
        self.texts.get(token as usize).map_or("", String::as_str)
    }

    /// The text of some pieces.
    pub(super) fn text(&self, tokens: &[Token]) -> String {
        let pieces = tokens.iter().filter(|token| !matches!(**token, BEGIN | END));
        let bytes: Vec<u8> =
            pieces.filter_map(|token| self.bytes.get(*token as usize)).flatten().copied().collect();
        String::from_utf8_lossy(&bytes).replace(BOUNDARY, " ").trim().to_owned()
    }

    /// The pieces of a text; `None` where a letter is none.
    pub(super) fn spell(&self, text: &str) -> Option<Vec<Token>> {
        let marked = format!("{BOUNDARY}{text}").replace(' ', &BOUNDARY.to_string());
        let mut pieces: Vec<Vec<u8>> = marked.chars().map(|c| c.to_string().into_bytes()).collect();
        loop {
            let merged = |pair: &[Vec<u8>]| self.numbers.get(&pair.concat()).copied();
            let best = pieces.windows(2).enumerate().filter_map(|(n, pair)| Some((merged(pair)?, n))).min();
            let Some((_, at)) = best else { break };
            let second = pieces.remove(at + 1);
            pieces[at].extend(second);
        }
        pieces.iter().map(|piece| self.numbers.get(piece).copied()).collect()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::{BOUNDARY, Tokens};
    use proptest::prelude::*;

    /// Bytes first, then these pieces.
    pub(in super::super) fn made(pieces: &[&str]) -> Tokens {
        let mut file = b"\x05<unk>\x03<s>\x04</s>".to_vec();
        for byte in 0..=255_u8 {
            file.extend([1, byte]);
        }
        for piece in pieces {
            file.push(u8::try_from(piece.len()).unwrap());
            file.extend(piece.as_bytes());
        }
        Tokens::read(&file).unwrap()
    }

    #[test]
    fn pieces_join_the_lower_number_first_and_come_apart_again() {
        let tokens = made(&[&BOUNDARY.to_string(), "n", "o", "w", "no", "ow", &format!("{BOUNDARY}no"), "."]);
        let spelled = tokens.spell("now no.").unwrap();
        let pieces: Vec<&str> = spelled.iter().map(|token| tokens.piece(*token)).collect();
        assert_eq!(pieces, ["\u{2581}no", "w", "\u{2581}no", "."]);
        assert_eq!(tokens.text(&spelled), "now no.");
        assert_eq!(tokens.spell("ü"), None);
    }

    #[test]
    fn a_file_that_is_none_is_refused() {
        for (file, why) in
            [(&b"\x05abc"[..], "within a piece"), (&[200][..], "within a length"), (b"\x01a", "only")]
        {
            assert!(Tokens::read(file).err().unwrap().contains(why));
        }
    }

    proptest! {
        #[test]
        fn no_file_panics(file in proptest::collection::vec(any::<u8>(), 0..2000)) {
            let _ = Tokens::read(&file);
        }
    }
}
