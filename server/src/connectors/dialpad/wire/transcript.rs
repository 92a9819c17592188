//! `TranscriptProto`: what was said, line by line, and what Dialpad noticed.

use super::{items, text};
use crate::domain::plain;
use serde_json::Value;

/// Lines that are kept, and the length of each, in characters.
const MOST: usize = 5000;
const LINE: usize = 2000;

/// Lines to read, in the order of time.
pub fn transcript(answer: &Value) -> Vec<String> {
    let mut lines: Vec<(&str, String)> = items(answer, "lines")
        .iter()
        .filter_map(|line| {
            let said = plain::line(line["content"].as_str()?, LINE);
            let time = line["time"].as_str().unwrap_or_default();
            let who = text(&line["name"]).unwrap_or_default();
            // 2018-05-08T21:33:19.300000
            let clock = plain::line(time.get(11..19).unwrap_or_default(), 8);
            let line = match line["type"].as_str() {
                Some("transcript") | None => format!("{clock} {who}: {said}"),
                Some(kind) => format!("{clock} [{}: {said}]", plain::line(kind, 40)),
            };
            Some((time, line))
        })
        .take(MOST)
        .collect();
    lines.sort_by(|a, b| a.0.cmp(b.0));
    lines.into_iter().map(|(_, line)| line.trim().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::transcript;
    use serde_json::json;

    #[test]
    fn in_the_order_of_time() {
        let told = json!({ "lines": [
            { "content": "hi", "name": "(415) 555-0166", "time": "2018-05-08T21:33:19.300000", "type": "transcript" },
            { "content": "hello", "name": "Ann", "time": "2018-05-08T21:33:15.300000", "type": "transcript" },
            { "content": "price_inquiry", "name": "Ann", "time": "2018-05-08T21:33:17.3", "type": "moment" }] });
        let lines =
            ["21:33:15 Ann: hello", "21:33:17 [moment: price_inquiry]", "21:33:19 (415) 555-0166: hi"];
        assert_eq!(transcript(&told), lines);
    }
}
