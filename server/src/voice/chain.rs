//! Providers in the order in which they are asked: who fails, or takes too long, is replaced by the next within the turn.

use super::ear::Utterance;
use super::health::Health;
use super::media::Clip;
use super::phrases::Phrases;
use super::recognise::{Live, RecogniseError, Recogniser, Recognition};
use super::synthesise::{SynthesiseError, Synthesiser, Voice};
use async_trait::async_trait;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Told when a provider falls ill or is well again: its name, and why it is ill.
pub type Told = Arc<dyn Fn(&str, Option<&str>) + Send + Sync>;

/// A provider with its place in the order.
pub struct Link<P: ?Sized> {
    /// Its name in the settings.
    pub name: String,
    /// The provider.
    pub provider: Arc<P>,
    /// How long an answer may take before the next is asked.
    pub patience: Duration,
    health: Shared,
}

/// How a provider does in one of its roles, as all calls learn it.
pub type Shared = Arc<Mutex<Health>>;

impl<P: ?Sized> Link<P> {
    /// A link of the chain.
    pub fn new(name: impl Into<String>, provider: Arc<P>, patience: Duration) -> Self {
        Self { name: name.into(), provider, patience, health: Shared::default() }
    }

    /// What others who ask the same provider have learnt of it counts here, and what is learnt here counts for them.
    #[must_use]
    pub fn sharing(self, health: &Shared) -> Self {
        Self { health: health.clone(), ..self }
    }
}

/// A chain of providers. At least one is in it.
pub struct Chain<P: ?Sized> {
    links: Vec<Link<P>>,
    told: Told,
}

impl<P: ?Sized> Chain<P> {
    /// Of links in the order in which they are asked.
    pub fn new(links: Vec<Link<P>>, told: Told) -> Self {
        Self { links, told }
    }

    /// Those that are asked now: who rests comes last, so that there is always somebody to ask.
    fn order(&self, now: Instant) -> Vec<&Link<P>> {
        let rests = |link: &&Link<P>| link.health.lock().unwrap_or_else(PoisonError::into_inner).rests(now);
        let (ill, well): (Vec<&Link<P>>, Vec<&Link<P>>) = self.links.iter().partition(rests);
        well.into_iter().chain(ill).collect()
    }

    fn record(&self, link: &Link<P>) -> Record {
        Record { name: link.name.clone(), health: link.health.clone(), told: self.told.clone() }
    }

    /// Asks one after the other until one answers; the last one's error where none does.
    pub async fn turn<T, E, F>(
        &self,
        late: impl Fn(Duration) -> E,
        mut question: impl FnMut(Arc<P>) -> F,
    ) -> Result<T, E>
    where
        E: std::fmt::Display,
        F: Future<Output = Result<T, E>>,
    {
        let mut last = None;
        for link in self.order(Instant::now()) {
            let answer = tokio::time::timeout(link.patience, question(link.provider.clone())).await;
            match answer.unwrap_or_else(|_| Err(late(link.patience))) {
                Ok(answer) => {
                    self.record(link).worked();
                    return Ok(answer);
                }
                Err(error) => {
                    self.record(link).failed(&error.to_string());
                    last = Some(error);
                }
            }
        }
        Err(last.unwrap_or_else(|| late(Duration::ZERO)))
    }

    /// What they are, in their order.
    pub(super) fn names(&self, describe: impl Fn(&P) -> String) -> String {
        let all: Vec<String> = self.links.iter().map(|link| describe(&link.provider)).collect();
        all.join(", else ")
    }
}

#[async_trait]
impl Recogniser for Chain<dyn Recogniser> {
    fn describe(&self) -> String {
        self.names(super::recognise::Recogniser::describe)
    }

    async fn recognise(
        &self,
        utterance: Utterance,
        phrases: &Phrases,
    ) -> Result<Recognition, RecogniseError> {
        let late =
            |after: Duration| RecogniseError::Failed(format!("no answer within {} ms", after.as_millis()));
        self.turn(late, |provider| {
            let utterance = utterance.clone();
            async move { provider.recognise(utterance, phrases).await }
        })
        .await
    }

