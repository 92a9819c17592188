//! Dialpad from the console and the command line, against a stand-in that is held to Dialpad's own description.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends where it cannot go on"
)]

use dialdeck_testkit::daemon::{Daemon, PASSWORD, Setup};
use dialdeck_testkit::dialpad::{Dialpad, Misbehaviour, TrueCall, sample, signed};
use dialdeck_testkit::page::blocks;
use dialdeck_testkit::terminal::Terminal;
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};

const CONSOLE: &str = env!("CARGO_BIN_EXE_dialdeck");
const SALES: i64 = 5_220_648_944_236_254;

struct House {
    server: Daemon,
    setup: Setup,
    fake: Dialpad,
    home: tempfile::TempDir,
}

/// A department with calls of the last days, some of today; two of every five pages say hot on their label.
async fn house(with: impl FnOnce(&Dialpad), pull_minutes: &str) -> House {
    let daemon = Path::new(CONSOLE).with_file_name("dialdeckd");
    assert!(daemon.exists(), "build dialdeckd first: cargo build --workspace");
    let (fake, home) = (Dialpad::start().await.unwrap(), tempfile::tempdir().unwrap());
    let agents: Vec<i64> = fake.state().users.keys().copied().collect();
    let now = chrono::Utc::now().timestamp_millis();
    let mut calls = sample(600, now - 12 * 86_400_000, now - 86_400_000, SALES, &agents, 31);
    let mut today = sample(30, now - 3_000_000, now - 600_000, SALES, &agents, 32);
    today.retain(|call| call.ended() < now);
    for (n, call) in today.iter_mut().enumerate() {
        call.id = 8_000_000_000_000_000 + i64::try_from(n).unwrap() * 10;
        call.number = "+13125550177".into();
    }
    calls.extend(today);
    {
        let mut state = fake.state();
        state.page = 100;
        let legs: Vec<Value> = calls.iter().flat_map(TrueCall::legs).collect();
        for leg in legs
            .iter()
            .filter_map(|leg| leg["call_id"].as_i64().or_else(|| leg["call_id"].as_str()?.parse().ok()))
        {
            state.transcripts.insert(leg, vec![("Ann Able".into(), "good morning".into())]);
        }
        state.put_calls(SALES, legs);
    }
    with(&fake);
    let setup = Setup::new(&daemon.to_string_lossy(), home.path())
        .set("telephony.kind", "simulated")
        .env("DIALPAD_API_TOKEN", "dialpad-token")
        .env("DIALPAD_DEPARTMENT_ID", &SALES.to_string())
        .set("dialpad.url", &fake.url)
        .set("dialpad.pull_minutes", pull_minutes)
        .set("dialpad.duty_seconds", "1")
        .set("dialpad.zone", "UTC")
        .set("dialpad.per_second", "1000");
    setup.add_user("ada", "admin").unwrap();
    setup.add_user("vic", "viewer").unwrap();
    let server = setup.start(&["serve"]).unwrap();
    House { server, setup, fake, home }
}

fn console(house: &House, user: &str, columns: u16, rows: u16) -> Terminal {
    let config = house.home.path().join("console");
    let config = config.to_string_lossy();
    let environment = [
        ("DIALDECK_SERVER", house.server.http.as_str()),
        ("DIALDECK_USER", user),
        ("DIALDECK_PASSWORD", PASSWORD),
        ("XDG_CONFIG_HOME", &config),
    ];
    Terminal::start(CONSOLE, &[], &environment, columns, rows).unwrap()
}

