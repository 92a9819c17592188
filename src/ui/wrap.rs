//! Text broken into lines between words, by the columns that it takes.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// What a line is made of, in order.
enum Piece<'a> {
    /// The line ends here.
    End,
    /// A space between two words.
    Space,
    /// A word, or a part of one.
    Text(&'a str),
}

/// Breaks a text into pieces: lines of at most `width` columns, broken between words; a word that is too long within.
fn pieces<'a>(text: &'a str, width: usize, mut take: impl FnMut(Piece<'a>)) {
    let mut used = 0;
    for word in text.split_whitespace() {
        let wide = columns(word);
        if used > 0 {
            if used + 1 + wide > width {
                take(Piece::End);
                used = 0;
            } else {
                take(Piece::Space);
                used += 1;
            }
        }
        if wide <= width {
            take(Piece::Text(word));
            used += wide;
            continue;
        }
        for grapheme in word.graphemes(true) {
            let wide = columns(grapheme);
            if used + wide > width {
                take(Piece::End);
                used = 0;
            }
            take(Piece::Text(grapheme));
            used += wide;
        }
    }
    if used > 0 {
        take(Piece::End);
    }
}

fn columns(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.width() }
}

/// Lines of at most `width` columns.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    pieces(text, width, |piece| match piece {
        Piece::End => lines.push(std::mem::take(&mut line)),
        Piece::Space => line.push(' '),
        Piece::Text(part) => line.push_str(part),
    });
    lines
}

/// How many lines that is.
pub(super) fn count(text: &str, width: usize) -> usize {
    let mut lines = 0;
    pieces(text, width, |piece| lines += usize::from(matches!(piece, Piece::End)));
    lines
}

#[cfg(test)]
mod tests {
    use super::{count, wrap};

    #[test]
    fn between_words_and_within_long_ones() {
        assert_eq!(wrap("hello there, general", 12), ["hello there,", "general"]);
        assert_eq!(wrap("aaaaaaaaaa bb", 4), ["aaaa", "aaaa", "aa", "bb"]);
        assert_eq!(wrap("日本語", 4), ["日本", "語"]);
        assert!(wrap("   ", 4).is_empty());
    }

    #[test]
    fn counted_as_it_is_broken() {
        for text in ["", "one", "hello there, general", "aaaaaaaaaa bb", "日本語 テスト a", " a  b "] {
            for width in 1..15 {
                assert_eq!(count(text, width), wrap(text, width).len(), "{text:?} at {width}");
            }
        }
    }
}
