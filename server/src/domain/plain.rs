//! Text from strangers, made safe to show, log and store: no control characters, no bidirectional tricks, bounded.

use dialdeck_protocol::plain::is_trick;

/// One line of plain text of at most `max` characters: tricks and line ends become spaces, runs of spaces one.
pub fn line(text: &str, max: usize) -> String {
    let trimmed = text.trim_matches(' ');
    // Nearly all that comes is plain already.
    if trimmed.len() <= max && trimmed.bytes().all(|b| (b' '..0x7f).contains(&b)) && !trimmed.contains("  ") {
        return trimmed.to_owned();
    }
    let spaced: String = text.chars().map(|c| if is_trick(c) { ' ' } else { c }).collect();
    let mut out = String::with_capacity(spaced.len().min(max * 4));
    for word in spaced.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out.chars().take(max).collect()
}

#[cfg(test)]
mod tests {
    use super::line;
    use proptest::prelude::*;

    #[test]
    fn escapes_and_bidi_become_spaces() {
        assert_eq!(line("a\u{1b}[2Jb\r\nc\u{202e}d", 80), "a [2Jb c d");
    }

    proptest! {
        #[test]
        fn never_longer_and_never_a_control(text in ".*", max in 0usize..50) {
            let plain = line(&text, max);
            prop_assert!(plain.chars().count() <= max);
            prop_assert!(!plain.chars().any(char::is_control));
        }
    }
}
