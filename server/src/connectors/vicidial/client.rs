//! Asks a VICIdial: one pooled client, bounded in time, size and number; what may be repeated is.

use super::action::Request;
use super::discretion::discreet;
use super::guard::{Guard, Pace};
use super::wire::{Answer, Asked, Class, Trouble, read};
use super::wirelog::{Entry, WireLog};
use crate::settings::Vicidial;
use crate::telemetry::metrics;
use chrono::Utc;
use dialdeck_protocol::function::{Api, Effect, Function};
use futures_util::StreamExt;
use secrecy::{ExposeSecret, SecretString};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use url::Url;

/// Longest answer that is read, in bytes.
const LONGEST: usize = 8 << 20;
/// Waits before a question that harms nobody is asked again.
const AGAIN: [Duration; 2] = [Duration::from_millis(250), Duration::from_secs(1)];

/// Requests under way at a time; ten refused at once would lock the user.
const ROOM: usize = 6;
/// How long a request waits for its turn.
const TURN: Duration = Duration::from_secs(5);

/// Reads the settings again: a password may have changed since.
pub type Reread = Arc<dyn Fn() -> Option<Vicidial> + Send + Sync>;

/// Asks one VICIdial.
pub struct Client {
    name: String,
    base: Url,
    http: reqwest::Client,
    login: RwLock<Login>,
    secrets: Vec<SecretString>,
    /// One an API: a user can be let in by one and refused by the other.
    guards: [Mutex<Guard>; 2],
    /// Until the log-in is known to be good, one request at a time: not all that wait may be refused.
    proven: [AtomicBool; 2],
    first: [tokio::sync::Mutex<()>; 2],
    /// Requests under way: were all of them refused, the user would still not be locked.
    room: Semaphore,
    pace: Mutex<Pace>,
    reread: Reread,
    /// Every request and answer.
    pub log: WireLog,
}

#[derive(Clone)]
struct Login {
    user: String,
    password: SecretString,
    source: String,
}

impl Login {
    fn of(settings: &Vicidial) -> Self {
        Self {
            user: settings.user.clone(),
            password: settings.password.clone(),
            source: settings.source.clone(),
        }
    }

    fn is_same(&self, other: &Self) -> bool {
        self.user == other.user && self.password.expose_secret() == other.password.expose_secret()
    }
}

impl Client {
    /// One for the VICIdial called `name`; nothing where it has no HTTP API.
    ///
    /// # Errors
    /// When address or certificate authority cannot be used.
    pub fn new(
        name: &str,
        settings: &Vicidial,
        reread: Reread,
        log: WireLog,
    ) -> Result<Option<Self>, String> {
        let Some(base) = settings.base(name).map_err(|e| e.to_string())? else { return Ok(None) };
        let mut http = reqwest::Client::builder()
            .timeout(Duration::from_secs(settings.timeout_seconds))
            .connect_timeout(Duration::from_secs(settings.timeout_seconds.min(5)))
            .redirect(reqwest::redirect::Policy::none())
            .pool_max_idle_per_host(4)
            .no_proxy()
            .user_agent(concat!("dialdeckd/", env!("CARGO_PKG_VERSION")));
        if !settings.ca.as_os_str().is_empty() {
            let wrong =
                |e: &dyn std::fmt::Display| format!("vicidial.{name}.ca {}: {e}", settings.ca.display());
            let pem = std::fs::read(&settings.ca).map_err(|e| wrong(&e))?;
            let authority = reqwest::Certificate::from_pem(&pem).map_err(|e| wrong(&e))?;
            http = http.tls_certs_merge([authority]);
        }
        Ok(Some(Self {
            name: name.to_owned(),
            base,
            http: http.build().map_err(|e| e.to_string())?,
            login: RwLock::new(Login::of(settings)),
            secrets: [&settings.db_password, &settings.ami_secret].into_iter().cloned().collect(),
            guards: Default::default(),
            proven: Default::default(),
            first: Default::default(),
            room: Semaphore::new(ROOM),
            pace: Mutex::new(Pace::new(settings.per_second)),
            reread,
            log,
        }))
    }

