//! Events to two hundred consoles: CPU per delivery, lag, memory a console, and what stalled ones cost; our own server
//! with its durable log, and without a disk to wait for, as the others are: a plain axum broadcast and, where Node.js is,
//! a `ws` server. And the least there can be with a disk: a loop that does nothing else. The server is pinned to one core,
//! the consoles to the other. `--consoles N`, `--rates 100,500,1000,2000`, `--seconds N`, `--runs N`, `--bytes N`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    missing_docs,
    reason = "a benchmark ends where it cannot go on"
)]

mod common;
#[path = "common/consoles.rs"]
mod consoles;
#[path = "common/least.rs"]
mod least;

use axum::Router;
use axum::extract::State;
use axum::extract::ws::{Message as AxumMessage, WebSocketUpgrade};
use axum::routing::get;
use chrono::Utc;
use consoles::{Console, Heard};
use dialdeck_protocol::{CallId, CampaignId, OrganizationId, Role, Speaker};
use dialdeck_server::api::session;
use dialdeck_server::floor::Floor;
use dialdeck_server::settings::Settings;
use dialdeck_server::storage::{CallKey, Change, NewUser};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::sync::broadcast;

/// Our server, and the same with its record where there is no disk to wait for: the others have none.
const OURS: &str = "ours";
const IN_MEMORY: &str = "ours_in_memory";
/// What any server takes that waits for the disk.
const LEAST: &str = "least_durable";

/// Seconds for which a server runs before it is looked at.
const WARM: u64 = 8;

/// Between two consoles that come.
const BETWEEN: Duration = Duration::from_millis(10);

/// A text that says when it was made.
fn text(bytes: usize) -> String {
    format!("t={};{}", common::micros(), "x".repeat(bytes))
}

/// Runs `make` at a rate, for ever: a task among those of the server, as a call is, and not a thread beside them that
/// wakes them.
async fn at_rate(rate: f64, mut make: impl FnMut() + Send + 'static) {
    let making = async move {
        let begun = Instant::now();
        let mut made = 0.0;
        let mut tick = tokio::time::interval(Duration::from_millis(1));
        loop {
            tick.tick().await;
            while made < begun.elapsed().as_secs_f64() * rate {
                made += 1.0;
                make();
            }
        }
    };
    tokio::spawn(making).await.unwrap();
}

/// The whole server, with its record on disk.
async fn ours(folder: &Path, rate: f64, bytes: usize) {
    let sets = [
        ("server.http", "127.0.0.1:0".to_owned()),
        ("telephony.kind", "simulated".to_owned()),
        ("log.level", "error".to_owned()),
        ("database.url", folder.join("fanout.sqlite").display().to_string()),
    ];
    let sets: Vec<(String, String)> = sets.into_iter().map(|(n, v)| (n.to_owned(), v)).collect();
    let settings = Settings::load(None, &|_| None, &sets).unwrap();
    let floor = Floor::start(settings).await.unwrap();
    let app = floor.app.clone();
    let user = NewUser {
        organization_id: OrganizationId("default".into()),
        name: "bench".into(),
        role: Role::Viewer,
        password_hash: session::hash("correct horse".into()).await.unwrap(),
        campaigns: None,
        at: Utc::now(),
    };
    let _ = app.store.add_user(&user).await;
    println!("{}", floor.http);
    tokio::spawn(floor.run(std::future::pending()));
    let key = CallKey {
        call_id: CallId::new(),
        campaign_id: CampaignId::new(),
        organization_id: OrganizationId("default".into()),
    };
    at_rate(rate, move || {
        let (journal, key) = (app.journal.clone(), key.clone());
        // The event around it takes some 240 bytes of its own.
        let said = Change::Spoken {
            key,
            speaker: Speaker::Customer,
            turn: 1,
            text: text(bytes.saturating_sub(240)),
            at: Utc::now(),
        };
        tokio::spawn(async move { journal.commit(vec![said]).await });
    })
    .await;
}

