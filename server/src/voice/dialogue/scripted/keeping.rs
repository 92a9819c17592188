//! Asking for what the script keeps: a name, an address, a time; read back before it is kept.

use super::{Dialogue, Stage};
use crate::domain::slot::SlotKind;
use crate::voice::dialogue::slots::{self, Value};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use dialdeck_protocol::{Intent, Outcome};
use std::collections::BTreeMap;

/// Times something is asked for once more until it is left.
const AGAIN: u32 = 2;
/// Turns that one thing may take.
const TURNS: i32 = 4;
/// How a time to call back is read back.
const CALL_BACK: &str = "I will call you back on {value}. Is that right?";

/// What is asked for, and what was told.
#[derive(Default)]
pub(super) struct Keeping {
    /// When the conversation began, where they are.
    now: Option<DateTime<Tz>>,
    /// Which of the script's slots is asked for.
    slot: usize,
    tries: u32,
    /// What was understood and read back.
    pending: Option<Value>,
    /// Whether that is when to call back, and none of the slots.
    is_callback: bool,
    answers: BTreeMap<String, String>,
    /// What stands in texts for it.
    spoken: BTreeMap<String, String>,
    at: Option<DateTime<Utc>>,
}

type Reaction = (String, Option<Outcome>, bool);

impl Dialogue {
    /// The same, at this moment where the person is: times are read from it on.
    #[must_use]
    pub fn at(mut self, now: DateTime<Tz>) -> Self {
        self.keeping.now = Some(now);
        self
    }

    /// What was told and confirmed, by field.
    pub fn answers(&self) -> &BTreeMap<String, String> {
        &self.keeping.answers
    }

    /// When they want to be called, if they said so and confirmed it.
    pub fn callback_at(&self) -> Option<DateTime<Utc>> {
        // Who turns out to be somebody else, or wants nothing after all, was promised nothing.
        let holds = matches!(
            self.settled,
            Some(Outcome::Callback | Outcome::Scheduled | Outcome::Interested | Outcome::Transferred)
        );
        self.keeping.at.filter(|_| holds)
    }

    /// Turns that asking may take, beyond those of the conversation.
    pub(super) fn keeping_turns(&self) -> i32 {
        i32::try_from(self.script.slots.len()).unwrap_or(0) * TURNS
    }

    /// A text with what was told in it.
    pub(super) fn with_answers(&self, text: &str) -> String {
        let named = self.script.slots.iter().map(|slot| &slot.name);
        named.fold(text.to_owned(), |text, name| {
            let value = self.keeping.spoken.get(name).map_or("", String::as_str);
            text.replace(&format!("{{{name}}}"), value)
        })
    }

    /// Whoever is interested is asked for what the script keeps; then the conversation is over.
    pub(super) fn ask_for_more(&mut self) -> Reaction {
        // Whoever hangs up from here on was interested all the same.
        self.settled = Some(Outcome::Interested);
        self.keeping.slot = 0;
        self.ask()
    }

    fn ask(&mut self) -> Reaction {
        (self.keeping.tries, self.keeping.pending) = (0, None);
        match self.script.slots.get(self.keeping.slot) {
            Some(slot) => {
                self.stage = Stage::Filling;
                (self.filled(&slot.ask), None, false)
            }
            None if self.keeping.at.is_some() => self.close(Intent::Interested, Outcome::Scheduled),
            None => self.close(Intent::Interested, Outcome::Interested),
        }
    }

    fn next(&mut self) -> Reaction {
        self.keeping.slot += 1;
        self.ask()
    }

    /// Once more, or not any more.
    fn again(&mut self, before: &str) -> Reaction {
        self.keeping.tries += 1;
        if self.keeping.tries > AGAIN {
            return self.next();
        }
        self.stage = Stage::Filling;
        let ask = self.script.slots.get(self.keeping.slot).map(|slot| self.filled(&slot.ask));
        (format!("{before} {}", ask.unwrap_or_default()).trim().to_owned(), None, false)
    }

    fn read_back(&mut self, value: Value) -> Reaction {
        let slot = self.script.slots.get(self.keeping.slot).filter(|_| !self.keeping.is_callback);
        let confirm = slot.map_or(CALL_BACK, |slot| slot.confirm.as_str());
        let say = self.filled(&confirm.replace("{value}", &value.spoken));
        self.keeping.pending = Some(value);
        self.stage = Stage::Reading;
        (say, None, false)
    }

    fn read(&self, kind: SlotKind, text: &str) -> Option<Value> {
        slots::read(kind, text, self.keeping.now)
    }

