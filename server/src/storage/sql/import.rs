//! An import: batch by batch with its progress beside it, or, where nothing may be half done, in one transaction.

use super::engine::BEGIN_WRITE;
use super::row::spaced;
use super::{Conn, Db, SqlStore, StoreResult, failed};
use crate::domain::campaign::Campaign;
use crate::domain::contact::NewContact;
use crate::storage::{ImportMode, ImportSink, Imported, StoreError};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use dialdeck_protocol::ImportId;
use sqlx::types::Json;
use std::collections::HashSet;
use uuid::Uuid;

/// Rows of one statement; 21 values each stay under SQLite's 32,766.
const ROWS: usize = 500;

struct Sink {
    pool: sqlx::Pool<Db>,
    /// The one transaction of an import that is not to be half done.
    whole: Option<sqlx::Transaction<'static, Db>>,
    id: ImportId,
    campaign: Campaign,
    now: DateTime<Utc>,
}

impl SqlStore {
    pub(super) async fn open_import(
        &self,
        campaign: &Campaign,
        mode: ImportMode,
        now: DateTime<Utc>,
    ) -> StoreResult<Box<dyn ImportSink>> {
        let (whole, id) = match mode {
            ImportMode::Whole => {
                (Some(self.pool.begin_with(BEGIN_WRITE).await.map_err(|e| failed(&e))?), ImportId::new())
            }
            ImportMode::Batches(id) => {
                sqlx::query(
                    "INSERT INTO imports (id, organization_id, campaign_id, created_at) VALUES ($1, $2, $3, $4) \
                     ON CONFLICT (id) DO NOTHING",
                )
                .bind(id.0)
                .bind(campaign.organization_id.as_str())
                .bind(campaign.id.0)
                .bind(now.naive_utc())
                .execute(&self.pool)
                .await
                .map_err(|e| failed(&e))?;
                (None, id)
            }
        };
        Ok(Box::new(Sink { pool: self.pool.clone(), whole, id, campaign: campaign.clone(), now }))
    }
}

#[async_trait]
impl ImportSink for Sink {
    async fn add(&mut self, contacts: &[NewContact], rows_done: u64, rejected: i64) -> StoreResult<Imported> {
        let (campaign, now) = (&self.campaign, self.now);
        if let Some(tx) = &mut self.whole {
            return insert_all(tx, campaign, contacts, now).await.map_err(|e| failed(&e));
        }
        let mut tx = self.pool.begin_with(BEGIN_WRITE).await.map_err(|e| failed(&e))?;
        let imported = insert_all(&mut tx, campaign, contacts, now).await.map_err(|e| failed(&e))?;
        let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        let there = count(imported.already_there.len());
        sqlx::query(
            "UPDATE imports SET rows_done = $2, imported = imported + $3, rejected = rejected + $4 WHERE id = $1",
        )
        .bind(self.id.0)
        .bind(i64::try_from(rows_done).unwrap_or(i64::MAX))
        .bind(count(contacts.len()) - there)
        .bind(rejected + there)
        .execute(&mut *tx)
        .await
        .map_err(|e| failed(&e))?;
        tx.commit().await.map_err(|e| failed(&e))?;
        Ok(imported)
    }

    async fn finish(mut self: Box<Self>) -> StoreResult<()> {
        if let Some(tx) = self.whole.take() {
            return tx.commit().await.map_err(|e| failed(&e));
        }
        let done = sqlx::query("UPDATE imports SET finished_at = $2 WHERE id = $1")
            .bind(self.id.0)
            .bind(Utc::now().naive_utc())
            .execute(&self.pool)
            .await
            .map_err(|e| failed(&e))?;
        if done.rows_affected() == 0 {
            return Err(StoreError::Conflict("the campaign was deleted during the import".into()));
        }
        Ok(())
    }
}

async fn insert_all(
    conn: &mut Conn,
    campaign: &Campaign,
    contacts: &[NewContact],
    now: DateTime<Utc>,
) -> Result<Imported, sqlx::Error> {
    let mut imported = Imported::default();
    for some in contacts.chunks(ROWS) {
        let added = insert(conn, campaign, some, now).await?;
        imported
            .already_there
            .extend(some.iter().map(|c| c.phone.as_str()).filter(|p| !added.contains(*p)).map(str::to_owned));
        // Numbers that asked not to be called are known to be such from the first moment.
        let mut listed = sqlx::QueryBuilder::<Db>::new(
            "UPDATE contacts SET status = 'do_not_call' WHERE status = 'new' AND campaign_id = ",
        );
        listed.push_bind(campaign.id.0);
        // Those that leave the list again are looked at when their time has come.
        listed.push(
            " AND phone IN (SELECT phone FROM do_not_call WHERE expires_at IS NULL AND organization_id = ",
        );
        listed.push_bind(campaign.organization_id.0.clone());
        listed.push(
            " UNION ALL SELECT phone FROM campaign_do_not_call WHERE expires_at IS NULL AND campaign_id = ",
        );
        listed.push_bind(campaign.id.0);
        listed.push(") AND phone IN (");
        let mut numbers = listed.separated(", ");
        for contact in some {
            numbers.push_bind(contact.phone.as_str().to_owned());
        }
        listed.push(")");
        listed.build().execute(&mut *conn).await?;
    }
    Ok(imported)
}

async fn insert(
    conn: &mut Conn,
    campaign: &Campaign,
    contacts: &[NewContact],
    now: DateTime<Utc>,
) -> Result<HashSet<String>, sqlx::Error> {
    let now = now.naive_utc();
    let mut insert = sqlx::QueryBuilder::<Db>::new(
        "INSERT INTO contacts (id, organization_id, campaign_id, first_name, last_name, phone, email, company, \
         status, created_at, next_attempt_at, state, postal_code, timezone, consent_basis, consent_at, \
         consent_source, custom_fields, priority, shuffle, alternates) ",
    );
    insert.push_values(contacts, |mut row, contact| {
        let consent = contact.consent.as_ref();
        row.push_bind(Uuid::now_v7())
            .push_bind(campaign.organization_id.0.clone())
            .push_bind(campaign.id.0)
            .push_bind(contact.first_name.clone())
            .push_bind(contact.last_name.clone())
            .push_bind(contact.phone.as_str().to_owned())
            .push_bind(contact.email.clone())
            .push_bind(contact.company.clone())
            .push_bind("new")
            .push_bind(now)
            .push_bind(now)
            .push_bind(contact.state.clone())
            .push_bind(contact.postal_code.clone())
            .push_bind(contact.timezone.clone())
            .push_bind(consent.map(|c| c.basis.clone()).unwrap_or_default())
            .push_bind(consent.and_then(|c| c.at).map(|t| t.naive_utc()))
            .push_bind(consent.map(|c| c.source.clone()).unwrap_or_default())
            .push_bind(Json(contact.custom_fields.clone()))
            .push_bind(contact.priority)
            .push_bind(rand::random_range(0..i32::MAX))
            .push_bind(spaced(&contact.alternates));
    });
    insert.push(" ON CONFLICT (campaign_id, phone) DO NOTHING RETURNING phone");
    let added: Vec<(String,)> = insert.build_query_as().fetch_all(conn).await?;
    Ok(added.into_iter().map(|(phone,)| phone).collect())
}
