//! What the knowledge base holds on what was just said.

use serde::{Deserialize, Serialize};

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// What it is about, or the question it answers.
    pub title: String,
    /// The answer.
    pub text: String,
    /// Words by which it is found beside those of its title.
    #[serde(default)]
    pub keywords: Vec<String>,
}

/// Words that are in every sentence, and tell nothing.
const COMMON: [&str; 24] = [
    "the", "and", "you", "your", "for", "are", "what", "that", "this", "with", "have", "can", "how", "does",
    "not", "but", "about", "please", "would", "could", "will", "our", "was", "who",
];

fn words(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    let all = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| word.chars().count() >= 3);
    all.filter(|word| !COMMON.contains(word)).map(|word| word.trim_end_matches('s').to_owned()).collect()
}

/// How well an entry answers what was said: a keyword counts for two words of the title.
fn score(entry: &Known, said: &[String]) -> usize {
    let count = |text: &str| words(text).iter().filter(|word| said.contains(word)).count();
    let keywords = entry.keywords.iter().filter(|keyword| {
        let keyword = words(keyword);
        !keyword.is_empty() && keyword.iter().all(|word| said.contains(word))
    });
    count(&entry.title) + 2 * keywords.count()
}

/// The entry that answers what was said best; none where two words of its title, or a keyword, were not said.
pub fn suggested<'a>(entries: &'a [Known], said: &str) -> Option<&'a Known> {
    let said = words(said);
    let ranked = entries.iter().map(|entry| (score(entry, &said), entry)).filter(|(score, _)| *score >= 2);
    // Of equals the first.
    ranked.rev().max_by_key(|(score, _)| *score).map(|(_, entry)| entry)
}

/// Entries in which all of these words stand somewhere.
pub fn search<'a>(entries: &'a [Known], typed: &str) -> Vec<&'a Known> {
    let wanted: Vec<String> = typed.to_lowercase().split_whitespace().map(str::to_owned).collect();
    let holds = |entry: &&Known| {
        let text = format!("{} {} {}", entry.title, entry.text, entry.keywords.join(" ")).to_lowercase();
        wanted.iter().all(|word| text.contains(word))
    };
    entries.iter().filter(holds).collect()
}

#[cfg(test)]
mod tests {
    use super::{Known, search, suggested};

    fn entries() -> Vec<Known> {
        let entry = |title: &str, text: &str, keywords: &[&str]| Known {
            title: title.into(),
            text: text.into(),
            keywords: keywords.iter().map(|word| (*word).to_owned()).collect(),
        };
        vec![
            entry("What does it cost?", "Forty a month for each seat.", &["price", "too expensive"]),
            entry("Refund of an order", "Within thirty days.", &[]),
        ]
    }

    #[test]
    fn matched_to_what_was_said() {
        let all = entries();
        let title = |said: &str| suggested(&all, said).map(|entry| entry.title.as_str());
        assert_eq!(title("and what are your prices please"), Some("What does it cost?"));
        assert_eq!(title("that is far too expensive"), Some("What does it cost?"));
        assert_eq!(title("can I get a refund for my orders"), Some("Refund of an order"));
        assert_eq!(title("my order has not come"), None, "one word of a title is not enough");
        assert_eq!(title(""), None);
    }

    #[test]
    fn searched_by_any_word() {
        let all = entries();
        assert_eq!(search(&all, "thirty REFUND").len(), 1);
        assert_eq!((search(&all, "").len(), search(&all, "nothing").len()), (2, 0));
    }
}
