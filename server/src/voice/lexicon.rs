//! Patterns from the data files, compiled once.

use regex::RegexSet;
use serde::Deserialize;

/// A label and the patterns that stand for it.
#[derive(Deserialize)]
pub(super) struct Entry<T> {
    name: T,
    patterns: Vec<String>,
}

/// Labels with their compiled patterns, in the order of the file.
pub(super) struct Lexicon<T>(Vec<(T, RegexSet)>);

impl<T: Copy> Lexicon<T> {
    /// Compiles; an entry whose patterns are broken is left out. A test proves that the shipped ones are not.
    pub(super) fn compile(entries: Vec<Entry<T>>) -> Self {
        let compiled = entries.into_iter().filter_map(|entry| {
            let bounded = entry.patterns.iter().map(|p| format!(r"(?:^|\b)(?:{p})(?:\b|$)"));
            Some((entry.name, RegexSet::new(bounded).ok()?))
        });
        Self(compiled.collect())
    }

    /// The first label that matches, with how many of its patterns do.
    pub(super) fn first(&self, plain_text: &str) -> Option<(T, usize)> {
        self.0.iter().find_map(|(name, set)| {
            let matches = set.matches(plain_text).iter().count();
            (matches > 0).then_some((*name, matches))
        })
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}
