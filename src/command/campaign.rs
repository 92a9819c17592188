//! `dialdeck campaign …`

use super::{Client, table, text};
use crate::args::{CampaignCommand, Server};
use color_eyre::eyre::{Result, eyre};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub async fn run(server: &Server, command: &CampaignCommand) -> Result<()> {
    let client = Client::log_in(server).await?;
    match command {
        CampaignCommand::List => {
            let campaigns = list(&client).await?;
            if campaigns.is_empty() {
                println!("no campaigns yet: dialdeck campaign create NAME --from NUMBER");
            }
            for campaign in campaigns {
                println!(
                    "{}  {:<10} {}",
                    text(&campaign, "id"),
                    text(&campaign, "status"),
                    text(&campaign, "name")
                );
            }
        }
        CampaignCommand::Create { name, kind, from } => {
            let mut body = json!({ "name": name, "type": kind });
            if let Some(from) = from {
                body["phoneNumberId"] = json!(number_id(&client, from).await?);
            }
            let made = Client::json(client.request(Method::POST, "/api/v1/campaigns")?.json(&body)).await?;
            println!("made {} ({})", text(&made, "name"), text(&made, "id"));
        }
        CampaignCommand::Carrier { campaign, agents, vicidial, pause_code, fallback_to_ai, none } => {
            let carrier = if *none {
                Value::Null
            } else {
                json!({ "vicidial": vicidial, "tiers": tiers(agents)?, "pauseCode": pause_code, "fallbackToAi": fallback_to_ai })
            };
            let path = format!("/api/v1/campaigns/{}", id(&client, campaign).await?);
            let body = json!({ "callSettings": { "carrier": carrier } });
            Client::json(client.request(Method::PATCH, &path)?.json(&body)).await?;
            if *none {
                println!("{campaign}: carried by our own telephony");
            } else {
                println!("{campaign}: VICIdial {vicidial} dials for its agents");
            }
        }
        CampaignCommand::Agents {
            campaign,
            mode,
            abandon_message,
            lines,
            wrap_up,
            default_disposition,
            hand_over,
            transfer_to,
            attended,
        } => {
            let mut settings = json!({});
            let mut people = json!({});
            for (name, value) in [
                ("mode", mode.clone().filter(|mode| mode != "none").map(Value::from)),
                ("abandonMessage", abandon_message.clone().map(Value::from)),
                ("wrapUpSeconds", wrap_up.map(Value::from)),
                ("defaultDisposition", default_disposition.clone().map(Value::from)),
            ] {
                if let Some(value) = value {
                    people[name] = value;
                }
            }
            if mode.as_deref() == Some("none") {
                settings["people"] = Value::Null;
            } else if people != json!({}) {
                settings["people"] = people;
            }
            if let Some(lines) = lines {
                settings["maxConcurrentCalls"] = json!(lines);
            }
            match hand_over.as_deref() {
                Some("yes") => settings["handOver"] = json!(true),
                Some("no") => settings["handOver"] = json!(false),
                Some(other) => return Err(eyre!("--hand-over is {other:?}; use yes or no")),
                None => {}
            }
            match transfer_to.as_deref() {
                Some("none") => settings["transfer"] = Value::Null,
                Some("agents") => settings["transfer"] = json!({ "to": "", "attended": attended }),
                Some(phone) => settings["transfer"] = json!({ "to": phone, "attended": attended }),
                None => {}
            }
            let path = format!("/api/v1/campaigns/{}", id(&client, campaign).await?);
            let body = json!({ "callSettings": settings });
            let saved = Client::json(client.request(Method::PATCH, &path)?.json(&body)).await?;
            println!("{} is set so:", text(&saved, "name"));
            table::print_one(&saved["callSettings"], false)?;
        }
    }
    Ok(())
}

/// `1001,1002` or `sales=1001,1002`, each a tier.
fn tiers(given: &[String]) -> Result<BTreeMap<String, Vec<String>>> {
    let mut tiers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for one in given {
        let (tier, users) = one.split_once('=').unwrap_or(("all", one));
        let users = users.split(',').map(|user| user.trim().to_owned()).filter(|user| !user.is_empty());
        tiers.entry(tier.trim().to_owned()).or_default().extend(users);
    }
    if tiers.values().all(Vec::is_empty) {
        return Err(eyre!("say whose calls they are: --agents 1001,1002 (VICIdial's users), or --none"));
    }
    Ok(tiers)
}

/// All campaigns.
pub async fn list(client: &Client) -> Result<Vec<Value>> {
    let answer = Client::json(client.request(Method::GET, "/api/v1/campaigns")?).await?;
    Ok(answer["campaigns"].as_array().cloned().unwrap_or_default())
}

/// The id of a campaign by its name or id.
pub async fn id(client: &Client, wanted: &str) -> Result<String> {
    let found: Vec<Value> = list(client)
        .await?
        .into_iter()
        .filter(|c| c["id"] == json!(wanted) || c["name"] == json!(wanted))
        .collect();
    match &found[..] {
        [one] => Ok(text(one, "id")),
        [] => Err(eyre!("there is no campaign {wanted:?}; dialdeck campaign list shows them")),
        _ => Err(eyre!("several campaigns are called {wanted:?}; give the id")),
    }
}

/// The id of one of our caller IDs, by the number or the id.
pub async fn number_id(client: &Client, wanted: &str) -> Result<String> {
    let answer = Client::json(client.request(Method::GET, "/api/v1/phone-numbers")?).await?;
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let numbers = answer["phoneNumbers"].as_array().cloned().unwrap_or_default();
    // A number may be written without its country code, but not so short that it could be another.
    let known = |n: &&Value| {
        let (ours, given) = (digits(&text(n, "number")), digits(wanted));
        text(n, "id") == wanted || given.len() >= 7 && ours.ends_with(&given)
    };
    let found: Vec<&Value> = numbers.iter().filter(known).collect();
    match found[..] {
        [one] => Ok(text(one, "id")),
        [] => Err(eyre!("{wanted:?} is none of our caller IDs; add it: dialdeck number add NUMBER")),
        _ => Err(eyre!("several of our caller IDs end in {wanted:?}; write the whole number")),
    }
}
