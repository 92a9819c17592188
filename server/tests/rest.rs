//! REST as existing users call it, key by key; who may do what; and what is refused, with which words.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends where it cannot go on"
)]

use dialdeck_testkit::daemon::{Client, Daemon, Setup};
use dialdeck_testkit::people::number;
use dialdeck_testkit::postgres::Postgres;
use dialdeck_testkit::wait::{until, within};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

struct House {
    server: Daemon,
    home: tempfile::TempDir,
}

fn setup(home: &tempfile::TempDir) -> Setup {
    Setup::new(env!("CARGO_BIN_EXE_dialdeckd"), home.path())
        .set("telephony.kind", "simulated")
        .set("telephony.simulated_speed", "20")
}

fn house() -> House {
    let home = tempfile::tempdir().unwrap();
    let setup = setup(&home);
    for role in ["viewer", "agent", "supervisor", "admin"] {
        setup.add_user(role, role).unwrap();
    }
    House { server: setup.start(&["serve"]).unwrap(), home }
}

fn keys(value: &Value) -> Vec<String> {
    let mut keys: Vec<String> = value.as_object().expect("an object").keys().cloned().collect();
    keys.sort();
    keys
}

async fn finished(client: &Client, campaign: &str) -> Value {
    within(Duration::from_mins(2), "the queue to be done", || async {
        let status = client.get(&format!("/api/v1/calls/queue/status/{campaign}")).await.ok()?;
        (status["status"]["status"] == "stopped" || status["status"]["status"] == "paused").then_some(status)
    })
    .await
}

const QUICK: &str = r#"{"maxConcurrentCalls": 5, "callIntervalMs": 0, "retryAttempts": 0}"#;

