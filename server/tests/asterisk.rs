//! Calls through a real Asterisk, whose far ends speak from files: what a floor would live through.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_precision_loss,
    reason = "a test ends where it cannot go on"
)]

use dialdeck_testkit::asterisk::{Asterisk, Lab};
use dialdeck_testkit::daemon::{Client, Daemon, Setup};
use dialdeck_testkit::moonshine;
use dialdeck_testkit::people::number;
use dialdeck_testkit::voices::{Manner, Voices};
use dialdeck_testkit::wait::{until, within};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Longest a campaign of twelve may take on a small machine.
const CAMPAIGN: Duration = Duration::from_mins(4);

fn lab() -> Lab {
    Lab::start(env!("CARGO_BIN_EXE_dialdeckd")).unwrap()
}

async fn start_queue(client: &Client, campaign: &str) {
    client.post("/api/v1/calls/automated/start", json!({ "campaignId": campaign })).await.unwrap();
}

/// Waits until so many calls are over.
async fn over(client: &Client, campaign: &str, count: usize) -> Vec<Value> {
    within(CAMPAIGN, &format!("{count} calls to be over"), || async {
        let calls = client.calls(campaign).await.ok()?;
        let done = |c: &Value| ["completed", "failed"].contains(&c["status"].as_str().unwrap_or_default());
        (calls.len() == count && calls.iter().all(done)).then_some(calls)
    })
    .await
}

fn by_phone(rows: Vec<Value>) -> BTreeMap<String, Value> {
    rows.into_iter().map(|row| (row["phone"].as_str().unwrap().to_owned(), row)).collect()
}

