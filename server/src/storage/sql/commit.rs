//! Applying deeds in one transaction, and numbering their events in commit order.

use super::engine::BEGIN_WRITE;
use super::{
    Conn, Db, SqlStore, agents, audit, calls, campaigns, contacts, failed, keeping, law, lead_notes,
    recordings,
};
use crate::storage::Committed;
use crate::storage::change::Happening;
use crate::storage::{Change, CommitError, Refusal, StoreResult};
use dialdeck_protocol::{EventBody, OrganizationId};
use sqlx::types::Json;

/// Why a change did not go through.
pub(super) enum Stop {
    Refused(Refusal),
    Failed(sqlx::Error),
}

impl From<sqlx::Error> for Stop {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(error)
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// The events that a change makes.
pub(super) type Applied = Result<Vec<Happening>, Stop>;

impl SqlStore {
    pub(super) async fn commit_deeds(&self, deeds: &[Vec<Change>]) -> StoreResult<Committed> {
        match self.commit_together(deeds).await {
            Ok(committed) => return Ok(committed),
            Err(Stop::Failed(error)) if deeds.len() == 1 => return Err(failed(&error)),
            Err(Stop::Refused(refusal)) if deeds.len() == 1 => {
                return Ok(vec![Err(CommitError::Refused(refusal))]);
            }
            // One of many did not go through, which undid the others with it: each by itself then. It is rare.
            Err(_) => {}
        }
        let mut outcomes = Vec::with_capacity(deeds.len());
        let mut lost = None;
        for deed in deeds {
            if let Some(message) = &lost {
                outcomes.push(Err(CommitError::Store(String::clone(message))));
                continue;
            }
            match self.commit_together(std::slice::from_ref(deed)).await {
                Ok(mut committed) => outcomes.append(&mut committed),
                Err(Stop::Refused(refusal)) => outcomes.push(Err(CommitError::Refused(refusal))),
                Err(Stop::Failed(error)) => {
                    let message = failed(&error).to_string();
                    // What the database itself says concerns this deed; anything else concerns all that follow.
                    if !matches!(error, sqlx::Error::Database(_)) {
                        lost = Some(message.clone());
                    }
                    outcomes.push(Err(CommitError::Store(message)));
                }
            }
        }
        Ok(outcomes)
    }

    async fn commit_together(&self, deeds: &[Vec<Change>]) -> Result<Committed, Stop> {
        let mut tx = self.writer.begin_with(BEGIN_WRITE).await?;
        let mut happenings: Vec<Vec<Happening>> = Vec::with_capacity(deeds.len());
        for deed in deeds {
            let mut made = Vec::new();
            for change in deed {
                made.extend(apply(&mut tx, change).await?);
            }
            happenings.push(made);
        }
        let count = happenings.iter().map(Vec::len).sum::<usize>();
        let mut seq = number(&mut tx, count).await?;
        let mut committed = Vec::with_capacity(deeds.len());
        for made in happenings {
            let events: Vec<_> = made
                .into_iter()
                .map(|happening| {
                    seq += 1;
                    happening.numbered(seq)
                })
                .collect();
            committed.push(Ok(events));
        }
        write_events(&mut tx, committed.iter().flatten().flatten()).await?;
        tx.commit().await?;
        Ok(committed)
    }
}

/// Takes `count` numbers; gives the one before the first.
async fn number(conn: &mut Conn, count: usize) -> Result<i64, sqlx::Error> {
    if count == 0 {
        return Ok(0);
    }
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let last: i64 =
        sqlx::query_scalar("UPDATE event_counter SET value = value + $1 WHERE id = 1 RETURNING value")
            .bind(count)
            .fetch_one(conn)
            .await?;
    Ok(last - count)
}

async fn write_events<'a>(
    conn: &mut Conn,
    events: impl Iterator<Item = &'a dialdeck_protocol::Event>,
) -> Result<(), sqlx::Error> {
    let events: Vec<_> = events.collect();
    let mut rest = &events[..];
    while !rest.is_empty() {
        // Powers of two: so there are few texts of this statement, and the database knows each of them already.
        let count = (1_usize << rest.len().ilog2()).min(256);
        let (some, others) = rest.split_at(count);
        rest = others;
        let mut insert = sqlx::QueryBuilder::<Db>::new(
            "INSERT INTO events (seq, organization_id, campaign_id, call_id, type, body, at) ",
        );
        insert.push_values(some, |mut row, event| {
            row.push_bind(event.seq)
                .push_bind(event.organization_id.0.clone())
                .push_bind(event.campaign_id.map(|id| id.0))
                .push_bind(event.call_id.as_ref().map(|id| id.0.clone()))
                .push_bind(event.body.kind())
                .push_bind(Json(event.body.clone()))
                .push_bind(event.at.naive_utc());
        });
        insert.build().execute(&mut *conn).await?;
    }
    Ok(())
}

