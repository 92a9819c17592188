//! Legs that are one call, what became of it, and what each agent did of it.
//!
//! A call is **completed** when somebody was connected: of calls that reached agents, when one of the agents was; of others,
//! when any leg was. Otherwise it is **missed**. It is counted once for the department. Of a completed call each agent who
//! talked has a part, whoever was only rung beside them has none; of a missed call each agent who was rung has one.

use super::leg::Leg;
use dialdeck_protocol::dialpad::{Direction, Fate};
use std::collections::{BTreeMap, BTreeSet};

/// A call, its legs joined. Moments are milliseconds of Unix time.
#[derive(Debug, Clone, PartialEq)]
pub struct Joined {
    /// The leg that is acted on: the agent's where there is one.
    pub leg_id: i64,
    /// When it began.
    pub started: i64,
    /// Which way.
    pub direction: Option<Direction>,
    /// What became of it.
    pub fate: Fate,
    /// Dialpad's word for the state of that leg.
    pub state: String,
    /// Whoever talked last, or was rung first.
    pub agent: Option<(i64, String)>,
    /// The other side's number.
    pub number: String,
    /// The other side's name.
    pub name: String,
    /// The department; 0: none that is known.
    pub department: i64,
    /// Milliseconds talked.
    pub duration: i64,
    /// Labels.
    pub labels: Vec<String>,
    /// Whether it was recorded.
    pub recorded: bool,
    /// Legs of which something is known.
    pub legs: usize,
    /// What agents did of it, once it is over.
    pub parts: Vec<Part>,
}

/// What an agent did of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Who.
    pub agent_id: i64,
    /// Whether they talked.
    pub completed: bool,
    /// Milliseconds.
    pub duration: i64,
}

/// Joins the legs of one call; nothing where it is not known when it began.
pub fn join(legs: &[Leg]) -> Option<Joined> {
    let mut legs: Vec<&Leg> = legs.iter().collect();
    legs.sort_by_key(|leg| (leg.begun().unwrap_or(i64::MAX), leg.id));
    let started = legs.first()?.begun()?;
    let agents: Vec<&Leg> = legs.iter().copied().filter(|leg| leg.agent.is_some()).collect();
    let deciding = if agents.is_empty() { &legs } else { &agents };
    let connected = deciding.iter().any(|leg| leg.connected.is_some());
    // A leg of which nothing but its ids is known says nothing of life or death. The leg that others are a part of ends last:
    // what was not heard of theirs does not keep the call alive.
    let whole = legs.iter().any(|leg| {
        leg.ended.is_some() && legs.iter().any(|other| other.id != leg.id && other.part_of.contains(&leg.id))
    });
    let over = whole || legs.iter().all(|leg| leg.is_over() || leg.begun().is_none());
    let fate = match (over, connected) {
        (false, _) => Fate::Live,
        (true, true) => Fate::Completed,
        (true, false) => Fate::Missed,
    };
    let last_talk = deciding.iter().copied().filter(|leg| leg.connected.is_some()).max_by_key(|leg| {
        // Whoever talks goes before whoever talked.
        (!leg.is_over(), leg.connected, leg.id)
    });
    let shown = last_talk.or_else(|| deciding.first().copied())?;
    let mut parts: BTreeMap<i64, Part> = BTreeMap::new();
    if over {
        for leg in agents.iter().filter(|leg| !connected || leg.connected.is_some()) {
            let Some((agent_id, _)) = leg.agent else { continue };
            let part = parts.entry(agent_id).or_insert(Part { agent_id, completed: connected, duration: 0 });
            part.duration += leg.talked();
        }
    }
    let duration = if agents.is_empty() {
        legs.iter().map(|leg| leg.talked()).max().unwrap_or(0)
    } else {
        agents.iter().map(|leg| leg.talked()).sum()
    };
    let first = |of: &dyn Fn(&Leg) -> String| {
        legs.iter().map(|leg| of(leg)).find(|text| !text.is_empty()).unwrap_or_default()
    };
    let labels: BTreeSet<&String> = legs.iter().flat_map(|leg| &leg.labels).collect();
    Some(Joined {
        leg_id: shown.id,
        started,
        direction: legs.iter().find_map(|leg| leg.direction),
        fate,
        state: shown.state.clone(),
        agent: shown.agent.clone(),
        number: first(&|leg| leg.number.clone()),
        name: first(&|leg| leg.contact.clone()),
        department: legs.iter().find_map(|leg| leg.department).unwrap_or(0),
        duration,
        labels: labels.into_iter().cloned().collect(),
        recorded: legs.iter().any(|leg| leg.recorded || !leg.recordings.is_empty()),
        legs: legs.len(),
        parts: parts.into_values().collect(),
    })
}

