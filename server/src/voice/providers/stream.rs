//! A chat's answer as it is written: server-sent events, `data: {choices: [{delta: …}]}` a line, until `data: [DONE]`.
//!
//! Reasoning comes as `reasoning_content` (or `reasoning`) beside the content, and is passed over: it is never spoken.

use super::http::{Line, MOST_TEXT};
use crate::voice::dialogue::mind::Piece;
use futures_util::StreamExt;
use reqwest::Response;
use serde::Deserialize;
use std::collections::BTreeMap;
use tokio::sync::mpsc;

/// Longest line of a stream, in bytes.
const MOST_LINE: usize = 64 * 1024;
/// Most tools called in one answer.
const MOST_TOOLS: usize = 8;

#[derive(Deserialize)]
struct Event {
    #[serde(default)]
    choices: Vec<Choice>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    delta: Delta,
}

#[derive(Default, Deserialize)]
struct Delta {
    content: Option<String>,
    #[serde(default)]
    tool_calls: Option<Vec<ToolPart>>,
}

#[derive(Deserialize)]
struct ToolPart {
    #[serde(default)]
    index: usize,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    function: FunctionPart,
}

#[derive(Default, Deserialize)]
struct FunctionPart {
    name: Option<String>,
    arguments: Option<String>,
}

#[derive(Default)]
struct Called {
    id: String,
    name: String,
    arguments: String,
}

/// What one line of a stream means.
enum Said {
    Nothing,
    Text(String),
    Done,
}

/// Reads a stream's lines, whatever pieces they come in.
#[derive(Default)]
struct Reader {
    tools: BTreeMap<usize, Called>,
}

impl Reader {
    fn line(&mut self, line: &[u8]) -> Result<Said, String> {
        let line = String::from_utf8_lossy(line);
        let Some(data) = line.trim().strip_prefix("data:") else { return Ok(Said::Nothing) };
        let data = data.trim();
        if data == "[DONE]" {
            return Ok(Said::Done);
        }
        let event: Event =
            serde_json::from_str(data).map_err(|_| "a part of its answer cannot be read".to_owned())?;
        let Some(choice) = event.choices.into_iter().next() else { return Ok(Said::Nothing) };
        for part in choice.delta.tool_calls.unwrap_or_default() {
            if self.tools.len() >= MOST_TOOLS && !self.tools.contains_key(&part.index) {
                return Err("it calls too many tools at once".into());
            }
            // Some number all that they call at once the same: another id is another call.
            let other = |called: &Called| {
                !called.id.is_empty() && part.id.as_ref().is_some_and(|id| !id.is_empty() && *id != called.id)
            };
            let index = if self.tools.get(&part.index).is_some_and(other) {
                self.tools.keys().next_back().map_or(0, |last| last + 1)
            } else {
                part.index
            };
            let called = self.tools.entry(index).or_default();
            if let Some(id) = part.id {
                called.id = id;
            }
            called.name.push_str(part.function.name.as_deref().unwrap_or_default());
            called.arguments.push_str(part.function.arguments.as_deref().unwrap_or_default());
            if called.arguments.len() > MOST_LINE {
                return Err("a tool's arguments are too long".into());
            }
        }
        Ok(choice.delta.content.filter(|text| !text.is_empty()).map_or(Said::Nothing, Said::Text))
    }

    /// That nobody is called again is done even where the rest of the answer was lost.
    fn refusal(&mut self) -> Option<Piece> {
        self.called().find(|piece| matches!(piece, Piece::Tool { name, .. } if name == "do_not_call"))
    }

    fn called(&mut self) -> impl Iterator<Item = Piece> {
        std::mem::take(&mut self.tools).into_values().map(|called| Piece::Tool {
            id: called.id,
            name: called.name,
            arguments: called.arguments,
        })
    }
}

