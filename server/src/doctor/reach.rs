//! What others reach of us, and what we reach of Asterisk.

use super::{Verdict, fail, ok, skip, warn};
use crate::settings::{Kind, Settings};
use crate::telephony::asterisk::ami::{Connection, Login};
use crate::telephony::asterisk::transport::{Modules, choose};
use secrecy::ExposeSecret;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite;

const PATIENCE: Duration = Duration::from_secs(5);

/// A server that listens everywhere is asked at home.
fn at_home(address: SocketAddr) -> SocketAddr {
    if !address.ip().is_unspecified() {
        return address;
    }
    let home = if address.is_ipv4() { "127.0.0.1" } else { "::1" };
    SocketAddr::new(home.parse().unwrap_or(address.ip()), address.port())
}

/// The server's own address, and a client to ask it with.
///
/// # Errors
/// When a client cannot be made.
pub fn own(settings: &Settings, scheme: &str) -> Result<(String, reqwest::Client), String> {
    let mut client = reqwest::Client::builder().timeout(PATIENCE).no_proxy();
    let mut secure = "";
    if settings.tls().is_some() {
        // We ask ourselves, by an address that stands in no certificate, and send nothing that is secret.
        client = client.tls_danger_accept_invalid_certs(true);
        secure = "s";
    }
    let client = client.build().map_err(|e| e.to_string())?;
    Ok((format!("{scheme}{secure}://{}", at_home(settings.server.http)), client))
}

const START: &str = "start dialdeckd serve; if it runs, see its log";

pub(super) async fn http(settings: &Settings) -> Verdict {
    let (address, client) = match own(settings, "http") {
        Ok(own) => own,
        Err(why) => return fail(why, "see the settings under [server]"),
    };
    match client.get(format!("{address}/readyz")).send().await {
        Ok(answer) if answer.status().is_success() => {
            ok(format!("{address}/readyz answered {}", answer.status()))
        }
        Ok(answer) => {
            let remedy = "it is not ready: see database above, and whether recovery waits for Asterisk";
            fail(format!("{address}/readyz answered {}", answer.status()), remedy)
        }
        Err(error) => fail(format!("{address}: {}", error.without_url()), START),
    }
}

/// A handshake without a session must be refused as such: then the way through any proxy is open.
pub(super) async fn websocket(settings: &Settings) -> Verdict {
    let (address, client) = match own(settings, "http") {
        Ok(own) => own,
        Err(why) => return fail(why, "see the settings under [server]"),
    };
    let asked = client
        .get(format!("{address}/api/v1/ws"))
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", tungstenite::handshake::client::generate_key())
        .send();
    match asked.await {
        Ok(answer) if answer.status() == reqwest::StatusCode::UNAUTHORIZED => {
            ok("a handshake without a session was refused, as it must be")
        }
        Ok(answer) => {
            fail(format!("a handshake without a session got {}", answer.status()), "see what listens there")
        }
        Err(error) => fail(error.without_url().to_string(), START),
    }
}

async fn connect(address: SocketAddr) -> Result<TcpStream, Verdict> {
    let address = at_home(address);
    match tokio::time::timeout(PATIENCE, TcpStream::connect(address)).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(fail(format!("{address}: {error}"), START)),
        Err(_) => Err(fail(format!("{address} does not answer"), START)),
    }
}

fn uses_asterisk(settings: &Settings) -> bool {
    matches!(settings.kind(), Ok(Kind::Asterisk))
}

