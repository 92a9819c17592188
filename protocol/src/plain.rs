//! Text from elsewhere, made safe for a terminal.

/// Characters that a terminal, a log or a bidirectional display would act on instead of showing.
pub fn is_trick(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// One line: control characters, line ends and bidirectional marks become spaces.
pub fn line(text: &str) -> String {
    text.chars().map(|c| if is_trick(c) { ' ' } else { c }).collect()
}
