//! What is known of a leg: each fact with the moment as of which it was told. The later word counts, so that deliveries
//! may come in any order, and as often as they like.

use dialdeck_protocol::dialpad::Direction;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// As of a moment that nothing comes after: what was erased stays so, whatever is told again.
pub const FOR_EVER: i64 = i64::MAX;

/// Something that can be known of a leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// `inbound` or `outbound`.
    Direction,
    /// Milliseconds of Unix time.
    Started,
    /// The same.
    Rang,
    /// The same.
    Connected,
    /// The same.
    Ended,
    /// Milliseconds talked.
    Duration,
    /// Dialpad's word for its state.
    State,
    /// The other side's number.
    Number,
    /// The other side's name.
    Contact,
    /// The user's id.
    AgentId,
    /// The user's name.
    Agent,
    /// The department's id.
    Department,
    /// `master_call_id`.
    Master,
    /// `entry_point_call_id`.
    EntryPoint,
    /// `operator_call_id`.
    Operator,
    /// Texts.
    Labels,
    /// Whether it was recorded.
    Recorded,
    /// Where recordings lie: addresses.
    Recordings,
    /// What was said, where Dialpad told it along.
    Transcript,
}

/// What was told, and as of when (milliseconds of Unix time).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Told(i64, Value);

/// What is known of a leg.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Facts(BTreeMap<Fact, Told>);

impl Facts {
    /// Adds what was told as of a moment; nothing where there is no value.
    pub fn tell(&mut self, fact: Fact, value: Option<Value>, at: i64) {
        if let Some(value) = value {
            self.0.insert(fact, Told(at, value));
        }
    }

    /// Takes what somebody else knows: of each fact the later word; of two at the same moment always the same one. Tells
    /// whether a value changed.
    pub fn take(&mut self, other: &Self) -> bool {
        let mut changed = false;
        for (fact, told) in &other.0 {
            let Some(known) = self.0.get_mut(fact) else {
                self.0.insert(*fact, told.clone());
                changed = true;
                continue;
            };
            let later = (told.0, told.1.to_string()) > (known.0, known.1.to_string());
            if later {
                changed |= known.1 != told.1;
                *known = told.clone();
            }
        }
        changed
    }

    /// Forgets texts, for ever.
    pub fn erase(&mut self, facts: &[Fact]) {
        for fact in facts {
            self.0.insert(*fact, Told(FOR_EVER, Value::String(String::new())));
        }
    }

    /// Forgets who the other side is, for ever.
    pub fn erase_person(&mut self) {
        self.erase(&[Fact::Number, Fact::Contact, Fact::Transcript]);
        self.0.insert(Fact::Recordings, Told(FOR_EVER, Value::Array(Vec::new())));
    }

