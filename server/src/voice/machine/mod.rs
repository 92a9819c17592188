//! Who picked up: a person, or an answering machine, a menu, a screening service. Told by how long is spoken without waiting for
//! us, by the tone, and by the words. Pure: it takes `now`.

pub mod beep;

use super::media::Frame;
use beep::Beeps;
use dialdeck_protocol::Intent;
use regex::Regex;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

/// The tone, where words are carried instead of sound.
pub const BEEP: &str = "[beep]";
/// A tone later than this many times [`Answerer`]'s unbroken speech is no machine's.
const LATEST_BEEP: u32 = 9;
/// A tone comes after a greeting, which has at least this share of it: whoever says hello while an oven beeps is no machine.
const GREETING: f32 = 0.3;

/// What speaks, where it is no person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// It takes a message.
    Machine,
    /// It wants keys to be pressed.
    Menu,
    /// It asks who calls, on behalf of a person who may listen.
    Screening,
}

static MENU: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let pattern = r"\b(press|dial|push|enter|say) ([^ ]+ ){0,3}(one|two|three|four|five|six|seven|eight|nine|zero|[0-9]|pound|star)\b|\bfor (sales|support|billing|service|english|appointments)\b|\b(menu|options)\b|party you are trying to reach|dial by name";
    Regex::new(pattern).ok()
});

impl Kind {
    /// What words tell, of which it is known what they mean; `None`: a person may have said them.
    pub fn of(intent: Intent, plain_text: &str) -> Option<Self> {
        match intent {
            Intent::ScreeningBot => Some(Self::Screening),
            // A mailbox, too, may offer a key to skip its greeting.
            Intent::Voicemail if plain_text.contains("message") || plain_text.contains("tone") => {
                Some(Self::Machine)
            }
            Intent::Voicemail if MENU.as_ref().is_some_and(|menu| menu.is_match(plain_text)) => {
                Some(Self::Menu)
            }
            Intent::Voicemail => Some(Self::Machine),
            _ => None,
        }
    }
}

/// Listens to the first words of one call.
pub struct Answerer {
    answered: Instant,
    /// Unbroken speech that only a machine makes.
    unbroken: Duration,
    /// What one word counts, where words are carried.
    word: Duration,
    beeps: Beeps,
    beeped: Option<Instant>,
    spoken: Duration,
}

impl Answerer {
    /// Of a call that was answered now. `unbroken`: speech without a pause that only a machine makes; a person says hello and
    /// waits. `word`: how long one word is, where words are carried.
    pub fn new(answered: Instant, unbroken: Duration, word: Duration) -> Self {
        Self { answered, unbroken, word, beeps: Beeps::default(), beeped: None, spoken: Duration::ZERO }
    }

    /// Takes what came in. `voiced`: whether it holds a voice.
    pub fn take(&mut self, frame: &Frame, voiced: bool, now: Instant) {
        match frame {
            Frame::Sound(samples) => {
                if self.beeps.take(samples).is_some() {
                    self.beeped = Some(now);
                }
                if voiced {
                    self.spoken += frame.lasts(self.word);
                }
            }
            Frame::Word(word) if word == BEEP => self.beeped = Some(now),
            Frame::Word(_) | Frame::Digit(_) => self.spoken += frame.lasts(self.word),
        }
    }

    /// When a tone was last over.
    pub fn beeped(&self) -> Option<Instant> {
        self.beeped
    }

    /// Whether it speaks, or beeps, as only a machine does. `began`: when the speech that goes on now began; `for_now`: how long
    /// it has lasted.
    pub fn is_machine(&self, began: Option<Instant>, for_now: Option<Duration>, now: Instant) -> bool {
        let since = now.saturating_duration_since(self.answered);
        let early = began.is_some_and(|b| b.duration_since(self.answered) < self.unbroken.mul_f32(0.75));
        let unbroken = early && for_now.is_some_and(|speech| speech >= self.unbroken);
        // With pauses for breath, but none to listen to us.
        let talkative = since <= self.unbroken * 2 && self.spoken >= self.unbroken.mul_f32(1.3);
        let greeted = self.spoken >= self.unbroken.mul_f32(GREETING);
        let beeped = greeted
            && self.beeped.is_some_and(|at| at.duration_since(self.answered) < self.unbroken * LATEST_BEEP);
        unbroken || talkative || beeped
    }
}

#[cfg(test)]
mod tests {
    use super::{Answerer, BEEP, Kind};
    use crate::voice::media::Frame;
    use dialdeck_protocol::Intent;
    use std::time::{Duration, Instant};

    const UNBROKEN: Duration = Duration::from_millis(4500);
    const WORD: Duration = Duration::from_millis(300);

    fn spoken(words: usize, apart: Duration) -> bool {
        let start = Instant::now();
        let mut answerer = Answerer::new(start, UNBROKEN, WORD);
        let mut now = start;
        for _ in 0..words {
            now += apart;
            answerer.take(&Frame::Word("word".into()), true, now);
        }
        answerer.is_machine(None, None, now)
    }

    #[test]
    fn who_does_not_wait_for_us_is_a_machine() {
        assert!(!spoken(12, WORD), "hello, this is the office, who is calling please, how can I help");
        assert!(spoken(22, WORD + Duration::from_millis(50)));
        // The same words over a minute are a conversation.
        assert!(!spoken(22, Duration::from_secs(2)));
    }

    #[test]
    fn only_a_machine_beeps_after_its_greeting() {
        let start = Instant::now();
        let mut answerer = Answerer::new(start, UNBROKEN, WORD);
        answerer.take(&Frame::Word("hello".into()), true, start);
        answerer.take(&Frame::Word(BEEP.into()), false, start);
        assert!(!answerer.is_machine(None, None, start), "somebody whose oven beeps");
        for _ in 0..4 {
            answerer.take(&Frame::Word("word".into()), true, start);
        }
        assert!(answerer.is_machine(None, None, start) && answerer.beeped() == Some(start));
    }

    #[test]
    fn words_tell_what_it_is() {
        let kind = |text: &str| Kind::of(Intent::Voicemail, text);
        assert_eq!(kind("for sales press one for service press two"), Some(Kind::Menu));
        assert_eq!(kind("leave a message after the tone or press one to page"), Some(Kind::Machine));
        assert_eq!(Kind::of(Intent::ScreeningBot, "state your name"), Some(Kind::Screening));
        assert_eq!(Kind::of(Intent::Yes, "yes"), None);
    }
}
