//! A backup taken in mid campaign, restored.

use super::{finished, house, settings, setup, start};
use dialdeck_testkit::daemon::Setup;
use dialdeck_testkit::lab;
use dialdeck_testkit::postgres::Postgres;
use dialdeck_testkit::wait::until;
use serde_json::json;

async fn restored_while_it_runs(from: Setup, to: Setup) {
    let home = tempfile::tempdir().unwrap();
    let (server, client) = house(&from).await;
    let people: Vec<(&str, u8)> = (0..40).map(|n| ("Person", n)).collect();
    let campaign = client.campaign("Kept", settings(), &people).await.unwrap();
    client
        .post("/api/v1/dispositions", json!({ "code": "SALE", "label": "Sold", "outcome": "interested" }))
        .await
        .unwrap();
    start(&client, &campaign).await;
    until("some calls to be over", || async {
        let calls = client.calls(&campaign).await.ok()?;
        (calls.iter().filter(|c| c["status"] == "completed").count() > 5).then_some(())
    })
    .await;
    let file = home.path().join("backup");
    let shown = file.display().to_string();
    lab::run(&mut from.command(&["backup", &shown])).unwrap();
    assert!(lab::run(&mut from.command(&["backup", &shown])).is_err(), "a backup is never written over");
    finished(&client, &campaign).await;
    drop(server);
    let said = lab::run(&mut to.command(&["restore", &shown])).unwrap();
    assert!(said.contains("intact"), "{said}");
    assert!(lab::run(&mut to.command(&["restore", &shown])).is_err(), "nothing is written over");
    // The calls that were in flight are settled, the rest is called, and nobody twice.
    let server = to.start(&["serve"]).unwrap();
    let client = server.log_in("root").await.unwrap();
    finished(&client, &campaign).await;
    let contacts = client.contacts(&campaign).await.unwrap();
    assert_eq!(contacts.len(), 40);
    let calls = client.calls(&campaign).await.unwrap();
    let mut numbers: Vec<&str> = calls.iter().map(|c| c["phone"].as_str().unwrap()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!((calls.len(), numbers.len()), (40, 40), "each was called once");
    assert!(calls.iter().all(|c| c["status"] == "completed" || c["status"] == "failed"));
    assert_eq!(client.get("/api/v1/audit/chain").await.unwrap()["intact"], true);
    assert_eq!(client.get("/api/v1/dispositions").await.unwrap()["entries"][0]["code"], "SALE");
    let found = client.get("/api/v1/calls?text=hello").await.unwrap();
    assert!(!found["calls"].as_array().unwrap().is_empty(), "what was said is found again");
    std::fs::write(&file, "garbage").unwrap();
    assert!(lab::run(&mut to.command(&["restore", &shown])).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_sqlite_taken_in_mid_campaign_restores() {
    let (home, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    restored_while_it_runs(setup(&home), setup(&other)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_postgres_taken_in_mid_campaign_restores() {
    let home = tempfile::tempdir().unwrap();
    let postgres = Postgres::start().unwrap();
    let (one, two) = (postgres.database().await.unwrap(), postgres.database().await.unwrap());
    restored_while_it_runs(setup(&home).env("DATABASE_URL", &one), setup(&home).env("DATABASE_URL", &two))
        .await;
}
