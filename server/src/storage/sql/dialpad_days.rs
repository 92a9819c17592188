//! What Dialpad's agents did each day: counted anew where calls changed, and nowhere else.

use super::{Conn, Db, StoreResult, failed};
use crate::domain::dialpad::agent::Agent;
use crate::storage::StoreError;
use crate::storage::dialpad::{DayRow, EVERYBODY};
use chrono::{Datelike, NaiveDate};
use dialdeck_protocol::dialpad::{Cards, Hour};
use sqlx::types::Json;
use std::collections::{BTreeMap, BTreeSet};

/// Notes days whose calls changed.
pub(super) async fn note_days(
    conn: &mut Conn,
    organization: &str,
    days: &BTreeSet<(String, i64)>,
) -> Result<(), sqlx::Error> {
    let days: Vec<_> = days.iter().collect();
    for days in days.chunks(100) {
        let mut insert = sqlx::QueryBuilder::<Db>::new(
            "INSERT INTO dialpad_changed_days (organization_id, day, department_id) ",
        );
        insert.push_values(days, |mut row, (day, department)| {
            row.push_bind(organization.to_owned()).push_bind(day.clone()).push_bind(*department);
        });
        insert.push(" ON CONFLICT (organization_id, day, department_id) DO NOTHING");
        insert.build().execute(&mut *conn).await?;
    }
    Ok(())
}

/// Notes the days of these calls.
pub(super) async fn note_days_of(
    conn: &mut Conn,
    organization: &str,
    calls: &[i64],
) -> Result<(), sqlx::Error> {
    let mut days = BTreeSet::new();
    for calls in calls.chunks(500) {
        let mut query = sqlx::QueryBuilder::<Db>::new(
            "SELECT DISTINCT day, department_id FROM dialpad_calls WHERE organization_id = ",
        );
        query.push_bind(organization.to_owned()).push(" AND id IN (");
        let mut list = query.separated(", ");
        for id in calls {
            list.push_bind(*id);
        }
        query.push(")");
        days.extend(query.build_query_as::<(String, i64)>().fetch_all(&mut *conn).await?);
    }
    note_days(conn, organization, &days).await
}

/// Counts of one day, out of calls that are over or of agents' parts in them.
const COUNTS: &str = "COUNT(*), SUM(CASE WHEN direction = 'inbound' THEN 1 ELSE 0 END), \
                      SUM(CASE WHEN direction = 'outbound' THEN 1 ELSE 0 END)";

/// Counts anew the days that changed; gives how many.
pub(super) async fn recount(conn: &mut Conn, organization: &str) -> Result<usize, sqlx::Error> {
    let days: Vec<(String, i64)> = sqlx::query_as(
        "DELETE FROM dialpad_changed_days WHERE organization_id = $1 RETURNING day, department_id",
    )
    .bind(organization)
    .fetch_all(&mut *conn)
    .await?;
    let into = "INSERT INTO dialpad_activity (organization_id, day, department_id, agent_id, total, inbound, outbound, \
                completed, missed, duration_ms)";
    let statements = [
        "DELETE FROM dialpad_activity WHERE organization_id = $1 AND day = $2 AND department_id = $3".to_owned(),
        "DELETE FROM dialpad_hours WHERE organization_id = $1 AND day = $2 AND department_id = $3".to_owned(),
        format!(
            "{into} SELECT organization_id, day, department_id, agent_id, {COUNTS}, \
             SUM(CASE WHEN completed THEN 1 ELSE 0 END), SUM(CASE WHEN completed THEN 0 ELSE 1 END), \
             CAST(SUM(duration_ms) AS BIGINT) FROM dialpad_parts \
             WHERE organization_id = $1 AND day = $2 AND department_id = $3 \
             GROUP BY organization_id, day, department_id, agent_id"
        ),
        format!(
            "{into} SELECT organization_id, day, department_id, 0, {COUNTS}, \
             SUM(CASE WHEN status = 'completed' THEN 1 ELSE 0 END), SUM(CASE WHEN status = 'missed' THEN 1 ELSE 0 END), \
             CAST(SUM(duration_ms) AS BIGINT) FROM dialpad_calls \
             WHERE organization_id = $1 AND day = $2 AND department_id = $3 AND status <> 'live' \
             GROUP BY organization_id, day, department_id"
        ),
        "INSERT INTO dialpad_hours (organization_id, day, department_id, hour, calls, missed) \
         SELECT organization_id, day, department_id, hour, COUNT(*), SUM(CASE WHEN status = 'missed' THEN 1 ELSE 0 END) \
         FROM dialpad_calls WHERE organization_id = $1 AND day = $2 AND department_id = $3 AND status <> 'live' \
         GROUP BY organization_id, day, department_id, hour"
            .to_owned(),
    ];
    for (day, department) in &days {
        for statement in &statements {
            // Made of constants of this file.
            sqlx::query(sqlx::AssertSqlSafe(statement.clone()))
                .bind(organization)
                .bind(day)
                .bind(department)
                .execute(&mut *conn)
                .await?;
        }
    }
    Ok(days.len())
}