fn until(what: &str, ready: impl Fn() -> bool) {
    let begun = Instant::now();
    while !ready() {
        assert!(begun.elapsed() < Duration::from_secs(20), "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn run(house: &House, arguments: &[&str]) -> (bool, String) {
    let output = std::process::Command::new(CONSOLE)
        .args(arguments)
        .current_dir(house.home.path())
        .env("DIALDECK_SERVER", &house.server.http)
        .env("DIALDECK_USER", "ada")
        .env("DIALDECK_PASSWORD", PASSWORD)
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.success(), said)
}

/// The number behind a word on the screen.
fn figure(text: &str, word: &str) -> i64 {
    let rest = text.split(word).nth(1).unwrap_or_else(|| panic!("no {word} in\n{text}"));
    rest.trim_start().split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_and_ranges_by_key_on_a_small_and_a_large_screen() {
    let house = house(|_| {}, "5").await;
    for (columns, rows) in [(80, 24), (200, 60)] {
        let mut screen = console(&house, "ada", columns, rows);
        screen.shows("No campaigns").ok();
        screen.press("5").unwrap();
        let text = screen
            .until("the week", |t| {
                t.contains("last 7 days")
                    && t.contains("fetched ")
                    && t.contains("Ann Able")
                    && figure(t, "Total") > 200
            })
            .unwrap();
        let week = figure(&text, "Total");
        assert!(week > 200 && text.contains("Sales") && text.contains("available"), "{text}");
        // Ranges.
        screen.press("w").unwrap();
        let text =
            screen.until("two weeks", |t| t.contains("last 14 days") && figure(t, "Total") > week).unwrap();
        let all = figure(&text, "Total");
        screen.press("w").unwrap();
        screen.until("today", |t| t.contains("Dialpad · today") && figure(t, "Total") < week).unwrap();
        screen.press("W").unwrap();
        screen.shows("Which days?").unwrap();
        screen.press("yesterday\r").unwrap();
        screen.shows("2026-11-01").unwrap();
        screen.press("W14\r").unwrap();
        screen.until("two weeks", |t| t.contains("last 14 days") && figure(t, "Total") == all).unwrap();
        // In, out; completed, missed.
        screen.press("\t").unwrap();
        screen.press("t").unwrap();
        screen.shows(": inbound").unwrap();
        screen.until("only those that came in", |t| !t.contains(" out ") || t.contains("Out")).unwrap();
        screen.press("tc").unwrap();
        screen
            .until("those that went out and were talked", |t| {
                t.contains(": outbound, completed") && !t.contains(" missed ")
            })
            .unwrap();
        screen.press("cc").unwrap();
        screen
            .until("live ones: none", |t| {
                t.contains(": outbound, live") && t.contains("Nothing on these days")
            })
            .unwrap();
        screen.press("ct").unwrap();
        screen.until("all again", |t| t.contains(": in and out") && t.contains("completed")).unwrap();
        // A search, in all that is stored.
        screen.press("/5550177\r").unwrap();
        screen.until("the number", |t| t.contains("/5550177") && t.contains("+13125550177")).unwrap();
        screen.press("\u{1b}").unwrap();
        screen.until("all again", |t| !t.contains("/5550177")).unwrap();
        // One agent's calls, and everybody's again.
        if !screen.text().contains("▸ Agents") {
            screen.press("\t").unwrap();
        }
        screen.until("the agents", |t| t.contains("▸ Agents")).unwrap();
        screen.press("g\r").unwrap();
        screen.until("Ann's", |t| t.contains("in and out, Ann Able") && figure(t, "Total") < all).unwrap();
        screen.press("\r").unwrap();
        screen.until("everybody's", |t| !t.contains("in and out, Ann") && figure(t, "Total") == all).unwrap();
        // Busy hours.
        screen.press("H").unwrap();
        screen.until("the hours", |t| t.contains("Busiest hours:") && t.contains("Mon ")).unwrap();
        screen.press("\u{1b}").unwrap();
        screen.until("the panes", |t| !t.contains("Busiest hours:")).unwrap();
        // A call, with what was said.
        screen.press("\t").unwrap();
        screen.until("the calls", |t| t.contains("▸ Calls")).unwrap();
        screen.press("c").unwrap();
        screen.until("completed ones", |t| t.contains(": in and out, completed")).unwrap();
        screen.press("\r").unwrap();
        screen
            .until("the transcript", |t| t.contains("Ann Able: good morning") && t.contains("leg "))
            .unwrap();
        screen.press("q").unwrap();
        screen.until("the panes", |t| !t.contains("good morning")).unwrap();
        screen.press("q").unwrap();
        assert!(screen.ended().unwrap());
    }
    assert!(house.fake.state().drift.is_empty(), "{:?}", house.fake.state().drift.first());
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_on_the_screen_while_dialpad_is_slow() {
    let slow = |fake: &Dialpad| {
        let mut state = fake.state();
        for how in [
            Misbehaviour::Slow(Duration::from_secs(6)),
            Misbehaviour::TooMany(Some(3)),
            Misbehaviour::TooMany(None),
        ] {
            state.misbehaves.push_back(("/api/v2/call".into(), how));
        }
    };
    let house = house(slow, "0").await;
    let mut screen = console(&house, "ada", 80, 24);
    screen.shows("No campaigns").ok();
    screen.press("5").unwrap();
    screen.shows("Nothing was fetched yet").unwrap();
    screen.press("u").unwrap();
    screen
        .until("what is waited for", |t| {
            t.contains("⟳ Sales: page 1") && t.contains("waiting for Dialpad, 0:0")
        })
        .unwrap();
    screen.until("the limit", |t| t.contains("rate_limited; again in 3 s")).unwrap();
    screen.until("the end", |t| t.contains("fetched ") && figure(t, "Total") > 200).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_as_it_happens_and_what_is_done_to_it() {
    let house = house(|_| {}, "5").await;
    let config = house.home.path().join("console/dialdeck");
    std::fs::create_dir_all(&config).unwrap();
    let hotkeys =
        blocks(include_str!("../docs/DIALPAD.md")).into_iter().find(|(_, text)| text.contains("[[hotkey]]"));
    std::fs::write(config.join("hotkeys.toml"), hotkeys.unwrap().1).unwrap();
    let output =
        house.setup.command(&["dialpad", "subscribe", "--url", &house.server.http]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let secret = house.fake.state().secret().unwrap();
    let agent = *house.fake.state().users.keys().next().unwrap();
    let mut screen = console(&house, "ada", 120, 40);
    screen.shows("No campaigns").ok();
    screen.press("5").unwrap();
    screen.until("the week", |t| t.contains("fetched ") && t.contains("Ann Able")).unwrap();
    let now = chrono::Utc::now().timestamp_millis();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let tell = async |state: &str, more: Value| {
        let mut event = json!({ "call_id": 91, "state": state, "direction": "inbound", "external_number": "+13125550142", "group_id": format!("Department:{SALES}"),
            "contact": { "name": "Zoë \u{1b}[31mNew" }, "date_started": now, "event_timestamp": chrono::Utc::now().timestamp_millis(),
            "target": { "id": agent.to_string(), "type": "user", "name": "Ann Able" } });
        for (name, value) in more.as_object().unwrap() {
            event[name] = value.clone();
        }
        let url = format!("{}/api/v1/webhooks/dialpad", house.server.http);
        assert_eq!(http.post(url).body(signed(&event, &secret)).send().await.unwrap().status(), 204);
    };
    tell("ringing", json!({})).await;
    screen.until("a call that rings", |t| t.contains("ringing") && t.contains("Zoë [31mNew")).unwrap();
    tell("connected", json!({ "date_connected": now + 1 })).await;
    screen.until("a call that is talked", |t| t.contains("connected") && t.contains("in call")).unwrap();
    // Hanging up asks first.
    screen.press("\tgX").unwrap();
    screen
        .until("whose call it is", |t| t.contains("Hang up on Zoë") && t.contains("talks to Ann Able?"))
        .unwrap();
    screen.press("n").unwrap();
    screen.until("the panes", |t| !t.contains("Hang up on")).unwrap();
    assert_eq!(house.fake.state().count("PUT", "/hangup"), 0);
    screen.press("Xy").unwrap();
    until("the hang-up", || house.fake.state().count("PUT", "/call/91/actions/hangup") == 1);
    screen.shows("the call is being hung up").unwrap();
    tell("hangup", json!({ "date_connected": now + 1, "date_ended": now + 5000, "duration": 4999.0 })).await;
    screen.until("its end", |t| !t.contains("in call") && !t.contains("connected ")).unwrap();
    // Off duty with a reason, seen at the next look; on duty again.
    screen.press("\tgp").unwrap();
    screen.shows("duty_status · Enter sends").unwrap();
    screen.press("Lunch\r").unwrap();
    screen.shows("off duty, unavailable, Lunch").unwrap();
    screen
        .until("it on the screen", |t| {
            t.lines().any(|line| line.contains("Ann Able") && line.contains("off duty"))
        })
        .unwrap();
    screen.press("a").unwrap();
    until("duty", || house.fake.state().users[&agent].on_duty);
    // A key of one's own, and the palette; what Dialpad cannot do is nowhere.
    screen.press("D").unwrap();
    screen.shows("dnd · Enter sends").unwrap();
    screen.press("\u{1b}[C\r").unwrap();
    until("dnd", || house.fake.state().users[&agent].do_not_disturb);
    screen.press("v").unwrap();
    let text = screen.until("the palette", |t| t.contains("dialpad.transfer")).unwrap();
    assert!(!text.contains("listen") && !text.contains("barge"), "{text}");
    screen.press("labels\r").unwrap();
    screen.shows("labels · Enter sends").unwrap();
    screen.press("91\thot, new\r").unwrap();
    until("labels", || house.fake.state().count("PUT", "/call/91/labels") == 1);
    screen.press("L").unwrap();
    screen.shows("not possible here").unwrap();
    screen.press("C").unwrap();
    screen
        .until("what the token may", |t| t.contains("dialpad: token") && t.contains("hang up calls"))
        .unwrap();
    // Whoever may only look is offered nothing to do.
    let mut viewer = console(&house, "vic", 120, 40);
    viewer.shows("No campaigns").ok();
    viewer.press("5").unwrap();
    let text = viewer.until("the week", |t| t.contains("Ann Able")).unwrap();
    assert!(!text.contains("fetch now") && !text.contains("X hang up"), "{text}");
    viewer.press("u").unwrap();
    viewer.shows("your role is viewer; it takes supervisor").unwrap();
    let audit = run(&house, &["dialpad", "status"]);
    assert!(audit.0 && audit.1.contains("events: webhook; 3 taken, 0 refused"), "{}", audit.1);
    assert!(house.fake.state().drift.is_empty(), "{:?}", house.fake.state().drift.first());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_followed_word_for_word() {
    let house = house(|_| {}, "0").await;
    let page = include_str!("../docs/DIALPAD.md");
    let (mut commands, mut settings) = (0, String::new());
    for (language, text) in blocks(page) {
        if language == "toml" {
            if !text.contains("[[hotkey]]") {
                settings += &text;
            }
            continue;
        }
        for line in text.lines().map(|line| line.split('#').next().unwrap_or_default().trim()) {
            let mut words = line.split_whitespace();
            let program = words.next();
            let arguments: Vec<&str> = words.collect();
            commands += 1;
            match program {
                Some("dialdeckd") if arguments == ["doctor"] => {
                    let output = house.setup.command(&["doctor", "--json"]).output().unwrap();
                    let findings: Vec<Value> =
                        serde_json::from_slice::<Value>(&output.stdout).unwrap()["findings"]
                            .as_array()
                            .unwrap()
                            .clone();
                    let about: Vec<&Value> = findings
                        .iter()
                        .filter(|one| one["name"].as_str().unwrap().starts_with("dialpad: "))
                        .collect();
                    assert!(about.len() > 10 && about.iter().all(|one| one["state"] == "ok"), "{about:?}");
                }
                Some("dialdeckd") => {
                    let output = house.setup.command(&arguments).output().unwrap();
                    let said = String::from_utf8_lossy(&output.stderr);
                    assert!(output.status.success(), "{line}: {said}");
                }
                Some("dialdeck") => {
                    let (well, said) = run(&house, &arguments);
                    assert!(well, "{line}: {said}");
                }
                _ => {}
            }
        }
    }
    assert!(commands >= 15, "{commands}");
    let (well, said) = run(&house, &["dialpad", "activity", "days=14"]);
    assert!(well && said.contains("Ann Able") && said.contains("score = 50 % completed/total"), "{said}");
    let (well, said) = run(&house, &["dialpad", "listen"]);
    assert!(!well && said.contains("cannot be done at Dialpad"), "{said}");
    // The settings of the page are settings.
    let file = house.home.path().join("page.toml");
    std::fs::write(&file, settings).unwrap();
    let output =
        house.setup.command(&["user", "list", "--config", &file.to_string_lossy()]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // Every word of trouble is explained there.
    for word in [
        "not_set_up",
        "unauthorized",
        "forbidden",
        "not_found",
        "invalid",
        "rate_limited",
        "timed_out",
        "unreachable",
        "certificate",
        "fault",
        "unreadable",
    ] {
        assert!(page.contains(&format!("`{word}`")), "{word}");
    }
    assert!(house.fake.state().drift.is_empty(), "{:?}", house.fake.state().drift.first());
}

/// What the token may not, nobody in the department, and a Dialpad that is slow: each is said, with what to do.
#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_says_what_is_wrong() {
    let house = house(|_| {}, "0").await;
    let examine = || -> Vec<(String, String, String, String)> {
        let output = house.setup.command(&["doctor", "--json"]).output().unwrap();
        let told: Value = serde_json::from_slice(&output.stdout).unwrap();
        let text = |one: &Value, name: &str| one[name].as_str().unwrap().to_owned();
        let all = told["findings"].as_array().unwrap().iter();
        all.map(|one| (text(one, "name"), text(one, "state"), text(one, "detail"), text(one, "remedy")))
            .filter(|(name, ..)| name.starts_with("dialpad"))
            .collect()
    };
    let found = |all: &[(String, String, String, String)], part: &str| {
        all.iter()
            .find(|(name, ..)| name.contains(part))
            .cloned()
            .unwrap_or_else(|| panic!("no {part} in {all:?}"))
    };
    {
        let mut state = house.fake.state();
        state.refuses.insert("/actions/hangup".into());
        state.refuses.insert("/subscriptions".into());
        state.departments.get_mut(&SALES).unwrap().operators.clear();
        state.departments.get_mut(&SALES).unwrap().timezone = "Nowhere/Land".into();
        state.misbehaves.push_back(("/api/v2/call".into(), Misbehaviour::Slow(Duration::from_secs(11))));
    }
    let all = examine();
    let (_, state, detail, remedy) = found(&all, "hang up calls");
    assert!(
        state == "fail"
            && detail.contains("lacks the scope")
            && remedy.contains("give the API key the scope"),
        "{detail} {remedy}"
    );
    assert_eq!(found(&all, "transfer calls").1, "ok");
    assert_eq!(found(&all, "event subscriptions").1, "fail");
    let (_, state, detail, remedy) = found(&all, ": agents");
    assert!(
        state == "warn" && detail.contains("nobody belongs") && remedy.contains("add users"),
        "{detail} {remedy}"
    );
    let (_, state, _, remedy) = found(&all, ": calls");
    assert!(
        state == "warn"
            && remedy.contains("lower dialpad.days (now 14)")
            && remedy.contains("fewer departments"),
        "{remedy}"
    );
    house.fake.state().departments.clear();
    let (_, state, detail, remedy) = found(&examine(), &format!("department {SALES}"));
    assert!(
        state == "fail" && detail.contains("not_found") && remedy.contains("DIALPAD_DEPARTMENT_ID"),
        "{detail} {remedy}"
    );
    house.fake.state().token = "another".into();
    let all = examine();
    assert_eq!(all.len(), 1, "who is not let in is not let in for anything: {all:?}");
    assert!(
        all[0].1 == "fail"
            && all[0].3.contains("DIALPAD_API_TOKEN")
            && !format!("{all:?}").contains("dialpad-token")
    );
    // Nothing was done at Dialpad by looking.
    let state = house.fake.state();
    assert!(state.users.values().all(|user| user.on_duty && !user.do_not_disturb && !user.recording));
    assert!(state.webhooks.is_empty() && state.subscriptions.is_empty());
}
