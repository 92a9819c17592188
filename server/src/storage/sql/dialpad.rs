//! Dialpad's legs, and the calls that they make.

use super::engine::BEGIN_WRITE;
use super::{Conn, Db, SqlStore, StoreResult, dialpad_days, failed, word};
use crate::domain::dialpad::Zones;
use crate::domain::dialpad::agent::Agent;
use crate::domain::dialpad::join::{self, Joined};
use crate::domain::dialpad::leg::{Fact, Facts};
use crate::domain::dialpad::window::Mark;
use crate::storage::StoreError;
use crate::storage::dialpad::{CallQuery, DayRow, DialpadRecord};
use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use dialdeck_protocol::OrganizationId;
use dialdeck_protocol::dialpad::{DialpadCall, Hour};
use sqlx::types::Json;
use std::collections::{BTreeMap, BTreeSet};

/// Values that are bound to one statement, at most.
const BOUND: usize = 500;

/// A leg as it is stored: its id, that of its call, and what is known of it.
type LegRow = (i64, i64, Json<Facts>);

/// A call as it is to be stored.
struct CallRow<'a> {
    id: i64,
    day: String,
    hour: u32,
    call: &'a Joined,
}

fn in_list(query: &mut sqlx::QueryBuilder<Db>, ids: &[i64]) {
    let mut list = query.separated(", ");
    for id in ids {
        list.push_bind(*id);
    }
    query.push(")");
}

/// Two that change the same calls wait for each other.
async fn lock(conn: &mut Conn) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE dialpad_lock SET turns = turns + 1 WHERE id = 1").execute(conn).await.map(|_| ())
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

/// Legs whose column `by` is one of these.
async fn legs_by(
    conn: &mut Conn,
    organization: &str,
    by: &'static str,
    ids: &[i64],
) -> Result<Vec<LegRow>, sqlx::Error> {
    let mut all = Vec::new();
    for ids in ids.chunks(BOUND) {
        let mut query = sqlx::QueryBuilder::<Db>::new(
            "SELECT id, root, facts FROM dialpad_legs WHERE organization_id = ",
        );
        query.push_bind(organization.to_owned()).push(" AND ").push(by).push(" IN (");
        in_list(&mut query, ids);
        all.extend(query.build_query_as::<LegRow>().fetch_all(&mut *conn).await?);
    }
    Ok(all)
}

async fn delete_by(
    conn: &mut Conn,
    organization: &str,
    what: &'static str,
    ids: &[i64],
) -> Result<(), sqlx::Error> {
    for ids in ids.chunks(BOUND) {
        let mut query = sqlx::QueryBuilder::<Db>::new("DELETE FROM ");
        query.push(what).push(" IN (");
        in_list(&mut query, ids);
        query.push(" AND organization_id = ").push_bind(organization.to_owned());
        query.build().execute(&mut *conn).await?;
    }
    Ok(())
}

async fn save_legs(conn: &mut Conn, organization: &str, legs: &[LegRow]) -> Result<(), sqlx::Error> {
    for legs in legs.chunks(BOUND / 4) {
        let mut insert =
            sqlx::QueryBuilder::<Db>::new("INSERT INTO dialpad_legs (organization_id, id, root, facts) ");
        insert.push_values(legs, |mut row, (id, root, facts)| {
            row.push_bind(organization.to_owned())
                .push_bind(*id)
                .push_bind(*root)
                .push_bind(Json(facts.0.clone()));
        });
        insert.push(
            " ON CONFLICT (organization_id, id) DO UPDATE SET root = excluded.root, facts = excluded.facts",
        );
        insert.build().execute(&mut *conn).await?;
    }
    Ok(())
}

/// What a search looks through, in small letters of every script.
fn searched(call: &Joined) -> String {
    let agent = call.agent.as_ref().map_or("", |(_, name)| name.as_str());
    format!("{} {} {agent} {}", call.number, call.name, call.labels.join(", ")).to_lowercase()
}

