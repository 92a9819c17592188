//! What is kept of a conversation once it is over: what was said, line by line.

use dialdeck_protocol::Exchange;

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

#[cfg(test)]
mod tests {
    use super::transcript;
    use chrono::Utc;
    use dialdeck_protocol::{Emotion, Exchange, Intent, TurnLatency};

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
    }
}
