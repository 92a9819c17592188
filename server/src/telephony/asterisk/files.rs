//! Sound by STREAM FILE and RECORD FILE, in a folder that Asterisk and we share: what is left where Asterisk has neither AudioSocket
//! nor WebSocket channels. It goes by turns: what we say is played in pieces as it is made, a key interrupts it, and the person is
//! heard once we are silent, a piece of speech at a time.

use super::agi::{Channel, ChannelError, Reply, ReplyError};
use super::transport::SharedFolder;
use crate::voice::media::{FRAME_SAMPLES, Frame, HEARD_AHEAD, Media, RATE, SPOKEN_AHEAD};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TryRecvError;
use uuid::Uuid;

/// Sound that is gathered before the first piece of it is played: 300 ms.
const PIECE: usize = RATE as usize * 3 / 10;
/// Silence of ours that ends what we say, in frames: 300 ms.
const PAUSE: u32 = 15;
/// Longest recording, in ms, and the silence that ends it, in s.
const LONGEST_MS: u32 = 6000;
const SILENCE_S: u32 = 1;
/// Keys that are heard while something is played or recorded: those that mean something to us. Any other does not cut us off.
const KEYS: &str = "129";
/// Most sound of ours that waits, in samples: 600 ms. What is more is not taken yet, so that the loop knows what was not heard.
const MOST: usize = RATE as usize * 6 / 10;
/// Waits for a key while a piece of ours is on its way.
const WAIT: &str = "WAIT FOR DIGIT 20";
/// How long our first words are waited for before the person is listened to.
const FIRST_WORDS: Duration = Duration::from_secs(3);

/// One call carried so.
pub(super) struct Turns {
    shared: SharedFolder,
    name: String,
    piece: u32,
    to_loop: mpsc::Sender<Frame>,
    from_loop: mpsc::Receiver<Frame>,
    ours: Ours,
}

/// What we are saying, and is not played yet. Pure.
#[derive(Debug, Default)]
struct Ours {
    waiting: Vec<i16>,
    /// Frames of silence since the last sound.
    silent: u32,
    speaks: bool,
    over: bool,
}

impl Ours {
    fn take(&mut self, frame: Option<Frame>) {
        match frame {
            None => self.over = true,
            Some(Frame::Sound(samples)) if samples.iter().any(|s| *s != 0) => {
                (self.silent, self.speaks) = (0, true);
                self.keep(&samples);
            }
            Some(Frame::Sound(samples)) if self.speaks => {
                self.silent += 1;
                if self.silent > PAUSE {
                    self.speaks = false;
                } else {
                    self.keep(&samples);
                }
            }
            Some(_) => {}
        }
    }

    fn keep(&mut self, samples: &[i16]) {
        self.waiting.extend_from_slice(samples);
    }

    /// Whether more is taken.
    fn has_room(&self) -> bool {
        !self.over && self.waiting.len() < MOST
    }

    /// Whether there is a piece to play.
    fn is_ready(&self) -> bool {
        self.waiting.len() >= PIECE || (!self.waiting.is_empty() && (!self.speaks || self.over))
    }

    /// What is to be played next.
    fn piece(&mut self) -> Vec<i16> {
        std::mem::take(&mut self.waiting)
    }

    /// A key cut it off.
    fn cut(&mut self) {
        self.waiting.clear();
        (self.speaks, self.silent) = (false, 0);
    }
}

impl Turns {
    /// Ready to carry a call, and what the voice loop is given.
    pub(super) fn new(shared: SharedFolder) -> (Self, Media) {
        let (to_loop, heard) = mpsc::channel(HEARD_AHEAD);
        let (spoken, from_loop) = mpsc::channel(SPOKEN_AHEAD);
        let name = format!("dialdeck-{}", Uuid::new_v4().simple());
        let turns = Self { shared, name, piece: 0, to_loop, from_loop, ours: Ours::default() };
        (turns, Media::over(heard, spoken, false))
    }

    /// Carries it until we are done or the person has hung up.
    ///
    /// # Errors
    /// When the connection to Asterisk breaks.
    pub(super) async fn carry(mut self, channel: &mut Channel) -> Result<(), ChannelError> {
        let (begun, mut spoke) = (Instant::now(), false);
        loop {
            while self.ours.has_room() {
                match self.from_loop.try_recv() {
                    Ok(frame) => self.ours.take(Some(frame)),
                    Err(TryRecvError::Disconnected) => self.ours.take(None),
                    Err(TryRecvError::Empty) => break,
                }
            }
            if self.ours.is_ready() {
                spoke = true;
                if !self.play(channel).await? {
                    return Ok(());
                }
            } else if self.ours.over {
                return Ok(());
            } else if self.ours.speaks || !spoke && begun.elapsed() < FIRST_WORDS {
                // A piece is on its way.
                match self.command(channel, WAIT).await? {
                    Some(reply) if self.key(&reply.result).await => {}
                    _ => return Ok(()),
                }
            } else if !self.listen(channel).await? {
                return Ok(());
            }
        }
    }

