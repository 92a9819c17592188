//! `dialdeck import`: a file of contacts, with progress, and a file of what was refused.

use super::{Client, ask, campaign, problem};
use crate::args::{ImportArgs, Server};
use crate::plain;
use color_eyre::eyre::{Result, WrapErr, bail, eyre};
use futures_util::StreamExt;
use reqwest::Method;
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes of the file that are looked at for a consent column.
const HEAD: u64 = 64 * 1024;
/// Bytes sent at a time.
const CHUNK: usize = 256 * 1024;

pub async fn run(server: &Server, args: &ImportArgs) -> Result<()> {
    let about = std::fs::metadata(&args.file).wrap_err_with(|| args.file.display().to_string())?;
    if !about.is_file() {
        bail!("{} is no file", args.file.display());
    }
    let size = about.len();
    let mut query =
        vec![("dry_run", args.dry_run.to_string()), ("all_or_nothing", args.all_or_nothing.to_string())];
    query.extend(args.encoding.clone().map(|e| ("encoding", e)));
    let client = Client::log_in(server).await?;
    let id = campaign::id(&client, &args.campaign).await?;
    query.extend(consent(args)?);

    let sent = Arc::new(AtomicU64::new(0));
    let path = format!("/api/v1/campaigns/{id}/contacts/import");
    let request = client
        .request(Method::POST, &path)?
        .query(&query)
        .header(reqwest::header::CONTENT_TYPE, "text/csv")
        .body(body(&args.file, sent.clone())?);
    let progress = Progress::new(size);
    let answer = {
        let sending = request.send();
        tokio::pin!(sending);
        let mut tick = tokio::time::interval(std::time::Duration::from_millis(200));
        loop {
            tokio::select! {
                answer = &mut sending => break answer.map_err(reqwest::Error::without_url)?,
                _ = tick.tick() => progress.sent(sent.load(Ordering::Relaxed)),
            }
        }
    };
    let status = answer.status();
    if !status.is_success() {
        progress.clear();
        let json: Value = serde_json::from_str(&answer.text().await?).unwrap_or_default();
        bail!(problem(&json, status));
    }
    let rejects = args.rejects.clone().unwrap_or_else(|| beside(&args.file));
    follow(answer, &progress, &rejects, args).await
}

fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".rejects.csv");
    PathBuf::from(name)
}

/// The file as a body that counts what it has sent.
fn body(file: &Path, sent: Arc<AtomicU64>) -> Result<reqwest::Body> {
    let file = File::open(file)?;
    let chunks = futures_util::stream::unfold((file, sent), |(mut file, sent)| async move {
        let read = tokio::task::spawn_blocking(move || {
            let mut chunk = vec![0; CHUNK];
            let read = file.read(&mut chunk);
            (file, chunk, read)
        })
        .await;
        let Ok((file, mut chunk, read)) = read else { return None };
        match read {
            Ok(0) => None,
            Ok(n) => {
                chunk.truncate(n);
                sent.fetch_add(n as u64, Ordering::Relaxed);
                Some((Ok(chunk), (file, sent)))
            }
            Err(error) => Some((Err(error), (file, sent))),
        }
    });
    Ok(reqwest::Body::wrap_stream(chunks))
}

/// The statement of consent: as given, as the file has it, or asked for.
fn consent(args: &ImportArgs) -> Result<Vec<(&'static str, String)>> {
    if let Some(basis) = &args.consent_basis {
        let mut given = vec![("consent_basis", basis.clone())];
        given.extend(args.consent_at.clone().map(|at| ("consent_at", at)));
        given.extend(args.consent_source.clone().map(|source| ("consent_source", source)));
        return Ok(given);
    }
    let mut head = Vec::new();
    BufReader::new(File::open(&args.file)?).take(HEAD).read_until(b'\n', &mut head)?;
    if String::from_utf8_lossy(&head)
        .to_lowercase()
        .split(',')
        .any(|c| c.trim().trim_matches('"') == "consent")
    {
        return Ok(Vec::new());
    }
    eprintln!(
        "The file has no consent column. How did these people consent to calls by an artificial voice?"
    );
    let basis = ask("Basis (such as: written; none imports them held)")?;
    if basis.is_empty() {
        bail!("without a statement nothing is imported");
    }
    if basis.eq_ignore_ascii_case("none") {
        return Ok(vec![("consent_basis", basis)]);
    }
    let at = ask("When (such as 2026-01-31)")?;
    let source = ask("Where is it on file")?;
    Ok(vec![("consent_basis", basis), ("consent_at", at), ("consent_source", source)])
}

