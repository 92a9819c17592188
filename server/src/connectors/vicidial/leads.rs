//! Leads as they stand in VICIdial's database: those that changed, single ones, and the do-not-call list.

use super::database::{Database, DatabaseError, PATIENCE, text, whole};
use crate::domain::lead_sync;
use crate::settings::Vicidial;
use sqlx::mysql::MySqlRow;
use sqlx::{AssertSqlSafe, MySql, QueryBuilder};
use std::collections::BTreeMap;

/// A lead.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeadRow {
    /// Its id.
    pub lead_id: i64,
    /// Its list.
    pub list_id: i64,
    /// When it was last changed, in seconds by the database's clock.
    pub modified_at: i64,
    /// Its status.
    pub status: String,
    /// Who had it last.
    pub user: String,
    /// The number's country code.
    pub phone_code: String,
    /// The number, as VICIdial holds it.
    pub phone_number: String,
    /// What may be written to, by column.
    pub cells: BTreeMap<&'static str, String>,
}

/// The last call of a lead.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LastCall {
    /// Asterisk's id of it.
    pub uniqueid: String,
    /// When it was placed, in seconds.
    pub placed_at: i64,
    /// Seconds that it took.
    pub seconds: i64,
    /// The status that it ended with.
    pub status: String,
    /// Who talked.
    pub user: String,
}

/// Reads leads.
pub struct LeadReader(Database);

/// `rank` is a word of the database's own.
fn columns() -> String {
    let cells: Vec<String> = lead_sync::columns().map(|column| format!("CAST(`{column}` AS CHAR)")).collect();
    format!(
        "lead_id, list_id, UNIX_TIMESTAMP(modify_date), status, user, phone_code, phone_number, {}",
        cells.join(", ")
    )
}

/// Longer than any column of them.
const WIDTH: usize = 300;

fn lead(row: &MySqlRow) -> LeadRow {
    let cell = |at| crate::domain::plain::line(&text(row, at), WIDTH);
    LeadRow {
        lead_id: whole(row, 0),
        list_id: whole(row, 1),
        modified_at: whole(row, 2),
        status: cell(3),
        user: cell(4),
        phone_code: cell(5),
        phone_number: cell(6),
        cells: lead_sync::columns().enumerate().map(|(n, column)| (column, cell(7 + n))).collect(),
    }
}

impl LeadReader {
    /// Reads the database that the settings name; nothing is opened yet.
    pub fn new(settings: &Vicidial) -> Self {
        Self(Database::new(settings))
    }

    /// What the database's clock says, in seconds.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub async fn now(&mut self) -> Result<i64, DatabaseError> {
        let asked = async {
            let row = sqlx::query("SELECT UNIX_TIMESTAMP()").fetch_one(self.0.connection().await?).await?;
            Ok(whole(&row, 0))
        };
        let asked = tokio::time::timeout(PATIENCE, asked).await;
        self.0.judge(asked)
    }

    /// Leads of a list that changed after a second and a lead of it, oldest change first. The second that is not over yet is left
    /// for later: more may change in it.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn changed(
        &mut self,
        list: i64,
        after: (i64, i64),
        limit: i64,
    ) -> Result<Vec<LeadRow>, DatabaseError> {
        let query = format!(
            "SELECT {} FROM vicidial_list WHERE list_id = ? AND UNIX_TIMESTAMP(modify_date) < UNIX_TIMESTAMP() AND \
             (UNIX_TIMESTAMP(modify_date) > ? OR UNIX_TIMESTAMP(modify_date) = ? AND lead_id > ?) \
             ORDER BY modify_date, lead_id LIMIT ?",
            columns()
        );
        let asked = async {
            let asking =
                sqlx::query(AssertSqlSafe(query)).bind(list).bind(after.0).bind(after.0).bind(after.1);
            let rows = asking.bind(limit).fetch_all(self.0.connection().await?).await?;
            Ok(rows.iter().map(lead).collect())
        };
        let asked = tokio::time::timeout(PATIENCE, asked).await;
        self.0.judge(asked)
    }

    /// Single leads, as they are now.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn leads(&mut self, ids: &[i64]) -> Result<BTreeMap<i64, LeadRow>, DatabaseError> {
        if ids.is_empty() {
            return Ok(BTreeMap::new());
        }
        let mut query = QueryBuilder::<MySql>::new("SELECT ");
        query.push(columns()).push(" FROM vicidial_list WHERE lead_id IN (");
        let mut list = query.separated(", ");
        for id in ids {
            list.push_bind(*id);
        }
        query.push(")");
        let asked = async {
            let rows = query.build().fetch_all(self.0.connection().await?).await?;
            Ok(rows.iter().map(lead).map(|lead| (lead.lead_id, lead)).collect())
        };
        let asked = tokio::time::timeout(PATIENCE, asked).await;
        self.0.judge(asked)
    }

    /// The last call of a lead; nothing where there is none, or its log may not be read.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn last_call(&mut self, lead_id: i64) -> Result<Option<LastCall>, DatabaseError> {
        let asked = async {
            let db = self.0.connection().await?;
            let query = "SELECT uniqueid, UNIX_TIMESTAMP(call_date), length_in_sec, status, user FROM vicidial_log \
                         WHERE lead_id = ? ORDER BY call_date DESC LIMIT 1";
            match sqlx::query(query).bind(lead_id).fetch_optional(db).await {
                Ok(row) => Ok(row.map(|row| LastCall {
                    uniqueid: crate::domain::plain::line(&text(&row, 0), 40),
                    placed_at: whole(&row, 1),
                    seconds: whole(&row, 2),
                    status: text(&row, 3),
                    user: crate::domain::plain::line(&text(&row, 4), 20),
                })),
                Err(sqlx::Error::Database(_)) => Ok(None),
                Err(error) => Err(error.into()),
            }
        };
        let asked = tokio::time::timeout(PATIENCE, asked).await;
        self.0.judge(asked)
    }

    /// Numbers of VICIdial's do-not-call list after one of them, in its own order.
    ///
    /// # Errors
    /// When the database cannot be asked, or the list may not be read.
    pub async fn do_not_call(&mut self, after: &str, limit: i64) -> Result<Vec<String>, DatabaseError> {
        let asked = async {
            let query =
                "SELECT phone_number FROM vicidial_dnc WHERE phone_number > ? ORDER BY phone_number LIMIT ?";
            let asking = sqlx::query(query).bind(after).bind(limit);
            let rows = asking.fetch_all(self.0.connection().await?).await?;
            Ok(rows.iter().map(|row| text(row, 0)).collect())
        };
        let asked = tokio::time::timeout(PATIENCE, asked).await;
        self.0.judge(asked)
    }
}
