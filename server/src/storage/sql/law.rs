//! Do-not-call lists and the decisions of the gate.

use super::commit::Applied;
use super::{Conn, Db, lead_notes};
use crate::domain::ending::far_future;
use crate::domain::gate::Decision;
use crate::storage::change::Happening;
use chrono::{DateTime, Utc};
use dialdeck_protocol::{CallId, CampaignId, ContactId, ContactStatus, EventBody, OrganizationId};
use sqlx::types::Json;

pub(super) async fn is_listed(conn: &mut Conn, organization: &str, phone: &str) -> Result<bool, sqlx::Error> {
    let found: Option<i32> =
        sqlx::query_scalar("SELECT 1 FROM do_not_call WHERE organization_id = $1 AND phone = $2")
            .bind(organization)
            .bind(phone)
            .fetch_optional(conn)
            .await?;
    Ok(found.is_some())
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
    let status = if decision.rule == "do_not_call" { ContactStatus::DoNotCall } else { ContactStatus::Held };
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

pub(super) async fn do_not_call(
    conn: &mut Conn,
    organization: &OrganizationId,
    phone: &str,
    source: &str,
    call: Option<&CallId>,
    at: DateTime<Utc>,
) -> Applied {
    sqlx::query(
        "INSERT INTO do_not_call (organization_id, phone, source, call_id, created_at) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (organization_id, phone) DO NOTHING",
    )
    .bind(organization.as_str())
    .bind(phone)
    .bind(source)
    .bind(call.map(CallId::as_str))
    .bind(at.naive_utc())
    .execute(&mut *conn)
    .await?;
    // Off every campaign at once. A contact in flight stays pending until its call is settled, which looks here.
    sqlx::query(
        "UPDATE contacts SET status = 'do_not_call', held_reason = '', next_attempt_at = $3 \
         WHERE organization_id = $1 AND phone = $2 AND status <> 'pending'",
    )
    .bind(organization.as_str())
    .bind(phone)
    .bind(far_future().naive_utc())
    .execute(&mut *conn)
    .await?;
    lead_notes::note_do_not_call(conn, organization, &[phone.to_owned()], at).await?;
    Ok(vec![Happening {
        organization_id: organization.clone(),
        campaign_id: None,
        call_id: call.cloned(),
        at,
        body: EventBody::DoNotCallAdded { source: source.to_owned() },
    }])
}

/// Numbers of one statement.
const NUMBERS: usize = 1000;

pub(super) async fn do_not_call_list(
    conn: &mut Conn,
    organization: &OrganizationId,
    phones: &[String],
    source: &str,
    at: DateTime<Utc>,
) -> Applied {
    for some in phones.chunks(NUMBERS) {
        let mut insert = sqlx::QueryBuilder::<Db>::new(
            "INSERT INTO do_not_call (organization_id, phone, source, created_at) ",
        );
        insert.push_values(some, |mut row, phone| {
            row.push_bind(organization.0.clone())
                .push_bind(phone.clone())
                .push_bind(source.to_owned())
                .push_bind(at.naive_utc());
        });
        insert.push(" ON CONFLICT (organization_id, phone) DO NOTHING");
        insert.build().execute(&mut *conn).await?;
        let mut off = sqlx::QueryBuilder::<Db>::new(
            "UPDATE contacts SET status = 'do_not_call', held_reason = '', next_attempt_at = ",
        );
        off.push_bind(far_future().naive_utc());
        off.push(" WHERE status <> 'pending' AND organization_id = ").push_bind(organization.0.clone());
        off.push(" AND phone IN (");
        let mut numbers = off.separated(", ");
        for phone in some {
            numbers.push_bind(phone.clone());
        }
        off.push(")");
        off.build().execute(&mut *conn).await?;
        lead_notes::note_do_not_call(conn, organization, some, at).await?;
    }
    Ok(vec![Happening {
        organization_id: organization.clone(),
        campaign_id: None,
        call_id: None,
        at,
        body: EventBody::DoNotCallAdded { source: source.to_owned() },
    }])
}
