//! Streams of telephone sound on one core: AudioSocket connections, each held by a whole conversation with providers that take no
//! time, with neural voice detection and with detection by loudness; beside them, in the same run, a server that only sends each
//! frame back. Cores, frames delivered, and the jitter of what the other side hears.
//! `--streams 500,2000`, `--seconds N`, `--runs N`. The server is pinned to one core, those who talk to it to the other.

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
#[path = "common/line.rs"]
mod line;
#[path = "common/speaking.rs"]
mod speaking;

use dialdeck_server::domain::contact::NewContact;
use dialdeck_server::domain::phone::Phone;
use dialdeck_server::domain::script::Script;
use dialdeck_server::telephony::asterisk::audiosocket::{media, read_packet};
use dialdeck_server::voice::conversation::converse;
use dialdeck_server::voice::detector::Detection;
use dialdeck_server::voice::dialogue::Dialogue;
use dialdeck_testkit::speech::Speech;
use serde_json::{Value, json};
use speaking::{Nobody, at_once};
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

const FRAME: Duration = Duration::from_millis(20);
/// Type, length and 20 ms of sound.
const PACKET: usize = 323;
/// Packets of what a person says and does not say, over and over: 6 s.
const ROUND: usize = 300;

/// Serves in a role, for ever.
async fn serve(role: &str) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap());
    let detection = if role == "level" { Detection::Level } else { Detection::Neural };
    let providers = at_once(detection);
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let providers = providers.clone();
        if role == "echo" {
            tokio::spawn(async move {
                let mut packet = [0; PACKET];
                let _ = stream.read_exact(&mut packet[..19]).await;
                while stream.read_exact(&mut packet).await.is_ok() && stream.write_all(&packet).await.is_ok()
                {
                }
            });
            continue;
        }
        tokio::spawn(async move {
            let _ = read_packet(&mut stream).await;
            let mut media = media(stream);
            loop {
                let who = NewContact::numbered(Phone::from_e164("+13125550142").unwrap());
                let dialogue = Dialogue::new(Script::default(), &who);
                let end = CancellationToken::new();
                let report = converse(&mut media, dialogue, None, providers.clone(), &Nobody, end).await;
                if report.ended == "hung_up" {
                    return;
                }
            }
        });
    }
}

/// What a person says in a round, as packets: a question, and then nothing but the noise of the line.
fn packets() -> Vec<[u8; PACKET]> {
    let words = line::spoken(&Speech::find().expect("speech programs"), "rms", "how does it work");
    let mut state = 1u32;
    (0..ROUND)
        .map(|n| {
            let mut packet = [0; PACKET];
            packet[..3].copy_from_slice(&[0x10, 1, 0x40]);
            for k in 0..160 {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let noise = i16::try_from(state >> 27).unwrap() - 16;
                let sample = words.get(n * 160 + k).copied().unwrap_or(0).saturating_add(noise);
                packet[3 + 2 * k..5 + 2 * k].copy_from_slice(&sample.to_le_bytes());
            }
            packet
        })
        .collect()
}

#[derive(Default)]
struct Heard {
    frames: AtomicU64,
    counts: AtomicBool,
    /// Deviations from 20 ms between two frames, in 0.1 ms each; the last holds all that are longer.
    jitter: Vec<AtomicU64>,
}

impl Heard {
    fn quantile(&self, share: f64) -> f64 {
        let counts: Vec<u64> = self.jitter.iter().map(|n| n.load(Ordering::Relaxed)).collect();
        let wanted = counts.iter().sum::<u64>() as f64 * share;
        let mut seen = 0.0;
        let at = counts.iter().position(|n| {
            seen += *n as f64;
            seen >= wanted
        });
        at.unwrap_or(counts.len()) as f64 / 10.0
    }
}

