//! A VICIdial steered from the console and from the command line, against a stand-in and a real MariaDB.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends where it cannot go on"
)]

use dialdeck_protocol::function::{Effect, Function, Need};
use dialdeck_protocol::vicidial::functions;
use dialdeck_testkit::daemon::{Daemon, PASSWORD, Setup};
use dialdeck_testkit::mariadb::MariaDb;
use dialdeck_testkit::page::blocks;
use dialdeck_testkit::terminal::Terminal;
use dialdeck_testkit::vicidial::{Vicidial, sample};
use std::path::Path;
use std::time::{Duration, Instant};

const CONSOLE: &str = env!("CARGO_BIN_EXE_dialdeck");

const AGENTS: &str = "
INSERT INTO vicidial_live_agents (user, server_ip, conf_exten, extension, status, lead_id, campaign_id, callerid, comments, last_call_time, last_state_change, calls_today) VALUES
 ('1001','10.0.0.1','8600051','SIP/gs101','READY',0,'TESTCAMP','','',NOW(),NOW() - INTERVAL 45 SECOND,3),
 ('1003','10.0.0.1','8600053','SIP/gs103','PAUSED',0,'TESTCAMP','','',NOW(),NOW() - INTERVAL 400 SECOND,2)";

struct House {
    server: Daemon,
    setup: Setup,
    fake: Vicidial,
    db: MariaDb,
    home: tempfile::TempDir,
}

async fn house() -> House {
    let daemon = Path::new(CONSOLE).with_file_name("dialdeckd");
    assert!(daemon.exists(), "build dialdeckd first: cargo build --workspace");
    let (fake, db) = (Vicidial::start().await.unwrap(), MariaDb::start().await.unwrap());
    db.run(AGENTS).await.unwrap();
    let home = tempfile::tempdir().unwrap();
    let port = db.port.to_string();
    let config = home.path().join("config/dialdeck");
    std::fs::create_dir_all(&config).unwrap();
    std::fs::write(config.join("server.toml"), "[vicidial.main]\nper_second = 1000\n").unwrap();
    let mut setup = Setup::new(&daemon.to_string_lossy(), home.path()).set("telephony.kind", "simulated");
    for (name, value) in [
        ("VICI_API_URL", fake.url.as_str()),
        ("VICI_API_USER", "apiuser"),
        ("VICI_API_PASS", "apipass1"),
        ("VICI_DB_HOST", "127.0.0.1"),
        ("VICI_DB_PORT", &port),
        ("VICI_DB_USER", "reader"),
        ("VICI_DB_PASSWORD", "1234"),
    ] {
        setup = setup.env(name, value);
    }
    setup.add_user("ada", "admin").unwrap();
    let server = setup.start(&["serve"]).unwrap();
    House { server, setup, fake, db, home }
}

fn console(house: &House, columns: u16, rows: u16) -> Terminal {
    let config = house.home.path().join("console");
    let config = config.to_string_lossy();
    let environment = [
        ("DIALDECK_SERVER", house.server.http.as_str()),
        ("DIALDECK_USER", "ada"),
        ("DIALDECK_PASSWORD", PASSWORD),
        ("XDG_CONFIG_HOME", &config),
    ];
    Terminal::start(CONSOLE, &[], &environment, columns, rows).unwrap()
}

fn asked(house: &House, function: &str) -> usize {
    house.fake.state().asked_for(function).len()
}

