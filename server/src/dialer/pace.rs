//! When to place the next call. Pure: facts in, one step out.

use chrono::{DateTime, Duration, Utc};
use dialdeck_protocol::QueueState;

/// What is known of a queue at a moment.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The moment.
    pub now: DateTime<Utc>,
    /// Calls of this campaign in flight.
    pub in_flight: u32,
    /// Calls of all campaigns in flight here.
    pub in_flight_here: u32,
    /// The campaign's limit.
    pub max_concurrent: u32,
    /// The server's limit.
    pub max_here: u32,
    /// Least time between the starts of two calls.
    pub interval: Duration,
    /// When the last call was started.
    pub last_start: Option<DateTime<Utc>>,
    /// Calls started since the queue was.
    pub started: i32,
    /// Pause after so many.
    pub review_after: Option<i32>,
    /// Why a person must look before another call is placed.
    pub halted: Option<String>,
    /// Why no call can be placed at all just now; `None`: it can.
    pub hindrance: Option<String>,
    /// When the next contact falls due; `None`: none will by itself.
    pub next_due: Option<DateTime<Utc>>,
    /// Contacts that a rule holds.
    pub held: i64,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Look for a contact and call it.
    Place,
    /// Nothing now.
    Wait {
        /// `running` while calls go on, `waiting` when nothing can be called.
        state: QueueState,
        /// Why.
        reason: String,
        /// When to look again; `None`: when something changes.
        until: Option<DateTime<Utc>>,
    },
    /// Stop for a person to look.
    Pause(String),
    /// There is nothing left to do.
    Finish(String),
}

/// The next step.
pub fn step(facts: &Facts) -> Step {
    let running =
        |reason: &str, until| Step::Wait { state: QueueState::Running, reason: reason.to_owned(), until };
    if facts.review_after.is_some_and(|limit| facts.started >= limit) {
        return if facts.in_flight > 0 {
            running("waiting for the last calls before the review", None)
        } else {
            Step::Pause(format!("{} calls were made; review them, then start again", facts.started))
        };
    }
    if let Some(reason) = &facts.halted {
        return Step::Pause(reason.clone());
    }
    if let Some(reason) = &facts.hindrance {
        return Step::Wait { state: QueueState::Waiting, reason: reason.clone(), until: None };
    }
    let Some(due) = facts.next_due else {
        return if facts.in_flight > 0 {
            running("the last calls are in flight", None)
        } else if facts.held > 0 {
            Step::Finish(format!(
                "{} contacts are held until something changes; their reasons stand with them",
                facts.held
            ))
        } else {
            Step::Finish("every contact is done".into())
        };
    };
    if facts.in_flight >= facts.max_concurrent {
        return running("as many calls as allowed are in flight", None);
    }
    if facts.in_flight_here >= facts.max_here {
        return running("the server has as many calls as allowed in flight", None);
    }
    // A clock that was set back must not hold the queue for longer than one interval.
    let spaced = facts.last_start.map(|at| (at + facts.interval).min(facts.now + facts.interval));
    if let Some(at) = spaced.filter(|at| *at > facts.now) {
        return running("", Some(at.max(due)));
    }
    if due > facts.now {
        let state = if facts.in_flight > 0 { QueueState::Running } else { QueueState::Waiting };
        let reason = if facts.held > 0 {
            format!(
                "no contact is due yet; {} are held by a rule, such as the hours of their day",
                facts.held
            )
        } else {
            "no contact is due yet".to_owned()
        };
        return Step::Wait { state, reason, until: Some(due) };
    }
    Step::Place
}

#[cfg(test)]
mod tests {
    use super::{Facts, Step, step};
    use chrono::{Duration, TimeZone, Utc};
    use dialdeck_protocol::QueueState;
    use proptest::prelude::*;

    fn facts() -> Facts {
        let now = Utc.with_ymd_and_hms(2026, 1, 1, 12, 0, 0).unwrap();
        Facts {
            now,
            in_flight: 0,
            in_flight_here: 0,
            max_concurrent: 10,
            max_here: 100,
            interval: Duration::seconds(30),
            last_start: None,
            started: 0,
            review_after: None,
            halted: None,
            hindrance: None,
            next_due: Some(now),
            held: 0,
        }
    }

    #[test]
    fn each_limit_holds() {
        let now = facts().now;
        assert_eq!(step(&facts()), Step::Place);
        let waits = |f: Facts| matches!(step(&f), Step::Wait { .. });
        assert!(waits(Facts { in_flight: 10, ..facts() }));
        assert!(waits(Facts { in_flight_here: 100, ..facts() }));
        assert!(waits(Facts { hindrance: Some("Asterisk is down".into()), ..facts() }));
        assert!(matches!(step(&Facts { halted: Some("silence".into()), ..facts() }), Step::Pause(_)));
        let spaced = Facts { last_start: Some(now - Duration::seconds(10)), ..facts() };
        assert_eq!(
            step(&spaced),
            Step::Wait {
                state: QueueState::Running,
                reason: String::new(),
                until: Some(now + Duration::seconds(20))
            }
        );
        assert!(matches!(step(&Facts { next_due: None, ..facts() }), Step::Finish(_)));
        assert!(waits(Facts { next_due: None, in_flight: 1, ..facts() }));
        let review = Facts { review_after: Some(5), started: 5, ..facts() };
        assert!(matches!(step(&review), Step::Pause(_)));
        assert!(waits(Facts { in_flight: 1, ..review }));
    }

    #[test]
    fn a_clock_set_back_does_not_hold_the_queue() {
        let now = facts().now;
        let Step::Wait { until: Some(until), .. } =
            step(&Facts { last_start: Some(now + Duration::days(400)), ..facts() })
        else {
            panic!("it must wait")
        };
        assert!(until - now <= Duration::seconds(30));
    }

    proptest! {
        #[test]
        fn never_over_a_limit(in_flight in 0u32..20, here in 0u32..20, max in 1u32..10, max_here in 1u32..10,
                              started in 0i32..10, review in proptest::option::of(1i32..10), since in 0i64..60) {
            let now = facts().now;
            let f = Facts {
                in_flight, in_flight_here: here, max_concurrent: max, max_here, started, review_after: review,
                last_start: Some(now - Duration::seconds(since)), ..facts()
            };
            if step(&f) == Step::Place {
                prop_assert!(in_flight < max && here < max_here && since >= 30);
                prop_assert!(review.is_none_or(|r| started < r));
            }
        }
    }
}
