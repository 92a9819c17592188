//! A person: shown, held, erased.

use super::{encoded, finished, house, settings, setup, start};
use dialdeck_testkit::daemon::Setup;
use dialdeck_testkit::lab;
use dialdeck_testkit::people::number;
use reqwest::Method;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_shown_held_and_erased() {
    let home = tempfile::tempdir().unwrap();
    person(setup(&home)).await;
}

pub(super) async fn person(setup: Setup) {
    let (server, client) = house(&setup).await;
    let campaign = client.campaign("Person", settings(), &[("Wilhelmina", 0), ("Bob", 7)]).await.unwrap();
    start(&client, &campaign).await;
    finished(&client, &campaign).await;
    let path = format!("/api/v1/persons/{}", encoded(&number(0)));
    let known = client.get(&path).await.unwrap();
    assert_eq!(
        (known["contacts"][0]["firstName"].as_str(), known["calls"].as_array().unwrap().len()),
        (Some("Wilhelmina"), 1)
    );
    assert_eq!(
        client.get("/api/v1/calls?text=wilhelmina").await.unwrap()["calls"].as_array().unwrap().len(),
        1
    );
    let hold = json!({ "phone": number(0), "reason": "a letter from their lawyer" });
    client.post("/api/v1/legal-holds", hold).await.unwrap();
    assert_eq!(client.send(Method::DELETE, &path, None).await.unwrap().0, 409, "held");
    let lift = format!("/api/v1/legal-holds/{}", encoded(&number(0)));
    assert_eq!(client.send(Method::DELETE, &lift, None).await.unwrap().0, 204);
    let (status, erased) = client.send(Method::DELETE, &path, None).await.unwrap();
    assert_eq!((status, &erased["contacts"], &erased["calls"]), (200, &json!(1), &json!(1)), "{erased}");
    let left = client.get(&path).await.unwrap();
    assert!(left["contacts"].as_array().unwrap().is_empty() && left["calls"].as_array().unwrap().is_empty());
    assert!(
        client.get("/api/v1/calls?text=wilhelmina").await.unwrap()["calls"].as_array().unwrap().is_empty()
    );
    let events = client.get("/api/v1/events?after=0&limit=1000").await.unwrap().to_string();
    assert!(!events.contains("Wilhelmina") && !events.contains(&number(0)));
    assert_eq!(client.calls(&campaign).await.unwrap().len(), 2, "the counts stay");
    // Bob had asked never to be called: erased, he still is not.
    let bob = format!("/api/v1/persons/{}", encoded(&number(7)));
    assert_eq!(client.send(Method::DELETE, &bob, None).await.unwrap().0, 200);
    let why = client.get(&format!("/api/v1/decisions?phone={}", encoded(&number(7)))).await.unwrap();
    assert_eq!(why["onDoNotCallList"], true);
    drop(server);
    // Retention: what is older than a day goes, what is held stays; here nothing is older.
    let purge = setup.clone().set("retention.calls_days", "1");
    let said = lab::run(&mut purge.command(&["purge", "--dry-run"])).unwrap();
    assert!(said.starts_with("would go: 0 events, the words of 0 calls, 0 calls"), "{said}");
}
