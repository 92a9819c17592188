//! What the credentials that are there can do: each is tried, harmlessly, and what is missing is named.

use super::action::Request;
use super::client::Client;
use super::connector::is_old;
use super::database::Database;
use super::floor::LEAST_TABLES;
use super::wire::Class;
use super::wirelog::WireLog;
use crate::settings::Vicidial;
use crate::telephony::asterisk::ami::{AmiError, Connection, Login};
use dialdeck_protocol::function::Effect;
use dialdeck_protocol::vicidial::{AGENT_API, NON_AGENT_API};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How a part is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state", content = "why")]
pub enum Reach {
    /// Nothing is set up.
    NotSetUp,
    /// It works; what it is.
    Works(String),
    /// It is there, and does not let us in; what to do.
    Refused(String),
    /// It cannot be reached from here; what to do.
    Unreachable(String),
}

impl Reach {
    /// Whether it works.
    pub const fn works(&self) -> bool {
        matches!(self, Self::Works(_))
    }
}

/// What a VICIdial lets us do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Which VICIdial.
    pub name: String,
    /// The HTTP APIs' log-in.
    pub http: Reach,
    /// What should be looked at although it works: plain http, an old version.
    pub warnings: Vec<String>,
    /// Functions that may not be called, with the class of the refusal.
    pub refused: BTreeMap<&'static str, &'static str>,
    /// The database.
    pub database: Reach,
    /// Tables that cannot be read.
    pub unreadable: Vec<String>,
    /// Tables that cannot be written to.
    pub unwritable: Vec<String>,
    /// The manager interface.
    pub ami: Reach,
    /// Its actions that we may not do.
    pub denied: Vec<&'static str>,
    /// The remote agent.
    pub remote_agent: Reach,
}

/// Tables that are written to where the API is not available.
pub const WRITTEN: &[&str] = &["vicidial_list", "vicidial_hopper"];
/// The manager's actions that are used, with the privilege that each takes.
pub const AMI_ACTIONS: &[(&str, &str)] =
    &[("Status", "call"), ("Originate", "originate"), ("Redirect", "call"), ("Hangup", "call")];

/// What people do, and the functions that it takes.
pub const FEATURES: &[(&str, &[&str])] = &[
    (
        "steer agents",
        &[
            "external_pause",
            "pause_code",
            "external_hangup",
            "external_status",
            "external_dial",
            "logout",
            "park_call",
        ],
    ),
    ("transfer agents' calls", &["transfer_conference", "ra_call_control"]),
    ("see the floor", &["logged_in_agents", "agent_status"]),
    ("listen, whisper, barge", &["blind_monitor"]),
    (
        "leads",
        &["add_lead", "update_lead", "batch_update_lead", "lead_search", "lead_all_info", "update_fields"],
    ),
    (
        "campaigns and lists",
        &["campaigns_list", "update_campaign", "hopper_list", "add_list", "update_list", "list_info"],
    ),
    ("do-not-call", &["add_dnc_phone"]),
    ("recordings and logs", &["recording_lookup", "phone_number_log", "callid_info", "agent_stats_export"]),
    ("AI callers as remote agents", &["update_remote_agent", "ra_call_control", "ccc_lead_info"]),
];

/// Tries everything of one VICIdial. Functions are called without arguments: VICIdial looks at permission first, and then
/// finds that something is missing.
pub async fn probe(name: &str, settings: &Vicidial) -> Report {
    let mut report = Report {
        name: name.to_owned(),
        http: Reach::NotSetUp,
        warnings: Vec::new(),
        refused: BTreeMap::new(),
        database: Reach::NotSetUp,
        unreadable: Vec::new(),
        unwritable: Vec::new(),
        ami: Reach::NotSetUp,
        denied: Vec::new(),
        remote_agent: Reach::NotSetUp,
    };
    http(&mut report, settings).await;
    database(&mut report, settings).await;
    ami(&mut report, settings).await;
    report
}