    /// Whether what is sent can be read on its way.
    pub fn is_plain(&self) -> bool {
        self.base.scheme() == "http"
            && !self.base.host_str().is_some_and(|host| host == "localhost" || host.starts_with("127."))
    }

    /// Whether we stopped because user or password are wrong.
    pub fn is_stopped(&self) -> bool {
        [Api::Agent, Api::NonAgent].into_iter().any(|api| self.guard(api).is_stopped())
    }

    fn guard(&self, api: Api) -> MutexGuard<'_, Guard> {
        self.guards[api as usize].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody tests. With another password everything begins anew; with the same there is one more try.
    pub fn forgive(&self) {
        let changed = self.take_up();
        for api in [Api::Agent, Api::NonAgent] {
            if changed { self.guard(api).forgive() } else { self.guard(api).probe() }
        }
    }

    /// Takes up user and password as the settings have them now; tells whether they changed.
    fn take_up(&self) -> bool {
        let Some(settings) = (self.reread)() else { return false };
        let fresh = Login::of(&settings);
        let mut login = self.login.write().unwrap_or_else(PoisonError::into_inner);
        let changed = !login.is_same(&fresh);
        *login = fresh;
        changed
    }

    /// Sends a request, and reads its answer. What only tells is asked again where that may help.
    ///
    /// # Errors
    /// What went wrong, in classes.
    pub async fn call(&self, request: &Request) -> Result<Answer, Trouble> {
        let mut waits = AGAIN.iter();
        loop {
            let result = self.once(request).await;
            let Err(trouble) = &result else { return result };
            // A password that changed meanwhile deserves a try of its own.
            let mended = (trouble.class.is_login() || trouble.class == Class::Stopped) && self.take_up();
            if mended {
                for api in [Api::Agent, Api::NonAgent] {
                    self.guard(api).forgive();
                }
                tracing::info!(vicidial = self.name, "user and password were taken up anew");
                return self.once(request).await;
            }
            let harmless = request.function.effect == Effect::Reads && trouble.class.may_pass();
            match waits.next() {
                Some(wait) if harmless => {
                    let jitter = rand::random_range(0.75..1.25);
                    tokio::time::sleep(wait.mul_f64(jitter)).await;
                }
                _ => return result,
            }
        }
    }

