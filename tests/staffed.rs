//! A floor with people: three agents at their consoles, forty contacts, and a real Asterisk that plays all the others.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_precision_loss,
    reason = "a test ends where it cannot go on"
)]

use dialdeck_testkit::asterisk::Lab;
use dialdeck_testkit::daemon::{Client, Daemon, PASSWORD};
use dialdeck_testkit::terminal::Terminal;
use dialdeck_testkit::wait::{until, within};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

const CONSOLE: &str = env!("CARGO_BIN_EXE_dialdeck");
/// Longest a campaign may take on a small machine.
const CAMPAIGN: Duration = Duration::from_mins(4);
const MESSAGE: &str =
    "This is Example Company, three one two, five five five, zero one nine nine. Press nine.";

async fn house(lab: &Lab, agents: &[(&str, &str)]) -> (Daemon, Client) {
    lab.setup.add_user("root", "admin").unwrap();
    for (name, _) in agents {
        lab.setup.add_user(name, "agent").unwrap();
    }
    let server = lab.setup.start(&["serve"]).unwrap();
    let (sue, root) = (server.log_in("sue").await.unwrap(), server.log_in("root").await.unwrap());
    let users = root.get("/api/v1/users").await.unwrap();
    for (name, extension) in agents {
        let user = users["users"].as_array().unwrap().iter().find(|u| u["name"] == *name).unwrap();
        let body = json!({ "name": name, "kind": "human", "userId": user["id"], "extension": extension });
        root.post("/api/v1/agents", body).await.unwrap();
    }
    for (code, label, key, outcome) in
        [("SALE", "Sold", "1", "interested"), ("NI", "Not interested", "2", "not_interested")]
    {
        let body = json!({ "code": code, "label": label, "hotkey": key, "outcome": outcome });
        sue.post("/api/v1/dispositions", body).await.unwrap();
    }
    until("Asterisk to be reached", || async {
        let parts = sue.get("/api/v1/parts").await.ok()?;
        let up = |p: &Value| p["name"] == "telephony" && p["state"] == "up";
        parts["parts"].as_array()?.iter().any(up).then_some(())
    })
    .await;
    (server, sue)
}

/// An agent at a console, logged in on the phone on file, and ready.
fn at_work(server: &Daemon, name: &str, columns: u16, rows: u16) -> Terminal {
    let environment =
        [("DIALDECK_SERVER", server.http.as_str()), ("DIALDECK_USER", name), ("DIALDECK_PASSWORD", PASSWORD)];
    let mut screen = Terminal::start(CONSOLE, &[], &environment, columns, rows).unwrap();
    screen.shows("You are not logged in as an agent").unwrap();
    screen.press("i").unwrap();
    screen.shows("Log in as an agent").unwrap();
    screen.press("\r").unwrap();
    screen.shows("P paused").unwrap();
    screen.until("the phone to be connected", |t| t.contains(" connected ·") && !t.contains("✗")).unwrap();
    screen.press("a").unwrap();
    screen.shows("R ready").unwrap();
    screen
}