    fn path(&mut self) -> (PathBuf, String) {
        self.piece += 1;
        let name = format!("{}-{}", self.name, self.piece);
        (self.shared.here.join(format!("{name}.sln")), format!("{}/{name}", self.shared.there))
    }

    /// Runs a command; what we say meanwhile is gathered. `None`: the person is gone.
    async fn command(&mut self, channel: &mut Channel, command: &str) -> Result<Option<Reply>, ChannelError> {
        channel.send(command).await?;
        let mut answer = Box::pin(channel.answer());
        loop {
            tokio::select! {
                reply = &mut answer => return match reply {
                    Ok(reply) => Ok(Some(reply).filter(|reply| reply.result != "-1")),
                    Err(ChannelError::Reply(ReplyError::Dead)) => Ok(None),
                    Err(error) => Err(error),
                },
                frame = self.from_loop.recv(), if self.ours.has_room() => self.ours.take(frame),
            }
        }
    }

    /// Plays the next piece of what we say; false once the person is gone.
    async fn play(&mut self, channel: &mut Channel) -> Result<bool, ChannelError> {
        let (here, there) = self.path();
        let bytes: Vec<u8> = self.ours.piece().iter().flat_map(|s| s.to_le_bytes()).collect();
        tokio::fs::write(&here, bytes).await?;
        let result = self.command(channel, &format!("STREAM FILE {there} \"{KEYS}\"")).await;
        let _ = tokio::fs::remove_file(&here).await;
        Ok(match result? {
            Some(reply) => self.key(&reply.result).await,
            None => false,
        })
    }

    /// Hears the person until they are silent for a while; false once they are gone.
    async fn listen(&mut self, channel: &mut Channel) -> Result<bool, ChannelError> {
        let (here, there) = self.path();
        let command = format!("RECORD FILE {there} sln \"{KEYS}\" {LONGEST_MS} s={SILENCE_S}");
        let result = self.command(channel, &command).await;
        let bytes = tokio::fs::read(&here).await.unwrap_or_default();
        let _ = tokio::fs::remove_file(&here).await;
        let samples: Vec<i16> = bytes.chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect();
        for piece in samples.chunks(FRAME_SAMPLES) {
            // Also the last words of somebody who has hung up.
            if self.to_loop.send(Frame::Sound(piece.to_vec())).await.is_err() {
                return Ok(false);
            }
        }
        Ok(match result? {
            // What it answers to silence is a number, too, and no key's.
            Some(reply) if reply.data == "dtmf" => self.key(&reply.result).await,
            other => other.is_some(),
        })
    }

    /// Tells of the key that a command ended with, if it did; false where nobody listens any more.
    async fn key(&mut self, result: &str) -> bool {
        let key = result.parse::<u8>().ok().map(char::from).filter(|key| KEYS.contains(*key));
        match key {
            Some(key) => {
                self.ours.cut();
                self.to_loop.send(Frame::Digit(key)).await.is_ok()
            }
            None => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Ours, PIECE};
    use crate::voice::media::Frame;
    use proptest::prelude::*;

    fn sound(value: i16) -> Frame {
        Frame::Sound(vec![value; 160])
    }

    #[test]
    fn a_piece_is_played_as_soon_as_it_is_worth_it_and_the_last_when_we_fall_silent() {
        let mut ours = Ours::default();
        ours.take(Some(sound(0)));
        assert!(!ours.is_ready() && !ours.speaks, "silence is nothing to say");
        for _ in 0..PIECE / 160 {
            assert!(!ours.is_ready());
            ours.take(Some(sound(7)));
        }
        assert!(ours.is_ready());
        assert_eq!(ours.piece().len(), PIECE);
        ours.take(Some(sound(7)));
        assert!(ours.speaks && !ours.is_ready());
        // A pause between two words is none between two turns.
        for _ in 0..super::PAUSE {
            ours.take(Some(sound(0)));
        }
        assert!(ours.speaks);
        ours.take(Some(sound(0)));
        assert!(!ours.speaks && ours.is_ready());
        ours.take(Some(sound(7)));
        ours.cut();
        assert!(!ours.is_ready() && !ours.speaks);
        ours.take(Some(sound(7)));
        ours.take(None);
        assert!(ours.is_ready(), "what was said last is played, too");
    }

    proptest! {
        #[test]
        fn nothing_grows_without_end(values in proptest::collection::vec(-1i16..2, 0..200)) {
            let mut ours = Ours::default();
            for value in values {
                if ours.has_room() {
                    ours.take(Some(sound(value)));
                }
            }
            prop_assert!(ours.waiting.len() <= super::MOST + 160);
        }
    }
}
