//! `dialdeck dialpad …`: Dialpad's calls, agents and reports, fetching, and what can be done at it.

use super::vicidial::{arguments, describe};
use super::{Client, ask, text};
use crate::args::{DialpadArgs, Server};
use crate::plain;
use color_eyre::eyre::{Result, bail, eyre};
use dialdeck_protocol::dialpad::{ACTIONS, Picture, Status, action_named};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

const LOOKING: &str = "\
  status                  how it stands: what is fetched, how fresh all is, how events come
  pull [from=DAY]         fetch now, and show how far it is
  activity [days=N …]     what each agent did
  calls [days=N …]        calls, newest first
  call id=ID              one call with its legs and transcript
  report from=DAY [to=DAY] [format=md|csv|html] [out=FILE]

Days: days=7, or from=2026-11-01 to=2026-11-10. Besides: department=ID agent=ID direction=inbound|outbound
status=live|completed|missed search=TEXT limit=N";

pub async fn run(server: &Server, args: &DialpadArgs) -> Result<()> {
    match args.verb.as_deref() {
        None => {
            println!("Looking\n{LOOKING}\n\nDoing");
            for action in ACTIONS {
                println!("  {:<23} {}", action.name, action.what);
            }
            println!("\nArguments are name=value; `dialdeck dialpad ACTION help` lists an action's.");
            Ok(())
        }
        Some("status") => status(&Client::log_in(server).await?, args.json).await,
        Some("pull") => pull(&Client::log_in(server).await?, &given(args)?).await,
        Some("activity") => activity(&Client::log_in(server).await?, args).await,
        Some("calls") => calls(&Client::log_in(server).await?, args).await,
        Some("call") => call(&Client::log_in(server).await?, args).await,
        Some("report") => report(&Client::log_in(server).await?, given(args)?).await,
        Some(name) => act(server, args, name).await,
    }
}

/// Arguments by name.
fn given(args: &DialpadArgs) -> Result<Vec<(String, String)>> {
    let pair = |text: &String| {
        let (name, value) =
            text.split_once('=').ok_or_else(|| eyre!("{text:?} is no argument; write it as name=value"))?;
        Ok((name.to_owned(), value.to_owned()))
    };
    args.args.iter().map(pair).collect()
}

async fn asked(client: &Client, path: &str, args: &DialpadArgs) -> Result<Value> {
    Client::json(client.request(Method::GET, path)?.query(&given(args)?)).await
}

fn line(status: &Status) -> String {
    if !status.set_up {
        return "Dialpad is not set up: DIALPAD_API_TOKEN and DIALPAD_DEPARTMENT_ID (docs/DIALPAD.md)".into();
    }
    if let Some(work) = &status.work {
        let reached =
            work.reached.map_or_else(String::new, |at| format!(", back to {}", at.format("%Y-%m-%d %H:%M")));
        let waits =
            if work.waits.is_empty() { String::new() } else { format!("; {}", plain::line(&work.waits)) };
        return format!(
            "{}: page {}, {} legs{reached}{waits}",
            plain::line(&work.department),
            work.pages + 1,
            work.calls
        );
    }
    let fetched = status
        .pulled_at
        .map_or_else(|| "never fetched".to_owned(), |at| format!("fetched {}", at.to_rfc3339()));
    match status.trouble.as_str() {
        "" => fetched,
        trouble => format!("{fetched}; {}", plain::line(trouble)),
    }
}

async fn read_status(client: &Client) -> Result<(Value, Status)> {
    let told = Client::json(client.request(Method::GET, "/api/v1/dialpad")?).await?;
    Ok((told.clone(), serde_json::from_value(told)?))
}

async fn status(client: &Client, as_json: bool) -> Result<()> {
    let (told, status) = read_status(client).await?;
    if as_json {
        println!("{told}");
        return Ok(());
    }
    println!("{}", line(&status));
    let events =
        if status.events.is_empty() { "none subscribed".to_owned() } else { plain::line(&status.events) };
    println!("events: {events}; {} taken, {} refused", status.taken, status.refused);
    Ok(())
}

/// Fetches, and tells how far it is until it is through.
async fn pull(client: &Client, given: &[(String, String)]) -> Result<()> {
    if let Some((name, _)) = given.iter().find(|(name, _)| name != "from") {
        bail!("pull has no argument {name:?}; it takes from, a day such as 2026-11-01");
    }
    let from = given.first().map(|(_, day)| day);
    let asked = client.request(Method::POST, "/api/v1/dialpad/pull")?.json(&json!({ "from": from }));
    // A round that is under way began before this was asked for: the one after it counts.
    let before: Status = serde_json::from_value(Client::json(asked).await?)?;
    let mut told = String::new();
    loop {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let (_, status) = read_status(client).await?;
        let through = status.ended > before.begun;
        let now = line(&status);
        if now != told && (status.work.is_some() || through) {
            println!("{now}");
            told = now;
        }
        if through {
            if !status.trouble.is_empty() {
                bail!("not all could be fetched; what was fetched is kept, and the rest is tried again");
            }
            return Ok(());
        }
    }
}

