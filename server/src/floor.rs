//! Puts the server together: the record, the dialer, telephony and voice, the API; and takes it apart again.

use crate::api::socket::crier::Crier;
use crate::api::{self, App};
use crate::bus::Bus;
use crate::connectors::dialpad::delivery::Deliveries;
use crate::connectors::dialpad::{self, Connector as Dialpad};
use crate::connectors::vicidial::carrier::VicidialCarrier;
use crate::connectors::vicidial::{RereadByName, Vicidials};
use crate::dashboard::Dashboards;
use crate::dialer::{Dialer, Tools};
use crate::lawbook::Lawbook;
use crate::lead_sync::{self, LeadSyncs};
use crate::recordings::Recordings;
use crate::settings::{Kind, Settings, data_file};
use crate::speech::Speech;
use crate::storage::{self, Journal, Store};
use crate::telemetry::metrics::Exposition;
use crate::telemetry::parts::Parts;
use crate::telephony::adoption::Inbound;
use crate::telephony::asterisk::{AriSettings, Asterisk, Dialplan, peers};
use crate::telephony::carrier::{Carrier, Carriers};
use crate::telephony::simulated::Simulated;
use crate::telephony::{Condition, Place, PlaceError, Progress, Telephony};
use crate::{remote_agents, upkeep, webhook};
use async_trait::async_trait;
use dialdeck_protocol::{CallId, PartState, VoiceChoice};
use secrecy::ExposeSecret;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc, watch};
use tokio_util::sync::CancellationToken;

/// Calls that come in and wait to be looked up.
const INBOUND: usize = 64;

