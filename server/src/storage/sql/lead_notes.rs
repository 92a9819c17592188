//! What is noted for VICIdials in the transaction that changes a contact, and what they disposed.

use super::commit::{Applied, Stop};
use super::{Conn, Db, contacts, law};
use crate::domain::contact::{Contact, NewContact};
use crate::domain::lead_sync::FIELDS;
use crate::storage::change::Happening;
use crate::storage::leads::{DO_NOT_CALL, ForeignCall, Pair, STATUS};
use chrono::{DateTime, Utc};
use dialdeck_protocol::{ContactId, ContactStatus, EventBody, OrganizationId};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Notes that something of a contact was changed here, for every VICIdial that knows it, but for the one that said so.
pub(super) async fn note(
    conn: &mut Conn,
    contact: ContactId,
    field: &str,
    value: &str,
    at: DateTime<Utc>,
    said_by: &str,
) -> Result<(), sqlx::Error> {
    let noted = sqlx::query(
        "INSERT INTO lead_changes (organization_id, vicidial, contact_id, field, value, at) \
         SELECT DISTINCT l.organization_id, l.vicidial, l.contact_id, $2, $3, $4 FROM lead_links l \
         WHERE l.contact_id = $1 AND l.vicidial <> $5 \
         ON CONFLICT (contact_id, vicidial, field) DO UPDATE SET value = excluded.value, at = excluded.at, tries = 0, \
         refused = ''",
    )
    .bind(contact.0)
    .bind(field)
    .bind(value)
    .bind(at.naive_utc())
    .bind(said_by)
    .execute(&mut *conn)
    .await?;
    if noted.rows_affected() > 0 {
        sqlx::query(
            "UPDATE lead_links SET dirty = TRUE, next_try_at = $2 WHERE contact_id = $1 AND vicidial <> $3",
        )
        .bind(contact.0)
        .bind(at.naive_utc())
        .bind(said_by)
        .execute(conn)
        .await?;
    }
    Ok(())
}

/// Notes what of a contact's person is about to be changed.
pub(super) async fn note_person(
    conn: &mut Conn,
    organization: &OrganizationId,
    id: ContactId,
    person: &NewContact,
    at: DateTime<Utc>,
) -> Result<(), Stop> {
    let linked: Option<i32> = sqlx::query_scalar("SELECT 1 FROM lead_links WHERE contact_id = $1 LIMIT 1")
        .bind(id.0)
        .fetch_optional(&mut *conn)
        .await?;
    if linked.is_none() {
        return Ok(());
    }
    let before = contacts::one(conn, organization, id).await;
    let before = before.map_err(|error| Stop::Failed(sqlx::Error::Protocol(error.to_string())))?;
    let Some(Contact { person: before, .. }) = before else { return Ok(()) };
    let custom: BTreeSet<&String> = before.custom_fields.keys().chain(person.custom_fields.keys()).collect();
    let custom = custom.into_iter().map(|name| format!("custom.{name}"));
    for field in FIELDS.iter().map(|field| (*field).to_owned()).chain(custom) {
        if before.field(&field) != person.field(&field) {
            note(conn, id, &field, "", at, "").await?;
        }
    }
    Ok(())
}

/// Notes that a number is never to be called again.
pub(super) async fn note_do_not_call(
    conn: &mut Conn,
    organization: &OrganizationId,
    phones: &[String],
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let mut query = sqlx::QueryBuilder::<Db>::new(
        "SELECT DISTINCT c.id FROM contacts c JOIN lead_links l ON l.contact_id = c.id WHERE c.organization_id = ",
    );
    query.push_bind(organization.0.clone()).push(" AND c.phone IN (");
    let mut numbers = query.separated(", ");
    for phone in phones {
        numbers.push_bind(phone.clone());
    }
    query.push(")");
    let linked: Vec<(Uuid,)> = query.build_query_as().fetch_all(&mut *conn).await?;
    for (contact,) in linked {
        note(conn, ContactId(contact), DO_NOT_CALL, "", at, "").await?;
    }
    Ok(())
}

