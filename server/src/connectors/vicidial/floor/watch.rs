//! Looks at the floor while somebody wants to see it, once a second at most, however many look.

use super::derive::{agents, calls};
use super::picture::Picture;
use super::reader::{Looked, Reader};
use crate::connectors::vicidial::action::Request;
use crate::connectors::vicidial::client::Client;
use crate::connectors::vicidial::wire::LoggedInAgent;
use crate::settings::Vicidial;
use crate::telephony::asterisk::ami::{AmiCall, AmiCalls, AmiError, Login, follow};
use chrono::Utc;
use dialdeck_protocol::vicidial::{Floor, FloorAgent, FloorCall, FloorState, Letter};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// How often the API is asked where there is no database.
const BY_API: Duration = Duration::from_secs(5);

/// The floor of one VICIdial. Cheap to clone.
#[derive(Clone)]
pub struct Watch(watch::Sender<Arc<Picture>>);

impl Watch {
    /// Starts looking, by the database where there is one, else by the API.
    pub fn start(
        name: &str,
        settings: &Vicidial,
        client: Option<Arc<Client>>,
        stop: CancellationToken,
    ) -> Self {
        let floor = Floor { vicidial: name.to_owned(), ..Floor::default() };
        let sender = watch::Sender::new(Arc::new(Picture { floor, ..Picture::default() }));
        let own = Self(sender);
        let (sender, name) = (own.0.clone(), name.to_owned());
        if settings.has_database() {
            let (database, pause) = (Reader::new(settings), Duration::from_millis(settings.floor_ms));
            tokio::spawn(async move {
                stop.run_until_cancelled_owned(Box::pin(by_database(name, database, pause, sender))).await;
            });
        } else if let Some(client) = client {
            let calls = Calls::default();
            if !settings.ami_host.is_empty() {
                let login = Login::new(
                    &settings.ami_host,
                    settings.ami_port,
                    &settings.ami_user,
                    &settings.ami_secret,
                );
                tokio::spawn(listen(name.clone(), login, calls.clone(), stop.clone()));
            }
            tokio::spawn(async move {
                stop.run_until_cancelled_owned(by_api(name, client, calls, sender)).await;
            });
        }
        own
    }

    /// Pictures as they come. While one of these lives, somebody looks.
    pub fn look(&self) -> watch::Receiver<Arc<Picture>> {
        self.0.subscribe()
    }

    /// The last picture.
    pub fn last(&self) -> Arc<Picture> {
        self.0.borrow().clone()
    }
}

