//! Words of what was said, in an FTS5 index whose row numbers grow with time: hits come newest first by themselves.

use super::engine::Conn;
use crate::domain::words;

/// An organization as one word that no text contains.
fn wall(organization: &str) -> String {
    format!("o{}", hex::encode_upper(organization))
}

/// Indexes what was said in a call that is over. The second time does nothing.
pub async fn index_words(
    conn: &mut Conn,
    organization: &str,
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
    sqlx::query("INSERT INTO call_words (rowid, organization, words) VALUES ($1, $2, $3)")
        .bind(number)
        .bind(wall(organization))
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
    // Each word is quoted: nothing of it is syntax.
    let quoted: Vec<String> = words.iter().map(|word| format!("words : \"{word}\"")).collect();
    let query = format!("organization : \"{}\" AND {}", wall(organization), quoted.join(" AND "));
    sqlx::query_as(
        "SELECT t.number, t.call_id FROM call_words w JOIN call_texts t ON t.number = w.rowid \
         WHERE w.call_words MATCH $1 AND w.rowid < $2 ORDER BY w.rowid DESC LIMIT $3",
    )
    .bind(query)
    .bind(before)
    .bind(limit)
    .fetch_all(conn)
    .await
}
