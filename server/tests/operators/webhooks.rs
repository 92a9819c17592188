//! Webhooks: signed, tried again, logged.

use super::{house, setup};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use dialdeck_testkit::daemon::Setup;
use dialdeck_testkit::wait::within;
use serde_json::json;
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[derive(Clone, Default)]
struct Received(Arc<Mutex<Vec<(String, String)>>>);

async fn take(State(received): State<Received>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let signature = headers["dialdeck-signature"].to_str().unwrap().to_owned();
    let mut all = received.0.lock().unwrap();
    all.push((signature, String::from_utf8(body.to_vec()).unwrap()));
    // The first try fails: it must come again.
    if all.len() == 1 { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK }
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_are_signed_tried_again_and_logged() {
    let home = tempfile::tempdir().unwrap();
    webhooks(setup(&home)).await;
}

pub(super) async fn webhooks(setup: Setup) {
    let (_server, client) = house(&setup).await;
    let received = Received::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().route("/hook", post(take)).with_state(received.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let body =
        json!({ "name": "CRM", "url": format!("http://{address}/hook"), "events": ["campaign_changed"] });
    let made = client.post("/api/v1/webhooks", body).await.unwrap();
    let (id, secret) = (made["id"].as_str().unwrap(), made["secret"].as_str().unwrap());
    assert!(!client.get("/api/v1/webhooks").await.unwrap().to_string().contains(secret), "shown once only");
    client.post("/api/v1/campaigns", json!({ "name": "Heard of" })).await.unwrap();
    let log = within(Duration::from_secs(30), "the second try", || async {
        let log = client.get(&format!("/api/v1/webhooks/{id}/deliveries")).await.ok()?;
        (log["deliveries"][0]["status"] == "delivered").then_some(log)
    })
    .await;
    assert_eq!(
        (&log["deliveries"][0]["attempts"], &log["deliveries"][0]["response"]),
        (&json!(2), &json!(200))
    );
    let all = received.0.lock().unwrap().clone();
    let (signature, event) = all.last().unwrap();
    assert!(event.contains("Heard of"), "{event}");
    let seconds: i64 = signature.split(['=', ',']).nth(1).unwrap().parse().unwrap();
    assert_eq!(
        *signature,
        dialdeck_server::webhook::sign(secret, seconds, event),
        "signed by what was shown"
    );
}
