//! The wire of one console. What goes out is written as whole frames, so that a frame made once for all consoles is
//! never copied into a buffer of each; what comes in is read by a WebSocket library.

use bytes::Bytes;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use rustix::net::{SendFlags, send};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

/// What a connection's half is read from.
type Reads = Box<dyn AsyncRead + Send + Unpin>;

/// What a connection's half is written to.
pub(super) enum Writes {
    /// A socket, and nothing between us and it.
    Plain(OwnedWriteHalf),
    /// Anything else: TLS, say.
    Other(Box<dyn AsyncWrite + Send + Unpin>),
}

impl Writes {
    /// Writes what the kernel takes at once, past the runtime, whose look at each of many sockets costs more than it saves;
    /// gives how many bytes it took. `None`: whoever can wait has to write.
    pub(super) fn at_once(&self, bytes: &[u8]) -> Option<usize> {
        let Self::Plain(half) = self else { return None };
        send(half.as_ref(), bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL).ok()
    }

    /// As [`AsyncWrite::poll_write`].
    pub(super) fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self {
            Self::Plain(half) => Pin::new(half).poll_write(cx, bytes),
            Self::Other(half) => Pin::new(half).poll_write(cx, bytes),
        }
    }

    /// As [`AsyncWrite::poll_flush`]: of what TLS took, some may still be with it.
    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(half) => Pin::new(half).poll_flush(cx),
            Self::Other(half) => Pin::new(half).poll_flush(cx),
        }
    }

    /// As [`AsyncWrite::poll_shutdown`].
    pub(super) fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(half) => Pin::new(half).poll_shutdown(cx),
            Self::Other(half) => Pin::new(half).poll_shutdown(cx),
        }
    }
}

/// What comes from the console. Its library's own answers (to pings, to a close) go to whoever writes.
pub(super) struct Incoming {
    /// What came with the handshake.
    early: Bytes,
    read: Reads,
    answers: mpsc::UnboundedSender<Bytes>,
}

impl AsyncRead for Incoming {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.early.is_empty() {
            let length = self.early.len().min(buf.remaining());
            buf.put_slice(&self.early.split_to(length));
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.read).poll_read(cx, buf)
    }
}

impl AsyncWrite for Incoming {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let sent = self.answers.send(Bytes::copy_from_slice(bytes));
        Poll::Ready(sent.map(|()| bytes.len()).map_err(|_| io::ErrorKind::BrokenPipe.into()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Opcodes of RFC 6455, section 5.2, with the bit that says "whole".
const TEXT: u8 = 0x81;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;

/// Puts a frame's head before its payload (RFC 6455, section 5.2; a server does not mask).
fn framed(opcode: u8, payload: &[u8]) -> Bytes {
    let mut frame = Vec::with_capacity(payload.len() + 10);
    frame.push(opcode);
    match payload.len() {
        short @ 0..=125 => frame.push(u8::try_from(short).unwrap_or(125)),
        middle @ 126..=0xffff => {
            frame.push(126);
            frame.extend_from_slice(&u16::try_from(middle).unwrap_or(u16::MAX).to_be_bytes());
        }
        long => {
            frame.push(127);
            frame.extend_from_slice(&u64::try_from(long).unwrap_or(u64::MAX).to_be_bytes());
        }
    }
    frame.extend_from_slice(payload);
    frame.into()
}

/// A whole text frame.
pub(super) fn text(payload: &str) -> Bytes {
    framed(TEXT, payload.as_bytes())
}

/// A ping without a word.
pub(super) fn ping() -> Bytes {
    framed(PING, &[])
}

/// Goodbye, for the ordinary reason (1000).
pub(super) fn close() -> Bytes {
    framed(CLOSE, &1000_u16.to_be_bytes())
}

/// The halves of a connection, and what came before it was taken apart. A plain socket's halves need no lock.
fn halves(line: Upgraded) -> (Reads, Writes, Bytes) {
    match line.downcast::<TokioIo<TcpStream>>() {
        Ok(parts) => {
            let (read, write) = parts.io.into_inner().into_split();
            // A copy: what is left, nearly always nothing, must not keep the whole buffer of the handshake.
            (Box::new(read), Writes::Plain(write), Bytes::copy_from_slice(&parts.read_buf))
        }
        Err(line) => {
            let (read, write) = tokio::io::split(TokioIo::new(line));
            (Box::new(read), Writes::Other(Box::new(write)), Bytes::new())
        }
    }
}

/// Takes an upgraded connection apart.
pub(super) async fn split(
    line: Upgraded,
    config: WebSocketConfig,
) -> (WebSocketStream<Incoming>, mpsc::UnboundedReceiver<Bytes>, Writes) {
    let (read, write, early) = halves(line);
    let (answers, answered) = mpsc::unbounded_channel();
    let incoming = Incoming { early, read, answers };
    let stream = WebSocketStream::from_raw_socket(incoming, Role::Server, Some(config)).await;
    (stream, answered, write)
}

#[cfg(test)]
mod tests {
    use super::text;
    use proptest::prelude::*;
    use tokio_tungstenite::tungstenite::Message;
    use tokio_tungstenite::tungstenite::protocol::{Role, WebSocket};

    proptest! {
        #[test]
        fn a_library_reads_what_we_write(length in prop_oneof![0usize..300, 65_000usize..66_000]) {
            let said = "x".repeat(length);
            let mut bytes = std::io::Cursor::new(text(&said).to_vec());
            let mut socket = WebSocket::from_raw_socket(&mut bytes, Role::Client, None);
            prop_assert_eq!(socket.read().unwrap(), Message::Text(said.into()));
        }
    }
}
