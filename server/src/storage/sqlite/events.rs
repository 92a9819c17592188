//! How events are numbered and written on SQLite: in one statement, because each costs two changes of thread and more, and
//! where there is nothing else to write it is a transaction by itself.

use super::engine::{Conn, Db};
use crate::storage::change::Happening;
use sqlx::QueryBuilder;
use sqlx::types::Json;

/// The number of the last event. The counter knows it where that event was deleted since; else it is behind.
pub const LAST_SEQ: &str =
    "SELECT MAX(value, COALESCE((SELECT MAX(seq) FROM events), 0)) FROM event_counter WHERE id = 1";

/// Events in one statement.
const MOST: usize = 256;
/// Up to so many, each count has its own text; of more, powers of two have one. So there are few, and SQLite knows each of
/// them already.
const EACH: usize = 32;

/// How many of so many events the next statement writes.
pub fn at_once(count: usize) -> usize {
    if count <= EACH { count } else { count.checked_ilog2().map_or(0, |power| (1 << power).min(MOST)) }
}

/// Writes some, one at least; gives the number of the last.
pub async fn write(conn: &mut Conn, happenings: &[&Happening]) -> Result<i64, sqlx::Error> {
    let mut query = QueryBuilder::<Db>::new("WITH last (seq) AS MATERIALIZED (");
    query.push(LAST_SEQ);
    query.push(") INSERT INTO events (seq, organization_id, campaign_id, call_id, type, body, at) ");
    query
        .push("SELECT last.seq + column1, column2, column3, column4, column5, column6, column7 FROM last, (");
    query.push_values(happenings.iter().enumerate(), |mut row, (earlier, happening)| {
        row.push(earlier + 1)
            .push_bind(happening.organization_id.0.clone())
            .push_bind(happening.campaign_id.map(|id| id.0))
            .push_bind(happening.call_id.as_ref().map(|id| id.0.clone()))
            .push_bind(happening.body.kind())
            .push_bind(Json(&happening.body))
            .push_bind(happening.at.naive_utc());
    });
    query.push(")");
    Ok(query.build().execute(conn).await?.last_insert_rowid())
}
