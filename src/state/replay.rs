//! A conversation of the past once more, at its own speed.

use super::State;
use dialdeck_protocol::{CallId, Exchange};

/// Fastest.
const MOST: u32 = 16;

/// How far it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replay {
    /// Which call's.
    pub call: CallId,
    /// Milliseconds of the conversation that have passed.
    pub at_ms: i64,
    /// How many times as fast.
    pub speed: u32,
    /// All of it, milliseconds.
    pub whole_ms: i64,
    /// Whether the second in which it was begun goes on: it is not counted, however little of it is left.
    pub begun: bool,
}

impl Replay {
    /// Of a conversation, from its first words; none of one in which nothing was said.
    pub fn of(call: &CallId, exchanges: &[Exchange]) -> Option<Self> {
        let (first, last) = (exchanges.first()?, exchanges.last()?);
        let whole_ms = (last.timestamp - first.timestamp).num_milliseconds().max(0);
        Some(Self { call: call.clone(), at_ms: 0, speed: 1, whole_ms, begun: true })
    }

    /// A second has passed; gives whether it goes on.
    pub fn second(&mut self) -> bool {
        if std::mem::take(&mut self.begun) {
            return true;
        }
        self.at_ms += 1000 * i64::from(self.speed);
        self.at_ms < self.whole_ms
    }

    /// Twice as fast, or half.
    pub fn faster(&mut self, faster: bool) {
        self.speed = if faster { (self.speed * 2).min(MOST) } else { (self.speed / 2).max(1) };
    }

    /// How many exchanges have been said by now.
    pub fn said(&self, exchanges: &[Exchange]) -> usize {
        let Some(first) = exchanges.first() else { return 0 };
        let passed =
            |exchange: &&Exchange| (exchange.timestamp - first.timestamp).num_milliseconds() <= self.at_ms;
        exchanges.iter().take_while(passed).count()
    }
}

impl State {
    /// The conversation that is open, as far as it is shown.
    pub fn seen_of_opened<'a>(&self, call: &CallId, exchanges: &'a [Exchange]) -> &'a [Exchange] {
        let replay = self.replay.as_ref().filter(|replay| replay.call == *call);
        replay.map_or(exchanges, |replay| &exchanges[..replay.said(exchanges)])
    }
}

#[cfg(test)]
mod tests {
    use super::Replay;
    use chrono::{DateTime, Duration};
    use dialdeck_protocol::{CallId, Emotion, Exchange, Intent, TurnLatency};

    #[test]
    fn it_goes_on_as_it_went_or_faster() {
        let said = |seconds| Exchange {
            user_input: "yes".into(),
            ai_response: "fine".into(),
            turn: 1,
            emotion: Emotion::Neutral,
            intent: Intent::Yes,
            confidence: 1.0,
            latency: TurnLatency::default(),
            timestamp: DateTime::UNIX_EPOCH + Duration::seconds(seconds),
        };
        let all = [said(0), said(3), said(9)];
        let mut replay = Replay::of(&CallId("a".into()), &all).unwrap();
        let mut seen = vec![replay.said(&all)];
        for _ in 0..4 {
            assert!(replay.second());
            seen.push(replay.said(&all));
        }
        assert_eq!(seen, [1, 1, 1, 1, 2]);
        replay.faster(true);
        replay.faster(true);
        assert!(replay.second());
        assert!(!replay.second(), "it is at its end");
        assert_eq!(replay.said(&all), 3);
        assert_eq!(Replay::of(&CallId("a".into()), &[]), None);
    }
}
