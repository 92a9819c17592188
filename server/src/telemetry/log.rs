//! The log: to stderr, and if asked to one file a day; what is said to VICIdials goes into files of its own.

use crate::domain::plain;
use crate::settings::Log;
use dialdeck_protocol::dashboard::LogLine;
use std::collections::VecDeque;
use std::fmt::{Debug, Write};
use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use tracing::field::{Field, Visit};
use tracing_appender::non_blocking::WorkerGuard;
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::Context;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt};

/// Log files kept.
const KEPT: usize = 14;

/// Lines that consoles can read.
const RECENT: usize = 300;

static LINES: Mutex<VecDeque<LogLine>> = Mutex::new(VecDeque::new());

/// The last lines, the newest last: what the log says, for who may read it.
pub fn recent() -> Vec<LogLine> {
    LINES.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
}

/// Keeps the last lines of the log in memory.
struct Recent;

/// An event's message and fields, in a line.
#[derive(Default)]
struct Said(String);

impl Visit for Said {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = match field.name() {
            "message" => write!(self.0, "{value:?}"),
            name => write!(self.0, " {name}={value:?}"),
        };
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let _ = write!(self.0, " {}={value}", field.name());
    }
}

impl<S: tracing::Subscriber> Layer<S> for Recent {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        let mut said = Said::default();
        event.record(&mut said);
        let line = LogLine {
            at: chrono::Utc::now(),
            level: event.metadata().level().as_str().to_lowercase(),
            text: plain::line(said.0.trim(), 400),
        };
        let mut lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == RECENT {
            lines.pop_front();
        }
        lines.push_back(line);
    }
}

/// Starts logging. The guard must live as long as the program, or the last lines of the file are lost.
///
/// # Errors
/// When the filter cannot be read, or the folder cannot be written.
pub fn start(settings: &Log) -> Result<Option<(WorkerGuard, WorkerGuard)>, String> {
    let filter = || {
        EnvFilter::try_new(&settings.level).map_err(|e| {
            format!("log.level {:?} cannot be read: {e}; use error, warn, info or debug", settings.level)
        })
    };
    let json = settings.format == "json";
    let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let stderr: Box<dyn Layer<Registry> + Send + Sync> = if json {
        fmt::layer().json().with_writer(std::io::stderr).with_filter(filter()?).boxed()
    } else {
        fmt::layer()
            .with_ansi(colour)
            .with_target(false)
            .with_writer(std::io::stderr)
            .with_filter(filter()?)
            .boxed()
    };
    // Debug lines may hold numbers, and are for files alone.
    let known = Recent.with_filter(LevelFilter::INFO).with_filter(filter()?).boxed();
    let mut layers = vec![stderr, known];
    let mut guard = None;
    if !settings.folder.is_empty() {
        let files = |prefix: &str| {
            RollingFileAppender::builder()
                .rotation(Rotation::DAILY)
                .filename_prefix(prefix)
                .filename_suffix("log")
                .max_log_files(KEPT)
                .build(&settings.folder)
                .map_err(|e| format!("log.folder {:?} cannot be written: {e}", settings.folder))
        };
        let (wire, wire_guard) = tracing_appender::non_blocking(files("vicidial")?);
        let only = Targets::new().with_target("vicidial_wire", tracing::Level::DEBUG);
        layers.push(fmt::layer().json().with_writer(wire).with_filter(only).boxed());
        let (writer, file_guard) = tracing_appender::non_blocking(files("dialdeckd")?);
        guard = Some((file_guard, wire_guard));
        let layer = fmt::layer().with_ansi(false).with_writer(writer);
        layers.push(if json {
            layer.json().with_filter(filter()?).boxed()
        } else {
            layer.with_filter(filter()?).boxed()
        });
    }
    tracing_subscriber::registry().with(layers).try_init().map_err(|e| e.to_string())?;
    Ok(guard)
}
