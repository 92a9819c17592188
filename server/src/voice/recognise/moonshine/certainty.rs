//! What of an utterance's readings is taken for what was meant, and how likely it is: by what it sounds like, by whether a phrase of
//! the script fits as well as anything, by what the other readings mean. Pure.
//!
//! The weights are those of a logistic regression over 961 utterances of six synthetic voices on a telephone line with noise (510
//! phrases of the grammar, 451 turns that are in none), each meaning taken for right where it was, and over 450 noises and 64 turns in
//! other languages, with half the weight, in which no meaning is right: a model that was made to write words writes some for anything.

use crate::voice::intent;
use crate::voice::phrases::{Phrases, plain};
use crate::voice::recognise::embedded::logistic;
use dialdeck_protocol::Intent;

/// From this chance on a meaning is taken that the nearest phrase of the script has, and one that only other words have.
const SURE: f64 = 0.5;
const SURE_OF_WORDS: f64 = 0.88;
/// The same for a wish never to be called again: a conversation only asks back on it, and who is on hold is rather let go than kept.
const REFUSAL: f64 = 0.25;
/// Mean chance of a piece from which words that mean nothing to the rules are told as they were heard.
const WORDS: f64 = 0.3;
/// Quiet before and after an utterance, both together, in seconds.
const QUIET: f64 = 0.5;
/// What the model writes where nothing was said.
const NOTHING_SAID: [&str; 7] = ["you", "thank you", "oh", "huh", "uh", "i", "so"];
/// Readings that are looked at.
const READINGS: usize = 8;
/// Phrases that are looked at.
const NEAREST: usize = 6;

/// A sentence that may have been said.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reading {
    /// As it was written.
    pub text: String,
    /// Log chance of its sound.
    pub sound: f64,
    /// Weighed log chance of its words.
    pub words: f64,
    /// Its pieces, without the end.
    pub pieces: usize,
}

/// What was understood.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Understood {
    /// The words; empty where none are sure enough.
    pub text: String,
    /// How likely, 0–1.
    pub chance: f64,
}

impl Understood {
    /// With what came after it.
    pub(super) fn and(self, next: Self) -> Self {
        match (self.text.as_str(), next.text.as_str()) {
            ("", _) => next,
            (_, "") => self,
            (one, other) => Self { text: format!("{one} {other}"), chance: self.chance.min(next.chance) },
        }
    }
}

/// A reading with what it means.
struct Weighed<'a> {
    reading: &'a Reading,
    means: Intent,
}

/// What may have been meant, with what speaks for it.
struct Meaning {
    means: Intent,
    /// The words that would be told.
    text: String,
    /// What speaks for it.
    signs: [f64; SIGNS],
}

/// Signs of a meaning, and the one that the nearest phrase has it.
const SIGNS: usize = 14;
const NEAREST_HAS_IT: usize = 4;

const WEIGHTS: [f64; SIGNS] =
    [3.788, 0.537, 0.814, 1.025, -1.613, 0.479, 0.166, 1.047, 1.498, 0.264, 0.508, -2.275, 0.465, -0.153];
const CONSTANT: f64 = 0.64;

