//! The server itself: its certificate, its figures, its self-test.

use super::{finished, house, settings, setup, start};
use dialdeck_testkit::people::number;
use dialdeck_testkit::wait::within;
use dialdeck_testkit::{lab, tools};
use serde_json::Value;
use std::process::Command;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn tls_is_verified_and_its_certificate_replaced() {
    let home = tempfile::tempdir().unwrap();
    let (certificate, key) = (home.path().join("cert.pem"), home.path().join("key.pem"));
    let (pem, secret, authority) = tools::certificate().unwrap();
    std::fs::write(&certificate, pem).unwrap();
    std::fs::write(&key, secret).unwrap();
    let setup = setup(&home)
        .set("server.tls_certificate", &certificate.display().to_string())
        .set("server.tls_key", &key.display().to_string());
    setup.add_user("root", "admin").unwrap();
    let server = setup.start(&["serve"]).unwrap();
    let address = server.http.replace("http://", "https://");
    let trusting = |authority: &str| {
        let root = reqwest::Certificate::from_pem(authority.as_bytes()).unwrap();
        reqwest::Client::builder().no_proxy().tls_certs_only([root]).build().unwrap()
    };
    let asked = trusting(&authority).get(format!("{address}/healthz")).send().await;
    assert!(asked.unwrap().status().is_success());
    let (other, other_key, other_authority) = tools::certificate().unwrap();
    let stranger = trusting(&other_authority).get(format!("{address}/healthz")).send().await;
    assert!(stranger.is_err(), "another authority's certificate is none");
    assert!(reqwest::get(format!("{}/healthz", server.http)).await.is_err(), "nothing is told in the clear");
    let http = address.trim_start_matches("https://").to_owned();
    lab::run(&mut setup.command(&["healthcheck", "--set", &format!("server.http={http}")])).unwrap();
    // A broken one is not taken up; the next good one is.
    std::fs::write(&certificate, "garbage").unwrap();
    within(Duration::from_secs(30), "the broken certificate to be refused", || async {
        server.log().contains("cannot be used; the old one stays").then_some(())
    })
    .await;
    assert!(trusting(&authority).get(format!("{address}/healthz")).send().await.is_ok());
    std::fs::write(&key, other_key).unwrap();
    std::fs::write(&certificate, other).unwrap();
    within(Duration::from_secs(30), "the new certificate", || async {
        trusting(&other_authority).get(format!("{address}/healthz")).send().await.ok()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_rules_and_dashboard_belong_together() {
    let home = tempfile::tempdir().unwrap();
    let (server, client) = house(&setup(&home)).await;
    let campaign = client.campaign("Figures", settings(), &[("Ann", 0), ("Bob", 2)]).await.unwrap();
    start(&client, &campaign).await;
    finished(&client, &campaign).await;
    let figures = reqwest::get(format!("{}/metrics", server.http)).await.unwrap().text().await.unwrap();
    for name in [
        "dialdeck_calls_in_flight",
        "dialdeck_calls{status=\"initiated\"}",
        "dialdeck_queues{state=\"stopped\"} 1",
        "dialdeck_calls_ended_total{outcome=\"interested\"} 1",
        "dialdeck_turn_seconds_bucket",
        "dialdeck_commit_seconds_bucket",
        "dialdeck_database_up 1",
        "dialdeck_part_up{part=\"telephony\"} 1",
    ] {
        assert!(figures.contains(name), "{name} is not in\n{figures}");
    }
    for private in ["Ann", &number(0), "Figures"] {
        assert!(!figures.contains(private), "{private} is nobody's figure");
    }
    let promtool = tools::promtool().unwrap();
    let mut check = Command::new(&promtool);
    check.args(["check", "metrics"]).stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    let mut child = check.stderr(std::process::Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(child.stdin.as_mut().unwrap(), figures.as_bytes()).unwrap();
    drop(child.stdin.take());
    let judged = child.wait_with_output().unwrap();
    assert!(judged.status.success(), "{}", String::from_utf8_lossy(&judged.stderr));
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../ops/monitoring");
    let rules = root.join("alerts.yml");
    lab::run(Command::new(&promtool).args(["check", "rules"]).arg(&rules)).unwrap();
    lab::run(Command::new(&promtool).args(["test", "rules"]).arg(root.join("alerts_test.yml"))).unwrap();
    // Only names that exist.
    let known: Vec<&str> = figures
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE "))
        .filter_map(|line| line.split(' ').next())
        .collect();
    for file in [rules, root.join("dashboard.json")] {
        let text = std::fs::read_to_string(&file).unwrap();
        serde_json::from_str::<Value>(&text).map_or_else(|_| assert!(file.ends_with("alerts.yml")), drop);
        for word in text
            .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .filter(|w| w.starts_with("dialdeck_"))
        {
            let base =
                ["_bucket", "_sum", "_count"].iter().find_map(|s| word.strip_suffix(s)).unwrap_or(word);
            // Counted only once something fails or a console comes: described in the code, not yet in the text.
            let later = [
                "dialdeck_commits_failed_total",
                "dialdeck_provider_errors_total",
                "dialdeck_event_lag_seconds",
                "dialdeck_consoles",
                "dialdeck_provider_seconds",
            ];
            assert!(
                known.contains(&base) || later.contains(&base),
                "{word} in {} does not exist",
                file.display()
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_finds_what_is_wrong() {
    let home = tempfile::tempdir().unwrap();
    let setup = setup(&home);
    let (server, _) = house(&setup).await;
    let http = server.http.trim_start_matches("http://").to_owned();
    let well =
        setup.command(&["doctor", "--json", "--set", &format!("server.http={http}")]).output().unwrap();
    let report: Value = serde_json::from_slice(&well.stdout).unwrap();
    assert!(well.status.success(), "{report}");
    let names: Vec<&str> =
        report["findings"].as_array().unwrap().iter().map(|f| f["name"].as_str().unwrap()).collect();
    for name in [
        "clock",
        "disk",
        "permissions",
        "database",
        "audit log",
        "queue",
        "http",
        "websocket",
        "fastagi",
        "audiosocket",
        "ari",
        "ami",
        "synthesiser",
        "recogniser",
        "dialogue",
    ] {
        assert!(names.contains(&name), "{name} is not among {names:?}");
    }
    drop(server);
    let ill = setup.command(&["doctor", "--set", &format!("server.http={http}")]).output().unwrap();
    let said = String::from_utf8_lossy(&ill.stdout);
    assert!(
        !ill.status.success() && said.contains("FAIL http") && said.contains("start dialdeckd serve"),
        "{said}"
    );
}
