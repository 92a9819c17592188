//! VICIdial's database, read: one set of queries gives the floor. Its clock counts, not ours, and the session's time zone
//! stays what the server has, or its local times would mean something else.

use super::derive::{AgentRow, CallRow, Rows, thresholds};
use crate::settings::Vicidial;
use dialdeck_protocol::vicidial::{FloorCampaign, Thresholds};
use secrecy::ExposeSecret;
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection, MySqlRow, MySqlSslMode};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Longest that a set of queries may take; a table that is locked longer is looked at again later.
const PATIENCE: Duration = Duration::from_secs(5);
/// Sets between two looks at what hardly changes: hopper, callbacks, pause codes, report times.
const SELDOM: u64 = 10;

/// The tables without which there is no floor.
pub const LEAST_TABLES: &[&str] = &[
    "vicidial_live_agents",
    "vicidial_users",
    "vicidial_auto_calls",
    "vicidial_list",
    "vicidial_campaigns",
    "vicidial_campaign_stats",
    "parked_channels",
];

/// Why the database told nothing.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// It said why.
    #[error("{0}")]
    Sql(#[from] sqlx::Error),
    /// It did not answer.
    #[error("VICIdial's database did not answer within {} s; a table may be locked", PATIENCE.as_secs())]
    Slow,
}

/// One connection, opened anew when it broke.
pub struct Database {
    options: MySqlConnectOptions,
    connection: Option<MySqlConnection>,
    sets: u64,
    seldom: Seldom,
}

/// What hardly changes.
#[derive(Debug, Clone, Default)]
struct Seldom {
    hopper: BTreeMap<String, i64>,
    callbacks: BTreeMap<String, i64>,
    limits: BTreeMap<(String, String), i64>,
    thresholds: Thresholds,
}

/// What one set of queries gave.
#[derive(Debug, Clone, Default)]
pub struct Looked {
    /// Agents and calls.
    pub rows: Rows,
    /// Campaigns.
    pub campaigns: Vec<FloorCampaign>,
    /// Report times.
    pub thresholds: Thresholds,
}

const AGENTS: &str = "SELECT la.user, u.full_name, u.user_group, la.server_ip, la.conf_exten, la.extension, la.status, \
    la.lead_id, la.campaign_id, la.callerid, la.comments, la.calls_today, la.pause_code, la.on_hook_agent, \
    la.ring_callerid, UNIX_TIMESTAMP(la.last_call_time), UNIX_TIMESTAMP(la.last_state_change), l.phone_number, \
    u.user_hide_realtime FROM vicidial_live_agents la JOIN vicidial_users u ON u.user = la.user \
    LEFT JOIN vicidial_list l ON l.lead_id = la.lead_id AND la.lead_id > 0";
const CALLS: &str = "SELECT callerid, status, campaign_id, phone_number, UNIX_TIMESTAMP(call_time), call_type, \
    queue_priority, uniqueid, channel FROM vicidial_auto_calls";
const PARKED: &str = "SELECT channel_group FROM parked_channels";
const HOLDS: &str = "SELECT la.user, MAX(cl.queue_seconds) FROM vicidial_live_agents la \
    JOIN vicidial_closer_log cl ON cl.uniqueid = la.uniqueid \
    WHERE la.status = 'INCALL' AND la.comments = 'INBOUND' AND la.uniqueid <> '' GROUP BY la.user";
const CAMPAIGNS: &str = "SELECT c.campaign_id, c.campaign_name, c.active, c.dial_method, c.auto_dial_level, \
    c.adaptive_dropped_percentage, s.dialable_leads, s.calls_today, s.answers_today, s.drops_today, \
    s.differential_onemin, s.agents_average_onemin \
    FROM vicidial_campaigns c LEFT JOIN vicidial_campaign_stats s ON s.campaign_id = c.campaign_id \
    ORDER BY c.campaign_id";
const HOPPER: &str =
    "SELECT campaign_id, COUNT(*) FROM vicidial_hopper WHERE status = 'READY' GROUP BY campaign_id";
