//! Words of what was said, in a GIN index beside numbers that grow with time: hits are read newest first.

use super::engine::Conn;
use crate::domain::words;

/// Indexes what was said in a call that is over. The second time does nothing.
pub async fn index_words(
    conn: &mut Conn,
    organization: &str,
    call: &str,
    text: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO call_texts (organization_id, call_id, words) VALUES ($1, $2, to_tsvector('simple', $3)) \
         ON CONFLICT (call_id) DO NOTHING",
    )
    .bind(organization)
    .bind(call)
    .bind(text)
    .execute(conn)
    .await?;
    Ok(())
}

/// Calls in which all the words of `text` stand, latest first, before the number `before`.
pub async fn search_words(
    conn: &mut Conn,
    organization: &str,
    text: &str,
    before: i64,
    limit: i64,
) -> Result<Vec<(i64, String)>, sqlx::Error> {
    let words = words::of(text);
    if words.is_empty() {
        return Ok(Vec::new());
    }
    sqlx::query_as(
        "SELECT number, call_id FROM call_texts WHERE organization_id = $1 AND words @@ plainto_tsquery('simple', $2) \
         AND number < $3 ORDER BY number DESC LIMIT $4",
    )
    .bind(organization)
    .bind(words.join(" "))
    .bind(before)
    .bind(limit)
    // Planned for these words each time: a plan for any words takes them for common ones, and reads the whole table for a rare one.
    .persistent(false)
    .fetch_all(conn)
    .await
}

/// PostgreSQL's index is in one piece; what waits beside it autovacuum puts in.
pub async fn merge_words(_conn: &mut Conn, _begins: bool) -> Result<bool, sqlx::Error> {
    Ok(false)
}
