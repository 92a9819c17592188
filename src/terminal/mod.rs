//! The terminal: taken over, and given back whatever happens.

use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste, Event, EventStream};
use crossterm::execute;
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use futures_util::StreamExt;
use std::io::{self, Write};
use std::os::fd::AsFd;
use tokio::sync::mpsc;

pub mod screen;

/// The screen, written to without a buffer of the library's: a frame is one write.
pub type Screen = screen::Screen<std::fs::File>;

/// Keys, pastes and changes of size, in order; closed when the terminal is gone.
pub type Keys = mpsc::Receiver<Event>;

/// Keys that may wait: a held key fills it, and then the terminal waits instead of our memory.
const WAITING: usize = 4096;

/// Reads the terminal in a task of its own, so that what waits can be taken without waiting.
pub fn keys() -> Keys {
    let (sender, receiver) = mpsc::channel(WAITING);
    tokio::spawn(async move {
        let mut stream = EventStream::new();
        while let Some(Ok(event)) = stream.next().await {
            if sender.send(event).await.is_err() {
                return;
            }
        }
    });
    receiver
}

/// Gives the terminal back when dropped.
pub struct Taken;

impl Drop for Taken {
    fn drop(&mut self) {
        give_back();
    }
}

fn give_back() {
    let _ = disable_raw_mode();
    let mut out = io::stdout();
    let _ = execute!(out, DisableBracketedPaste, LeaveAlternateScreen, crossterm::cursor::Show);
    let _ = out.flush();
}

/// Ends the program with the terminal given back when the system asks for it, whatever the program is doing.
fn end_on_signals() -> io::Result<()> {
    let asked = crate::ending::asked()?;
    tokio::spawn(async move {
        let signal = asked.await;
        give_back();
        std::process::exit(128 + signal);
    });
    Ok(())
}

/// Takes the terminal over. A panic gives it back before its message is printed.
pub fn take() -> io::Result<(Screen, Taken)> {
    end_on_signals()?;
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        give_back();
        before(info);
    }));
    enable_raw_mode()?;
    let taken = Taken;
    execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste)?;
    let out = std::fs::File::from(io::stdout().as_fd().try_clone_to_owned()?);
    let screen = Screen::new(out)?;
    Ok((screen, taken))
}
