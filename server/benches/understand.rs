//! What the embedded chain understands of telephone speech (recogniser, then the rules of intents): phrases of its grammar, turns that
//! are in none, and requests never to be called again in forty wordings, spoken by six voices on a line with noise; and of sounds
//! that are no speech, of which nothing is to be understood (as if each had passed the detector of voice). For each
//! intent, voice and noise: right, unclear, wrong. `--noise 30,20,12` (signal to noise, dB), `--voices slt,rms`, `--misses`,
//! `--recognisers moonshine,pocketsphinx`.
//!
//! Both embedded recognisers hear the same sounds in one run; beside them stands the text itself given to the rules: what a
//! recogniser that never errs would reach.
//! Not covered: real people and telephones, accents, other languages.

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
#[path = "common/noises.rs"]
mod noises;

use dialdeck_protocol::Intent;
use dialdeck_server::domain::script::Script;
use dialdeck_server::voice::ear::Utterance;
use dialdeck_server::voice::intent;
use dialdeck_server::voice::phrases::{Phrases, plain};
use dialdeck_server::voice::recognise::Recogniser;
use dialdeck_testkit::speech::Speech;
use line::{moonshine, noisy, pocketsphinx, quiet, spoken};
use noises::{KINDS, noise};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;

#[derive(Clone)]
struct Turn {
    /// `grammar`, `outside`, `refusals`, or `noises`.
    set: &'static str,
    text: String,
    means: Intent,
    voice: String,
    noise: f64,
}

#[derive(Default, Clone, Copy)]
struct Score {
    right: u32,
    unclear: u32,
    wrong: u32,
}

impl Score {
    fn add(&mut self, means: Intent, heard: Intent) {
        if means == heard {
            self.right += 1;
        } else if heard == Intent::Unclear {
            self.unclear += 1;
        } else {
            self.wrong += 1;
        }
    }

    fn told(self) -> Value {
        let all = f64::from((self.right + self.unclear + self.wrong).max(1));
        let percent = |n: u32| (f64::from(n) / all * 1000.0).round() / 10.0;
        json!({ "turns": all, "right": percent(self.right), "unclear": percent(self.unclear), "wrong": percent(self.wrong) })
    }
}

