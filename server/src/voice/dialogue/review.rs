//! What is kept of a conversation once it is over: transcript, and an estimate of satisfaction with its reasons.

use dialdeck_protocol::{Emotion, Exchange, Outcome};
use serde_json::json;

/// `Customer: …` and `AI: …`, line by line.
pub fn transcript(exchanges: &[Exchange]) -> String {
    let mut lines = Vec::new();
    for exchange in exchanges {
        if !exchange.user_input.is_empty() {
            lines.push(format!("Customer: {}", exchange.user_input));
        }
        if !exchange.ai_response.is_empty() {
            lines.push(format!("AI: {}", exchange.ai_response));
        }
    }
    lines.join("\n")
}

/// Characters that the voice spoke.
pub fn spoken_characters(exchanges: &[Exchange]) -> usize {
    exchanges.iter().map(|e| e.ai_response.chars().count()).sum()
}

/// The emotion at the end: that of the last turn in which the person said something.
pub fn last_emotion(exchanges: &[Exchange]) -> Emotion {
    exchanges.iter().rev().find(|e| !e.user_input.is_empty()).map_or(Emotion::Neutral, |e| e.emotion)
}

/// Satisfaction on five points. An estimate from words and outcome, never a survey; the reasons stand beside it.
/// `None` when the person said nothing.
pub fn csat(exchanges: &[Exchange], outcome: Outcome) -> Option<(i32, serde_json::Value)> {
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
        Outcome::Interested | Outcome::Scheduled => weigh(1, "wants to go on"),
        Outcome::DoNotCall => weigh(-1, "asked not to be called"),
        Outcome::HungUp => weigh(-1, "hung up"),
        _ => {}
    }
    let score = score.clamp(1, 5);
    Some((
        score,
        json!({ "csat_estimate": score, "csat_reasons": reasons, "csat_basis": "estimate from words and outcome" }),
    ))
}

#[cfg(test)]
mod tests {
    use super::{csat, transcript};
    use chrono::Utc;
    use dialdeck_protocol::{Emotion, Exchange, Intent, Outcome, TurnLatency};

    fn exchange(user: &str, ai: &str, emotion: Emotion) -> Exchange {
        Exchange {
            user_input: user.into(),
            ai_response: ai.into(),
            turn: 1,
            emotion,
            intent: Intent::Unclear,
            confidence: 0.0,
            latency: TurnLatency::default(),
            timestamp: Utc::now(),
        }
    }

    #[test]
    fn lines_in_the_order_in_which_they_were_spoken() {
        let talk = [exchange("", "Hello", Emotion::Neutral), exchange("yes", "Goodbye", Emotion::Positive)];
        assert_eq!(transcript(&talk), "AI: Hello\nCustomer: yes\nAI: Goodbye");
        assert_eq!(csat(&talk, Outcome::Interested).unwrap().0, 5);
        assert_eq!(csat(&talk[..1], Outcome::HungUp), None);
    }
}