fn day(text: &str) -> StoreResult<NaiveDate> {
    text.parse().map_err(|_| StoreError::Unreadable(format!("{text:?} is no day")))
}

pub(super) async fn days(
    conn: &mut Conn,
    organization: &str,
    from: NaiveDate,
    to: NaiveDate,
    department: Option<i64>,
) -> StoreResult<Vec<DayRow>> {
    type Row = (String, i64, i64, i64, i64, i64, i64, i64);
    let mut sql = sqlx::QueryBuilder::<Db>::new(
        "SELECT day, agent_id, CAST(SUM(total) AS BIGINT), CAST(SUM(inbound) AS BIGINT), CAST(SUM(outbound) AS BIGINT), \
         CAST(SUM(completed) AS BIGINT), CAST(SUM(missed) AS BIGINT), CAST(SUM(duration_ms) AS BIGINT) \
         FROM dialpad_activity WHERE organization_id = ",
    );
    sql.push_bind(organization.to_owned()).push(" AND day >= ").push_bind(from.to_string());
    sql.push(" AND day <= ").push_bind(to.to_string());
    if let Some(department) = department {
        sql.push(" AND department_id = ").push_bind(department);
    }
    sql.push(" GROUP BY day, agent_id ORDER BY day, agent_id");
    let rows: Vec<Row> = sql.build_query_as().fetch_all(conn).await.map_err(|e| failed(&e))?;
    rows.into_iter()
        .map(|(on, agent_id, total, inbound, outbound, completed, missed, duration_ms)| {
            let cards = Cards { total, inbound, outbound, completed, missed, duration_ms };
            Ok(DayRow { day: day(&on)?, agent_id, cards })
        })
        .collect()
}

pub(super) async fn hours(
    conn: &mut Conn,
    organization: &str,
    from: NaiveDate,
    to: NaiveDate,
    department: Option<i64>,
) -> StoreResult<Vec<Hour>> {
    let mut sql = sqlx::QueryBuilder::<Db>::new(
        "SELECT day, hour, CAST(SUM(calls) AS BIGINT), CAST(SUM(missed) AS BIGINT) FROM dialpad_hours WHERE organization_id = ",
    );
    sql.push_bind(organization.to_owned()).push(" AND day >= ").push_bind(from.to_string());
    sql.push(" AND day <= ").push_bind(to.to_string());
    if let Some(department) = department {
        sql.push(" AND department_id = ").push_bind(department);
    }
    sql.push(" GROUP BY day, hour");
    let rows: Vec<(String, i64, i64, i64)> =
        sql.build_query_as().fetch_all(conn).await.map_err(|e| failed(&e))?;
    let mut all: BTreeMap<(u8, u8), (i64, i64)> = BTreeMap::new();
    for (on, hour, calls, missed) in rows {
        let weekday = u8::try_from(day(&on)?.weekday().num_days_from_monday()).unwrap_or_default();
        let sum = all.entry((weekday, u8::try_from(hour).unwrap_or_default())).or_default();
        sum.0 += calls;
        sum.1 += missed;
    }
    let hours =
        all.into_iter().map(|((weekday, hour), (calls, missed))| Hour { weekday, hour, calls, missed });
    Ok(hours.collect())
}

pub(super) async fn agents(conn: &mut Conn, organization: &str) -> Result<Vec<Agent>, sqlx::Error> {
    let rows: Vec<Json<Agent>> =
        sqlx::query_scalar("SELECT body FROM dialpad_agents WHERE organization_id = $1 ORDER BY id")
            .bind(organization)
            .fetch_all(conn)
            .await?;
    Ok(rows.into_iter().map(|agent| agent.0).collect())
}

/// A department's agents are these; tells whether anything changed.
pub(super) async fn agents_seen(
    conn: &mut Conn,
    organization: &str,
    department: i64,
    seen: &[Agent],
) -> Result<bool, sqlx::Error> {
    let known: BTreeMap<i64, Agent> =
        agents(conn, organization).await?.into_iter().map(|agent| (agent.id, agent)).collect();
    let mut now: Vec<Agent> = Vec::new();
    for agent in seen.iter().filter(|agent| agent.id != EVERYBODY) {
        let mut agent = agent.clone();
        if let Some(before) = known.get(&agent.id) {
            agent.departments.clone_from(&before.departments);
        }
        agent.departments.insert(department);
        now.push(agent);
    }
    // Whoever left the department keeps their calls, and their name.
    for before in known.values().filter(|before| before.departments.contains(&department)) {
        if !seen.iter().any(|agent| agent.id == before.id) {
            let mut left = before.clone();
            left.departments.remove(&department);
            now.push(left);
        }
    }
    now.retain(|agent| known.get(&agent.id) != Some(agent));
    for agent in &now {
        sqlx::query(
            "INSERT INTO dialpad_agents (organization_id, id, body) VALUES ($1, $2, $3) \
             ON CONFLICT (organization_id, id) DO UPDATE SET body = excluded.body",
        )
        .bind(organization)
        .bind(agent.id)
        .bind(Json(agent.clone()))
        .execute(&mut *conn)
        .await?;
    }
    Ok(!now.is_empty())
}
