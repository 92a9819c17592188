//! What the decoder listens for, as files: a JSGF grammar of a script's phrases, a model of which words follow which in what
//! people say else, and for each a dictionary cut to its words.

use crate::voice::recognise::language::{self, Model};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

/// How each word is said, as phones.
type Dictionary = BTreeMap<String, Vec<String>>;

/// Grammar, model and dictionaries on disk, gone with this value.
pub(super) struct Grammar {
    folder: tempfile::TempDir,
    /// Phones of a word, by its first pronunciation.
    phones: BTreeMap<String, Vec<String>>,
    /// Phrases with a word that the dictionary lacks: one such word would refuse the whole grammar.
    pub left_out: Vec<String>,
}

impl Grammar {
    /// Makes the files.
    pub(super) fn make(phrases: &[String], dictionary: &Path) -> std::io::Result<Self> {
        let sentences = language::sentences();
        let wanted: BTreeSet<&str> = phrases.iter().chain(&sentences).flat_map(|p| p.split(' ')).collect();
        let entries = read(dictionary, &wanted)?;
        let is_known = |text: &&String| text.split(' ').all(|word| entries.contains_key(word));
        let (known, left_out): (Vec<&String>, Vec<&String>) = phrases.iter().partition(is_known);
        if known.is_empty() {
            return Err(std::io::Error::other("no phrase has only words of the dictionary"));
        }
        let listed: Vec<&str> = known.iter().map(|phrase| phrase.as_str()).collect();
        let free: Vec<&str> = sentences.iter().filter(is_known).map(String::as_str).collect();
        let folder = tempfile::tempdir()?;
        let alternatives = listed.join(" | ");
        let rules = format!("#JSGF V1.0;\ngrammar phrases;\npublic <phrase> = {alternatives} ;\n");
        std::fs::write(folder.path().join("phrases.gram"), rules)?;
        let words: BTreeSet<&str> = listed.iter().flat_map(|p| p.split(' ')).collect();
        std::fs::write(folder.path().join("phrases.dict"), cut(&entries, &words))?;
        std::fs::write(folder.path().join("sentences.arpa"), Model::of(&free, &listed).arpa())?;
        let words: BTreeSet<&str> = free.iter().chain(&listed).flat_map(|text| text.split(' ')).collect();
        std::fs::write(folder.path().join("sentences.dict"), cut(&entries, &words))?;
        let first = |ways: &Vec<String>| -> Vec<String> {
            ways.first().map(|s| s.split_whitespace().map(str::to_owned).collect()).unwrap_or_default()
        };
        Ok(Self {
            folder,
            phones: entries.iter().map(|(word, ways)| (word.clone(), first(ways))).collect(),
            left_out: left_out.into_iter().cloned().collect(),
        })
    }

    /// A file of it: `phrases.gram`, `phrases.dict`, `sentences.arpa`, `sentences.dict`.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Phones of a recognised text.
    pub(super) fn phones(&self, text: &str) -> Vec<String> {
        text.split_whitespace().filter_map(|word| self.phones.get(word)).flatten().cloned().collect()
    }

    /// The text without the decoder's marks.
    pub(super) fn spoken(&self, text: &str) -> String {
        let words = text.split_whitespace().map(|w| w.split('(').next().unwrap_or(w));
        words.filter(|w| self.phones.contains_key(*w)).collect::<Vec<_>>().join(" ")
    }
}

/// The wanted words of a dictionary file.
fn read(dictionary: &Path, wanted: &BTreeSet<&str>) -> std::io::Result<Dictionary> {
    let mut entries = Dictionary::new();
    for line in BufReader::new(std::fs::File::open(dictionary)?).lines() {
        let line = line?;
        let Some((head, sounds)) = line.split_once(' ') else { continue };
        // `word(2)` is another way to say `word`; phrases carry no apostrophes, the dictionary does.
        let plain = head.split('(').next().unwrap_or(head).replace('\'', "");
        if wanted.contains(plain.as_str()) {
            let (ways, sounds) = (entries.entry(plain).or_default(), sounds.trim().to_owned());
            if !ways.contains(&sounds) {
                ways.push(sounds);
            }
        }
    }
    Ok(entries)
}

/// A dictionary file of some words.
fn cut(entries: &Dictionary, words: &BTreeSet<&str>) -> String {
    let mut text = String::new();
    for word in words {
        for (n, sounds) in entries.get(*word).into_iter().flatten().enumerate() {
            let number = if n == 0 { String::new() } else { format!("({})", n + 1) };
            let _ = writeln!(text, "{word}{number} {sounds}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::Grammar;

    #[test]
    fn a_word_the_dictionary_lacks_costs_its_phrase_only() {
        let folder = tempfile::tempdir().unwrap();
        let dictionary = folder.path().join("dict");
        std::fs::write(&dictionary, "call K AO L\ncall(2) K AA L\ndon't D OW N T\nme M IY\n").unwrap();
        let grammar = Grammar::make(&["dont call me".into(), "call blorb".into()], &dictionary).unwrap();
        assert_eq!(grammar.left_out, ["call blorb"]);
        let rules = std::fs::read_to_string(grammar.file("phrases.gram")).unwrap();
        assert!(rules.contains("= dont call me ;"), "{rules}");
        let words = std::fs::read_to_string(grammar.file("phrases.dict")).unwrap();
        assert!(words.contains("call(2) K AA L") && words.contains("dont D OW N T"), "{words}");
        assert_eq!(grammar.phones("dont call me"), ["D", "OW", "N", "T", "K", "AO", "L", "M", "IY"]);
        assert_eq!(grammar.spoken("<sil> dont call(2) me"), "dont call me");
    }
}
