//! What the stand-in writes into a real database, where it has one, as the real PHP does.

use super::Params;
use crate::mariadb::MariaDb;
use color_eyre::eyre::Result;
use sqlx::mysql::MySqlConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions};

/// Columns that `update_lead` writes here.
const COLUMNS: &[&str] =
    &["status", "first_name", "last_name", "email", "state", "postal_code", "comments", "vendor_lead_code"];

/// How the database is reached.
pub(super) fn options(database: &MariaDb) -> MySqlConnectOptions {
    MySqlConnectOptions::new()
        .host("127.0.0.1")
        .port(database.port)
        .username("cron")
        .password("1234")
        .database("asterisk")
        .timezone(None)
        .disable_statement_logging()
}

/// Writes what a request changed.
pub(super) async fn write(options: &MySqlConnectOptions, params: &Params) -> Result<()> {
    let get = |name: &str| params.get(name).map(String::as_str).unwrap_or_default();
    let mut db = options.connect().await?;
    // VICIdial does not run in strict mode: what is too long is cut.
    sqlx::query("SET SESSION sql_mode = ''").execute(&mut db).await?;
    match get("function") {
        "update_lead" => {
            let set: Vec<&str> = COLUMNS.iter().copied().filter(|name| !get(name).is_empty()).collect();
            if set.is_empty() {
                return Ok(());
            }
            let pairs: Vec<String> = set.iter().map(|name| format!("{name} = ?")).collect();
            let text = format!("UPDATE vicidial_list SET {} WHERE lead_id = ?", pairs.join(", "));
            let mut query = sqlx::query(AssertSqlSafe(text));
            for name in set {
                query = query.bind(get(name).to_owned());
            }
            query.bind(get("lead_id").to_owned()).execute(&mut db).await?;
        }
        "add_dnc_phone" => {
            let query = "INSERT IGNORE INTO vicidial_dnc (phone_number) VALUES (?)";
            sqlx::query(query).bind(get("phone_number").to_owned()).execute(&mut db).await?;
        }
        _ => {}
    }
    Ok(())
}
