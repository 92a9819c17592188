//! Every operation of the API for every role: the table of who may is made from the API's own description, and each
//! cell of it is tried. `DIALDECK_UPDATE=1` writes the table anew.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends where it cannot go on"
)]

use dialdeck_protocol::Role;
use dialdeck_server::api;
use dialdeck_server::domain::caller::PERMISSIONS;
use dialdeck_testkit::daemon::{Client, Daemon, Setup};
use reqwest::Method;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;

const ROLES: [(&str, Role); 4] = [
    ("viewer", Role::Viewer),
    ("agent", Role::Agent),
    ("supervisor", Role::Supervisor),
    ("admin", Role::Admin),
];

/// Whether a role may do what takes this scope.
fn may(role: Role, scope: &str) -> bool {
    let least = PERMISSIONS.iter().find(|(word, ..)| *word == scope).map(|(_, least, _)| *least);
    scope.is_empty()
        || scope == "public"
        || role >= least.unwrap_or_else(|| panic!("scope {scope:?} is unknown"))
}

fn table() -> String {
    let mut text = String::from(
        "# Who may do what\n\nMade from the API's own description by `server/tests/permissions.rs`, which also tries \
         each cell. A token's scope narrows this further; a user who is confined to campaigns sees only those.\n\n\
         | operation | scope | viewer | agent | supervisor | admin |\n|---|---|---|---|---|---|\n",
    );
    for (method, path, scope) in api::openapi::operations(&api::document()) {
        let shown = match scope.as_str() {
            "" => "any",
            other => other,
        };
        let _ = write!(text, "| `{method} {path}` | {shown} |");
        for (_, role) in ROLES {
            text.push_str(if may(role, &scope) { " yes |" } else { " – |" });
        }
        text.push('\n');
    }
    text
}

#[test]
fn the_table_is_the_one_in_the_documents() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/PERMISSIONS.md");
    if std::env::var_os("DIALDECK_UPDATE").is_some() {
        std::fs::write(&file, table()).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), table(), "DIALDECK_UPDATE=1 writes it anew");
}

/// A path with something in the place of its parameters that is not there.
fn filled(path: &str) -> String {
    path.replace("{phone}", "+13125550101")
        .split('/')
        .map(|part| if part.starts_with('{') { "00000000-0000-7000-8000-000000000000" } else { part })
        .collect::<Vec<_>>()
        .join("/")
}

