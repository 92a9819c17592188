//! What the stand-in knows: accounts, agents, leads, lists, campaigns.

use super::{Exchange, Params, exchanges};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How it misbehaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Misbehaviour {
    /// Not at all.
    Not,
    /// It is an older version.
    Old,
    /// Half of each answer.
    Half,
    /// A log-in page instead of an answer.
    WebPage,
    /// 500 with an empty body.
    Failing,
    /// Elsewhere.
    Redirecting,
    /// No answer at all.
    Hanging,
}

/// An API user.
#[derive(Debug, Clone)]
pub struct Account {
    /// Password.
    pub password: String,
    /// `user_level`.
    pub level: u32,
    /// `vdc_agent_api_access`.
    pub access: bool,
    /// `api_allowed_functions`; nothing: all.
    pub functions: Option<BTreeSet<String>>,
    /// `failed_login_count`.
    pub failures: u32,
}

/// A row of `vicidial_live_agents`.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs, reason = "the columns have VICIdial's own names")]
pub struct Agent {
    pub full_name: String,
    pub status: String,
    pub lead_id: i64,
    pub campaign_id: String,
    pub callerid: String,
    pub calls_today: i64,
    pub pause_code: String,
    pub sub_status: String,
    pub session_id: String,
    /// Columns that are written for the screen.
    pub columns: BTreeMap<&'static str, String>,
    /// Whether a browser is open.
    pub screen: bool,
}

/// A row of `vicidial_list`.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs, reason = "the columns have VICIdial's own names")]
pub struct Lead {
    pub list_id: i64,
    pub status: String,
    pub phone_number: String,
    pub fields: BTreeMap<String, String>,
    pub custom: BTreeMap<String, String>,
}

/// All of it.
pub struct State {
    /// API users.
    pub accounts: BTreeMap<String, Account>,
    /// Users who exist, with their names.
    pub users: BTreeMap<String, String>,
    /// Who is logged in.
    pub agents: BTreeMap<String, Agent>,
    /// Leads.
    pub leads: BTreeMap<i64, Lead>,
    /// Lists, with their campaigns.
    pub lists: BTreeMap<i64, String>,
    /// Campaigns: settings by name.
    pub campaigns: BTreeMap<String, BTreeMap<&'static str, String>>,
    /// Campaign (or `SYSTEM_INTERNAL`) and number.
    pub dnc: BTreeSet<(String, String)>,
    /// Leads in hoppers, by campaign.
    pub hopper: BTreeMap<String, Vec<i64>>,
    /// Remote agents: status, lines and campaign, by first user.
    pub remote_agents: BTreeMap<String, (String, u32, String)>,
    /// Every request, as it came.
    pub asked: Vec<Params>,
    /// How it misbehaves.
    pub misbehaves: Misbehaviour,
    /// Functions that are answered late, and by how much.
    pub slow: BTreeMap<String, Duration>,
    /// `vdc_agent_api_active`.
    pub agent_api: bool,
    /// The database that it writes into, where it has one.
    pub(super) database: Option<sqlx::mysql::MySqlConnectOptions>,
    recorded: Vec<Exchange>,
}

fn agent(name: &str, status: &str, lead_id: i64, callerid: &str, session: &str) -> Agent {
    Agent {
        full_name: name.into(),
        status: status.into(),
        lead_id,
        campaign_id: "TESTCAMP".into(),
        callerid: callerid.into(),
        calls_today: 3,
        session_id: session.into(),
        screen: true,
        ..Agent::default()
    }
}

