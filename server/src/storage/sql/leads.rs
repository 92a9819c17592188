//! Leads of a VICIdial and contacts here: links, and changes that wait.

use super::engine::BEGIN_WRITE;
use super::{Conn, Db, SqlStore, StoreResult, failed};
use crate::domain::ending::far_future;
use crate::domain::lead_merge::Agreed;
use crate::storage::leads::{LeadChange, LeadRecord, LinkRow, Pair, PendingChange, SeenLead, Settled};
use async_trait::async_trait;
use chrono::{DateTime, NaiveDateTime, Utc};
use dialdeck_protocol::{CampaignId, ContactId, OrganizationId};
use sqlx::Connection;
use sqlx::types::Json;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

async fn marked(
    conn: &mut Conn,
    vicidial: &str,
    what: &str,
    mark: &(i64, String),
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO lead_marks (vicidial, what, at, place) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (vicidial, what) DO UPDATE SET at = excluded.at, place = excluded.place",
    )
    .bind(vicidial)
    .bind(what)
    .bind(mark.0)
    .bind(&mark.1)
    .execute(conn)
    .await
    .map(|_| ())
}

#[async_trait]
impl LeadRecord for SqlStore {
    async fn lead_mark(&self, vicidial: &str, what: &str) -> StoreResult<Option<(i64, String)>> {
        sqlx::query_as("SELECT at, place FROM lead_marks WHERE vicidial = $1 AND what = $2")
            .bind(vicidial)
            .bind(what)
            .fetch_optional(&self.pool)
            .await
            .map_err(|e| failed(&e))
    }

    async fn leads_seen(
        &self,
        pair: &Pair,
        what: &str,
        mark: &(i64, String),
        leads: &[SeenLead],
        now: DateTime<Utc>,
    ) -> StoreResult<()> {
        let work = async {
            let mut conn = self.writer.take().await?;
            let mut tx = conn.begin_with(BEGIN_WRITE).await?;
            for lead in leads {
                sqlx::query(
                    "INSERT INTO lead_links (vicidial, lead_id, list_id, organization_id, campaign_id, contact_id, agreed, \
                     dirty, next_try_at) VALUES ($1, $2, $3, $4, $5, $6, $7, TRUE, $8) \
                     ON CONFLICT (vicidial, campaign_id, lead_id) DO UPDATE SET list_id = excluded.list_id, dirty = TRUE, \
                     next_try_at = excluded.next_try_at, \
                     agreed = CASE WHEN lead_links.contact_id = excluded.contact_id THEN lead_links.agreed ELSE excluded.agreed END, \
                     contact_id = excluded.contact_id",
                )
                .bind(&pair.vicidial)
                .bind(lead.lead_id)
                .bind(lead.list_id)
                .bind(pair.organization_id.as_str())
                .bind(pair.campaign_id.0)
                .bind(lead.contact_id.0)
                .bind(Json(BTreeMap::<String, Agreed>::new()))
                .bind(now.naive_utc())
                .execute(&mut *tx)
                .await?;
            }
            marked(&mut tx, &pair.vicidial, what, mark).await?;
            tx.commit().await
        };
        work.await.map_err(|e: sqlx::Error| failed(&e))
    }

    async fn mark_read(&self, vicidial: &str, what: &str, mark: &(i64, String)) -> StoreResult<()> {
        let mut conn = self.writer.take().await.map_err(|e| failed(&e))?;
        marked(&mut conn, vicidial, what, mark).await.map_err(|e| failed(&e))
    }