    /// Answers what was said; what is no answer to what we asked goes the usual way.
    pub(super) fn keep(&mut self, meant: Intent, text: &str, certain: bool) -> Reaction {
        if self.settled == Some(Outcome::DoNotCall) {
            return self.obey();
        }
        match self.stage {
            // These are heard at any moment.
            _ if matches!(meant, Intent::DoNotCall | Intent::WrongNumber | Intent::Voicemail) => {
                self.react(meant, certain)
            }
            Stage::Filling => self.told(meant, text, certain),
            Stage::Reading => self.confirmed_value(meant, text, certain),
            Stage::ConfirmDoNotCall | Stage::Wondering => self.react(meant, certain),
            Stage::Opening | Stage::Pitch => match self.read(SlotKind::Time, text) {
                Some(value) if meant == Intent::Callback => {
                    self.keeping.is_callback = true;
                    self.read_back(value)
                }
                _ => self.react(meant, certain),
            },
        }
    }

    fn told(&mut self, meant: Intent, text: &str, certain: bool) -> Reaction {
        let Some(kind) = self.script.slots.get(self.keeping.slot).map(|slot| slot.kind) else {
            return self.ask();
        };
        let is_strict = matches!(kind, SlotKind::Email | SlotKind::Time | SlotKind::Number);
        match (self.read(kind, text), meant) {
            (Some(value), _) if is_strict => self.read_back(value),
            (_, Intent::WantsHuman | Intent::LanguageBarrier | Intent::HardNo) => self.react(meant, certain),
            // Who does not want to tell does not have to.
            (_, Intent::No | Intent::SoftNo) => self.next(),
            (_, Intent::Question | Intent::WhoIsThis | Intent::PriceObjection | Intent::OtherObjection) => {
                let answer = self.answer_to(meant);
                self.again(&answer)
            }
            (Some(value), _) => self.read_back(value),
            (None, _) => self.again("I am sorry, I did not quite catch that."),
        }
    }

