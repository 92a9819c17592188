//! How a call ended, and what that means for call and contact.

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

#[cfg(test)]
mod tests {
    use super::contact_after;
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
    fn nobody_who_refused_is_called_again() {
        let now = Utc::now();
        for outcome in [Outcome::NotInterested, Outcome::DoNotCall, Outcome::HungUp, Outcome::WrongNumber] {
            let after = contact_after(outcome, 1, &CallSettings::default(), now);
            assert_ne!(after.status, ContactStatus::Retry, "{outcome}");
            assert!(after.next_attempt_at.timestamp() > now.timestamp() + 86_400 * 365 * 100);
        }
    }
}
