//! `dialdeck agent …` and `dialdeck why`

use super::{Client, text};
use crate::args::{AgentCommand, Server};
use crate::plain;
use color_eyre::eyre::{Result, eyre};
use reqwest::Method;
use serde_json::{Value, json};

pub async fn run(server: &Server, command: &AgentCommand) -> Result<()> {
    let client = Client::log_in(server).await?;
    match command {
        AgentCommand::List { json } => {
            let answer = Client::json(client.request(Method::GET, "/api/v1/agents/floor")?).await?;
            if *json {
                println!("{answer}");
                return Ok(());
            }
            let rows = answer["agents"].as_array().cloned().unwrap_or_default();
            if rows.is_empty() {
                println!("nobody is logged in as an agent");
            }
            for row in rows {
                let phone = if row["phoneUp"] == json!(true) { "" } else { "✗ " };
                println!(
                    "{:<20} {:<10} {:<8} {:>4} calls  {phone}{}",
                    plain::fit(&text(&row, "name"), 20),
                    text(&row, "state"),
                    text(&row, "pauseCode"),
                    row["calls"],
                    text(&row, "extension")
                );
            }
            Ok(())
        }
        AgentCommand::Add { agent: user, extension, name } => {
            let users = Client::json(client.request(Method::GET, "/api/v1/users?limit=1000")?).await?;
            let users = users["users"].as_array().cloned().unwrap_or_default();
            let found = users.iter().find(|row| row["name"] == json!(user));
            let found =
                found.ok_or_else(|| eyre!("there is no user {user:?}; dialdeckd user add makes one"))?;
            let name = name.as_deref().unwrap_or(user);
            let body =
                json!({ "name": name, "kind": "human", "userId": found["id"], "extension": extension });
            let made = Client::json(client.request(Method::POST, "/api/v1/agents")?.json(&body)).await?;
            println!("{} answers {}", text(&made, "name"), text(&made, "extension"));
            Ok(())
        }
        AgentCommand::Pause { agent, code } => steer(&client, agent, "pause", json!({ "code": code })).await,
        AgentCommand::Ready { agent } => steer(&client, agent, "ready", json!({})).await,
        AgentCommand::LogOut { agent } => steer(&client, agent, "log-out", json!({})).await,
    }
}

async fn steer(client: &Client, name: &str, verb: &str, mut body: Value) -> Result<()> {
    let answer = Client::json(client.request(Method::GET, "/api/v1/agents/floor")?).await?;
    let rows = answer["agents"].as_array().cloned().unwrap_or_default();
    let row = rows.iter().find(|row| row["name"] == json!(name));
    let row =
        row.ok_or_else(|| eyre!("{name:?} is not logged in as an agent; dialdeck agent list shows who is"))?;
    body["userId"] = row["userId"].clone();
    let request = client.request(Method::POST, &format!("/api/v1/agents/{verb}"))?.json(&body);
    println!("{}", text(&Client::json(request).await?, "message"));
    Ok(())
}

/// Why was this number called, or not?
pub async fn why(server: &Server, number: &str) -> Result<()> {
    let client = Client::log_in(server).await?;
    let request = client.request(Method::GET, "/api/v1/decisions")?.query(&[("phone", number)]);
    let answer = Client::json(request).await?;
    if answer["onDoNotCallList"] == json!(true) {
        println!("{} is on the do-not-call list: it is never called", text(&answer, "phone"));
    }
    let decisions = answer["decisions"].as_array().cloned().unwrap_or_default();
    if decisions.is_empty() {
        println!("{}: nothing was decided about it yet", text(&answer, "phone"));
    }
    for decision in decisions {
        let line = format!(
            "{} {}: {}",
            text(&decision, "decided_at"),
            text(&decision, "rule"),
            text(&decision, "reason")
        );
        println!("{}", plain::line(&line));
    }
    Ok(())
}
