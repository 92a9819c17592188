//! The stand-in is what Dialpad's own description says, and the client reads whatever that description shows.

use crate::office::{SALES, office, pull};
use dialdeck_server::connectors::dialpad::wire;
use dialdeck_testkit::dialpad::document;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Reads an example as the client would; nothing where the client has no use for its shape.
fn read(shape: &str, example: &Value) -> Option<bool> {
    let all = |one: &dyn Fn(&Value) -> bool| {
        let items = wire::page(example).0;
        items.iter().all(one)
    };
    let leg = |call: &Value| wire::call(call, 1, &[], None).is_some();
    Some(match shape {
        "schemas.call.CallProto" => leg(example),
        "schemas.call.CallCollection" => all(&leg),
        "schemas.user.UserProto" | "schemas.group.UserOrRoomProto" => wire::user(example, None).is_some(),
        "schemas.user.UserCollection" => all(&|user| wire::user(user, None).is_some()),
        "schemas.group.OperatorCollection" => {
            wire::operators(example, 130).len() == example["users"].as_array().map_or(0, Vec::len)
        }
        "schemas.group.DepartmentProto" => wire::department(example).is_some(),
        "schemas.group.DepartmentCollection" => all(&|one| wire::department(one).is_some()),
        "schemas.group.OperatorDutyStatusProto" => wire::duty(example).contains("duty"),
        "schemas.webhook.WebhookProto" | "schemas.websocket.WebsocketProto" => {
            wire::endpoint(example).is_some_and(|one| !one.address.is_empty())
        }
        "schemas.webhook.WebhookCollection" | "schemas.websocket.WebsocketCollection" => {
            all(&|one| wire::endpoint(one).is_some())
        }
        "schemas.call_event_subscription.CallEventSubscriptionProto" => {
            wire::subscription(example).is_some_and(|one| one.endpoint.is_some())
        }
        "schemas.call_event_subscription.CallEventSubscriptionCollection" => {
            all(&|one| wire::subscription(one).is_some_and(|one| one.endpoint.is_some()))
        }
        "schemas.transcript.TranscriptProto" => {
            wire::transcript(example).len() == example["lines"].as_array().map_or(0, Vec::len)
        }
        _ => return None,
    })
}

/// Every whole number of an example, wherever it stands, is read as one.
fn numbers(value: &Value, count: &mut usize) {
    match value {
        Value::Object(object) => object.iter().for_each(|(name, value)| {
            let id = name == "id" || name.ends_with("_id") || name.starts_with("date_");
            if id
                && value
                    .as_str()
                    .is_some_and(|text| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()))
            {
                assert!(wire::whole(value).is_some(), "{name}: {value}");
                *count += 1;
            }
            numbers(value, count);
        }),
        Value::Array(all) => all.iter().for_each(|value| numbers(value, count)),
        _ => {}
    }
}

#[test]
fn every_example_is_read() {
    let examples = document().examples();
    let (mut typed, mut whole) = (BTreeMap::<&str, usize>::new(), 0);
    for (operation, shape, example) in &examples {
        numbers(example, &mut whole);
        if let Some(well) = read(shape, example) {
            assert!(well, "{operation}: {example}");
            *typed.entry(shape).or_default() += 1;
        }
    }
    assert!(examples.len() > 60 && whole > 100, "{} examples, {whole} whole numbers", examples.len());
    assert!(typed.len() >= 12, "{typed:?}");
}

#[test]
fn what_the_description_does_not_have_is_found() {
    let call = json!({ "$ref": "#/components/schemas/schemas.call.CallProto" });
    let faults = |value: Value| document().faults(&call, &value).len();
    assert_eq!(faults(json!({ "call_id": "12", "date_started": 5, "duration": 2.5, "labels": null })), 0);
    for wrong in [
        json!({ "call_id": "twelve" }),
        json!({ "callId": 12 }),
        json!({ "duration": "long" }),
        json!({ "contact": { "phones": [] } }),
        json!([]),
    ] {
        assert!(faults(wrong.clone()) > 0, "{wrong}");
    }
    assert!(document().find("GET", "/api/v2/call/12/listen").is_none(), "there is no listening in");
    let hangup = document().find("PUT", "/api/v2/call/12/actions/hangup").unwrap();
    assert!(!hangup.faults_of_request(&[("now".into(), "1".into())], None).is_empty());
    let transfer = document().find("POST", "/api/v2/call/12/transfer").unwrap();
    assert!(transfer.faults_of_request(&[], Some(&json!({ "to": { "number": "+13125550101" } }))).is_empty());
    assert!(!transfer.faults_of_request(&[], Some(&json!({ "to": { "phone": "x" } }))).is_empty());
}

/// A bare item has ids, contact, target, dates, direction and duration, and any of them may be absent.
#[tokio::test(flavor = "multi_thread")]
async fn bare_and_odd_items_are_taken() {
    let office = office().await;
    let now = chrono::Utc::now().timestamp_millis();
    let agent = *office.fake.state().users.keys().next().unwrap();
    office.fake.state().put_calls(
        SALES,
        [
            json!({ "call_id": (now + 1).to_string(), "date_started": now - 60_000, "date_connected": now - 50_000,
                "date_ended": now - 40_000, "direction": "inbound", "duration": 10_000.5,
                "target": { "id": agent.to_string(), "type": "user", "name": "Ann \u{1b}[31m\u{202e}Able" } }),
            json!({ "call_id": now + 2, "date_started": (now - 70_000).to_string(), "direction": "sideways" }),
            json!({ "call_id": now + 3 }),
        ],
    );
    let (_server, client) = office.start().await;
    pull(&client, None).await;
    let seen = client.get("/api/v1/dialpad/overview").await.unwrap();
    assert_eq!(
        (&seen["cards"]["total"], &seen["cards"]["inbound"], &seen["cards"]["missed"]),
        (&json!(2), &json!(1), &json!(1))
    );
    let calls = seen["calls"].as_array().unwrap();
    assert_eq!((&calls[0]["agent"], &calls[0]["duration_ms"]), (&json!("Ann [31m Able"), &json!(10_001)));
    assert_eq!((&calls[1]["direction"], &calls[1]["status"]), (&json!(null), &json!("missed")));
    office.assert_no_drift();
}
