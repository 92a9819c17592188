//! Contacts: changed, removed, looked for.

use super::commit::{Applied, Stop};
use super::engine::CANDIDATE_LOCK;
use super::row::{ContactRow, spaced};
use super::{Conn, Db, StoreResult, failed};
use crate::domain::contact::{Contact, NewContact};
use crate::storage::change::Happening;
use crate::storage::{ContactPage, Refusal};
use chrono::{DateTime, Utc};
use dialdeck_protocol::{CampaignId, ContactId, ContactStatus, EventBody, ListOrder, OrganizationId};
use sqlx::types::Json;
use std::collections::BTreeMap;

/// From so many attempts on, one is as good as another. Settings allow eleven; but an attempt that the telephony never heard
/// of counts too, so that there may be more.
const MANY_ATTEMPTS: i32 = 11;

const ALL: &str = "SELECT id, organization_id, campaign_id, first_name, last_name, phone, email, company, status, \
                   last_contacted, attempts, created_at, next_attempt_at, held_reason, state, postal_code, timezone, \
                   consent_basis, consent_at, consent_source, custom_fields, priority, alternates, \
                   dead_numbers, number_turn FROM contacts WHERE ";

async fn nouns(conn: &mut Conn, mut query: sqlx::QueryBuilder<Db>) -> StoreResult<Vec<Contact>> {
    let rows: Vec<ContactRow> = query.build_query_as().fetch_all(conn).await.map_err(|e| failed(&e))?;
    rows.into_iter().map(ContactRow::noun).collect()
}

/// The contacts that may be called next, in the order of the campaign: first those to be called again whose time has come,
/// then new ones. Each part is read off an index of its own, however many contacts there are.
pub(super) async fn candidates(
    conn: &mut Conn,
    campaign: CampaignId,
    order: ListOrder,
    now: DateTime<Utc>,
    limit: i64,
) -> StoreResult<Vec<Contact>> {
    let mut found = Vec::new();
    let room = |found: &Vec<Contact>| limit - i64::try_from(found.len()).unwrap_or(limit);
    let attempts: Vec<Option<i32>> = match order {
        ListOrder::Oldest | ListOrder::Newest | ListOrder::Random => vec![None],
        ListOrder::AttemptsUp => (0..=MANY_ATTEMPTS).map(Some).collect(),
        ListOrder::AttemptsDown => (0..=MANY_ATTEMPTS).rev().map(Some).collect(),
    };
    for attempts in attempts {
        if room(&found) <= 0 {
            return Ok(found);
        }
        let mut query = sqlx::QueryBuilder::<Db>::new(ALL);
        query.push("campaign_id = ").push_bind(campaign.0);
        if let Some(attempts) = attempts {
            // As the index has it, whose statistics then count.
            query.push(if attempts < MANY_ATTEMPTS {
                " AND attempts + 0 = "
            } else {
                " AND attempts + 0 >= "
            });
            query.push_bind(attempts);
        }
        query.push(" AND status IN ('retry', 'held') AND next_attempt_at <= ").push_bind(now.naive_utc());
        query.push(" ORDER BY next_attempt_at, id LIMIT ").push_bind(room(&found)).push(CANDIDATE_LOCK);
        found.append(&mut nouns(conn, query).await?);
    }
    if room(&found) > 0 {
        let mut query = sqlx::QueryBuilder::<Db>::new(ALL);
        query.push("campaign_id = ").push_bind(campaign.0);
        query.push(" AND status = 'new' AND next_attempt_at <= ").push_bind(now.naive_utc());
        query.push(match order {
            ListOrder::Newest => " ORDER BY priority DESC, id DESC LIMIT ",
            ListOrder::Random => " ORDER BY priority DESC, shuffle LIMIT ",
            ListOrder::Oldest | ListOrder::AttemptsUp | ListOrder::AttemptsDown => {
                " ORDER BY priority DESC, id LIMIT "
            }
        });
        query.push_bind(room(&found)).push(CANDIDATE_LOCK);
        found.append(&mut nouns(conn, query).await?);
    }
    Ok(found)
}

