//! The ways a call and its sound can go: over a WebSocket, by files, over SIP.

use super::{by_phone, carries, lab, loudness, over, start_queue};
use dialdeck_testkit::asterisk::{Asterisk, Lab};
use dialdeck_testkit::daemon::Setup;
use dialdeck_testkit::people::number;
use dialdeck_testkit::wait::until;
use serde_json::{Value, json};

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
