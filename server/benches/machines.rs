//! Who picked up: persons, answering machines, menus and screening services, spoken by several voices over a telephone line with
//! noise, and told apart by the very parts that a call has: voice detection, tone detection, the embedded recogniser, the words.
//! Prints the confusion matrix, how soon it is known, and how far from its end a machine's tone is located.
//! `--count N` (greetings), `--noise DB` (signal to noise, several allowed by comma).
//!
//! The peer in the same run is what VICIdial's and Asterisk's AMD go by, lengths alone, with its default lengths.
//! Not covered: real recordings, other languages, and that a call speaks itself meanwhile.

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

use dialdeck_server::domain::script::Script;
use dialdeck_server::voice::detector::Detection;
use dialdeck_server::voice::ear::{Ear, Noticed};
use dialdeck_server::voice::intent;
use dialdeck_server::voice::machine::{Answerer, Kind};
use dialdeck_server::voice::media::Frame;
use dialdeck_server::voice::phrases::{Phrases, plain};
use dialdeck_server::voice::recognise::Recogniser;
use dialdeck_server::voice::timing::Timing;
use dialdeck_testkit::speech::Speech;
use line::{RATE, noisy, pocketsphinx, quiet, spoken};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::f64::consts::TAU;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a flite or espeak-ng voice speaks with.
const VOICES: [&str; 6] = ["slt", "rms", "awb", "kal16", "en-us", "en-gb"];

#[derive(Deserialize)]
struct Greetings {
    person: Vec<String>,
    machine: Vec<String>,
    menu: Vec<String>,
    screening: Vec<String>,
}

struct Greeting {
    kind: &'static str,
    samples: Vec<i16>,
    /// Where a machine's tone is over, in seconds.
    tone: Option<f64>,
}

fn greeting(
    speech: &Speech,
    (kind, text): (&'static str, &str),
    voice: &str,
    noise_db: f64,
    random: &mut StdRng,
) -> Greeting {
    let mut samples = quiet(random.random_range(0.1..0.8));
    for (n, part) in text.split('|').enumerate() {
        if n > 0 {
            samples.extend(quiet(random.random_range(0.25..0.9)));
        }
        samples.extend(spoken(speech, voice, part.trim()));
    }
    let mut tone = None;
    if kind == "machine" {
        samples.extend(quiet(random.random_range(0.2..1.5)));
        let (hz, seconds) = (random.random_range(480.0..1900.0), random.random_range(0.18..0.9));
        let loud: f64 = random.random_range(1500.0..9000.0);
        samples.extend(
            (0..(seconds * RATE) as u32).map(|n| (loud * (TAU * hz * f64::from(n) / RATE).sin()) as i16),
        );
        tone = Some(samples.len() as f64 / RATE);
    }
    samples.extend(quiet(4.0));
    noisy(&mut samples, noise_db, random);
    Greeting { kind, samples, tone }
}

struct Verdict {
    kind: &'static str,
    /// Seconds after the answer.
    after: f64,
    /// Seconds between the tone's end and where it was located.
    tone_error: Option<f64>,
    /// What lengths alone say.
    by_length: &'static str,
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Machine => "machine",
        Kind::Menu => "menu",
        Kind::Screening => "screening",
    }
}

/// Asterisk's AMD with its defaults: 2.5 s of first silence, a greeting of 1.5 s, 0.8 s of silence after it, 5 s in all, four
/// words of 100 ms with 50 ms between them.
struct Lengths {
    voice_ms: u32,
    silence_ms: u32,
    words: u32,
    at_ms: u32,
    verdict: Option<&'static str>,
}

impl Lengths {
    fn take(&mut self, voiced: bool) {
        if self.verdict.is_some() {
            return;
        }
        self.at_ms += 20;
        if voiced {
            if self.silence_ms >= 50 || self.at_ms == 20 {
                self.words += 1;
            }
            (self.voice_ms, self.silence_ms) = (self.voice_ms + 20, 0);
        } else {
            self.silence_ms += 20;
        }
        let silent = self.words == 0 && self.at_ms >= 2500;
        let talks = self.words >= 4 || self.voice_ms >= 1500;
        let waits = self.words > 0 && self.silence_ms >= 800;
        self.verdict = if silent || talks {
            Some("machine")
        } else if waits {
            Some("person")
        } else {
            (self.at_ms >= 5000).then_some("machine")
        };
    }
}

