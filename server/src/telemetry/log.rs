//! The log: to stderr, and if asked to one file a day; what is said to VICIdials goes into files of its own.

use crate::settings::Log;
use std::io::IsTerminal;
use tracing_appender::non_blocking::WorkerGuard;
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt};

/// Log files kept.
const KEPT: usize = 14;

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
    let mut layers = vec![stderr];
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