/// A disposition of VICIdial's: a call in the history, and what becomes of the contact.
pub(super) async fn foreign_call(conn: &mut Conn, call: &ForeignCall) -> Applied {
    let Pair { organization_id, vicidial, campaign_id } = &call.pair;
    // Its agents took it for us: it stands there already.
    let channel = format!("vicidial/{vicidial}/");
    let ours: Option<String> = sqlx::query_scalar(
        "SELECT id FROM calls WHERE contact_id = $1 AND substr(channel_id, 1, $2) = $3 AND created_at < $4 AND updated_at > $5 \
         ORDER BY created_at DESC LIMIT 1",
    )
    .bind(call.contact_id.0)
    .bind(i32::try_from(channel.len()).unwrap_or(i32::MAX))
    .bind(&channel)
    .bind((call.placed_at + chrono::Duration::minutes(5)).naive_utc())
    .bind((call.placed_at - chrono::Duration::minutes(5)).naive_utc())
    .fetch_optional(&mut *conn)
    .await?;
    let id = ours.unwrap_or_else(|| call.call_id.0.clone());
    let answered = call.outcome.was_answered().then(|| call.placed_at.naive_utc());
    let made = sqlx::query(
        "INSERT INTO calls (id, organization_id, campaign_id, contact_id, status, outcome, duration, automated, to_number, \
         channel_id, created_at, updated_at, contact_name, detail, answered_at, owner, agent_name, disposition, taker) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, FALSE, $8, '', $9, $10, $11, $12, $13, $14, $15, $16, 'vicidial') \
         ON CONFLICT (id) DO UPDATE SET outcome = excluded.outcome, disposition = excluded.disposition, \
         updated_at = excluded.updated_at WHERE calls.organization_id = excluded.organization_id \
         AND calls.status NOT IN ('initiated', 'in_progress')",
    )
    .bind(&id)
    .bind(organization_id.as_str())
    .bind(campaign_id.0)
    .bind(call.contact_id.0)
    .bind(crate::domain::ending::status(call.outcome).as_str())
    .bind(call.outcome.as_str())
    .bind(call.duration)
    .bind(&call.phone)
    .bind(call.placed_at.naive_utc())
    .bind(call.at.naive_utc())
    .bind(&call.name)
    .bind(format!("placed by VICIdial {vicidial}"))
    .bind(answered)
    .bind(format!("vicidial-{vicidial}"))
    .bind(&call.agent)
    .bind(&call.status)
    .execute(&mut *conn)
    .await?
    .rows_affected();
    if made == 0 {
        return Ok(Vec::new());
    }
    let organization = organization_id.as_str();
    let after =
        law::after_lists(conn, organization, *campaign_id, &call.phone, call.contact, call.at).await?;
    sqlx::query(
        // Nobody who said no, or was not the one, is called again because a machine answered later.
        "UPDATE contacts SET status = $2, next_attempt_at = $3, held_reason = '', last_contacted = $4, attempts = attempts + 1 \
         WHERE id = $1 AND status NOT IN ('pending', 'do_not_call') AND (status IN ('new', 'retry', 'held') OR NOT $5)",
    )
    .bind(call.contact_id.0)
    .bind(after.status.as_str())
    .bind(after.next_attempt_at.naive_utc())
    .bind(call.placed_at.naive_utc())
    .bind(matches!(after.status, ContactStatus::Retry | ContactStatus::Held))
    .execute(&mut *conn)
    .await?;
    let value = format!("{}/{}", call.status, call.outcome);
    note(conn, call.contact_id, STATUS, &value, call.at, vicidial).await?;
    let key = crate::storage::CallKey {
        call_id: dialdeck_protocol::CallId(id),
        campaign_id: *campaign_id,
        organization_id: organization_id.clone(),
    };
    let body = EventBody::CallDisposed {
        disposition: call.status.clone(),
        outcome: call.outcome,
        agent: call.agent.clone(),
        contact_status: after.status,
    };
    Ok(vec![Happening::of_call(&key, call.at, body)])
}
