//! Requests: pages, repeated ones, and two at once.

use super::{encoded, finished, house, settings, setup, start};
use dialdeck_testkit::daemon::Setup;
use reqwest::Method;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn pages_do_not_shift_and_small_nouns_are_kept() {
    let home = tempfile::tempdir().unwrap();
    pages(setup(&home)).await;
}

pub(super) async fn pages(setup: Setup) {
    let (_server, client) = house(&setup).await;
    let people: Vec<(&str, u8)> = (0..30).map(|n| ("Person", n)).collect();
    let campaign = client.campaign("Pages", settings(), &people).await.unwrap();
    start(&client, &campaign).await;
    finished(&client, &campaign).await;
    let mut seen = Vec::new();
    let mut after = String::new();
    loop {
        let page = client.get(&format!("/api/v1/calls?limit=7&after={after}")).await.unwrap();
        seen.extend(page["calls"].as_array().unwrap().iter().map(|c| c["id"].as_str().unwrap().to_owned()));
        match page["next"].as_str() {
            Some(next) => next.clone_into(&mut after),
            None => break,
        }
        if seen.len() == 7 {
            // A call that comes in meanwhile shifts nothing.
            let more = client.campaign("More", settings(), &[("Late", 31)]).await.unwrap();
            start(&client, &more).await;
            finished(&client, &more).await;
        }
    }
    let mut unique = seen.clone();
    unique.sort();
    unique.dedup();
    assert_eq!((seen.len(), unique.len()), (30, 30));
    assert_eq!(client.send(Method::GET, "/api/v1/calls?after=rubbish", None).await.unwrap().0, 422);

    let entry =
        json!({ "title": "Price", "text": "Forty a month", "keywords": ["cost"], "campaignId": campaign });
    let kept = client.post("/api/v1/knowledge-base", entry.clone()).await.unwrap();
    let again = client.send(Method::POST, "/api/v1/knowledge-base", Some(entry.clone())).await.unwrap();
    assert_eq!(again.0, 409, "two of a name: {}", again.1);
    let path = format!("/api/v1/knowledge-base/{}", kept["id"].as_str().unwrap());
    let mut changed = entry;
    changed["text"] = json!("Fifty a month");
    assert_eq!(client.send(Method::PUT, &path, Some(changed)).await.unwrap().0, 200);
    assert_eq!(client.get(&path).await.unwrap()["text"], "Fifty a month");
    assert_eq!(client.send(Method::DELETE, &path, None).await.unwrap().0, 204);
    let contact = client.contacts(&campaign).await.unwrap()[0]["id"].clone();
    let due = json!({ "contactId": contact, "dueAt": "2026-12-01T15:00:00Z", "timezone": "America/Chicago" });
    let callback = client.post("/api/v1/callbacks", due).await.unwrap();
    let path = format!("/api/v1/callbacks/{}", callback["id"].as_str().unwrap());
    let moved = client.send(Method::PATCH, &path, Some(json!({ "status": "done" }))).await.unwrap().1;
    assert_eq!((&moved["status"], &moved["timezone"]), (&json!("done"), &json!("America/Chicago")));
    let pending = client.get("/api/v1/callbacks?status=pending").await.unwrap();
    assert!(pending["callbacks"].as_array().unwrap().is_empty());
    let bulk = json!({ "action": "reset", "ids": [contact, "00000000-0000-7000-8000-000000000000"] });
    let bulk = client.post("/api/v1/contacts/bulk", bulk).await.unwrap();
    assert!(bulk["results"][1]["result"].as_str().unwrap().starts_with("not_found"), "{bulk}");
    let hopper = client.get(&format!("/api/v1/campaigns/{campaign}/hopper")).await.unwrap();
    assert_eq!(hopper["contacts"].as_array().unwrap().len(), 1, "{hopper}");
    // Consent withdrawn holds the contact from the next look on.
    let phone = hopper["contacts"][0]["phone"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/consents?phone={}", encoded(&phone));
    assert_eq!(client.send(Method::DELETE, &path, None).await.unwrap().0, 204);
    let hopper = client.get(&format!("/api/v1/campaigns/{campaign}/hopper")).await.unwrap();
    assert_eq!(hopper["contacts"][0]["rule"], "consent", "{hopper}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_is_the_same_command() {
    let home = tempfile::tempdir().unwrap();
    keys(setup(&home)).await;
}

pub(super) async fn keys(setup: Setup) {
    let (server, client) = house(&setup).await;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let send = async |key: &str, name: &str| {
        let request = http.post(format!("{}/api/v1/campaigns", server.http)).bearer_auth(&client.token);
        let answer =
            request.header("idempotency-key", key).json(&json!({ "name": name })).send().await.unwrap();
        let replayed = answer.headers().contains_key("idempotency-replayed");
        (answer.status().as_u16(), replayed, answer.text().await.unwrap())
    };
    let first = send("k1", "Once").await;
    let second = send("k1", "Once").await;
    assert_eq!((first.0, first.1), (201, false));
    assert_eq!((second.0, second.1, &second.2), (201, true, &first.2));
    assert_eq!(send("k1", "Other").await.0, 409, "a key is for one request");
    assert_eq!(send("k2", "").await.0, 422);
    assert_eq!(client.get("/api/v1/campaigns").await.unwrap()["campaigns"].as_array().unwrap().len(), 1);
    let both = tokio::join!(send("k3", "Race"), send("k3", "Race"));
    assert!([both.0.0, both.1.0].contains(&201));
    assert_eq!(
        client.get("/api/v1/campaigns").await.unwrap()["campaigns"].as_array().unwrap().len(),
        2,
        "{both:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_change_a_campaign_both_have_their_way() {
    let home = tempfile::tempdir().unwrap();
    changes(setup(&home)).await;
}

pub(super) async fn changes(setup: Setup) {
    let (_server, client) = house(&setup).await;
    let campaign = client.campaign("Both", settings(), &[]).await.unwrap();
    let path = format!("/api/v1/campaigns/{campaign}");
    let wishes = [
        json!({ "description": "said by Sue" }),
        json!({ "type": "marketing" }),
        json!({ "callSettings": { "maxConcurrentCalls": 7 } }),
        json!({ "callSettings": { "retryAttempts": 2 } }),
    ];
    for round in 0..5 {
        let mut wishes = wishes.clone();
        wishes[0]["description"] = json!(format!("said by Sue {round}"));
        wishes[2]["callSettings"]["maxConcurrentCalls"] = json!(7 + round);
        let changing = wishes.iter().map(|wish| client.send(Method::PATCH, &path, Some(wish.clone())));
        for (status, answer) in futures_util::future::join_all(changing).await.into_iter().map(Result::unwrap)
        {
            assert_eq!(status, 200, "{answer}");
        }
        let now = client.get(&path).await.unwrap();
        let settings = &now["callSettings"];
        assert_eq!(
            (&now["description"], &now["type"], &settings["maxConcurrentCalls"], &settings["retryAttempts"]),
            (&wishes[0]["description"], &json!("marketing"), &json!(7 + round), &json!(2))
        );
    }
}
