//! What goes out as a file, and comes in again.

use super::{house, settings, setup, text};
use dialdeck_testkit::people::number;
use dialdeck_testkit::wait::until;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_out_comes_in_again_and_computes_nothing() {
    let home = tempfile::tempdir().unwrap();
    let (server, client) = house(&setup(&home)).await;
    let campaign = client.campaign("Out", settings(), &[("Ann", 0)]).await.unwrap();
    let evil = json!({ "phone": number(1), "firstName": "=cmd|' /C calc'!A0", "company": "@SUM(1)",
                       "consent": { "basis": "written", "at": "2026-01-02T00:00:00Z", "source": "form" } });
    client.post(&format!("/api/v1/campaigns/{campaign}/contacts"), evil).await.unwrap();
    let csv = text(&server, &client, &format!("/api/v1/campaigns/{campaign}/contacts/export")).await;
    let mut rows = csv::Reader::from_reader(csv.as_bytes());
    for cell in rows.records().flat_map(|row| row.unwrap().iter().map(str::to_owned).collect::<Vec<_>>()) {
        let number = cell.strip_prefix('+').is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()));
        assert!(number || !cell.starts_with(['=', '+', '-', '@']), "a spreadsheet would compute {cell:?}");
    }
    // What was carried out is taken in by another campaign.
    let body = json!({ "name": "In", "callSettings": settings() });
    let second = client.post("/api/v1/campaigns", body).await.unwrap()["id"].as_str().unwrap().to_owned();
    let (status, lines) = client.import(&second, "", csv).await.unwrap();
    assert_eq!((status, &lines.last().unwrap()["done"]["imported"]), (200, &json!(2)), "{lines:?}");
    let json_lines =
        text(&server, &client, &format!("/api/v1/campaigns/{campaign}/contacts/export?format=jsonl")).await;
    assert_eq!(json_lines.lines().filter(|l| serde_json::from_str::<Value>(l).is_ok()).count(), 2);

    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let send = async |path: &str, body: String| -> Value {
        let url = format!("{}{path}", server.http);
        let answer = http.post(url).bearer_auth(&client.token).body(body).send().await.unwrap();
        answer.json().await.unwrap()
    };
    let list = format!("phone\n{}\nnobody\n{{\"phone\": \"{}\"}}\n", number(7), number(8));
    let listed = send("/api/v1/do-not-call/import", list.clone()).await;
    assert_eq!(
        (&listed["imported"], &listed["rejected"], &listed["rejects"][0]["line"]),
        (&json!(2), &json!(1), &json!(3))
    );
    send("/api/v1/do-not-call/import", list).await;
    let out = text(&server, &client, "/api/v1/exports/do-not-call").await;
    assert_eq!(out.lines().count(), 3, "a header and two numbers, however often they came: {out}");
    let scripts = send("/api/v1/scripts/import", "{\"name\": \"Plain\"}\n{\"nam\": 1}\n".into()).await;
    assert_eq!((&scripts["imported"], &scripts["rejected"]), (&json!(1), &json!(1)));
    assert!(text(&server, &client, "/api/v1/exports/scripts").await.contains("\"Plain\""));
    let users =
        "{\"name\": \"tom\", \"role\": \"agent\", \"password\": \"correct horse\"}\n{\"name\": \"a b\"}\n";
    let users = send("/api/v1/users/import", users.into()).await;
    assert_eq!((&users["imported"], &users["rejected"]), (&json!(1), &json!(1)));
    let out = text(&server, &client, "/api/v1/exports/users").await;
    assert!(out.contains("\"tom\"") && !out.contains("argon2"), "{out}");
    assert!(server.log_in("tom").await.is_ok());
    assert!(text(&server, &client, "/api/v1/audit/export").await.lines().count() > 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_goes_on_where_it_was_cut_off() {
    let home = tempfile::tempdir().unwrap();
    let (mut server, client) = {
        let setup = setup(&home);
        house(&setup).await
    };
    let body = json!({ "name": "Long", "callSettings": settings() });
    let campaign = client.post("/api/v1/campaigns", body).await.unwrap()["id"].as_str().unwrap().to_owned();
    let mut csv = String::from("phone\n");
    for n in 0..60_000 {
        csv.push_str(&format!("+1312{:07}\n", 5_550_000 + n));
    }
    let path = format!("/api/v1/campaigns/{campaign}/contacts/import?consent_basis=none");
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut answer = http
        .post(format!("{}{path}", server.http))
        .bearer_auth(&client.token)
        .body(csv.clone())
        .send()
        .await
        .unwrap();
    let first = answer.chunk().await.unwrap().unwrap();
    let first: Value = serde_json::from_slice(first.split(|b| *b == b'\n').next().unwrap()).unwrap();
    let id = first["import"]["id"].as_str().unwrap().to_owned();
    let done = until("some of it to be done", || async {
        let imports = client.get("/api/v1/imports").await.ok()?;
        imports["imports"][0]["rowsDone"].as_i64().filter(|n| *n > 1000)
    })
    .await;
    assert!(done < 60_001, "it is killed in the middle");
    server.kill();
    let server = setup(&home).start(&["serve"]).unwrap();
    let client = server.log_in("root").await.unwrap();
    let known = client.get("/api/v1/imports").await.unwrap()["imports"][0].clone();
    assert_eq!(known["finishedAt"], Value::Null);
    let (status, lines) =
        client.import(&campaign, &format!("consent_basis=none&resume={id}"), csv).await.unwrap();
    assert_eq!((status, &lines[0]["import"]["resumedAfter"]), (200, &known["rowsDone"]), "{lines:?}");
    let after = client.get("/api/v1/imports").await.unwrap()["imports"][0].clone();
    assert_eq!((&after["imported"], &after["rowsDone"]), (&json!(60_000), &json!(60_001)), "{after}");
    assert_ne!(after["finishedAt"], Value::Null);
    let queue = client.get(&format!("/api/v1/calls/queue/status/{campaign}")).await.unwrap();
    assert_eq!(queue["status"]["totalContacts"], 60_000);
}
