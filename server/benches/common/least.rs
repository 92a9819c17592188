//! The least that it takes here to tell consoles what is durable: a loop that writes what came into a file, waits for the
//! disk, and writes it to each socket. No database, no log-in, no task: what a server has on top of this is its own.

use std::fs::File;
use std::io::{Read, Result, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// Seconds in which events go out together.
const TOGETHER: f64 = 0.004;
/// What is made durable with each write, in bytes: three pages, where our server's commits of one event write two and a half
/// in the mean; and the part of the file that is written over and over, as a log that is in use.
const WRITTEN: usize = 3 * 4096;
const FILE: usize = 300 * WRITTEN;

/// Takes a console: the answer to its handshake is all that ours look at.
fn open(mut console: TcpStream) -> Result<TcpStream> {
    console.set_nonblocking(false)?;
    console.set_nodelay(true)?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut some = [0; 1024];
        let taken = console.read(&mut some)?;
        if taken == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        head.extend_from_slice(&some[..taken]);
    }
    console.write_all(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    )?;
    console.set_nonblocking(true)?;
    Ok(console)
}

/// A text frame of RFC 6455 (section 5.2), unmasked; in its long form whatever its length.
fn frame(texts: &[String]) -> Vec<u8> {
    let text = texts.concat();
    let mut frame = vec![0x81, 127];
    frame.extend_from_slice(&u64::try_from(text.len()).unwrap_or_default().to_be_bytes());
    frame.extend_from_slice(text.as_bytes());
    frame
}

/// The next events: those of four milliseconds, and what came meanwhile.
fn next(made: &Receiver<String>, together: usize) -> Option<Vec<String>> {
    let mut texts = vec![made.recv().ok()?];
    let until = Instant::now() + Duration::from_secs_f64(TOGETHER);
    while texts.len() < together {
        match made.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(text) => texts.push(text),
            Err(RecvTimeoutError::Timeout) => break,
            Err(RecvTimeoutError::Disconnected) => return None,
        }
    }
    texts.extend(made.try_iter());
    Some(texts)
}

/// Says where it listens, and tells whoever comes what `text` makes at a rate, until it is killed.
///
/// # Errors
/// When the system refuses a socket or a file.
pub fn serve(folder: &Path, rate: f64, text: impl Fn() -> String + Send + 'static) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?);
    listener.set_nonblocking(true)?;
    let mut file = File::create(folder.join("least"))?;
    file.write_all(&vec![b'x'; FILE])?;
    file.sync_all()?;
    let (making, made) = channel();
    std::thread::spawn(move || {
        let begun = Instant::now();
        for event in 1_u32.. {
            let due = begun + Duration::from_secs_f64(f64::from(event) / rate);
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            if making.send(text()).is_err() {
                return;
            }
        }
    });
    let (together, mut consoles, written) = ((rate * TOGETHER) as usize, Vec::new(), [b'x'; WRITTEN]);
    let mut at = 0;
    while let Some(texts) = next(&made, together) {
        while let Ok((console, _)) = listener.accept() {
            consoles.extend(open(console));
        }
        file.write_all_at(&written, at as u64)?;
        file.sync_data()?;
        at = (at + WRITTEN) % FILE;
        let frame = frame(&texts);
        consoles.retain_mut(|console: &mut TcpStream| match console.write(&frame) {
            Ok(written) => written == frame.len(),
            Err(error) => error.kind() == std::io::ErrorKind::WouldBlock,
        });
    }
    Ok(())
}
