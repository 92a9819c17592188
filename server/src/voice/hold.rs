//! Keeps a person on the line while an agent is looked for.

use super::media::{FRAME_SAMPLES, Frame, Media};
use std::time::Duration;
use tokio::sync::mpsc::error::TrySendError;
use tokio::time::MissedTickBehavior;

/// Waits for something while the person hears silence: a line on which nothing is sent is ended by Asterisk. `None` when
/// the person hangs up before.
pub async fn hold<T>(media: &mut Media, frame: Duration, wanted: impl Future<Output = T>) -> Option<T> {
    tokio::pin!(wanted);
    let mut beat = tokio::time::interval(frame);
    beat.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            biased;
            found = &mut wanted => return Some(found),
            heard = media.heard.recv() => {
                heard?;
            }
            _ = beat.tick(), if !media.words => {
                if let Err(TrySendError::Closed(_)) = media.spoken.try_send(Frame::Sound(vec![0; FRAME_SAMPLES])) {
                    return None;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::hold;
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
        assert_eq!(hold(&mut media, FRAME, agent).await, Some(Ok(())));
        listener.await.unwrap();
    }

    #[tokio::test]
    async fn who_hangs_up_is_not_waited_for() {
        let (to_us, _from_us, mut media) = line();
        drop(to_us);
        assert_eq!(hold(&mut media, FRAME, std::future::pending::<()>()).await, None);
    }
}
