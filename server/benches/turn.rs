//! A turn of conversation: what of it is our own with providers that take no time, at 1, 50 and 500 conversations at once; how soon we
//! fall silent when the person speaks; and, with the embedded recogniser and voice, from the end of speech to the first sound of the
//! answer. `--conversations 1,50,500`, `--seconds N` (of each).
//!
//! The floor in the same run is a loop that only echoes the same frames: what timers and channels cost by themselves.
//! Not covered: the network to providers, Asterisk's own buffers (the tests measure barge-in there).

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
use dialdeck_server::voice::conversation::{Providers, Report, converse};
use dialdeck_server::voice::detector::Detection;
use dialdeck_server::voice::dialogue::Dialogue;
use dialdeck_server::voice::media::{FRAME_SAMPLES, Frame, Media, SPOKEN_AHEAD};
use dialdeck_server::voice::recognise::Recogniser;
use dialdeck_server::voice::synthesise::command::{CommandSynthesiser, Engine};
use dialdeck_testkit::speech::Speech;
use serde_json::{Value, json};
use speaking::{Nobody, at_once};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

const FRAME: Duration = Duration::from_millis(20);
/// Silent frames after which we are taken to have said all. Between two sentences of the opening there are fewer: who speaks there
/// would speak over the rest of it, which no "yes please" cuts short.
const OVER: u32 = 60;

fn loud(frame: &Frame) -> bool {
    matches!(frame, Frame::Sound(samples) if samples.iter().any(|s| s.unsigned_abs() > 200))
}

/// A person who says the same thing whenever we have fallen silent; every other time over our words, a moment after we began.
/// Gives how long it took us to fall silent after each of those began.
async fn person(
    speech: Arc<Vec<i16>>,
    to_us: mpsc::Sender<Frame>,
    mut from_us: mpsc::Receiver<Frame>,
    end: CancellationToken,
) -> Vec<f64> {
    let mut beat = tokio::time::interval(FRAME);
    beat.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let (mut at, mut ours, mut quiet, mut turns) = (None::<usize>, 0u32, 0u32, 0u32);
    let (mut interrupted, mut took, mut answered) = (None::<Instant>, Vec::new(), false);
    loop {
        tokio::select! {
            () = end.cancelled() => return took,
            frame = from_us.recv() => {
                let Some(frame) = frame else { return took };
                if loud(&frame) {
                    (ours, quiet) = (ours + 1, 0);
                    answered |= at.is_none();
                } else {
                    quiet += 1;
                    // Two silent frames are no gap between two words.
                    if quiet == 2 {
                        ours = 0;
                        took.extend(interrupted.take().map(|since| since.elapsed().as_secs_f64() * 1000.0 - 20.0));
                    }
                }
            }
            _ = beat.tick() => {
                let interrupts = turns % 2 == 1 && ours > 15;
                // Not once more before we have answered.
                if at.is_none() && answered && (quiet > OVER || interrupts) {
                    answered = false;
                    interrupted = interrupts.then(Instant::now);
                    (at, turns) = (Some(0), turns + 1);
                }
                let mut samples = vec![0; FRAME_SAMPLES];
                if let Some(from) = at {
                    let to = (from + FRAME_SAMPLES).min(speech.len());
                    samples[..to - from].copy_from_slice(&speech[from..to]);
                    at = (to < speech.len()).then_some(to);
                }
                if to_us.send(Frame::Sound(samples)).await.is_err() {
                    return took;
                }
            }
        }
    }
}

async fn talk(providers: Providers, speech: Arc<Vec<i16>>, seconds: u64) -> (Report, Vec<f64>) {
    let who = NewContact::numbered(Phone::from_e164("+13125550142").unwrap());
    let (to_us, heard) = mpsc::channel(64);
    let (spoken, from_us) = mpsc::channel(SPOKEN_AHEAD);
    let end = CancellationToken::new();
    let mut media = Media::over(heard, spoken, false);
    let dialogue = Dialogue::new(Script::default(), &who);
    let person = tokio::spawn(person(speech, to_us, from_us, end.clone()));
    let stop = end.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        stop.cancel();
    });
    let report = converse(&mut media, dialogue, None, providers, &Nobody, end).await;
    drop(media);
    (report, person.await.unwrap())
}