/// All that may have been meant. `free`: readings in any words, the best first; `listed`: phrases of the script, the best first;
/// `seconds`: how long the utterance is.
fn meanings(free: &[Reading], listed: &[Reading], seconds: f64, phrases: &Phrases) -> Vec<Meaning> {
    let weighed = |reading| Weighed { reading, means: meaning_of(reading, phrases) };
    let free: Vec<Weighed<'_>> = free.iter().take(READINGS).map(weighed).collect();
    let listed: Vec<Weighed<'_>> = listed.iter().take(NEAREST).map(weighed).collect();
    let (Some(best), Some(nearest)) = (free.first(), listed.first()) else { return Vec::new() };
    let total = |weighed: &Weighed| weighed.reading.sound + weighed.reading.words;
    let loudest = free.iter().map(|f| f.reading.sound).fold(f64::NEG_INFINITY, f64::max);
    let share_of = |means: Intent| {
        let weight = |weighed: &Weighed| (total(weighed) - total(best)).exp();
        let all: f64 = free.iter().map(weight).sum();
        free.iter().filter(|f| f.means == means).map(weight).sum::<f64>() / all
    };
    let farthest = listed.last().map_or(0.0, |l| l.reading.sound) - 1.0;
    let mut candidates: Vec<Intent> = free.iter().map(|f| f.means).chain([nearest.means]).collect();
    candidates.extend(listed.iter().map(|l| l.means).filter(|means| *means == Intent::DoNotCall));
    candidates.sort_unstable();
    candidates.dedup();
    candidates.retain(|means| *means != Intent::Unclear);
    let pieces = count(best.reading.pieces);
    // How long a piece of it takes: what is long and said in a word is hummed, or is no speech.
    let pace = ((seconds - QUIET).max(0.1) / (count(best.reading.pieces) + 1.0)).ln();
    let of = |means: Intent| {
        let found = free.iter().find(|f| f.means == means);
        let phrase = listed.iter().find(|l| l.means == means);
        let by_phrase = phrase.map_or(farthest, |l| l.reading.sound);
        let others = listed.iter().filter(|l| l.means != means).map(|l| l.reading.sound);
        let other = others.fold(f64::NEG_INFINITY, f64::max);
        let other = if other.is_finite() { other } else { farthest };
        let is_nearest = flag(nearest.means == means);
        let length = phrase.map_or(4.0, |l| count(l.reading.pieces) + 1.0);
        let words = |f: &Weighed| count(plain(&f.reading.text).split_whitespace().count());
        let signs = [
            share_of(means),
            found.map_or(0.0, |f| f.reading.sound / count(f.reading.pieces)),
            found.map_or(0.0, |f| f.reading.words / words(f)),
            found.map_or(0.0, |f| words(f).ln()),
            is_nearest,
            ((by_phrase - loudest) / pieces).clamp(-4.0, 2.0),
            (by_phrase - other).clamp(-8.0, 8.0),
            is_nearest * by_phrase / length,
            share_of(Intent::Unclear),
            loudest / pieces,
            flag(best.means == means) * is_nearest,
            is_nearest * (seconds.max(0.3) / length).ln(),
            pace,
            pace * pace,
        ];
        let text = found.or(phrase).map_or_else(String::new, |weighed| weighed.reading.text.clone());
        Meaning { means, text, signs }
    };
    candidates.into_iter().map(of).collect()
}

fn meaning_of(reading: &Reading, phrases: &Phrases) -> Intent {
    intent::detect(&reading.text, phrases).intent
}

fn flag(is: bool) -> f64 {
    if is { 1.0 } else { 0.0 }
}

#[allow(clippy::cast_precision_loss, reason = "a turn has some hundred pieces")]
fn count(n: usize) -> f64 {
    n.max(1) as f64
}

fn chance(meaning: &Meaning) -> f64 {
    let sum: f64 = WEIGHTS.iter().zip(&meaning.signs).map(|(weight, sign)| weight * sign).sum();
    logistic(CONSTANT + sum)
}

