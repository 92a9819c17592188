//! A channel under AGI: commands out, answers in.

use super::reply::{Line, Reply, ReplyError, parse};
use super::request::{MAX_LINE, Request, RequestError};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

/// Most lines before an answer, usage texts included.
const MAX_LINES: usize = 200;

/// Why a command has no answer.
#[derive(Debug, thiserror::Error)]
pub enum ChannelError {
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Io(#[from] std::io::Error),
    /// The answer is none.
    #[error(transparent)]
    Reply(#[from] ReplyError),
}

/// An open session.
pub struct Channel {
    read: BufReader<OwnedReadHalf>,
    write: OwnedWriteHalf,
    line: Vec<u8>,
}

impl Channel {
    /// Reads the block with which Asterisk opens a session.
    ///
    /// # Errors
    /// When the peer is no Asterisk.
    pub async fn open(stream: TcpStream) -> Result<(Self, Request), RequestError> {
        let (read, write) = stream.into_split();
        let mut read = BufReader::with_capacity(2048, read);
        let request = Request::read(&mut read).await?;
        Ok((Self { read, write, line: Vec::with_capacity(128) }, request))
    }

    /// Sends a command. It may hold nothing of a stranger's: a line's end would begin another.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn send(&mut self, command: &str) -> std::io::Result<()> {
        debug_assert!(!command.contains(['\r', '\n']), "a command is one line");
        self.line.clear();
        self.line.extend_from_slice(command.as_bytes());
        self.line.push(b'\n');
        self.write.write_all(&self.line).await
    }

    /// Waits for the answer to the command that runs.
    ///
    /// # Errors
    /// When the connection breaks, or the answer is none.
    pub async fn answer(&mut self) -> Result<Reply, ChannelError> {
        for _ in 0..MAX_LINES {
            self.line.clear();
            if (&mut self.read).take(MAX_LINE).read_until(b'\n', &mut self.line).await? == 0 {
                return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into());
            }
            match parse(&String::from_utf8_lossy(&self.line)) {
                Line::Reply(reply) => return Ok(reply?),
                Line::HangUp | Line::Usage => {}
            }
        }
        Err(ReplyError::Unreadable.into())
    }

    /// Sends a command and waits for its answer.
    ///
    /// # Errors
    /// As [`Channel::answer`].
    pub async fn command(&mut self, command: &str) -> Result<Reply, ChannelError> {
        self.send(command).await?;
        self.answer().await
    }
}
