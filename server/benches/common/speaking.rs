//! Providers that take no time: what a conversation costs without them.

use async_trait::async_trait;
use dialdeck_protocol::{Exchange, Speaker};
use dialdeck_server::voice::conversation::{Providers, Scribe};
use dialdeck_server::voice::detector::Detection;
use dialdeck_server::voice::ear::Utterance;
use dialdeck_server::voice::media::Clip;
use dialdeck_server::voice::phrases::Phrases;
use dialdeck_server::voice::recognise::{RecogniseError, Recogniser, Recognition};
use dialdeck_server::voice::synthesise::{SynthesiseError, Synthesiser, Voice};
use dialdeck_server::voice::timing::Timing;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What people say who do not come to an end soon.
const SAID: [&str; 4] =
    ["who is this", "that is too expensive", "how does it work", "we already have somebody for that"];

/// Understands at once, whatever is said.
#[derive(Default)]
struct AtOnce(AtomicUsize);

#[async_trait]
impl Recogniser for AtOnce {
    fn describe(&self) -> String {
        "at once".into()
    }
    async fn recognise(&self, _: Utterance, _: &Phrases) -> Result<Recognition, RecogniseError> {
        let n = self.0.fetch_add(1, Ordering::Relaxed);
        Ok(Recognition { text: SAID[n % SAID.len()].into(), confidence: 1.0, certain: true })
    }
}

/// Speaks 1.5 s of tone at once, whatever it is.
struct Tone(Clip);

#[async_trait]
impl Synthesiser for Tone {
    fn describe(&self) -> String {
        "tone".into()
    }
    async fn synthesise(&self, _: &str, _: &Voice) -> Result<Clip, SynthesiseError> {
        Ok(self.0.clone())
    }
}

/// Writes nothing down.
pub struct Nobody;

#[async_trait]
impl Scribe for Nobody {
    async fn spoken(&self, _: Speaker, _: i32, _: &str) {}
    async fn exchanged(&self, _: &Exchange) {}
    async fn tool(&self, _: &str, _: &str, _: &str) {}
    async fn do_not_call(&self) {}
}

/// Providers that understand and speak at once.
pub fn at_once(detection: Detection) -> Providers {
    let tone: Vec<i16> = (0..12_000).map(|n| if n % 20 < 10 { 3000 } else { -3000 }).collect();
    Providers {
        tap: None,
        recogniser: Arc::new(AtOnce::default()),
        synthesiser: Arc::new(Tone(Clip::Sound(tone.into()))),
        voice: Voice::default(),
        chat: None,
        timing: Timing::default(),
        detection,
    }
}