    async fn leads_due(&self, pair: &Pair, now: DateTime<Utc>, limit: i64) -> StoreResult<Vec<LinkRow>> {
        type Row = (i64, Uuid, Json<BTreeMap<String, Agreed>>, NaiveDateTime);
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT lead_id, contact_id, agreed, next_try_at FROM lead_links WHERE vicidial = $1 AND campaign_id = $2 AND dirty \
             AND next_try_at <= $3 ORDER BY next_try_at, lead_id LIMIT $4",
        )
        .bind(&pair.vicidial)
        .bind(pair.campaign_id.0)
        .bind(now.naive_utc())
        .bind(limit)
        .fetch_all(&self.pool)
        .await
        .map_err(|e| failed(&e))?;
        let mut links = Vec::with_capacity(rows.len());
        for (lead_id, contact, agreed, due) in rows {
            let changes: Vec<(String, String, NaiveDateTime, i32)> = sqlx::query_as(
                "SELECT field, value, at, tries FROM lead_changes WHERE contact_id = $1 AND vicidial = $2 ORDER BY id",
            )
            .bind(contact)
            .bind(&pair.vicidial)
            .fetch_all(&self.pool)
            .await
            .map_err(|e| failed(&e))?;
            let change = |(field, value, at, tries): (String, String, NaiveDateTime, i32)| LeadChange {
                field,
                value,
                at: at.and_utc(),
                tries,
            };
            links.push(LinkRow {
                lead_id,
                contact_id: ContactId(contact),
                agreed: agreed.0,
                changes: changes.into_iter().map(change).collect(),
                due_at: due.and_utc(),
            });
        }
        Ok(links)
    }

    async fn lead_settled(&self, pair: &Pair, settled: &Settled) -> StoreResult<()> {
        let work = async {
            let mut conn = self.writer.take().await?;
            let mut tx = conn.begin_with(BEGIN_WRITE).await?;
            for (field, at) in &settled.done {
                // What was changed once more meanwhile stays.
                sqlx::query(
                    "DELETE FROM lead_changes WHERE contact_id = $1 AND vicidial = $2 AND field = $3 AND at <= $4",
                )
                .bind(settled.contact_id.0)
                .bind(&pair.vicidial)
                .bind(field)
                .bind(at.naive_utc())
                .execute(&mut *tx)
                .await?;
            }
            for (field, why) in &settled.refused {
                sqlx::query(
                    "UPDATE lead_changes SET tries = tries + 1, refused = $4 WHERE contact_id = $1 AND vicidial = $2 \
                     AND field = $3",
                )
                .bind(settled.contact_id.0)
                .bind(&pair.vicidial)
                .bind(field)
                .bind(why)
                .execute(&mut *tx)
                .await?;
            }
            let again = settled.again_at.unwrap_or_else(far_future);
            // What was changed meanwhile made it due anew, and it stays so.
            sqlx::query(
                "UPDATE lead_links SET agreed = $4, dirty = CASE WHEN next_try_at = $7 THEN $5 ELSE dirty END, \
                 next_try_at = CASE WHEN next_try_at = $7 THEN $6 ELSE next_try_at END \
                 WHERE vicidial = $1 AND campaign_id = $2 AND lead_id = $3",
            )
            .bind(&pair.vicidial)
            .bind(pair.campaign_id.0)
            .bind(settled.lead_id)
            .bind(Json(&settled.agreed))
            .bind(settled.again_at.is_some())
            .bind(again.naive_utc())
            .bind(settled.due_at.naive_utc())
            .execute(&mut *tx)
            .await?;
            tx.commit().await
        };
        work.await.map_err(|e: sqlx::Error| failed(&e))
    }

    async fn contacts_numbered(
        &self,
        campaign: CampaignId,
        phones: &[String],
    ) -> StoreResult<BTreeMap<String, ContactId>> {
        if phones.is_empty() {
            return Ok(BTreeMap::new());
        }
        let mut query = sqlx::QueryBuilder::<Db>::new("SELECT phone, id FROM contacts WHERE campaign_id = ");
        query.push_bind(campaign.0).push(" AND phone IN (");
        let mut numbers = query.separated(", ");
        for phone in phones {
            numbers.push_bind(phone.clone());
        }
        query.push(")");
        let rows: Vec<(String, Uuid)> =
            query.build_query_as().fetch_all(&self.pool).await.map_err(|e| failed(&e))?;
        Ok(rows.into_iter().map(|(phone, id)| (phone, ContactId(id))).collect())
    }

    async fn not_listed(&self, organization: &OrganizationId, phones: &[String]) -> StoreResult<Vec<String>> {
        let mut fresh = Vec::new();
        for some in phones.chunks(500) {
            let mut query = sqlx::QueryBuilder::<Db>::new(
                "SELECT phone FROM do_not_call WHERE expires_at IS NULL AND organization_id = ",
            );
            query.push_bind(organization.0.clone()).push(" AND phone IN (");
            let mut numbers = query.separated(", ");
            for phone in some {
                numbers.push_bind(phone.clone());
            }
            query.push(")");
            let listed: Vec<(String,)> =
                query.build_query_as().fetch_all(&self.pool).await.map_err(|e| failed(&e))?;
            let listed: BTreeSet<String> = listed.into_iter().map(|(phone,)| phone).collect();
            fresh.extend(some.iter().filter(|phone| !listed.contains(*phone)).cloned());
        }
        Ok(fresh)
    }

    async fn pending_changes(
        &self,
        organization: &OrganizationId,
        after: i64,
        limit: i64,
    ) -> StoreResult<Vec<PendingChange>> {
        type Row = (i64, String, Uuid, i64, String, String, NaiveDateTime, i32, String);
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT c.id, c.vicidial, l.campaign_id, l.lead_id, c.field, c.value, c.at, c.tries, c.refused \
             FROM lead_changes c JOIN lead_links l ON l.contact_id = c.contact_id AND l.vicidial = c.vicidial \
             WHERE c.organization_id = $1 AND c.id > $2 ORDER BY c.id, l.lead_id LIMIT $3",
        )
        .bind(organization.as_str())
        .bind(after)
        .bind(limit)
        .fetch_all(&self.pool)
        .await
        .map_err(|e| failed(&e))?;
        let noun = |(id, vicidial, campaign, lead_id, field, value, at, tries, refused): Row| PendingChange {
            id,
            vicidial,
            campaign_id: CampaignId(campaign),
            lead_id,
            field,
            value,
            at: at.and_utc(),
            tries,
            refused,
        };
        Ok(rows.into_iter().map(noun).collect())
    }

    async fn lead_counts(
        &self,
        organization: &OrganizationId,
    ) -> StoreResult<Vec<(String, CampaignId, i64, i64)>> {
        let rows: Vec<(String, Uuid, i64, i64)> = sqlx::query_as(
            "SELECT l.vicidial, l.campaign_id, COUNT(DISTINCT l.lead_id), COUNT(DISTINCT c.id) FROM lead_links l \
             LEFT JOIN lead_changes c ON c.contact_id = l.contact_id AND c.vicidial = l.vicidial \
             WHERE l.organization_id = $1 GROUP BY l.vicidial, l.campaign_id ORDER BY 1, 2",
        )
        .bind(organization.as_str())
        .fetch_all(&self.pool)
        .await
        .map_err(|e| failed(&e))?;
        let noun = |(vicidial, campaign, leads, waiting)| (vicidial, CampaignId(campaign), leads, waiting);
        Ok(rows.into_iter().map(noun).collect())
    }

    async fn retry_changes(
        &self,
        organization: &OrganizationId,
        id: Option<i64>,
        now: DateTime<Utc>,
    ) -> StoreResult<u64> {
        let done = sqlx::query(
            "UPDATE lead_links SET dirty = TRUE, next_try_at = $3 WHERE organization_id = $1 AND EXISTS \
             (SELECT 1 FROM lead_changes c WHERE c.contact_id = lead_links.contact_id \
             AND c.vicidial = lead_links.vicidial AND ($2 = 0 OR c.id = $2))",
        )
        .bind(organization.as_str())
        .bind(id.unwrap_or(0))
        .bind(now.naive_utc())
        .execute(&mut *self.writer.take().await.map_err(|e| failed(&e))?)
        .await
        .map_err(|e| failed(&e))?;
        Ok(done.rows_affected())
    }

    async fn drop_change(&self, organization: &OrganizationId, id: i64) -> StoreResult<bool> {
        let gone = sqlx::query(
            "DELETE FROM lead_changes WHERE organization_id = $1 AND id = $2 AND field <> 'do_not_call'",
        )
        .bind(organization.as_str())
        .bind(id)
        .execute(&mut *self.writer.take().await.map_err(|e| failed(&e))?)
        .await
        .map_err(|e| failed(&e))?;
        Ok(gone.rows_affected() > 0)
    }
}