async fn http(report: &mut Report, settings: &Vicidial) {
    if settings.url.is_empty() || settings.user.is_empty() {
        return;
    }
    // Everything is asked once, as fast as the settings allow.
    let client = match Client::new(&report.name, settings, Arc::new(|| None), WireLog::default()) {
        Ok(Some(client)) => client,
        Ok(None) => return,
        Err(why) => {
            report.http = Reach::Refused(why);
            return;
        }
    };
    let ask = |name: &'static str, args: &[(&str, &str)]| Request::of(name, args);
    let reach = |trouble: super::wire::Trouble| {
        let text = format!("{} ({}): {}", trouble.message, trouble.class.word(), trouble.class.remedy());
        match trouble.class {
            Class::Unreachable | Class::TimedOut | Class::Certificate => Reach::Unreachable(text),
            _ => Reach::Refused(text),
        }
    };
    let Some(version) = ask("version", &[]) else { return };
    let version = match client.call(&version).await {
        Ok(answer) => answer.field("version").unwrap_or("unknown").to_owned(),
        Err(trouble) => {
            report.http = reach(trouble);
            return;
        }
    };
    if is_old(&version) {
        report.warnings.push(format!(
            "VICIdial's agent API is {version}; under 2.14 some functions are missing: update VICIdial"
        ));
    }
    if client.is_plain() {
        report
            .warnings
            .push("plain http: user, password and leads can be read on their way; use https".into());
    }
    // Whoever may see nothing else may still be let in.
    let Some(login) = ask("user_details", &[]) else { return };
    if let Err(trouble) = client.call(&login).await
        && !matches!(
            trouble.class,
            Class::Invalid | Class::NotFound | Class::FunctionNotAllowed | Class::RightMissing
        )
    {
        report.http = reach(trouble);
        return;
    }
    for function in AGENT_API.iter().chain(NON_AGENT_API) {
        let steers =
            function.api == dialdeck_protocol::function::Api::Agent && function.effect != Effect::Reads;
        if matches!(function.name, "version" | "webserver") || steers && !settings.use_agent_api {
            continue;
        }
        let Some(ask) = ask(function.name, &[]) else { continue };
        match client.call(&ask).await.err().map(|trouble| trouble.class) {
            Some(
                class @ (Class::FunctionNotAllowed
                | Class::RightMissing
                | Class::ApiOff
                | Class::NoSuchFunction),
            ) => {
                report.refused.insert(function.name, class.word());
            }
            Some(class @ (Class::LoginRefused | Class::Stopped | Class::Locked)) => {
                // The level lets the user in for nothing of this API; one more try would count towards the lock.
                report.http =
                    Reach::Refused(format!("the log-in was refused ({}): {}", class.word(), class.remedy()));
                return;
            }
            _ => {}
        }
    }
    report.http = Reach::Works(format!("agent API {version}"));
    if !settings.remote_agent.is_empty() {
        let asked = ask("update_remote_agent", &[("agent_user", &settings.remote_agent)]);
        let Some(asked) = asked else { return };
        report.remote_agent = match client.call(&asked).await {
            Ok(_) => Reach::Works(settings.remote_agent.clone()),
            Err(trouble) if trouble.class == Class::NothingChanged => {
                Reach::Works(settings.remote_agent.clone())
            }
            Err(trouble) => reach(trouble),
        };
    }
}

async fn database(report: &mut Report, settings: &Vicidial) {
    if !settings.has_database() {
        return;
    }
    let mut database = Database::new(settings);
    let grants = match database.grants().await {
        Ok(grants) => grants,
        Err(error) => {
            let text = crate::domain::plain::line(&error.to_string(), 200);
            let refused = text.contains("Access denied") || text.contains("1045") || text.contains("1044");
            report.database = if refused {
                Reach::Refused(format!(
                    "{text}: check VICI_DB_USER and VICI_DB_PASSWORD, and that the user may come from this address"
                ))
            } else {
                Reach::Unreachable(format!(
                    "{text}: check VICI_DB_HOST, and that MySQL listens to this address"
                ))
            };
            return;
        }
    };
    match database.probe(LEAST_TABLES).await {
        Ok(tables) => {
            report.unreadable =
                tables.into_iter().filter(|(_, why)| why.is_some()).map(|(table, _)| table).collect();
        }
        Err(error) => {
            report.database = Reach::Unreachable(crate::domain::plain::line(&error.to_string(), 200));
            return;
        }
    }
    let may = |table: &str| {
        grants.iter().any(|grant| {
            let grant = grant.to_ascii_uppercase();
            let there = grant.contains(".*") || grant.contains(&format!("`{}`", table.to_ascii_uppercase()));
            there && (grant.contains("ALL PRIVILEGES") || grant.contains("INSERT"))
        })
    };
    report.unwritable = WRITTEN.iter().filter(|table| !may(table)).map(|table| (*table).to_owned()).collect();
    report.database = Reach::Works(format!("{} on {}", settings.db_name, settings.db_host));
    database.close().await;
}

async fn ami(report: &mut Report, settings: &Vicidial) {
    if settings.ami_host.is_empty() {
        return;
    }
    let login = Login::new(&settings.ami_host, settings.ami_port, &settings.ami_user, &settings.ami_secret);
    match Connection::open(&login).await {
        Ok(connection) => {
            for (action, _) in AMI_ACTIONS {
                // Without a channel nothing happens; permission is looked at before that.
                if let Err(AmiError::Denied(why)) = connection.action(action, &[]).await
                    && why.to_ascii_lowercase().contains("permission")
                {
                    report.denied.push(action);
                }
            }
            report.ami = Reach::Works(connection.banner.clone());
        }
        Err(AmiError::Refused) => {
            report.ami = Reach::Refused(
                "user and secret were not taken: see manager.conf (secret, permit, deny)".into(),
            );
        }
        Err(error) => {
            let text = crate::domain::plain::line(&error.to_string(), 200);
            report.ami = Reach::Unreachable(format!(
                "{text}: check VICI_AMI_HOST and VICI_AMI_PORT, and bindaddr in manager.conf"
            ));
        }
    }
}

impl Report {
    /// What people do, and why it does not work; nothing where it does.
    pub fn features(&self) -> Vec<(&'static str, Option<String>)> {
        FEATURES
            .iter()
            .map(|(feature, functions)| {
                let why = match &self.http {
                    Reach::NotSetUp => {
                        Some("no API user is set up (VICI_API_URL, VICI_API_USER, VICI_API_PASS)".into())
                    }
                    Reach::Refused(why) | Reach::Unreachable(why) => Some(why.clone()),
                    Reach::Works(_) => {
                        let missing: Vec<String> = functions
                            .iter()
                            .filter_map(|name| {
                                self.refused.get(name).map(|class| format!("{name} ({class})"))
                            })
                            .collect();
                        (!missing.is_empty()).then(|| format!("not allowed: {}", missing.join(", ")))
                    }
                };
                (*feature, why)
            })
            .collect()
    }
}
