//! One message: an ordered list of names and values, bounded in size.

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt};

/// Longest line, and most lines of a message.
const LINE: u64 = 8 * 1024;
const LINES: usize = 500;

/// A message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Message(Vec<(String, String)>);

impl Message {
    /// Of these fields. What would end a line is left out: a value cannot become an action of its own.
    pub fn of(fields: &[(&str, &str)]) -> Self {
        let plain = |text: &str| text.replace(['\r', '\n', '\0'], "");
        Self(fields.iter().map(|(name, value)| (plain(name), plain(value))).collect())
    }

    /// The first value of this name; empty where there is none.
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value)
    }

    /// Whether it answers an action with success.
    pub fn is_success(&self) -> bool {
        matches!(self.get("Response"), "Success" | "Goodbye" | "Follows")
    }

    /// As it goes over the wire.
    pub fn encoded(&self) -> String {
        let fields = self.0.iter().flat_map(|(name, value)| [name.as_str(), ": ", value.as_str(), "\r\n"]);
        fields.chain(["\r\n"]).collect()
    }
}

/// Reads the next message; nothing at the end.
///
/// # Errors
/// When the connection breaks, or what comes is longer than any message is.
pub async fn read_message(from: &mut (impl AsyncBufRead + Unpin)) -> std::io::Result<Option<Message>> {
    let mut fields = Vec::new();
    loop {
        let mut line = Vec::new();
        let read = from.take(LINE).read_until(b'\n', &mut line).await?;
        if read == 0 {
            return Ok(None);
        }
        if !line.ends_with(b"\n") && read as u64 == LINE || fields.len() > LINES {
            return Err(std::io::Error::other("the message is longer than any of Asterisk's"));
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end_matches(['\r', '\n']);
        if text.is_empty() {
            if fields.is_empty() {
                continue;
            }
            return Ok(Some(Message(fields)));
        }
        if let Some((name, value)) = text.split_once(':') {
            let value = crate::domain::plain::line(value, 1000);
            fields.push((name.trim().to_owned(), value));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Message, read_message};
    use proptest::prelude::*;
    use tokio::io::BufReader;

    #[tokio::test]
    async fn messages_are_read_and_written() {
        let text = "Response: Success\r\nActionID: 7\r\nMessage: Authentication accepted\r\n\r\nEvent: Hangup\r\nCause: 16\r\n\r\n";
        let mut from = BufReader::new(text.as_bytes());
        let first = read_message(&mut from).await.unwrap().unwrap();
        assert!(first.is_success() && first.get("actionid") == "7");
        assert_eq!(read_message(&mut from).await.unwrap().unwrap().get("Event"), "Hangup");
        assert_eq!(read_message(&mut from).await.unwrap(), None);
        let sly = Message::of(&[("Action", "Ping\r\nAction: Command")]);
        assert_eq!(sly.encoded(), "Action: PingAction: Command\r\n\r\n");
        let endless = "x".repeat(100_000);
        assert!(read_message(&mut BufReader::new(endless.as_bytes())).await.is_err());
    }

    proptest! {
        #[test]
        fn whatever_comes_ends(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(async {
                let mut from = BufReader::new(&bytes[..]);
                while let Ok(Some(_)) = read_message(&mut from).await {}
            });
        }
    }
}
