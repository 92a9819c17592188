//! What goes to the output: whole, safe on a terminal, and without a fuss when nobody reads on.

use crate::plain;
use color_eyre::eyre::{Result, WrapErr};
use serde_json::Value;
use std::fmt::Write as _;
use std::io::{ErrorKind, Write as _};

/// Prints JSON, laid out for reading.
pub fn print_json(value: &Value) -> Result<()> {
    print(&format!("{}\n", escaped(&serde_json::to_string_pretty(value)?)))
}

/// Writes to the output.
pub fn print(text: &str) -> Result<()> {
    print_bytes(text.as_bytes())
}

/// The same, for what may end in the middle of a character.
pub fn print_bytes(bytes: &[u8]) -> Result<()> {
    let mut out = std::io::stdout().lock();
    let written = out.write_all(bytes).and_then(|()| out.flush());
    // Whoever reads has enough, as `head` does: no failure, and nothing more to do.
    if written.as_ref().is_err_and(|error| error.kind() == ErrorKind::BrokenPipe) {
        std::process::exit(0);
    }
    written.wrap_err("the output")
}

/// JSON without characters that play tricks on a terminal; as escapes they still say the same.
pub fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        // Only texts hold any; line ends are the layout's.
        let is_usual = c == '\n' || c == ' ' || c.is_ascii_graphic();
        if is_usual || plain::line(c.encode_utf8(&mut [0; 4])) != " " {
            out.push(c);
        } else {
            // Cannot fail: it is a string.
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::escaped;
    use serde_json::json;

    #[test]
    fn json_plays_no_tricks_and_stays_the_same() {
        let value = json!({ "a": "\u{9b}31m\u{202e}é\u{7f}" });
        let text = escaped(&value.to_string());
        assert_eq!(text, "{\"a\":\"\\u009b31m\\u202eé\\u007f\"}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }
}
