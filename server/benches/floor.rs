//! From a row's change in VICIdial's database to the consoles that look at its floor, with a floor of many agents that all
//! change each second: our server against a console that would ask the database itself as fast as the server does.
//! `--agents N`, `--consoles N`, `--seconds N`, `--runs N`.
//!
//! The lag is dominated by the pace of reading, once a second: its floor in the same run is a plain reader at that pace.

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

use dialdeck_protocol::vicidial::FloorAgent;
use dialdeck_protocol::{ClientMessage, Scope, ServerMessage};
use dialdeck_server::connectors::vicidial::floor::{Reader, agents};
use dialdeck_server::settings::Vicidial;
use dialdeck_testkit::daemon::{PASSWORD, Setup};
use dialdeck_testkit::mariadb::MariaDb;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use sqlx::Row;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

/// The number of the change that a row shows: it stands in the pause code.
fn change(agent: &FloorAgent) -> u64 {
    agent.pause_code.parse().unwrap_or(0)
}

async fn fill(db: &MariaDb, agents: usize) {
    let users: Vec<String> = (0..agents).map(|n| format!("('a{n}','Agent {n}',1,'AGENTS')")).collect();
    let rows: Vec<String> = (0..agents)
        .map(|n| format!("('a{n}','10.0.0.1','86{n}','SIP/{n}','PAUSED',0,'TESTCAMP','',NOW(),NOW())"))
        .collect();
    db.run("DELETE FROM vicidial_live_agents; DELETE FROM vicidial_users").await.unwrap();
    db.run(&format!(
        "INSERT INTO vicidial_users (user, full_name, user_level, user_group) VALUES {}",
        users.join(",")
    ))
    .await
    .unwrap();
    db.run(&format!(
        "INSERT INTO vicidial_live_agents (user, server_ip, conf_exten, extension, status, lead_id, campaign_id, callerid, last_call_time, last_state_change) VALUES {}",
        rows.join(",")
    ))
    .await
    .unwrap();
}

/// Changes every agent each second, at moments that no clock shares; gives when each change was written.
async fn changes(db: &MariaDb, seconds: u64) -> Vec<Instant> {
    let mut master = db.connect().await.unwrap();
    sqlx::raw_sql("USE asterisk").execute(&mut master).await.unwrap();
    let mut written = Vec::new();
    for n in 1..=seconds {
        tokio::time::sleep(Duration::from_millis(1000 + n * 37 % 200)).await;
        let statement = format!("UPDATE vicidial_live_agents SET pause_code='{n}', last_state_change=NOW()");
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut master).await.unwrap();
        written.push(Instant::now());
    }
    tokio::time::sleep(Duration::from_millis(1500)).await;
    written
}

/// Lags in milliseconds, of every change that somebody saw whole.
fn lags(written: &[Instant], seen: &[(u64, Instant)]) -> Vec<f64> {
    seen.iter()
        .filter_map(|(n, at)| {
            let began = written.get(usize::try_from(*n).ok()?.checked_sub(1)?)?;
            // Who begins to look sees the last change of the run before.
            Some(at.checked_duration_since(*began)?.as_secs_f64() * 1000.0)
        })
        .collect()
}

async fn console(
    url: String,
    token: String,
    tell: mpsc::UnboundedSender<(u64, Instant)>,
    bytes: Arc<AtomicU64>,
) {
    let mut request = format!("{}/api/v1/ws", url.replace("http://", "ws://")).into_client_request().unwrap();
    request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
    for message in [
        ClientMessage::Subscribe { organization_id: None, scope: Scope::default(), resume_from: None },
        ClientMessage::WatchFloor { on: true },
    ] {
        socket.send(Message::Text(serde_json::to_string(&message).unwrap().into())).await.unwrap();
    }
    while let Some(Ok(message)) = socket.next().await {
        let Message::Text(text) = message else { continue };
        let came = Instant::now();
        bytes.fetch_add(text.len() as u64, Ordering::Relaxed);
        let agents = match serde_json::from_str(text.as_str()) {
            Ok(ServerMessage::Floor(floor)) => floor.agents,
            Ok(ServerMessage::FloorChange { agents, .. }) => agents,
            _ => continue,
        };
        if let Some(least) = agents.iter().map(change).min().filter(|n| *n > 0) {
            let _ = tell.send((least, came));
        }
    }
}

async fn token(url: &str) -> String {
    let body = json!({ "username": "bench", "password": PASSWORD });
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client.post(format!("{url}/api/v1/auth/login")).json(&body).send().await.unwrap();
    answer.json::<Value>().await.unwrap()["token"].as_str().unwrap().to_owned()
}

