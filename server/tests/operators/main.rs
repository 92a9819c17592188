//! What operators do with the record: carry it out and in, back it up and restore it, search it, empty it of a person,
//! hold it, and hear of it by webhook.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::format_push_string,
    reason = "a test ends where it cannot go on"
)]

mod backups;
mod files;
mod persons;
mod requests;
mod scripts;
mod server;
mod webhooks;

use dialdeck_testkit::daemon::{Client, Daemon, Setup};
use dialdeck_testkit::postgres::Postgres;
use dialdeck_testkit::wait::within;
use serde_json::{Value, json};
use std::time::Duration;
use tempfile::TempDir;

const SETTINGS: &str = r#"{"maxConcurrentCalls": 5, "callIntervalMs": 0, "retryAttempts": 0}"#;

fn settings() -> Value {
    serde_json::from_str(SETTINGS).unwrap()
}

fn setup(home: &TempDir) -> Setup {
    Setup::new(env!("CARGO_BIN_EXE_dialdeckd"), home.path())
        .set("telephony.kind", "simulated")
        .set("telephony.simulated_speed", "20")
}

async fn house(setup: &Setup) -> (Daemon, Client) {
    setup.add_user("root", "admin").unwrap();
    let server = setup.start(&["serve"]).unwrap();
    let client = server.log_in("root").await.unwrap();
    (server, client)
}

async fn start(client: &Client, campaign: &str) {
    client.post("/api/v1/calls/automated/start", json!({ "campaignId": campaign })).await.unwrap();
}

async fn finished(client: &Client, campaign: &str) {
    within(Duration::from_mins(2), "the queue to be done", || async {
        let status = client.get(&format!("/api/v1/calls/queue/status/{campaign}")).await.ok()?;
        (status["status"]["status"] == "stopped").then_some(())
    })
    .await;
}

/// The text of an export.
async fn text(server: &Daemon, client: &Client, path: &str) -> String {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = http.get(format!("{}{path}", server.http)).bearer_auth(&client.token).send().await.unwrap();
    assert!(answer.status().is_success(), "{path}: {}", answer.status());
    answer.text().await.unwrap()
}

fn encoded(phone: &str) -> String {
    phone.replace('+', "%2B")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_on_postgres() {
    let postgres = Postgres::start().unwrap();
    let home = tempfile::tempdir().unwrap();
    let on = async |name: &str| {
        let url = postgres.database().await.unwrap();
        let home = home.path().join(name);
        std::fs::create_dir(&home).unwrap();
        Setup::new(env!("CARGO_BIN_EXE_dialdeckd"), &home)
            .set("telephony.kind", "simulated")
            .set("telephony.simulated_speed", "20")
            .env("DATABASE_URL", &url)
    };
    persons::person(on("person").await).await;
    requests::pages(on("pages").await).await;
    requests::keys(on("keys").await).await;
    requests::changes(on("changes").await).await;
    webhooks::webhooks(on("webhooks").await).await;
}
