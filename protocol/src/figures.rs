//! What can be told of conversations by their exchanges, while they go on as after them. Pure.

use crate::{Emotion, Exchange, Intent, Outcome, TurnLatency};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Turns that a ledger holds.
const TURNS: usize = 500;

/// Half of all turns were as fast as the first, 95 % as fast as the second, ms.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Spread {
    /// Median.
    pub p50_ms: u32,
    /// 95 of a hundred.
    pub p95_ms: u32,
}

/// How fast the last turns of a campaign were, part by part.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Latency {
    /// Turns that these are of.
    pub turns: u32,
    /// From the end of what a person said to the first sound of the answer.
    pub total: Spread,
    /// Waiting whether they had finished.
    pub endpoint: Spread,
    /// Recognition.
    pub recognise: Spread,
    /// Until the first words of the answer were known.
    pub think: Spread,
    /// From the words to the first sound.
    pub synthesise: Spread,
    /// What of the total is none of these: our own.
    pub overhead: Spread,
}

/// The last turns of a campaign.
#[derive(Debug, Clone, Default)]
pub struct Ledger(VecDeque<TurnLatency>);

impl Ledger {
    /// Notes a turn that answered a person; others have no latency.
    pub fn take(&mut self, latency: TurnLatency) {
        if latency.total_ms == 0 {
            return;
        }
        if self.0.len() == TURNS {
            self.0.pop_front();
        }
        self.0.push_back(latency);
    }

    /// How fast they were; `None` where there are none.
    pub fn latency(&self) -> Option<Latency> {
        let spread = |part: fn(&TurnLatency) -> u32| {
            let mut all: Vec<u32> = self.0.iter().map(part).collect();
            all.sort_unstable();
            let at = |hundredths: usize| all[(all.len() - 1) * hundredths / 100];
            Spread { p50_ms: at(50), p95_ms: at(95) }
        };
        (!self.0.is_empty()).then(|| Latency {
            turns: u32::try_from(self.0.len()).unwrap_or(u32::MAX),
            total: spread(|turn| turn.total_ms),
            endpoint: spread(|turn| turn.endpoint_ms),
            recognise: spread(|turn| turn.recognise_ms),
            think: spread(|turn| turn.think_ms),
            synthesise: spread(|turn| turn.synthesise_ms),
            overhead: spread(TurnLatency::overhead_ms),
        })
    }
}

/// Satisfaction on five points. An estimate from words and outcome, never a survey; the reasons stand beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Satisfaction {
    /// 1–5.
    pub score: i32,
    /// What it was raised and lowered for.
    pub reasons: Vec<String>,
}

/// The emotion at the end: that of the last turn in which the person said something.
pub fn last_emotion(exchanges: &[Exchange]) -> Emotion {
    exchanges.iter().rev().find(|e| !e.user_input.is_empty()).map_or(Emotion::Neutral, |e| e.emotion)
}

/// How satisfied the person is, as far as it can be told; `outcome`: where it is known. `None` when they said nothing.
pub fn satisfaction(exchanges: &[Exchange], outcome: Option<Outcome>) -> Option<Satisfaction> {
    if exchanges.iter().all(|e| e.user_input.is_empty()) {
        return None;
    }
    let mut score = 3;
    let mut reasons = Vec::new();
    let mut weigh = |points: i32, reason: &str| {
        score += points;
        reasons.push(format!("{points:+} {reason}"));
    };
    match last_emotion(exchanges) {
        Emotion::Positive => weigh(1, "sounded positive at the end"),
        Emotion::Frustrated => weigh(-1, "sounded frustrated at the end"),
        Emotion::Angry => weigh(-2, "sounded angry at the end"),
        Emotion::Neutral | Emotion::Confused => {}
    }
    match outcome {
        Some(Outcome::Interested | Outcome::Scheduled) => weigh(1, "wants to go on"),
        Some(Outcome::DoNotCall) => weigh(-1, "asked not to be called"),
        Some(Outcome::HungUp) => weigh(-1, "hung up"),
        _ => {}
    }
    Some(Satisfaction { score: score.clamp(1, 5), reasons })
}

/// Words that were spoken, by side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Words {
    ours: usize,
    theirs: usize,
}

impl Words {
    /// Counts an exchange more.
    pub fn take(&mut self, exchange: &Exchange) {
        self.ours += exchange.ai_response.split_whitespace().count();
        self.theirs += exchange.user_input.split_whitespace().count();
    }

    /// Our share of them, in percent; `None` where there were none.
    pub fn our_percent(self) -> Option<u32> {
        let percent = (self.ours * 100).checked_div(self.ours + self.theirs)?;
        u32::try_from(percent).ok()
    }
}

/// A conversation in a sentence: what the person meant, turn by turn, and how they sounded at the end. Empty where they said
/// nothing.
pub fn summary(exchanges: &[Exchange]) -> String {
    let mut meant: Vec<Intent> = Vec::new();
    let said = exchanges.iter().filter(|e| !e.user_input.is_empty());
    for intent in said.map(|e| e.intent) {
        if intent != Intent::Unclear && meant.last() != Some(&intent) {
            meant.push(intent);
        }
    }
    if exchanges.iter().all(|e| e.user_input.is_empty()) {
        return String::new();
    }
    let meant: Vec<String> = meant.iter().map(|intent| intent.as_str().replace('_', " ")).collect();
    let meant = if meant.is_empty() { "nothing clear".to_owned() } else { meant.join(", then ") };
    format!("{meant}; sounded {} at the end", last_emotion(exchanges))
}

#[cfg(test)]
mod tests {
    use super::{Ledger, Words, satisfaction, summary};
    use crate::{Emotion, Exchange, Intent, Outcome, TurnLatency};
    use chrono::Utc;

    fn exchange(user: &str, ai: &str, intent: Intent, emotion: Emotion) -> Exchange {
        Exchange {
            user_input: user.into(),
            ai_response: ai.into(),
            turn: 1,
            emotion,
            intent,
            confidence: 0.0,
            latency: TurnLatency::default(),
            timestamp: Utc::now(),
        }
    }

    #[test]
    fn a_conversation_in_figures() {
        let talk = [
            exchange("", "Hello there", Intent::Unclear, Emotion::Neutral),
            exchange("too expensive", "I see", Intent::PriceObjection, Emotion::Frustrated),
            exchange("all right then", "Goodbye", Intent::Yes, Emotion::Positive),
        ];
        assert_eq!(summary(&talk), "price objection, then yes; sounded positive at the end");
        let mut words = Words::default();
        for exchange in &talk {
            words.take(exchange);
        }
        assert_eq!(words.our_percent(), Some(50));
        assert_eq!(satisfaction(&talk, Some(Outcome::Interested)).unwrap().score, 5);
        assert_eq!(satisfaction(&talk, None).unwrap().score, 4);
        assert_eq!(satisfaction(&talk[..1], Some(Outcome::HungUp)), None);
        assert_eq!((Words::default().our_percent(), summary(&talk[..1])), (None, String::new()));
    }

    #[test]
    fn a_ledger_tells_of_the_last_turns() {
        let mut ledger = Ledger::default();
        assert_eq!(ledger.latency(), None);
        for total_ms in 1..=600 {
            ledger.take(TurnLatency { total_ms, endpoint_ms: total_ms / 2, ..TurnLatency::default() });
        }
        ledger.take(TurnLatency::default());
        let latency = ledger.latency().unwrap();
        assert_eq!((latency.turns, latency.total.p50_ms, latency.total.p95_ms), (500, 350, 575));
        assert_eq!(latency.overhead.p50_ms, 175);
    }
}
