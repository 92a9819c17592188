//! A stand-in for VICIdial's web server: it answers as the real PHP was recorded, keeps users, agents, leads and lists, and
//! can misbehave.

#[allow(clippy::too_many_lines, reason = "a function an arm, as in VICIdial's own script")]
mod agent_api;
mod database;
#[allow(
    clippy::too_many_lines,
    clippy::format_push_string,
    reason = "a function an arm, as in VICIdial's own script; lines are put together as it prints them"
)]
mod non_agent_api;
mod sample;
mod state;

pub use sample::sample;
pub use state::{Account, Agent, Lead, Misbehaviour, State};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{RawQuery, State as Shared};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::any;
use color_eyre::eyre::Result;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::task::JoinHandle;

/// Exchanges with the real PHP, a JSON object a line.
pub const EXCHANGES: &str = include_str!("exchanges.jsonl");

/// Arguments of a request.
pub type Params = BTreeMap<String, String>;

/// One of them.
#[derive(Debug, Clone, Deserialize)]
pub struct Exchange {
    /// `agent` or `non_agent`.
    pub api: String,
    /// The function.
    pub function: Option<String>,
    /// Arguments.
    pub params: Params,
    /// HTTP status.
    pub status: u16,
    /// What came.
    pub body: String,
    /// What was tried.
    pub note: String,
}

/// All of them.
pub fn exchanges() -> Vec<Exchange> {
    EXCHANGES.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// A running stand-in; gone with this value.
pub struct Vicidial {
    /// Its address.
    pub url: String,
    state: Arc<Mutex<State>>,
    server: JoinHandle<()>,
    screens: JoinHandle<()>,
}

impl Vicidial {
    /// Starts one, with the lab's users, agents and leads.
    ///
    /// # Errors
    /// When it has no port.
    pub async fn start() -> Result<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let state = Arc::new(Mutex::new(State::lab()));
        let app = Router::new()
            .route("/agc/api.php", any(agent))
            .route("/vicidial/non_agent_api.php", any(non_agent))
            .with_state(state.clone());
        let server = tokio::spawn(async move {
            let _ = axum::serve(listener, app).await;
        });
        let on_screen = state.clone();
        // Agents' browsers ask about twice a second here.
        let screens = tokio::spawn(async move {
            let mut ticks = tokio::time::interval(Duration::from_millis(300));
            loop {
                ticks.tick().await;
                locked(&on_screen).poll_screens();
            }
        });
        Ok(Self { url, state, server, screens })
    }

    /// From now on it writes leads and the do-not-call list into a database, too.
    pub fn write_to(&self, database: &crate::mariadb::MariaDb) {
        self.state().database = Some(database::options(database));
    }

    /// What it knows, to look at and to change.
    pub fn state(&self) -> MutexGuard<'_, State> {
        locked(&self.state)
    }
}

impl Drop for Vicidial {
    fn drop(&mut self) {
        self.server.abort();
        self.screens.abort();
    }
}

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

type Known = Arc<Mutex<State>>;

async fn agent(Shared(state): Shared<Known>, RawQuery(query): RawQuery, body: Bytes) -> Response {
    answer(&state, query, &body, agent_api::answer).await
}

async fn non_agent(Shared(state): Shared<Known>, RawQuery(query): RawQuery, body: Bytes) -> Response {
    answer(&state, query, &body, non_agent_api::answer).await
}

fn params(query: Option<String>, body: &[u8]) -> Params {
    let query = query.unwrap_or_default();
    let body = String::from_utf8_lossy(body).into_owned();
    let pairs = |text: &str| -> Vec<(String, String)> {
        reqwest::Url::parse(&format!("http://x/?{text}"))
            .map(|url| url.query_pairs().map(|(k, v)| (k.into_owned(), v.into_owned())).collect())
            .unwrap_or_default()
    };
    pairs(&query).into_iter().chain(pairs(&body)).collect()
}

fn reply(status: u16, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let kind = axum::http::HeaderValue::from_static("text/html; charset=utf-8");
    response.headers_mut().insert(axum::http::header::CONTENT_TYPE, kind);
    response
}

async fn answer(
    state: &Known,
    query: Option<String>,
    body: &[u8],
    work: impl Fn(&mut State, &Params) -> (u16, String),
) -> Response {
    let params = params(query, body);
    let (misbehaves, told, late, database) = {
        let mut state = locked(state);
        state.asked.push(params.clone());
        let misbehaves = state.misbehaves.clone();
        let quiet = matches!(misbehaves, Misbehaviour::Not | Misbehaviour::Half | Misbehaviour::Old);
        let told = if quiet { work(&mut state, &params) } else { (200, String::new()) };
        let late = params.get("function").and_then(|function| state.slow.get(function)).copied();
        (misbehaves, told, late, state.database.clone().filter(|_| quiet))
    };
    if let Some(database) = database.filter(|_| !told.1.contains("ERROR:")) {
        let _ = database::write(&database, &params).await;
    }
    if let Some(late) = late {
        tokio::time::sleep(late).await;
    }
    match misbehaves {
        Misbehaviour::Not => reply(told.0, told.1),
        Misbehaviour::Old => reply(told.0, told.1.replace("2.14-81", "2.12-50")),
        Misbehaviour::Half => {
            let half = told.1.len() / 2;
            reply(200, told.1.get(..told.1.floor_char_boundary(half)).unwrap_or_default().to_owned())
        }
        Misbehaviour::WebPage => reply(
            200,
            "<!DOCTYPE html>\n<html><head><title>Log in</title></head><body>Please log in</body></html>\n",
        ),
        Misbehaviour::Failing => reply(500, ""),
        Misbehaviour::Redirecting => {
            let mut response = reply(302, "");
            let there = axum::http::HeaderValue::from_static("http://login.example.com/");
            response.headers_mut().insert(axum::http::header::LOCATION, there);
            response
        }
        Misbehaviour::Hanging => {
            tokio::time::sleep(Duration::from_hours(1)).await;
            reply(200, "")
        }
    }
}