    /// Whether it was erased.
    pub fn is_erased(&self, fact: Fact) -> bool {
        self.0.get(&fact).is_some_and(|told| told.0 == FOR_EVER)
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn value(&self, fact: Fact) -> Option<&Value> {
        self.0.get(&fact).map(|told| &told.1)
    }

    fn whole(&self, fact: Fact) -> Option<i64> {
        self.value(fact)?.as_i64()
    }

    /// A text; empty where it is not known.
    pub fn text(&self, fact: Fact) -> String {
        self.value(fact).and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    fn texts(&self, fact: Fact) -> Vec<String> {
        let all = self.value(fact).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        all.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// Ids of other legs of the same call.
    pub fn links(&self) -> impl Iterator<Item = i64> + '_ {
        [Fact::Master, Fact::EntryPoint, Fact::Operator].into_iter().filter_map(|fact| self.whole(fact))
    }

    /// The leg.
    pub fn leg(&self, id: i64) -> Leg {
        Leg {
            id,
            direction: self.text(Fact::Direction).parse().ok(),
            started: self.whole(Fact::Started),
            rang: self.whole(Fact::Rang),
            connected: self.whole(Fact::Connected),
            ended: self.whole(Fact::Ended),
            duration: self.whole(Fact::Duration),
            state: self.text(Fact::State),
            number: self.text(Fact::Number),
            contact: self.text(Fact::Contact),
            agent: self.whole(Fact::AgentId).map(|id| (id, self.text(Fact::Agent))),
            department: self.whole(Fact::Department),
            labels: self.texts(Fact::Labels),
            recorded: self.value(Fact::Recorded).and_then(Value::as_bool).unwrap_or(false),
            recordings: self.texts(Fact::Recordings),
            part_of: [Fact::Master, Fact::EntryPoint].iter().filter_map(|fact| self.whole(*fact)).collect(),
        }
    }
}

/// A leg of a call, as far as it is known. Moments are milliseconds of Unix time.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Leg {
    /// Dialpad's id.
    pub id: i64,
    /// Which way.
    pub direction: Option<Direction>,
    /// When it began.
    pub started: Option<i64>,
    /// When it rang.
    pub rang: Option<i64>,
    /// When somebody was connected.
    pub connected: Option<i64>,
    /// When it ended.
    pub ended: Option<i64>,
    /// Milliseconds talked, as Dialpad counts them.
    pub duration: Option<i64>,
    /// Dialpad's word for its state.
    pub state: String,
    /// The other side's number.
    pub number: String,
    /// The other side's name.
    pub contact: String,
    /// The user who talked or was rung.
    pub agent: Option<(i64, String)>,
    /// The department.
    pub department: Option<i64>,
    /// Labels.
    pub labels: Vec<String>,
    /// Whether it was recorded.
    pub recorded: bool,
    /// Where recordings lie.
    pub recordings: Vec<String>,
    /// Legs that this one is a part of: its master and its entry point.
    pub part_of: Vec<i64>,
}

/// States in which a leg is not over.
const LIVE: &[&str] =
    &["calling", "ringing", "preanswer", "queued", "connected", "hold", "parked", "merged", "admin"];

impl Leg {
    /// When it is known to have begun.
    pub fn begun(&self) -> Option<i64> {
        [self.started, self.rang, self.connected, self.ended].into_iter().flatten().min()
    }

    /// Whether it is over: it has an end, or a state that comes only after one. Nothing but ids is no life either.
    pub fn is_over(&self) -> bool {
        self.ended.is_some() || !self.state.is_empty() && !LIVE.contains(&self.state.as_str())
    }

    /// Milliseconds talked; 0 where nobody was connected.
    pub fn talked(&self) -> i64 {
        let Some(connected) = self.connected else { return 0 };
        let clock = self.ended.map(|ended| (ended - connected).max(0));
        self.duration.or(clock).unwrap_or(0).max(0)
    }
}

#[cfg(test)]
mod tests {
    use super::{Fact, Facts};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn facts() -> impl Strategy<Value = Facts> {
        let fact = prop_oneof![Just(Fact::State), Just(Fact::Number), Just(Fact::Agent)];
        let one = (fact, 0i64..4, 0u8..4);
        proptest::collection::vec(one, 0..5).prop_map(|told| {
            let mut facts = Facts::default();
            for (fact, at, value) in told {
                facts.tell(fact, Some(json!(value.to_string())), at);
            }
            facts
        })
    }

    proptest! {
        #[test]
        fn order_and_repeats_do_not_matter(all in proptest::collection::vec(facts(), 1..6), seed in any::<u64>()) {
            let mut straight = Facts::default();
            for one in &all {
                straight.take(one);
            }
            let mut other = Facts::default();
            let count = all.len() as u64;
            for n in 0..count * 3 {
                // Every one comes, in an order that the seed gives, some more than once.
                let at = (seed.wrapping_mul(n + 1).wrapping_add(n)) % count;
                other.take(&all[usize::try_from(at).unwrap()]);
            }
            for one in all.iter().rev() {
                other.take(one);
            }
            prop_assert_eq!(straight, other);
        }
    }

    #[test]
    fn what_was_erased_stays_so() {
        let mut known = Facts::default();
        known.tell(Fact::Number, Some(json!("+13125550101")), 5);
        known.erase_person();
        let mut again = Facts::default();
        again.tell(Fact::Number, Some(json!("+13125550101")), 99);
        assert!(!known.take(&again));
        assert_eq!(known.text(Fact::Number), "");
        assert!(known.value(Fact::Number) == Some(&Value::String(String::new())));
    }
}
