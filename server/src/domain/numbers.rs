//! A contact's numbers: which is called next, and which turned out to be dead. Pure.

use super::phone::Phone;
use dialdeck_protocol::Outcome;

/// Most numbers beside the main one.
pub const MOST: usize = 4;

/// Whether a call that ended so says that the number is nobody's, or somebody else's.
pub const fn is_dead(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::BadNumber | Outcome::WrongNumber)
}

/// Whether nobody picked up in a call that ended so.
pub const fn is_unreached(outcome: Outcome) -> bool {
    matches!(
        outcome,
        Outcome::NoAnswer | Outcome::Busy | Outcome::Congestion | Outcome::Error | Outcome::Voicemail
    )
}

/// Numbers beside the main one, each once: one that stands twice would be called twice in a row.
pub fn distinct(main: &Phone, others: Vec<Phone>) -> Vec<Phone> {
    let mut kept: Vec<Phone> = Vec::new();
    for other in others {
        if other != *main && !kept.contains(&other) {
            kept.push(other);
        }
    }
    kept
}

/// The numbers of one contact, the main one first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbers<'a> {
    main: &'a Phone,
    others: &'a [Phone],
    dead: &'a [String],
    turn: usize,
}

/// What a contact's numbers are after a call to one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// Which is next.
    pub turn: i32,
    /// Which are dead.
    pub dead: Vec<String>,
    /// Whether one that was not tried in this round is next: it may be called at once.
    pub is_fresh: bool,
    /// Whether any is left that is not dead.
    pub any: bool,
}

impl<'a> Numbers<'a> {
    /// Of a contact, of which the one at `turn` is next.
    pub fn new(main: &'a Phone, others: &'a [Phone], dead: &'a [String], turn: i32) -> Self {
        Self { main, others, dead, turn: usize::try_from(turn).unwrap_or(0) }
    }

    /// As if this one were next, where it is theirs: after a call to it. It is not dead before that call is judged.
    #[must_use]
    pub fn after_call_to(self, phone: &str) -> Option<Self> {
        let turn = self.all().position(|number| number == phone)?;
        Some(Self { turn, ..self })
    }

    fn at(&self, index: usize) -> Option<&'a Phone> {
        if index == 0 { Some(self.main) } else { self.others.get(index - 1) }
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &'a str> + '_ {
        std::iter::once(self.main).chain(self.others).map(Phone::as_str)
    }

    /// The one to be called now: a turn that is past the end, as after a change, begins again.
    pub fn next(&self) -> &'a Phone {
        self.at(self.turn).unwrap_or(self.main)
    }

    /// Which attempt at a number of theirs the `attempt`th at the contact is, where each is called in its turn.
    pub fn round(&self, attempt: i32) -> i32 {
        let lives = self.all().filter(|number| !self.dead.iter().any(|dead| dead == number)).count();
        let count = i32::try_from(lives.max(1)).unwrap_or(1);
        (attempt.max(1) - 1) / count + 1
    }

    /// After a call to the one whose turn it was. A number that nobody has, or somebody else, is not called again.
    pub fn after(&self, outcome: Outcome) -> Turn {
        let called = self.next().as_str();
        let mut dead: Vec<String> = self.dead.iter().filter(|number| *number != called).cloned().collect();
        if is_dead(outcome) {
            dead.push(called.to_owned());
        }
        let count = self.others.len() + 1;
        let lives = |index: &usize| {
            self.at(*index).is_some_and(|phone| !dead.iter().any(|number| number == phone.as_str()))
        };
        // Where somebody picked up, they are called back on this one.
        if !is_unreached(outcome) && lives(&self.turn) {
            let turn = i32::try_from(self.turn).unwrap_or(0);
            return Turn { turn, is_fresh: false, any: true, dead };
        }
        let later = (self.turn + 1..count).find(lives);
        let next = later.or_else(|| (0..count).find(lives));
        let turn = i32::try_from(next.unwrap_or(0)).unwrap_or(0);
        Turn { turn, is_fresh: later.is_some(), any: next.is_some(), dead }
    }
}

#[cfg(test)]
mod tests {
    use super::Numbers;
    use crate::domain::phone::Phone;
    use dialdeck_protocol::Outcome;

    fn phones() -> Vec<Phone> {
        ["312 555 0142", "312 555 0143", "312 555 0144"].map(|n| Phone::parse(n, "US").unwrap()).to_vec()
    }

    #[test]
    fn each_is_called_in_its_turn_and_then_the_first_again() {
        let phones = phones();
        let of = |turn| Numbers::new(&phones[0], &phones[1..], &[], turn);
        for (turn, next, is_fresh) in [(0, 1, true), (1, 2, true), (2, 0, false), (7, 0, false)] {
            let after = of(turn).after(Outcome::NoAnswer);
            assert_eq!((after.turn, after.is_fresh, after.any), (next, is_fresh, true), "{turn}");
        }
        assert_eq!(of(1).after(Outcome::Callback).turn, 1, "they are there");
        assert_eq!(of(1).next(), &phones[1]);
        assert_eq!([1, 3, 4, 7].map(|attempt| of(0).round(attempt)), [1, 1, 2, 3]);
    }

    #[test]
    fn a_dead_number_is_passed_over() {
        let phones = phones();
        let main = phones[0].as_str().to_owned();
        let first = Numbers::new(&phones[0], &phones[1..], &[], 0).after(Outcome::BadNumber);
        assert_eq!((first.turn, first.dead.clone()), (1, vec![main.clone()]));
        let dead = [main, phones[2].as_str().to_owned()];
        let numbers = Numbers::new(&phones[0], &phones[1..], &dead, 1);
        assert_eq!((numbers.after(Outcome::Busy).turn, numbers.after(Outcome::Busy).is_fresh), (1, false));
        assert!(!numbers.after(Outcome::WrongNumber).any);
        let corrected =
            Numbers::new(&phones[0], &phones[1..], &dead, 1).after_call_to(phones[0].as_str()).unwrap();
        assert_eq!(corrected.after(Outcome::Interested).dead, dead[1..], "said to be wrong by mistake");
        assert!(corrected.after_call_to("+13125550199").is_none());
        let alone = Numbers::new(&phones[0], &[], &[], 0);
        assert!(!alone.after(Outcome::BadNumber).any && alone.after(Outcome::Busy).any);
    }
}
