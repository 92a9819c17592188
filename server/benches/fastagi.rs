//! FastAGI: sessions of twenty commands per CPU-second, and the wait for the first command at five hundred connections,
//! with our own channel, admission and durable log, against a minimal tokio server that does nothing else. The server is
//! pinned to one core, what plays Asterisk to the other. `--seconds N` a run, `--runs N`, `--connections N`,
//! `--sessions N` at once.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::format_push_string,
    missing_docs,
    reason = "a benchmark ends where it cannot go on"
)]

mod common;

use chrono::Utc;
use dialdeck_protocol::{CallId, CampaignId, OrganizationId, Speaker};
use dialdeck_server::bus::Bus;
use dialdeck_server::storage::{CallKey, Change, Journal, open};
use dialdeck_server::telephony::asterisk::agi::{Channel, serve_with};
use dialdeck_server::telephony::asterisk::peers::Allowed;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader as StdBufReader};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

/// Commands of a session.
const COMMANDS: usize = 20;

/// Our own: admission, channel, and one durable row a session.
async fn ours(listener: TcpListener, folder: &std::path::Path) {
    let store = open(&folder.join("agi.sqlite").to_string_lossy()).await.unwrap();
    let journal = Journal::start(store, Bus::default());
    serve_with(listener, Allowed::default(), CancellationToken::new(), move |stream, _| {
        let journal = journal.clone();
        async move {
            let Ok((mut channel, request)) = Channel::open(stream).await else { return };
            let said = Change::Spoken {
                key: CallKey {
                    // Ids grow with time, as the dialer's do; what plays Asterisk has its own.
                    call_id: if request.get("uniqueid").is_empty() { return } else { CallId::new() },
                    campaign_id: CampaignId::new(),
                    organization_id: OrganizationId("default".into()),
                },
                speaker: Speaker::Ai,
                turn: 1,
                text: "answered".into(),
                at: Utc::now(),
            };
            // Durable while the session goes on: a call never waits for the disk.
            let commands = async {
                for n in 0..COMMANDS {
                    if channel.command(&format!("SET VARIABLE step {n}")).await.is_err() {
                        return;
                    }
                }
            };
            let (written, ()) = tokio::join!(journal.commit(vec![said]), commands);
            written.unwrap();
        }
    })
    .await;
}

/// The floor: reads lines, writes lines, knows nothing.
async fn minimal(listener: TcpListener) {
    while let Ok((stream, _)) = listener.accept().await {
        let _ = stream.set_nodelay(true);
        tokio::spawn(async move {
            let (read, mut write) = stream.into_split();
            let mut read = BufReader::new(read);
            let mut line = String::new();
            loop {
                line.clear();
                match read.read_line(&mut line).await {
                    Ok(n) if n > 1 => {}
                    Ok(1) => break,
                    _ => return,
                }
            }
            for n in 0..COMMANDS {
                if write.write_all(format!("SET VARIABLE step {n}\n").as_bytes()).await.is_err() {
                    return;
                }
                line.clear();
                if !read.read_line(&mut line).await.is_ok_and(|n| n > 0) {
                    return;
                }
            }
        });
    }
}

fn block(n: u64) -> String {
    let mut block =
        String::from("agi_network: yes\nagi_network_script: call\nagi_request: agi://127.0.0.1:4573/call\n");
    for (name, value) in [
        ("channel", "PJSIP/trunk-00000001"),
        ("language", "en"),
        ("type", "PJSIP"),
        ("version", "22.10.1"),
        ("callerid", "+13125550100"),
        ("calleridname", "unknown"),
        ("callingpres", "0"),
        ("callingani2", "0"),
        ("callington", "0"),
        ("callingtns", "0"),
        ("dnid", "unknown"),
        ("rdnis", "unknown"),
        ("context", "dialdeck"),
        ("extension", "+13125550123"),
        ("priority", "1"),
        ("enhanced", "0.0"),
        ("accountcode", ""),
        ("threadid", "1"),
    ] {
        block.push_str(&format!("agi_{name}: {value}\n"));
    }
    block.push_str(&format!("agi_uniqueid: dialdeck-{n:032x}\n\n"));
    block
}

