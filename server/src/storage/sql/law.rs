//! Do-not-call lists and the decisions of the gate.

use super::commit::Applied;
use super::{Conn, Db, lead_notes};
use crate::domain::debt::About;
use crate::domain::do_not_call::{List, Listed, Listing};
use crate::domain::ending::{ContactAfter, far_future};
use crate::domain::gate::Decision;
use crate::storage::change::Happening;
use chrono::{DateTime, NaiveDateTime, Utc};
use dialdeck_protocol::{CallId, CampaignId, ContactId, ContactStatus, EventBody, OrganizationId};
use sqlx::types::Json;

/// What the lists of an organization, and of one of its campaigns, say of a number.
pub(super) async fn listed(
    conn: &mut Conn,
    organization: &str,
    campaign: Option<CampaignId>,
    phone: &str,
    now: DateTime<Utc>,
) -> Result<Option<Listed>, sqlx::Error> {
    let entries: Vec<(Option<NaiveDateTime>,)> = sqlx::query_as(
        "SELECT expires_at FROM do_not_call WHERE organization_id = $1 AND phone = $2 \
         AND (expires_at IS NULL OR expires_at > $3) \
         UNION ALL SELECT expires_at FROM campaign_do_not_call WHERE campaign_id = $4 AND phone = $2 \
         AND (expires_at IS NULL OR expires_at > $3)",
    )
    .bind(organization)
    .bind(phone)
    .bind(now.naive_utc())
    .bind(campaign.map(|id| id.0))
    .fetch_all(conn)
    .await?;
    Ok(Listed::together(entries.into_iter().map(|(until,)| until.map(|at| at.and_utc()))))
}

/// What becomes of a contact after a call, whatever lists its number was put on meanwhile.
pub(super) async fn after_lists(
    conn: &mut Conn,
    organization: &str,
    campaign: CampaignId,
    phone: &str,
    otherwise: ContactAfter,
    now: DateTime<Utc>,
) -> Result<ContactAfter, sqlx::Error> {
    let listed = listed(conn, organization, Some(campaign), phone, now).await?;
    Ok(Listed::contact_after(listed, otherwise))
}

