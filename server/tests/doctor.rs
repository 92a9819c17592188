//! `dialdeckd doctor` and its letter tell the truth for combinations of credentials that are missing; the manager interface
//! of a real Asterisk, which VICIdial's is one of.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends where it cannot go on"
)]

use dialdeck_server::telephony::asterisk::ami::{AmiCalls, AmiError, Connection, Login, follow};
use dialdeck_testkit::asterisk::Asterisk;
use dialdeck_testkit::daemon::Setup;
use dialdeck_testkit::lab;
use dialdeck_testkit::mariadb::MariaDb;
use dialdeck_testkit::speech::Speech;
use dialdeck_testkit::vicidial::Vicidial;
use serde_json::Value;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// An Asterisk whose manager has a user who may all, and one who may only look.
fn asterisk() -> (Asterisk, u16) {
    let (http, ami) = (lab::free_port().unwrap(), lab::free_port().unwrap());
    let http_conf = format!("[general]\nenabled = yes\nbindaddr = 127.0.0.1\nbindport = {http}\n");
    let manager = format!(
        "[general]\nenabled = yes\nport = {ami}\nbindaddr = 127.0.0.1\n\
         [full]\nsecret = lab-secret\nread = all\nwrite = all\n\
         [looks]\nsecret = lab-secret\nread = call\nwrite = reporting\n"
    );
    let dialplan = "[lab]\nexten => wait,1,Answer()\n same => n,Wait(60)\nexten => other,1,Answer()\n same => n,Wait(60)\n";
    let files =
        [("http.conf", http_conf), ("manager.conf", manager), ("extensions.conf", dialplan.to_owned())];
    let files: Vec<(String, String)> =
        files.into_iter().map(|(name, text)| (name.to_owned(), text)).collect();
    (Asterisk::start(&Speech::find().unwrap(), http, &files).unwrap(), ami)
}

fn login(port: u16, user: &str, secret: &str) -> Login {
    Login { address: format!("127.0.0.1:{port}"), user: user.into(), secret: secret.into() }
}

