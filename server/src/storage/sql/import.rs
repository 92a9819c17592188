//! An import in one transaction: what is not finished was never there.

use super::engine::BEGIN_WRITE;
use super::{Db, SqlStore, StoreResult, failed};
use crate::domain::campaign::Campaign;
use crate::domain::contact::NewContact;
use crate::storage::{ImportSink, Imported};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::types::Json;
use std::collections::HashSet;
use uuid::Uuid;

/// Rows of one statement; 19 values each stay under SQLite's 32,766.
const ROWS: usize = 500;

struct Sink {
    tx: sqlx::Transaction<'static, Db>,
    campaign: Campaign,
    now: DateTime<Utc>,
}

impl SqlStore {
    pub(super) async fn open_import(
        &self,
        campaign: &Campaign,
        now: DateTime<Utc>,
    ) -> StoreResult<Box<dyn ImportSink>> {
        let tx = self.pool.begin_with(BEGIN_WRITE).await.map_err(|e| failed(&e))?;
        Ok(Box::new(Sink { tx, campaign: campaign.clone(), now }))
    }
}

#[async_trait]
impl ImportSink for Sink {
    async fn add(&mut self, contacts: &[NewContact]) -> StoreResult<Imported> {
        let mut imported = Imported::default();
        for some in contacts.chunks(ROWS) {
            let added = self.insert(some).await.map_err(|e| failed(&e))?;
            imported.already_there.extend(
                some.iter().map(|c| c.phone.as_str()).filter(|p| !added.contains(*p)).map(str::to_owned),
            );
        }
        Ok(imported)
    }

    async fn finish(mut self: Box<Self>) -> StoreResult<()> {
        // Numbers that asked not to be called are known to be such from the first moment.
        sqlx::query(
            "UPDATE contacts SET status = 'do_not_call' WHERE campaign_id = $1 AND status = 'new' AND phone IN \
             (SELECT phone FROM do_not_call WHERE organization_id = $2)",
        )
        .bind(self.campaign.id.0)
        .bind(self.campaign.organization_id.as_str())
        .execute(&mut *self.tx)
        .await
        .map_err(|e| failed(&e))?;
        self.tx.commit().await.map_err(|e| failed(&e))
    }
}

impl Sink {
    async fn insert(&mut self, contacts: &[NewContact]) -> Result<HashSet<String>, sqlx::Error> {
        let now = self.now.naive_utc();
        let mut insert = sqlx::QueryBuilder::<Db>::new(
            "INSERT INTO contacts (id, organization_id, campaign_id, first_name, last_name, phone, email, company, \
             status, created_at, next_attempt_at, state, postal_code, timezone, consent_basis, consent_at, \
             consent_source, custom_fields) ",
        );
        insert.push_values(contacts, |mut row, contact| {
            let consent = contact.consent.as_ref();
            row.push_bind(Uuid::now_v7())
                .push_bind(self.campaign.organization_id.0.clone())
                .push_bind(self.campaign.id.0)
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
                .push_bind(Json(contact.custom_fields.clone()));
        });
        insert.push(" ON CONFLICT (campaign_id, phone) DO NOTHING RETURNING phone");
        let added: Vec<(String,)> = insert.build_query_as().fetch_all(&mut *self.tx).await?;
        Ok(added.into_iter().map(|(phone,)| phone).collect())
    }
}