async fn ask(client: &Client, method: &Method, path: &str) -> (u16, Value) {
    let body = (*method != Method::GET).then(|| json!({}));
    client.send(method.clone(), &filled(path), body).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_cell_is_true() {
    let home = tempfile::tempdir().unwrap();
    let setup = Setup::new(env!("CARGO_BIN_EXE_dialdeckd"), home.path()).set("telephony.kind", "simulated");
    for (name, _) in ROLES {
        setup.add_user(name, name).unwrap();
    }
    let server: Daemon = setup.start(&["serve"]).unwrap();
    let mut nobody = server.log_in("admin").await.unwrap();
    nobody.token = "0".repeat(64);
    let operations = api::openapi::operations(&api::document());
    assert!(operations.len() > 100, "{}", operations.len());
    for (method, path, scope) in &operations {
        let (code, answer) = ask(&nobody, method, path).await;
        if scope == "public" {
            assert_ne!(code, 401, "{method} {path} is for everybody: {answer}");
        } else {
            assert_eq!(code, 401, "{method} {path} without a session: {answer}");
        }
    }
    for (name, role) in ROLES {
        let client = server.log_in(name).await.unwrap();
        for (method, path, scope) in &operations {
            // It ends the session that asks.
            if path.ends_with("/auth/logout") || path.ends_with("/auth/login") {
                continue;
            }
            let (code, answer) = ask(&client, method, path).await;
            if may(role, scope) {
                assert!(
                    !(code == 401 || code == 403 || code >= 500),
                    "{name} {method} {path}: {code} {answer}"
                );
            } else {
                assert_eq!(code, 403, "{name} {method} {path}: {answer}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn campaigns_and_scopes_are_walls_too() {
    let home = tempfile::tempdir().unwrap();
    let setup = Setup::new(env!("CARGO_BIN_EXE_dialdeckd"), home.path()).set("telephony.kind", "simulated");
    setup.add_user("root", "admin").unwrap();
    let server = setup.start(&["serve"]).unwrap();
    let admin = server.log_in("root").await.unwrap();
    let settings = json!({ "maxConcurrentCalls": 1 });
    let mine = admin.campaign("Mine", settings.clone(), &[("Ann", 0)]).await.unwrap();
    let other = admin.campaign("Other", settings, &[("Bob", 1)]).await.unwrap();
    let contact = admin.contacts(&other).await.unwrap()[0]["id"].as_str().unwrap().to_owned();
    let user =
        json!({ "name": "sue", "role": "supervisor", "password": "correct horse", "campaigns": [mine] });
    let sue_id = admin.post("/api/v1/users", user).await.unwrap()["id"].as_str().unwrap().to_owned();
    let sue = server.log_in("sue").await.unwrap();
    let seen = sue.get("/api/v1/campaigns").await.unwrap();
    assert_eq!(seen["campaigns"].as_array().unwrap().len(), 1, "{seen}");
    for path in [
        format!("/api/v1/campaigns/{other}"),
        format!("/api/v1/campaigns/{other}/contacts"),
        format!("/api/v1/campaigns/{other}/hopper"),
        format!("/api/v1/campaigns/{other}/contacts/export"),
        format!("/api/v1/contacts/{contact}"),
        format!("/api/v1/calls/queue/status/{other}"),
    ] {
        assert_eq!(sue.send(Method::GET, &path, None).await.unwrap().0, 404, "{path}");
    }
    let start = json!({ "campaignId": other });
    assert_eq!(sue.send(Method::POST, "/api/v1/calls/automated/start", Some(start)).await.unwrap().0, 404);
    let new = json!({ "name": "Third" });
    assert_eq!(sue.send(Method::POST, "/api/v1/campaigns", Some(new)).await.unwrap().0, 403);
    assert_eq!(sue.get(&format!("/api/v1/campaigns/{mine}")).await.unwrap()["name"], "Mine");

    // A token may less than its user, never more; it is listed, and it ends.
    let wanted = json!({ "name": "reader", "scopes": ["look"], "days": 1 });
    let made = sue.post("/api/v1/tokens", wanted).await.unwrap();
    let mut reader = sue.clone();
    made["token"].as_str().unwrap().clone_into(&mut reader.token);
    assert_eq!(reader.get("/api/v1/auth/me").await.unwrap()["scopes"], json!(["look"]));
    assert_eq!(reader.get("/api/v1/campaigns").await.unwrap()["campaigns"].as_array().unwrap().len(), 1);
    let stop = json!({ "campaignId": mine });
    assert_eq!(reader.send(Method::POST, "/api/v1/calls/automated/stop", Some(stop)).await.unwrap().0, 403);
    let more = json!({ "name": "more", "scopes": ["users"], "days": 1 });
    assert_eq!(sue.send(Method::POST, "/api/v1/tokens", Some(more)).await.unwrap().0, 403);
    let again = json!({ "name": "child", "scopes": ["look"], "days": 1 });
    assert_eq!(reader.send(Method::POST, "/api/v1/tokens", Some(again)).await.unwrap().0, 403);
    let listed = sue.get("/api/v1/tokens").await.unwrap();
    assert!(listed["tokens"][0]["name"] == "reader" && !listed.to_string().contains(&reader.token));
    let path = format!("/api/v1/tokens/{}", made["id"].as_str().unwrap());
    assert_eq!(sue.send(Method::DELETE, &path, None).await.unwrap().0, 204);
    assert_eq!(reader.send(Method::GET, "/api/v1/auth/me", None).await.unwrap().0, 401);

    // Sessions are listed and ended; whoever is disabled is out at once.
    let sessions = admin.get("/api/v1/sessions?all=true").await.unwrap();
    assert_eq!(sessions["sessions"].as_array().unwrap().len(), 2);
    assert_eq!(sue.send(Method::GET, "/api/v1/sessions?all=true", None).await.unwrap().0, 403);
    let disable = Some(json!({ "disabled": true }));
    let path = format!("/api/v1/users/{sue_id}");
    assert_eq!(admin.send(Method::PATCH, &path, disable).await.unwrap().0, 200);
    assert_eq!(sue.send(Method::GET, "/api/v1/auth/me", None).await.unwrap().0, 401);
    assert!(server.log_in("sue").await.is_err());
    let me = admin.get("/api/v1/auth/me").await.unwrap();
    let path = format!("/api/v1/users/{}", me["id"].as_str().unwrap());
    let demote = Some(json!({ "role": "viewer" }));
    assert_eq!(admin.send(Method::PATCH, &path, demote).await.unwrap().0, 409, "nobody locks themselves out");
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_is_slowed_and_keeps_nobody_out() {
    let home = tempfile::tempdir().unwrap();
    let setup = Setup::new(env!("CARGO_BIN_EXE_dialdeckd"), home.path())
        .set("telephony.kind", "none")
        .set("server.proxies", "127.0.0.1");
    setup.add_user("sue", "viewer").unwrap();
    let server = setup.start(&["serve"]).unwrap();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let try_from = async |address: &str, password: &str| {
        http.post(format!("{}/api/v1/auth/login", server.http))
            .header("x-forwarded-for", address)
            .json(&json!({ "username": "sue", "password": password }))
            .send()
            .await
            .unwrap()
            .status()
            .as_u16()
    };
    let mut codes = Vec::new();
    for _ in 0..8 {
        codes.push(try_from("192.0.2.66", "guess").await);
    }
    assert!(codes.starts_with(&[401; 5]) && codes.contains(&429), "{codes:?}");
    assert_eq!(try_from("192.0.2.7", "correct horse").await, 200, "sue herself, elsewhere");
}