/// A bar on a terminal; nothing elsewhere.
struct Progress {
    size: u64,
    shown: bool,
}

impl Progress {
    fn new(size: u64) -> Self {
        Self { size, shown: std::io::stderr().is_terminal() }
    }

    fn sent(&self, bytes: u64) {
        let share = (bytes * 100).checked_div(self.size).unwrap_or(100).min(100);
        let filled = usize::try_from(share / 4).unwrap_or(25);
        self.line(&format!("sending  [{}{}] {share} %", "█".repeat(filled), "░".repeat(25 - filled)));
    }

    fn read(&self, lines: u64) {
        self.line(&format!("reading  line {lines}"));
    }

    fn line(&self, text: &str) {
        if self.shown {
            eprint!("\r\u{1b}[K{text}");
        }
    }

    fn clear(&self) {
        self.line("");
    }
}

/// Reads the server's lines to the end; writes refusals as they come.
async fn follow(
    answer: reqwest::Response,
    progress: &Progress,
    rejects: &Path,
    args: &ImportArgs,
) -> Result<()> {
    let mut out: Option<BufWriter<File>> = None;
    let (mut pending, mut done) = (Vec::new(), None);
    let mut stream = answer.bytes_stream();
    while let Some(chunk) = stream.next().await {
        pending.extend_from_slice(&chunk.map_err(reqwest::Error::without_url)?);
        while let Some(end) = pending.iter().position(|b| *b == b'\n') {
            let line: Vec<u8> = pending.drain(..=end).collect();
            let json: Value = serde_json::from_slice(&line)?;
            if let Some(lines) = json.pointer("/progress/lines").and_then(Value::as_u64) {
                progress.read(lines);
            } else if let Some(rejected) = json.get("rejected") {
                let file = if let Some(file) = &mut out {
                    file
                } else {
                    let made = File::create(rejects).wrap_err_with(|| rejects.display().to_string())?;
                    let mut file = BufWriter::new(made);
                    writeln!(file, "line,field,message,record")?;
                    out.insert(file)
                };
                write_reject(file, rejected)?;
            } else if let Some(why) = json.get("problem") {
                progress.clear();
                bail!(plain::line(why["message"].as_str().unwrap_or("the import failed")));
            } else {
                done = json.get("done").cloned();
            }
        }
    }
    progress.clear();
    if let Some(file) = &mut out {
        file.flush()?;
    }
    let done =
        done.ok_or_else(|| eyre!("the server ended before the import was done; nothing was imported"))?;
    let count = |name: &str| done[name].as_i64().unwrap_or(0);
    let verb = if done["committed"] == Value::Bool(true) {
        "imported"
    } else if args.dry_run {
        "would import"
    } else {
        "nothing imported; good would be"
    };
    println!(
        "{verb} {}, refused {} (of them {} duplicates)",
        count("imported"),
        count("rejected"),
        count("duplicates")
    );
    if out.is_some() {
        println!("what was refused, and why: {}", rejects.display());
    }
    if done["committed"] != Value::Bool(true) && !args.dry_run {
        bail!("some lines were refused, and it was to be all or nothing");
    }
    Ok(())
}

/// A cell that a spreadsheet would take for a formula gets an apostrophe before it.
fn cell(text: &str) -> String {
    let text = plain::line(text);
    let guarded = if text.starts_with(['=', '+', '-', '@', '\t']) { format!("'{text}") } else { text };
    format!("\"{}\"", guarded.replace('"', "\"\""))
}

fn write_reject(out: &mut impl Write, rejected: &Value) -> Result<()> {
    let text = |name: &str| cell(rejected[name].as_str().unwrap_or_default());
    writeln!(out, "{},{},{},{}", rejected["line"], text("field"), text("message"), text("record"))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn a_refused_line_is_no_formula() {
        assert_eq!(cell("=cmd|'/c calc'!A1"), "\"'=cmd|'/c calc'!A1\"");
        assert_eq!(cell("a \"b\",c"), "\"a \"\"b\"\",c\"");
    }
}