/// Plain axum: a broadcast, and a message for each event and console.
async fn plain(rate: f64, bytes: usize) {
    let sender: broadcast::Sender<String> = broadcast::channel(4096).0;
    let open = |State(sender): State<broadcast::Sender<String>>, upgrade: WebSocketUpgrade| async move {
        upgrade.on_upgrade(move |mut socket| async move {
            let mut heard = sender.subscribe();
            loop {
                match heard.recv().await {
                    Ok(text) => {
                        if socket.send(AxumMessage::Text(text.into())).await.is_err() {
                            return;
                        }
                    }
                    Err(broadcast::error::RecvError::Lagged(_)) => {}
                    Err(broadcast::error::RecvError::Closed) => return,
                }
            }
        })
    };
    let router = Router::new().route("/", get(open)).with_state(sender.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    at_rate(rate, move || drop(sender.send(json!({ "type": "event", "text": text(bytes) }).to_string())))
        .await;
}

fn start(who: &str, folder: &Path, rate: u64, bytes: u64) -> Option<(common::Served, String)> {
    let mut command = if who == "node" {
        let ws = node_modules()?;
        let mut command = Command::new("taskset");
        command
            .args(["-c", "0", "node"])
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/broadcast.mjs"));
        command.env("WS_FOLDER", ws).env("RATE", rate.to_string()).env("BYTES", bytes.to_string());
        command
    } else {
        let folder = folder.display().to_string();
        let arguments =
            ["--role", who, "--folder", &folder, "--rate", &rate.to_string(), "--bytes", &bytes.to_string()];
        common::role(0, &arguments.map(str::to_owned))
    };
    let mut child = command.stdout(Stdio::piped()).spawn().ok()?;
    let mut address = String::new();
    BufReader::new(child.stdout.take()?).read_line(&mut address).ok()?;
    (!address.trim().is_empty()).then(|| (common::Served(child), address.trim().to_owned()))
}

/// A folder that has Node's `ws`, fetched once; `None` where there is no Node.
fn node_modules() -> Option<std::path::PathBuf> {
    let folder = dialdeck_testkit::lab::part("node-ws-1", |folder| {
        dialdeck_testkit::lab::run(
            Command::new("npm").args(["install", "--silent", "--prefix"]).arg(folder).arg("ws@8"),
        )
        .map(|_| ())
    });
    folder.ok()
}

async fn token(address: &str) -> String {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let body = json!({ "username": "bench", "password": "correct horse" });
    let answer = http.post(format!("http://{address}/api/v1/auth/login")).json(&body).send().await.unwrap();
    answer.json::<Value>().await.unwrap()["token"].as_str().unwrap().to_owned()
}

/// A console that reads (or, stalled, does not).
async fn console(address: &str, path: &str, token: &str, heard: Arc<Heard>, stalled: bool) {
    let console = Console::open(address, path, token).await.unwrap();
    if stalled {
        std::future::pending::<()>().await;
    }
    let _ = console.listen(&heard).await;
}

/// One server at one rate: CPU a delivery in µs, lag p99 in ms, memory a console in KB, share delivered.
async fn measure(
    who: &str,
    rate: u64,
    consoles: u64,
    stalled: u64,
    seconds: u64,
    bytes: u64,
) -> Option<[f64; 5]> {
    let place = if who == IN_MEMORY { "/dev/shm" } else { env!("CARGO_TARGET_TMPDIR") };
    let folder = tempfile::Builder::new().tempdir_in(place).ok()?;
    let (own, role) = ([OURS, IN_MEMORY].contains(&who), if who == IN_MEMORY { OURS } else { who });
    let (server, address) = start(role, folder.path(), rate, bytes)?;
    let (path, token) = if own { ("/api/v1/ws", token(&address).await) } else { ("/", String::new()) };
    tokio::time::sleep(Duration::from_millis(700)).await;
    // What a server takes once, for whoever comes first, is no console's: a tenth of them comes and goes before.
    let mut tasks = Vec::new();
    for _ in 0..consoles / 10 {
        let (address, token) = (address.clone(), token.clone());
        tasks.push(tokio::spawn(async move { console(&address, path, &token, Arc::default(), false).await }));
    }
    // Long enough that the database has filled its page cache with what it writes.
    tokio::time::sleep(Duration::from_secs(WARM)).await;
    tasks.drain(..).for_each(|task| task.abort());
    tokio::time::sleep(Duration::from_millis(300)).await;
    let before = common::resident(server.0.id());
    let heard = Arc::new(Heard::default());
    for n in 0..consoles {
        let (address, token, heard) = (address.clone(), token.clone(), heard.clone());
        tasks.push(tokio::spawn(async move { console(&address, path, &token, heard, n < stalled).await }));
        // As people come: what two hundred handshakes take at one moment is not what a console takes.
        tokio::time::sleep(BETWEEN).await;
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    heard.lags.lock().unwrap().clear();
    let (cpu, events) = (common::cpu_seconds(server.0.id()), heard.events.load(Ordering::Relaxed));
    let begun = Instant::now();
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let took = begun.elapsed().as_secs_f64();
    let used = common::cpu_seconds(server.0.id()) - cpu;
    let delivered = (heard.events.load(Ordering::Relaxed) - events) as f64;
    let memory = (common::resident(server.0.id()) - before) / consoles as f64 / 1000.0;
    let p99 = common::quantile(&mut heard.lags.lock().unwrap(), 0.99);
    for task in tasks {
        task.abort();
    }
    let expected = rate as f64 * took * (consoles - stalled) as f64;
    Some([used / delivered.max(1.0) * 1e6, p99, memory, delivered / expected, used / took])
}

/// Which figures are compared.
const CPU: usize = 0;
const LAG: usize = 1;

/// What runs of one server gave.
#[derive(Default, Clone)]
struct Column([Vec<f64>; 5]);

impl Column {
    fn take(&mut self, figures: [f64; 5]) {
        for (column, figure) in self.0.iter_mut().zip(figures) {
            column.push(figure);
        }
    }

    fn shown(self) -> Value {
        if self.0[0].is_empty() {
            return Value::Null;
        }
        let [cpu, lag, memory, share, cores] = self.0.map(common::spread);
        json!({ "cpu_us_a_delivery": cpu, "lag_p99_ms": lag, "kb_a_console": memory, "delivered": share, "cores": cores })
    }

    /// A figure beside another's, run by run: what else the machine does changes from minute to minute.
    fn of(&self, other: &Self, figure: usize) -> Value {
        if other.0[figure].is_empty() {
            return Value::Null;
        }
        let pairs = self.0[figure].iter().zip(&other.0[figure]);
        common::spread(pairs.map(|(ours, theirs)| ours / theirs).collect())
    }
}

fn main() {
    let (rate, bytes) = (common::number("rate", 500), common::number("bytes", 400));
    if let Some(role) = common::flag("role") {
        let folder = std::path::PathBuf::from(common::flag("folder").unwrap());
        if role == LEAST {
            return least::serve(&folder, rate as f64, move || text(bytes as usize)).unwrap();
        }
        common::runtime(1).block_on(async {
            if role == OURS {
                ours(&folder, rate as f64, bytes as usize).await;
            } else {
                plain(rate as f64, bytes as usize).await;
            }
        });
        return;
    }
    common::pin(1);
    let rates = common::flag("rates").unwrap_or_else(|| "100,500,1000".into());
    let (consoles, seconds, runs) =
        (common::number("consoles", 200), common::number("seconds", 5), common::number("runs", 3));
    let figures = common::runtime(1).block_on(async {
        let mut by_rate = serde_json::Map::new();
        for rate in rates.split(',').map(|r| r.parse::<u64>().expect("a rate")) {
            // By turns, so that none has the machine at its best for itself.
            let [mut own, mut least, mut memory, mut axum, mut node] = <[Column; 5]>::default();
            for _ in 0..runs {
                let servers = [
                    (OURS, &mut own),
                    (LEAST, &mut least),
                    (IN_MEMORY, &mut memory),
                    ("axum", &mut axum),
                    ("node", &mut node),
                ];
                for (who, column) in servers {
                    if let Some(figures) = measure(who, rate, consoles, 0, seconds, bytes).await {
                        column.take(figures);
                    }
                }
            }
            let (of_node, of_axum) = (own.of(&node, CPU), own.of(&axum, CPU));
            let lag_of_least = own.of(&least, LAG);
            let row = json!({
                "of_node": of_node, "of_axum": of_axum, "lag_of_least_durable": lag_of_least,
                "ours": own.shown(), "least_durable": least.shown(), "ours_in_memory": memory.shown(),
                "axum": axum.shown(), "node": node.shown(),
            });
            by_rate.insert(rate.to_string(), row);
        }
        let (mut stalled, mut fast) = (Column::default(), Column::default());
        for _ in 0..runs {
            stalled.take(measure(OURS, 500, consoles, consoles / 10, seconds, bytes).await.expect("it runs"));
            fast.take(measure(OURS, 2000, consoles, 0, seconds, bytes).await.expect("it runs"));
        }
        let (stalled, fast) = (stalled.shown(), fast.shown());
        json!({
            "bench": "fanout", "consoles": consoles, "bytes": bytes, "seconds": seconds, "runs": runs,
            "by_rate": by_rate, "a_tenth_stalled_at_500": stalled, "at_2000": fast,
            "goal": "<= 0.6 of node ws and p99 <= 5 ms at 500/s; 200 x 2000/s on <= 0.4 core without loss; <= 20 KB a console",
            "not_covered": "consoles on other machines; TLS; scopes that leave events out; what consoles that all come at one moment take for their handshakes",
        })
    });
    println!("{figures}");
}
