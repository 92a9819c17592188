//! How a call ended, and what that means for call and contact.

use super::numbers::{Numbers, Turn, is_dead, is_unreached};
use chrono::{DateTime, Duration, Utc};
use dialdeck_protocol::{CallSettings, CallStatus, ContactStatus, Outcome};

/// A moment that only a change brings nearer: what waits for a person, not for a clock.
pub fn far_future() -> DateTime<Utc> {
    DateTime::from_timestamp(253_370_764_800, 0).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// What becomes of a contact after a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContactAfter {
    /// New status.
    pub status: ContactStatus,
    /// When the dialer may look at it next.
    pub next_attempt_at: DateTime<Utc>,
}

/// Status of a call that ended with this outcome.
pub const fn status(outcome: Outcome) -> CallStatus {
    if outcome.was_answered() { CallStatus::Completed } else { CallStatus::Failed }
}

/// What becomes of the contact. `attempt` counts from 1 and is the one that has just ended.
///
/// Somebody who hung up on us, or said no, is not called again by a machine.
pub fn contact_after(
    outcome: Outcome,
    attempt: i32,
    settings: &CallSettings,
    now: DateTime<Utc>,
) -> ContactAfter {
    let settled = |status| ContactAfter { status, next_attempt_at: far_future() };
    match outcome {
        Outcome::Interested | Outcome::Callback | Outcome::Transferred => settled(ContactStatus::Contacted),
        Outcome::Scheduled | Outcome::NotInterested | Outcome::HungUp => settled(ContactStatus::Completed),
        Outcome::DoNotCall => settled(ContactStatus::DoNotCall),
        Outcome::WrongNumber | Outcome::BadNumber => settled(ContactStatus::Failed),
        Outcome::Voicemail
        | Outcome::Abandoned
        | Outcome::Unclear
        | Outcome::NoAnswer
        | Outcome::Busy
        | Outcome::Congestion
        | Outcome::Error => {
            let (attempts, minutes) = settings.again(outcome);
            if i64::from(attempt) <= i64::from(attempts) {
                ContactAfter {
                    status: ContactStatus::Retry,
                    next_attempt_at: now + Duration::minutes(i64::from(minutes)),
                }
            } else {
                settled(ContactStatus::Failed)
            }
        }
    }
}

/// What becomes of a contact, and of its numbers, after a call to the one whose turn it was. The next that was not tried yet
/// is called at once; each has its own attempts.
pub fn after_number(
    outcome: Outcome,
    attempt: i32,
    numbers: &Numbers<'_>,
    settings: &CallSettings,
    now: DateTime<Utc>,
) -> (ContactAfter, Turn) {
    let turn = numbers.after(outcome);
    let is_dead = is_dead(outcome);
    let nobody = is_dead || matches!(outcome, Outcome::NoAnswer | Outcome::Busy | Outcome::Congestion);
    // Who picked up is called on the same number again: its attempts are not shared among the others.
    let round = if is_unreached(outcome) { numbers.round(attempt) } else { attempt };
    let mut after = if nobody && turn.is_fresh {
        ContactAfter { status: ContactStatus::Retry, next_attempt_at: now }
    } else if is_dead && turn.any {
        contact_after(Outcome::NoAnswer, numbers.round(attempt), settings, now)
    } else {
        contact_after(outcome, round, settings, now)
    };
    let most = settings.attempts_per_contact.map_or(i64::MAX, i64::from);
    if after.status == ContactStatus::Retry && i64::from(attempt) >= most {
        after = ContactAfter { status: ContactStatus::Failed, next_attempt_at: far_future() };
    }
    (after, turn)
}

#[cfg(test)]
mod tests {
    use super::{after_number, contact_after};
    use crate::domain::numbers::Numbers;
    use crate::domain::phone::Phone;
    use chrono::{TimeZone, Utc};
    use dialdeck_protocol::{CallSettings, ContactStatus, Outcome};

    #[test]
    fn three_retries_after_five_minutes_then_failed() {
        let now = Utc.with_ymd_and_hms(2026, 1, 1, 12, 0, 0).unwrap();
        let settings = CallSettings::default();
        for attempt in 1..=3 {
            let after = contact_after(Outcome::Busy, attempt, &settings, now);
            assert_eq!(after.status, ContactStatus::Retry);
            assert_eq!((after.next_attempt_at - now).num_minutes(), 5);
        }
        assert_eq!(contact_after(Outcome::Busy, 4, &settings, now).status, ContactStatus::Failed);
    }

    #[test]
    fn the_other_number_is_called_at_once_and_each_has_its_attempts() {
        let now = Utc.with_ymd_and_hms(2026, 1, 1, 12, 0, 0).unwrap();
        let phones = ["312 555 0142", "312 555 0143"].map(|n| Phone::parse(n, "US").unwrap());
        let mut settings = CallSettings { retry_attempts: 1, ..CallSettings::default() };
        let mut seen = Vec::new();
        let mut turn = 0;
        for attempt in 1..=4 {
            let numbers = Numbers::new(&phones[0], &phones[1..], &[], turn);
            let (after, next) = after_number(Outcome::NoAnswer, attempt, &numbers, &settings, now);
            seen.push((turn, after.status, (after.next_attempt_at - now).num_minutes().min(9)));
            turn = next.turn;
        }
        let retry = ContactStatus::Retry;
        assert_eq!(seen, [(0, retry, 0), (1, retry, 5), (0, retry, 0), (1, ContactStatus::Failed, 9)]);
        settings.attempts_per_contact = Some(2);
        let numbers = Numbers::new(&phones[0], &phones[1..], &[], 1);
        let status = |attempt| after_number(Outcome::Busy, attempt, &numbers, &settings, now).0.status;
        assert_eq!((status(1), status(2)), (retry, ContactStatus::Failed));
        let refused = after_number(Outcome::NotInterested, 1, &numbers, &settings, now).0;
        assert_eq!(refused.status, ContactStatus::Completed, "another number is no way round a no");
    }

    #[test]
    fn nobody_who_refused_is_called_again() {
        let now = Utc::now();
        for outcome in [Outcome::NotInterested, Outcome::DoNotCall, Outcome::HungUp, Outcome::WrongNumber] {
            let after = contact_after(outcome, 1, &CallSettings::default(), now);
            assert_ne!(after.status, ContactStatus::Retry, "{outcome}");
            assert!(after.next_attempt_at.timestamp() > now.timestamp() + 86_400 * 365 * 100);
        }
    }
}