/// Plays Asterisk once; gives the wait for the first command in milliseconds.
async fn session(address: &str, n: u64) -> Option<f64> {
    let stream = TcpStream::connect(address).await.ok()?;
    stream.set_nodelay(true).ok()?;
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    let begun = Instant::now();
    write.write_all(block(n).as_bytes()).await.ok()?;
    let mut line = String::new();
    let mut first = 0.0;
    for n in 0..COMMANDS {
        line.clear();
        if read.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        if n == 0 {
            first = common::ms(begun.elapsed());
        }
        write.write_all(b"200 result=1\n").await.ok()?;
    }
    let mut rest = Vec::new();
    let _ = read.read_to_end(&mut rest).await;
    Some(first)
}

fn start(role: &str, folder: &std::path::Path) -> (common::Served, String) {
    let arguments =
        ["--role".to_owned(), role.to_owned(), "--folder".to_owned(), folder.display().to_string()];
    let mut child = common::role(0, &arguments).stdout(Stdio::piped()).spawn().unwrap();
    let mut address = String::new();
    StdBufReader::new(child.stdout.take().unwrap()).read_line(&mut address).unwrap();
    (common::Served(child), address.trim().to_owned())
}

/// Sessions per CPU-second of the server under so many at once that it is never idle for long: one that waits for its
/// log is no work, and a server that wakes up for each line alone does more than it must.
async fn throughput(pid: u32, address: &str, seconds: u64, sessions: u64) -> f64 {
    let (done, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let mut tasks = Vec::new();
    for worker in 0..sessions {
        let (done, stop, address) = (done.clone(), stop.clone(), address.to_owned());
        tasks.push(tokio::spawn(async move {
            let mut n = worker << 32;
            while !stop.load(Ordering::Relaxed) {
                n += 1;
                if session(&address, n).await.is_some() {
                    done.fetch_add(1, Ordering::Relaxed);
                }
            }
        }));
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (cpu, before) = (common::cpu_seconds(pid), done.load(Ordering::Relaxed));
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let used = common::cpu_seconds(pid) - cpu;
    let sessions = (done.load(Ordering::Relaxed) - before) as f64;
    stop.store(true, Ordering::Relaxed);
    for task in tasks {
        let _ = task.await;
    }
    sessions / used.max(0.01)
}

/// The 99th percentile of the wait for the first command, `connections` at once.
async fn first_command(address: &str, connections: u64) -> f64 {
    let mut tasks = Vec::new();
    for n in 0..connections {
        let address = address.to_owned();
        tasks.push(tokio::spawn(async move { session(&address, n).await }));
    }
    let mut waits = Vec::new();
    for task in tasks {
        waits.push(task.await.unwrap().expect("every session is served"));
    }
    common::quantile(&mut waits, 0.99)
}

fn figures() -> Value {
    let (seconds, runs) = (common::number("seconds", 4), common::number("runs", 5));
    let (connections, sessions) = (common::number("connections", 500), common::number("sessions", 200));
    common::pin(1);
    let folder = tempfile::Builder::new().tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let (mine, address) = start("ours", folder.path());
    let (floor, floor_address) = start("minimal", folder.path());
    let (mut per_cpu, mut floor_per_cpu, mut ratio, mut first, mut floor_first) =
        (vec![], vec![], vec![], vec![], vec![]);
    common::runtime(1).block_on(async {
        for _ in 0..runs {
            let floor_now = throughput(floor.0.id(), &floor_address, seconds, sessions).await;
            let now = throughput(mine.0.id(), &address, seconds, sessions).await;
            per_cpu.push(now);
            floor_per_cpu.push(floor_now);
            ratio.push(now / floor_now);
            for _ in 0..3 {
                floor_first.push(first_command(&floor_address, connections).await);
                first.push(first_command(&address, connections).await);
            }
        }
    });
    json!({
        "bench": "fastagi", "commands_a_session": COMMANDS, "seconds": seconds, "runs": runs, "connections": connections,
        "sessions_at_once": sessions,
        "sessions_per_cpu_second": common::spread(per_cpu),
        "minimal_sessions_per_cpu_second": common::spread(floor_per_cpu),
        "of_minimal": common::spread(ratio),
        "first_command_p99_ms": common::spread(first),
        "minimal_first_command_p99_ms": common::spread(floor_first),
        "goal": "of_minimal >= 0.90 with the durable log on; first command p99 <= 25 ms at 500",
        "not_covered": "audio; the dialogue; a generator on another machine",
    })
}

fn main() {
    let Some(role) = common::flag("role") else {
        println!("{}", figures());
        return;
    };
    let folder = std::path::PathBuf::from(common::flag("folder").unwrap());
    common::runtime(1).block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("{}", listener.local_addr().unwrap());
        if role == "ours" { ours(listener, &folder).await } else { minimal(listener).await }
    });
}