fn until(what: &str, ready: impl Fn() -> bool) {
    let begun = Instant::now();
    while !ready() {
        assert!(begun.elapsed() < Duration::from_secs(20), "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The function that VICIdial hears of.
fn real(function: &Function) -> &str {
    match function.name {
        "external_update_lead" => "update_lead",
        "blind_transfer" => "transfer_conference",
        "campaign_info" => "campaigns_list",
        "call_log_export" => "call_status_stats",
        name => name,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_forms_and_hotkeys() {
    let house = house().await;
    let config = house.home.path().join("console/dialdeck");
    std::fs::create_dir_all(&config).unwrap();
    let hotkeys = r#"
[[hotkey]]
key = "shift-p"
scope = ["agents"]
action = "vicidial.external_pause"
args = { agent_user = "$COL.user", value = "PAUSE" }
confirm = true
inputs = [{ name = "code", type = "dropdown", options = ["BREAK", "LUNCH"] }]
"#;
    std::fs::write(config.join("hotkeys.toml"), hotkeys).unwrap();
    let mut screen = console(&house, 120, 40);
    screen.shows("No campaigns").ok();
    screen.press("3").unwrap();
    let text = screen.until("the floor", |t| t.contains("Ann Ready") && t.contains("Cid Paused")).unwrap();
    assert!(text.contains("R 1001") && text.contains("P 1003"), "{text}");
    // The key of every console, on an agent of VICIdial's: a form, and sent.
    screen.press("p").unwrap();
    screen.shows("external_pause · Enter sends").unwrap();
    screen.press("\r").unwrap();
    until("the pause", || asked(&house, "external_pause") == 1);
    // In the stand-in's database nothing is written, so that nothing is left to take: done.
    screen.shows("external_pause 1001: done").unwrap();
    // A key of one's own: from the row, with a choice, and a question.
    screen.press("P").unwrap();
    screen.shows("code").unwrap();
    screen.press("\u{1b}[C").unwrap();
    screen.shows("BREAK").unwrap();
    screen.press("\r").unwrap();
    screen.shows("external_pause: agent_user 1001, code BREAK, value PAUSE?").unwrap();
    screen.press("y").unwrap();
    until("the pause code", || asked(&house, "pause_code") == 1);
    screen.shows("pause_code 1001: done").unwrap();
    // What is wrong is said, and nothing is lost.
    house.fake.state().agents.remove("1003");
    screen.press("j").unwrap();
    screen.press("a").unwrap();
    screen.shows("agent_not_logged_in").unwrap();
    // VICIdial's own floor, on a small and a wide screen.
    screen.press("4").unwrap();
    screen.until("the campaigns", |t| t.contains("TESTCAMP") && t.contains("!4.00 of 3.0")).unwrap();
    screen.resize(80, 24).unwrap();
    screen.shows("TESTCAMP").unwrap();
    screen.resize(200, 60).unwrap();
    screen.shows("ADAPT_HARD_LIMIT").unwrap();
    // What it lets us do, and what is kept the same.
    screen.press("C").unwrap();
    screen.shows("✓ vicidial main: live floor").unwrap();
    screen.press("\u{1b}").unwrap();
    screen.until("the floor", |t| t.contains("TESTCAMP") && !t.contains("Esc closes")).unwrap();
    screen.press("=").unwrap();
    screen.shows("nothing is kept the same yet").unwrap();
    screen.press("\u{1b}").unwrap();
    screen.until("the floor", |t| t.contains("TESTCAMP") && !t.contains("Esc closes")).unwrap();
    screen.press("q").unwrap();
    assert!(screen.ended().unwrap());
    // A mistake in the file is named with its line, before the screen is taken.
    std::fs::write(config.join("hotkeys.toml"), hotkeys.replace("$COL.user", "$COL.uesr")).unwrap();
    let mut screen = console(&house, 120, 24);
    screen.shows("line 6: agents has no column").unwrap();
    assert!(!screen.ended().unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_function_from_the_console() {
    let house = house().await;
    let mut screen = console(&house, 120, 50);
    screen.press("3").unwrap();
    screen.shows("Ann Ready").unwrap();
    for function in functions() {
        let before = asked(&house, real(function));
        screen.press(&format!(":vicidial.{}", function.name)).unwrap();
        screen.shows(&format!(":vicidial.{}", function.name)).unwrap();
        screen.press("\r").unwrap();
        let values = sample(function);
        let mut fields: Vec<_> = function.arguments().collect();
        fields.sort_by_key(|arg| match arg.need {
            Need::Must => 0,
            Need::OneOf => 1,
            Need::May => 2,
        });
        if !fields.is_empty() {
            screen.shows(&format!("{} · Enter sends", function.name)).unwrap();
            for field in &fields {
                // Whatever the row filled in goes.
                screen.press("\u{15}").unwrap();
                screen.press(values.get(field.name).map_or("", String::as_str)).unwrap();
                screen.press("\t").unwrap();
            }
            screen.press("\r").unwrap();
        }
        if function.asks {
            screen.shows("Sure?").unwrap();
            screen.press("y").unwrap();
        }
        let dials = function.name == "external_dial";
        if dials {
            // The lead is looked up, and the law asked; by the hour it may say no.
            screen.until("the law's word", |_| asked(&house, "lead_all_info") > 0).unwrap();
        } else {
            until(function.name, || asked(&house, real(function)) > before);
        }
        // What reads shows rows; what acts, a word.
        let reads = function.effect == Effect::Reads;
        // That no screen took an earlier one is told meanwhile, beside it.
        let answered = |t: &str| {
            let refused = t.matches('✗').count() > t.matches("✗ VICIdial main: external_").count();
            let read = t.contains("Esc closes") && !t.contains("Enter ");
            refused || t.contains("0 rows") || if reads { read } else { t.contains("✓") }
        };
        let text = screen.until("the answer", |t| !t.contains("asked; waiting") && answered(t)).unwrap();
        if text.contains("Esc closes") {
            // By itself: bytes that follow would make another key of it.
            screen.press("\u{1b}").unwrap();
        }
        screen.until("the floor", |t| t.contains("Ann Ready") && !t.contains("Esc closes")).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_function_from_the_command_line() {
    let house = house().await;
    let run = |arguments: &[&str]| {
        let output = std::process::Command::new(CONSOLE)
            .args(arguments)
            .env("DIALDECK_SERVER", &house.server.http)
            .env("DIALDECK_USER", "ada")
            .env("DIALDECK_PASSWORD", PASSWORD)
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap();
        let said =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        (output.status.success(), said)
    };
    for function in functions() {
        let before = asked(&house, real(function));
        let pairs: Vec<String> =
            sample(function).iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut arguments = vec!["vicidial", function.name];
        arguments.extend(pairs.iter().map(String::as_str));
        arguments.extend(["--yes", "--no-wait"]);
        let (well, said) = run(&arguments);
        assert!(
            well || said.contains("VICIdial main") || said.contains("not dialled"),
            "{}: {said}",
            function.name
        );
        if function.name != "external_dial" {
            assert!(asked(&house, real(function)) > before, "{}: {said}", function.name);
        }
        if function.asks && function.name != "external_dial" {
            arguments.retain(|argument| *argument != "--yes");
            let before = asked(&house, real(function));
            let (well, said) = run(&arguments);
            assert!(!well && asked(&house, real(function)) == before, "{}: {said}", function.name);
        }
    }
    let (well, said) = run(&["vicidial"]);
    assert!(well && functions().all(|function| said.contains(function.name)), "{said}");
    let (well, said) = run(&["vicidial", "external_pause", "help"]);
    assert!(well && said.contains("PAUSE, RESUME"), "{said}");
    let (well, said) = run(&["vicidial", "floor"]);
    assert!(well && said.contains("Ann Ready"), "{said}");
    let (well, said) = run(&["vicidial", "test"]);
    assert!(well && said.contains("agent API 2.14-81"), "{said}");
    let (well, said) = run(&["vicidial", "log"]);
    assert!(well && !said.contains("apipass1") && !said.contains("2025550142"), "{said}");
    let (well, said) = run(&["vicidial", "external_puase"]);
    assert!(!well && said.contains("is no function"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_followed_word_for_word() {
    let house = house().await;
    let page = include_str!("../docs/VICIDIAL.md");
    let client = house.server.log_in("ada").await.unwrap();
    client.campaign("Spring", serde_json::json!({}), &[]).await.unwrap();
    let (mut commands, mut keys, mut settings) = (0, false, String::new());
    for (language, text) in blocks(page) {
        match language.as_str() {
            // The MySQL user, as it stands there, but for the password that is left blank.
            "sql" => house.db.run(&text.replace('…', "pw")).await.unwrap(),
            "toml" if text.contains("[[hotkey]]") => {
                let config = house.home.path().join("console/dialdeck");
                std::fs::create_dir_all(&config).unwrap();
                std::fs::write(config.join("hotkeys.toml"), text).unwrap();
                keys = true;
            }
            "toml" => settings += &text,
            _ => {
                for line in text.lines().map(|line| line.split('#').next().unwrap_or_default().trim()) {
                    let mut words = line.split_whitespace();
                    let arguments: Vec<&str> = match words.next() {
                        Some("dialdeck" | "dialdeckd") => words.collect(),
                        _ => continue,
                    };
                    commands += 1;
                    let leads = house.home.path().join("leads.csv");
                    if arguments.contains(&"import") {
                        std::fs::write(&leads, "phone_number,first_name\n2025550142,Ann\n").unwrap();
                    }
                    if line.starts_with("dialdeckd") {
                        let output = house.setup.command(&arguments).output().unwrap();
                        let said = String::from_utf8_lossy(&output.stdout);
                        assert!(said.contains("vicidial main: steer agents"), "{line}: {said}");
                        continue;
                    }
                    let output = std::process::Command::new(CONSOLE)
                        .args(&arguments)
                        .current_dir(house.home.path())
                        .args(match arguments[..] {
                            ["vicidial", "blind_transfer", ..] => &["--yes"][..],
                            ["vicidial", ..] => &["--json"],
                            _ => &[],
                        })
                        .env("DIALDECK_SERVER", &house.server.http)
                        .env("DIALDECK_USER", "ada")
                        .env("DIALDECK_PASSWORD", PASSWORD)
                        .output()
                        .unwrap();
                    let said = String::from_utf8_lossy(&output.stdout).into_owned()
                        + &String::from_utf8_lossy(&output.stderr);
                    // Nobody is in a call with 1001 in the stand-in: VICIdial says so, with its remedy.
                    let refused = arguments.contains(&"blind_transfer") && said.contains("no_call");
                    assert!(output.status.success() || refused, "{line}: {said}");
                }
            }
        }
    }
    assert!(commands >= 6 && keys, "{commands} commands");
    // The settings of the page are settings.
    let file = house.home.path().join("page.toml");
    std::fs::write(&file, settings).unwrap();
    let output = house
        .setup
        .command(&["doctor", "--request-letter", "--config", &file.to_string_lossy()])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // And its keys are keys.
    let mut screen = console(&house, 120, 30);
    screen.press("3").unwrap();
    screen.shows("Ann Ready").unwrap();
    screen.press("P").unwrap();
    screen.shows("external_pause · Enter sends").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn leads_from_a_file_broken_off_and_resumed() {
    let house = house().await;
    let file = house.home.path().join("leads.csv");
    let people: Vec<String> = (0..300).map(|n| format!("2025550{n:03},Person {n},red\n")).collect();
    let text = format!("phone,first_name,favcolor\n{}12,Short,red\n", people.concat());
    std::fs::write(&file, text).unwrap();
    let command = || {
        let mut command = std::process::Command::new(CONSOLE);
        command
            .args(["vicidial", "import", &file.to_string_lossy(), "list_id=101"])
            .env("DIALDECK_SERVER", &house.server.http)
            .env("DIALDECK_USER", "ada")
            .env("DIALDECK_PASSWORD", PASSWORD)
            .stdin(std::process::Stdio::null());
        command
    };
    let leads =
        || house.fake.state().leads.values().filter(|lead| lead.phone_number.starts_with("2025550")).count();
    let mut first =
        command().stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap();
    until("some leads", || leads() >= 60);
    first.kill().unwrap();
    first.wait().unwrap();
    assert!(leads() < 300);
    let output = command().output().unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && said.contains("going on after line") && said.contains("1 refused"),
        "{said}"
    );
    let numbers: std::collections::BTreeSet<String> = house
        .fake
        .state()
        .leads
        .values()
        .filter(|lead| lead.phone_number.starts_with("2025550"))
        .map(|lead| lead.phone_number.clone())
        .collect();
    assert_eq!((leads(), numbers.len()), (300, 300), "nobody twice, nobody left out");
    assert!(
        house
            .fake
            .state()
            .leads
            .values()
            .filter(|l| l.custom.get("favcolor").is_some_and(|c| c == "red"))
            .count()
            >= 299
    );
    let refused = std::fs::read_to_string(house.home.path().join("leads.csv.vicidial-refused")).unwrap();
    assert!(refused.starts_with("line 302:"), "{refused}");
    assert!(!house.home.path().join("leads.csv.vicidial-progress").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn set_up_from_the_console() {
    let daemon = Path::new(CONSOLE).with_file_name("dialdeckd");
    let (fake, db) = (Vicidial::start().await.unwrap(), MariaDb::start().await.unwrap());
    db.run(AGENTS).await.unwrap();
    let home = tempfile::tempdir().unwrap();
    let setup = Setup::new(&daemon.to_string_lossy(), home.path()).set("telephony.kind", "simulated");
    setup.add_user("ada", "admin").unwrap();
    let server = setup.start(&["serve"]).unwrap();
    let mut house = House { server, setup, fake, db, home };
    let mut screen = console(&house, 120, 40);
    screen.press("4").unwrap();
    screen.shows("Press N to set one up").unwrap();
    let fill = |screen: &mut Terminal, values: &[&str]| {
        screen.press("N").unwrap();
        screen.shows("set up a VICIdial").unwrap();
        for value in values {
            screen.press("\u{15}").unwrap();
            screen.press(value).unwrap();
            screen.press("\t").unwrap();
        }
        screen.until("what was typed", |t| values.first().is_some_and(|name| t.contains(name))).unwrap();
        assert!(!screen.text().contains("apipass1"), "a password is on the screen");
        screen.press("\r").unwrap();
    };
    // What the test refuses is not kept.
    let url = house.fake.url.clone();
    fill(&mut screen, &["floor1", &url, "apiuser", "wrong"]);
    screen.shows("login_refused").unwrap();
    // Set up, and in use at once: the floor comes by itself.
    let port = house.db.port.to_string();
    let all = ["floor1", &url, "apiuser", "apipass1", "127.0.0.1", &port, "reader", "1234"];
    fill(&mut screen, &all);
    screen.shows("the database lets us in").unwrap();
    screen.shows("TESTCAMP").unwrap();
    // Changed from the console: what is left empty stays.
    fill(&mut screen, &["floor1", &url]);
    screen.shows("VICIdial floor1 is set up").unwrap();
    screen.shows("TESTCAMP").unwrap();
    // It is there after a restart, and its passwords are told to nobody.
    house.server.kill();
    house.server = house.setup.start(&["serve"]).unwrap();
    let client = house.server.log_in("ada").await.unwrap();
    let listed = client.get("/api/v1/vicidial").await.unwrap();
    assert_eq!(listed["vicidials"][0]["name"], "floor1", "{listed}");
    assert!(!listed.to_string().contains("apipass1"), "{listed}");
    // A password goes to no other address than it was given for.
    let other = serde_json::json!({ "settings": { "url": "http://127.0.0.1:9" }, "force": true });
    let (status, told) =
        client.send(reqwest::Method::PUT, "/api/v1/vicidial/floor1", Some(other)).await.unwrap();
    assert!(status == 422 && told["field"] == "password", "{told}");
    let audit = client.get("/api/v1/audit?limit=100").await.unwrap().to_string();
    assert!(audit.contains("vicidial.set_up") && !audit.contains("apipass1"), "{audit}");
    let (status, _) = client.send(reqwest::Method::DELETE, "/api/v1/vicidial/floor1", None).await.unwrap();
    assert_eq!(status, 204);
    assert_eq!(client.get("/api/v1/vicidial").await.unwrap()["vicidials"], serde_json::json!([]));
}