/// What only echoes the frames costs.
async fn echo(conversations: usize, seconds: u64) -> f64 {
    let before = common::cpu_seconds(std::process::id());
    let tasks: Vec<_> = (0..conversations)
        .map(|_| {
            tokio::spawn(async move {
                let (to, mut from) = mpsc::channel(64);
                let until = Instant::now() + Duration::from_secs(seconds);
                let mut beat = tokio::time::interval(FRAME);
                while Instant::now() < until {
                    beat.tick().await;
                    let _ = to.send(Frame::Sound(vec![0; FRAME_SAMPLES])).await;
                    let _ = from.recv().await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    (common::cpu_seconds(std::process::id()) - before) / seconds as f64
}

async fn crowd(providers: &Providers, speech: &Arc<Vec<i16>>, conversations: usize, seconds: u64) -> Value {
    let before = common::cpu_seconds(std::process::id());
    let begun = Instant::now();
    let mut tasks = Vec::new();
    for n in 0..conversations {
        let (providers, speech) = (providers.clone(), speech.clone());
        tasks.push(tokio::spawn(async move {
            // They do not all speak at the same moment.
            tokio::time::sleep(Duration::from_millis(n as u64 * 1000 / conversations as u64 * 3)).await;
            let (mut exchanges, mut took) = (Vec::new(), Vec::new());
            let until = Instant::now() + Duration::from_secs(seconds);
            while Instant::now() < until {
                let left = until.duration_since(Instant::now()).as_secs().max(1);
                let (report, silences) = talk(providers.clone(), speech.clone(), left).await;
                exchanges.extend(report.exchanges);
                took.extend(silences);
            }
            (exchanges, took)
        }));
    }
    let (mut overhead, mut total, mut silence) = (Vec::new(), Vec::new(), Vec::new());
    for task in tasks {
        let (exchanges, took) = task.await.unwrap();
        silence.extend(took);
        for exchange in exchanges.iter().filter(|exchange| exchange.latency.total_ms > 0) {
            overhead.push(f64::from(exchange.latency.overhead_ms()));
            total.push(f64::from(exchange.latency.total_ms));
        }
    }
    let cores = (common::cpu_seconds(std::process::id()) - before) / begun.elapsed().as_secs_f64();
    let spread = |all: &mut Vec<f64>| json!({ "median": common::quantile(all, 0.5), "p95": common::quantile(all, 0.95), "most": common::quantile(all, 1.0) });
    json!({
        "conversations": conversations, "turns": total.len(),
        "overhead_ms": spread(&mut overhead), "end_of_speech_to_first_sound_ms": spread(&mut total),
        "interruptions": silence.len(), "speech_to_silence_ms": spread(&mut silence),
        "cores": (cores * 100.0).round() / 100.0,
        "cores_of_echo": (echo(conversations, 5).await * 100.0).round() / 100.0,
    })
}

#[tokio::main]
async fn main() {
    let seconds: u64 =
        common::flag("seconds").unwrap_or_else(|| "20".into()).parse().expect("--seconds is a number");
    let crowds = common::flag("conversations").unwrap_or_else(|| "1,50,500".into());
    let programs = Speech::find().expect("speech programs");
    let speech = Arc::new(line::spoken(&programs, "rms", "yes please"));
    let providers = at_once(Detection::Neural);
    let mut all = Vec::new();
    for conversations in crowds.split(',').map(|n| n.parse().expect("--conversations are numbers")) {
        let figures = crowd(&providers, &speech, conversations, seconds).await;
        eprintln!("{figures}");
        all.push(figures);
    }
    let mut embedded = serde_json::Map::new();
    let recognisers: [(&str, Arc<dyn Recogniser>); 2] =
        [("moonshine", line::moonshine().await), ("pocketsphinx", line::pocketsphinx(&programs).await)];
    for (name, recogniser) in recognisers {
        let synthesiser = Arc::new(CommandSynthesiser::new(Engine::Flite, programs.program("flite")));
        let providers = Providers { recogniser, synthesiser, ..providers.clone() };
        embedded.insert(name.into(), crowd(&providers, &speech, 1, seconds * 3).await);
    }
    let figures = json!({
        "bench": "turn", "seconds": seconds, "at_once": all, "embedded": embedded,
        "does_not_cover": "networks to providers, Asterisk's buffers",
    });
    println!("{figures}");
}
