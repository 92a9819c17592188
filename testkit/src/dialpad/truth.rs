//! Calls as they really happened: what Dialpad tells of them leg by leg, and, reckoned from what happened and not from the legs,
//! what agents did each day.

use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What an agent had to do with a call. Moments are milliseconds of Unix time.
#[derive(Debug, Clone)]
pub struct Part {
    /// Who.
    pub agent: i64,
    /// When their phone rang.
    pub rang: i64,
    /// When they talked, and for how long; nothing where they did not.
    pub talked: Option<(i64, i64)>,
}

/// A call.
#[derive(Debug, Clone)]
pub struct TrueCall {
    /// The least id of its legs.
    pub id: i64,
    /// The department.
    pub department: i64,
    /// Which way.
    pub inbound: bool,
    /// When it began.
    pub began: i64,
    /// Agents, in the order of ringing.
    pub parts: Vec<Part>,
    /// The other side.
    pub number: String,
}

/// What an agent did on a day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// All.
    pub total: i64,
    /// In.
    pub inbound: i64,
    /// Out.
    pub outbound: i64,
    /// Talked.
    pub completed: i64,
    /// Did not.
    pub missed: i64,
    /// Milliseconds talked.
    pub duration_ms: i64,
}

/// A generator that is the same everywhere (Steele and Vigna's splitmix64).
struct Chance(u64);

impl Chance {
    fn next(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % below
    }

    fn upto(&mut self, below: i64) -> i64 {
        i64::try_from(self.next(u64::try_from(below).unwrap_or(1))).unwrap_or_default()
    }
}

/// So many calls between two moments: a third rings several agents, a sixth goes out, a few are handed on, some are lost.
pub fn sample(count: i64, from: i64, to: i64, department: i64, agents: &[i64], seed: u64) -> Vec<TrueCall> {
    let mut chance = Chance(seed);
    let agent = |chance: &mut Chance| agents[usize::try_from(chance.next(agents.len() as u64)).unwrap_or(0)];
    (0..count)
        .map(|n| {
            let began = from + chance.upto(to - from);
            let inbound = chance.next(6) > 0;
            let rung = if inbound { 1 + chance.next(3) } else { 1 };
            let answered = chance.next(5) > 0;
            let mut parts: Vec<Part> = Vec::new();
            for n in 0..rung {
                let own = agent(&mut chance);
                if parts.iter().any(|part| part.agent == own) {
                    continue;
                }
                let rang = began + 800 + i64::try_from(n).unwrap_or(0) * 1500;
                let talked = (answered && n == 0).then(|| (rang + 4000, 5000 + chance.upto(400_000)));
                parts.push(Part { agent: own, rang, talked });
            }
            if answered && chance.next(20) == 0 {
                // Handed on to somebody else, or back to the same.
                let end = parts[0].talked.map_or(began, |(at, long)| at + long);
                let talked = Some((end + 2000, 1000 + chance.upto(60_000)));
                parts.push(Part { agent: agent(&mut chance), rang: end + 100, talked });
            }
            let number = format!("+1312555{:04}", chance.next(10_000));
            TrueCall { id: 6_000_000_000_000_000 + n * 10, department, inbound, began, parts, number }
        })
        .collect()
}

impl TrueCall {
    /// When it was over.
    pub fn ended(&self) -> i64 {
        let ends =
            self.parts.iter().map(|part| part.talked.map_or(part.rang + 20_000, |(at, long)| at + long));
        ends.max().unwrap_or(self.began)
    }

