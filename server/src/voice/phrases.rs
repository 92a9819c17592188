//! The phrases that count as an intent: the shipped ones and a script's own.

use crate::domain::script::Script;
use dialdeck_protocol::Intent;
use std::collections::BTreeMap;
use std::sync::LazyLock;

static SHIPPED: LazyLock<BTreeMap<Intent, Vec<String>>> =
    LazyLock::new(|| toml::from_str(include_str!("../../data/phrases.toml")).unwrap_or_default());

/// Whole phrases, in plain form, to their intents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phrases(BTreeMap<String, Intent>);

impl Phrases {
    /// The shipped phrases and a script's own. Where both have one, the script's intent counts, but for do-not-call,
    /// which a script cannot take away.
    pub fn of(script: &Script) -> Self {
        let mut phrases = BTreeMap::new();
        for (intent, list) in SHIPPED.iter().chain(&script.phrases) {
            for phrase in list {
                let phrase = plain(phrase);
                if phrases.get(&phrase) != Some(&Intent::DoNotCall) && !phrase.is_empty() {
                    phrases.insert(phrase, *intent);
                }
            }
        }
        Self(phrases)
    }

    /// The intent of a text that is a phrase, word for word.
    pub fn intent(&self, plain_text: &str) -> Option<Intent> {
        self.0.get(plain_text).copied()
    }

    /// All phrases, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// Lower case, apostrophes gone, anything but letters and digits a space, spaces single.
pub fn plain(text: &str) -> String {
    let folded: String = text
        .chars()
        .filter(|c| !matches!(c, '\'' | '\u{2019}'))
        .flat_map(char::to_lowercase)
        .map(|c| if c.is_alphanumeric() { c } else { ' ' })
        .collect();
    folded.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::{Phrases, plain};
    use crate::domain::script::Script;
    use dialdeck_protocol::Intent;

    #[test]
    fn plain_form() {
        assert_eq!(plain("Don't CALL me, ever!  "), "dont call me ever");
    }

    #[test]
    fn a_script_cannot_take_do_not_call_away() {
        let mut script = Script::default();
        script.phrases.insert(Intent::Interested, vec!["stop calling me".into(), "bring it on".into()]);
        let phrases = Phrases::of(&script);
        assert_eq!(phrases.intent("stop calling me"), Some(Intent::DoNotCall));
        assert_eq!(phrases.intent("bring it on"), Some(Intent::Interested));
        assert!(phrases.iter().count() > 60);
    }
}
