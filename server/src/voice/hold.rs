//! Keeps a person on the line while somebody is looked for who talks to them.

use super::media::{FRAME_SAMPLES, Frame, Media, RATE};
use std::f64::consts::TAU;
use std::sync::LazyLock;
use std::time::Duration;
use tokio::sync::mpsc::error::TrySendError;
use tokio::time::MissedTickBehavior;

/// What a person hears meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meanwhile {
    /// Nothing: it is a matter of two seconds.
    Silence,
    /// A few soft notes, over and over: somebody is still there.
    Music,
}

/// Pitches of the notes, Hz, and how long each is, in samples.
const NOTES: [f64; 4] = [523.25, 659.25, 783.99, 659.25];
const NOTE: u32 = RATE * 2 / 3;
/// Their loudness, of 32 767.
const SOFT: f64 = 1400.0;

/// One round of the music, 8 kHz s16: each note rings and fades, and the last is followed by a rest.
static MUSIC: LazyLock<Vec<i16>> = LazyLock::new(|| {
    let note = |hz: f64| {
        (0..NOTE).map(move |n| {
            let (at, part) = (f64::from(n) / f64::from(RATE), f64::from(n) / f64::from(NOTE));
            let swell = (part * 20.0).min(1.0) * (1.0 - part).powi(2);
            #[allow(clippy::cast_possible_truncation, reason = "soft notes fit")]
            let sample = (SOFT * swell * (TAU * hz * at).sin()) as i16;
            sample
        })
    };
    NOTES.into_iter().flat_map(note).chain((0..NOTE).map(|_| 0)).collect()
});

/// How waiting ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held<T> {
    /// What was waited for.
    Found(T),
    /// The person hung up before.
    HungUp,
    /// They pressed the key that ends all calls.
    Refused,
}

/// The key that ends all calls, at any moment.
const OPT_OUT: char = '9';

/// Waits for something; meanwhile something is sent, because a line on which nothing is sent is ended by Asterisk.
pub async fn hold<T>(
    media: &mut Media,
    frame: Duration,
    meanwhile: Meanwhile,
    wanted: impl Future<Output = T>,
) -> Held<T> {
    tokio::pin!(wanted);
    let mut music = MUSIC.chunks_exact(FRAME_SAMPLES).cycle();
    let mut beat = tokio::time::interval(frame);
    beat.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            biased;
            found = &mut wanted => return Held::Found(found),
            heard = media.heard.recv() => match heard {
                Some(Frame::Digit(OPT_OUT)) => return Held::Refused,
                Some(_) => {}
                None => return Held::HungUp,
            },
            _ = beat.tick(), if !media.words => {
                let sound = match meanwhile {
                    Meanwhile::Silence => None,
                    Meanwhile::Music => music.next().map(<[i16]>::to_vec),
                };
                let sound = Frame::Sound(sound.unwrap_or_else(|| vec![0; FRAME_SAMPLES]));
                if let Err(TrySendError::Closed(_)) = media.spoken.try_send(sound) {
                    return Held::HungUp;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Held, Meanwhile, hold};
    use crate::voice::media::{Frame, Media};
    use std::time::Duration;
    use tokio::sync::mpsc;

    const FRAME: Duration = Duration::from_millis(5);

    fn line() -> (mpsc::Sender<Frame>, mpsc::Receiver<Frame>, Media) {
        let (to_us, heard) = mpsc::channel(4);
        let (spoken, from_us) = mpsc::channel(2);
        (to_us, from_us, Media { heard, spoken, words: false })
    }

    #[tokio::test]
    async fn silence_is_sent_until_somebody_is_there() {
        let (_to_us, mut from_us, mut media) = line();
        let (come, agent) = tokio::sync::oneshot::channel();
        let listener = tokio::spawn(async move {
            for _ in 0..20 {
                let frame = from_us.recv().await;
                assert!(matches!(frame, Some(Frame::Sound(sound)) if sound.iter().all(|s| *s == 0)));
            }
            come.send(()).unwrap();
        });
        assert_eq!(hold(&mut media, FRAME, Meanwhile::Silence, agent).await, Held::Found(Ok(())));
        listener.await.unwrap();
    }

    #[tokio::test]
    async fn somebody_who_waits_longer_hears_music() {
        let (_to_us, mut from_us, mut media) = line();
        let (come, agent) = tokio::sync::oneshot::channel();
        let listener = tokio::spawn(async move {
            let mut loudest = 0;
            while loudest < 300 {
                let Some(Frame::Sound(sound)) = from_us.recv().await else { panic!("no sound") };
                loudest = sound.iter().map(|s| s.unsigned_abs()).fold(loudest, u16::max);
            }
            come.send(loudest).unwrap();
        });
        let heard = hold(&mut media, FRAME, Meanwhile::Music, agent).await;
        assert!(matches!(heard, Held::Found(Ok(loudest)) if loudest < 2000), "it is soft: {heard:?}");
        listener.await.unwrap();
    }

    #[tokio::test]
    async fn the_key_that_ends_all_calls_is_heard() {
        let (to_us, _from_us, mut media) = line();
        for key in ['5', '9'] {
            to_us.send(Frame::Digit(key)).await.unwrap();
        }
        let never = std::future::pending::<()>();
        assert_eq!(hold(&mut media, FRAME, Meanwhile::Music, never).await, Held::Refused);
    }

    #[tokio::test]
    async fn who_hangs_up_is_not_waited_for() {
        let (to_us, _from_us, mut media) = line();
        drop(to_us);
        assert_eq!(
            hold(&mut media, FRAME, Meanwhile::Music, std::future::pending::<()>()).await,
            Held::HungUp
        );
    }
}
