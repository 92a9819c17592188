//! Actions as people ask for them: over REST, with permission, law and audit, until an agent's screen took them.

use dialdeck_protocol::function::{Effect, Least};
use dialdeck_protocol::vicidial::functions;
use dialdeck_testkit::daemon::{Client, Daemon, Setup};
use dialdeck_testkit::vicidial::{Vicidial, sample};
use dialdeck_testkit::wait::within;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

struct House {
    server: Daemon,
    fake: Vicidial,
    _home: tempfile::TempDir,
}

async fn house() -> House {
    let fake = Vicidial::start().await.unwrap();
    let home = tempfile::tempdir().unwrap();
    let setup = Setup::new(env!("CARGO_BIN_EXE_dialdeckd"), home.path())
        .set("telephony.kind", "simulated")
        .env("VICI_API_URL", &fake.url)
        .env("VICI_API_USER", "apiuser")
        .env("VICI_API_PASS", "apipass1");
    for role in ["viewer", "agent", "supervisor", "admin"] {
        setup.add_user(role, role).unwrap();
    }
    House { server: setup.start(&["serve"]).unwrap(), fake, _home: home }
}

fn path(function: &str) -> String {
    format!("/api/v1/vicidial/main/functions/{function}")
}

async fn act(client: &Client, function: &str, args: Value) -> (u16, Value) {
    let body = json!({ "args": args, "wait": true });
    client.send(Method::POST, &path(function), Some(body)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn sent_done_and_taken_by_no_screen() {
    let house = house().await;
    let client = house.server.log_in("supervisor").await.unwrap();
    let (status, told) =
        act(&client, "external_pause", json!({ "agent_user": "1001", "value": "pause", "code": "LUNCH" }))
            .await;
    assert_eq!((status, told["progress"].as_str()), (200, Some("done")), "{told}");
    let ann = house.fake.state().agents["1001"].clone();
    assert_eq!((ann.status.as_str(), ann.pause_code.as_str()), ("PAUSED", "LUNCH"));
    // Without waiting it is sent, and what came of it is told as an event.
    let body = json!({ "args": { "agent_user": "1001", "value": "RESUME" } });
    let (_, told) = client.send(Method::POST, &path("external_pause"), Some(body)).await.unwrap();
    assert_eq!(told["progress"], "sent", "{told}");
    within(Duration::from_secs(20), "the event", || async {
        let events = client.get("/api/v1/events?limit=200").await.ok()?;
        events["events"]
            .as_array()?
            .iter()
            .any(|e| e["type"] == "vicidial_action" && e["progress"] == "done" && e["target"] == "1001")
            .then_some(())
    })
    .await;
    // No browser is open: success means nothing yet.
    house.fake.state().agents.get_mut("1002").unwrap().screen = false;
    let (status, told) = act(&client, "external_hangup", json!({ "agent_user": "1002" })).await;
    assert_eq!((status, told["progress"].as_str()), (200, Some("not_taken")), "{told}");
    // The names that people ask for.
    house.fake.state().agents.get_mut("1002").unwrap().screen = true;
    house.fake.state().agents.get_mut("1002").unwrap().columns.clear();
    let (_, told) =
        act(&client, "blind_transfer", json!({ "agent_user": "1002", "phone_number": "2025550142" })).await;
    assert_eq!(
        (told["function"].as_str(), told["progress"].as_str()),
        (Some("transfer_conference"), Some("done")),
        "{told}"
    );
    let (_, told) = act(&client, "campaign_info", json!({ "campaign_id": "TESTCAMP" })).await;
    assert_eq!(
        (told["rows"][0][0].as_str(), told["columns"].as_array().unwrap().last().unwrap().as_str()),
        (Some("TESTCAMP"), Some("hopper"))
    );
    let (_, told) =
        act(&client, "external_update_lead", json!({ "lead_id": "1", "first_name": "Zoe" })).await;
    assert_eq!(told["function"], "update_lead", "{told}");
    let (_, told) = act(&client, "call_log_export", json!({ "phone_number": "7275551005" })).await;
    assert_eq!(told["function"], "phone_number_log", "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_function_runs_is_permitted_and_stands_in_the_audit_log() {
    let house = house().await;
    let (admin, supervisor) =
        (house.server.log_in("admin").await.unwrap(), house.server.log_in("supervisor").await.unwrap());
    let viewer = house.server.log_in("viewer").await.unwrap();
    for function in functions() {
        let body = json!({ "args": sample(function), "wait": false });
        let (status, told) =
            viewer.send(Method::POST, &path(function.name), Some(body.clone())).await.unwrap();
        assert_eq!(status, 403, "{}: {told}", function.name);
        if function.least == Least::Admin {
            let (status, _) =
                supervisor.send(Method::POST, &path(function.name), Some(body.clone())).await.unwrap();
            assert_eq!(status, 403, "{}", function.name);
        }
        let before = house.fake.state().asked.len();
        let (status, told) = admin.send(Method::POST, &path(function.name), Some(body)).await.unwrap();
        // VICIdial may refuse what is made up; the request must have been whole, and reached it.
        assert!(
            status == 200
                || told["detail"]
                    .as_str()
                    .is_some_and(|d| d.contains("VICIdial main") || d.contains("not dialled")),
            "{}: {status} {told}",
            function.name
        );
        assert!(house.fake.state().asked.len() > before, "{}: {told}", function.name);
        assert!(function.effect != Effect::Reads || status == 200 || told["detail"].is_string());
    }
    let audit = admin.get("/api/v1/audit?limit=500").await.unwrap();
    let lines = audit["entries"].as_array().unwrap();
    for function in functions() {
        let real = match function.name {
            "external_update_lead" => "update_lead",
            "blind_transfer" => "transfer_conference",
            "campaign_info" => "campaigns_list",
            "call_log_export" => "call_status_stats",
            name => name,
        };
        let name = format!("vicidial.{real}");
        assert!(lines.iter().any(|line| line["command"] == name.as_str()), "{name} is not in the audit log");
    }
    let all = audit.to_string();
    assert!(
        !all.contains("n0t-shown-ever") && !all.contains("2025550142"),
        "secrets or numbers in the audit log"
    );
    // The log of what was said keeps neither.
    let log = admin.get("/api/v1/vicidial-log?limit=500").await.unwrap().to_string();
    assert!(!log.contains("n0t-shown-ever") && !log.contains("apipass1") && !log.contains("2025550142"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_law_stands_before_a_dial_through_vicidial() {
    let house = house().await;
    let client = house.server.log_in("supervisor").await.unwrap();
    client.post("/api/v1/do-not-call", json!({ "phone": "+17275551212" })).await.unwrap();
    let (status, told) =
        act(&client, "external_dial", json!({ "agent_user": "1003", "value": "727-555-1212" })).await;
    assert_eq!(status, 409, "{told}");
    assert!(told["detail"].as_str().unwrap().contains("do_not_call"), "{told}");
    // The same person by their lead.
    house.fake.state().leads.get_mut(&1).unwrap().phone_number = "7275551212".into();
    let (status, told) = act(&client, "external_dial", json!({ "agent_user": "1003", "lead_id": "1" })).await;
    assert_eq!(status, 409, "{told}");
    assert!(house.fake.state().asked_for("external_dial").is_empty());
    // Nor by any other way to the same person.
    house.fake.state().leads.get_mut(&2).unwrap().phone_number = "7275551212".into();
    for (function, args) in [
        ("add_lead", json!({ "phone_number": "7275551212", "list_id": "101", "add_to_hopper": "Y" })),
        ("add_lead", json!({ "phone_number": "2025550142", "alt_phone": "7275551212", "list_id": "101" })),
        (
            "add_lead",
            json!({ "phone_number": "2025550142", "multi_alt_phones": "7275551212_1_work", "list_id": "101" }),
        ),
        ("external_add_lead", json!({ "agent_user": "1003", "phone_number": "7275551212" })),
        ("update_lead", json!({ "lead_id": "2", "add_to_hopper": "Y" })),
        ("blind_transfer", json!({ "agent_user": "1002", "phone_number": "917275551212" })),
    ] {
        let (status, told) = act(&client, function, args).await;
        assert_eq!(status, 409, "{function}: {told}");
        assert!(told["detail"].as_str().unwrap().contains("do_not_call"), "{function}: {told}");
    }
    let args =
        json!({ "search_method": "VENDOR_LEAD_CODE", "vendor_lead_code": "V003", "add_to_hopper": "Y" });
    assert_eq!(act(&client, "update_lead", args).await.0, 422);
    assert!(
        house.fake.state().asked_for("add_lead").is_empty() && house.fake.state().hopper["TESTCAMP"] == [1]
    );
    // A lead's own country counts, and an extension is nobody's number.
    let (status, told) =
        act(&client, "blind_transfer", json!({ "agent_user": "1002", "phone_number": "1001" })).await;
    assert_eq!(status, 200, "{told}");
    let admin = house.server.log_in("admin").await.unwrap();
    let audit = admin.get("/api/v1/audit?limit=50").await.unwrap().to_string();
    assert!(audit.contains("held by the law") && !audit.contains("7275551212"), "{audit}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_database_the_floor_comes_from_the_api() {
    let house = house().await;
    let client = house.server.log_in("viewer").await.unwrap();
    let floor = within(Duration::from_secs(20), "the floor", || async {
        let floor = client.get("/api/v1/vicidial/main/floor").await.ok()?;
        (!floor["agents"].as_array()?.is_empty()).then_some(floor)
    })
    .await;
    let state = |user: &str| {
        floor["agents"].as_array().unwrap().iter().find(|a| a["user"] == user).unwrap()["state"].clone()
    };
    assert_eq!(
        (state("1001"), state("1002"), state("1005")),
        (json!("READY"), json!("INCALL"), json!("DISPO"))
    );
    let tested = house
        .server
        .log_in("admin")
        .await
        .unwrap()
        .post("/api/v1/vicidial/main/test", json!(null))
        .await
        .unwrap();
    assert!(tested["message"].as_str().unwrap().contains("6 agents logged in"), "{tested}");
}
