//! The mail to whoever runs the VICIdial: what is missing, exactly, most urgent first, with blanks to fill in. Pure.

use super::floor::LEAST_TABLES;
use super::probe::{AMI_ACTIONS, Reach, Report, WRITTEN};
use crate::settings::{Sip, Vicidial};
use std::fmt::Write as _;

/// Tables that are read besides the least, where they may be.
const MORE_TABLES: &[&str] = &[
    "vicidial_hopper",
    "vicidial_callbacks",
    "vicidial_pause_codes",
    "vicidial_closer_log",
    "vicidial_settings_containers",
    "vicidial_statuses",
    "vicidial_campaign_statuses",
    "vicidial_lists",
];

/// Writes it; nothing where nothing is missing.
pub fn letter(report: &Report, settings: &Vicidial, sip: &Sip) -> Option<String> {
    let mut wishes: Vec<String> = Vec::new();
    let source = &settings.source;
    let user = if settings.user.is_empty() { "____________" } else { &settings.user };
    match &report.http {
        Reach::NotSetUp | Reach::Refused(_) => wishes.push(format!(
            "An API user for both APIs\n   user: {user}   password: ____________   user level: 8 (9 for call reports)\n   Agent API Access: 1   API Allowed Functions: ALL_FUNCTIONS\n   rights: view reports, modify leads (1), modify campaigns, modify lists, modify remote agents, change agent campaign\n   source name of our requests: {source}\n   address of the web server: https://____________"
        )),
        Reach::Works(_) if !report.refused.is_empty() => {
            let (allow, rights): (Vec<_>, Vec<_>) =
                report.refused.iter().partition(|(_, class)| **class == "function_not_allowed");
            let names = |list: &[(&&'static str, &&'static str)]| list.iter().map(|(name, _)| **name).collect::<Vec<_>>().join(", ");
            let mut wish = format!("More for the API user {user} (source name {source})");
            if !allow.is_empty() {
                let _ = write!(wish, "\n   API Allowed Functions, to be added: {}", names(&allow));
            }
            if !rights.is_empty() {
                let _ = write!(wish, "\n   rights for: {}", names(&rights));
            }
            wishes.push(wish);
        }
        Reach::Works(_) | Reach::Unreachable(_) => {}
    }
    let locked_out = [&report.http, &report.database, &report.ami]
        .iter()
        .any(|reach| matches!(reach, Reach::Unreachable(_)));
    if locked_out {
        let mut what = Vec::new();
        for (reach, name) in
            [(&report.http, "web server"), (&report.database, "MySQL"), (&report.ami, "manager interface")]
        {
            if matches!(reach, Reach::Unreachable(_)) {
                what.push(name);
            }
        }
        wishes.push(format!(
            "Our address on your allow-list, for: {}\n   our public address: ____________",
            what.join(", ")
        ));
    }
    match &report.database {
        Reach::NotSetUp | Reach::Refused(_) => wishes.push(format!(
            "A MySQL user who may read the database asterisk\n   user: ____________   password: ____________   host: ____________   port: 3306\n   SELECT on: {}, {}\n   INSERT as well, if we may add leads that way: {}",
            LEAST_TABLES.join(", "),
            MORE_TABLES.join(", "),
            WRITTEN.join(", ")
        )),
        Reach::Works(_) if !report.unreadable.is_empty() => {
            wishes.push(format!("More for the MySQL user {}\n   SELECT on: {}", settings.db_user, report.unreadable.join(", ")));
        }
        Reach::Works(_) | Reach::Unreachable(_) => {}
    }
    if !report.remote_agent.works() {
        wishes.push(
            "A remote agent for our AI callers\n   user start: ____________ (a user that exists, and as many after it as there are lines)\n   number of lines: ____   campaigns: ____________   in-groups: ____________\n   external extension: ____________ (routed to the SIP trunk below)   on-hook: N   status: INACTIVE until we ask".into(),
        );
    }
    match &report.ami {
        Reach::NotSetUp | Reach::Refused(_) => wishes.push(
            "A manager (AMI) user\n   user: ____________   secret: ____________   host: ____________   port: 5038\n   read = call,cdr   write = call,originate".into(),
        ),
        Reach::Works(_) if !report.denied.is_empty() => {
            let mut privileges: Vec<&str> =
                AMI_ACTIONS.iter().filter(|(action, _)| report.denied.contains(action)).map(|(_, privilege)| *privilege).collect();
            privileges.sort_unstable();
            privileges.dedup();
            wishes.push(format!("More for the manager user {}\n   write = {}", settings.ami_user, privileges.join(",")));
        }
        Reach::Works(_) | Reach::Unreachable(_) => {}
    }
    if sip.host.is_empty() {
        wishes.push(
            "A SIP trunk between your Asterisk and ours\n   server: ____________   port: 5060   user: ____________   password: ____________\n   codec: ulaw   authentication: registration, or our address".into(),
        );
    }
    if wishes.is_empty() {
        return None;
    }
    let mut text = String::from(
        "Subject: Access to VICIdial for Dialdeck\n\nHello,\n\nwe connect Dialdeck, our console and AI callers, to your VICIdial. These are missing, the most urgent first:\n",
    );
    for (n, wish) in wishes.iter().enumerate() {
        let _ = write!(text, "\n{}. {wish}\n", n + 1);
    }
    text.push_str("\nPlease send passwords by another way than this mail.\n\nThank you,\n____________\n");
    Some(text)
}