#[allow(clippy::too_many_lines, reason = "one arm for each kind of change; none of them is more than a call")]
async fn apply(conn: &mut Conn, change: &Change) -> Applied {
    match change {
        Change::BeginAttempt(attempt) => calls::begin(conn, attempt).await,
        Change::CallStatus { key, status, detail, at } => {
            calls::status(conn, key, *status, detail, *at).await
        }
        Change::Spoken { key, speaker, turn, text, at } => Ok(calls::spoken(key, *speaker, *turn, text, *at)),
        Change::Exchanged { key, exchange } => calls::exchanged(conn, key, exchange).await,
        Change::EndCall(end) => calls::end(conn, end).await,
        Change::Hold { organization_id, campaign_id, contact_id, phone, decision } => {
            law::hold(conn, organization_id, *campaign_id, *contact_id, phone, decision).await
        }
        Change::Postpone { contact_id, until } => contacts::postpone(conn, *contact_id, *until).await,
        Change::Queue { organization_id, campaign_id, state, reason, next_call_at, start, at } => {
            campaigns::queue_state(
                conn,
                organization_id,
                *campaign_id,
                *state,
                reason,
                *next_call_at,
                *start,
                *at,
            )
            .await
        }
        Change::DoNotCall(listing) => {
            law::do_not_call(conn, listing, std::slice::from_ref(&listing.phone)).await
        }
        Change::DoNotCallList { listing, phones } => law::do_not_call(conn, listing, phones).await,
        Change::SaveCampaign { campaign, is_new, at } => campaigns::save(conn, campaign, *is_new, *at).await,
        Change::DeleteCampaign { organization_id, campaign_id, name, at } => {
            campaigns::delete(conn, organization_id, *campaign_id, name, *at).await
        }
        Change::SaveScript { organization_id, id, name, script, at } => {
            campaigns::save_script(conn, organization_id, *id, name, script, *at).await
        }
        Change::DeleteScript { organization_id, id } => {
            campaigns::delete_script(conn, organization_id, *id).await
        }
        Change::SavePhoneNumber { organization_id, number, at } => {
            campaigns::save_phone_number(conn, organization_id, number, *at).await
        }
        Change::DeletePhoneNumber { organization_id, id } => {
            campaigns::delete_phone_number(conn, organization_id, *id).await
        }
        Change::SaveContact { organization_id, contact_id, person, with_consent, at } => {
            contacts::save(conn, organization_id, *contact_id, person, *with_consent, *at).await
        }
        Change::FillFields { organization_id, contact_id, fields, at } => {
            contacts::fill(conn, organization_id, *contact_id, fields, *at).await
        }
        Change::DeleteContact { organization_id, contact_id } => {
            contacts::delete(conn, organization_id, *contact_id).await
        }
        Change::SaveEntry { entry, at } => keeping::save_entry(conn, entry, *at).await,
        Change::DeleteEntry { entry, at } => keeping::delete_entry(conn, entry, *at).await,
        Change::SaveCallback { callback, at } => keeping::save_callback(conn, callback, *at).await,
        Change::SetConsent { organization_id, phone, consent, at } => {
            keeping::set_consent(conn, organization_id, phone, consent.as_ref(), *at).await
        }
        Change::ResetContact { organization_id, contact_id, at } => {
            contacts::reset(conn, organization_id, *contact_id, *at).await
        }
        Change::Monitored { key, by, mode, at } => Ok(vec![calls::monitored(key, by, *mode, *at)]),
        Change::ToolUsed { key, tool, arguments, result, at } => {
            calls::tool_used(conn, key, tool, arguments, result, *at).await
        }
        Change::ResetList { organization_id, campaign_id, statuses, at } => {
            contacts::reset_list(conn, organization_id, *campaign_id, statuses, *at).await
        }
        Change::Imported { organization_id, campaign_id, imported, rejected, at } => {
            Ok(vec![Happening::of_campaign(
                organization_id,
                *campaign_id,
                *at,
                EventBody::ContactsImported { imported: *imported, rejected: *rejected },
            )])
        }
        Change::Seat { seat, at } => agents::save_seat(conn, seat, *at).await,
        Change::Connected { key, user_id, agent, summary, at } => {
            agents::connected(conn, key, *user_id, agent, summary, *at).await
        }
        Change::Dispose(said) => agents::dispose(conn, said).await,
        Change::Message { organization_id, to, from, text, at } => {
            let body = EventBody::MessageSent { to: *to, from: from.clone(), text: text.clone() };
            Ok(vec![of_organization(organization_id.clone(), body, *at)])
        }
        Change::Vicidial(deed) => Ok(vec![told(deed)]),
        Change::Dialpad { organization_id, status, at } => {
            let body = EventBody::DialpadUpdate { status: (**status).clone() };
            Ok(vec![of_organization(organization_id.clone(), body, *at)])
        }
        Change::ForeignCall(call) => lead_notes::foreign_call(conn, call).await,
        Change::Part { part, at } => {
            let body = EventBody::PartStatusUpdate { part: part.clone() };
            Ok(vec![of_organization(OrganizationId(String::new()), body, *at)])
        }
        Change::SaveRecording(row) => recordings::save(conn, row).await,
        Change::ForgetRecording { call_id } => recordings::forget(conn, call_id).await,
        Change::Audit(entry) => audit::append(conn, entry).await,
    }
}

/// What is of no campaign and no call.
fn of_organization(
    organization_id: OrganizationId,
    body: EventBody,
    at: chrono::DateTime<chrono::Utc>,
) -> Happening {
    Happening { organization_id, campaign_id: None, call_id: None, at, body }
}

/// What was asked of a VICIdial, as an event.
fn told(deed: &crate::storage::change::VicidialDeed) -> Happening {
    Happening {
        organization_id: deed.organization_id.clone(),
        campaign_id: None,
        call_id: None,
        at: deed.at,
        body: EventBody::VicidialAction {
            vicidial: deed.vicidial.clone(),
            function: deed.function.clone(),
            target: deed.target.clone(),
            progress: deed.progress,
            by: deed.by.clone(),
        },
    }
}
