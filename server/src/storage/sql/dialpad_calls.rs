//! Dialpad's calls as they are listed, searched, and counted for the law.

use super::{Conn, Db, StoreResult, failed, word};
use crate::storage::StoreError;
use crate::storage::dialpad::CallQuery;
use chrono::{DateTime, NaiveDate, Utc};
use dialdeck_protocol::dialpad::DialpadCall;

pub(super) type Shown =
    (i64, i64, i64, i64, String, String, String, i64, String, String, String, i64, String, bool, i64, String);

pub(super) const SHOWN: &str = "SELECT c.id, c.leg_id, c.department_id, c.started_at, c.direction, c.status, c.state, c.agent_id, c.agent, \
                     c.number, c.name, c.duration_ms, c.labels, c.recorded, c.legs, c.day FROM dialpad_calls c WHERE ";

pub(super) fn shown(row: Shown) -> StoreResult<(DialpadCall, String)> {
    let (
        id,
        leg,
        department,
        started,
        direction,
        status,
        state,
        agent_id,
        agent,
        number,
        name,
        duration_ms,
        labels,
        recorded,
        legs,
        day,
    ) = row;
    let some = |id: i64| if id == 0 { String::new() } else { id.to_string() };
    let call = DialpadCall {
        id: id.to_string(),
        leg_id: leg.to_string(),
        started_at: DateTime::from_timestamp_millis(started).unwrap_or_default(),
        // The record does not know the zone; whoever shows it does.
        local: DateTime::from_timestamp_millis(started).unwrap_or_default().naive_utc(),
        direction: if direction.is_empty() { None } else { Some(word(&direction)?) },
        status: word(&status)?,
        state,
        agent_id: some(agent_id),
        agent,
        number,
        name,
        department: some(department),
        duration_ms,
        labels: labels.split(", ").filter(|label| !label.is_empty()).map(str::to_owned).collect(),
        recorded,
        legs: i32::try_from(legs).unwrap_or(i32::MAX),
    };
    Ok((call, day))
}

/// A place in the list: day, moment, id.
fn place(cursor: &str) -> StoreResult<(String, i64, i64)> {
    let wrong = || StoreError::Invalid("after: this is no cursor of this list".into());
    let mut parts = cursor.splitn(3, '.');
    let day = parts.next().unwrap_or_default();
    let numbers: Vec<i64> = parts.filter_map(|part| part.parse().ok()).collect();
    match (day.parse::<NaiveDate>(), &numbers[..]) {
        (Ok(day), [at, id]) => Ok((day.to_string(), *at, *id)),
        _ => Err(wrong()),
    }
}

/// A text in which nothing stands for anything else, to be found anywhere.
fn anywhere(text: &str) -> String {
    let text = text.to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{text}%")
}

pub(super) async fn calls(
    conn: &mut Conn,
    organization: &str,
    query: &CallQuery,
) -> StoreResult<(Vec<DialpadCall>, Option<String>)> {
    let mut sql = sqlx::QueryBuilder::<Db>::new(SHOWN);
    sql.push("c.organization_id = ").push_bind(organization.to_owned());
    sql.push(" AND c.day >= ").push_bind(query.from.to_string());
    sql.push(" AND c.day <= ").push_bind(query.to.to_string());
    if let Some(department) = query.department {
        sql.push(" AND c.department_id = ").push_bind(department);
    }
    if let Some(agent) = query.agent {
        // A call that goes on has no parts yet.
        sql.push(" AND (c.agent_id = ").push_bind(agent);
        sql.push(" OR EXISTS (SELECT 1 FROM dialpad_parts p WHERE p.organization_id = c.organization_id AND p.call_id = c.id AND p.agent_id = ")
            .push_bind(agent)
            .push("))");
    }
    if let Some(direction) = query.direction {
        sql.push(" AND c.direction = ").push_bind(direction.as_str());
    }
    if let Some(fate) = query.fate {
        sql.push(" AND c.status = ").push_bind(fate.as_str());
    }
    if !query.search.is_empty() {
        sql.push(" AND (c.search LIKE ").push_bind(anywhere(&query.search)).push(" ESCAPE '\\')");
    }
    if let Some(cursor) = &query.after {
        let (day, at, id) = place(cursor)?;
        sql.push(" AND (c.day, c.started_at, c.id) < (");
        sql.push_bind(day).push(", ").push_bind(at).push(", ").push_bind(id).push(")");
    }
    sql.push(" ORDER BY c.day DESC, c.started_at DESC, c.id DESC LIMIT ").push_bind(query.limit);
    let rows: Vec<Shown> = sql.build_query_as().fetch_all(conn).await.map_err(|e| failed(&e))?;
    let full = i64::try_from(rows.len()).unwrap_or(i64::MAX) >= query.limit;
    let mut next = None;
    let mut all = Vec::with_capacity(rows.len());
    for row in rows {
        let (call, day) = shown(row)?;
        next = Some(format!("{day}.{}.{}", call.started_at.timestamp_millis(), call.id));
        all.push(call);
    }
    Ok((all, next.filter(|_| full)))
}

/// What is known of a person's calls at Dialpad.
pub(super) async fn of_person(
    conn: &mut Conn,
    organization: &str,
    phone: &str,
) -> StoreResult<Vec<DialpadCall>> {
    let mut sql = sqlx::QueryBuilder::<Db>::new(SHOWN);
    sql.push("c.organization_id = ").push_bind(organization.to_owned());
    sql.push(" AND c.number = ").push_bind(phone.to_owned()).push(" ORDER BY c.started_at, c.id");
    let rows: Vec<Shown> = sql.build_query_as().fetch_all(conn).await.map_err(|e| failed(&e))?;
    rows.into_iter().map(|row| shown(row).map(|(call, _)| call)).collect()
}

/// Calls that Dialpad placed to a number since a moment, for the law: those that were fetched, and those that we had it start
/// and that were not fetched yet.
pub(super) async fn calls_to(
    conn: &mut Conn,
    organization: &str,
    number: &str,
    since: DateTime<Utc>,
) -> Result<Vec<DateTime<Utc>>, sqlx::Error> {
    /// How far apart, in milliseconds, our word and the call may be.
    const APART: std::ops::RangeInclusive<i64> = -60_000..=180_000;
    let read = async |conn: &mut Conn, sql: &'static str| -> Result<Vec<i64>, sqlx::Error> {
        let rows = sqlx::query_scalar(sql).bind(organization).bind(number).bind(since.timestamp_millis());
        rows.fetch_all(conn).await
    };
    let mut all = read(
        conn,
        "SELECT started_at FROM dialpad_calls WHERE organization_id = $1 AND number = $2 AND direction = 'outbound' \
         AND started_at > $3 ORDER BY started_at DESC LIMIT 1000",
    )
    .await?;
    let asked = read(
        conn,
        "SELECT at FROM dialpad_attempts WHERE organization_id = $1 AND number = $2 AND at > $3 ORDER BY at DESC LIMIT 1000",
    )
    .await?;
    let mut fetched = all.clone();
    for at in asked {
        match fetched.iter().position(|began| APART.contains(&(began - at))) {
            Some(place) => drop(fetched.remove(place)),
            None => all.push(at),
        }
    }
    Ok(all.into_iter().filter_map(DateTime::from_timestamp_millis).collect())
}
