//! What went wrong, in classes, each with its code and its remedy in words.

use super::line::Line;
use crate::connectors::vicidial::discretion::discreet;
use dialdeck_protocol::function::Function;
use dialdeck_protocol::{Code, Problem};

macro_rules! classes {
    ($($(#[$doc:meta])* $name:ident: $word:literal, $code:ident;)+) => {
        /// A class of trouble.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Class { $($(#[$doc])* $name),+ }

        impl Class {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// Its stable word.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$name => $word),+ }
            }

            const fn code(self) -> Code {
                match self { $(Self::$name => Code::$code),+ }
            }
        }
    };
}

classes! {
    /// User or password is wrong, or the user's level is too low to be let in at all.
    LoginRefused: "login_refused", Unavailable;
    /// Ten failures locked the user for fifteen minutes.
    Locked: "locked", Unavailable;
    /// We asked no more, so that ten failures do not lock the user.
    Stopped: "stopped", Unavailable;
    /// The function is not among those the user may call.
    FunctionNotAllowed: "function_not_allowed", Forbidden;
    /// The user lacks a right.
    RightMissing: "right_missing", Forbidden;
    /// The agent API is switched off.
    ApiOff: "api_off", Unavailable;
    /// A part of VICIdial is switched off.
    SwitchedOff: "switched_off", Unavailable;
    /// The source is too short.
    SourceRefused: "source_refused", Invalid;
    /// This VICIdial does not have the function.
    NoSuchFunction: "no_such_function", Invalid;
    /// The agent is not logged in.
    AgentNotLoggedIn: "agent_not_logged_in", Conflict;
    /// The agent is not in the state that this takes.
    AgentState: "agent_state", Conflict;
    /// No lead is on the agent's screen.
    NoLead: "no_lead", Conflict;
    /// The agent has no live call of that kind.
    NoCall: "no_call", Conflict;
    /// It is not there.
    NotFound: "not_found", NotFound;
    /// It is there already.
    Duplicate: "duplicate", Conflict;
    /// The number must not be called.
    DoNotCall: "do_not_call", Conflict;
    /// The user may not touch that list.
    ListNotAllowed: "list_not_allowed", Forbidden;
    /// There was nothing to change.
    NothingChanged: "nothing_changed", Invalid;
    /// An argument is missing or wrong.
    Invalid: "invalid", Invalid;
    /// A reason that is none of these.
    Refused: "refused", Conflict;
    /// The web server failed, as VICIdial does on its own mistakes.
    ServerFailed: "server_failed", Unavailable;
    /// A web page instead of an answer.
    WebPage: "web_page", Unavailable;
    /// The answer ends in the middle.
    CutShort: "cut_short", Unavailable;
    /// Nothing came.
    NothingSaid: "nothing_said", Unavailable;
    /// It cannot be reached.
    Unreachable: "unreachable", Unavailable;
    /// It did not answer in time.
    TimedOut: "timed_out", Unavailable;
    /// Its certificate is not to be trusted.
    Certificate: "certificate", Unavailable;
    /// More was asked than may be in a second.
    TooMany: "too_many", RateLimited;
}

impl Class {
    /// Whether it was the login: three of these and we stop.
    pub const fn is_login(self) -> bool {
        matches!(self, Self::LoginRefused)
    }

    /// Whether only somebody who is logged in is answered so.
    pub const fn proves_login(self) -> bool {
        !self.may_pass()
            && !matches!(
                self,
                Self::LoginRefused
                    | Self::Locked
                    | Self::Stopped
                    | Self::ApiOff
                    | Self::SourceRefused
                    | Self::NoSuchFunction
                    | Self::Certificate
                    | Self::TooMany
            )
    }

    /// Whether asking again may help, where a repeat harms nobody.
    pub const fn may_pass(self) -> bool {
        matches!(
            self,
            Self::ServerFailed
                | Self::WebPage
                | Self::CutShort
                | Self::NothingSaid
                | Self::Unreachable
                | Self::TimedOut
        )
    }

    /// What to do about it.
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::LoginRefused => {
                "check user and password in VICIdial's Users; the user must be active, with user level 7 or more for the non-agent API (8 or 9 for some functions) and Agent API Access = 1"
            }
            Self::Locked => {
                "wait 15 minutes, or set failed login attempts to 0 in VICIdial's Users; mend the password first"
            }
            Self::Stopped => {
                "mend user or password; the connector tries again when they change, or when it is tested"
            }
            Self::FunctionNotAllowed => {
                "in VICIdial's Users, add the function to the user's API Allowed Functions, or choose ALL_FUNCTIONS"
            }
            Self::RightMissing => {
                "give the user the right in VICIdial's Users: Agent API Access, and the one that docs/VICIDIAL.md names for the function"
            }
            Self::ApiOff => {
                "in VICIdial's System Settings set Agent API Active to 1, and make sure that a server is active as an Asterisk server"
            }
            Self::SwitchedOff => "switch it on in VICIdial's System Settings",
            Self::SourceRefused => "give a source of two characters or more (VICI_API_SOURCE)",
            Self::NoSuchFunction => {
                "this VICIdial is older, or does not have it under this name; see docs/VICIDIAL.md"
            }
            Self::AgentNotLoggedIn => "the agent must be logged in to VICIdial's agent screen",
            Self::AgentState => {
                "pause the agent first (external_dial, pause_code), or wait until the state fits"
            }
            Self::NoLead => "it works only while a lead is on the agent's screen",
            Self::NoCall => "it works only during a live call of that kind",
            Self::NotFound => "look up the id; VICIdial knows none such",
            Self::Duplicate => "it is there already: change it instead",
            Self::DoNotCall => "the number is on a do-not-call list; it is not to be called",
            Self::ListNotAllowed => {
                "allow the list to the user's group (API List Restrict in VICIdial's Users)"
            }
            Self::NothingChanged => "name at least one field with a new value",
            Self::Invalid => "mend the argument that is named",
            Self::Refused => "see what VICIdial said",
            Self::ServerFailed => {
                "see the log of VICIdial's web server; it fails so when an argument meets one of its own mistakes"
            }
            Self::WebPage => {
                "the address leads to something else: a proxy, a log-in page, or a wrong path; it ends before /agc and /vicidial"
            }
            Self::CutShort => "see whether a proxy or the web server ends answers early",
            Self::NothingSaid => {
                "see whether this version has the function, and whether there was anything to change"
            }
            Self::Unreachable => {
                "see whether the address is right and lets this machine in (VICIdial may allow only known addresses)"
            }
            Self::TimedOut => "see how busy VICIdial's web server and database are",
            Self::Certificate => "mend the certificate, or give the authority that signed it (vicidial.….ca)",
            Self::TooMany => "wait a moment; the limit protects VICIdial (vicidial.….per_second)",
        }
    }
}

