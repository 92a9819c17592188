//! The trait, put together from the queries.

use super::row::CampaignRow;
use super::{Conn, Db, SqlStore, audit, contacts, dialpad_calls, failed, history, law};
use crate::domain::campaign::{Campaign, PhoneNumber};
use crate::domain::contact::Contact;
use crate::domain::debt::About;
use crate::domain::do_not_call::Listed;
use crate::domain::script::Script;
use crate::storage::{
    AuditLine, CallRecord, Change, Committed, ContactPage, DecisionRow, ImportMode, ImportSink, ListedRow,
    LiveCall, QueueRow, Store, StoreResult,
};
use async_trait::async_trait;
use chrono::{DateTime, NaiveDateTime, Utc};
use dialdeck_protocol::{
    CallCounts, CallFilter, CallId, CampaignId, ContactId, Event, Exchange, HistoryRow, ListOrder,
    OrganizationId, PhoneNumberId, ScriptId, Snapshot,
};
use sqlx::types::Json;
use std::collections::BTreeSet;
use uuid::Uuid;

const CAMPAIGNS: &str = "SELECT c.id, c.organization_id, c.name, c.type, c.status, c.description, c.script_id, \
                         c.call_settings, c.phone_number_id FROM campaigns c ";

pub(super) async fn campaigns(conn: &mut Conn, organization: &OrganizationId) -> StoreResult<Vec<Campaign>> {
    let mut query = sqlx::QueryBuilder::<super::Db>::new(CAMPAIGNS);
    query.push("WHERE c.organization_id = ").push_bind(organization.0.clone()).push(" ORDER BY c.name, c.id");
    let rows: Vec<CampaignRow> = query.build_query_as().fetch_all(conn).await.map_err(|e| failed(&e))?;
    rows.into_iter().map(CampaignRow::noun).collect()
}

pub(super) async fn campaign(
    conn: &mut Conn,
    organization: &OrganizationId,
    id: CampaignId,
) -> Result<Option<CampaignRow>, sqlx::Error> {
    let mut query = sqlx::QueryBuilder::<super::Db>::new(CAMPAIGNS);
    query.push("WHERE c.organization_id = ").push_bind(organization.0.clone());
    query.push(" AND c.id = ").push_bind(id.0);
    query.build_query_as().fetch_optional(conn).await
}

impl SqlStore {
    pub(super) async fn conn(&self) -> StoreResult<sqlx::pool::PoolConnection<super::Db>> {
        self.pool.acquire().await.map_err(|e| failed(&e))
    }
}

#[async_trait]
impl Store for SqlStore {
    fn describe(&self) -> String {
        self.place.clone()
    }

    async fn ping(&self) -> StoreResult<()> {
        sqlx::query("SELECT 1").execute(&self.pool).await.map(|_| ()).map_err(|e| failed(&e))
    }

    async fn commit(&self, deeds: &[Vec<Change>]) -> StoreResult<Committed> {
        self.commit_deeds(deeds).await
    }

    async fn campaigns(&self, organization: &OrganizationId) -> StoreResult<Vec<Campaign>> {
        campaigns(&mut *self.conn().await?, organization).await
    }

    async fn campaign(&self, organization: &OrganizationId, id: CampaignId) -> StoreResult<Option<Campaign>> {
        let row = campaign(&mut *self.conn().await?, organization, id).await.map_err(|e| failed(&e))?;
        row.map(CampaignRow::noun).transpose()
    }

    async fn scripts(&self, organization: &OrganizationId) -> StoreResult<Vec<(ScriptId, String, Script)>> {
        let rows: Vec<(Uuid, String, Json<Script>)> =
            sqlx::query_as("SELECT id, name, body FROM scripts WHERE organization_id = $1 ORDER BY name, id")
                .bind(organization.as_str())
                .fetch_all(&self.pool)
                .await
                .map_err(|e| failed(&e))?;
        Ok(rows.into_iter().map(|(id, name, body)| (ScriptId(id), name, body.0)).collect())
    }

    async fn script(
        &self,
        organization: &OrganizationId,
        id: ScriptId,
    ) -> StoreResult<Option<(String, Script)>> {
        let row: Option<(String, Json<Script>)> =
            sqlx::query_as("SELECT name, body FROM scripts WHERE organization_id = $1 AND id = $2")
                .bind(organization.as_str())
                .bind(id.0)
                .fetch_optional(&self.pool)
                .await
                .map_err(|e| failed(&e))?;
        Ok(row.map(|(name, body)| (name, body.0)))
    }

    async fn phone_numbers(&self, organization: &OrganizationId) -> StoreResult<Vec<PhoneNumber>> {
        let rows: Vec<(Uuid, String, String)> = sqlx::query_as(
            "SELECT id, number, label FROM phone_numbers WHERE organization_id = $1 ORDER BY number",
        )
        .bind(organization.as_str())
        .fetch_all(&self.pool)
        .await
        .map_err(|e| failed(&e))?;
        Ok(rows
            .into_iter()
            .map(|(id, number, label)| PhoneNumber { id: PhoneNumberId(id), number, label })
            .collect())
    }