    /// Its legs, as Dialpad lists them once they are over. Numbers are written as texts in every other call.
    pub fn legs(&self) -> Vec<Value> {
        let whole = |number: i64| if self.id % 20 == 0 { json!(number.to_string()) } else { json!(number) };
        let way = if self.inbound { "inbound" } else { "outbound" };
        let office = json!({ "id": self.department.to_string(), "type": "department", "name": "Sales" });
        let first = self.id + i64::from(self.inbound);
        let mut legs = Vec::new();
        if self.inbound {
            let taken = self.parts.iter().position(|part| part.talked.is_some());
            let mut leg = json!({ "call_id": whole(self.id), "direction": way, "target": office, "external_number": self.number,
                "contact": { "name": format!("Caller {}", self.id), "phone": self.number },
                "date_started": whole(self.began), "date_ended": whole(self.ended()), "duration": 0.0 });
            if let Some(taken) = taken {
                leg["operator_call_id"] = whole(first + i64::try_from(taken).unwrap_or(0));
                // The machine answers for the department before anybody does.
                leg["date_connected"] = whole(self.began + 100);
            } else if self.id % 40 == 0 {
                // Nobody answers, and the voicemail does.
                leg["date_connected"] = whole(self.ended() - 1000);
                leg["state"] = json!("voicemail");
            }
            legs.push(leg);
        }
        for (n, part) in self.parts.iter().enumerate() {
            let id = first + i64::try_from(n).unwrap_or(0);
            let ended = part.talked.map_or(part.rang + 20_000, |(at, long)| at + long);
            let mut leg = json!({ "call_id": whole(id), "direction": way, "entry_point_target": office,
                "target": { "id": part.agent.to_string(), "type": "user", "name": format!("user {}", part.agent) },
                "date_started": whole(if !self.inbound && n == 0 { self.began } else { part.rang.min(self.began + 200) }), "date_rang": whole(part.rang),
                "date_ended": whole(ended), "external_number": self.number, "was_recorded": n == 0 && self.id % 30 == 0 });
            if let Some((at, long)) = part.talked {
                leg["date_connected"] = whole(at);
                // A fraction that is rounded away.
                leg["duration"] = json!(i32::try_from(long).map_or(0.0, f64::from) + 0.25);
            }
            if self.inbound {
                leg["entry_point_call_id"] = whole(self.id);
            } else if n > 0 {
                leg["master_call_id"] = whole(self.id);
            }
            legs.push(leg);
        }
        legs
    }

    /// The same as events, in the order in which they happen; each with when it does.
    pub fn events(&self) -> Vec<(i64, Value)> {
        let mut all = Vec::new();
        for leg in self.legs() {
            let at = |name: &str| leg[name].as_i64().or_else(|| leg[name].as_str()?.parse().ok());
            let mut told = |state: &str, moment: i64, without: &[&str]| {
                let mut event = leg.clone();
                for name in without {
                    if let Some(object) = event.as_object_mut() {
                        object.remove(*name);
                    }
                }
                event["state"] = json!(state);
                event["event_timestamp"] = json!(moment);
                all.push((moment, event));
            };
            let ends = ["date_ended", "duration"];
            if let Some(moment) = at("date_rang").or_else(|| at("date_started")) {
                told("ringing", moment, &["date_ended", "duration", "date_connected", "operator_call_id"]);
            }
            if let Some(moment) = at("date_connected") {
                told("connected", moment, &ends);
            }
            if let Some(moment) = at("date_ended") {
                told("hangup", moment, &[]);
            }
        }
        all.sort_by_key(|(at, _)| *at);
        all
    }
}

/// What each agent did each day, by what happened; agent 0: everybody, each call once. `day` says on which day a moment lies.
pub fn activity(calls: &[TrueCall], day: impl Fn(i64) -> String) -> BTreeMap<(String, i64), Counts> {
    let mut all: BTreeMap<(String, i64), Counts> = BTreeMap::new();
    for call in calls {
        let on = day(call.began);
        let answered = call.parts.iter().any(|part| part.talked.is_some());
        let long = |of: &dyn Fn(&Part) -> bool| -> i64 {
            call.parts
                .iter()
                .filter(|part| of(part))
                .filter_map(|part| part.talked)
                .map(|(_, long)| long)
                .sum()
        };
        let mut count = |agent: i64, duration_ms: i64| {
            let own = all.entry((on.clone(), agent)).or_default();
            own.total += 1;
            own.inbound += i64::from(call.inbound);
            own.outbound += i64::from(!call.inbound);
            own.completed += i64::from(answered);
            own.missed += i64::from(!answered);
            own.duration_ms += duration_ms;
        };
        count(0, long(&|_| true));
        let concerned: BTreeSet<i64> = call
            .parts
            .iter()
            .filter(|part| !answered || part.talked.is_some())
            .map(|part| part.agent)
            .collect();
        for agent in concerned {
            count(agent, long(&|part| part.agent == agent));
        }
    }
    all
}