async fn selects(db: &MariaDb) -> f64 {
    let mut master = db.connect().await.unwrap();
    let row = sqlx::query("SHOW GLOBAL STATUS LIKE 'Com_select'").fetch_one(&mut master).await.unwrap();
    row.get::<String, _>(1).parse().unwrap()
}

fn argument(name: &str, default: u64) -> u64 {
    let given: Vec<String> = std::env::args().collect();
    let at = given.iter().position(|argument| argument == name);
    at.and_then(|at| given.get(at + 1)).and_then(|value| value.parse().ok()).unwrap_or(default)
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(run());
}

async fn run() {
    let (many, consoles) = (argument("--agents", 500), argument("--consoles", 50));
    let (seconds, runs) = (argument("--seconds", 15), argument("--runs", 3));
    let db = MariaDb::start().await.unwrap();
    fill(&db, usize::try_from(many).unwrap()).await;
    let settings = Vicidial {
        db_host: "127.0.0.1".into(),
        db_port: db.port,
        db_user: "reader".into(),
        db_password: "1234".into(),
        ..Vicidial::default()
    };
    let program = Path::new(env!("CARGO_BIN_EXE_dialdeckd"));
    let home = tempfile::tempdir().unwrap();
    let setup = Setup::new(&program.to_string_lossy(), home.path())
        .set("telephony.kind", "simulated")
        .set("log.level", "error")
        .env("VICI_DB_HOST", "127.0.0.1")
        .env("VICI_DB_PORT", &db.port.to_string())
        .env("VICI_DB_USER", "reader")
        .env("VICI_DB_PASSWORD", "1234");
    setup.add_user("bench", "viewer").unwrap();
    let server = setup.start(&["serve"]).unwrap();
    let token = token(&server.http).await;
    let (mut p50, mut p99, mut floor50, mut floor99) = (vec![], vec![], vec![], vec![]);
    let (mut cpu, mut sets, mut traffic, mut missed) = (vec![], vec![], vec![], vec![]);
    for _ in 0..runs {
        let (tell, mut told) = mpsc::unbounded_channel();
        let bytes = Arc::new(AtomicU64::new(0));
        let tasks: Vec<_> = (0..consoles)
            .map(|_| tokio::spawn(console(server.http.clone(), token.clone(), tell.clone(), bytes.clone())))
            .collect();
        tokio::time::sleep(Duration::from_secs(2)).await;
        let (before, begun) = ((selects(&db).await, common::cpu_seconds(server.pid())), Instant::now());
        let written = changes(&db, seconds).await;
        let took = begun.elapsed().as_secs_f64();
        cpu.push((common::cpu_seconds(server.pid()) - before.1) / took);
        sets.push((selects(&db).await - before.0) / took);
        traffic.push(bytes.load(Ordering::Relaxed) as f64 / took / consoles as f64);
        tasks.iter().for_each(tokio::task::JoinHandle::abort);
        let mut seen = Vec::new();
        while let Ok(one) = told.try_recv() {
            seen.push(one);
        }
        let mut ours = lags(&written, &seen);
        missed.push(seconds as f64 - ours.len() as f64 / consoles as f64);
        p50.push(common::quantile(&mut ours, 0.5));
        p99.push(common::quantile(&mut ours, 0.99));
        // The least that reading once a second can do: one reader, nobody to tell.
        let mut database = Reader::new(&settings);
        let reader = tokio::spawn(async move {
            let mut seen = Vec::new();
            let mut ticks = tokio::time::interval(Duration::from_secs(1));
            let begun = Instant::now();
            while begun.elapsed() < Duration::from_secs(seconds + 3) {
                ticks.tick().await;
                let Ok(looked) = database.look().await else { continue };
                let rows = agents(&looked.rows);
                if let Some(n) = rows.iter().map(change).min() {
                    seen.push((n, Instant::now()));
                }
            }
            seen
        });
        let written = changes(&db, seconds).await;
        let mut seen = reader.await.unwrap();
        seen.dedup_by_key(|(n, _)| *n);
        let mut least = lags(&written, &seen);
        floor50.push(common::quantile(&mut least, 0.5));
        floor99.push(common::quantile(&mut least, 0.99));
    }
    println!(
        "{}",
        json!({
            "bench": "floor",
            "agents": many,
            "consoles": consoles,
            "lag_ms_p50": common::spread(p50),
            "lag_ms_p99": common::spread(p99),
            "reader_alone_ms_p50": common::spread(floor50),
            "reader_alone_ms_p99": common::spread(floor99),
            "server_cores": common::spread(cpu),
            "selects_a_second": common::spread(sets),
            "bytes_a_second_and_console": common::spread(traffic),
            "changes_not_seen": common::spread(missed),
            "not_covered": "network between server and console; a VICIdial's own load on the database; SSH and drawing",
        })
    );
}