async fn judge(greeting: &Greeting, recogniser: &dyn Recogniser, phrases: &Phrases) -> Verdict {
    let (timing, start) = (Timing::default(), Instant::now());
    let (mut ear, mut answerer) =
        (Ear::new(timing, Detection::Neural), Answerer::new(start, timing.machine, timing.word));
    let mut lengths = Lengths { voice_ms: 0, silence_ms: 0, words: 0, at_ms: 0, verdict: None };
    let (mut found, mut beeped) = (None, None);
    for (n, samples) in greeting.samples.chunks(160).enumerate() {
        let now = start + Duration::from_millis(20) * u32::try_from(n + 1).unwrap();
        let at = now.duration_since(start).as_secs_f64();
        let frame = Frame::Sound(samples.to_vec());
        ear.take(frame.clone(), now);
        let voiced = ear.last_voice() == Some(now);
        answerer.take(&frame, voiced, now);
        lengths.take(voiced);
        if beeped.is_none() {
            beeped = answerer.beeped().map(|_| at);
        }
        if found.is_none() && answerer.is_machine(ear.began(), ear.speaking_for(), now) {
            found = Some((Kind::Machine, at));
        }
        if let Some(Noticed::Ended { utterance, .. }) = ear.beat(now) {
            let heard = recogniser.recognise(utterance, phrases).await;
            let text = plain(&heard.map(|heard| heard.text).unwrap_or_default());
            let told = Kind::of(intent::detect(&text, phrases).intent, &text);
            // What words tell is more than what lengths do.
            if let Some(kind) =
                told.filter(|kind| found.is_none_or(|(before, _)| *kind != before && before == Kind::Machine))
            {
                found = Some((kind, found.map_or(at, |(_, before)| before)));
            }
        }
    }
    Verdict {
        kind: found.map_or("person", |(kind, _)| name(kind)),
        after: found.map_or(0.0, |(_, at)| at),
        tone_error: greeting.tone.map(|tone| beeped.map_or(f64::INFINITY, |at| at - tone)),
        by_length: lengths.verdict.unwrap_or("person"),
    }
}

/// As many greetings as are wanted: half are persons', a quarter machines'.
fn greetings(speech: &Speech, count: usize, noises: &[f64]) -> Vec<(&'static str, f64, Greeting)> {
    let all: Greetings = toml::from_str(include_str!("data/greetings.toml")).expect("greetings");
    let kinds =
        [("person", all.person), ("machine", all.machine), ("menu", all.menu), ("screening", all.screening)];
    let mut random = StdRng::seed_from_u64(7);
    let mut greetings = Vec::new();
    for (kind, texts) in &kinds {
        let share = count
            * match *kind {
                "person" => 50,
                "machine" => 26,
                "menu" => 12,
                _ => 12,
            }
            / 100;
        for n in 0..share {
            let voice = VOICES[(n / texts.len() + n) % VOICES.len()];
            let noise = noises[n % noises.len()];
            let text = (*kind, texts[n % texts.len()].as_str());
            greetings.push((voice, noise, greeting(speech, text, voice, noise, &mut random)));
        }
    }
    greetings
}

