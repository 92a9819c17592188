//! A full disk: the server says so and stays up, and nothing is lost or left hanging once there is room again.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends where it cannot go on"
)]

use dialdeck_testkit::daemon::Setup;
use dialdeck_testkit::wait::{until, within};
use serde_json::json;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

const PROGRAM: &str = env!("CARGO_BIN_EXE_dialdeckd");

fn setup(program: &str, home: &tempfile::TempDir) -> Setup {
    Setup::new(program, home.path()).set("telephony.kind", "simulated").set("telephony.simulated_speed", "50")
}

#[tokio::test(flavor = "multi_thread")]
async fn full_and_then_not() {
    let home = tempfile::tempdir().unwrap();
    setup(PROGRAM, &home).add_user("sue", "supervisor").unwrap();
    // Files may not grow beyond a limit: what a write gives is what a full disk gives, without filling one.
    let narrow = home.path().join("narrow");
    std::fs::write(&narrow, format!("#!/bin/bash\ntrap '' XFSZ\nulimit -Sf 1400\nexec {PROGRAM} \"$@\"\n"))
        .unwrap();
    std::fs::set_permissions(&narrow, std::fs::Permissions::from_mode(0o755)).unwrap();
    let server = setup(&narrow.to_string_lossy(), &home).start(&["serve"]).unwrap();
    let client = server.log_in("sue").await.unwrap();
    let settings = json!({ "maxConcurrentCalls": 8, "callIntervalMs": 0, "retryAttempts": 0 });
    let people: Vec<(&str, u8)> = (0..60).map(|n| ("Person", n)).collect();
    let campaign = client.campaign("Brimful", settings, &people).await.unwrap();
    client.post("/api/v1/calls/automated/start", json!({ "campaignId": campaign })).await.unwrap();
    until("the disk to be full", || async { server.log().contains("commit failed").then_some(()) }).await;
    assert_eq!(client.send(reqwest::Method::GET, "/healthz", None).await.unwrap().0, 200, "it stays up");
    assert!(!client.calls(&campaign).await.unwrap().is_empty(), "and can be read");
    assert!(!server.log().contains("panicked"));
    // There is room again: it goes on without a restart.
    let room = std::process::Command::new("prlimit")
        .args(["--pid", &server.pid().to_string(), "--fsize=unlimited"])
        .status()
        .unwrap();
    assert!(room.success());
    let name = |n: usize| json!({ "name": format!("Room {n}") });
    let mut tried = 0;
    while client.send(reqwest::Method::POST, "/api/v1/campaigns", Some(name(tried))).await.unwrap().0 != 201 {
        tried += 1;
        assert!(tried < 50, "it does not take anything any more: {}", server.log());
    }
    drop(server);

    let server = setup(PROGRAM, &home).start(&["serve"]).unwrap();
    let client = server.log_in("sue").await.unwrap();
    let calls = within(Duration::from_mins(2), "every contact to be called", || async {
        let status = client.get(&format!("/api/v1/calls/queue/status/{campaign}")).await.ok()?;
        let calls = client.calls(&campaign).await.ok()?;
        (status["status"]["status"] == "stopped" && calls.len() == people.len()).then_some(calls)
    })
    .await;
    assert!(calls.iter().all(|c| c["status"] == "completed" || c["status"] == "failed"));
    let contacts = client.contacts(&campaign).await.unwrap();
    assert!(contacts.iter().all(|c| c["attempts"] == 1), "each was called once");
}
