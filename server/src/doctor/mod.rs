//! The self-test: tries each thing that the server needs, says what it did, how long it took, and what to do about a
//! failure. A connector adds its lines by a function in [`examine`].

mod dialpad;
mod machine;
mod providers;
mod reach;
mod record;
mod sip;
mod talk;
mod vicidial;

pub use dialpad::examine as examine_dialpad;
pub use reach::own;
pub use vicidial::{examine as examine_vicidials, letters};

use crate::settings::Settings;
use serde::Serialize;
use std::time::Instant;

/// How a check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It works.
    Ok,
    /// It works, but somebody should look.
    Warn,
    /// It does not work.
    Fail,
    /// It is not asked for.
    Skip,
}

/// What a check found.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// What was tried.
    pub name: String,
    /// How it went.
    pub state: State,
    /// What was done, and what came of it.
    pub detail: String,
    /// What to do about it; empty where nothing needs to be done.
    pub remedy: String,
    /// How long it took, in milliseconds.
    pub ms: u64,
}

impl Finding {
    /// As a person reads it on a screen.
    pub fn lines(&self) -> Vec<String> {
        let mark = match self.state {
            State::Ok => "✓",
            State::Warn => "!",
            State::Fail => "✗",
            State::Skip => "–",
        };
        let mut lines = vec![format!("{mark} {}: {}", self.name, self.detail)];
        if !self.remedy.is_empty() {
            lines.push(format!("    → {}", self.remedy));
        }
        lines
    }
}

/// What a check gives before it has a name and a time.
type Verdict = (State, String, String);

fn ok(detail: impl Into<String>) -> Verdict {
    (State::Ok, detail.into(), String::new())
}

fn skip(detail: impl Into<String>) -> Verdict {
    (State::Skip, detail.into(), String::new())
}

fn warn(detail: impl Into<String>, remedy: impl Into<String>) -> Verdict {
    (State::Warn, detail.into(), remedy.into())
}

fn fail(detail: impl Into<String>, remedy: impl Into<String>) -> Verdict {
    (State::Fail, detail.into(), remedy.into())
}

/// Longest that a single check may take.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(20);

async fn timed(name: &str, check: impl Future<Output = Verdict>) -> Finding {
    let begun = Instant::now();
    let (state, detail, remedy) = tokio::time::timeout(PATIENCE, check).await.unwrap_or_else(|_| {
        fail(format!("gave no answer within {} s", PATIENCE.as_secs()), "see whether what it asks is alive")
    });
    let ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    // Answers come from programs of others: they are shown, not obeyed.
    let plain = |text: String| crate::domain::plain::line(&text, 400);
    Finding { name: name.to_owned(), state, detail: plain(detail), remedy: plain(remedy), ms }
}

/// Tries Asterisk alone.
pub async fn examine_asterisk(settings: &Settings) -> Vec<Finding> {
    vec![timed("ari", reach::ari(settings)).await, timed("ami", reach::ami(settings)).await]
}

/// Tries one provider of speech or language alone.
pub async fn examine_provider(settings: &Settings, name: &str) -> Vec<Finding> {
    providers::examine_one(settings, name).await.into_iter().collect()
}

/// Tries everything, and tells each finding as it comes.
pub async fn examine(settings: &Settings, mut tell: impl FnMut(&Finding)) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut note = |finding: Finding| {
        tell(&finding);
        findings.push(finding);
    };
    note(timed("clock", async { machine::clock() }).await);
    note(timed("disk", async { machine::disk(settings) }).await);
    note(timed("permissions", async { machine::permissions(settings) }).await);
    let mut vicidials = settings.vicidial.clone();
    let store = match crate::floor::open_store(settings).await {
        Ok(store) => {
            // Those that were set up while the server ran; the settings' go before them.
            for (name, kept) in crate::api::connectors::kept(store.as_ref()).await.unwrap_or_default() {
                if let Ok(kept) = kept {
                    vicidials.entry(name).or_insert(kept);
                }
            }
            note(timed("database", record::database(&store)).await);
            note(timed("audit log", record::audit(&store)).await);
            note(timed("queue", record::queues(&store)).await);
            true
        }
        Err(error) => {
            let remedy = "start the database, or mend DATABASE_URL";
            note(timed("database", async { fail(error.to_string(), remedy) }).await);
            false
        }
    };
    if !store {
        note(timed("queue", async { skip("the database is not there") }).await);
    }
    note(timed("http", reach::http(settings)).await);
    note(timed("websocket", reach::websocket(settings)).await);
    note(timed("fastagi", reach::fastagi(settings)).await);
    note(timed("audiosocket", reach::audiosocket(settings)).await);
    note(timed("ari", reach::ari(settings)).await);
    note(timed("ami", reach::ami(settings)).await);
    note(timed("sip trunk", sip::trunk(&settings.sip.host, settings.sip.port)).await);
    for finding in vicidial::examine(&vicidials).await {
        note(finding);
    }
    for finding in dialpad::examine(&settings.dialpad).await {
        note(finding);
    }
    note(timed("synthesiser", talk::synthesiser(settings)).await);
    note(timed("recogniser", talk::recogniser(settings)).await);
    note(timed("dialogue", async { talk::dialogue() }).await);
    for finding in providers::examine(settings).await {
        note(finding);
    }
    findings
}
