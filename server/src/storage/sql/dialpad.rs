//! Dialpad's part of the record, put together from the queries.

use super::dialpad_calls::{SHOWN, Shown, calls, shown};
use super::dialpad_legs::{BOUND, in_list, legs_by, lock, replace_calls, take};
use super::engine::BEGIN_WRITE;
use super::{Conn, Db, SqlStore, StoreResult, dialpad_days, failed};
use crate::domain::dialpad::Zones;
use crate::domain::dialpad::agent::Agent;
use crate::domain::dialpad::leg::{Fact, Facts};
use crate::domain::dialpad::window::Mark;
use crate::storage::dialpad::{CallQuery, DayRow, DialpadRecord};
use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use dialdeck_protocol::OrganizationId;
use dialdeck_protocol::dialpad::{DialpadCall, Hour};
use sqlx::Connection;
use sqlx::types::Json;
use std::collections::BTreeMap;

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
        let mut conn = self.writer.take().await.map_err(|e| failed(&e))?;
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
            let mut conn = self.writer.take().await?;
            let mut tx = conn.begin_with(BEGIN_WRITE).await?;
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
            let mut conn = self.writer.take().await?;
            let mut tx = conn.begin_with(BEGIN_WRITE).await?;
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
                let mut conn = self.writer.take().await?;
                let mut tx = conn.begin_with(BEGIN_WRITE).await?;
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
            let mut conn = self.writer.take().await?;
            let mut tx = conn.begin_with(BEGIN_WRITE).await?;
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
        .execute(&mut *self.writer.take().await.map_err(|e| failed(&e))?)
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
            .execute(&mut *self.writer.take().await.map_err(|e| failed(&e))?)
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
            .execute(&mut *self.writer.take().await.map_err(|e| failed(&e))?)
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
            let mut conn = self.writer.take().await?;
            let mut tx = conn.begin_with(BEGIN_WRITE).await?;
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
        .execute(&mut *self.writer.take().await.map_err(|e| failed(&e))?)
        .await
        .map(|done| done.rows_affected() > 0)
        .map_err(|e| failed(&e))
    }

    async fn dialpad_release_report(&self, organization: &OrganizationId, name: &str) -> StoreResult<()> {
        sqlx::query("DELETE FROM dialpad_reports WHERE organization_id = $1 AND name = $2")
            .bind(organization.as_str())
            .bind(name)
            .execute(&mut *self.writer.take().await.map_err(|e| failed(&e))?)
            .await
            .map(|_| ())
            .map_err(|e| failed(&e))
    }
}