/// Reads an answer to its end. What it means goes to `tell`; nobody listening any more ends it.
pub(super) async fn read(line: Line, response: Response, tell: mpsc::Sender<Piece>) {
    let (mut stream, mut reader) = (response.bytes_stream(), Reader::default());
    let (mut waiting, mut total) = (Vec::new(), 0_usize);
    let failed = |why: String| Piece::Failed(format!("{}: {why}", line.name));
    loop {
        let bytes = match stream.next().await {
            Some(Ok(bytes)) => bytes,
            Some(Err(error)) => {
                if let Some(refusal) = reader.refusal() {
                    let _ = tell.send(refusal).await;
                }
                let _ = tell.send(Piece::Failed(line.trouble(&error))).await;
                return;
            }
            None => {
                if let Some(refusal) = reader.refusal() {
                    let _ = tell.send(refusal).await;
                }
                // Without its last word an answer was cut off, and what it was about to do is not known.
                let _ = tell.send(failed("its answer was cut off".into())).await;
                return;
            }
        };
        total += bytes.len();
        waiting.extend_from_slice(&bytes);
        if total > MOST_TEXT || waiting.len() > MOST_LINE {
            let _ = tell.send(failed("its answer is too long".into())).await;
            return;
        }
        while let Some(end) = waiting.iter().position(|byte| *byte == b'\n') {
            let whole: Vec<u8> = waiting.drain(..=end).collect();
            let piece = match reader.line(&whole) {
                Ok(Said::Nothing) => continue,
                Ok(Said::Text(text)) => Piece::Text(text),
                Ok(Said::Done) => {
                    for called in reader.called() {
                        let _ = tell.send(called).await;
                    }
                    let _ = tell.send(Piece::Done).await;
                    return;
                }
                Err(why) => failed(why),
            };
            let is_over = matches!(piece, Piece::Failed(_));
            if tell.send(piece).await.is_err() || is_over {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Reader, Said};
    use crate::voice::dialogue::mind::Piece;
    use proptest::prelude::*;

    fn text(line: &str, reader: &mut Reader) -> String {
        match reader.line(line.as_bytes()).unwrap() {
            Said::Text(text) => text,
            Said::Nothing => String::new(),
            Said::Done => "[done]".into(),
        }
    }

    #[test]
    fn content_is_taken_and_reasoning_is_not() {
        let mut reader = Reader::default();
        let lines = [
            r#"data: {"choices":[{"delta":{"role":"assistant","reasoning_content":"they seem angry"}}]}"#,
            r#"data: {"choices":[{"delta":{"content":"Good "}}]}"#,
            ": keep-alive",
            "",
            r#"data: {"choices":[{"delta":{"content":"morning."}}]}"#,
            r#"data: {"choices":[],"usage":{"total_tokens":9}}"#,
            "data: [DONE]",
        ];
        let all: String = lines.iter().map(|line| text(line, &mut reader)).collect();
        assert_eq!(all, "Good morning.[done]");
    }

    #[test]
    fn a_tool_comes_in_pieces() {
        let mut reader = Reader::default();
        for line in [
            r#"data: {"choices":[{"delta":{"tool_calls":[{"index":0,"id":"c1","function":{"name":"end_call","arguments":""}}]}}]}"#,
            r#"data: {"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"a\":"}}]}}]}"#,
            r#"data: {"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"1}"}}]}}]}"#,
        ] {
            assert_eq!(text(line, &mut reader), "");
        }
        let called: Vec<Piece> = reader.called().collect();
        let tool = Piece::Tool { id: "c1".into(), name: "end_call".into(), arguments: "{\"a\":1}".into() };
        assert_eq!(called, [tool]);
        assert!(reader.line(b"data: {garbage").is_err());
    }

    #[test]
    fn tools_called_at_once_under_one_number_are_told_apart_and_a_refusal_is_found() {
        let mut reader = Reader::default();
        for line in [
            r#"data: {"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"end_call","arguments":"{}"}}]}}]}"#,
            r#"data: {"choices":[{"delta":{"tool_calls":[{"index":0,"id":"b","function":{"name":"do_not_call","arguments":"{}"}}]}}]}"#,
        ] {
            assert_eq!(text(line, &mut reader), "");
        }
        let refusal = Piece::Tool { id: "b".into(), name: "do_not_call".into(), arguments: "{}".into() };
        assert_eq!(reader.refusal(), Some(refusal));
    }

    proptest! {
        #[test]
        fn nothing_that_is_sent_panics(line in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = Reader::default().line(&line);
            let _ = Reader::default().line(&[b"data: ".as_slice(), &line].concat());
        }
    }
}