/// Everything that is said: each phrase of the grammar by each voice, each other turn by two (a refusal by all), noise in turn.
fn turns(voices: &[String], noises: &[f64]) -> Vec<Turn> {
    let phrases = Phrases::of(&Script::default());
    let outside: BTreeMap<String, Vec<String>> =
        toml::from_str(include_str!("data/turns.toml")).expect("turns");
    let mut said: Vec<(&'static str, String, Intent, usize)> = Vec::new();
    for phrase in phrases.iter() {
        said.push(("grammar", phrase.to_owned(), phrases.intent(phrase).unwrap(), voices.len()));
    }
    for (name, texts) in outside {
        let means =
            Intent::ALL.iter().copied().find(|intent| intent.as_str() == name).unwrap_or(Intent::Unclear);
        let (set, by) = if means == Intent::DoNotCall {
            ("refusals", voices.len())
        } else {
            ("outside", 2.min(voices.len()))
        };
        said.extend(texts.into_iter().map(|text| (set, text, means, by)));
    }
    let mut turns = Vec::new();
    for (n, (set, text, means, by)) in said.into_iter().enumerate() {
        for k in 0..by {
            let voice = voices[(n + k * voices.len() / by) % voices.len()].clone();
            let noise = noises[(n + k) % noises.len()];
            turns.push(Turn { set, text: text.clone(), means, voice, noise });
        }
    }
    turns
}

#[tokio::main]
async fn main() {
    let list = |name: &str, usual: &str| -> Vec<String> {
        common::flag(name).unwrap_or_else(|| usual.into()).split(',').map(str::to_owned).collect()
    };
    let voices = list("voices", "slt,rms,awb,kal16,en-us,en-gb");
    let noises: Vec<f64> =
        list("noise", "30,20,12").iter().map(|db| db.parse().expect("--noise in dB")).collect();
    let misses = std::env::args().any(|a| a == "--misses");
    let programs = Speech::find().expect("speech programs");
    let named = list("recognisers", "moonshine,pocketsphinx");
    let phrases = Arc::new(Phrases::of(&Script::default()));
    let turns = turns(&voices, &noises);
    let mut random = StdRng::seed_from_u64(11);
    let sounds: Vec<Vec<i16>> = turns
        .iter()
        .map(|turn| {
            let mut samples = quiet(0.25);
            samples.extend(spoken(&programs, &turn.voice, &turn.text));
            samples.extend(quiet(0.25));
            noisy(&mut samples, turn.noise, &mut random);
            samples
        })
        .collect();
    let mut said: Vec<(Turn, Vec<i16>)> = turns.into_iter().zip(sounds).collect();
    for (kind, n) in KINDS.iter().flat_map(|kind| (0..12).map(move |n| (kind, n))) {
        let text = (*kind).to_owned();
        let turn = Turn { set: "noises", text, means: Intent::Unclear, voice: "none".into(), noise: 40.0 };
        let mut samples = noise(kind, n, &mut random);
        noisy(&mut samples, turn.noise, &mut random);
        said.push((turn, samples));
    }
    let mut figures = serde_json::Map::new();
    for name in named {
        let recogniser: Option<Arc<dyn Recogniser>> = match name.as_str() {
            "moonshine" => Some(moonshine().await),
            "pocketsphinx" => Some(pocketsphinx(&programs).await),
            _ => None,
        };
        let recogniser = recogniser.expect("--recognisers are moonshine and pocketsphinx");
        figures.insert(name, heard_by(recogniser, said.clone(), phrases.clone(), misses).await);
    }
    let texts = said.iter().fold(BTreeMap::<&str, Score>::new(), |mut texts, (turn, _)| {
        texts
            .entry(turn.set)
            .or_default()
            .add(turn.means, intent::detect(&plain(&turn.text), &phrases).intent);
        texts
    });
    let figures = json!({
        "bench": "understand", "utterances": said.len(),
        "of_the_text_itself": told(&texts),
        "heard": figures,
        "goal": "grammar: right >= 90, wrong <= 2; outside: wrong <= 5; refusals: obeyed or asked about in >= 95 (right: asked at once; unclear: told the key and the words that end all calls at once, asked whether to be taken off the list the second time; wrong: answered as something else)",
        "does_not_cover": "real people and telephones, accents, other languages",
    });
    println!("{figures}");
}

fn told<N: std::fmt::Display>(scores: &BTreeMap<N, Score>) -> Value {
    scores
        .iter()
        .map(|(name, score)| (name.to_string(), score.told()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// How often one recogniser is right.
async fn heard_by(
    recogniser: Arc<dyn Recogniser>,
    said: Vec<(Turn, Vec<i16>)>,
    phrases: Arc<Phrases>,
    misses: bool,
) -> Value {
    // What is made once for a script is made before anything is timed.
    let _ = recogniser.recognise(Utterance::Sound(vec![0; 4000]), &phrases).await;
    let work = Arc::new(Mutex::new(said));
    let tasks: Vec<_> = (0..2)
        .map(|_| {
            let (work, recogniser, phrases) = (work.clone(), recogniser.clone(), phrases.clone());
            tokio::spawn(async move {
                let mut done = Vec::new();
                loop {
                    let next = work.lock().unwrap().pop();
                    let Some((turn, sound)) = next else { return done };
                    let begun = Instant::now();
                    let heard = recogniser.recognise(Utterance::Sound(sound), &phrases).await;
                    let took = common::ms(begun.elapsed());
                    done.push((turn, heard.map(|heard| heard.text).unwrap_or_default(), took));
                }
            })
        })
        .collect();
    let mut by: BTreeMap<&str, BTreeMap<String, Score>> = BTreeMap::new();
    let mut sets = BTreeMap::<&str, Score>::new();
    let mut times: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for task in tasks {
        for (turn, text, took) in task.await.unwrap() {
            let heard = intent::detect(&text, &phrases).intent;
            if misses && heard != turn.means {
                println!(
                    "{:8} {:5} {:>2} dB {:16} {:16} {:?} {:?}",
                    turn.set, turn.voice, turn.noise, turn.means, heard, turn.text, text
                );
            }
            times.entry(turn.set).or_default().push(took);
            sets.entry(turn.set).or_default().add(turn.means, heard);
            let mut add = |what: &'static str, name: String| {
                by.entry(what).or_default().entry(name).or_default().add(turn.means, heard);
            };
            add("intent", format!("{} {}", turn.set, turn.means));
            add("voice", format!("{} {}", turn.set, turn.voice));
            add("noise", format!("{} {} dB", turn.set, turn.noise));
        }
    }
    let took = times
        .iter_mut()
        .map(|(set, all)| {
            let (half, most) = (common::quantile(all, 0.5).round(), common::quantile(all, 0.95).round());
            ((*set).to_owned(), json!({ "median": half, "p95": most }))
        })
        .collect::<serde_json::Map<_, _>>();
    json!({
        "percent": told(&sets),
        "recognition_ms_two_at_once": took,
        "by_voice": told(&by["voice"]), "by_noise": told(&by["noise"]), "by_intent": told(&by["intent"]),
    })
}
