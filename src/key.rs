//! Keys as they are written in the keymap.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use std::fmt;

/// A key with its modifiers. Shift is part of the character where there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd)]
pub struct Key {
    code: KeyCode,
    modifiers: KeyModifiers,
}

const NAMES: [(&str, KeyCode); 14] = [
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("backtab", KeyCode::BackTab),
    ("backspace", KeyCode::Backspace),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pageup", KeyCode::PageUp),
    ("pagedown", KeyCode::PageDown),
    ("space", KeyCode::Char(' ')),
];

impl Key {
    /// The key of a terminal event.
    pub fn of(event: KeyEvent) -> Self {
        let shift_is_said = matches!(event.code, KeyCode::Char(_) | KeyCode::BackTab);
        let mut modifiers =
            event.modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT);
        if shift_is_said {
            modifiers -= KeyModifiers::SHIFT;
        }
        Self { code: event.code, modifiers }
    }
}

impl std::str::FromStr for Key {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no key; write q, G, ctrl-d, enter, f5 …");
        let mut rest = text;
        let mut modifiers = KeyModifiers::NONE;
        let mut shift = false;
        loop {
            if let Some(after) = rest.strip_prefix("ctrl-") {
                (rest, modifiers) = (after, modifiers | KeyModifiers::CONTROL);
            } else if let Some(after) = rest.strip_prefix("alt-") {
                (rest, modifiers) = (after, modifiers | KeyModifiers::ALT);
            } else if let Some(after) = rest.strip_prefix("shift-") {
                (rest, shift) = (after, true);
            } else {
                break;
            }
        }
        let mut chars = rest.chars();
        let code = match (chars.next(), chars.next()) {
            (Some(c), None) => KeyCode::Char(c),
            (Some('f'), Some(_)) if rest[1..].parse::<u8>().is_ok_and(|n| (1..=12).contains(&n)) => {
                KeyCode::F(rest[1..].parse().map_err(|_| wrong())?)
            }
            _ => NAMES.iter().find(|(name, _)| *name == rest).map(|(_, code)| *code).ok_or_else(wrong)?,
        };
        let (code, modifiers) = match code {
            KeyCode::Char(c) if shift => (KeyCode::Char(c.to_ascii_uppercase()), modifiers),
            KeyCode::Tab if shift => (KeyCode::BackTab, modifiers),
            code if shift => (code, modifiers | KeyModifiers::SHIFT),
            code => (code, modifiers),
        };
        Ok(Self { code, modifiers })
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.modifiers.contains(KeyModifiers::CONTROL) {
            f.write_str("ctrl-")?;
        }
        if self.modifiers.contains(KeyModifiers::ALT) {
            f.write_str("alt-")?;
        }
        if self.modifiers.contains(KeyModifiers::SHIFT) {
            f.write_str("shift-")?;
        }
        match self.code {
            KeyCode::Char(c) if c != ' ' => write!(f, "{c}"),
            KeyCode::F(n) => write!(f, "f{n}"),
            code => f.write_str(NAMES.iter().find(|(_, c)| *c == code).map_or("?", |(name, _)| name)),
        }
    }
}

/// Reads keys that are pressed one after the other: `g g`.
///
/// # Errors
/// Which is no key.
pub fn sequence(text: &str) -> Result<Vec<Key>, String> {
    let keys: Vec<Key> = text.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
    if keys.is_empty() {
        return Err(format!("{text:?} is no key; write q, G, ctrl-d, enter, f5 …"));
    }
    Ok(keys)
}

/// Keys as they are written.
pub fn written(keys: &[Key]) -> String {
    keys.iter().map(Key::to_string).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::Key;
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

    #[test]
    fn written_and_read_alike() {
        for text in ["q", "G", "ctrl-d", "alt-x", "f5", "enter", "space", "?", "backtab"] {
            assert_eq!(text.parse::<Key>().unwrap().to_string(), text);
        }
        for text in ["", "ctrl-", "f99", "banana"] {
            assert!(text.parse::<Key>().is_err(), "{text}");
        }
    }

    #[test]
    fn shift_is_part_of_the_character() {
        assert_eq!("shift-p".parse::<Key>(), "P".parse());
        assert_eq!("shift-f5".parse::<Key>().unwrap().to_string(), "shift-f5");
        let event = KeyEvent::new(KeyCode::Char('G'), KeyModifiers::SHIFT);
        assert_eq!(Key::of(event), "G".parse().unwrap());
    }
}
