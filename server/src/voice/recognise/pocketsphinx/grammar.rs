//! A JSGF grammar and a dictionary cut to it, made from phrases.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

/// A grammar on disk, gone with this value.
pub(super) struct Grammar {
    folder: tempfile::TempDir,
    /// Phones of a word, by its first pronunciation.
    phones: BTreeMap<String, usize>,
    /// Phrases with a word that the dictionary lacks: one such word would refuse the whole grammar.
    pub left_out: Vec<String>,
}

impl Grammar {
    /// Makes both files.
    pub(super) fn make(phrases: &[String], dictionary: &Path) -> std::io::Result<Self> {
        let wanted: BTreeSet<&str> = phrases.iter().flat_map(|p| p.split(' ')).collect();
        let mut entries: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for line in BufReader::new(std::fs::File::open(dictionary)?).lines() {
            let line = line?;
            let Some((head, sounds)) = line.split_once(' ') else { continue };
            // `word(2)` is another way to say `word`; phrases carry no apostrophes, the dictionary does.
            let plain = head.split('(').next().unwrap_or(head).replace('\'', "");
            if wanted.contains(plain.as_str()) {
                entries.entry(plain).or_default().push(sounds.trim().to_owned());
            }
        }
        let (known, left_out): (Vec<&String>, Vec<&String>) =
            phrases.iter().partition(|p| p.split(' ').all(|word| entries.contains_key(word)));
        if known.is_empty() {
            return Err(std::io::Error::other("no phrase has only words of the dictionary"));
        }
        let mut cut = String::new();
        for (word, ways) in &entries {
            for (n, sounds) in ways.iter().enumerate() {
                let number = if n == 0 { String::new() } else { format!("({})", n + 1) };
                let _ = writeln!(cut, "{word}{number} {sounds}");
            }
        }
        let alternatives = known.iter().map(|p| p.as_str()).collect::<Vec<_>>().join(" | ");
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("words.dict"), cut)?;
        std::fs::write(
            folder.path().join("phrases.gram"),
            format!("#JSGF V1.0;\ngrammar phrases;\npublic <phrase> = {alternatives} ;\n"),
        )?;
        Ok(Self {
            folder,
            phones: entries
                .into_iter()
                .map(|(word, ways)| (word, ways.first().map_or(0, |s| s.split_whitespace().count())))
                .collect(),
            left_out: left_out.into_iter().cloned().collect(),
        })
    }

    pub(super) fn rules(&self) -> PathBuf {
        self.folder.path().join("phrases.gram")
    }

    pub(super) fn dictionary(&self) -> PathBuf {
        self.folder.path().join("words.dict")
    }

    /// Phones of a recognised text.
    pub(super) fn phones(&self, text: &str) -> usize {
        text.split_whitespace().filter_map(|word| self.phones.get(word)).sum()
    }

    /// The text without the decoder's marks.
    pub(super) fn spoken(&self, text: &str) -> String {
        let words = text.split_whitespace().map(|w| w.split('(').next().unwrap_or(w));
        words.filter(|w| self.phones.contains_key(*w)).collect::<Vec<_>>().join(" ")
    }
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
        let rules = std::fs::read_to_string(grammar.rules()).unwrap();
        assert!(rules.contains("= dont call me ;"), "{rules}");
        let words = std::fs::read_to_string(grammar.dictionary()).unwrap();
        assert!(words.contains("call(2) K AA L") && words.contains("dont D OW N T"), "{words}");
        assert_eq!(grammar.phones("dont call me"), 9);
        assert_eq!(grammar.spoken("<sil> dont call(2) me"), "dont call me");
    }
}
