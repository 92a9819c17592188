//! What people and networks do at their worst, at random: so that a floor can be tried on more than those who behave.

use crate::voice::media::{Frame, SPOKEN_AHEAD};
use dialdeck_protocol::CallId;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;
use tokio::sync::mpsc;

/// What goes wrong in a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mischief {
    /// They hang up at any moment.
    HangsUp,
    /// They talk when it suits them, and do not stop.
    Babbles,
    /// Nothing is heard of them, and nothing of ours is taken.
    DeadAir,
    /// They press keys.
    Keys,
    /// What comes from them is garbage.
    Garbage,
    /// What we say is not taken; they speak.
    Deaf,
    /// The network never tells of the end.
    EndIsLost,
    /// The network tells of the end long after it.
    EndIsLate,
}

const ALL: [Mischief; 8] = [
    Mischief::HangsUp,
    Mischief::Babbles,
    Mischief::DeadAir,
    Mischief::Keys,
    Mischief::Garbage,
    Mischief::Deaf,
    Mischief::EndIsLost,
    Mischief::EndIsLate,
];

const LINES: [&str; 10] = [
    "yes",
    "no wait",
    "who is this",
    "what",
    "i said i do not know",
    "how much is it",
    "hold on hold on",
    "mm hm",
    "can you repeat that please",
    "blah blah blah and then he said",
];

/// Chance of a call, the same for as long as it lasts.
pub(super) fn chance(call: &CallId) -> StdRng {
    let mut hasher = DefaultHasher::new();
    call.hash(&mut hasher);
    StdRng::seed_from_u64(hasher.finish())
}

impl Mischief {
    /// What goes wrong in a call; `share`: of all calls, 0–1.
    pub(super) fn of(chance: &mut StdRng, share: f64) -> Option<Self> {
        chance.random_bool(share.clamp(0.0, 1.0)).then(|| ALL[chance.random_range(0..ALL.len())])
    }

    /// Whether the person behaves, and only the network does not.
    pub(super) const fn is_of_network(self) -> bool {
        matches!(self, Self::EndIsLost | Self::EndIsLate)
    }

    /// Does it for as long as a call with such a person lasts.
    pub(super) async fn act(
        self,
        chance: &mut StdRng,
        to_us: mpsc::Sender<Frame>,
        mut from_us: mpsc::Receiver<Frame>,
        speed: f64,
    ) {
        let lasts = Duration::from_secs_f64(chance.random_range(1.0..90.0) / speed);
        let wait = |seconds: f64| tokio::time::sleep(Duration::from_secs_f64(seconds / speed));
        let listens = !matches!(self, Self::DeadAir | Self::Deaf);
        let hears = async {
            while listens && from_us.recv().await.is_some() {}
            if !listens {
                // What is not taken fills the line up, as it does where a peer hangs.
                while from_us.len() < SPOKEN_AHEAD && !from_us.is_closed() {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                to_us.closed().await;
            }
        };
        let acts = async {
            loop {
                wait(chance.random_range(0.1..5.0)).await;
                let sent = match self {
                    Self::Babbles | Self::Deaf | Self::HangsUp => {
                        let line = LINES[chance.random_range(0..LINES.len())];
                        let mut sent = Ok(());
                        for word in line.split(' ') {
                            sent = to_us.send(Frame::Word(word.into())).await;
                            wait(0.3).await;
                        }
                        sent
                    }
                    Self::Keys => {
                        let key = char::from(b"0123456789*#ABCD"[chance.random_range(0..16)]);
                        // 9 ends it: it is pressed seldom, so that the others are tried.
                        let key = if key == '9' && chance.random_bool(0.7) { '5' } else { key };
                        to_us.send(Frame::Digit(key)).await
                    }
                    Self::Garbage => {
                        let word = ["\u{1b}[2J\u{202e}\u{0}\r\n", "=HYPERLINK(1)", "", "x"];
                        let word =
                            word[chance.random_range(0..word.len())].repeat(chance.random_range(1..3000));
                        to_us.send(Frame::Word(word)).await
                    }
                    _ => Ok(()),
                };
                if sent.is_err() {
                    return;
                }
            }
        };
        tokio::select! {
            () = hears => {}
            () = acts => {}
            () = tokio::time::sleep(lasts) => {}
        }
    }
}
