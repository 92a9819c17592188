//! AudioSocket: full-duplex telephone sound over one TCP connection.
//!
//! Frames are `type (1) length (2, big-endian) payload`: `00` hang up, `01` the id (16 bytes), `03` a digit, `10`
//! sound, 8 kHz s16le. Asterisk does not pace, so we send a frame every 20 ms; a zero-length `10` from us would end
//! the application, and so would two seconds in which neither side sends. Half a header would block the channel's
//! audio until we close: reads are bounded in time, and sockets are always closed.

use super::peers::Allowed;
use crate::voice::media::{Blocked, Frame, Heard, Incoming, Media, Outgoing, Spoken};
use bytes::BytesMut;
use std::collections::HashMap;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_util::io::poll_read_buf;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const HANG_UP: u8 = 0x00;
const ID: u8 = 0x01;
const DIGIT: u8 = 0x03;
const SOUND: u8 = 0x10;
/// Bytes before a payload.
const HEADER: usize = 3;

/// How long a peer may take to say its id.
const PRELUDE: Duration = Duration::from_secs(5);

/// A frame as read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Packet {
    /// The far side hangs up.
    HangUp,
    /// Which call it is.
    Id(Uuid),
    /// A key.
    Digit(char),
    /// Sound.
    Sound(Vec<i16>),
    /// Something newer than we know; skipped.
    Other(u8),
}

/// Bytes read at once: some frames.
const READ_AHEAD: usize = 2048;

/// Reads one frame; `None` at the end of the stream.
///
/// # Errors
/// When the stream breaks in the middle of a frame.
pub async fn read_packet(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Packet>> {
    let mut header = [0; HEADER];
    match stream.read_exact(&mut header[..1]).await {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    };
    stream.read_exact(&mut header[1..]).await?;
    let mut payload = vec![0; usize::from(u16::from_be_bytes([header[1], header[2]]))];
    stream.read_exact(&mut payload).await?;
    Ok(Some(packet(header[0], &payload)))
}

/// The first frame of what was read, taken from it; `None` where it is not whole yet.
fn take_packet(buffer: &mut BytesMut) -> Option<Packet> {
    let header = buffer.get(..HEADER)?;
    let (kind, length) = (header[0], usize::from(u16::from_be_bytes([header[1], header[2]])));
    if buffer.len() < HEADER + length {
        return None;
    }
    let whole = buffer.split_to(HEADER + length);
    Some(packet(kind, &whole[HEADER..]))
}

/// A frame, by its type and payload.
fn packet(kind: u8, payload: &[u8]) -> Packet {
    match kind {
        HANG_UP => Packet::HangUp,
        ID => <[u8; 16]>::try_from(payload).map_or(Packet::Other(ID), |id| Packet::Id(Uuid::from_bytes(id))),
        DIGIT => payload.first().map_or(Packet::Other(DIGIT), |b| Packet::Digit(char::from(*b))),
        // Frames at a file's end are shorter, and an odd byte has been seen nowhere but is no reason to fail.
        SOUND => Packet::Sound(payload.chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect()),
        other => Packet::Other(other),
    }
}

/// Puts a frame of sound behind what is to be written. An empty one is left out: it would end the application.
fn put_sound(out: &mut Vec<u8>, samples: &[i16]) {
    let Some(length) = u16::try_from(samples.len() * 2).ok().filter(|n| *n > 0) else { return };
    out.push(SOUND);
    out.extend(length.to_be_bytes());
    out.extend(samples.iter().flat_map(|s| s.to_le_bytes()));
}

/// Ids that a connection may bear, each good for one connection.
#[derive(Clone, Default)]
pub(super) struct Tickets(Arc<Mutex<HashMap<Uuid, oneshot::Sender<TcpStream>>>>);

impl Tickets {
    /// A fresh id, and where its connection will come. It is void once the receiver is dropped.
    pub(super) fn issue(&self) -> (Uuid, oneshot::Receiver<TcpStream>) {
        let (sender, receiver) = oneshot::channel();
        let id = Uuid::new_v4();
        let mut tickets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tickets.retain(|_, ticket| !ticket.is_closed());
        tickets.insert(id, sender);
        (id, receiver)
    }

    fn take(&self, id: Uuid) -> Option<oneshot::Sender<TcpStream>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&id)
    }
}

