//! One connection to VICIdial's database, which only reads. Its clock counts, not ours, and the session's time zone stays
//! what the server has, or its local times would mean something else.

use crate::settings::Vicidial;
use secrecy::ExposeSecret;
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection, MySqlRow, MySqlSslMode};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row};
use std::time::Duration;
use tokio::time::error::Elapsed;

/// Longest that a set of queries may take; a table that is locked longer is looked at again later.
pub const PATIENCE: Duration = Duration::from_secs(5);

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
}

/// A cell as text, whatever its type: VICIdial's columns changed theirs from version to version.
pub fn text(row: &MySqlRow, at: usize) -> String {
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
pub fn plain(row: &MySqlRow, at: usize) -> String {
    crate::domain::plain::line(&text(row, at), 100)
}

/// A cell as a whole number; what is none counts as 0.
pub fn whole(row: &MySqlRow, at: usize) -> i64 {
    let text = text(row, at);
    let text = text.split('.').next().unwrap_or_default();
    text.parse().unwrap_or(0)
}

/// A cell as a number; what is none counts as 0.
pub fn real(row: &MySqlRow, at: usize) -> f64 {
    text(row, at).trim().parse().unwrap_or(0.0)
}

fn options(settings: &Vicidial) -> MySqlConnectOptions {
    MySqlConnectOptions::new()
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
        .disable_statement_logging()
}

/// A connection that may write, for the few things that are written here; VICIdial itself runs without strict mode.
///
/// # Errors
/// When it cannot be opened.
pub async fn writing(settings: &Vicidial) -> Result<MySqlConnection, sqlx::Error> {
    options(settings).connect().await
}

impl Database {
    /// The database that the settings name; nothing is opened yet.
    pub fn new(settings: &Vicidial) -> Self {
        Self { options: options(settings), connection: None }
    }

    /// The connection, opened where there is none.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub async fn connection(&mut self) -> Result<&mut MySqlConnection, DatabaseError> {
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

    /// What came of asking within the patience that a database deserves. The connection is given up where it failed.
    ///
    /// # Errors
    /// When it cannot be reached, refused, or was too slow.
    pub fn judge<T>(&mut self, asked: Result<Result<T, DatabaseError>, Elapsed>) -> Result<T, DatabaseError> {
        let result = asked.unwrap_or(Err(DatabaseError::Slow));
        if result.is_err() {
            self.connection = None;
        }
        result
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
        let row = tokio::time::timeout(PATIENCE, asked).await;
        Ok(self
            .judge(row)?
            .map(|row| Some(text(&row, 0)).filter(|value| !matches!(value.as_str(), "" | "0"))))
    }

    /// Which of these tables may be read, and which may be written to, as the database itself says.
    ///
    /// # Errors
    /// When it cannot be reached.
    pub async fn probe(&mut self, tables: &[&str]) -> Result<Vec<(String, Option<String>)>, DatabaseError> {
        let asked = tokio::time::timeout(PATIENCE, self.readable(tables)).await;
        self.judge(asked)
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
        let asked = tokio::time::timeout(PATIENCE, asked).await;
        self.judge(asked)
    }

    /// Closes the connection.
    pub async fn close(&mut self) {
        if let Some(connection) = self.connection.take() {
            let _ = connection.close().await;
        }
    }
}
