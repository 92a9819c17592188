//! Campaigns, their queues, scripts and caller IDs.

use super::Conn;
use super::commit::Applied;
use super::{history, store};
use crate::domain::campaign::{Campaign, PhoneNumber};
use crate::domain::script::Script;
use crate::storage::Refusal;
use crate::storage::change::{Happening, QueueStart};
use chrono::{DateTime, Duration, Utc};
use dialdeck_protocol::{CampaignId, EventBody, OrganizationId, PhoneNumberId, QueueState, ScriptId};
use sqlx::types::Json;

pub(super) async fn save(
    conn: &mut Conn,
    campaign: &Campaign,
    before: Option<&Campaign>,
    at: DateTime<Utc>,
) -> Applied {
    if let Some(before) = before {
        // This locks it: nobody else changes it until we are done.
        sqlx::query("UPDATE campaigns SET updated_at = $2 WHERE id = $1")
            .bind(campaign.id.0)
            .bind(at.naive_utc())
            .execute(&mut *conn)
            .await?;
        let now = store::campaign(conn, &campaign.organization_id, campaign.id).await?;
        let now = now.ok_or(Refusal::NotFound("the campaign"))?;
        if now.noun().ok().as_ref() != Some(before) {
            return Err(Refusal::Changed("the campaign").into());
        }
    }
    let saved = sqlx::query(
        "INSERT INTO campaigns (id, organization_id, name, type, status, description, script_id, call_settings, \
         phone_number_id, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10) \
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, type = excluded.type, status = excluded.status, \
         description = excluded.description, script_id = excluded.script_id, call_settings = excluded.call_settings, \
         phone_number_id = excluded.phone_number_id, updated_at = excluded.updated_at \
         WHERE campaigns.organization_id = excluded.organization_id",
    )
    .bind(campaign.id.0)
    .bind(campaign.organization_id.as_str())
    .bind(&campaign.name)
    .bind(campaign.kind.as_str())
    .bind(campaign.status.as_str())
    .bind(&campaign.description)
    .bind(campaign.script_id.map(|id| id.0))
    .bind(Json(&campaign.call_settings))
    .bind(campaign.phone_number_id.map(|id| id.0))
    .bind(at.naive_utc())
    .execute(&mut *conn)
    .await?
    .rows_affected();
    if saved == 0 {
        return Err(Refusal::NotFound("the campaign").into());
    }
    sqlx::query(
        "INSERT INTO queues (campaign_id, updated_at) VALUES ($1, $2) ON CONFLICT (campaign_id) DO NOTHING",
    )
    .bind(campaign.id.0)
    .bind(at.naive_utc())
    .execute(&mut *conn)
    .await?;
    let change = if before.is_none() { "created" } else { "updated" };
    Ok(vec![changed(&campaign.organization_id, campaign.id, &campaign.name, change, at)])
}

fn changed(
    organization: &OrganizationId,
    id: CampaignId,
    name: &str,
    change: &str,
    at: DateTime<Utc>,
) -> Happening {
    let body = EventBody::CampaignChanged { name: name.to_owned(), change: change.to_owned() };
    Happening::of_campaign(organization, id, at, body)
}

pub(super) async fn delete(
    conn: &mut Conn,
    organization: &OrganizationId,
    id: CampaignId,
    name: &str,
    at: DateTime<Utc>,
) -> Applied {
    let in_flight: Option<i32> = sqlx::query_scalar(
        "SELECT 1 FROM calls WHERE campaign_id = $1 AND status IN ('initiated', 'in_progress') LIMIT 1",
    )
    .bind(id.0)
    .fetch_optional(&mut *conn)
    .await?;
    if in_flight.is_some() {
        return Err(
            Refusal::InUse("calls of the campaign are in flight; stop its queue and wait for them").into()
        );
    }
    let held: Option<i32> = sqlx::query_scalar(
        "SELECT 1 FROM contacts c JOIN legal_holds h ON h.organization_id = c.organization_id AND h.phone = c.phone \
         WHERE c.campaign_id = $1 LIMIT 1",
    )
    .bind(id.0)
    .fetch_optional(&mut *conn)
    .await?;
    if held.is_some() {
        return Err(Refusal::InUse(
            "a number of the campaign is under legal hold; archive the campaign instead",
        )
        .into());
    }
    let gone = sqlx::query("DELETE FROM campaigns WHERE organization_id = $1 AND id = $2")
        .bind(organization.as_str())
        .bind(id.0)
        .execute(conn)
        .await?
        .rows_affected();
    if gone == 0 {
        return Err(Refusal::NotFound("the campaign").into());
    }
    Ok(vec![changed(organization, id, name, "deleted", at)])
}

