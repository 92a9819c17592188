//! `dialdeckd` as a user runs it, and REST as a user speaks it.

use color_eyre::eyre::{Result, bail, eyre};
use reqwest::Method;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Password of every user that is made here.
pub const PASSWORD: &str = "correct horse";

/// How to run it.
#[derive(Debug, Clone)]
pub struct Setup {
    program: PathBuf,
    home: PathBuf,
    environment: Vec<(String, String)>,
}

impl Setup {
    /// With the program and a folder of its own for everything that it keeps.
    pub fn new(program: &str, home: &Path) -> Self {
        let setup = Self { program: program.into(), home: home.to_owned(), environment: Vec::new() };
        setup.set("server.http", "127.0.0.1:0")
    }

    /// With one setting more.
    #[must_use]
    pub fn set(self, name: &str, value: &str) -> Self {
        let variable = format!("DIALDECK__{}", name.to_uppercase().replace('.', "__"));
        self.env(&variable, value)
    }

    /// With one environment variable more.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A command of the program, in this setup.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        let path = std::env::var("PATH").unwrap_or_default();
        command
            .args(arguments)
            .env_clear()
            .env("PATH", path)
            .env("HOME", &self.home)
            .env("XDG_DATA_HOME", self.home.join("data"))
            .env("XDG_CONFIG_HOME", self.home.join("config"))
            .env("NO_COLOR", "1")
            .envs(self.environment.iter().map(|(n, v)| (n, v)));
        command
    }

    /// Adds a user whose password is [`PASSWORD`].
    ///
    /// # Errors
    /// When the program refuses.
    pub fn add_user(&self, name: &str, role: &str) -> Result<()> {
        let mut command = self.command(&["user", "add", name, "--role", role, "--password-stdin"]);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            writeln!(stdin, "{PASSWORD}")?;
        }
        let output = child.wait_with_output()?;
        if !output.status.success() {
            bail!("user add failed: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(())
    }

    /// Runs `dialdeckd serve` (or `arguments`) until it says that it is ready.
    ///
    /// # Errors
    /// When it ends before.
    pub fn start(&self, arguments: &[&str]) -> Result<Daemon> {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let log = Arc::new(Mutex::new(String::new()));
        let (mut stderr, kept) = (child.stderr.take().ok_or_else(|| eyre!("no stderr"))?, log.clone());
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(n @ 1..) = stderr.read(&mut buffer) {
                kept.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push_str(&String::from_utf8_lossy(&buffer[..n]));
            }
        });
        let mut stdout = BufReader::new(child.stdout.take().ok_or_else(|| eyre!("no stdout"))?);
        let mut line = String::new();
        loop {
            line.clear();
            if stdout.read_line(&mut line)? == 0 {
                let _ = child.wait();
                bail!("dialdeckd ended: {}", log.lock().unwrap_or_else(PoisonError::into_inner));
            }
            if line.starts_with("dialdeckd ready") {
                break;
            }
        }
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut stdout, &mut std::io::sink());
        });
        let address = |name: &str| {
            let mark = format!("{name}=");
            line.split_whitespace().find_map(|w| w.strip_prefix(&mark)).map(str::to_owned)
        };
        let http = address("http").ok_or_else(|| eyre!("no address in {line:?}"))?;
        Ok(Daemon {
            child,
            http: format!("http://{http}"),
            agi: address("agi"),
            audiosocket: address("audiosocket"),
            log,
        })
    }
}

/// A running server; killed with this value.
pub struct Daemon {
    child: Child,
    /// Its address.
    pub http: String,
    /// FastAGI's.
    pub agi: Option<String>,
    /// AudioSocket's.
    pub audiosocket: Option<String>,
    log: Arc<Mutex<String>>,
}

impl Daemon {
    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Asks it to stop, and waits.
    ///
    /// # Errors
    /// When it ends otherwise than well.
    pub fn stop(mut self) -> Result<()> {
        crate::lab::run(Command::new("kill").arg(self.child.id().to_string()))?;
        let status = self.child.wait()?;
        if !status.success() {
            bail!("dialdeckd ended with {status}: {}", self.log());
        }
        Ok(())
    }

    /// Logs in.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn log_in(&self, user: &str) -> Result<Client> {
        let client = Client {
            // The server hangs up after half a minute: what it may be about to hang up is not used any more.
            http: reqwest::Client::builder().no_proxy().pool_idle_timeout(Duration::from_secs(20)).build()?,
            server: self.http.clone(),
            token: String::new(),
        };
        let body = json!({ "username": user, "password": PASSWORD });
        let (status, answer) = client.send(Method::POST, "/api/v1/auth/login", Some(body)).await?;
        let token = answer["token"].as_str().ok_or_else(|| eyre!("log-in: {status} {answer}"))?.to_owned();
        Ok(Client { token, ..client })
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.kill();
    }
}