pub(super) async fn keep_decision(
    conn: &mut Conn,
    organization: &str,
    contact: ContactId,
    call: Option<&CallId>,
    phone: &str,
    decision: &Decision,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO decisions (organization_id, contact_id, call_id, phone, rule, reason, facts, decided_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(organization)
    .bind(contact.0)
    .bind(call.map(CallId::as_str))
    .bind(phone)
    .bind(decision.rule)
    .bind(&decision.reason)
    .bind(Json(decision))
    .bind(decision.decided_at.naive_utc())
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn hold(
    conn: &mut Conn,
    organization: &OrganizationId,
    campaign: CampaignId,
    contact: ContactId,
    phone: &str,
    decision: &Decision,
) -> Applied {
    let is_for_ever = decision.rule == "do_not_call" && decision.opens_at.is_none();
    let status = if is_for_ever { ContactStatus::DoNotCall } else { ContactStatus::Held };
    let next = decision.opens_at.unwrap_or_else(far_future);
    let held = sqlx::query(
        "UPDATE contacts SET status = $2, held_reason = $3, next_attempt_at = $4 \
         WHERE id = $1 AND status IN ('new', 'retry', 'held')",
    )
    .bind(contact.0)
    .bind(status.as_str())
    .bind(&decision.reason)
    .bind(next.naive_utc())
    .execute(&mut *conn)
    .await?
    .rows_affected();
    if held == 0 {
        return Ok(Vec::new());
    }
    keep_decision(conn, organization.as_str(), contact, None, phone, decision).await?;
    let body = EventBody::ContactHeld { reason: decision.reason.clone() };
    Ok(vec![Happening::of_campaign(organization, campaign, decision.decided_at, body)])
}

/// Puts numbers on the list that `listing` tells of; its own number is not looked at.
pub(super) async fn do_not_call(conn: &mut Conn, listing: &Listing, phones: &[String]) -> Applied {
    if listing.list != List::Everywhere {
        return put_on(conn, listing, phones).await;
    }
    let organizations: Vec<(String,)> =
        sqlx::query_as("SELECT id FROM organizations ORDER BY id").fetch_all(&mut *conn).await?;
    let mut happened = Vec::new();
    for (organization,) in organizations {
        // In which call it was said is nobody's business but theirs in whose call it was.
        let own = listing.organization_id.as_str() == organization;
        let one = Listing {
            organization_id: OrganizationId(organization),
            list: List::Organization,
            call_id: listing.call_id.clone().filter(|_| own),
            ..listing.clone()
        };
        happened.extend(put_on(conn, &one, phones).await?);
    }
    Ok(happened)
}

/// Numbers of one statement.
const NUMBERS: usize = 1000;

async fn put_on(conn: &mut Conn, listing: &Listing, phones: &[String]) -> Applied {
    let organization = &listing.organization_id;
    let call = listing.call_id.as_ref().map(|id| id.0.clone());
    let (at, expires) = (listing.at.naive_utc(), listing.expires_at.map(|at| at.naive_utc()));
    let campaign = match listing.list {
        List::Campaign(id) => Some(id),
        List::Organization | List::Everywhere => None,
    };
    for some in phones.chunks(NUMBERS) {
        let table = if campaign.is_some() { "campaign_do_not_call" } else { "do_not_call" };
        let mut insert = sqlx::QueryBuilder::<Db>::new("INSERT INTO ");
        insert.push(table).push(" (organization_id, phone, source, call_id, created_at, expires_at");
        insert.push(if campaign.is_some() { ", campaign_id) " } else { ") " });
        insert.push_values(some, |mut row, phone| {
            row.push_bind(organization.0.clone())
                .push_bind(phone.clone())
                .push_bind(listing.source.clone())
                .push_bind(call.clone())
                .push_bind(at)
                .push_bind(expires);
            if let Some(campaign) = campaign {
                row.push_bind(campaign.0);
            }
        });
        let key = if campaign.is_some() { "(campaign_id, phone)" } else { "(organization_id, phone)" };
        insert.push(" ON CONFLICT ").push(key).push(" DO UPDATE SET expires_at = excluded.expires_at WHERE ");
        // What stands there longer stays.
        insert
            .push(table)
            .push(".expires_at IS NOT NULL AND (excluded.expires_at IS NULL OR excluded.expires_at > ");
        insert.push(table).push(".expires_at)");
        insert.build().execute(&mut *conn).await?;
        hold_listed(conn, listing, campaign, some).await?;
        if campaign.is_none() && listing.expires_at.is_none() {
            lead_notes::note_do_not_call(conn, organization, some, listing.at).await?;
        }
    }
    Ok(vec![Happening {
        organization_id: organization.clone(),
        campaign_id: campaign,
        call_id: listing.call_id.clone(),
        at: listing.at,
        body: EventBody::DoNotCallAdded { source: listing.source.clone() },
    }])
}

/// Off every campaign that the list is for, at once. A contact in flight stays pending until its call is settled, which
/// looks at the lists.
async fn hold_listed(
    conn: &mut Conn,
    listing: &Listing,
    campaign: Option<CampaignId>,
    phones: &[String],
) -> Result<(), sqlx::Error> {
    let mut off = sqlx::QueryBuilder::<Db>::new("UPDATE contacts SET status = ");
    match listing.expires_at {
        None => {
            off.push("'do_not_call', held_reason = '', next_attempt_at = ")
                .push_bind(far_future().naive_utc());
            off.push(" WHERE status <> 'pending'");
        }
        Some(until) => {
            let reason = format!("held: on a do-not-call list, opens {}", until.format("%Y-%m-%d %H:%M UTC"));
            off.push("'held', held_reason = ").push_bind(reason);
            off.push(", next_attempt_at = ").push_bind(until.naive_utc());
            off.push(" WHERE status IN ('new', 'retry', 'held') AND next_attempt_at < ");
            off.push_bind(until.naive_utc());
        }
    }
    off.push(" AND organization_id = ").push_bind(listing.organization_id.0.clone());
    if let Some(campaign) = campaign {
        off.push(" AND campaign_id = ").push_bind(campaign.0);
    }
    off.push(" AND phone IN (");
    let mut numbers = off.separated(", ");
    for phone in phones {
        numbers.push_bind(phone.clone());
    }
    off.push(")");
    off.build().execute(conn).await?;
    Ok(())
}

/// A call about something that the law counts by.
pub(super) async fn calls_about(
    conn: &mut Conn,
    organization: &str,
    subject: &str,
    since: DateTime<Utc>,
) -> Result<Vec<About>, sqlx::Error> {
    let rows: Vec<(NaiveDateTime, Option<NaiveDateTime>, Option<String>)> = sqlx::query_as(
        "SELECT created_at, answered_at, outcome FROM calls WHERE organization_id = $1 AND subject = $2 \
         AND subject <> '' AND created_at > $3 ORDER BY created_at DESC",
    )
    .bind(organization)
    .bind(subject)
    .bind(since.naive_utc())
    .fetch_all(conn)
    .await?;
    let about = |(at, answered, outcome): (NaiveDateTime, Option<NaiveDateTime>, Option<String>)| About {
        at: at.and_utc(),
        talked: answered.is_some()
            && !matches!(outcome.as_deref(), Some("voicemail" | "abandoned" | "error" | "wrong_number")),
    };
    Ok(rows.into_iter().map(about).collect())
}
