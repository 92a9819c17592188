//! How events are counted and written on SQLite: in one call, because each costs two changes of thread.

use super::engine::Db;
use crate::storage::change::Happening;
use sqlx::QueryBuilder;
use sqlx::types::Json;

/// The number of the last event, where events are written.
const LAST: &str = "(SELECT value FROM event_counter WHERE id = 1)";

/// Events in one call.
const MOST: usize = 256;

/// How many of so many events the next call writes. Powers of two: so there are few texts of it, and SQLite knows each of
/// them already.
pub fn at_once(count: usize) -> usize {
    count.checked_ilog2().map_or(0, |power| (1 << power).min(MOST))
}

/// The call; its row is the number of the last. `alone`: it is a transaction by itself.
pub fn writing(happenings: &[&Happening], alone: bool) -> QueryBuilder<Db> {
    let mut query = QueryBuilder::<Db>::new(if alone { "BEGIN IMMEDIATE; " } else { "" });
    query.push("UPDATE event_counter SET value = value + ").push(happenings.len());
    query.push(" WHERE id = 1 RETURNING value; ");
    query.push("INSERT INTO events (seq, organization_id, campaign_id, call_id, type, body, at) ");
    query.push_values(happenings.iter().rev().enumerate().rev(), |mut row, (later, happening)| {
        row.push(format_args!("{LAST} - {later}"))
            .push_bind(happening.organization_id.0.clone())
            .push_bind(happening.campaign_id.map(|id| id.0))
            .push_bind(happening.call_id.as_ref().map(|id| id.0.clone()))
            .push_bind(happening.body.kind())
            .push_bind(Json(&happening.body))
            .push_bind(happening.at.naive_utc());
    });
    query.push(if alone { "; COMMIT" } else { "" });
    query
}
