//! The scripted dialogue: from what was meant to what is said next, and when it is over. Pure.

use super::emotion;
use crate::domain::contact::NewContact;
use crate::domain::script::{Script, fill};
use crate::voice::intent;
use crate::voice::phrases::Phrases;
use crate::voice::recognise::Recognition;
use dialdeck_protocol::{Emotion, Intent, Outcome};
use std::collections::BTreeMap;
use std::sync::Arc;

mod keeping;

use keeping::Keeping;

/// Times the same objection is answered before we take it for a no.
const OBJECTIONS: u32 = 2;
/// Times we ask again when we did not understand, or heard nothing.
const REPEATS: u32 = 2;
/// Said after the first time that somebody was not understood by who understands phrases only: they may have asked just that.
const HOW_TO_REFUSE: &str = "If you want no more calls, press nine, or say: stop calling me.";
/// Most turns of a conversation.
const MAX_TURNS: i32 = 12;

/// Most turns of a conversation that a language model holds.
const MAX_FREE_TURNS: i32 = 40;

/// Where in the script we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The opening's question is open: is this a good time?
    Opening,
    /// The pitch's question is open: would you like to?
    Pitch,
    /// We asked whether to take the number off the list, because it sounded as if they wished it.
    ConfirmDoNotCall,
    /// We asked the same because we did not understand what they wish: only a yes is one.
    Wondering,
    /// We asked for something that the script keeps.
    Filling,
    /// We read back what was said, and asked whether it is right.
    Reading,
}

/// What we do in answer to a turn.
#[derive(Debug, Clone, PartialEq)]
pub struct Move {
    /// What was meant.
    pub intent: Intent,
    /// How sure we are, 0–1.
    pub confidence: f64,
    /// How it sounded.
    pub emotion: Emotion,
    /// What to say; empty for nothing.
    pub say: String,
    /// Set when the conversation is over once that was said.
    pub end: Option<Outcome>,
    /// The number is to go on the do-not-call list now, before anything is said.
    pub do_not_call: bool,
}

/// Says whether an agent is free for a person who wants to go on.
pub type Free = Arc<dyn Fn() -> bool + Send + Sync>;

/// A conversation's state.
pub struct Dialogue {
    script: Script,
    phrases: Phrases,
    person: (String, String, String),
    stage: Stage,
    turn: i32,
    unclear: u32,
    silences: u32,
    objections: BTreeMap<Intent, u32>,
    settled: Option<Outcome>,
    free: Option<Free>,
    disclosure: String,
    keeping: Keeping,
}

impl Dialogue {
    /// With a campaign's script, for one person.
    pub fn new(script: Script, person: &NewContact) -> Self {
        Self {
            phrases: Phrases::of(&script),
            script,
            person: (person.first_name.clone(), person.last_name.clone(), person.company.clone()),
            stage: Stage::Opening,
            turn: 1,
            unclear: 0,
            silences: 0,
            objections: BTreeMap::new(),
            settled: None,
            free: None,
            disclosure: String::new(),
            keeping: Keeping::default(),
        }
    }

    /// The same, with what the law wants said before anything else.
    #[must_use]
    pub fn disclosing(mut self, text: String) -> Self {
        self.disclosure = text;
        self
    }

    /// What the law wants said before anything else; empty where nothing is.
    pub fn disclosure(&self) -> &str {
        &self.disclosure
    }

    /// The same, with agents to hand over to when one is free.
    #[must_use]
    pub fn handing_over(mut self, free: Free) -> Self {
        self.free = Some(free);
        self
    }

    /// The phrases to listen for.
    pub fn phrases(&self) -> &Phrases {
        &self.phrases
    }

    /// First words.
    pub fn opening(&self) -> String {
        self.filled(&self.script.opening)
    }

    /// Turn number of what is said last, from 1.
    pub fn turn(&self) -> i32 {
        self.turn
    }

    /// Whether a text says more than "hello?" or "yes?": only that cuts the opening short.
    pub fn interrupts_opening(&self, heard: &Recognition) -> bool {
        !matches!(
            intent::detect(&heard.text, &self.phrases).intent,
            Intent::Unclear | Intent::Yes | Intent::Question
        )
    }

