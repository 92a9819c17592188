//! What the stand-in knows.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

/// The department that is there from the beginning.
pub const SALES: i64 = 5_220_648_944_236_254;

/// A department.
#[derive(Debug, Clone)]
pub struct Department {
    /// Name.
    pub name: String,
    /// Zone, as Dialpad writes it.
    pub timezone: String,
    /// Users.
    pub operators: Vec<i64>,
}

/// A user.
#[derive(Debug, Clone)]
pub struct User {
    /// Name.
    pub name: String,
    /// Whether on duty.
    pub on_duty: bool,
    /// Dialpad's word.
    pub status: String,
    /// Not to be disturbed.
    pub do_not_disturb: bool,
    /// Whether their call is recorded.
    pub recording: bool,
}

/// What was asked.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Method.
    pub method: String,
    /// Path.
    pub path: String,
    /// Arguments in the address.
    pub query: Vec<(String, String)>,
    /// Body.
    pub body: Option<Value>,
    /// When.
    pub at: Instant,
}

/// How it misbehaves.
#[derive(Debug, Clone, PartialEq)]
pub enum Misbehaviour {
    /// 429, with seconds in `Retry-After` or without.
    TooMany(Option<u64>),
    /// It answers late.
    Slow(Duration),
    /// 503.
    Fault,
    /// No JSON.
    Garbage,
}

/// A webhook or `WebSocket`: its address (empty for a `WebSocket`), and the secret.
pub type Endpoint = (String, String);

/// All of it.
pub struct State {
    /// The token that is good.
    pub token: String,
    /// Departments by id.
    pub departments: BTreeMap<i64, Department>,
    /// Users by id.
    pub users: BTreeMap<i64, User>,
    /// Legs that are over, by department, newest first: when each began in milliseconds, and the leg.
    pub calls: BTreeMap<i64, Vec<(i64, Value)>>,
    /// Legs of a page.
    pub page: usize,
    /// Webhooks by id.
    pub webhooks: BTreeMap<i64, Endpoint>,
    /// `WebSocket`s by id.
    pub websockets: BTreeMap<i64, Endpoint>,
    /// Subscriptions by id: endpoint, department.
    pub subscriptions: BTreeMap<i64, (i64, i64)>,
    /// Transcripts by call: who, what.
    pub transcripts: BTreeMap<i64, Vec<(String, String)>>,
    /// Keys of `WebSocket` addresses, and until when they are good.
    pub socket_keys: Vec<(String, Instant)>,
    /// What was asked.
    pub asked: Vec<Asked>,
    /// Parts of paths that the token is refused for.
    pub refuses: BTreeSet<String>,
    /// How it misbehaves on the next requests whose path contains this.
    pub misbehaves: VecDeque<(String, Misbehaviour)>,
    /// What was asked or answered beside Dialpad's description.
    pub drift: Vec<String>,
    pub(super) next_id: i64,
}

impl State {
    pub(super) fn office() -> Self {
        let user = |name: &str| User {
            name: name.into(),
            on_duty: true,
            status: "available".into(),
            do_not_disturb: false,
            recording: false,
        };
        let users: BTreeMap<i64, User> =
            [(11, "Ann Able"), (12, "Bob Baker"), (13, "Cid Charlie"), (14, "Dee Delta")]
                .map(|(id, name)| (5_835_806_903_417_900 + id, user(name)))
                .into();
        let department = Department {
            name: "Sales".into(),
            timezone: "America/New_York".into(),
            operators: users.keys().copied().collect(),
        };
        Self {
            token: "dialpad-token".into(),
            departments: BTreeMap::from([(SALES, department)]),
            users,
            calls: BTreeMap::new(),
            page: 50,
            webhooks: BTreeMap::new(),
            websockets: BTreeMap::new(),
            subscriptions: BTreeMap::new(),
            transcripts: BTreeMap::new(),
            socket_keys: Vec::new(),
            asked: Vec::new(),
            refuses: BTreeSet::new(),
            misbehaves: VecDeque::new(),
            drift: Vec::new(),
            next_id: 1000,
        }
    }

    /// Puts legs into a department's list.
    pub fn put_calls(&mut self, department: i64, legs: impl IntoIterator<Item = Value>) {
        let began = |leg: &Value| {
            let date = &leg["date_started"];
            date.as_i64().or_else(|| date.as_str()?.parse().ok()).unwrap_or_default()
        };
        let all = self.calls.entry(department).or_default();
        all.extend(legs.into_iter().map(|leg| (began(&leg), leg)));
        all.sort_by_key(|(began, leg)| (std::cmp::Reverse(*began), leg["call_id"].to_string()));
    }

    /// The secret of the last webhook or `WebSocket`.
    pub fn secret(&self) -> Option<String> {
        let last = self.webhooks.iter().chain(&self.websockets).max_by_key(|(id, _)| **id);
        last.map(|(_, (_, secret))| secret.clone())
    }

    /// Requests whose method and path were these.
    pub fn count(&self, method: &str, part: &str) -> usize {
        self.asked.iter().filter(|one| one.method == method && one.path.contains(part)).count()
    }

    pub(super) fn misbehaviour(&mut self, path: &str) -> Option<Misbehaviour> {
        let at = self.misbehaves.iter().position(|(part, _)| path.contains(part.as_str()))?;
        self.misbehaves.remove(at).map(|(_, how)| how)
    }

    pub(super) fn fresh_id(&mut self) -> i64 {
        self.next_id += 1;
        self.next_id
    }
}

impl State {
    pub(super) fn note_drift(&mut self, what: String) {
        self.drift.push(what);
    }
}