impl State {
    /// As the lab was when it was recorded.
    pub fn lab() -> Self {
        let account = |level, access| Account {
            password: "apipass1".into(),
            level,
            access,
            functions: None,
            failures: 0,
        };
        let few = Account { functions: Some(["agent_status".to_owned()].into()), ..account(9, true) };
        let accounts = [
            ("apiuser", account(9, true)),
            ("apioff", account(9, false)),
            ("apilow", account(1, true)),
            ("apifew", few),
        ];
        let dispo = Agent {
            sub_status: "DISPO".into(),
            ..agent("Eve Dispo", "PAUSED", 6, "V1120230000000000006", "8600055")
        };
        let agents = [
            ("1001", agent("Ann Ready", "READY", 0, "", "8600051")),
            ("1002", agent("Bob Incall", "INCALL", 2, "V1120230000000000002", "8600052")),
            ("1003", agent("Cid Paused", "PAUSED", 0, "", "8600053")),
            ("1004", agent("Dee Inbound", "INCALL", 3, "Y1120230000000000003", "8600054")),
            ("1005", dispo),
            ("2001", agent("AI Remote", "READY", 0, "", "8600099")),
        ];
        let campaign = |name: &str, method: &str, level: &str| {
            BTreeMap::from([
                ("campaign_name", name.to_owned()),
                ("active", "Y".to_owned()),
                ("dial_method", method.to_owned()),
                ("auto_dial_level", level.to_owned()),
            ])
        };
        let leads = (1..=6).map(|id| {
            let phone_number = format!("727555100{id}");
            (id, Lead { list_id: 101, status: "NEW".into(), phone_number, ..Lead::default() })
        });
        let names = agents.iter().map(|(user, agent)| ((*user).to_owned(), agent.full_name.clone()));
        Self {
            accounts: accounts.into_iter().map(|(user, account)| (user.to_owned(), account)).collect(),
            users: names.chain([("1009".to_owned(), "Guy Away".to_owned())]).collect(),
            agents: agents.into_iter().map(|(user, agent)| (user.to_owned(), agent)).collect(),
            leads: leads.collect(),
            lists: [(101, "TESTCAMP".to_owned()), (102, "TESTCAMP".to_owned())].into(),
            campaigns: [
                ("TESTCAMP".to_owned(), campaign("Test campaign", "ADAPT_HARD_LIMIT", "2.0")),
                ("MANCAMP".to_owned(), campaign("Manual campaign", "MANUAL", "0")),
            ]
            .into(),
            dnc: [("SYSTEM_INTERNAL".to_owned(), "7275550666".to_owned())].into(),
            hopper: [("TESTCAMP".to_owned(), vec![1])].into(),
            remote_agents: [("2001".to_owned(), ("INACTIVE".to_owned(), 1, "TESTCAMP".to_owned()))].into(),
            asked: Vec::new(),
            misbehaves: Misbehaviour::Not,
            slow: BTreeMap::new(),
            agent_api: true,
            database: None,
            recorded: exchanges(),
        }
    }

    /// Requests of a function so far.
    pub fn asked_for(&self, function: &str) -> Vec<&Params> {
        self.asked.iter().filter(|params| params.get("function").is_some_and(|f| f == function)).collect()
    }

    /// What the real PHP said to the request most like this one.
    pub(super) fn recorded(&self, api: &str, params: &Params) -> Option<(u16, String)> {
        let function = params.get("function")?;
        let ours = |name: &str| matches!(name, "pass" | "source" | "header");
        let score = |exchange: &Exchange| {
            let same = exchange
                .params
                .iter()
                .filter(|(name, value)| !ours(name) && params.get(*name) == Some(value))
                .count();
            let other = exchange
                .params
                .iter()
                .filter(|(name, value)| !ours(name) && params.get(*name).is_some_and(|own| own != *value))
                .count();
            let lacking =
                exchange.params.keys().filter(|name| !ours(name) && !params.contains_key(*name)).count();
            let header = usize::from(exchange.params.get("header") == params.get("header"));
            let source = usize::from(exchange.params.get("source").is_some_and(|source| source.len() > 1));
            3 * same + header + 5 * source + 100 - 2 * other.min(20) - lacking.min(20)
        };
        let of = |exchange: &&Exchange| exchange.api == api && exchange.function.as_ref() == Some(function);
        let best = self.recorded.iter().filter(of).max_by_key(|exchange| score(exchange))?;
        Some((best.status, best.body.clone()))
    }

    /// Every open browser takes what was written for it.
    pub fn poll_screens(&mut self) {
        let mut gone = Vec::new();
        for (user, agent) in self.agents.iter_mut().filter(|(_, agent)| agent.screen) {
            for (column, value) in std::mem::take(&mut agent.columns) {
                match column {
                    "external_pause" if value.starts_with("PAUSE") => agent.status = "PAUSED".into(),
                    "external_pause" if value.starts_with("RESUME") => {
                        agent.status = "READY".into();
                        agent.pause_code.clear();
                    }
                    "external_pause" => gone.push(user.clone()),
                    "external_pause_code" => agent.pause_code = value,
                    "external_hangup" => {
                        agent.status = "PAUSED".into();
                        agent.sub_status = "DISPO".into();
                    }
                    "external_status" => {
                        let lead = self.leads.get_mut(&agent.lead_id);
                        if let Some(lead) = lead {
                            value.split('!').next().unwrap_or_default().clone_into(&mut lead.status);
                        }
                        agent.lead_id = 0;
                        agent.callerid.clear();
                        agent.sub_status.clear();
                        agent.status = "READY".into();
                    }
                    "external_dial" if value.contains('!') => {
                        agent.status = "INCALL".into();
                        agent.lead_id = 5;
                        if let Some(lead) = self.leads.get_mut(&5) {
                            value.split('!').next().unwrap_or_default().clone_into(&mut lead.phone_number);
                        }
                        agent.callerid = "M1120230000000000005".into();
                    }
                    "external_park" => {
                        agent.sub_status =
                            if value.starts_with("PARK") { "PARK".into() } else { String::new() };
                    }
                    "external_transferconf" => {
                        agent.status = "PAUSED".into();
                        agent.sub_status = "DISPO".into();
                    }
                    _ => {}
                }
            }
        }
        for user in gone {
            self.agents.remove(&user);
        }
    }
}
