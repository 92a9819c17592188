//! Keeps a person on the line while somebody is looked for who talks to them. What they say meanwhile is answered by nobody; but a
//! wish never to be called again is heard.

use super::conversation::Providers;
use super::dialogue::Dialogue;
use super::ear::{Ear, Noticed};
use super::media::{Blocked, FRAME_SAMPLES, Frame, Media, RATE};
use std::f64::consts::TAU;
use std::sync::LazyLock;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
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
    /// They pressed the key that ends all calls, or said that they want none; they may have hung up with it.
    Refused,
}

/// The key that ends all calls, at any moment.
const OPT_OUT: char = '9';

/// How long the last words of somebody who hung up may take to be understood.
const LAST_WORDS: Duration = Duration::from_secs(12);
/// What is kept of what was said: a wish may come in pieces.
const KEPT: usize = 400;

/// Who listens to somebody on hold.
pub struct Attention {
    providers: Providers,
    dialogue: Dialogue,
    ear: Ear,
    recognising: JoinSet<Option<String>>,
    /// What was understood so far.
    heard: String,
}

impl Attention {
    /// Listens with `providers`; `dialogue` knows in which words its campaign's people refuse.
    pub fn new(providers: Providers, dialogue: Dialogue) -> Self {
        let ear = Ear::new(providers.timing, providers.detection);
        Self { providers, dialogue, ear, recognising: JoinSet::new(), heard: String::new() }
    }

    fn beat(&mut self, now: Instant) {
        if let Some(Noticed::Ended { utterance, .. }) = self.ear.beat(now) {
            self.recognise(utterance);
        }
    }

    fn recognise(&mut self, utterance: super::ear::Utterance) {
        let (recogniser, phrases) = (self.providers.recogniser.clone(), self.dialogue.phrases().clone());
        self.recognising.spawn(async move {
            let heard = recogniser.recognise(utterance, &phrases).await;
            heard
                .inspect_err(|error| tracing::warn!(%error, "who is on hold was not understood"))
                .ok()
                .map(|h| h.text)
        });
    }

    /// Until something was understood; whether it asks never to be called again.
    async fn understood(&mut self) -> bool {
        match self.recognising.join_next().await {
            Some(heard) => self.refuses(heard.ok().flatten()),
            None => std::future::pending().await,
        }
    }

    fn refuses(&mut self, heard: Option<String>) -> bool {
        let Some(heard) = heard else { return false };
        let before = std::mem::take(&mut self.heard);
        self.heard = format!("{before} {heard}").trim().chars().take(KEPT).collect();
        self.dialogue.refuses(&heard) || self.dialogue.refuses(&self.heard)
    }

    /// Whether the last words of somebody who hung up ask for it.
    async fn last_words_refuse(&mut self) -> bool {
        if let Some(utterance) = self.ear.flush() {
            self.recognise(utterance);
        }
        let refuses = async {
            while !self.recognising.is_empty() {
                if self.understood().await {
                    return true;
                }
            }
            false
        };
        tokio::time::timeout(LAST_WORDS, refuses).await.unwrap_or(false)
    }
}

/// Until something was understood; never where nobody listens.
async fn understood(attention: &mut Option<&mut Attention>) -> bool {
    match attention {
        Some(attention) => attention.understood().await,
        None => std::future::pending().await,
    }
}

/// What a hang-up says.
async fn last_words<T>(attention: Option<&mut Attention>) -> Held<T> {
    let refuses = match attention {
        Some(attention) => attention.last_words_refuse().await,
        None => false,
    };
    if refuses { Held::Refused } else { Held::HungUp }
}

/// A frame, as Asterisk has it.
const FRAME: Duration = Duration::from_millis(20);

