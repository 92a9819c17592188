//! What the console does without a screen: over REST, for scripts and set-up.

pub mod agent;
pub mod audit;
pub mod call;
mod call_list;
pub mod callback;
pub mod calls;
pub mod campaign;
pub mod campaigns;
pub mod catalog;
mod confirm;
mod contact_add;
pub mod contacts;
pub mod dialpad;
pub mod dnc;
mod download;
pub mod events;
pub mod floor;
pub mod import;
pub mod manual;
mod moment;
pub mod number;
pub mod numbers;
mod output;
pub mod script;
mod table;
pub mod user;
pub mod vicidial;
mod vicidial_import;
mod vicidial_sync;
pub mod voice;

use crate::args::Server;
use crate::{net, password};
use color_eyre::eyre::{Result, bail, eyre};
use serde_json::Value;
use std::io::{IsTerminal, Write};
use std::time::Duration;
use url::Url;

/// For how long a connection that is not used is kept: less long than the server keeps it.
const IDLE: Duration = Duration::from_secs(20);

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
        let password = match password::known()? {
            Some(password) => password,
            None => rpassword::prompt_password("Password: ")?,
        };
        let token = net::log_in(&server.url, &user, &password).await.map_err(|e| eyre!(e))?;
        let http = reqwest::Client::builder().no_proxy().pool_idle_timeout(IDLE).build()?;
        Ok(Self { http, server: server.url.clone(), token })
    }

    /// The session itself.
    pub fn into_token(self) -> String {
        self.token
    }

    /// A request with the session.
    pub fn request(&self, method: reqwest::Method, path: &str) -> Result<reqwest::RequestBuilder> {
        Ok(self.http.request(method, self.server.join(path)?).bearer_auth(&self.token))
    }

    /// What stands at a path.
    pub async fn get(&self, path: &str) -> Result<Value> {
        Self::json(self.request(reqwest::Method::GET, path)?).await
    }

    /// Has something done; `Value::Null` is no body.
    pub async fn send(&self, method: reqwest::Method, path: &str, body: &Value) -> Result<Value> {
        let request = self.request(method, path)?;
        Self::json(if body.is_null() { request } else { request.json(body) }).await
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

/// An id as a piece of a path: whatever it holds, it leads nowhere else.
pub fn segment(id: &str) -> Result<String> {
    use std::fmt::Write as _;
    if matches!(id, "" | "." | "..") {
        bail!("{id:?} is no id");
    }
    let mut out = String::new();
    for byte in id.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => out.push(char::from(byte)),
            other => write!(out, "%{other:02X}")?,
        }
    }
    Ok(out)
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

#[cfg(test)]
mod tests {
    use super::segment;

    #[test]
    fn an_id_leads_nowhere_else() {
        assert_eq!(segment("a-1_B.c").unwrap(), "a-1_B.c");
        assert_eq!(segment("../x?y#é").unwrap(), "..%2Fx%3Fy%23%C3%A9");
        assert!(segment("..").is_err());
    }
}
