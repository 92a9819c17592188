//! A campaign's script: what is said, and the phrases that count as each intent.

use super::slot::{self, Slot};
use dialdeck_protocol::{Intent, Problem};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Most characters of one spoken text.
const MAX_TEXT: usize = 1000;
/// Most phrases of one intent.
const MAX_PHRASES: usize = 200;

/// What a campaign says. `{first_name}`, `{last_name}` and `{company}` are filled from the contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// First words. They name the caller and say that the voice is artificial.
    pub opening: String,
    /// The matter itself, after the opening was met with a yes.
    pub pitch: String,
    /// Answers by intent: `price_objection`, `other_objection`, `soft_no`, `question`, `who_is_this` …
    #[serde(default)]
    pub answers: BTreeMap<Intent, String>,
    /// Last words by intent: `interested`, `hard_no`, `callback`, `do_not_call`, `wrong_number` …
    #[serde(default)]
    pub closings: BTreeMap<Intent, String>,
    /// Last words before somebody who wants to go on is put through to an agent.
    #[serde(default = "hand_over")]
    pub hand_over: String,
    /// The message that is left on an answering machine, after its tone; empty: none is, and the call ends.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub voicemail: String,
    /// What is asked of whoever is interested and cannot be put through, one after the other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub slots: Vec<Slot>,
    /// Phrases that count as an intent, beside the shipped ones.
    #[serde(default)]
    pub phrases: BTreeMap<Intent, Vec<String>>,
}

fn hand_over() -> String {
    "One moment please, I am putting you through to a colleague.".to_owned()
}

impl Default for Script {
    fn default() -> Self {
        // The shipped script is parsed by a test; an empty one is the honest answer should it ever be broken.
        toml::from_str(include_str!("../../../config/script.toml")).unwrap_or_else(|_| Self {
            opening: String::new(),
            pitch: String::new(),
            answers: BTreeMap::new(),
            closings: BTreeMap::new(),
            hand_over: hand_over(),
            voicemail: String::new(),
            slots: Vec::new(),
            phrases: BTreeMap::new(),
        })
    }
}

impl Script {
    /// Checks what a person may have got wrong.
    ///
    /// # Errors
    /// The field, what was wrong, and what would be right.
    pub fn check(&self) -> Result<(), Problem> {
        let named = [("opening", &self.opening), ("pitch", &self.pitch), ("hand_over", &self.hand_over)];
        for (field, text) in named {
            if text.trim().is_empty() {
                return Err(Problem::field(field, format!("{field} is empty; say something")));
            }
        }
        let texts = named
            .into_iter()
            .chain([("voicemail", &self.voicemail)])
            .map(|(field, text)| (field.to_owned(), text))
            .chain(self.answers.iter().map(|(intent, text)| (format!("answers.{intent}"), text)))
            .chain(self.closings.iter().map(|(intent, text)| (format!("closings.{intent}"), text)))
            .chain(self.slots.iter().enumerate().map(|(n, slot)| (format!("slots[{n}].ask"), &slot.ask)))
            .chain(
                self.slots.iter().enumerate().map(|(n, slot)| (format!("slots[{n}].confirm"), &slot.confirm)),
            );
        slot::check(&self.slots)?;
        let names: Vec<&str> = self.slots.iter().map(|slot| slot.name.as_str()).collect();
        for (field, text) in texts {
            if text.chars().count() > MAX_TEXT {
                return Err(Problem::field(&field, format!("{field} has more than {MAX_TEXT} characters")));
            }
            let is_confirm = field.ends_with(".confirm");
            if let Some(unknown) =
                unknown_placeholder(text, &names).filter(|name| !(is_confirm && *name == "value"))
            {
                return Err(Problem::field(
                    &field,
                    format!(
                        "{field} has the placeholder {{{unknown}}}; use {{first_name}}, {{last_name}}, {{company}} or the name of one of the slots"
                    ),
                ));
            }
        }
        for (intent, phrases) in &self.phrases {
            let field = format!("phrases.{intent}");
            if phrases.len() > MAX_PHRASES {
                return Err(Problem::field(&field, format!("{field} has more than {MAX_PHRASES} phrases")));
            }
            if phrases.iter().any(|p| p.trim().is_empty() || p.chars().count() > 120) {
                return Err(Problem::field(&field, format!("{field}: a phrase has 1 to 120 characters")));
            }
        }
        Ok(())
    }
}

fn unknown_placeholder<'a>(text: &'a str, slots: &[&str]) -> Option<&'a str> {
    text.split('{')
        .skip(1)
        .map(|rest| rest.split('}').next().unwrap_or(rest))
        .find(|name| !["first_name", "last_name", "company"].contains(name) && !slots.contains(name))
}

/// Fills a script's text with a contact's names.
pub fn fill(text: &str, first_name: &str, last_name: &str, company: &str) -> String {
    let filled = text
        .replace("{first_name}", first_name)
        .replace("{last_name}", last_name)
        .replace("{company}", company);
    super::plain::line(&filled, MAX_TEXT * 2).replace(" ,", ",").replace(" ?", "?").replace(" .", ".")
}

#[cfg(test)]
mod tests {
    use super::{Script, fill};

    #[test]
    fn shipped_script_is_whole() {
        let script: Script = toml::from_str(include_str!("../../../config/script.toml")).unwrap();
        script.check().unwrap();
        assert_eq!(script, Script::default());
        assert!(script.opening.contains("automated") || script.opening.contains("artificial"));
    }

    #[test]
    fn a_wrong_placeholder_is_named() {
        let script = Script { opening: "Hi {name}".into(), ..Script::default() };
        let problem = script.check().unwrap_err();
        assert_eq!(problem.field.as_deref(), Some("opening"));
        assert!(problem.message.contains("{name}"));
    }

    #[test]
    fn an_empty_name_leaves_no_gap() {
        assert_eq!(fill("Hello {first_name}, is this {company}?", "", "", "Acme"), "Hello, is this Acme?");
    }
}