#[tokio::main]
async fn main() {
    let count: usize =
        common::flag("count").unwrap_or_else(|| "240".into()).parse().expect("--count is a number");
    let noises: Vec<f64> = common::flag("noise")
        .unwrap_or_else(|| "30,20,12".into())
        .split(',')
        .map(|db| db.parse().expect("--noise in dB"))
        .collect();
    let speech = Speech::find().expect("speech programs");
    let recogniser = pocketsphinx(&speech).await;
    let phrases = Arc::new(Phrases::of(&Script::default()));
    let greetings = greetings(&speech, count, &noises);
    let total = greetings.len();
    let work = Arc::new(std::sync::Mutex::new(greetings));
    let tasks: Vec<_> = (0..2)
        .map(|_| {
            let (work, recogniser, phrases) = (work.clone(), recogniser.clone(), phrases.clone());
            tokio::spawn(async move {
                let mut done = Vec::new();
                loop {
                    let Some((voice, noise, greeting)) = work.lock().unwrap().pop() else { return done };
                    let verdict = judge(&greeting, recogniser.as_ref(), &phrases).await;
                    done.push((greeting.kind, voice, noise, verdict));
                }
            })
        })
        .collect();
    let mut matrix: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    let mut lengths: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    let mut wrong: BTreeMap<String, u32> = BTreeMap::new();
    let (mut after, mut tones, mut missed) = (Vec::new(), Vec::new(), 0u32);
    for task in tasks {
        for (kind, voice, noise, verdict) in task.await.unwrap() {
            *matrix.entry((kind, verdict.kind)).or_default() += 1;
            *lengths.entry((kind, verdict.by_length)).or_default() += 1;
            if kind == "person" && verdict.kind != "person" {
                *wrong.entry(format!("{voice} {noise} dB")).or_default() += 1;
            }
            if kind == "machine" && verdict.kind == "machine" {
                after.push(verdict.after);
            }
            match verdict.tone_error {
                Some(error) if error.is_finite() => tones.push(error.abs()),
                Some(_) => missed += 1,
                None => {}
            }
        }
    }
    let names = ["person", "machine", "menu", "screening"];
    println!("{:>10} {}", "is \\ told", names.map(|name| format!("{name:>10}")).concat());
    let row = |matrix: &BTreeMap<(&str, &str), u32>, kind: &str| -> Vec<u32> {
        names.iter().map(|told| matrix.get(&(kind, *told)).copied().unwrap_or(0)).collect()
    };
    for kind in names {
        print!("{kind:>10} ");
        for cell in row(&matrix, kind) {
            print!("{cell:>10}");
        }
        println!();
    }
    let share = |matrix: &BTreeMap<(&str, &str), u32>, kind: &str, told: &dyn Fn(&str) -> bool| -> f64 {
        let all: u32 = row(matrix, kind).iter().sum();
        let some: u32 =
            names.iter().zip(row(matrix, kind)).filter(|(name, _)| told(name)).map(|(_, n)| n).sum();
        (f64::from(some) / f64::from(all.max(1)) * 10_000.0).round() / 100.0
    };
    let not_person = |told: &str| told != "person";
    let located = tones.iter().filter(|error| **error <= 0.2).count();
    let figures = json!({
        "bench": "machines",
        "greetings": total,
        "matrix": names.map(|kind| json!({ "is": kind, "told": row(&matrix, kind) })),
        "person_called_machine_percent": share(&matrix, "person", &not_person),
        "machine_found_percent": share(&matrix, "machine", &not_person),
        "menu_found_percent": share(&matrix, "menu", &not_person),
        "screening_found_percent": share(&matrix, "screening", &not_person),
        "wrong_persons": wrong,
        "machine_known_after_s": { "median": common::quantile(&mut after, 0.5), "p95": common::quantile(&mut after, 0.95) },
        "tone_within_200_ms_percent": (located as f64 / (tones.len() as f64 + f64::from(missed)).max(1.0) * 1000.0).round() / 10.0,
        "tone_error_ms": { "median": (common::quantile(&mut tones, 0.5) * 1000.0).round(), "p95": (common::quantile(&mut tones, 0.95) * 1000.0).round() },
        "tones_missed": missed,
        "by_length_alone": {
            "person_called_machine_percent": share(&lengths, "person", &not_person),
            "machine_found_percent": share(&lengths, "machine", &not_person),
        },
        "does_not_cover": "real recordings, other languages, our own voice over the greeting",
    });
    println!("{figures}");
}
