//! Which words follow which in what people say to a caller: a model of three words at a time, made from sentences and a script's
//! phrases. Pure.

use super::super::phrases::plain;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// What people say, a turn a line; lines that begin with # are none.
const SENTENCES: &str = include_str!("../../../data/sentences.txt");
/// How often a phrase of the script counts beside a sentence.
const PHRASE: f64 = 6.0;
/// What is taken from each count and given to what was never seen (absolute discounting).
const DISCOUNT: f64 = 0.6;
/// Words of an entry, at most.
const ORDER: usize = 3;
/// Chance of a word that the model does not know.
const RARE: f64 = 1e-6;

const BEGIN: &str = "<s>";
const END: &str = "</s>";

/// A word of the model, or [`UNKNOWN`].
pub(super) type Word = u32;
/// A word that it does not know.
pub(super) const UNKNOWN: Word = Word::MAX;

/// The sentences, in plain form.
pub(super) fn sentences() -> Vec<String> {
    SENTENCES.lines().filter(|line| !line.starts_with('#')).map(plain).collect()
}

/// How often a row of words was seen, and what follows it.
#[derive(Default)]
struct Context {
    followed: f64,
    kinds: f64,
}

impl Context {
    /// What is left for words that were never seen after it.
    fn left(&self) -> f64 {
        DISCOUNT * self.kinds / self.followed
    }
}

/// The model.
pub(super) struct Model {
    /// Its words in alphabetical order; the place is the word's number.
    words: Vec<String>,
    /// The chance of the last word after those before it.
    chances: [BTreeMap<Vec<Word>, f64>; ORDER],
    /// What is left for words that were never seen after these.
    backing: BTreeMap<Vec<Word>, f64>,
}

impl Model {
    /// Of sentences and phrases, both in plain form.
    pub(super) fn of(sentences: &[&str], phrases: &[&str]) -> Self {
        let weighed = sentences.iter().map(|text| (1.0, *text));
        let rows: Vec<(f64, Vec<&str>)> = weighed
            .chain(phrases.iter().map(|text| (PHRASE, *text)))
            .map(|(weight, text)| (weight, [BEGIN].into_iter().chain(text.split(' ')).chain([END]).collect()))
            .collect();
        let words: BTreeSet<&str> =
            rows.iter().flat_map(|(_, row)| row.iter().copied()).chain([BEGIN, END]).collect();
        let words: Vec<String> = words.into_iter().map(str::to_owned).collect();
        let number = |word: &str| number(&words, word);
        let mut counts: [BTreeMap<Vec<Word>, f64>; ORDER] = Default::default();
        for (weight, row) in &rows {
            let row: Vec<Word> = row.iter().map(|word| number(word)).collect();
            for (n, counts) in counts.iter_mut().enumerate() {
                // How often a sentence begins says nothing of the word that is no word.
                for entry in row.windows(n + 1).skip(usize::from(n == 0)) {
                    *counts.entry(entry.to_vec()).or_default() += weight;
                }
            }
        }
        let mut contexts: BTreeMap<Vec<Word>, Context> = BTreeMap::new();
        for (entry, count) in counts[1..].iter().flatten() {
            let context = contexts.entry(entry[..entry.len() - 1].to_vec()).or_default();
            context.followed += count;
            context.kinds += 1.0;
        }
        let backing: BTreeMap<Vec<Word>, f64> =
            contexts.iter().map(|(row, context)| (row.clone(), context.left())).collect();
        let all: f64 = counts[0].values().sum();
        #[allow(clippy::cast_precision_loss, reason = "some thousand words")]
        let (kinds, known) = (counts[0].len() as f64, (words.len() - 1) as f64);
        let mut chances: [BTreeMap<Vec<Word>, f64>; ORDER] = Default::default();
        for (entry, count) in &counts[0] {
            let chance = ((count - DISCOUNT).max(0.0) + DISCOUNT * kinds / known) / all;
            chances[0].insert(entry.clone(), chance);
        }
        for n in 1..ORDER {
            for (entry, count) in &counts[n] {
                let Some(context) = contexts.get(&entry[..n]) else { continue };
                // What ends a row that was seen was seen too.
                let shorter = chances[n - 1].get(&entry[1..]).copied().unwrap_or(0.0);
                let chance = (count - DISCOUNT).max(0.0) / context.followed + context.left() * shorter;
                chances[n].insert(entry.clone(), chance);
            }
        }
        Self { words, chances, backing }
    }

    /// A word's number.
    pub(super) fn word(&self, word: &str) -> Word {
        number(&self.words, word)
    }

