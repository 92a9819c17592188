//! `dialdeckd understand`: right, unclear and wrong per label, on turns that no phrase was made from.

use crate::domain::script::Script;
use crate::voice::dialogue::emotion;
use crate::voice::intent;
use crate::voice::phrases::Phrases;
use color_eyre::eyre::{Result, WrapErr};
use dialdeck_protocol::{Emotion, Intent};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

#[derive(Deserialize)]
struct Turn {
    text: String,
    intent: Intent,
    emotion: Emotion,
}

#[derive(Default, Clone, Copy)]
struct Score {
    right: u32,
    unclear: u32,
    wrong: u32,
}

impl Score {
    fn total(self) -> u32 {
        self.right + self.unclear + self.wrong
    }
}

pub(super) fn run(turns: Option<&Path>, misses: bool) -> Result<()> {
    let text = match turns {
        Some(path) => {
            std::fs::read_to_string(path).wrap_err_with(|| format!("cannot read {}", path.display()))?
        }
        None => include_str!("../../data/turns.csv").to_owned(),
    };
    let turns: Vec<Turn> = csv::Reader::from_reader(text.as_bytes())
        .deserialize()
        .collect::<Result<_, _>>()
        .wrap_err("turns need the columns text, intent, emotion, with words of the vocabulary")?;
    let phrases = Phrases::of(&Script::default());
    let (mut intents, mut emotions) = (BTreeMap::<Intent, Score>::new(), BTreeMap::<Emotion, Score>::new());
    for turn in &turns {
        let meant = intent::detect(&turn.text, &phrases).intent;
        let score = intents.entry(turn.intent).or_default();
        if meant == turn.intent {
            score.right += 1;
        } else if meant == Intent::Unclear {
            score.unclear += 1;
        } else {
            score.wrong += 1;
        }
        if misses && meant != turn.intent {
            println!("{:<16} heard as {:<16} {}", turn.intent, meant, turn.text);
        }
        let felt = emotion::detect(&turn.text);
        let score = emotions.entry(turn.emotion).or_default();
        if felt == turn.emotion {
            score.right += 1;
        } else if felt == Emotion::Neutral {
            score.unclear += 1;
        } else {
            score.wrong += 1;
        }
    }
    print("intent", "unclear", intents.iter().map(|(intent, score)| (intent.as_str(), *score)));
    println!();
    print("emotion", "neutral", emotions.iter().map(|(emotion, score)| (emotion.as_str(), *score)));
    Ok(())
}

fn print<'a>(what: &str, middle: &str, rows: impl Iterator<Item = (&'a str, Score)>) {
    println!("{what:<18} {:>5} {:>6} {middle:>8} {:>6}", "turns", "right", "wrong");
    let mut all = Score::default();
    for (name, score) in rows {
        line(name, score);
        all.right += score.right;
        all.unclear += score.unclear;
        all.wrong += score.wrong;
    }
    line("all", all);
    let share = |n: u32| 100.0 * f64::from(n) / f64::from(all.total().max(1));
    println!(
        "{:<18} {:>5} {:>5.1}% {:>7.1}% {:>5.1}%",
        "",
        "",
        share(all.right),
        share(all.unclear),
        share(all.wrong)
    );
}

fn line(name: &str, score: Score) {
    println!("{name:<18} {:>5} {:>6} {:>8} {:>6}", score.total(), score.right, score.unclear, score.wrong);
}
