//! One set of queries that gives the floor.

use super::super::database::{Database, DatabaseError, PATIENCE, plain, real, text, whole};
use super::derive::{AgentRow, CallRow, Rows, thresholds};
use crate::settings::Vicidial;
use dialdeck_protocol::vicidial::{FloorCampaign, Thresholds};
use sqlx::mysql::{MySqlConnection, MySqlRow};
use std::collections::{BTreeMap, BTreeSet};

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

/// Reads the floor, again and again.
pub struct Reader {
    database: Database,
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

impl Reader {
    /// Reads the database that the settings name; nothing is opened yet.
    pub fn new(settings: &Vicidial) -> Self {
        Self { database: Database::new(settings), sets: 0, seldom: Seldom::default() }
    }

    /// Looks once: the whole set of queries.
    ///
    /// # Errors
    /// When it cannot be reached, refuses, or is too slow. The connection is given up then.
    pub async fn look(&mut self) -> Result<Looked, DatabaseError> {
        let asked = tokio::time::timeout(PATIENCE, self.set()).await;
        let looked = self.database.judge(asked)?;
        self.sets += 1;
        Ok(looked)
    }

    async fn set(&mut self) -> Result<Looked, DatabaseError> {
        let seldom = self.sets.is_multiple_of(SELDOM).then(Seldom::default);
        let known = self.seldom.clone();
        let db = self.database.connection().await?;
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

    /// Closes the connection.
    pub async fn close(&mut self) {
        self.database.close().await;
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