    /// Answers what was heard.
    pub fn answer(&mut self, heard: &Recognition) -> Move {
        self.turn += 1;
        self.silences = 0;
        let meant = intent::detect(&heard.text, &self.phrases);
        let emotion = emotion::detect(&heard.text);
        let confidence = (meant.confidence * heard.confidence * 100.0).round() / 100.0;
        let (say, end, do_not_call) = self.keep(meant.intent, &heard.text, heard.certain);
        let limit = MAX_TURNS + self.keeping_turns();
        let (say, end, do_not_call) = match end {
            // Asked whether to take the number off the list, and no turn left: the careful reading is yes.
            None if self.turn > limit && self.stage == Stage::ConfirmDoNotCall => self.obey(),
            None if self.turn > limit => {
                (self.closing(Intent::Unclear), Some(self.so_far(Outcome::Unclear)), do_not_call)
            }
            end => (say, end, do_not_call),
        };
        Move { intent: meant.intent, confidence, emotion, say, end, do_not_call }
    }

    /// Whether a text asks not to be called again: that is heard at any moment, also over our last words.
    pub fn refuses(&self, text: &str) -> bool {
        intent::detect(text, &self.phrases).intent == Intent::DoNotCall
    }

    /// Whether a text is answered by the rules alone, whoever holds the conversation otherwise: a wish not to be called again, a
    /// machine, an answer to "shall I take you off our list?", and whatever comes when no turn is left.
    pub fn rules(&self, text: &str) -> bool {
        matches!(self.stage, Stage::ConfirmDoNotCall | Stage::Wondering)
            || self.settled == Some(Outcome::DoNotCall)
            || self.turn >= MAX_FREE_TURNS
            || matches!(intent::detect(text, &self.phrases).intent, Intent::DoNotCall | Intent::Voicemail)
    }

    /// A turn that somebody else answers: what was meant, and how it sounded.
    pub fn heard_freely(&mut self, heard: &Recognition) -> Move {
        self.turn += 1;
        self.silences = 0;
        let meant = intent::detect(&heard.text, &self.phrases);
        Move {
            intent: meant.intent,
            confidence: (meant.confidence * heard.confidence * 100.0).round() / 100.0,
            emotion: emotion::detect(&heard.text),
            say: String::new(),
            end: None,
            do_not_call: false,
        }
    }

    /// Answers a turn that somebody else was to answer, and did not.
    pub fn answer_again(&mut self, heard: &Recognition) -> Move {
        self.turn = self.turn.saturating_sub(1).min(MAX_TURNS - 1);
        self.answer(heard)
    }

    /// What came of it is known.
    pub fn settle(&mut self, outcome: Outcome) {
        if self.settled != Some(Outcome::DoNotCall) {
            self.settled = Some(outcome);
        }
    }

    /// Last words for an outcome.
    pub fn goodbye(&mut self, outcome: Outcome) -> Move {
        self.settle(outcome);
        let meant = match outcome {
            Outcome::DoNotCall => Intent::DoNotCall,
            Outcome::Interested | Outcome::Scheduled => Intent::Interested,
            Outcome::Callback => Intent::Callback,
            Outcome::WrongNumber => Intent::WrongNumber,
            Outcome::Unclear => Intent::Unclear,
            _ => Intent::HardNo,
        };
        let say = if outcome == Outcome::Transferred {
            self.filled(&self.script.hand_over)
        } else {
            self.closing(meant)
        };
        let do_not_call = outcome == Outcome::DoNotCall;
        Move {
            intent: meant,
            confidence: 0.0,
            emotion: Emotion::Neutral,
            say,
            end: Some(outcome),
            do_not_call,
        }
    }

    /// Nothing was heard for a while.
    pub fn silence(&mut self) -> Move {
        self.turn += 1;
        self.silences += 1;
        let (say, end, do_not_call) = if self.stage == Stage::ConfirmDoNotCall {
            // Asked, and no answer: the careful reading is yes.
            self.obey()
        } else if self.silences > REPEATS {
            (self.closing(Intent::Unclear), Some(self.so_far(Outcome::Unclear)), false)
        } else {
            ("Hello, can you hear me?".to_owned(), None, false)
        };
        Move { intent: Intent::Unclear, confidence: 0.0, emotion: Emotion::Neutral, say, end, do_not_call }
    }