pub(super) async fn page(
    conn: &mut Conn,
    organization: &OrganizationId,
    campaign: CampaignId,
    page: &ContactPage,
) -> StoreResult<Vec<Contact>> {
    let mut query = sqlx::QueryBuilder::<Db>::new(ALL);
    query.push("organization_id = ").push_bind(organization.0.clone());
    query.push(" AND campaign_id = ").push_bind(campaign.0);
    if let Some(status) = page.status {
        query.push(" AND status = ").push_bind(status.as_str());
    }
    if let Some(after) = page.after {
        query.push(if page.newest_first { " AND id < " } else { " AND id > " }).push_bind(after.0);
    }
    query.push(if page.newest_first { " ORDER BY id DESC LIMIT " } else { " ORDER BY id LIMIT " });
    query.push_bind(page.limit);
    nouns(conn, query).await
}

pub(super) async fn one(
    conn: &mut Conn,
    organization: &OrganizationId,
    id: ContactId,
) -> StoreResult<Option<Contact>> {
    let mut query = sqlx::QueryBuilder::<Db>::new(ALL);
    query.push("organization_id = ").push_bind(organization.0.clone()).push(" AND id = ").push_bind(id.0);
    Ok(nouns(conn, query).await?.pop())
}

pub(super) async fn postpone(conn: &mut Conn, id: ContactId, until: DateTime<Utc>) -> Applied {
    sqlx::query(
        "UPDATE contacts SET next_attempt_at = $2 WHERE id = $1 AND status IN ('new', 'retry', 'held')",
    )
    .bind(id.0)
    .bind(until.naive_utc())
    .execute(conn)
    .await?;
    Ok(Vec::new())
}

pub(super) async fn save(
    conn: &mut Conn,
    organization: &OrganizationId,
    id: ContactId,
    person: &NewContact,
    with_consent: bool,
    at: DateTime<Utc>,
) -> Applied {
    super::lead_notes::note_person(conn, organization, id, person, at).await?;
    let consent = person.consent.as_ref();
    let changed = sqlx::query(
        "UPDATE contacts SET first_name = $3, last_name = $4, phone = $5, email = $6, company = $7, state = $8, \
         postal_code = $9, timezone = $10, custom_fields = $14, priority = $17, alternates = $18, \
         number_turn = CASE WHEN phone = $5 AND alternates = $18 THEN number_turn ELSE 0 END, \
         dead_numbers = CASE WHEN phone = $5 AND alternates = $18 THEN dead_numbers ELSE '' END, \
         consent_basis = CASE WHEN $16 THEN $11 ELSE consent_basis END, \
         consent_at = CASE WHEN $16 THEN $12 ELSE consent_at END, \
         consent_source = CASE WHEN $16 THEN $13 ELSE consent_source END, \
         next_attempt_at = CASE WHEN status = 'held' THEN $15 ELSE next_attempt_at END \
         WHERE organization_id = $1 AND id = $2 AND status <> 'pending'",
    )
    .bind(organization.as_str())
    .bind(id.0)
    .bind(&person.first_name)
    .bind(&person.last_name)
    .bind(person.phone.as_str())
    .bind(&person.email)
    .bind(&person.company)
    .bind(&person.state)
    .bind(&person.postal_code)
    .bind(&person.timezone)
    .bind(consent.map_or("", |c| c.basis.as_str()))
    .bind(consent.and_then(|c| c.at).map(|t| t.naive_utc()))
    .bind(consent.map_or("", |c| c.source.as_str()))
    .bind(Json(&person.custom_fields))
    .bind(at.naive_utc())
    .bind(with_consent)
    .bind(person.priority)
    .bind(spaced(&person.alternates))
    .execute(&mut *conn)
    .await?
    .rows_affected();
    if changed == 0 {
        return Err(Refusal::InUse("the contact is not there, or a call to it is in flight").into());
    }
    Ok(Vec::new())
}

