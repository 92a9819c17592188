//! AudioSocket: full-duplex telephone sound over one TCP connection.
//!
//! Frames are `type (1) length (2, big-endian) payload`: `00` hang up, `01` the id (16 bytes), `03` a digit, `10`
//! sound, 8 kHz s16le. Asterisk does not pace, so we send a frame every 20 ms; a zero-length `10` from us would end
//! the application, and so would two seconds in which neither side sends. Half a header would block the channel's
//! audio until we close: reads are bounded in time, and sockets are always closed.

use super::peers::Allowed;
use crate::voice::media::{Frame, Media, SPOKEN_AHEAD};
use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const HANG_UP: u8 = 0x00;
const ID: u8 = 0x01;
const DIGIT: u8 = 0x03;
const SOUND: u8 = 0x10;

/// How long a peer may take to say its id.
const PRELUDE: Duration = Duration::from_secs(5);
/// Frames that may wait for the voice loop.
const HEARD_AHEAD: usize = 64;

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
    let mut header = [0; 3];
    match stream.read_exact(&mut header[..1]).await {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    };
    stream.read_exact(&mut header[1..]).await?;
    let mut payload = vec![0; usize::from(u16::from_be_bytes([header[1], header[2]]))];
    stream.read_exact(&mut payload).await?;
    Ok(Some(match header[0] {
        HANG_UP => Packet::HangUp,
        ID => <[u8; 16]>::try_from(payload).map_or(Packet::Other(ID), |id| Packet::Id(Uuid::from_bytes(id))),
        DIGIT => payload.first().map_or(Packet::Other(DIGIT), |b| Packet::Digit(char::from(*b))),
        // Frames at a file's end are shorter, and an odd byte has been seen nowhere but is no reason to fail.
        SOUND => Packet::Sound(payload.chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect()),
        other => Packet::Other(other),
    }))
}

/// Writes a frame of sound. An empty one is not written: it would end the application.
///
/// # Errors
/// When the stream breaks.
pub async fn write_sound(stream: &mut (impl AsyncWrite + Unpin), samples: &[i16]) -> io::Result<()> {
    let Some(length) = u16::try_from(samples.len() * 2).ok().filter(|n| *n > 0) else { return Ok(()) };
    let mut packet = Vec::with_capacity(usize::from(length) + 3);
    packet.push(SOUND);
    packet.extend(length.to_be_bytes());
    packet.extend(samples.iter().flat_map(|s| s.to_le_bytes()));
    stream.write_all(&packet).await
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

/// Joins a connection to the voice loop.
pub fn media(stream: TcpStream) -> Media {
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::with_capacity(READ_AHEAD, read);
    let (to_loop, heard) = mpsc::channel(HEARD_AHEAD);
    let (spoken, mut from_loop) = mpsc::channel(SPOKEN_AHEAD);
    let over = CancellationToken::new();
    let reader = over.clone();
    tokio::spawn(async move {
        loop {
            let packet = tokio::select! {
                packet = read_packet(&mut read) => packet,
                () = reader.cancelled() => break,
            };
            let frame = match packet {
                Ok(Some(Packet::Sound(samples))) => Frame::Sound(samples),
                Ok(Some(Packet::Digit(digit))) => Frame::Digit(digit),
                Ok(Some(Packet::Id(_) | Packet::Other(_))) => continue,
                Ok(Some(Packet::HangUp) | None) | Err(_) => break,
            };
            if to_loop.send(frame).await.is_err() {
                break;
            }
        }
        reader.cancel();
    });
    tokio::spawn(async move {
        loop {
            let frame = tokio::select! {
                frame = from_loop.recv() => frame,
                () = over.cancelled() => break,
            };
            let written = match frame {
                Some(Frame::Sound(samples)) => write_sound(&mut write, &samples).await,
                Some(_) => Ok(()),
                None => {
                    // The loop is done: a clean end, and the AGI session goes on.
                    let _ = write.write_all(&[HANG_UP, 0, 0]).await;
                    break;
                }
            };
            if written.is_err() {
                break;
            }
        }
        over.cancel();
        let _ = write.shutdown().await;
    });
    Media { heard, spoken, words: false }
}

#[cfg(test)]
mod tests {
    use super::{Packet, read_packet, write_sound};
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

    proptest! {
        #[test]
        fn garbage_ends_and_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            prop_assert!(!matches!(read(&bytes).last(), Some(Ok(Some(_)))));
        }

        #[test]
        fn what_is_written_is_read(samples in proptest::collection::vec(any::<i16>(), 1..400)) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let mut bytes = Vec::new();
            runtime.block_on(write_sound(&mut bytes, &samples)).unwrap();
            prop_assert_eq!(read(&bytes)[0].clone(), Ok(Some(Packet::Sound(samples))));
        }
    }
}