/// REST with a session.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    server: String,
    /// The session's token.
    pub token: String,
}

impl Client {
    /// Sends; gives status and JSON (null where there is none).
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Result<(u16, Value)> {
        let mut request =
            self.http.request(method, format!("{}{path}", self.server)).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await?;
        let status = answer.status().as_u16();
        Ok((status, serde_json::from_str(&answer.text().await?).unwrap_or(Value::Null)))
    }

    /// GET that must succeed.
    ///
    /// # Errors
    /// When it does not.
    pub async fn get(&self, path: &str) -> Result<Value> {
        self.good(Method::GET, path, None).await
    }

    /// POST that must succeed.
    ///
    /// # Errors
    /// When it does not.
    pub async fn post(&self, path: &str, body: Value) -> Result<Value> {
        self.good(Method::POST, path, Some(body)).await
    }

    async fn good(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value> {
        let (status, answer) = self.send(method, path, body).await?;
        if !(200..300).contains(&status) {
            bail!("{path}: {status} {answer}");
        }
        Ok(answer)
    }

    /// The bytes of a GET that must succeed.
    ///
    /// # Errors
    /// When it does not.
    pub async fn bytes(&self, path: &str) -> Result<Vec<u8>> {
        let answer = self.http.get(format!("{}{path}", self.server)).bearer_auth(&self.token).send().await?;
        Ok(answer.error_for_status()?.bytes().await?.to_vec())
    }

    /// Imports a CSV; gives the lines of the answer, or the problem.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub async fn import(
        &self,
        campaign: &str,
        query: &str,
        csv: impl Into<reqwest::Body>,
    ) -> Result<(u16, Vec<Value>)> {
        let url = format!("{}/api/v1/campaigns/{campaign}/contacts/import?{query}", self.server);
        let answer = self.http.post(url).bearer_auth(&self.token).body(csv.into()).send().await?;
        let status = answer.status().as_u16();
        let text = answer.text().await?;
        Ok((status, text.lines().map(|line| serde_json::from_str(line).unwrap_or(Value::Null)).collect()))
    }

    /// A campaign with a caller ID and these people (first name and last two digits), consent stated; gives its id.
    ///
    /// # Errors
    /// When anything of it fails.
    pub async fn campaign(&self, name: &str, settings: Value, people: &[(&str, u8)]) -> Result<String> {
        let (status, number) = self
            .send(
                Method::POST,
                "/api/v1/phone-numbers",
                Some(json!({ "number": "+13125550199", "label": name })),
            )
            .await?;
        let number = if status == 201 {
            number["id"].clone()
        } else {
            self.get("/api/v1/phone-numbers").await?["phoneNumbers"][0]["id"].clone()
        };
        let body = json!({ "name": name, "phoneNumberId": number, "callSettings": settings });
        let made = self.post("/api/v1/campaigns", body).await?;
        let id = made["id"].as_str().ok_or_else(|| eyre!("no id"))?.to_owned();
        let mut csv = String::from("first_name,last_name,phone,email,company\n");
        for (first, digits) in people {
            let number = crate::people::number(*digits);
            csv.push_str(&[first, ",Test,", &number, ",", first, "@example.com,Acme\n"].concat());
        }
        let consent = "consent_basis=written&consent_at=2026-01-02&consent_source=form";
        let (status, lines) = self.import(&id, consent, csv).await?;
        let done = lines.last().map(|l| l["done"].clone()).unwrap_or_default();
        if status != 200 || done["imported"] != json!(people.len()) {
            bail!("import: {status} {lines:?}");
        }
        Ok(id)
    }

    /// All calls of a campaign.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn calls(&self, campaign: &str) -> Result<Vec<Value>> {
        let answer = self.get(&format!("/api/v1/calls?campaign_id={campaign}&limit=500")).await?;
        Ok(answer["calls"].as_array().cloned().unwrap_or_default())
    }

    /// All contacts of a campaign.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn contacts(&self, campaign: &str) -> Result<Vec<Value>> {
        let answer = self.get(&format!("/api/v1/campaigns/{campaign}/contacts?limit=1000")).await?;
        Ok(answer["contacts"].as_array().cloned().unwrap_or_default())
    }
}