/// What is taken for said.
pub(super) fn understand(
    free: &[Reading],
    listed: &[Reading],
    seconds: f64,
    phrases: &Phrases,
) -> Understood {
    let mut meanings: Vec<(f64, Meaning)> = meanings(free, listed, seconds, phrases)
        .into_iter()
        .map(|meaning| (chance(&meaning), meaning))
        .collect();
    meanings.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let refusal = meanings.iter().find(|(chance, m)| m.means == Intent::DoNotCall && *chance >= REFUSAL);
    let is_sure = |(chance, meaning): &&(f64, Meaning)| {
        *chance >= if meaning.signs[NEAREST_HAS_IT] > 0.0 { SURE } else { SURE_OF_WORDS }
    };
    let taken = refusal.or_else(|| meanings.first().filter(is_sure));
    if let Some((chance, meaning)) = taken {
        return Understood { text: meaning.text.clone(), chance: *chance };
    }
    // Words without a meaning to the rules: a name, a number, an answer for somebody who reads.
    let nothing = Understood { text: String::new(), chance: 0.0 };
    let Some(best) = free.first() else { return nothing };
    let clear = (best.sound / count(best.pieces)).exp();
    // Without a phrase to hold it against nothing was weighed: a refusal is not lost for that.
    let refuses = |reading: &&Reading| meaning_of(reading, phrases) == Intent::DoNotCall;
    if let (true, Some(refusal)) = (listed.is_empty(), free.iter().take(READINGS).find(refuses)) {
        return Understood { text: refusal.text.clone(), chance: REFUSAL };
    }
    let is_nothing = clear < WORDS || NOTHING_SAID.contains(&plain(&best.text).as_str());
    if is_nothing || meaning_of(best, phrases) != Intent::Unclear {
        return nothing;
    }
    Understood { text: best.text.clone(), chance: clear }
}

#[cfg(test)]
mod tests {
    use super::{Reading, Understood, understand};
    use crate::domain::script::Script;
    use crate::voice::phrases::Phrases;

    fn reading(text: &str, sound: f64, words: f64, pieces: usize) -> Reading {
        Reading { text: text.into(), sound, words, pieces }
    }

    fn understood(free: &[Reading], listed: &[Reading]) -> String {
        understand(free, listed, 1.8, &Phrases::of(&Script::default())).text
    }

    #[test]
    fn a_phrase_that_sounds_as_well_as_any_words_is_taken_as_it_was_written() {
        let free = [reading("Yes, I am interested.", -1.7, -2.1, 7)];
        let listed = [reading("yes i am interested", -3.2, 0.0, 6), reading("no", -12.0, 0.0, 2)];
        assert_eq!(understood(&free, &listed), "Yes, I am interested.");
    }

    #[test]
    fn what_was_heard_part_by_part_is_told_whole_and_is_as_sure_as_its_least_sure_part() {
        let part = |text: &str, chance| Understood { text: text.into(), chance };
        let whole = Understood::default().and(part("Stop calling me.", 0.4)).and(part("", 0.0));
        assert_eq!(whole, part("Stop calling me.", 0.4));
        assert_eq!(whole.and(part("Yes.", 0.9)), part("Stop calling me. Yes.", 0.4));
    }

    #[test]
    fn words_that_neither_rules_nor_phrases_know_are_told_where_they_were_clear() {
        let listed = [reading("no", -30.0, 0.0, 2), reading("yes", -31.0, 0.0, 2)];
        let clear = [reading("My cousin Rosamund lives in Springfield.", -3.0, -12.0, 11)];
        assert_eq!(understood(&clear, &listed), "My cousin Rosamund lives in Springfield.");
        let faint = [reading("My cousin Rosamund lives in Springfield.", -30.0, -12.0, 11)];
        assert_eq!(understood(&faint, &listed), "");
        assert_eq!(understood(&[], &listed), "");
    }

    #[test]
    fn a_refusal_is_taken_on_less_than_anything_else() {
        let listed = [reading("no", -9.0, 0.0, 2), reading("stop calling me", -10.0, 0.0, 4)];
        let among = |other: &str| {
            let free = [reading("Top falling sea.", -6.0, -6.0, 6), reading(other, -6.2, -5.9, 5)];
            understood(&free, &listed)
        };
        assert_eq!(among("Stop calling me."), "Stop calling me.");
        assert_ne!(among("How does it work?"), "How does it work?");
        let alone = [reading("Please stop calling me.", -3.0, -4.0, 6)];
        assert_eq!(understood(&alone, &[]), "Please stop calling me.");
    }
}