/// Trouble with one request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Trouble {
    /// Of which class.
    pub class: Class,
    /// What VICIdial said, in plain text without its echoes, or what happened.
    pub message: String,
    /// The argument that is wrong, where that is known.
    pub field: Option<String>,
    /// What VICIdial said besides: an answer can hold success of one part and failure of another.
    pub besides: Vec<String>,
}

impl Trouble {
    /// Of this class.
    pub fn new(class: Class, message: impl AsRef<str>) -> Self {
        let message = crate::domain::plain::line(message.as_ref(), 300);
        Self { class, message, field: None, besides: Vec::new() }
    }

    /// From an ERROR line, or a NOTICE that is one, said to our `user`.
    pub fn said(function: &Function, user: &str, line: &Line) -> Self {
        let class = classify(line);
        // What follows a refused login is an echo: user, password, and on one API the SQL.
        let echo = matches!(class, Class::LoginRefused | Class::Locked);
        let last = line
            .fields
            .iter()
            .rev()
            .map(|field| field.trim())
            .find(|field| !field.is_empty() && *field != user);
        let message = match last {
            Some(last) if !echo => format!("{} ({last})", line.message),
            _ => line.message.clone(),
        };
        Self { field: field(function, &line.message), ..Self::new(class, message) }
    }

    /// For whoever asked.
    pub fn problem(&self, vicidial: &str) -> Problem {
        let besides =
            if self.besides.is_empty() { String::new() } else { format!(" ({})", self.besides.join("; ")) };
        let message = format!(
            "VICIdial {vicidial}: {}{besides}. {}: {}",
            self.message,
            self.class.word(),
            self.class.remedy()
        );
        // It goes into the audit log as well.
        let mut problem = Problem::new(self.class.code(), discreet(&message, &[]));
        problem.field.clone_from(&self.field);
        problem
    }
}

