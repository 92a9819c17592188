//! Slows down whoever guesses passwords, without a way to lock anybody else out.
//!
//! Failures count against the pair of address and name: a stranger's guesses at Sue's name from their own address
//! never keep Sue out at hers. An address that tries many names is slowed as a whole. What is remembered is bounded.

use chrono::{DateTime, Duration, Utc};
use lru::LruCache;
use std::net::IpAddr;
use std::num::NonZeroUsize;

/// Wrong passwords for one name from one address before it has to wait.
const PATIENCE: u32 = 5;
/// Wrong passwords from one address, whatever the name, before it has to wait.
const PATIENCE_ADDRESS: u32 = 30;
/// Longest wait.
const LONGEST: Duration = Duration::minutes(15);
/// After so long without a failure everything is forgotten.
const FORGOTTEN: Duration = Duration::hours(1);
/// Pairs that are remembered; the oldest go first.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(16_384).unwrap();

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    last: DateTime<Utc>,
}

/// What is remembered of failed log-ins.
#[derive(Debug)]
pub struct Lockout {
    pairs: LruCache<(IpAddr, String), Failures>,
    addresses: LruCache<IpAddr, Failures>,
}

impl Default for Lockout {
    fn default() -> Self {
        Self { pairs: LruCache::new(REMEMBERED), addresses: LruCache::new(REMEMBERED) }
    }
}

/// When the next try is heard: after `patience` failures one second, then twice as long each time.
fn open_at(failures: &Failures, patience: u32) -> DateTime<Utc> {
    let Some(over) = failures.count.checked_sub(patience) else { return failures.last };
    failures.last + Duration::seconds(1_i64 << over.min(20)).min(LONGEST)
}

impl Lockout {
    /// Whether a try is heard now; otherwise when the next one will be.
    pub fn admit(&mut self, from: IpAddr, name: &str, now: DateTime<Utc>) -> Result<(), DateTime<Utc>> {
        let pair = self.pairs.get(&(from, name.to_owned())).map(|f| open_at(f, PATIENCE));
        let address = self.addresses.get(&from).map(|f| open_at(f, PATIENCE_ADDRESS));
        match pair.into_iter().chain(address).max() {
            Some(open) if open > now => Err(open),
            _ => Ok(()),
        }
    }

    /// A wrong password, or a name that is not there.
    pub fn failed(&mut self, from: IpAddr, name: &str, now: DateTime<Utc>) {
        let next = |old: Option<Failures>| {
            let count = old.filter(|f| now - f.last < FORGOTTEN).map_or(0, |f| f.count);
            Failures { count: count.saturating_add(1), last: now }
        };
        let key = (from, name.to_owned());
        let pair = next(self.pairs.get(&key).copied());
        self.pairs.put(key, pair);
        let address = next(self.addresses.get(&from).copied());
        self.addresses.put(from, address);
    }

    /// The right password: this name at this address is forgiven. The address as a whole is not, or an attacker with
    /// one account could go on guessing at others.
    pub fn succeeded(&mut self, from: IpAddr, name: &str) {
        self.pairs.pop(&(from, name.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::Lockout;
    use chrono::{DateTime, Duration, Utc};
    use std::net::IpAddr;

    fn address(n: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, n])
    }

    #[test]
    fn a_guesser_waits_and_the_user_does_not() {
        let (mut lockout, mut now) = (Lockout::default(), DateTime::<Utc>::UNIX_EPOCH);
        for _ in 0..5 {
            assert_eq!(lockout.admit(address(1), "sue", now), Ok(()));
            lockout.failed(address(1), "sue", now);
        }
        assert_eq!(lockout.admit(address(1), "sue", now), Err(now + Duration::seconds(1)));
        assert_eq!(lockout.admit(address(2), "sue", now), Ok(()), "sue herself, elsewhere");
        assert_eq!(lockout.admit(address(1), "tom", now), Ok(()), "her neighbour at the same address");
        for _ in 0..40 {
            now += Duration::minutes(15);
            lockout.failed(address(1), "sue", now);
        }
        assert_eq!(lockout.admit(address(1), "sue", now), Err(now + Duration::minutes(15)), "never longer");
        assert_eq!(lockout.admit(address(1), "sue", now + Duration::minutes(15)), Ok(()));
    }

    #[test]
    fn an_address_that_tries_many_names_waits_and_success_forgives_one_name() {
        let (mut lockout, now) = (Lockout::default(), DateTime::<Utc>::UNIX_EPOCH);
        for n in 0..30 {
            lockout.failed(address(1), &format!("user{n}"), now);
        }
        assert!(lockout.admit(address(1), "someone new", now).is_err());
        let mut lockout = Lockout::default();
        for _ in 0..6 {
            lockout.failed(address(3), "sue", now);
        }
        lockout.succeeded(address(3), "sue");
        assert_eq!(lockout.admit(address(3), "sue", now), Ok(()));
    }
}
