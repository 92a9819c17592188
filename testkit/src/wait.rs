//! Waiting for a condition, never for a time.

use std::time::{Duration, Instant};

/// How long anything may take before a test gives up on it.
pub const LONGEST: Duration = Duration::from_mins(1);

/// Asks again and again until there is an answer.
///
/// # Panics
/// When there is none after `longest`, saying what was waited for.
pub async fn within<T, F: Future<Output = Option<T>>>(
    longest: Duration,
    what: &str,
    mut ask: impl FnMut() -> F,
) -> T {
    let begun = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(begun.elapsed() < longest, "waited {longest:?} in vain for {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The same, for at most [`LONGEST`].
///
/// # Panics
/// As [`within`].
pub async fn until<T, F: Future<Output = Option<T>>>(what: &str, ask: impl FnMut() -> F) -> T {
    within(LONGEST, what, ask).await
}
