//! Whoever is to take a person over is told of them first, and takes or refuses them, by a key or in a word.

use super::conversation::Providers;
use super::dialogue::sentences;
use super::ear::{Ear, Noticed};
use super::intent;
use super::media::{Blocked, Media};
use super::phrases::Phrases;
use super::recognise::{RecogniseError, Recognition};
use super::speech::Speech;
use crate::domain::script::Script;
use dialdeck_protocol::Intent;
use std::time::{Duration, Instant};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

/// What was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// They take the person.
    Takes,
    /// They do not.
    Refuses,
    /// They said nothing that could be understood, or hung up.
    Silent,
}

/// How long somebody has to decide, from the first word of what they are told.
const PATIENCE: Duration = Duration::from_secs(30);
/// Silence after which it is said once more.
const AGAIN: Duration = Duration::from_secs(5);

/// What a key decides.
const fn by_key(key: char) -> Option<Decision> {
    match key {
        '1' => Some(Decision::Takes),
        '2' => Some(Decision::Refuses),
        _ => None,
    }
}

/// What words decide.
fn by_word(heard: &Recognition, phrases: &Phrases) -> Option<Decision> {
    match intent::detect(&heard.text, phrases).intent {
        Intent::Yes | Intent::Interested => Some(Decision::Takes),
        Intent::No
        | Intent::SoftNo
        | Intent::HardNo
        | Intent::Callback
        | Intent::WrongNumber
        | Intent::DoNotCall
        | Intent::Voicemail => Some(Decision::Refuses),
        _ => None,
    }
}

type Heard = Result<Recognition, RecogniseError>;

/// Says `text` and waits for a decision. `keys`: those that the telephony tells of beside the sound.
pub async fn consult(
    media: &mut Media,
    keys: &mut broadcast::Receiver<char>,
    text: &str,
    providers: &Providers,
) -> Decision {
    let timing = providers.timing;
    let phrases = Phrases::of(&Script::default());
    let mut speech = Speech::new(providers.synthesiser.clone(), providers.voice.clone());
    let mut ear = Ear::new(timing, providers.detection);
    let mut recognising: Option<JoinHandle<Heard>> = None;
    let (begun, mut quiet_since) = (Instant::now(), None);
    let mut beat = tokio::time::interval(timing.frame);
    beat.set_missed_tick_behavior(MissedTickBehavior::Burst);
    speech.begin(sentences::whole(text), false, None);
    // Words count once the question was put: who greets, or talks on to a neighbour, has decided nothing. Keys always count.
    let mut asked = false;
    loop {
        tokio::select! {
            key = keys.recv() => match key {
                Ok(key) => if let Some(decision) = by_key(key) { return decision },
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return Decision::Silent,
            },
            frame = media.heard.recv() => match frame {
                Some(super::media::Frame::Digit(key)) => if let Some(decision) = by_key(key) { return decision },
                Some(frame) => drop(ear.take(frame, Instant::now())),
                None => return Decision::Silent,
            },
            made = speech.made() => if made.is_err() { return Decision::Silent },
            heard = finished(&mut recognising) => {
                let decision = heard.and_then(Result::ok).filter(|_| asked).and_then(|heard| by_word(&heard, &phrases));
                if let Some(decision) = decision {
                    return decision;
                }
            }
            _ = beat.tick() => {
                let now = Instant::now();
                if let Some(frame) = speech.next(now, media.words, &timing)
                    && let Err(Blocked::Closed) = media.spoken.try_send(frame)
                {
                    return Decision::Silent;
                }
                if let Some(Noticed::Ended { utterance, .. }) = ear.beat(now) {
                    let (recogniser, phrases) = (providers.recogniser.clone(), phrases.clone());
                    recognising =
                        Some(tokio::spawn(async move { recogniser.recognise(utterance, &phrases).await }));
                }
                asked |= !speech.is_busy();
                let busy = speech.is_busy() || recognising.is_some() || ear.speaking_for().is_some();
                let since = *quiet_since.get_or_insert(now);
                if busy {
                    quiet_since = None;
                } else if now.duration_since(since) >= AGAIN {
                    speech.begin(sentences::whole(text), false, None);
                }
                if now.duration_since(begun) >= PATIENCE {
                    return Decision::Silent;
                }
            }
        }
    }
}

async fn finished(task: &mut Option<JoinHandle<Heard>>) -> Option<Heard> {
    let Some(handle) = task else { return std::future::pending().await };
    let heard = handle.await.ok();
    *task = None;
    heard
}

#[cfg(test)]
mod tests {
    use super::{Decision, consult};
    use crate::voice::conversation::Providers;
    use crate::voice::detector::Detection;
    use crate::voice::media::{Frame, Media};
    use crate::voice::recognise::text::TextRecogniser;
    use crate::voice::synthesise::Voice;
    use crate::voice::synthesise::text::TextSynthesiser;
    use crate::voice::timing::Timing;
    use std::sync::Arc;
    use tokio::sync::{broadcast, mpsc};

    /// What is decided by somebody who hears the text and then says or presses something.
    async fn decided(words: &str, key: Option<char>) -> Decision {
        let providers = Providers {
            tap: None,
            recogniser: Arc::new(TextRecogniser),
            synthesiser: Arc::new(TextSynthesiser),
            voice: Voice::default(),
            chat: None,
            timing: Timing::default().faster(20.0),
            detection: Detection::Neural,
        };
        let (to_us, heard) = mpsc::channel(16);
        let (spoken, mut from_us) = mpsc::channel(16);
        let (press, mut keys) = broadcast::channel(8);
        let mut media = Media::over(heard, spoken, true);
        let somebody = async {
            while from_us.recv().await != Some(Frame::Word("two.".into())) {}
            if let Some(key) = key {
                press.send(key).unwrap();
            }
            for word in words.split_whitespace() {
                to_us.send(Frame::Word(word.into())).await.unwrap();
            }
            if words == "hangs up" {
                drop(to_us);
            } else {
                while from_us.recv().await.is_some() {}
            }
        };
        let text = "A call for you. Press one, or two.";
        tokio::select! {
            decision = consult(&mut media, &mut keys, text, &providers) => decision,
            () = somebody => Decision::Silent,
        }
    }

    #[tokio::test]
    async fn by_key_or_by_word() {
        assert_eq!(decided("", Some('1')).await, Decision::Takes);
        assert_eq!(decided("", Some('2')).await, Decision::Refuses);
        assert_eq!(decided("yes", None).await, Decision::Takes);
        assert_eq!(decided("no", None).await, Decision::Refuses);
        assert_eq!(decided("hangs up", None).await, Decision::Silent);
    }
}