/// Counts the frames that come back.
async fn hear(mut read: tokio::net::tcp::OwnedReadHalf, heard: Arc<Heard>) {
    let (mut buffer, mut have, mut last) = (vec![0; 8192], 0, Instant::now());
    while let Ok(n) = read.read(&mut buffer).await {
        if n == 0 {
            return;
        }
        have += n;
        let frames = have / PACKET;
        have %= PACKET;
        if frames == 0 || !heard.counts.load(Ordering::Relaxed) {
            last = if frames == 0 { last } else { Instant::now() };
            continue;
        }
        heard.frames.fetch_add(frames as u64, Ordering::Relaxed);
        let late = last.elapsed().as_secs_f64() * 1000.0;
        last = Instant::now();
        // Two that come at once: the second came 20 ms early.
        for n in 0..frames {
            let off = if n == 0 { (late - 20.0).abs() } else { 20.0 };
            let at = ((off * 10.0) as usize).min(heard.jitter.len() - 1);
            heard.jitter[at].fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// So many streams to a server: cores it takes, share of frames that came back, jitter p50 and p99 in ms, jitter of who sends.
async fn measure(role: &str, streams: usize, seconds: u64, round: &Arc<Vec<[u8; PACKET]>>) -> [f64; 4] {
    let mut child = common::role(0, &["--role".to_owned(), role.to_owned()]);
    let mut child = child.stdout(Stdio::piped()).spawn().unwrap();
    let mut address = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut address).unwrap();
    let server = common::Served(child);
    let heard =
        Arc::new(Heard { jitter: (0..2000).map(|_| AtomicU64::new(0)).collect(), ..Heard::default() });
    let mut writers = Vec::new();
    for n in 0..streams {
        let mut stream = TcpStream::connect(address.trim()).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let mut id = vec![1, 0, 16];
        id.extend((n as u128).to_be_bytes());
        stream.write_all(&id).await.unwrap();
        let (read, write) = stream.into_split();
        tokio::spawn(hear(read, heard.clone()));
        writers.push(write);
    }
    // Each sends at its own moment of the 20 ms, a tenth of them at once, and is somewhere else in what it says.
    let round = round.clone();
    tokio::spawn(async move {
        let mut beat = tokio::time::interval(FRAME / 10);
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Burst);
        for tick in 0.. {
            beat.tick().await;
            for n in (tick % 10..writers.len()).step_by(10) {
                let _ = writers[n].try_write(&round[(tick / 10 + n * 37) % ROUND]);
            }
        }
    });
    tokio::time::sleep(Duration::from_secs(4)).await;
    heard.counts.store(true, Ordering::Relaxed);
    let (cpu, begun) = (common::cpu_seconds(server.0.id()), Instant::now());
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let took = begun.elapsed().as_secs_f64();
    let cores = (common::cpu_seconds(server.0.id()) - cpu) / took;
    let share = heard.frames.load(Ordering::Relaxed) as f64 / (streams as f64 * took * 50.0);
    [cores, share, heard.quantile(0.5), heard.quantile(0.99)]
}

fn main() {
    if let Some(role) = common::flag("role") {
        common::runtime(1).block_on(serve(&role));
        return;
    }
    let round = Arc::new(packets());
    common::pin(1);
    let crowds = common::flag("streams").unwrap_or_else(|| "500,2000".into());
    let (seconds, runs) = (common::number("seconds", 8), common::number("runs", 3));
    let mut all = Vec::new();
    for streams in crowds.split(',').map(|n| n.parse::<usize>().expect("--streams are numbers")) {
        let mut row = serde_json::Map::new();
        row.insert("streams".into(), json!(streams));
        for role in ["echo", "level", "neural"] {
            let mut columns: [Vec<f64>; 4] = Default::default();
            for _ in 0..runs {
                // A runtime of its own for each: who talked to the last server is gone.
                let figures = common::runtime(1).block_on(measure(role, streams, seconds, &round));
                for (column, figure) in columns.iter_mut().zip(figures) {
                    column.push(figure);
                }
            }
            let [cores, delivered, half, most] = columns.map(common::spread);
            let of = json!({ "cores": cores, "delivered": delivered, "jitter_p50_ms": half, "jitter_p99_ms": most });
            row.insert(role.into(), of);
        }
        let cores = |role: &str| row[role]["cores"]["median"].as_f64().unwrap_or(f64::NAN);
        let of_echo = |role: &str| (cores(role) / cores("echo") * 100.0).round() / 100.0;
        let (level, neural) = (of_echo("level"), of_echo("neural"));
        row.insert("level_of_echo".into(), json!(level));
        row.insert("neural_of_echo".into(), json!(neural));
        eprintln!("{}", Value::Object(row.clone()));
        all.push(Value::Object(row));
    }
    let figures = json!({
        "bench": "audio", "seconds": seconds, "runs": runs, "by_streams": all,
        "goal": "500 streams: neural <= 1 core, level <= 0.45, p99 jitter <= 10 ms; 2000 <= 1 core (level)",
        "does_not_cover": "Asterisk, networks, recognisers and voices; who talks shares its core with nobody, and its own timer is in the jitter",
    });
    println!("{figures}");
}
