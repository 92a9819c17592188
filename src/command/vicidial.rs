//! `dialdeck vicidial …`: any function of a VICIdial, its floor, its log, and a test of it.

use super::{Client, ask, text};
use crate::args::{Server, VicidialArgs};
use crate::plain;
use color_eyre::eyre::{Result, bail, eyre};
use dialdeck_protocol::function::{Api, Function, Kind, Need};
use dialdeck_protocol::vicidial::{VicidialAnswer, function, functions};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub async fn run(server: &Server, args: &VicidialArgs) -> Result<()> {
    match args.function.as_deref() {
        None => {
            list();
            Ok(())
        }
        Some("floor") => floor(server, args).await,
        Some("log") => log(server, args).await,
        Some("test") => test(server, args).await,
        Some("sync") => super::vicidial_sync::run(server, args).await,
        Some("import") => super::vicidial_import::run(server, args).await,
        Some(name) => call(server, args, name).await,
    }
}

/// Every function with what it does; needs no server.
fn list() {
    for (api, heading) in [(Api::Agent, "Agents"), (Api::NonAgent, "Leads, lists, campaigns, users, reports")]
    {
        println!("{heading}");
        for function in functions().filter(|function| function.api == api) {
            println!("  {:<26} {}", function.name, function.what);
        }
    }
    println!(
        "\nAlso: floor, log, test, sync (leads kept the same as contacts), and import FILE (leads from a CSV file). Arguments are name=value; `dialdeck vicidial FUNCTION help` lists a function's."
    );
}

pub(super) fn describe(function: &Function) {
    println!("{}: {}", function.name, function.what);
    for arg in function.arguments() {
        let need = match arg.need {
            Need::Must => "must",
            Need::OneOf => "one of these",
            Need::May => "",
        };
        let words = match arg.kind {
            Kind::Word(words) => words.join(", "),
            Kind::Digits => "digits".into(),
            Kind::Phone | Kind::Number => "a number".into(),
            Kind::Date => "a day, 2026-11-20".into(),
            Kind::DateTime => "a time, 2026-11-20 12:00:00".into(),
            Kind::Secret => "- reads it from the terminal".into(),
            Kind::Text => String::new(),
        };
        println!("  {:<26} {need:<13} {words}", arg.name);
    }
    if function.open {
        println!("  and custom fields by their names");
    }
}

pub(super) fn arguments(function: &Function, given: &[String]) -> Result<BTreeMap<String, String>> {
    let mut args = BTreeMap::new();
    for pair in given {
        let (name, value) =
            pair.split_once('=').ok_or_else(|| eyre!("{pair:?} is no argument; write it as name=value"))?;
        let secret = function.argument(name).is_some_and(|arg| arg.kind == Kind::Secret);
        let value = match value {
            // What stands on the command line can be seen by everybody on the machine.
            "-" if secret => rpassword::prompt_password(format!("{name}: "))?,
            value => value.to_owned(),
        };
        if args.insert(name.to_owned(), value).is_some() {
            bail!("{name} is given twice");
        }
    }
    Ok(args)
}

async fn call(server: &Server, given: &VicidialArgs, name: &str) -> Result<()> {
    let function = function(name)
        .ok_or_else(|| eyre!("{name:?} is no function of VICIdial's; `dialdeck vicidial` lists them"))?;
    if given.args.first().is_some_and(|first| first == "help") {
        describe(function);
        return Ok(());
    }
    let args = arguments(function, &given.args)?;
    if function.asks && !given.yes {
        let shown: Vec<String> =
            args.iter().map(|(name, value)| format!("{name} {}", plain::line(value))).collect();
        let said = ask(&format!("{name}: {}? (y/n; --yes does not ask)", shown.join(", ")))?;
        if !said.eq_ignore_ascii_case("y") {
            bail!("nothing was done");
        }
    }
    let client = Client::log_in(server).await?;
    let on = which(&client, &given.vicidial).await?;
    let path = format!("/api/v1/vicidial/{on}/functions/{name}");
    let request = client.request(Method::POST, &path)?.json(&json!({ "args": args, "wait": !given.no_wait }));
    let answer = Client::json(request).await?;
    if given.json {
        println!("{answer}");
        return Ok(());
    }
    let answer: VicidialAnswer = serde_json::from_value(answer)?;
    for notice in &answer.notices {
        eprintln!("! {}", plain::line(notice));
    }
    println!("{}", plain::line(&answer.message));
    print_rows(&answer.columns, &answer.rows);
    if answer.progress == dialdeck_protocol::vicidial::Progress::NotTaken {
        bail!("no agent screen took it within five seconds; is the agent's browser open?");
    }
    Ok(())
}

