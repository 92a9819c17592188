//! A program on a terminal of its own: keys in, screen out, waits on conditions.

use color_eyre::eyre::{Result, bail, eyre};
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A terminal.
pub struct Terminal {
    screen: Arc<Mutex<vt100::Parser>>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    reader: JoinHandle<()>,
}

/// How long the screen may take to show what is waited for.
const LONGEST: Duration = Duration::from_secs(30);

fn at_least_one(n: u16) -> NonZeroU16 {
    NonZeroU16::new(n).unwrap_or(NonZeroU16::MIN)
}

fn size(columns: u16, rows: u16) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}

impl Terminal {
    /// Starts a program.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(
        program: &str,
        arguments: &[&str],
        environment: &[(&str, &str)],
        columns: u16,
        rows: u16,
    ) -> Result<Self> {
        let pair = native_pty_system().openpty(size(columns, rows)).map_err(|e| eyre!("{e}"))?;
        let mut command = CommandBuilder::new(program);
        command.args(arguments);
        command.cwd("/");
        command.env_clear();
        for (name, value) in
            [("TERM", "xterm-256color"), ("HOME", "/nonexistent"), ("TZ", "UTC")].iter().chain(environment)
        {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).map_err(|e| eyre!("{e}"))?;
        drop(pair.slave);
        let screen = Arc::new(Mutex::new(vt100::Parser::new(at_least_one(rows), at_least_one(columns), 0)));
        let mut output = pair.master.try_clone_reader().map_err(|e| eyre!("{e}"))?;
        let shown = screen.clone();
        let reader = std::thread::spawn(move || {
            let mut buffer = [0; 8192];
            while let Ok(n @ 1..) = output.read(&mut buffer) {
                shown.lock().unwrap_or_else(PoisonError::into_inner).process(&buffer[..n]);
            }
        });
        let keys = pair.master.take_writer().map_err(|e| eyre!("{e}"))?;
        Ok(Self { screen, keys, child, master: pair.master, reader })
    }

    /// What stands on the screen.
    pub fn text(&self) -> String {
        self.screen.lock().unwrap_or_else(PoisonError::into_inner).screen().contents()
    }

    /// The screen as a picture.
    pub fn picture(&self) -> String {
        crate::picture::svg(self.screen.lock().unwrap_or_else(PoisonError::into_inner).screen())
    }

    /// Whether the screen is the alternate one, as full-screen programs use.
    pub fn is_full_screen(&self) -> bool {
        self.screen.lock().unwrap_or_else(PoisonError::into_inner).screen().alternate_screen()
    }

    /// Presses keys, as bytes.
    ///
    /// # Errors
    /// When the program is gone.
    pub fn press(&mut self, keys: &str) -> Result<()> {
        self.keys.write_all(keys.as_bytes())?;
        self.keys.flush()?;
        Ok(())
    }

    /// Changes the terminal's size.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn resize(&mut self, columns: u16, rows: u16) -> Result<()> {
        self.screen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .screen_mut()
            .set_size(at_least_one(rows), at_least_one(columns));
        self.master.resize(size(columns, rows)).map_err(|e| eyre!("{e}"))
    }

    /// Waits until the screen is as `wanted` says; gives its text.
    ///
    /// # Errors
    /// With the screen as it was, when it never was.
    pub fn until(&self, what: &str, wanted: impl Fn(&str) -> bool) -> Result<String> {
        let begun = Instant::now();
        loop {
            let text = self.text();
            if wanted(&text) {
                return Ok(text);
            }
            if begun.elapsed() > LONGEST {
                bail!("waited in vain for {what}; the screen shows\n{text}");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until a text stands on the screen.
    ///
    /// # Errors
    /// As [`Terminal::until`].
    pub fn shows(&self, text: &str) -> Result<String> {
        self.until(&format!("{text:?}"), |screen| screen.contains(text))
    }

    /// Waits until the program has ended and all that it wrote is on the screen; gives whether it ended well.
    ///
    /// # Errors
    /// When it does not end.
    pub fn ended(&mut self) -> Result<bool> {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()?
                && self.reader.is_finished()
            {
                return Ok(status.success());
            }
            if begun.elapsed() > LONGEST {
                bail!("the program does not end; the screen shows\n{}", self.text());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