    async fn phone_number(
        &self,
        organization: &OrganizationId,
        id: PhoneNumberId,
    ) -> StoreResult<Option<PhoneNumber>> {
        Ok(self.phone_numbers(organization).await?.into_iter().find(|n| n.id == id))
    }

    async fn contacts(
        &self,
        organization: &OrganizationId,
        campaign: CampaignId,
        page: &ContactPage,
    ) -> StoreResult<Vec<Contact>> {
        contacts::page(&mut *self.conn().await?, organization, campaign, page).await
    }

    async fn contact(&self, organization: &OrganizationId, id: ContactId) -> StoreResult<Option<Contact>> {
        contacts::one(&mut *self.conn().await?, organization, id).await
    }

    async fn candidates(
        &self,
        campaign: CampaignId,
        order: ListOrder,
        now: DateTime<Utc>,
        limit: i64,
    ) -> StoreResult<Vec<Contact>> {
        contacts::candidates(&mut *self.conn().await?, campaign, order, now, limit).await
    }

    async fn next_due(&self, campaign: CampaignId) -> StoreResult<Option<DateTime<Utc>>> {
        let next: Option<NaiveDateTime> = sqlx::query_scalar(
            "SELECT next_attempt_at FROM contacts WHERE campaign_id = $1 AND status IN ('new', 'retry', 'held') \
             ORDER BY next_attempt_at, id LIMIT 1",
        )
        .bind(campaign.0)
        .fetch_optional(&self.pool)
        .await
        .map_err(|e| failed(&e))?;
        let forever = crate::domain::ending::far_future();
        Ok(next.map(|t| t.and_utc()).filter(|at| *at < forever))
    }

    async fn callable(&self, campaign: CampaignId) -> StoreResult<i64> {
        sqlx::query_scalar(
            "SELECT COUNT(*) FROM contacts WHERE campaign_id = $1 AND status IN ('new', 'retry', 'held')",
        )
        .bind(campaign.0)
        .fetch_one(&self.pool)
        .await
        .map_err(|e| failed(&e))
    }

    async fn import(
        &self,
        campaign: &Campaign,
        mode: ImportMode,
        now: DateTime<Utc>,
    ) -> StoreResult<Box<dyn ImportSink>> {
        self.open_import(campaign, mode, now).await
    }

    async fn queue(&self, campaign: CampaignId) -> StoreResult<Option<QueueRow>> {
        history::queue(&mut *self.conn().await?, campaign).await
    }

    async fn open_queues(&self) -> StoreResult<Vec<Campaign>> {
        let mut query = sqlx::QueryBuilder::<super::Db>::new(CAMPAIGNS);
        query.push(
            "JOIN queues q ON q.campaign_id = c.id WHERE q.state IN ('running', 'waiting') ORDER BY c.id",
        );
        let rows: Vec<CampaignRow> =
            query.build_query_as().fetch_all(&self.pool).await.map_err(|e| failed(&e))?;
        rows.into_iter().map(CampaignRow::noun).collect()
    }

    async fn counts(&self, campaign: CampaignId) -> StoreResult<CallCounts> {
        history::counts(&mut *self.conn().await?, campaign).await.map_err(|e| failed(&e))
    }

    async fn calls(
        &self,
        organization: &OrganizationId,
        filter: &CallFilter,
        within: Option<&BTreeSet<CampaignId>>,
    ) -> StoreResult<(Vec<HistoryRow>, Option<String>)> {
        history::calls(&mut *self.conn().await?, organization, filter, within).await
    }

    async fn call(&self, organization: &OrganizationId, id: &CallId) -> StoreResult<Option<CallRecord>> {
        history::call(&mut *self.conn().await?, organization, id).await
    }

    async fn insights(&self, call: &CallId) -> StoreResult<Option<serde_json::Value>> {
        let told: Option<(Option<Json<serde_json::Value>>,)> =
            sqlx::query_as("SELECT ai_insights FROM calls WHERE id = $1")
                .bind(call.as_str())
                .fetch_optional(&self.pool)
                .await
                .map_err(|e| failed(&e))?;
        Ok(told.and_then(|(told,)| told).map(|Json(told)| told))
    }

    async fn exchanges(&self, call: &CallId) -> StoreResult<Vec<Exchange>> {
        history::exchanges(&mut *self.conn().await?, call).await
    }

    async fn live_calls(&self, owner: &str) -> StoreResult<Vec<LiveCall>> {
        history::live_calls(&mut *self.conn().await?, owner).await
    }