/// `3:07`, or `1:02:03` from an hour on; of milliseconds.
fn clock(ms: i64) -> String {
    crate::ui::clock(ms / 1000)
}

async fn activity(client: &Client, args: &DialpadArgs) -> Result<()> {
    let told = asked(client, "/api/v1/dialpad/overview", args).await?;
    if args.json {
        println!("{told}");
        return Ok(());
    }
    let picture: Picture = serde_json::from_value(told)?;
    println!("{} to {}", picture.from, picture.to);
    println!(
        "{:<24} {:>6} {:>6} {:>6} {:>6} {:>6} {:>7} {:>8} {:>6}",
        "agent", "total", "in", "out", "done", "missed", "done %", "average", "score"
    );
    let row = |name: &str, cards: &dialdeck_protocol::dialpad::Cards, score: String| {
        println!(
            "{:<24} {:>6} {:>6} {:>6} {:>6} {:>6} {:>7.1} {:>8} {:>6}",
            plain::fit(name, 24),
            cards.total,
            cards.inbound,
            cards.outbound,
            cards.completed,
            cards.missed,
            cards.efficiency() * 100.0,
            clock(cards.average_ms()),
            score
        );
    };
    for own in &picture.activity {
        row(&own.name, &own.cards, format!("{:.1}", own.score));
    }
    row("all, each call once", &picture.cards, String::new());
    println!("{}", plain::line(&picture.formula));
    Ok(())
}

async fn calls(client: &Client, args: &DialpadArgs) -> Result<()> {
    let told = asked(client, "/api/v1/dialpad/calls", args).await?;
    if args.json {
        println!("{told}");
        return Ok(());
    }
    let none = Vec::new();
    for call in told["calls"].as_array().unwrap_or(&none) {
        println!(
            "{} {:<9} {:<9} {:<20} {:<16} {:>7}  {}",
            text(call, "started_at"),
            text(call, "direction"),
            text(call, "status"),
            plain::fit(&text(call, "agent"), 20),
            text(call, "number"),
            clock(call["duration_ms"].as_i64().unwrap_or(0)),
            text(call, "id"),
        );
    }
    if let Some(next) = told["next"].as_str() {
        println!("more: after={}", plain::line(next));
    }
    Ok(())
}

async fn call(client: &Client, args: &DialpadArgs) -> Result<()> {
    let given = given(args)?;
    let Some((_, id)) = given.iter().find(|(name, _)| name == "id") else { bail!("say which: call id=ID") };
    // An id is digits: nothing else comes into the address.
    let id: i64 = id.parse().map_err(|_| eyre!("{id:?} is no id"))?;
    let told = Client::json(client.request(Method::GET, &format!("/api/v1/dialpad/calls/{id}"))?).await?;
    if args.json {
        println!("{told}");
        return Ok(());
    }
    for line in told["lines"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        println!("{}", plain::line(line));
    }
    Ok(())
}

async fn report(client: &Client, mut given: Vec<(String, String)>) -> Result<()> {
    let out = given.iter().position(|(name, _)| name == "out").map(|at| given.remove(at).1);
    if !given.iter().any(|(name, _)| name == "from") {
        bail!("say of which day: report from=2026-11-01 [to=2026-11-07]");
    }
    let answer = client.request(Method::GET, "/api/v1/dialpad/report")?.query(&given).send().await?;
    let (status, body) = (answer.status(), answer.text().await?);
    if !status.is_success() {
        bail!(super::problem(&serde_json::from_str(&body).unwrap_or_default(), status));
    }
    match out {
        Some(file) => std::fs::write(&file, body).map_err(|error| eyre!("{file}: {error}"))?,
        None => print!("{body}"),
    }
    Ok(())
}

async fn act(server: &Server, given: &DialpadArgs, name: &str) -> Result<()> {
    let Some(action) = action_named(name) else {
        bail!("{name:?} cannot be done at Dialpad; `dialdeck dialpad` lists what can");
    };
    if given.args.first().is_some_and(|first| first == "help") {
        describe(action);
        return Ok(());
    }
    let args = arguments(action, &given.args)?;
    if action.asks && !given.yes {
        let shown: Vec<String> =
            args.iter().map(|(name, value)| format!("{name} {}", plain::line(value))).collect();
        let said = ask(&format!("{name}: {}? (y/n; --yes does not ask)", shown.join(", ")))?;
        if !said.eq_ignore_ascii_case("y") {
            bail!("nothing was done");
        }
    }
    let client = Client::log_in(server).await?;
    let request = client.request(Method::POST, &format!("/api/v1/dialpad/actions/{name}"))?;
    let answer = Client::json(request.json(&json!({ "args": args }))).await?;
    if given.json {
        println!("{answer}");
    } else {
        println!("{}", text(&answer, "message"));
    }
    Ok(())
}