/// Which legs are one call: groups of ids that name each other, each under its least. `links` are pairs.
pub fn groups(ids: impl IntoIterator<Item = i64>, links: &[(i64, i64)]) -> BTreeMap<i64, i64> {
    let mut root: BTreeMap<i64, i64> = ids.into_iter().map(|id| (id, id)).collect();
    for (a, b) in links {
        root.entry(*a).or_insert(*a);
        root.entry(*b).or_insert(*b);
        let (a, b) = (find(&mut root, *a), find(&mut root, *b));
        root.insert(a.max(b), a.min(b));
    }
    let all: Vec<i64> = root.keys().copied().collect();
    all.into_iter().map(|id| (id, find(&mut root, id))).collect()
}

fn find(root: &mut BTreeMap<i64, i64>, id: i64) -> i64 {
    let mut top = id;
    while let Some(next) = root.get(&top).copied().filter(|next| *next != top) {
        top = next;
    }
    // The way is made short for whoever asks next.
    root.insert(id, top);
    top
}

#[cfg(test)]
mod tests {
    use super::{groups, join};
    use crate::domain::dialpad::leg::Leg;
    use dialdeck_protocol::dialpad::{Direction, Fate};

    fn leg(id: i64, agent: Option<i64>, connected: Option<i64>) -> Leg {
        Leg {
            id,
            direction: Some(Direction::Inbound),
            started: Some(1000 + id),
            connected,
            ended: Some(9000),
            agent: agent.map(|id| (id, format!("agent {id}"))),
            ..Leg::default()
        }
    }

    #[test]
    fn one_answered_of_three_who_were_rung() {
        let entry = leg(1, None, Some(2000));
        let answered = Leg { duration: Some(4000), ..leg(3, Some(7), Some(3000)) };
        let call = join(&[leg(2, Some(6), None), answered, entry, leg(4, Some(8), None)]).unwrap();
        assert_eq!((call.fate, call.started, call.leg_id), (Fate::Completed, 1001, 3));
        let parts: Vec<(i64, bool, i64)> =
            call.parts.iter().map(|p| (p.agent_id, p.completed, p.duration)).collect();
        assert_eq!((parts, call.duration), (vec![(7, true, 4000)], 4000));
    }

    #[test]
    fn nobody_answered_and_voicemail_did() {
        let call = join(&[leg(1, None, Some(2000)), leg(2, Some(6), None), leg(3, Some(7), None)]).unwrap();
        assert_eq!((call.fate, call.parts.len(), call.duration), (Fate::Missed, 2, 0));
        assert!(call.parts.iter().all(|part| !part.completed));
        let alone = join(&[leg(1, None, Some(2000))]).unwrap();
        assert_eq!((alone.fate, alone.duration, alone.parts.len()), (Fate::Completed, 7000, 0));
    }

    #[test]
    fn handed_on_it_is_one_call_and_two_parts() {
        let first = Leg { duration: Some(1000), ..leg(1, Some(6), Some(1500)) };
        let again = Leg { duration: Some(500), ..leg(5, Some(6), Some(8000)) };
        let second = Leg { duration: Some(2000), ..leg(3, Some(7), Some(3000)) };
        let call = join(&[first, second, again]).unwrap();
        let parts: Vec<(i64, i64)> = call.parts.iter().map(|p| (p.agent_id, p.duration)).collect();
        assert_eq!((call.duration, parts), (3500, vec![(6, 1500), (7, 2000)]));
        assert_eq!(call.agent.unwrap().0, 6);
    }

    #[test]
    fn what_goes_on_is_nobodys_yet_and_bare_ids_say_nothing() {
        let talking = Leg { ended: None, state: "connected".into(), ..leg(3, Some(7), Some(3000)) };
        let call = join(&[leg(2, Some(6), None), talking, Leg { id: 9, ..Leg::default() }]).unwrap();
        assert_eq!((call.fate, call.parts.len(), call.leg_id), (Fate::Live, 0, 3));
        assert_eq!(join(&[Leg { id: 9, ..Leg::default() }]), None);
    }

    #[test]
    fn when_the_leg_that_holds_all_ends_the_call_is_over() {
        let part = |ended| Leg { ended, part_of: vec![1], ..leg(2, Some(6), None) };
        let call = join(&[leg(1, None, None), part(None)]).unwrap();
        assert_eq!(call.fate, Fate::Missed);
        let whole = Leg { ended: None, ..leg(1, None, Some(2000)) };
        assert_eq!(join(&[whole, part(Some(9))]).unwrap().fate, Fate::Live);
    }

    #[test]
    fn ids_that_name_each_other_are_one() {
        let found = groups([5, 9, 2], &[(5, 3), (9, 7), (7, 3)]);
        assert!([5, 3, 9, 7].iter().all(|id| found[id] == 3) && found[&2] == 2);
    }
}
