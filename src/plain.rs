//! Text from elsewhere, made safe for a terminal. The server does the same; a console trusts no server with it.

pub use dialdeck_protocol::plain::line;

/// At most `width` columns, cut with an ellipsis.
pub fn fit(text: &str, width: usize) -> String {
    use unicode_segmentation::UnicodeSegmentation;
    use unicode_width::UnicodeWidthStr;
    let text = line(text);
    if text.width() <= width {
        return text;
    }
    let mut out = String::new();
    let mut used = 0;
    for grapheme in text.graphemes(true) {
        let wide = grapheme.width();
        if used + wide + 1 > width {
            break;
        }
        out.push_str(grapheme);
        used += wide;
    }
    if width > 0 {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{fit, line};

    #[test]
    fn no_escape_reaches_the_terminal() {
        assert_eq!(line("a\u{1b}[31mb\u{202e}c"), "a [31mb c");
    }

    #[test]
    fn wide_characters_count_two() {
        assert_eq!(fit("日本語テスト", 7), "日本語…");
        assert_eq!(fit("abc", 3), "abc");
        assert_eq!(fit("abcd", 3), "ab…");
        assert_eq!(fit("abcd", 0), "");
    }
}