    async fn once(&self, request: &Request) -> Result<Answer, Trouble> {
        let api = request.function.api;
        let proven = &self.proven[api as usize];
        let late = |_| Trouble::new(Class::TooMany, "other requests wait for an answer");
        let _room = tokio::time::timeout(TURN, self.room.acquire()).await.map_err(late)?;
        let mut alone = None;
        if !proven.load(Ordering::Relaxed) {
            let first = tokio::time::timeout(TURN, self.first[api as usize].lock()).await.map_err(late)?;
            // It may have been proven meanwhile.
            alone = Some(first).filter(|_| !proven.load(Ordering::Relaxed));
        }
        self.guard(api).admit(Instant::now())?;
        let wait = self.pace.lock().unwrap_or_else(PoisonError::into_inner).take(Instant::now())?;
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        let login = self.login.read().unwrap_or_else(PoisonError::into_inner).clone();
        let function = request.function;
        let mut form: Vec<(&str, &str)> =
            request.args.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let header = wants_header(function);
        if header {
            form.push(("header", "YES"));
        }
        form.extend([("function", function.name), ("source", &login.source), ("user", &login.user)]);
        let asked = Asked { stage: request.arg("stage"), header, user: &login.user };
        let (at, begun) = (Utc::now(), Instant::now());
        let came = self.send(function.api, &form, login.password.expose_secret()).await;
        let took = begun.elapsed();
        let result = match &came {
            Ok((status, body)) => read(function, asked, *status, body),
            Err(trouble) => Err(trouble.clone()),
        };
        let class = result.as_ref().err().map(|trouble| trouble.class);
        let proves = function.name != "version" && class.is_none_or(Class::proves_login);
        self.guard(api).note(Instant::now(), class, proves);
        if proves {
            proven.store(true, Ordering::Relaxed);
        } else if class.is_some_and(|class| matches!(class, Class::LoginRefused | Class::Locked)) {
            proven.store(false, Ordering::Relaxed);
        }
        drop(alone);
        metrics::vicidial(&self.name, function.name, took, class.map(Class::word));
        let mut secrets = vec![login.password.expose_secret()];
        secrets.extend(self.secrets.iter().map(ExposeSecret::expose_secret));
        let passwords =
            function.args.iter().filter(|arg| arg.kind == dialdeck_protocol::function::Kind::Secret);
        secrets.extend(passwords.map(|arg| request.arg(arg.name)));
        let asked: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&form).finish();
        let (status, body) = match &came {
            Ok((status, body)) => {
                (*status, discreet(body.get(..body.floor_char_boundary(4000)).unwrap_or_default(), &secrets))
            }
            Err(trouble) => (0, trouble.message.clone()),
        };
        self.log.write(Entry {
            at,
            vicidial: self.name.clone(),
            function: function.name.to_owned(),
            request: discreet(&asked, &secrets),
            status,
            answer: body,
            class: class.map(|class| class.word().to_owned()),
            ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        });
        result
    }

    /// Sends a form, and gives status and body.
    async fn send(&self, api: Api, form: &[(&str, &str)], password: &str) -> Result<(u16, String), Trouble> {
        let path = match api {
            Api::Agent => "/agc/api.php",
            Api::NonAgent => "/vicidial/non_agent_api.php",
            Api::Dialpad => return Err(Trouble::new(Class::NoSuchFunction, "that is no VICIdial's")),
        };
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        // In the body: addresses stand in the web server's log.
        let mut form = form.to_vec();
        form.push(("pass", password));
        let answer = self.http.post(url).form(&form).send().await.map_err(|error| trouble(&error))?;
        let status = answer.status().as_u16();
        if answer.status().is_redirection() {
            return Err(Trouble::new(
                Class::WebPage,
                format!("the web server sends us elsewhere ({status})"),
            ));
        }
        let mut body = Vec::new();
        let mut chunks = answer.bytes_stream();
        while let Some(chunk) = chunks.next().await {
            body.extend_from_slice(&chunk.map_err(|error| trouble(&error))?);
            if body.len() > LONGEST {
                return Err(Trouble::new(
                    Class::CutShort,
                    format!("the answer is longer than {} MiB", LONGEST >> 20),
                ));
            }
        }
        Ok((status, String::from_utf8_lossy(&body).into_owned()))
    }
}

/// Functions whose rows say what their columns are, if asked. The rest take `header` for nothing, or print it wrongly.
fn wants_header(function: &Function) -> bool {
    const WITHOUT: &[&str] =
        &["lead_search", "lead_field_info", "did_log_export", "call_status_stats", "check_phone_number"];
    function.api == Api::NonAgent
        && function.effect == Effect::Reads
        && !WITHOUT.contains(&function.name)
        && function.gives.len() > 2
}

/// What became of a request that has no answer. The address is left out: it holds nothing secret, and says nothing new.
fn trouble(error: &reqwest::Error) -> Trouble {
    let mut chain = Vec::new();
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(error);
    while let Some(error) = cause {
        chain.push(error.to_string());
        cause = error.source();
    }
    let all = chain.join(": ").to_ascii_lowercase();
    let last = chain.last().cloned().unwrap_or_else(|| "it broke off".into());
    if error.is_timeout() {
        return Trouble::new(Class::TimedOut, "it did not answer in time");
    }
    if all.contains("certificate") {
        return Trouble::new(Class::Certificate, format!("its certificate was refused: {last}"));
    }
    if error.is_connect() {
        return Trouble::new(Class::Unreachable, format!("it cannot be reached: {last}"));
    }
    Trouble::new(Class::CutShort, format!("the answer broke off: {last}"))
}
