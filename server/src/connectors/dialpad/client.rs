//! Asks Dialpad: one pooled client, evenly within its limits, bounded in time and size. What only tells is asked again where
//! that may help; what does something is asked once.

use super::wire::{Class, Trouble, refusal};
use crate::settings::Dialpad;
use crate::telemetry::metrics;
use backon::{BackoffBuilder, ExponentialBuilder};
use chrono::{DateTime, Utc};
use futures_util::StreamExt;
use governor::state::keyed::HashMapStateStore;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter, clock::DefaultClock};
use reqwest::{Method, Response, header};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;
use url::Url;

/// Longest answer that is read, in bytes.
const LONGEST: usize = 32 << 20;
/// How often a question is asked again after Dialpad said that there were too many, and after other trouble.
const AGAIN_LATER: usize = 8;
const AGAIN: usize = 2;
/// Longest wait that Dialpad may impose; beyond it we say so and stop.
const LONGEST_WAIT: Duration = Duration::from_mins(5);
/// Longest that a person waits for an action.
const ACTION_WAIT: Duration = Duration::from_secs(5);
/// Calls that may be started for a user in a minute.
const CALLS_A_MINUTE: u32 = 5;

/// Reads the token again: it may have changed since.
pub type Reread = Arc<dyn Fn() -> Option<SecretString> + Send + Sync>;

/// A request.
#[derive(Debug, Clone)]
pub struct Ask {
    /// `GET` only tells.
    pub method: Method,
    /// Behind `/api/v2`.
    pub path: String,
    /// Arguments in the address.
    pub query: Vec<(&'static str, String)>,
    /// Body.
    pub body: Option<Value>,
}

impl Ask {
    /// A question.
    pub fn get(path: impl Into<String>) -> Self {
        Self { method: Method::GET, path: path.into(), query: Vec::new(), body: None }
    }

    /// Something to do.
    pub fn act(method: Method, path: impl Into<String>, body: Option<Value>) -> Self {
        Self { method, path: path.into(), query: Vec::new(), body }
    }

    /// With an argument.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    /// Its path without ids, for figures.
    fn kind(&self) -> String {
        let parts = self.path.split('/').filter(|part| !part.is_empty());
        parts
            .map(|part| if part.bytes().all(|b| b.is_ascii_digit()) { "{id}" } else { part })
            .collect::<Vec<_>>()
            .join("/")
    }
}

/// Asks Dialpad.
pub struct Client {
    base: Url,
    http: reqwest::Client,
    token: RwLock<SecretString>,
    reread: Reread,
    pace: DefaultDirectRateLimiter,
    calls: RateLimiter<i64, HashMapStateStore<i64>, DefaultClock>,
    /// Until when Dialpad wants to hear nothing.
    rest: Mutex<Option<Instant>>,
    /// What a question waits for at this moment; empty: nothing but the answer.
    waits: watch::Sender<String>,
}

impl Client {
    /// One as the settings say; nothing where there is no token.
    ///
    /// # Errors
    /// When the address cannot be used.
    pub fn new(settings: &Dialpad, reread: Reread) -> Result<Option<Self>, String> {
        if !settings.is_set_up() {
            return Ok(None);
        }
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(settings.timeout_seconds))
            .connect_timeout(Duration::from_secs(settings.timeout_seconds.min(10)))
            .redirect(reqwest::redirect::Policy::none())
            .pool_max_idle_per_host(4)
            .no_proxy()
            .user_agent(concat!("dialdeckd/", env!("CARGO_PKG_VERSION")));
        let one = NonZeroU32::MIN;
        let a_second = NonZeroU32::new(settings.per_second).unwrap_or(one);
        Ok(Some(Self {
            base: settings.base().map_err(|error| error.to_string())?,
            http: http.build().map_err(|error| error.to_string())?,
            token: RwLock::new(settings.token.clone()),
            reread,
            // One after the other: in no second are there more.
            pace: RateLimiter::direct(Quota::per_second(a_second).allow_burst(one)),
            calls: RateLimiter::hashmap(Quota::per_minute(NonZeroU32::new(CALLS_A_MINUTE).unwrap_or(one))),
            rest: Mutex::new(None),
            waits: watch::Sender::new(String::new()),
        }))
    }