async fn save_calls(conn: &mut Conn, organization: &str, calls: &[CallRow<'_>]) -> Result<(), sqlx::Error> {
    for calls in calls.chunks(50) {
        let mut insert = sqlx::QueryBuilder::<Db>::new(
            "INSERT INTO dialpad_calls (organization_id, id, leg_id, department_id, day, hour, started_at, direction, status, \
             state, agent_id, agent, number, name, duration_ms, labels, search, recorded, legs) ",
        );
        insert.push_values(calls, |mut row, CallRow { id, day, hour, call }| {
            let agent = call.agent.clone().unwrap_or_default();
            row.push_bind(organization.to_owned())
                .push_bind(*id)
                .push_bind(call.leg_id)
                .push_bind(call.department)
                .push_bind(day.clone())
                .push_bind(i64::from(*hour))
                .push_bind(call.started)
                .push_bind(call.direction.map_or("", |direction| direction.as_str()))
                .push_bind(call.fate.as_str())
                .push_bind(call.state.clone())
                .push_bind(agent.0)
                .push_bind(agent.1)
                .push_bind(call.number.clone())
                .push_bind(call.name.clone())
                .push_bind(call.duration)
                .push_bind(call.labels.join(", "))
                .push_bind(searched(call))
                .push_bind(call.recorded)
                .push_bind(i64::try_from(call.legs).unwrap_or(i64::MAX));
        });
        insert.build().execute(&mut *conn).await?;
    }
    let parts: Vec<_> =
        calls.iter().flat_map(|row| row.call.parts.iter().map(move |part| (row, part))).collect();
    for parts in parts.chunks(100) {
        let mut insert = sqlx::QueryBuilder::<Db>::new(
            "INSERT INTO dialpad_parts (organization_id, call_id, agent_id, department_id, day, direction, completed, \
             duration_ms) ",
        );
        insert.push_values(parts, |mut row, (call, part)| {
            row.push_bind(organization.to_owned())
                .push_bind(call.id)
                .push_bind(part.agent_id)
                .push_bind(call.call.department)
                .push_bind(call.day.clone())
                .push_bind(call.call.direction.map_or("", |direction| direction.as_str()))
                .push_bind(part.completed)
                .push_bind(part.duration);
        });
        insert.build().execute(&mut *conn).await?;
    }
    Ok(())
}

/// Puts calls, which consist of these legs, in the place of those with these ids.
async fn replace_calls(
    conn: &mut Conn,
    organization: &str,
    before: &[i64],
    calls: &BTreeMap<i64, Vec<(i64, &Facts)>>,
    zones: &Zones,
) -> Result<(), sqlx::Error> {
    dialpad_days::note_days_of(conn, organization, before).await?;
    delete_by(conn, organization, "dialpad_calls WHERE id", before).await?;
    delete_by(conn, organization, "dialpad_parts WHERE call_id", before).await?;
    // A transcript under an id that is no call's any more would be out of everybody's reach; it can be fetched again.
    let no_calls: Vec<i64> = before.iter().copied().filter(|id| !calls.contains_key(id)).collect();
    delete_by(conn, organization, "dialpad_transcripts WHERE call_id", &no_calls).await?;
    let joined: Vec<(i64, Joined)> = calls
        .iter()
        .filter_map(|(root, legs)| {
            let legs: Vec<_> = legs
                .iter()
                .filter(|(_, facts)| !facts.is_empty())
                .map(|(id, facts)| facts.leg(*id))
                .collect();
            join::join(&legs).map(|call| (*root, call))
        })
        .collect();
    let rows: Vec<CallRow> = joined
        .iter()
        .map(|(id, call)| {
            let (day, hour) = zones.day(call.department, call.started);
            CallRow { id: *id, day: day.to_string(), hour, call }
        })
        .collect();
    save_calls(conn, organization, &rows).await?;
    let days: BTreeSet<(String, i64)> =
        rows.iter().map(|row| (row.day.clone(), row.call.department)).collect();
    dialpad_days::note_days(conn, organization, &days).await
}

/// See [`DialpadRecord::dialpad_take`].
async fn take(
    conn: &mut Conn,
    organization: &str,
    told: &[(i64, Facts)],
    zones: &Zones,
) -> Result<usize, sqlx::Error> {
    let mut links: Vec<(i64, i64)> = Vec::new();
    for (id, facts) in told {
        links.extend(facts.links().map(|other| (*id, other)));
    }
    let mut named: BTreeSet<i64> = told.iter().map(|(id, _)| *id).collect();
    named.extend(links.iter().map(|(_, other)| *other));
    let named: Vec<i64> = named.into_iter().collect();
    let roots: BTreeSet<i64> =
        legs_by(conn, organization, "id", &named).await?.into_iter().map(|(_, root, _)| root).collect();
    let roots: Vec<i64> = roots.into_iter().collect();
    let mut known: BTreeMap<i64, (i64, Facts)> = legs_by(conn, organization, "root", &roots)
        .await?
        .into_iter()
        .map(|(id, root, facts)| (id, (root, facts.0)))
        .collect();
    links.extend(known.iter().map(|(id, (root, _))| (*id, *root)));
    let mut changed: BTreeSet<i64> = BTreeSet::new();
    for id in named {
        known.entry(id).or_insert_with(|| {
            changed.insert(id);
            (id, Facts::default())
        });
    }
    for (id, facts) in told {
        if let Some((_, own)) = known.get_mut(id)
            && own.take(facts)
        {
            changed.insert(*id);
        }
    }
    let groups = join::groups(known.keys().copied(), &links);
    for (id, (root, _)) in &mut known {
        let group = groups.get(id).copied().unwrap_or(*id);
        if *root != group {
            *root = group;
            changed.insert(*id);
        }
    }
    if changed.is_empty() {
        return Ok(0);
    }
    let again: BTreeSet<i64> = changed.iter().filter_map(|id| groups.get(id).copied()).collect();
    let legs: Vec<LegRow> = changed
        .iter()
        .filter_map(|id| known.get(id).map(|(root, facts)| (*id, *root, Json(facts.clone()))))
        .collect();
    save_legs(conn, organization, &legs).await?;
    let mut calls: BTreeMap<i64, Vec<(i64, &Facts)>> = BTreeMap::new();
    for (id, (root, facts)) in known.iter().filter(|(_, (root, _))| again.contains(root)) {
        calls.entry(*root).or_default().push((*id, facts));
    }
    // A call that became part of another goes: its id is among those of the other's legs.
    let before: Vec<i64> = calls.values().flatten().map(|(id, _)| *id).collect();
    replace_calls(conn, organization, &before, &calls, zones).await?;
    Ok(calls.len())
}

async fn save_mark(
    conn: &mut Conn,
    organization: &str,
    department: i64,
    mark: &Mark,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO dialpad_marks (organization_id, department_id, body) VALUES ($1, $2, $3) \
         ON CONFLICT (organization_id, department_id) DO UPDATE SET body = excluded.body",
    )
    .bind(organization)
    .bind(department)
    .bind(Json(mark.clone()))
    .execute(conn)
    .await
    .map(|_| ())
}