/// Serves connections until told to stop.
pub(super) async fn serve(listener: TcpListener, tickets: Tickets, peers: Allowed, stop: CancellationToken) {
    peers
        .admit("AudioSocket", listener, stop, |stream, peer| {
            let tickets = tickets.clone();
            async move {
                if let Err(reason) = admit(stream, &tickets).await {
                    tracing::warn!(%peer, reason, "AudioSocket connection closed");
                }
            }
        })
        .await;
}

async fn admit(mut stream: TcpStream, tickets: &Tickets) -> Result<(), &'static str> {
    let first = tokio::time::timeout(PRELUDE, read_packet(&mut stream)).await;
    let id = match first {
        Ok(Ok(Some(Packet::Id(id)))) => id,
        Ok(Ok(None)) => return Ok(()),
        Ok(_) => return Err("it does not begin with an id"),
        Err(_) => return Err("no id came in time"),
    };
    tickets.take(id).ok_or("its id is unknown, used or expired")?.send(stream).map_err(|_| "its call is gone")
}

/// Joins a connection to the voice loop, which reads and writes it itself.
pub fn media(stream: TcpStream) -> Media {
    let (read, write) = stream.into_split();
    Media {
        heard: Heard::line(Reading { read, buffer: BytesMut::with_capacity(READ_AHEAD), ended: false }),
        spoken: Spoken::line(Writing { write, rest: Vec::with_capacity(READ_AHEAD) }),
        words: false,
    }
}

/// What comes from Asterisk.
struct Reading {
    read: OwnedReadHalf,
    buffer: BytesMut,
    ended: bool,
}

impl Incoming for Reading {
    fn poll_frame(&mut self, context: &mut Context<'_>) -> Poll<Option<Frame>> {
        while !self.ended {
            match take_packet(&mut self.buffer) {
                Some(Packet::Sound(samples)) => return Poll::Ready(Some(Frame::Sound(samples))),
                Some(Packet::Digit(digit)) => return Poll::Ready(Some(Frame::Digit(digit))),
                Some(Packet::Id(_) | Packet::Other(_)) => continue,
                Some(Packet::HangUp) => break,
                None => {}
            }
            match ready!(poll_read_buf(Pin::new(&mut self.read), context, &mut self.buffer)) {
                Ok(0) | Err(_) => break,
                Ok(_) => {}
            }
        }
        self.ended = true;
        Poll::Ready(None)
    }
}

/// What goes to Asterisk.
struct Writing {
    write: OwnedWriteHalf,
    /// What of the last frame is not written yet.
    rest: Vec<u8>,
}

impl Writing {
    fn flush(&mut self) -> Result<(), Blocked> {
        while !self.rest.is_empty() {
            match self.write.try_write(&self.rest) {
                Ok(written) => drop(self.rest.drain(..written)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Err(Blocked::Full),
                Err(_) => return Err(Blocked::Closed),
            }
        }
        Ok(())
    }
}

impl Outgoing for Writing {
    fn room(&mut self) -> Result<(), Blocked> {
        self.flush()
    }

