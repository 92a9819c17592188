//! Calls that are recorded.

use super::{CAMPAIGN, lab, loudness, over, start_queue};
use dialdeck_testkit::wait::{until, within};
use reqwest::Method;
use serde_json::{Value, json};
use std::path::Path;

/// A recording as it is fetched: both sides, 8 kHz.
fn sides(wav: &[u8]) -> (Vec<i16>, Vec<i16>) {
    assert_eq!((&wav[..4], &wav[8..16]), (b"RIFF".as_slice(), b"WAVEfmt ".as_slice()));
    assert_eq!((wav[22], &wav[24..28]), (2, 8000_u32.to_le_bytes().as_slice()), "two sides, 8 kHz");
    let all: Vec<i16> = wav[44..].chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect();
    (all.iter().step_by(2).copied().collect(), all.iter().skip(1).step_by(2).copied().collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_recorded_where_its_campaign_says_so_and_says_it() {
    let lab = lab();
    let server = lab.setup.start(&["serve"]).unwrap();
    let client = server.log_in("sue").await.unwrap();
    until("Asterisk to be reached", || async {
        let parts = client.get("/api/v1/parts").await.ok()?;
        let up = |p: &Value| p["name"] == "telephony" && p["state"] == "up";
        parts["parts"].as_array()?.iter().any(up).then_some(())
    })
    .await;
    let without = json!({ "retryAttempts": 0, "recording": { "announce": " ", "keepDays": 1 } });
    let (status, said) = client
        .send(Method::POST, "/api/v1/campaigns", Some(json!({ "name": "Secretly", "callSettings": without })))
        .await
        .unwrap();
    assert_eq!(status, 422, "nobody is recorded unawares: {said}");
    let settings = json!({
        "maxConcurrentCalls": 2, "callIntervalMs": 0, "retryAttempts": 0,
        "recording": { "announce": "This call is recorded.", "keepDays": 1 },
    });
    let recorded = client.campaign("Recorded", settings, &[("Ina", 10)]).await.unwrap();
    let plain = json!({ "callIntervalMs": 0, "retryAttempts": 0 });
    let silent = client.campaign("Plain", plain, &[("Ivy", 20)]).await.unwrap();
    start_queue(&client, &recorded).await;
    start_queue(&client, &silent).await;
    let call = over(&client, &recorded, 1).await.remove(0);
    let transcript = call["transcript"].as_str().unwrap();
    assert!(transcript.starts_with("AI: This call is recorded."), "{transcript}");
    assert_eq!(call["outcome"], "interested", "{call}");
    let path = format!("/api/v1/recordings/{}", call["id"].as_str().unwrap());
    let wav = within(CAMPAIGN, "the recording", || async { client.bytes(&path).await.ok() }).await;
    let (theirs, ours) = sides(&wav);
    let voiced = |samples: &[i16]| loudness(samples).iter().filter(|loud| **loud > 300.0).count();
    assert!(voiced(&theirs) > 25 && voiced(&ours) > 100, "{} {}", voiced(&theirs), voiced(&ours));
    // In step: while we say the first words, they say nothing yet.
    let began = |samples: &[i16]| loudness(samples).iter().position(|loud| *loud > 300.0).unwrap();
    assert!(began(&ours) + 50 < began(&theirs), "{} {}", began(&ours), began(&theirs));
    let seconds = theirs.len() / 8000;
    let lasted = usize::try_from(call["duration"].as_i64().unwrap()).unwrap();
    assert!(seconds.abs_diff(lasted) <= 3, "{seconds} s of {lasted} s");
    // The other was not recorded, a viewer hears none, and what is deleted is gone from the disk.
    let other = over(&client, &silent, 1).await.remove(0);
    let none = format!("/api/v1/recordings/{}", other["id"].as_str().unwrap());
    assert_eq!(client.send(Method::GET, &none, None).await.unwrap().0, 404);
    lab.setup.add_user("vic", "viewer").unwrap();
    let vic = server.log_in("vic").await.unwrap();
    assert_eq!(vic.send(Method::GET, &path, None).await.unwrap().0, 403);
    let kept = || walk(&lab.home.path().join("data"));
    assert_eq!(kept(), 1);
    assert_eq!(client.send(Method::DELETE, &path, None).await.unwrap().0, 204);
    assert_eq!((client.send(Method::GET, &path, None).await.unwrap().0, kept()), (404, 0));
    server.stop().unwrap();
}

/// WAV files in a folder and those below it.
fn walk(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).map(|all| all.flatten().collect::<Vec<_>>()).unwrap_or_default();
    let count = |entry: &std::fs::DirEntry| match entry.path() {
        path if path.is_dir() => walk(&path),
        path => usize::from(path.extension().is_some_and(|end| end == "wav")),
    };
    entries.iter().map(count).sum()
}