    fn confirmed_value(&mut self, meant: Intent, text: &str, certain: bool) -> Reaction {
        let is_callback = self.keeping.is_callback;
        match meant {
            Intent::Yes | Intent::Interested => {
                if let Some(value) = self.keeping.pending.take() {
                    self.keeping.at = value.at.or(self.keeping.at);
                    if let Some(slot) = self.script.slots.get(self.keeping.slot).filter(|_| !is_callback) {
                        self.keeping.answers.insert(slot.name.clone(), value.kept);
                        self.keeping.spoken.insert(slot.name.clone(), value.spoken);
                    }
                }
                if is_callback { self.close(Intent::Callback, Outcome::Callback) } else { self.next() }
            }
            Intent::WantsHuman | Intent::HardNo => self.react(meant, certain),
            _ => {
                // Corrected in the same breath: "no, at four".
                let kind = if is_callback {
                    Some(SlotKind::Time)
                } else {
                    self.script.slots.get(self.keeping.slot).map(|slot| slot.kind)
                };
                let strict = kind.filter(|kind| !matches!(kind, SlotKind::Name | SlotKind::Words));
                if let Some(value) = strict.and_then(|kind| self.read(kind, text)) {
                    self.keeping.tries += 1;
                    if self.keeping.tries <= AGAIN {
                        return self.read_back(value);
                    }
                }
                match (is_callback, meant) {
                    // A time that was not confirmed is none; they are called another time.
                    (true, _) => self.close(Intent::Callback, Outcome::Callback),
                    (false, Intent::Unclear) => self.again("I am sorry, I did not quite catch that."),
                    (false, _) => self.again("I am sorry."),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::contact::NewContact;
    use crate::domain::phone::Phone;
    use crate::domain::script::Script;
    use crate::domain::slot::{Slot, SlotKind};
    use crate::voice::dialogue::{Dialogue, Move};
    use crate::voice::recognise::Recognition;
    use chrono::{TimeZone, Utc};
    use chrono_tz::America::Chicago;
    use dialdeck_protocol::Outcome;
    use proptest::prelude::*;

    fn slot(name: &str, kind: SlotKind) -> Slot {
        Slot {
            name: name.into(),
            kind,
            ask: format!("What is your {name}?"),
            confirm: "I have {value}. Is that right?".into(),
        }
    }

    fn dialogue() -> Dialogue {
        let slots = vec![slot("email", SlotKind::Email), slot("visit", SlotKind::Time)];
        let mut script = Script { slots, ..Script::default() };
        script.closings.insert(dialdeck_protocol::Intent::Interested, "See you on {visit}.".into());
        script.check().unwrap();
        let person = NewContact::numbered(Phone::from_e164("+13125550142").unwrap());
        // A Thursday.
        Dialogue::new(script, &person).at(Chicago.with_ymd_and_hms(2026, 1, 15, 11, 0, 0).unwrap())
    }

    fn say(dialogue: &mut Dialogue, text: &str) -> Move {
        dialogue.answer(&Recognition { text: text.into(), confidence: 1.0, certain: true })
    }

    #[test]
    fn what_the_script_asks_for_is_read_back_and_kept() {
        let mut talk = dialogue();
        assert_eq!(say(&mut talk, "yes I am interested").say, "What is your email?");
        assert_eq!(
            say(&mut talk, "it's john dot smith at example dot com").say,
            "I have john dot smith at example dot com. Is that right?"
        );
        assert_eq!(say(&mut talk, "no").say, "I am sorry. What is your email?");
        say(&mut talk, "jon dot smith at example dot com");
        assert_eq!(say(&mut talk, "yes").say, "What is your visit?");
        assert_eq!(
            say(&mut talk, "tuesday at three").say,
            "I have Tuesday, January 20 at 3 PM. Is that right?"
        );
        // Corrected in the same breath.
        assert!(say(&mut talk, "no, at four on tuesday").say.contains("at 4 PM"));
        let last = say(&mut talk, "yes");
        assert_eq!(last.end, Some(Outcome::Scheduled));
        assert!(last.say.starts_with("See you on Tuesday, January 20 at 4 PM"), "{}", last.say);
        assert_eq!(talk.answers()["email"], "jon.smith@example.com");
        assert_eq!(talk.callback_at(), Some(Utc.with_ymd_and_hms(2026, 1, 20, 22, 0, 0).unwrap()));
    }

    #[test]
    fn who_does_not_want_to_tell_or_is_not_understood_is_not_pressed() {
        let mut talk = dialogue();
        say(&mut talk, "yes I am interested");
        assert_eq!(talk.hung_up(), (Outcome::Interested, false));
        assert_eq!(say(&mut talk, "no thanks").say, "What is your visit?");
        for _ in 0..2 {
            assert!(say(&mut talk, "purple").say.ends_with("What is your visit?"));
        }
        assert_eq!(say(&mut talk, "purple").end, Some(Outcome::Interested));
        assert!(talk.answers().is_empty());
        let mut other = dialogue();
        say(&mut other, "yes I am interested");
        assert!(say(&mut other, "stop calling me").do_not_call);
        // A key in the last words does not begin it anew.
        assert_eq!(other.key('1'), None);
        assert!(say(&mut other, "yes").do_not_call);
        let mut wrong = dialogue();
        for text in ["yes I am interested", "no thanks", "tuesday at three", "yes"] {
            say(&mut wrong, text);
        }
        assert!(wrong.callback_at().is_some());
        let mut stranger = dialogue();
        stranger.script.slots.reverse();
        for text in ["yes I am interested", "tuesday at three", "yes"] {
            say(&mut stranger, text);
        }
        assert_eq!(say(&mut stranger, "you have the wrong number").end, Some(Outcome::WrongNumber));
        assert_eq!(stranger.callback_at(), None, "nobody else is called back");
        let mut firm = dialogue();
        say(&mut firm, "yes I am interested");
        assert_eq!(say(&mut firm, "I am not interested").end, Some(Outcome::NotInterested));
    }

    #[test]
    fn a_time_to_call_back_is_read_back() {
        let mut talk = dialogue();
        let asked = say(&mut talk, "can you call me back tomorrow at ten");
        assert_eq!(asked.say, "I will call you back on Friday, January 16 at 10 AM. Is that right?");
        let done = say(&mut talk, "yes");
        assert_eq!(done.end, Some(Outcome::Callback));
        assert_eq!(talk.callback_at(), Some(Utc.with_ymd_and_hms(2026, 1, 16, 16, 0, 0).unwrap()));
        let mut vague = dialogue();
        assert_eq!(say(&mut vague, "call me back tomorrow").end, Some(Outcome::Callback));
        assert_eq!(vague.callback_at(), None);
    }

    proptest! {
        #[test]
        fn it_ends_whatever_is_said(texts in proptest::collection::vec("(yes|no|yes i am interested|call me back|tuesday at ten|a at b dot com|purple|who is this|call me tomorrow at ten)", 60)) {
            let mut talk = dialogue();
            let ended = texts.iter().any(|text| say(&mut talk, text).end.is_some());
            prop_assert!(ended);
        }
    }
}