/// Loudness of each 20 ms.
fn loudness(samples: &[i16]) -> Vec<f64> {
    samples
        .chunks(160)
        .map(|c| (c.iter().map(|s| f64::from(*s) * f64::from(*s)).sum::<f64>() / c.len() as f64).sqrt())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn twelve_people() {
    let lab = lab();
    let server = lab.setup.start(&["serve"]).unwrap();
    let client = server.log_in("sue").await.unwrap();
    let people = [
        ("Interested", 10, "completed", "interested", "contacted"),
        ("Objecting", 11, "completed", "interested", "contacted"),
        ("Stopcalling", 12, "completed", "do_not_call", "do_not_call"),
        ("Silent", 13, "completed", "unclear", "retry"),
        ("Hangsup", 14, "completed", "hung_up", "completed"),
        ("Machine", 15, "completed", "voicemail", "retry"),
        ("Busy", 16, "failed", "busy", "retry"),
        ("Noanswer", 17, "failed", "no_answer", "retry"),
        ("Congested", 18, "failed", "congestion", "retry"),
        ("Badnumber", 19, "failed", "bad_number", "failed"),
        ("Callback", 20, "completed", "callback", "contacted"),
        ("Interrupts", 21, "completed", "not_interested", "completed"),
        ("Pressesnine", 22, "completed", "do_not_call", "do_not_call"),
    ];
    let list: Vec<(&str, u8)> = people.iter().map(|p| (p.0, p.1)).collect();
    let settings = json!({ "maxConcurrentCalls": 4, "callIntervalMs": 200, "retryDelayMinutes": 60, "callTimeoutSeconds": 15 });
    let campaign = client.campaign("Twelve", settings, &list).await.unwrap();
    until("Asterisk to be reached", || async {
        let parts = client.get("/api/v1/parts").await.ok()?;
        parts["parts"]
            .as_array()?
            .iter()
            .any(|p| p["name"] == "telephony" && p["state"] == "up")
            .then_some(())
    })
    .await;
    start_queue(&client, &campaign).await;
    let calls = by_phone(over(&client, &campaign, people.len()).await);
    let contacts = by_phone(client.contacts(&campaign).await.unwrap());
    let mut wrong = Vec::new();
    for (name, digits, status, outcome, contact) in people {
        let (call, who) = (&calls[&number(digits)], &contacts[&number(digits)]);
        let was = (
            call["status"].as_str().unwrap(),
            call["outcome"].as_str().unwrap(),
            who["status"].as_str().unwrap(),
        );
        if was != (status, outcome, contact) {
            wrong.push(format!("{name}: {was:?}, transcript {}", call["transcript"]));
        }
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.join("\n"), server.log());
    let transcript = |digits| calls[&number(digits)]["transcript"].as_str().unwrap().to_owned();
    assert!(
        transcript(10).contains("Customer: yes please")
            && transcript(10).contains("Customer: yes i am interested")
    );
    assert!(transcript(11).contains("Customer: that is too expensive\nAI: I understand."));
    assert!(
        transcript(12)
            .contains("Customer: stop calling me\nAI: Just to be sure, shall I take you off our list?")
    );
    assert!(transcript(20).contains("Customer: can you call me back tomorrow"));
    assert!(transcript(10).starts_with("AI: Hello Interested, this is the automated assistant"));
    assert_eq!(transcript(16), "");
    let listed = client.get("/api/v1/do-not-call").await.unwrap();
    let listed: Vec<&str> =
        listed["entries"].as_array().unwrap().iter().map(|e| e["phone"].as_str().unwrap()).collect();
    assert_eq!(listed, [number(12), number(22)]);
    barge_in(&lab.asterisk);
    let talked = client
        .get(&format!("/api/v1/calls/{}/conversation", calls[&number(10)]["id"].as_str().unwrap()))
        .await;
    assert_eq!(talked.unwrap()["conversationHistory"].as_array().unwrap().len(), 3);
    server.stop().unwrap();
}

/// What no phrase of the grammar says is understood where Moonshine's files are; `PocketSphinx` is not there.
#[tokio::test(flavor = "multi_thread")]
async fn people_who_speak_freely() {
    let lab = lab();
    let folder = moonshine::folder().unwrap();
    let setup = lab
        .setup
        .clone()
        .set("recognition.moonshine", &folder.to_string_lossy())
        .set("recognition.pocketsphinx", "/nowhere/pocketsphinx_batch")
        .set("recognition.model", "/nowhere");
    let server = setup.start(&["serve"]).unwrap();
    let client = server.log_in("sue").await.unwrap();
    let parts = client.get("/api/v1/parts").await.unwrap();
    let hears = parts["parts"].as_array().unwrap().iter().find(|p| p["name"] == "recogniser").unwrap();
    assert!(hears["state"] == "up" && hears["message"].as_str().unwrap().contains("free speech"), "{hears}");
    let people = [
        ("Interested", 10, "interested", "yes i am interested"),
        ("Neverring", 33, "do_not_call", "ring this number again"),
    ];
    let list: Vec<(&str, u8)> = people.iter().map(|p| (p.0, p.1)).collect();
    let settings = json!({ "maxConcurrentCalls": 3, "callIntervalMs": 200, "retryDelayMinutes": 60 });
    let campaign = client.campaign("Free", settings, &list).await.unwrap();
    start_queue(&client, &campaign).await;
    let calls = by_phone(over(&client, &campaign, people.len()).await);
    for (name, digits, outcome, said) in people {
        let call = &calls[&number(digits)];
        let heard = call["transcript"].as_str().unwrap().to_lowercase().replace([',', '.'], "");
        assert!(call["outcome"] == outcome && heard.contains(said), "{name}: {call}");
    }
    server.stop().unwrap();
}

/// Waits until Asterisk is reached, and carries sound in this way.
async fn carries(client: &Client, way: &str) {
    within(CAMPAIGN, "Asterisk to be reached", || async {
        let parts = client.get("/api/v1/parts").await.ok()?;
        let said = format!("sound by {way}");
        let up =
            |p: &Value| p["name"] == "telephony" && p["message"].as_str().is_some_and(|m| m.ends_with(&said));
        parts["parts"].as_array()?.iter().any(up).then_some(())
    })
    .await;
}

/// The same people where sound comes over a WebSocket, or by files: what they want is understood, and what they ask is obeyed.
async fn carried_by(lab: &Lab, setup: &Setup, way: &str) {
    let server = setup.start(&["serve"]).unwrap();
    let client = server.log_in("sue").await.unwrap();
    carries(&client, way).await;
    // The doctor looks for it as calls do.
    let told = setup.command(&["doctor", "--json"]).output().unwrap();
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    let findings = told.as_array().or_else(|| told["findings"].as_array()).unwrap();
    let ari = findings.iter().find(|finding| finding["name"] == "ari").unwrap();
    let detail = ari["detail"].as_str().unwrap();
    assert!(ari["state"] == "ok" && detail.ends_with(&format!("carries sound by {way}")), "{ari}");
    let people = [
        ("Interested", 10, "interested", "contacted"),
        ("Stopcalling", 12, "do_not_call", "do_not_call"),
        ("Hangsup", 14, "hung_up", "completed"),
        ("Busy", 16, "busy", "retry"),
        ("Callback", 20, "callback", "contacted"),
        ("Pressesnine", 22, "do_not_call", "do_not_call"),
    ];
    let list: Vec<(&str, u8)> = people.iter().map(|p| (p.0, p.1)).collect();
    let settings = json!({ "maxConcurrentCalls": 3, "callIntervalMs": 200, "retryDelayMinutes": 60 });
    let campaign = client.campaign(way, settings, &list).await.unwrap();
    start_queue(&client, &campaign).await;
    let calls = by_phone(over(&client, &campaign, people.len()).await);
    let contacts = by_phone(client.contacts(&campaign).await.unwrap());
    let mut wrong = Vec::new();
    for (name, digits, outcome, contact) in people {
        let (call, who) = (&calls[&number(digits)], &contacts[&number(digits)]);
        let was = (call["outcome"].as_str().unwrap(), who["status"].as_str().unwrap());
        if was != (outcome, contact) {
            wrong.push(format!("{name}: {was:?}, transcript {}", call["transcript"]));
        }
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.join("\n"), server.log());
    // They heard us, whole words after one another.
    let heard = loudness(&lab.asterisk.recording("hear-10").unwrap());
    assert!(heard.iter().filter(|l| **l > 100.0).count() > 200, "they heard us");
    let left = lab.asterisk.cli("core show channels count").unwrap();
    assert!(left.contains("0 active channels"), "{left}");
    let bridges = lab.asterisk.cli("bridge show all").unwrap();
    assert!(!bridges.contains("dialdeck-"), "{bridges}");
    server.stop().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn sound_over_a_websocket() {
    let lab = lab();
    let setup = lab.setup.clone().set("asterisk.transport", "websocket");
    carried_by(&lab, &setup, "websocket").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sound_by_files() {
    let lab = lab();
    let (here, there) = lab.asterisk.shared();
    // Nobody chose it: Asterisk has neither of the other two.
    for module in ["app_audiosocket.so", "chan_websocket.so"] {
        lab.asterisk.cli(&format!("module unload {module}")).unwrap();
    }
    let setup = lab.setup.clone().set("asterisk.shared", &here).set("asterisk.shared_there", &there);
    carried_by(&lab, &setup, "files").await;
    assert_eq!(std::fs::read_dir(&here).unwrap().count(), 0, "nothing is left behind");
}

/// What the interrupting person heard: us, then, while they speak, silence.
fn barge_in(asterisk: &Asterisk) {
    let heard = loudness(&asterisk.recording("hear-21").unwrap());
    let said = loudness(&asterisk.recording("say-21").unwrap());
    let spoke = said.iter().position(|l| *l > 300.0).expect("they spoke");
    let voiced = |from: usize, to: usize| heard[from..to].iter().filter(|l| **l > 100.0).count();
    assert!(voiced(spoke - 25, spoke) > 5, "we were speaking when they began");
    let quiet = (spoke..spoke + 100).find(|n| voiced(*n, n + 20) == 0).expect("we fell silent");
    let last_word = said.iter().rposition(|l| *l > 300.0).unwrap();
    assert!(
        quiet < last_word,
        "we fell silent while they spoke: frame {quiet}, they spoke {spoke} to {last_word}"
    );
}

/// Whether each 20 ms is a tone of this pitch.
fn tone(samples: &[i16], hz: f64) -> Vec<bool> {
    let share = |block: &[i16]| {
        let energy: f64 = block.iter().map(|s| f64::from(*s).powi(2)).sum();
        let (mut sine, mut cosine) = (0.0, 0.0);
        for (n, sample) in block.iter().enumerate() {
            let angle = std::f64::consts::TAU * hz * n as f64 / 8000.0;
            sine += f64::from(*sample) * angle.sin();
            cosine += f64::from(*sample) * angle.cos();
        }
        energy > 1e6 && 2.0 * (sine * sine + cosine * cosine) / (energy * block.len() as f64) > 0.8
    };
    samples.chunks(160).map(share).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_left_after_the_tone() {
    let lab = lab();
    let server = lab.setup.start(&["serve"]).unwrap();
    let client = server.log_in("sue").await.unwrap();
    // The shipped script, and a message.
    let mut script = client.post("/api/v1/scripts", json!({ "name": "Message" })).await.unwrap();
    script["body"]["voicemail"] =
        json!("Hello {first_name}, please call us back at 312 555 0100. Thank you, and goodbye.");
    let put = |path: String, body: Value| {
        let client = client.clone();
        async move { assert_eq!(client.send(Method::PUT, &path, Some(body)).await.unwrap().0, 200) }
    };
    let body = json!({ "name": "Message", "body": script["body"] });
    put(format!("/api/v1/scripts/{}", script["id"].as_str().unwrap()), body).await;
    let settings = json!({ "maxConcurrentCalls": 1, "callIntervalMs": 0, "retryDelayMinutes": 60 });
    let campaign = client.campaign("Message", settings, &[("Ada", 24)]).await.unwrap();
    put(format!("/api/v1/campaigns/{campaign}"), json!({ "scriptId": script["id"] })).await;
    start_queue(&client, &campaign).await;
    let calls = over(&client, &campaign, 1).await;
    let log = || server.log();
    assert_eq!(calls[0]["outcome"], "voicemail", "{}\n{}", calls[0], log());
    let said = calls[0]["transcript"].as_str().unwrap();
    assert!(said.contains("AI: Hello Ada, please call us back at"), "{said}");
    // By what the machine would have recorded: nothing of ours before its tone, the message after it.
    let tones = tone(&lab.asterisk.recording("say-24").unwrap(), 1000.0);
    let begins = tones.windows(5).position(|five| five.iter().all(|t| *t)).expect("its tone");
    let over = begins + tones[begins..].iter().position(|t| !*t).unwrap();
    let heard = loudness(&lab.asterisk.recording("hear-24").unwrap());
    let voiced =
        |from: usize, to: usize| heard[from..to.min(heard.len())].iter().filter(|l| **l > 100.0).count();
    assert_eq!(voiced(begins - 40, over + 8), 0, "we are silent before its tone is over");
    let first = over + heard[over..].iter().position(|l| *l > 100.0).expect("a message");
    assert!(first - over < 100, "within two seconds of it: {first} {over}");
    assert!(voiced(first, heard.len()) > 120, "the message is whole");
    server.stop().unwrap();
}

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

#[tokio::test(flavor = "multi_thread")]
async fn asterisk_goes_and_comes_back() {
    let mut lab = lab();
    lab.asterisk.stop();
    let server = lab.setup.start(&["serve"]).unwrap();
    let client = server.log_in("sue").await.unwrap();
    let settings = json!({ "maxConcurrentCalls": 2, "callIntervalMs": 0, "retryDelayMinutes": 60 });
    let campaign = client
        .campaign("Storm", settings, &[("Silent", 13), ("Busy", 16), ("Interested", 10)])
        .await
        .unwrap();
    start_queue(&client, &campaign).await;
    let path = format!("/api/v1/calls/queue/status/{campaign}");
    let status = |wanted: &'static str| {
        let (client, path) = (client.clone(), path.clone());
        async move { (client.get(&path).await.ok()?["status"]["status"] == wanted).then_some(()) }
    };
    until("the queue to wait for Asterisk", || status("waiting")).await;
    assert!(client.calls(&campaign).await.unwrap().is_empty(), "nothing is placed while it is down");
    lab.asterisk.resume().unwrap();
    until("a conversation", || async {
        let calls = client.calls(&campaign).await.ok()?;
        calls.iter().any(|c| c["status"] == "in_progress").then_some(())
    })
    .await;
    lab.asterisk.stop();
    until("the queue to wait again", || status("waiting")).await;
    lab.asterisk.resume().unwrap();
    // Whoever was not called yet is called now, and nothing stays open.
    within(CAMPAIGN, "all to be called and settled", || async {
        let calls = client.calls(&campaign).await.ok()?;
        let busy = calls.iter().any(|c| c["phone"] == number(16) && c["outcome"] == "busy");
        let settled =
            calls.iter().all(|c| ["completed", "failed"].contains(&c["status"].as_str().unwrap_or_default()));
        let contacts = client.contacts(&campaign).await.ok()?;
        let called = contacts.iter().all(|c| c["attempts"] != 0 && c["status"] != "pending");
        (busy && settled && called).then_some(())
    })
    .await;
    server.stop().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_in_the_middle() {
    let lab = lab();
    let mut server = lab.setup.start(&["serve"]).unwrap();
    let client = server.log_in("sue").await.unwrap();
    let settings = json!({ "maxConcurrentCalls": 3, "callIntervalMs": 100, "retryDelayMinutes": 60 });
    let people = [
        ("Silent", 13),
        ("Noanswer", 17),
        ("Interested", 10),
        ("Busy", 16),
        ("Machine", 15),
        ("Callback", 20),
    ];
    let campaign = client.campaign("Crash", settings, &people).await.unwrap();
    start_queue(&client, &campaign).await;
    until("calls in flight", || async {
        let calls = client.calls(&campaign).await.ok()?;
        let in_flight = |s: &str| calls.iter().any(|c| c["status"] == s);
        (in_flight("in_progress") && in_flight("initiated")).then_some(())
    })
    .await;
    server.kill();
    let server = lab.setup.start(&["serve"]).unwrap();
    let client = server.log_in("sue").await.unwrap();
    // The queue goes on by itself; every contact is called, each attempt once.
    let calls = over(&client, &campaign, people.len()).await;
    assert_eq!(by_phone(calls).len(), people.len(), "each number once");
    let contacts = client.contacts(&campaign).await.unwrap();
    assert!(
        contacts.iter().all(|c| c["attempts"] == 1 && c["status"] != "pending" && c["status"] != "new"),
        "{contacts:?}"
    );
    assert!(lab.asterisk.cli("core show channels count").unwrap().contains("0 active channels"));
    server.stop().unwrap();
    unbroken(lab.home.path()).await;
}

/// The events' sequence has no gap.
async fn unbroken(home: &Path) {
    let file = home.join("data/dialdeck/dialdeck.sqlite");
    let pool = sqlx::SqlitePool::connect(&file.to_string_lossy()).await.unwrap();
    let (count, last): (i64, i64) =
        sqlx::query_as("SELECT COUNT(*), MAX(seq) FROM events").fetch_one(&pool).await.unwrap();
    assert_eq!(count, last);
}

async fn agi(server: &Daemon) -> TcpStream {
    TcpStream::connect(server.agi.as_ref().unwrap()).await.unwrap()
}

/// The other side closes, whatever it says before.
async fn is_closed(mut stream: TcpStream, what: &str) {
    let mut buffer = Vec::new();
    let closed = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut buffer)).await;
    assert!(closed.is_ok(), "{what}: the connection stays open");
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_at_fastagi_and_audiosocket() {
    let lab = lab();
    let server = lab.setup.start(&["serve"]).unwrap();
    // Those who say nothing and close, those who say nothing, and those who say too much.
    drop(agi(&server).await);
    let silent: Vec<TcpStream> = futures_util::future::join_all((0..50).map(|_| agi(&server))).await;
    let mut half = agi(&server).await;
    half.write_all(b"agi_network: yes\nagi_ch").await.unwrap();
    let mut garbage = agi(&server).await;
    garbage.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let mut unknown = agi(&server).await;
    unknown
        .write_all(b"agi_network_script: call\nagi_uniqueid: dialdeck-00000000000000000000000000000000\n\n")
        .await
        .unwrap();
    let mut endless = agi(&server).await;
    let flood = vec![b'a'; 1 << 20];
    for _ in 0..10 {
        if endless.write_all(&flood).await.is_err() {
            break;
        }
    }
    for (stream, what) in
        [(half, "half a block"), (garbage, "garbage"), (unknown, "an unknown call"), (endless, "10 MB")]
    {
        is_closed(stream, what).await;
    }
    for stream in silent {
        is_closed(stream, "silence").await;
    }
    let audio = server.audiosocket.as_ref().unwrap();
    let mut wrong_id = TcpStream::connect(audio).await.unwrap();
    wrong_id.write_all(&[[1, 0, 16].as_slice(), &[7; 16]].concat()).await.unwrap();
    is_closed(wrong_id, "an unknown id").await;
    let mut half_header = TcpStream::connect(audio).await.unwrap();
    half_header.write_all(&[1, 0]).await.unwrap();
    is_closed(half_header, "half a header").await;
    // And it still works.
    let client = server.log_in("sue").await.unwrap();
    let campaign = client
        .campaign("After", json!({ "callIntervalMs": 0, "retryAttempts": 0 }), &[("Busy", 16)])
        .await
        .unwrap();
    start_queue(&client, &campaign).await;
    assert_eq!(over(&client, &campaign, 1).await[0]["outcome"], "busy");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_recogniser_or_a_voice() {
    let lab = lab();
    let missing = lab
        .setup
        .clone()
        .set("recognition.pocketsphinx", "/nowhere/pocketsphinx_batch")
        .set("recognition.model", "/nowhere");
    let server = missing.start(&["serve"]).unwrap();
    assert!(server.log().contains("apt install pocketsphinx"), "{}", server.log());
    let client = server.log_in("sue").await.unwrap();
    waits_without_calling(&client, "Deaf").await;
    server.stop().unwrap();

    let server = lab.setup.clone().set("voice.flite", "/nowhere/flite").start(&["serve"]).unwrap();
    let client = server.log_in("sue").await.unwrap();
    waits_without_calling(&client, "Mute").await;
}

/// Nobody is called by a machine that cannot hear, nor into silence.
async fn waits_without_calling(client: &Client, name: &str) {
    let settings = json!({ "callIntervalMs": 0, "retryAttempts": 0 });
    let campaign = client.campaign(name, settings, &[("Interested", 10)]).await.unwrap();
    start_queue(client, &campaign).await;
    let path = format!("/api/v1/calls/queue/status/{campaign}");
    until("the queue to wait", || async {
        (client.get(&path).await.ok()?["status"]["status"] == "waiting").then_some(())
    })
    .await;
    assert!(client.calls(&campaign).await.unwrap().is_empty());
}

/// Frames of a recording that are a tone of this pitch, and voiced frames before the first of them.
fn frames(asterisk: &Asterisk, name: &str, hz: f64) -> (usize, usize) {
    let samples = asterisk.recording(name).unwrap_or_default();
    let (tones, loud) = (tone(&samples, hz), loudness(&samples));
    let first = tones.windows(5).position(|five| five.iter().all(|t| *t)).unwrap_or(tones.len());
    let voiced = loud[..first].iter().filter(|l| **l > 100.0).count();
    (tones.iter().filter(|t| **t).count(), voiced)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_only_says_mm_hm_is_not_answered_and_hears_the_rest() {
    let lab = lab();
    let server = lab.setup.start(&["serve"]).unwrap();
    let client = server.log_in("sue").await.unwrap();
    let settings = json!({ "callIntervalMs": 0, "retryAttempts": 0 });
    let campaign = client.campaign("Listens", settings, &[("Mia", 26)]).await.unwrap();
    start_queue(&client, &campaign).await;
    let call = over(&client, &campaign, 1).await.remove(0);
    let transcript = call["transcript"].as_str().unwrap();
    assert_eq!(call["outcome"], "interested", "{transcript}\n{}", server.log());
    let turns: Vec<&str> = transcript.lines().filter(|line| line.starts_with("Customer: ")).collect();
    assert_eq!(turns, ["Customer: yes please", "Customer: yes i am interested"], "{transcript}");
    let insights = client.get(&format!("/api/v1/calls/{}/insights", call["id"].as_str().unwrap())).await;
    let insights = insights.unwrap();
    assert_eq!(insights["insights"]["interruptions"], 0, "it was none: {insights}");
    // By what they heard and said: we were speaking, they said "mm-hm", and we went on by ourselves.
    let (heard, said) =
        (lab.asterisk.recording("hear-26").unwrap(), lab.asterisk.recording("say-26").unwrap());
    let (heard, said) = (loudness(&heard), loudness(&said));
    let spoke: Vec<usize> = (0..said.len()).filter(|n| said[*n] > 300.0).collect();
    // Their three utterances lie seconds apart.
    let begins: Vec<usize> = spoke
        .iter()
        .enumerate()
        .filter(|(n, at)| *n == 0 || *at - spoke[n - 1] > 40)
        .map(|(_, at)| *at)
        .collect();
    assert_eq!(begins.len(), 3, "yes please, mm-hm, yes i am interested: {begins:?}");
    let voiced =
        |from: usize, to: usize| heard[from..to.min(heard.len())].iter().filter(|l| **l > 100.0).count();
    assert!(voiced(begins[1] - 25, begins[1]) > 10, "we were speaking");
    let last = spoke.iter().rfind(|at| **at < begins[2]).unwrap();
    // The person's side of an interruption: from their first sound to our silence. Told, not asserted.
    let silent = (begins[1]..*last).find(|n| voiced(*n, n + 5) == 0);
    println!("silent after {:?} ms", silent.map(|n| (n - begins[1]) * 20));
    assert!(voiced(last + 10, begins[2]) > 50, "we went on");
    server.stop().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_fails_in_the_middle_of_a_call_and_the_next_goes_on() {
    let (lab, voices) = (lab(), Voices::start().await.unwrap());
    let settings = lab.home.path().join("server.toml");
    let text = format!(
        "[voice]\nengine = \"far\"\n[recognition]\nengine = \"far\"\n[providers.far]\nkind = \"openai\"\nurl = \"{}/v1\"\nkey = \"k\"\n\
         speech_model = \"s\"\ntranscribe_model = \"t\"\ntimeout_ms = 1500\n",
        voices.url
    );
    std::fs::write(&settings, text).unwrap();
    let server = lab.setup.start(&["--config", &settings.display().to_string(), "serve"]).unwrap();
    let client = server.log_in("sue").await.unwrap();
    let settings = json!({ "callIntervalMs": 0, "retryAttempts": 0 });
    let campaign = client.campaign("Far", settings, &[("Ina", 10)]).await.unwrap();
    start_queue(&client, &campaign).await;
    within(CAMPAIGN, "the provider to have understood them", || async {
        let events = client.get("/api/v1/events?after=0&limit=500").await.ok()?;
        events["events"].as_array()?.iter().any(|e| e["text"] == "yes please").then_some(())
    })
    .await;
    voices.state().manner = Manner::Broken;
    let call = over(&client, &campaign, 1).await.remove(0);
    let transcript = call["transcript"].as_str().unwrap();
    assert_eq!(call["outcome"], "interested", "{transcript}\n{}", server.log());
    // The embedded recogniser understood what came after it.
    assert!(transcript.contains("Customer: yes i am interested"), "{transcript}");
    // The provider's voice is a tone; the embedded one's is none.
    let heard = lab.asterisk.recording("hear-10").unwrap();
    let (tones, loud) = (tone(&heard, 440.0), loudness(&heard));
    let count =
        |is_tone: bool| loud.iter().zip(&tones).filter(|(l, t)| **l > 100.0 && **t == is_tone).count();
    assert!(count(true) > 100, "the provider spoke: {}", count(true));
    let last = tones.iter().rposition(|t| *t).unwrap();
    let after = loud[last + 1..].iter().filter(|l| **l > 100.0).count();
    assert!(after > 50, "the embedded voice spoke after it: {after}");
    let log = server.log();
    assert!(log.contains("a provider failed; the next one is asked"), "{log}");
    server.stop().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_outside_hears_of_the_person_and_takes_or_refuses_them() {
    phone_outside("audiosocket").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_outside_where_sound_goes_over_a_websocket() {
    phone_outside("websocket").await;
}

async fn phone_outside(way: &str) {
    let lab = lab();
    let server = lab.setup.clone().set("asterisk.transport", way).start(&["serve"]).unwrap();
    let client = server.log_in("sue").await.unwrap();
    carries(&client, way).await;
    let settings = |to: &str| {
        json!({ "callIntervalMs": 0, "retryAttempts": 0,
            "transfer": { "to": format!("Local/{to}@agents/n"), "attended": true } })
    };
    // Refused: they are told that somebody will call, and a callback is booked.
    let refused = client.campaign("Refused", settings("92"), &[("Ida", 10)]).await.unwrap();
    start_queue(&client, &refused).await;
    let calls = over(&client, &refused, 1).await;
    assert_eq!(calls[0]["outcome"], "interested", "{}\n{}", calls[0], server.log());
    let said = calls[0]["transcript"].as_str().unwrap();
    assert!(said.contains("AI: I am sorry, all my colleagues are talking"), "{said}");
    let callbacks = client.get("/api/v1/callbacks").await.unwrap();
    assert_eq!(callbacks["callbacks"].as_array().unwrap().len(), 1, "{callbacks}");
    let (_, told) = frames(&lab.asterisk, "hear-92", 440.0);
    assert!(told > 100, "it heard of the person: {told} frames");

    // Taken: both hear each other, after the phone has heard of the person and the person some music.
    let taken = client.campaign("Taken", settings("91"), &[("Ivo", 25)]).await.unwrap();
    start_queue(&client, &taken).await;
    let (phone, person) = within(CAMPAIGN, "both to hear each other", || async {
        let phone = frames(&lab.asterisk, "hear-91", 440.0);
        let person = frames(&lab.asterisk, "hear-25", 1900.0);
        (phone.0 > 50 && person.0 > 50).then_some((phone, person))
    })
    .await;
    assert!(phone.1 > 100, "it heard of the person first: {phone:?}");
    assert!(person.1 > 100, "{person:?}");
    let music = tone(&lab.asterisk.recording("hear-25").unwrap(), 523.25);
    assert!(music.iter().filter(|t| **t).count() > 5, "the person heard music");
    let call = client.calls(&taken).await.unwrap().remove(0);
    assert_eq!(call["agent"], "Local/91@agents/n", "{call}");
    client.post(&format!("/api/v1/calls/{}/hangup", call["id"].as_str().unwrap()), json!({})).await.unwrap();
    let calls = over(&client, &taken, 1).await;
    assert_eq!(calls[0]["outcome"], "transferred", "{}", calls[0]);
    until("the phone to be let go", || async {
        let channels = lab.asterisk.cli("core show channels count").ok()?;
        channels.contains("0 active channels").then_some(())
    })
    .await;
    server.stop().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_over_sip() {
    let (lab, carrier) = Lab::over_sip(env!("CARGO_BIN_EXE_dialdeckd")).unwrap();
    until("the trunk to be registered", || async {
        let registered = lab.asterisk.cli("pjsip show registrations").ok()?;
        registered.contains("Registered").then_some(())
    })
    .await;
    let server = lab.setup.start(&["serve"]).unwrap();
    let client = server.log_in("sue").await.unwrap();
    let people = [
        ("Interested", 10, "interested"),
        ("Stopcalling", 12, "do_not_call"),
        ("Machine", 15, "voicemail"),
        ("Busy", 16, "busy"),
        ("Noanswer", 17, "no_answer"),
        ("Congested", 18, "congestion"),
        ("Badnumber", 19, "bad_number"),
        ("Pressesnine", 22, "do_not_call"),
    ];
    let list: Vec<(&str, u8)> = people.iter().map(|p| (p.0, p.1)).collect();
    let settings = json!({ "maxConcurrentCalls": 3, "callIntervalMs": 200, "retryDelayMinutes": 60, "callTimeoutSeconds": 15 });
    let campaign = client.campaign("Over SIP", settings, &list).await.unwrap();
    start_queue(&client, &campaign).await;
    let calls = by_phone(over(&client, &campaign, people.len()).await);
    let wrong: Vec<String> = people
        .iter()
        .filter(|(_, digits, outcome)| calls[&number(*digits)]["outcome"] != *outcome)
        .map(|(name, digits, _)| format!("{name}: {}", calls[&number(*digits)]))
        .collect();
    assert!(wrong.is_empty(), "{}\n{}", wrong.join("\n"), server.log());
    // Both heard each other, by RTP: the carrier recorded our opening, and we understood them.
    let heard = loudness(&carrier.recording("hear-10").unwrap());
    assert!(heard.iter().filter(|l| **l > 100.0).count() > 100, "the person heard us");
    assert!(calls[&number(10)]["transcript"].as_str().unwrap().contains("Customer: yes i am interested"));
    let open = |asterisk: &Asterisk| {
        !asterisk.cli("core show channels count").unwrap().contains("0 active channels")
    };
    until("all lines to be closed", || async { (!open(&lab.asterisk) && !open(&carrier)).then_some(()) })
        .await;
    server.stop().unwrap();
}
