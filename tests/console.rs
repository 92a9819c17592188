//! The console as a person uses it: on a terminal, with keys, against a real server.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends where it cannot go on"
)]

use dialdeck_testkit::daemon::PASSWORD;
use dialdeck_testkit::people::number;
use dialdeck_testkit::terminal::Terminal;
use house::{CONSOLE, House, console, house, house_with, run};
use serde_json::json;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::{Command, Stdio};

mod house;

#[tokio::test(flavor = "multi_thread")]
async fn a_supervisors_morning_on_a_small_screen() {
    a_supervisors_morning(80, 24).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supervisors_morning_on_a_large_screen() {
    a_supervisors_morning(200, 60).await;
}

async fn a_supervisors_morning(columns: u16, rows: u16) {
    let house = house("1.5");
    let client = house.server.log_in("sue").await.unwrap();
    let settings = json!({ "maxConcurrentCalls": 3, "callIntervalMs": 300, "retryAttempts": 0 });
    let people = [("Silvia", 12), ("Busby", 6), ("Ines", 0)];
    client.campaign("Morning", settings, &people).await.unwrap();

    let mut screen = console(&house, &[], columns, rows);
    screen.shows("log in").unwrap();
    // A wrong password is said, and asked for again.
    screen.press("sue\tnot the one\r").unwrap();
    screen.shows("name or password is wrong").unwrap();
    screen.press(PASSWORD).unwrap();
    screen.press("\r").unwrap();
    let text = screen.shows("Morning").unwrap();
    assert!(
        text.contains("sue · supervisor") && text.contains("■ stopped") && text.contains("s start queue"),
        "{text}"
    );
    assert!(!text.contains("hang up"), "what cannot be done is not offered: {text}");

    // Start: asks first, with what it will cost.
    screen.press("s").unwrap();
    screen
        .until("the estimate", |t| {
            t.contains("Start calling for Morning?") && t.contains("3 contacts to call")
        })
        .unwrap();
    screen.press("n").unwrap();
    screen.until("the question to go", |t| !t.contains("Start calling")).unwrap();
    screen.press("sy").unwrap();
    screen.shows("▶ running").unwrap();

    // Watch a conversation.
    screen.press("\t").unwrap();
    screen.shows("▸ Live calls").unwrap();
    screen.press("/Ines").unwrap();
    screen.press("\r").unwrap();
    screen.until("only Ines", |t| t.contains("T Ines") && !t.contains("Silvia Test")).unwrap();
    screen.shows("Customer  yes go ahead").unwrap();
    // Esc by itself: bytes that follow at once would make another key of it.
    screen.press("\u{1b}").unwrap();
    screen.until("the filter to go", |t| !t.contains("/Ines")).unwrap();

    // Hang up, which asks. The selection is found by its name, wherever the row stands.
    screen.press("/Silvia\r").unwrap();
    screen.until("only Silvia", |t| t.contains("T Silvia") && !t.contains("Ines Test")).unwrap();
    screen.press("x").unwrap();
    screen.shows("Hang up on Silvia Test").unwrap();
    screen.press("y").unwrap();
    screen.until("Silvia's call to end", |t| !t.contains("T Silvia")).unwrap();
    screen.press("\u{1b}").unwrap();
    screen.until("the filter to go", |t| !t.contains("/Silvia")).unwrap();

    // History, and a transcript.
    screen.until("all calls to end", |t| t.contains("Live calls 0")).unwrap();
    screen.press("2").unwrap();
    screen
        .until("the history", |t| t.contains("busy") && t.contains("interested") && t.contains("Silvia Test"))
        .unwrap();
    screen.press("/interested\r").unwrap();
    screen.until("one row", |t| t.contains("Ines Test") && !t.contains("Busby")).unwrap();
    screen.press("\r").unwrap();
    screen.shows("Transcript · Ines Test · interested").unwrap();
    screen.shows("Wonderful. A colleague will call you").unwrap();

    // Why somebody was called.
    screen.press("y").unwrap();
    screen.shows("Why was a number called, or not?").unwrap();
    screen.press(&number(0)).unwrap();
    screen.press("\r").unwrap();
    screen
        .until("the decision", |t| t.contains("now, in Morning: ") && t.contains("allowed: every rule"))
        .unwrap();
    screen.press("\u{1b}").unwrap();
    screen.until("it to go", |t| !t.contains("now, in Morning")).unwrap();

    // Help, palette, and out; the terminal is given back.
    screen.press("?").unwrap();
    screen.shows("queue.start").unwrap();
    screen.press("\u{1b}").unwrap();
    screen.until("help to go", |t| !t.contains("queue.start")).unwrap();
    screen.press(":quit\r").unwrap();
    assert!(screen.ended().unwrap());
    assert!(!screen.is_full_screen());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_goes_and_comes_back() {
    let House { mut server, setup, home } = house("1");
    let client = server.log_in("sue").await.unwrap();
    let settings = json!({ "maxConcurrentCalls": 3, "callIntervalMs": 0, "retryAttempts": 0 });
    let campaign = client.campaign("Storm", settings, &[("Silvia", 12), ("Ines", 0)]).await.unwrap();
    let server_url = server.http.clone();
    let environment =
        [("DIALDECK_SERVER", server_url.as_str()), ("DIALDECK_USER", "sue"), ("DIALDECK_PASSWORD", PASSWORD)];
    let mut screen = Terminal::start(CONSOLE, &[], &environment, 120, 40).unwrap();
    screen.shows("Storm").unwrap();
    client.post("/api/v1/calls/automated/start", json!({ "campaignId": campaign })).await.unwrap();
    screen.until("two calls", |t| t.contains("Live calls 2")).unwrap();
    server.kill();
    screen.shows("NOT CONNECTED").unwrap();
    // Nothing is done, and nothing is kept for later.
    screen.press("\tx").unwrap();
    let text = screen.shows("the server is not there").unwrap();
    assert!(!text.contains("Sure?"), "{text}");
    for (columns, rows) in [(20, 5), (200, 60), (80, 24)] {
        screen.resize(columns, rows).unwrap();
    }
    let _server = setup.start(&["serve"]).unwrap();
    screen
        .until("the calls of before to be settled", |t| {
            !t.contains("NOT CONNECTED") && t.contains("Live calls 0")
        })
        .unwrap();
    screen.until("the queue to be done", |t| t.contains("2/2")).unwrap();
    screen.press("q").unwrap();
    assert!(screen.ended().unwrap());
    drop(home);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_may_look() {
    let house = house("5");
    let client = house.server.log_in("sue").await.unwrap();
    client.campaign("Gallery", json!({}), &[("Ines", 0)]).await.unwrap();
    let mut screen = console(
        &house,
        &[("DIALDECK_USER", "vic"), ("DIALDECK_PASSWORD", PASSWORD), ("NO_COLOR", "1")],
        80,
        24,
    );
    let text = screen.shows("Gallery").unwrap();
    assert!(text.contains("vic · viewer") && !text.contains("start queue"), "{text}");
    screen.press("s").unwrap();
    screen.shows("your role is viewer").unwrap();
    // A key held down, garbage and a pasted text do no harm.
    screen.press(&"j".repeat(2000)).unwrap();
    screen.press("\u{1b}[200~sy:quit\r\u{1b}[201~\u{0}\u{7f}\u{1b}[99;99H").unwrap();
    screen.shows("Gallery").unwrap();
    screen.press("q").unwrap();
    assert!(screen.ended().unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_command_line() {
    let house = house("20");
    let run = |arguments: &[&str]| run(&house, "sue", arguments);
    assert!(run(&["number", "add", "+13125550199", "--label", "Main"]).0);
    assert!(run(&["campaign", "create", "Spring", "--from", "3125550199"]).0);
    assert!(run(&["campaign", "list"]).1.contains("Spring"));
    let file = house.home.path().join("people.csv");
    let mut csv = std::fs::File::create(&file).unwrap();
    writeln!(csv, "first_name,last_name,phone,email,company\nAnn,Lee,312 555 0142,,Acme\nBob,Ray,=1+1,,Acme")
        .unwrap();
    let path = file.to_string_lossy().into_owned();
    let (good, said) = run(&["import", &path, "--campaign", "Spring"]);
    assert!(!good && said.contains("no consent column"), "{said}");
    let consent = ["--consent-basis", "written", "--consent-at", "2026-01-02", "--consent-source", "form"];
    let import = [&["import", &path, "--campaign", "Spring"][..], &consent].concat();
    let (good, said) = run(&[&import[..], &["--dry-run"]].concat());
    assert!(good && said.contains("would import 1, refused 1"), "{said}");
    assert!(!run(&[&import[..], &["--all-or-nothing"]].concat()).0);
    let (good, said) = run(&import);
    assert!(good && said.contains("imported 1, refused 1"), "{said}");
    let rejects = std::fs::read_to_string(format!("{path}.rejects.csv")).unwrap();
    assert!(rejects.contains("3,\"phone\",") && rejects.contains("\"Bob,Ray,=1+1,,Acme\""), "{rejects}");
    assert!(run(&["import", &path, "--campaign", "Nowhere"]).1.contains("there is no campaign"));
}

#[tokio::test(flavor = "multi_thread")]
async fn agents_from_the_command_line() {
    let house = house("8");
    house.setup.add_user("root", "admin").unwrap();
    house.setup.add_user("ann", "agent").unwrap();
    let run = |user: &str, arguments: &[&str]| run(&house, user, arguments);
    let (refused, said) = run("root", &["agent", "add", "nobody", "--extension", "PJSIP/6001"]);
    assert!(!refused && said.contains("there is no user"), "{said}");
    assert!(run("root", &["agent", "add", "ann", "--extension", "PJSIP/6001"]).0);
    let client = house.server.log_in("sue").await.unwrap();
    let campaign = client.campaign("Spring", json!({ "retryAttempts": 0 }), &[("Ines", 0)]).await.unwrap();
    // Predictive dialling takes a message for those who wait in vain.
    let (done, said) = run("sue", &["campaign", "agents", "Spring", "--mode", "predictive"]);
    assert!(!done && said.contains("abandonMessage is empty"), "{said}");
    let set = ["campaign", "agents", "Spring", "--mode", "preview", "--lines", "3", "--wrap-up", "60"];
    let (done, said) = run("sue", &set);
    let shows = |said: &str, name: &str, value: &str| {
        said.lines().any(|line| line.split_once(' ').is_some_and(|(n, v)| n == name && v.trim() == value))
    };
    assert!(
        done && shows(&said, "people.mode", "preview") && shows(&said, "people.wrapUpSeconds", "60"),
        "{said}"
    );
    let (done, said) = run("sue", &["campaign", "agents", "Spring", "--hand-over", "yes"]);
    assert!(done && shows(&said, "handOver", "yes") && said.contains("preview"), "{said}");
    assert!(run("sue", &["agent", "list"]).1.contains("nobody is logged in"));

    // An agent at the console: looks, skips nobody, dials, and is paused from afar.
    let environment = [
        ("DIALDECK_SERVER", house.server.http.as_str()),
        ("DIALDECK_USER", "ann"),
        ("DIALDECK_PASSWORD", PASSWORD),
    ];
    let mut ann = Terminal::start(CONSOLE, &[], &environment, 80, 24).unwrap();
    ann.shows("You are not logged in as an agent").unwrap();
    ann.press("i").unwrap();
    ann.shows("Tab: rung for each call").unwrap();
    ann.press("\r").unwrap();
    ann.shows("P paused").unwrap();
    ann.press("a").unwrap();
    ann.shows("R ready").unwrap();
    client.post("/api/v1/calls/automated/start", json!({ "campaignId": campaign })).await.unwrap();
    let offered = |t: &str| t.contains("R preview") && t.contains("Ines Test") && t.contains("d dial");
    let text = ann.until("whom to call", offered).unwrap();
    assert!(text.contains("every rule allows it"), "{text}");
    ann.press("d").unwrap();
    ann.shows("T in call").unwrap();
    let (done, said) = run("sue", &["agent", "pause", "ann", "--code", "coach"]);
    assert!(done && said.contains("pauses after this call"), "{said}");
    ann.shows("COACH after this call").unwrap();
    ann.shows("D dead").unwrap();
    // Six dispositions are there to begin with.
    ann.press("e").unwrap();
    ann.shows("Answering machine").unwrap();
    ann.press("\tas agreed\r").unwrap();
    ann.until("the pause", |t| t.contains("P paused") && t.contains("COACH")).unwrap();
    assert!(run("sue", &["agent", "list"]).1.contains("paused"));
    let (done, said) = run("sue", &["why", &number(0)]);
    assert!(done && said.contains("allowed: every rule allows it"), "{said}");
    let calls = client.calls(&campaign).await.unwrap();
    assert_eq!(
        (calls[0]["disposition"].as_str(), calls[0]["outcome"].as_str()),
        (Some("INT"), Some("interested"))
    );
    for (columns, rows) in [(20, 5), (200, 60), (80, 24)] {
        ann.resize(columns, rows).unwrap();
    }
    assert!(run("sue", &["agent", "log-out", "ann"]).0);
    ann.shows("You are not logged in as an agent").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_noun_from_the_command_line() {
    let house = house("20");
    house.setup.add_user("root", "admin").unwrap();
    let sue = |arguments: &[&str]| run(&house, "sue", arguments);
    let root = |arguments: &[&str]| run(&house, "root", arguments);
    let client = house.server.log_in("sue").await.unwrap();
    let settings = json!({ "callIntervalMs": 0, "retryAttempts": 0 });
    let campaign = client.campaign("Nouns", settings, &[("Silvia", 12), ("Ines", 0)]).await.unwrap();
    // Lists say what is there, or what to do; as JSON they are the server's own words.
    for (words, part) in [
        (vec!["campaign", "list", "--json"], "\"Nouns\""),
        (vec!["campaign", "show", "Nouns"], "Nouns"),
        (vec!["campaign", "estimate", "Nouns"], "2"),
        (vec!["contacts", "list", "--campaign", "Nouns"], "Silvia"),
        (vec!["call", "list"], ""),
        (vec!["callback", "list"], ""),
        (vec!["queue", "list", "--json"], "stopped"),
        (vec!["disposition", "list"], ""),
        (vec!["pause-code", "list"], ""),
        (vec!["script", "list"], ""),
        (vec!["script", "show"], "opening"),
        (vec!["knowledge", "list"], ""),
        (vec!["status"], "database"),
        (vec!["dnc", "check", "312 555 0100"], ""),
        (vec!["events", "--after", "0"], "\"seq\""),
    ] {
        let (done, said) = sue(&words);
        assert!(done && said.contains(part) && !said.trim().is_empty(), "{words:?}: {said}");
    }
    // What ends something asks first, and is not asked where nobody can answer.
    let (done, said) = sue(&["campaign", "delete", "Nouns"]);
    assert!(!done && said.contains("--yes"), "{said}");
    assert!(sue(&["dnc", "add", "312 555 0188"]).0);
    let (done, said) = sue(&["dnc", "list", "--json"]);
    assert!(done && said.contains("+13125550188"), "{said}");
    let (done, said) = sue(&["campaign", "start", "Nouns"]);
    assert!(done, "{said}");
    dialdeck_testkit::wait::until("both calls to be over", || async {
        let calls = client.calls(&campaign).await.ok()?;
        (calls.iter().filter(|call| call["status"] == "completed").count() == 2).then_some(())
    })
    .await;
    let calls = client.calls(&campaign).await.unwrap();
    let id = calls[0]["id"].as_str().unwrap();
    let (done, said) = sue(&["call", "show", id]);
    assert!(done && said.contains("AI"), "{said}");
    let (done, said) = sue(&["call", "insights", id, "--json"]);
    assert!(done && said.contains("talk"), "{said}");
    let (done, said) = sue(&["call", "export"]);
    assert!(done && said.contains("Ines Test"), "{said}");
    let (done, said) = sue(&["call", "hang-up", "nowhere"]);
    assert!(!done && said.contains("nowhere"), "{said}");
    // Who may not is told so.
    assert!(!sue(&["audit", "list"]).0);
    let (done, said) = root(&["audit", "list"]);
    assert!(done && said.contains("queue.start"), "{said}");
    assert!(root(&["audit", "check"]).0);
    let (done, said) = root(&["user", "list"]);
    assert!(done && said.contains("sue") && said.contains("supervisor"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supervisors_afternoon_with_many_rows() {
    let house = house("0.5");
    let client = house.server.log_in("sue").await.unwrap();
    let settings = json!({ "maxConcurrentCalls": 3, "callIntervalMs": 0, "retryAttempts": 0 });
    let people = [("Silvia", 0), ("Sören", 1), ("日本", 2)];
    let campaign = client.campaign("Afternoon", settings, &people).await.unwrap();
    client.post("/api/v1/calls/automated/start", json!({ "campaignId": campaign })).await.unwrap();
    let environment = [("DIALDECK_USER", "sue"), ("DIALDECK_PASSWORD", PASSWORD)];
    let mut screen = console(&house, &environment, 200, 60);
    screen.until("three calls", |text| text.contains("Live calls 3")).unwrap();
    // Two of three are marked, and one answer serves both; Esc would have taken the marks away.
    screen.press("\t ").unwrap();
    screen.until("a mark", |text| text.matches('▪').count() == 1).unwrap();
    screen.press(" ").unwrap();
    screen.until("two marks", |text| text.matches('▪').count() == 2).unwrap();
    screen.press("x").unwrap();
    screen.shows("Hang up on all 2 marked calls?").unwrap();
    screen.resize(80, 24).unwrap();
    screen.press("y").unwrap();
    screen.until("one call", |text| text.contains("Live calls 1")).unwrap();
    screen.press("x").unwrap();
    screen.shows("Hang up on ").unwrap();
    screen.press("y").unwrap();
    screen.until("no call", |text| text.contains("Live calls 0")).unwrap();
    // The history, narrowed; what cannot be is said, and stays to be mended.
    screen.press("2").unwrap();
    screen.until("three calls of the past", |text| text.contains("History 3")).unwrap();
    screen.press("Foutcome:bliss\r").unwrap();
    screen.shows("\"bliss\" is unknown").unwrap();
    screen.press(&"\u{7f}".repeat(5)).unwrap();
    screen.press("busy\r").unwrap();
    screen.shows("No call is like that").unwrap();
    // The day in figures, the server, what wants eyes; another look, and back.
    screen.press("7").unwrap();
    screen.until("the day", |text| text.contains("Campaigns today") && text.contains("Afternoon")).unwrap();
    screen.press("8").unwrap();
    screen.until("the server", |text| text.contains("database") && text.contains("administrators")).unwrap();
    screen.press("\u{14}").unwrap();
    screen.shows("theme light").unwrap();
    screen.press("9").unwrap();
    screen.shows("alerts.toml").unwrap();
    screen.press("q").unwrap();
    assert!(screen.ended().unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn line_by_line_for_who_hears_the_screen() {
    let house = house("4");
    let client = house.server.log_in("sue").await.unwrap();
    let settings = json!({ "callIntervalMs": 0, "retryAttempts": 0 });
    let campaign = client.campaign("Plain", settings, &[("Ines \u{1b}[2J", 0)]).await.unwrap();
    let mut told = std::process::Command::new(CONSOLE)
        .arg("--plain")
        .env("DIALDECK_SERVER", &house.server.http)
        .env("DIALDECK_USER", "sue")
        .env("DIALDECK_PASSWORD", PASSWORD)
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(told.stdout.take().unwrap()));
    let mut said = String::new();
    let mut until = |part: &str| {
        while !said.contains(part) {
            said.push_str(&lines.next().expect("it goes on").unwrap());
            said.push('\n');
        }
        said.clone()
    };
    until("campaign Plain: queue stopped, 0 of 1 done");
    client.post("/api/v1/calls/automated/start", json!({ "campaignId": campaign })).await.unwrap();
    let said = until("over after");
    assert!(
        said.contains("calling Ines") && said.contains("says: yes") && said.contains(", interested"),
        "{said}"
    );
    assert!(!said.contains('\u{1b}'), "{said}");
    told.kill().unwrap();
    told.wait().unwrap();
}

/// Whoever answers at the server's address.
fn stranger(said: &str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let body = json!({ "code": "unauthenticated", "message": said, "detail": said }).to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut asked = BufReader::new(stream.try_clone().unwrap());
            let (mut line, mut length) = (String::new(), 0);
            while asked.read_line(&mut line).unwrap() > 2 {
                if let Some(bytes) = line.to_lowercase().strip_prefix("content-length:") {
                    length = bytes.trim().parse().unwrap();
                }
                line.clear();
            }
            // To its end: whoever is cut short need not read an answer.
            asked.read_exact(&mut vec![0; length]).unwrap();
            let head =
                "HTTP/1.1 401 Unauthorized\r\nContent-Type: application/problem+json\r\nConnection: close";
            let _ = write!(stream, "{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        }
    });
    address
}

#[test]
fn an_error_of_the_command_line_obeys_no_server() {
    let address = stranger("evil \u{1b}]0;owned\u{7}\u{202e} text");
    let mut command = Command::new(CONSOLE);
    command.args(["--server", &format!("http://{address}"), "--user", "sue", "campaign", "list"]);
    let output = command.env("DIALDECK_PASSWORD", "x").env("NO_PROXY", "*").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(text, "dialdeck: evil  ]0;owned   text\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_gives_a_test_call_up_is_not_called_later() {
    let house = house_with(&[]);
    let (well, said) = run(&house, "sue", &["number", "add", "+13125550100"]);
    assert!(well, "{said}");
    let password = house.home.path().join("password");
    std::fs::write(&password, format!("{PASSWORD}\n")).unwrap();
    let mut calling = Command::new(CONSOLE)
        .args(["call", "test", &number(22), "--from", "+13125550100"])
        .env("DIALDECK_SERVER", &house.server.http)
        .env("DIALDECK_USER", "sue")
        .env("DIALDECK_PASSWORD_FILE", &password)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(calling.stdout.take().unwrap()).lines();
    let waits = lines.map_while(Result::ok).find(|line| line.starts_with("queue waiting: no telephony"));
    assert!(waits.is_some(), "it says why nobody is called");
    let (_, queues) = run(&house, "sue", &["queue", "list"]);
    assert!(queues.contains("Test calls  waiting"), "{queues}");

    assert!(Command::new("kill").args(["-INT", &calling.id().to_string()]).status().unwrap().success());
    let output = calling.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("given up"), "{said}");
    let (_, queues) = run(&house, "sue", &["queue", "list"]);
    assert!(queues.contains("Test calls  stopped"), "{queues}");
}