    /// What stands before the first word.
    pub(super) fn begin(&self) -> [Word; ORDER - 1] {
        [UNKNOWN, self.word(BEGIN)]
    }

    /// What stands after the last one.
    pub(super) fn end(&self) -> Word {
        self.word(END)
    }

    /// Log chance of a word after two others.
    pub(super) fn chance(&self, [before, last]: [Word; ORDER - 1], word: Word) -> f64 {
        self.of_entry(&[before, last, word]).ln()
    }

    fn of_entry(&self, entry: &[Word]) -> f64 {
        let n = entry.len() - 1;
        if let Some(chance) = self.chances[n].get(entry) {
            return *chance;
        }
        if n == 0 {
            return RARE;
        }
        self.backing.get(&entry[..n]).copied().unwrap_or(1.0) * self.of_entry(&entry[1..])
    }

    /// As the ARPA file that decoders read.
    pub(super) fn arpa(&self) -> String {
        let mut text = String::from("\\data\\\n");
        for (n, chances) in self.chances.iter().enumerate() {
            let _ = writeln!(text, "ngram {}={}", n + 1, chances.len() + usize::from(n == 0));
        }
        let back = |entry: &[Word]| self.backing.get(entry).map_or(0.0, |left| left.log10());
        let spelled = |entry: &[Word]| {
            let words: Vec<&str> =
                entry.iter().map(|word| self.words.get(*word as usize).map_or("", String::as_str)).collect();
            words.join(" ")
        };
        for (n, chances) in self.chances.iter().enumerate() {
            let _ = write!(text, "\n\\{}-grams:\n", n + 1);
            if n == 0 {
                let _ = writeln!(text, "-99.0\t{BEGIN}\t{:.4}", back(&[self.word(BEGIN)]));
            }
            for (entry, chance) in chances {
                let _ = write!(text, "{:.4}\t{}", chance.log10(), spelled(entry));
                if n + 1 < ORDER {
                    let _ = write!(text, "\t{:.4}", back(entry));
                }
                text.push('\n');
            }
        }
        text.push_str("\n\\end\\\n");
        text
    }
}

fn number(words: &[String], word: &str) -> Word {
    let found = words.binary_search_by(|known| known.as_str().cmp(word));
    found.ok().and_then(|place| Word::try_from(place).ok()).unwrap_or(UNKNOWN)
}

#[cfg(test)]
mod tests {
    use super::{Model, UNKNOWN};
    use std::collections::BTreeMap;

    fn entries(text: &str) -> BTreeMap<String, (f64, f64)> {
        let rows = text.lines().filter_map(|line| {
            let mut parts = line.split('\t');
            let chance = 10f64.powf(parts.next()?.parse().ok()?);
            let (words, back) = (parts.next()?, parts.next().unwrap_or("0"));
            Some((words.to_owned(), (chance, 10f64.powf(back.parse().ok()?))))
        });
        rows.collect()
    }

    #[test]
    fn chances_of_what_may_follow_add_up_to_one() {
        let model = Model::of(&["stop calling me", "stop it", "call me", "call me back"], &[]);
        let text = model.arpa();
        assert!(text.starts_with("\\data\\\nngram 1=8\n"), "{text}");
        let entries = entries(&text);
        let words: Vec<&String> = entries.keys().filter(|w| !w.contains(' ') && *w != "<s>").collect();
        let alone: f64 = words.iter().map(|word| entries[*word].0).sum();
        assert!((alone - 1.0).abs() < 0.001, "{alone}");
        for context in ["stop", "call", "me", "<s>"] {
            let all: f64 = words
                .iter()
                .map(|word| match entries.get(&format!("{context} {word}")) {
                    Some((chance, _)) => *chance,
                    None => entries[context].1 * entries[*word].0,
                })
                .sum();
            assert!((all - 1.0).abs() < 0.001, "{context}: {all}");
        }
        assert!(entries["call me"].0 > 0.5 && !entries.contains_key("calling back"));
    }

    #[test]
    fn what_was_said_is_likelier_than_what_was_not_and_a_strange_word_likelier_than_nothing() {
        let model = Model::of(&["stop calling me", "call me back"], &["take me off"]);
        let chance = |text: &str| {
            let mut before = model.begin();
            let mut sum = 0.0;
            for word in text.split(' ').map(|word| model.word(word)).chain([model.end()]) {
                sum += model.chance(before, word);
                before = [before[1], word];
            }
            sum
        };
        assert!(chance("stop calling me") > chance("calling stop me"));
        assert!(chance("take me off") > chance("stop calling me"), "a phrase weighs more than a sentence");
        assert!(chance("stop blorbing me").is_finite() && model.word("blorbing") == UNKNOWN);
    }
}