/// The argument that a message names.
fn field(function: &Function, message: &str) -> Option<String> {
    let lower = message.to_ascii_lowercase();
    function
        .arguments()
        .map(|arg| arg.name)
        .filter(|name| lower.contains(*name) || lower.contains(&name.replace('_', " ")))
        .max_by_key(|name| name.len())
        .map(str::to_owned)
}

fn classify(line: &Line) -> Class {
    let text = line.message.to_ascii_uppercase();
    let has = |part: &str| text.contains(part);
    let any = |parts: &[&str]| parts.iter().any(|part| text.contains(part));
    let fields = |word: &str| line.fields.iter().any(|field| field == word);
    if any(&["LOGIN INCORRECT", "INVALID USERNAME/PASSWORD"]) {
        // The agent API says so too of a user without access: with GOOD at the end.
        return match (fields("LOCK"), fields("GOOD")) {
            (true, _) => Class::Locked,
            (_, true) => Class::RightMissing,
            _ => Class::LoginRefused,
        };
    }
    if has("TOO MANY LOGIN ATTEMPTS") {
        return Class::Locked;
    }
    if has("PERMISSION TO USE THIS FUNCTION") {
        return Class::FunctionNotAllowed;
    }
    if any(&["DOES NOT HAVE PERMISSION", "USER IS NOT ALLOWED TO", "NOT ALLOWED TO"]) {
        return Class::RightMissing;
    }
    if has("API NOT ACTIVE") {
        return Class::ApiOff;
    }
    if has("IS NOT ACTIVE") {
        return Class::SwitchedOff;
    }
    if has("INVALID SOURCE") {
        return Class::SourceRefused;
    }
    if has("NO FUNCTION SPECIFIED") {
        return Class::NoSuchFunction;
    }
    if has("IN DNC") {
        return Class::DoNotCall;
    }
    if has("NOT AN ALLOWED LIST") {
        return Class::ListNotAllowed;
    }
    if any(&["IS NOT LOGGED IN", "AGENT NOT FOUND"]) {
        return Class::AgentNotLoggedIn;
    }
    if any(&["DOES NOT HAVE A LEAD", "NO ACTIVE LEAD", "DOES NOT MATCH LEAD"]) {
        return Class::NoLead;
    }
    if any(&[
        "DOES NOT HAVE A LIVE CALL",
        "NOT ON A PHONE CALL",
        "CALL IS NOT INBOUND",
        "NO FRONTER FOUND",
        "NO SESSION DATA",
        "ENTRY IS EMPTY",
        "NO ACTIVE CALL",
        "NO LIVE CALL",
    ]) {
        return Class::NoCall;
    }
    if any(&[
        "IS NOT PAUSED",
        "IS NOT READY",
        "NOT IN AN ALLOWED",
        "DOES NOT ALLOW INBOUND",
        "IS ALREADY PAUSED",
    ]) {
        return Class::AgentState;
    }
    if any(&["ALREADY", "DUPLICATE"]) {
        return Class::Duplicate;
    }
    if any(&["NO UPDATES", "NO FIELDS", "NO PANELS", "NOTHING"]) {
        return Class::NothingChanged;
    }
    if any(&[
        "OPTIONAL FIELD",
        "MUST BE",
        "YOU MUST",
        "NOT VALID",
        "INVALID",
        "MISSING",
        "ARE REQUIRED",
        "NO VALID",
        "NOT A DEFINED",
        "NO LEADS DEFINED",
        "NO CONTAINER TYPE",
        "NOT A VALID",
        "IS NOT SET",
    ]) {
        return Class::Invalid;
    }
    if any(&[
        "DOES NOT EXIST",
        "NOT FOUND",
        "NO MATCHES",
        "NO USER FOUND",
        "NOT EXIST",
        "NO RECORDS",
        "NO RESULTS",
    ]) {
        return Class::NotFound;
    }
    Class::Refused
}
