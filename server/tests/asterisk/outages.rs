//! What fails in the middle: Asterisk, the server itself, a recogniser, a voice, a provider.

use super::{CAMPAIGN, by_phone, lab, loudness, over, start_queue, tone};
use dialdeck_testkit::daemon::Client;
use dialdeck_testkit::people::number;
use dialdeck_testkit::voices::{Manner, Voices};
use dialdeck_testkit::wait::{until, within};
use serde_json::json;
use std::path::Path;

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
