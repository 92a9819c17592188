//! What is counted over many rows, and holds for a moment: whoever asks again within it is told the same.

use chrono::{DateTime, Duration, Utc};
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

/// How long it holds.
const HOLDS: Duration = Duration::minutes(1);

/// Answers by what was asked.
pub struct Fresh<K, V>(Mutex<HashMap<K, (DateTime<Utc>, V)>>);

impl<K, V> Default for Fresh<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash, V: Clone> Fresh<K, V> {
    /// What was answered within the last minute.
    pub fn get(&self, key: &K, now: DateTime<Utc>) -> Option<V> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(key).filter(|(at, _)| now - *at < HOLDS).map(|(_, value)| value.clone())
    }

    /// Keeps an answer; those that hold no more go.
    pub fn keep(&self, key: K, value: V, now: DateTime<Utc>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, (at, _)| now - *at < HOLDS);
        known.insert(key, (now, value));
    }
}

#[cfg(test)]
mod tests {
    use super::Fresh;
    use chrono::{DateTime, Duration};

    #[test]
    fn it_holds_for_a_minute() {
        let (fresh, now) = (Fresh::default(), DateTime::UNIX_EPOCH);
        fresh.keep("a", 1, now);
        assert_eq!(fresh.get(&"a", now + Duration::seconds(59)), Some(1));
        assert_eq!(fresh.get(&"a", now + Duration::seconds(60)), None);
    }
}