    fn write(&mut self, frame: &Frame) -> Result<(), Blocked> {
        if let Frame::Sound(samples) = frame {
            put_sound(&mut self.rest, samples);
        }
        match self.flush() {
            // What could not be written goes before the next.
            Ok(()) | Err(Blocked::Full) => Ok(()),
            closed => closed,
        }
    }
}

impl Drop for Writing {
    /// A clean end, and the AGI session goes on.
    fn drop(&mut self) {
        self.rest.extend([HANG_UP, 0, 0]);
        let _ = self.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::{Packet, media, put_sound, read_packet, take_packet};
    use crate::voice::media::Frame;
    use bytes::BytesMut;
    use proptest::prelude::*;

    fn read(bytes: &[u8]) -> Vec<Result<Option<Packet>, ()>> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut stream = bytes;
            let mut out = Vec::new();
            loop {
                let packet = read_packet(&mut stream).await.map_err(|_| ());
                let last = !matches!(packet, Ok(Some(_)));
                out.push(packet);
                if last {
                    return out;
                }
            }
        })
    }

    #[test]
    fn frames_of_any_length_are_read() {
        let mut bytes = vec![0x01, 0, 16];
        bytes.extend([7; 16]);
        bytes.extend([0x03, 0, 1, b'9', 0x10, 0, 4, 1, 0, 255, 255, 0x55, 0, 1, 9, 0x00, 0, 0]);
        let packets = read(&bytes);
        assert_eq!(packets[0], Ok(Some(Packet::Id(uuid::Uuid::from_bytes([7; 16])))));
        assert_eq!(packets[1], Ok(Some(Packet::Digit('9'))));
        assert_eq!(packets[2], Ok(Some(Packet::Sound(vec![1, -1]))));
        assert_eq!(packets[3], Ok(Some(Packet::Other(0x55))));
        assert_eq!(packets[4], Ok(Some(Packet::HangUp)));
        assert_eq!(packets[5], Ok(None));
        assert_eq!(read(&[0x10, 0]), vec![Err(())], "half a header is an error, not the end");
    }

    #[tokio::test]
    async fn both_ways_of_a_connection() {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut far = tokio::net::TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let mut media = media(listener.accept().await.unwrap().0);
        far.write_all(&[0x10, 0, 2, 5, 0, 0x03, 0, 1, b'7', 0x10, 0]).await.unwrap();
        assert_eq!(media.heard.recv().await, Some(Frame::Sound(vec![5])));
        assert_eq!(media.heard.recv().await, Some(Frame::Digit('7')));
        far.write_all(&[2, 6, 0]).await.unwrap();
        assert_eq!(media.heard.recv().await, Some(Frame::Sound(vec![6])));
        media.spoken.try_send(Frame::Sound(vec![1, 2])).unwrap();
        far.shutdown().await.unwrap();
        assert_eq!((media.heard.recv().await, media.heard.recv().await), (None, None));
        drop(media);
        let mut said = Vec::new();
        far.read_to_end(&mut said).await.unwrap();
        assert_eq!(said, [0x10, 0, 4, 1, 0, 2, 0, 0, 0, 0], "what we said, and a clean end");
    }

    proptest! {
        #[test]
        fn garbage_ends_and_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            prop_assert!(!matches!(read(&bytes).last(), Some(Ok(Some(_)))));
        }

        #[test]
        fn what_is_written_is_read(samples in proptest::collection::vec(any::<i16>(), 1..400)) {
            let mut bytes = Vec::new();
            put_sound(&mut bytes, &samples);
            prop_assert_eq!(read(&bytes)[0].clone(), Ok(Some(Packet::Sound(samples))));
        }

        #[test]
        fn pieces_are_read_as_the_whole_is(bytes in proptest::collection::vec(any::<u8>(), 0..400), piece in 1usize..50) {
            let whole: Vec<Packet> = read(&bytes).into_iter().filter_map(|p| p.ok().flatten()).collect();
            let (mut buffer, mut taken) = (BytesMut::new(), Vec::new());
            for piece in bytes.chunks(piece) {
                buffer.extend_from_slice(piece);
                while let Some(packet) = take_packet(&mut buffer) {
                    taken.push(packet);
                }
            }
            prop_assert_eq!(taken, whole);
        }
    }
}