    async fn listed(
        &self,
        organization: &OrganizationId,
        campaign: Option<CampaignId>,
        phones: &[String],
        now: DateTime<Utc>,
    ) -> StoreResult<Option<Listed>> {
        let mut conn = self.conn().await?;
        let mut all = Vec::new();
        for phone in phones {
            let one = law::listed(&mut conn, organization.as_str(), campaign, phone, now).await;
            all.extend(one.map_err(|e| failed(&e))?.map(|listed| listed.until));
        }
        Ok(Listed::together(all))
    }

    async fn calls_about(
        &self,
        organization: &OrganizationId,
        debt: &str,
        since: DateTime<Utc>,
    ) -> StoreResult<Vec<About>> {
        let about = law::calls_about(&mut *self.conn().await?, organization.as_str(), debt, since).await;
        about.map_err(|e| failed(&e))
    }

    async fn calls_since(
        &self,
        organization: &OrganizationId,
        phone: &str,
        since: DateTime<Utc>,
    ) -> StoreResult<Vec<DateTime<Utc>>> {
        let rows: Vec<chrono::NaiveDateTime> = sqlx::query_scalar(
            "SELECT created_at FROM calls WHERE organization_id = $1 AND to_number = $2 AND created_at > $3 \
             ORDER BY created_at DESC LIMIT 1000",
        )
        .bind(organization.as_str())
        .bind(phone)
        .bind(since.naive_utc())
        .fetch_all(&self.pool)
        .await
        .map_err(|e| failed(&e))?;
        let mut conn = self.conn().await?;
        let theirs = dialpad_calls::calls_to(&mut conn, organization.as_str(), phone, since).await;
        let mut all: Vec<DateTime<Utc>> = rows.into_iter().map(|at| at.and_utc()).collect();
        all.extend(theirs.map_err(|e| failed(&e))?);
        all.sort_unstable_by(|a, b| b.cmp(a));
        Ok(all)
    }

    async fn do_not_call(
        &self,
        organization: &OrganizationId,
        campaign: Option<CampaignId>,
        after: &str,
        limit: i64,
    ) -> StoreResult<Vec<ListedRow>> {
        let mut query = sqlx::QueryBuilder::<Db>::new("SELECT phone, source, created_at, expires_at FROM ");
        query.push(if campaign.is_some() { "campaign_do_not_call" } else { "do_not_call" });
        query.push(" WHERE organization_id = ").push_bind(organization.0.clone());
        if let Some(campaign) = campaign {
            query.push(" AND campaign_id = ").push_bind(campaign.0);
        }
        query
            .push(" AND phone > ")
            .push_bind(after.to_owned())
            .push(" ORDER BY phone LIMIT ")
            .push_bind(limit);
        let rows: Vec<(String, String, NaiveDateTime, Option<NaiveDateTime>)> =
            query.build_query_as().fetch_all(&self.pool).await.map_err(|e| failed(&e))?;
        let listed =
            |(phone, source, created_at, expires_at): (_, _, NaiveDateTime, Option<NaiveDateTime>)| {
                let (created_at, expires_at) = (created_at.and_utc(), expires_at.map(|at| at.and_utc()));
                ListedRow { phone, source, created_at, expires_at }
            };
        Ok(rows.into_iter().map(listed).collect())
    }

    async fn decisions(&self, organization: &OrganizationId, phone: &str) -> StoreResult<Vec<DecisionRow>> {
        let rows: Vec<(String, String, Json<serde_json::Value>, Option<String>, NaiveDateTime)> = sqlx::query_as(
            "SELECT rule, reason, facts, call_id, decided_at FROM decisions WHERE organization_id = $1 AND phone = $2 \
             ORDER BY decided_at DESC, id DESC LIMIT 200",
        )
        .bind(organization.as_str())
        .bind(phone)
        .fetch_all(&self.pool)
        .await
        .map_err(|e| failed(&e))?;
        Ok(rows
            .into_iter()
            .map(|(rule, reason, facts, call_id, at)| DecisionRow {
                rule,
                reason,
                facts: facts.0,
                call_id,
                decided_at: at.and_utc(),
            })
            .collect())
    }

    async fn events_after(
        &self,
        organization: &OrganizationId,
        seq: i64,
        limit: i64,
    ) -> StoreResult<Vec<Event>> {
        history::events_after(&mut *self.conn().await?, organization, seq, limit).await
    }

    async fn last_seq(&self) -> StoreResult<i64> {
        history::last_seq(&mut *self.conn().await?).await
    }

    async fn snapshot(&self, organization: &OrganizationId, now: DateTime<Utc>) -> StoreResult<Snapshot> {
        self.take_snapshot(organization, now).await
    }

    async fn audit(
        &self,
        organization: &OrganizationId,
        before: Option<i64>,
        limit: i64,
    ) -> StoreResult<Vec<AuditLine>> {
        audit::newest(&mut *self.conn().await?, organization, before, limit).await
    }

    async fn verify_audit(&self) -> StoreResult<Result<i64, i64>> {
        audit::verify(&mut *self.conn().await?).await
    }
}