#[tokio::test(flavor = "multi_thread")]
async fn actions_events_and_a_connection_that_comes_back() {
    let (mut asterisk, port) = asterisk();
    assert!(matches!(Connection::open(&login(port, "full", "wrong")).await, Err(AmiError::Refused)));
    let (calls, states) =
        (Arc::new(Mutex::new(AmiCalls::default())), Arc::new(Mutex::new(Vec::<bool>::new())));
    let stop = CancellationToken::new();
    let (seen, told) = (calls.clone(), states.clone());
    let following = tokio::spawn(follow(
        login(port, "full", "lab-secret"),
        stop.clone(),
        move |event| {
            seen.lock().unwrap().take(&event, 1);
        },
        move |state| told.lock().unwrap().push(state.is_ok()),
    ));
    let until = |what: &'static str, ready: Box<dyn Fn() -> bool>| async move {
        let begun = tokio::time::Instant::now();
        while !ready() {
            assert!(begun.elapsed() < Duration::from_secs(30), "waited in vain for {what}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let known = states.clone();
    until("the log-in", Box::new(move || known.lock().unwrap().contains(&true))).await;
    let connection = Connection::open(&login(port, "full", "lab-secret")).await.unwrap();
    assert!(connection.banner.starts_with("Asterisk Call Manager/"), "{}", connection.banner);
    connection
        .originate("Local/wait@lab", "lab", "wait", "\"V1120230000000000002\" <2025550142>")
        .await
        .unwrap();
    let of = |calls: &Arc<Mutex<AmiCalls>>| -> Vec<(String, String)> {
        let calls = calls.lock().unwrap();
        calls
            .all()
            .filter(|(_, call)| call.state == "Up")
            .map(|(_, call)| (call.channel.clone(), call.caller_name.clone()))
            .collect()
    };
    let live = calls.clone();
    until("the call", Box::new(move || of(&live).len() == 2)).await;
    let channel = of(&calls)[0].0.clone();
    connection.redirect(&channel, "lab", "other").await.unwrap();
    assert!(matches!(connection.redirect("Local/none", "lab", "other").await, Err(AmiError::Denied(_))));
    // A value is never an action of its own.
    assert!(
        connection
            .redirect("x\r\n\r\nAction: Command\r\nCommand: core stop now", "lab", "other")
            .await
            .is_err()
    );
    for (channel, _) in of(&calls) {
        let _ = connection.hang_up(&channel).await;
    }
    let live = calls.clone();
    until("the end", Box::new(move || of(&live).is_empty())).await;
    // Asterisk falls, and comes back.
    asterisk.stop();
    let known = states.clone();
    until("the loss", Box::new(move || known.lock().unwrap().contains(&false))).await;
    asterisk.resume().unwrap();
    let known = states.clone();
    until("the connection", Box::new(move || known.lock().unwrap().last() == Some(&true))).await;
    stop.cancel();
    tokio::time::timeout(Duration::from_secs(10), following).await.unwrap().unwrap();
}

/// What is set up of the four credentials.
#[derive(Clone, Copy)]
struct Set {
    http: Option<&'static str>,
    database: Option<&'static str>,
    ami: Option<&'static str>,
    trunk: bool,
    remote: bool,
}

/// A server's setup with those credentials.
fn setup(home: &tempfile::TempDir, set: Set, fake: &Vicidial, db: &MariaDb, ami_port: u16) -> Setup {
    let mut setup = Setup::new(env!("CARGO_BIN_EXE_dialdeckd"), home.path());
    let config = home.path().join("config/dialdeck");
    std::fs::create_dir_all(&config).unwrap();
    let mut file = "[vicidial.main]\nper_second = 1000\ntimeout_seconds = 1\n".to_owned();
    if set.remote {
        file += "remote_agent = \"2001\"\n";
    }
    std::fs::write(config.join("server.toml"), file).unwrap();
    if let Some(user) = set.http {
        let url = if user == "unreachable" { "http://127.0.0.1:9" } else { &fake.url };
        let user = if user == "unreachable" { "apiuser" } else { user };
        setup = setup.env("VICI_API_URL", url).env("VICI_API_USER", user).env("VICI_API_PASS", "apipass1");
    }
    if let Some(user) = set.database {
        let port = db.port.to_string();
        setup = setup
            .env("VICI_DB_HOST", "127.0.0.1")
            .env("VICI_DB_PORT", &port)
            .env("VICI_DB_USER", user)
            .env("VICI_DB_PASSWORD", "1234");
    }
    if let Some(user) = set.ami {
        let port = ami_port.to_string();
        setup = setup
            .env("VICI_AMI_HOST", "127.0.0.1")
            .env("VICI_AMI_PORT", &port)
            .env("VICI_AMI_USER", user)
            .env("VICI_AMI_PASS", "lab-secret");
    }
    if set.trunk {
        setup = setup.env("SIP_HOST", "sip.example.com");
    }
    setup
}

const WISHES: [&str; 8] = [
    "An API user for both APIs",
    "More for the API user",
    "Our address on your allow-list",
    "A MySQL user who may read",
    "A remote agent for our AI callers",
    "A manager (AMI) user",
    "More for the manager user",
    "A SIP trunk",
];

#[tokio::test(flavor = "multi_thread")]
async fn the_truth_about_eight_combinations_and_a_letter_that_names_exactly_those() {
    let (_asterisk, ami_port) = asterisk();
    let fake = Vicidial::start().await.unwrap();
    let db = MariaDb::start().await.unwrap();
    let none = Set { http: None, database: None, ami: None, trunk: false, remote: false };
    let all =
        Set { http: Some("apiuser"), database: Some("reader"), ami: Some("full"), trunk: true, remote: true };
    // What is set up, which wishes the letter holds, and what the doctor says in some words.
    let cases: [(&str, Set, &[usize], &[&str]); 8] = [
        ("nothing", none, &[0, 3, 4, 5, 7], &["vicidial main: API|skip"]),
        (
            "everything",
            all,
            &[],
            &[
                "vicidial main: steer agents|ok",
                "vicidial main: live floor|ok",
                "vicidial main: AMI|ok",
                "vicidial main: remote agent|ok",
            ],
        ),
        (
            "no database",
            Set { database: None, ..all },
            &[3],
            &["vicidial main: database|skip", "vicidial main: API|ok"],
        ),
        ("no manager", Set { ami: None, ..all }, &[5], &["vicidial main: AMI|skip"]),
        (
            "a manager who may only look",
            Set { ami: Some("looks"), ..all },
            &[6],
            &["vicidial main: AMI|fail"],
        ),
        (
            "a user with few functions",
            Set { http: Some("apifew"), remote: false, ..all },
            &[1, 4],
            &["vicidial main: steer agents|fail", "vicidial main: leads|fail"],
        ),
        (
            "a wrong database password and no trunk",
            Set { database: Some("nobody"), trunk: false, ..all },
            &[3, 7],
            &["vicidial main: database|fail"],
        ),
        (
            "an address that is not let in",
            Set { http: Some("unreachable"), ..all },
            &[2, 4],
            &["vicidial main: API|fail"],
        ),
    ];
    for (what, set, wishes, says) in cases {
        let home = tempfile::tempdir().unwrap();
        let setup = setup(&home, set, &fake, &db, ami_port);
        let run = |arguments: &[&str]| {
            let output = setup.command(arguments).output().unwrap();
            String::from_utf8(output.stdout).unwrap()
        };
        let report: Value = serde_json::from_str(&run(&["doctor", "--json"])).unwrap();
        let findings = report["findings"].as_array().unwrap();
        for say in says {
            let (name, state) = say.split_once('|').unwrap();
            let found = findings.iter().any(|f| f["name"] == name && f["state"] == state);
            assert!(found, "{what}: {say} is not among {findings:#?}");
        }
        assert!(!report.to_string().contains("apipass1") && !report.to_string().contains("lab-secret"));
        let letter = run(&["doctor", "--request-letter"]);
        for (n, wish) in WISHES.iter().enumerate() {
            assert_eq!(letter.contains(wish), wishes.contains(&n), "{what}: {wish:?} in\n{letter}");
        }
        if wishes.is_empty() {
            assert!(letter.contains("nothing to ask for"), "{letter}");
        } else {
            // The most urgent first, and blanks to fill in; no password of ours.
            let places: Vec<usize> = wishes.iter().map(|n| letter.find(WISHES[*n]).unwrap()).collect();
            assert!(places.is_sorted(), "{what}\n{letter}");
            assert!(letter.contains("____") && !letter.contains("apipass1"), "{letter}");
        }
    }
    // Asking about every function locked nobody out.
    assert!(fake.state().accounts.values().all(|account| account.failures < 3));
}