type Shown =
    (i64, i64, i64, i64, String, String, String, i64, String, String, String, i64, String, bool, i64, String);

const SHOWN: &str = "SELECT c.id, c.leg_id, c.department_id, c.started_at, c.direction, c.status, c.state, c.agent_id, c.agent, \
                     c.number, c.name, c.duration_ms, c.labels, c.recorded, c.legs, c.day FROM dialpad_calls c WHERE ";

fn shown(row: Shown) -> StoreResult<(DialpadCall, String)> {
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

async fn calls(
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

/// Nobody's number is known of a person's calls any more, and it is not learned again.
pub(super) async fn erase(conn: &mut Conn, organization: &str, phone: &str) -> Result<u64, sqlx::Error> {
    lock(conn).await?;
    let roots: Vec<i64> =
        sqlx::query_scalar("SELECT id FROM dialpad_calls WHERE organization_id = $1 AND number = $2")
            .bind(organization)
            .bind(phone)
            .fetch_all(&mut *conn)
            .await?;
    let mut legs = legs_by(conn, organization, "root", &roots).await?;
    for (_, _, facts) in &mut legs {
        facts.0.erase_person();
    }
    save_legs(conn, organization, &legs).await?;
    delete_by(conn, organization, "dialpad_transcripts WHERE call_id", &roots).await?;
    sqlx::query("DELETE FROM dialpad_attempts WHERE organization_id = $1 AND number = $2")
        .bind(organization)
        .bind(phone)
        .execute(&mut *conn)
        .await?;
    sqlx::query("UPDATE dialpad_calls SET number = '', name = '', search = '' WHERE organization_id = $1 AND number = $2")
        .bind(organization)
        .bind(phone)
        .execute(conn)
        .await
        .map(|done| done.rows_affected())
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

/// What was said in calls that began before a moment goes, but for those of numbers under legal hold.
pub(super) async fn purge_transcripts(conn: &mut Conn, before: i64) -> Result<(), sqlx::Error> {
    lock(conn).await?;
    let old = "SELECT c.id FROM dialpad_calls c WHERE c.started_at < $1 AND c.organization_id = {t}.organization_id AND NOT EXISTS \
               (SELECT 1 FROM legal_holds h WHERE h.organization_id = c.organization_id AND h.phone = c.number)";
    let old_of = |table: &str| old.replace("{t}", table);
    let gone =
        format!("DELETE FROM dialpad_transcripts WHERE call_id IN ({})", old_of("dialpad_transcripts"));
    sqlx::query(sqlx::AssertSqlSafe(gone)).bind(before).execute(&mut *conn).await?;
    let told = format!(
        "SELECT organization_id, id, root, facts FROM dialpad_legs WHERE id > $2 AND CAST(facts AS TEXT) LIKE '%\"transcript\"%' \
         AND root IN ({}) ORDER BY id LIMIT 500",
        old_of("dialpad_legs")
    );
    let mut last = i64::MIN;
    loop {
        let legs: Vec<(String, i64, i64, Json<Facts>)> = sqlx::query_as(sqlx::AssertSqlSafe(told.clone()))
            .bind(before)
            .bind(last)
            .fetch_all(&mut *conn)
            .await?;
        let Some((_, id, ..)) = legs.last() else { return Ok(()) };
        last = *id;
        let mut by_organization: BTreeMap<String, Vec<LegRow>> = BTreeMap::new();
        for (organization, id, root, mut facts) in legs {
            if !facts.0.is_erased(Fact::Transcript) {
                facts.0.erase(&[Fact::Transcript]);
                by_organization.entry(organization).or_default().push((id, root, facts));
            }
        }
        for (organization, legs) in &by_organization {
            save_legs(conn, organization, legs).await?;
        }
    }
}

/// Calls that began before a moment go, but for those of numbers under legal hold; what agents did stays counted.
pub(super) async fn purge(conn: &mut Conn, before: i64, dry_run: bool) -> Result<u64, sqlx::Error> {
    const OLD: &str = "started_at < $1 AND status <> 'live' AND NOT EXISTS (SELECT 1 FROM legal_holds h \
                       WHERE h.organization_id = dialpad_calls.organization_id AND h.phone = dialpad_calls.number)";
    let run = |sql: String| sqlx::AssertSqlSafe(sql);
    let count: i64 = sqlx::query_scalar(run(format!("SELECT COUNT(*) FROM dialpad_calls WHERE {OLD}")))
        .bind(before)
        .fetch_one(&mut *conn)
        .await?;
    if !dry_run {
        lock(conn).await?;
        sqlx::query("DELETE FROM dialpad_attempts WHERE at < $1").bind(before).execute(&mut *conn).await?;
    }
    if !dry_run && count > 0 {
        let of = |table: &str, column: &str| {
            format!(
                "DELETE FROM {table} WHERE EXISTS (SELECT 1 FROM dialpad_calls WHERE dialpad_calls.organization_id = \
                 {table}.organization_id AND dialpad_calls.id = {table}.{column} AND {OLD})"
            )
        };
        for sql in [
            of("dialpad_legs", "root"),
            of("dialpad_parts", "call_id"),
            of("dialpad_transcripts", "call_id"),
            format!("DELETE FROM dialpad_calls WHERE {OLD}"),
        ] {
            sqlx::query(run(sql)).bind(before).execute(&mut *conn).await?;
        }
    }
    Ok(u64::try_from(count).unwrap_or_default())
}

#[async_trait]
impl DialpadRecord for SqlStore {
    async fn dialpad_marks(&self, organization: &OrganizationId) -> StoreResult<Vec<(i64, Mark)>> {
        let rows: Vec<(i64, Json<Mark>)> = sqlx::query_as(
            "SELECT department_id, body FROM dialpad_marks WHERE organization_id = $1 ORDER BY department_id",
        )
        .bind(organization.as_str())
        .fetch_all(&self.pool)
        .await
        .map_err(|e| failed(&e))?;
        Ok(rows.into_iter().map(|(department, mark)| (department, mark.0)).collect())
    }

    async fn dialpad_save_mark(
        &self,
        organization: &OrganizationId,
        department: i64,
        mark: &Mark,
    ) -> StoreResult<()> {
        let mut conn = self.writer.acquire().await.map_err(|e| failed(&e))?;
        save_mark(&mut conn, organization.as_str(), department, mark).await.map_err(|e| failed(&e))
    }

    async fn dialpad_take(
        &self,
        organization: &OrganizationId,
        legs: &[(i64, Facts)],
        zones: &Zones,
        mark: Option<(i64, &Mark)>,
    ) -> StoreResult<usize> {
        let work = async {
            let mut tx = self.writer.begin_with(BEGIN_WRITE).await?;
            lock(&mut tx).await?;
            let changed = take(&mut tx, organization.as_str(), legs, zones).await?;
            if let Some((department, mark)) = mark {
                save_mark(&mut tx, organization.as_str(), department, mark).await?;
            }
            tx.commit().await?;
            Ok(changed)
        };
        work.await.map_err(|e: sqlx::Error| failed(&e))
    }

    async fn dialpad_recount(&self, organization: &OrganizationId) -> StoreResult<usize> {
        let work = async {
            let mut tx = self.writer.begin_with(BEGIN_WRITE).await?;
            lock(&mut tx).await?;
            let days = dialpad_days::recount(&mut tx, organization.as_str()).await?;
            tx.commit().await?;
            Ok(days)
        };
        work.await.map_err(|e: sqlx::Error| failed(&e))
    }

    async fn dialpad_move_days(
        &self,
        organization: &OrganizationId,
        department: i64,
        zones: &Zones,
    ) -> StoreResult<()> {
        let org = organization.as_str();
        let mut last = i64::MIN;
        loop {
            let work = async {
                let mut tx = self.writer.begin_with(BEGIN_WRITE).await?;
                lock(&mut tx).await?;
                let roots: Vec<i64> = sqlx::query_scalar(
                    "SELECT id FROM dialpad_calls WHERE organization_id = $1 AND department_id = $2 AND id > $3 ORDER BY id \
                     LIMIT 500",
                )
                .bind(org)
                .bind(department)
                .bind(last)
                .fetch_all(&mut *tx)
                .await?;
                let legs = legs_by(&mut tx, org, "root", &roots).await?;
                let mut calls: BTreeMap<i64, Vec<(i64, &Facts)>> = BTreeMap::new();
                for (id, root, facts) in &legs {
                    calls.entry(*root).or_default().push((*id, &facts.0));
                }
                replace_calls(&mut tx, org, &roots, &calls, zones).await?;
                tx.commit().await?;
                Ok(roots.last().copied())
            };
            match work.await.map_err(|e: sqlx::Error| failed(&e))? {
                Some(id) => last = id,
                None => return Ok(()),
            }
        }
    }

    async fn dialpad_agents_seen(
        &self,
        organization: &OrganizationId,
        department: i64,
        agents: &[Agent],
    ) -> StoreResult<bool> {
        let work = async {
            let mut tx = self.writer.begin_with(BEGIN_WRITE).await?;
            let changed =
                dialpad_days::agents_seen(&mut tx, organization.as_str(), department, agents).await?;
            tx.commit().await?;
            Ok(changed)
        };
        work.await.map_err(|e: sqlx::Error| failed(&e))
    }

    async fn dialpad_agents(&self, organization: &OrganizationId) -> StoreResult<Vec<Agent>> {
        let mut conn = self.conn().await?;
        dialpad_days::agents(&mut conn, organization.as_str()).await.map_err(|e| failed(&e))
    }

    async fn dialpad_names(
        &self,
        organization: &OrganizationId,
        ids: &[i64],
    ) -> StoreResult<Vec<(i64, String)>> {
        let mut all = Vec::new();
        for ids in ids.chunks(BOUND) {
            let mut sql = sqlx::QueryBuilder::<Db>::new(
                "SELECT agent_id, MAX(agent) FROM dialpad_calls WHERE organization_id = ",
            );
            sql.push_bind(organization.as_str().to_owned()).push(" AND agent_id IN (");
            in_list(&mut sql, ids);
            sql.push(" GROUP BY agent_id");
            let rows = sql.build_query_as::<(i64, String)>().fetch_all(&self.pool).await;
            all.extend(rows.map_err(|e| failed(&e))?);
        }
        Ok(all)
    }

    async fn dialpad_days(
        &self,
        organization: &OrganizationId,
        from: NaiveDate,
        to: NaiveDate,
        department: Option<i64>,
    ) -> StoreResult<Vec<DayRow>> {
        let mut conn = self.conn().await?;
        dialpad_days::days(&mut conn, organization.as_str(), from, to, department).await
    }

    async fn dialpad_hours(
        &self,
        organization: &OrganizationId,
        from: NaiveDate,
        to: NaiveDate,
        department: Option<i64>,
    ) -> StoreResult<Vec<Hour>> {
        let mut conn = self.conn().await?;
        dialpad_days::hours(&mut conn, organization.as_str(), from, to, department).await
    }

    async fn dialpad_calls(
        &self,
        organization: &OrganizationId,
        query: &CallQuery,
    ) -> StoreResult<(Vec<DialpadCall>, Option<String>)> {
        let mut conn = self.conn().await?;
        calls(&mut conn, organization.as_str(), query).await
    }

    async fn dialpad_talking(&self, organization: &OrganizationId) -> StoreResult<Vec<i64>> {
        sqlx::query_scalar(
            "SELECT DISTINCT agent_id FROM dialpad_calls WHERE organization_id = $1 AND status = 'live'",
        )
        .bind(organization.as_str())
        .fetch_all(&self.pool)
        .await
        .map_err(|e| failed(&e))
    }

    async fn dialpad_call(
        &self,
        organization: &OrganizationId,
        id: i64,
    ) -> StoreResult<Option<(DialpadCall, Vec<(i64, Facts)>)>> {
        let mut conn = self.conn().await?;
        let org = organization.as_str();
        let legs = legs_by(&mut conn, org, "id", &[id]).await.map_err(|e| failed(&e))?;
        let Some((_, root, _)) = legs.first() else { return Ok(None) };
        let mut sql = sqlx::QueryBuilder::<Db>::new(SHOWN);
        sql.push("c.organization_id = ").push_bind(org.to_owned()).push(" AND c.id = ").push_bind(*root);
        let row: Option<Shown> =
            sql.build_query_as().fetch_optional(&mut *conn).await.map_err(|e| failed(&e))?;
        let Some(row) = row else { return Ok(None) };
        let legs = legs_by(&mut conn, org, "root", &[*root]).await.map_err(|e| failed(&e))?;
        let legs = legs.into_iter().map(|(id, _, facts)| (id, facts.0)).collect();
        Ok(Some((shown(row)?.0, legs)))
    }

    async fn dialpad_transcript(
        &self,
        organization: &OrganizationId,
        call: i64,
    ) -> StoreResult<Option<Vec<String>>> {
        let lines: Option<Json<Vec<String>>> = sqlx::query_scalar(
            "SELECT lines FROM dialpad_transcripts WHERE organization_id = $1 AND call_id = $2",
        )
        .bind(organization.as_str())
        .bind(call)
        .fetch_optional(&self.pool)
        .await
        .map_err(|e| failed(&e))?;
        Ok(lines.map(|lines| lines.0))
    }

    async fn dialpad_save_transcript(
        &self,
        organization: &OrganizationId,
        call: i64,
        lines: &[String],
    ) -> StoreResult<()> {
        sqlx::query(
            "INSERT INTO dialpad_transcripts (organization_id, call_id, lines) VALUES ($1, $2, $3) \
             ON CONFLICT (organization_id, call_id) DO UPDATE SET lines = excluded.lines",
        )
        .bind(organization.as_str())
        .bind(call)
        .bind(Json(lines.to_vec()))
        .execute(&self.writer)
        .await
        .map(|_| ())
        .map_err(|e| failed(&e))
    }

    async fn dialpad_is_reported(&self, organization: &OrganizationId, name: &str) -> StoreResult<bool> {
        let made: Option<i32> =
            sqlx::query_scalar("SELECT 1 FROM dialpad_reports WHERE organization_id = $1 AND name = $2")
                .bind(organization.as_str())
                .bind(name)
                .fetch_optional(&self.pool)
                .await
                .map_err(|e| failed(&e))?;
        Ok(made.is_some())
    }

    async fn dialpad_attempt(
        &self,
        organization: &OrganizationId,
        number: &str,
        at: DateTime<Utc>,
    ) -> StoreResult<()> {
        sqlx::query("INSERT INTO dialpad_attempts (organization_id, number, at) VALUES ($1, $2, $3)")
            .bind(organization.as_str())
            .bind(number)
            .bind(at.timestamp_millis())
            .execute(&self.writer)
            .await
            .map(|_| ())
            .map_err(|e| failed(&e))
    }

    async fn dialpad_no_attempt(
        &self,
        organization: &OrganizationId,
        number: &str,
        at: DateTime<Utc>,
    ) -> StoreResult<()> {
        sqlx::query("DELETE FROM dialpad_attempts WHERE organization_id = $1 AND number = $2 AND at = $3")
            .bind(organization.as_str())
            .bind(number)
            .bind(at.timestamp_millis())
            .execute(&self.writer)
            .await
            .map(|_| ())
            .map_err(|e| failed(&e))
    }

    async fn dialpad_give_up(
        &self,
        organization: &OrganizationId,
        before: i64,
        zones: &Zones,
    ) -> StoreResult<usize> {
        let work = async {
            let mut tx = self.writer.begin_with(BEGIN_WRITE).await?;
            lock(&mut tx).await?;
            let org = organization.as_str();
            let roots: Vec<i64> = sqlx::query_scalar(
                "SELECT id FROM dialpad_calls WHERE organization_id = $1 AND status = 'live' AND started_at < $2 LIMIT 500",
            )
            .bind(org)
            .bind(before)
            .fetch_all(&mut *tx)
            .await?;
            let legs = legs_by(&mut tx, org, "root", &roots).await?;
            let now = Utc::now().timestamp_millis();
            let told: Vec<(i64, Facts)> = legs
                .into_iter()
                .filter(|(id, _, facts)| !facts.is_empty() && !facts.0.leg(*id).is_over())
                .map(|(id, _, _)| {
                    let mut facts = Facts::default();
                    facts.tell(Fact::State, Some(serde_json::json!("unheard")), now);
                    (id, facts)
                })
                .collect();
            let changed = if told.is_empty() { 0 } else { take(&mut tx, org, &told, zones).await? };
            tx.commit().await?;
            Ok(changed)
        };
        work.await.map_err(|e: sqlx::Error| failed(&e))
    }

    async fn dialpad_claim_report(
        &self,
        organization: &OrganizationId,
        name: &str,
        at: DateTime<Utc>,
    ) -> StoreResult<bool> {
        sqlx::query(
            "INSERT INTO dialpad_reports (organization_id, name, made_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        )
        .bind(organization.as_str())
        .bind(name)
        .bind(at.naive_utc())
        .execute(&self.writer)
        .await
        .map(|done| done.rows_affected() > 0)
        .map_err(|e| failed(&e))
    }

    async fn dialpad_release_report(&self, organization: &OrganizationId, name: &str) -> StoreResult<()> {
        sqlx::query("DELETE FROM dialpad_reports WHERE organization_id = $1 AND name = $2")
            .bind(organization.as_str())
            .bind(name)
            .execute(&self.writer)
            .await
            .map(|_| ())
            .map_err(|e| failed(&e))
    }
}
