//! The screen: a frame is one write, and a frame that changes nothing writes nothing.

use ratatui::backend::{Backend, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};
use ratatui::{Frame, Terminal};
use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;

/// What a frame writes, kept until the frame is whole: the backend flushes three times a frame.
#[derive(Clone, Default)]
struct Held(Rc<RefCell<Vec<u8>>>);

impl Write for Held {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Where the hardware cursor is, as the terminal was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Cursor {
    shown: Option<bool>,
    at: Option<Position>,
}

/// A backend that tells the terminal of its cursor only what it does not know.
struct Quiet {
    inner: CrosstermBackend<Held>,
    cursor: Cursor,
}

impl Backend for Quiet {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let mut content = content.peekable();
        if content.peek().is_none() {
            return Ok(());
        }
        // Writing moves the cursor.
        self.cursor.at = None;
        self.inner.draw(content)
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        if self.cursor.shown.replace(false) == Some(false) { Ok(()) } else { self.inner.hide_cursor() }
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        if self.cursor.shown.replace(true) == Some(true) { Ok(()) } else { self.inner.show_cursor() }
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        self.inner.get_cursor_position()
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        let position = position.into();
        if self.cursor.at.replace(position) == Some(position) {
            return Ok(());
        }
        self.inner.set_cursor_position(position)
    }

    fn clear(&mut self) -> io::Result<()> {
        self.cursor.at = None;
        self.inner.clear()
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        self.cursor.at = None;
        self.inner.clear_region(clear_type)
    }

    fn size(&self) -> io::Result<Size> {
        self.inner.size()
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        self.inner.window_size()
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The screen, drawn onto `out`.
pub struct Screen<W> {
    terminal: Terminal<Quiet>,
    held: Held,
    out: W,
}

impl<W: Write> Screen<W> {
    /// As large as the terminal.
    pub fn new(out: W) -> io::Result<Self> {
        let held = Held::default();
        let backend = Quiet { inner: CrosstermBackend::new(held.clone()), cursor: Cursor::default() };
        Ok(Self { terminal: Terminal::new(backend)?, held, out })
    }

    /// Of one size, whatever the terminal has: to be measured.
    pub fn fixed(out: W, width: u16, height: u16) -> io::Result<Self> {
        let held = Held::default();
        let backend = Quiet { inner: CrosstermBackend::new(held.clone()), cursor: Cursor::default() };
        let area = ratatui::layout::Rect::new(0, 0, width, height);
        let options = ratatui::TerminalOptions { viewport: ratatui::Viewport::Fixed(area) };
        Ok(Self { terminal: Terminal::with_options(backend, options)?, held, out })
    }

    /// Draws a frame: what has changed since the last one, in one write; nothing where nothing has.
    pub fn draw(&mut self, render: impl FnOnce(&mut Frame)) -> io::Result<()> {
        self.terminal.draw(render)?;
        let mut held = self.held.0.borrow_mut();
        if !held.is_empty() {
            self.out.write_all(&held)?;
            self.out.flush()?;
            held.clear();
        }
        Ok(())
    }

    /// Sends something that is no part of a frame, such as the bell.
    pub fn send(&mut self, text: &str) -> io::Result<()> {
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }

    /// Columns and lines.
    pub fn size(&self) -> io::Result<Size> {
        self.terminal.size()
    }
}
