//! Keeps what was spoken, by text and voice: most of what a campaign says it says to everyone.

use super::{SynthesiseError, Synthesiser, Voice};
use crate::voice::media::Clip;
use async_trait::async_trait;
use lru::LruCache;
use std::sync::{Arc, Mutex, PoisonError};

/// Most bytes kept: about twenty minutes of speech.
const MAX_BYTES: usize = 20 << 20;

struct Kept {
    clips: LruCache<(String, Voice), Clip>,
    bytes: usize,
}

/// A synthesiser that remembers.
pub struct Cached {
    inner: Arc<dyn Synthesiser>,
    kept: Mutex<Kept>,
}

impl Cached {
    /// Around another.
    pub fn new(inner: Arc<dyn Synthesiser>) -> Self {
        Self { inner, kept: Mutex::new(Kept { clips: LruCache::unbounded(), bytes: 0 }) }
    }

    fn keep(&self, key: (String, Voice), clip: &Clip) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.bytes += clip.bytes();
        if let Some((_, old)) = kept.clips.push(key, clip.clone()) {
            kept.bytes = kept.bytes.saturating_sub(old.bytes());
        }
        while kept.bytes > MAX_BYTES {
            let Some((_, old)) = kept.clips.pop_lru() else { break };
            kept.bytes = kept.bytes.saturating_sub(old.bytes());
        }
    }
}

#[async_trait]
impl Synthesiser for Cached {
    fn describe(&self) -> String {
        self.inner.describe()
    }

    async fn synthesise(&self, text: &str, voice: &Voice) -> Result<Clip, SynthesiseError> {
        let key = (text.to_owned(), voice.clone());
        let known = self.kept.lock().unwrap_or_else(PoisonError::into_inner).clips.get(&key).cloned();
        if let Some(clip) = known {
            return Ok(clip);
        }
        let clip = self.inner.synthesise(text, voice).await?;
        self.keep(key, &clip);
        Ok(clip)
    }
}

#[cfg(test)]
mod tests {
    use super::{Cached, SynthesiseError, Synthesiser, Voice};
    use crate::voice::media::Clip;
    use async_trait::async_trait;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[derive(Default)]
    struct Counting(AtomicUsize);

    #[async_trait]
    impl Synthesiser for Counting {
        fn describe(&self) -> String {
            "counting".into()
        }
        async fn synthesise(&self, _: &str, _: &Voice) -> Result<Clip, SynthesiseError> {
            self.0.fetch_add(1, Ordering::SeqCst);
            Ok(Clip::Sound(vec![0; 5 << 20].into()))
        }
    }

    #[tokio::test]
    async fn speaks_once_and_forgets_the_oldest() {
        let inner = Arc::new(Counting::default());
        let cached = Cached::new(inner.clone());
        let voice = Voice::default();
        for text in ["a", "a", "b", "a"] {
            cached.synthesise(text, &voice).await.unwrap();
        }
        assert_eq!(inner.0.load(Ordering::SeqCst), 2);
        cached.synthesise("c", &voice).await.unwrap();
        cached.synthesise("b", &voice).await.unwrap();
        assert_eq!(inner.0.load(Ordering::SeqCst), 4, "b was the oldest when c came");
    }
}
