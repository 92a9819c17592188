//! One line of an answer. `SUCCESS`, `ERROR` and `NOTICE` stand at its start; one answer holds lines of several kinds.

/// What a line says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// It was done, or queued.
    Success,
    /// It was not.
    Error,
    /// Something besides; some functions say success only this way.
    Notice,
}

const MARKS: [(&str, Mark); 3] =
    [("SUCCESS: ", Mark::Success), ("ERROR: ", Mark::Error), ("NOTICE: ", Mark::Notice)];

/// A line with a mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Which.
    pub mark: Mark,
    /// What it says, without the function's name.
    pub message: String,
    /// What stands behind the message.
    pub fields: Vec<String>,
    /// Whether something stood between message and fields.
    pub is_whole: bool,
}

impl Line {
    /// Reads a line; nothing where it has no mark. The documents separate by ` - `; the wire does so after `SUCCESS` and
    /// in a few errors, and by `: |` or `: ` in the rest.
    pub fn read(text: &str, function: &str) -> Option<Self> {
        let (text, mark) = marked(text, function)?;
        let dash = text.find(" - ");
        // A colon inside the words of a message that a dash ends does not end it, unless it comes first and a field
        // follows it at once: `: |a|b`.
        let colon = text.find(": ").or_else(|| text.ends_with(':').then(|| text.len() - 1));
        let (message, rest, is_whole) = match (dash, colon) {
            (Some(dash), Some(colon)) if colon < dash => (&text[..colon], after(text, colon + 1), true),
            (Some(dash), _) => (&text[..dash], &text[dash + 3..], true),
            (None, Some(colon)) => (&text[..colon], after(text, colon + 1), true),
            (None, None) => match text.strip_suffix(" -") {
                Some(message) => (message, "", true),
                None => (text, "", false),
            },
        };
        // `pause_code error - agent is not paused - 1001`: the reason is the second part.
        let (message, rest) = match message.strip_suffix(" error") {
            Some(_) => rest.rsplit_once(" - ").map_or((rest, ""), |(why, data)| (why, data)),
            None => (message, rest),
        };
        // Most begin with the function's name; one that sends on to another, with that one's.
        let message = match message.split_once(' ') {
            Some((first, rest))
                if first == function || dialdeck_protocol::vicidial::function(first).is_some() =>
            {
                rest
            }
            _ if message == function => "",
            _ => message,
        };
        let fields = if rest.is_empty() { Vec::new() } else { rest.split('|').map(str::to_owned).collect() };
        Some(Self { mark, message: message.trim().to_owned(), fields, is_whole })
    }

    /// A field that holds something.
    pub fn field(&self, at: usize) -> Option<&str> {
        self.fields.get(at).map(|field| field.trim()).filter(|field| !field.is_empty())
    }
}

fn after(text: &str, at: usize) -> &str {
    let rest = text.get(at..).unwrap_or_default();
    let rest = rest.strip_prefix(' ').unwrap_or(rest);
    rest.strip_prefix('|').unwrap_or(rest)
}

/// The text behind a mark. Two functions print other things before it on the same line: a comment that ends, and, with
/// several alternate numbers, figures meant for a developer; then the function's name follows the mark.
fn marked<'a>(text: &'a str, function: &str) -> Option<(&'a str, Mark)> {
    for (word, mark) in MARKS {
        if let Some(rest) = text.strip_prefix(word) {
            return Some((rest, mark));
        }
    }
    for (word, mark) in MARKS {
        if let Some((_, rest)) = text.split_once(&format!("-->{word}")) {
            return Some((rest, mark));
        }
        if let Some(at) = text.find(&format!("{word}{function} ")) {
            return text.get(at + word.len()..).map(|rest| (rest, mark));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Line, Mark};
    use proptest::prelude::*;

    #[test]
    fn separators_of_both_kinds() {
        for (text, function, message, fields) in [
            (
                "SUCCESS: external_hangup function set - 1|1003",
                "external_hangup",
                "function set",
                vec!["1", "1003"],
            ),
            (
                "ERROR: agent_user is not logged in - 1009",
                "logout",
                "agent_user is not logged in",
                vec!["1009"],
            ),
            (
                "ERROR: add_list CAMPAIGN DOES NOT EXIST: |apiuser|NOCAMP",
                "add_list",
                "CAMPAIGN DOES NOT EXIST",
                vec!["apiuser", "NOCAMP"],
            ),
            (
                "ERROR: lead_search NO MATCHES FOUND IN THE SYSTEM: |apiuser|||7270000000",
                "lead_search",
                "NO MATCHES FOUND IN THE SYSTEM",
                vec!["apiuser", "", "", "7270000000"],
            ),
            (
                "ERROR: pause_code error - agent is not paused - 1001",
                "pause_code",
                "agent is not paused",
                vec!["1001"],
            ),
            ("ERROR: Invalid Source - ", "agent_status", "Invalid Source", vec![]),
            ("ERROR: System API NOT ACTIVE", "external_pause", "System API NOT ACTIVE", vec![]),
            (
                "1|2|3NOTICE: add_lead MULTI-ALT-PHONE NUMBERS LOADED - 2|7|101",
                "add_lead",
                "MULTI-ALT-PHONE NUMBERS LOADED",
                vec!["2", "7", "101"],
            ),
        ] {
            let line = Line::read(text, function).unwrap();
            assert_eq!(
                (line.message.as_str(), line.fields),
                (message, fields.iter().map(|s| (*s).to_owned()).collect())
            );
        }
        assert_eq!(Line::read("TESTCAMP|SUCCESS: no", "campaigns_list"), None);
        assert_eq!(Line::read("NOTICE: x", "x").map(|line| line.mark), Some(Mark::Notice));
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read_or_left(text in ".{0,200}", function in "[a-z_]{0,12}") {
            let _ = Line::read(&text, &function);
            let marked = Line::read(&format!("ERROR: {text}"), &function);
            prop_assert_eq!(marked.map(|line| line.mark), Some(Mark::Error));
        }
    }
}
