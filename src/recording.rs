//! A call's recording: fetched into a file that nobody else may read, played by a program of one's own choice, and deleted.

use crate::net::Heard;
use dialdeck_protocol::CallId;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::sync::mpsc::UnboundedSender;
use url::Url;

/// How long the server may say nothing.
const SILENT: Duration = Duration::from_secs(30);
/// Most that is read of what a player complains of, bytes.
const COMPLAINT: u64 = 4096;

/// The program and its arguments: `{file}` becomes the file, which comes last where that stands nowhere. No shell reads it.
fn command(player: &str, file: &Path) -> Option<(String, Vec<String>)> {
    let file = file.display().to_string();
    let mut words = player.split_whitespace().map(|word| word.replace("{file}", &file));
    let program = words.next()?;
    let mut arguments: Vec<String> = words.collect();
    if !player.contains("{file}") {
        arguments.push(file);
    }
    Some((program, arguments))
}

/// Fetches it and plays it, and says how it went.
pub async fn play(server: Url, token: String, call: CallId, player: String, tell: UnboundedSender<Heard>) {
    let played = match fetched(&server, &token, &call).await {
        Ok(sound) => played(&sound, &player).await,
        Err(why) => Err(why),
    };
    let _ = tell.send(Heard::Played(played));
}

async fn fetched(server: &Url, token: &str, call: &CallId) -> Result<Vec<u8>, String> {
    let plain = |e: reqwest::Error| crate::plain::line(&e.without_url().to_string());
    let mut url = server.clone();
    url.path_segments_mut()
        .map_err(|()| "the server's address takes no path".to_owned())?
        .pop_if_empty()
        .extend(["api", "v1", "recordings", call.as_str()]);
    let client = reqwest::Client::builder().no_proxy().read_timeout(SILENT).build().map_err(plain)?;
    let answer = client.get(url).bearer_auth(token).send().await.map_err(plain)?;
    if !answer.status().is_success() {
        let status = answer.status();
        let problem: serde_json::Value = answer.json().await.unwrap_or_default();
        let detail = problem.get("detail").and_then(|detail| detail.as_str());
        return Err(detail.map_or_else(|| format!("the server answered {status}"), crate::plain::line));
    }
    answer.bytes().await.map(|sound| sound.to_vec()).map_err(plain)
}

async fn played(sound: &[u8], player: &str) -> Result<(), String> {
    // Gone with this value, however it ends.
    let file =
        tempfile::Builder::new().prefix("dialdeck-").suffix(".wav").tempfile().map_err(|e| e.to_string())?;
    tokio::fs::write(file.path(), sound).await.map_err(|e| e.to_string())?;
    let Some((program, arguments)) = command(player, file.path()) else {
        return Err("no player is set: player = \"aplay -q\" in config.toml, or DIALDECK_PLAYER".into());
    };
    let mut child = tokio::process::Command::new(&program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("{}: {error}", crate::plain::line(&program)))?;
    let mut complaint = Vec::new();
    if let Some(out) = child.stderr.take() {
        let _ = out.take(COMPLAINT).read_to_end(&mut complaint).await;
    }
    let ended = child.wait().await.map_err(|e| e.to_string())?;
    if ended.success() {
        return Ok(());
    }
    let complaint = String::from_utf8_lossy(&complaint).into_owned();
    let first = complaint.lines().next().map(crate::plain::line).unwrap_or_default();
    Err(format!("{} ended with {ended}: {first}", crate::plain::line(&program)))
}

#[cfg(test)]
mod tests {
    use super::{command, played};
    use std::path::Path;

    #[test]
    fn the_file_goes_where_it_is_wanted() {
        let file = Path::new("/tmp/a b.wav");
        let of =
            |player: &str| command(player, file).map(|(program, arguments)| (program, arguments.join("|")));
        assert_eq!(of("aplay -q"), Some(("aplay".into(), "-q|/tmp/a b.wav".into())));
        assert_eq!(of("ffplay -i {file} -nodisp"), Some(("ffplay".into(), "-i|/tmp/a b.wav|-nodisp".into())));
        assert_eq!(of("  "), None);
    }

    #[tokio::test]
    async fn what_a_player_complains_of_is_told() {
        assert_eq!(played(b"RIFF", "true").await, Ok(()));
        assert!(played(b"RIFF", "").await.unwrap_err().contains("no player is set"));
        assert!(
            played(b"RIFF", "no-such-player-here").await.unwrap_err().starts_with("no-such-player-here: ")
        );
        let wrong = played(b"RIFF", "cat /does/not/exist").await.unwrap_err();
        assert!(wrong.contains("cat ended with") && wrong.contains("/does/not/exist"), "{wrong}");
    }
}