/// Why the server could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Settings.
    #[error(transparent)]
    Settings(#[from] crate::settings::SettingsError),
    /// The record.
    #[error("{0}. Is DATABASE_URL right, and the database up?")]
    Store(#[from] storage::StoreError),
    /// A port that is taken, most likely.
    #[error("cannot listen on {0} for {1}: {2}. Is dialdeckd running already?")]
    Listen(SocketAddr, &'static str, std::io::Error),
    /// A certificate that cannot be used.
    #[error(transparent)]
    Tls(#[from] api::TlsError),
    /// No place for the database.
    #[error("neither XDG_DATA_HOME nor HOME is set; set DATABASE_URL")]
    NoHome,
}

/// A server that runs.
pub struct Floor {
    /// What handlers work with.
    pub app: App,
    /// REST and WebSocket.
    pub http: SocketAddr,
    /// FastAGI, where there is one.
    pub agi: Option<SocketAddr>,
    /// AudioSocket, where there is one.
    pub audiosocket: Option<SocketAddr>,
    listener: TcpListener,
    tls: Option<api::Certificate>,
}

async fn listen(address: SocketAddr, what: &'static str) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|e| StartError::Listen(address, what, e))
}

/// Opens the record that the settings name.
///
/// # Errors
/// When it cannot be opened.
pub async fn open_store(settings: &Settings) -> Result<Arc<dyn Store>, StartError> {
    Ok(storage::open(&database_url(settings)?).await?)
}

/// Where the record is: what the settings name, or the file in the user's data folder.
///
/// # Errors
/// When neither is known.
pub fn database_url(settings: &Settings) -> Result<String, StartError> {
    let url = settings.database.url.expose_secret();
    if !url.is_empty() {
        return Ok(url.to_owned());
    }
    let file = data_file(&|name| std::env::var(name).ok()).ok_or(StartError::NoHome)?;
    Ok(file.to_string_lossy().into_owned())
}

/// Stands in for a telephony that was not configured.
struct NoTelephony(watch::Sender<Condition>);

impl NoTelephony {
    fn new() -> Self {
        let message = "no telephony: set ARI_URL, ARI_USERNAME and ARI_PASSWORD to connect an Asterisk";
        Self(watch::Sender::new(Condition { state: PartState::Off, message: message.into() }))
    }
}

#[async_trait]
impl Telephony for NoTelephony {
    fn describe(&self) -> String {
        "none".into()
    }

    fn capabilities(&self) -> &'static [&'static str] {
        &[]
    }

    fn condition(&self) -> watch::Receiver<Condition> {
        self.0.subscribe()
    }

    async fn place(&self, _: Place) -> Result<mpsc::UnboundedReceiver<Progress>, PlaceError> {
        Err(PlaceError::Unavailable(self.0.borrow().message.clone()))
    }

    async fn hang_up(&self, _: &CallId) -> Result<(), PlaceError> {
        Ok(())
    }

    async fn live(&self) -> Result<Vec<CallId>, PlaceError> {
        Ok(Vec::new())
    }
}

impl Floor {
    /// Starts all of it but the HTTP server, whose port is bound already.
    ///
    /// # Errors
    /// When a port or the database is not to be had. Everything else may be missing, and is said.
    pub async fn start(settings: Settings) -> Result<Self, StartError> {
        let kind = settings.kind()?;
        let metrics = Exposition::start();
        if let Some(said) = crate::open_files::warning(crate::open_files::limit()) {
            tracing::warn!("{said}");
        }
        let tls = match settings.tls() {
            Some(tls) => Some(tls.load().await?),
            None => None,
        };
        let listener = listen(settings.server.http, "REST and WebSocket").await?;
        let http = listener.local_addr().unwrap_or(settings.server.http);
        let store = open_store(&settings).await?;
        let bus = Bus::default();
        let journal = Journal::start(store.clone(), bus.clone());
        let parts = Parts::new(journal.clone());
        parts.set("database", PartState::Up, store.describe()).await;
        parts.set("http", PartState::Up, format!("REST and WebSocket on {http}")).await;
        let (mut agi, mut audiosocket) = (None, None);
        let (inbound, calls_in) = mpsc::channel(INBOUND);
        let telephony: Arc<dyn Telephony> = match kind {
            Kind::Simulated => Arc::new(Simulated::new(
                settings.telephony.simulated_speed,
                settings.telephony.simulated_mischief,
            )),
            Kind::None => Arc::new(NoTelephony::new()),
            Kind::Asterisk => {
                let agi_listener = listen(settings.asterisk.agi, "FastAGI").await?;
                let audio_listener = listen(settings.asterisk.audiosocket, "AudioSocket").await?;
                agi = agi_listener.local_addr().ok();
                audiosocket = audio_listener.local_addr().ok();
                let agi_at = agi.unwrap_or(settings.asterisk.agi);
                let audio_at = audiosocket.unwrap_or(settings.asterisk.audiosocket);
                parts.set("fastagi", PartState::Up, format!("FastAGI on {agi_at}")).await;
                parts.set("audiosocket", PartState::Up, format!("AudioSocket on {audio_at}")).await;
                asterisk(&settings, agi_listener, audio_listener, audio_at, inbound)?
            }
        };
        parts.follow(&telephony);
        let speech = Speech::start(&settings, kind, &parts).await;
        let closing = CancellationToken::new();
        let vicidials = vicidials(&settings, &closing)?;
        set_up_before(store.as_ref(), &settings, &vicidials).await?;
        let recordings = Recordings::new(&settings.recordings, settings.data_folder(), journal.clone())
            .map_err(crate::settings::SettingsError)?;
        let dialer = Dialer::start(Tools {
            store: store.clone(),
            journal: journal.clone(),
            telephony,
            words: speech.words,
            sound: speech.sound,
            cast: speech.cast.clone(),
            name: settings.server.name.clone(),
            max_calls: settings.dialer.max_concurrent_calls,
            rates: settings.rates.clone(),
            hours: settings.hours()?,
            law: Lawbook::open(settings.rules_file(), closing.clone())
                .map_err(crate::settings::SettingsError)?,
            in_words: speech.in_words,
            carriers: carriers(&vicidials),
            recordings: Some(recordings.clone()),
        });
        tokio::spawn(recordings.clone().run(store.clone(), closing.clone()));
        let (dialpad, deliveries) = dialpad(&settings, &store, &journal, &closing)?;
        let webhooks = Arc::new(Notify::new());
        tokio::spawn(webhook::run(store.clone(), bus.clone(), webhooks.clone(), closing.clone()));
        let settings = Arc::new(settings);
        tokio::spawn(upkeep::run(store.clone(), settings.clone(), closing.clone()));
        let app = App::new(api::Inner {
            recordings,
            voice: (speech.cast.synthesiser(&VoiceChoice::default()), speech.voice),
            store,
            journal,
            crier: Crier::start(&bus, closing.clone()),
            bus,
            dialer,
            dashboards: Dashboards::default(),
            lessons: api::fresh::Fresh::default(),
            numbers: api::fresh::Fresh::default(),
            started_at: chrono::Utc::now(),
            vicidials,
            dialpad,
            deliveries,
            lead_syncs: LeadSyncs::default(),
            parts,
            recogniser: speech.cast.recogniser(&VoiceChoice::default()),
            cast: speech.cast,
            settings,
            talks: api::Talks::default(),
            lockout: std::sync::Mutex::default(),
            metrics,
            webhooks,
            closing,
        });
        tokio::spawn(remote_agents::run(app.clone(), calls_in));
        tokio::spawn(lead_sync::run(app.clone()));
        Ok(Self { app, http, agi, audiosocket, listener, tls })
    }

    /// Serves until `stop` is ready; then lets calls finish or ends them, and closes.
    ///
    /// # Errors
    /// When the HTTP server ends by itself.
    pub async fn run(self, stop: impl Future<Output = ()>) -> std::io::Result<()> {
        let Self { app, listener, tls, .. } = self;
        let mut server = tokio::spawn(api::serve(listener, app.clone(), tls));
        tokio::select! {
            ended = &mut server => {
                app.dialer.close(Duration::ZERO).await;
                return ended.map_err(std::io::Error::other);
            }
            () = stop => {}
        }
        let grace = Duration::from_secs(app.settings.server.shutdown_grace_seconds);
        tracing::info!(
            calls = app.dialer.in_flight(),
            grace_seconds = grace.as_secs(),
            "stopping; no more calls are placed"
        );
        app.dialer.close(grace).await;
        app.closing.cancel();
        let _ = tokio::time::timeout(Duration::from_secs(5), server).await;
        tracing::info!("stopped");
        Ok(())
    }
}

/// Dialpad, with all that goes on by itself: fetching, who is on duty, events, reports, and telling consoles.
fn dialpad(
    settings: &Settings,
    store: &Arc<dyn Store>,
    journal: &Journal,
    closing: &CancellationToken,
) -> Result<(Arc<Dialpad>, Arc<Deliveries>), StartError> {
    let origin = settings.origin.clone();
    let reread = Arc::new(move || origin.load().ok().map(|fresh| fresh.dialpad.token));
    let connector =
        Dialpad::new(settings.dialpad.clone(), settings.retention.transcripts_days, reread, store.clone());
    let connector = Arc::new(connector.map_err(crate::settings::SettingsError)?);
    let deliveries = Arc::new(Deliveries::start(connector.clone(), closing.clone()));
    tokio::spawn(connector.clone().tell(journal.clone(), closing.clone()));
    tokio::spawn(connector.clone().keep_pulling(closing.clone()));
    tokio::spawn(connector.clone().keep_duty(closing.clone()));
    tokio::spawn(connector.clone().keep_reporting(closing.clone()));
    tokio::spawn(dialpad::socket::run(connector.clone(), deliveries.clone(), closing.clone()));
    Ok((connector, deliveries))
}

/// Those that were set up while the server ran; the settings' go before them.
async fn set_up_before(
    store: &dyn Store,
    settings: &Settings,
    vicidials: &Vicidials,
) -> Result<(), StartError> {
    for (name, kept) in api::connectors::kept(store).await? {
        if settings.vicidial.contains_key(&name) {
            tracing::warn!(
                vicidial = name,
                "it was set up here and stands in the settings, too: the settings count"
            );
            continue;
        }
        let wrong = match kept {
            Ok(own) => vicidials.set_up(&name, &own).err(),
            Err(problem) => Some(problem.message),
        };
        if let Some(wrong) = wrong {
            tracing::error!(vicidial = name, wrong, "it cannot be reached as it was set up; set it up anew");
        }
    }
    Ok(())
}

/// Their agents may take the calls of campaigns of the same organization.
fn carriers(vicidials: &Vicidials) -> Carriers {
    let (vicidials, known) = (vicidials.clone(), Mutex::new(HashMap::<String, VicidialCarrier>::new()));
    Arc::new(move |organization, name| {
        let connector = vicidials.of(organization).get(name).ok()?;
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = || VicidialCarrier::new(connector.clone());
        let carrier = known.entry(connector.name.clone()).or_insert_with(fresh);
        // Set up anew: who is taken there is asked anew, too.
        if !carrier.is_of(&connector) {
            *carrier = fresh();
        }
        Some(Arc::new(carrier.clone()) as Arc<dyn Carrier>)
    })
}

/// The VICIdials of the settings. Their settings are read again from where they came from when a password is refused.
fn vicidials(settings: &Settings, stop: &CancellationToken) -> Result<Vicidials, StartError> {
    let origin = settings.origin.clone();
    let reread: RereadByName =
        Arc::new(move |name| origin.load().ok().and_then(|fresh| fresh.vicidial.get(name).cloned()));
    let all = Vicidials::start(&settings.vicidial, &reread, stop).map_err(crate::settings::SettingsError)?;
    for connector in all.all() {
        if connector.client.as_ref().is_some_and(|client| client.is_plain()) {
            tracing::warn!(
                vicidial = connector.name,
                "plain http: user, password and leads can be read on their way"
            );
        }
    }
    Ok(all)
}

fn asterisk(
    settings: &Settings,
    agi: TcpListener,
    audio: TcpListener,
    audio_at: SocketAddr,
    inbound: mpsc::Sender<Inbound>,
) -> Result<Arc<dyn Telephony>, StartError> {
    let own = &settings.asterisk;
    let public = match own.audiosocket_public.as_str() {
        "" => audio_at,
        text => text.parse().map_err(|_| {
            crate::settings::SettingsError(format!(
                "asterisk.audiosocket_public is {text:?}; use an address with its port, such as 192.0.2.7:9092"
            ))
        })?,
    };
    let ari = AriSettings {
        url: settings.ari_url()?,
        username: own.username.clone(),
        password: own.password.clone(),
        application: own.application.clone(),
    };
    let dialplan = Dialplan {
        dial: own.dial.clone(),
        context: own.context.clone(),
        audiosocket: public,
        wish: settings.sound()?,
    };
    let peers = peers::Allowed::new(own.allow.iter().copied());
    Ok(Arc::new(Asterisk::start(ari, dialplan, agi, audio, peers, inbound)))
}
