//! A day of each of the people who sit at a console, on a small terminal and on a large one. The supervisor's stands in `console.rs`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends where it cannot go on"
)]

mod house;

use dialdeck_testkit::daemon::PASSWORD;
use dialdeck_testkit::terminal::Terminal;
use house::{House, console, house, run};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;

/// Escape by itself: what follows at once would make another key of it.
const ESC: &str = "\u{1b}";

fn as_user<'a>(name: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut all = vec![("DIALDECK_USER", name), ("DIALDECK_PASSWORD", PASSWORD)];
    all.extend_from_slice(more);
    all
}

fn escape(screen: &mut Terminal, gone: &str) {
    screen.press(ESC).unwrap();
    screen.until(&format!("{gone:?} to go"), |text| !text.contains(gone)).unwrap();
}

/// An agent: log-in, preview with the law's word, the script while one talks, a note, a promise to call back, a pause, a message.
async fn an_agents_day(columns: u16, rows: u16) {
    let house = house("4");
    house.setup.add_user("root", "admin").unwrap();
    house.setup.add_user("ann", "agent").unwrap();
    assert!(run(&house, "root", &["agent", "add", "ann", "--extension", "PJSIP/6001"]).0);
    let sue = house.server.log_in("sue").await.unwrap();
    let people = [("Ines", 0), ("Carl", 5)];
    let settings = json!({ "retryAttempts": 0, "people": { "mode": "preview", "wrapUpSeconds": 0 } });
    let campaign = sue.campaign("Spring", settings, &people).await.unwrap();
    let mut screen = console(&house, &as_user("ann", &[]), columns, rows);
    screen.shows("You are not logged in as an agent").unwrap();
    screen.press("i").unwrap();
    screen.shows("rung now and kept open").unwrap();
    // The phone may also be rung for each call; then it is kept open after all.
    screen.press("\t").unwrap();
    screen.shows("rung for each call. Tab: kept open").unwrap();
    screen.press("\t\r").unwrap();
    screen.shows("P paused").unwrap();
    screen.press("a").unwrap();
    screen.shows("R ready").unwrap();
    sue.post("/api/v1/calls/automated/start", json!({ "campaignId": campaign })).await.unwrap();

    // Whom to call, what the law says, and what to say first, before it is dialled.
    let offered = |text: &str| {
        text.contains("R preview") && text.contains("every rule allows it") && text.contains("▸ opening")
    };
    let text = screen.until("whom to call and what to say", offered).unwrap();
    let first = if text.contains("Ines Test") { "Ines Test" } else { "Carl Test" };
    screen.press("d").unwrap();
    screen.shows("T in call").unwrap();
    // The script: on, back, an answer to an objection and back to where one was.
    screen.press("]").unwrap();
    screen.shows("▸ pitch").unwrap();
    screen.press("[").unwrap();
    screen.shows("▸ opening").unwrap();
    screen.press(";").unwrap();
    screen.shows("▸ they say: ").unwrap();
    screen.press("]").unwrap();
    screen.shows("▸ opening").unwrap();
    // A supervisor says something meanwhile.
    let floor = sue.get("/api/v1/agents/floor").await.unwrap();
    let ann = floor["agents"][0]["userId"].as_str().unwrap().to_owned();
    let message = json!({ "userId": ann, "text": "slow down \u{1b}[2J please" });
    sue.post("/api/v1/agents/message", message).await.unwrap();
    screen.shows("sue says: slow down").unwrap();
    screen.press("X").unwrap();
    screen.shows("What came of it?").unwrap();

    // They are to be called back: a note of two lines first, then a time, chosen in the calendar where they are.
    screen.press("e").unwrap();
    screen.shows("Call back").unwrap();
    screen.press("\t").unwrap();
    screen.shows("alt-Enter a new line").unwrap();
    screen.press("after lunch").unwrap();
    screen.shows("note: after lunch").unwrap();
    // A terminal sends alt-Enter as escape and Enter together.
    screen.press("\u{1b}\rasks for a price").unwrap();
    screen.shows("asks for a price").unwrap();
    // The call back is the third; the first is selected.
    screen.press("\u{1b}[B\u{1b}[B\r").unwrap();
    screen.shows("Call back when?").unwrap();
    screen.press("blub\r").unwrap();
    screen.shows("is no time").unwrap();
    screen.press(&"\u{7f}".repeat(4)).unwrap();
    screen.press("tomorrow 3pm").unwrap();
    screen.until("it to be understood", |text| text.contains("= ") && text.contains("15:00")).unwrap();
    // A day later and half an hour later, by keys.
    screen.press("\u{1b}[C\u{1b}[6~").unwrap();
    screen.until("half past three", |text| text.contains("15:30") && text.contains('<')).unwrap();
    screen.press("\r").unwrap();
    let second = if first == "Ines Test" { "Carl Test" } else { "Ines Test" };
    screen.until("the next one", |text| text.contains("R preview") && text.contains(second)).unwrap();

    // What was promised stands among the callbacks, with its note.
    screen.press("6").unwrap();
    screen.until("the promise", |text| text.contains("Callbacks 1") && text.contains(first)).unwrap();
    // Dialled by hand: what the law says is told first.
    screen.press("d").unwrap();
    let asked =
        |text: &str| text.contains(&format!("Call {first}")) && text.contains("✓ every rule allows it");
    screen.until("the question with the law's word", asked).unwrap();
    screen.press("n").unwrap();
    screen.until("the question to go", |text| !text.contains(&format!("Call {first}"))).unwrap();
    screen.press("3").unwrap();
    screen.shows("My seat").unwrap();

    // A pause with a code, and out.
    screen.press("p").unwrap();
    screen.until("the pause", |text| text.contains("P paused") || text.contains("Pause · key")).unwrap();
    if screen.text().contains("Pause · key") {
        screen.press("\r").unwrap();
    }
    screen.shows("P paused").unwrap();
    screen.press("o").unwrap();
    screen.shows("Log ann out?").unwrap();
    screen.press("y").unwrap();
    screen.shows("You are not logged in as an agent").unwrap();
    let calls = sue.calls(&campaign).await.unwrap();
    let said: Vec<&Value> = calls.iter().filter(|call| !call["disposition"].is_null()).collect();
    assert_eq!(said.len(), 1, "{calls:?}");
    screen.press("q").unwrap();
    assert!(screen.ended().unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agents_day_on_a_small_screen() {
    an_agents_day(80, 24).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agents_day_on_a_large_screen() {
    an_agents_day(200, 60).await;
}

/// Somebody who takes what a webhook is sent, and answers once.
fn receiver() -> (String, std::thread::JoinHandle<String>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let taken = std::thread::spawn(move || {
        let (mut line, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(line.try_clone().unwrap());
        let (mut head, mut length) = (String::new(), 0);
        loop {
            let mut row = String::new();
            reader.read_line(&mut row).unwrap();
            if row.trim().is_empty() {
                break;
            }
            if let Some(value) = row.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            head.push_str(&row);
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        line.write_all(b"HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n").unwrap();
        head + &String::from_utf8_lossy(&body)
    });
    (url, taken)
}

/// Ops: is it well, what does it say, what was done, what is it connected to; a webhook made, tried and taken away; caller IDs.
async fn an_operators_day(columns: u16, rows: u16) {
    let house = house("4");
    house.setup.add_user("root", "admin").unwrap();
    let sue = house.server.log_in("sue").await.unwrap();
    sue.campaign("Spring", json!({}), &[("Ines", 0)]).await.unwrap();
    let conf = house.home.path().join("ops");
    let conf = conf.to_string_lossy().into_owned();
    let mut screen = console(&house, &as_user("root", &[("XDG_CONFIG_HOME", &conf)]), columns, rows);
    screen.shows("root · admin").unwrap();

    // The layout for ops, kept: the next console begins with it.
    screen.press(",").unwrap();
    screen.shows("next layout").unwrap();
    screen.press("l").unwrap();
    screen.shows("layout agent").unwrap();
    screen.press(",l").unwrap();
    screen.shows("layout ops").unwrap();
    screen.until("the server", |text| text.contains("database") && text.contains("What was done")).unwrap();
    screen.press(",w").unwrap();
    screen.shows("is saved in").unwrap();
    screen.until("what was done", |text| text.contains("campaign.create")).unwrap();

    // A webhook: what is wrong is told and stays to be mended; its secret is shown once; it is tried, and taken away.
    screen.press("0").unwrap();
    screen.shows("connectors").unwrap();
    screen.press("c").unwrap();
    screen.shows("Connectors ").unwrap();
    screen.shows("asterisk").unwrap();
    let (url, taken) = receiver();
    screen.press("+").unwrap();
    screen.shows("A connector of which kind?").unwrap();
    screen.press("w").unwrap();
    screen.shows("webhook · Enter sends").unwrap();
    screen.press("\r").unwrap();
    screen.shows("name must be given").unwrap();
    screen.press("crm\tftp://nowhere\r").unwrap();
    screen.shows("url must be an address").unwrap();
    // What was typed is mended, not typed again.
    screen.press(&format!("\u{15}{url}\tcall_ended\r")).unwrap();
    screen.shows("The webhook crm is made").unwrap();
    screen.shows("Dialdeck-Signature").unwrap();
    escape(&mut screen, "Dialdeck-Signature");
    screen.shows("crm").unwrap();
    screen.press("/crm\r").unwrap();
    screen.until("only the webhook", |text| text.contains("Connectors 1")).unwrap();
    screen.press("V").unwrap();
    screen.shows("it answered 204").unwrap();
    let sent = taken.join().unwrap();
    assert!(sent.contains("dialdeck-signature: t=") && sent.contains("\"type\":\"ping\""), "{sent}");
    screen.press("-").unwrap();
    screen.shows("Take the webhook crm away?").unwrap();
    screen.press("y").unwrap();
    screen.shows("is taken away").unwrap();
    screen.shows("No connector matches the filter").unwrap();
    escape(&mut screen, "/crm");

    // A caller ID: a number that is none is told; added, changed, and one that is used is not removed.
    screen.press("0n").unwrap();
    screen.shows("Caller IDs 1").unwrap();
    screen.press("+").unwrap();
    screen.shows("caller ID · Enter sends").unwrap();
    screen.press("12\r").unwrap();
    screen.until("it to be refused in the form", |text| text.contains("phone \"12\" is")).unwrap();
    screen.press("\u{15}+13125550188\tSpare\r").unwrap();
    screen.until("two of them", |text| text.contains("Caller IDs 2") && text.contains("Spare")).unwrap();
    screen.press("/0188\r").unwrap();
    screen.shows("Caller IDs 1 /0188").unwrap();
    screen.press("-").unwrap();
    screen.shows("Remove the caller ID +13125550188").unwrap();
    screen.press("y").unwrap();
    screen.shows("the caller ID is removed").unwrap();
    escape(&mut screen, "/0188");
    screen.shows("Caller IDs 1").unwrap();
    screen.press("-y").unwrap();
    screen.shows("a campaign calls from this number").unwrap();

    // The server goes while one looks, and comes back: the next console begins where this one was left.
    screen.press("q").unwrap();
    assert!(screen.ended().unwrap());
    let mut again = console(&house, &as_user("root", &[("XDG_CONFIG_HOME", &conf)]), columns, rows);
    again
        .until("the server", |text| text.contains("Dialdeck server") && text.contains("phone_number"))
        .unwrap();
    let House { server, setup, home } = house;
    server.stop().unwrap();
    again.shows("NOT CONNECTED").unwrap();
    again.press("0c").unwrap();
    again.press("+").unwrap();
    again.shows("the server is not there").unwrap();
    let server = setup.start(&["serve"]).unwrap();
    again.until("the connection", |text| !text.contains("NOT CONNECTED")).unwrap();
    again.press("q").unwrap();
    assert!(again.ended().unwrap());
    drop((server, home));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operators_day_on_a_small_screen() {
    an_operators_day(80, 24).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operators_day_on_a_large_screen() {
    an_operators_day(200, 60).await;
}

/// A power user: own keys, bound on the screen and in a file; columns, sorting and layouts; the pace of a campaign; what calls teach;
/// a conversation once more; calls into a file.
async fn a_power_users_day(columns: u16, rows: u16) {
    let house = house("20");
    let sue = house.server.log_in("sue").await.unwrap();
    let settings = json!({
        "maxConcurrentCalls": 3, "callIntervalMs": 0, "retryAttempts": 0,
    });
    let campaign = sue.campaign("Spring", settings, &[("Ines", 0), ("Olga", 1), ("日本", 15)]).await.unwrap();
    sue.post("/api/v1/calls/automated/start", json!({ "campaignId": campaign })).await.unwrap();
    dialdeck_testkit::wait::until("three calls to be over", || async {
        let calls = sue.calls(&campaign).await.ok()?;
        let over = |call: &Value| call["status"] == "completed";
        (calls.len() == 3 && calls.iter().all(over)).then_some(())
    })
    .await;
    let conf = house.home.path().join("power");
    let own = conf.join("dialdeck");
    std::fs::create_dir_all(&own).unwrap();
    std::fs::write(own.join("keymap.toml"), "# mine\n[[bind]]\nkeys = [\"ctrl-y\"]\naction = \"help\"\n")
        .unwrap();
    let conf = conf.to_string_lossy().into_owned();
    let mut screen = console(&house, &as_user("sue", &[("XDG_CONFIG_HOME", &conf)]), columns, rows);
    screen.shows("Spring").unwrap();

    // A key is bound in the palette: what it was until now is said before; the file keeps its comments.
    screen.press(":view.dashboard").unwrap();
    screen.shows("view.dashboard").unwrap();
    screen.press("\u{2}").unwrap();
    screen.shows("Keys for view.dashboard").unwrap();
    screen.press("2").unwrap();
    screen.shows("2 is view.history until now").unwrap();
    screen.press("\u{7f}").unwrap();
    screen.press("Zd").unwrap();
    screen.shows("> Z d").unwrap();
    screen.press("\r").unwrap();
    screen.shows("Z d is view.dashboard now").unwrap();
    let text = std::fs::read_to_string(own.join("keymap.toml")).unwrap();
    assert!(text.starts_with("# mine") && text.contains("ctrl-y") && text.contains("Z d"), "{text}");
    screen.press("Z").unwrap();
    screen.shows("Z Z …").unwrap();
    screen.press("d").unwrap();
    screen.shows("Campaigns today").unwrap();
    screen.press("1").unwrap();
    screen.shows("▸ Campaigns").unwrap();

    // A mistake in a file is told, where and what; mended, it is taken.
    std::fs::write(own.join("layouts.toml"), "[[layout]]\nname = 'mine'\nview = 'flor'\n").unwrap();
    screen.shows("layouts.toml: layout \"mine\", view: \"flor\" is no view").unwrap();
    std::fs::remove_file(own.join("layouts.toml")).unwrap();
    screen.shows("your settings were read again").unwrap();

    // The pace of a campaign without agents: only how many calls at a time.
    screen.press("\u{10}").unwrap();
    screen.shows("campaign.pace · Enter sends").unwrap();
    screen.press("\u{7f}0\r").unwrap();
    screen.shows("use a whole number").unwrap();
    screen.press("\u{7f}7\r").unwrap();
    screen.shows("at most 7 calls").unwrap();

    looking_back(&mut screen, &own);
    let file = house.home.path().join("calls.jsonl");
    into_a_file(&mut screen, &file);

    // What the calls teach.
    screen.press("0l").unwrap();
    screen
        .until("what calls teach", |text| {
            text.contains("WHERE CONVERSATIONS END")
                && text.contains("closings.")
                && text.contains("the shipped script")
        })
        .unwrap();
    screen.press("q").unwrap();
    assert!(screen.ended().unwrap());
}

/// The history with other columns, sorted, and one of its conversations once more.
fn looking_back(screen: &mut Terminal, own: &Path) {
    screen.press("2").unwrap();
    screen.until("the history", |text| text.contains("History 3") && text.contains("Olga")).unwrap();
    screen.press(",c").unwrap();
    screen.shows("Columns of history").unwrap();
    screen.press(" jjjs\r").unwrap();
    screen.until("another table", |text| text.contains("▲TIME") && !text.contains("WHEN")).unwrap();
    screen.press(",s").unwrap();
    screen.shows("▼TIME").unwrap();
    screen.press(",v").unwrap();
    screen.shows("beside each other").unwrap();
    screen.press(",w").unwrap();
    screen.shows("is saved in").unwrap();
    assert!(std::fs::read_to_string(own.join("layouts.toml")).unwrap().contains("history = \"-time\""));

    // A conversation once more, faster, and over.
    screen.press("/^Ines\r").unwrap();
    screen.shows("History 1").unwrap();
    screen.press("\r").unwrap();
    screen.shows("Customer").unwrap();
    screen.press(".").unwrap();
    screen
        .until("it from its beginning", |text| text.contains("▶ 1×") && !text.contains("Customer  "))
        .unwrap();
    screen.press(">>>>").unwrap();
    screen.until("it to be over", |text| !text.contains('▶') && text.contains("Customer")).unwrap();
    screen.press(ESC).unwrap();
    screen.until("the filter to go", |text| !text.contains("/^Ines")).unwrap();
}

/// Only some of the calls, into a file; one that is there is left alone.
fn into_a_file(screen: &mut Terminal, file: &Path) {
    screen.press("F").unwrap();
    screen.shows("Which calls of the past?").unwrap();
    screen.press("Ines\r").unwrap();
    screen.shows("History 1 · Ines").unwrap();
    let typed = file.to_string_lossy().into_owned();
    screen.press("O").unwrap();
    screen.shows("into which file?").unwrap();
    screen.press(&"\u{7f}".repeat(20)).unwrap();
    screen.press(&format!("{typed}\r")).unwrap();
    screen.shows("is written").unwrap();
    let lines = std::fs::read_to_string(file).unwrap();
    assert!(lines.lines().count() == 1 && lines.contains("Ines"), "{lines}");
    screen.press("O").unwrap();
    screen.shows("into which file?").unwrap();
    screen.press(&"\u{7f}".repeat(20)).unwrap();
    screen.press(&format!("{typed}\r")).unwrap();
    screen.shows("it is there already").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_power_users_day_on_a_small_screen() {
    a_power_users_day(80, 24).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_power_users_day_on_a_large_screen() {
    a_power_users_day(200, 60).await;
}