/// Waits for something; meanwhile something is sent, because a line on which nothing is sent is ended by Asterisk.
pub async fn hold<T>(
    media: &mut Media,
    mut attention: Option<&mut Attention>,
    meanwhile: Meanwhile,
    wanted: impl Future<Output = T>,
) -> Held<T> {
    tokio::pin!(wanted);
    let mut music = MUSIC.chunks_exact(FRAME_SAMPLES).cycle();
    let mut beat = tokio::time::interval(attention.as_ref().map_or(FRAME, |own| own.providers.timing.frame));
    beat.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            biased;
            found = &mut wanted => return Held::Found(found),
            refuses = understood(&mut attention) => if refuses { return Held::Refused },
            heard = media.heard.recv() => match heard {
                Some(Frame::Digit(OPT_OUT)) => return Held::Refused,
                Some(frame) => if let Some(attention) = &mut attention {
                    attention.ear.take(frame, Instant::now());
                },
                None => return last_words(attention).await,
            },
            _ = beat.tick() => {
                if let Some(attention) = &mut attention {
                    attention.beat(Instant::now());
                }
                if media.words {
                    continue;
                }
                let sound = match meanwhile {
                    Meanwhile::Silence => None,
                    Meanwhile::Music => music.next().map(<[i16]>::to_vec),
                };
                let sound = Frame::Sound(sound.unwrap_or_else(|| vec![0; FRAME_SAMPLES]));
                if let Err(Blocked::Closed) = media.spoken.try_send(sound) {
                    return last_words(attention).await;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Attention, Held, Meanwhile, hold};
    use crate::domain::contact::NewContact;
    use crate::domain::phone::Phone;
    use crate::domain::script::Script;
    use crate::voice::conversation::Providers;
    use crate::voice::detector::Detection;
    use crate::voice::dialogue::Dialogue;
    use crate::voice::media::{Frame, Media};
    use crate::voice::recognise::text::TextRecogniser;
    use crate::voice::synthesise::Voice;
    use crate::voice::synthesise::text::TextSynthesiser;
    use crate::voice::timing::Timing;
    use std::sync::Arc;
    use tokio::sync::mpsc;

    fn attention() -> Attention {
        let providers = Providers {
            tap: None,
            recogniser: Arc::new(TextRecogniser),
            synthesiser: Arc::new(TextSynthesiser),
            voice: Voice::default(),
            chat: None,
            timing: Timing::default().faster(4.0),
            detection: Detection::Neural,
        };
        let person = NewContact::numbered(Phone::parse("312 555 0142", "US").unwrap());
        Attention::new(providers, Dialogue::new(Script::default(), &person))
    }

    /// Words are said to a line that holds; whether it hangs up after them.
    async fn held(words: &str, hangs_up: bool) -> Held<()> {
        let (to_us, heard) = mpsc::channel(16);
        let (spoken, _from_us) = mpsc::channel(16);
        let mut media = Media::over(heard, spoken, true);
        for word in words.split_whitespace() {
            to_us.send(Frame::Word(word.into())).await.unwrap();
        }
        let kept = (!hangs_up).then_some(to_us);
        let held = hold(&mut media, Some(&mut attention()), Meanwhile::Music, std::future::pending()).await;
        drop(kept);
        held
    }

    #[tokio::test]
    async fn a_wish_never_to_be_called_again_is_heard_also_with_the_hang_up() {
        assert_eq!(held("please take me off your list", false).await, Held::Refused);
        assert_eq!(held("forget it never call me again", true).await, Held::Refused);
        assert_eq!(held("hello are you there", true).await, Held::HungUp);
    }

    fn line() -> (mpsc::Sender<Frame>, mpsc::Receiver<Frame>, Media) {
        let (to_us, heard) = mpsc::channel(4);
        let (spoken, from_us) = mpsc::channel(2);
        (to_us, from_us, Media::over(heard, spoken, false))
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
        assert_eq!(
            hold(&mut media, Some(&mut attention()), Meanwhile::Silence, agent).await,
            Held::Found(Ok(()))
        );
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
        let heard = hold(&mut media, Some(&mut attention()), Meanwhile::Music, agent).await;
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
        assert_eq!(hold(&mut media, Some(&mut attention()), Meanwhile::Music, never).await, Held::Refused);
    }

    #[tokio::test]
    async fn who_hangs_up_is_not_waited_for() {
        let (to_us, _from_us, mut media) = line();
        drop(to_us);
        assert_eq!(
            hold(&mut media, Some(&mut attention()), Meanwhile::Music, std::future::pending::<()>()).await,
            Held::HungUp
        );
    }
}