const CALLBACKS: &str =
    "SELECT campaign_id, COUNT(*) FROM vicidial_callbacks WHERE status = 'LIVE' GROUP BY campaign_id";
const LIMITS: &str = "SELECT campaign_id, pause_code, time_limit FROM vicidial_pause_codes";
const LIMITED: &str = "SELECT enable_pause_code_limits FROM system_settings";
const TIMES: &str =
    "SELECT container_entry FROM vicidial_settings_containers WHERE container_id = 'REALTIME_REPORT_TIMES'";

/// A cell as text, whatever its type: VICIdial's columns changed theirs from version to version.
fn text(row: &MySqlRow, at: usize) -> String {
    use sqlx::ValueRef;
    let Ok(raw) = row.try_get_raw(at) else { return String::new() };
    if raw.is_null() {
        return String::new();
    }
    let whole = || row.try_get_unchecked::<i64, _>(at).map(|n| n.to_string());
    match raw.type_info().to_string().as_str() {
        "TINYINT" | "SMALLINT" | "INT" | "MEDIUMINT" | "BIGINT" | "TINYINT UNSIGNED"
        | "SMALLINT UNSIGNED" | "INT UNSIGNED" | "MEDIUMINT UNSIGNED" | "BIGINT UNSIGNED" | "BOOLEAN" => {
            whole().unwrap_or_default()
        }
        "FLOAT" => row.try_get_unchecked::<f32, _>(at).map(|n| n.to_string()).unwrap_or_default(),
        "DOUBLE" => row.try_get_unchecked::<f64, _>(at).map(|n| n.to_string()).unwrap_or_default(),
        _ => match row.try_get_unchecked::<String, _>(at) {
            Ok(text) => text,
            Err(_) => row
                .try_get_unchecked::<Vec<u8>, _>(at)
                .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
                .unwrap_or_default(),
        },
    }
}

/// The same without what a terminal would act on.
fn plain(row: &MySqlRow, at: usize) -> String {
    crate::domain::plain::line(&text(row, at), 100)
}

fn whole(row: &MySqlRow, at: usize) -> i64 {
    let text = text(row, at);
    let text = text.split('.').next().unwrap_or_default();
    text.parse().unwrap_or(0)
}

fn real(row: &MySqlRow, at: usize) -> f64 {
    text(row, at).trim().parse().unwrap_or(0.0)
}

impl Database {
    /// The database that the settings name; nothing is opened yet.
    pub fn new(settings: &Vicidial) -> Self {
        let options = MySqlConnectOptions::new()
            .host(&settings.db_host)
            .port(settings.db_port)
            .username(&settings.db_user)
            .password(settings.db_password.expose_secret())
            .database(&settings.db_name)
            .ssl_mode(MySqlSslMode::Preferred)
            .charset("utf8mb4")
            .timezone(None)
            .pipes_as_concat(false)
            .no_engine_substitution(false)
            .disable_statement_logging();
        Self { options, connection: None, sets: 0, seldom: Seldom::default() }
    }

    /// The connection, opened where there is none.
    async fn connection(&mut self) -> Result<&mut MySqlConnection, DatabaseError> {
        let connection = if let Some(connection) = self.connection.take() {
            connection
        } else {
            let mut connection = self.options.connect().await?;
            // Neither is there everywhere; both only guard VICIdial against us.
            for guard in ["SET SESSION TRANSACTION READ ONLY", "SET SESSION max_statement_time = 5"] {
                let _ = sqlx::query(guard).execute(&mut connection).await;
            }
            connection
        };
        Ok(self.connection.insert(connection))
    }

    /// Looks once: the whole set of queries.
    ///
    /// # Errors
    /// When it cannot be reached, refuses, or is too slow. The connection is given up then.
    pub async fn look(&mut self) -> Result<Looked, DatabaseError> {
        let result = tokio::time::timeout(PATIENCE, self.set()).await.unwrap_or(Err(DatabaseError::Slow));
        match &result {
            Ok(_) => self.sets += 1,
            Err(_) => self.connection = None,
        }
        result
    }

