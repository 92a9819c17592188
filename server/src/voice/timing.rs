//! How long the voice loop waits for what.

use std::time::Duration;

/// See [`Timing::faster`].
const LEAST_ENDPOINT: Duration = Duration::from_millis(200);

/// The same for whoever waits: simulated people pause for a quarter of a second, however fast they are.
const LEAST_SILENCE: Duration = Duration::from_millis(400);
const LEAST_EXCUSE: Duration = Duration::from_secs(1);
const LEAST_DEAD: Duration = Duration::from_secs(2);

/// The waits of a conversation. A simulated network may run them faster.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Timing {
    /// One frame of sound, and the beat of the loop.
    pub frame: Duration,
    /// One word, where words are carried instead of sound.
    pub word: Duration,
    /// Silence after speech that ends an utterance.
    pub endpoint: Duration,
    /// Speech for which we give way. Silent we are from its first sound: shorter, we go on where we were.
    pub barge_in: Duration,
    /// Quiet after a sound too short to give way to, after which we go on.
    pub cough: Duration,
    /// Speech that cuts our opening short; it is not silent before: a "hello?" does not.
    pub opening_barge_in: Duration,
    /// Silence of both sides after which we ask. It takes a moment to be heard, and no silence is to last for more than four seconds.
    pub silence: Duration,
    /// How long somebody waits for an answer until they are told that it takes a moment.
    pub excuse: Duration,
    /// Unbroken speech right after the answer that only a machine makes.
    pub machine: Duration,
    /// Quiet between a machine's tone and our first word: it may only begin to record.
    pub after_tone: Duration,
    /// Silence after a machine's greeting that has no tone, after which it records.
    pub no_tone: Duration,
    /// Longest greeting of a machine that is waited for.
    pub greeting: Duration,
    /// How long nothing of ours is taken until the line is dead.
    pub dead_line: Duration,
    /// Longest conversation.
    pub longest: Duration,
    /// Longest utterance; what is longer is cut there.
    pub utterance: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            frame: Duration::from_millis(20),
            word: Duration::from_millis(300),
            endpoint: Duration::from_millis(700),
            barge_in: Duration::from_millis(250),
            cough: Duration::from_millis(400),
            opening_barge_in: Duration::from_millis(900),
            silence: Duration::from_millis(3500),
            excuse: Duration::from_millis(2500),
            machine: Duration::from_secs(5),
            after_tone: Duration::from_millis(300),
            no_tone: Duration::from_millis(2600),
            greeting: Duration::from_secs(45),
            dead_line: Duration::from_secs(10),
            longest: Duration::from_mins(3),
            utterance: Duration::from_secs(12),
        }
    }
}

impl Timing {
    /// The same, `speed` times as fast. The frame stays: it is the loop's beat. The endpoint does not go below what a
    /// busy machine's scheduling can take from it, or it would cut people off.
    #[must_use]
    pub fn faster(self, speed: f64) -> Self {
        let scale = |d: Duration| d.div_f64(speed.max(0.01));
        Self {
            frame: self.frame,
            word: scale(self.word),
            endpoint: scale(self.endpoint).max(LEAST_ENDPOINT),
            barge_in: scale(self.barge_in),
            cough: scale(self.cough),
            opening_barge_in: scale(self.opening_barge_in),
            silence: scale(self.silence).max(LEAST_SILENCE),
            excuse: scale(self.excuse).max(LEAST_EXCUSE),
            machine: scale(self.machine),
            after_tone: scale(self.after_tone),
            // A busy machine's scheduling is no end of a greeting.
            no_tone: scale(self.no_tone).max(LEAST_SILENCE),
            greeting: scale(self.greeting),
            dead_line: scale(self.dead_line).max(LEAST_DEAD),
            longest: scale(self.longest),
            utterance: scale(self.utterance),
        }
    }
}