    fn open(&self) -> Option<Box<dyn Live>> {
        // Only the one that would be asked first: where it does not listen as it is spoken, the whole utterance is sent.
        let order = self.order(Instant::now());
        let first = order.first()?;
        let inner = first.provider.open()?;
        Some(Box::new(Recorded { inner, record: self.record(first) }))
    }

    fn hears_phrases_only(&self) -> bool {
        self.links.iter().all(|link| link.provider.hears_phrases_only())
    }

    fn answers_early(&self) -> bool {
        self.order(Instant::now()).first().is_some_and(|first| first.provider.answers_early())
    }
}

/// Where it is written down how a provider did.
struct Record {
    name: String,
    health: Shared,
    told: Told,
}

impl Record {
    fn worked(&self) {
        if self.health.lock().unwrap_or_else(PoisonError::into_inner).works() {
            (self.told)(&self.name, None);
        }
    }

    fn failed(&self, why: &str) {
        tracing::warn!(provider = self.name, why, "a provider failed; the next one is asked");
        if self.health.lock().unwrap_or_else(PoisonError::into_inner).fails(Instant::now()) {
            (self.told)(&self.name, Some(why));
        }
    }
}

/// An utterance that a provider follows; how that ends tells of its health as any other answer does.
struct Recorded {
    inner: Box<dyn Live>,
    record: Record,
}

#[async_trait]
impl Live for Recorded {
    fn push(&mut self, samples: &[i16]) {
        self.inner.push(samples);
    }

    fn so_far(&self) -> String {
        self.inner.so_far()
    }

    async fn finish(self: Box<Self>) -> Result<Recognition, RecogniseError> {
        let Self { inner, record } = *self;
        let heard = inner.finish().await;
        match &heard {
            Ok(_) => record.worked(),
            Err(error) => record.failed(&error.to_string()),
        }
        heard
    }
}

#[async_trait]
impl Synthesiser for Chain<dyn Synthesiser> {
    fn describe(&self) -> String {
        self.names(super::synthesise::Synthesiser::describe)
    }

    async fn synthesise(&self, text: &str, voice: &Voice) -> Result<Clip, SynthesiseError> {
        let late =
            |after: Duration| SynthesiseError::Failed(format!("no answer within {} ms", after.as_millis()));
        self.turn(late, |provider| {
            let (text, voice) = (text.to_owned(), voice.clone());
            async move { provider.synthesise(&text, &voice).await }
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::{Chain, Link};
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    #[tokio::test]
    async fn the_next_one_answers_and_who_failed_too_often_rests() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let noted = told.clone();
        let tell = move |name: &str, why: Option<&str>| {
            noted.lock().unwrap().push(format!("{name} {}", why.unwrap_or("well")));
        };
        let link = |name: &str, answer: Result<u8, &str>| {
            let provider = Arc::new((name.to_owned(), answer.map_err(str::to_owned)));
            Link::new(name, provider, Duration::from_secs(5))
        };
        let chain = Chain::new(vec![link("far", Err("429")), link("near", Ok(7))], Arc::new(tell));
        let asked = Arc::new(Mutex::new(Vec::new()));
        for _ in 0..4 {
            let answer = chain
                .turn(
                    |_| "late".to_owned(),
                    |provider| {
                        asked.lock().unwrap().push(provider.0.clone());
                        async move { provider.1.clone() }
                    },
                )
                .await;
            assert_eq!(answer, Ok(7));
        }
        assert_eq!(asked.lock().unwrap().concat(), "farnearfarnearfarnearnear");
        assert_eq!(*told.lock().unwrap(), ["far 429"]);
    }

    #[tokio::test(start_paused = true)]
    async fn who_takes_too_long_is_not_waited_for() {
        let slow = Link::new("slow", Arc::new(Duration::from_mins(1)), Duration::from_millis(500));
        let fast = Link::new("fast", Arc::new(Duration::ZERO), Duration::from_millis(500));
        let chain = Chain::new(vec![slow, fast], Arc::new(|_: &str, _: Option<&str>| {}));
        let begun = tokio::time::Instant::now();
        let answer = chain
            .turn(
                |_| "late",
                |wait| async move {
                    tokio::time::sleep(*wait).await;
                    Ok(())
                },
            )
            .await;
        assert_eq!((answer, begun.elapsed()), (Ok(()), Duration::from_millis(500)));
    }
}