fn print_rows(columns: &[String], rows: &[Vec<String>]) {
    if let [row] = rows {
        for (name, cell) in columns.iter().zip(row).filter(|(_, cell)| !cell.is_empty()) {
            println!("{:<26} {}", plain::line(name), plain::line(cell));
        }
        return;
    }
    if rows.is_empty() {
        return;
    }
    println!("{}", columns.join("\t"));
    for row in rows {
        println!("{}", row.iter().map(|cell| plain::line(cell)).collect::<Vec<_>>().join("\t"));
    }
}

/// The VICIdial that was named, or the only one.
pub(super) async fn which(client: &Client, named: &str) -> Result<String> {
    if !named.is_empty() {
        return Ok(named.to_owned());
    }
    let answer = Client::json(client.request(Method::GET, "/api/v1/vicidial")?).await?;
    let rows = answer["vicidials"].as_array().cloned().unwrap_or_default();
    let names: Vec<String> = rows.iter().map(|row| text(row, "name")).collect();
    match &names[..] {
        [] => bail!("the server has no VICIdial; docs/VICIDIAL.md says how to connect one"),
        [only] => Ok(only.clone()),
        many if many.iter().any(|name| name == "main") => Ok("main".into()),
        many => bail!("say which with --on: {}", many.join(", ")),
    }
}

async fn floor(server: &Server, given: &VicidialArgs) -> Result<()> {
    let client = Client::log_in(server).await?;
    let on = which(&client, &given.vicidial).await?;
    let answer = Client::json(client.request(Method::GET, &format!("/api/v1/vicidial/{on}/floor"))?).await?;
    if given.json {
        println!("{answer}");
        return Ok(());
    }
    if let Some(trouble) = answer["trouble"].as_str().filter(|trouble| !trouble.is_empty()) {
        eprintln!("! {}", plain::line(trouble));
    }
    let now = answer["now"].as_i64().unwrap_or(0);
    let rows = |name: &str| answer[name].as_array().cloned().unwrap_or_default();
    for agent in rows("agents") {
        let since = now - agent["since"].as_i64().unwrap_or(now);
        println!(
            "{:<10} {:<18} {:<8} {:>6} s  {:<8} {:<12} {}",
            text(&agent, "user"),
            plain::fit(&text(&agent, "name"), 18),
            text(&agent, "state"),
            since.max(0),
            text(&agent, "pause_code"),
            text(&agent, "campaign"),
            text(&agent, "phone"),
        );
    }
    for campaign in rows("campaigns") {
        println!(
            "{:<10} level {:<6} hopper {:<5} dropped {:.2} % of {:.1}",
            text(&campaign, "id"),
            campaign["level"],
            campaign["hopper"],
            campaign["drop_percent"].as_f64().unwrap_or(0.0),
            campaign["drop_limit"].as_f64().unwrap_or(0.0),
        );
    }
    Ok(())
}

async fn log(server: &Server, given: &VicidialArgs) -> Result<()> {
    let client = Client::log_in(server).await?;
    let answer = Client::json(client.request(Method::GET, "/api/v1/vicidial-log?limit=50")?).await?;
    if given.json {
        println!("{answer}");
        return Ok(());
    }
    let rows = answer["exchanges"].as_array().cloned().unwrap_or_default();
    for row in rows.iter().rev() {
        let class = row["class"].as_str().unwrap_or("ok");
        println!("{} {} {} {} ms", text(row, "at"), text(row, "function"), plain::line(class), row["ms"]);
        println!("  > {}\n  < {}", text(row, "request"), text(row, "answer"));
    }
    Ok(())
}

async fn test(server: &Server, given: &VicidialArgs) -> Result<()> {
    let client = Client::log_in(server).await?;
    let on = which(&client, &given.vicidial).await?;
    let request = client.request(Method::POST, &format!("/api/v1/vicidial/{on}/test"))?.json(&Value::Null);
    println!("{}", text(&Client::json(request).await?, "message"));
    Ok(())
}
