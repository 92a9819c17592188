//! Words of what was said, in an FTS5 index whose row numbers grow with time: hits come newest first by themselves.

use super::engine::Conn;
use crate::domain::words;

/// Indexes what was said in a call that is over. The second time does nothing.
pub async fn index_words(
    conn: &mut Conn,
    _organization: &str,
    call: &str,
    text: &str,
) -> Result<(), sqlx::Error> {
    let number: Option<i64> = sqlx::query_scalar(
        "INSERT INTO call_texts (call_id) VALUES ($1) ON CONFLICT (call_id) DO NOTHING RETURNING number",
    )
    .bind(call)
    .fetch_optional(&mut *conn)
    .await?;
    let Some(number) = number else { return Ok(()) };
    sqlx::query("INSERT INTO call_words (rowid, words) VALUES ($1, $2)")
        .bind(number)
        .bind(text)
        .execute(conn)
        .await?;
    Ok(())
}

/// Calls in which all the words of `text` stand, latest first, before the number `before`; whoever asks filters them by
/// organization: a word for it would stand in every call, and a search would walk all of them to find a rare word.
pub async fn search_words(
    conn: &mut Conn,
    _organization: &str,
    text: &str,
    before: i64,
    limit: i64,
) -> Result<Vec<(i64, String)>, sqlx::Error> {
    let words = words::of(text);
    if words.is_empty() {
        return Ok(Vec::new());
    }
    // Each word is quoted: nothing of it is syntax.
    let quoted: Vec<String> = words.iter().map(|word| format!("words : \"{word}\"")).collect();
    sqlx::query_as(
        "SELECT t.number, t.call_id FROM call_words w JOIN call_texts t ON t.number = w.rowid \
         WHERE w.call_words MATCH $1 AND w.rowid < $2 ORDER BY w.rowid DESC LIMIT $3",
    )
    .bind(quoted.join(" AND "))
    .bind(before)
    .bind(limit)
    .fetch_all(conn)
    .await
}

/// Pages of the index that one step of a merge writes.
const STEP: i64 = 200;

/// One step of merging the index into one piece, `begins`: the first. False once there is nothing more to merge.
pub async fn merge_words(conn: &mut Conn, begins: bool) -> Result<bool, sqlx::Error> {
    let changes = "SELECT total_changes()";
    let before: i64 = sqlx::query_scalar(changes).fetch_one(&mut *conn).await?;
    // As FTS5 has it: a negative number begins by putting all pieces beside each other, and fewer than two changes are none.
    sqlx::query("INSERT INTO call_words (call_words, rank) VALUES ('merge', $1)")
        .bind(if begins { -STEP } else { STEP })
        .execute(&mut *conn)
        .await?;
    let after: i64 = sqlx::query_scalar(changes).fetch_one(&mut *conn).await?;
    Ok(after - before >= 2)
}
