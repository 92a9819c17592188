//! Consoles that take little for themselves: they stand in a row behind one core, and what one takes to read is in the
//! lag of all that come after it.

use super::common::micros;
use std::io::{Error, ErrorKind, Result};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Bytes that a console takes at once; longer than the longest frame, which is of 256 events.
const BUFFER: usize = 256 * 1024;

/// Opcodes of RFC 6455, section 5.2, with the bit that says "whole".
const TEXT: u8 = 0x81;
const PING: u8 = 0x89;
const PONG: u8 = 0x8a;

/// What consoles heard.
#[derive(Default)]
pub struct Heard {
    /// Events.
    pub events: AtomicU64,
    /// How old each was when it was read, in ms.
    pub lags: Mutex<Vec<f64>>,
}

/// A console, once its WebSocket is open.
pub struct Console {
    stream: TcpStream,
    buffer: Vec<u8>,
    filled: usize,
}

/// The end of the head of an HTTP answer.
fn end_of_head(bytes: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes, b"\r\n\r\n").map(|at| at + 4)
}

/// A frame's opcode and payload, and how long it is in all; `None` where it is not all there. A server does not mask.
fn frame(bytes: &[u8]) -> Option<(u8, &[u8], usize)> {
    let (&opcode, &length) = (bytes.first()?, bytes.get(1)?);
    let (head, length): (usize, usize) = match length {
        126 => (4, usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?))),
        127 => (10, usize::try_from(u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?)).ok()?),
        short => (2, usize::from(short)),
    };
    Some((opcode, bytes.get(head..head.checked_add(length)?)?, head + length))
}

/// A client's frame of up to 125 bytes; masked with zeros.
fn masked(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).expect("a short frame");
    [&[opcode, 0x80 | length, 0, 0, 0, 0], payload].concat()
}

impl Console {
    /// Opens a WebSocket; with a token it subscribes to all there is.
    ///
    /// # Errors
    /// When the server does not take it.
    pub async fn open(address: &str, path: &str, token: &str) -> Result<Self> {
        let mut stream = TcpStream::connect(address).await?;
        let bearer =
            if token.is_empty() { String::new() } else { format!("Authorization: Bearer {token}\r\n") };
        let ask = format!(
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{bearer}\r\n"
        );
        stream.write_all(ask.as_bytes()).await?;
        let mut console = Self { stream, buffer: vec![0; BUFFER], filled: 0 };
        let head = loop {
            console.read().await?;
            if let Some(head) = end_of_head(&console.buffer[..console.filled]) {
                break head;
            }
        };
        if !console.buffer.starts_with(b"HTTP/1.1 101 ") {
            return Err(Error::other(String::from_utf8_lossy(&console.buffer[..head]).into_owned()));
        }
        console.forget(head);
        if !token.is_empty() {
            console.stream.write_all(&masked(TEXT, br#"{"type":"subscribe"}"#)).await?;
        }
        Ok(console)
    }

    async fn read(&mut self) -> Result<()> {
        let taken = self.stream.read(&mut self.buffer[self.filled..]).await?;
        if taken == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        self.filled += taken;
        Ok(())
    }

    fn forget(&mut self, bytes: usize) {
        self.buffer.copy_within(bytes..self.filled, 0);
        self.filled -= bytes;
    }

    /// Reads until the server is gone; answers its pings.
    ///
    /// # Errors
    /// When the server is gone.
    pub async fn listen(mut self, heard: &Heard) -> Result<()> {
        loop {
            let mut done = 0;
            while let Some((opcode, payload, length)) = frame(&self.buffer[done..self.filled]) {
                match opcode {
                    TEXT => heard.take(payload),
                    PING => self.stream.write_all(&masked(PONG, payload)).await?,
                    _ => {}
                }
                done += length;
            }
            self.forget(done);
            self.read().await?;
        }
    }
}

impl Heard {
    /// A frame with any number of events in it, each of which says `t=` and when it was made.
    fn take(&self, frame: &[u8]) {
        let now = micros();
        let mut lags = self.lags.lock().expect("nobody panics with it");
        let before = lags.len();
        for at in memchr::memmem::find_iter(frame, b"t=") {
            let digits = frame[at + 2..].iter().take_while(|byte| byte.is_ascii_digit());
            let made = digits.fold(0, |made, byte| made * 10 + i64::from(byte - b'0'));
            lags.push((now - made) as f64 / 1000.0);
        }
        self.events.fetch_add((lags.len() - before) as u64, Ordering::Relaxed);
    }
}