    /// What a question waits for at this moment besides its answer.
    pub fn waits(&self) -> watch::Receiver<String> {
        self.waits.subscribe()
    }

    /// The token that is used.
    pub fn token(&self) -> SecretString {
        self.token.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes up the token as it is now; tells whether it changed.
    pub fn take_up(&self) -> bool {
        let Some(fresh) = (self.reread)() else { return false };
        let mut token = self.token.write().unwrap_or_else(PoisonError::into_inner);
        let changed = token.expose_secret() != fresh.expose_secret();
        *token = fresh;
        changed
    }

    /// Whether a call may be started for this user now.
    ///
    /// # Errors
    /// When it would be one too many in a minute.
    pub fn admit_call(&self, user: i64) -> Result<(), Trouble> {
        self.calls.check_key(&user).map_err(|_| {
            let message = format!("at most {CALLS_A_MINUTE} calls a minute are started for a user");
            Trouble::new(Class::RateLimited, message)
        })
    }

    /// Asks; waits where Dialpad wants that, and asks again where that may help.
    ///
    /// # Errors
    /// What went wrong, in classes.
    pub async fn look(&self, ask: &Ask) -> Result<Value, Trouble> {
        let mut later = waits(AGAIN_LATER, Duration::from_secs(1), Duration::from_mins(1));
        let mut again = waits(AGAIN, Duration::from_millis(500), Duration::from_secs(5));
        let mut anew = false;
        loop {
            let (trouble, told) = match self.once(ask, LONGEST_WAIT).await {
                Ok(answer) => return Ok(answer),
                Err(failed) => failed,
            };
            let wait = match trouble.class {
                Class::Unauthorized if !anew && self.take_up() => {
                    anew = true;
                    tracing::info!("Dialpad's token was taken up anew");
                    continue;
                }
                Class::RateLimited => later.next().map(|own| told.unwrap_or(own)),
                class if class.may_pass() => again.next(),
                _ => None,
            };
            let Some(wait) = wait else { return Err(trouble) };
            if wait > LONGEST_WAIT {
                let message = format!("it wants to hear nothing for {} s", wait.as_secs());
                return Err(Trouble::new(Class::RateLimited, message));
            }
            if trouble.class == Class::RateLimited {
                self.rest_for(wait);
            }
            self.waits.send_replace(format!(
                "{}; again in {} s",
                trouble.class.word(),
                wait.as_secs().max(1)
            ));
            tokio::time::sleep(wait).await;
            self.waits.send_replace(String::new());
        }
    }

    /// Does something, once. Where Dialpad said that there were too many requests it did nothing: then once more.
    ///
    /// # Errors
    /// What went wrong, in classes. After a time-out it is not known whether it was done.
    pub async fn act(&self, ask: &Ask) -> Result<Value, Trouble> {
        // What was asked for is done now or not at all: minutes later nobody waits for it, and the law may say otherwise.
        let (trouble, told) = match self.once(ask, ACTION_WAIT).await {
            Ok(answer) => return Ok(answer),
            Err(failed) => failed,
        };
        let wait = told.unwrap_or(Duration::from_secs(1));
        let again = match trouble.class {
            Class::RateLimited if wait <= ACTION_WAIT => {
                self.rest_for(wait);
                tokio::time::sleep(wait).await;
                true
            }
            Class::Unauthorized => self.take_up(),
            _ => false,
        };
        if !again {
            return Err(trouble);
        }
        self.once(ask, ACTION_WAIT).await.map_err(|(trouble, _)| trouble)
    }

    fn rest_for(&self, wait: Duration) {
        let until = Instant::now() + wait;
        let mut rest = self.rest.lock().unwrap_or_else(PoisonError::into_inner);
        *rest = Some(rest.map_or(until, |known| known.max(until)));
    }

    /// Asks once, when its turn has come and Dialpad's silence is over; not at all where that is further off than `patience`.
    async fn once(&self, ask: &Ask, patience: Duration) -> Result<Value, (Trouble, Option<Duration>)> {
        self.pace.until_ready().await;
        // Read after the pace: whoever was before us may have been told to be silent.
        let rest = *self.rest.lock().unwrap_or_else(PoisonError::into_inner);
        let left = rest.map(|until| until.saturating_duration_since(Instant::now())).unwrap_or_default();
        if left > patience {
            let message = format!("not done: Dialpad wants to hear nothing for {} s", left.as_secs());
            return Err((Trouble::new(Class::RateLimited, message), Some(left)));
        }
        tokio::time::sleep(left).await;
        let begun = std::time::Instant::now();
        let result = self.send(ask).await;
        let class = result.as_ref().err().map(|(trouble, _)| trouble.class.word());
        metrics::dialpad(ask.method.as_str(), &ask.kind(), begun.elapsed(), class);
        result
    }

    async fn send(&self, ask: &Ask) -> Result<Value, (Trouble, Option<Duration>)> {
        let mut url = self.base.clone();
        url.set_path(&format!("{}/api/v2{}", self.base.path().trim_end_matches('/'), ask.path));
        let token = self.token();
        let mut request =
            self.http.request(ask.method.clone(), url).query(&ask.query).bearer_auth(token.expose_secret());
        if let Some(body) = &ask.body {
            request = request.json(body);
        }
        let answer = request.send().await.map_err(|error| (trouble(&error), None))?;
        let (status, told) = (answer.status(), retry_after(&answer, Utc::now()));
        let body = body(answer).await.map_err(|trouble| (trouble, None))?;
        if status.is_success() {
            if body.trim().is_empty() {
                return Ok(Value::Null);
            }
            let unreadable = |_| (Trouble::new(Class::Unreadable, "its answer is no JSON"), None);
            return serde_json::from_str(&body).map_err(unreadable);
        }
        let mut refused = if status.is_redirection() {
            Trouble::new(Class::Unreadable, format!("it sends us elsewhere ({status})"))
        } else {
            refusal(status.as_u16(), &body)
        };
        refused.message = refused.message.replace(token.expose_secret(), "…");
        Err((refused, told))
    }
}

/// Waits that grow, each a little by chance.
fn waits(count: usize, least: Duration, most: Duration) -> impl Iterator<Item = Duration> {
    let growing = ExponentialBuilder::default().with_min_delay(least).with_max_delay(most);
    growing.with_max_times(count).with_jitter().build()
}

/// How long Dialpad wants us to wait: seconds, or a moment.
fn retry_after(answer: &Response, now: DateTime<Utc>) -> Option<Duration> {
    let told = answer.headers().get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = told.parse::<u64>() {
        return Some(Duration::from_secs(seconds.max(1)));
    }
    let at = DateTime::parse_from_rfc2822(told).ok()?;
    (at.to_utc() - now).to_std().ok().or(Some(Duration::from_secs(1)))
}

async fn body(answer: Response) -> Result<String, Trouble> {
    let mut body = Vec::new();
    let mut chunks = answer.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        body.extend_from_slice(&chunk.map_err(|error| trouble(&error))?);
        if body.len() > LONGEST {
            let message = format!("its answer is longer than {} MiB", LONGEST >> 20);
            return Err(Trouble::new(Class::Unreadable, message));
        }
    }
    Ok(String::from_utf8_lossy(&body).into_owned())
}

/// What became of a request that has no answer. The address is left out: it may hold a cursor, and says nothing new.
fn trouble(error: &reqwest::Error) -> Trouble {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    let causes: Vec<String> = causes.map(ToString::to_string).collect();
    let last = causes.last().cloned().unwrap_or_else(|| "it broke off".into());
    if error.is_timeout() {
        return Trouble::new(Class::TimedOut, "it did not answer in time");
    }
    if causes.iter().any(|cause| cause.to_ascii_lowercase().contains("certificate")) {
        return Trouble::new(Class::Certificate, format!("its certificate was refused: {last}"));
    }
    let what = if error.is_connect() { "it cannot be reached" } else { "the answer broke off" };
    Trouble::new(Class::Unreachable, format!("{what}: {last}"))
}
