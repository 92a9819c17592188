//! `dialdeck call test`: one's own number first.

use super::{Client, campaign, text};
use crate::args::{CallCommand, Server};
use crate::{ending, plain};
use chrono::Utc;
use color_eyre::eyre::{Result, bail, eyre};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

/// How long the server may take to start the queue, and to stop it.
const PATIENCE: Duration = Duration::from_secs(10);

/// The campaign in which test calls are kept.
const CAMPAIGN: &str = "Test calls";

pub async fn run(server: &Server, CallCommand::Test { number, from }: &CallCommand) -> Result<()> {
    let client = Client::log_in(server).await?;
    let caller_id = campaign::number_id(&client, from).await?;
    let id = prepare(&client, &caller_id).await?;
    let contact = add(&client, &id, number).await?;
    let given_up = ending::asked()?;
    let body = json!({ "campaignId": id, "phoneNumberId": caller_id });
    let start = client.request(Method::POST, "/api/v1/calls/automated/start")?.json(&body).timeout(PATIENCE);
    let called = async {
        Client::json(start).await?;
        println!(
            "calling {number}; answer, and talk to it (9 on the keypad is \"never again\"); ctrl-c gives up"
        );
        watch(&client, &id, &contact).await
    };
    // Whoever gives up does not want to be called later, when the queue can.
    let outcome = tokio::select! {
        outcome = called => outcome,
        _ = given_up => Err(eyre!("given up; a call that is under way ends when its phone is put down")),
    };
    let body = json!({ "campaignId": id });
    let stop = client.request(Method::POST, "/api/v1/calls/automated/stop")?.json(&body).timeout(PATIENCE);
    if let Err(error) = Client::json(stop).await {
        let why = outcome.err().map(|why| format!("{why}; ")).unwrap_or_default();
        bail!("{why}the queue of {CAMPAIGN:?} may still run, stop it by hand: {error}");
    }
    outcome
}

/// The campaign of test calls, made the first time.
async fn prepare(client: &Client, caller_id: &str) -> Result<String> {
    if let Ok(id) = campaign::id(client, CAMPAIGN).await {
        return Ok(id);
    }
    let body = json!({
        "name": CAMPAIGN,
        "type": "follow-up",
        "description": "One's own numbers, called by dialdeck call test",
        "phoneNumberId": caller_id,
        "callSettings": { "retryAttempts": 0, "callIntervalMs": 0 },
    });
    Ok(text(&Client::json(client.request(Method::POST, "/api/v1/campaigns")?.json(&body)).await?, "id"))
}

/// The number as a fresh contact; gives its id.
async fn add(client: &Client, campaign: &str, number: &str) -> Result<String> {
    let path = format!("/api/v1/campaigns/{campaign}/contacts?limit=1000");
    for old in contacts(client, &path).await? {
        let path = format!("/api/v1/contacts/{}", text(&old, "id"));
        client.request(Method::DELETE, &path)?.send().await?;
    }
    let today = Utc::now().format("%Y-%m-%d").to_string();
    let consent =
        [("consent_basis", "own number"), ("consent_at", &today), ("consent_source", "dialdeck call test")];
    let path_in = format!("/api/v1/campaigns/{campaign}/contacts/import");
    let csv = format!("phone\n\"{}\"\n", plain::line(number).replace('"', ""));
    let answer =
        client.request(Method::POST, &path_in)?.query(&consent).body(csv).send().await?.text().await?;
    for line in answer.lines() {
        let json: Value = serde_json::from_str(line).unwrap_or_default();
        if let Some(why) = json.pointer("/rejected/message").and_then(Value::as_str) {
            bail!(plain::line(why));
        }
    }
    let added = contacts(client, &path).await?;
    added.first().map(|c| text(c, "id")).ok_or_else(|| eyre!("the number could not be added"))
}

async fn contacts(client: &Client, path: &str) -> Result<Vec<Value>> {
    let answer = Client::json(client.request(Method::GET, path)?).await?;
    Ok(answer["contacts"].as_array().cloned().unwrap_or_default())
}

/// Between two looks at a queue that does not call yet.
const WAITS: Duration = Duration::from_secs(2);

/// Prints what happens until the call is over, or cannot come about.
async fn watch(client: &Client, campaign: &str, contact: &str) -> Result<()> {
    let mut printed = 0;
    let mut last = String::new();
    loop {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let who = Client::json(client.request(Method::GET, &format!("/api/v1/contacts/{contact}"))?).await?;
        let path = format!("/api/v1/calls?campaign_id={campaign}&limit=1");
        let calls = Client::json(client.request(Method::GET, &path)?).await?;
        match text(&who, "status").as_str() {
            "held" => bail!(text(&who, "heldReason")),
            "do_not_call" if who["attempts"] == json!(0) => bail!("the number is on the do-not-call list"),
            "new" => {
                let queues = Client::json(client.request(Method::GET, "/api/v1/queues")?).await?;
                let of_it = |queue: &&Value| queue["campaignId"] == *campaign;
                let queue = queues["queues"].as_array().and_then(|all| all.iter().find(of_it)).cloned();
                let (state, why) = queue.map(|q| (text(&q, "state"), text(&q, "reason"))).unwrap_or_default();
                let because = if why.is_empty() { why } else { format!(": {why}") };
                say(&mut last, &format!("queue {state}{because}"));
                // It may wait for hours, and what all queues do is not for nothing.
                tokio::time::sleep(WAITS).await;
                continue;
            }
            _ => {}
        }
        let call = &calls["calls"][0];
        say(&mut last, &text(call, "status"));
        let path = format!("/api/v1/calls/{}/conversation", text(call, "id"));
        let talk = Client::json(client.request(Method::GET, &path)?).await?;
        let history = talk["conversationHistory"].as_array().cloned().unwrap_or_default();
        for exchange in &history[printed.min(history.len())..] {
            for (who, name) in [("Customer", "user_input"), ("AI", "ai_response")] {
                let words = text(exchange, name);
                if !words.is_empty() {
                    println!("{who}: {words}");
                }
            }
        }
        printed = history.len();
        if let Some(outcome) = call["outcome"].as_str() {
            println!("ended: {outcome}, {} s", call["duration"]);
            return if call["status"] == "completed" {
                Ok(())
            } else {
                Err(eyre!("the call did not come about: {outcome}"))
            };
        }
    }
}

fn say(last: &mut String, now: &str) {
    if last != now {
        println!("{now}");
        now.clone_into(last);
    }
}