    /// What a machine is told that takes a message; empty: nothing.
    pub fn voicemail(&self) -> String {
        if self.script.voicemail.trim().is_empty() {
            return String::new();
        }
        let message = self.filled(&self.script.voicemail);
        [self.disclosure.trim(), &message].join(" ").trim().to_owned()
    }

    /// A machine answered.
    pub fn machine(&mut self) -> Move {
        self.turn += 1;
        Move {
            intent: Intent::Voicemail,
            confidence: 0.8,
            emotion: Emotion::Neutral,
            say: String::new(),
            end: Some(Outcome::Voicemail),
            do_not_call: false,
        }
    }

    /// A key was pressed. 9 is the opt-out by key; 1 and 2 answer yes and no.
    pub fn key(&mut self, digit: char) -> Option<Move> {
        // What is settled is not unsettled by another key, but for the one that always counts.
        if self.settled.is_some() && !matches!(self.stage, Stage::Filling | Stage::Reading) && digit != '9' {
            return None;
        }
        let text = match digit {
            '9' => "do not call me again",
            '1' => "yes",
            '2' => "no",
            _ => return None,
        };
        Some(self.answer(&Recognition { text: text.into(), confidence: 1.0, certain: true }))
    }

    /// The person hung up: the outcome, and whether the number goes on the do-not-call list.
    pub fn hung_up(&self) -> (Outcome, bool) {
        if self.stage == Stage::ConfirmDoNotCall {
            return (Outcome::DoNotCall, true);
        }
        (self.so_far(Outcome::HungUp), false)
    }

    fn so_far(&self, otherwise: Outcome) -> Outcome {
        self.settled.unwrap_or(otherwise)
    }

    fn react(&mut self, meant: Intent, certain: bool) -> (String, Option<Outcome>, bool) {
        if self.settled == Some(Outcome::DoNotCall) {
            return self.obey();
        }
        if self.stage == Stage::ConfirmDoNotCall {
            return self.confirmed(meant);
        }
        if self.stage == Stage::Wondering {
            self.stage = Stage::Pitch;
            match meant {
                Intent::Yes => return self.obey(),
                Intent::No => return (self.filled(&self.script.pitch), None, false),
                _ => {}
            }
        }
        if meant != Intent::Unclear {
            self.unclear = 0;
        }
        match meant {
            Intent::DoNotCall if certain => self.obey(),
            Intent::DoNotCall => {
                self.stage = Stage::ConfirmDoNotCall;
                (self.answer_to(Intent::DoNotCall), None, false)
            }
            Intent::Voicemail => (String::new(), Some(Outcome::Voicemail), false),
            Intent::WrongNumber => self.close(meant, Outcome::WrongNumber),
            Intent::HardNo => self.close(meant, Outcome::NotInterested),
            Intent::WantsHuman if self.hands_over() => self.hand_over(),
            Intent::Callback | Intent::WantsHuman => self.close(meant, Outcome::Callback),
            Intent::LanguageBarrier => self.close(meant, Outcome::Unclear),
            Intent::Interested => self.interested(),
            Intent::Yes if self.stage == Stage::Pitch => self.interested(),
            Intent::Yes => {
                self.stage = Stage::Pitch;
                (self.filled(&self.script.pitch), None, false)
            }
            Intent::No => self.object(Intent::SoftNo),
            Intent::SoftNo
            | Intent::PriceObjection
            | Intent::OtherObjection
            | Intent::Question
            | Intent::WhoIsThis
            | Intent::ScreeningBot => self.object(meant),
            Intent::Unclear => {
                self.unclear += 1;
                if self.unclear == REPEATS && !certain {
                    // Twice not understood: it is asked, before they are taken for somebody who wishes nothing.
                    self.stage = Stage::Wondering;
                    (self.answer_to(Intent::DoNotCall), None, false)
                } else if self.unclear > REPEATS {
                    (self.closing(Intent::Unclear), Some(self.so_far(Outcome::Unclear)), false)
                } else if certain {
                    (self.answer_to(Intent::Unclear), None, false)
                } else {
                    (format!("{} {HOW_TO_REFUSE}", self.answer_to(Intent::Unclear)), None, false)
                }
            }
        }
    }

    fn obey(&mut self) -> (String, Option<Outcome>, bool) {
        (self.settled, self.stage) = (Some(Outcome::DoNotCall), Stage::Pitch);
        (self.closing(Intent::DoNotCall), Some(Outcome::DoNotCall), true)
    }

