//! What calls teach: reads.

use super::{SqlStore, failed, word};
use crate::storage::StoreResult;
use crate::storage::learning::{LearningRecord, Lesson, NumberUse};
use async_trait::async_trait;
use chrono::{DateTime, NaiveDateTime, Utc};
use dialdeck_protocol::{CampaignId, OrganizationId, ScriptId};
use uuid::Uuid;

#[async_trait]
impl LearningRecord for SqlStore {
    async fn lessons(
        &self,
        campaign: CampaignId,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> StoreResult<Vec<Lesson>> {
        type Row = (Option<Uuid>, Option<String>, Option<String>, Option<String>, Option<i32>, i64);
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT script_id, last_step, outcome, emotion, csat_score, COUNT(*) FROM calls \
             WHERE campaign_id = $1 AND created_at >= $2 AND created_at < $3 AND answered_at IS NOT NULL \
             AND outcome IS NOT NULL GROUP BY script_id, last_step, outcome, emotion, csat_score",
        )
        .bind(campaign.0)
        .bind(from.naive_utc())
        .bind(to.naive_utc())
        .fetch_all(&self.pool)
        .await
        .map_err(|e| failed(&e))?;
        let lesson = |(script, step, outcome, emotion, satisfaction, calls): Row| {
            Ok(Lesson {
                script_id: script.map(ScriptId),
                step,
                outcome: outcome.as_deref().map(word).transpose()?,
                emotion: emotion.as_deref().map(word).transpose()?,
                satisfaction,
                calls,
            })
        };
        rows.into_iter().map(lesson).collect()
    }

    async fn number_use(
        &self,
        organization: &OrganizationId,
        from: DateTime<Utc>,
    ) -> StoreResult<Vec<NumberUse>> {
        type Row = (String, i64, i64, Option<NaiveDateTime>);
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT from_number, COUNT(*), COUNT(answered_at), MAX(created_at) FROM calls \
             WHERE organization_id = $1 AND created_at >= $2 GROUP BY from_number",
        )
        .bind(organization.as_str())
        .bind(from.naive_utc())
        .fetch_all(&self.pool)
        .await
        .map_err(|e| failed(&e))?;
        let used = |(number, calls, answered, last): Row| NumberUse {
            number,
            calls,
            answered,
            last_at: last.map(|at| at.and_utc()),
        };
        Ok(rows.into_iter().map(used).collect())
    }
}
