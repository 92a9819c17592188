//! What the console does without a screen: over REST, for scripts and set-up.

pub mod agent;
pub mod call;
pub mod campaign;
pub mod dialpad;
pub mod import;
pub mod manual;
pub mod number;
pub mod vicidial;
mod vicidial_import;
mod vicidial_sync;
pub mod voice;

use crate::args::Server;
use crate::net;
use color_eyre::eyre::{Result, bail, eyre};
use serde_json::Value;
use std::io::{IsTerminal, Write};
use url::Url;

/// A logged-in client.
pub struct Client {
    http: reqwest::Client,
    server: Url,
    token: String,
}

/// Asks on the terminal.
pub fn ask(question: &str) -> Result<String> {
    if !std::io::stdin().is_terminal() {
        bail!("{question} is needed, and there is no terminal to ask on; give it as an option");
    }
    let mut out = std::io::stderr().lock();
    write!(out, "{question}: ")?;
    out.flush()?;
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Ok(line.trim().to_owned())
}

impl Client {
    /// Logs in with what was given, asking for the rest.
    pub async fn log_in(server: &Server) -> Result<Self> {
        let user = match &server.user {
            Some(user) => user.clone(),
            None => ask("User")?,
        };
        let password = match &server.password {
            Some(password) => password.clone(),
            None => rpassword::prompt_password("Password: ")?,
        };
        let token = net::log_in(&server.url, &user, &password).await.map_err(|e| eyre!(e))?;
        Ok(Self { http: reqwest::Client::builder().no_proxy().build()?, server: server.url.clone(), token })
    }

    /// A request with the session.
    pub fn request(&self, method: reqwest::Method, path: &str) -> Result<reqwest::RequestBuilder> {
        Ok(self.http.request(method, self.server.join(path)?).bearer_auth(&self.token))
    }

    /// Sends, and gives the JSON or the problem's sentence.
    pub async fn json(request: reqwest::RequestBuilder) -> Result<Value> {
        let answer = request.send().await.map_err(reqwest::Error::without_url)?;
        let status = answer.status();
        let json: Value = serde_json::from_str(&answer.text().await?).unwrap_or_default();
        if status.is_success() {
            return Ok(json);
        }
        bail!(problem(&json, status))
    }
}

/// The sentence of a problem.
pub fn problem(json: &Value, status: reqwest::StatusCode) -> String {
    let detail = json.get("detail").or_else(|| json.pointer("/error/message")).and_then(Value::as_str);
    crate::plain::line(detail.unwrap_or(status.as_str()))
}

/// A text of a JSON object, safe to print.
pub fn text(json: &Value, name: &str) -> String {
    crate::plain::line(json.get(name).and_then(Value::as_str).unwrap_or_default())
}