    async fn set(&mut self) -> Result<Looked, DatabaseError> {
        let seldom = self.sets.is_multiple_of(SELDOM).then(Seldom::default);
        let known = self.seldom.clone();
        let db = self.connection().await?;
        let now = sqlx::query("SELECT UNIX_TIMESTAMP()").fetch_one(&mut *db).await?;
        let mut rows = Rows { now: whole(&now, 0), ..Rows::default() };
        for row in sqlx::query(AGENTS).fetch_all(&mut *db).await? {
            rows.agents.push(AgentRow {
                user: plain(&row, 0),
                full_name: plain(&row, 1),
                user_group: plain(&row, 2),
                server_ip: plain(&row, 3),
                conf_exten: plain(&row, 4),
                extension: plain(&row, 5),
                status: plain(&row, 6),
                lead_id: whole(&row, 7),
                campaign_id: plain(&row, 8),
                callerid: plain(&row, 9),
                comments: plain(&row, 10),
                calls_today: whole(&row, 11),
                pause_code: plain(&row, 12),
                on_hook_agent: plain(&row, 13),
                ring_callerid: plain(&row, 14),
                last_call_time: whole(&row, 15),
                last_state_change: whole(&row, 16),
                phone_number: plain(&row, 17),
                is_hidden: text(&row, 18) == "1",
            });
        }
        for row in sqlx::query(CALLS).fetch_all(&mut *db).await? {
            rows.calls.push(CallRow {
                callerid: plain(&row, 0),
                status: plain(&row, 1),
                campaign_id: plain(&row, 2),
                phone_number: plain(&row, 3),
                call_time: whole(&row, 4),
                call_type: plain(&row, 5),
                queue_priority: whole(&row, 6),
                uniqueid: plain(&row, 7),
                channel: plain(&row, 8),
            });
        }
        let parked = sqlx::query(PARKED).fetch_all(&mut *db).await?;
        rows.parked = parked.iter().map(|row| plain(row, 0)).collect::<BTreeSet<_>>();
        let holds = sqlx::query(HOLDS).fetch_all(&mut *db).await.unwrap_or_default();
        rows.holds = holds.iter().map(|row| (plain(row, 0), whole(row, 1))).collect();
        let known = match seldom {
            Some(_) => read_seldom(db).await,
            None => known,
        };
        rows.limits.clone_from(&known.limits);
        let campaigns = sqlx::query(CAMPAIGNS).fetch_all(&mut *db).await?;
        let campaigns = campaigns.iter().map(|row| campaign(row, &known)).collect();
        let thresholds = known.thresholds.clone();
        self.seldom = known;
        Ok(Looked { rows, campaigns, thresholds })
    }