/// Waits until somebody looks.
async fn wanted(sender: &watch::Sender<Arc<Picture>>) {
    while sender.receiver_count() == 0 {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

fn tell(sender: &watch::Sender<Arc<Picture>>, floor: Floor) {
    let next = sender.borrow().next(floor.clone());
    if let Some(next) = next {
        sender.send_replace(Arc::new(next));
    } else {
        // Nothing but the clock moved on: nobody is told, and who asks hears that it is fresh.
        sender.send_if_modified(|picture| {
            Arc::make_mut(picture).floor = floor;
            false
        });
    }
}

async fn by_database(
    name: String,
    mut database: Reader,
    pause: Duration,
    sender: watch::Sender<Arc<Picture>>,
) {
    let mut ticks = tokio::time::interval(pause);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut failed = 0_u32;
    loop {
        wanted(&sender).await;
        ticks.tick().await;
        match database.look().await {
            Ok(looked) => {
                if failed > 0 {
                    tracing::info!(vicidial = name, "the floor can be read again");
                }
                failed = 0;
                tell(&sender, floor(&name, &looked));
            }
            Err(error) => {
                let trouble = crate::domain::plain::line(&error.to_string(), 200);
                if failed == 0 {
                    tracing::warn!(vicidial = name, error = trouble, "the floor cannot be read");
                }
                failed += 1;
                let last = sender.borrow().floor.clone();
                tell(&sender, Floor { trouble, ..last });
                // The longer it is away, the more seldom it is asked, up to a minute between.
                let rest = pause * 2_u32.saturating_pow(failed.min(6));
                tokio::time::sleep(rest.min(Duration::from_mins(1))).await;
            }
        }
    }
}

fn floor(name: &str, looked: &Looked) -> Floor {
    Floor {
        vicidial: name.to_owned(),
        now: looked.rows.now,
        read_at: Utc::now().timestamp(),
        source: "database".into(),
        trouble: String::new(),
        agents: agents(&looked.rows),
        calls: calls(&looked.rows),
        campaigns: looked.campaigns.clone(),
        thresholds: looked.thresholds.clone(),
    }
}

/// Calls as the manager interface tells of them.
type Calls = Arc<Mutex<AmiCalls>>;

/// Listens to the manager interface of VICIdial's Asterisk, for as long as it takes.
async fn listen(name: String, login: Login, calls: Calls, stop: CancellationToken) {
    let told = calls.clone();
    let each = move |event| {
        told.lock().unwrap_or_else(PoisonError::into_inner).take(&event, Utc::now().timestamp());
    };
    let mut down = false;
    let state = move |state: Result<&str, &AmiError>| match state {
        Ok(banner) => {
            down = false;
            tracing::info!(vicidial = name, banner, "listening to VICIdial's Asterisk");
        }
        Err(error) => {
            calls.lock().unwrap_or_else(PoisonError::into_inner).clear();
            if !std::mem::replace(&mut down, true) {
                tracing::warn!(vicidial = name, %error, "VICIdial's Asterisk tells nothing");
            }
        }
    };
    follow(login, stop, each, state).await;
}

/// Calls as they stand on the floor: without the database nobody knows which of them an agent has.
fn heard(calls: &Calls) -> Vec<FloorCall> {
    let calls = calls.lock().unwrap_or_else(PoisonError::into_inner);
    let one = |(id, call): (&String, &AmiCall)| FloorCall {
        call_id: if call.caller_name.is_empty() { id.clone() } else { call.caller_name.clone() },
        status: call.state.to_uppercase(),
        campaign: String::new(),
        phone: call.number.clone(),
        kind: call.channel.split('/').next().unwrap_or_default().to_owned(),
        since: call.since,
        priority: 0,
    };
    calls.all().map(one).collect()
}

/// Without the database only agents are known, and their times only from what we saw; calls only where the manager
/// interface is open.
async fn by_api(name: String, client: Arc<Client>, calls: Calls, sender: watch::Sender<Arc<Picture>>) {
    let Some(ask) = Request::of("logged_in_agents", &[("show_sub_status", "YES")]) else { return };
    let mut since: BTreeMap<String, (FloorState, i64, i64)> = BTreeMap::new();
    loop {
        wanted(&sender).await;
        let last = sender.borrow().floor.clone();
        match client.call(&ask).await {
            Ok(answer) => {
                let now = Utc::now().timestamp();
                let rows: Vec<LoggedInAgent> = answer.table.records();
                let agents = rows.into_iter().map(|row| seen(row, now, &mut since)).collect();
                tell(
                    &sender,
                    Floor {
                        vicidial: name.clone(),
                        now,
                        read_at: now,
                        source: "api".into(),
                        agents,
                        trouble: String::new(),
                        ..last
                    },
                );
            }
            Err(trouble) => {
                let trouble = format!("{}: {}", trouble.message, trouble.class.remedy());
                tell(&sender, Floor { trouble, ..last });
            }
        }
        for _ in 0..BY_API.as_secs() {
            let last = sender.borrow().floor.clone();
            let now = Utc::now().timestamp();
            // Where the agents could not be read, the picture does not become fresh by its calls.
            let fresh = last.trouble.is_empty() && last.now > 0;
            let (now, read_at) = if fresh { (now, now) } else { (last.now, last.read_at) };
            tell(&sender, Floor { calls: heard(&calls), now, read_at, ..last });
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
}

fn seen(row: LoggedInAgent, now: i64, since: &mut BTreeMap<String, (FloorState, i64, i64)>) -> FloorAgent {
    let state = match (row.sub_status.as_str(), row.status.as_str()) {
        ("DEAD", _) => FloorState::Dead,
        ("DISPO", _) => FloorState::Dispo,
        ("3-WAY", _) => FloorState::ThreeWay,
        ("PARK", _) => FloorState::Park,
        ("RING", _) => FloorState::Ring,
        ("DIAL", _) => FloorState::Dial,
        (_, "INCALL") => FloorState::InCall,
        (_, "READY") => FloorState::Ready,
        (_, "CLOSER") => FloorState::Closer,
        (_, "QUEUE") => FloorState::Queue,
        (_, "PAUSED") => FloorState::Paused,
        _ => FloorState::Other,
    };
    let known = since.entry(row.user.clone()).or_insert((state, row.lead_id, now));
    if (known.0, known.1) != (state, row.lead_id) {
        *known = (state, row.lead_id, now);
    }
    let letter = if row.callerid.starts_with('Y') {
        Letter::I
    } else if row.callerid.starts_with('M') {
        Letter::M
    } else {
        Letter::A
    };
    FloorAgent {
        since: known.2,
        user: row.user,
        name: row.full_name,
        group: row.user_group,
        station: String::new(),
        session: row.session_id,
        server_ip: String::new(),
        state,
        letter,
        pause_code: row.pause_code,
        pause_limit: None,
        campaign: row.campaign_id,
        ingroup: String::new(),
        calls: row.calls_today,
        lead_id: row.lead_id,
        phone: String::new(),
        call_id: row.callerid,
        hold: 0,
    }
}
