//! Which key does what: the embedded default, and the user's own before it. A key may be a prefix: the one after it says what.

use crate::action::Action;
use crate::key::{Key, sequence, written};
use serde::Deserialize;
use std::path::Path;
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, Value};

const DEFAULT: &str = include_str!("../config/keymap.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    bind: Vec<Bind>,
    #[serde(default)]
    prefix: Vec<Prefix>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bind {
    keys: Vec<String>,
    action: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Prefix {
    key: String,
    name: String,
}

/// What keys that were pressed so far are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// They do this.
    Action(Action),
    /// More must follow.
    Prefix,
    /// Nothing.
    Nothing,
}

/// Keys to actions.
#[derive(Debug, Clone)]
pub struct Keymap {
    /// In the order of the file, for help; one's own first.
    binds: Vec<(Vec<Key>, Action)>,
    /// What prefixes are called.
    prefixes: Vec<(Key, String)>,
}

/// Whether two sequences cannot both be bound.
fn clash(one: &[Key], other: &[Key]) -> bool {
    one.starts_with(other) || other.starts_with(one)
}

type Read = (Vec<(Vec<Key>, Action)>, Vec<(Key, String)>);

fn read(text: &str) -> Result<Read, String> {
    let file: File = toml::from_str(text).map_err(|e| e.to_string())?;
    let mut binds: Vec<(Vec<Key>, Action)> = Vec::new();
    for bind in file.bind {
        let action: Action = bind.action.parse()?;
        for key in &bind.keys {
            let keys = sequence(key)?;
            if let Some((taken, other)) = binds.iter().find(|(taken, _)| clash(taken, &keys)) {
                let both = (other.name(), action.name());
                return Err(if *taken == keys {
                    format!("the key {} is bound twice: to {} and to {}", written(&keys), both.0, both.1)
                } else {
                    let (taken, keys) = (written(taken), written(&keys));
                    format!("{taken} is {} and {keys} is {}: one begins with the other", both.0, both.1)
                });
            }
            binds.push((keys, action));
        }
    }
    let mut prefixes = Vec::new();
    for prefix in file.prefix {
        prefixes.push((prefix.key.parse()?, crate::plain::line(&prefix.name)));
    }
    Ok((binds, prefixes))
}

impl Keymap {
    /// The default, and the file's bindings before it where there is one.
    ///
    /// # Errors
    /// What is wrong in the file, and its name.
    pub fn load(file: Option<&Path>) -> Result<Self, String> {
        let (mut binds, mut prefixes) = match file {
            Some(path) => {
                let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
                read(&text).map_err(|e| format!("{}: {e}", path.display()))?
            }
            None => (Vec::new(), Vec::new()),
        };
        let own = binds.len();
        let (defaults, names) = read(DEFAULT)?;
        for (keys, action) in defaults {
            if !binds[..own].iter().any(|(taken, _)| clash(taken, &keys)) {
                binds.push((keys, action));
            }
        }
        prefixes.extend(names);
        Ok(Self { binds, prefixes })
    }

    /// What keys that were pressed one after the other are.
    pub fn find(&self, typed: &[Key]) -> Found {
        let begins = |keys: &Vec<Key>| keys.starts_with(typed);
        match self.binds.iter().find(|(keys, _)| begins(keys)) {
            Some((keys, action)) if keys.len() == typed.len() => Found::Action(*action),
            Some(_) => Found::Prefix,
            None => Found::Nothing,
        }
    }

    /// What a key alone is.
    #[cfg(test)]
    pub fn action(&self, key: Key) -> Option<Action> {
        match self.find(&[key]) {
            Found::Action(action) => Some(action),
            Found::Prefix | Found::Nothing => None,
        }
    }

    /// What a key is already, in words; none where it is free.
    pub fn taken(&self, keys: &[Key]) -> Option<String> {
        let all = self.binds.iter().filter(|(taken, _)| clash(taken, keys));
        let all: Vec<String> =
            all.map(|(taken, action)| format!("{} is {}", written(taken), action.name())).collect();
        (!all.is_empty()).then(|| all.join(", "))
    }

    /// What can follow the keys that were pressed: the key, and what it does or how the next prefix is called.
    pub fn following(&self, typed: &[Key]) -> Vec<(Key, Action)> {
        let after = self.binds.iter().filter(|(keys, _)| keys.len() > typed.len() && keys.starts_with(typed));
        after.map(|(keys, action)| (keys[typed.len()], *action)).collect()
    }

    /// What a prefix is called.
    pub fn name(&self, typed: &[Key]) -> String {
        let named = typed.first().and_then(|key| self.prefixes.iter().find(|(prefix, _)| prefix == key));
        named.map_or_else(|| written(typed), |(_, name)| name.clone())
    }

    /// The keys of an action.
    pub fn keys(&self, action: Action) -> Vec<String> {
        self.binds.iter().filter(|(_, a)| *a == action).map(|(keys, _)| written(keys)).collect()
    }
}

/// The user's file with other keys for an action; without keys it has the default's again. The rest of the file stays, comments and
/// all.
///
/// # Errors
/// When the file cannot be read.
pub fn bound(text: &str, action: Action, keys: &[Key]) -> Result<String, String> {
    let mut file: DocumentMut = text.parse().map_err(|e: toml_edit::TomlError| e.to_string())?;
    let binds = file.entry("bind").or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
    let Some(binds) = binds.as_array_of_tables_mut() else {
        return Err("bind must be written as [[bind]]".into());
    };
    // The action's own keys go, and so do others' that could not be pressed any more.
    for bind in binds.iter_mut() {
        let own = bind.get("action").and_then(Item::as_str) == Some(action.name());
        if let Some(all) = bind.get_mut("keys").and_then(Item::as_array_mut) {
            all.retain(|key| {
                let other = key.as_str().and_then(|key| sequence(key).ok());
                !own && other.is_none_or(|other| keys.is_empty() || !clash(&other, keys))
            });
        }
    }
    // What has no key left is not there.
    let is_empty =
        |bind: &Table| bind.get("keys").and_then(Item::as_array).is_none_or(toml_edit::Array::is_empty);
    let place = |binds: &ArrayOfTables| binds.iter().position(is_empty);
    while let Some(at) = place(binds) {
        binds.remove(at);
    }
    if !keys.is_empty() {
        let mut bind = Table::new();
        bind.insert("keys", Item::Value(Value::Array([written(keys)].into_iter().collect())));
        bind.insert("action", toml_edit::value(action.name()));
        binds.push(bind);
    }
    let text = file.to_string();
    // What is written can be read again.
    read(&text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::{Found, Keymap, bound, read};
    use crate::action::Action;
    use crate::key::sequence;

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
            ("[[bind]]\nkeys=['']\naction='quit'", "is no key"),
            (
                "[[bind]]\nkeys=['q']\naction='quit'\n[[bind]]\nkeys=['q']\naction='help'",
                "to quit and to help",
            ),
            (
                "[[bind]]\nkeys=['g']\naction='quit'\n[[bind]]\nkeys=['g g']\naction='help'",
                "g is quit and g g is help: one begins with the other",
            ),
            ("[[bind]]\nkey='q'\naction='quit'", "unknown field"),
            ("[[prefix]]\nkey='nope'\nname='x'", "\"nope\" is no key"),
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

    #[test]
    fn a_prefix_waits_for_what_follows() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("keymap.toml");
        std::fs::write(&file, "[[bind]]\nkeys=['g g']\naction='move.top'\n").unwrap();
        let keymap = Keymap::load(Some(&file)).unwrap();
        let g = "g".parse().unwrap();
        assert_eq!(keymap.find(&[g]), Found::Prefix, "the default's own g gives way");
        assert_eq!(keymap.find(&[g, g]), Found::Action(Action::Top));
        assert_eq!(keymap.find(&[g, "x".parse().unwrap()]), Found::Nothing);
        assert_eq!(keymap.following(&[g]), [(g, Action::Top)]);
    }

    #[test]
    fn a_file_is_changed_and_not_written_anew() {
        let text = "# mine\n[[bind]]\n# why\nkeys = ['f', 'x x']\naction = 'help'\n";
        let with = bound(text, Action::Quit, &sequence("x").unwrap()).unwrap();
        assert!(with.starts_with("# mine\n[[bind]]\n# why\nkeys = ['f']"), "x x gives way to x: {with}");
        assert_eq!(read(&with).unwrap().0.len(), 2);
        let again = bound(&with, Action::Quit, &sequence("ctrl-q").unwrap()).unwrap();
        assert!(again.contains("ctrl-q") && !again.contains("\"x\""), "{again}");
        let without = bound(&again, Action::Quit, &[]).unwrap();
        assert!(without.contains("help") && !without.contains("quit"), "{without}");
        assert!(bound("bind = 3", Action::Quit, &[]).unwrap_err().contains("[[bind]]"));
    }
}