    /// What a column of an agent's row holds now: nothing where there is no such row, and within it nothing where the column
    /// is empty or `0`.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn column(
        &mut self,
        user: &str,
        column: &'static str,
    ) -> Result<Option<Option<String>>, DatabaseError> {
        // The name is one of ours, from the catalogue.
        let query = format!("SELECT {column} FROM vicidial_live_agents WHERE user = ?");
        let asked = async {
            let db = self.connection().await?;
            Ok(sqlx::query(AssertSqlSafe(query)).bind(user).fetch_optional(db).await?)
        };
        let row = tokio::time::timeout(PATIENCE, asked).await.unwrap_or(Err(DatabaseError::Slow));
        if row.is_err() {
            self.connection = None;
        }
        Ok(row?.map(|row| Some(text(&row, 0)).filter(|value| !matches!(value.as_str(), "" | "0"))))
    }

    /// Which of these tables may be read, and which may be written to, as the database itself says.
    ///
    /// # Errors
    /// When it cannot be reached.
    pub async fn probe(&mut self, tables: &[&str]) -> Result<Vec<(String, Option<String>)>, DatabaseError> {
        let asked = self.readable(tables);
        tokio::time::timeout(PATIENCE, asked).await.unwrap_or(Err(DatabaseError::Slow))
    }

    async fn readable(&mut self, tables: &[&str]) -> Result<Vec<(String, Option<String>)>, DatabaseError> {
        let db = self.connection().await?;
        let mut found = Vec::new();
        for table in tables {
            // The names are ours.
            let query = format!("SELECT 1 FROM {table} LIMIT 1");
            let why = sqlx::query(AssertSqlSafe(query)).fetch_optional(&mut *db).await.err();
            if let Some(sqlx::Error::Io(_)) = &why {
                return Err(DatabaseError::Sql(sqlx::Error::WorkerCrashed));
            }
            found.push((
                (*table).to_owned(),
                why.map(|error| crate::domain::plain::line(&error.to_string(), 160)),
            ));
        }
        Ok(found)
    }

    /// The rights that the user has, in the database's words.
    ///
    /// # Errors
    /// When it cannot be reached.
    pub async fn grants(&mut self) -> Result<Vec<String>, DatabaseError> {
        let asked = async {
            let db = self.connection().await?;
            let rows = sqlx::query("SHOW GRANTS").fetch_all(db).await?;
            Ok(rows.iter().map(|row| text(row, 0)).collect())
        };
        tokio::time::timeout(PATIENCE, asked).await.unwrap_or(Err(DatabaseError::Slow))
    }

    /// Closes the connection.
    pub async fn close(&mut self) {
        if let Some(connection) = self.connection.take() {
            let _ = connection.close().await;
        }
    }
}

/// What hardly changes; a table that may not be read leaves its part empty.
async fn read_seldom(db: &mut MySqlConnection) -> Seldom {
    let mut seldom = Seldom::default();
    let pairs = |rows: Vec<MySqlRow>| rows.iter().map(|row| (plain(row, 0), whole(row, 1))).collect();
    seldom.hopper = pairs(sqlx::query(HOPPER).fetch_all(&mut *db).await.unwrap_or_default());
    seldom.callbacks = pairs(sqlx::query(CALLBACKS).fetch_all(&mut *db).await.unwrap_or_default());
    let limits = sqlx::query(LIMITS).fetch_all(&mut *db).await.unwrap_or_default();
    // Where the whole system has them off, no pause is too long.
    let off =
        matches!(sqlx::query(LIMITED).fetch_optional(&mut *db).await, Ok(Some(row)) if text(&row, 0) == "0");
    let limits = if off { Vec::new() } else { limits };
    seldom.limits = limits.iter().map(|row| ((plain(row, 0), plain(row, 1)), whole(row, 2))).collect();
    let times = sqlx::query(TIMES).fetch_optional(&mut *db).await.ok().flatten();
    seldom.thresholds = times.map_or_else(Thresholds::default, |row| thresholds(&text(&row, 0)));
    seldom
}

fn campaign(row: &MySqlRow, seldom: &Seldom) -> FloorCampaign {
    let id = plain(row, 0);
    let (answers, drops) = (whole(row, 8), whole(row, 9));
    let average = real(row, 11);
    #[allow(clippy::cast_precision_loss, reason = "calls of a day")]
    let drop_percent = if answers > 0 { drops as f64 / answers as f64 * 100.0 } else { 0.0 };
    FloorCampaign {
        name: plain(row, 1),
        active: text(row, 2) == "Y",
        method: plain(row, 3),
        level: real(row, 4),
        drop_limit: real(row, 5),
        dialable: whole(row, 6),
        calls: whole(row, 7),
        answers,
        drops,
        drop_percent,
        diff_percent: if average > 0.0 { real(row, 10) / average * 100.0 } else { 0.0 },
        hopper: seldom.hopper.get(&id).copied().unwrap_or(0),
        callbacks: seldom.callbacks.get(&id).copied().unwrap_or(0),
        id,
    }
}