    /// After "shall I take you off our list?": only a no, or a wish to go on, keeps the number.
    fn confirmed(&mut self, meant: Intent) -> (String, Option<Outcome>, bool) {
        match meant {
            Intent::No | Intent::Interested | Intent::Question => {
                self.stage = Stage::Pitch;
                (self.filled(&self.script.pitch), None, false)
            }
            _ => self.obey(),
        }
    }

    /// Whether an agent is free to be handed over to.
    pub fn hands_over(&self) -> bool {
        self.free.as_ref().is_some_and(|free| free())
    }

    fn interested(&mut self) -> (String, Option<Outcome>, bool) {
        if self.hands_over() { self.hand_over() } else { self.ask_for_more() }
    }

    fn hand_over(&mut self) -> (String, Option<Outcome>, bool) {
        (self.settled, self.stage) = (Some(Outcome::Transferred), Stage::Pitch);
        (self.filled(&self.script.hand_over), Some(Outcome::Transferred), false)
    }

    fn close(&mut self, meant: Intent, outcome: Outcome) -> (String, Option<Outcome>, bool) {
        (self.settled, self.stage) = (Some(outcome), Stage::Pitch);
        (self.closing(meant), Some(outcome), false)
    }

    /// Answers an objection or a question; what comes back too often is a no.
    fn object(&mut self, meant: Intent) -> (String, Option<Outcome>, bool) {
        let times = self.objections.entry(meant).or_default();
        *times += 1;
        let limit = if meant == Intent::SoftNo { 1 } else { OBJECTIONS };
        if *times > limit {
            return self.close(Intent::HardNo, Outcome::NotInterested);
        }
        self.stage = Stage::Pitch;
        (self.answer_to(meant), None, false)
    }

    fn answer_to(&self, meant: Intent) -> String {
        self.filled(self.script.answers.get(&meant).unwrap_or(&self.script.pitch))
    }

    fn closing(&self, meant: Intent) -> String {
        self.script
            .closings
            .get(&meant)
            .or_else(|| self.script.closings.get(&Intent::HardNo))
            .map_or_else(|| "Thank you for your time. Goodbye.".to_owned(), |text| self.filled(text))
    }

    fn filled(&self, text: &str) -> String {
        let (first, last, company) = &self.person;
        fill(&self.with_answers(text), first, last, company)
    }
}

#[cfg(test)]
mod tests {
    use super::Dialogue;
    use crate::domain::contact::NewContact;
    use crate::domain::phone::Phone;
    use crate::domain::script::Script;
    use crate::voice::recognise::Recognition;
    use dialdeck_protocol::{Intent, Outcome};
    use proptest::prelude::*;

    fn dialogue() -> Dialogue {
        let person = NewContact {
            first_name: "Ann".into(),
            last_name: "Lee".into(),
            phone: Phone::parse("312 555 0142", "US").unwrap(),
            alternates: Vec::new(),
            email: String::new(),
            company: "Acme".into(),
            state: String::new(),
            postal_code: String::new(),
            timezone: String::new(),
            consent: None,
            priority: 0,
            custom_fields: std::collections::BTreeMap::default(),
        };
        Dialogue::new(Script::default(), &person)
    }

    fn heard(text: &str, certain: bool) -> Recognition {
        Recognition { text: text.into(), confidence: 1.0, certain }
    }

    fn run(turns: &[&str]) -> Option<Outcome> {
        let mut dialogue = dialogue();
        turns.iter().find_map(|text| dialogue.answer(&heard(text, true)).end)
    }

    #[test]
    fn ways_a_conversation_goes() {
        assert!(dialogue().opening().starts_with("Hello Ann, this is the automated"));
        assert_eq!(run(&["yes", "yes please"]), Some(Outcome::Interested));
        assert_eq!(run(&["that is too expensive", "that sounds good"]), Some(Outcome::Interested));
        assert_eq!(
            run(&["that is too expensive", "too expensive", "i cannot afford it"]),
            Some(Outcome::NotInterested)
        );
        assert_eq!(run(&["no thank you", "no thanks"]), Some(Outcome::NotInterested));
        assert_eq!(run(&["call me back tomorrow"]), Some(Outcome::Callback));
        assert_eq!(run(&["wrong number"]), Some(Outcome::WrongNumber));
        assert_eq!(run(&["please leave a message after the tone"]), Some(Outcome::Voicemail));
        assert_eq!(run(&["blub", "blub", "blub"]), Some(Outcome::Unclear));
    }

