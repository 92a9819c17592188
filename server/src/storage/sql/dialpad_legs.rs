//! Dialpad's legs: taken, joined into calls, and put in the place of what was there.

use super::{Conn, Db, dialpad_days};
use crate::domain::dialpad::Zones;
use crate::domain::dialpad::join::{self, Joined};
use crate::domain::dialpad::leg::Facts;
use sqlx::types::Json;
use std::collections::{BTreeMap, BTreeSet};

/// Values that are bound to one statement, at most.
pub(super) const BOUND: usize = 500;

/// A leg as it is stored: its id, that of its call, and what is known of it.
pub(super) type LegRow = (i64, i64, Json<Facts>);

/// A call as it is to be stored.
struct CallRow<'a> {
    id: i64,
    day: String,
    hour: u32,
    call: &'a Joined,
}

pub(super) fn in_list(query: &mut sqlx::QueryBuilder<Db>, ids: &[i64]) {
    let mut list = query.separated(", ");
    for id in ids {
        list.push_bind(*id);
    }
    query.push(")");
}

/// Two that change the same calls wait for each other.
pub(super) async fn lock(conn: &mut Conn) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE dialpad_lock SET turns = turns + 1 WHERE id = 1").execute(conn).await.map(|_| ())
}

/// Legs whose column `by` is one of these.
pub(super) async fn legs_by(
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

pub(super) async fn delete_by(
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

pub(super) async fn save_legs(
    conn: &mut Conn,
    organization: &str,
    legs: &[LegRow],
) -> Result<(), sqlx::Error> {
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
pub(super) async fn replace_calls(
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
pub(super) async fn take(
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
