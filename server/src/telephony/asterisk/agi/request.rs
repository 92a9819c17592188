//! The block with which Asterisk opens a session: `agi_name: value` lines, then an empty one.

use std::time::Duration;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt};

/// Longest line, in bytes.
pub(super) const MAX_LINE: u64 = 4096;
/// Most lines of the block; Asterisk sends about twenty and one for each argument.
const MAX_LINES: usize = 200;
/// How long the block may take.
const PRELUDE: Duration = Duration::from_secs(5);

/// What Asterisk said of the channel: its block as it came, looked into when something of it is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request(String);

/// Why a peer was not taken for an Asterisk.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// Connected and closed: a port scan, a health check.
    #[error("the peer closed without a word")]
    Silent,
    /// Half a block.
    #[error("the peer did not finish its opening block")]
    Unfinished,
    /// Too long a line, or too many.
    #[error("the peer's opening block is too large")]
    TooLarge,
    /// Not `agi_name: value`.
    #[error("the peer does not speak AGI")]
    NotAgi,
}

impl Request {
    /// Reads the block.
    ///
    /// # Errors
    /// Why it is none.
    pub async fn read(stream: &mut (impl AsyncBufRead + Unpin)) -> Result<Self, RequestError> {
        tokio::time::timeout(PRELUDE, Self::read_block(stream)).await.map_err(|_| RequestError::Unfinished)?
    }

    async fn read_block(stream: &mut (impl AsyncBufRead + Unpin)) -> Result<Self, RequestError> {
        let mut block = Vec::with_capacity(1024);
        for n in 0..MAX_LINES {
            let begin = block.len();
            let read = stream
                .take(MAX_LINE)
                .read_until(b'\n', &mut block)
                .await
                .map_err(|_| RequestError::Unfinished)?;
            if read == 0 {
                return Err(if n == 0 { RequestError::Silent } else { RequestError::Unfinished });
            }
            let line = &block[begin..];
            if line.last() != Some(&b'\n') {
                let full = u64::try_from(read).is_ok_and(|r| r >= MAX_LINE);
                return Err(if full { RequestError::TooLarge } else { RequestError::Unfinished });
            }
            if line == b"\n" || line == b"\r\n" {
                let text =
                    String::from_utf8(block).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into());
                return if n == 0 { Err(RequestError::NotAgi) } else { Ok(Self(text)) };
            }
            if !line.starts_with(b"agi_") || !line.contains(&b':') {
                return Err(RequestError::NotAgi);
            }
        }
        Err(RequestError::TooLarge)
    }

    /// A value, by its name without `agi_`, made plain; empty where there is none.
    pub fn get(&self, name: &str) -> String {
        let value = self
            .0
            .lines()
            .rev()
            .find_map(|line| line.strip_prefix("agi_")?.strip_prefix(name)?.strip_prefix(':'));
        crate::domain::plain::line(value.unwrap_or_default(), 1024)
    }

    /// The script of the agi:// URL, without its query.
    pub fn script(&self) -> String {
        let script = self.get("network_script");
        script.split('?').next().unwrap_or_default().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::{Request, RequestError};
    use proptest::prelude::*;

    fn read(bytes: &[u8]) -> Result<Request, RequestError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let mut stream = bytes;
        runtime.block_on(Request::read(&mut stream))
    }

    #[test]
    fn a_block_as_asterisk_sends_it() {
        let block = "agi_network: yes\nagi_network_script: call?camp=7\nagi_request: agi://127.0.0.1:4573/call?camp=7\nagi_uniqueid: dialdeck-1\nagi_callerid: +13125550100\n\n";
        let request = read(block.as_bytes()).unwrap();
        assert_eq!((request.script().as_str(), request.get("uniqueid").as_str()), ("call", "dialdeck-1"));
        assert_eq!(request.get("request"), "agi://127.0.0.1:4573/call?camp=7");
    }

    #[test]
    fn strangers_are_told_apart() {
        assert!(matches!(read(b""), Err(RequestError::Silent)));
        assert!(matches!(read(b"agi_network: yes\nagi_ch"), Err(RequestError::Unfinished)));
        assert!(matches!(read(b"GET / HTTP/1.1\r\n\r\n"), Err(RequestError::NotAgi)));
        assert!(matches!(read(b"\n"), Err(RequestError::NotAgi)));
        assert!(matches!(read(&vec![b'a'; 10 << 20]), Err(RequestError::TooLarge)));
        let many = "agi_arg_1: x\n".repeat(10_000);
        assert!(matches!(read(many.as_bytes()), Err(RequestError::TooLarge)));
    }

    proptest! {
        #[test]
        fn garbage_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let _ = read(&bytes);
        }
    }
}