fn quick() -> Value {
    serde_json::from_str(QUICK).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_that_existing_users_call() {
    let house = house();
    let client = house.server.log_in("supervisor").await.unwrap();
    let people = [("Interested", 0), ("Noanswer", 2), ("Leavemealone", 7), ("Machine", 4)];
    let campaign = client.campaign("Golden", quick(), &people).await.unwrap();
    let started =
        client.post("/api/v1/calls/automated/start", json!({ "campaignId": campaign })).await.unwrap();
    assert_eq!(keys(&started), ["campaignId", "message", "success"]);
    assert_eq!((&started["success"], &started["campaignId"]), (&json!(true), &json!(campaign)));
    let status = finished(&client, &campaign).await;
    assert_eq!(keys(&status), ["campaignId", "status", "success"]);
    assert_eq!(
        keys(&status["status"]),
        [
            "failedCalls",
            "lastCallTime",
            "nextCallTime",
            "processedContacts",
            "status",
            "successfulCalls",
            "totalContacts"
        ]
    );
    assert_eq!(
        (&status["status"]["totalContacts"], &status["status"]["processedContacts"]),
        (&json!(4), &json!(4))
    );
    assert_eq!(
        (&status["status"]["successfulCalls"], &status["status"]["failedCalls"]),
        (&json!(1), &json!(1))
    );

    let list = client.get(&format!("/api/v1/calls?campaign_id={campaign}&outcome=interested")).await.unwrap();
    assert_eq!(keys(&list), ["calls", "success"]);
    let call = &list["calls"][0];
    let call_keys = [
        "contactName",
        "createdAt",
        "csatScore",
        "duration",
        "emotion",
        "id",
        "outcome",
        "phone",
        "status",
        "transcript",
    ];
    assert_eq!(keys(call), call_keys);
    assert_eq!((&call["status"], &call["phone"]), (&json!("completed"), &json!(number(0))));
    let id = call["id"].as_str().unwrap();
    let one = client.get(&format!("/api/v1/calls/{id}")).await.unwrap();
    assert_eq!(
        (keys(&one), keys(&one["call"])),
        (vec!["call".into(), "success".into()], call_keys.map(String::from).to_vec())
    );
    let talk = client.get(&format!("/api/v1/calls/{id}/conversation")).await.unwrap();
    assert_eq!(keys(&talk), ["call", "conversationHistory", "success"]);
    let history = talk["conversationHistory"].as_array().unwrap();
    assert_eq!(keys(&history[0]), ["ai_response", "confidence", "emotion", "timestamp", "user_input"]);
    assert_eq!(history[0]["user_input"], "", "the opening is turn 1");
    assert_eq!(history[1]["user_input"], "yes go ahead");
    for (query, count) in [
        ("status=failed", 1),
        ("emotion=neutral&limit=2", 2),
        ("limit=2&offset=3", 1),
        ("from=2100-01-01", 0),
    ] {
        let some = client.get(&format!("/api/v1/calls?campaign_id={campaign}&{query}")).await.unwrap();
        assert_eq!(some["calls"].as_array().unwrap().len(), count, "{query}");
    }
    let (code, refused) = client.send(Method::GET, "/api/v1/calls/nothing", None).await.unwrap();
    assert_eq!(
        (code, keys(&refused), keys(&refused["error"])),
        (404, vec!["error".into(), "success".into()], vec!["code".into(), "message".into()])
    );
    let (code, refused) = client.send(Method::GET, "/api/v1/calls?outcome=bliss", None).await.unwrap();
    assert_eq!((code, &refused["success"]), (422, &json!(false)));
    assert!(refused["error"]["message"].as_str().unwrap().contains("interested"), "{refused}");

    // What was obeyed is known, with why each number was called.
    let why =
        client.get(&format!("/api/v1/decisions?phone={}", number(7).replace('+', "%2B"))).await.unwrap();
    assert_eq!((&why["onDoNotCallList"], &why["decisions"][0]["rule"]), (&json!(true), &json!("allowed")));
}

#[tokio::test(flavor = "multi_thread")]
async fn starting_twice_unknown_campaigns_and_reviews() {
    let house = house();
    let client = house.server.log_in("supervisor").await.unwrap();
    let start = "/api/v1/calls/automated/start";
    for id in ["nonsense", "00000000-0000-0000-0000-000000000000"] {
        let (code, refused) =
            client.send(Method::POST, start, Some(json!({ "campaignId": id }))).await.unwrap();
        assert_eq!((code, &refused["error"]["code"]), (404, &json!("not_found")));
    }
    let people: Vec<(&str, u8)> = (0..6).map(|n| ("Interested", n * 15)).collect();
    let slow = json!({ "maxConcurrentCalls": 1, "callIntervalMs": 3_600_000, "retryAttempts": 0 });
    let campaign = client.campaign("Twice", slow, &people).await.unwrap();
    let body = json!({ "campaignId": campaign });
    let both =
        futures_util::future::join_all((0..2).map(|_| client.send(Method::POST, start, Some(body.clone()))))
            .await;
    let mut codes: Vec<u16> = both.into_iter().map(|r| r.unwrap().0).collect();
    codes.sort_unstable();
    assert_eq!(codes, [200, 409], "of two who start at once, one is told");
    let stop = client.post("/api/v1/calls/automated/stop", body.clone()).await.unwrap();
    assert_eq!(keys(&stop), ["campaignId", "message", "success"]);
    // First N, then pause for review.
    let settings = json!({ "callSettings": { "callIntervalMs": 0, "maxConcurrentCalls": 5 } });
    let path = format!("/api/v1/campaigns/{campaign}");
    assert_eq!(client.send(Method::PATCH, &path, Some(settings)).await.unwrap().0, 200);
    let before = client.calls(&campaign).await.unwrap().len();
    client.post(start, json!({ "campaignId": campaign, "reviewAfter": 2 })).await.unwrap();
    let status = finished(&client, &campaign).await;
    assert_eq!(status["status"]["status"], "paused");
    assert_eq!(client.calls(&campaign).await.unwrap().len(), before + 2);
    let estimate = client.get(&format!("{path}/estimate")).await.unwrap();
    assert!(estimate["cost"].as_f64().unwrap() >= 0.0 && estimate["currency"] == "USD", "{estimate}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_do_what() {
    let house = house();
    let admin = house.server.log_in("admin").await.unwrap();
    let campaign = admin.campaign("Walls", quick(), &[("Silent", 12)]).await.unwrap();
    let mut nobody = admin.clone();
    nobody.token = "0".repeat(64);
    let body = json!({ "campaignId": campaign });
    let asks: [(Method, String, Option<Value>, [u16; 4]); 8] = [
        (Method::GET, "/api/v1/campaigns".into(), None, [200, 200, 200, 200]),
        (Method::GET, "/api/v1/calls".into(), None, [200, 200, 200, 200]),
        (
            Method::POST,
            "/api/v1/do-not-call".into(),
            Some(json!({ "phone": "+13125550188" })),
            [403, 201, 201, 201],
        ),
        (Method::POST, "/api/v1/campaigns".into(), Some(json!({ "name": "x" })), [403, 403, 201, 201]),
        (Method::POST, "/api/v1/calls/automated/stop".into(), Some(body), [403, 403, 200, 200]),
        (Method::POST, "/api/v1/calls/none/hangup".into(), Some(json!({})), [403, 404, 404, 404]),
        (
            Method::POST,
            "/api/v1/phone-numbers".into(),
            Some(json!({ "number": "nine" })),
            [403, 403, 422, 422],
        ),
        (Method::GET, "/api/v1/audit".into(), None, [403, 403, 403, 200]),
    ];
    for (method, path, body, codes) in asks {
        assert_eq!(
            nobody.send(method.clone(), &path, body.clone()).await.unwrap().0,
            401,
            "{path} without a session"
        );
        for (role, expected) in ["viewer", "agent", "supervisor", "admin"].into_iter().zip(codes) {
            let client = house.server.log_in(role).await.unwrap();
            let (code, answer) = client.send(method.clone(), &path, body.clone()).await.unwrap();
            assert_eq!(code, expected, "{role} {method} {path}: {answer}");
        }
    }
    let log = admin.get("/api/v1/audit?limit=1000").await.unwrap();
    assert_eq!(admin.get("/api/v1/audit/chain").await.unwrap()["intact"], true);
    let entries = log["entries"].as_array().unwrap();
    let noted = |actor: &str, command: &str, result: &str| {
        entries.iter().any(|e| {
            e["actor"] == actor
                && e["command"] == command
                && e["result"].as_str().unwrap().starts_with(result)
        })
    };
    assert!(
        noted("viewer", "POST /api/v1/calls/automated/stop", "forbidden")
            && noted("supervisor", "queue.stop", "done")
    );
    assert!(noted("admin", "campaign.create", "done") && noted("admin", "contacts.import", "done"));
    // A session that was ended is none.
    let client = house.server.log_in("viewer").await.unwrap();
    client.post("/api/v1/auth/logout", json!({})).await.unwrap();
    assert_eq!(client.send(Method::GET, "/api/v1/campaigns", None).await.unwrap().0, 401);
    assert!(!house.server.log().contains(dialdeck_testkit::daemon::PASSWORD));
}

#[tokio::test(flavor = "multi_thread")]
async fn problems_name_the_field() {
    let house = house();
    let client = house.server.log_in("supervisor").await.unwrap();
    let asks = [
        ("/api/v1/campaigns", json!({ "name": "" }), "name"),
        (
            "/api/v1/campaigns",
            json!({ "name": "x", "callSettings": { "callTimeoutSeconds": 5 } }),
            "callTimeoutSeconds",
        ),
        ("/api/v1/campaigns", json!({ "name": "x", "callSettings": { "speed": 5 } }), "callSettings"),
        (
            "/api/v1/campaigns",
            json!({ "name": "x", "callSettings": { "voice": { "synthesisers": ["nobody"] } } }),
            "callSettings",
        ),
        (
            "/api/v1/campaigns",
            json!({ "name": "x", "scriptId": "00000000-0000-0000-0000-000000000000" }),
            "scriptId",
        ),
        (
            "/api/v1/scripts",
            json!({ "name": "x", "body": { "opening": "Hi {name}", "pitch": "p" } }),
            "opening",
        ),
        ("/api/v1/phone-numbers", json!({ "number": "${EXTEN}" }), "number"),
        ("/api/v1/do-not-call", json!({ "phone": "" }), "phone"),
    ];
    for (path, body, field) in asks {
        let (code, problem) = client.send(Method::POST, path, Some(body)).await.unwrap();
        assert_eq!((code, problem["field"].as_str()), (422, Some(field)), "{problem}");
        assert_eq!(keys(&problem), ["code", "detail", "field", "status", "title", "type"]);
    }
    let (code, problem) =
        client.send(Method::POST, "/api/v1/campaigns", Some(json!({ "nome": "x" }))).await.unwrap();
    assert_eq!((code, problem["code"].as_str()), (422, Some("invalid")));
    assert_eq!(client.send(Method::GET, "/api/v1/nothing", None).await.unwrap().0, 404);
    assert_eq!(client.send(Method::GET, "/healthz", None).await.unwrap().0, 200);
    assert_eq!(client.send(Method::GET, "/readyz", None).await.unwrap().0, 200);
}

async fn refused(client: &Client, campaign: &str, query: &str, csv: impl Into<reqwest::Body>) -> Vec<String> {
    let (_, lines) = client.import(campaign, query, csv).await.unwrap();
    let rejected = lines.iter().filter_map(|l| l.get("rejected"));
    rejected
        .map(|r| {
            format!("{} {}: {}", r["line"], r["field"].as_str().unwrap(), r["message"].as_str().unwrap())
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn files_as_people_send_them() {
    let house = house();
    let client = house.server.log_in("supervisor").await.unwrap();
    let campaign = client.campaign("Files", quick(), &[]).await.unwrap();
    let count = async || client.contacts(&campaign).await.unwrap().len();
    let csv = "first_name,last_name,phone,email,company,consent\n\
               Ann,Lee,(312) 555-0142,a@example.com,Acme,written\n\
               Bob,Ray,12345,b@example.com,Acme,written\n\
               Cid,Roe,\"312 555 0143,c@example.com,Acme,written\n\
               Dan,Fox,+1 312 555 0142,d@example.com,Acme,written\n\
               Eve,Orr,312-555-0144,e@example.com,Acme\n";
    let dry = refused(&client, &campaign, "dry_run=true", csv).await;
    assert_eq!(dry.len(), 4, "{dry:?}");
    assert!(dry[0].starts_with("3 phone: ") && dry.iter().any(|r| r.contains("not closed")), "{dry:?}");
    assert!(
        dry.iter().any(|r| r.starts_with("5 duplicate"))
            && dry.iter().any(|r| r.contains("5 fields where the header names 6"))
    );
    assert_eq!(count().await, 0, "a dry run changes nothing");
    refused(&client, &campaign, "all_or_nothing=true", csv).await;
    assert_eq!(count().await, 0, "half a file is never imported");
    refused(&client, &campaign, "", csv).await;
    assert_eq!(count().await, 1);
    let again = refused(&client, &campaign, "", csv).await;
    assert!(again.iter().any(|r| r.contains("the campaign has this number already")), "{again:?}");

    let latin = b"first_name,phone,consent\nJos\xe9,312 555 0150,yes\n".to_vec();
    let wrong = refused(&client, &campaign, "", latin.clone()).await;
    assert!(wrong[0].contains("windows-1252"), "{wrong:?}");
    assert!(refused(&client, &campaign, "encoding=windows-1252", latin).await.is_empty());
    let mut wide = vec![0xff, 0xfe];
    wide.extend(
        "phone,first_name,consent\n312 555 0151,Zo\u{eb},yes\n".encode_utf16().flat_map(u16::to_le_bytes),
    );
    assert!(refused(&client, &campaign, "", wide).await.is_empty());
    let names: Vec<String> = client
        .contacts(&campaign)
        .await
        .unwrap()
        .iter()
        .map(|c| c["firstName"].as_str().unwrap().to_owned())
        .collect();
    assert!(names.contains(&"José".to_owned()) && names.contains(&"Zoë".to_owned()), "{names:?}");

    for (csv, query, part) in [
        ("", "", "the file is empty"),
        ("Ann,Lee,3125550142\n", "", "the first line must name the columns"),
        ("phone\n312 555 0160\n", "", "consent_basis"),
        ("phone\n312 555 0160\n", "consent_basis=written", "date and source"),
        ("phone,consent\n", "encoding=klingon", "klingon"),
    ] {
        let (code, lines) = client.import(&campaign, query, csv).await.unwrap();
        assert_eq!(code, 422, "{lines:?}");
        assert!(lines[0]["detail"].as_str().unwrap().contains(part), "{lines:?}");
    }
    // An escape, a formula and a line end are text; a line without end costs one line.
    let nasty = format!(
        "first_name,phone,consent\n\u{1b}[2J=1+1,312 555 0161,yes\n{},x,y\nBob,312 555 0162,yes\n",
        "a".repeat(200_000)
    );
    let rejected = refused(&client, &campaign, "", nasty).await;
    assert_eq!(rejected.len(), 1, "{rejected:?}");
    let contacts = client.contacts(&campaign).await.unwrap();
    assert!(
        contacts.iter().any(|c| c["firstName"] == "[2J=1+1")
            && contacts.iter().any(|c| c["firstName"] == "Bob")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_beyond_the_limit() {
    let home = tempfile::tempdir().unwrap();
    let setup = setup(&home).set("server.max_import_mib", "1");
    setup.add_user("sue", "supervisor").unwrap();
    let server = setup.start(&["serve"]).unwrap();
    let client = server.log_in("sue").await.unwrap();
    let campaign = client.campaign("Large", quick(), &[]).await.unwrap();
    let (code, lines) = client.import(&campaign, "", "phone,consent\n".repeat(100_000)).await.unwrap();
    assert_eq!((code, lines[0]["code"].as_str()), (413, Some("too_large")));
}

#[tokio::test(flavor = "multi_thread")]
async fn people_who_may_not_be_called() {
    let house = house();
    let client = house.server.log_in("supervisor").await.unwrap();
    let campaign = client.campaign("Law", quick(), &[]).await.unwrap();
    // Nobody consented; one has no zone; one is on the list.
    let csv = format!(
        "first_name,phone,consent\nNo,{},\nFree,+18005550142,yes\nListed,{},yes\n",
        number(0),
        number(15)
    );
    client.post("/api/v1/do-not-call", json!({ "phone": number(15) })).await.unwrap();
    client.import(&campaign, "consent_basis=none", csv).await.unwrap();
    client.post("/api/v1/calls/automated/start", json!({ "campaignId": campaign })).await.unwrap();
    finished(&client, &campaign).await;
    assert!(client.calls(&campaign).await.unwrap().is_empty());
    let contacts = client.contacts(&campaign).await.unwrap();
    let reason = |name: &str| {
        let contact = contacts.iter().find(|c| c["firstName"] == name).unwrap();
        (contact["status"].as_str().unwrap().to_owned(), contact["heldReason"].as_str().unwrap().to_owned())
    };
    assert!(reason("No").1.contains("consent") && reason("No").0 == "held");
    assert!(reason("Free").1.contains("time zone"));
    assert_eq!(reason("Listed").0, "do_not_call");
    // Consent comes in, and the contact is looked at afresh.
    let id = contacts.iter().find(|c| c["firstName"] == "No").unwrap()["id"].as_str().unwrap().to_owned();
    let consent = json!({ "consent": { "basis": "oral", "at": null, "source": "call" } });
    assert_eq!(
        client.send(Method::PATCH, &format!("/api/v1/contacts/{id}"), Some(consent)).await.unwrap().0,
        200
    );
    client.post("/api/v1/calls/automated/start", json!({ "campaignId": campaign })).await.unwrap();
    finished(&client, &campaign).await;
    assert_eq!(client.calls(&campaign).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_on_postgres() {
    let postgres = Postgres::start().unwrap();
    let home = tempfile::tempdir().unwrap();
    let setup = setup(&home).env("DATABASE_URL", &postgres.database().await.unwrap());
    setup.add_user("sue", "supervisor").unwrap();
    let server = setup.start(&["serve"]).unwrap();
    let client = server.log_in("sue").await.unwrap();
    let people: Vec<(&str, u8)> = (0..15).map(|n| ("Person", n)).collect();
    let campaign = client.campaign("Everyone", quick(), &people).await.unwrap();
    client.post("/api/v1/calls/automated/start", json!({ "campaignId": campaign })).await.unwrap();
    finished(&client, &campaign).await;
    let mut outcomes: Vec<(String, String)> = client
        .calls(&campaign)
        .await
        .unwrap()
        .iter()
        .map(|c| (c["phone"].as_str().unwrap().to_owned(), c["outcome"].as_str().unwrap().to_owned()))
        .collect();
    outcomes.sort();
    let expected: Vec<(String, String)> = (0..15)
        .map(|n| {
            let persona = dialdeck_server::telephony::simulated::Persona::of(&number(n));
            (number(n), persona.outcome().as_str().to_owned())
        })
        .collect();
    assert_eq!(outcomes, expected);
    // The same day in figures.
    let day = client.get("/api/v1/dashboard").await.unwrap();
    let count = |name: &str| outcomes.iter().filter(|(_, outcome)| outcome == name).count();
    let told = day["outcomes"].as_array().unwrap().iter();
    let told: Vec<(&str, usize)> =
        told.map(|o| (o[0].as_str().unwrap(), usize::try_from(o[1].as_u64().unwrap()).unwrap())).collect();
    assert!(told.iter().all(|(name, calls)| count(name) == *calls), "{day}");
    assert_eq!((&day["today"]["calls"], day["hours"].as_array().unwrap().len()), (&json!(15), 24), "{day}");
    assert_eq!(day["campaigns"][0]["campaign_id"], campaign.as_str(), "{day}");
    let standing = client.get("/api/v1/standing").await.unwrap();
    assert!(standing.get("audit").is_none() && standing.to_string().contains("PostgreSQL"), "{standing}");
    server.stop().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_finish_before_the_server_does() {
    let house = house();
    let client = house.server.log_in("supervisor").await.unwrap();
    let campaign = client.campaign("Goodbye", quick(), &[("Objecting", 1), ("Silent", 12)]).await.unwrap();
    client.post("/api/v1/calls/automated/start", json!({ "campaignId": campaign })).await.unwrap();
    until("conversations", || async {
        let calls = client.calls(&campaign).await.ok()?;
        calls.iter().any(|c| c["status"] == "in_progress").then_some(())
    })
    .await;
    house.server.stop().unwrap();
    let file = house.home.path().join("data/dialdeck/dialdeck.sqlite");
    let pool = sqlx::SqlitePool::connect(&file.to_string_lossy()).await.unwrap();
    let open: i64 =
        sqlx::query_scalar("SELECT COUNT(*) FROM calls WHERE status IN ('initiated', 'in_progress')")
            .fetch_one(&pool)
            .await
            .unwrap();
    assert_eq!(open, 0);
}