/// Keeps what somebody said of themselves; a contact that is gone has nothing to keep.
pub(super) async fn fill(
    conn: &mut Conn,
    organization: &OrganizationId,
    id: ContactId,
    fields: &BTreeMap<String, String>,
    at: DateTime<Utc>,
) -> Applied {
    let found = one(conn, organization, id).await;
    let found = found.map_err(|error| Stop::Failed(sqlx::Error::Protocol(error.to_string())))?;
    let Some(Contact { mut person, .. }) = found else { return Ok(Vec::new()) };
    for (name, value) in fields {
        if name == "email" {
            person.email.clone_from(value);
        } else {
            person.custom_fields.insert(name.clone(), value.clone());
        }
    }
    super::lead_notes::note_person(conn, organization, id, &person, at).await?;
    sqlx::query("UPDATE contacts SET email = $2, custom_fields = $3 WHERE id = $1")
        .bind(id.0)
        .bind(&person.email)
        .bind(Json(&person.custom_fields))
        .execute(&mut *conn)
        .await?;
    Ok(Vec::new())
}

pub(super) async fn delete(conn: &mut Conn, organization: &OrganizationId, id: ContactId) -> Applied {
    let gone =
        sqlx::query("DELETE FROM contacts WHERE organization_id = $1 AND id = $2 AND status <> 'pending' \
             AND NOT EXISTS (SELECT 1 FROM legal_holds h WHERE h.organization_id = $1 AND h.phone = contacts.phone)")
            .bind(organization.as_str())
            .bind(id.0)
            .execute(conn)
            .await?
            .rows_affected();
    if gone == 0 {
        return Err(Refusal::InUse("the contact is not there, in a call, or under legal hold").into());
    }
    Ok(Vec::new())
}

pub(super) async fn of_number(
    conn: &mut Conn,
    organization: &OrganizationId,
    phone: &str,
) -> StoreResult<Vec<Contact>> {
    let mut query = sqlx::QueryBuilder::<Db>::new(ALL);
    query.push("organization_id = ").push_bind(organization.0.clone());
    query.push(" AND phone = ").push_bind(phone.to_owned()).push(" ORDER BY id LIMIT 1000");
    nouns(conn, query).await
}

pub(super) async fn reset(
    conn: &mut Conn,
    organization: &OrganizationId,
    id: ContactId,
    at: DateTime<Utc>,
) -> Applied {
    let changed = sqlx::query(
        "UPDATE contacts SET status = 'new', attempts = 0, retry_count = 0, held_reason = '', next_attempt_at = $3, \
         number_turn = 0, dead_numbers = '' \
         WHERE organization_id = $1 AND id = $2 AND status NOT IN ('pending', 'do_not_call')",
    )
    .bind(organization.as_str())
    .bind(id.0)
    .bind(at.naive_utc())
    .execute(conn)
    .await?
    .rows_affected();
    if changed == 0 {
        let why = "the contact is not there, in a call, or on the do-not-call list";
        return Err(Refusal::InUse(why).into());
    }
    Ok(Vec::new())
}

pub(super) async fn reset_list(
    conn: &mut Conn,
    organization: &OrganizationId,
    campaign: CampaignId,
    statuses: &[ContactStatus],
    at: DateTime<Utc>,
) -> Applied {
    let mut reset = sqlx::QueryBuilder::<Db>::new(
        "UPDATE contacts SET status = 'new', attempts = 0, retry_count = 0, held_reason = '', next_attempt_at = ",
    );
    reset.push_bind(at.naive_utc()).push(" WHERE organization_id = ").push_bind(organization.0.clone());
    reset.push(" AND campaign_id = ").push_bind(campaign.0);
    // Whoever is in a call, or does not want to be called, is not to be reset by any list of states; nor is whoever has no
    // number that is theirs. Which are dead, and whose turn it is, stays.
    reset.push(" AND NOT (number_turn = 0 AND ' ' || dead_numbers || ' ' LIKE '% ' || phone || ' %')");
    reset.push(" AND status NOT IN ('pending', 'do_not_call') AND status IN (");
    let mut states = reset.separated(", ");
    for status in statuses {
        states.push_bind(status.as_str());
    }
    reset.push(")");
    let count = reset.build().execute(&mut *conn).await?.rows_affected();
    let contacts = i64::try_from(count).unwrap_or(i64::MAX);
    let body = EventBody::ListReset { contacts };
    Ok(vec![Happening::of_campaign(organization, campaign, at, body)])
}