    #[test]
    fn who_is_not_understood_by_who_knows_phrases_only_is_told_how_to_refuse_and_then_asked() {
        let mut dialogue = dialogue();
        assert!(dialogue.answer(&heard("", false)).say.ends_with(super::HOW_TO_REFUSE));
        let asked = dialogue.answer(&heard("", false));
        assert!(asked.say.contains("off our list") && !asked.do_not_call, "{}", asked.say);
        // Who hangs up now has wished nothing; who says yes has.
        assert_eq!(dialogue.hung_up(), (Outcome::HungUp, false));
        assert!(dialogue.answer(&heard("yes please", false)).do_not_call);
        let mut another = self::dialogue();
        for _ in 0..2 {
            another.answer(&heard("", false));
        }
        assert_eq!(another.answer(&heard("no", false)).end, None);
        let mut certain = self::dialogue();
        assert!(!certain.answer(&heard("purple", true)).say.contains(super::HOW_TO_REFUSE));
    }

    #[test]
    fn do_not_call_is_obeyed_at_once_when_certain_and_asked_when_not() {
        let sure = dialogue().answer(&heard("stop calling me", true));
        assert!(sure.do_not_call && sure.end == Some(Outcome::DoNotCall));

        for (answer, obeyed) in [("yes", true), ("stop calling me", true), ("mumble", true), ("no", false)] {
            let mut unsure = dialogue();
            let asked = unsure.answer(&heard("stop calling me", false));
            assert!(!asked.do_not_call && asked.end.is_none() && asked.say.contains("off our list"));
            assert_eq!(unsure.answer(&heard(answer, false)).do_not_call, obeyed, "{answer}");
        }
        let mut silent = dialogue();
        silent.answer(&heard("stop calling me", false));
        assert_eq!(silent.hung_up(), (Outcome::DoNotCall, true));
        assert!(silent.silence().do_not_call);
    }

    #[test]
    fn who_wants_to_go_on_is_handed_over_while_somebody_is_free() {
        for (free, outcome) in [(true, Outcome::Transferred), (false, Outcome::Interested)] {
            let mut dialogue = dialogue().handing_over(std::sync::Arc::new(move || free));
            dialogue.answer(&heard("yes", true));
            let last = dialogue.answer(&heard("yes please", true));
            assert_eq!(last.end, Some(outcome));
            assert_eq!(last.say.contains("putting you through"), free, "{}", last.say);
        }
        let mut dialogue = dialogue().handing_over(std::sync::Arc::new(|| true));
        assert!(dialogue.answer(&heard("stop calling me", true)).do_not_call, "do-not-call comes first");
    }

    #[test]
    fn silence_is_met_politely_and_ends() {
        let mut dialogue = dialogue();
        assert!(dialogue.silence().end.is_none());
        assert!(dialogue.silence().end.is_none());
        assert_eq!(dialogue.silence().end, Some(Outcome::Unclear));
    }

    #[test]
    fn what_was_obeyed_stays_so() {
        let mut dialogue = dialogue();
        dialogue.answer(&heard("stop calling me", true));
        assert!(dialogue.key('1').is_none());
        assert_eq!(dialogue.answer(&heard("yes please", true)).end, Some(Outcome::DoNotCall));
        let mut long = super::tests::dialogue();
        for text in
            ["who is this", "how does it work", "please state your name", "who is this", "how does it work"]
        {
            long.answer(&heard(text, true));
        }
        long.turn = super::MAX_TURNS;
        assert!(long.answer(&heard("stop calling me", false)).do_not_call, "no turn left to ask in");
    }

    #[test]
    fn the_opt_out_key_needs_no_voice() {
        assert!(dialogue().key('9').is_some_and(|m| m.do_not_call && m.intent == Intent::DoNotCall));
        assert!(dialogue().key('5').is_none());
    }

    proptest! {
        #[test]
        fn every_conversation_ends(turns in proptest::collection::vec("(yes|no|who is this|how does it work|blub|too expensive|please state your name)", 40)) {
            let mut dialogue = dialogue();
            prop_assert!(turns.iter().any(|text| dialogue.answer(&heard(text, true)).end.is_some()));
        }
    }
}
