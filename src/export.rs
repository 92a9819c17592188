//! Calls carried out into a file while the console goes on: streamed, with progress, and the file gets its name once all is in it.

use crate::net::Heard;
use dialdeck_protocol::CallFilter;
use futures_util::StreamExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc::UnboundedSender;
use url::Url;

/// Between two words of progress.
const PAUSE: Duration = Duration::from_millis(500);
/// How long the server may say nothing.
const SILENT: Duration = Duration::from_mins(1);

/// Which calls, and where to.
#[derive(Debug, Clone, PartialEq)]
pub struct Export {
    /// Which.
    pub filter: CallFilter,
    /// The file: JSON lines where its name ends so, CSV otherwise.
    pub file: PathBuf,
}

/// `~/calls.csv` as the shell would have it.
pub fn file(typed: &str) -> PathBuf {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    match (typed.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(typed),
    }
}

/// Whether a file's name says that JSON lines are wanted.
fn is_json(file: &Path) -> bool {
    file.extension().is_some_and(|end| end == "jsonl" || end == "json" || end == "ndjson")
}

fn query(export: &Export) -> Vec<(&'static str, String)> {
    let filter = &export.filter;
    let mut all = vec![("format", if is_json(&export.file) { "jsonl" } else { "csv" }.to_owned())];
    let optional = [
        ("campaign_id", filter.campaign_id.map(|id| id.to_string())),
        ("outcome", filter.outcome.map(|outcome| outcome.to_string())),
        ("emotion", filter.emotion.map(|emotion| emotion.to_string())),
        ("status", filter.status.map(|status| status.to_string())),
        ("from", filter.from.map(|at| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))),
        ("to", filter.to.map(|at| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))),
        ("agent", filter.agent.clone()),
        ("text", filter.text.clone()),
    ];
    all.extend(optional.into_iter().filter_map(|(name, value)| Some((name, value?))));
    all
}

/// Carries them out, and says how far it is and how it went.
pub async fn run(server: Url, token: String, export: Export, tell: UnboundedSender<Heard>) {
    let whole = std::path::absolute(&export.file).unwrap_or_else(|_| export.file.clone());
    let shown = crate::plain::line(&whole.display().to_string());
    let done = match carried(&server, &token, &export, &tell).await {
        Ok(bytes) => Ok(format!("{shown} is written, {} kB", bytes.div_ceil(1024))),
        Err(why) => Err(format!("{shown} was not written: {why}")),
    };
    let _ = tell.send(Heard::Exported(done));
}

async fn carried(
    server: &Url,
    token: &str,
    export: &Export,
    tell: &UnboundedSender<Heard>,
) -> Result<usize, String> {
    if let Some(folder) = export.file.parent().filter(|folder| !folder.as_os_str().is_empty())
        && !folder.is_dir()
    {
        return Err(format!("there is no folder {}", crate::plain::line(&folder.display().to_string())));
    }
    if export.file.exists() {
        return Err("it is there already; choose another name".into());
    }
    let url = server.join("/api/v1/exports/calls").map_err(|e| e.to_string())?;
    let client =
        reqwest::Client::builder().no_proxy().read_timeout(SILENT).build().map_err(|e| e.to_string())?;
    let plain = |e: reqwest::Error| crate::plain::line(&e.without_url().to_string());
    let answer = client.get(url).bearer_auth(token).query(&query(export)).send().await.map_err(plain)?;
    if !answer.status().is_success() {
        let status = answer.status();
        let problem: serde_json::Value = answer.json().await.unwrap_or_default();
        let detail = problem.get("detail").and_then(|detail| detail.as_str());
        return Err(detail.map_or_else(|| format!("the server answered {status}"), crate::plain::line));
    }
    // A name of its own: what somebody else writes beside it is theirs.
    let mut part = export.file.clone().into_os_string();
    part.push(format!(".{:08x}.part", rand::random::<u32>()));
    let part = PathBuf::from(part);
    let named = match write(answer, &part, tell).await {
        Ok(bytes) => name(&part, &export.file).await.map(|()| bytes),
        Err(why) => Err(why),
    };
    let _ = tokio::fs::remove_file(&part).await;
    named
}

/// Gives the file its name, unless something has it by now.
async fn name(part: &Path, file: &Path) -> Result<(), String> {
    match tokio::fs::hard_link(part, file).await {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            Err("it is there by now; choose another name".into())
        }
        // A disk that knows no links.
        Err(_) if !file.exists() => tokio::fs::rename(part, file).await.map_err(|e| e.to_string()),
        Err(error) => Err(error.to_string()),
    }
}

async fn write(
    answer: reqwest::Response,
    part: &Path,
    tell: &UnboundedSender<Heard>,
) -> Result<usize, String> {
    let mut options = tokio::fs::OpenOptions::new();
    // It holds people's words and numbers: nobody else on this machine reads it.
    options.write(true).create_new(true).mode(0o600);
    let mut file = options.open(part).await.map_err(|e| e.to_string())?;
    let (mut bytes, mut said) = (0, Instant::now());
    let mut stream = answer.bytes_stream();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| "the server broke off: what came is not the whole".to_owned())?;
        file.write_all(&chunk).await.map_err(|e| e.to_string())?;
        bytes += chunk.len();
        if said.elapsed() >= PAUSE {
            said = Instant::now();
            let _ = tell.send(Heard::Exporting(bytes));
        }
    }
    file.sync_all().await.map_err(|e| e.to_string())?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::{Export, file, query};
    use dialdeck_protocol::{CallFilter, Outcome};

    #[test]
    fn the_same_calls_as_are_looked_at_in_the_form_of_the_name() {
        let filter = CallFilter {
            outcome: Some(Outcome::Interested),
            text: Some("refund".into()),
            ..CallFilter::default()
        };
        let export = Export { filter, file: file("calls.jsonl") };
        assert_eq!(
            query(&export),
            [
                ("format", "jsonl".to_owned()),
                ("outcome", "interested".to_owned()),
                ("text", "refund".to_owned())
            ]
        );
        let csv = Export { filter: CallFilter::default(), file: file("calls.csv") };
        assert_eq!(query(&csv), [("format", "csv".to_owned())]);
    }
}
