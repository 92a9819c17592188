//! What a script asks for and keeps: a name, an e-mail address, a time. Pure.

use dialdeck_protocol::Problem;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Most things that one script asks for.
const MAX_SLOTS: usize = 6;
/// Placeholders that are the contact's own.
const TAKEN: [&str; 4] = ["first_name", "last_name", "company", "value"];

/// What kind of thing it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SlotKind {
    /// Somebody's name.
    Name,
    /// An e-mail address, also spelled out.
    Email,
    /// A day and an hour, where the person is.
    Time,
    /// A number, digit by digit or in words.
    Number,
    /// Whatever is said.
    Words,
}

/// Something that is asked of whoever is interested, read back, and kept as a field of the contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Slot {
    /// The contact's custom field in which it is kept, and its placeholder in the texts after it.
    pub name: String,
    /// What kind of thing it is.
    pub kind: SlotKind,
    /// How it is asked for.
    pub ask: String,
    /// How it is read back; `{value}` is what was understood.
    #[serde(default = "confirm")]
    pub confirm: String,
}

fn confirm() -> String {
    "I have {value}. Is that right?".to_owned()
}

/// Checks what a person may have got wrong.
///
/// # Errors
/// The field, what was wrong, and what would be right.
pub fn check(slots: &[Slot]) -> Result<(), Problem> {
    if slots.len() > MAX_SLOTS {
        return Err(Problem::field("slots", format!("slots has more than {MAX_SLOTS} entries")));
    }
    let mut names = BTreeSet::new();
    for (n, slot) in slots.iter().enumerate() {
        let field = |part: &str| format!("slots[{n}].{part}");
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if slot.name.is_empty() || slot.name.len() > 30 || !slot.name.chars().all(plain) {
            return Err(Problem::field(
                field("name"),
                format!("{} is {:?}; use 1 to 30 of a-z, 0-9 and _", field("name"), slot.name),
            ));
        }
        if TAKEN.contains(&slot.name.as_str()) || !names.insert(&slot.name) {
            return Err(Problem::field(
                field("name"),
                format!("{} is {:?}, which is taken; use another", field("name"), slot.name),
            ));
        }
        // It is the contact's address: mail goes there.
        if slot.name == "email" && slot.kind != SlotKind::Email {
            return Err(Problem::field(
                field("kind"),
                format!("{} is not email, but what is called email is kept as the address", field("kind")),
            ));
        }
        if slot.ask.trim().is_empty() {
            return Err(Problem::field(field("ask"), format!("{} is empty; ask for it", field("ask"))));
        }
        if !slot.confirm.contains("{value}") {
            return Err(Problem::field(
                field("confirm"),
                format!("{} lacks {{value}}; what was understood is read back", field("confirm")),
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Slot, SlotKind, check, confirm};

    fn slot(name: &str) -> Slot {
        Slot {
            name: name.into(),
            kind: SlotKind::Email,
            ask: "What is your e-mail address?".into(),
            confirm: confirm(),
        }
    }

    #[test]
    fn one_bad_slot_for_each_mistake() {
        check(&[slot("email"), slot("when_2")]).unwrap();
        let field = |slots: &[Slot]| check(slots).unwrap_err().field.unwrap();
        assert_eq!(field(&[slot("E-mail")]), "slots[0].name");
        assert_eq!(field(&[slot("email"), slot("email")]), "slots[1].name");
        assert_eq!(field(&[slot("company")]), "slots[0].name");
        assert_eq!(field(&[Slot { kind: SlotKind::Words, ..slot("email") }]), "slots[0].kind");
        assert_eq!(field(&[Slot { ask: " ".into(), ..slot("email") }]), "slots[0].ask");
        assert_eq!(field(&[Slot { confirm: "Right?".into(), ..slot("email") }]), "slots[0].confirm");
        assert_eq!(field(&vec![slot("email"); 7]), "slots");
    }
}
