//! Which key does what: the embedded default, and the user's own before it.

use crate::action::Action;
use crate::key::Key;
use serde::Deserialize;
use std::collections::HashMap;
use std::path::Path;

const DEFAULT: &str = include_str!("../config/keymap.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    bind: Vec<Bind>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bind {
    keys: Vec<String>,
    action: String,
}

/// Keys to actions.
#[derive(Debug, Clone)]
pub struct Keymap {
    actions: HashMap<Key, Action>,
    /// In the order of the file, for help.
    order: Vec<(Key, Action)>,
}

fn read(text: &str) -> Result<Vec<(Key, Action)>, String> {
    let file: File = toml::from_str(text).map_err(|e| e.to_string())?;
    let mut binds: Vec<(Key, Action)> = Vec::new();
    for bind in file.bind {
        let action: Action = bind.action.parse()?;
        for key in &bind.keys {
            let key: Key = key.parse()?;
            if let Some((_, other)) = binds.iter().find(|(k, _)| *k == key) {
                return Err(format!(
                    "the key {key} is bound twice: to {} and to {}",
                    other.name(),
                    action.name()
                ));
            }
            binds.push((key, action));
        }
    }
    Ok(binds)
}

impl Keymap {
    /// The default, and the file's bindings before it where there is one.
    ///
    /// # Errors
    /// What is wrong in the file, and its name.
    pub fn load(file: Option<&Path>) -> Result<Self, String> {
        let mut order = match file {
            Some(path) => {
                let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
                read(&text).map_err(|e| format!("{}: {e}", path.display()))?
            }
            None => Vec::new(),
        };
        for (key, action) in read(DEFAULT)? {
            if !order.iter().any(|(k, _)| *k == key) {
                order.push((key, action));
            }
        }
        Ok(Self { actions: order.iter().copied().collect(), order })
    }

    /// What a key does.
    pub fn action(&self, key: Key) -> Option<Action> {
        self.actions.get(&key).copied()
    }

    /// The keys of an action.
    pub fn keys(&self, action: Action) -> Vec<String> {
        self.order.iter().filter(|(_, a)| *a == action).map(|(key, _)| key.to_string()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Keymap, read};
    use crate::action::Action;

    #[test]
    fn every_action_has_a_key() {
        let keymap = Keymap::load(None).unwrap();
        for action in Action::ALL {
            assert!(!keymap.keys(*action).is_empty(), "{} has no key", action.name());
        }
    }

    #[test]
    fn each_mistake_is_named() {
        for (text, part) in [
            ("[[bind]]\nkeys=['q']\naction='fly'", "\"fly\" is no action"),
            ("[[bind]]\nkeys=['banana']\naction='quit'", "\"banana\" is no key"),
            (
                "[[bind]]\nkeys=['q']\naction='quit'\n[[bind]]\nkeys=['q']\naction='help'",
                "to quit and to help",
            ),
            ("[[bind]]\nkey='q'\naction='quit'", "unknown field"),
        ] {
            let message = read(text).unwrap_err();
            assert!(message.contains(part), "{message}");
        }
    }

    #[test]
    fn a_users_key_is_taken_from_the_default() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("keymap.toml");
        std::fs::write(&file, "[[bind]]\nkeys=['q']\naction='help'\n").unwrap();
        let keymap = Keymap::load(Some(&file)).unwrap();
        assert_eq!(keymap.action("q".parse().unwrap()), Some(Action::Help));
        assert_eq!(keymap.keys(Action::Quit), ["ctrl-c"]);
    }
}
