//! `dialdeck number …`

use super::{Client, text};
use crate::args::{NumberCommand, Server};
use color_eyre::eyre::Result;
use reqwest::Method;
use serde_json::json;

pub async fn run(server: &Server, command: &NumberCommand) -> Result<()> {
    let client = Client::log_in(server).await?;
    match command {
        NumberCommand::List => {
            let answer = Client::json(client.request(Method::GET, "/api/v1/phone-numbers")?).await?;
            let numbers = answer["phoneNumbers"].as_array().cloned().unwrap_or_default();
            if numbers.is_empty() {
                println!("no caller IDs yet: dialdeck number add NUMBER");
            }
            for number in numbers {
                println!(
                    "{}  {:<16} {}",
                    text(&number, "id"),
                    text(&number, "number"),
                    text(&number, "label")
                );
            }
        }
        NumberCommand::Add { number, label } => {
            let body = json!({ "number": number, "label": label });
            let made =
                Client::json(client.request(Method::POST, "/api/v1/phone-numbers")?.json(&body)).await?;
            println!("added {} ({})", text(&made, "number"), text(&made, "id"));
        }
    }
    Ok(())
}
