//! Lists and single things: aligned text for people, the server's own JSON for scripts.

use super::Client;
use super::output::{print, print_json};
use crate::plain;
use chrono::{DateTime, Utc};
use color_eyre::eyre::Result;
use reqwest::Method;
use serde_json::Value;
use unicode_width::UnicodeWidthStr;

/// Widest cell of a table, but for those of its last column.
const WIDEST: usize = 48;

/// A column: its heading, and where its cells stand in a row. Several places, parted by spaces, are joined.
pub type Column = (&'static str, &'static str);

/// Filters as they go into a query.
pub type Filters = Vec<(&'static str, String)>;

/// Those filters that were given.
pub fn filters<const N: usize>(given: [(&'static str, Option<String>); N]) -> Filters {
    given.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// A list that the server has.
pub struct List<'a> {
    pub path: &'a str,
    pub filters: Filters,
    /// Name of its rows in the answer.
    pub rows: &'static str,
    pub columns: &'static [Column],
    /// What to do next where there are none.
    pub empty: &'static str,
    /// The option that takes where the next page begins.
    pub onward: &'static str,
}

impl List<'_> {
    /// Fetches it, and prints it.
    pub async fn print(&self, client: &Client, json: bool) -> Result<()> {
        let answer = Client::json(client.request(Method::GET, self.path)?.query(&self.filters)).await?;
        if json {
            return print_json(&answer);
        }
        match answer[self.rows].as_array() {
            Some(rows) if !rows.is_empty() => print(&table(self.columns, rows))?,
            _ => print(&format!("{}\n", self.empty))?,
        }
        let next = &answer["next"];
        if !next.is_null() {
            let place = next.as_str().map_or_else(|| next.to_string(), plain::line);
            eprintln!("there are more: {} {place}", self.onward);
        }
        Ok(())
    }
}

/// Prints one thing: name and value, a line each.
pub fn print_one(value: &Value, json: bool) -> Result<()> {
    if json {
        return print_json(value);
    }
    let mut lines = Vec::new();
    facts("", value, &mut lines);
    print(&aligned(&lines, false))
}

/// Prints what came of a deed: the server's answer, where it has one, or a sentence.
pub fn print_done(answer: &Value, json: bool, sentence: &str) -> Result<()> {
    match (json, answer) {
        (true, Value::Null) => Ok(()),
        (true, answer) => print_json(answer),
        (false, _) => print(&format!("{}\n", plain::line(sentence))),
    }
}

/// Rows under their headings.
pub fn table(columns: &[Column], rows: &[Value]) -> String {
    let headings: Vec<String> = columns.iter().map(|(heading, _)| (*heading).to_owned()).collect();
    let cells = |row: &Value| columns.iter().map(|(_, place)| cell(row, place)).collect::<Vec<String>>();
    let lines: Vec<Vec<String>> = std::iter::once(headings).chain(rows.iter().map(cells)).collect();
    aligned(&lines, true)
}

fn aligned(lines: &[Vec<String>], headed: bool) -> String {
    let count = lines.first().map_or(0, Vec::len);
    let fitted = |(at, text): (usize, &String)| {
        if at + 1 == count { plain::line(text) } else { plain::fit(text, WIDEST) }
    };
    let lines: Vec<Vec<String>> =
        lines.iter().map(|cells| cells.iter().enumerate().map(fitted).collect()).collect();
    let figures = |text: &String| text.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b'-');
    // How wide each column is, and whether it holds figures, which stand at the right.
    let shape: Vec<(usize, bool)> = (0..count)
        .map(|at| {
            let width = lines.iter().map(|cells| cells[at].width()).max().unwrap_or(0);
            (width, headed && lines.iter().skip(1).all(|cells| figures(&cells[at])))
        })
        .collect();
    let mut out = String::new();
    for cells in &lines {
        let mut line = String::new();
        for (text, (width, right)) in cells.iter().zip(&shape) {
            let gap = " ".repeat(width.saturating_sub(text.width()));
            let (before, after) = if *right { (gap.as_str(), "") } else { ("", gap.as_str()) };
            for piece in [before, text.as_str(), after, "  "] {
                line.push_str(piece);
            }
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

fn cell(row: &Value, places: &str) -> String {
    let found = places.split(' ').filter_map(|place| row.pointer(&format!("/{place}")));
    found.map(words).filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ")
}

fn is_nested(value: &Value) -> bool {
    value.is_object() || value.is_array()
}

/// A value as people read it.
fn words(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => DateTime::parse_from_rfc3339(text).map_or_else(
            |_| plain::line(text),
            |at| at.with_timezone(&Utc).format("%Y-%m-%d %H:%M:%SZ").to_string(),
        ),
        Value::Array(all) if !all.iter().any(is_nested) => {
            all.iter().map(words).collect::<Vec<_>>().join(", ")
        }
        other => plain::line(&other.to_string()),
    }
}

/// Names and values of a thing, however deep they stand; what is empty is left out.
fn facts(name: &str, value: &Value, out: &mut Vec<Vec<String>>) {
    let inner = |key: &str| if name.is_empty() { key.to_owned() } else { format!("{name}.{key}") };
    match value {
        Value::Object(all) => {
            for (key, value) in all {
                facts(&inner(key), value, out);
            }
        }
        Value::Array(all) if all.iter().any(is_nested) => {
            for (at, value) in all.iter().enumerate() {
                facts(&inner(&at.to_string()), value, out);
            }
        }
        value => {
            let text = words(value);
            if !text.is_empty() {
                out.push(vec![name.to_owned(), text]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{facts, table};
    use serde_json::json;

    #[test]
    fn columns_stand_under_each_other() {
        let rows = [
            json!({ "n": 7, "first": "Ann", "last": "Lee", "at": "2026-01-02T03:04:05.6Z" }),
            json!({ "n": 1200, "first": "日本", "last": null, "at": null }),
        ];
        let columns = [("n", "n"), ("name", "first last"), ("at", "at")];
        let right = "   n  name     at\n   7  Ann Lee  2026-01-02 03:04:05Z\n1200  日本\n";
        assert_eq!(table(&columns, &rows), right);
    }

    #[test]
    fn what_is_deep_is_named_by_its_path() {
        let mut lines = Vec::new();
        facts("", &json!({ "a": { "b": [1, 2], "c": "" }, "d": [{ "e": true }] }), &mut lines);
        assert_eq!(lines, [["a.b", "1, 2"], ["d.0.e", "yes"]]);
    }
}
