//! Which words follow which: a model of three words at a time, made from sentences, as the ARPA file that decoders read. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// What is taken from each count and given to what was never seen (absolute discounting).
const DISCOUNT: f64 = 0.6;
/// Words of an entry, at most.
const ORDER: usize = 3;

const BEGIN: &str = "<s>";
const END: &str = "</s>";

/// How often a row of words was seen, and what follows it.
#[derive(Default)]
struct Context {
    followed: f64,
    kinds: f64,
}

/// The model of `sentences`: how much each weighs, and its words.
pub(super) fn arpa(sentences: &[(f64, Vec<&str>)]) -> String {
    let mut counts: [BTreeMap<Vec<&str>, f64>; ORDER] = Default::default();
    let mut words: BTreeSet<&str> = BTreeSet::from([END]);
    for (weight, sentence) in sentences {
        let row: Vec<&str> = [BEGIN].into_iter().chain(sentence.iter().copied()).chain([END]).collect();
        words.extend(&row[1..]);
        for (n, counts) in counts.iter_mut().enumerate() {
            // How often a sentence begins says nothing of the word that is no word.
            for entry in row.windows(n + 1).skip(usize::from(n == 0)) {
                *counts.entry(entry.to_vec()).or_default() += weight;
            }
        }
    }
    let mut contexts: BTreeMap<&[&str], Context> = BTreeMap::new();
    for (entry, count) in counts[1..].iter().flatten() {
        let context = contexts.entry(&entry[..entry.len() - 1]).or_default();
        context.followed += count;
        context.kinds += 1.0;
    }
    let backing = |context: &Context| DISCOUNT * context.kinds / context.followed;
    let all: f64 = counts[0].values().sum();
    #[allow(clippy::cast_precision_loss, reason = "some thousand words")]
    let (kinds, known) = (counts[0].len() as f64, words.len() as f64);
    let mut chances: [BTreeMap<&[&str], f64>; ORDER] = Default::default();
    for (entry, count) in &counts[0] {
        let chance = ((count - DISCOUNT).max(0.0) + DISCOUNT * kinds / known) / all;
        chances[0].insert(entry, chance);
    }
    for n in 1..ORDER {
        for (entry, count) in &counts[n] {
            let Some(context) = contexts.get(&entry[..n]) else { continue };
            // What ends a row that was seen was seen too.
            let shorter = chances[n - 1].get(&entry[1..]).copied().unwrap_or(0.0);
            let chance = (count - DISCOUNT).max(0.0) / context.followed + backing(context) * shorter;
            chances[n].insert(entry, chance);
        }
    }
    let mut text = String::from("\\data\\\n");
    for (n, chances) in chances.iter().enumerate() {
        let _ = writeln!(text, "ngram {}={}", n + 1, chances.len() + usize::from(n == 0));
    }
    let back = |entry: &[&str]| contexts.get(entry).map_or(0.0, |context| backing(context).log10());
    for (n, chances) in chances.iter().enumerate() {
        let _ = write!(text, "\n\\{}-grams:\n", n + 1);
        if n == 0 {
            let _ = writeln!(text, "-99.0\t{BEGIN}\t{:.4}", back(&[BEGIN]));
        }
        for (entry, chance) in chances {
            let _ = write!(text, "{:.4}\t{}", chance.log10(), entry.join(" "));
            if n + 1 < ORDER {
                let _ = write!(text, "\t{:.4}", back(entry));
            }
            text.push('\n');
        }
    }
    text.push_str("\n\\end\\\n");
    text
}

#[cfg(test)]
mod tests {
    use super::arpa;
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
        let sentences: Vec<(f64, Vec<&str>)> = ["stop calling me", "stop it", "call me", "call me back"]
            .into_iter()
            .map(|sentence| (1.0, sentence.split(' ').collect()))
            .collect();
        let text = arpa(&sentences);
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
}