/// Says what Asterisk would say, of a call that is none: we must be let go at once, and politely.
pub(super) async fn fastagi(settings: &Settings) -> Verdict {
    if !uses_asterisk(settings) {
        return skip("no Asterisk is asked for");
    }
    let mut stream = match connect(settings.asterisk.agi).await {
        Ok(stream) => stream,
        Err(verdict) => return verdict,
    };
    let block = "agi_network: yes\nagi_network_script: call\nagi_request: agi://doctor/call\nagi_uniqueid: doctor\n\n";
    let talk = async {
        stream.write_all(block.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await
    };
    match tokio::time::timeout(PATIENCE, talk).await {
        Ok(Ok(_)) => ok(format!("{}: an unknown call was let go", settings.asterisk.agi)),
        Ok(Err(error)) => fail(format!("{}: {error}", settings.asterisk.agi), START),
        Err(_) => fail("an unknown call was kept waiting", "see what listens on asterisk.agi"),
    }
}

pub(super) async fn audiosocket(settings: &Settings) -> Verdict {
    if !uses_asterisk(settings) {
        return skip("no Asterisk is asked for");
    }
    let mut stream = match connect(settings.asterisk.audiosocket).await {
        Ok(stream) => stream,
        Err(verdict) => return verdict,
    };
    let talk = async {
        // Type 1, sixteen bytes: an id that was never given out.
        stream.write_all(&[1, 0, 16]).await?;
        stream.write_all(uuid::Uuid::now_v7().as_bytes()).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await
    };
    match tokio::time::timeout(PATIENCE, talk).await {
        Ok(Ok(_) | Err(_)) => ok(format!("{}: an unknown id was refused", settings.asterisk.audiosocket)),
        Err(_) => fail("an unknown id was kept waiting", "see what listens on asterisk.audiosocket"),
    }
}

pub(super) async fn ari(settings: &Settings) -> Verdict {
    if !uses_asterisk(settings) {
        return skip("no Asterisk is asked for");
    }
    let url = match settings.ari_url() {
        Ok(url) => url,
        Err(error) => return fail(error.to_string(), "mend asterisk.url"),
    };
    let client = reqwest::Client::builder().timeout(PATIENCE).no_proxy().build().unwrap_or_default();
    let get = |path: &str| {
        client
            .get(format!("{}/{path}", url.as_str().trim_end_matches('/')))
            .basic_auth(&settings.asterisk.username, Some(settings.asterisk.password.expose_secret()))
            .send()
    };
    let info = match get("asterisk/info?only=system").await {
        Ok(answer) => answer,
        Err(error) => {
            let remedy = "is Asterisk up, http.conf enabled, and ari.conf loaded? module show like res_ari";
            return fail(format!("{url}: {}", error.without_url()), remedy);
        }
    };
    if info.status() == reqwest::StatusCode::UNAUTHORIZED {
        return fail(
            "Asterisk does not take user and password",
            "make asterisk.username and asterisk.password those of ari.conf",
        );
    }
    if !info.status().is_success() {
        return fail(format!("{url} answered {}", info.status()), "see Asterisk's log");
    }
    let facts: serde_json::Value = info.json().await.unwrap_or_default();
    let version = facts["system"]["version"].as_str().unwrap_or("of unknown version").to_owned();
    let has = async |module: &str| {
        let there = get(&format!("asterisk/modules/{module}")).await;
        there.is_ok_and(|answer| answer.status().is_success())
    };
    if !has("res_agi.so").await {
        let remedy = "in Asterisk's console: module load res_agi.so";
        return fail(format!("Asterisk {version} lacks res_agi.so"), remedy);
    }
    let modules =
        Modules { audiosocket: has("app_audiosocket.so").await, websocket: has("chan_websocket.so").await };
    // As calls do it, from the same settings.
    let wish = match settings.sound() {
        Ok(wish) => wish,
        Err(error) => return fail(error.to_string(), "mend asterisk.transport and asterisk.shared"),
    };
    match choose(&wish, modules) {
        Ok(way) => ok(format!("Asterisk {version} answers, has AGI, and carries sound by {}", way.as_str())),
        Err(why) => fail(
            format!("Asterisk {version}: {why}"),
            "in Asterisk's console: module load app_audiosocket.so",
        ),
    }
}

pub(super) async fn ami(settings: &Settings) -> Verdict {
    let ami = &settings.ami;
    if ami.address.is_empty() {
        return skip("ami.address is not set; calls do not need it");
    }
    let remedy = "see manager.conf: enabled, bindaddr, and the user's secret and permit";
    let login =
        Login { address: ami.address.clone(), user: ami.username.clone(), secret: ami.secret.clone() };
    match Connection::open(&login).await {
        Ok(connection) if connection.banner.contains("Asterisk") => {
            ok(format!("{}: logged in", connection.banner))
        }
        Ok(connection) => {
            warn(format!("something that calls itself {:?} took the log-in", connection.banner), remedy)
        }
        Err(error) => fail(error.to_string(), remedy),
    }
}
