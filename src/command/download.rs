//! Exports: streamed to a file or to the output, with progress.

use super::output::print_bytes;
use super::{Client, problem};
use crate::plain;
use clap::ValueEnum;
use color_eyre::eyre::{Result, WrapErr, bail};
use futures_util::StreamExt;
use reqwest::Method;
use serde_json::Value;
use std::fs::File;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Between two words of progress.
const PAUSE: Duration = Duration::from_millis(200);

/// In which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Comma-separated, with a header
    Csv,
    /// JSON lines
    Jsonl,
}

/// How to carry something out.
#[derive(Debug, clap::Args)]
pub struct Destination {
    /// In which form; --json is --format jsonl
    #[arg(long, value_enum, default_value_t = Format::Csv)]
    format: Format,
    /// Where to; the output unless told
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Destination {
    /// Carries out what `path` gives, of one campaign where `campaign_id` is given.
    pub async fn run(
        &self,
        client: &Client,
        path: &str,
        campaign_id: Option<String>,
        json: bool,
    ) -> Result<()> {
        let format = if json || self.format == Format::Jsonl { "jsonl" } else { "csv" };
        let mut query = vec![("format", format.to_owned())];
        query.extend(campaign_id.map(|id| ("campaign_id", id)));
        run(client, path, &query, self.out.as_deref()).await
    }
}

/// Carries out what `path` gives.
pub async fn run(
    client: &Client,
    path: &str,
    query: &[(&'static str, String)],
    out: Option<&Path>,
) -> Result<()> {
    let request = client.request(Method::GET, path)?.query(query);
    let answer = request.send().await.map_err(reqwest::Error::without_url)?;
    let status = answer.status();
    if !status.is_success() {
        let json: Value = serde_json::from_str(&answer.text().await?).unwrap_or_default();
        bail!(problem(&json, status));
    }
    match out.filter(|path| *path != Path::new("-")) {
        Some(path) => to_file(answer, path).await,
        None => to_output(answer).await,
    }
}

async fn to_file(answer: reqwest::Response, path: &Path) -> Result<()> {
    // A device or a pipe is written to as it is.
    let is_other = std::fs::metadata(path).is_ok_and(|about| !about.is_file());
    // A part is not to be taken for the whole: the file gets its name once everything is in it.
    let part = if is_other {
        path.to_owned()
    } else {
        let mut name = path.as_os_str().to_owned();
        name.push(".part");
        PathBuf::from(name)
    };
    let mut file = File::create(&part).wrap_err_with(|| part.display().to_string())?;
    let mut copied = copy(answer, true, |bytes| file.write_all(bytes).map_err(Into::into)).await;
    if !is_other {
        copied = copied.and_then(|()| std::fs::rename(&part, path).map_err(Into::into));
        if copied.is_err() {
            let _ = std::fs::remove_file(&part);
        }
    }
    copied.wrap_err_with(|| format!("{} was not written", path.display()))?;
    println!("wrote {}", path.display());
    Ok(())
}

async fn to_output(answer: reqwest::Response) -> Result<()> {
    let screen = std::io::stdout().is_terminal();
    let mut pending = Vec::new();
    copy(answer, !screen, |bytes| {
        if !screen {
            return print_bytes(bytes);
        }
        // On a terminal only what is safe there, whole lines at a time.
        pending.extend_from_slice(bytes);
        let whole = pending.iter().rposition(|b| *b == b'\n').map_or(0, |end| end + 1);
        let lines: Vec<u8> = pending.drain(..whole).collect();
        let lines = String::from_utf8_lossy(&lines);
        lines.lines().try_for_each(|line| print_bytes(format!("{}\n", plain::line(line)).as_bytes()))
    })
    .await
}

/// Writes an answer as it comes.
async fn copy(
    answer: reqwest::Response,
    progress: bool,
    mut write: impl FnMut(&[u8]) -> Result<()>,
) -> Result<()> {
    let progress = progress && std::io::stderr().is_terminal();
    let say = |text: &str| {
        if progress {
            eprint!("\r\u{1b}[K{text}");
        }
    };
    let (mut bytes, mut said) = (0, Instant::now());
    let mut stream = answer.bytes_stream();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(reqwest::Error::without_url).inspect_err(|_| say(""));
        let chunk = chunk.wrap_err("the server broke off: what came is not the whole")?;
        write(&chunk)?;
        bytes += chunk.len();
        if said.elapsed() >= PAUSE {
            say(&format!("{} kB", bytes / 1024));
            said = Instant::now();
        }
    }
    say("");
    Ok(())
}