#[allow(clippy::too_many_arguments, reason = "these are the columns")]
pub(super) async fn queue_state(
    conn: &mut Conn,
    organization: &OrganizationId,
    campaign: CampaignId,
    state: QueueState,
    reason: &str,
    next_call_at: Option<DateTime<Utc>>,
    start: Option<QueueStart>,
    at: DateTime<Utc>,
) -> Applied {
    let now = at.naive_utc();
    let set = sqlx::query(
        "UPDATE queues SET state = $2, reason = $3, next_call_at = $4, updated_at = $5 WHERE campaign_id = $1",
    )
    .bind(campaign.0)
    .bind(state.as_str())
    .bind(reason)
    .bind(next_call_at.map(|t| t.naive_utc()))
    .bind(now)
    .execute(&mut *conn)
    .await?
    .rows_affected();
    if set == 0 {
        return Err(Refusal::NotFound("the campaign").into());
    }
    if let Some(start) = start {
        sqlx::query(
            "UPDATE queues SET phone_number_id = $2, review_after = $3, started_calls = 0 WHERE campaign_id = $1",
        )
        .bind(campaign.0)
        .bind(start.phone_number_id.map(|id| id.0))
        .bind(start.review_after)
        .execute(&mut *conn)
        .await?;
        // What only a change could free is looked at once more: somebody has just asked for it.
        sqlx::query(
            "UPDATE contacts SET next_attempt_at = $2 WHERE campaign_id = $1 AND status = 'held' \
             AND next_attempt_at > $3",
        )
        .bind(campaign.0)
        .bind(now)
        .bind((at + Duration::days(3650)).naive_utc())
        .execute(&mut *conn)
        .await?;
    }
    let counts = history::counts(conn, campaign).await?;
    let body = EventBody::QueueStatusUpdate { state, reason: reason.to_owned(), next_call_at, counts };
    Ok(vec![Happening::of_campaign(organization, campaign, at, body)])
}

pub(super) async fn save_script(
    conn: &mut Conn,
    organization: &OrganizationId,
    id: ScriptId,
    name: &str,
    script: &Script,
    at: DateTime<Utc>,
) -> Applied {
    sqlx::query(
        "INSERT INTO scripts (id, organization_id, name, body, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $5) \
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, body = excluded.body, updated_at = excluded.updated_at \
         WHERE scripts.organization_id = excluded.organization_id",
    )
    .bind(id.0)
    .bind(organization.as_str())
    .bind(name)
    .bind(Json(script))
    .bind(at.naive_utc())
    .execute(conn)
    .await?;
    Ok(Vec::new())
}

pub(super) async fn delete_script(conn: &mut Conn, organization: &OrganizationId, id: ScriptId) -> Applied {
    let used: Option<i32> = sqlx::query_scalar("SELECT 1 FROM campaigns WHERE script_id = $1 LIMIT 1")
        .bind(id.0)
        .fetch_optional(&mut *conn)
        .await?;
    if used.is_some() {
        return Err(Refusal::InUse("a campaign uses the script").into());
    }
    let gone = sqlx::query("DELETE FROM scripts WHERE organization_id = $1 AND id = $2")
        .bind(organization.as_str())
        .bind(id.0)
        .execute(conn)
        .await?
        .rows_affected();
    if gone == 0 { Err(Refusal::NotFound("the script").into()) } else { Ok(Vec::new()) }
}

pub(super) async fn save_phone_number(
    conn: &mut Conn,
    organization: &OrganizationId,
    number: &PhoneNumber,
    at: DateTime<Utc>,
) -> Applied {
    let taken: Option<i32> = sqlx::query_scalar(
        "SELECT 1 FROM phone_numbers WHERE organization_id = $1 AND number = $2 AND id <> $3",
    )
    .bind(organization.as_str())
    .bind(&number.number)
    .bind(number.id.0)
    .fetch_optional(&mut *conn)
    .await?;
    if taken.is_some() {
        return Err(Refusal::InUse("the number is among the caller IDs already").into());
    }
    sqlx::query(
        "INSERT INTO phone_numbers (id, organization_id, number, label, created_at) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (id) DO UPDATE SET number = excluded.number, label = excluded.label \
         WHERE phone_numbers.organization_id = excluded.organization_id",
    )
    .bind(number.id.0)
    .bind(organization.as_str())
    .bind(&number.number)
    .bind(&number.label)
    .bind(at.naive_utc())
    .execute(conn)
    .await?;
    Ok(Vec::new())
}

pub(super) async fn delete_phone_number(
    conn: &mut Conn,
    organization: &OrganizationId,
    id: PhoneNumberId,
) -> Applied {
    let used: Option<i32> = sqlx::query_scalar(
        "SELECT 1 FROM campaigns WHERE phone_number_id = $1 UNION SELECT 1 FROM queues WHERE phone_number_id = $1",
    )
    .bind(id.0)
    .fetch_optional(&mut *conn)
    .await?;
    if used.is_some() {
        return Err(Refusal::InUse("a campaign calls from this number").into());
    }
    let gone = sqlx::query("DELETE FROM phone_numbers WHERE organization_id = $1 AND id = $2")
        .bind(organization.as_str())
        .bind(id.0)
        .execute(conn)
        .await?
        .rows_affected();
    if gone == 0 { Err(Refusal::NotFound("the caller ID").into()) } else { Ok(Vec::new()) }
}
