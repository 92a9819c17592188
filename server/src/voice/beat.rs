//! The loop's beat: a frame of ours for each of theirs, and by the clock where none come.
//!
//! What comes from the line comes at the line's own pace. To answer each frame with one keeps that pace, and wakes the conversation
//! once for both; a timer beside it would wake it twice.

use std::pin::Pin;
use std::time::Duration;
use tokio::time::{Instant, Sleep};

/// How much later than due the clock strikes while frames come: a frame may be late by as much.
const LATE: Duration = Duration::from_millis(5);
/// Frames that may be missing until the clock is all there is.
const MISSING: u32 = 3;

/// The beat of one conversation.
pub(super) struct Beat {
    frame: Duration,
    due: Instant,
    /// When a frame last struck it.
    led: Option<Instant>,
    timer: Pin<Box<Sleep>>,
}

impl Beat {
    /// Strikes at once, and every `frame` from then on.
    pub(super) fn new(frame: Duration) -> Self {
        let now = Instant::now();
        Self { frame, due: now, led: None, timer: Box::pin(tokio::time::sleep_until(now)) }
    }

    /// Whether a frame that has just come strikes it: one that comes within what is left of the beat before.
    pub(super) fn strikes_with_frame(&mut self) -> bool {
        let now = Instant::now();
        if now + self.frame * 9 / 10 < self.due {
            return false;
        }
        self.led = Some(now);
        self.struck(now);
        true
    }

    /// Waits until the clock strikes it.
    pub(super) async fn strike(&mut self) {
        self.timer.as_mut().await;
        self.struck(Instant::now());
    }

    /// None is left out: what a stall has delayed is caught up.
    fn struck(&mut self, now: Instant) {
        self.due += self.frame;
        let is_led = self.led.is_some_and(|led| now.duration_since(led) < self.frame * MISSING);
        let next = if is_led { self.due + LATE } else { self.due };
        self.timer.as_mut().reset(next);
    }
}

#[cfg(test)]
mod tests {
    use super::Beat;
    use std::time::Duration;
    use tokio::time::{Instant, sleep};

    const FRAME: Duration = Duration::from_millis(20);

    #[tokio::test(start_paused = true)]
    async fn the_clock_strikes_where_no_frame_comes() {
        let (mut beat, begun) = (Beat::new(FRAME), Instant::now());
        for _ in 0..50 {
            beat.strike().await;
        }
        let took = begun.elapsed();
        assert!((970..=1000).contains(&took.as_millis()), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn frames_strike_and_the_clock_goes_on_when_they_stop() {
        let mut beat = Beat::new(FRAME);
        beat.strike().await;
        let (mut by_frame, mut by_clock) = (0, 0);
        let begun = Instant::now();
        for n in 1..=50u32 {
            // Now and then a little late.
            let at = begun + FRAME * n + Duration::from_millis(u64::from(n % 3));
            loop {
                tokio::select! {
                    biased;
                    () = tokio::time::sleep_until(at) => break,
                    () = beat.strike() => by_clock += 1,
                }
            }
            by_frame += u32::from(beat.strikes_with_frame());
        }
        assert!(by_clock <= 3, "the clock strikes until frames lead: {by_clock}");
        assert!((49..=51).contains(&(by_frame + by_clock)), "{by_frame} {by_clock}");
        let silent = Instant::now();
        for _ in 0..10 {
            beat.strike().await;
        }
        assert!(silent.elapsed() <= FRAME * 10 + Duration::from_millis(10), "{:?}", silent.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_of_frames_is_no_burst_of_ours() {
        let mut beat = Beat::new(FRAME);
        beat.strike().await;
        sleep(FRAME).await;
        let struck = (0..10).filter(|_| beat.strikes_with_frame()).count();
        assert!(struck <= 2, "{struck}");
    }
}