/// How much of a tone is in some sound: its share of the energy of each 20 ms (Goertzel's method), the loudest of all.
fn tone(samples: &[i16], hertz: f64) -> usize {
    let loud = |frame: &[i16]| {
        let coefficient = 2.0 * (2.0 * std::f64::consts::PI * hertz / 8000.0).cos();
        let (mut s1, mut s2, mut energy) = (0.0, 0.0, 0.0);
        for sample in frame {
            let x = f64::from(*sample);
            let s0 = x + coefficient * s1 - s2;
            (s2, s1) = (s1, s0);
            energy += x * x;
        }
        let power = s1 * s1 + s2 * s2 - coefficient * s1 * s2;
        energy > 1e6 && 2.0 * power / (energy * frame.len() as f64) > 0.3
    };
    samples.chunks_exact(160).filter(|frame| loud(frame)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn three_agents_and_forty_contacts() {
    let daemon = Path::new(CONSOLE).with_file_name("dialdeckd");
    let lab = Lab::start(&daemon.to_string_lossy()).unwrap();
    let agents = [("ann", "Local/80@agents/n"), ("bob", "Local/81@agents/n"), ("cid", "Local/82@agents/n")];
    let (server, sue) = house(&lab, &agents).await;
    let settings = json!({
        "maxConcurrentCalls": 12, "retryAttempts": 0, "callTimeoutSeconds": 15,
        "people": { "mode": "predictive", "abandonMessage": MESSAGE },
    });
    let list: Vec<(&str, u8)> = (40..80).map(|n| ("Somebody", n)).collect();
    let campaign = sue.campaign("Forty", settings, &list).await.unwrap();
    let mut screens: Vec<Terminal> = agents
        .iter()
        .zip([(80, 24), (120, 40), (200, 60)])
        .map(|((name, _), (columns, rows))| at_work(&server, name, columns, rows))
        .collect();
    sue.post("/api/v1/calls/automated/start", json!({ "campaignId": campaign })).await.unwrap();
    // Each agent says with one key what came of each call, until there are no more.
    let calls = {
        let deadline = std::time::Instant::now() + CAMPAIGN;
        loop {
            let mut tick = tokio::time::interval(Duration::from_millis(200));
            tick.tick().await;
            tick.tick().await;
            for screen in &mut screens {
                let text = screen.text();
                if text.contains("What came of it?")
                    && (text.contains("D dead") || text.contains("W wrap-up"))
                {
                    screen.press("1").unwrap();
                    screen.until("the next call, or none", |t| !t.contains("What came of it?")).unwrap();
                }
            }
            let calls = sue.calls(&campaign).await.unwrap();
            let over =
                |c: &Value| ["completed", "failed"].contains(&c["status"].as_str().unwrap_or_default());
            let said = |c: &Value| c["agent"].is_null() || c["disposition"] == "SALE";
            if calls.len() == 40 && calls.iter().all(|c| over(c) && said(c)) {
                break calls;
            }
            let shown: Vec<String> = screens.iter().map(Terminal::text).collect();
            assert!(
                std::time::Instant::now() < deadline,
                "{}\n{calls:?}\n{}",
                shown.join("\n"),
                server.log()
            );
        }
    };
    let mut bridged = Vec::new();
    for call in &calls {
        let phone = call["phone"].as_str().unwrap();
        let digits: u8 = phone[phone.len() - 2..].parse().unwrap();
        let outcome = call["outcome"].as_str().unwrap();
        match digits {
            60..=69 => assert_eq!(outcome, "no_answer", "{call}"),
            _ if call["agent"].is_string() => {
                bridged.push((digits, call["agent"].as_str().unwrap().to_owned()));
            }
            // The others answered: with whoever was not put through, no agent was free.
            _ => assert_eq!(outcome, "abandoned", "{call}\n{}", server.log()),
        }
    }
    assert!(bridged.len() >= 24, "{} of 30 were put through: {calls:?}", bridged.len());
    // Each heard the other: the person's tone at the agent, that agent's tone at the person.
    for (digits, name) in &bridged {
        if *digits >= 70 {
            continue;
        }
        let own = agents.iter().position(|(agent, _)| agent == name).unwrap();
        let heard = lab.asterisk.recording(&format!("hear-{digits}")).unwrap();
        for n in 0..3 {
            let frames = tone(&heard, 800.0 + 200.0 * n as f64);
            if n == own {
                assert!(frames > 60, "{digits} heard {name} for {frames} frames");
            } else {
                assert!(frames < 10, "{digits} heard another agent than {name} for {frames} frames");
            }
        }
    }
    for n in 0..3 {
        let heard = lab.asterisk.recording(&format!("hear-8{n}")).unwrap();
        assert!(tone(&heard, 440.0) > 100, "agent {n} heard nobody");
    }
    // Nothing is left on the lines but the agents' own phones, and those go with the log-out.
    for screen in &mut screens {
        screen.shows("R ready").unwrap();
        screen.press("o").unwrap();
        screen.shows("Sure?").unwrap();
        screen.press("y").unwrap();
        screen.shows("You are not logged in as an agent").unwrap();
    }
    within(CAMPAIGN, "the lines to be empty", || async {
        lab.asterisk.cli("core show channels count").ok()?.contains("0 active channels").then_some(())
    })
    .await;
    server.stop().unwrap();
}

async fn start(sue: &Client, campaign: &str) {
    sue.post("/api/v1/calls/automated/start", json!({ "campaignId": campaign })).await.unwrap();
}

/// The only call of a campaign, once something holds of it.
async fn only_call(sue: &Client, campaign: &str, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
    within(CAMPAIGN, what, || async {
        let call = sue.calls(campaign).await.ok()?.pop()?;
        holds(&call).then_some(call)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn handed_over_taken_back_and_let_down() {
    let daemon = Path::new(CONSOLE).with_file_name("dialdeckd");
    let lab = Lab::start(&daemon.to_string_lossy()).unwrap();
    let agents = [("ann", "Local/80@agents/n"), ("bob", "Local/81@agents/n")];
    let (server, sue) = house(&lab, &agents).await;
    let mut ann = at_work(&server, "ann", 120, 40);

    // An AI caller finds somebody who wants to go on: the agent reads what was said before the first word.
    let settings = json!({ "callIntervalMs": 0, "retryAttempts": 0, "handOver": true });
    let campaign = sue.campaign("Qualify", settings, &[("Ina", 10)]).await.unwrap();
    start(&sue, &campaign).await;
    let text = ann
        .until("the call with its transcript", |t| {
            t.contains("T in call") && t.contains("Customer  yes please")
        })
        .unwrap();
    assert!(text.contains("AI: interested") && text.contains("said: yes please"), "{text}");
    assert!(text.contains("through to a colleague"), "{text}");
    // The person stays; the agent ends it, and says what came of it.
    let heard = || tone(&lab.asterisk.recording("hear-10").unwrap_or_default(), 800.0);
    until("the person to hear the agent", || async { (heard() > 25).then_some(()) }).await;
    ann.press("X").unwrap();
    ann.shows("W wrap-up").unwrap();
    ann.press("1").unwrap();
    ann.shows("R ready").unwrap();
    let call = only_call(&sue, &campaign, "the disposition", |c| c["disposition"] == "SALE").await;
    assert_eq!(
        (call["outcome"].as_str(), call["agent"].as_str()),
        (Some("interested"), Some("ann")),
        "{call}"
    );

    // An agent's phone vanishes in a call: the person is taken back, and another agent goes on.
    let bob = at_work(&server, "bob", 80, 24);
    ann.press("p").unwrap();
    ann.shows("P paused").unwrap();
    ann.press("a").unwrap();
    ann.shows("R ready").unwrap();
    let settings = json!({ "retryAttempts": 0, "people": { "mode": "progressive" } });
    let campaign = sue.campaign("Vanish", settings, &[("Ida", 30)]).await.unwrap();
    start(&sue, &campaign).await;
    bob.shows("T in call").unwrap();
    let heard = |hertz| tone(&lab.asterisk.recording("hear-30").unwrap_or_default(), hertz);
    until("the person to hear bob", || async { (heard(1000.0) > 25).then_some(()) }).await;
    let channels = lab.asterisk.cli("core show channels concise").unwrap();
    let phone = channels
        .lines()
        .find_map(|line| line.split('!').next().filter(|name| name.contains("81@agents")))
        .unwrap();
    lab.asterisk.cli(&format!("channel request hangup {phone}")).unwrap();
    ann.shows("T in call").unwrap();
    until("the person to hear ann", || async { (heard(800.0) > 25).then_some(()) }).await;
    bob.shows("What came of it?").unwrap();
    ann.press("X").unwrap();
    ann.shows("W wrap-up").unwrap();
    ann.press("2").unwrap();
    ann.shows("R ready").unwrap();
    only_call(&sue, &campaign, "the disposition", |c| c["disposition"] == "NI").await;

    // Dialled ahead, and the agent goes away while it rings: the person hears who called, and 9 ends it for good.
    for (digits, outcome) in [(32, "abandoned"), (31, "do_not_call")] {
        let settings =
            json!({ "retryAttempts": 0, "people": { "mode": "predictive", "abandonMessage": MESSAGE } });
        let campaign = sue.campaign(&format!("Late {digits}"), settings, &[("Ivy", digits)]).await.unwrap();
        start(&sue, &campaign).await;
        only_call(&sue, &campaign, "it to be dialled", |c| c["status"] == "initiated").await;
        ann.press("p").unwrap();
        let call = only_call(&sue, &campaign, "it to be over", |c| c["status"] == "completed").await;
        assert_eq!(call["outcome"], outcome, "{call}\n{}", server.log());
        assert!(call["transcript"].as_str().unwrap().contains("This is Example Company"), "{call}");
        let heard = lab.asterisk.recording(&format!("hear-{digits}")).unwrap();
        let voiced = heard.chunks(160).filter(|f| f.iter().any(|s| s.unsigned_abs() > 1000)).count();
        assert!(voiced > 25, "{digits} heard the message for {voiced} frames");
        ann.shows("P paused").unwrap();
        ann.press("a").unwrap();
        ann.shows("R ready").unwrap();
    }
    server.stop().unwrap();
}

/// A supervisor's phone: 1800 Hz. What each heard is in the recordings.
#[tokio::test(flavor = "multi_thread")]
async fn a_supervisor_listens_whispers_barges_in_and_takes_over() {
    let daemon = Path::new(CONSOLE).with_file_name("dialdeckd");
    let lab = Lab::start(&daemon.to_string_lossy()).unwrap();
    let agents = [("ann", "Local/80@agents/n")];
    let (server, sue) = house(&lab, &agents).await;
    let root = server.log_in("root").await.unwrap();
    let users = root.get("/api/v1/users").await.unwrap();
    let own = users["users"].as_array().unwrap().iter().find(|u| u["name"] == "sue").unwrap()["id"].clone();
    let body = json!({ "name": "sue", "kind": "human", "userId": own, "extension": "Local/85@agents/n" });
    root.post("/api/v1/agents", body).await.unwrap();
    let heard = |who: &str, hertz: f64| {
        tone(&lab.asterisk.recording(&format!("hear-{who}")).unwrap_or_default(), hertz)
    };
    // Frames of a tone that came after a moment: what was heard before it does not count.
    let comes = async |who: &'static str, hertz: f64| {
        let before = heard(who, hertz);
        until("a tone to be heard", || async { (heard(who, hertz) > before + 25).then_some(()) }).await;
    };
    let stays_away = |who: &str, hertz: f64, before: usize| {
        let frames = heard(who, hertz) - before;
        assert!(frames < 10, "{who} heard {hertz} Hz for {frames} frames");
    };

    // An agent's call.
    let ann = at_work(&server, "ann", 120, 40);
    let settings = json!({ "retryAttempts": 0, "people": { "mode": "progressive" } });
    let campaign = sue.campaign("People", settings, &[("Ida", 30)]).await.unwrap();
    start(&sue, &campaign).await;
    ann.shows("T in call").unwrap();
    let call = only_call(&sue, &campaign, "the call", |c| c["status"] == "in_progress").await;
    let id = call["id"].as_str().unwrap().to_owned();
    let monitor = format!("/api/v1/calls/{id}/monitor");
    sue.post(&monitor, json!({ "mode": "listen" })).await.unwrap();
    comes("85", 440.0).await;
    comes("85", 800.0).await;
    stays_away("80", 1800.0, 0);
    stays_away("30", 1800.0, 0);
    sue.post(&monitor, json!({ "mode": "whisper" })).await.unwrap();
    comes("80", 1800.0).await;
    stays_away("30", 1800.0, 0);
    sue.post(&monitor, json!({ "mode": "barge" })).await.unwrap();
    comes("30", 1800.0).await;
    comes("85", 440.0).await;
    // Out again: the agent and the person go on.
    let (status, said) = sue.send(reqwest::Method::DELETE, "/api/v1/calls/monitor", None).await.unwrap();
    assert_eq!(status, 200, "{said}");
    until("the supervisor's phone to be let go", || async {
        let channels = lab.asterisk.cli("core show channels concise").ok()?;
        (!channels.contains("85@agents")).then_some(())
    })
    .await;
    comes("30", 800.0).await;
    // Taken over, on a phone of her own: the agent is out.
    sue.post("/api/v1/agents/log-in", json!({ "phone": "nailed_up" })).await.unwrap();
    until("her phone to be up", || async {
        let agents = sue.get("/api/v1/agents/floor").await.ok()?;
        let up = |a: &Value| a["name"] == "sue" && a["phoneUp"] == true;
        agents["agents"].as_array()?.iter().any(up).then_some(())
    })
    .await;
    sue.post(&format!("/api/v1/calls/{id}/take-over"), json!({})).await.unwrap();
    ann.shows("What came of it?").unwrap();
    comes("30", 1800.0).await;
    comes("85", 440.0).await;
    let before = heard("30", 800.0);
    comes("30", 1800.0).await;
    stays_away("30", 800.0, before);
    sue.post(&format!("/api/v1/calls/{id}/hangup"), json!({})).await.unwrap();
    only_call(&sue, &campaign, "it to be over", |c| c["status"] == "completed").await;
    sue.post(&format!("/api/v1/calls/{id}/disposition"), json!({ "disposition": "SALE" })).await.unwrap();

    // An AI caller's call, with somebody who is a tone: heard by the supervisor, who is heard once they barge in.
    let (status, said) =
        sue.send(reqwest::Method::POST, "/api/v1/agents/log-out", Some(json!({}))).await.unwrap();
    assert_eq!(status, 200, "{said}");
    let settings = json!({ "callIntervalMs": 0, "retryAttempts": 0 });
    let campaign = sue.campaign("Machines", settings, &[("Ivo", 13)]).await.unwrap();
    start(&sue, &campaign).await;
    let call = only_call(&sue, &campaign, "the call", |c| c["status"] == "in_progress").await;
    let monitor = format!("/api/v1/calls/{}/monitor", call["id"].as_str().unwrap());
    let (status, said) =
        sue.send(reqwest::Method::POST, &monitor, Some(json!({ "mode": "whisper" }))).await.unwrap();
    assert_eq!(status, 409, "{said}");
    sue.post(&monitor, json!({ "mode": "barge" })).await.unwrap();
    comes("13", 1800.0).await;
    let voiced = || {
        let heard = lab.asterisk.recording("hear-85").unwrap_or_default();
        heard.chunks(160).filter(|f| f.iter().any(|s| s.unsigned_abs() > 1000)).count()
    };
    until("the AI caller to be heard", || async { (voiced() > 10).then_some(()) }).await;
    only_call(&sue, &campaign, "it to be over", |c| c["status"] == "completed").await;
    until("all phones but ann's to be let go", || async {
        let channels = lab.asterisk.cli("core show channels concise").ok()?;
        (!channels.contains("85@agents")).then_some(())
    })
    .await;
    server.stop().unwrap();
}
