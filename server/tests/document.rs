//! The API's description and what the server really answers, compared by programs that nobody here wrote.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends where it cannot go on"
)]

use dialdeck_testkit::daemon::Setup;
use dialdeck_testkit::lab;
use dialdeck_testkit::speech::Speech;
use dialdeck_testkit::tools;
use serde_json::Value;
use std::process::Command;

/// Requests that must have been made at least.
const REQUESTS: u64 = 5000;

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_is_undocumented() {
    let home = tempfile::tempdir().unwrap();
    let speech = Speech::find().unwrap();
    let setup = Setup::new(env!("CARGO_BIN_EXE_dialdeckd"), home.path())
        .set("telephony.kind", "simulated")
        .set("voice.flite", &speech.program("flite"))
        .set("voice.espeak_ng", &speech.program("espeak-ng"))
        .set("recognition.pocketsphinx", &speech.program("pocketsphinx_batch"))
        .set("recognition.model", &speech.model());
    setup.add_user("root", "admin").unwrap();
    let server = setup.start(&["serve"]).unwrap();
    let client = server.log_in("root").await.unwrap();
    let document = client.get("/api/v1/openapi.json").await.unwrap();
    let work = tempfile::tempdir().unwrap();
    let file = work.path().join("openapi.json");
    std::fs::write(&file, document.to_string()).unwrap();
    let validator = tools::python("openapi-spec-validator").unwrap();
    lab::run(Command::new(validator).args(["--schema", "3.1", "--validation-errors", "all"]).arg(&file))
        .unwrap();

    let mut run = Command::new(tools::python("st").unwrap());
    run.current_dir(work.path()).env("NO_PROXY", "*").arg("run").arg(&file).args(["--url", &server.http]);
    run.args(["-H", &format!("Authorization: Bearer {}", client.token)])
        .args(["--phases", "examples,coverage,fuzzing,stateful"])
        .args([
            "-c",
            "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
        ])
        .args([
            "--max-examples",
            "14",
            "--generation-deterministic",
            "--workers",
            "1",
            "--continue-on-failure",
        ])
        // They end the session that asks; a WebSocket is no request and answer.
        .args(["--exclude-path", "/api/v1/auth/logout", "--exclude-operation-id", "delete_sessions_id"])
        .args(["--exclude-path", "/api/v1/ws", "--request-timeout", "20", "--no-color"])
        .args(["--report", "json", "--report-json-path", "report.json"]);
    let done = run.output().unwrap();
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{said}");
    let report: Value =
        serde_json::from_slice(&std::fs::read(work.path().join("report.json")).unwrap()).unwrap();
    let made = report["test_cases"]["generated"].as_u64().unwrap();
    assert!(made >= REQUESTS, "only {made} requests were made");
    // A wrong path among those left out would be left out in silence.
    let operations = document["paths"].as_object().unwrap().values().map(|p| p.as_object().unwrap().len());
    assert_eq!(report["operations"]["selected"], operations.sum::<usize>() - 3);
    assert!(client.get("/api/v1/auth/me").await.is_ok(), "the session held to the end");
    assert!(!server.log().contains("panicked"));
}
